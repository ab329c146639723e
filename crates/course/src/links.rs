//! Where links and images of a lesson lead.

use crate::ids::LessonId;
use crate::render::Env;

/// Image files that a page may show.
pub(crate) const IMAGE_TYPES: [&str; 6] = ["avif", "gif", "jpg", "png", "svg", "webp"];

/// A link that leads somewhere.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Out of the classroom.
    Web(String),
    /// To a lesson, perhaps to a heading of it.
    Lesson {
        lesson: LessonId,
        heading: Option<String>,
    },
    /// To a term of the glossary.
    Term(String),
}

/// What is wrong, and how to mend it.
type Dead = (String, String);

/// Reads a link: `https://…`, `mailto:…`, `#heading`, `lesson:unit/name#heading`, `term:name`, or the
/// file of a lesson as seen from this one: `name.md`, `../unit/name.ko.md`.
pub(crate) fn link(address: &str, env: &Env<'_>) -> Result<Link, Dead> {
    let lower = address.to_ascii_lowercase();
    if ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
    {
        return Ok(Link::Web(address.to_owned()));
    }
    if let Some(term) = address.strip_prefix("term:") {
        return if env.terms.is_none_or(|terms| terms.contains(term)) {
            Ok(Link::Term(term.to_owned()))
        } else {
            Err((
                format!("the glossary has no term `{term}`"),
                "terms are listed in glossary.toml, under [[terms]]".to_owned(),
            ))
        };
    }
    let (path, heading) = match address.split_once('#') {
        Some((path, heading)) => (path, Some(decoded(heading))),
        None => (address, None),
    };
    let lesson = lesson_of(path, env.lesson).ok_or_else(|| {
        (
            format!("`{address}` leads nowhere"),
            "link to the web with https://, to a lesson with `lesson:unit/name`, to a heading of this page with `#heading`, to a term with `term:name`".to_owned(),
        )
    })?;
    if !env.lessons.contains(&lesson) {
        return Err((
            format!("there is no lesson `{lesson}`"),
            "lessons are those that course.toml lists".to_owned(),
        ));
    }
    Ok(Link::Lesson { lesson, heading })
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
pub(crate) fn image(address: &str, env: &Env<'_>) -> Result<String, Dead> {
    let Some(lesson) = env.lesson else {
        let message = "there are no images in a glossary";
        let help = "show it in the lesson that first uses the term";
        return Err((message.to_owned(), help.to_owned()));
    };
    let name = address.strip_prefix("./").unwrap_or(address);
    if name.contains([':', '/', '\\']) {
        return Err((
            format!("`{address}` is not a file beside the lesson"),
            "put the image into the unit's folder and give its name alone; the classroom shows nothing of foreign hosts".to_owned(),
        ));
    }
    let path = format!("{}/{name}", lesson.unit());
    if env.images.contains(&path) {
        Ok(path)
    } else {
        Err((
            format!("there is no image `{name}` beside the lesson"),
            format!(
                "its name may have letters, digits, dots and dashes, and ends in one of {}",
                IMAGE_TYPES.join(", ")
            ),
        ))
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
