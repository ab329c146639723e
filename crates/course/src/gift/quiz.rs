//! A question in GIFT as a block of ours.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::html::{has_image, markdown, words};
use super::parse::{Answer, Answers, Gift, Number, Text};
use crate::ids::{SLUG_MAX, is_slug};
use crate::lang::Lang;
use crate::model::{Block, Course};

/// A weight that counts as the whole, in percent: Moodle writes a third as 33.33333.
const WHOLE: f64 = 99.9;

/// Ids that are taken.
#[derive(Default)]
pub(super) struct Ids(HashSet<String>);

impl Ids {
    /// An id from what the question brings, and not yet taken.
    fn of(&mut self, gift: &Gift) -> String {
        let given = gift.id.clone().filter(|id| is_slug(id));
        let title = || gift.title.as_deref().and_then(slug);
        let wanted = given
            .or_else(title)
            .unwrap_or_else(|| "question".to_owned());
        let numbered = (2..).map(|number| {
            // Room for the number: as many digits as there can be questions.
            let stem: String = wanted.chars().take(SLUG_MAX - 8).collect();
            format!("{}-{number}", stem.trim_end_matches('-'))
        });
        let mut all = std::iter::once(wanted.clone()).chain(numbered);
        let free = all.find(|id| !self.0.contains(id)).unwrap_or(wanted);
        self.0.insert(free.clone());
        free
    }
}

fn slug(title: &str) -> Option<String> {
    let letters = |letter: char| !letter.is_ascii_alphanumeric();
    let words: Vec<String> = title
        .split(letters)
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let slug: String = words.join("-").chars().take(SLUG_MAX).collect();
    let slug = slug.trim_end_matches('-').to_owned();
    is_slug(&slug).then_some(slug)
}

/// The block, and what of the question it does not say.
pub(super) fn block(
    gift: &Gift,
    lang: Lang,
    ids: &mut Ids,
) -> Result<(String, Vec<String>), String> {
    let mut writer = Writer::default();
    let (kind, list) = writer.list(&gift.answers, lang)?;
    if has_image(&gift.text) {
        writer.lose("its image does not come over: put the file beside the lesson, and `![…](file)` into the question");
    }
    let prompt = prompt(&gift.text);
    writer.explain.extend(gift.general.as_ref().map(markdown));

    let id = ids.of(gift);
    let title = gift.title.as_deref().filter(|title| !is_slug(title));
    let mut head = format!("::::quiz {id} {kind}");
    if let Some(title) = title {
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = write!(head, " {{title=\"{}\"}}", title.replace('"', "'"));
    }
    let mut block = format!("{head}\n{prompt}\n\n{list}");
    writer.explain.retain(|text| !text.trim().is_empty());
    writer.explain.dedup();
    if !writer.explain.is_empty() {
        let text = neutral(&writer.explain.join("\n\n"));
        let _ = write!(block, "\n:::explain\n{text}\n:::\n");
    }
    block.push_str("::::\n");
    lint(&id, &block)?;
    Ok((block, writer.lost))
}

#[derive(Default)]
struct Writer {
    /// What there is to say after the answer.
    explain: Vec<String>,
    lost: Vec<String>,
}

impl Writer {
    fn lose(&mut self, what: &str) {
        self.lost.push(what.to_owned());
    }

    /// The kind, and the list with what can be chosen or is accepted.
    fn list(&mut self, answers: &Answers, lang: Lang) -> Result<(&'static str, String), String> {
        match answers {
            Answers::TrueFalse { right, notes } => {
                Ok(("single", self.true_false(*right, notes, lang)))
            }
            Answers::Choices(answers) => self.choices(answers),
            Answers::Short(answers) => {
                let whole = self.whole(answers.iter());
                if whole.is_empty() {
                    return Err("none of its answers is worth everything".to_owned());
                }
                let lines = whole
                    .iter()
                    .map(|answer| format!("- {}\n", words(&answer.text)));
                Ok(("short", lines.collect()))
            }
            Answers::Number(numbers) => self.number(numbers),
            Answers::Match(pairs) => {
                let lines = pairs.iter().map(|(left, right)| {
                    let right = inline(&markdown(right));
                    format!("- {} => {right}\n", inline(&markdown(left)))
                        .replacen("-  =>", "- =>", 1)
                });
                Ok(("match", lines.collect()))
            }
        }
    }

    fn true_false(&mut self, right: bool, notes: &[Option<Text>; 2], lang: Lang) -> String {
        let words = match lang {
            Lang::Ko => ["참", "거짓"],
            Lang::En => ["True", "False"],
        };
        self.explain.extend(notes[1].as_ref().map(markdown));
        let mut list = String::new();
        for (word, means) in words.into_iter().zip([true, false]) {
            list.push_str(&line(right == means, word));
            if right != means {
                list.push_str(&note(notes[0].as_ref()));
            }
        }
        list
    }

    fn choices(&mut self, answers: &[Answer]) -> Result<(&'static str, String), String> {
        let right = answers.iter().filter(|answer| answer.weight > 0.0).count();
        let whole = answers
            .iter()
            .filter(|answer| answer.weight >= WHOLE)
            .count();
        if right == 0 {
            return Err("none of its choices is right".to_owned());
        }
        // One that is worth everything: the others that are worth something are worth it alone.
        let single = whole == 1;
        if single && right > 1 {
            self.lose("a choice that is right in part counts as wrong");
        }
        let mut list = String::new();
        for answer in answers {
            let is_right = answer.weight > 0.0 && (!single || answer.weight >= WHOLE);
            list.push_str(&line(is_right, &inline(&markdown(&answer.text))));
            if has_image(&answer.text) {
                self.lose("the image of a choice does not come over");
            }
            if is_right {
                self.explain.extend(answer.note.as_ref().map(markdown));
            } else {
                list.push_str(&note(answer.note.as_ref()));
            }
        }
        Ok((if single { "single" } else { "multiple" }, list))
    }

    fn number(&mut self, numbers: &[(Number, Answer)]) -> Result<(&'static str, String), String> {
        let whole = self.whole(numbers.iter().map(|(_, answer)| answer));
        let first = numbers.iter().find(|(_, answer)| answer.weight >= WHOLE);
        let (Some((number, _)), 1) = (first, whole.len()) else {
            return Err("a number has one right value here, perhaps with a tolerance".to_owned());
        };
        let tolerance = match number.tolerance {
            0.0 => String::new(),
            tolerance => format!(" ± {tolerance}"),
        };
        Ok(("number", format!("- {}{tolerance}\n", number.value)))
    }

    /// The answers that are worth everything.
    fn whole<'a>(&mut self, answers: impl Iterator<Item = &'a Answer>) -> Vec<&'a Answer> {
        let mut whole = Vec::new();
        for answer in answers {
            if answer.weight >= WHOLE {
                self.explain.extend(answer.note.as_ref().map(markdown));
                whole.push(answer);
            } else if answer.weight > 0.0 {
                self.lose("an answer that is right in part does not count");
            } else if answer.note.is_some() {
                self.lose(
                    "what it says about a wrong answer does not come over: only choices have notes",
                );
            }
        }
        whole
    }
}

fn line(right: bool, text: &str) -> String {
    format!("- [{}] {text}\n", if right { 'x' } else { ' ' })
}

fn note(text: Option<&Text>) -> String {
    let text = text.map(markdown).unwrap_or_default();
    let lines = text.lines().map(|line| match line {
        line if line.trim().is_empty() => "\n".to_owned(),
        line => format!("  : {line}\n"),
    });
    lines.collect()
}

/// A text of one paragraph.
fn inline(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let backslashes = line.len() - line.trim_end_matches('\\').len();
        // An odd one is a line break; two are one that is shown.
        line[..line.len() - backslashes % 2].trim()
    });
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// What is asked; a list in it is written with `*`, since `-` begins a choice.
fn prompt(text: &Text) -> String {
    let text = neutral(&markdown(text));
    let lines = text.lines().map(|line| match line.strip_prefix("- ") {
        Some(item) => format!("* {item}"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A text in which nothing is a directive.
fn neutral(text: &str) -> String {
    let lines = text.lines().map(|line| {
        if line.trim_start().starts_with("::") {
            line.replacen("::", "\\::", 1)
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a lesson with this block, and nothing else, has it as a question and has no problem.
fn lint(id: &str, block: &str) -> Result<(), String> {
    let (manifest, lesson) = (
        "title = { en = \"t\" }\ndefault_language = \"en\"\nlanguages = [\"en\"]\nunits = [{ id = \"u\", title = { en = \"t\" }, lessons = [\"l\"] }]\n",
        format!("---\ntitle: t\nminutes: 1\n---\n{block}"),
    );
    let course = Course::of_texts([("course.toml", manifest.to_owned()), ("u/l.en.md", lesson)]);
    let course = course.map_err(|problems| {
        let first = problems.iter().next();
        let message = first.map_or_else(String::new, |problem| problem.message.clone());
        format!("it does not fit our format: {message}")
    })?;
    let blocks: Vec<&Block> = course
        .lessons()
        .flat_map(|lesson| &lesson.pages.get(Lang::En).blocks)
        .collect();
    match blocks.as_slice() {
        [Block::Question(question)] if question.as_str() == id => Ok(()),
        _ => Err("what it says would not stay within a question".to_owned()),
    }
}
