//! Signing in and out, joining a class, and the first instructor.

use app::pages::{self, FormTrouble, PASSWORD_MIN, paths};
use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use course::Lang;
use serde::Deserialize;
use store::{Account, BadName, JoinError, Name, SetupError};
use tower_sessions::Session;

use super::Page;
use crate::{
    app_state::Classroom,
    passwords::PASSWORD_MAX_BYTES,
    throttle::Wait,
    trouble::Trouble,
    visitor::{SESSION_SIGN_IN, Visitor},
};

/// Where to go afterwards, and why the visitor was sent here.
#[derive(Deserialize)]
pub(super) struct SignInQuery {
    #[serde(default)]
    next: String,
    #[serde(default)]
    lapsed: bool,
}

#[derive(Deserialize)]
pub(super) struct SignInForm {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// The form to sign in.
pub(super) async fn sign_in_form(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Query(query): Query<SignInQuery>,
) -> Response {
    if visitor.account.is_some() {
        return Redirect::to(after(&query.next, visitor.lang)).into_response();
    }
    let trouble = query.lapsed.then_some(FormTrouble::Lapsed);
    let form = pages::SignIn {
        name: String::new(),
        next: query.next,
        trouble,
    };
    Page(pages::sign_in(visitor.frame(&classroom), form)).into_response()
}

/// Signs in, and goes on to where the visitor was.
pub(super) async fn sign_in(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    session: Session,
    Form(form): Form<SignInForm>,
) -> Result<Response, Trouble> {
    let again = |trouble| {
        let form = pages::SignIn {
            name: form.name.clone(),
            next: form.next.clone(),
            trouble: Some(trouble),
        };
        refused(&trouble, pages::sign_in(visitor.frame(&classroom), form))
    };
    let Ok(name) = form.name.parse::<Name>() else {
        return Ok(again(FormTrouble::WrongPassword));
    };
    if let Err(wait) = classroom.throttle.allow(Some(name.key()), visitor.address) {
        return Ok(again(too_many(wait)));
    }
    if form.password.len() > PASSWORD_MAX_BYTES {
        return Ok(again(FormTrouble::WrongPassword));
    }
    let known = classroom.store.credentials(&name).await?;
    let (account, stored) = known.unzip();
    let right = classroom
        .passwords
        .verify(form.password.clone(), stored)
        .await?;
    let Some(account) = account.filter(|_| right) else {
        classroom.throttle.failed(Some(name.key()), visitor.address);
        return Ok(again(FormTrouble::WrongPassword));
    };
    classroom.throttle.succeeded(name.key(), visitor.address);
    begin(&classroom, &visitor, &session, &account).await?;
    Ok(Redirect::to(after(&form.next, visitor.lang)).into_response())
}

/// Ends the session, and the sign-in that it is of.
pub(super) async fn sign_out(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    session: Session,
) -> Result<Redirect, Trouble> {
    if let (Some(account), Some(sign_in)) = (&visitor.account, &visitor.sign_in) {
        classroom.store.sign_out(account.id, sign_in).await?;
    }
    session.flush().await?;
    Ok(Redirect::to(&paths::course(visitor.lang)))
}

#[derive(Deserialize)]
pub(super) struct JoinQuery {
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(super) struct JoinForm {
    code: String,
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// The form to join a class; a link may bring the code.
pub(super) async fn join_form(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Query(query): Query<JoinQuery>,
) -> Response {
    if visitor.account.is_some() {
        return Redirect::to(&paths::account_with_code(visitor.lang, &query.code)).into_response();
    }
    let form = pages::Join {
        code: query.code,
        next: query.next,
        ..Default::default()
    };
    Page(pages::join(visitor.frame(&classroom), form)).into_response()
}

/// Makes a student of the class and signs them in.
pub(super) async fn join(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    session: Session,
    Form(form): Form<JoinForm>,
) -> Result<Response, Trouble> {
    let again = |trouble| {
        let form = pages::Join {
            code: form.code.clone(),
            name: form.name.clone(),
            next: form.next.clone(),
            trouble: Some(trouble),
        };
        refused(&trouble, pages::join(visitor.frame(&classroom), form))
    };
    if let Err(wait) = classroom.throttle.allow(None, visitor.address) {
        return Ok(again(too_many(wait)));
    }
    // The code first: nothing is said about names to somebody without one.
    if classroom.store.class_by_code(&form.code).await?.is_none() {
        classroom.throttle.failed(None, visitor.address);
        return Ok(again(FormTrouble::NoSuchCode));
    }
    let (name, password) = match name_and_password(&form.name, &form.password) {
        Ok(both) => both,
        Err(trouble) => return Ok(again(trouble)),
    };
    let hash = classroom.passwords.hash(password).await?;
    match classroom.store.join(&form.code, &name, &hash).await {
        Ok(account) => {
            classroom.roster.has_grown();
            begin(&classroom, &visitor, &session, &account).await?;
            Ok(Redirect::to(after(&form.next, visitor.lang)).into_response())
        }
        Err(JoinError::NoSuchCode) => Ok(again(FormTrouble::NoSuchCode)),
        Err(JoinError::NameTaken) => Ok(again(FormTrouble::NameTaken)),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
pub(super) struct SetupForm {
    name: String,
    password: String,
}

/// The form behind the one-time link.
pub(super) async fn setup_form(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, token)): Path<(String, String)>,
) -> Result<Page, Trouble> {
    let valid = classroom.store.setup_token_valid(&token).await?;
    let form = pages::Setup {
        valid,
        token,
        ..Default::default()
    };
    Ok(pages::setup(visitor.frame(&classroom), form).into())
}

/// Makes the first instructor and signs them in.
pub(super) async fn setup(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    session: Session,
    Path((_, token)): Path<(String, String)>,
    Form(form): Form<SetupForm>,
) -> Result<Response, Trouble> {
    let again = |valid, trouble| {
        let form = pages::Setup {
            valid,
            token: token.clone(),
            name: form.name.clone(),
            trouble,
        };
        let page = pages::setup(visitor.frame(&classroom), form);
        (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response()
    };
    if let Err(wait) = classroom.throttle.allow(None, visitor.address) {
        return Ok(again(true, Some(too_many(wait))));
    }
    if !classroom.store.setup_token_valid(&token).await? {
        classroom.throttle.failed(None, visitor.address);
        return Ok(again(false, None));
    }
    let (name, password) = match name_and_password(&form.name, &form.password) {
        Ok(both) => both,
        Err(trouble) => return Ok(again(true, Some(trouble))),
    };
    let hash = classroom.passwords.hash(password).await?;
    match classroom
        .store
        .create_first_instructor(&token, &name, &hash)
        .await
    {
        Ok(account) => {
            begin(&classroom, &visitor, &session, &account).await?;
            Ok(Redirect::to(&paths::classes(visitor.lang)).into_response())
        }
        Err(SetupError::BadToken) => Ok(again(false, None)),
        Err(SetupError::NameTaken) => Ok(again(true, Some(FormTrouble::NameTaken))),
        Err(error) => Err(error.into()),
    }
}

/// Starts a session of its own for this account: a new id, so that one planted before is worth nothing.
async fn begin(
    classroom: &Classroom,
    visitor: &Visitor,
    session: &Session,
    account: &Account,
) -> Result<(), Trouble> {
    // Who signs in where they are signed in already leaves no sign-in behind.
    if let (Some(account), Some(sign_in)) = (&visitor.account, &visitor.sign_in) {
        classroom.store.sign_out(account.id, sign_in).await?;
    }
    session.cycle_id().await?;
    let address = visitor.address.to_string();
    let sign_in = classroom
        .store
        .sign_in(account.id, &visitor.agent, &address)
        .await?;
    session.insert(SESSION_SIGN_IN, sign_in).await?;
    tracing::info!(account = %account.id, "account {} signed in", account.id);
    Ok(())
}

pub(super) fn name_and_password(name: &str, password: &str) -> Result<(Name, String), FormTrouble> {
    let name = name.parse().map_err(bad_name)?;
    Ok((name, good_password(password)?))
}

/// What a form says of a name that will not do.
pub(crate) fn bad_name(error: BadName) -> FormTrouble {
    match error {
        BadName::TooLong => FormTrouble::NameTooLong,
        BadName::Empty | BadName::Invisible => FormTrouble::NameEmpty,
    }
}

/// A password that will do.
pub(crate) fn good_password(password: &str) -> Result<String, FormTrouble> {
    if password.chars().count() < PASSWORD_MIN {
        return Err(FormTrouble::PasswordShort);
    }
    if password.len() > PASSWORD_MAX_BYTES {
        return Err(FormTrouble::PasswordLong);
    }
    Ok(password.to_owned())
}

pub(super) fn too_many(wait: Wait) -> FormTrouble {
    FormTrouble::TooMany {
        minutes: wait.0.as_secs().div_ceil(60),
    }
}

pub(super) fn refused(trouble: &FormTrouble, page: app::Rendered) -> Response {
    let status = match trouble {
        FormTrouble::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        FormTrouble::WrongPassword | FormTrouble::NotYourPassword => StatusCode::UNAUTHORIZED,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    (status, Page(page)).into_response()
}

/// Where to go after signing in: back, or to the course.
fn after(next: &str, lang: Lang) -> &str {
    match local_path(next) {
        "/" => match lang {
            Lang::Ko => "/ko/",
            Lang::En => "/en/",
        },
        path => path,
    }
}

/// `next` if it is a path on this server, else `/`: nobody is sent elsewhere by a link to us.
pub(super) fn local_path(next: &str) -> &str {
    let local = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(|c: char| c.is_control() || c == '\\');
    if local { next } else { "/" }
}
