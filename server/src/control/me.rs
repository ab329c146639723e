//! Where a student is.

use app::pages::{self, ConceptView, MeView};
use axum::extract::State;
use store::now_ms;

use super::Page;
use crate::{
    app_state::Classroom,
    learner::{Learner, left},
    trouble::Trouble,
    visitor::{Member, Visitor},
};

/// The student's own page.
pub(super) async fn show(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Member(account): Member,
) -> Result<Page, Trouble> {
    let progress = classroom.store.progress(account.id).await?;
    let learner = Learner::of(&classroom, account.id).await?;
    let today = learner.day(now_ms());
    let concepts = learner.concepts();
    let view = MeView {
        course: learner.course.clone(),
        due: left(&learner.list(today)),
        concepts: concepts
            .into_iter()
            .map(|(concept, mastery)| ConceptView::new(concept, visitor.lang, mastery))
            .collect(),
        progress,
    };
    let total = pages::done_of(&view.course, &view.progress);
    let frame = visitor.frame_with(&classroom, Some(total));
    Ok(pages::me(frame, view).into())
}
