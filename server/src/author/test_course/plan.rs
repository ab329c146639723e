//! What is to be tried: for each exercise its solution, each wrong way, and other students' values.

use std::fmt;

use anyhow::{Result, bail};
use course::{Course, Exercise, Lesson, Values, Wrong};

use super::machine::program;

/// With how many students' values an exercise with vars is solved.
const STUDENTS: usize = 3;

/// Of how many students the values are looked at to find those that differ: of a var with two values
/// thirty have the same once in 500 million exercises.
const CANDIDATES: usize = 30;

/// Something to try on a fresh machine.
#[derive(Clone, Debug)]
pub(super) struct Trial<'a> {
    pub(super) lesson: &'a Lesson,
    pub(super) exercise: &'a Exercise,
    pub(super) way: Way<'a>,
    /// Whose values are taken.
    pub(super) student: String,
    /// Another student, whose check must not pass on this one's machine; there is none where all have
    /// the same values.
    pub(super) other: Option<String>,
}

/// What is typed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way<'a> {
    /// The solution.
    Right,
    /// One of the wrong ways.
    Wrong(&'a Wrong),
}

impl Trial<'_> {
    pub(super) fn values(&self) -> Values {
        self.lesson.values(self.exercise, &self.student)
    }

    /// `unit/lesson exercise`.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.lesson.id, self.exercise.id)
    }
}

impl fmt::Display for Trial<'_> {
    /// What is tried: `solution`, `wrong reversed`, with the values where there are some.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.way {
            Way::Right => f.write_str("solution")?,
            Way::Wrong(wrong) => write!(f, "wrong {}", wrong.feedback)?,
        }
        for (index, (name, value)) in self.values().iter().enumerate() {
            let before = if index == 0 { ", " } else { " " };
            write!(f, "{before}{name}={value}")?;
        }
        Ok(())
    }
}

/// All trials of a course, in its order; of these lessons and exercises only, where some are named.
///
/// # Errors
/// When one of those is not there, or nothing is left to be tried.
pub(super) fn plan<'a>(
    course: &'a Course,
    lessons: &[String],
    exercises: &[String],
) -> Result<Vec<Trial<'a>>> {
    for name in lessons {
        if !course.lessons().any(|lesson| lesson.id.as_str() == name) {
            bail!("the course has no lesson {name}: name one as unit/lesson");
        }
    }
    let all = || {
        course
            .lessons()
            .filter(|lesson| {
                lessons.is_empty() || lessons.iter().any(|id| lesson.id.as_str() == id)
            })
            .flat_map(|lesson| {
                lesson
                    .exercises
                    .iter()
                    .map(move |exercise| (lesson, exercise))
            })
    };
    for name in exercises {
        if !all().any(|(_, exercise)| exercise.id.as_str() == name) {
            bail!("there is no exercise {name} among those to be tested");
        }
    }
    let trials: Vec<_> = all()
        .filter(|(_, exercise)| {
            exercises.is_empty() || exercises.iter().any(|id| exercise.id.as_str() == id)
        })
        .flat_map(|(lesson, exercise)| trials(lesson, exercise))
        .collect();
    if trials.is_empty() {
        bail!("there is no exercise to be tested");
    }
    Ok(trials)
}

fn trials<'a>(lesson: &'a Lesson, exercise: &'a Exercise) -> Vec<Trial<'a>> {
    let students = students(lesson, exercise);
    let trial = |way, student: &String| Trial {
        lesson,
        exercise,
        way,
        student: student.clone(),
        other: other(lesson, exercise, student),
    };
    let first = students.first().into_iter();
    let wrong = exercise.wrong.iter().map(Way::Wrong);
    students
        .iter()
        .map(|student| trial(Way::Right, student))
        .chain(first.flat_map(|student| wrong.clone().map(move |way| trial(way, student))))
        .collect()
}

/// Students whose values differ from each other's; one where there are no vars.
fn students(lesson: &Lesson, exercise: &Exercise) -> Vec<String> {
    let mut chosen: Vec<(String, Values)> = Vec::new();
    for student in candidates() {
        let values = lesson.values(exercise, &student);
        if chosen.len() < STUDENTS && chosen.iter().all(|(_, known)| *known != values) {
            chosen.push((student, values));
        }
    }
    chosen.into_iter().map(|(student, _)| student).collect()
}

/// A student whose check is another than this one's, and as many of whose values as may be; where no
/// check differs, one whose values do.
fn other(lesson: &Lesson, exercise: &Exercise, student: &str) -> Option<String> {
    let mine = lesson.values(exercise, student);
    let differ = |values: &Values| {
        let pairs = mine.iter().zip(values.iter());
        pairs.filter(|(mine, theirs)| mine != theirs).count()
    };
    candidates()
        .map(|other| {
            let values = lesson.values(exercise, &other);
            let is_checked = program(exercise, &values) != program(exercise, &mine);
            ((is_checked, differ(&values)), other)
        })
        .filter(|((_, differ), _)| *differ > 0)
        .max_by_key(|(rank, _)| *rank)
        .map(|(_, other)| other)
}

fn candidates() -> impl Iterator<Item = String> {
    (1..=CANDIDATES).map(|number| format!("student-{number}"))
}
