//! The crate's behaviour through its public door, in one program: it links once.

#![expect(
    clippy::unwrap_used,
    reason = "what fails in a test's helper fails the test"
)]

mod archiving;
mod checking;
mod common;
mod diagrams;
mod docs;
mod drawing;
mod gift;
mod glossary;
mod grading;
mod map;
mod preview;
mod problems;
mod rendering;
mod tabs;
mod vars;
