//! What a student reviews today: questions to answer here, exercises to do again on the machine.

use std::sync::Arc;

use course::{Course, ItemId, Lesson, LessonId};
use leptos::prelude::*;

use super::{me::Due, paths};
use crate::{
    components::{QuestionView, mark, question},
    islands::Forms,
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// What the page shows.
pub struct ReviewView {
    /// The course.
    pub course: Arc<Course>,
    /// The day's list, in its order.
    pub entries: Vec<ReviewEntry>,
    /// What is left of it; `None` when all is done.
    pub left: Option<Due>,
}

/// One item of the list.
pub struct ReviewEntry {
    /// Its lesson.
    pub lesson: LessonId,
    /// Its id.
    pub id: ItemId,
    /// How it stands with it.
    pub item: ReviewItem,
}

/// What there is to do.
pub enum ReviewItem {
    /// To answer a question, as it was left today.
    Question(QuestionView),
    /// To do an exercise.
    Exercise {
        /// Its title, with the student's values.
        title: String,
        /// How far it is.
        state: ReviewState,
    },
}

/// How it stands with an exercise in review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewState {
    /// Not begun.
    Todo,
    /// Begun, and not passed.
    Begun,
    /// Passed today.
    Done,
}

/// The page.
pub fn review(frame: Frame, view: ReviewView) -> Rendered {
    let words = frame.words;
    let page = Page {
        title: words.t("review"),
        terminal: false,
    };
    render(&frame, page, move || {
        let is_empty = view.entries.is_empty();
        let lead = if is_empty {
            words.t("review-empty")
        } else {
            words.t("review-lead")
        };
        let entries: Vec<_> = view
            .entries
            .into_iter()
            .enumerate()
            .filter_map(|(index, entry)| {
                let lesson = view.course.lesson(&entry.lesson)?;
                Some(section(words, lesson, index + 1, entry))
            })
            .collect();
        let left = (!is_empty).then(|| reviewed(words, view.left));
        let back = paths::me(words.0);
        view! {
            <main class="page" id="main">
                <header class="page-head">
                    <p class="unit-name"><a href=back>{words.t("me")}</a></p>
                    <h1>{words.t("review")}</h1>
                    <p class="lead">{lead}</p>
                </header>
                <ol class="review prose">{entries}</ol>
                {left}
            </main>
            <p class="visually-hidden" id="announcer" role="status"></p>
            <Forms />
        }
    })
}

/// What is left of the day's list, and the way on when nothing is.
pub fn reviewed(words: Words, left: Option<Due>) -> impl IntoView + use<> {
    let said = match left {
        Some(due) => {
            let facts = [("n", due.items.into()), ("minutes", due.minutes.into())];
            words.with("review-left", &facts)
        }
        None => words.t("review-done"),
    };
    let on = left.is_none().then(|| {
        view! { " " <a href=paths::me(words.0)>{words.t("review-on")}</a> }
    });
    view! { <p class="review-left" id="review-left">{said} {on}</p> }
}

/// An item below the name of its lesson.
fn section(words: Words, lesson: &Lesson, number: usize, entry: ReviewEntry) -> AnyView {
    let item = match entry.item {
        ReviewItem::Question(view) => lesson
            .question(&entry.id)
            .map(|it| question(words, &lesson.id, it, number, view).into_any()),
        ReviewItem::Exercise { title, state } => {
            Some(exercise(words, lesson, &entry.id, number, title, state).into_any())
        }
    };
    let href = paths::lesson(words.0, &lesson.id);
    let title = lesson.pages.get(words.0).title.clone();
    view! {
        <li>
            <h2 class="unit-name"><a href=href>{title}</a></h2>
            {item}
        </li>
    }
    .into_any()
}

/// An exercise, with the way to it.
fn exercise(
    words: Words,
    lesson: &Lesson,
    id: &ItemId,
    number: usize,
    title: String,
    state: ReviewState,
) -> impl IntoView + use<> {
    let (data_state, sign, word) = match state {
        ReviewState::Todo => ("todo", "", "exercise-todo"),
        ReviewState::Begun => ("todo", "tried", "review-begun"),
        ReviewState::Done => ("done", "done", "exercise-done"),
    };
    let element = paths::review_id(&lesson.id, id);
    let title_id = format!("{element}-title");
    let labelled_by = title_id.clone();
    let act = match state {
        ReviewState::Todo => view! {
            <form class="begin" method="post" action=paths::review_item(words.0, &lesson.id, id)>
                <button class="button primary">{words.t("review-begin")}</button>
                <span class="note">{words.t("review-begin-note")}</span>
            </form>
        }
        .into_any(),
        ReviewState::Begun | ReviewState::Done => {
            let href = paths::lesson_item(words.0, &lesson.id, id);
            view! { <p class="begin"><a href=href>{words.t("review-to-exercise")}</a></p> }
                .into_any()
        }
    };
    view! {
        <section class="exercise" id=element data-state=data_state aria-labelledby=labelled_by>
            <header class="work-head">
                {mark(sign)}
                <h3 id=title_id>
                    <span class="kind">{words.with("exercise-number", &[("n", number.into())])}</span>
                    " "
                    {title}
                </h3>
                <p class="state">{words.t(word)}</p>
            </header>
            {act}
        </section>
    }
}
