//! The parts of pages that the server also sends alone, as a page's state changes. Each is an element
//! with an id, so that it can take its predecessor's place (see `islands`).

mod announcements;
mod exercise;
mod machine;
mod question;
mod scrolled;

pub use announcements::announcements;
pub use exercise::{ExerciseView, Need, Standing, exercise};
pub(crate) use machine::machine_pane;
pub use machine::{MachineView, Pane};
pub use question::{Notice, QuestionPage, QuestionView, question};
pub(crate) use question::{asked, kind_word};
pub(crate) use scrolled::{Named, scrolled};

use leptos::prelude::*;

use crate::words::Words;

/// How much of the course is done (how many, of how many), for the page's header.
pub fn progress(words: Words, (done, all): (usize, usize)) -> impl IntoView + use<> {
    view! {
        <span class="progress" id="progress">
            <progress max=all value=done aria-label=words.t("progress")></progress>
            {format!(" {done} / {all}")}
        </span>
    }
}

/// The sign before a heading or a row: `kind` is `done`, `tried`, `now`, `checking`, `waiting`,
/// `wrong` or nothing. It is always accompanied by words.
pub(crate) fn mark(kind: &'static str) -> impl IntoView + use<> {
    view! { <span class="mark" data-mark=(!kind.is_empty()).then_some(kind) aria-hidden="true"></span> }
}

/// HTML that the course's renderer made.
pub(crate) fn rendered(class: &'static str, html: &course::Html) -> impl IntoView + use<> {
    view! { <div class=class inner_html=html.as_str().to_owned()></div> }
}
