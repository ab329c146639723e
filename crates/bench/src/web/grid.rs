//! A class at work: every student has a lesson's page open and answers a question now and then, and an
//! instructor watches the grid.
//!
//! How far the grid is behind is the time from an answer's acknowledgement to the piece of the instructor's
//! page that shows it. Each answer is the student's first in its lesson, so that it shows as one more
//! cell that is touched.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    classroom::{Classroom, Student, between},
    samples::Samples,
    submissions,
};

/// The lesson whose page everybody has open, and the exercise in everybody's hand.
const LESSON: &str = "/ko/lessons/networking/bridge";
/// How long a student takes for an answer: a class that is far quicker than any.
const ANSWERS_EVERY: Duration = Duration::from_secs(4);
/// How long the last piece may take.
const SHOWN_WITHIN: Duration = Duration::from_secs(30);
/// How often the server's memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The word of a cell that nobody has touched.
const UNTOUCHED: &str = "visually-hidden\">아직<";
/// What begins a student's row.
const ROW: &str = "<tr id=\"student-";

/// What was measured.
pub(crate) struct Grid {
    students: usize,
    lags: Samples,
    pub(crate) server_mb: f64,
}

/// An answer that is acknowledged, and not seen in the grid yet.
struct Acknowledged {
    at: Instant,
    /// How many cells of the row are untouched with it.
    untouched: usize,
}

/// What the instructor's page shows of a student, and what it does not show yet.
#[derive(Default)]
struct Row {
    untouched: Option<usize>,
    waiting: VecDeque<Acknowledged>,
}

impl Row {
    /// Takes out what shows now: how far the grid was behind.
    fn shown(&mut self, now: Instant, lags: &mut Samples) {
        let Some(untouched) = self.untouched else {
            return;
        };
        while let Some(first) = self.waiting.pop_front_if(|it| untouched <= it.untouched) {
            lags.add(now.saturating_duration_since(first.at));
        }
    }
}

/// The grid as far as its page has been sent, by the rows' ids, and how far it was behind.
#[derive(Default)]
struct Seen {
    rows: HashMap<String, Row>,
    lags: Samples,
}

type Page = Arc<Mutex<Seen>>;

impl Grid {
    pub(crate) async fn measure(classroom: &mut Classroom) -> Result<Self> {
        let questions = questions(classroom).await?;
        let open = try_join_all(classroom.students.iter_mut().map(opens_the_lesson)).await?;
        let page = classroom.instructor.get(&classroom.class).await?.body;
        let rows = rows(&page);
        let live = between(&page, "data-stream=\"", "\"").context("no stream")?;
        let live = live.replace("&amp;", "&");
        let seen = Page::default();
        let stream = classroom.instructor.open(&live).await?;
        let watching = AbortOnDropHandle::new(tokio::spawn(watch(stream, seen.clone())));
        let count = classroom.students.len();
        let mut students = std::mem::take(&mut classroom.students);
        let working = students.iter_mut().enumerate().map(|(index, student)| {
            let row = rows.get(&student.name).cloned();
            let pause = ANSWERS_EVERY.mul_f64(index as f64 / count as f64);
            work(student, row, pause, &questions, seen.clone())
        });
        let mut working = std::pin::pin!(try_join_all(working));
        let mut server_mb: f64 = 0.0;
        loop {
            tokio::select! {
                done = &mut working => break done.map(drop)?,
                () = sleep(LOOK_EVERY) => server_mb = server_mb.max(classroom.server_mb()?),
            }
        }
        let begun = Instant::now();
        while lock(&seen).rows.values().any(|row| !row.waiting.is_empty()) {
            ensure!(
                begun.elapsed() < SHOWN_WITHIN,
                "some answers never show in the grid"
            );
            sleep(LOOK_EVERY).await;
        }
        ensure!(!watching.is_finished(), "the instructor's stream has ended");
        drop((watching, open));
        let lags = std::mem::take(&mut lock(&seen).lags);
        Ok(Self {
            students: count,
            lags,
            server_mb,
        })
    }

    /// The longest that an answer took to show, in seconds.
    pub(crate) fn worst_s(&self) -> f64 {
        self.lags.percentile(100).unwrap_or(f64::NAN) / 1000.0
    }

    pub(crate) fn rows(&self) -> Vec<(String, String)> {
        let ms = |percent| self.lags.percentile(percent).unwrap_or(f64::NAN);
        let (students, count) = (self.students, self.lags.len());
        vec![
            (
                format!("{students} open pages, {count} answers: the grid is behind"),
                format!(
                    "p50 {:.0}, p99 {:.0}, at most {:.0} ms",
                    ms(50),
                    ms(99),
                    ms(100)
                ),
            ),
            (
                "the server's memory meanwhile, at most".to_owned(),
                format!("{:.0} MB", self.server_mb),
            ),
        ]
    }
}

/// One question of each lesson that has any: where it is answered, with what.
async fn questions(classroom: &mut Classroom) -> Result<Vec<(String, &'static str)>> {
    let front = classroom.instructor.get("/ko/").await?.body;
    let mut lessons: Vec<_> = front.split("href=\"/ko/lessons/").skip(1).collect();
    lessons
        .iter_mut()
        .for_each(|rest| *rest = rest.split(['\"', '#', '?']).next().unwrap_or(""));
    lessons.sort_unstable();
    lessons.dedup();
    // What was answered before would show as nothing new.
    lessons.retain(|lesson| *lesson != submissions::LESSON);
    let mut questions = Vec::new();
    for lesson in lessons {
        let page = classroom
            .instructor
            .get(&format!("/ko/lessons/{lesson}"))
            .await?
            .body;
        let mut forms = page
            .split("<form")
            .filter(|form| form.contains("class=\"quiz\""));
        let asked = forms.find_map(|form| {
            let field = match between(form, "data-kind=\"", "\"")? {
                "single" => "choice",
                "short" | "number" => "text",
                _ => return None,
            };
            Some((between(form, "action=\"", "\"")?.to_owned(), field))
        });
        questions.extend(asked);
    }
    ensure!(!questions.is_empty(), "the course asks nothing");
    Ok(questions)
}

/// Opens the lesson, its stream, and takes an exercise in hand.
async fn opens_the_lesson(student: &mut Student) -> Result<AbortOnDropHandle<()>> {
    let page = student.browser.get(LESSON).await?.body;
    let live = between(&page, "data-stream=\"", "\"").context("no stream")?;
    let mut stream = student.browser.open(live).await?;
    let mut sections = page
        .split("<section")
        .filter(|it| it.contains("class=\"exercise\""));
    let exercise = sections.find_map(|section| between(section, "id=\"", "\""));
    let exercise = exercise.context("no exercise")?;
    let at = format!("{LESSON}/exercises/{exercise}/at");
    student.browser.post_live(&at, &[]).await?;
    // A page that is open takes what comes.
    Ok(AbortOnDropHandle::new(tokio::spawn(async move {
        while let Some(Ok(_)) = stream.frame().await {}
    })))
}

/// The ids of the students' rows by their names, and how many of each row's cells are untouched.
fn rows(page: &str) -> HashMap<String, (String, usize)> {
    let rows = page.split(ROW).skip(1);
    rows.filter_map(|row| {
        let row = row.split("</tr>").next()?;
        let id = row.split('\"').next()?.to_owned();
        let name = row.split('>').map(|it| it.split('<').next().unwrap_or(""));
        let name = name.map(str::trim).find(|text| text.starts_with("학생"))?;
        Some((name.to_owned(), (id, row.matches(UNTOUCHED).count())))
    })
    .collect()
}

/// Answers one question after another.
async fn work(
    student: &mut Student,
    row: Option<(String, usize)>,
    pause: Duration,
    questions: &[(String, &'static str)],
    seen: Page,
) -> Result<()> {
    let (row, mut untouched) = row.context("a student has no row")?;
    sleep(pause).await;
    for (number, (question, field)) in questions.iter().enumerate() {
        let key = format!("grid-{number}");
        let fields = [(*field, "0"), ("key", key.as_str()), ("spent", "3000")];
        student.browser.post_live(question, &fields).await?;
        untouched = untouched.saturating_sub(1);
        acknowledged(&row, untouched, &mut lock(&seen));
        sleep(ANSWERS_EVERY).await;
    }
    Ok(())
}

/// Notes that an answer is on disk, by which so many of its student's cells are untouched.
fn acknowledged(row: &str, untouched: usize, seen: &mut Seen) {
    let at = Instant::now();
    let row = seen.rows.entry(row.to_owned()).or_default();
    row.waiting.push_back(Acknowledged { at, untouched });
    // The instructor's page may have shown it before.
    row.shown(at, &mut seen.lags);
}

/// Reads the instructor's stream and notes when what shows.
async fn watch(mut stream: Incoming, seen: Page) {
    let mut text = Vec::new();
    while let Some(Ok(frame)) = stream.frame().await {
        let Some(bytes) = frame.data_ref() else {
            continue;
        };
        text.extend_from_slice(bytes);
        // An event ends with an empty line.
        while let Some(end) = text.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = text.drain(..end + 2).collect();
            shown(&String::from_utf8_lossy(&event), &mut lock(&seen));
        }
    }
}

fn shown(event: &str, seen: &mut Seen) {
    let now = Instant::now();
    for row in event.split(ROW).skip(1) {
        let id = row.split('"').next().unwrap_or("").to_owned();
        let row = row.split("</tr>").next().unwrap_or("");
        let row_seen = seen.rows.entry(id).or_default();
        row_seen.untouched = Some(row.matches(UNTOUCHED).count());
        row_seen.shown(now, &mut seen.lags);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
