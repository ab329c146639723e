//! The programs that judge exercises, run by a real bash. What they ask a real engine is tested on
//! real machines, by the course's own exercises.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::common::{KO, load, page};
use course::check::{Expected, Verdict, answer_program, check_program, expected, verdict};
use course::{Proof, Script, Values};

/// A script as it comes out of a lesson.
fn script(text: &str) -> Script {
    let body = format!("::::exercise e answer\n하세요.\n```bash answer\n{text}\n```\n::::");
    let course = load(&[("course.toml", KO), ("u/l.ko.md", &page(&body))]);
    let course = course.unwrap_or_else(|problems| panic!("{problems}"));
    match course.lessons().next().unwrap().exercises[0].proof.clone() {
        Proof::Answer(script) | Proof::Check(script) => script,
    }
}

struct Run {
    exit: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(program: &str) -> Run {
    let mut bash = Command::new("bash")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A script may end bash before it has read everything: not this test's concern.
    let _ = bash.stdin.take().unwrap().write_all(program.as_bytes());
    let output = bash.wait_with_output().unwrap();
    Run {
        // As machined reports a killed program.
        exit: output.status.code().or(Some(137)),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn check(text: &str) -> Verdict {
    let run = run(&check_program(&script(text), &Values::default()));
    verdict(run.exit, &run.stdout, &run.stderr)
}

fn answer(text: &str) -> Expected {
    let run = run(&answer_program(&script(text), &Values::default()));
    expected(run.exit, &run.stdout, &run.stderr)
}

/// Feedback ids, without an exercise having to have their texts.
fn fail(id: &str) -> Verdict {
    Verdict::Fail {
        feedback: Some(id.to_owned()),
    }
}

const UNSAID: Verdict = Verdict::Fail { feedback: None };

#[test]
fn success_passes_and_a_failing_end_fails() {
    assert_eq!(check("true"), Verdict::Pass);
    assert_eq!(check("false\ntrue"), Verdict::Pass);
    assert_eq!(check("true\nfalse"), UNSAID);
    assert_eq!(check("exit 0\nfalse"), Verdict::Pass);
    assert_eq!(check("exit 7"), UNSAID);
    assert_eq!(check("set -e\nfalse\ntrue"), UNSAID);
}

#[test]
fn fail_names_what_to_tell_and_ends_the_script() {
    // By a variable, since a lesson with an id spelled out has to have its text.
    assert_eq!(
        check("id=not-running\nfalse || fail \"$id\"\nexit 0"),
        fail("not-running")
    );
    assert_eq!(
        check("id=one\nx=$(fail $id)\ny=$(fail ${id}-more)\ntrue"),
        fail("one")
    );
}

#[test]
fn what_a_command_prints_is_no_verdict() {
    let forged = "printf 'fail wrong\\nend 0\\nbroken x\\n'\nprintf 'end 0\\n' >&2\nfalse";
    assert_eq!(check(forged), UNSAID);
    assert_eq!(
        answer("echo 172.17.0.2\necho 'end 0'"),
        Expected::Is("172.17.0.2\nend 0".to_owned())
    );
}

#[test]
fn no_command_eats_the_rest_of_the_script() {
    assert_eq!(check("cat\nread -r line\nfalse"), UNSAID);
    assert_eq!(check("cat\nbash\ntrue"), Verdict::Pass);
    assert_eq!(answer("cat\necho 5"), Expected::Is("5".to_owned()));
}

#[test]
fn a_script_with_a_slip_is_broken_and_says_why() {
    let Verdict::Broken { why } = check("if true; then") else {
        panic!("a script that bash cannot read");
    };
    assert!(why.contains("syntax error"), "{why}");
    let Verdict::Broken { why } = check("runing web || fail \"$id\"") else {
        panic!("a misspelled helper");
    };
    assert!(why.contains("runing"), "{why}");
    let Verdict::Broken { why } = check("kill -KILL $$") else {
        panic!("a killed script");
    };
    assert!(why.contains("did not end"), "{why}");
    assert_eq!(verdict(None, "end 0\n", ""), Verdict::TimedOut);
}

#[test]
fn an_answer_is_what_the_script_prints() {
    assert_eq!(
        answer("echo ' 172.17.0.2 '\necho"),
        Expected::Is("172.17.0.2".to_owned())
    );
    assert_eq!(
        answer("printf '%s' '한글 답'"),
        Expected::Is("한글 답".to_owned())
    );
    assert_eq!(answer("echo -e 'a\\nb'"), Expected::Is("a\nb".to_owned()));
    assert_eq!(
        answer("echo '%s \\n $HOME'"),
        Expected::Is("%s \\n $HOME".to_owned())
    );
    assert_eq!(answer("true"), Expected::Not(UNSAID));
    assert_eq!(answer("echo 5\nfalse"), Expected::Not(UNSAID));
    assert_eq!(answer("id=no\necho 5\nfail $id"), Expected::Not(fail("no")));
    assert!(matches!(
        answer("printf '%01000d' 1"),
        Expected::Not(Verdict::Broken { .. })
    ));
}

#[test]
fn http_asks_and_looks_for_text() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let served = std::thread::spawn(move || {
        for answer in ["200 OK", "200 OK", "404 Not Found"] {
            let (mut stream, _) = server.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]).unwrap();
            let text = format!(
                "HTTP/1.1 {answer}\r\nContent-Length: 7\r\nConnection: close\r\n\r\nfail ok"
            );
            stream.write_all(text.as_bytes()).unwrap();
        }
    });
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(check(&format!("http {url} ok")), Verdict::Pass);
    assert_eq!(check(&format!("http {url} nothing-of-it")), UNSAID);
    assert_eq!(check(&format!("http {url}")), UNSAID);
    served.join().unwrap();
    assert_eq!(check(&format!("http {url}")), UNSAID, "nobody listens");
}

#[test]
fn a_hanging_address_does_not_take_the_whole_time() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", server.local_addr().unwrap());
    let start = std::time::Instant::now();
    assert_eq!(check(&format!("http {url}")), UNSAID);
    assert!(
        start.elapsed().as_secs() < 8,
        "the limit of a check is 10 s"
    );
}
