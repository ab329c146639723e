//! Whole pages, each a function from what it shows to a [`Rendered`](crate::Rendered) document.

pub mod author;
mod classes;
mod course;
mod doors;
mod glossary;
mod lesson;
mod me;
pub mod paths;
mod review;
mod sorry;

pub use classes::{class, classes};
pub use course::{course, done_of};
pub use doors::{FormTrouble, Join, PASSWORD_MIN, Setup, SignIn, join, setup, sign_in};
pub use glossary::glossary;
pub use lesson::{LessonView, lesson, lesson_changed};
pub use me::{ConceptView, Due, MeView, me};
pub use review::{ReviewEntry, ReviewItem, ReviewState, ReviewView, review, reviewed};
pub use sorry::{Sorry, sorry};
