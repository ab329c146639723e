//! What happens in a classroom, against a real file and a real server.

use crate::{
    classroom::{Classroom, name},
    people::{
        a_class_has_a_roster_and_teachers, a_name_on_the_hub_is_somebodys_for_good,
        a_sign_in_lasts_until_it_is_ended,
        hints_are_counted_in_the_round_in_which_they_were_opened,
        many_are_enrolled_at_once_or_nobody, who_goes_leaves_nothing_but_a_number,
    },
    postgres::Server,
};
use serde_json::json;
use store::{
    Circumstances, ItemKind, JoinError, NewAttempt, Place, RecordError, Recorded, Role,
    SetTokenError, SetupError, Store, Tried,
};

/// A student's submission, right or wrong.
pub(crate) async fn submit(
    store: &dyn Store,
    account: store::AccountId,
    item: &str,
    score: f64,
    key: &str,
) -> Recorded {
    store
        .record(NewAttempt {
            account,
            lesson: "cloud/service-models",
            item,
            kind: ItemKind::Question,
            version: "v1",
            response: &json!({ "choice": score, "text": "한글 <b>" }),
            score,
            right: score >= 1.0,
            key: &key.parse().unwrap(),
            circumstances: Circumstances::default(),
        })
        .await
        .unwrap()
}

async fn a_class_from_its_link_to_its_record_and_after_a_restart(classroom: Classroom) {
    let store = &*classroom.store;
    assert!(store.needs_first_instructor().await.unwrap());
    let teacher = classroom.instructor().await;
    assert_eq!(teacher.role, Role::Admin);
    assert!(!store.needs_first_instructor().await.unwrap());

    let class = store
        .create_class(teacher.id, &"클라우드 1반".parse().unwrap())
        .await
        .unwrap();
    let code = class.join_code.to_string();
    let hong = store
        .join(&code, &name("홍길동"), "hash of hong")
        .await
        .unwrap();
    let lee = store
        .join(&code, &name("이순신"), "hash of lee")
        .await
        .unwrap();
    assert_eq!(hong.role, Role::Student);

    submit(store, hong.id, "iaas-vm", 0.0, "a").await;
    submit(store, hong.id, "iaas-vm", 1.0, "b").await;
    submit(store, hong.id, "iaas-vm", 0.5, "c").await;
    submit(store, hong.id, "paas", 0.5, "d").await;
    store.set_lang(hong.id, "ko").await.unwrap();

    // The web process is started again.
    store.close().await;
    let store = store::open(&classroom.location).await.unwrap();

    let progress = store.progress(hong.id).await.unwrap();
    let seen: Vec<_> = progress
        .iter()
        .map(|item| (item.item.as_str(), item.tries, item.best, item.done))
        .collect();
    assert_eq!(seen, [("iaas-vm", 3, 1.0, true), ("paas", 1, 0.5, false)]);
    assert!(progress.iter().all(|item| item.first_ms <= item.last_ms));

    let attempts = store
        .attempts(hong.id, "cloud/service-models")
        .await
        .unwrap();
    let scores: Vec<f64> = attempts.iter().map(|attempt| attempt.score).collect();
    assert_eq!(scores, [0.0, 1.0, 0.5, 0.5]);
    assert_eq!(
        attempts[0].response,
        json!({ "choice": 0.0, "text": "한글 <b>" })
    );
    for (item, version) in [
        ("iaas-vm", "v1"),
        ("iaas-vm", "v2"),
        ("paas", "v1"),
        ("none", "v1"),
    ] {
        let lesson = "cloud/service-models";
        let tried = store.tried(hong.id, lesson, item, version).await.unwrap();
        assert_eq!(
            tried,
            Tried::of(&attempts, item, version),
            "{item} {version}"
        );
    }
    assert!(
        store
            .attempts(hong.id, "another/lesson")
            .await
            .unwrap()
            .is_empty()
    );

    assert!(store.teaches(teacher.id, class.id).await.unwrap());
    assert!(!store.teaches(hong.id, class.id).await.unwrap());
    let summaries = store.classes_of(teacher.id).await.unwrap();
    assert_eq!((summaries.len(), summaries[0].students), (1, 2));
    assert_eq!(summaries[0].class, class);
    let table = store.class_progress(class.id).await.unwrap();
    let table: Vec<_> = table
        .iter()
        .map(|row| (row.account.name.as_str(), row.items.clone(), row.last_ms))
        .collect();
    let last = progress.iter().map(|item| item.last_ms).max();
    assert_eq!(
        table,
        [("이순신", vec![], None), ("홍길동", progress, last)]
    );

    let (account, hash) = store.credentials(&name("홍길동")).await.unwrap().unwrap();
    assert_eq!(
        (account.lang.as_deref(), hash.as_str()),
        (Some("ko"), "hash of hong")
    );
    assert_eq!(store.account(lee.id).await.unwrap().unwrap(), lee);
    assert!(store.credentials(&name("nobody")).await.unwrap().is_none());
}

async fn a_record_of_one_class_does_not_show_in_another(classroom: Classroom) {
    let store = &*classroom.store;
    let teacher = classroom.instructor().await;
    let one = store
        .create_class(teacher.id, &"1".parse().unwrap())
        .await
        .unwrap();
    let two = store
        .create_class(teacher.id, &"2".parse().unwrap())
        .await
        .unwrap();
    assert_ne!(one.join_code, two.join_code);
    let hong = store
        .join(one.join_code.as_str(), &name("홍길동"), "hash")
        .await
        .unwrap();
    submit(store, hong.id, "iaas-vm", 1.0, "a").await;
    assert_eq!(store.class_progress(one.id).await.unwrap().len(), 1);
    assert_eq!(store.class_progress(two.id).await.unwrap(), []);
}

async fn the_setup_link_works_once_and_only_in_its_newest_form(classroom: Classroom) {
    let store = &*classroom.store;
    assert!(!store.setup_token_valid("first").await.unwrap());
    store.set_setup_token("first").await.unwrap();
    store.set_setup_token("second").await.unwrap();
    assert!(!store.setup_token_valid("first").await.unwrap());
    assert!(store.setup_token_valid("second").await.unwrap());

    let with = async |token: &str, who: &str| {
        store
            .create_first_instructor(token, &name(who), "hash")
            .await
    };
    assert!(matches!(
        with("first", "김").await,
        Err(SetupError::BadToken)
    ));
    // Two people open the link at once: one of them becomes the instructor.
    let (a, b) = tokio::join!(with("second", "김"), with("second", "이"));
    assert!(matches!(
        (&a, &b),
        (Ok(_), Err(SetupError::BadToken)) | (Err(SetupError::BadToken), Ok(_))
    ));
    assert!(!store.setup_token_valid("second").await.unwrap());
    assert!(matches!(
        store.set_setup_token("third").await,
        Err(SetTokenError::InstructorExists)
    ));
    assert!(!store.setup_token_valid("third").await.unwrap());
}

async fn a_join_code_is_read_as_people_write_it(classroom: Classroom) {
    let store = &*classroom.store;
    let class = classroom.class().await;
    let code = class.join_code.as_str();
    let (left, right) = code.split_once('-').expect("a code is shown as XXXX-XXXX");
    assert_eq!((left.len(), right.len()), (4, 4));

    let wide: String = left
        .chars()
        .map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap())
        .collect();
    for typed in [
        code.to_owned(),
        format!("{left}{right}"),
        format!("  {}  ", code.to_lowercase()),
        format!("{left} – {right}"),
        format!("{wide}－{right}"),
    ] {
        let found = store.class_by_code(&typed).await.unwrap();
        assert_eq!(found.as_ref(), Some(&class), "{typed:?}");
    }
    for wrong in [
        "",
        "-",
        left,
        &format!("{code}2"),
        "0000-0000",
        "AAAA-AAAA",
        "' OR 1=1 --",
    ] {
        assert!(
            store.class_by_code(wrong).await.unwrap().is_none(),
            "{wrong:?}"
        );
        let joined = store.join(wrong, &name("홍길동"), "hash").await;
        assert!(matches!(joined, Err(JoinError::NoSuchCode)));
    }
    assert!(store.credentials(&name("홍길동")).await.unwrap().is_none());
}

async fn one_person_one_name_however_it_is_typed(classroom: Classroom) {
    let store = &*classroom.store;
    let class = classroom.class().await;
    let code = class.join_code.as_str();
    // In NFD, as a Mac's file names are, and with an outer space.
    let decomposed = " \u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af} Ann";
    let account = store.join(code, &name(decomposed), "hash").await.unwrap();
    assert_eq!(account.name, "한글 Ann");
    for same in ["한글 Ann", "한글 ANN", "한글  ann", "한글 Ａｎｎ"] {
        let (found, _) = store.credentials(&name(same)).await.unwrap().unwrap();
        assert_eq!(found.id, account.id, "{same:?}");
        let joined = store.join(code, &name(same), "other").await;
        assert!(matches!(joined, Err(JoinError::NameTaken)), "{same:?}");
    }
    let (_, hash) = store.credentials(&name("한글 ann")).await.unwrap().unwrap();
    assert_eq!(hash, "hash", "a refused join leaves the password alone");
    assert_eq!(
        store.classes_of(teacher(store).await).await.unwrap()[0].students,
        1
    );
}

pub(crate) async fn teacher(store: &dyn Store) -> store::AccountId {
    store
        .credentials(&name("김선생"))
        .await
        .unwrap()
        .unwrap()
        .0
        .id
}

async fn a_setup_is_remembered_for_one_disk(classroom: Classroom) {
    let store = &*classroom.store;
    let done = async |generation: &str, exercise: &str| {
        store.setup_done("m1", generation, exercise).await.unwrap()
    };
    assert!(!done("g1", "publish-port").await);
    store.mark_setup("m1", "g1", "publish-port").await.unwrap();
    store.mark_setup("m1", "g1", "publish-port").await.unwrap();
    assert!(done("g1", "publish-port").await);
    assert!(!done("g1", "other").await);
    assert!(!store.setup_done("m2", "g1", "publish-port").await.unwrap());
    // The machine got a fresh disk.
    assert!(!done("g2", "publish-port").await);
    store.mark_setup("m1", "g2", "other").await.unwrap();
    assert!(!done("g1", "publish-port").await);
}

async fn what_comes_back_for_review_is_a_students_own(classroom: Classroom) {
    let store = &*classroom.store;
    let (teacher, code) = {
        let class = classroom.class().await;
        (teacher(store).await, class.join_code.to_string())
    };
    let hong = store.join(&code, &name("홍길동"), "hash").await.unwrap().id;
    let lee = store.join(&code, &name("이순신"), "hash").await.unwrap().id;
    assert!(store.rounds(hong).await.unwrap().is_empty());

    let begin = async |exercise: &str, round: i64| {
        let begun = store.begin_round(hong, "containers/run", exercise, round);
        begun.await.unwrap();
    };
    begin("publish-port", 1).await;
    begin("publish-port", 3).await;
    begin("publish-port", 3).await;
    begin("name-it", 1).await;
    let rounds = store.rounds(hong).await.unwrap();
    let seen: Vec<_> = rounds
        .iter()
        .map(|it| (it.lesson.as_str(), it.exercise.as_str(), it.round))
        .collect();
    let lesson = "containers/run";
    assert_eq!(seen, [(lesson, "name-it", 1), (lesson, "publish-port", 3)]);
    assert!(store.rounds(lee).await.unwrap().is_empty());

    submit(store, hong, "iaas-vm", 0.0, "a").await;
    submit(store, hong, "paas", 1.0, "b").await;
    submit(store, lee, "iaas-vm", 1.0, "a").await;
    let history = store.history(hong).await.unwrap();
    let items: Vec<_> = history.iter().map(|it| it.item.as_str()).collect();
    assert_eq!(items, ["iaas-vm", "paas"]);

    for account in [hong, teacher] {
        let zone = store.time_zone_of(account).await.unwrap();
        assert_eq!(zone.as_deref(), Some("Asia/Seoul"));
    }
}

async fn what_is_handed_in_together_is_recorded_together_and_once(classroom: Classroom) {
    let store = &*classroom.store;
    let hong = classroom.student().await.id;
    let hand_in = async |score: f64, keys: [&str; 3]| {
        let keys = keys.map(|key| key.parse().unwrap());
        let response = json!(score);
        let attempts: Vec<_> = ["one", "two", "three"]
            .into_iter()
            .zip(&keys)
            .map(|(item, key)| NewAttempt {
                account: hong,
                lesson: "cloud/service-models",
                item,
                kind: ItemKind::Question,
                version: "v1",
                response: &response,
                score,
                right: false,
                key,
                circumstances: Circumstances {
                    place: Place::Quiz,
                    spent_ms: Some(1500),
                    round: 2,
                    ..Circumstances::default()
                },
            })
            .collect();
        store.record_all(&attempts).await
    };
    submit(store, hong, "elsewhere", 0.0, "lesson").await;

    // Two tabs at once: all of one of them is on record, and both are told the same.
    let keys = ["q1", "q2", "q3"];
    let (a, b) = tokio::join!(hand_in(0.25, keys), hand_in(0.75, keys));
    let told = [a.unwrap(), b.unwrap()];
    let on_record = store.attempts_at(hong, Place::Quiz).await.unwrap();
    for told in &told {
        let told: Vec<_> = told.iter().map(|it| it.attempt.clone()).collect();
        assert_eq!(told, on_record);
    }
    let of: Vec<_> = on_record.iter().map(|it| it.item.as_str()).collect();
    assert_eq!(of, ["one", "two", "three"]);
    assert!(on_record.iter().all(|it| it.score == on_record[0].score));
    let circumstances = on_record[0].circumstances;
    assert_eq!(
        (circumstances.spent_ms, circumstances.round),
        (Some(1500), 2)
    );
    let new = told.iter().flatten().filter(|it| it.new);
    assert_eq!(new.count(), 3);

    // The last of them cannot be recorded: none is.
    let refused = hand_in(0.5, ["r1", "r2", "q1"]).await;
    assert!(matches!(refused, Err(RecordError::KeyReused { item, .. }) if item == "one"));
    assert_eq!(
        store.attempts_at(hong, Place::Quiz).await.unwrap(),
        on_record
    );
    let elsewhere = store.attempts_at(hong, Place::Placement).await.unwrap();
    assert_eq!(elsewhere, []);
}

async fn what_a_class_does_and_is_to_do_is_that_classs_own(classroom: Classroom) {
    let store = &*classroom.store;
    let class = classroom.class().await;
    let teacher = teacher(store).await;
    let other = store
        .create_class(teacher, &"2반".parse().unwrap())
        .await
        .unwrap();
    let join = async |class: &store::Class, who: &str| {
        let joined = store
            .join(class.join_code.as_str(), &name(who), "hash")
            .await;
        joined.unwrap().id
    };
    let hong = join(&class, "홍길동").await;
    let lee = join(&other, "이순신").await;
    let students = store.class_students(class.id).await.unwrap();
    assert_eq!(students.iter().map(|it| it.id).collect::<Vec<_>>(), [hong]);

    for (account, key) in [(hong, "a"), (lee, "a"), (hong, "b"), (hong, "c")] {
        submit(store, account, "iaas-vm", 1.0, key).await;
    }
    let page = store.class_attempts(class.id, None, 2).await.unwrap();
    assert_eq!(page.len(), 2);
    let rest = store.class_attempts(class.id, Some(page[1].id), 2).await;
    let rest = rest.unwrap();
    assert_eq!(rest.len(), 1);
    assert!(rest[0].id > page[1].id && page[1].id > page[0].id);
    assert!(page.iter().chain(&rest).all(|it| it.account == hong));

    store
        .assign(class.id, "containers/run", 2_000)
        .await
        .unwrap();
    store.assign(class.id, "cloud/models", 3_000).await.unwrap();
    store
        .assign(class.id, "containers/run", 4_000)
        .await
        .unwrap();
    let assigned = store.assigned_to(hong).await.unwrap();
    let due: Vec<_> = assigned
        .iter()
        .map(|it| (it.lesson.as_str(), it.due_ms))
        .collect();
    assert_eq!(due, [("cloud/models", 3_000), ("containers/run", 4_000)]);
    assert_eq!(assigned[0].time_zone, "Asia/Seoul");
    assert!(store.assigned_to(lee).await.unwrap().is_empty());
    let first = store.assignments(class.id).await.unwrap()[0].id;
    store.withdraw(other.id, first).await.unwrap();
    assert_eq!(store.assignments(class.id).await.unwrap().len(), 2);
    store.withdraw(class.id, first).await.unwrap();
    assert_eq!(store.assignments(class.id).await.unwrap().len(), 1);

    let text = "<b>쉬는 시간</b>\r\n10분".parse().unwrap();
    store.announce(class.id, teacher, &text).await.unwrap();
    let said = store.announced_to(hong, 0).await.unwrap();
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].text, "<b>쉬는 시간</b>\n10분");
    assert!(
        store
            .announced_to(hong, said[0].at_ms)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(store.announced_to(lee, 0).await.unwrap().is_empty());
}

/// Each story with a file of its own, and all of them with databases of one server.
macro_rules! on_both {
    ($($story:ident),* $(,)?) => {
        mod on_sqlite {
            use crate::classroom::Classroom;

            $(
                #[tokio::test]
                async fn $story() {
                    super::$story(Classroom::new().await).await;
                }
            )*
        }

        #[tokio::test]
        async fn all_of_it_on_postgresql() {
            let server = Server::start().await;
            $(
                server.create(stringify!($story)).await;
                let location = server.location_of(stringify!($story));
                $story(Classroom::at(location).await).await;
            )*
        }
    };
}

on_both![
    a_class_from_its_link_to_its_record_and_after_a_restart,
    a_record_of_one_class_does_not_show_in_another,
    the_setup_link_works_once_and_only_in_its_newest_form,
    a_join_code_is_read_as_people_write_it,
    one_person_one_name_however_it_is_typed,
    a_setup_is_remembered_for_one_disk,
    what_comes_back_for_review_is_a_students_own,
    what_is_handed_in_together_is_recorded_together_and_once,
    what_a_class_does_and_is_to_do_is_that_classs_own,
    a_sign_in_lasts_until_it_is_ended,
    who_goes_leaves_nothing_but_a_number,
    a_class_has_a_roster_and_teachers,
    many_are_enrolled_at_once_or_nobody,
    hints_are_counted_in_the_round_in_which_they_were_opened,
    a_name_on_the_hub_is_somebodys_for_good,
];
