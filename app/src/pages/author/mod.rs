//! What an author sees of the course while writing it: every problem beside what it concerns, exercises
//! to be tried at once. Only for authors: these pages show scripts.

mod blocks;
mod lesson;
mod overview;
mod problem;
mod tags;
mod trial;

use std::{collections::BTreeMap, sync::Arc};

use course::{Course, LessonId, Problem};

pub use lesson::{LessonDraft, View, answered, lesson_draft, lesson_pieces};
pub use overview::{overview, overview_piece};
pub use trial::{Judged, Judgement, Outcome, Ran, Run, outcome};

/// The seed of vars on an author's pages: one student's values, as good as any other's.
pub const AUTHOR_SEED: &str = "author";

/// The course's folder as it is now.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The course as far as it can be shown.
    pub course: Option<Arc<Course>>,
    /// Everything that is wrong with it.
    pub problems: Arc<[Problem]>,
    /// A hash of each picture, by its path: a changed one has another address.
    pub pictures: Arc<BTreeMap<String, String>>,
    /// When each lesson was last saved, in milliseconds since 1970.
    pub saved: Arc<BTreeMap<LessonId, i64>>,
}

impl Draft {
    /// Problems in the files of a lesson.
    fn problems_of(&self, lesson: &LessonId) -> impl Iterator<Item = &Problem> {
        let stem = format!("{lesson}.");
        self.problems
            .iter()
            .filter(move |problem| problem.file.starts_with(&stem))
    }
}
