//! Whole pages, each a function from what it shows to a [`Rendered`](crate::Rendered) document.

mod account;
mod assignments;
pub mod author;
mod class;
mod classes;
mod course;
mod doors;
mod glossary;
mod heatmap;
mod hub;
mod hub_image;
mod instructors;
mod item_analysis;
mod lesson;
mod me;
pub mod paths;
mod quiz;
mod review;
mod roster;
mod sorry;
mod student;

pub use account::{AccountView, account};
pub use assignments::{AssignmentView, AssignmentsView, DueView, assignments, date_format};
pub use class::{
    Cell, ClassView, Column, LessonFacts, Need, StudentRow, class, class_changed, columns, command,
    empty_note, row, totals,
};
pub use classes::classes;
pub use course::{CourseView, course, done as done_in, done_of};
pub use doors::{FormTrouble, Join, PASSWORD_MIN, Setup, SignIn, join, setup, sign_in};
pub use glossary::glossary;
pub use heatmap::{HeatmapView, StudentMastery, heatmap};
pub use hub::{HubView, hub};
pub use hub_image::{HubImageView, hub_image};
pub use instructors::{InstructorsView, instructors};
pub use item_analysis::{
    ChoiceCount, ClassFigures, FiguresOrder, QuestionFigures, choice_counts, item_analysis,
};
pub use lesson::{LessonView, lesson, lesson_changed};
pub use me::{ConceptView, Due, MeView, me};
pub use quiz::{Asked, QuizNotice, QuizResult, QuizView, quiz, quiz_form, quiz_result};
pub use review::{ReviewEntry, ReviewItem, ReviewState, ReviewView, review, reviewed};
pub use roster::{BadLine, Given, Imported, RosterView, roster};
pub use sorry::{Sorry, sorry};
pub use student::{StudentView, student};
