//! One class while it works: who has done what, who is at what, who needs help.

use std::sync::Arc;

use course::{Course, ItemId, Lang, Lesson, LessonId};
use leptos::prelude::*;
use store::{AccountId, Class, ClassId};

use super::{classes::ago, paths};
use crate::{
    components::{Named, mark, scrolled},
    islands::Live,
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// What a column of the grid is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// An exercise.
    Exercise(LessonId, ItemId),
    /// All questions of a lesson.
    Questions(LessonId),
}

impl Column {
    fn lesson(&self) -> &LessonId {
        match self {
            Self::Exercise(lesson, _) | Self::Questions(lesson) => lesson,
        }
    }
}

/// The columns of the grid: each lesson's exercises, and its questions as one.
pub fn columns(course: &Course) -> Vec<Column> {
    course
        .lessons()
        .flat_map(|lesson| {
            let exercises = lesson.exercises.iter();
            let exercises = exercises.map(|it| Column::Exercise(lesson.id.clone(), it.id.clone()));
            let questions = !lesson.questions.is_empty();
            exercises.chain(questions.then(|| Column::Questions(lesson.id.clone())))
        })
        .collect()
}

/// How a student stands with a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cell {
    /// Nothing was tried.
    #[default]
    Untouched,
    /// Something was tried, but not lately.
    Idle,
    /// It is in hand now.
    Trying,
    /// It was tried for long, or often, without success.
    Stuck,
    /// All of it is done.
    Done,
}

impl Cell {
    const ALL: [Self; 5] = [
        Self::Stuck,
        Self::Trying,
        Self::Idle,
        Self::Done,
        Self::Untouched,
    ];

    fn sign(self) -> &'static str {
        match self {
            Self::Untouched => "",
            Self::Idle => "tried",
            Self::Trying => "now",
            Self::Stuck => "wrong",
            Self::Done => "done",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Untouched => "cell-untouched",
            Self::Idle => "cell-idle",
            Self::Trying => "cell-trying",
            Self::Stuck => "cell-stuck",
            Self::Done => "cell-done",
        }
    }
}

/// How much a student needs help; the first most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Stuck, and there.
    Now,
    /// Stuck, and away.
    Later,
    /// At work.
    AtWork,
    /// Away, or reading.
    #[default]
    Idle,
}

impl Need {
    fn rank(self) -> u8 {
        self as u8
    }

    fn cell(self) -> Cell {
        match self {
            Self::Now | Self::Later => Cell::Stuck,
            Self::AtWork => Cell::Trying,
            Self::Idle => Cell::Idle,
        }
    }
}

/// A student's row of the grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudentRow {
    /// Who.
    pub account: AccountId,
    /// Their name; text, never markup.
    pub name: String,
    /// How they stand with each of [`columns`].
    pub cells: Vec<Cell>,
    /// How many exercises and questions are done.
    pub done: usize,
    /// How much help they need.
    pub need: Need,
    /// How many minutes ago they last sent off a line in the terminal, as far as that is known.
    pub command_minutes: Option<u64>,
}

/// What the head of the grid says of a lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LessonFacts {
    /// The time that a student spent on it: the middle one of the class, in minutes.
    pub spent_minutes: Option<u64>,
    /// When it is due, as the class's calendar says it.
    pub due: Option<String>,
}

/// What the page shows.
pub struct ClassView {
    /// The course.
    pub course: Arc<Course>,
    /// The class.
    pub class: Class,
    /// Its students, by name.
    pub rows: Vec<Arc<StudentRow>>,
    /// For each column how many have done it.
    pub totals: Vec<usize>,
    /// Of each lesson in the course's order.
    pub facts: Vec<LessonFacts>,
    /// Whether the rows stay in the order of names.
    pub by_name: bool,
    /// When all this was so, in unix milliseconds.
    pub at_ms: i64,
}

/// One class.
pub fn class(frame: Frame, view: ClassView) -> Rendered {
    let words = frame.words;
    let lang = frame.lang();
    let page = Page {
        title: view.class.title.clone(),
        terminal: false,
    };
    render(&frame, page, move || {
        let id = view.class.id;
        let code = view.class.join_code.to_string();
        let join = paths::join_with_code(lang, &code);
        let stream = paths::class_live(lang, id, view.at_ms, &view.course.fingerprint);
        let empty = empty_note(words, !view.rows.is_empty());
        view! {
            <main class="page wide" id="main" data-stream=stream>
                <p class="message" id="lapsed" data-tone="wrong" role="alert" hidden>
                    {words.t("page-unknown")} " "
                    <a href=paths::sign_in(lang, &paths::class(lang, id), true)>
                        {words.t("sign-in")}
                    </a>
                </p>
                <p class="message" id="class-changed" hidden></p>
                <header class="page-head">
                    <h1>{view.class.title.clone()}</h1>
                    <div class="join">
                        <span class="help">{words.t("field-code")}</span>
                        <code class="join-code">{code}</code>
                        <span class="help">
                            {words.t("join-instruction")} " "
                            <a href=join>{words.t("join-link")}</a>
                        </span>
                    </div>
                    {class_nav(words, id, "")}
                </header>
                {announce(words, id)}
                {empty}
                {grid(words, &view)}
                <p class="exports">
                    <a href=paths::class_page(lang, id, "export.csv") download>
                        {words.t("export-csv")}
                    </a>
                    " "
                    <a href=paths::class_page(lang, id, "export.json") download>
                        {words.t("export-xapi")}
                    </a>
                </p>
            </main>
            <Live />
        }
    })
}

/// The form to say something to the whole class.
fn announce(words: Words, class: ClassId) -> impl IntoView + use<> {
    view! {
        <details class="announce">
            <summary>{words.t("announce")}</summary>
            <form method="post" action=paths::class_page(words.0, class, "announcements")>
                <div class="field">
                    <label for="announcement">{words.t("announcement")}</label>
                    <p class="help" id="announcement-help">{words.t("announcement-help")}</p>
                    <textarea
                        id="announcement"
                        name="text"
                        rows="3"
                        required
                        maxlength=store::ANNOUNCEMENT_MAX
                        aria-describedby="announcement-help"
                    ></textarea>
                </div>
                <button class="button primary">{words.t("announce-now")}</button>
            </form>
        </details>
    }
}

/// The ways between the pages of a class; `here` is the last part of this one's address.
pub(super) fn class_nav(words: Words, class: ClassId, here: &'static str) -> impl IntoView + use<> {
    let lang = words.0;
    let links: Vec<_> = [
        ("", "class-now"),
        ("mastery", "class-mastery"),
        ("questions", "class-questions"),
        ("assignments", "class-assignments"),
        ("roster", "roster"),
    ]
    .into_iter()
    .map(|(page, word)| {
        let href = if page.is_empty() {
            paths::class(lang, class)
        } else {
            paths::class_page(lang, class, page)
        };
        let current = (page == here).then_some("page");
        view! { <a href=href aria-current=current>{words.t(word)}</a> }
    })
    .collect();
    view! { <nav class="class-nav" aria-label=words.t("class-nav")>{links}</nav> }
}

/// Says that nobody is there yet; it stays on the page, hidden, until somebody is.
pub fn empty_note(words: Words, hidden: bool) -> impl IntoView + use<> {
    view! {
        <div class="empty" id="class-empty" hidden=hidden>
            <p><strong>{words.t("class-empty-title")}</strong></p>
            <p>{words.t("class-empty-text")}</p>
        </div>
    }
}

/// Says on an open page that the grid has other columns now.
pub fn class_changed(words: Words, class: ClassId) -> impl IntoView + use<> {
    view! {
        <p class="message" id="class-changed">
            {words.t("class-changed")} " "
            <a href=paths::class(words.0, class)>{words.t("lesson-show-changed")}</a>
        </p>
    }
}

/// Students by columns.
fn grid(words: Words, view: &ClassView) -> impl IntoView + use<> {
    let id = view.class.id;
    let columns = columns(&view.course);
    let legend: Vec<_> = Cell::ALL
        .into_iter()
        .map(|cell| view! { <li>{mark(cell.sign())} {words.t(cell.word())}</li> })
        .collect();
    let lessons: Vec<_> = view
        .course
        .lessons()
        .zip(&view.facts)
        .filter(|(lesson, _)| lesson.items() > 0)
        .map(|(lesson, facts)| lesson_head(words, lesson, facts))
        .collect();
    let heads: Vec<_> = with_starts(&columns)
        .map(|(column, start)| {
            let class = if start { "item lesson-start" } else { "item" };
            let title = column_title(words, &view.course, column);
            view! { <th scope="col" class=class><span>{title}</span></th> }
        })
        .collect();
    let mut sorted: Vec<_> = view.rows.iter().collect();
    if !view.by_name {
        sorted.sort_by_key(|row| row.need);
    }
    let rows: Vec<_> = sorted
        .into_iter()
        .map(|it| row(words, id, &columns, it))
        .collect();
    let count = words.with("student-count", &[("n", view.rows.len().into())]);
    let orders: Vec<_> = [(false, "sort-help"), (true, "sort-name")]
        .into_iter()
        .map(|(by_name, word)| {
            let current = (by_name == view.by_name).then_some("true");
            let href = paths::class_sorted(words.0, id, by_name);
            view! { <a href=href aria-current=current>{words.t(word)}</a> }
        })
        .collect();
    view! {
        <div class="grid-head">
            <ul class="legend" aria-label=words.t("legend")>{legend}</ul>
            <p class="orders"><span>{words.t("sort")}</span> {orders}</p>
        </div>
        {scrolled(
            Named::Text(words.t("grid")),
            view! {
                <table class="grid">
                    <thead>
                        <tr class="lessons-row">
                            <td class="name"></td>
                            <td colspan="2"></td>
                            {lessons}
                            <td class="lesson-start"></td>
                        </tr>
                        <tr class="items-row">
                            <th class="name" scope="col">{count}</th>
                            <th class="seen" scope="col">{words.t("class-now")}</th>
                            <th class="seen" scope="col">{words.t("last-command")}</th>
                            {heads}
                            <th scope="col" class="lesson-start">{words.t("cell-done")}</th>
                        </tr>
                    </thead>
                    <tbody id="students" data-sorted=(!view.by_name).then_some("")>{rows}</tbody>
                    <tfoot>{totals(words, &columns, &view.totals)}</tfoot>
                </table>
            },
        )}
    }
}

fn lesson_head(words: Words, lesson: &Lesson, facts: &LessonFacts) -> impl IntoView + use<> {
    let title = lesson.pages.get(words.0).title.clone();
    let count = lesson.exercises.len() + usize::from(!lesson.questions.is_empty());
    let spent = facts.spent_minutes.map(|minutes| {
        view! { <small>{words.with("lesson-spent", &[("n", minutes.into())])}</small> }
    });
    let due = facts.due.clone().map(|due| {
        view! { <small>{words.with("lesson-due", &[("at", due.into())])}</small> }
    });
    view! {
        <th scope="colgroup" colspan=count class="lesson-start">
            <a href=paths::lesson(words.0, &lesson.id)>{title}</a>
            {spent}
            {due}
        </th>
    }
}

/// The row of a student.
pub fn row(
    words: Words,
    class: ClassId,
    columns: &[Column],
    row: &StudentRow,
) -> impl IntoView + use<> {
    let account = row.account;
    let cells: Vec<_> = with_starts(columns)
        .zip(&row.cells)
        .map(|((_, start), cell)| {
            view! {
                <td class=start.then_some("lesson-start")>
                    {mark(cell.sign())}
                    <span class="visually-hidden">{words.t(cell.word())}</span>
                </td>
            }
        })
        .collect();
    let now = row.need.cell();
    view! {
        <tr id=format!("student-{account}") data-in="students" data-sort=row.need.rank()>
            <th scope="row">
                <a
                    id=format!("student-{account}-link")
                    href=paths::class_student(words.0, class, account)
                >
                    {row.name.clone()}
                </a>
            </th>
            <td class="now" data-need=(row.need == Need::Now).then_some("now")>
                {mark(now.sign())} " " {words.t(now.word())}
            </td>
            <td class="seen">{command(words, row)}</td>
            {cells}
            <td class="lesson-start">{row.done}</td>
        </tr>
    }
}

/// When a student last sent off a line in the terminal.
pub fn command(words: Words, row: &StudentRow) -> impl IntoView + use<> {
    let said = row.command_minutes.map(|minutes| {
        let ms = i64::try_from(minutes)
            .unwrap_or(i64::MAX)
            .saturating_mul(60_000);
        ago(words, ms)
    });
    view! { <span id=format!("student-{}-command", row.account)>{said}</span> }
}

/// For each column how many have done it.
pub fn totals(words: Words, columns: &[Column], totals: &[usize]) -> impl IntoView + use<> {
    let cells: Vec<_> = with_starts(columns)
        .zip(totals)
        .map(|((_, start), count)| {
            view! { <td class=start.then_some("lesson-start")>{*count}</td> }
        })
        .collect();
    view! {
        <tr id="class-totals">
            <th scope="row">{words.t("students-done")}</th>
            <td></td>
            <td></td>
            {cells}
            <td class="lesson-start"></td>
        </tr>
    }
}

/// Each column with whether it is the first of its lesson.
fn with_starts(columns: &[Column]) -> impl Iterator<Item = (&Column, bool)> {
    columns.iter().enumerate().map(|(index, column)| {
        let before = index.checked_sub(1).and_then(|before| columns.get(before));
        let start = before.is_none_or(|before| before.lesson() != column.lesson());
        (column, start)
    })
}

fn column_title(words: Words, course: &Course, column: &Column) -> String {
    match column {
        Column::Exercise(lesson, item) => course.lesson(lesson).map_or_else(
            || item.to_string(),
            |lesson| item_title(words.0, lesson, item),
        ),
        Column::Questions(_) => words.t("questions"),
    }
}

/// What an exercise or question is called.
pub(super) fn item_title(lang: Lang, lesson: &Lesson, item: &ItemId) -> String {
    let exercise = lesson.exercise(item).map(|it| &it.text.get(lang).title);
    let question = || lesson.question(item).map(|it| &it.text.get(lang).title);
    exercise
        .or_else(question)
        .map_or_else(|| item.to_string(), Clone::clone)
}
