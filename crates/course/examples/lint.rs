//! Lints a course's folder: prints every problem in it, or what it has.
//!
//! `cargo run -p course --example lint -- content`

use std::path::PathBuf;
use std::process::ExitCode;

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for a terminal"
)]
fn main() -> ExitCode {
    let dir = PathBuf::from(
        std::env::args_os()
            .nth(1)
            .unwrap_or_else(|| "content".into()),
    );
    match course::Course::load(&dir) {
        Ok(course) => {
            for lesson in course.lessons() {
                println!(
                    "{}: {} exercises, {} questions, rows {}",
                    lesson.id,
                    lesson.exercises.len(),
                    lesson.questions.len(),
                    lesson.rows.join(" ")
                );
            }
            ExitCode::SUCCESS
        }
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::FAILURE
        }
    }
}
