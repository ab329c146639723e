//! What a course is once it has been read: no Markdown left, nothing left to check.

mod exercise;
mod question;

use std::collections::BTreeSet;

use crate::ids::{ItemId, LessonId};
use crate::lang::{Lang, Localized};
use crate::render::TERM_ID;
use crate::vars::Values;

pub use self::exercise::{Exercise, ExerciseText, Proof, ScriptAt, Wrong};
pub use self::question::{Kind, Question, QuestionText};

/// HTML that our renderer made from an author's Markdown: the only markup that a page may take as
/// it is. There is no way to make one from a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// What the renderer made. Not public: whoever holds an `Html` need not ask where it is from.
    pub(crate) const fn rendered(html: String) -> Self {
        Self(html)
    }

    /// The markup.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same with values in the places of vars.
    #[must_use]
    pub fn with(&self, values: &Values) -> Self {
        Self(values.fill(&self.0))
    }
}

/// A bash script by the course's author: a secret of the server, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Script {
    text: String,
    line: usize,
}

impl Script {
    pub(crate) const fn new(text: String, line: usize) -> Self {
        Self { text, line }
    }

    /// The line of its lesson's file at which it begins, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The script's text, with `{{name}}` at the places of vars. Never for a page, a log or a
    /// machine's disk.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The script as it runs: with values in the places of vars.
    #[must_use]
    pub fn with(&self, values: &Values) -> String {
        values.fill(&self.text)
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Script({} lines)", self.text.lines().count())
    }
}

/// A whole course, rendered. By default one without a name and without lessons.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// Its name.
    pub title: Localized<String>,
    /// The language that carries scripts and correctness.
    pub default_lang: Lang,
    /// All its languages, the default first.
    pub languages: Vec<Lang>,
    /// What students are to master, in the course's order.
    pub concepts: Vec<Concept>,
    /// Its units, in the course's order.
    pub units: Vec<Unit>,
    /// The rows of its map, in the map's order; none where it has no map.
    pub rows: Vec<Row>,
    /// The terms of its glossary, in the file's order; none where it has no glossary.
    pub glossary: Vec<Term>,
    /// A hash of every file read, in hexadecimal: changes when the course does.
    pub fingerprint: String,
}

/// Something to master, by which questions and exercises are tagged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concept {
    /// Its id, a slug.
    pub id: String,
    /// Its name.
    pub name: Localized<String>,
}

/// A row of the course's map: something that some lesson is to teach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id: a capital letter and two digits.
    pub id: String,
    /// What it is about.
    pub title: Localized<String>,
    /// The concept that its question is tagged with; `None` where any will do.
    pub concept: Option<String>,
    /// Whether it wants an exercise.
    pub exercise: bool,
    /// Whether it wants a question.
    pub question: bool,
}

/// A term of the glossary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its id, a slug.
    pub id: String,
    /// What it is called.
    pub name: Localized<String>,
    /// What it means: a sentence or two.
    pub meaning: Localized<Html>,
}

/// A chapter: lessons that belong together.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its id, a slug and the name of its folder.
    pub id: String,
    /// Its name.
    pub title: Localized<String>,
    /// Its lessons, in the course's order.
    pub lessons: Vec<Lesson>,
}

/// One page of the course with its exercises and questions.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// `unit/lesson`.
    pub id: LessonId,
    /// The rows of the course map that it covers, such as `N09`.
    pub rows: Vec<String>,
    /// How long it takes, in minutes.
    pub minutes: u16,
    /// The page, per language.
    pub pages: Localized<Page>,
    /// Its exercises, in the page's order.
    pub exercises: Vec<Exercise>,
    /// Its questions, in the page's order.
    pub questions: Vec<Question>,
    /// The images it shows, each a path in the course's folder such as `cloud/layers.svg`; a page
    /// asks for them under `/assets/`. Nothing else of the folder may be served.
    pub assets: BTreeSet<String>,
}

/// A lesson's page in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The page's title: its only `h1`, which is not among the blocks.
    pub title: String,
    /// One sentence for lists and search engines; empty where the author gave none.
    pub summary: String,
    /// What is on it, in order.
    pub blocks: Vec<Block>,
    /// For each block the line of its file where it begins, from 1.
    pub lines: Vec<usize>,
    /// Its headings of levels 2 and 3, in order.
    pub toc: Vec<Heading>,
}

/// A piece of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Text.
    Prose(Html),
    /// The exercise of this id stands here.
    Exercise(ItemId),
    /// The question of this id stands here.
    Question(ItemId),
}

/// A heading in the table of contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// 2 or 3.
    pub level: u8,
    /// The id of its element: what follows `#` in a link.
    pub id: String,
    /// Its text, not HTML.
    pub text: String,
}

impl Course {
    /// All lessons, in the course's order.
    pub fn lessons(&self) -> impl Iterator<Item = &Lesson> {
        self.units.iter().flat_map(|unit| &unit.lessons)
    }

    /// The lesson of this id.
    #[must_use]
    pub fn lesson(&self, id: &LessonId) -> Option<&Lesson> {
        self.lessons().find(|lesson| lesson.id == *id)
    }

    /// The unit of this id.
    #[must_use]
    pub fn unit(&self, id: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.id == id)
    }

    /// The lesson after this one, across units.
    #[must_use]
    pub fn next(&self, id: &LessonId) -> Option<&Lesson> {
        self.lessons().skip_while(|lesson| lesson.id != *id).nth(1)
    }

    /// The lesson before this one, across units.
    #[must_use]
    pub fn previous(&self, id: &LessonId) -> Option<&Lesson> {
        self.lessons()
            .take_while(|lesson| lesson.id != *id)
            .last()
            .filter(|_| self.lesson(id).is_some())
    }

    /// The name of a concept.
    #[must_use]
    pub fn concept(&self, id: &str) -> Option<&Concept> {
        self.concepts.iter().find(|concept| concept.id == id)
    }

    /// All scripts, in the course's order.
    pub fn scripts(&self) -> impl Iterator<Item = ScriptAt<'_>> {
        self.lessons().flat_map(move |lesson| {
            let exercises = lesson.exercises.iter();
            exercises.flat_map(move |exercise| {
                exercise.scripts().map(move |(what, script)| ScriptAt {
                    file: format!("{}.{}.md", lesson.id, self.default_lang),
                    line: script.line(),
                    what,
                    lesson,
                    exercise,
                    script,
                })
            })
        })
    }

    /// Whether a page shows this file (`unit/file`): only then may it be served under `/assets/`.
    #[must_use]
    pub fn has_asset(&self, path: &str) -> bool {
        self.lessons().any(|lesson| lesson.assets.contains(path))
    }
}

impl Lesson {
    /// The exercise of this id.
    #[must_use]
    pub fn exercise(&self, id: &ItemId) -> Option<&Exercise> {
        self.exercises.iter().find(|exercise| exercise.id == *id)
    }

    /// The question of this id.
    #[must_use]
    pub fn question(&self, id: &ItemId) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == *id)
    }

    /// The values of an exercise's vars for one student: always the same, whatever the machine.
    #[must_use]
    pub fn values(&self, exercise: &Exercise, student: &str) -> Values {
        let owner = exercise.vars_of.as_ref().unwrap_or(&exercise.id);
        exercise
            .vars
            .values(&format!("{student}/{}/{owner}", self.id))
    }

    /// How many exercises and questions it has.
    #[must_use]
    pub fn items(&self) -> usize {
        self.exercises.len() + self.questions.len()
    }
}

impl Term {
    /// The id of its element on the glossary's page: what follows `#` in a link.
    #[must_use]
    pub fn element(&self) -> String {
        format!("{TERM_ID}{}", self.id)
    }
}
