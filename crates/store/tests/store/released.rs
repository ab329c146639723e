//! A record that an earlier version left is brought up to date, with all that is in it.

use std::borrow::Cow;

use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection, migrate::Migrator};
use store::{Location, Role, Store};

use crate::{
    classroom::name,
    postgres::Server,
    story::{submit, teacher},
};

/// What each version leaves behind: the number of its last migration, and a classroom in its tables. A
/// new migration gets a line here as soon as a version with it is out.
const SQLITE: [(i64, &str); 2] = [
    (1, include_str!("released/0001.sql")),
    (2, include_str!("released/0002.sql")),
];

/// PostgreSQL came with the second.
const POSTGRES: [(i64, &str); 1] = [(2, include_str!("released/0002.sql"))];

/// The migrations up to this one.
fn up_to(version: i64, mut all: Migrator) -> Migrator {
    let known = all.migrations.iter().filter(|it| it.version <= version);
    all.migrations = Cow::Owned(known.cloned().collect());
    all
}

#[tokio::test]
async fn every_released_versions_file_is_taken_up() {
    for (version, classroom) in SQLITE {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gyosil.sqlite");
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        up_to(version, sqlx::migrate!("migrations/sqlite"))
            .run_direct(&mut connection)
            .await
            .unwrap();
        connection.execute(classroom).await.unwrap();
        connection.close().await.unwrap();
        is_all_there(version, &Location::File(file)).await;
    }
}

#[tokio::test]
async fn every_released_versions_database_is_taken_up() {
    let server = Server::start().await;
    for (version, classroom) in POSTGRES {
        let database = format!("version_{version}");
        server.create(&database).await;
        let location = server.location_of(&database);
        let Location::Postgres(options) = &location else {
            panic!("{location:?} is no server");
        };
        let mut connection = PgConnection::connect_with(options).await.unwrap();
        up_to(version, sqlx::migrate!("migrations/postgres"))
            .run_direct(&mut connection)
            .await
            .unwrap();
        connection.execute(classroom).await.unwrap();
        connection.close().await.unwrap();
        is_all_there(version, &location).await;
    }
}

/// The classroom that all the files of `released` tell of.
async fn is_all_there(version: i64, location: &Location) {
    let store = store::open(location).await.unwrap();
    let store: &dyn Store = &*store;
    assert!(!store.needs_first_instructor().await.unwrap());
    let (kim, hash) = store.credentials(&name("김선생")).await.unwrap().unwrap();
    assert_eq!(
        (kim.role, &*hash),
        (Role::Admin, "hash of kim"),
        "{version}"
    );
    assert_eq!(teacher(store).await, kim.id);
    let class = store.class_by_code("2345-6789").await.unwrap().unwrap();
    assert_eq!((&*class.title, &*class.time_zone), ("1반", "Asia/Seoul"));
    assert!(store.teaches(kim.id, class.id).await.unwrap());
    let students = store.class_students(class.id).await.unwrap();
    let names: Vec<_> = students.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["홍길동"]);
    let hong = students[0].id;

    let attempts = store.attempts(hong, "cloud/service-models").await.unwrap();
    let seen: Vec<_> = attempts
        .iter()
        .map(|it| (it.item.as_str(), it.score, it.right, it.at_ms))
        .collect();
    assert_eq!(
        seen,
        [
            ("iaas-vm", 0.5, false, 1_000),
            ("iaas-vm", 1.0, true, 2_000)
        ]
    );
    assert_eq!(attempts[0].response, json!({ "single": 1 }));
    assert!(store.setup_done("s2", "abc", "a/b").await.unwrap());

    // It goes on where it was.
    let recorded = submit(store, hong, "iaas-vm", 1.0, "new").await;
    assert!(recorded.new && recorded.attempt.id > attempts[1].id);
    let again = submit(store, hong, "iaas-vm", 1.0, "first").await;
    assert_eq!(again.attempt.id, attempts[0].id, "its key is on record");
    store.open_hints(hong, "a/b", "c", 0, 1).await.unwrap();
    let code = class.join_code.as_str();
    store.join(code, &name("이순신"), "hash").await.unwrap();
}
