//! Classes that an instructor is looking at: one task a class keeps the grid as it is now, however many
//! look; it ends when nobody does.
//!
//! The record is read once and then followed by the numbers of attempts; what is not on record (who is
//! at what) is [`crate::presence`]'s.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use app::pages::{Cell, Column, Need, StudentRow, columns};
use course::{Course, ItemId, LessonId};
use store::{Account, AccountId, Attempt, AttemptId, ClassId, now_ms};
use tokio::{
    sync::{Mutex as AsyncMutex, watch},
    time::{MissedTickBehavior, interval},
};

use crate::{
    app_state::Classroom,
    presence::{At, Life},
    trouble::Trouble,
};

/// How often a class that is looked at is looked over: half of the two seconds that a grid may lag.
const LOOK_OVER: Duration = Duration::from_secs(1);
/// How often in a row nobody may be looking before the task ends: a page's stream begins a moment after
/// the page was made.
const LINGERS: u32 = 10;
/// How many attempts are read at once: a few megabytes, with the longest answers.
const CHUNK: u32 = 1000;
/// How many attempts before the last one are read again: with PostgreSQL two that are recorded at once
/// may be seen in another order than that of their numbers, by as many as write at once.
const SEEN_KEPT: usize = 64;
/// How long after the last sign of life something counts as in hand.
const AT_WORK: Duration = Duration::from_secs(10 * 60);
/// After how long at one exercise somebody is stuck. The longest exercise is meant to take less.
const STUCK_AFTER: Duration = Duration::from_secs(15 * 60);
/// After how many looks in vain: once or twice is how one works.
const STUCK_FAILED: i64 = 5;

/// The classes that are looked at.
#[derive(Default)]
pub(crate) struct ClassWatch(Mutex<HashMap<ClassId, Arc<Watched>>>);

/// A class that is looked at.
struct Watched {
    state: AsyncMutex<State>,
    grid: watch::Sender<Arc<Grid>>,
}

/// A class's grid at one moment.
#[derive(Default)]
pub(crate) struct Grid {
    pub(crate) course: Arc<Course>,
    pub(crate) columns: Arc<Vec<Column>>,
    /// By name.
    pub(crate) rows: Vec<Shown>,
    /// For each column how many have done it, and since when that is so.
    pub(crate) totals: (Vec<usize>, i64),
    /// When this was so, in unix milliseconds; later with every grid.
    pub(crate) at_ms: i64,
    /// For each lesson in the course's order the middle of what students spent on it, in minutes.
    pub(crate) spent_minutes: Vec<Option<u64>>,
}

/// A row, and since when it is so, in unix milliseconds.
#[derive(Clone)]
pub(crate) struct Shown {
    pub(crate) row: Arc<StudentRow>,
    pub(crate) row_ms: i64,
    /// Since when [`StudentRow::command_minutes`] is as it is, which alone makes no other row.
    pub(crate) command_ms: i64,
}

impl ClassWatch {
    /// The grid of a class as it is now, and what it becomes.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub(crate) async fn follow(
        &self,
        classroom: &Classroom,
        class: ClassId,
    ) -> Result<watch::Receiver<Arc<Grid>>, Trouble> {
        let (watched, receiver) = {
            let mut classes = self.classes();
            let known = classes.get(&class).cloned();
            let watched = known.unwrap_or_else(|| {
                let watched = Arc::new(Watched {
                    state: AsyncMutex::default(),
                    grid: watch::Sender::default(),
                });
                classes.insert(class, watched.clone());
                tokio::spawn(keep(classroom.clone(), class, watched.clone()));
                watched
            });
            let receiver = watched.grid.subscribe();
            (watched, receiver)
        };
        watched.look_over(classroom, class).await?;
        Ok(receiver)
    }

    /// Forgets a class if nobody looks at it.
    fn forget(&self, class: ClassId, watched: &Watched) -> bool {
        let mut classes = self.classes();
        let unused = watched.grid.receiver_count() == 0;
        if unused {
            classes.remove(&class);
        }
        unused
    }

    fn classes(&self) -> MutexGuard<'_, HashMap<ClassId, Arc<Watched>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks a class over for as long as somebody looks at it.
async fn keep(classroom: Classroom, class: ClassId, watched: Arc<Watched>) {
    let mut ticks = interval(LOOK_OVER);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut alone = 0;
    loop {
        ticks.tick().await;
        alone = match watched.grid.receiver_count() {
            0 => alone + 1,
            _ => 0,
        };
        if alone > LINGERS && classroom.classes.forget(class, &watched) {
            return;
        }
        // Trouble is logged where it arises; the next tick tries again.
        let _ = watched.look_over(&classroom, class).await;
    }
}

impl Watched {
    async fn look_over(&self, classroom: &Classroom, class: ClassId) -> Result<(), Trouble> {
        let mut state = self.state.lock().await;
        let students = classroom.store.class_students(class).await?;
        state.read(classroom, class, &students).await?;
        let before = self.grid.borrow().clone();
        let grid = Arc::new(state.grid(classroom, students, &before));
        // Of who has left the class there is no row that could be another.
        let somebody_left = grid.rows.len() < before.rows.len();
        let is_news = before.at_ms == 0 || somebody_left || grid.changed_after(before.at_ms);
        if is_news {
            self.grid.send_replace(grid);
        }
        Ok(())
    }
}

impl Grid {
    /// Whether anything is other than it was at that time.
    fn changed_after(&self, at_ms: i64) -> bool {
        self.totals.1 > at_ms
            || self
                .rows
                .iter()
                .any(|shown| shown.row_ms > at_ms || shown.command_ms > at_ms)
    }
}

/// An exercise or question.
type Item = (String, String);

/// What has been read of a class's record.
#[derive(Default)]
struct State {
    /// The last attempts that were read, in the order in which they were.
    seen: VecDeque<AttemptId>,
    /// Whose attempts have been followed.
    members: HashSet<AccountId>,
    students: HashMap<AccountId, Student>,
}

/// What a student's attempts come to.
#[derive(Default)]
struct Student {
    done: HashSet<Item>,
    /// Of what is not done, how often and when last it was tried.
    tried: HashMap<Item, Tries>,
    /// By lesson, in milliseconds.
    spent_ms: HashMap<String, i64>,
}

/// Attempts without success.
#[derive(Clone, Copy, Default)]
struct Tries {
    count: i64,
    last_ms: i64,
}

impl State {
    /// Reads what was recorded since the last time; all of it, when somebody has come, who may have a
    /// record already.
    async fn read(
        &mut self,
        classroom: &Classroom,
        class: ClassId,
        students: &[Account],
    ) -> Result<(), Trouble> {
        let members: HashSet<_> = students.iter().map(|student| student.id).collect();
        if !members.is_subset(&self.members) {
            *self = Self::default();
        }
        self.members = members;
        let mut after = self.seen.front().copied();
        loop {
            let attempts = classroom.store.class_attempts(class, after, CHUNK).await?;
            let count = attempts.len();
            for attempt in attempts {
                after = Some(attempt.id);
                if !self.seen.contains(&attempt.id) {
                    self.take(&attempt);
                }
            }
            if count < CHUNK as usize {
                return Ok(());
            }
        }
    }

    fn take(&mut self, attempt: &Attempt) {
        self.seen.push_back(attempt.id);
        if self.seen.len() > SEEN_KEPT {
            self.seen.pop_front();
        }
        let student = self.students.entry(attempt.account).or_default();
        if let Some(spent_ms) = attempt.circumstances.spent_ms {
            let spent = student.spent_ms.entry(attempt.lesson.clone()).or_default();
            *spent = spent.saturating_add(spent_ms.max(0));
        }
        let item = (attempt.lesson.clone(), attempt.item.clone());
        if attempt.right {
            student.tried.remove(&item);
            student.done.insert(item);
        } else if !student.done.contains(&item) {
            let tries = student.tried.entry(item).or_default();
            tries.count += 1;
            tries.last_ms = attempt.at_ms;
        }
    }

    fn grid(&self, classroom: &Classroom, accounts: Vec<Account>, before: &Grid) -> Grid {
        let course = classroom.course();
        let same_course = course.fingerprint == before.course.fingerprint;
        let columns = if same_course && before.at_ms > 0 {
            before.columns.clone()
        } else {
            Arc::new(columns(&course))
        };
        let at_ms = now_ms().max(before.at_ms + 1);
        let old: HashMap<_, _> = before.rows.iter().map(|it| (it.row.account, it)).collect();
        let nothing = Student::default();
        let rows: Vec<_> = accounts
            .into_iter()
            .map(|account| {
                let student = self.students.get(&account.id).unwrap_or(&nothing);
                let life = classroom.presence.life(account.id);
                let before = old.get(&account.id).copied();
                let row = row(&course, &columns, account, student, life.as_ref());
                shown(row, before, at_ms)
            })
            .collect();
        let counts: Vec<_> = (0..columns.len())
            .map(|index| {
                let is_done = |it: &&Shown| it.row.cells.get(index) == Some(&Cell::Done);
                rows.iter().filter(is_done).count()
            })
            .collect();
        let totals = if counts == before.totals.0 {
            before.totals.clone()
        } else {
            (counts, at_ms)
        };
        Grid {
            spent_minutes: course
                .lessons()
                .map(|lesson| self.spent_minutes(&lesson.id))
                .collect(),
            course,
            columns,
            rows,
            totals,
            at_ms,
        }
    }

    /// The middle of what the students spent on a lesson, of those of whom it is known.
    fn spent_minutes(&self, lesson: &LessonId) -> Option<u64> {
        let students = self.students.values();
        let mut spent: Vec<_> = students
            .filter_map(|student| student.spent_ms.get(lesson.as_str()).copied())
            .collect();
        spent.sort_unstable();
        let middle = spent.get(spent.len() / 2)?;
        u64::try_from(middle / 60_000).ok()
    }
}

/// A row with since when it is so.
fn shown(row: StudentRow, before: Option<&Shown>, at_ms: i64) -> Shown {
    let command = row.command_minutes;
    let Some(before) = before else {
        return Shown {
            row: Arc::new(row),
            row_ms: at_ms,
            command_ms: at_ms,
        };
    };
    let same_command = before.row.command_minutes == command;
    let same = StudentRow {
        command_minutes: before.row.command_minutes,
        ..row.clone()
    } == *before.row;
    Shown {
        row: if same && same_command {
            before.row.clone()
        } else {
            Arc::new(row)
        },
        row_ms: if same { before.row_ms } else { at_ms },
        command_ms: if same_command {
            before.command_ms
        } else {
            at_ms
        },
    }
}

fn row(
    course: &Course,
    columns: &[Column],
    account: Account,
    student: &Student,
    life: Option<&Life>,
) -> StudentRow {
    let is_here = life.is_some_and(|life| life.seen.elapsed() < AT_WORK);
    let at = life.and_then(|life| life.at.as_ref());
    let cells: Vec<_> = columns
        .iter()
        .map(|column| match column {
            Column::Exercise(lesson, item) => {
                let at = at.filter(|at| at.lesson == *lesson && at.exercise == *item);
                exercise(student, lesson, item, at, is_here)
            }
            Column::Questions(lesson) => questions(course, student, lesson),
        })
        .collect();
    let need = match (cells.contains(&Cell::Stuck), is_here) {
        (true, true) => Need::Now,
        (true, false) => Need::Later,
        (false, _) if cells.contains(&Cell::Trying) => Need::AtWork,
        (false, _) => Need::Idle,
    };
    StudentRow {
        account: account.id,
        name: account.name,
        done: done(course, student),
        cells,
        need,
        command_minutes: life
            .and_then(|life| life.command)
            .map(|command| command.elapsed().as_secs() / 60),
    }
}

fn exercise(
    student: &Student,
    lesson: &LessonId,
    item: &ItemId,
    at: Option<&At>,
    is_here: bool,
) -> Cell {
    let item = (lesson.to_string(), item.to_string());
    if student.done.contains(&item) {
        return Cell::Done;
    }
    let tries = student.tried.get(&item).copied().unwrap_or_default();
    let is_long = is_here && at.is_some_and(|at| at.since.elapsed() > STUCK_AFTER);
    match at {
        _ if tries.count >= STUCK_FAILED || is_long => Cell::Stuck,
        Some(_) if is_here => Cell::Trying,
        _ if is_lately(tries.last_ms) => Cell::Trying,
        Some(_) => Cell::Idle,
        None if tries.count > 0 => Cell::Idle,
        None => Cell::Untouched,
    }
}

fn questions(course: &Course, student: &Student, lesson: &LessonId) -> Cell {
    let questions = course.lesson(lesson).map_or(&[][..], |it| &it.questions);
    let item = |question: &course::Question| (lesson.to_string(), question.id.to_string());
    let done = questions
        .iter()
        .filter(|it| student.done.contains(&item(it)));
    let done = done.count();
    let tried = questions
        .iter()
        .filter_map(|it| student.tried.get(&item(it)));
    let last_ms = tried.map(|tries| tries.last_ms).max();
    match last_ms {
        _ if done == questions.len() => Cell::Done,
        Some(last_ms) if is_lately(last_ms) => Cell::Trying,
        Some(_) => Cell::Idle,
        None if done > 0 => Cell::Idle,
        None => Cell::Untouched,
    }
}

/// How many exercises and questions of the course are done.
fn done(course: &Course, student: &Student) -> usize {
    let done = student.done.iter();
    done.filter(|(lesson, item)| {
        let lesson = lesson
            .parse()
            .ok()
            .and_then(|lesson| course.lesson(&lesson));
        let item = item.parse().ok();
        lesson.zip(item).is_some_and(|(lesson, item)| {
            lesson.exercise(&item).is_some() || lesson.question(&item).is_some()
        })
    })
    .count()
}

fn is_lately(at_ms: i64) -> bool {
    let since = now_ms().saturating_sub(at_ms);
    u128::try_from(since).is_ok_and(|since| since < AT_WORK.as_millis())
}
