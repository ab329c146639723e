//! Answers, in the words that Docker Hub has for them.

use std::time::Duration;

use axum::body::Body;
use http::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};

use crate::{ledger::Full, names::Repository, route::Action};

/// The name that Docker Hub's registry has before its token service.
pub(crate) const SERVICE: &str = "registry.docker.io";

/// Where tokens are given.
const REALM: &str = "https://auth.docker.io/token";

/// Who is here.
const WELCOME: &str = "This is the hub of this class: what docker.io is in its machines.\n";

/// What is wrong with a request's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lacking {
    /// It has none: most clients ask so first, to hear where to get one.
    Token,
    /// It is not ours, or not any more.
    ValidToken,
    /// It is not for this.
    Scope,
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, value: &Value) -> Response<Body> {
    let mut answer = Response::new(Body::from(value.to_string()));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    answer.headers_mut().insert(
        "docker-distribution-api-version",
        HeaderValue::from_static("registry/2.0"),
    );
    answer
}

/// An error of the registry's API.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    json(
        status,
        &json!({ "errors": [{ "code": code, "message": message }] }),
    )
}

/// There is no such thing in the registry's API.
pub(crate) fn unknown() -> Response<Body> {
    error(
        StatusCode::NOT_FOUND,
        "UNSUPPORTED",
        "there is nothing here",
    )
}

/// What is there cannot be asked so.
pub(crate) fn unsupported() -> Response<Body> {
    let message = "the operation is unsupported";
    error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message)
}

/// Not without a token for this. What Docker makes of it for a repository: "pull access denied for …,
/// repository does not exist or may require 'docker login'", and for a push "denied: requested access
/// to the resource is denied".
pub(crate) fn unauthorized(
    what: Option<(&Repository, Action)>,
    lacking: Lacking,
) -> Response<Body> {
    let mut challenge = format!(r#"Bearer realm="{REALM}",service="{SERVICE}""#);
    if let Some((repository, action)) = what {
        let actions = match action {
            Action::Pull => "pull",
            Action::Push => "pull,push",
        };
        challenge += &format!(r#",scope="repository:{repository}:{actions}""#);
    }
    challenge += match lacking {
        Lacking::Token => "",
        Lacking::ValidToken => r#",error="invalid_token""#,
        Lacking::Scope => r#",error="insufficient_scope""#,
    };
    // With what it is about, Docker writes the message as well.
    let detail = what.map(|(repository, action)| {
        json!([{
            "Type": "repository",
            "Class": "",
            "Name": repository.to_string(),
            "Action": action.name(),
        }])
    });
    let unauthorized = json!({ "errors": [{
        "code": "UNAUTHORIZED",
        "message": "authentication required",
        "detail": detail,
    }] });
    let mut answer = json(StatusCode::UNAUTHORIZED, &unauthorized);
    // Made of checked names alone.
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    answer
}

/// What is said to whoever looks with a browser or `wget`.
pub(crate) fn welcome() -> Response<Body> {
    Response::new(Body::from(WELCOME))
}

/// Not now: try again.
pub(crate) fn later(message: &str, after: Duration) -> Response<Body> {
    let mut answer = error(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message);
    let headers = answer.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs()));
    answer
}

/// There is no room for what is pushed.
pub(crate) fn full(full: &Full) -> Response<Body> {
    error(StatusCode::FORBIDDEN, "DENIED", &full.to_string())
}

/// Too much at once from one machine.
pub(crate) fn too_many() -> Response<Body> {
    error(
        StatusCode::TOO_MANY_REQUESTS,
        "TOOMANYREQUESTS",
        "this machine asks too much at once",
    )
}
