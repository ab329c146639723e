//! The blocks of a lesson's page, each with what is wrong with it.

use std::hash::{DefaultHasher, Hash, Hasher};

use course::{Block, ItemId, Lang, Lesson, Page, Problem};
use leptos::prelude::*;

use super::{AUTHOR_SEED, Draft, problem::problems, tags::Tags, trial::trial};
use crate::{
    components::{ExerciseView, QuestionPage, QuestionView, Standing, exercise, question},
    words::Words,
};

/// A lesson's text in one language, to be drawn.
pub(super) struct Text<'a> {
    words: Words,
    lesson: &'a Lesson,
    page: &'a Page,
    tags: Tags<'a>,
    /// For each block what is wrong with it.
    problems: Vec<Vec<&'a Problem>>,
    /// What is wrong before the first block: in the front matter, or with the whole file.
    pub(super) above: Vec<&'a Problem>,
}

impl<'a> Text<'a> {
    /// `None` where the lesson is not translated.
    pub(super) fn new(
        draft: &'a Draft,
        lesson: &'a Lesson,
        lang: Lang,
        prefix: Option<&'a str>,
    ) -> Option<Self> {
        let page = lesson.pages.translated(lang)?;
        let file = format!("{}.{lang}.md", lesson.id);
        let mut problems = vec![Vec::new(); page.blocks.len()];
        let mut above = Vec::new();
        for problem in draft.problems.iter().filter(|it| it.file == file) {
            let after = page.lines.partition_point(|line| *line <= problem.line);
            match after
                .checked_sub(1)
                .and_then(|block| problems.get_mut(block))
            {
                Some(of_block) => of_block.push(problem),
                None => above.push(problem),
            }
        }
        Some(Self {
            words: Words(lang),
            lesson,
            page,
            tags: Tags {
                lang,
                pictures: &draft.pictures,
                prefix,
            },
            problems,
            above,
        })
    }

    /// Its file.
    pub(super) fn file(&self) -> String {
        format!("{}.{}.md", self.lesson.id, self.words.0)
    }

    /// One block with its problems, as HTML.
    fn block(&self, index: usize) -> String {
        let block = match &self.page.blocks[index] {
            Block::Prose(html) => html.as_str().to_owned(),
            Block::Exercise(id) => self.exercise(id),
            Block::Question(id) => self.question(id),
        };
        let told = problems(self.problems[index].iter().copied());
        let block = self.tags.change(&block);
        view! {
            <div class="prose-part" inner_html=block></div>
            {told}
        }
        .to_html()
    }

    fn exercise(&self, id: &ItemId) -> String {
        let found = self.lesson.exercises.iter().enumerate();
        let Some((index, it)) = found.into_iter().find(|(_, it)| it.id == *id) else {
            return self.missing(id);
        };
        let values = self.lesson.values(it, AUTHOR_SEED);
        let view = ExerciseView {
            text: it.text.get(self.words.0).with(&values),
            standing: Standing::Todo,
            given: String::new(),
            key: String::new(),
        };
        let block = exercise(self.words, &self.lesson.id, it, index + 1, view).to_html();
        // Two languages beside each other are for reading.
        let tried = match self.tags.prefix {
            Some(_) => String::new(),
            None => trial(self.words, self.lesson, it, &values).to_html(),
        };
        block + &tried
    }

    fn question(&self, id: &ItemId) -> String {
        let found = self.lesson.questions.iter().enumerate();
        match found.into_iter().find(|(_, it)| it.id == *id) {
            Some((index, it)) => {
                question(self.words, &self.lesson.id, it, index + 1, question_view()).to_html()
            }
            None => self.missing(id),
        }
    }

    /// In the place of an item that is too broken to be one.
    fn missing(&self, id: &ItemId) -> String {
        let said = self
            .words
            .with("author-item-missing", &[("id", id.to_string().into())]);
        view! { <p class="missing">{said}</p> }.to_html()
    }

    /// The blocks from here to there in one.
    fn blocks(&self, range: std::ops::Range<usize>) -> String {
        range.map(|index| self.block(index)).collect()
    }

    /// Where the text is cut: each stretch of prose, and each item by itself.
    fn stretches(&self) -> Vec<(std::ops::Range<usize>, Option<&'a ItemId>)> {
        let mut stretches = Vec::new();
        let mut start = 0;
        for (index, block) in self.page.blocks.iter().enumerate() {
            if let Block::Exercise(id) | Block::Question(id) = block {
                stretches.push((start..index, None));
                stretches.push((index..index + 1, Some(id)));
                start = index + 1;
            }
        }
        stretches.push((start..self.page.blocks.len(), None));
        stretches
    }
}

/// A question that nobody has answered.
pub(super) fn question_view() -> QuestionView {
    QuestionView {
        page: QuestionPage::default(),
        seed: 0,
        whose: None,
        tries: 0,
        response: None,
        grade: None,
        notice: None,
        key: String::new(),
        prefix: String::new(),
        handed_in: false,
    }
}

/// The text in one language: its blocks, to be exchanged one by one.
pub(super) fn one(text: &Text<'_>) -> String {
    (0..text.page.blocks.len())
        .map(|index| keyed("draft-block", &text.block(index)))
        .collect()
}

/// Two languages side by side, block by block where both have as many, else from item to item.
pub(super) fn both(left: &Text<'_>, right: Option<&Text<'_>>) -> String {
    let others = right.map(Text::stretches).unwrap_or_default();
    let mut others = others.into_iter();
    let mut rows = String::new();
    for (ours, item) in left.stretches() {
        let theirs = others.next().filter(|(_, other)| *other == item);
        let theirs = theirs.map_or(0..0, |(range, _)| range);
        if ours.len() == theirs.len() {
            for (mine, other) in ours.zip(theirs) {
                rows += &pair(left, mine..mine + 1, right, other..other + 1);
            }
        } else {
            rows += &pair(left, ours, right, theirs);
        }
    }
    // What only the translation has.
    for (theirs, _) in others.filter(|(range, _)| !range.is_empty()) {
        rows += &pair(left, 0..0, right, theirs);
    }
    rows
}

fn pair(
    left: &Text<'_>,
    ours: std::ops::Range<usize>,
    right: Option<&Text<'_>>,
    theirs: std::ops::Range<usize>,
) -> String {
    let cell = |text: &Text<'_>, range| {
        let lang = text.words.0.code();
        view! { <div class="cell" lang=lang inner_html=text.blocks(range)></div> }.to_html()
    };
    let theirs = right.map_or_else(String::new, |right| cell(right, theirs));
    keyed("draft-block pair", &(cell(left, ours) + &theirs))
}

/// A block of the draft under a hash of what it holds, by which the page knows whether it has it.
fn keyed(class: &'static str, html: &str) -> String {
    let mut hash = DefaultHasher::new();
    html.hash(&mut hash);
    let hash = format!("{:016x}", hash.finish());
    view! { <div class=class data-v=hash inner_html=html.to_owned()></div> }.to_html()
}
