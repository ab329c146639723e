//! The classroom by its public door, HTTP: the real executable, a real database, the real course.
//! Machines themselves and what a browser makes of the pages are tested elsewhere (crates/machined/tests,
//! end2end).
// These tests have no runtime whose worker a pause could block.
#![allow(missing_docs, clippy::disallowed_methods, clippy::unwrap_used)]

mod access;
mod answers;
mod author;
mod classes;
mod classroom;
mod doors;
mod hostile;
mod hub;
mod kept;
mod kills;
mod machines;
mod operator;
mod quizzes;
mod reload;
mod review;
mod rosters;
mod secrets;
mod values;
mod walls;
