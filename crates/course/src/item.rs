//! Exercises and questions as one file has them, before the languages are put together.

use std::collections::BTreeMap;

use crate::head::{Head, Word};
use crate::ids::ItemId;
use crate::lesson::Known;
use crate::model::{ExerciseText, QuestionText, Script};
use crate::problem::Problem;
use crate::prompt::{Prompt, title_of};
use crate::render::Renderer;
use crate::scan::{Code, Directive, Piece};
use crate::source::{Fragment, Source, Spot};
use crate::vars::Vars;
use crate::vars_block::{self, FoundVars};

/// What an item is worth where its author does not say.
pub(crate) const POINTS_DEFAULT: u32 = 1;

/// The most that one item may be worth: a course's sum stays a number that says something.
const POINTS_MAX: u32 = 100;

/// An exercise or question of one file.
pub(crate) struct Item {
    pub(crate) id: ItemId,
    /// Where its id stands.
    pub(crate) spot: Spot,
    pub(crate) concepts: Option<Vec<Word>>,
    pub(crate) rows: Option<Vec<Word>>,
    pub(crate) points: Option<(u32, Spot)>,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Exercise(ExerciseBody),
    Question(QuestionBody),
}

/// What an exercise's block says.
pub(crate) struct ExerciseBody {
    /// Whether `answer` stands behind its id.
    pub(crate) is_answer: Option<Spot>,
    /// Ids of the exercises that it builds on.
    pub(crate) needs: Option<Vec<Word>>,
    pub(crate) vars: FoundVars,
    /// Its code blocks that are scripts.
    pub(crate) scripts: Vec<FoundScript>,
    /// Where each feedback's id stands.
    pub(crate) feedback_spots: BTreeMap<String, Spot>,
    pub(crate) text: ExerciseText,
}

/// A script in an exercise.
pub(crate) struct FoundScript {
    pub(crate) role: ScriptRole,
    pub(crate) script: Script,
    pub(crate) spot: Spot,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScriptRole {
    Setup,
    Check,
    Answer,
    Solution,
    /// With the feedback that it must get.
    Wrong(String),
}

/// What a question's block says.
pub(crate) struct QuestionBody {
    /// Its kind, where it is written or known from the default language.
    pub(crate) kind: Option<(KindName, Spot)>,
    /// Whether a kind is written, known or not.
    pub(crate) names_kind: bool,
    pub(crate) fixed: Option<Spot>,
    pub(crate) choices: Vec<Choice>,
    pub(crate) text: QuestionText,
}

/// An item of a question's list.
pub(crate) struct Choice {
    pub(crate) spot: Spot,
    /// `[x]` or `[ ]`.
    pub(crate) mark: Option<bool>,
    /// Its text as it was written: a short answer, a number, what versions hash.
    pub(crate) raw: String,
    /// For `match`: index of its target; `None` for a target that belongs to nothing.
    pub(crate) target: Option<usize>,
    /// Whether it is shown as a choice (all but those lone targets).
    pub(crate) is_choice: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KindName {
    Single,
    Multiple,
    Short,
    Number,
    Order,
    Match,
}

impl KindName {
    pub(crate) const ALL: [(Self, &'static str); 6] = [
        (Self::Single, "single"),
        (Self::Multiple, "multiple"),
        (Self::Short, "short"),
        (Self::Number, "number"),
        (Self::Order, "order"),
        (Self::Match, "match"),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, name)| name)
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
    }
}

/// What the head of an item says, as far as both sorts have it in common.
pub(crate) struct ItemHead {
    id: ItemId,
    spot: Spot,
    concepts: Option<Vec<Word>>,
    rows: Option<Vec<Word>>,
    points: Option<(u32, Spot)>,
    pub(crate) title: Option<String>,
}

impl ItemHead {
    /// Takes an id and the attributes that every item may have. `None` where there is no id.
    pub(crate) fn take(
        head: &mut Head,
        directive: &Directive<'_>,
        source: &Source<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let Some(word) = head.word() else {
            problems.extend(source.problem(
                directive.spot,
                "missing-id",
                format_args!("this `{}` has no id", directive.name),
                format_args!("write one behind it: `::::{} my-first`", directive.name),
            ));
            return None;
        };
        let id = word
            .text
            .parse()
            .map_err(|bad: crate::BadId| {
                let help =
                    "an id such as `publish-port`: it stands in records for ever, so choose well";
                problems.extend(source.problem(word.spot, "bad-id", bad.to_string(), help));
            })
            .ok()?;
        let concepts = head.value("concepts").map(|value| split(&value));
        let rows = head.value("rows").map(|value| split(&value));
        let points = head.value("points").and_then(|value| {
            let points = value
                .text
                .parse()
                .ok()
                .filter(|points| (1..=POINTS_MAX).contains(points));
            if points.is_none() {
                problems.extend(source.problem(
                    value.spot,
                    "bad-points",
                    format_args!("`{}` is no number of points", value.text),
                    format_args!("write a whole number from 1 to {POINTS_MAX}"),
                ));
            }
            Some((points?, value.spot))
        });
        Some(Self {
            id,
            spot: word.spot,
            concepts,
            rows,
            points,
            title: head.value("title").map(|value| value.text),
        })
    }

    pub(crate) fn id(&self) -> &ItemId {
        &self.id
    }

    pub(crate) fn item(self, body: Body) -> Item {
        Item {
            id: self.id,
            spot: self.spot,
            concepts: self.concepts,
            rows: self.rows,
            points: self.points,
            body,
        }
    }
}

/// Reads an exercise.
pub(crate) fn exercise<'a>(
    renderer: &mut Renderer<'a>,
    directive: &Directive<'_>,
    pieces: Vec<Piece<'a>>,
    known: &Known,
    is_translation: bool,
) -> Option<Item> {
    let source = renderer.source;
    let mut head = Head::of(source, directive, &mut renderer.problems);
    let item = ItemHead::take(&mut head, directive, source, &mut renderer.problems)?;
    let is_answer = match head.word() {
        Some(word) if word.text == "answer" => Some(word.spot),
        Some(word) => {
            renderer.problem(
                word.spot,
                "unknown-kind",
                format_args!("`{}` is no kind of exercise", word.text),
                "only `answer` may stand here, for a computed answer",
            );
            None
        }
        None => None,
    };
    let needs = head.value("needs").map(|value| split(&value));
    let says = "an exercise has an id, perhaps `answer`, and {concepts=\"a b\" points=2 title=\"…\" rows=\"N09\" needs=\"c\"}";
    head.finish(source, says, &mut renderer.problems);
    let vars = if is_translation {
        known.vars.get(&item.id).cloned().unwrap_or_default()
    } else {
        vars_block::of_exercise(renderer, &pieces, known)
    };
    vars_block::check_uses(renderer, directive, &vars, is_translation);
    renderer.vars = vars.vars.clone();

    let mut prompt = Prompt::default();
    let mut scripts = Vec::new();
    let mut feedback_spots = BTreeMap::new();
    let mut text = ExerciseText::default();
    for piece in pieces {
        match piece {
            Piece::Code(code) if vars_block::is_vars(&code) => {
                if is_translation {
                    renderer.problem(
                        source.line(code.line),
                        "script-in-translation",
                        "vars belong to the default language's file",
                        "take them out: the other file's are used for both",
                    );
                }
            }
            Piece::Code(code) => match script(renderer, &code) {
                Some(script) => scripts.extend(script),
                None => prompt.code(source, &code, directive.body.end),
            },
            Piece::Directive(inner) if inner.name == "feedback" => {
                feedback(renderer, &inner, &mut text, &mut feedback_spots);
            }
            Piece::Directive(inner) if inner.name == "hint" => {
                text.hints.push(inner_text(renderer, &inner));
            }
            piece => prompt.piece(renderer, piece, "feedback, hint, note, tip, warning"),
        }
    }
    let (html, plain) = prompt.render(renderer, directive.spot);
    text.prompt = html;
    text.title = item.title.clone().unwrap_or_else(|| title_of(&plain));
    renderer.vars = Vars::default();
    Some(item.item(Body::Exercise(ExerciseBody {
        is_answer,
        needs,
        vars,
        scripts,
        feedback_spots,
        text,
    })))
}

/// Reads a code block as a script: `None` when it is one to be shown.
#[expect(
    clippy::option_option,
    reason = "no script, a bad one (told already), a script"
)]
fn script(renderer: &mut Renderer<'_>, code: &Code<'_>) -> Option<Option<FoundScript>> {
    let source = renderer.source;
    let mut words = code.info.split_whitespace();
    words.next().filter(|language| *language == "bash")?;
    let word = words.next()?;
    let spot = source.line(code.line);
    let feedback = words.next();
    let role = match (word, feedback) {
        ("setup", None) => ScriptRole::Setup,
        ("check", None) => ScriptRole::Check,
        ("answer", None) => ScriptRole::Answer,
        ("solution", None) => ScriptRole::Solution,
        ("wrong", Some(id)) => ScriptRole::Wrong(id.to_owned()),
        ("no-run", None) => return None,
        _ => {
            renderer.problem(
                spot,
                "unknown-script",
                format_args!("`{}` is no script of an exercise", code.info),
                "one of `bash setup`, `bash check`, `bash answer`, `bash solution`, `bash wrong FEEDBACK-ID`",
            );
            return Some(None);
        }
    };
    let text = source.lines[code.body.clone()].join("\n");
    let says_something = text
        .lines()
        .any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    if !says_something {
        renderer.problem(
            spot,
            "empty-script",
            "this script does nothing",
            "write its commands, or take it out",
        );
        return Some(None);
    }
    Some(Some(FoundScript {
        role,
        script: Script::new(text, code.body.start + 1),
        spot,
    }))
}

fn feedback(
    renderer: &mut Renderer<'_>,
    inner: &Directive<'_>,
    text: &mut ExerciseText,
    spots: &mut BTreeMap<String, Spot>,
) {
    let source = renderer.source;
    let mut head = Head::of(source, inner, &mut renderer.problems);
    let id = head.word();
    head.finish(
        source,
        "only an id follows `feedback`",
        &mut renderer.problems,
    );
    let html = plain_inner(renderer, inner);
    let Some(id) = id else {
        renderer.problem(
            inner.spot,
            "missing-id",
            "this feedback has no id",
            "write behind it the id that the check names: `:::feedback not-running`",
        );
        return;
    };
    if !crate::is_slug(&id.text) {
        let bad = crate::BadId(id.text.clone()).to_string();
        renderer.problem(id.spot, "bad-id", bad, "an id such as `not-running`");
    }
    if text.feedback.insert(id.text.clone(), html).is_some() {
        renderer.problem(
            id.spot,
            "duplicate-id",
            format_args!("there is another feedback `{}` in this exercise", id.text),
            "give one of them another id",
        );
    }
    spots.insert(id.text, id.spot);
}

/// The text of an inner directive that has nothing behind its name.
pub(crate) fn inner_text(renderer: &mut Renderer<'_>, inner: &Directive<'_>) -> crate::Html {
    let source = renderer.source;
    let head = Head::of(source, inner, &mut renderer.problems);
    let known = format!("nothing follows `{}`", inner.name);
    head.finish(source, &known, &mut renderer.problems);
    plain_inner(renderer, inner)
}

fn plain_inner(renderer: &mut Renderer<'_>, inner: &Directive<'_>) -> crate::Html {
    let fragment = Fragment::of_lines(renderer.source, inner.body.clone());
    if fragment.is_blank() {
        renderer.problem(
            inner.spot,
            "empty",
            format_args!("this `{}` is empty", inner.name),
            "write its text below it",
        );
    }
    renderer.block(&fragment, &[]).0
}

/// The kind that a question's head names.
pub(crate) fn kind_of(
    word: &Word,
    source: &Source<'_>,
    problems: &mut Vec<Problem>,
) -> Option<(KindName, Spot)> {
    let kind = KindName::of(&word.text);
    if kind.is_none() {
        let names: Vec<&str> = KindName::ALL.iter().map(|(_, name)| *name).collect();
        problems.extend(source.problem(
            word.spot,
            "unknown-kind",
            format_args!("`{}` is no kind of question", word.text),
            format_args!("one of {}", names.join(", ")),
        ));
    }
    Some((kind?, word.spot))
}

fn split(value: &Word) -> Vec<Word> {
    let mut start = value.spot.start;
    let mut words = Vec::new();
    for part in value.text.split(' ') {
        if !part.is_empty() {
            words.push(Word {
                text: part.to_owned(),
                spot: Spot {
                    start,
                    len: part.len(),
                    ..value.spot
                },
            });
        }
        start += part.len() + 1;
    }
    words
}
