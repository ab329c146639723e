//! Lessons in Markdown become a course: read, checked, rendered, graded.
//!
//! This crate knows no server, no database and no machine, and does no I/O but reading files, and
//! writing those of a course that comes out of an archive ([`archive`]).
//! [`Course::load`] reads a course's folder and returns it rendered, or every problem in it at once.
//!
//! # What an author writes
//! A folder with `course.toml` and, per unit, a folder of lessons in language pairs:
//!
//! ```toml
//! default_language = "ko"             # carries scripts and what is right
//! languages = ["ko", "en"]
//! title = { ko = "클라우드와 도커", en = "Cloud and Docker" }
//!
//! [[concepts]]
//! id = "networking"
//! name = { ko = "네트워크", en = "Networking" }
//!
//! [[units]]
//! id = "containers"                   # the folder: containers/run.ko.md, containers/run.en.md
//! title = { ko = "컨테이너", en = "Containers" }
//! lessons = ["run"]
//! ```
//!
//! A lesson is CommonMark with tables, task lists, footnotes and strikethrough, `[[Ctrl]]` for keys,
//! and directives: `::::exercise`, `::::quiz` (four colons), inside them `:::feedback`, `:::hint`,
//! `:::explain`, and in the text `:::note`, `:::tip`, `:::warning` (three colons, a title behind
//! them if wanted) and `::::tabs` with `:::tab` in them. In an exercise with ```` ```vars ````,
//! `{{name}}` stands for a value of the student's own; `{needs="other"}` says on which exercises it
//! builds. Beside `course.toml` may stand `map.toml`, the rows that the course has to teach, and
//! `glossary.toml`, terms to which lessons link (`term:name`). Questions:
//!
//! | kind | the list that ends it |
//! |---|---|
//! | `single`, `multiple` | `- [x] right`, `- [ ] wrong`, and indented below a choice `: why it is wrong` |
//! | `short` | `- an accepted answer`, one a line, of any language |
//! | `number` | `- 43.2 ± 0.1 minutes` (`+-` will do; tolerance and unit may be left out) |
//! | `order` | `1. first`, `2. second`, in the right order |
//! | `match` | `- left => right`; several may share one right side; `- => right` belongs to nothing |
//!
//! (A list that is part of what is asked is written with `*`.) A translation has the same directives
//! with the same ids and no scripts, and repeats the list in the same order: choices with the same
//! marks, or none (`- IaaS`).
//!
//! Links lead to lessons (`lesson:unit/name#heading`, or the file as seen from here:
//! `../unit/name.md`), to headings of the page (`#heading`) or to the web; images are files beside
//! the lesson: `![what it shows](layers.svg "a caption")`.

#![forbid(unsafe_code)]

pub mod archive;
pub mod check;
mod diagram;
mod draw;
mod finish;
mod folder;
pub mod gift;
mod glossary;
mod grade;
mod head;
mod highlight;
mod ids;
mod item;
mod lang;
mod lesson;
mod links;
mod load;
mod manifest;
mod map;
mod model;
mod order;
mod pair;
mod parallel;
mod problem;
mod prompt;
mod quiz;
mod render;
mod scan;
mod shown;
mod source;
mod tabs;
mod toml_file;
mod vars;
mod vars_block;

pub use draw::{Drawn, PLACEMENT_MAX, QUIZ_MAX};
pub use folder::FILE_MAX;
pub use grade::{ANSWER_MAX, BadResponse, Grade, Response, answers_match};
pub use ids::{BadId, ItemId, LessonId, SLUG_MAX, is_slug};
pub use lang::{Lang, Localized, UnknownLang};
pub use model::{
    Block, Concept, Course, Exercise, ExerciseText, Heading, Html, Kind, Lesson, Page, Proof,
    Question, QuestionText, Row, Script, ScriptAt, Term, Unit, Wrong,
};
pub use problem::{CODES, PROBLEMS_MAX, Problem, Problems};
pub use vars::{Values, Vars};
