//! What is said to a whole class, and who has put it away.

use app::{Words, components, pages::paths};
use axum::{
    Extension, Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use serde::Deserialize;
use store::{AccountId, Announcement, AnnouncementId, AnnouncementText, BadAnnouncement, now_ms};
use time::Duration;
use tokio::sync::{broadcast::error::RecvError, mpsc};

use super::{accounts::local_path, fragment};
use crate::{
    app_state::Classroom,
    proxy::Via,
    trouble::Trouble,
    visitor::{Instructor, Member, Teacher, Visitor},
};

/// How long something that was said is shown: what is said in class is for the day.
const SHOWN_FOR: Duration = Duration::DAY;

/// The cookie that keeps what was put away, as `account-announcement`: on a computer that several
/// students use, each has their own.
const HEARD_COOKIE: &str = "heard";

#[derive(Deserialize)]
pub(super) struct Said {
    text: String,
}

/// Says something to a class.
pub(super) async fn announce(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    Instructor(author): Instructor,
    visitor: Visitor,
    Form(said): Form<Said>,
) -> Result<Response, Trouble> {
    let back = paths::class(visitor.lang, teacher.class);
    match said.text.parse::<AnnouncementText>() {
        Ok(text) => {
            let store = &classroom.store;
            store.announce(teacher.class, author.id, &text).await?;
            // Nobody listening is the normal case when no lesson is open.
            let _ = classroom.announced.send(teacher.class);
        }
        // The form asks for a text, and takes no longer one.
        Err(BadAnnouncement::Empty | BadAnnouncement::TooLong) => return Err(Trouble::BadRequest),
    }
    Ok(Redirect::to(&back).into_response())
}

#[derive(Deserialize)]
pub(super) struct Heard {
    last: String,
    next: String,
}

/// Puts away what was said up to one announcement.
pub(super) async fn heard(
    State(classroom): State<Classroom>,
    Extension(via): Extension<Via>,
    Member(account): Member,
    visitor: Visitor,
    jar: CookieJar,
    Form(form): Form<Heard>,
) -> Result<Response, Trouble> {
    let last: AnnouncementId = form.last.parse().map_err(|_| Trouble::BadRequest)?;
    let cookie = Cookie::build((HEARD_COOKIE, format!("{}-{last}", account.id)))
        .path("/")
        .secure(via.secure)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(SHOWN_FOR)
        .build();
    let jar = jar.add(cookie);
    let next = local_path(&form.next);
    if !visitor.wants_fragment {
        return Ok((jar, Redirect::to(next)).into_response());
    }
    let left = unheard(&classroom, account.id, &jar).await?;
    let words = Words(visitor.lang);
    let piece = app::fragment(|| components::announcements(words, &left, next));
    Ok((jar, fragment(piece)).into_response())
}

/// What was said to a student of late and is not put away, the last first.
pub(super) async fn unheard(
    classroom: &Classroom,
    student: AccountId,
    jar: &CookieJar,
) -> Result<Vec<Announcement>, Trouble> {
    let heard = heard_of(student, jar);
    let mut said = recent(classroom, student).await?;
    said.retain(|it| heard.is_none_or(|heard| it.id > heard));
    Ok(said)
}

/// Tells an open page of a student, at `next`, what was said: at once, and again whenever something is,
/// until the page is closed. `heard` is what the student had put away when it was opened.
pub(super) async fn tell(
    classroom: Classroom,
    words: Words,
    (student, heard): (AccountId, Option<AnnouncementId>),
    next: String,
    page: mpsc::Sender<String>,
) {
    let mut announced = classroom.announced.subscribe();
    loop {
        // Trouble is logged where it arises; what is said next tells of this as well.
        if let Ok(mut said) = recent(&classroom, student).await {
            said.retain(|it| heard.is_none_or(|heard| it.id > heard));
            let piece = app::fragment(|| components::announcements(words, &said, &next));
            // A carriage return would end a field of the event stream.
            if page.send(piece.replace('\r', "")).await.is_err() {
                return;
            }
        }
        tokio::select! {
            told = announced.recv() => if told == Err(RecvError::Closed) {
                return;
            },
            () = page.closed() => return,
        }
    }
}

/// The last announcement that a student put away in this browser.
pub(super) fn heard_of(student: AccountId, jar: &CookieJar) -> Option<AnnouncementId> {
    let cookie = jar.get(HEARD_COOKIE)?;
    let (account, last) = cookie.value().split_once('-')?;
    (account == student.to_string()).then(|| last.parse().ok())?
}

/// What was said to a student of late, the last first.
pub(super) async fn recent(
    classroom: &Classroom,
    student: AccountId,
) -> Result<Vec<Announcement>, Trouble> {
    let day = i64::try_from(SHOWN_FOR.whole_milliseconds()).unwrap_or(i64::MAX);
    let since = now_ms().saturating_sub(day);
    Ok(classroom.store.announced_to(student, since).await?)
}
