//! Questions in GIFT, the text format of Moodle.
//!
//! What both sides can say comes over: true/false, one or several of some choices, short answers,
//! numbers, pairs. Whatever does not is told, with its line, and never made into something else.

mod html;
mod parse;
mod quiz;
mod write;

pub use write::export;

use crate::lang::Lang;
use parse::Entry;

/// The longest text that is read, in bytes: a question bank of some ten thousand questions.
pub const TEXT_MAX: usize = 10 * 1024 * 1024;

/// The longest question that is read, in bytes: the longest imaginable has a tenth of it, and what is
/// done with one may take more than linear time.
const QUESTION_MAX: usize = 64 * 1024;

/// The most remarks that are made: who has more looks at the first ones.
const REMARKS_MAX: usize = 1000;

/// What became of a text in GIFT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// The questions as blocks for a lesson, each of which lints as it is.
    pub markdown: String,
    /// How many there are.
    pub questions: usize,
    /// What did not come over, in the text's order; at most a thousand.
    pub remarks: Vec<Remark>,
}

/// Something in a text that could not come over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The line where its question begins, from 1.
    pub line: usize,
    /// What it is, and what to do.
    pub message: String,
    /// Whether the whole question was left out, and not only a part of what it says.
    pub left_out: bool,
}

/// Reads questions in GIFT. `lang` is the language that the words of true/false are taken from.
#[must_use]
pub fn import(text: &str, lang: Lang) -> Import {
    let mut import = Import::default();
    if text.len() > TEXT_MAX {
        import.remark(1, format!("the text is longer than {TEXT_MAX} bytes"), true);
        return import;
    }
    let mut ids = quiz::Ids::default();
    for (line, entry) in parse::entries(text) {
        match entry {
            Ok(Entry::Category(name)) => {
                import.add(&format!("<!-- category: {} -->", name.replace("--", "- -")));
            }
            Ok(Entry::Question(question)) => match quiz::block(&question, lang, &mut ids) {
                Ok((block, lost)) => {
                    import.add(&block);
                    import.questions += 1;
                    for message in lost {
                        import.remark(line, message, false);
                    }
                }
                Err(message) => import.remark(line, message, true),
            },
            Err(message) => import.remark(line, message.to_owned(), true),
        }
    }
    import
}

impl Import {
    fn add(&mut self, block: &str) {
        if !self.markdown.is_empty() {
            self.markdown.push('\n');
        }
        self.markdown.push_str(block);
        self.markdown.push('\n');
    }

    fn remark(&mut self, line: usize, message: String, left_out: bool) {
        if self.remarks.len() < REMARKS_MAX {
            self.remarks.push(Remark {
                line,
                message,
                left_out,
            });
        }
    }
}
