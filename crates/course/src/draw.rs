//! Which questions are asked together: drawn evenly, and the same for the same seed.

use sha2::{Digest, Sha256};

use crate::model::{Course, Lesson, Question, Unit};

/// How many questions a unit's quiz has at most: what takes about a quarter of an hour.
pub const QUIZ_MAX: usize = 12;

/// How many questions placement asks at most, as long as that is one for each concept: twice a quiz,
/// since it is for somebody who knows something already and is quick.
pub const PLACEMENT_MAX: usize = 24;

/// How many questions placement asks of a concept: of one alone the half can be guessed.
const PER_CONCEPT: usize = 2;

/// A question, with the lesson that it is from.
#[derive(Clone, Copy, Debug)]
pub struct Drawn<'c> {
    /// The lesson.
    pub lesson: &'c Lesson,
    /// The question.
    pub question: &'c Question,
}

impl Unit {
    /// The questions of its quiz, in the unit's order: as many as there are, but at most
    /// [`QUIZ_MAX`], of each lesson about as many as of any other, and of a lesson's first those that
    /// cover a row that no other one covers.
    #[must_use]
    pub fn quiz(&self, seed: &str) -> Vec<Drawn<'_>> {
        let mut pool = shuffled(questions(&self.lessons), seed);
        let mut taken = Vec::new();
        while taken.len() < QUIZ_MAX
            && let Some(next) = take(&mut pool, |it| {
                (of_lesson(&taken, it), least_covered(&taken, it.question))
            })
        {
            taken.push(next);
        }
        in_order(questions(&self.lessons), &taken)
    }
}

impl Course {
    /// The questions that tell where to begin, in the course's order: two of each concept that has
    /// questions, one where that would be more than [`PLACEMENT_MAX`]; from units and lessons that
    /// have not been asked about, as long as there are any.
    #[must_use]
    pub fn placement(&self, seed: &str) -> Vec<Drawn<'_>> {
        let all = || questions(self.lessons());
        let mut pool = shuffled(all(), seed);
        let asked = |id: &String| all().any(|it| it.question.concepts.contains(id));
        let concepts: Vec<_> = self.concepts.iter().map(|concept| &concept.id).collect();
        let count = concepts.iter().filter(|id| asked(id)).count();
        let each = if count * PER_CONCEPT > PLACEMENT_MAX {
            1
        } else {
            PER_CONCEPT
        };
        let mut taken: Vec<Drawn<'_>> = Vec::new();
        for concept in concepts {
            let is_of = |it: &Drawn<'_>| it.question.concepts.contains(concept);
            let (mut of_concept, others) = pool.into_iter().partition(is_of);
            pool = others;
            while taken.iter().filter(|it| is_of(it)).count() < each
                && let Some(next) = take(&mut of_concept, |it| {
                    (of_unit(&taken, it), of_lesson(&taken, it))
                })
            {
                taken.push(next);
            }
            pool.extend(of_concept);
        }
        in_order(all(), &taken)
    }
}

fn questions<'c>(lessons: impl IntoIterator<Item = &'c Lesson>) -> impl Iterator<Item = Drawn<'c>> {
    lessons.into_iter().flat_map(|lesson| {
        let questions = lesson.questions.iter();
        questions.map(move |question| Drawn { lesson, question })
    })
}

fn shuffled<'c>(questions: impl Iterator<Item = Drawn<'c>>, seed: &str) -> Vec<Drawn<'c>> {
    let mut shuffled: Vec<_> = questions.collect();
    shuffled.sort_by_cached_key(|it| {
        let name = format!("{seed}\0{}/{}", it.lesson.id, it.question.id);
        <[u8; 32]>::from(Sha256::digest(name))
    });
    shuffled
}

/// Takes the first of those that cost least.
fn take<'c, K: Ord>(
    pool: &mut Vec<Drawn<'c>>,
    cost: impl Fn(&Drawn<'c>) -> K,
) -> Option<Drawn<'c>> {
    let cheapest = pool.iter().enumerate().min_by_key(|(_, it)| cost(it));
    let index = cheapest.map(|(index, _)| index)?;
    Some(pool.remove(index))
}

fn of_lesson(taken: &[Drawn<'_>], it: &Drawn<'_>) -> usize {
    let same = |other: &&Drawn<'_>| other.lesson.id == it.lesson.id;
    taken.iter().filter(same).count()
}

fn of_unit(taken: &[Drawn<'_>], it: &Drawn<'_>) -> usize {
    let same = |other: &&Drawn<'_>| other.lesson.id.unit() == it.lesson.id.unit();
    taken.iter().filter(same).count()
}

/// How often that of its rows is covered which is least.
fn least_covered(taken: &[Drawn<'_>], question: &Question) -> usize {
    let covers = |row: &String| {
        let covering = taken.iter().filter(|it| it.question.rows.contains(row));
        covering.count()
    };
    question.rows.iter().map(covers).min().unwrap_or(0)
}

fn in_order<'c>(all: impl Iterator<Item = Drawn<'c>>, taken: &[Drawn<'c>]) -> Vec<Drawn<'c>> {
    let is_taken = |it: &Drawn<'c>| {
        let mut taken = taken.iter();
        taken.any(|other| std::ptr::eq(other.question, it.question))
    };
    all.filter(is_taken).collect()
}
