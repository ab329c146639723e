//! Questions: a prompt, then one list whose items are what can be chosen or is accepted.

use crate::head::Head;
use crate::item::{Body, Choice, Item, ItemHead, KindName, QuestionBody, inner_text, kind_of};
use crate::model::{Html, QuestionText};
use crate::prompt::{Prompt, title_of};
use crate::render::Renderer;
use crate::scan::{Directive, Piece};
use crate::source::{Fragment, Spot};

/// The most choices that a question may have: more is a list to be searched, not a question.
const CHOICES_MAX: usize = 20;

/// An item of the list, before it is known what it means.
struct Entry {
    spot: Spot,
    mark: Option<bool>,
    text: Fragment,
    note: Fragment,
}

/// Reads a question. `known` is its kind in the default language, which a translation may leave out.
pub(crate) fn question<'a>(
    renderer: &mut Renderer<'a>,
    directive: &Directive<'_>,
    pieces: Vec<Piece<'a>>,
    known: impl Fn(&crate::ItemId) -> Option<KindName>,
) -> Option<Item> {
    let source = renderer.source;
    let mut head = Head::of(source, directive, &mut renderer.problems);
    let item = ItemHead::take(&mut head, directive, source, &mut renderer.problems)?;
    let word = head.word();
    let names_kind = word.is_some();
    let kind = match word {
        Some(word) => kind_of(&word, source, &mut renderer.problems),
        None => known(item.id()).map(|kind| (kind, directive.spot)),
    };
    let fixed = head.flag("fixed").map(|word| word.spot);
    let says = "a question has an id, a kind, and {concepts=\"a b\" points=2 title=\"…\" rows=\"N09\" fixed}";
    head.finish(source, says, &mut renderer.problems);

    let mut prompt = Prompt::default();
    let mut entries = Vec::new();
    let mut explain = None;
    for piece in pieces {
        match piece {
            Piece::Line(line) => {
                let ordered = matches!(kind, Some((KindName::Order, _)));
                if !entry_line(renderer, line, ordered, &mut entries) {
                    prompt.line(source, line);
                }
            }
            Piece::Directive(inner) if inner.name == "explain" => {
                let text = inner_text(renderer, &inner);
                if explain.replace(text).is_some() {
                    renderer.problem(
                        inner.spot,
                        "duplicate-explain",
                        "there is another explanation above",
                        "make one of the two",
                    );
                }
            }
            piece => prompt.piece(renderer, piece, "explain, note, tip, warning"),
        }
    }
    let (html, plain) = prompt.render(renderer, directive.spot);
    let mut text = QuestionText {
        title: item.title.clone().unwrap_or_else(|| title_of(&plain)),
        prompt: html,
        explain,
        ..QuestionText::default()
    };
    if entries.len() > CHOICES_MAX {
        renderer.problem(
            directive.spot,
            "too-many-choices",
            format_args!("a question has at most {CHOICES_MAX} choices"),
            "make several questions of it",
        );
        entries.truncate(CHOICES_MAX);
    }
    let mut choices = Vec::new();
    for entry in entries {
        let choice = choice(renderer, &entry, kind.map(|(kind, _)| kind), &mut text);
        choices.push(choice);
    }
    Some(item.item(Body::Question(QuestionBody {
        kind,
        names_kind,
        fixed,
        choices,
        text,
    })))
}

/// Adds a line to the list, when it belongs to it: it begins an item, or comes after one.
fn entry_line(
    renderer: &mut Renderer<'_>,
    line: usize,
    ordered: bool,
    entries: &mut Vec<Entry>,
) -> bool {
    let source = renderer.source;
    let text = source.lines[line];
    if let Some((start, mark)) = entry_start(text, ordered) {
        entries.push(Entry {
            spot: source.line(line),
            mark,
            text: Fragment::of_tail(source, line, start),
            note: Fragment::default(),
        });
        return true;
    }
    let Some(entry) = entries.last_mut() else {
        return false;
    };
    let trimmed = text.trim_start();
    let cut = text.len() - trimmed.len();
    if let Some(note) = trimmed.strip_prefix(": ") {
        let from = text.len() - note.len();
        entry.note.push(line, note, from);
    } else if entry.note.is_blank() {
        entry.text.push(line, trimmed, cut);
    } else {
        entry.note.push(line, trimmed, cut);
    }
    if cut == 0 && !trimmed.is_empty() {
        renderer.problem(
            source.line(line),
            "text-after-choices",
            "the list of choices ends a question",
            "write this before the list, into `:::explain`, or indented below its choice",
        );
    }
    true
}

/// Whether a line begins an item, at which byte its text begins, and its mark.
fn entry_start(text: &str, ordered: bool) -> Option<(usize, Option<bool>)> {
    let rest = if ordered {
        let digits = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
        if digits.len() == text.len() {
            return None;
        }
        digits.strip_prefix(". ")?
    } else {
        text.strip_prefix("- ")?
    };
    let rest = rest.trim_start();
    let marked = |mark: &str| {
        let after = rest.strip_prefix(mark)?;
        (after.is_empty() || after.starts_with(' ')).then_some(after)
    };
    let right = marked("[x]").or_else(|| marked("[X]"));
    let (rest, mark) = match (right, marked("[ ]")) {
        (Some(rest), _) => (rest, Some(true)),
        (None, Some(rest)) => (rest, Some(false)),
        (None, None) => (rest, None),
    };
    Some((text.len() - rest.len(), mark))
}

/// Renders an item of the list as its kind wants it, into the question's text.
fn choice(
    renderer: &mut Renderer<'_>,
    entry: &Entry,
    kind: Option<KindName>,
    text: &mut QuestionText,
) -> Choice {
    let raw = entry
        .text
        .text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let mut choice = Choice {
        spot: entry.spot,
        mark: entry.mark,
        raw,
        target: None,
        is_choice: true,
    };
    match kind {
        // Not shown: nothing to render.
        Some(KindName::Short | KindName::Number) => choice.is_choice = false,
        Some(KindName::Match) => pair(renderer, entry, text, &mut choice),
        _ => {
            let (html, plain) = renderer.inline(&entry.text);
            if html.is_empty() {
                renderer.problem(
                    entry.spot,
                    "empty",
                    "this choice is empty",
                    "write its text behind the dash",
                );
            }
            text.choices.push(html);
            text.plain_choices.push(plain);
        }
    }
    let note = (!entry.note.is_blank()).then(|| renderer.block(&entry.note, &[]).0);
    if choice.is_choice {
        text.notes.push(note);
    } else if note.is_some() {
        renderer.problem(
            entry.spot,
            "note-on-answer",
            "this is not shown as a choice, so nobody will read its note",
            "write it into `:::explain`",
        );
    }
    choice
}

/// `left => right`.
fn pair(renderer: &mut Renderer<'_>, entry: &Entry, text: &mut QuestionText, choice: &mut Choice) {
    let Some(arrow) = entry.text.text.find("=>") else {
        renderer.problem(
            entry.spot,
            "no-pair",
            "an item of a `match` has two sides",
            "write `- left => right`",
        );
        text.choices.push(Html::default());
        text.plain_choices.push(String::new());
        return;
    };
    let (left, right) = entry.text.cut(arrow, 2);
    let (_, target) = renderer.inline(&right);
    let target = target.trim().to_owned();
    if target.is_empty() {
        renderer.problem(
            entry.spot,
            "no-pair",
            "there is nothing behind the arrow",
            "write `- left => right`",
        );
    }
    let known = text.targets.iter().position(|known| *known == target);
    let index = known.unwrap_or(text.targets.len());
    if known.is_none() {
        text.targets.push(target);
    }
    if left.is_blank() {
        choice.is_choice = false;
        if known.is_some() {
            renderer.problem(
                entry.spot,
                "duplicate-choice",
                "this right side is there already",
                "take the line out, or word it differently",
            );
        }
        return;
    }
    let (html, plain) = renderer.inline(&left);
    text.choices.push(html);
    text.plain_choices.push(plain.trim().to_owned());
    choice.target = Some(index);
}

/// A number with its tolerance and unit: `43.2`, `43.2 ± 0.1 min`, `1024 +- 1 MiB`.
pub(crate) fn number(raw: &str) -> Option<(f64, f64, Option<String>)> {
    let (value, rest) = leading_number(raw)?;
    let rest = rest.trim_start();
    let (tolerance, unit) = match rest.strip_prefix('±').or_else(|| rest.strip_prefix("+-")) {
        Some(rest) => leading_number(rest.trim_start())?,
        None => (0.0, rest),
    };
    let unit = Some(unit.trim().to_owned()).filter(|unit| !unit.is_empty());
    let has_digit = unit
        .as_ref()
        .is_some_and(|unit| unit.starts_with(|letter: char| letter.is_ascii_digit()));
    (tolerance >= 0.0 && !has_digit).then_some((value, tolerance, unit))
}

fn leading_number(text: &str) -> Option<(f64, &str)> {
    let mut len = 0;
    for (at, letter) in text.char_indices() {
        let sign = at == 0 && "+-".contains(letter);
        if !(sign || letter.is_ascii_digit() || ".,".contains(letter)) {
            break;
        }
        len = at + letter.len_utf8();
    }
    let value: f64 = text[..len].replace(',', "").parse().ok()?;
    value.is_finite().then_some((value, &text[len..]))
}
