//! The client of the hub's other door.

use std::{io, path::Path, path::PathBuf, sync::Arc, time::Duration};

use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::{net::UnixStream, time::timeout};

use crate::{Image, Inspection, Share, names};

/// How long an answer may take: a look through all images, on a busy disk.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The longest answer that is read, in bytes: the list of a class with all the tags that it may have.
const ANSWER_MAX: usize = 16 << 20;

/// Why the hub did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no such image.
    #[error("there is no such image on the hub")]
    NoSuchImage,
    /// It does not run, or did not answer in time.
    #[error("the hub cannot be reached: {0}")]
    Away(#[source] io::Error),
    /// It said something that this client does not understand, or broke off.
    #[error("the hub gave an unexpected answer: {0}")]
    Protocol(String),
}

/// The hub, as the web process sees it. Cheap to clone; holds no connection.
#[derive(Clone, Debug)]
pub struct Client {
    socket: Arc<PathBuf>,
}

impl Client {
    /// Where the hub of a classroom listens.
    pub(crate) fn socket(data: &Path) -> PathBuf {
        data.join("run/hub/hub.sock")
    }

    /// A client of the hub of the classroom with this data folder.
    pub fn new(data: &Path) -> Self {
        Self {
            socket: Arc::new(Self::socket(data)),
        }
    }

    /// All images, by name.
    ///
    /// # Errors
    /// See [`ClientError`]; likewise for all others.
    pub async fn images(&self) -> Result<Vec<Image>, ClientError> {
        self.ask(Method::GET, "/v1/images").await
    }

    /// The image of this name, `namespace/name`.
    ///
    /// # Errors
    /// [`ClientError::NoSuchImage`], also when it is no name.
    pub async fn image(&self, name: &str) -> Result<Image, ClientError> {
        self.ask(Method::GET, &format!("/v1/images/{}", checked(name)?))
            .await
    }

    /// What a tag of an image stands for.
    ///
    /// # Errors
    /// [`ClientError::NoSuchImage`], also when they are no names.
    pub async fn inspect(&self, name: &str, tag: &str) -> Result<Inspection, ClientError> {
        self.ask(Method::GET, &tag_path(name, tag)?).await
    }

    /// Removes a tag of an image. What nothing else leads to goes when nobody is pushing.
    ///
    /// # Errors
    /// [`ClientError::NoSuchImage`], also when they are no names.
    pub async fn remove(&self, name: &str, tag: &str) -> Result<(), ClientError> {
        self.ask(Method::DELETE, &tag_path(name, tag)?).await
    }

    /// How much of the hub an account has.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn share(&self, account: &str) -> Result<Share, ClientError> {
        self.ask(Method::GET, &account_path(account)?).await
    }

    /// Removes all images of an account.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn remove_account(&self, account: &str) -> Result<(), ClientError> {
        self.ask(Method::DELETE, &account_path(account)?).await
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, path: &str) -> Result<T, ClientError> {
        match timeout(ANSWER_WITHIN, self.send(method, path)).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::Away(io::ErrorKind::TimedOut.into())),
        }
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
    ) -> Result<T, ClientError> {
        let broke = |error: &dyn std::fmt::Display| ClientError::Protocol(error.to_string());
        let stream = UnixStream::connect(&*self.socket).await;
        let stream = TokioIo::new(stream.map_err(ClientError::Away)?);
        let (mut sender, connection) = http1::handshake(stream).await.map_err(|e| broke(&e))?;
        tokio::spawn(connection);
        let request = Request::builder().method(method).uri(path);
        let request = request.header(http::header::HOST, "hub");
        let request = request.body(Empty::<Bytes>::new()).map_err(|e| broke(&e))?;
        let answer = sender.send_request(request).await.map_err(|e| broke(&e))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(ClientError::NoSuchImage),
            status => return Err(broke(&status)),
        }
        let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
        let body = body.map_err(|e| broke(&e))?.to_bytes();
        serde_json::from_slice(&body).map_err(|e| broke(&e))
    }
}

/// What goes into a path is a name, and nothing else.
fn checked(name: &str) -> Result<names::Repository, ClientError> {
    names::Repository::read(name).ok_or(ClientError::NoSuchImage)
}

fn tag_path(name: &str, tag: &str) -> Result<String, ClientError> {
    if !names::is_tag(tag) {
        return Err(ClientError::NoSuchImage);
    }
    Ok(format!("/v1/images/{}/{tag}", checked(name)?))
}

fn account_path(account: &str) -> Result<String, ClientError> {
    if !names::is_part(account) {
        return Err(ClientError::NoSuchImage);
    }
    Ok(format!("/v1/accounts/{account}"))
}
