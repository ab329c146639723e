//! Who is in a classroom: stories for both databases.

use crate::{
    classroom::{Classroom, name},
    story::{submit, teacher},
};
use store::{DeleteError, HUB_TOKENS_MAX, HubTokenError, JoinError, Role, SignInId};

pub(crate) async fn a_sign_in_lasts_until_it_is_ended(classroom: Classroom) {
    let store = &*classroom.store;
    let code = classroom.class().await.join_code.to_string();
    let join = async |who: &str| store.join(&code, &name(who), "hash").await.unwrap().id;
    let (hong, lee) = (join("홍길동").await, join("이순신").await);
    let sign_in = async |who| store.sign_in(who, "Firefox", "10.0.0.7").await.unwrap();
    let (one, two, three, others) = (
        sign_in(hong).await,
        sign_in(hong).await,
        sign_in(hong).await,
        sign_in(lee).await,
    );
    let whose = async |sign_in: &SignInId| {
        let found = store.signed_in(sign_in).await.unwrap();
        found.map(|(account, _)| account.id)
    };
    assert_eq!(whose(&one).await, Some(hong));

    store.note_use(&one, "10.0.0.8").await.unwrap();
    let all = store.sign_ins(hong).await.unwrap();
    let found = all.iter().find(|it| it.id == one).unwrap();
    assert_eq!((all.len(), found.address.as_str()), (3, "10.0.0.8"));

    // Somebody's own only.
    store.sign_out(lee, &one).await.unwrap();
    assert_eq!(whose(&one).await, Some(hong));
    store.sign_out(hong, &one).await.unwrap();
    assert_eq!(whose(&one).await, None);

    store.set_password(hong, "new", Some(&two)).await.unwrap();
    assert_eq!((whose(&two).await, whose(&three).await), (Some(hong), None));
    let (_, hash) = store.credentials(&name("홍길동")).await.unwrap().unwrap();
    assert_eq!(hash, "new");

    store.sign_out_everywhere(hong).await.unwrap();
    assert_eq!((whose(&two).await, whose(&others).await), (None, Some(lee)));
    store.forget_sign_ins(store::now_ms() + 1).await.unwrap();
    assert_eq!(whose(&others).await, None);
}

pub(crate) async fn who_goes_leaves_nothing_but_a_number(classroom: Classroom) {
    let store = &*classroom.store;
    let class = classroom.class().await;
    let admin = teacher(store).await;
    let deleted = store.delete_account(admin).await;
    assert!(matches!(deleted, Err(DeleteError::LastAdmin)));

    let code = class.join_code.as_str();
    let hong = store.join(code, &name("홍길동"), "hash").await.unwrap().id;
    submit(store, hong, "iaas-vm", 1.0, "a").await;
    store.open_hints(hong, "a/b", "c", 0, 1).await.unwrap();
    let sign_in = store.sign_in(hong, "Firefox", "10.0.0.7").await.unwrap();
    store.delete_account(hong).await.unwrap();
    assert!(store.credentials(&name("홍길동")).await.unwrap().is_none());
    assert!(store.signed_in(&sign_in).await.unwrap().is_none());
    assert_eq!(store.progress(hong).await.unwrap(), []);
    assert_eq!(store.class_progress(class.id).await.unwrap(), []);

    // The name is free, the number is not.
    let again = store.join(code, &name("홍길동"), "hash").await.unwrap().id;
    assert_ne!(again, hong);
    store.delete_account(again).await.unwrap();
}

pub(crate) async fn a_class_has_a_roster_and_teachers(classroom: Classroom) {
    let store = &*classroom.store;
    let class = classroom.class().await;
    let code = class.join_code.as_str();
    let hong = store.join(code, &name("홍길동"), "hash").await.unwrap().id;
    let park = store.create_instructor(&name("박선생"), "hash").await;
    let park = park.unwrap().unwrap();
    assert_eq!(park.role, Role::Instructor);
    let again = store.create_instructor(&name("홍길동"), "hash").await;
    assert_eq!(again.unwrap(), None, "the name is taken");

    // An instructor teaches what they are let teach; a student nothing.
    assert!(!store.teaches(park.id, class.id).await.unwrap());
    for (who, there) in [("박선생", true), ("홍길동", false), ("없는 사람", false)] {
        let added = store.add_teacher(class.id, &name(who)).await.unwrap();
        assert_eq!(added, there, "{who}");
    }
    assert!(store.teaches(park.id, class.id).await.unwrap());
    let teachers = store.teachers(class.id).await.unwrap();
    let names: Vec<_> = teachers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["김선생", "박선생"]);
    store.make_admin(park.id).await.unwrap();
    store.make_admin(hong).await.unwrap();
    let role = async |id| store.account(id).await.unwrap().unwrap().role;
    assert_eq!(
        (role(park.id).await, role(hong).await),
        (Role::Admin, Role::Student)
    );
    assert_eq!(store.instructors().await.unwrap().len(), 2);

    let members = store.members(class.id).await.unwrap();
    assert_eq!((members.len(), members[0].used_ms), (1, None));
    store.sign_in(hong, "Firefox", "10.0.0.7").await.unwrap();
    assert!(store.members(class.id).await.unwrap()[0].used_ms.is_some());
    submit(store, hong, "iaas-vm", 1.0, "a").await;
    assert!(store.remove_member(class.id, hong).await.unwrap());
    assert!(!store.remove_member(class.id, hong).await.unwrap());
    assert_eq!(store.members(class.id).await.unwrap(), []);
    assert_eq!(store.progress(hong).await.unwrap().len(), 1);

    // Back by the code, until it ends or is another.
    let back = async || store.join_another(code, hong).await;
    store
        .set_join_expiry(class.id, Some(store::now_ms() - 1))
        .await
        .unwrap();
    assert!(matches!(back().await, Err(JoinError::NoSuchCode)));
    store.set_join_expiry(class.id, None).await.unwrap();
    back().await.unwrap();
    back().await.unwrap();
    assert_eq!(store.classes_joined(hong).await.unwrap().len(), 1);
    store.renew_code(class.id).await.unwrap();
    assert!(matches!(back().await, Err(JoinError::NoSuchCode)));
}

pub(crate) async fn many_are_enrolled_at_once_or_nobody(classroom: Classroom) {
    let store = &*classroom.store;
    let class = classroom.class().await;
    let code = class.join_code.as_str();
    store.join(code, &name("홍길동"), "hash").await.unwrap();
    let student = |who: &str| (name(who), format!("hash of {who}"));
    let some = [student("성춘향"), student("홍길동"), student("이몽룡")];
    let taken = store.enroll(class.id, &some).await.unwrap();
    let taken: Vec<_> = taken.iter().map(|name| name.as_str()).collect();
    assert_eq!(taken, ["홍길동"]);
    assert!(store.credentials(&name("성춘향")).await.unwrap().is_none());
    assert_eq!(store.class_students(class.id).await.unwrap().len(), 1);

    let fine = [student("성춘향"), student("이몽룡")];
    assert_eq!(store.enroll(class.id, &fine).await.unwrap(), []);
    let students = store.class_students(class.id).await.unwrap();
    let names: Vec<_> = students.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["성춘향", "이몽룡", "홍길동"]);
    let (account, hash) = store.credentials(&name("이몽룡")).await.unwrap().unwrap();
    assert_eq!((account.role, &*hash), (Role::Student, "hash of 이몽룡"));
}

pub(crate) async fn hints_are_counted_in_the_round_in_which_they_were_opened(classroom: Classroom) {
    let store = &*classroom.store;
    let hong = classroom.student().await.id;
    let opened = async |lesson: &str, round: i64| {
        let count = store.hints_opened(hong, lesson, "exercise", round).await;
        count.unwrap()
    };
    assert_eq!(opened("a/b", 0).await, 0);
    // The third hint, then the first once more by an older page.
    for count in [3, 1] {
        store
            .open_hints(hong, "a/b", "exercise", 0, count)
            .await
            .unwrap();
    }
    store
        .open_hints(hong, "a/b", "exercise", 1, 1)
        .await
        .unwrap();
    assert_eq!((opened("a/b", 0).await, opened("a/b", 1).await), (3, 1));
    assert_eq!(opened("a/other", 0).await, 0);
}

pub(crate) async fn a_name_on_the_hub_is_somebodys_for_good(classroom: Classroom) {
    let store = &*classroom.store;
    let hong = classroom.student().await;
    let code = store.classes_joined(hong.id).await.unwrap()[0]
        .join_code
        .to_string();
    let lee = store.join(&code, &name("이순신"), "hash").await.unwrap();
    assert_eq!(store.hub_name(hong.id).await.unwrap(), None);

    let add = async |account, name, hash| store.add_hub_token(account, name, hash).await;
    assert_eq!(add(hong.id, "hong", "a").await.unwrap(), "hong");
    let taken = add(lee.id, "hong", "b").await;
    assert!(matches!(taken, Err(HubTokenError::NameTaken)));
    assert!(store.hub_name_taken("hong").await.unwrap());
    assert!(!store.hub_name_taken("lee").await.unwrap());
    assert_eq!(store.hub_name(lee.id).await.unwrap(), None);
    assert_eq!(add(lee.id, "lee", "b").await.unwrap(), "lee");
    let kept = add(hong.id, "another", "c").await.unwrap();
    assert_eq!(kept, "hong", "once chosen, it stays");
    let logins = async || store.hub_logins().await.unwrap();
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let owned = pairs.iter().map(|(a, b)| ((*a).into(), (*b).into()));
        owned.collect()
    };
    let all = pairs(&[("hong", "a"), ("hong", "c"), ("lee", "b")]);
    assert_eq!(logins().await, all);

    // Another's token is not one's own to revoke.
    let newest = store.hub_tokens(hong.id).await.unwrap()[0].id;
    store.revoke_hub_token(lee.id, newest).await.unwrap();
    assert_eq!(logins().await, all);
    store.revoke_hub_token(hong.id, newest).await.unwrap();
    assert_eq!(logins().await, pairs(&[("hong", "a"), ("lee", "b")]));

    for number in 1..HUB_TOKENS_MAX {
        let hash = format!("more {number}");
        let more = store.add_hub_token(hong.id, "", &hash).await;
        assert_eq!(more.unwrap(), "hong");
    }
    let full = add(hong.id, "", "one too many").await;
    assert!(matches!(full, Err(HubTokenError::TooMany)));

    store.delete_account(hong.id).await.unwrap();
    assert_eq!(logins().await, pairs(&[("lee", "b")]));
    assert!(!store.hub_name_taken("hong").await.unwrap());
}
