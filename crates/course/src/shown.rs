//! Whether what a student has on an open page is still what the course has.

use sha2::{Digest, Sha256};

use crate::model::{Block, Lesson, Question};

/// How many hexadecimal digits such a hash has: two of one lesson never meet by chance.
const SHOWN_LEN: usize = 16;

impl Question {
    /// A hash of what a student sees of it before answering, in all languages: what an answer belongs
    /// to. It says nothing of what is right, so it may stand in a page; and an answer to the same
    /// choices stays one when only the right one, or what is told afterwards, was corrected.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut hash = Hash::default();
        self.add(&mut hash);
        hash.end()
    }

    fn add(&self, hash: &mut Hash) {
        for (lang, text) in self.text.iter() {
            hash.add(lang.code());
            hash.add(text.prompt.as_str());
            text.choices.iter().for_each(|it| hash.add(it.as_str()));
            text.targets.iter().for_each(|it| hash.add(it));
            hash.add(text.unit.as_deref().unwrap_or_default());
        }
    }
}

impl Lesson {
    /// A hash of what a student reads on its page, in all languages.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut hash = Hash::default();
        for (lang, page) in self.pages.iter() {
            hash.add(lang.code());
            hash.add(&page.title);
            for block in &page.blocks {
                match block {
                    Block::Prose(html) => hash.add(html.as_str()),
                    Block::Exercise(id) | Block::Question(id) => hash.add(id.as_str()),
                }
            }
        }
        for exercise in &self.exercises {
            for (_, text) in exercise.text.iter() {
                hash.add(&text.title);
                hash.add(text.prompt.as_str());
                text.hints.iter().for_each(|it| hash.add(it.as_str()));
            }
        }
        for question in &self.questions {
            question.add(&mut hash);
        }
        hash.end()
    }
}

/// A hash of texts, each apart from the next.
#[derive(Default)]
struct Hash(Sha256);

impl Hash {
    fn add(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }

    fn end(self) -> String {
        let mut hash = hex::encode(self.0.finalize());
        hash.truncate(SHOWN_LEN);
        hash
    }
}
