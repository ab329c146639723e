//! An instructor's classes.

use app::pages::{self, FormTrouble};
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{BadTitle, ClassTitle};

use super::Page;
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

/// One class: its code, its students, and what each has done.
pub(super) async fn show(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
) -> Result<Page, Trouble> {
    let Some(class) = classroom.store.class(teacher.class).await? else {
        return Err(Trouble::NotFound);
    };
    let students = classroom.store.class_progress(class.id).await?;
    let (frame, now) = (visitor.frame(&classroom), store::now_ms());
    Ok(pages::class(frame, classroom.course(), class, students, now).into())
}
