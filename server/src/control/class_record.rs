//! What the record of a class comes to: one student, how well each masters what, and how well the
//! questions measure.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use app::pages::{
    self, ClassFigures, FiguresOrder, HeatmapView, QuestionFigures, StudentMastery, StudentView,
    choice_counts,
};
use axum::extract::{Path, Query, State};
use course::{Course, ItemId, Lang, Lesson, LessonId, Response};
use mastery::{FirstAttempt, ItemAnalysis, analyse};
use serde::Deserialize;
use store::{AccountId, Attempt, ClassId, ItemKind, Place, now_ms};

use super::Page;
use crate::{
    app_state::Classroom,
    kept::Analysed,
    learner::{Key, Learner},
    trouble::Trouble,
    visitor::{Teacher, Visitor},
};

/// How many attempts are read of the record at once: a few megabytes, with the longest answers.
const CHUNK: u32 = 1000;
/// How many of a student's attempts are listed: about a lesson's worth of a few days.
const LISTED: usize = 60;

/// A student of a class.
pub(super) async fn student(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
    Path((_, _, student)): Path<(String, String, String)>,
) -> Result<Page, Trouble> {
    let store = &classroom.store;
    let student: AccountId = student.parse().map_err(|_| Trouble::NotFound)?;
    let class = store.class(teacher.class).await?.ok_or(Trouble::NotFound)?;
    // Somebody else's student is as absent as one that does not exist.
    let students = store.class_students(class.id).await?;
    let student = students.into_iter().find(|it| it.id == student);
    let student = student.ok_or(Trouble::NotFound)?;
    let progress = store.progress(student.id).await?;
    let mut attempts = store.history(student.id).await?;
    attempts.reverse();
    attempts.truncate(LISTED);
    let view = StudentView {
        course: classroom.course(),
        class,
        at: classroom.presence.at(student.id),
        student,
        progress,
        attempts,
        now_ms: now_ms(),
    };
    Ok(pages::student(visitor.frame(&classroom), view).into())
}

/// How well each student masters each concept.
pub(super) async fn mastery(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
) -> Result<Page, Trouble> {
    let class = classroom.store.class(teacher.class).await?;
    let class = class.ok_or(Trouble::NotFound)?;
    let course = classroom.course();
    let mut histories: HashMap<AccountId, Vec<Attempt>> = HashMap::new();
    each_attempt(&classroom, class.id, |attempt| {
        // What was answered does not count here, and is most of it.
        let response = serde_json::Value::Null;
        let history = histories.entry(attempt.account).or_default();
        history.push(Attempt {
            response,
            ..attempt
        });
    })
    .await?;
    let mut concepts = Vec::new();
    let mut students = Vec::new();
    for student in classroom.store.class_students(class.id).await? {
        let history = histories.remove(&student.id).unwrap_or_default();
        let learner = Learner::of_class(course.clone(), &class.time_zone, history)?;
        let known = learner.concepts();
        let names = known
            .iter()
            .map(|(it, _)| it.name.get(visitor.lang).clone());
        concepts = names.collect();
        students.push(StudentMastery {
            account: student.id,
            name: student.name,
            mastery: known.into_iter().map(|(_, mastery)| mastery).collect(),
        });
    }
    let view = HeatmapView {
        class,
        concepts,
        students,
    };
    Ok(pages::heatmap(visitor.frame(&classroom), view).into())
}

#[derive(Deserialize)]
pub(super) struct Order {
    #[serde(default)]
    sort: String,
}

/// How well the questions measure, for a class.
pub(super) async fn questions(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
    Query(order): Query<Order>,
) -> Result<Page, Trouble> {
    let class = classroom.store.class(teacher.class).await?;
    let class = class.ok_or(Trouble::NotFound)?;
    let course = classroom.course();
    let found = analysis(&classroom, &course, class.id).await?;
    let lessons = course.lessons();
    let figures = lessons
        .flat_map(|lesson| figures(lesson, visitor.lang, &found))
        .collect();
    let order = FiguresOrder::from_word(&order.sort);
    let frame = visitor.frame(&classroom);
    Ok(pages::item_analysis(frame, class, figures, order).into())
}

/// How each class that somebody teaches answered a lesson's questions.
///
/// # Errors
/// When the record cannot be read.
pub(super) async fn beside_questions(
    classroom: &Classroom,
    teacher: AccountId,
    lesson: &Lesson,
    lang: Lang,
) -> Result<BTreeMap<ItemId, Vec<ClassFigures>>, Trouble> {
    let course = classroom.course();
    let mut beside: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for class in classroom.store.classes_of(teacher).await? {
        let class = class.class;
        let kept = classroom.kept.analysis(class.id, &course);
        let analysed = match kept {
            Some(kept) => kept,
            None => {
                let found = analysis(classroom, &course, class.id).await?;
                let course = course.clone();
                let analysed = Arc::new(Analysed { course, found });
                classroom.kept.keep_analysis(class.id, analysed.clone());
                analysed
            }
        };
        for figures in figures(lesson, lang, &analysed.found) {
            let of_class = ClassFigures {
                class: class.clone(),
                figures,
            };
            let item = of_class.figures.item.clone();
            beside.entry(item).or_default().push(of_class);
        }
    }
    Ok(beside)
}

/// The analysis of a class's first attempts at questions as they are now.
async fn analysis(
    classroom: &Classroom,
    course: &Course,
    class: ClassId,
) -> Result<BTreeMap<Key, ItemAnalysis>, Trouble> {
    let mut firsts = Vec::new();
    each_attempt(classroom, class, |it| firsts.extend(first(course, &it))).await?;
    Ok(analyse(&firsts))
}

/// Goes through all attempts of a class's students, oldest first.
async fn each_attempt(
    classroom: &Classroom,
    class: ClassId,
    mut take: impl FnMut(Attempt),
) -> Result<(), Trouble> {
    let mut after = None;
    loop {
        let attempts = classroom.store.class_attempts(class, after, CHUNK).await?;
        let count = attempts.len();
        after = attempts.last().map(|attempt| attempt.id).or(after);
        attempts.into_iter().for_each(&mut take);
        if count < CHUNK as usize {
            return Ok(());
        }
    }
}

/// An attempt as the analysis takes it. An answer to what a question was before its author changed it
/// says nothing of what it is now.
fn first(course: &Course, attempt: &Attempt) -> Option<FirstAttempt<AccountId, Key>> {
    let is_review = attempt.circumstances.place == Place::Review;
    if attempt.kind != ItemKind::Question || is_review {
        return None;
    }
    let lesson: LessonId = attempt.lesson.parse().ok()?;
    let item: ItemId = attempt.item.parse().ok()?;
    let question = course.lesson(&lesson)?.question(&item)?;
    if question.version != attempt.version {
        return None;
    }
    let choices = match serde_json::from_value(attempt.response.clone()) {
        Ok(Response::Single(choice)) => vec![choice],
        Ok(Response::Multiple(choices)) => choices.into_iter().collect(),
        _ => Vec::new(),
    };
    Some(FirstAttempt {
        student: attempt.account,
        item: (lesson, item),
        score: attempt.score,
        choices,
    })
}

/// The figures of each question of a lesson that was answered.
fn figures(
    lesson: &Lesson,
    lang: Lang,
    found: &BTreeMap<Key, ItemAnalysis>,
) -> Vec<QuestionFigures> {
    let of = |question: &course::Question| {
        let found = found.get(&(lesson.id.clone(), question.id.clone()))?;
        let count = |choice| found.choices.get(&choice).copied().unwrap_or_default();
        Some(QuestionFigures {
            lesson: lesson.id.clone(),
            lesson_title: lesson.pages.get(lang).title.clone(),
            item: question.id.clone(),
            title: question.text.get(lang).title.clone(),
            answers: found.answers,
            facility: found.facility,
            discrimination: found.discrimination,
            few: found.few,
            choices: choice_counts(question, lang, count),
        })
    };
    lesson.questions.iter().filter_map(of).collect()
}
