//! A lesson: text with its exercises and questions, and the machine beside it.

use std::{collections::BTreeMap, sync::Arc};

use course::{Block, Course, ItemId, Lesson, LessonId};
use leptos::prelude::*;
use store::Announcement;

use super::{
    item_analysis::{ClassFigures, beside_question},
    paths::{self, Side},
};
use crate::{
    components::{
        ExerciseView, MachineView, QuestionView, Standing, announcements, exercise, machine_pane,
        mark, question,
    },
    islands::{Forms, Live},
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// What a lesson's page shows.
pub struct LessonView {
    /// The course.
    pub course: Arc<Course>,
    /// Which of its lessons.
    pub lesson: LessonId,
    /// Its questions as the visitor left them, in the lesson's order.
    pub questions: Vec<QuestionView>,
    /// How it stands with its exercises, in the lesson's order, and a key for each one's form.
    pub exercises: Vec<ExerciseView>,
    /// How the visitor's classes answered each question, where they teach any.
    pub figures: BTreeMap<ItemId, Vec<ClassFigures>>,
    /// The visitor's machine, where the lesson has exercises.
    pub machine: Option<MachineView>,
    /// What was said to the visitor of late, the last first.
    pub announced: Vec<Announcement>,
    /// The time, in seconds since 1970.
    pub now: u64,
}

/// The page, or `None` if the course has no such lesson.
pub fn lesson(frame: Frame, view: LessonView) -> Option<Rendered> {
    let lesson = view.course.lesson(&view.lesson)?;
    let page = Page {
        title: lesson.pages.get(frame.lang()).title.clone(),
        terminal: view
            .machine
            .as_ref()
            .is_some_and(|machine| *machine != MachineView::SignIn),
    };
    let inner = frame.clone();
    Some(render(&frame, page, move || body(inner, view)))
}

fn body(frame: Frame, view: LessonView) -> Option<impl IntoView> {
    let course = view.course.clone();
    let lesson = course.lesson(&view.lesson)?;
    let words = frame.words;
    let lang = frame.lang();
    let run = view.machine.is_some().then(|| words.t("run-in-terminal"));
    let unit = course
        .unit(lesson.id.unit())
        .map(|unit| unit.title.get(lang).clone());
    let live = frame.account.is_some();
    let lapsed = live.then(|| {
        let href = paths::sign_in(lang, &paths::lesson(lang, &lesson.id), true);
        view! {
            <p class="message" id="lapsed" data-tone="wrong" role="alert" hidden>
                {words.t("page-unknown")} " " <a href=href>{words.t("sign-in")}</a>
            </p>
            // Filled in when the author changes the lesson while the page is open.
            <p class="message" id="lesson-changed" hidden></p>
        }
    });
    let stream = live.then(|| paths::live(lang, &lesson.id, &lesson.shown()));
    let live = live.then(|| view! { <Live /> });
    let pane = view.machine.as_ref().map(|machine| {
        machine_pane(&frame, machine, Side::Student, &lesson.id, view.now).into_any()
    });
    let page = lesson.pages.get(lang);
    let marks = marks(lesson, &view);
    let titles = view.exercises.iter().map(|view| view.text.title.clone());
    let toc = contents(words, lesson, titles, &marks);
    let way_on = way_on(&frame, &course, &lesson.id).into_any();
    let facts = facts(words, lesson);
    let author = frame.writes.then(|| {
        let href = Side::Author.lesson(lang, &lesson.id);
        view! { " · " <a href=href>{words.t("author-view")}</a> }
    });
    let announced = announcements(words, &view.announced, &paths::lesson(lang, &lesson.id));
    let blocks = blocks(frame.words, lesson, view);
    Some(view! {
        {lapsed}
        <main class="lesson" id="main" data-stream=stream>
            <article>
                {announced}
                <header class="lesson-head">
                    <p class="unit-name"><a href=paths::course(lang)>{unit}</a></p>
                    <h1>{page.title.clone()}</h1>
                    <p class="facts">{facts} {author}</p>
                </header>
                {toc}
                <div
                    class="prose"
                    data-copy=words.t("copy")
                    data-copied=words.t("copied")
                    data-run=run
                    inner_html=blocks
                ></div>
                {way_on}
            </article>
            {pane}
        </main>
        <p class="visually-hidden" id="announcer" role="status"></p>
        <Forms />
        {live}
    })
}

/// Says on an open page that its lesson is another now.
pub fn lesson_changed(words: Words, lesson: &LessonId) -> impl IntoView + use<> {
    let href = paths::lesson(words.0, lesson);
    view! {
        <p class="message" id="lesson-changed" data-say=words.t("lesson-changed")>
            {words.t("lesson-changed")} " " <a href=href>{words.t("lesson-show-changed")}</a>
        </p>
    }
}

/// How long it takes, and how much there is to do.
pub(super) fn facts(words: Words, lesson: &Lesson) -> String {
    let mut facts = vec![words.with("minutes", &[("n", lesson.minutes.into())])];
    for (key, count) in [
        ("exercise-count", lesson.exercises.len()),
        ("question-count", lesson.questions.len()),
    ] {
        if count > 0 {
            facts.push(words.with(key, &[("n", count.into())]));
        }
    }
    facts.join(" · ")
}

/// The text, with exercises and questions where the author put them, in one flow: the style sheet
/// spaces what stands next to each other.
fn blocks(words: Words, lesson: &Lesson, view: LessonView) -> String {
    let mut figures = view.figures;
    let mut exercises = numbered(lesson.exercises.iter().zip(view.exercises), |it| &it.id);
    let mut questions = numbered(lesson.questions.iter().zip(view.questions), |it| &it.id);
    let mut html = String::new();
    for block in &lesson.pages.get(words.0).blocks {
        match block {
            Block::Prose(prose) => html.push_str(prose.as_str()),
            Block::Exercise(id) => {
                if let Some((number, it, view)) = exercises.remove(id) {
                    html.push_str(&exercise(words, &lesson.id, it, number, view).to_html());
                }
            }
            Block::Question(id) => {
                if let Some((number, it, view)) = questions.remove(id) {
                    html.push_str(&question(words, &lesson.id, it, number, view).to_html());
                    if let Some(figures) = figures.remove(id) {
                        html.push_str(&beside_question(words, id, figures).to_html());
                    }
                }
            }
        }
    }
    html
}

/// Items by id, each with its number in the lesson.
fn numbered<'a, T, V>(
    items: impl Iterator<Item = (&'a T, V)>,
    id: impl Fn(&'a T) -> &'a ItemId,
) -> BTreeMap<&'a ItemId, (usize, &'a T, V)> {
    items
        .enumerate()
        .map(|(index, (item, view))| (id(item), (index + 1, item, view)))
        .collect()
}

/// For each exercise and question the sign of how it stands.
fn marks(lesson: &Lesson, view: &LessonView) -> BTreeMap<ItemId, &'static str> {
    let exercises = lesson
        .exercises
        .iter()
        .zip(&view.exercises)
        .map(|(exercise, view)| {
            (
                exercise.id.clone(),
                if view.standing == Standing::Done {
                    "done"
                } else {
                    ""
                },
            )
        });
    let questions = lesson
        .questions
        .iter()
        .zip(&view.questions)
        .map(|(question, view)| {
            let sign = match &view.grade {
                Some(grade) if grade.right => "done",
                Some(_) => "tried",
                None => "",
            };
            (question.id.clone(), sign)
        });
    exercises.chain(questions).collect()
}

/// The table of contents: headings, and below them what there is to do. `exercises` are the titles of
/// the exercises, as the visitor reads them.
pub(super) fn contents(
    words: Words,
    lesson: &Lesson,
    exercises: impl Iterator<Item = String>,
    marks: &BTreeMap<ItemId, &'static str>,
) -> AnyView {
    let page = lesson.pages.get(words.0);
    let headings: Vec<_> = page
        .toc
        .iter()
        .filter(|heading| heading.level == 2)
        .map(|heading| {
            view! { <li><a href=format!("#{}", heading.id)>{heading.text.clone()}</a></li> }
        })
        .collect();
    let exercises =
        lesson
            .exercises
            .iter()
            .zip(exercises)
            .enumerate()
            .map(|(index, (exercise, title))| {
                let name = words.with("exercise-number", &[("n", (index + 1).into())]);
                (exercise.id.clone(), format!("{name} · {title}"))
            });
    let questions = lesson
        .questions
        .iter()
        .enumerate()
        .map(|(index, question)| {
            let name = words.with("question-number", &[("n", (index + 1).into())]);
            let title = &question.text.get(words.0).title;
            (question.id.clone(), format!("{name} · {title}"))
        });
    let work: Vec<_> = exercises
        .chain(questions)
        .map(|(id, text)| {
            let sign = marks.get(&id).copied().unwrap_or("");
            view! {
                <li class="work">{mark(sign)} <a href=format!("#{id}")>{text}</a></li>
            }
        })
        .collect();
    view! {
        <nav class="toc" aria-label=words.t("contents")>
            <details>
                <summary>{words.t("contents")}</summary>
                <ol>{headings} {work}</ol>
            </details>
        </nav>
    }
    .into_any()
}

/// The lessons before and after.
fn way_on(frame: &Frame, course: &Course, here: &LessonId) -> impl IntoView + use<> {
    let words = frame.words;
    let link = |lesson: &Lesson, rel: &'static str, key: &str| {
        let title = lesson.pages.get(frame.lang()).title.clone();
        let href = paths::lesson(frame.lang(), &lesson.id);
        view! { <a rel=rel href=href><span>{words.t(key)}</span> {title}</a> }
    };
    let previous = course
        .previous(here)
        .map(|lesson| link(lesson, "prev", "previous-lesson"));
    let next = course
        .next(here)
        .map(|lesson| link(lesson, "next", "next-lesson"));
    view! { <nav class="lesson-nav" aria-label=words.t("lesson-nav")>{previous} {next}</nav> }
}
