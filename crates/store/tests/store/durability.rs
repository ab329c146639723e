//! What is acknowledged stays, once; what is damaged says so.

use std::{collections::HashSet, io::Write, path::Path, process::Stdio, time::Duration};

use crate::classroom::{Classroom, name};
use rand::Rng;
use serde_json::json;
use store::{
    AccountId, Circumstances, ItemKind, Location, NewAttempt, OpenError, Pool, RecordError,
    Recorded, Store,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::Command,
    task::JoinSet,
    time::timeout,
};

const LESSON: &str = "cloud/service-models";

async fn record(
    store: &dyn Store,
    account: AccountId,
    item: &str,
    score: f64,
    key: &str,
) -> Result<Recorded, RecordError> {
    store
        .record(NewAttempt {
            account,
            lesson: LESSON,
            item,
            kind: ItemKind::Exercise,
            version: "v1",
            response: &json!(score),
            score,
            right: false,
            key: &key.parse().unwrap(),
            circumstances: Circumstances::default(),
        })
        .await
}

fn file_pool(store: &dyn Store) -> sqlx::SqlitePool {
    match store.pool() {
        Pool::Sqlite(pool) => pool,
        Pool::Postgres(_) => panic!("these tests are about files"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_is_one_attempt_however_many_arrive_at_once() {
    let classroom = Classroom::new().await;
    let account = classroom.student().await.id;
    // A second process, as it were: another pool on the same file.
    let other = store::open(&classroom.location).await.unwrap();
    let mut submissions = JoinSet::new();
    for n in 0..20 {
        let store = if n % 2 == 0 {
            classroom.store.clone()
        } else {
            other.clone()
        };
        submissions.spawn(async move {
            record(&*store, account, "iaas", f64::from(n) / 20.0, "key").await
        });
    }
    let recorded: Vec<Recorded> = submissions
        .join_all()
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let on_record = classroom.store.attempts(account, LESSON).await.unwrap();
    assert_eq!(on_record.len(), 1);
    assert_eq!(recorded.iter().filter(|recorded| recorded.new).count(), 1);
    assert!(
        recorded
            .iter()
            .all(|recorded| recorded.attempt == on_record[0])
    );
}

#[tokio::test]
async fn a_key_names_one_item_and_belongs_to_one_account() {
    let classroom = Classroom::new().await;
    let store = &*classroom.store;
    let account = classroom.student().await.id;
    let teacher = store
        .credentials(&name("김선생"))
        .await
        .unwrap()
        .unwrap()
        .0
        .id;
    assert!(
        record(store, account, "iaas", 0.5, "key")
            .await
            .unwrap()
            .new
    );
    assert!(
        record(store, teacher, "iaas", 0.5, "key")
            .await
            .unwrap()
            .new
    );
    let reused = record(store, account, "paas", 0.5, "key").await;
    assert!(matches!(reused, Err(RecordError::KeyReused { item, .. }) if item == "iaas"));
    for impossible in [-0.1, 1.1, f64::NAN] {
        let refused = record(store, account, "iaas", impossible, "another").await;
        assert!(
            matches!(refused, Err(RecordError::Store(_))),
            "{impossible}"
        );
    }
    assert_eq!(store.attempts(account, LESSON).await.unwrap().len(), 1);
}

/// A process that is killed while it records: each key that it said was recorded is there, once.
#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let classroom = Classroom::new().await;
    let account = classroom.student().await.id;
    let mut acknowledged = HashSet::new();
    for round in 0..5 {
        let enough = rand::rng().random_range(1..60);
        let keys = timeout(
            Duration::from_secs(60),
            record_until_killed(
                &classroom.folder.path().join("gyosil.sqlite"),
                account,
                round,
                enough,
            ),
        )
        .await
        .expect("the recorder records");
        assert!(keys.len() >= enough);
        acknowledged.extend(keys);

        let store = store::open(&classroom.location).await.unwrap();
        let items: Vec<String> = store
            .attempts(account, LESSON)
            .await
            .unwrap()
            .into_iter()
            .map(|attempt| attempt.item)
            .collect();
        let on_record: HashSet<String> = items.iter().cloned().collect();
        assert_eq!(on_record.len(), items.len(), "no attempt is there twice");
        let lost: Vec<_> = acknowledged.difference(&on_record).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        // Unacknowledged is at most the one under way in each round.
        assert!(on_record.len() <= acknowledged.len() + round + 1);
    }
    // The browser was not told and sends the last one of each again: still once.
    for key in &acknowledged {
        assert!(
            !record(&*classroom.store, account, key, 0.0, key)
                .await
                .unwrap()
                .new
        );
    }
}

const RECORDER_FILE: &str = "STORE_TEST_RECORDER_FILE";
const RECORDER_ACCOUNT: &str = "STORE_TEST_RECORDER_ACCOUNT";
const RECORDER_ROUND: &str = "STORE_TEST_RECORDER_ROUND";

/// Starts this test executable's `recorder`, kills it after `enough` acknowledgements, and returns
/// all that it gave.
async fn record_until_killed(
    file: &Path,
    account: AccountId,
    round: usize,
    enough: usize,
) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "durability::recorder",
            "--ignored",
            "--nocapture",
        ])
        .env(RECORDER_FILE, file)
        .env(RECORDER_ACCOUNT, account.to_string())
        .env(RECORDER_ROUND, round.to_string())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut keys = Vec::new();
    let mut line = String::new();
    while keys.len() < enough && output.read_line(&mut line).await.unwrap() > 0 {
        keys.extend(acknowledged_in(&line));
        line.clear();
    }
    child.kill().await.unwrap();
    output.read_to_string(&mut line).await.unwrap();
    // A last line without its end is no acknowledgement.
    keys.extend(
        line.split_inclusive('\n')
            .filter(|l| l.ends_with('\n'))
            .filter_map(acknowledged_in),
    );
    keys
}

fn acknowledged_in(line: &str) -> Option<String> {
    line.trim_end()
        .strip_prefix("acknowledged ")
        .map(str::to_owned)
}

/// The child of the test above: records until it is killed.
#[tokio::test]
#[ignore = "runs only as the child of nothing_acknowledged_is_lost_when_the_process_is_killed"]
async fn recorder() {
    let variable = |name: &str| std::env::var(name).expect(name);
    let store = store::open(&Location::File(variable(RECORDER_FILE).into()))
        .await
        .unwrap();
    let account = variable(RECORDER_ACCOUNT).parse().unwrap();
    let round = variable(RECORDER_ROUND);
    let mut output = std::io::stdout();
    // The test harness may have begun a line.
    writeln!(output).unwrap();
    for n in 0.. {
        let key = format!("{round}-{n}");
        assert!(record(&*store, account, &key, 0.0, &key).await.unwrap().new);
        writeln!(output, "acknowledged {key}").unwrap();
        output.flush().unwrap();
    }
}

#[tokio::test]
async fn a_commit_is_on_disk_before_it_is_acknowledged() {
    let classroom = Classroom::new().await;
    let pragma = async |name: &'static str| -> String {
        sqlx::query_scalar::<_, String>(&format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"))
            .fetch_one(&file_pool(&*classroom.store))
            .await
            .unwrap()
    };
    assert_eq!(pragma("journal_mode").await, "wal");
    assert_eq!(pragma("synchronous").await, "2", "FULL");
    assert_eq!(pragma("foreign_keys").await, "1");
}

#[tokio::test]
async fn a_full_disk_is_said_and_loses_nothing() {
    let classroom = Classroom::new().await;
    let account = classroom.student().await.id;
    let pool = file_pool(&*classroom.store);
    // As full as a disk can be made here: the file may not grow, on any connection of the pool.
    let mut connections = Vec::new();
    for _ in 0..pool.options().get_max_connections() {
        let mut connection = pool.acquire().await.unwrap();
        sqlx::query("PRAGMA max_page_count = 1")
            .execute(&mut *connection)
            .await
            .unwrap();
        connections.push(connection);
    }
    drop(connections);
    let mut recorded = 0;
    let full = loop {
        match record(
            &*classroom.store,
            account,
            "iaas",
            0.0,
            &recorded.to_string(),
        )
        .await
        {
            Ok(_) => recorded += 1,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(&full, RecordError::Store(error) if error.no_space_left()),
        "{full}"
    );
    assert_eq!(
        classroom
            .store
            .attempts(account, LESSON)
            .await
            .unwrap()
            .len(),
        recorded
    );
    let retried = record(&*classroom.store, account, "iaas", 0.0, "0").await;
    assert!(
        retried.is_ok_and(|retried| !retried.new),
        "what was acknowledged is still found"
    );
}

#[tokio::test]
async fn opening_again_or_twice_at_once_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new.sqlite");
    let opened: Vec<_> = (0..4)
        .map(|_| {
            let file = file.clone();
            async move { store::open(&Location::File(file)).await }
        })
        .collect::<JoinSet<_>>()
        .join_all()
        .await;
    for store in opened {
        assert!(store.unwrap().needs_first_instructor().await.unwrap());
    }
    let store = store::open(&Location::File(file)).await.unwrap();
    let applied: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations")
        .fetch_all(&file_pool(&*store))
        .await
        .unwrap();
    assert_eq!(applied, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_file_that_cannot_be_the_record_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let open = async |name: &str| store::open(&Location::File(at(name))).await.unwrap_err();

    std::fs::write(at("letter.sqlite"), "Dear SQLite, ".repeat(1000)).unwrap();
    let error = open("letter.sqlite").await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("letter.sqlite"), "{error}");
    assert!(
        std::fs::read_to_string(at("letter.sqlite"))
            .unwrap()
            .starts_with("Dear SQLite")
    );

    let error = open("no-such-folder/gyosil.sqlite").await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("folder must exist"), "{error}");

    std::fs::create_dir(at("a-folder")).unwrap();
    assert!(matches!(
        open("a-folder").await,
        OpenError::Unreachable { .. }
    ));
}

#[tokio::test]
async fn a_record_with_a_damaged_page_says_so() {
    let classroom = Classroom::new().await;
    let account = classroom.student().await.id;
    for n in 0..200 {
        record(&*classroom.store, account, "iaas", 0.0, &n.to_string())
            .await
            .unwrap();
    }
    classroom.store.close().await;
    let mut bytes = std::fs::read(classroom.folder.path().join("gyosil.sqlite")).unwrap();
    let pages = bytes.len() / 4096;
    assert!(pages > 8, "enough to damage: {pages} pages");
    // The header stays as it was.
    bytes[8192..].fill(0x5a);
    std::fs::write(classroom.folder.path().join("gyosil.sqlite"), bytes).unwrap();
    let error = store::open(&classroom.location).await.unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn a_newer_versions_record_is_left_alone() {
    let classroom = Classroom::new().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'later', TRUE, x'00', 0)",
    )
    .execute(&file_pool(&*classroom.store))
    .await
    .unwrap();
    let error = store::open(&classroom.location).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Newer { version: 9999, .. }),
        "{error:?}"
    );
}
