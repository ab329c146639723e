//! Terminals: shells that outlive who looks at them.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use machine::{MachineId, TerminalControl, TerminalEvent};
use tokio::{net::UnixStream, time::timeout};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use crate::classroom::{Classroom, PATIENCE, SOON, id};

type Socket = WebSocketStream<UnixStream>;

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_outlives_who_looks_at_it() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    let mut first = attach(&classroom, &hong, "main").await;
    // Typed in Korean, shown as it is, and passed on.
    type_in(
        &mut first,
        "인사='안녕하세요'; echo \"[$인사]\"; printf '<%s>' ${#LANG}; tty; id -un; stty size\n",
    )
    .await;
    type_in(
        &mut first,
        "export WORD=secret; word() { echo \"(${WORD}-$$)\"; }; word\n",
    )
    .await;
    let shown = read_until(&mut first, "(secret-").await;
    assert!(shown.contains("안녕하세요"), "{shown}");
    assert!(
        shown.contains("/dev/pts/") && shown.contains("student") && shown.contains("24 80"),
        "{shown}"
    );

    // A client that is killed says no good-bye.
    drop(first);
    let mut second = attach(&classroom, &hong, "main").await;
    let replay = read_until(&mut second, "(secret-").await;
    assert!(
        replay.contains("안녕하세요"),
        "what was shown last comes again: {replay}"
    );
    type_in(&mut second, "echo again; word\n").await;
    read_until(&mut second, "again\r\n(secret-").await;

    // Two see the same; the window is as large as the last one said.
    let mut third = attach(&classroom, &hong, "main").await;
    let resize = serde_json::to_string(&TerminalControl::Resize {
        cols: 132,
        rows: 50,
    });
    third
        .send(Message::text(resize.expect("JSON")))
        .await
        .expect("to send");
    type_in(&mut third, "echo size; stty size\n").await;
    read_until(&mut second, "size\r\n50 132").await;
    read_until(&mut third, "size\r\n50 132").await;

    // Another name is another shell.
    let mut other = attach(&classroom, &hong, "other").await;
    type_in(&mut other, "echo \"none:$WORD:\"\n").await;
    read_until(&mut other, "none::").await;

    type_in(&mut third, "exit 3\n").await;
    for socket in [&mut second, &mut third] {
        assert_eq!(read_exit(socket).await, TerminalEvent::Exit { code: 3 });
    }
    // After the end, the name is free for a new shell.
    let mut fresh = attach(&classroom, &hong, "main").await;
    type_in(&mut fresh, "echo \"fresh:$WORD:\"\n").await;
    read_until(&mut fresh, "fresh::").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_is_sent_away_and_stops_nobody() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    let idle = attach(&classroom, &hong, "main").await;
    let mut reader = attach(&classroom, &hong, "main").await;
    type_in(&mut reader, "seq 1 1500000; echo the-$((6*7))-end\n").await;
    read_until(&mut reader, "the-42-end").await;
    // What it still gets is what fitted into its socket, then the end.
    let rest = timeout(
        SOON,
        idle.fold(0, async |sum, message| {
            sum + message.map_or(0, |message| message.len())
        }),
    );
    let rest = rest.await.expect("an end");
    assert!(
        rest < 9_000_000,
        "{rest} bytes waited for a reader that took none"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_has_so_many_terminals() {
    let classroom = Classroom::open(&[]).await;
    let hong = id("hong");
    classroom.ready(&hong).await;
    let mut open = Vec::new();
    for number in 0..8 {
        open.push(attach(&classroom, &hong, &format!("t{number}")).await);
    }
    let refused = classroom.client().terminal(&hong, "one-more", 80, 24).await;
    assert!(
        matches!(refused, Err(machine::Error::Busy)),
        "{:?}",
        refused.err()
    );
    type_in(&mut open[0], "exit\n").await;
    read_exit(&mut open[0]).await;
    attach(&classroom, &hong, "one-more").await;
}

async fn attach(classroom: &Classroom, id: &MachineId, name: &str) -> Socket {
    classroom
        .client()
        .terminal(id, name, 80, 24)
        .await
        .expect("a terminal")
}

async fn type_in(socket: &mut Socket, text: &str) {
    socket
        .send(Message::binary(text.as_bytes().to_vec()))
        .await
        .expect("to send");
}

/// Reads until the output has `text`; all of the output.
async fn read_until(socket: &mut Socket, text: &str) -> String {
    let mut shown = Vec::new();
    let read = async {
        while !contains(&shown, text.as_bytes()) {
            match socket.next().await {
                Some(Ok(Message::Binary(bytes))) => shown.extend_from_slice(&bytes),
                other => panic!("instead of output: {other:?}"),
            }
        }
    };
    let found = timeout(SOON, read).await;
    let shown = String::from_utf8_lossy(&shown).into_owned();
    let tail: String = shown
        .chars()
        .rev()
        .take(2000)
        .collect::<Vec<_>>()
        .iter()
        .rev()
        .collect();
    assert!(found.is_ok(), "no {text:?} in {tail}");
    shown
}

/// Whether the end of `shown` has `text`; what came long before was looked at when it came.
fn contains(shown: &[u8], text: &[u8]) -> bool {
    let recent = &shown[shown.len().saturating_sub(64 * 1024)..];
    recent.windows(text.len()).any(|window| window == text)
}

async fn read_exit(socket: &mut Socket) -> TerminalEvent {
    let read = async {
        loop {
            match socket.next().await.expect("a frame").expect("a frame") {
                Message::Text(json) => return serde_json::from_str(&json).expect("an event"),
                Message::Binary(_) => {}
                other => panic!("instead of an exit: {other:?}"),
            }
        }
    };
    timeout(Duration::from_secs(20) * PATIENCE, read)
        .await
        .expect("in time")
}
