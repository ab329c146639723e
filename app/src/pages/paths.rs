//! The addresses of pages and forms, in one place.

use std::fmt::Write;

use course::{ItemId, Lang, LessonId};
use store::ClassId;

/// The course's front page.
pub fn course(lang: Lang) -> String {
    format!("/{lang}/")
}

/// A lesson.
pub fn lesson(lang: Lang, lesson: &LessonId) -> String {
    format!("/{lang}/lessons/{lesson}")
}

/// An exercise or question on its lesson's page.
pub fn lesson_item(lang: Lang, lesson: &LessonId, item: &ItemId) -> String {
    format!("/{lang}/lessons/{lesson}#{item}")
}

/// A question on its lesson's page with an answer entered: `fields` is a urlencoded form.
pub fn lesson_with_draft(lang: Lang, lesson: &LessonId, item: &ItemId, fields: &str) -> String {
    format!(
        "/{lang}/lessons/{lesson}?draft={item}&fields={}#{item}",
        encoded(fields)
    )
}

/// The event stream of a lesson's open page.
pub fn live(lang: Lang, lesson: &LessonId) -> String {
    format!("/{lang}/lessons/{lesson}/live")
}

/// Where a question's answer goes.
pub fn question(lang: Lang, lesson: &LessonId, item: &ItemId) -> String {
    format!("/{lang}/lessons/{lesson}/questions/{item}")
}

/// Where an exercise is checked.
pub fn exercise(lang: Lang, lesson: &LessonId, item: &ItemId) -> String {
    format!("/{lang}/lessons/{lesson}/exercises/{item}")
}

/// Where one's machine is started.
pub fn machine(lang: Lang) -> String {
    format!("/{lang}/machine")
}

/// The terminal's WebSocket.
pub fn terminal(lang: Lang) -> String {
    format!("/{lang}/machine/terminal")
}

/// The form to sign in, which leads on to `next`.
pub fn sign_in(lang: Lang, next: &str, lapsed: bool) -> String {
    let lapsed = if lapsed { "&lapsed=true" } else { "" };
    format!("/{lang}/sign-in?next={}{lapsed}", encoded(next))
}

/// The form to join a class, which leads on to `next`.
pub fn join(lang: Lang, next: &str) -> String {
    format!("/{lang}/join?next={}", encoded(next))
}

/// The form to join a class, with its code filled in.
pub fn join_with_code(lang: Lang, code: &str) -> String {
    format!("/{lang}/join?code={}", encoded(code))
}

/// Where one signs out.
pub fn sign_out(lang: Lang) -> String {
    format!("/{lang}/sign-out")
}

/// The form behind the one-time link.
pub fn setup(lang: Lang, token: &str) -> String {
    format!("/{lang}/setup/{}", encoded(token))
}

/// Where the colour theme is chosen.
pub fn theme(lang: Lang) -> String {
    format!("/{lang}/theme")
}

/// An instructor's classes.
pub fn classes(lang: Lang) -> String {
    format!("/{lang}/classes")
}

/// One class.
pub fn class(lang: Lang, class: ClassId) -> String {
    format!("/{lang}/classes/{class}")
}

/// `text` as a part of a path or query: all but RFC 3986's unreserved characters and `/` as `%XX`.
fn encoded(text: &str) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut out, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
                out.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
            out
        })
}
