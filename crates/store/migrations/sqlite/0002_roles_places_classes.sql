-- Who runs the classroom: the first instructor there was.
ALTER TABLE accounts ADD COLUMN admin INTEGER NOT NULL DEFAULT 0 CHECK (admin IN (0, 1));
UPDATE accounts SET admin = 1
    WHERE id = (SELECT MIN(id) FROM accounts WHERE role = 'instructor');

-- A session is worth something only while its sign-in is here.
CREATE TABLE sign_ins (
    id         TEXT    PRIMARY KEY, -- random
    account    INTEGER NOT NULL REFERENCES accounts (id),
    created_ms INTEGER NOT NULL,
    used_ms    INTEGER NOT NULL,
    agent      TEXT    NOT NULL, -- what the browser says it is
    address    TEXT    NOT NULL
);
CREATE INDEX sign_ins_by_account ON sign_ins (account);

ALTER TABLE classes ADD COLUMN join_expires_ms INTEGER; -- none: the code lets in until it is changed
ALTER TABLE classes ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'Asia/Seoul'; -- an IANA name

CREATE TABLE class_teachers (
    class   INTEGER NOT NULL REFERENCES classes (id),
    account INTEGER NOT NULL REFERENCES accounts (id),
    PRIMARY KEY (class, account)
);
CREATE INDEX class_teachers_by_account ON class_teachers (account);
INSERT INTO class_teachers (class, account) SELECT id, instructor FROM classes;

CREATE INDEX memberships_by_account ON memberships (account);

ALTER TABLE attempts ADD COLUMN place TEXT NOT NULL DEFAULT 'lesson'
    CHECK (place IN ('lesson', 'quiz', 'placement', 'review'));
ALTER TABLE attempts ADD COLUMN spent_ms INTEGER; -- none: not known
ALTER TABLE attempts ADD COLUMN hints INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN round INTEGER NOT NULL DEFAULT 0;

CREATE TABLE assignments (
    id         INTEGER PRIMARY KEY,
    class      INTEGER NOT NULL REFERENCES classes (id),
    lesson     TEXT    NOT NULL,
    due_ms     INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    UNIQUE (class, lesson)
);

CREATE TABLE announcements (
    id     INTEGER PRIMARY KEY,
    class  INTEGER NOT NULL REFERENCES classes (id),
    author INTEGER NOT NULL REFERENCES accounts (id),
    text   TEXT    NOT NULL,
    at_ms  INTEGER NOT NULL
);
CREATE INDEX announcements_by_class ON announcements (class, at_ms);

-- Exercises that came back for review: the round whose values they have.
CREATE TABLE review_rounds (
    account  INTEGER NOT NULL REFERENCES accounts (id),
    lesson   TEXT    NOT NULL,
    exercise TEXT    NOT NULL,
    round    INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    PRIMARY KEY (account, lesson, exercise, round)
);
