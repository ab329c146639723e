//! The author's page of a lesson: as students see it, or both languages side by side.

use std::collections::BTreeMap;

use course::{ItemId, Lang, Lesson, LessonId, Response};
use leptos::prelude::*;

use super::{
    AUTHOR_SEED, Draft,
    blocks::{self, Text},
    problem::problems,
    tags::Tags,
    trial::{self, Outcome},
};
use crate::{
    components::{MachineView, Notice, machine_pane, question},
    fragment,
    islands::{Forms, Live},
    pages::{
        lesson::{contents, facts},
        paths::{self, Side},
    },
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// How the lesson is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// In the page's language, with the machine on which exercises are tried.
    One,
    /// Each language of the course beside the other.
    Both,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct LessonDraft {
    /// The course's folder.
    pub draft: Draft,
    /// Which lesson of it.
    pub lesson: LessonId,
    /// How it is shown.
    pub view: View,
    /// The scratch machine, where there is one to show.
    pub machine: Option<MachineView>,
    /// What came of a try, for a browser without script.
    pub tried: Option<(ItemId, Outcome)>,
    /// The time, in seconds since 1970.
    pub now: u64,
}

impl LessonDraft {
    fn lesson(&self) -> Option<&Lesson> {
        self.draft.course.as_ref()?.lesson(&self.lesson)
    }

    /// Its title; where it has none, or none that can be read, its id.
    fn title(&self, lang: Lang) -> String {
        let title = self.lesson().map(|lesson| &lesson.pages.get(lang).title);
        match title.filter(|title| !title.is_empty()) {
            Some(title) => title.clone(),
            None => self.lesson.to_string(),
        }
    }

    /// The stream that keeps the page as the folder is.
    fn stream(&self, lang: Lang) -> String {
        let page = match self.view {
            View::One => Side::Author.lesson(lang, &self.lesson),
            View::Both => paths::author_both(lang, &self.lesson),
        };
        format!("{page}/live")
    }
}

/// The page.
pub fn lesson_draft(frame: Frame, view: LessonDraft) -> Rendered {
    let title = view.title(frame.lang());
    let terminal = view.machine.is_some();
    let inner = frame.clone();
    render(&frame, Page { title, terminal }, move || {
        body(&inner, &view)
    })
}

fn body(frame: &Frame, view: &LessonDraft) -> impl IntoView + use<> {
    let words = frame.words;
    let pane = view.machine.as_ref().map(|machine| {
        machine_pane(frame, machine, Side::Author, &view.lesson, view.now).into_any()
    });
    let class = match view.view {
        View::One => "lesson author",
        View::Both => "page wide author",
    };
    let tried = view.tried.as_ref().and_then(|(item, outcome)| {
        let lesson = view.lesson()?;
        let exercise = lesson.exercise(item)?;
        Some(trial::outcome(words, lesson, exercise, outcome).into_any())
    });
    view! {
        <p class="message" id="lapsed" data-tone="wrong" role="alert" hidden>
            {words.t("page-unknown")}
        </p>
        <main class=class id="main" data-stream=view.stream(words.0)>
            <article>
                {tried}
                {top(words, view).into_any()}
                {text(words, view).into_any()}
            </article>
            {pane}
        </main>
        <p class="visually-hidden" id="announcer" role="status"></p>
        <Forms />
        <Live />
    }
}

/// What changes of the page when the folder does: what stands above the text, and the text.
pub fn lesson_pieces(words: Words, view: &LessonDraft) -> [String; 2] {
    [
        fragment(|| top(words, view)),
        fragment(|| text(words, view)),
    ]
}

/// The languages that stand beside each other: the course's own first.
fn languages(view: &LessonDraft) -> (Lang, Lang) {
    let course = view.draft.course.as_ref();
    let first = course.map(|course| course.default_lang).unwrap_or_default();
    let second = Lang::ALL.into_iter().find(|lang| *lang != first);
    (first, second.unwrap_or(first))
}

/// Ways to other pages, the title, what is wrong with the lesson as a whole, and its contents.
fn top(words: Words, view: &LessonDraft) -> impl IntoView + use<> {
    let lang = words.0;
    let lesson = view.lesson();
    let other = match view.view {
        View::One => (paths::author_both(lang, &view.lesson), "author-both"),
        View::Both => (Side::Author.lesson(lang, &view.lesson), "author-one"),
    };
    let below = lesson.map_or_else(|| words.t("author-not-there"), |it| facts(words, it));
    let toc = lesson.filter(|_| view.view == View::One).map(|lesson| {
        let titles = lesson.exercises.iter().map(|exercise| {
            let values = lesson.values(exercise, AUTHOR_SEED);
            exercise.text.get(lang).with(&values).title
        });
        contents(words, lesson, titles, &BTreeMap::new())
    });
    view! {
        <div class="draft-top" id="draft-top">
            <nav class="author-ways" aria-label=words.t("author")>
                <a href=paths::author(lang)>{words.t("author-overview")}</a>
                <a href=other.0>{words.t(other.1)}</a>
                <a href=paths::lesson(lang, &view.lesson)>{words.t("author-student")}</a>
            </nav>
            <header class="lesson-head">
                <h1>{view.title(lang)}</h1>
                <p class="facts">{below}</p>
            </header>
            {standing(words, view)}
            {above(words, view)}
            {toc}
        </div>
    }
}

/// How many problems there are, here and elsewhere; said aloud when that changes.
fn standing(words: Words, view: &LessonDraft) -> impl IntoView + use<> {
    let all = view.draft.problems.len();
    let here = view.draft.problems_of(&view.lesson).count();
    let said = match all {
        0 => words.t("author-clean"),
        all => words.with("author-problems", &[("n", all.into())]),
    };
    let elsewhere = (all > here).then(|| {
        let said = words.with("author-elsewhere", &[("n", (all - here).into())]);
        view! { " " <a href=paths::author(words.0)>{said}</a> }
    });
    let tone = if all == 0 { "done" } else { "wrong" };
    view! {
        <p class="standing" id="standing" data-tone=tone data-say=said.clone()>
            {said.clone()} {elsewhere}
        </p>
    }
}

/// Problems that belong to no block that is shown.
fn above(words: Words, view: &LessonDraft) -> Vec<AnyView> {
    let shown = |lang: Lang| view.view == View::Both || lang == words.0;
    let texts: Vec<Text<'_>> = view
        .lesson()
        .into_iter()
        .flat_map(|lesson| {
            let shown = Lang::ALL.into_iter().filter(|lang| shown(*lang));
            shown.filter_map(|lang| Text::new(&view.draft, lesson, lang, None))
        })
        .collect();
    let placed = |file: &str| texts.iter().any(|text| text.file() == file);
    let loose = view
        .draft
        .problems_of(&view.lesson)
        .filter(|problem| !placed(&problem.file));
    problems(
        texts
            .iter()
            .flat_map(|text| text.above.iter().copied())
            .chain(loose),
    )
}

/// The text, block by block: `data-merge` says that those that stay are left alone.
fn text(words: Words, view: &LessonDraft) -> impl IntoView + use<> {
    let lesson = view.lesson();
    let html = match view.view {
        View::One => lesson
            .and_then(|lesson| Text::new(&view.draft, lesson, words.0, None))
            .map(|text| blocks::one(&text)),
        View::Both => lesson.map(|lesson| {
            let (first, second) = languages(view);
            let left = Text::new(&view.draft, lesson, first, Some("first-"));
            let right = Text::new(&view.draft, lesson, second, Some("second-"));
            left.map(|left| blocks::both(&left, right.as_ref()))
                .unwrap_or_default()
        }),
    };
    let run = view.machine.is_some().then(|| words.t("run-in-terminal"));
    view! {
        <div
            class="prose draft"
            id="draft"
            data-merge
            data-copy=words.t("copy")
            data-copied=words.t("copied")
            data-run=run
            inner_html=html.unwrap_or_default()
        ></div>
    }
}

/// A question of the draft with its author's own answer, judged and not recorded. `None` if there is
/// no such question.
pub fn answered(
    words: Words,
    draft: &Draft,
    lesson: &LessonId,
    item: &ItemId,
    given: Result<Response, Notice>,
) -> Option<String> {
    let lesson = draft.course.as_ref()?.lesson(lesson)?;
    let it = lesson.question(item)?;
    let number = lesson
        .questions
        .iter()
        .position(|other| other.id == it.id)?
        + 1;
    let mut view = blocks::question_view();
    match given {
        Ok(response) => {
            view.grade = it.grade(&response).ok();
            view.response = Some(response);
            view.tries = 1;
        }
        Err(notice) => view.notice = Some(notice),
    }
    let html = fragment(|| question(words, &lesson.id, it, number, view));
    let tags = Tags {
        lang: words.0,
        pictures: &draft.pictures,
        prefix: None,
    };
    Some(tags.change(&html))
}
