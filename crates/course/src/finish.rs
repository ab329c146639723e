//! From what the default language's file says to exercises and questions, checked.

use std::collections::BTreeSet;
use std::fmt::Display;

use sha2::{Digest, Sha256};

use crate::grade::folded;
use crate::item::{
    Body, Choice, ExerciseBody, FoundScript, Item, KindName, POINTS_DEFAULT, QuestionBody,
    ScriptRole,
};
use crate::lang::{Lang, Localized};
use crate::model::{Exercise, Kind, Proof, Question, Script, Wrong};
use crate::order::Arrangement;
use crate::problem::Problem;
use crate::quiz::number;
use crate::source::{Source, Spot};

/// Where problems of one file go, and what the course around it has.
pub(crate) struct Finisher<'a> {
    pub(crate) source: &'a Source<'a>,
    pub(crate) lang: Lang,
    /// Ids of the course's concepts.
    pub(crate) concepts: &'a BTreeSet<String>,
    /// The lesson's rows.
    pub(crate) rows: &'a [String],
    pub(crate) problems: Vec<Problem>,
}

/// A finished item.
pub(crate) enum Finished {
    Exercise(Exercise),
    Question(Question),
}

/// What both sorts of items are tagged with.
struct Tags {
    concepts: Vec<String>,
    rows: Vec<String>,
    points: u32,
}

impl Finisher<'_> {
    /// Checks an item of the default language. `None` when something is missing; told.
    pub(crate) fn item(&mut self, item: &Item) -> Option<Finished> {
        let tags = Tags {
            concepts: self.concepts_of(item),
            rows: self.rows_of(item),
            points: item.points.map_or(POINTS_DEFAULT, |(points, _)| points),
        };
        match &item.body {
            Body::Exercise(body) => {
                let exercise = self.exercise(item, body, tags)?;
                Some(Finished::Exercise(exercise))
            }
            Body::Question(body) => {
                let kind = self.kind(item, body)?;
                Some(Finished::Question(self.question(item, body, kind, tags)))
            }
        }
    }

    pub(crate) fn problem(
        &mut self,
        spot: Spot,
        code: &'static str,
        message: impl Display,
        help: impl Display,
    ) {
        self.problems
            .extend(self.source.problem(spot, code, message, help));
    }

    fn question(&self, item: &Item, body: &QuestionBody, kind: Kind, tags: Tags) -> Question {
        let mut text = body.text.clone();
        if let Kind::Number { .. } = kind {
            text.unit = number_of(&body.choices).and_then(|(_, _, unit)| unit);
        }
        let shown = body.choices.iter().filter(|choice| choice.is_choice);
        let targets = text.targets.iter().map(String::as_str);
        let arrangement =
            Arrangement::of(&item.id, shown.map(|choice| choice.raw.as_str()), targets);
        let kind = arrangement.kind(kind);
        let mut raws: Vec<&str> = body
            .choices
            .iter()
            .map(|choice| choice.raw.as_str())
            .collect();
        // The order of lines in the file is no matter for grading.
        raws.sort_unstable();
        Question {
            id: item.id.clone(),
            version: version(&format!("{kind:?}"), raws.into_iter()),
            kind,
            fixed: body.fixed.is_some(),
            concepts: tags.concepts,
            rows: tags.rows,
            points: tags.points,
            line: item.spot.line + 1,
            text: Localized::new(self.lang, arrangement.text(text)),
            arrangement,
        }
    }

    fn concepts_of(&mut self, item: &Item) -> Vec<String> {
        let mut concepts = Vec::new();
        for word in item.concepts.iter().flatten() {
            if !self.concepts.contains(&word.text) {
                self.problem(
                    word.spot,
                    "unknown-concept",
                    format_args!("the course has no concept `{}`", word.text),
                    "concepts are listed in course.toml, under [[concepts]]",
                );
            }
            concepts.push(word.text.clone());
        }
        concepts
    }

    /// The rows that an item covers: said, or those of a lesson that has only one.
    fn rows_of(&mut self, item: &Item) -> Vec<String> {
        let Some(words) = &item.rows else {
            let only = self.rows.first().filter(|_| self.rows.len() == 1);
            return only.cloned().into_iter().collect();
        };
        for word in words {
            if !self.rows.contains(&word.text) {
                self.problem(
                    word.spot,
                    "unknown-row",
                    format_args!("the lesson does not cover the row `{}`", word.text),
                    "its rows are those that its front matter lists",
                );
            }
        }
        words.iter().map(|word| word.text.clone()).collect()
    }

    fn exercise(&mut self, item: &Item, body: &ExerciseBody, tags: Tags) -> Option<Exercise> {
        self.feedback(body);
        let proof = self.proof(item, body);
        let setup = self.only(body, &ScriptRole::Setup);
        let solution = self.only(body, &ScriptRole::Solution);
        if solution.is_none() && !matches!(proof, Some(Proof::Answer(_))) {
            self.problem(
                item.spot,
                "no-solution",
                format_args!("the exercise `{}` has no solution", item.id),
                "add a ```bash solution block: one right way, by which the course is tested",
            );
        }
        let proof = proof?;
        let (Proof::Check(script) | Proof::Answer(script)) = &proof;
        let wrong = body
            .scripts
            .iter()
            .filter_map(|found| match &found.role {
                ScriptRole::Wrong(feedback) => Some(Wrong {
                    feedback: feedback.clone(),
                    script: found.script.clone(),
                }),
                _ => None,
            })
            .collect();
        let vars = &body.vars.vars;
        let vars_lines = vars.canonical();
        let parts = std::iter::once(script.as_str()).chain(vars_lines.iter().map(String::as_str));
        // One that is not an id has been told of.
        let needs = body.needs.iter().flatten();
        Some(Exercise {
            id: item.id.clone(),
            concepts: tags.concepts,
            rows: tags.rows,
            points: tags.points,
            line: item.spot.line + 1,
            needs: needs.filter_map(|word| word.text.parse().ok()).collect(),
            vars: vars.clone(),
            vars_of: body.vars.of.clone(),
            setup,
            version: version("exercise", parts),
            proof,
            solution,
            wrong,
            text: Localized::new(self.lang, body.text.clone()),
        })
    }

    fn proof(&mut self, item: &Item, body: &ExerciseBody) -> Option<Proof> {
        let check = self.only(body, &ScriptRole::Check);
        let answer = self.only(body, &ScriptRole::Answer);
        match (check, answer, body.is_answer) {
            (Some(check), None, None) => Some(Proof::Check(check)),
            (None, Some(answer), Some(_)) => Some(Proof::Answer(answer)),
            (_, None, Some(spot)) => {
                self.problem(
                    spot,
                    "no-proof",
                    "a computed answer needs a script that prints it",
                    "add a ```bash answer block and no check",
                );
                None
            }
            (_, Some(_), _) => {
                self.problem(
                    item.spot,
                    "no-proof",
                    "an exercise has a check or a computed answer, and says which",
                    format_args!(
                        "with ```bash answer write `::::exercise {} answer` and no check",
                        item.id
                    ),
                );
                None
            }
            (None, None, None) => {
                self.problem(
                    item.spot,
                    "no-proof",
                    format_args!("the exercise `{}` has no check", item.id),
                    "add a ```bash check block that ends with success when it is done",
                );
                None
            }
        }
    }

    /// The script of this role, of which there may be one.
    fn only(&mut self, body: &ExerciseBody, role: &ScriptRole) -> Option<Script> {
        let mut found = body.scripts.iter().filter(|found| found.role == *role);
        let first = found.next();
        for second in found {
            self.problem(
                second.spot,
                "second-script",
                "there is another script of this kind above",
                "make one of the two",
            );
        }
        first.map(|found| found.script.clone())
    }

    /// Holds the feedback that scripts name against the feedback that there is.
    fn feedback(&mut self, body: &ExerciseBody) {
        let mut used = BTreeSet::new();
        let mut any = false;
        for found in &body.scripts {
            for (id, spot) in self.feedback_named(found) {
                match id {
                    Some(id) if !body.feedback_spots.contains_key(&id) => self.problem(
                        spot,
                        "unknown-feedback",
                        format_args!("the exercise has no feedback `{id}`"),
                        format_args!("add `:::feedback {id}` with what to tell the student"),
                    ),
                    // A wrong way names what a check must give.
                    Some(_) if matches!(found.role, ScriptRole::Wrong(_)) => {}
                    Some(id) => {
                        used.insert(id);
                    }
                    None => any = true,
                }
            }
        }
        for (id, spot) in &body.feedback_spots {
            if !any && !used.contains(id) {
                self.problem(
                    *spot,
                    "unused-feedback",
                    format_args!("no check gives the feedback `{id}`"),
                    format_args!(
                        "write `fail {id}` in the check where it fits, or take the text out"
                    ),
                );
            }
        }
    }

    /// The feedback ids in a script, `None` for one that is known only when it runs.
    fn feedback_named(&self, found: &FoundScript) -> Vec<(Option<String>, Spot)> {
        if let ScriptRole::Wrong(id) = &found.role {
            return vec![(Some(id.clone()), found.spot)];
        }
        if !matches!(found.role, ScriptRole::Check | ScriptRole::Answer) {
            return Vec::new();
        }
        let mut named = Vec::new();
        for (index, line) in found.script.as_str().lines().enumerate() {
            let code = line.split(" #").next().unwrap_or(line);
            if code.trim_start().starts_with('#') {
                continue;
            }
            let mut words = code
                .split(|letter: char| letter.is_whitespace() || ";|&(){}".contains(letter))
                .filter(|word| !word.is_empty());
            while let Some(word) = words.next() {
                if word == "fail"
                    && let Some(id) = words.next()
                {
                    let id = id.trim_matches(['"', '\'']);
                    let spot = self.source.line(found.spot.line + 1 + index);
                    named.push((crate::is_slug(id).then(|| id.to_owned()), spot));
                }
            }
        }
        named
    }

    fn kind(&mut self, item: &Item, body: &QuestionBody) -> Option<Kind> {
        let Some((kind, _)) = body.kind else {
            if body.names_kind {
                return None;
            }
            let names: Vec<&str> = KindName::ALL.iter().map(|(_, name)| *name).collect();
            self.problem(
                item.spot,
                "missing-kind",
                "this question does not say of which kind it is",
                format_args!("write one of {} behind its id", names.join(", ")),
            );
            return None;
        };
        self.doubles(body, kind);
        let choices = &body.choices;
        match kind {
            KindName::Single | KindName::Multiple => self.marked(item, choices, kind),
            KindName::Short => {
                self.unmarked(choices);
                let accepted: Vec<String> = choices
                    .iter()
                    .map(|choice| choice.raw.clone())
                    .filter(|raw| !folded(raw).is_empty())
                    .collect();
                self.enough(
                    item,
                    accepted.len(),
                    1,
                    "`- an accepted answer`, one a line",
                )?;
                Some(Kind::Short { accepted })
            }
            KindName::Number => {
                self.unmarked(choices);
                let read = number_of(choices);
                self.enough(
                    item,
                    usize::from(read.is_some()),
                    1,
                    "one line such as `- 43.2 ± 0.1 minutes`",
                )?;
                let (value, tolerance, _) = read?;
                Some(Kind::Number { value, tolerance })
            }
            KindName::Order => {
                self.unmarked(choices);
                self.enough(
                    item,
                    choices.len(),
                    3,
                    "`1. first`, `2. second`, `3. third`, in the right order",
                )?;
                Some(Kind::Order {
                    right: (0..choices.len()).collect(),
                })
            }
            KindName::Match => {
                self.unmarked(choices);
                let shown = choices.iter().filter(|choice| choice.is_choice);
                // A choice without a target has been told of already.
                let pairs: Vec<usize> = shown.map(|choice| choice.target).collect::<Option<_>>()?;
                let targets = body.text.targets.len();
                self.enough(
                    item,
                    pairs.len().min(targets),
                    2,
                    "`- left => right`, at least two with different right sides",
                )?;
                Some(Kind::Match { pairs, targets })
            }
        }
    }

    fn marked(&mut self, item: &Item, choices: &[Choice], kind: KindName) -> Option<Kind> {
        for choice in choices.iter().filter(|choice| choice.mark.is_none()) {
            self.problem(
                choice.spot,
                "no-mark",
                "it is not said whether this choice is right",
                "write `- [x]` for a right one, `- [ ]` for a wrong one",
            );
        }
        self.enough(item, choices.len(), 2, "`- [x] right`, `- [ ] wrong`")?;
        let right: BTreeSet<usize> = choices
            .iter()
            .enumerate()
            .filter(|(_, choice)| choice.mark == Some(true))
            .map(|(index, _)| index)
            .collect();
        let first = right.first().copied();
        let trouble = match (kind, right.len(), first) {
            (_, 0, _) => Some((
                "no-right-choice",
                "no choice of this question is right",
                "mark what is right with `[x]`",
            )),
            (KindName::Single, 2.., _) => Some((
                "several-right",
                "a `single` has one right choice",
                "make it a `multiple`, or mark one",
            )),
            (KindName::Multiple, count, _) if count == choices.len() => Some((
                "all-right",
                "all choices are right, so there is nothing to choose",
                "add a wrong one that somebody could believe",
            )),
            _ => None,
        };
        match (trouble, first) {
            (Some((code, message, help)), _) => {
                self.problem(item.spot, code, message, help);
                None
            }
            (None, Some(right)) if kind == KindName::Single => Some(Kind::Single { right }),
            (None, _) => Some(Kind::Multiple { right }),
        }
    }

    fn unmarked(&mut self, choices: &[Choice]) {
        for choice in choices.iter().filter(|choice| choice.mark.is_some()) {
            self.problem(
                choice.spot,
                "stray-mark",
                "marks are for `single` and `multiple`",
                "take the square brackets out",
            );
        }
    }

    /// `None`, and told, when there are too few items in the list.
    fn enough(&mut self, item: &Item, found: usize, needed: usize, form: &str) -> Option<()> {
        if found >= needed {
            return Some(());
        }
        self.problem(
            item.spot,
            "too-few-choices",
            format_args!("the question `{}` lacks what is to be answered", item.id),
            format_args!("below what is asked write {form}"),
        );
        None
    }

    /// Two choices that read alike cannot both be judged.
    fn doubles(&mut self, body: &QuestionBody, kind: KindName) {
        let mut seen = BTreeSet::new();
        for choice in &body.choices {
            let text = match kind {
                KindName::Short => folded(&choice.raw),
                _ => choice.raw.clone(),
            };
            if !seen.insert(text) {
                self.problem(
                    choice.spot,
                    "duplicate-choice",
                    "this line says the same as one above",
                    "take it out, or word it differently",
                );
            }
        }
    }
}

/// The number of a question's only line.
pub(crate) fn number_of(choices: &[Choice]) -> Option<(f64, f64, Option<String>)> {
    match choices {
        [only] => number(&only.raw),
        _ => None,
    }
}

/// How many hexadecimal digits a version has: enough that two of one item never meet.
const VERSION_LEN: usize = 16;

fn version<'a>(kind: &str, parts: impl Iterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    hash.update(kind);
    for part in parts {
        hash.update([0]);
        hash.update(part);
    }
    let mut version = hex::encode(hash.finalize());
    version.truncate(VERSION_LEN);
    version
}
