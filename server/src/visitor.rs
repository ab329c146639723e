//! Who asks, in which language, from where: what every page needs to know of a request.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use app::{Frame, Lang, Theme, Words, islands::FRAGMENT_HEADER};
use axum::{
    extract::{FromRef, FromRequestParts, RawPathParams},
    http::{HeaderMap, header, request::Parts, uri::Authority},
};
use axum_extra::extract::CookieJar;
use machine::MachineId;
use store::{Account, ClassId, Role, SignInId, Stamp};
use tower_sessions::{Session, cookie::time::Duration};

use crate::{
    app_state::{Classroom, scratch_machine_here, scratch_machine_of},
    kept::Known,
    proxy::Via,
    trouble::Trouble,
};

/// A session ends when it was not used for this long: a fortnight bridges a holiday week, and a
/// shared school computer is not signed in for a whole term.
pub(crate) const SESSION_IDLE: Duration = Duration::days(14);
/// The session's key for the sign-in that it is of.
pub(crate) const SESSION_SIGN_IN: &str = "sign-in";
/// The session's key for when its use was noted (unix milliseconds). It is saved, and so lasts longer,
/// only when this changes.
const SESSION_USED: &str = "used";
/// How old the last note of a sign-in's use must be for another, in milliseconds: an hour is as exact as
/// a list of one's browsers needs, and costs a write an hour instead of one a page.
pub(crate) const NOTE_USE_AFTER_MS: i64 = 3_600_000;
/// The most that is kept of what a browser says it is, in characters: the usual ones say 120.
const AGENT_MAX: usize = 200;
/// The cookie that names the session.
pub(crate) const SESSION_COOKIE: &str = "gyosil";
/// The cookie that keeps the colour theme.
pub(crate) const THEME_COOKIE: &str = "theme";
/// The cookie that keeps the language for addresses without one.
pub(crate) const LANG_COOKIE: &str = "lang";

/// The person, or the program, behind a request.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) lang: Lang,
    pub(crate) account: Option<Account>,
    /// The sign-in by which the account is the visitor's.
    pub(crate) sign_in: Option<SignInId>,
    /// The record as it was when that was found out.
    pub(crate) stamp: Option<Stamp>,
    /// What the browser says it is.
    pub(crate) agent: String,
    /// Came with a session that is no more: signed in once, and too long ago.
    pub(crate) lapsed: bool,
    pub(crate) theme: Theme,
    pub(crate) address: IpAddr,
    /// The path and query asked for.
    pub(crate) here: String,
    /// The scratch machine of a visitor who may see the author's pages.
    pub(crate) scratch: Option<MachineId>,
    /// Asked by our script, which puts a fragment into the page that it has.
    pub(crate) wants_fragment: bool,
}

impl Visitor {
    /// What the page's frame shows of this visitor.
    pub(crate) fn frame(&self, classroom: &Classroom) -> Frame {
        self.frame_with(classroom, None)
    }

    /// The same with the visitor's progress in it.
    pub(crate) fn frame_with(
        &self,
        classroom: &Classroom,
        progress: Option<(usize, usize)>,
    ) -> Frame {
        Frame {
            words: Words(self.lang),
            account: self.account.clone(),
            here: self.here.clone(),
            theme: self.theme,
            course_title: classroom.course().title.get(self.lang).clone(),
            writes: self.scratch.is_some(),
            progress,
            site: classroom.site.clone(),
        }
    }

    /// The account, or the way to sign in and back to this page.
    pub(crate) fn signed_in(&self) -> Result<&Account, Trouble> {
        self.account.as_ref().ok_or_else(|| Trouble::SignIn {
            next: self.here.clone(),
        })
    }
}

impl<S> FromRequestParts<S> for Visitor
where
    S: Send + Sync,
    Classroom: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        if let Some(known) = parts.extensions.get::<Visitor>() {
            return Ok(known.clone());
        }
        let classroom = Classroom::from_ref(state);
        let cookies = CookieJar::from_headers(&parts.headers);
        let address = parts
            .extensions
            .get::<Via>()
            .map_or(IpAddr::from([0, 0, 0, 0]), |via| via.address);
        let known = signed_in(parts, &classroom, address).await;
        let stamp = known.as_ref().map(|(_, known)| known.stamp);
        if let (Some((_, known)), Some(session)) = (&known, cookies.get(SESSION_COOKIE)) {
            classroom.kept.note_session(session.value(), known);
        }
        let (sign_in, account) = known.map(|(id, known)| (id, known.account.clone())).unzip();
        if let Some(account) = &account {
            classroom.presence.seen(account.id);
        }
        let visitor = Visitor {
            lang: lang_of_path(parts.uri.path())
                .unwrap_or_else(|| preferred_lang(&cookies, &parts.headers)),
            lapsed: account.is_none() && cookies.get(SESSION_COOKIE).is_some(),
            scratch: scratch(&classroom, account.as_ref(), &parts.headers),
            account,
            sign_in,
            stamp,
            agent: agent(&parts.headers),
            theme: theme(&cookies),
            address,
            here: parts
                .uri
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            wants_fragment: parts.headers.contains_key(FRAGMENT_HEADER),
        };
        parts.extensions.insert(visitor.clone());
        Ok(visitor)
    }
}

/// Whose session this is, and by which sign-in. A record that does not answer leaves the visitor signed
/// out: the page they asked for is still shown, and the log says why.
async fn signed_in(
    parts: &mut Parts,
    classroom: &Classroom,
    address: IpAddr,
) -> Option<(SignInId, Arc<Known>)> {
    let session = parts.extensions.get::<Session>()?.clone();
    let sign_in = match session.get::<SignInId>(SESSION_SIGN_IN).await {
        Ok(sign_in) => sign_in?,
        Err(error) => {
            tracing::error!(%error, "a session could not be read: {error}");
            return None;
        }
    };
    match classroom.kept.signed_in(&*classroom.store, &sign_in).await {
        Ok(found) => {
            let known = found?;
            if store::now_ms() - known.used_ms > NOTE_USE_AFTER_MS {
                note_use(&session, classroom, &sign_in, address).await;
            }
            Some((sign_in, known))
        }
        Err(error) => {
            tracing::error!(%error, "a sign-in could not be read: {error}");
            None
        }
    }
}

/// The colour theme that was chosen in this browser.
pub(crate) fn theme(cookies: &CookieJar) -> Theme {
    let chosen = cookies.get(THEME_COOKIE);
    chosen
        .map(|cookie| Theme::from_word(cookie.value()))
        .unwrap_or_default()
}

/// What the browser says it is, as far as it is kept.
fn agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or("");
    agent.chars().take(AGENT_MAX).collect()
}

/// Who may see the author's pages: instructors, and in a classroom opened with `--author` whoever asks
/// for this computer by its own name: a page from elsewhere may have a name made for it that leads
/// here, and is not to read scripts or to run them.
pub(crate) fn scratch(
    classroom: &Classroom,
    account: Option<&Account>,
    headers: &HeaderMap,
) -> Option<MachineId> {
    if classroom.for_author && is_for_this_computer(headers) {
        return Some(scratch_machine_here());
    }
    account
        .filter(|account| account.role != Role::Student)
        .map(scratch_machine_of)
}

fn is_for_this_computer(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    host.is_some_and(|host| {
        let name = host.host().trim_matches(['[', ']']);
        name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    })
}

/// Keeps a session that is used from ending, and its sign-in from being forgotten.
async fn note_use(session: &Session, classroom: &Classroom, sign_in: &SignInId, address: IpAddr) {
    let address = address.to_string();
    if let Err(error) = classroom.store.note_use(sign_in, &address).await {
        tracing::warn!(%error, "a sign-in's use could not be noted: {error}");
    }
    if let Err(error) = session.insert(SESSION_USED, store::now_ms()).await {
        tracing::warn!(%error, "a session's use could not be noted: {error}");
    }
}

/// The language that a path names, as in `/ko/…`.
pub(crate) fn lang_of_path(path: &str) -> Option<Lang> {
    path.split('/').nth(1)?.parse().ok()
}

/// The language for an address that names none: the one chosen before, else the browser's first
/// that we speak, else Korean.
pub(crate) fn preferred_lang(cookies: &CookieJar, headers: &HeaderMap) -> Lang {
    if let Some(chosen) = cookies
        .get(LANG_COOKIE)
        .and_then(|c| c.value().parse().ok())
    {
        return chosen;
    }
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    accepted
        .split(',')
        .filter_map(|entry| entry.split([';', '-']).next()?.trim().parse().ok())
        .next()
        .unwrap_or(Lang::Ko)
}

/// Who somebody must be to be let in: made of a request by its own rule and by nothing else, so that a
/// handler that takes one cannot be reached by anybody else.
trait Standing: Sized {
    /// # Errors
    /// The visitor is somebody else.
    async fn of(
        visitor: Visitor,
        path: RawPathParams,
        classroom: &Classroom,
    ) -> Result<Self, Trouble>;
}

/// The one way from a request to any of them.
async fn admit<S, T>(parts: &mut Parts, state: &S) -> Result<T, Trouble>
where
    S: Send + Sync,
    T: Standing,
    Classroom: FromRef<S>,
{
    let Ok(visitor) = Visitor::from_request_parts(parts, state).await;
    let path = RawPathParams::from_request_parts(parts, state).await;
    // An address that is no text leads nowhere.
    let path = path.map_err(|_| Trouble::NotFound)?;
    T::of(visitor, path, &Classroom::from_ref(state)).await
}

/// Lets handlers take what [`admit`] makes: axum does not allow this for all `T: Standing` at once.
macro_rules! handlers_take {
    ($($who:ty),*) => {$(
        impl<S> FromRequestParts<S> for $who
        where
            S: Send + Sync,
            Classroom: FromRef<S>,
        {
            type Rejection = Trouble;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Trouble> {
                admit(parts, state).await
            }
        }
    )*};
}

handlers_take!(Member, Student, Author, Instructor, Admin, Teacher);

/// A signed-in account, whatever its role.
pub(crate) struct Member(pub(crate) Account);

impl Standing for Member {
    async fn of(visitor: Visitor, _: RawPathParams, _: &Classroom) -> Result<Self, Trouble> {
        visitor.signed_in().cloned().map(Self)
    }
}

/// A signed-in student.
pub(crate) struct Student(pub(crate) Account);

impl Standing for Student {
    async fn of(visitor: Visitor, _: RawPathParams, _: &Classroom) -> Result<Self, Trouble> {
        let account = visitor.signed_in()?;
        match account.role {
            Role::Student => Ok(Self(account.clone())),
            Role::Instructor | Role::Admin => Err(Trouble::Forbidden),
        }
    }
}

/// Somebody who may see the author's pages.
pub(crate) struct Author {
    /// Where exercises are tried.
    pub(crate) machine: MachineId,
}

impl Standing for Author {
    async fn of(visitor: Visitor, _: RawPathParams, _: &Classroom) -> Result<Self, Trouble> {
        match visitor.scratch {
            Some(machine) => Ok(Self { machine }),
            None => Err(visitor
                .signed_in()
                .map_or_else(|trouble| trouble, |_| Trouble::Forbidden)),
        }
    }
}

/// A signed-in instructor, or an admin, who is one as well.
pub(crate) struct Instructor(pub(crate) Account);

impl Standing for Instructor {
    async fn of(visitor: Visitor, _: RawPathParams, _: &Classroom) -> Result<Self, Trouble> {
        let account = visitor.signed_in()?;
        match account.role {
            Role::Instructor | Role::Admin => Ok(Self(account.clone())),
            Role::Student => Err(Trouble::Forbidden),
        }
    }
}

/// Somebody who runs the classroom.
pub(crate) struct Admin;

impl Standing for Admin {
    async fn of(visitor: Visitor, _: RawPathParams, _: &Classroom) -> Result<Self, Trouble> {
        match visitor.signed_in()?.role {
            Role::Admin => Ok(Self),
            Role::Student | Role::Instructor => Err(Trouble::Forbidden),
        }
    }
}

/// Somebody who teaches the class that the path names by its `{class}`, or an admin. A class of
/// somebody else is as absent as one that does not exist.
pub(crate) struct Teacher {
    /// The class. What is asked of the store about a class has its number from here.
    pub(crate) class: ClassId,
}

impl Standing for Teacher {
    async fn of(
        visitor: Visitor,
        path: RawPathParams,
        classroom: &Classroom,
    ) -> Result<Self, Trouble> {
        let named = path.iter().find(|(name, _)| *name == "class");
        let class = named.and_then(|(_, number)| number.parse().ok());
        let Instructor(account) = Instructor::of(visitor, path, classroom).await?;
        let class = class.ok_or(Trouble::NotFound)?;
        if !classroom.store.teaches(account.id, class).await? {
            return Err(Trouble::NotFound);
        }
        Ok(Self { class })
    }
}
