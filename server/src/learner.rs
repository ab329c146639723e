//! What a student's record says by the rules of the crate `mastery`.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use app::pages::Due;
use course::{Concept, Course, Exercise, ItemId, Lesson, LessonId};
use mastery::{Attempt, Calendar, Candidate, Day, Kind, Mastery, day_list, estimate, memories};
use store::{AccountId, ItemKind, Place};

use crate::{app_state::Classroom, trouble::Trouble};

/// Where somebody without a class has their days.
const TIME_ZONE: &str = "Asia/Seoul";

/// What names an item in the whole course.
pub(crate) type Key = (LessonId, ItemId);

/// A student, as the rules see them.
pub(crate) struct Learner {
    /// The course as it is now. Attempts at what is not in it any more count for nothing.
    pub(crate) course: Arc<Course>,
    /// All attempts, oldest first.
    pub(crate) history: Vec<store::Attempt>,
    /// The same for the rules.
    attempts: Vec<Attempt<Key>>,
    calendar: Calendar,
}

/// An item of the day's list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listed {
    pub(crate) lesson: LessonId,
    pub(crate) item: ItemId,
    pub(crate) kind: Kind,
    /// About how long it takes.
    takes: Duration,
    /// Whether it was right today.
    pub(crate) done: bool,
}

impl Learner {
    /// Reads a student's record.
    ///
    /// # Errors
    /// When that fails, or a class has a time zone that there is not.
    pub(crate) async fn of(classroom: &Classroom, account: AccountId) -> Result<Self, Trouble> {
        let zone = classroom.store.time_zone_of(account).await?;
        let calendar = Calendar::of_zone(zone.as_deref().unwrap_or(TIME_ZONE))?;
        let history = classroom.store.history(account).await?;
        Ok(Self::new(classroom.course(), history, calendar))
    }

    /// A student of a class in this time zone, by their history.
    ///
    /// # Errors
    /// When there is no such time zone.
    pub(crate) fn of_class(
        course: Arc<Course>,
        zone: &str,
        history: Vec<store::Attempt>,
    ) -> Result<Self, Trouble> {
        Ok(Self::new(course, history, Calendar::of_zone(zone)?))
    }

    fn new(course: Arc<Course>, history: Vec<store::Attempt>, calendar: Calendar) -> Self {
        let attempts = history
            .iter()
            .filter_map(|attempt| rule_attempt(&calendar, attempt))
            .collect();
        Self {
            course,
            history,
            attempts,
            calendar,
        }
    }

    /// The day of a moment, in unix milliseconds.
    pub(crate) fn day(&self, at_ms: i64) -> Day {
        self.calendar.day(at_ms)
    }

    /// How well each concept is mastered that the course has items of, in the course's order.
    pub(crate) fn concepts(&self) -> Vec<(&Concept, Mastery)> {
        let evidence = mastery::evidence(&self.attempts);
        let mut items: BTreeMap<&str, Vec<Option<(f64, u32)>>> = BTreeMap::new();
        for lesson in self.course.lessons() {
            let exercises = lesson.exercises.iter();
            let questions = lesson.questions.iter();
            let all = exercises
                .map(|it| (&it.id, it.points, &it.concepts))
                .chain(questions.map(|it| (&it.id, it.points, &it.concepts)));
            for (item, points, concepts) in all {
                let worth = evidence.get(&(lesson.id.clone(), item.clone()));
                for concept in concepts {
                    let of_concept = items.entry(concept).or_default();
                    of_concept.push(worth.map(|worth| (*worth, points)));
                }
            }
        }
        let concepts = self.course.concepts.iter();
        concepts
            .filter_map(|concept| {
                let items = items.remove(concept.id.as_str())?;
                Some((concept, Mastery::of(items.into_iter().flatten())))
            })
            .collect()
    }

    /// What is to be reviewed on a day. The list stays the same all day: it is made of what was
    /// attempted before.
    pub(crate) fn list(&self, today: Day) -> Vec<Listed> {
        let before: Vec<_> = self
            .attempts
            .iter()
            .filter(|attempt| attempt.day < today)
            .cloned()
            .collect();
        let candidates = memories(&before)
            .into_iter()
            .filter_map(|((lesson, item), memory)| {
                let lesson = self.course.lesson(&lesson)?;
                let (kind, takes) = self.task(lesson, &item)?;
                let item = (lesson.id.clone(), item, kind);
                Some(Candidate {
                    item,
                    memory,
                    takes,
                })
            })
            .collect();
        day_list(candidates, today)
            .into_iter()
            .map(|listed| {
                let (lesson, item, kind) = listed.item;
                let key = (lesson, item);
                let done = self
                    .attempts
                    .iter()
                    .any(|attempt| attempt.item == key && attempt.right && attempt.day == today);
                let (lesson, item) = key;
                Listed {
                    lesson,
                    item,
                    kind,
                    takes: listed.takes,
                    done,
                }
            })
            .collect()
    }

    /// What an item is, and how long it takes the student; `None` if it does not come back.
    fn task(&self, lesson: &Lesson, item: &ItemId) -> Option<(Kind, Duration)> {
        if lesson.question(item).is_some() {
            return Some((Kind::Question, self.takes(lesson, item, Kind::Question)));
        }
        let exercise = lesson.exercise(item).filter(|it| comes_back(it))?;
        let all = with_needs(lesson, exercise).into_iter();
        let takes = all.map(|it| self.takes(lesson, &it.id, Kind::Exercise));
        Some((Kind::Exercise, takes.sum()))
    }

    fn takes(&self, lesson: &Lesson, item: &ItemId, kind: Kind) -> Duration {
        let own = self
            .attempts
            .iter()
            .filter(|attempt| attempt.item.0 == lesson.id && attempt.item.1 == *item);
        let whole = Duration::from_secs(60 * u64::from(lesson.minutes));
        estimate(kind, whole, own)
    }
}

/// Whether an exercise comes back for review. One without values of its own would find the machine as
/// it was left, and pass by itself.
fn comes_back(exercise: &Exercise) -> bool {
    !exercise.vars.is_empty()
}

/// An exercise and all that it builds on, in the lesson's order.
pub(crate) fn with_needs<'a>(lesson: &'a Lesson, exercise: &'a Exercise) -> Vec<&'a Exercise> {
    let mut all = vec![&exercise.id];
    // What is needed stands above, so one way up finds everything.
    for other in lesson.exercises.iter().rev() {
        if all.contains(&&other.id) {
            all.extend(&other.needs);
        }
    }
    let exercises = lesson.exercises.iter();
    exercises.filter(|other| all.contains(&&other.id)).collect()
}

/// What is left of a list.
pub(crate) fn left(list: &[Listed]) -> Option<Due> {
    let left: Vec<_> = list.iter().filter(|listed| !listed.done).collect();
    let seconds: u64 = left.iter().map(|listed| listed.takes.as_secs()).sum();
    (!left.is_empty()).then(|| Due {
        items: left.len(),
        minutes: seconds.div_ceil(60),
    })
}

/// An attempt for the rules; `None` if its item's name is none any more.
fn rule_attempt(calendar: &Calendar, attempt: &store::Attempt) -> Option<Attempt<Key>> {
    let circumstances = attempt.circumstances;
    let spent = circumstances.spent_ms.and_then(|ms| u64::try_from(ms).ok());
    Some(Attempt {
        item: (attempt.lesson.parse().ok()?, attempt.item.parse().ok()?),
        kind: match attempt.kind {
            ItemKind::Question => Kind::Question,
            ItemKind::Exercise => Kind::Exercise,
        },
        score: attempt.score,
        right: attempt.right,
        hints: u32::try_from(circumstances.hints).unwrap_or(0),
        day: calendar.day(attempt.at_ms),
        spent: spent.map(Duration::from_millis),
        review: circumstances.place == Place::Review,
    })
}
