-- How many hints a student has opened of an exercise, in which of its rounds.
CREATE TABLE hints_opened (
    account  BIGINT NOT NULL REFERENCES accounts (id),
    lesson   TEXT   NOT NULL,
    exercise TEXT   NOT NULL,
    round    BIGINT NOT NULL,
    count    BIGINT NOT NULL,
    PRIMARY KEY (account, lesson, exercise, round)
);
