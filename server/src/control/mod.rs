//! What the classroom answers to, by what visitors name.

mod account;
mod accounts;
mod announcements;
mod assignments;
mod at_once;
mod author;
mod class_live;
mod class_record;
mod classes;
mod course;
mod exercises;
mod exports;
mod files;
mod glossary;
mod hub;
mod instructors;
mod lessons;
mod live;
mod machine;
mod me;
mod questions;
mod quizzes;
mod review;
mod roster;
mod settings;
mod streams;
mod terminal;

use std::{net::IpAddr, path::Path, sync::Arc, time::Duration};

pub(crate) use accounts::{bad_name, good_password};
use app::Rendered;
use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use tower_http::{timeout::TimeoutLayer, trace::TraceLayer};
use tower_sessions::{SessionManagerLayer, SessionStore};

pub(crate) use self::at_once::AtOnce;
use crate::{
    app_state::Classroom,
    proxy::{self, Via},
    trouble, visitor,
};

/// The largest form that is read, in bytes: the longest answer with room to spare.
const FORM_MAX: usize = 64 * 1024;
/// What browsers are told that came over TLS: a year of nothing else, as long as is usual. Nothing is said of
/// subdomains, which may be somebody else's.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// How long a page or a form's answer may take: a check has 10 s and may wait for one before it.
const ANSWER_WITHIN: Duration = Duration::from_secs(45);

/// All routes, with what they have in common around them, behind the pages that are kept.
pub(crate) fn routes<S: SessionStore + Clone>(
    classroom: Classroom,
    sessions: SessionManagerLayer<S>,
    proxies: Arc<[IpAddr]>,
    site: &Path,
) -> AtOnce {
    let pages = Router::new()
        .route("/{lang}", get(course::with_slash))
        .route("/{lang}/", get(course::show))
        .route("/{lang}/glossary", get(glossary::show))
        .route("/{lang}/me", get(me::show))
        .route("/{lang}/review", get(review::show))
        .route("/{lang}/review/{unit}/{lesson}/{item}", post(review::act))
        .route("/{lang}/lessons/{unit}/{lesson}", get(lessons::show))
        .route(
            "/{lang}/lessons/{unit}/{lesson}/questions/{item}",
            post(questions::answer),
        )
        .route(
            "/{lang}/lessons/{unit}/{lesson}/exercises/{item}",
            post(exercises::submit),
        )
        .route(
            "/{lang}/lessons/{unit}/{lesson}/exercises/{item}/at",
            post(exercises::is_at),
        )
        .route(
            "/{lang}/lessons/{unit}/{lesson}/exercises/{item}/hints/{count}",
            post(exercises::hints_opened),
        )
        .route(
            "/{lang}/quizzes/{unit}",
            get(quizzes::of_unit).post(quizzes::hand_in_of_unit),
        )
        .route(
            "/{lang}/quizzes/{unit}/{sitting}",
            get(quizzes::result_of_unit),
        )
        .route(
            "/{lang}/placement",
            get(quizzes::placement).post(quizzes::hand_in_placement),
        )
        .route(
            "/{lang}/placement/{sitting}",
            get(quizzes::placement_result),
        )
        .route("/{lang}/machine/{act}", post(machine::act))
        .route(
            "/{lang}/sign-in",
            get(accounts::sign_in_form).post(accounts::sign_in),
        )
        .route("/{lang}/sign-out", post(accounts::sign_out))
        .route(
            "/{lang}/join",
            get(accounts::join_form).post(accounts::join),
        )
        .route(
            "/{lang}/setup/{token}",
            get(accounts::setup_form).post(accounts::setup),
        )
        .route("/{lang}/account", get(account::show))
        .route("/{lang}/account/password", post(account::change_password))
        .route("/{lang}/account/sign-out", post(account::sign_out))
        .route("/{lang}/account/join", post(account::join))
        .route("/{lang}/account/export.json", get(account::export))
        .route("/{lang}/account/delete", post(account::delete))
        .route("/{lang}/hub", get(hub::show))
        .route("/{lang}/hub/images/{namespace}/{image}", get(hub::image))
        .route(
            "/{lang}/hub/images/{namespace}/{image}/remove",
            post(hub::remove),
        )
        .route("/{lang}/hub/tokens", post(hub::make_token))
        .route("/{lang}/hub/tokens/revoke", post(hub::revoke_token))
        .route("/{lang}/theme", post(settings::theme))
        .route("/{lang}/classes", get(classes::list).post(classes::create))
        .route("/{lang}/classes/{class}", get(classes::show))
        .route(
            "/{lang}/classes/{class}/students/{id}",
            get(class_record::student),
        )
        .route(
            "/{lang}/classes/{class}/mastery",
            get(class_record::mastery),
        )
        .route(
            "/{lang}/classes/{class}/questions",
            get(class_record::questions),
        )
        .route(
            "/{lang}/classes/{class}/assignments",
            get(assignments::show).post(assignments::change),
        )
        .route(
            "/{lang}/classes/{class}/announcements",
            post(announcements::announce),
        )
        .route("/{lang}/announcements/heard", post(announcements::heard))
        .route("/{lang}/classes/{class}/export.csv", get(exports::csv))
        .route("/{lang}/classes/{class}/export.json", get(exports::xapi))
        .route("/{lang}/classes/{class}/roster", get(roster::show))
        .route("/{lang}/classes/{class}/roster/code", post(roster::code))
        .route(
            "/{lang}/classes/{class}/roster/import",
            post(roster::import),
        )
        .route(
            "/{lang}/classes/{class}/roster/password",
            post(roster::password),
        )
        .route(
            "/{lang}/classes/{class}/roster/remove",
            post(roster::remove),
        )
        .route(
            "/{lang}/classes/{class}/roster/teachers",
            post(roster::add_teacher),
        )
        .route(
            "/{lang}/instructors",
            get(instructors::show).post(instructors::create),
        )
        .route("/{lang}/instructors/admin", post(instructors::make_admin))
        .merge(author::pages())
        .layer(middleware::from_fn(known_language))
        .route("/", get(course::front))
        .route("/assets/{unit}/{file}", get(files::asset))
        .route("/healthz", get(|| async { "ok" }))
        .fallback(|| async { trouble::Trouble::NotFound })
        .layer(middleware::from_fn(to_its_end))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            ANSWER_WITHIN,
        ));
    // These two last as long as the page is open.
    let streams = Router::new()
        .route("/{lang}/lessons/{unit}/{lesson}/live", get(live::follow))
        .route("/{lang}/machine/terminal", get(terminal::attach))
        .route("/{lang}/classes/{class}/live", get(class_live::follow))
        .merge(author::streams())
        .layer(middleware::from_fn_with_state(
            classroom.clone(),
            streams::end_with_sign_in,
        ))
        .layer(middleware::from_fn(known_language));
    let routes = pages
        .merge(streams)
        .layer(DefaultBodyLimit::max(FORM_MAX))
        .layer(middleware::from_fn_with_state(
            classroom.clone(),
            trouble::tell,
        ))
        .layer(sessions)
        .layer(middleware::from_fn(same_origin))
        .with_state(classroom.clone())
        .nest_service("/pkg", files::site(&classroom, site))
        .layer(middleware::from_fn(guard_headers))
        .layer(middleware::from_fn_with_state(proxies.clone(), proxy::note))
        .layer(TraceLayer::new_for_http());
    AtOnce {
        classroom,
        proxies,
        routes,
    }
}

/// A page with the policy that fits it.
pub(crate) struct Page(pub(crate) Rendered);

impl From<Rendered> for Page {
    fn from(rendered: Rendered) -> Self {
        Self(rendered)
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let policy = policy(&self.0);
        let mut response = Html(self.0.html).into_response();
        let headers = response.headers_mut();
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        // A page shows somebody's record: not for shared caches, nor for "back" after signing out.
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        );
        response
    }
}

/// Only our own scripts, started by our own markup. xterm.js makes style sheets and style attributes as it
/// draws, which no nonce reaches, hence the exception on pages that hold a terminal.
fn policy(page: &Rendered) -> String {
    let nonce = &page.nonce;
    let styles = if page.terminal {
        "'self' 'unsafe-inline'"
    } else {
        "'self'"
    };
    format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src {styles}; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    )
}

/// A piece of a page, for our own script.
pub(crate) fn fragment(html: String) -> Response {
    let name = HeaderName::from_static(app::islands::FRAGMENT_HEADER);
    ([(name, HeaderValue::from_static("1"))], Html(html)).into_response()
}

/// Refuses what another site makes a visitor's browser send. Browsers send `Origin` with every POST
/// and every WebSocket; what sends none is no browser and carries nobody's cookies.
async fn same_origin(Extension(via): Extension<Via>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let socket = headers.contains_key(header::UPGRADE);
    if safe && !socket {
        return next.run(request).await;
    }
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    let origin = headers
        .get(header::ORIGIN)
        .and_then(|value| value.to_str().ok());
    let ours = match origin {
        Some(origin) => {
            host.is_some_and(|host| origin.split_once("://") == Some((via.scheme(), host)))
        }
        None => !socket,
    };
    if ours {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

/// What changes something is done to its end, though the visitor, or the time that an answer may take, has
/// gone: nothing is changed by half, and what is kept of the record is told of every change.
async fn to_its_end(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => trouble::Trouble::from(error).into_response(),
    }
}

/// Pages are there in our languages only.
async fn known_language(request: Request, next: Next) -> Response {
    match visitor::lang_of_path(request.uri().path()) {
        Some(_) => next.run(request).await,
        None => trouble::Trouble::NotFound.into_response(),
    }
}

/// What every answer carries, pages and files alike.
async fn guard_headers(Extension(via): Extension<Via>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    guard(response.headers_mut(), via);
    response
}

fn guard(headers: &mut HeaderMap, via: Via) {
    if via.secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}
