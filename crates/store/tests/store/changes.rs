//! Whoever keeps what they read is told of every change, before the one who made it is.

use std::future::Future;

use crate::classroom::{Classroom, name};
use serde_json::json;
use store::{Account, Circumstances, ItemKind, NewAttempt, RecordError, SignInId, Store, now_ms};
use tokio::task::JoinSet;

const LESSON: &str = "cloud/service-models";

async fn record(
    store: &dyn Store,
    account: &Account,
    score: f64,
    key: &str,
) -> Result<(), RecordError> {
    let attempt = NewAttempt {
        account: account.id,
        lesson: LESSON,
        item: "iaas",
        kind: ItemKind::Question,
        version: "v1",
        response: &json!(key),
        score,
        right: false,
        key: &key.parse().unwrap(),
        circumstances: Circumstances::default(),
    };
    store.record(attempt).await.map(drop)
}

/// Does it, and says whether another stamp is in force for the account.
async fn is_told<T>(store: &dyn Store, account: &Account, change: impl Future<Output = T>) -> bool {
    let before = store.stamp(account.id);
    change.await;
    store.stamp(account.id) != before
}

#[tokio::test]
async fn every_change_of_an_account_is_told() {
    let classroom = Classroom::new().await;
    let store = &*classroom.store;
    let student = classroom.student().await;
    let teacher = store.credentials(&name("김선생")).await.unwrap().unwrap().0;
    let class = store.classes_joined(student.id).await.unwrap().remove(0);
    let other = store
        .create_class(teacher.id, &"2반".parse().unwrap())
        .await
        .unwrap();
    let sign_in = store.sign_in(student.id, "browser", "::1").await.unwrap();
    let (of, id) = (&student, student.id);

    assert!(
        is_told(store, of, record(store, of, 0.5, "one")).await,
        "record"
    );
    let round = store.begin_round(id, LESSON, "iaas", 1);
    assert!(is_told(store, of, round).await, "begin_round");
    assert!(
        is_told(store, of, store.set_lang(id, "en")).await,
        "set_lang"
    );
    assert!(
        is_told(store, of, store.note_use(&sign_in, "::2")).await,
        "note_use"
    );
    let join = store.join_another(other.join_code.as_str(), id);
    assert!(is_told(store, of, join).await, "join_another");
    let remove = store.remove_member(other.id, id);
    assert!(is_told(store, of, remove).await, "remove_member");
    let text = "내일은 쉽니다".parse().unwrap();
    let hints = store.open_hints(id, LESSON, "iaas", 0, 1);
    assert!(is_told(store, of, hints).await, "open_hints");
    let token = store.add_hub_token(id, "hong", "sha256");
    assert!(is_told(store, of, token).await, "add_hub_token");
    let token = store.hub_tokens(id).await.unwrap().remove(0).id;
    let revoke = store.revoke_hub_token(id, token);
    assert!(is_told(store, of, revoke).await, "revoke_hub_token");
    let announce = store.announce(class.id, teacher.id, &text);
    assert!(is_told(store, of, announce).await, "announce");
    let assign = store.assign(class.id, LESSON, now_ms());
    assert!(is_told(store, of, assign).await, "assign");
    let password = store.set_password(id, "another", Some(&sign_in));
    assert!(is_told(store, of, password).await, "set_password");
    assert!(
        is_told(store, of, store.sign_out(id, &sign_in)).await,
        "sign_out"
    );
    let everywhere = store.sign_out_everywhere(id);
    assert!(is_told(store, of, everywhere).await, "sign_out_everywhere");
    let forget = store.forget_sign_ins(now_ms());
    assert!(is_told(store, of, forget).await, "forget_sign_ins");
    let second = store
        .create_instructor(&name("박선생"), "hash")
        .await
        .unwrap()
        .unwrap();
    let admin = store.make_admin(second.id);
    assert!(is_told(store, &second, admin).await, "make_admin");
    assert!(
        is_told(store, of, store.delete_account(id)).await,
        "delete_account"
    );
}

#[tokio::test]
async fn reading_changes_nothing_and_others_attempts_do_not_concern() {
    let classroom = Classroom::new().await;
    let store = &*classroom.store;
    let student = classroom.student().await;
    let class = store.classes_joined(student.id).await.unwrap().remove(0);
    let code = class.join_code.as_str();
    let other = store.join(code, &name("임꺽정"), "hash").await.unwrap();
    let reads = async {
        store.attempts(student.id, LESSON).await.unwrap();
        store.progress(student.id).await.unwrap();
        let nobody: SignInId = serde_json::from_value(json!("nobody")).unwrap();
        assert!(store.signed_in(&nobody).await.unwrap().is_none());
    };
    assert!(!is_told(store, &student, reads).await);
    let attempt = record(store, &other, 0.5, "one");
    assert!(!is_told(store, &student, attempt).await);
}

/// Attempts that come at once are written together, and each still has its own outcome.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_that_is_refused_takes_no_other_with_it() {
    let classroom = Classroom::new().await;
    let student = classroom.student().await;
    let mut recording = JoinSet::new();
    for number in 0..200 {
        let (store, student) = (classroom.store.clone(), student.clone());
        recording.spawn(async move {
            // A score that is none, now and then.
            let is_good = number % 10 != 0;
            let score = if is_good { 0.5 } else { 1.5 };
            let outcome = record(&*store, &student, score, &format!("key-{number}")).await;
            assert_eq!(outcome.is_ok(), is_good, "{number}: {outcome:?}");
        });
    }
    recording.join_all().await;
    let attempts = classroom.store.attempts(student.id, LESSON).await.unwrap();
    assert_eq!(attempts.len(), 180);
}
