//! What goes wrong on a request, and how it is told.
//!
//! Which error goes where: off the request path (start-up, commands) `anyhow`; on it, [`Trouble`].
//! A handler's `?` is always right: what the visitor can act on has a variant of its own and words
//! in their language; everything else becomes [`Trouble::Ours`], which is logged here, once, and
//! shown as "our fault, nothing of yours is lost".

use app::pages;
use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use std::sync::Arc;

use crate::{app_state::Classroom, control::Page, visitor::Visitor};

/// Why a request did not get what it asked for.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// There is no such page.
    NotFound,
    /// Signed in, but not for this.
    Forbidden,
    /// Not signed in: `next` is where to go afterwards.
    SignIn { next: String },
    /// A form from another site, or with a wrong shape: not something our pages send.
    BadRequest,
    /// Our fault; already logged.
    Ours,
}

impl<E: Into<anyhow::Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        let error: anyhow::Error = error.into();
        tracing::error!("a request failed by our fault: {error:#}");
        Trouble::Ours
    }
}

impl Trouble {
    fn status(&self) -> StatusCode {
        match self {
            Trouble::NotFound => StatusCode::NOT_FOUND,
            Trouble::Forbidden => StatusCode::FORBIDDEN,
            Trouble::SignIn { .. } => StatusCode::UNAUTHORIZED,
            Trouble::BadRequest => StatusCode::BAD_REQUEST,
            Trouble::Ours => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Trouble {
    /// Only the status; [`tell`] knows the visitor and writes the page.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// The outermost layer: turns a [`Trouble`] into a page in the visitor's language.
pub(crate) async fn tell(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    let Some(trouble) = response.extensions().get::<Arc<Trouble>>() else {
        return response;
    };
    let lang = visitor.lang;
    let kind = match &**trouble {
        Trouble::SignIn { next } if !visitor.wants_fragment => {
            return Redirect::to(&pages::paths::sign_in(lang, next, visitor.lapsed))
                .into_response();
        }
        Trouble::SignIn { .. } => return response,
        Trouble::NotFound => pages::Sorry::NotFound,
        Trouble::Forbidden => pages::Sorry::Forbidden,
        Trouble::BadRequest => pages::Sorry::BadRequest,
        Trouble::Ours => pages::Sorry::Ours,
    };
    (
        trouble.status(),
        Page(pages::sorry(visitor.frame(&classroom), kind)),
    )
        .into_response()
}
