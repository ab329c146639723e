//! How well the questions of a class measure: facility, discrimination and who chose what, from first
//! attempts.

use course::{ItemId, Kind, Lang, LessonId, Question};
use leptos::prelude::*;
use store::Class;

use super::{class::class_nav, paths};
use crate::{
    components::{Named, scrolled},
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// What the first attempts of a class say of a question.
#[derive(Clone, Debug)]
pub struct QuestionFigures {
    /// Its lesson.
    pub lesson: LessonId,
    /// The lesson's title.
    pub lesson_title: String,
    /// The question.
    pub item: ItemId,
    /// What it is called.
    pub title: String,
    /// How many answered.
    pub answers: usize,
    /// The mean score, 0 to 1.
    pub facility: f64,
    /// The item-rest correlation, -1 to 1, where there is one.
    pub discrimination: Option<f64>,
    /// Whether there are too few answers for the numbers to say much.
    pub few: bool,
    /// Each choice with how many took it and whether it is right; empty without choices.
    pub choices: Vec<ChoiceCount>,
}

/// What the first attempts of one class say of a question.
#[derive(Clone, Debug)]
pub struct ClassFigures {
    /// The class.
    pub class: Class,
    /// What they say.
    pub figures: QuestionFigures,
}

/// A choice of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceCount {
    /// Its text.
    pub text: String,
    /// How many took it.
    pub count: usize,
    /// Whether it is right.
    pub right: bool,
}

/// The choices of a question with how often each was taken, in the author's order.
pub fn choice_counts(
    question: &Question,
    lang: Lang,
    count: impl Fn(usize) -> usize,
) -> Vec<ChoiceCount> {
    let is_right = |index: usize| match &question.kind {
        Kind::Single { right } => Some(*right == index),
        Kind::Multiple { right } => Some(right.contains(&index)),
        _ => None,
    };
    let texts = question.text.get(lang).plain_choices.iter();
    texts
        .enumerate()
        .filter_map(|(index, text)| {
            Some(ChoiceCount {
                text: text.clone(),
                count: count(index),
                right: is_right(index)?,
            })
        })
        .collect()
}

/// In which order the questions stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FiguresOrder {
    /// The course's.
    #[default]
    Course,
    /// The most answered first.
    Answers,
    /// The hardest first.
    Facility,
    /// Those that tell least who can first; those of which it is not known last.
    Discrimination,
}

impl FiguresOrder {
    /// All, with their words.
    const ALL: [(Self, &'static str); 4] = [
        (Self::Course, "figures-question"),
        (Self::Answers, "figures-answers"),
        (Self::Facility, "figures-facility"),
        (Self::Discrimination, "figures-discrimination"),
    ];

    /// What an address calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Course => "course",
            Self::Answers => "answers",
            Self::Facility => "facility",
            Self::Discrimination => "discrimination",
        }
    }

    /// The order that an address names; the course's for any other word.
    pub fn from_word(word: &str) -> Self {
        let mut orders = Self::ALL.into_iter().map(|(order, _)| order);
        orders
            .find(|order| order.name() == word)
            .unwrap_or_default()
    }

    fn sort(self, figures: &mut [QuestionFigures]) {
        match self {
            Self::Course => {}
            Self::Answers => figures.sort_by_key(|it| std::cmp::Reverse(it.answers)),
            Self::Facility => figures.sort_by(|a, b| a.facility.total_cmp(&b.facility)),
            Self::Discrimination => figures.sort_by(|a, b| {
                let key = |it: &QuestionFigures| it.discrimination.unwrap_or(f64::INFINITY);
                key(a).total_cmp(&key(b))
            }),
        }
    }
}

/// The page. `figures` are in the course's order.
pub fn item_analysis(
    frame: Frame,
    class: Class,
    mut figures: Vec<QuestionFigures>,
    order: FiguresOrder,
) -> Rendered {
    let words = frame.words;
    let page = Page {
        title: format!("{} · {}", words.t("class-questions"), class.title),
        terminal: false,
    };
    order.sort(&mut figures);
    render(&frame, page, move || {
        let base = paths::class_page(words.0, class.id, "questions");
        let heads: Vec<_> = FiguresOrder::ALL
            .into_iter()
            .map(|(this, word)| {
                let sorted = (this == order && order != FiguresOrder::Course).then_some(
                    if this == FiguresOrder::Answers {
                        "descending"
                    } else {
                        "ascending"
                    },
                );
                let href = format!("{base}?sort={}", this.name());
                let word = words.t(word);
                view! { <th scope="col" aria-sort=sorted><a href=href>{word}</a></th> }
            })
            .collect();
        let empty = figures.is_empty();
        let rows: Vec<_> = figures.into_iter().map(|it| row(words, it)).collect();
        let table = if empty {
            view! { <div class="empty"><p>{words.t("figures-empty")}</p></div> }.into_any()
        } else {
            view! {
                {scrolled(
                    Named::Text(words.t("class-questions")),
                    view! {
                        <table class="figures">
                            <thead>
                                <tr>{heads} <th scope="col">{words.t("figures-choices")}</th></tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    },
                )}
            }
            .into_any()
        };
        view! {
            <main class="page wide" id="main">
                <header class="page-head">
                    <p class="unit-name">
                        <a href=paths::class(words.0, class.id)>{class.title.clone()}</a>
                    </p>
                    <h1>{words.t("class-questions")}</h1>
                    <p class="lead">{words.t("figures-lead")}</p>
                    {class_nav(words, class.id, "questions")}
                </header>
                {table}
            </main>
        }
    })
}

/// What the classes of whoever reads the lesson say of a question, folded up beside it.
pub(super) fn beside_question(
    words: Words,
    item: &ItemId,
    of_classes: Vec<ClassFigures>,
) -> impl IntoView + use<> {
    let facility: Vec<_> = of_classes
        .iter()
        .map(|it| format!("{} {}", it.class.title, percent(it.figures.facility)))
        .collect();
    let facility = facility.join(", ");
    let classes: Vec<_> = of_classes
        .into_iter()
        .map(|it| of_class(words, it))
        .collect();
    view! {
        <details class="figures-note" id=format!("{item}-figures")>
            <summary>{words.with("figures-here", &[("classes", facility.into())])}</summary>
            {classes}
        </details>
    }
}

fn of_class(words: Words, of: ClassFigures) -> impl IntoView {
    let ClassFigures { class, figures: it } = of;
    let few = few(words, &it);
    let choices = choices(words, it.choices);
    view! {
        <p>
            <a href=paths::class_page(words.0, class.id, "questions")>{class.title}</a>
            {format!(": {} {}", words.t("figures-answers"), it.answers)}
            {format!(" · {} {}", words.t("figures-facility"), percent(it.facility))}
            {format!(" · {} {}", words.t("figures-discrimination"), correlation(words, it.discrimination))}
            " " {few}
        </p>
        {(!choices.is_empty()).then(|| view! { <ul>{choices}</ul> })}
    }
}

fn percent(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

fn correlation(words: Words, found: Option<f64>) -> String {
    found.map_or_else(|| words.t("figures-unknown"), |r| format!("{r:.2}"))
}

fn few(words: Words, it: &QuestionFigures) -> Option<impl IntoView + use<>> {
    it.few
        .then(|| view! { <span class="few">{words.t("figures-few")}</span> })
}

/// How often each choice was taken.
fn choices(words: Words, choices: Vec<ChoiceCount>) -> Vec<impl IntoView + use<>> {
    choices
        .into_iter()
        .map(|choice| {
            let right = choice
                .right
                .then(|| view! { <strong>{words.t("verdict-right")}</strong> " " });
            view! {
                <li>
                    {right} {choice.text} " "
                    <span class="count">{words.with("figures-count", &[("n", choice.count.into())])}</span>
                </li>
            }
        })
        .collect()
}

fn row(words: Words, it: QuestionFigures) -> impl IntoView {
    let few = few(words, &it);
    let discrimination = correlation(words, it.discrimination);
    let choices = choices(words, it.choices);
    let choices = (!choices.is_empty()).then(|| {
        view! {
            <details>
                <summary>{words.t("figures-choices")}</summary>
                <ul>{choices}</ul>
            </details>
        }
    });
    view! {
        <tr>
            <th scope="row">
                <a href=paths::lesson_item(words.0, &it.lesson, &it.item)>{it.title}</a>
                <span class="of">{it.lesson_title}</span>
            </th>
            <td>{it.answers} " " {few}</td>
            <td>{percent(it.facility)}</td>
            <td>{discrimination}</td>
            <td>{choices}</td>
        </tr>
    }
}
