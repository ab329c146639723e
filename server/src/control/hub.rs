//! The class's hub: what is there, a name on it, and tokens to log in with.

use app::pages::{self, FormTrouble, HubImageView, HubView, paths};
use axum::{
    Form,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use hub::{Client, ClientError, Image, Inspection, Tag};
use rand::RngCore;
use serde::Deserialize;
use store::{Account, HubTokenError, HubTokenId, Role};

use super::{Page, accounts::refused};
use crate::{
    app_state::Classroom,
    trouble::Trouble,
    visitor::{Member, Visitor},
};

/// What tells a token of ours from other secrets, to people and to programs that look for leaks.
const TOKEN_PREFIX: &str = "gyh_";

/// How much of a token is random, in bytes: nobody guesses 160 bits.
const TOKEN_LENGTH: usize = 20;

/// The page.
pub(super) async fn show(
    State(classroom): State<Classroom>,
    Member(account): Member,
    visitor: Visitor,
) -> Result<Page, Trouble> {
    let view = view(&classroom, &account).await?;
    Ok(pages::hub(visitor.frame(&classroom), view).into())
}

#[derive(Deserialize)]
pub(super) struct TokenForm {
    /// The name to take, with the first token.
    #[serde(rename = "hub-name", default)]
    name: String,
}

/// Makes a token, which is shown once: hence a page, and not the way to one.
pub(super) async fn make_token(
    State(classroom): State<Classroom>,
    Member(account): Member,
    visitor: Visitor,
    Form(form): Form<TokenForm>,
) -> Result<Response, Trouble> {
    let mut bytes = [0u8; TOKEN_LENGTH];
    rand::rng().fill_bytes(&mut bytes);
    let token = format!("{TOKEN_PREFIX}{}", hex::encode(bytes));
    let name = form.name.trim();
    let known = classroom.store.hub_name(account.id).await?;
    if known.is_none()
        && let Some(trouble) = unfit(&classroom, name).await
    {
        return again(&classroom, &visitor, &account, name, trouble).await;
    }
    let hash = hub::hash_of(&token);
    let added = classroom.store.add_hub_token(account.id, name, &hash);
    let trouble = match added.await {
        Ok(_) => {
            classroom.hub.publish().await?;
            tracing::info!(account = %account.id, "account {} has a new token for the hub", account.id);
            let view = HubView {
                given: Some(token),
                ..view(&classroom, &account).await?
            };
            return Ok(Page(pages::hub(visitor.frame(&classroom), view)).into_response());
        }
        Err(HubTokenError::NameTaken) => FormTrouble::HubNameTaken,
        Err(HubTokenError::TooMany) => FormTrouble::HubTokensFull,
        Err(error) => return Err(error.into()),
    };
    again(&classroom, &visitor, &account, name, trouble).await
}

#[derive(Deserialize)]
pub(super) struct RevokeForm {
    token: HubTokenId,
}

/// Revokes one of the visitor's tokens.
pub(super) async fn revoke_token(
    State(classroom): State<Classroom>,
    Member(account): Member,
    visitor: Visitor,
    Form(form): Form<RevokeForm>,
) -> Result<Redirect, Trouble> {
    let store = &classroom.store;
    store.revoke_hub_token(account.id, form.token).await?;
    classroom.hub.publish().await?;
    Ok(Redirect::to(&paths::hub(visitor.lang)))
}

/// Why this cannot be a new account's name on the hub. A name that images have already is of somebody
/// who is gone.
async fn unfit(classroom: &Classroom, name: &str) -> Option<FormTrouble> {
    if !hub::is_account_name(name) {
        return Some(FormTrouble::HubNameBad);
    }
    let is_taken = classroom.hub.has_images_of(name).await;
    is_taken.then_some(FormTrouble::HubNameTaken)
}

#[derive(Deserialize)]
pub(super) struct WhichTag {
    tag: Option<String>,
}

/// The page of an image.
pub(super) async fn image(
    State(classroom): State<Classroom>,
    Member(account): Member,
    visitor: Visitor,
    Path((_, namespace, image)): Path<(String, String, String)>,
    Query(which): Query<WhichTag>,
) -> Result<Response, Trouble> {
    let name = format!("{namespace}/{image}");
    let (image, tag, inspection) = match look(&classroom.hub.images, &name, which.tag).await {
        Ok(found) => found,
        Err(error) => return otherwise(&visitor, error),
    };
    let view = HubImageView {
        image,
        tag,
        inspection,
        may_remove: may_remove(&classroom, &account, &namespace).await?,
        now_ms: store::now_ms(),
    };
    Ok(Page(pages::hub_image(visitor.frame(&classroom), view)).into_response())
}

/// An image with the tag that is wanted, or `latest`, or any.
async fn look(
    hub: &Client,
    name: &str,
    wanted: Option<String>,
) -> Result<(Image, Tag, Inspection), ClientError> {
    let image = hub.image(name).await?;
    let mut tags = image.tags.iter();
    let tag = match wanted {
        Some(wanted) => tags.find(|tag| tag.name == wanted),
        None => tags.find(|tag| tag.name == "latest").or(image.tags.first()),
    };
    let tag = tag.cloned().ok_or(ClientError::NoSuchImage)?;
    let inspection = hub.inspect(name, &tag.name).await?;
    Ok((image, tag, inspection))
}

#[derive(Deserialize)]
pub(super) struct RemoveForm {
    #[serde(default)]
    tag: String,
}

/// Removes a tag of an image: a student's own, or an instructor's whichever.
pub(super) async fn remove(
    State(classroom): State<Classroom>,
    Member(account): Member,
    visitor: Visitor,
    Path((_, namespace, image)): Path<(String, String, String)>,
    Form(form): Form<RemoveForm>,
) -> Result<Response, Trouble> {
    if !may_remove(&classroom, &account, &namespace).await? {
        return Err(Trouble::Forbidden);
    }
    let (name, tag) = (format!("{namespace}/{image}"), form.tag);
    if let Err(error) = classroom.hub.images.remove(&name, &tag).await {
        return otherwise(&visitor, error);
    }
    let id = account.id;
    tracing::info!(account = %id, name, tag, "account {id} removed {name}:{tag} from the hub");
    Ok(Redirect::to(&paths::hub(visitor.lang)).into_response())
}

async fn may_remove(
    classroom: &Classroom,
    account: &Account,
    namespace: &str,
) -> Result<bool, Trouble> {
    if account.role != Role::Student {
        return Ok(true);
    }
    let own = classroom.store.hub_name(account.id).await?;
    Ok(own.as_deref() == Some(namespace))
}

/// There is no such image; or the hub does not answer, as the page of all says.
fn otherwise(visitor: &Visitor, error: ClientError) -> Result<Response, Trouble> {
    match error {
        ClientError::NoSuchImage => Err(Trouble::NotFound),
        ClientError::Away(_) => Ok(Redirect::to(&paths::hub(visitor.lang)).into_response()),
        error => Err(error.into()),
    }
}

/// The page once more, with why.
async fn again(
    classroom: &Classroom,
    visitor: &Visitor,
    account: &Account,
    name: &str,
    trouble: FormTrouble,
) -> Result<Response, Trouble> {
    let view = HubView {
        proposed: name.to_owned(),
        trouble: Some(trouble),
        ..view(classroom, account).await?
    };
    Ok(refused(
        &trouble,
        pages::hub(visitor.frame(classroom), view),
    ))
}

async fn view(classroom: &Classroom, account: &Account) -> Result<HubView, Trouble> {
    let name = classroom.store.hub_name(account.id).await?;
    let share = match &name {
        Some(name) => classroom.hub.images.share(name).await.ok(),
        None => None,
    };
    Ok(HubView {
        images: classroom.hub.images.images().await.ok(),
        share,
        name,
        proposed: proposed(classroom, account).await?,
        tokens: classroom.store.hub_tokens(account.id).await?,
        given: None,
        trouble: None,
        now_ms: store::now_ms(),
    })
}

/// A name to begin with: the account's own, where the hub can take it and nobody has it.
async fn proposed(classroom: &Classroom, account: &Account) -> Result<String, Trouble> {
    let own = account.name.to_lowercase().replace(' ', "-");
    let is_free = hub::is_account_name(&own) && !classroom.store.hub_name_taken(&own).await?;
    Ok(if is_free {
        own
    } else {
        format!("s{}", account.id)
    })
}
