//! The glossary: every term of the course, with its name in each language.

use std::sync::Arc;

use course::{Course, Lang, Term};
use leptos::prelude::*;

use crate::{
    components::rendered,
    shell::{Frame, Page, Rendered, render},
};

/// The page.
pub fn glossary(frame: Frame, course: Arc<Course>) -> Rendered {
    let words = frame.words;
    let lang = frame.lang();
    let page = Page {
        title: words.t("glossary"),
        terminal: false,
    };
    render(&frame, page, move || {
        let mut terms: Vec<&Term> = course.glossary.iter().collect();
        terms.sort_by_key(|term| term.name.get(lang).to_lowercase());
        let entries: Vec<_> = terms.into_iter().map(|it| entry(lang, it)).collect();
        view! {
            <main class="page" id="main">
                <header class="page-head">
                    <h1>{words.t("glossary")}</h1>
                    <p class="lead">{words.t("glossary-lead")}</p>
                </header>
                <dl class="glossary">{entries}</dl>
            </main>
        }
    })
}

fn entry(lang: Lang, term: &Term) -> impl IntoView + use<> {
    let others: Vec<_> = term
        .name
        .iter()
        .filter(|(other, _)| *other != term.name.lang(lang))
        .map(|(other, name)| view! { " " <span lang=other.code()>{name.clone()}</span> })
        .collect();
    view! {
        <div id=term.element()>
            <dt>
                <dfn>{term.name.get(lang).clone()}</dfn>
                {others}
            </dt>
            <dd>{rendered("flow", term.meaning.get(lang))}</dd>
        </div>
    }
}
