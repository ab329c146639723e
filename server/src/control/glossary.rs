//! The glossary's page.

use app::pages;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};

use super::Page;
use crate::{app_state::Classroom, trouble::Trouble, visitor::Visitor};

/// All terms. There is no such page where the course has none.
pub(super) async fn show(
    State(classroom): State<Classroom>,
    visitor: Visitor,
) -> Result<Response, Trouble> {
    let course = classroom.course();
    if course.glossary.is_empty() {
        return Err(Trouble::NotFound);
    }
    Ok(Page(pages::glossary(visitor.frame(&classroom), course)).into_response())
}
