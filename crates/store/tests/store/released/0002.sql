INSERT INTO accounts (name, name_key, role, admin, password_hash, created_ms)
    VALUES ('김선생', '김선생', 'instructor', TRUE, 'hash of kim', 1), ('홍길동', '홍길동', 'student', FALSE, 'hash of hong', 2);
INSERT INTO classes (instructor, title, join_code, created_ms) VALUES (1, '1반', '2345-6789', 3);
INSERT INTO class_teachers (class, account) VALUES (1, 1);
INSERT INTO memberships (class, account, joined_ms) VALUES (1, 2, 4);
INSERT INTO attempts (account, lesson, item, kind, version, response, score, is_right, idempotency_key, at_ms)
    VALUES (2, 'cloud/service-models', 'iaas-vm', 'question', 'v1', '{"single":1}', 0.5, FALSE, 'first', 1000),
           (2, 'cloud/service-models', 'iaas-vm', 'question', 'v1', '{"single":0}', 1.0, TRUE, 'second', 2000);
INSERT INTO machine_setups (machine, generation, exercise, at_ms) VALUES ('s2', 'abc', 'a/b', 1);
