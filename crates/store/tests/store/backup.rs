//! A copy made while others write is whole, and can be put back.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;
use store::{
    AccountId, BackupError, Circumstances, ItemKind, Location, NewAttempt, OpenError, Store,
};

use crate::{
    classroom::{Classroom, name},
    postgres::Server,
};

const LESSON: &str = "cloud/service-models";

async fn record(store: &dyn Store, account: AccountId, key: usize) {
    store
        .record(NewAttempt {
            account,
            lesson: LESSON,
            item: "iaas",
            kind: ItemKind::Question,
            version: "v1",
            response: &json!({ "Short": "한글 \u{0}" }),
            score: 1.0,
            right: true,
            key: &key.to_string().parse().unwrap(),
            circumstances: Circumstances::default(),
        })
        .await
        .unwrap();
}

async fn count(store: &dyn Store, account: AccountId) -> usize {
    store.attempts(account, LESSON).await.unwrap().len()
}

/// Writes attempts until told to stop; how many.
async fn submit(store: Arc<dyn Store>, account: AccountId, enough: Arc<AtomicBool>) -> usize {
    let mut written = 0;
    while !enough.load(Ordering::Relaxed) {
        record(&*store, account, written).await;
        written += 1;
    }
    written
}

/// Copies a record that is being written to, and opens the copy elsewhere.
async fn goes_there_and_back(classroom: Classroom, elsewhere: Location) {
    let account = classroom.student().await.id;
    let enough = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(submit(classroom.store.clone(), account, enough.clone()));
    while count(&*classroom.store, account).await < 50 {
        tokio::task::yield_now().await;
    }
    let before = count(&*classroom.store, account).await;
    let copy = classroom.folder.path().join("copy");
    classroom.store.backup(&copy).await.unwrap();
    enough.store(true, Ordering::Relaxed);
    let written = writer.await.unwrap();

    let again = classroom.store.backup(&copy).await;
    assert!(matches!(again, Err(BackupError::Exists(_))), "{again:?}");

    store::restore(&elsewhere, &copy).await.unwrap();
    let restored = store::open(&elsewhere).await.unwrap();
    let kept = restored.attempts(account, LESSON).await.unwrap();
    let all = classroom.store.attempts(account, LESSON).await.unwrap();
    assert_eq!(all.len(), written);
    assert!((before..=written).contains(&kept.len()));
    assert_eq!(kept, all[..kept.len()]);
    // It goes on as if nothing had been.
    record(&*restored, account, written).await;
    let known = restored.credentials(&name("홍길동")).await.unwrap();
    assert!(known.is_some());
    restored.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_is_copied_while_it_is_written_and_put_back() {
    let elsewhere = tempfile::tempdir().unwrap();
    let file = Location::File(elsewhere.path().join("gyosil.sqlite"));
    goes_there_and_back(Classroom::new().await, file).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_is_copied_while_it_is_written_and_put_back() {
    let server = Server::start().await;
    server.create("elsewhere").await;
    let classroom = Classroom::at(server.location()).await;
    goes_there_and_back(classroom, server.location_of("elsewhere")).await;
}

#[tokio::test]
async fn what_is_there_is_kept_and_nothing_is_replaced_under_a_classroom() {
    let classroom = Classroom::new().await;
    let account = classroom.student().await.id;
    record(&*classroom.store, account, 0).await;
    let copy = classroom.folder.path().join("copy");
    classroom.store.backup(&copy).await.unwrap();
    record(&*classroom.store, account, 1).await;

    let refused = store::restore(&classroom.location, &copy).await;
    assert!(matches!(refused, Err(BackupError::InUse(_))), "{refused:?}");
    record(&*classroom.store, account, 2).await;
    let Classroom {
        folder,
        location,
        store,
    } = classroom;
    drop(store);

    let letter = folder.path().join("letter");
    std::fs::write(&letter, "Dear SQLite, ".repeat(1000)).unwrap();
    let refused = store::restore(&location, &letter).await;
    assert!(
        matches!(&refused, Err(BackupError::Copy(OpenError::Damaged { .. }))),
        "{refused:?}"
    );
    let store = store::open(&location).await.unwrap();
    assert_eq!(count(&*store, account).await, 3);
    drop(store);

    store::restore(&location, &copy).await.unwrap();
    let store = store::open(&location).await.unwrap();
    assert_eq!(count(&*store, account).await, 1);
    drop(store);
    let before = folder.path().join("gyosil.sqlite.before");
    let store = store::open(&Location::File(before)).await.unwrap();
    assert_eq!(count(&*store, account).await, 3);
}
