//! What can go wrong on the host, and what the API's callers are told.

use std::{io, time::Duration};

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use machine::{ErrorBody, Problem};

/// Something on the host did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostError {
    /// A kind that somebody outside can act on.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// A call to the system.
    #[error("could not {what}: {source}")]
    Io {
        /// What was to be done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program ended with an error.
    #[error("{program} failed with {status}: {stderr}")]
    Program {
        /// Its name and first argument.
        program: String,
        /// Its exit status.
        status: std::process::ExitStatus,
        /// The last of its standard error.
        stderr: String,
    },
    /// A program did not end.
    #[error("{program} did not end within {limit:?}")]
    Slow {
        /// Its name and first argument.
        program: String,
        /// What it was given.
        limit: Duration,
    },
}

impl HostError {
    /// The kind of this error, for those outside.
    pub(crate) fn problem(&self) -> Problem {
        match self {
            Self::Problem(problem) => *problem,
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Problem::NoSpace
            }
            _ => Problem::Internal,
        }
    }
}

/// Says what was to be done when a call to the system failed.
pub(crate) trait Doing<T> {
    /// `what` goes on after "could not".
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, HostError>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, HostError> {
        self.map_err(|error| HostError::Io {
            what: what(),
            source: error.into(),
        })
    }
}

/// Why a request is not answered with what it asks for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error(transparent)]
    Refused(#[from] Problem),
    #[error("there is no such machine")]
    NoSuchMachine,
    #[error("the machine is not ready")]
    NotReady,
    #[error("too much is under way for this machine")]
    Busy,
    #[error("{0}")]
    BadRequest(String),
    #[error("only {0} may ask")]
    Forbidden(String),
}

impl From<HostError> for ApiError {
    fn from(error: HostError) -> Self {
        tracing::error!(%error, "A request failed on the host");
        Self::Refused(error.problem())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, kind) = match &self {
            Self::Refused(problem) => (status_of(*problem), kind_of(*problem)),
            Self::NoSuchMachine => (StatusCode::NOT_FOUND, "no-such-machine".to_owned()),
            Self::NotReady => (StatusCode::CONFLICT, "not-ready".to_owned()),
            Self::Busy => (StatusCode::TOO_MANY_REQUESTS, "busy".to_owned()),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad-request".to_owned()),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden".to_owned()),
        };
        (
            status,
            Json(ErrorBody {
                error: kind,
                message: self.to_string(),
            }),
        )
            .into_response()
    }
}

fn status_of(problem: Problem) -> StatusCode {
    match problem {
        Problem::NoSpace => StatusCode::INSUFFICIENT_STORAGE,
        Problem::NoImage => StatusCode::SERVICE_UNAVAILABLE,
        Problem::EngineSilent => StatusCode::GATEWAY_TIMEOUT,
        Problem::Ended => StatusCode::CONFLICT,
        Problem::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The problem's name as it is on the wire.
fn kind_of(problem: Problem) -> String {
    match serde_json::to_value(problem) {
        Ok(serde_json::Value::String(kind)) => kind,
        _ => "internal".to_owned(),
    }
}
