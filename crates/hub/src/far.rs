//! The way out, where the operator allows the internet: a process of its own in the host's network, as
//! the hub's, which machines reach, has none. The hub asks it on a socket (`fetch`) for what Docker
//! Hub, or another registry, has; it can only read there.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, ensure};
use axum::{Router, body::Body, extract::State};
use http::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use reqwest::{Client, Url};
use serde::Deserialize;

use crate::{
    admin, answer,
    names::Repository,
    route::{Route, Target},
};

/// How long a registry that does not answer is waited for: whoever cannot be reached is far too far.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// How long it may be silent then.
const SILENT_FOR: Duration = Duration::from_secs(30);

/// How many repositories' tokens are kept: more than a class fetches from in the minutes that one is
/// good.
const TOKENS_MAX: usize = 1000;

/// The kinds of manifests that Docker knows.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// Where the hub of the classroom with this data folder finds it.
pub(crate) fn socket(data: &Path) -> PathBuf {
    data.join("run/hub/far.sock")
}

/// Answers the hub, for ever.
///
/// # Errors
/// When it cannot begin: `upstream` is no address of a registry, or the socket cannot be made.
pub async fn serve_far(data: &Path, upstream: &str) -> anyhow::Result<()> {
    let far = Far::new(upstream)?;
    let door = admin::listen(&socket(data))?;
    tracing::info!(
        upstream,
        "What the class does not have is fetched from {upstream}"
    );
    let routes = Router::new().fallback(pass).with_state(Arc::new(far));
    Ok(axum::serve(door, routes).await?)
}

async fn pass(State(far): State<Arc<Far>>, request: Request<Body>) -> Response<Body> {
    let reads = request.method() == Method::GET;
    let route = Route::read(request.uri()).ok().filter(|_| reads);
    let Some(Route::Of(repository, target @ (Target::Manifest(_) | Target::Blob(_)))) = route
    else {
        return answer::unsupported();
    };
    let path = Route::Of(repository.clone(), target).path();
    match far.get(&repository, &path).await {
        Ok(found) => passed_on(found),
        Err(error) => {
            tracing::warn!(path, error = ?error, "{path} could not be fetched: {error:?}");
            let mut away = Response::new(Body::empty());
            *away.status_mut() = StatusCode::BAD_GATEWAY;
            away
        }
    }
}

fn passed_on(found: reqwest::Response) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = found.status();
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        if let Some(value) = found.headers().get(&name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer.map(|_| Body::from_stream(found.bytes_stream()))
}

/// A registry elsewhere.
struct Far {
    client: Client,
    upstream: Url,
    tokens: Mutex<HashMap<Repository, String>>,
}

impl Far {
    fn new(upstream: &str) -> anyhow::Result<Self> {
        let upstream: Url = upstream
            .parse()
            .with_context(|| format!("reading {upstream}"))?;
        ensure!(
            matches!(upstream.scheme(), "http" | "https") && upstream.path() == "/",
            "{upstream} is no address such as https://registry-1.docker.io"
        );
        let client = Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(SILENT_FOR);
        Ok(Self {
            client: client.build()?,
            upstream,
            tokens: Mutex::default(),
        })
    }

    /// Asks for a path of the registry's, with a token where it wants one.
    async fn get(&self, repository: &Repository, path: &str) -> reqwest::Result<reqwest::Response> {
        let token = self.tokens().get(repository).cloned();
        let answer = self.ask(path, token.as_deref()).await?;
        let wanted = (answer.status() == StatusCode::UNAUTHORIZED)
            .then(|| Challenge::read(answer.headers()))
            .flatten();
        let Some(challenge) = wanted else {
            return Ok(answer);
        };
        let Some(token) = self.token(challenge).await? else {
            return Ok(answer);
        };
        let answer = self.ask(path, Some(&token)).await?;
        let mut tokens = self.tokens();
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        tokens.insert(repository.clone(), token);
        Ok(answer)
    }

    async fn ask(&self, path: &str, token: Option<&str>) -> reqwest::Result<reqwest::Response> {
        let mut url = self.upstream.clone();
        url.set_path(path);
        let mut request = self.client.get(url).header(ACCEPT, MANIFESTS);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await
    }

    /// A token, as the challenge says; `None`, if there is none for nobody in particular.
    async fn token(&self, challenge: Challenge) -> reqwest::Result<Option<String>> {
        #[derive(Deserialize)]
        struct Given {
            token: Option<String>,
            access_token: Option<String>,
        }
        let mut fields = vec![("service", challenge.service)];
        fields.extend(challenge.scope.map(|scope| ("scope", scope)));
        let request = self.client.get(challenge.realm).query(&fields);
        let answer = request.send().await?;
        if !answer.status().is_success() {
            return Ok(None);
        }
        let given: Given = answer.json().await?;
        Ok(given.token.or(given.access_token))
    }

    fn tokens(&self) -> std::sync::MutexGuard<'_, HashMap<Repository, String>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where to get a token, and for what
/// (<https://distribution.github.io/distribution/spec/auth/token/>).
#[derive(Debug, PartialEq, Eq)]
struct Challenge {
    realm: Url,
    service: String,
    scope: Option<String>,
}

impl Challenge {
    /// Reads `Bearer realm="…",service="…",scope="…"`.
    fn read(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(WWW_AUTHENTICATE)?.to_str().ok()?;
        let fields = text.strip_prefix("Bearer ")?;
        let field = |name: &str| {
            let (_, rest) = fields.split_once(&format!(r#"{name}=""#))?;
            rest.split_once('"').map(|(value, _)| value.to_owned())
        };
        Some(Self {
            realm: field("realm")?.parse().ok()?,
            service: field("service").unwrap_or_default(),
            scope: field("scope"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_as_docker_hub_writes_it() {
        let mut headers = HeaderMap::new();
        let text = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull""#;
        headers.insert(WWW_AUTHENTICATE, text.parse().expect("a header"));
        let challenge = Challenge::read(&headers).expect("a challenge");
        assert_eq!(challenge.realm.as_str(), "https://auth.docker.io/token");
        assert_eq!(challenge.service, "registry.docker.io");
        assert_eq!(
            challenge.scope.as_deref(),
            Some("repository:library/nginx:pull")
        );
        headers.insert(
            WWW_AUTHENTICATE,
            "Basic realm=\"x\"".parse().expect("a header"),
        );
        assert_eq!(Challenge::read(&headers), None);
    }

    #[test]
    fn an_upstream_is_a_registrys_address() {
        for good in ["https://registry-1.docker.io", "http://10.0.0.1:5000/"] {
            assert!(Far::new(good).is_ok(), "{good}");
        }
        for bad in ["docker.io", "file:///etc", "https://docker.io/v2/"] {
            assert!(Far::new(bad).is_err(), "{bad}");
        }
    }
}
