-- Times are unix milliseconds. Truth values are 0 or 1. The SQL is plain: PostgreSQL will run it too.

CREATE TABLE accounts (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL,
    name_key      TEXT    NOT NULL UNIQUE, -- the name as it is compared
    role          TEXT    NOT NULL CHECK (role IN ('student', 'instructor')),
    lang          TEXT,
    password_hash TEXT    NOT NULL,
    created_ms    INTEGER NOT NULL
);

-- At most one row: the link that makes the first instructor.
CREATE TABLE setup_token (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    sha256 TEXT    NOT NULL
);

CREATE TABLE classes (
    id         INTEGER PRIMARY KEY,
    instructor INTEGER NOT NULL REFERENCES accounts (id),
    title      TEXT    NOT NULL,
    join_code  TEXT    NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL
);
CREATE INDEX classes_by_instructor ON classes (instructor);

CREATE TABLE memberships (
    class     INTEGER NOT NULL REFERENCES classes (id),
    account   INTEGER NOT NULL REFERENCES accounts (id),
    joined_ms INTEGER NOT NULL,
    PRIMARY KEY (class, account)
);

-- Append-only.
CREATE TABLE attempts (
    id              INTEGER PRIMARY KEY,
    account         INTEGER NOT NULL REFERENCES accounts (id),
    lesson          TEXT    NOT NULL,
    item            TEXT    NOT NULL,
    kind            TEXT    NOT NULL CHECK (kind IN ('question', 'exercise')),
    version         TEXT    NOT NULL,
    response        TEXT    NOT NULL, -- JSON
    score           REAL    NOT NULL CHECK (score >= 0 AND score <= 1),
    is_right        INTEGER NOT NULL CHECK (is_right IN (0, 1)),
    idempotency_key TEXT    NOT NULL,
    at_ms           INTEGER NOT NULL,
    UNIQUE (account, idempotency_key)
);
CREATE INDEX attempts_by_item ON attempts (account, lesson, item);

CREATE TABLE machine_setups (
    machine    TEXT    NOT NULL,
    generation TEXT    NOT NULL,
    exercise   TEXT    NOT NULL,
    at_ms      INTEGER NOT NULL,
    PRIMARY KEY (machine, generation, exercise)
);
