//! Those who teach here: who runs the classroom makes them.

use app::pages::{self, FormTrouble, Given, InstructorsView, paths};
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{AccountId, Name};

use super::{
    Page,
    accounts::{bad_name, refused},
};
use crate::{
    app_state::Classroom,
    passwords,
    trouble::Trouble,
    visitor::{Admin, Visitor},
};

/// The page.
pub(super) async fn show(
    State(classroom): State<Classroom>,
    _: Admin,
    visitor: Visitor,
) -> Result<Page, Trouble> {
    let view = view(&classroom).await?;
    Ok(pages::instructors(visitor.frame(&classroom), view).into())
}

#[derive(Deserialize)]
pub(super) struct NewInstructor {
    name: String,
}

/// Makes an instructor, with a password that is shown once.
pub(super) async fn create(
    State(classroom): State<Classroom>,
    _: Admin,
    visitor: Visitor,
    Form(form): Form<NewInstructor>,
) -> Result<Response, Trouble> {
    let trouble = match form.name.parse::<Name>() {
        Err(error) => bad_name(error),
        Ok(name) => {
            let password = passwords::given();
            let hash = classroom.passwords.hash(password.clone()).await?;
            match classroom.store.create_instructor(&name, &hash).await? {
                Some(account) => {
                    let id = account.id;
                    tracing::info!(account = %id, "account {id} was made for an instructor");
                    let name = account.name;
                    let view = InstructorsView {
                        given: Some(Given { name, password }),
                        ..view(&classroom).await?
                    };
                    let page = pages::instructors(visitor.frame(&classroom), view);
                    return Ok(Page(page).into_response());
                }
                None => FormTrouble::NameTaken,
            }
        }
    };
    let view = InstructorsView {
        name: form.name,
        trouble: Some(trouble),
        ..view(&classroom).await?
    };
    let page = pages::instructors(visitor.frame(&classroom), view);
    Ok(refused(&trouble, page))
}

#[derive(Deserialize)]
pub(super) struct Who {
    account: AccountId,
}

/// Makes an instructor an admin.
pub(super) async fn make_admin(
    State(classroom): State<Classroom>,
    _: Admin,
    visitor: Visitor,
    Form(form): Form<Who>,
) -> Result<Redirect, Trouble> {
    let id = form.account;
    classroom.store.make_admin(id).await?;
    tracing::info!(account = %id, "account {id} was made an admin's");
    Ok(Redirect::to(&paths::instructors(visitor.lang)))
}

async fn view(classroom: &Classroom) -> Result<InstructorsView, Trouble> {
    Ok(InstructorsView {
        instructors: classroom.store.instructors().await?,
        given: None,
        name: String::new(),
        trouble: None,
    })
}
