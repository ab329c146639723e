//! An instructor's classes.

use app::pages::{self, ClassView, FormTrouble, LessonFacts};
use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{BadTitle, ClassTitle};

use super::{Page, assignments};
use crate::{
    app_state::Classroom,
    trouble::Trouble,
    visitor::{Instructor, Teacher, Visitor},
};

/// The classes, and the form for a new one.
pub(super) async fn list(
    State(classroom): State<Classroom>,
    Instructor(account): Instructor,
    visitor: Visitor,
) -> Result<Page, Trouble> {
    let classes = classroom.store.classes_of(account.id).await?;
    Ok(pages::classes(visitor.frame(&classroom), classes, String::new(), None).into())
}

#[derive(Deserialize)]
pub(super) struct NewClass {
    title: String,
}

/// Makes a class.
pub(super) async fn create(
    State(classroom): State<Classroom>,
    Instructor(account): Instructor,
    visitor: Visitor,
    Form(form): Form<NewClass>,
) -> Result<Response, Trouble> {
    match form.title.parse::<ClassTitle>() {
        Ok(title) => {
            let class = classroom.store.create_class(account.id, &title).await?;
            Ok(Redirect::to(&pages::paths::class(visitor.lang, class.id)).into_response())
        }
        Err(error) => {
            let trouble = match error {
                BadTitle::TooLong => FormTrouble::TitleTooLong,
                _ => FormTrouble::TitleEmpty,
            };
            let classes = classroom.store.classes_of(account.id).await?;
            let page = pages::classes(
                visitor.frame(&classroom),
                classes,
                form.title,
                Some(trouble),
            );
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Order {
    /// `name`, or by who needs help.
    #[serde(default)]
    sort: String,
}

/// One class: its code, its students, and what each is doing.
pub(super) async fn show(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
    Query(order): Query<Order>,
) -> Result<Page, Trouble> {
    let Some(class) = classroom.store.class(teacher.class).await? else {
        return Err(Trouble::NotFound);
    };
    let grid = classroom.classes.follow(&classroom, class.id).await?;
    let grid = grid.borrow().clone();
    let due = assignments::due_times(&classroom, &class, visitor.lang).await?;
    let lessons = grid.course.lessons().zip(&grid.spent_minutes);
    let facts = lessons.map(|(lesson, minutes)| LessonFacts {
        spent_minutes: *minutes,
        due: due.get(lesson.id.as_str()).cloned(),
    });
    let view = ClassView {
        course: grid.course.clone(),
        class,
        rows: grid.rows.iter().map(|shown| shown.row.clone()).collect(),
        totals: grid.totals.0.clone(),
        facts: facts.collect(),
        by_name: order.sort == "name",
        at_ms: grid.at_ms,
    };
    Ok(pages::class(visitor.frame(&classroom), view).into())
}
