//! `auth.docker.io`: who may do what, for a few minutes each, as signed tokens
//! (<https://distribution.github.io/distribution/spec/auth/>).

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, header::AUTHORIZATION};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::RngCore;
use serde::{Deserialize, Serialize};

use crate::{
    accounts::{Accounts, hash_of},
    names::Repository,
    route::Action,
    service::Hub,
};

/// How long a token is good, in seconds: for the next layer of a slow pull a client asks anew. Docker
/// takes none for less than a minute.
pub(crate) const GOOD_FOR_S: u64 = 300;

/// The length of the key that signs tokens, in bytes: that of its hash.
const KEY_LENGTH: usize = 32;

/// For how much one token can be asked. `docker push` asks for one repository, and one more for each
/// that it takes layers from.
const SCOPES_MAX: usize = 32;

/// The prefix of the header for a token.
const BEARER: &str = "Bearer ";

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// Until when it is good, in seconds since 1970.
    exp: u64,
    /// Whose it is; nobody's, if they did not log in.
    by: Option<Login>,
    access: Vec<Grant>,
}

/// Who has logged in, and with which access token: once that is revoked, so is what it gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Login {
    name: String,
    hash: String,
}

impl Login {
    /// The account's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    repository: String,
    push: bool,
}

impl Claims {
    /// Whether this may be done. `accounts` are those of this moment.
    pub(crate) fn allow(
        &self,
        repository: &Repository,
        action: Action,
        accounts: &Accounts,
    ) -> bool {
        let name = repository.to_string();
        self.access
            .iter()
            .filter(|grant| grant.repository == name)
            .any(|grant| match action {
                Action::Pull => true,
                Action::Push => grant.push && self.is_known(accounts),
            })
    }

    fn is_known(&self, accounts: &Accounts) -> bool {
        let by = self.by.as_ref();
        by.is_some_and(|by| accounts.has(&by.name, &by.hash))
    }
}

/// What signs tokens.
pub(crate) struct Signer {
    encode: EncodingKey,
    decode: DecodingKey,
}

impl Signer {
    /// The signer whose key is in this file, which is made if it is not there: pulls and pushes under
    /// way outlive the hub's own restart.
    pub(crate) fn open(file: &Path) -> io::Result<Self> {
        let key = match fs::read(file) {
            Ok(key) if key.len() == KEY_LENGTH => key,
            Ok(_) => make_key(file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_key(file)?,
            Err(error) => return Err(error),
        };
        Ok(Self {
            encode: EncodingKey::from_secret(&key),
            decode: DecodingKey::from_secret(&key),
        })
    }

    fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encode)
    }

    /// Reads the token of a request: `None` if it has none, an error if it is not ours or too old.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Option<Result<Claims, NotOurs>> {
        let header = headers.get(AUTHORIZATION)?.to_str().unwrap_or_default();
        let Some(token) = header.strip_prefix(BEARER) else {
            return Some(Err(NotOurs));
        };
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decode, &validation);
        Some(claims.map(|token| token.claims).map_err(|_| NotOurs))
    }
}

/// A token that is not ours, or not any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotOurs;

fn make_key(file: &Path) -> io::Result<Vec<u8>> {
    let mut key = vec![0; KEY_LENGTH];
    rand::rng().fill_bytes(&mut key);
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)?
        .write_all(&key)?;
    Ok(key)
}

/// What a client asks a token for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Its name and access token, if it has any.
    pub(crate) credentials: Option<(String, String)>,
    scopes: Vec<(Repository, bool)>,
}

impl Asked {
    /// Reads a query, or a form, and the header for a name and password. `None` if it is no request
    /// for a token.
    pub(crate) fn read(fields: &str, headers: &HeaderMap) -> Option<Self> {
        let fields: Vec<(String, String)> = serde_urlencoded::from_str(fields).ok()?;
        let field = |wanted: &str| {
            let found = fields.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone())
        };
        let scopes = fields.iter().filter(|(name, _)| name == "scope");
        let scopes = scopes
            .flat_map(|(_, value)| value.split(' '))
            .take(SCOPES_MAX)
            .filter_map(scope);
        let basic = match headers.get(AUTHORIZATION) {
            Some(header) => Some(basic(header.to_str().ok()?)?),
            None => None,
        };
        Some(Self {
            credentials: basic.or_else(|| Some((field("username")?, field("password")?))),
            scopes: scopes.collect(),
        })
    }
}

/// Reads `repository:NAME:pull,push`; anything else that one may ask for nobody has.
fn scope(text: &str) -> Option<(Repository, bool)> {
    let (name, actions) = text.strip_prefix("repository:")?.rsplit_once(':')?;
    Some((
        Repository::read(name)?,
        actions
            .split(',')
            .any(|action| action == Action::Push.name()),
    ))
}

fn basic(header: &str) -> Option<(String, String)> {
    let decoded = BASE64_STANDARD
        .decode(header.strip_prefix("Basic ")?)
        .ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// A name that is not known, or a token that is not its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrongCredentials;

/// Gives what was asked for as far as it is allowed: everybody pulls what is there or may be fetched,
/// and pushes under their own name.
pub(crate) async fn give(asked: Asked, hub: &Hub) -> Result<String, WrongCredentials> {
    let by = match asked.credentials {
        Some((name, token)) => {
            let hash = hash_of(&token);
            if !hub.accounts.has(&name, &hash) {
                return Err(WrongCredentials);
            }
            Some(Login { name, hash })
        }
        None => None,
    };
    let mut access = Vec::new();
    for (repository, push) in asked.scopes {
        let is_own = by
            .as_ref()
            .is_some_and(|by| by.name() == repository.namespace());
        let is_there = hub.fetcher(&repository).is_some() || hub.storage.has(&repository).await;
        if is_own || is_there {
            let push = push && is_own;
            let repository = repository.to_string();
            access.push(Grant { repository, push });
        }
    }
    let exp = now() + GOOD_FOR_S;
    // What is signed is ours, and text.
    hub.signer
        .sign(&Claims { exp, by, access })
        .map_err(|_| WrongCredentials)
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}
