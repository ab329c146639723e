//! What may be asked of the registry: the paths of its API
//! (<https://distribution.github.io/distribution/spec/api/>) and no other, read strictly and written
//! anew.

use http::{Method, Uri};

use crate::names::{Digest, Reference, Repository};

/// Where the API begins.
const ROOT: &str = "/v2/";

/// The length of an upload's identifier, a UUID.
const UPLOAD_LENGTH: usize = 36;

/// A request that the registry understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// Whether somebody is there, and who is asking.
    Ping,
    /// Something of a repository.
    Of(Repository, Target),
}

/// What of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The list of its tags.
    Tags,
    /// A manifest.
    Manifest(Reference),
    /// A layer or a configuration.
    Blob(Digest),
    /// A new upload.
    NewUpload,
    /// The upload of this identifier.
    Upload(String),
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    /// It only reads.
    Pull,
    /// It is part of putting an image there.
    Push,
}

impl Action {
    /// The word that tokens have for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
        }
    }
}

/// Why a request is no part of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no such path.
    Path,
    /// What is there cannot be asked so.
    Method,
}

impl Route {
    /// Reads a request's target. Nothing is decoded: no name of the API needs it.
    pub(crate) fn read(uri: &Uri) -> Result<Self, Refused> {
        let rest = uri.path().strip_prefix(ROOT).ok_or(Refused::Path)?;
        if rest.is_empty() {
            return Ok(Self::Ping);
        }
        let (namespace, rest) = rest.split_once('/').ok_or(Refused::Path)?;
        let (name, rest) = rest.split_once('/').ok_or(Refused::Path)?;
        let repository = Repository::read(&format!("{namespace}/{name}")).ok_or(Refused::Path)?;
        let target = Target::read(rest).ok_or(Refused::Path)?;
        Ok(Self::Of(repository, target))
    }

    /// The path that this was read from.
    pub(crate) fn path(&self) -> String {
        let Self::Of(repository, target) = self else {
            return ROOT.to_owned();
        };
        match target {
            Target::Tags => format!("{ROOT}{repository}/tags/list"),
            Target::Manifest(reference) => format!("{ROOT}{repository}/manifests/{reference}"),
            Target::Blob(digest) => format!("{ROOT}{repository}/blobs/{digest}"),
            Target::NewUpload => format!("{ROOT}{repository}/blobs/uploads/"),
            Target::Upload(id) => format!("{ROOT}{repository}/blobs/uploads/{id}"),
        }
    }
}

impl Target {
    fn read(text: &str) -> Option<Self> {
        if text == "tags/list" {
            return Some(Self::Tags);
        }
        if let Some(reference) = text.strip_prefix("manifests/") {
            return Reference::read(reference).map(Self::Manifest);
        }
        let blob = text.strip_prefix("blobs/")?;
        match blob.strip_prefix("uploads/") {
            // Docker asks with the slash at the end, others without it.
            Some("") => Some(Self::NewUpload),
            Some(id) => is_upload(id).then(|| Self::Upload(id.to_owned())),
            None if blob == "uploads" => Some(Self::NewUpload),
            None => Digest::read(blob).map(Self::Blob),
        }
    }

    /// What asking it so does. Deleting is for the classroom's page: Docker Hub has no way for it
    /// here either.
    pub(crate) fn action(&self, method: &Method) -> Result<Action, Refused> {
        let reads = matches!(*method, Method::GET | Method::HEAD);
        match self {
            Self::Tags | Self::Manifest(_) | Self::Blob(_) if reads => Ok(Action::Pull),
            Self::Manifest(_) if method == Method::PUT => Ok(Action::Push),
            Self::NewUpload if method == Method::POST => Ok(Action::Push),
            Self::Upload(_)
                if matches!(
                    *method,
                    Method::GET | Method::PATCH | Method::PUT | Method::DELETE
                ) =>
            {
                Ok(Action::Push)
            }
            _ => Err(Refused::Method),
        }
    }
}

fn is_upload(id: &str) -> bool {
    let inside = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b) || b == b'-';
    id.len() == UPLOAD_LENGTH && id.bytes().all(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Result<Route, Refused> {
        Route::read(&path.parse().expect("an address"))
    }

    #[test]
    fn what_the_api_has_is_read_and_written_as_it_was() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for path in [
            "/v2/",
            "/v2/library/nginx/tags/list",
            "/v2/library/nginx/manifests/latest",
            &format!("/v2/hong/web/manifests/{digest}"),
            &format!("/v2/hong/web/blobs/{digest}"),
            "/v2/hong/web/blobs/uploads/",
            "/v2/hong/web/blobs/uploads/0a1b2c3d-0000-4000-8000-0123456789ab",
        ] {
            assert_eq!(read(path).expect("a route").path(), path);
        }
    }

    #[test]
    fn nothing_else_is_read() {
        for path in [
            "/",
            "/v1/",
            "/v2",
            "/v2/_catalog",
            "/v2/nginx/manifests/latest",
            "/v2/a/b/c/manifests/latest",
            "/v2/../v2/",
            "/v2/a/b/manifests/../../_catalog",
            "/v2/a/b/manifests/%2e%2e",
            "/v2/a%2fb/c/manifests/latest",
            "/v2/a/b/blobs/uploads/../../x",
            "/v2/a/b/blobs/uploads/0a1b2c3d",
            "/v2/a/b/blobs/sha256:../../x",
            "/v2//b/manifests/latest",
            "/v2/a/b/tags/list/",
            "/v2/a/b/referrers/x",
        ] {
            assert_eq!(read(path), Err(Refused::Path), "{path}");
        }
    }

    #[test]
    fn deleting_is_not_asked_here() {
        let Ok(Route::Of(_, target)) = read("/v2/hong/web/manifests/latest") else {
            panic!("no manifest")
        };
        assert_eq!(target.action(&Method::GET), Ok(Action::Pull));
        assert_eq!(target.action(&Method::PUT), Ok(Action::Push));
        assert_eq!(target.action(&Method::DELETE), Err(Refused::Method));
        assert_eq!(target.action(&Method::POST), Err(Refused::Method));
    }
}
