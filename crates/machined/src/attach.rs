//! A terminal on a WebSocket.

use std::sync::Arc;

use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    response::Response,
};
use futures::{SinkExt, StreamExt, stream::SplitSink, stream::SplitStream};
use machine::{TERMINAL_SIDE_MAX, TerminalControl, TerminalEvent};

use crate::{
    error::ApiError,
    life::Machine,
    terminal::{Attached, Next, Writer},
};

/// The longest frame that is taken, in bytes: what somebody pastes at once, in pieces.
const FRAME_MAX: usize = 64 * 1024;

/// How long a frame may take to be sent: a reader that takes none is gone.
const SEND_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);

/// Fails for a size that no terminal has.
pub(crate) fn check_size(cols: u16, rows: u16) -> Result<(), ApiError> {
    let sides = 1..=TERMINAL_SIDE_MAX;
    if sides.contains(&cols) && sides.contains(&rows) {
        return Ok(());
    }
    let message = format!("a terminal has 1 to {TERMINAL_SIDE_MAX} columns and rows");
    Err(ApiError::BadRequest(message))
}

/// Connects a WebSocket with a terminal, beginning with what it wrote last.
pub(crate) fn upgrade(
    upgrade: WebSocketUpgrade,
    machine: Arc<Machine>,
    attached: Attached,
    last: Vec<u8>,
) -> Response {
    upgrade
        .max_message_size(FRAME_MAX)
        .max_frame_size(FRAME_MAX)
        .on_upgrade(async |socket| {
            serve(socket, machine, attached, last).await;
        })
}

async fn serve(socket: WebSocket, machine: Arc<Machine>, attached: Attached, last: Vec<u8>) {
    let (to, from) = socket.split();
    let writer = attached.writer();
    // Reading what is typed must not wait for writing what is shown, nor the other way round.
    tokio::select! {
        () = show(to, attached, last) => {}
        () = take(from, &machine, writer) => {}
    }
}

/// Sends what the shell writes, until it ends or the reader does.
async fn show(mut to: SplitSink<WebSocket, Message>, mut attached: Attached, last: Vec<u8>) {
    let mut next = Next::Output(last.into());
    loop {
        let (message, is_last) = match next {
            Next::Output(output) => (Message::Binary(output), false),
            Next::Exit(code) => match serde_json::to_string(&TerminalEvent::Exit { code }) {
                Ok(json) => (Message::Text(json.into()), true),
                Err(_) => return,
            },
            Next::Lost => {
                let reason = "too slow".into();
                (
                    Message::Close(Some(CloseFrame {
                        code: close_code::AGAIN,
                        reason,
                    })),
                    true,
                )
            }
        };
        let is_empty = matches!(&message, Message::Binary(output) if output.is_empty());
        if !is_empty {
            match tokio::time::timeout(SEND_WITHIN, to.send(message)).await {
                Ok(Ok(())) => {}
                _ => return,
            }
        }
        if is_last {
            let _ = tokio::time::timeout(SEND_WITHIN, to.close()).await;
            return;
        }
        next = attached.next().await;
    }
}

/// Types what comes, until the writer goes or breaks the rules. A key wakes the machine.
async fn take(mut from: SplitStream<WebSocket>, machine: &Arc<Machine>, writer: Writer) {
    while let Some(Ok(message)) = from.next().await {
        let done = match message {
            Message::Binary(typed) => {
                machine.wake().await.is_ok() && writer.write(&typed).await.is_ok()
            }
            Message::Text(json) => match serde_json::from_str(&json) {
                Ok(TerminalControl::Resize { cols, rows }) => {
                    check_size(cols, rows).is_ok() && writer.resize(cols, rows).is_ok()
                }
                Err(_) => false,
            },
            Message::Ping(_) | Message::Pong(_) => true,
            Message::Close(_) => return,
        };
        if !done {
            return;
        }
    }
}
