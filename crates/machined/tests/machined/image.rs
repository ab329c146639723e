//! What is in a machine, for people to work with.

use machine::MachineUser;

use crate::classroom::{Classroom, id};

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_fit_to_work_in() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    for user in [MachineUser::Student, MachineUser::Root] {
        let script = r#"
            set -eu
            vim --version; nano --version; git --version; curl --version; jq --version; mount --version
            [ "$LANG" = C.UTF-8 ]
            LC_ALL=ko_KR.UTF-8 date +%A | grep -q '요일$'
            sudo -n id -u | grep -qx 0
            ping -c 1 -W 5 127.0.0.1
            sudo -n conntrack -L
            # An editor that keeps Korean, and the keys' meaning.
            printf 'i한국어\033:wq\n' >/tmp/keys; rm -f /tmp/note
            script -qec 'vi -s /tmp/keys /tmp/note' /dev/null </dev/null
            [ "$(cat /tmp/note)" = 한국어 ]
            rm -f /tmp/keys /tmp/note
            # A word that is begun and completed, in a shell as a student has it.
            printf 'docker ru\t--help | head -n 3\nexit\n' | script -qec 'bash -il' /dev/null
        "#;
        let outcome = classroom.try_bash(&hong, script, user).await;
        assert_eq!(
            outcome.exit,
            Some(0),
            "{}\n{}",
            outcome.stdout,
            outcome.stderr
        );
        assert!(
            outcome.stdout.contains("Usage:  docker run"),
            "{}",
            outcome.stdout
        );
    }
}
