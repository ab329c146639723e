//! How well each student of a class masters each concept, at a glance.

use leptos::prelude::*;
use mastery::{Level, Mastery};
use store::{AccountId, Class};

use super::{class::class_nav, me::level_word, paths};
use crate::{
    components::{Named, mark, scrolled},
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// What the page shows.
pub struct HeatmapView {
    /// The class.
    pub class: Class,
    /// What the concepts are called, in the course's order.
    pub concepts: Vec<String>,
    /// Its students, by name.
    pub students: Vec<StudentMastery>,
}

/// How well a student masters each concept.
pub struct StudentMastery {
    /// Who.
    pub account: AccountId,
    /// Their name.
    pub name: String,
    /// Of each concept.
    pub mastery: Vec<Mastery>,
}

/// The levels with their signs, the lowest first.
const LEVELS: [(Level, &str); 5] = [
    (Level::None, ""),
    (Level::Unsure, "waiting"),
    (Level::Beginning, "now"),
    (Level::GettingThere, "tried"),
    (Level::Mastered, "done"),
];

/// The page.
pub fn heatmap(frame: Frame, view: HeatmapView) -> Rendered {
    let words = frame.words;
    let page = Page {
        title: format!("{} · {}", words.t("class-mastery"), view.class.title),
        terminal: false,
    };
    render(&frame, page, move || {
        let id = view.class.id;
        let legend: Vec<_> = LEVELS
            .into_iter()
            .map(|(level, sign)| {
                view! { <li data-level=name(level)>{mark(sign)} {words.t(level_word(level))}</li> }
            })
            .collect();
        let table = if view.students.is_empty() {
            view! { <div class="empty"><p>{words.t("class-empty-title")}</p></div> }.into_any()
        } else {
            table(words, &view).into_any()
        };
        view! {
            <main class="page wide" id="main">
                <header class="page-head">
                    <p class="unit-name">
                        <a href=paths::class(words.0, id)>{view.class.title.clone()}</a>
                    </p>
                    <h1>{words.t("class-mastery")}</h1>
                    <p class="lead">{words.t("heatmap-lead")}</p>
                    {class_nav(words, id, "mastery")}
                </header>
                <ul class="legend" aria-label=words.t("legend")>{legend}</ul>
                {table}
            </main>
        }
    })
}

fn table(words: Words, view: &HeatmapView) -> impl IntoView + use<> {
    let heads: Vec<_> = view
        .concepts
        .iter()
        .map(|concept| view! { <th scope="col">{concept.clone()}</th> })
        .collect();
    let rows: Vec<_> = view
        .students
        .iter()
        .map(|student| {
            let cells: Vec<_> = student.mastery.iter().map(|it| cell(words, it)).collect();
            let href = paths::class_student(words.0, view.class.id, student.account);
            view! {
                <tr>
                    <th scope="row"><a href=href>{student.name.clone()}</a></th>
                    {cells}
                </tr>
            }
        })
        .collect();
    let means: Vec<_> = (0..view.concepts.len())
        .map(|concept| {
            let mean = class_mean(&view.students, concept);
            view! { <td>{mean.map_or_else(|| "–".to_owned(), percent)}</td> }
        })
        .collect();
    view! {
        {scrolled(
            Named::Text(words.t("class-mastery")),
            view! {
                <table class="grid heat">
                    <thead>
                        <tr>
                            <th class="name" scope="col">{words.t("export-student")}</th>
                            {heads}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                    <tfoot>
                        <tr><th scope="row">{words.t("heatmap-mean")}</th> {means}</tr>
                    </tfoot>
                </table>
            },
        )}
    }
}

fn cell(words: Words, mastery: &Mastery) -> impl IntoView + use<> {
    let level = mastery.level();
    let sign = LEVELS.iter().find(|(it, _)| *it == level);
    let sign = sign.map_or("", |(_, sign)| sign);
    let number = (level != Level::None).then(|| percent(mastery.mean));
    view! {
        <td data-level=name(level)>
            {mark(sign)} " " {number} " "
            <span class="visually-hidden">{words.t(level_word(level))}</span>
        </td>
    }
}

/// The mean of those of whom anything is known.
fn class_mean(students: &[StudentMastery], concept: usize) -> Option<f64> {
    let known: Vec<_> = students
        .iter()
        .filter_map(|student| student.mastery.get(concept))
        .filter(|mastery| mastery.level() != Level::None)
        .map(|mastery| mastery.mean)
        .collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// For the style sheet.
fn name(level: Level) -> &'static str {
    match level {
        Level::None => "none",
        Level::Unsure => "unsure",
        Level::Beginning => "beginning",
        Level::GettingThere => "getting-there",
        Level::Mastered => "mastered",
    }
}
