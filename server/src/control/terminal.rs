//! The terminal: bytes between a student's browser and their own machine.

use axum::{
    extract::{
        Query, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use futures::{SinkExt, StreamExt};
use machine::{MachineId, TerminalControl};
use serde::Deserialize;
use store::AccountId;
use tokio_tungstenite::tungstenite::Message as Inner;

use super::streams::ended;
use crate::{
    app_state::{Classroom, machine_of},
    trouble::Trouble,
    visitor::{Member, Visitor},
};

/// The largest message from a browser, in bytes: a big paste comes in pieces of this size.
const MESSAGE_MAX: usize = 256 * 1024;
/// The terminal that a lesson's page shows. Two tabs see the same shell.
const NAME: &str = "main";
/// Sent when the machine is not there; the page tries again when it is.
const TRY_AGAIN_LATER: u16 = 1013;

/// The window's size at first.
#[derive(Deserialize)]
pub(super) struct Size {
    cols: u16,
    rows: u16,
}

/// Connects the browser to the shell of the visitor's own machine: whose that is says the session, and
/// nothing in the address can name another.
pub(super) async fn attach(
    State(classroom): State<Classroom>,
    Member(account): Member,
    visitor: Visitor,
    Query(size): Query<Size>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Trouble> {
    let machine = machine_of(&account);
    let student = Some(account.id);
    Ok(open(classroom, &visitor, student, machine, size, upgrade))
}

/// Connects the browser to the shell of this machine, until the visitor's sign-in ends. What is typed is
/// a sign of life of the student whose machine it is.
pub(super) fn open(
    classroom: Classroom,
    visitor: &Visitor,
    student: Option<AccountId>,
    machine: MachineId,
    size: Size,
    upgrade: WebSocketUpgrade,
) -> Response {
    let signed_out = ended(classroom.clone(), visitor.sign_in.clone());
    upgrade
        .max_message_size(MESSAGE_MAX)
        .on_upgrade(async move |browser| {
            tokio::select! {
                () = converse(classroom, student, machine, size, browser) => {}
                // Both sides are dropped, which closes them.
                () = signed_out => {}
            }
        })
}

async fn converse(
    classroom: Classroom,
    student: Option<AccountId>,
    machine: MachineId,
    size: Size,
    mut browser: WebSocket,
) {
    let shell = classroom
        .machines
        .terminal(&machine, NAME, size.cols, size.rows)
        .await;
    let mut shell = match shell {
        Ok(shell) => shell,
        Err(error) => {
            tracing::info!(%machine, %error, "no terminal for {machine}: {error}");
            let frame = CloseFrame {
                code: TRY_AGAIN_LATER,
                reason: "".into(),
            };
            // The browser may have gone already.
            let _ = browser.send(Message::Close(Some(frame))).await;
            return;
        }
    };
    // Each side is awaited before more is read from the other, so neither can flood us.
    loop {
        let passed = tokio::select! {
            typed = browser.recv() => match typed {
                Some(Ok(Message::Binary(bytes))) => {
                    if let Some(student) = student {
                        // When a line goes off is all that is kept of what is typed.
                        if bytes.contains(&b'\r') {
                            classroom.presence.commanded(student);
                        } else {
                            classroom.presence.seen(student);
                        }
                    }
                    shell.send(Inner::Binary(bytes)).await.is_ok()
                }
                Some(Ok(Message::Text(text))) => match control(&text) {
                    Some(control) => shell.send(Inner::Text(control.into())).await.is_ok(),
                    None => false,
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => true,
                Some(Ok(Message::Close(_)) | Err(_)) | None => false,
            },
            shown = shell.next() => match shown {
                Some(Ok(Inner::Binary(bytes))) => {
                    browser.send(Message::Binary(bytes)).await.is_ok()
                }
                Some(Ok(Inner::Text(text))) => {
                    browser.send(Message::Text(text.as_str().into())).await.is_ok()
                }
                Some(Ok(Inner::Ping(_) | Inner::Pong(_) | Inner::Frame(_))) => true,
                Some(Ok(Inner::Close(_)) | Err(_)) | None => false,
            },
        };
        if !passed {
            break;
        }
    }
    // Whichever side is still there learns it; the other is gone.
    let _ = shell.close(None).await;
    let _ = browser.send(Message::Close(None)).await;
}

/// Only what we know goes on to machined.
fn control(text: &str) -> Option<String> {
    let control: TerminalControl = serde_json::from_str(text).ok()?;
    serde_json::to_string(&control).ok()
}
