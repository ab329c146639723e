//! Putting a lesson's languages together: the default one decides, translations add prose.

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::finish::{Finished, Finisher, number_of};
use crate::head::Word;
use crate::ids::LessonId;
use crate::item::{Body, ExerciseBody, Item, KindName, QuestionBody};
use crate::lang::Localized;
use crate::lesson::{File, Front};
use crate::model::{Exercise, Kind, Lesson, Question};
use crate::problem::Problem;
use crate::source::{Source, Spot};
use crate::vars::places;

/// A file with its lines.
pub(crate) struct Read<'a> {
    pub(crate) source: &'a Source<'a>,
    pub(crate) file: File,
}

/// Makes a lesson of its files, the default language's first, as far as they go: what is wrong is told.
pub(crate) fn lesson(
    id: &LessonId,
    default: Read<'_>,
    translations: Vec<Read<'_>>,
    concepts: &BTreeSet<String>,
    problems: &mut Vec<Problem>,
) -> Lesson {
    let rows: Vec<String> = default
        .file
        .front
        .as_ref()
        .and_then(|front| front.rows.clone())
        .unwrap_or_default();
    let mut finisher = Finisher {
        source: default.source,
        lang: default.file.lang,
        concepts,
        rows: &rows,
        problems: Vec::new(),
    };
    let minutes = default.file.front.as_ref().and_then(|front| front.minutes);
    if default.file.front.is_some() && minutes.is_none() {
        finisher.problem(
            default.source.line(0),
            "front-matter",
            "it is not said how long the lesson takes",
            "add `minutes: 15` to the front matter",
        );
    }
    let mut finished: Vec<Option<Finished>> = default
        .file
        .items
        .iter()
        .map(|item| finisher.item(item))
        .collect();
    problems.append(&mut finisher.problems);

    let mut translated = Vec::new();
    let mut assets = default.file.assets.clone();
    for translation in translations {
        finisher = Finisher {
            source: translation.source,
            lang: translation.file.lang,
            concepts,
            rows: &rows,
            problems: Vec::new(),
        };
        finisher.same_front(default.file.front.as_ref(), translation.file.front.as_ref());
        finisher.same_text(&default.file, &translation.file);
        finisher.same_items(&default.file.items, &translation.file.items);
        for (index, item) in default.file.items.iter().enumerate() {
            let theirs = translation
                .file
                .items
                .iter()
                .find(|other| other.id == item.id);
            if let (Some(finished), Some(theirs)) = (&mut finished[index], theirs) {
                finisher.translate(finished, item, theirs);
            }
        }
        problems.append(&mut finisher.problems);
        assets.extend(translation.file.assets);
        translated.push((translation.file.lang, translation.file.page));
    }
    let pages = Localized::new(default.file.lang, default.file.page);
    let pages = translated
        .into_iter()
        .fold(pages, |pages, (lang, page)| pages.with(lang, page));

    let (mut exercises, mut questions) = (Vec::new(), Vec::new());
    for item in finished.into_iter().flatten() {
        match item {
            Finished::Exercise(exercise) => exercises.push(exercise),
            Finished::Question(question) => questions.push(question),
        }
    }
    Lesson {
        id: id.clone(),
        rows,
        minutes: minutes.unwrap_or_default(),
        pages,
        exercises,
        questions,
        assets,
    }
}

impl Finisher<'_> {
    fn differs(&mut self, spot: Spot, what: impl Display, help: impl Display) {
        self.problem(spot, "translation-differs", what, help);
    }

    fn same_front(&mut self, ours: Option<&Front>, theirs: Option<&Front>) {
        let (Some(ours), Some(theirs)) = (ours, theirs) else {
            return;
        };
        let rows = theirs.rows.is_some() && theirs.rows != ours.rows;
        if rows || (theirs.minutes.is_some() && theirs.minutes != ours.minutes) {
            self.differs(
                self.source.line(0),
                "the front matter says something else than that of the default language",
                "leave `rows` and `minutes` to the default language",
            );
        }
    }

    /// As many headings and tabs, and links to the same terms.
    fn same_text(&mut self, ours: &File, theirs: &File) {
        let end = self.source.line(self.source.lines.len().saturating_sub(1));
        let levels = |file: &File| -> Vec<u8> {
            file.page.toc.iter().map(|heading| heading.level).collect()
        };
        if levels(ours) != levels(theirs) {
            self.differs(
                end,
                format_args!(
                    "{} headings here, {} in the default language, or others",
                    theirs.page.toc.len(),
                    ours.page.toc.len()
                ),
                "give both the same headings `##` and `###`, in the same order",
            );
        }
        for (index, (count, spot)) in theirs.tabs.iter().enumerate() {
            let default = ours.tabs.get(index).map_or(0, |(count, _)| *count);
            if *count != default {
                self.differs(
                    *spot,
                    format_args!("{count} tabs here, {default} in the default language"),
                    "give both the same tabs",
                );
            }
        }
        if theirs.tabs.len() < ours.tabs.len() {
            let help = "add them where the default language has them";
            self.differs(end, "the translation lacks tabs", help);
        }
        for term in ours.terms.symmetric_difference(&theirs.terms) {
            self.differs(
                end,
                format_args!("only one of the languages links to the term `{term}`"),
                format_args!("write `[…](term:{term})` in both, or in none"),
            );
        }
    }

    /// The same items in the same order.
    fn same_items(&mut self, ours: &[Item], theirs: &[Item]) {
        let end = self.source.line(self.source.lines.len().saturating_sub(1));
        for item in theirs {
            if !ours.iter().any(|other| other.id == item.id) {
                self.differs(
                    item.spot,
                    format_args!("the default language has no `{}`", item.id),
                    "write it there first, or take it out here",
                );
            }
        }
        let mut all_there = true;
        for item in ours {
            if !theirs.iter().any(|other| other.id == item.id) {
                all_there = false;
                self.differs(
                    end,
                    format_args!("the translation lacks `{}`", item.id),
                    "add it where the default language has it",
                );
            }
        }
        let moved = ours.iter().zip(theirs).find(|(a, b)| a.id != b.id);
        if let Some((expected, found)) = moved.filter(|_| all_there && ours.len() == theirs.len()) {
            self.differs(
                found.spot,
                format_args!(
                    "`{}` stands where the default language has `{}`",
                    found.id, expected.id
                ),
                "bring both into one order",
            );
        }
    }

    fn translate(&mut self, finished: &mut Finished, ours: &Item, theirs: &Item) {
        self.same_marks(ours, theirs);
        match (finished, &ours.body, &theirs.body) {
            (Finished::Exercise(exercise), Body::Exercise(ours), Body::Exercise(body)) => {
                self.exercise_text(exercise, ours, body, theirs.spot);
            }
            (Finished::Question(question), Body::Question(ours), Body::Question(body)) => {
                self.question_text(question, ours, body, theirs.spot);
            }
            _ => self.differs(
                theirs.spot,
                format_args!(
                    "`{}` is not of this sort in the default language",
                    theirs.id
                ),
                "make both an exercise, or both a question",
            ),
        }
    }

    /// What stands in braces beside titles is the default language's to say.
    fn same_marks(&mut self, ours: &Item, theirs: &Item) {
        let needs = |item: &Item| match &item.body {
            Body::Exercise(exercise) => texts(exercise.needs.as_deref()),
            Body::Question(_) => None,
        };
        let concepts = |item: &Item| texts(item.concepts.as_deref());
        let rows = |item: &Item| texts(item.rows.as_deref());
        let others = [
            (concepts(ours), concepts(theirs)),
            (rows(ours), rows(theirs)),
            (needs(ours), needs(theirs)),
        ]
        .into_iter()
        .any(|(ours, theirs)| theirs.is_some() && theirs != ours);
        let points =
            theirs.points.is_some() && theirs.points.map(|at| at.0) != ours.points.map(|at| at.0);
        if others || points {
            self.differs(
                theirs.spot,
                "concepts, rows, points or needs are others than in the default language",
                "leave them out here",
            );
        }
    }

    fn exercise_text(
        &mut self,
        exercise: &mut Exercise,
        ours: &ExerciseBody,
        theirs: &ExerciseBody,
        spot: Spot,
    ) {
        for found in &theirs.scripts {
            self.problem(
                found.spot,
                "script-in-translation",
                "scripts belong to the default language's file",
                "take this one out: the other file's is used for both",
            );
        }
        for (id, spot) in &theirs.feedback_spots {
            if !ours.feedback_spots.contains_key(id) {
                self.differs(
                    *spot,
                    format_args!("the default language has no feedback `{id}`"),
                    "take it out, or add it there",
                );
            }
        }
        for id in ours.feedback_spots.keys() {
            if !theirs.feedback_spots.contains_key(id) {
                self.differs(
                    spot,
                    format_args!("the translation lacks the feedback `{id}`"),
                    format_args!("add `:::feedback {id}`"),
                );
            }
        }
        let vars = |body: &ExerciseBody| -> BTreeSet<String> {
            let names = places(body.text.prompt.as_str()).map(|(_, name)| name.to_owned());
            names.collect()
        };
        if !ours.vars.vars.is_empty() && vars(ours) != vars(theirs) {
            self.differs(
                spot,
                "the task does not name the same vars as in the default language",
                "say the same values in both languages",
            );
        }
        if ours.text.hints.len() != theirs.text.hints.len() {
            self.differs(
                spot,
                format_args!(
                    "{} hints here, {} in the default language",
                    theirs.text.hints.len(),
                    ours.text.hints.len()
                ),
                "give both the same hints",
            );
        }
        exercise.text = exercise.text.clone().with(self.lang, theirs.text.clone());
    }

    fn question_text(
        &mut self,
        question: &mut Question,
        ours: &QuestionBody,
        theirs: &QuestionBody,
        spot: Spot,
    ) {
        let (ours_kind, theirs_kind) = (ours.kind.map(|at| at.0), theirs.kind.map(|at| at.0));
        if ours_kind != theirs_kind {
            self.differs(
                spot,
                format_args!(
                    "in the default language this is a `{}`",
                    ours_kind.map_or("", KindName::name)
                ),
                "leave the kind out here",
            );
            return;
        }
        if ours.text.explain.is_some() != theirs.text.explain.is_some() {
            self.differs(
                spot,
                "one language has an explanation, the other has none",
                "write `:::explain` in both",
            );
        }
        let mut text = theirs.text.clone();
        let same = match &mut question.kind {
            Kind::Short { accepted } => {
                let more = theirs.choices.iter().map(|choice| choice.raw.clone());
                accepted.extend(more.filter(|raw| !raw.is_empty()));
                true
            }
            Kind::Number { value, tolerance } => {
                let read = number_of(&theirs.choices);
                text.unit = read.as_ref().and_then(|(_, _, unit)| unit.clone());
                read.is_some_and(|(v, t, _)| {
                    v.total_cmp(value).is_eq() && t.total_cmp(tolerance).is_eq()
                })
            }
            Kind::Match { targets, .. } => {
                let pairs = |body: &QuestionBody| -> Vec<Option<usize>> {
                    body.choices.iter().map(|choice| choice.target).collect()
                };
                pairs(ours) == pairs(theirs) && theirs.text.targets.len() == *targets
            }
            _ => self.same_choices(ours, theirs),
        };
        if !same {
            self.differs(
                spot,
                "the list below this question is not that of the default language",
                "repeat it item by item, in the same order, with the same right ones",
            );
            return;
        }
        let text = question.arrangement.text(text);
        question.text = question.text.clone().with(self.lang, text);
    }

    /// As many choices, with the same marks or none, and notes on the same ones.
    fn same_choices(&mut self, ours: &QuestionBody, theirs: &QuestionBody) -> bool {
        let pairs = ours.choices.iter().zip(&theirs.choices);
        let marks = pairs
            .clone()
            .all(|(a, b)| b.mark.is_none() || a.mark == b.mark);
        let notes = ours.text.notes.iter().zip(&theirs.text.notes);
        for ((_, choice), (ours, theirs)) in pairs.zip(notes) {
            if ours.is_some() != theirs.is_some() {
                self.differs(
                    choice.spot,
                    "this choice has a note in one language only",
                    "write `  : …` below it in both, or in none",
                );
            }
        }
        marks && ours.choices.len() == theirs.choices.len()
    }
}

/// What words of an attribute say, wherever they stand.
fn texts(words: Option<&[Word]>) -> Option<Vec<String>> {
    Some(words?.iter().map(|word| word.text.clone()).collect())
}
