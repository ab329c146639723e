-- Names on the class's hub. Each is somebody's for good: images are called by it.
CREATE TABLE hub_names (
    account INTEGER PRIMARY KEY REFERENCES accounts (id),
    name    TEXT    NOT NULL UNIQUE
);

-- What one logs in there with, as its hash: the token itself is shown once and kept nowhere.
CREATE TABLE hub_tokens (
    id         INTEGER PRIMARY KEY,
    account    INTEGER NOT NULL REFERENCES accounts (id),
    sha256     TEXT    NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL
);
CREATE INDEX hub_tokens_by_account ON hub_tokens (account);
