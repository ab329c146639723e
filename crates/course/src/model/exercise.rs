//! What there is to do.

use std::collections::BTreeMap;

use super::{Html, Lesson, Script};
use crate::ids::ItemId;
use crate::lang::Localized;
use crate::vars::{Values, Vars};

/// Something to do on one's own machine.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// Its id, unique among the lesson's exercises and questions.
    pub id: ItemId,
    /// The line of the default language's file where it begins, from 1.
    pub line: usize,
    /// Ids of the concepts it trains.
    pub concepts: Vec<String>,
    /// The rows of the course map that it covers, among those of its lesson.
    pub rows: Vec<String>,
    /// What it is worth.
    pub points: u32,
    /// Earlier exercises of the lesson on whose result it builds: it is prepared and checked once
    /// they are done.
    pub needs: Vec<ItemId>,
    /// What differs from student to student in its text and scripts: see [`Lesson::values`].
    pub vars: Vars,
    /// The exercise whose values its vars take, where they are another's.
    pub vars_of: Option<ItemId>,
    /// Run on the student's machine, as root, before the exercise begins.
    pub setup: Option<Script>,
    /// How it is told that it is done.
    pub proof: Proof,
    /// One right way; run as the student when the course is tested.
    pub solution: Option<Script>,
    /// Ways of doing it wrong that the check must tell apart.
    pub wrong: Vec<Wrong>,
    /// A hash of proof and vars: two attempts of one version were judged alike.
    pub version: String,
    /// What the student reads.
    pub text: Localized<ExerciseText>,
}

/// How an exercise is told to be done. Both kinds run beside the machine, never in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The script passes or names a feedback: see [`crate::check::check_program`].
    Check(Script),
    /// The script prints the answer that the student has to enter, computed from the student's own
    /// machine: see [`crate::check::answer_program`].
    Answer(Script),
}

/// A way of doing an exercise wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The id of the feedback that the check must give.
    pub feedback: String,
    /// Run as the student when the course is tested.
    pub script: Script,
}

/// A script with where it is from.
#[derive(Clone, Debug)]
pub struct ScriptAt<'a> {
    /// Its file, relative to the course's folder.
    pub file: String,
    /// The line of the file at which it begins, from 1.
    pub line: usize,
    /// What it is, as behind its fence: `check`, `wrong not-running`.
    pub what: String,
    /// The lesson of its exercise.
    pub lesson: &'a Lesson,
    /// Its exercise.
    pub exercise: &'a Exercise,
    /// The script.
    pub script: &'a Script,
}

/// An exercise's prose in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExerciseText {
    /// A few words for headings and tables.
    pub title: String,
    /// What to do.
    pub prompt: Html,
    /// What to say when the check names this id.
    pub feedback: BTreeMap<String, Html>,
    /// Hints, the gentlest first.
    pub hints: Vec<Html>,
}

impl Exercise {
    /// Its scripts, each with what it is.
    pub(super) fn scripts(&self) -> impl Iterator<Item = (String, &Script)> {
        let (proof, script) = match &self.proof {
            Proof::Check(script) => ("check", script),
            Proof::Answer(script) => ("answer", script),
        };
        let setup = self.setup.iter().map(|script| ("setup", script));
        let solution = self.solution.iter().map(|script| ("solution", script));
        let wrong = self.wrong.iter();
        setup
            .chain([(proof, script)])
            .chain(solution)
            .map(|(what, script)| (what.to_owned(), script))
            .chain(wrong.map(|wrong| (format!("wrong {}", wrong.feedback), &wrong.script)))
    }
}

impl ExerciseText {
    /// The same with values in the places of vars.
    #[must_use]
    pub fn with(&self, values: &Values) -> Self {
        let feedback = self.feedback.iter();
        Self {
            title: values.fill(&self.title),
            prompt: self.prompt.with(values),
            feedback: feedback
                .map(|(id, html)| (id.clone(), html.with(values)))
                .collect(),
            hints: self.hints.iter().map(|hint| hint.with(values)).collect(),
        }
    }
}
