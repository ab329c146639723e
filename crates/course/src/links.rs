//! Where links and images of a lesson lead.

use std::sync::LazyLock;

use crate::ids::LessonId;
use crate::render::Env;

/// Image files that a page may show.
pub(crate) const IMAGE_TYPES: [&str; 6] = ["avif", "gif", "jpg", "png", "svg", "webp"];

/// A link that leads somewhere.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Link<'t> {
    /// Out of the classroom.
    Web(&'t str),
    /// To a lesson, perhaps to a heading of it.
    Lesson {
        lesson: LessonId,
        heading: Option<String>,
    },
    /// To a term of the glossary.
    Term(String),
}

/// What is wrong with a link or an image; what it says is made only when somebody is told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Dead<'t> {
    #[error("the glossary has no term `{0}`")]
    Term(&'t str),
    #[error("`{0}` leads nowhere")]
    Nowhere(&'t str),
    #[error("there is no lesson `{0}`")]
    Lesson(LessonId),
    #[error("there are no images in a glossary")]
    InGlossary,
    #[error("`{0}` is not a file beside the lesson")]
    Elsewhere(&'t str),
    #[error("there is no image `{0}` beside the lesson")]
    Image(&'t str),
}

impl Dead<'_> {
    /// How to mend it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Term(_) => "terms are listed in glossary.toml, under [[terms]]",
            Self::Nowhere(_) => {
                "link to the web with https://, to a lesson with `lesson:unit/name`, to a heading of this page with `#heading`, to a term with `term:name`"
            }
            Self::Lesson(_) => "lessons are those that course.toml lists",
            Self::InGlossary => "show it in the lesson that first uses the term",
            Self::Elsewhere(_) => {
                "put the image into the unit's folder and give its name alone; the classroom shows nothing of foreign hosts"
            }
            Self::Image(_) => &IMAGE_HELP,
        }
    }
}

static IMAGE_HELP: LazyLock<String> = LazyLock::new(|| {
    format!(
        "its name may have letters, digits, dots and dashes, and ends in one of {}",
        IMAGE_TYPES.join(", ")
    )
});

/// What a link to the web begins with, in letters of either case.
const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

/// Reads a link: `https://…`, `mailto:…`, `#heading`, `lesson:unit/name#heading`, `term:name`, or the
/// file of a lesson as seen from this one: `name.md`, `../unit/name.ko.md`.
pub(crate) fn link<'t>(address: &'t str, env: &Env<'_>) -> Result<Link<'t>, Dead<'t>> {
    let begins = |scheme: &&str| {
        let start = address.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    if SCHEMES.iter().any(begins) {
        return Ok(Link::Web(address));
    }
    if let Some(term) = address.strip_prefix("term:") {
        return if env.terms.is_none_or(|terms| terms.contains(term)) {
            Ok(Link::Term(term.to_owned()))
        } else {
            Err(Dead::Term(term))
        };
    }
    let (path, heading) = match address.split_once('#') {
        Some((path, heading)) => (path, Some(decoded(heading))),
        None => (address, None),
    };
    let lesson = lesson_of(path, env.lesson).ok_or(Dead::Nowhere(address))?;
    if env.lessons.contains(&lesson) {
        Ok(Link::Lesson { lesson, heading })
    } else {
        Err(Dead::Lesson(lesson))
    }
}

fn lesson_of(path: &str, here: Option<&LessonId>) -> Option<LessonId> {
    if path.is_empty() {
        return here.cloned();
    }
    if let Some(id) = path.strip_prefix("lesson:") {
        return id.parse().ok();
    }
    let file = path.strip_suffix(".md")?;
    let file = file
        .strip_suffix(".ko")
        .or_else(|| file.strip_suffix(".en"))
        .unwrap_or(file);
    match file.strip_prefix("../") {
        Some(id) => id.parse().ok(),
        None => LessonId::new(here?.unit(), file.strip_prefix("./").unwrap_or(file)).ok(),
    }
}

/// The path in the course's folder of an image that stands beside the lesson.
pub(crate) fn image<'t>(address: &'t str, env: &Env<'_>) -> Result<String, Dead<'t>> {
    let lesson = env.lesson.ok_or(Dead::InGlossary)?;
    let name = address.strip_prefix("./").unwrap_or(address);
    if name.contains([':', '/', '\\']) {
        return Err(Dead::Elsewhere(address));
    }
    let path = format!("{}/{name}", lesson.unit());
    if env.images.contains(&path) {
        Ok(path)
    } else {
        Err(Dead::Image(name))
    }
}

/// Whether a file's name is one that an image may have.
pub(crate) fn is_image(name: &str) -> bool {
    let fine = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    fine && name
        .rsplit_once('.')
        .is_some_and(|(stem, kind)| !stem.is_empty() && IMAGE_TYPES.contains(&kind))
}

/// A heading as the author meant it: pasted from an address bar, Hangul comes in percent signs.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
