//! An instructor's classes.

use leptos::prelude::*;
use store::ClassSummary;

use super::{
    doors::{Field, FormTrouble, field},
    paths,
};
use crate::{
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// The classes of an instructor, and the form for a new one as it was filled in.
pub fn classes(
    frame: Frame,
    classes: Vec<ClassSummary>,
    title: String,
    trouble: Option<FormTrouble>,
) -> Rendered {
    let words = frame.words;
    let lang = frame.lang();
    let page = Page {
        title: words.t("classes"),
        terminal: false,
    };
    render(&frame, page, move || {
        let empty = classes.is_empty();
        let rows: Vec<_> = classes
            .into_iter()
            .map(|summary| {
                let href = paths::class(lang, summary.class.id);
                view! {
                    <li>
                        <a href=href>{summary.class.title.clone()}</a>
                        <span class="facts">
                            {words.with("student-count", &[("n", summary.students.into())])}
                        </span>
                        <code class="code">{summary.class.join_code.to_string()}</code>
                    </li>
                }
            })
            .collect();
        let title = Field {
            max: Some(store::TITLE_MAX),
            ..Field::text("title", title)
        };
        view! {
            <main class="page" id="main">
                <header class="page-head">
                    <h1>{words.t("classes")}</h1>
                    {empty.then(|| view! { <p class="lead">{words.t("classes-empty")}</p> })}
                </header>
                {(!empty).then(|| view! { <ul class="class-list">{rows}</ul> })}
                <section aria-labelledby="new-class">
                    <h2 id="new-class">{words.t("new-class")}</h2>
                    <form class="inline-form" method="post" action=paths::classes(lang)>
                        {field(words, title, trouble)}
                        <button class="button primary">{words.t("create")}</button>
                    </form>
                </section>
            </main>
        }
    })
}

/// How long ago, in the largest unit that fits: no clock, so no time zone.
pub(super) fn ago(words: Words, ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    match minutes {
        0 => words.t("just-now"),
        1..=59 => words.with("minutes-ago", &[("n", minutes.into())]),
        60..=1439 => words.with("hours-ago", &[("n", (minutes / 60).into())]),
        _ => words.with("days-ago", &[("n", (minutes / 1440).into())]),
    }
}
