//! Somebody's browser: one kept connection, a session, forms and event streams.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The cookie that names a session.
const SESSION: &str = "gyosil=";
/// What our script says to get a piece of a page.
const FRAGMENT: &str = "x-gyosil-fragment";

/// A browser at a classroom's address.
pub(crate) struct Browser {
    address: SocketAddr,
    /// `gyosil=…`, once signed in.
    pub(crate) cookie: Option<String>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self {
            address,
            cookie: None,
            connection: None,
        }
    }

    /// Asks for a page.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer> {
        let request = self.request(Method::GET, path, Bytes::new(), false)?;
        self.send(request).await
    }

    /// Sends a form as a page would.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let body = serde_urlencoded::to_string(fields)?;
        let request = self.request(Method::POST, path, body.into(), false)?;
        self.send(request).await
    }

    /// Sends a form as our script would. Anything but a piece of a page is an error.
    pub(crate) async fn post_live(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<()> {
        let body = serde_urlencoded::to_string(fields)?;
        let request = self.request(Method::POST, path, body.into(), true)?;
        let answer = self.send(request).await?;
        let status = answer.status;
        ensure!(
            matches!(status, 200 | 204),
            "{path} answers {status}: {}",
            answer.body
        );
        Ok(())
    }

    /// Opens an event stream, over a connection of its own that ends with it.
    pub(crate) async fn open(&self, path: &str) -> Result<Incoming> {
        let request = self.request(Method::GET, path, Bytes::new(), false)?;
        let response = connect(self.address).await?.send_request(request).await?;
        let status = response.status();
        ensure!(status.is_success(), "{path} answers {status}");
        Ok(response.into_body())
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        live: bool,
    ) -> Result<Request<Full<Bytes>>> {
        let path = path.split('#').next().unwrap_or(path);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::ORIGIN, format!("http://{}", self.address))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if live {
            request = request.header(FRAGMENT, "1");
        }
        Ok(request.body(Full::new(body))?)
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(self.address).await?,
        };
        connection.ready().await?;
        let response = connection.send_request(request).await?;
        self.take_session(&response);
        let status = response.status().as_u16();
        let location = response.headers().get(header::LOCATION);
        let location = location.and_then(|it| it.to_str().ok()).unwrap_or("");
        let location = location.to_owned();
        let body = response.into_body().collect().await?.to_bytes();
        self.connection = Some(connection);
        let body = String::from_utf8(body.into()).context("a page is no text")?;
        Ok(Answer {
            status,
            location,
            body,
        })
    }

    fn take_session(&mut self, response: &Response<Incoming>) {
        let cookies = response.headers().get_all(header::SET_COOKIE).iter();
        let mut cookies = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let session = cookies.find(|cookie| cookie.starts_with(SESSION));
        self.cookie = session.map(str::to_owned).or(self.cookie.take());
    }
}

impl Answer {
    /// Where a form that was taken leads.
    pub(crate) fn led_to(self) -> Result<String> {
        match self.status {
            303 => Ok(self.location),
            status => bail!("a form was answered with {status}: {}", self.body),
        }
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Its end shows in what was asked over it.
    tokio::spawn(connection);
    Ok(sender)
}
