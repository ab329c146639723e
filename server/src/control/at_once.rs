//! Lesson pages that were kept go out before anything else is done.
//!
//! When a class opens a lesson, finding out who asks, through all layers and the session's record, costs
//! more than the page. So the outermost service looks whether all of it is known: the session, which has
//! led to an account before and was used within the hour; the account's stamp; the page. If
//! anything is not, the request goes the way of all others, which makes it known.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::IpAddr,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::Request,
    http::Method,
    response::{IntoResponse, Response},
    routing::future::RouteFuture,
};
use axum_extra::extract::CookieJar;
use futures::future::Either;
use tower_service::Service;

use super::{Page, announcements::heard_of, guard, machine::now_s};
use crate::{
    app_state::Classroom,
    kept::Place,
    proxy,
    visitor::{SESSION_COOKIE, lang_of_path, scratch, theme},
};

/// All that the classroom answers to.
#[derive(Clone)]
pub(crate) struct AtOnce {
    pub(super) classroom: Classroom,
    pub(super) proxies: Arc<[IpAddr]>,
    /// What answers everything that is not kept.
    pub(super) routes: Router,
}

impl Service<Request> for AtOnce {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, RouteFuture<Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.page(&request) {
            Some(page) => Either::Left(ready(Ok(page))),
            None => Either::Right(self.routes.call(request)),
        }
    }
}

impl AtOnce {
    /// The page that is asked for, if all of it is known.
    fn page(&self, request: &Request) -> Option<Response> {
        let (path, headers) = (request.uri().path(), request.headers());
        let is_plain = request.method() == Method::GET && request.uri().query().is_none();
        if !is_plain || lang_of_path(path).is_none() {
            return None;
        }
        let classroom = &self.classroom;
        let jar = CookieJar::from_headers(headers);
        let known = match jar.get(SESSION_COOKIE) {
            Some(session) => Some(classroom.kept.known(&*classroom.store, session.value())?),
            None => None,
        };
        let account = known.as_ref().map(|known| &known.account);
        let place = Place {
            account: account.map(|account| account.id),
            here: path.to_owned(),
            theme: theme(&jar),
            writes: scratch(classroom, account, headers).is_some(),
            heard: account.and_then(|account| heard_of(account.id, &jar)),
        };
        let stamp = known.as_ref().map(|known| known.stamp);
        let course = classroom.course();
        let page = classroom
            .kept
            .page_at_once(&place, stamp, &course, now_s())?;
        let via = proxy::via(&self.proxies, request)?;
        if let Some(account) = account {
            classroom.presence.seen(account.id);
        }
        let mut response = Page(page).into_response();
        guard(response.headers_mut(), via);
        Some(response)
    }
}
