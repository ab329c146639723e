//! The course's front page.

use app::{
    Words,
    pages::{self, CourseView},
};
use axum::{
    Extension,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;

use super::{Page, announcements::unheard, assignments::due_of, settings::lasting};
use crate::{
    app_state::Classroom,
    proxy::Via,
    trouble::Trouble,
    visitor::{self, LANG_COOKIE, Visitor},
};

/// `/`: the course in the visitor's language, its author's view where that is what is served.
pub(super) async fn front(
    State(classroom): State<Classroom>,
    jar: CookieJar,
    headers: HeaderMap,
) -> Redirect {
    let lang = visitor::preferred_lang(&jar, &headers);
    Redirect::to(&if classroom.for_author {
        pages::paths::author(lang)
    } else {
        pages::paths::course(lang)
    })
}

/// `/ko`, as somebody may type it.
pub(super) async fn with_slash(visitor: Visitor) -> Redirect {
    Redirect::to(&pages::paths::course(visitor.lang))
}

/// Units and lessons, with the visitor's progress. Choosing a language here is remembered.
pub(super) async fn show(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Extension(via): Extension<Via>,
    jar: CookieJar,
) -> Result<Response, Trouble> {
    let course = classroom.course();
    let (view, total) = match &visitor.account {
        Some(account) => {
            let view = CourseView {
                progress: classroom.store.progress(account.id).await?,
                assigned: due_of(&classroom, account.id, Words(visitor.lang)).await?,
                announced: unheard(&classroom, account.id, &jar).await?,
            };
            let total = pages::done_of(&course, &view.progress);
            (view, Some(total))
        }
        None => (CourseView::default(), None),
    };
    let page = pages::course(visitor.frame_with(&classroom, total), course, view);
    let jar = jar.add(lasting(via, LANG_COOKIE, visitor.lang.code()));
    Ok((jar, Page(page)).into_response())
}
