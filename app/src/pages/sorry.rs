//! The page that says what went wrong and which way is out.

use leptos::prelude::*;

use super::paths;
use crate::shell::{Frame, Page, Rendered, render};

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorry {
    /// There is no such page.
    NotFound,
    /// Not for this account.
    Forbidden,
    /// Not something that our pages send.
    BadRequest,
    /// Our fault.
    Ours,
}

/// The page for `kind`.
pub fn sorry(frame: Frame, kind: Sorry) -> Rendered {
    let words = frame.words;
    let (number, title, text) = match kind {
        Sorry::NotFound => ("404", "not-found-title", "not-found-text"),
        Sorry::Forbidden => ("403", "forbidden-title", "forbidden-text"),
        Sorry::BadRequest => ("400", "bad-request-title", "bad-request-text"),
        Sorry::Ours => ("500", "ours-title", "ours-text"),
    };
    let (title, text) = (words.t(title), words.t(text));
    let page = Page {
        title: title.clone(),
        terminal: false,
    };
    render(&frame, page, move || {
        view! {
            <main class="narrow trouble" id="main">
                <p class="number">{number}</p>
                <h1>{title}</h1>
                <p class="lead">{text}</p>
                <div class="act">
                    <a class="button primary" href=paths::course(words.0)>{words.t("to-course")}</a>
                </div>
            </main>
        }
    })
}
