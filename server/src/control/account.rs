//! One's own account: password, sign-ins, another class, one's record, and the way out.

use app::pages::{
    self, AccountView, FormTrouble,
    paths::{self, AccountAct},
};
use axum::{
    Form, Json,
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use store::{Account, Attempt, Class, DeleteError, HubToken, JoinError, SignInId};
use tower_sessions::Session;

use super::{
    Page,
    accounts::{good_password, refused, too_many},
};
use crate::{
    app_state::{Classroom, machine_of, scratch_machine_of},
    passwords::PASSWORD_MAX_BYTES,
    trouble::Trouble,
    visitor::{Member, Student, Visitor},
};

#[derive(Deserialize)]
pub(super) struct AccountQuery {
    #[serde(default)]
    code: String,
    #[serde(default)]
    done: String,
}

/// The page.
pub(super) async fn show(
    State(classroom): State<Classroom>,
    Member(account): Member,
    visitor: Visitor,
    Query(query): Query<AccountQuery>,
) -> Result<Page, Trouble> {
    let done = AccountAct::from_word(&query.done);
    let view = AccountView {
        done,
        code: query.code,
        ..view(&classroom, &visitor, account).await?
    };
    Ok(pages::account(visitor.frame(&classroom), view).into())
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    #[serde(rename = "old-password")]
    old: String,
    password: String,
}

/// Takes another password, and ends all other sign-ins.
pub(super) async fn change_password(
    State(classroom): State<Classroom>,
    Member(account): Member,
    visitor: Visitor,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Trouble> {
    let id = account.id;
    let trouble = match good_password(&form.password) {
        Ok(password) => match confirm(&classroom, &visitor, &account, form.old).await? {
            None => {
                let hash = classroom.passwords.hash(password).await?;
                let keep = visitor.sign_in.as_ref();
                classroom.store.set_password(id, &hash, keep).await?;
                tracing::info!(account = %id, "account {id} has another password");
                return Ok(done(&visitor, AccountAct::Password));
            }
            Some(trouble) => trouble,
        },
        Err(trouble) => trouble,
    };
    again(&classroom, &visitor, account, trouble).await
}

#[derive(Deserialize)]
pub(super) struct SignOutForm {
    /// Which; all without.
    sign_in: Option<SignInId>,
}

/// Signs out one browser, or all.
pub(super) async fn sign_out(
    State(classroom): State<Classroom>,
    Member(account): Member,
    visitor: Visitor,
    Form(form): Form<SignOutForm>,
) -> Result<Response, Trouble> {
    match &form.sign_in {
        Some(sign_in) => classroom.store.sign_out(account.id, sign_in).await?,
        None => classroom.store.sign_out_everywhere(account.id).await?,
    }
    if form.sign_in.is_none() || form.sign_in == visitor.sign_in {
        return Ok(Redirect::to(&paths::course(visitor.lang)).into_response());
    }
    Ok(done(&visitor, AccountAct::SignOut))
}

#[derive(Deserialize)]
pub(super) struct JoinForm {
    code: String,
}

/// Joins another class.
pub(super) async fn join(
    State(classroom): State<Classroom>,
    Student(account): Student,
    visitor: Visitor,
    Form(form): Form<JoinForm>,
) -> Result<Response, Trouble> {
    let trouble = match classroom.throttle.allow(None, visitor.address) {
        Err(wait) => too_many(wait),
        Ok(()) => match classroom.store.join_another(&form.code, account.id).await {
            Ok(()) => return Ok(done(&visitor, AccountAct::Join)),
            Err(JoinError::NoSuchCode) => {
                classroom.throttle.failed(None, visitor.address);
                FormTrouble::NoSuchCode
            }
            Err(error) => return Err(error.into()),
        },
    };
    again(&classroom, &visitor, account, trouble).await
}

/// All that is on record of somebody.
#[derive(Serialize)]
struct Export {
    account: Account,
    classes: Vec<Class>,
    attempts: Vec<Attempt>,
    hub: Option<HubExport>,
}

/// What of somebody is on the hub.
#[derive(Serialize)]
struct HubExport {
    name: String,
    tokens: Vec<HubToken>,
}

/// One's own record, as a file.
pub(super) async fn export(
    State(classroom): State<Classroom>,
    Member(account): Member,
) -> Result<Response, Trouble> {
    let hub = match classroom.store.hub_name(account.id).await? {
        Some(name) => Some(HubExport {
            name,
            tokens: classroom.store.hub_tokens(account.id).await?,
        }),
        None => None,
    };
    let export = Export {
        classes: classroom.store.classes_joined(account.id).await?,
        attempts: classroom.store.history(account.id).await?,
        account,
        hub,
    };
    let headers = [
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"gyosil.json\"",
        ),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((headers, Json(export)).into_response())
}

#[derive(Deserialize)]
pub(super) struct DeleteForm {
    #[serde(rename = "own-name")]
    name: String,
    #[serde(rename = "own-password")]
    password: String,
}

/// Deletes the account, its record and its machines.
pub(super) async fn delete(
    State(classroom): State<Classroom>,
    Member(account): Member,
    visitor: Visitor,
    session: Session,
    Form(form): Form<DeleteForm>,
) -> Result<Response, Trouble> {
    let own: Option<store::Name> = account.name.parse().ok();
    if own.is_none() || form.name.parse().ok() != own {
        return again(&classroom, &visitor, account, FormTrouble::NotYourName).await;
    }
    if let Some(trouble) = confirm(&classroom, &visitor, &account, form.password).await? {
        return again(&classroom, &visitor, account, trouble).await;
    }
    let hub_name = classroom.store.hub_name(account.id).await?;
    match classroom.store.delete_account(account.id).await {
        Ok(()) => {}
        Err(DeleteError::Teaches) => {
            return again(&classroom, &visitor, account, FormTrouble::TeachesAlone).await;
        }
        Err(DeleteError::LastAdmin) => {
            return again(&classroom, &visitor, account, FormTrouble::LastAdmin).await;
        }
        Err(error) => return Err(error.into()),
    }
    classroom.hub.publish().await?;
    session.flush().await?;
    let id = account.id;
    tracing::info!(account = %id, "account {id} was deleted by its owner");
    delete_machines(&classroom, &account).await;
    if let Some(name) = hub_name {
        classroom.hub.forget(&name).await;
    }
    Ok(Redirect::to(&paths::course(visitor.lang)).into_response())
}

/// Deletes the machines of an account that is no more. One that machined cannot delete now it does later,
/// when it was not used for long enough (`--keep-disks`).
async fn delete_machines(classroom: &Classroom, account: &Account) {
    for machine in [machine_of(account), scratch_machine_of(account)] {
        match classroom.machines.delete(&machine).await {
            Ok(()) | Err(machine::Error::NoSuchMachine) => {}
            Err(error) => {
                tracing::error!(%machine, %error, "machine {machine} was not deleted: {error}");
            }
        }
    }
}

/// Whether `password` is the account's: if not, why the form comes back.
async fn confirm(
    classroom: &Classroom,
    visitor: &Visitor,
    account: &Account,
    password: String,
) -> Result<Option<FormTrouble>, Trouble> {
    let name: store::Name = account.name.parse()?;
    if let Err(wait) = classroom.throttle.allow(Some(name.key()), visitor.address) {
        return Ok(Some(too_many(wait)));
    }
    let stored = classroom.store.credentials(&name).await?;
    let stored = stored.map(|(_, hash)| hash);
    let right = password.len() <= PASSWORD_MAX_BYTES
        && classroom.passwords.verify(password, stored).await?;
    if !right {
        classroom.throttle.failed(Some(name.key()), visitor.address);
    }
    Ok((!right).then_some(FormTrouble::NotYourPassword))
}

/// The page once more, with why.
async fn again(
    classroom: &Classroom,
    visitor: &Visitor,
    account: Account,
    trouble: FormTrouble,
) -> Result<Response, Trouble> {
    let view = AccountView {
        trouble: Some(trouble),
        ..view(classroom, visitor, account).await?
    };
    let page = pages::account(visitor.frame(classroom), view);
    Ok(refused(&trouble, page))
}

async fn view(
    classroom: &Classroom,
    visitor: &Visitor,
    account: Account,
) -> Result<AccountView, Trouble> {
    let sign_ins = classroom.store.sign_ins(account.id).await?;
    let with_this = |sign_in: store::SignIn| {
        let is_this = visitor.sign_in.as_ref() == Some(&sign_in.id);
        (sign_in, is_this)
    };
    Ok(AccountView {
        sign_ins: sign_ins.into_iter().map(with_this).collect(),
        account,
        code: String::new(),
        done: None,
        trouble: None,
        now_ms: store::now_ms(),
    })
}

fn done(visitor: &Visitor, act: AccountAct) -> Response {
    Redirect::to(&paths::account_done(visitor.lang, act)).into_response()
}
