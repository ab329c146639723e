//! What lasts as long as a page is open ends with the sign-in by which it was opened.

use std::{future::pending, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequestParts as _, Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use futures::StreamExt as _;
use store::SignInId;
use tokio::time::sleep;

use crate::{app_state::Classroom, visitor::Visitor};

/// How often an open stream asks whether its sign-in is still there, which is known in memory: whoever
/// was signed out sees nothing new after a moment.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// Ends a stream of events when its visitor's sign-in has ended. A terminal, whose bytes do not pass
/// here, sees to that by itself.
pub(super) async fn end_with_sign_in(
    State(classroom): State<Classroom>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(visitor) = Visitor::from_request_parts(&mut parts, &classroom).await;
    let response = next.run(Request::from_parts(parts, body)).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let ended = Box::pin(ended(classroom, visitor.sign_in));
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(ended)))
}

/// Comes when a sign-in has ended. For whoever needs none it does not.
pub(super) async fn ended(classroom: Classroom, sign_in: Option<SignInId>) {
    let Some(sign_in) = sign_in else {
        return pending().await;
    };
    loop {
        sleep(ASK_EVERY).await;
        match classroom.kept.signed_in(&*classroom.store, &sign_in).await {
            Ok(Some(_)) => {}
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "a sign-in could not be read: {error}");
            }
        }
    }
}
