//! The names of Docker Hub: repositories, tags and digests. Each is a type that nothing else fits into,
//! so that what becomes a path or an address is never anything but that.

use std::fmt;

/// The longest part of a repository's name: as long as a file's name may be.
const PART_MAX: usize = 128;

/// The longest tag, as Docker has it.
const TAG_MAX: usize = 128;

/// Whose the teaching images are: nobody's but the classroom's.
pub(crate) const LIBRARY: &str = "library";

/// A repository, such as `library/nginx` or `hong/web`: as on Docker Hub, always somebody's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Repository {
    namespace: String,
    name: String,
}

impl Repository {
    /// Reads `namespace/name`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (namespace, name) = text.split_once('/')?;
        (is_part(namespace) && is_part(name)).then(|| Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Whose it is.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What `docker pull` calls it.
    pub(crate) fn shown(&self) -> String {
        if self.namespace == LIBRARY {
            self.name.clone()
        } else {
            self.to_string()
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Whether this is one part of a repository's name: small letters and digits, with `.`, `_`, `__` or
/// hyphens between them.
pub(crate) fn is_part(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = text
        .split(alphanumeric)
        .filter(|between| !between.is_empty());
    let well_separated = separators
        .clone()
        .all(|between| matches!(between, "." | "_" | "__") || between.bytes().all(|b| b == b'-'));
    text.len() <= PART_MAX
        && text.starts_with(alphanumeric)
        && text.ends_with(alphanumeric)
        && well_separated
}

/// The SHA-256 of a blob, in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Digest(String);

impl Digest {
    /// Reads `sha256:…`; other kinds the registry does not keep.
    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::of_hex(text.strip_prefix("sha256:")?)
    }

    /// Reads the digits alone, as the registry's folders are called.
    pub(crate) fn of_hex(hex: &str) -> Option<Self> {
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (hex.len() == 64 && hex.bytes().all(is_hex)).then(|| Self(hex.to_owned()))
    }

    /// The digits.
    pub(crate) fn hex(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

/// Whether this is a tag.
pub(crate) fn is_tag(text: &str) -> bool {
    let inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    text.len() <= TAG_MAX
        && !text.starts_with(['.', '-'])
        && !text.is_empty()
        && text.bytes().all(inside)
}

/// What a manifest is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// A tag.
    Tag(String),
    /// Its own digest.
    Digest(Digest),
}

impl Reference {
    /// Reads either.
    pub(crate) fn read(text: &str) -> Option<Self> {
        match Digest::read(text) {
            Some(digest) => Some(Self::Digest(digest)),
            None => is_tag(text).then(|| Self::Tag(text.to_owned())),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_docker_hubs_and_no_paths() {
        for name in ["library/nginx", "hong/my-web_app.v2", "s12/a__b", "a/b---c"] {
            assert!(Repository::read(name).is_some(), "{name}");
        }
        for name in [
            "nginx",
            "a/b/c",
            "../etc",
            "a/..",
            "a/.b",
            "a//b",
            "A/b",
            "a/b%2e",
            "a/b___c",
            "a/b.",
            "a/_uploads",
            "",
            "/",
            "a/b._c",
            "a/b\0",
        ] {
            assert!(Repository::read(name).is_none(), "{name}");
        }
        assert!(!is_part(&"a".repeat(129)));
    }

    #[test]
    fn references_are_tags_or_digests() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        assert!(matches!(
            Reference::read(&digest),
            Some(Reference::Digest(_))
        ));
        assert!(matches!(
            Reference::read("1.27-x_Y"),
            Some(Reference::Tag(_))
        ));
        for text in [
            "",
            ".",
            "..",
            "-a",
            "a/b",
            "a:b",
            "sha256:00",
            "sha512:00",
            "한글",
            "a%20",
        ] {
            assert!(Reference::read(text).is_none(), "{text}");
        }
        assert!(!is_tag(&"a".repeat(129)));
    }
}
