//! A lesson's page while it is open: the machine's state, and exercises that tick by themselves.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    time::Duration,
};

use app::{
    Words,
    components::{self, MachineView, Pane, Standing},
    pages::{
        self,
        paths::{self, Side},
    },
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use axum_extra::extract::CookieJar;
use course::{Exercise, ItemId, Lesson, LessonId, Proof};
use futures::StreamExt;
use machine::{Error, Machine, MachineId, State as MachineState};
use serde::Deserialize;
use store::{AccountId, Attempt};
use tokio::{
    sync::{broadcast::error::RecvError, mpsc},
    time::timeout,
};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;

use super::{announcements, lessons, machine::now_s};
use crate::{
    app_state::{Classroom, machine_of},
    examiner::{Asked, News},
    looking::Looking,
    rounds::Rounds,
    trouble::Trouble,
    turns::Reason,
    visitor::Visitor,
};

/// How long to wait before following a machine again when machined went away.
const FOLLOW_AGAIN: Duration = Duration::from_secs(2);
/// How much a slow page may lag: it gets whole fragments, each replacing the one before.
const FRAGMENTS_KEPT: usize = 32;

#[derive(Deserialize)]
pub(super) struct Open {
    /// What the page shows: [`course::Lesson::shown`].
    #[serde(default)]
    shown: String,
}

/// Streams fragments to a lesson's page for as long as it is open.
pub(super) async fn follow(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, unit, name)): Path<(String, String, String)>,
    Query(open): Query<Open>,
    jar: CookieJar,
) -> Result<Response, Trouble> {
    // No way to the sign-in page: a stream that is refused ends, and the page says so.
    let Some(account) = visitor.account.clone() else {
        return Ok(StatusCode::UNAUTHORIZED.into_response());
    };
    let course = classroom.course();
    let lesson = lessons::find(&course, &unit, &name)?;
    let attempts = classroom
        .store
        .attempts(account.id, lesson.id.as_str())
        .await?;
    let rounds = Rounds::of(&*classroom.store, account.id, lesson).await?;
    let (fragments, queue) = mpsc::channel(FRAGMENTS_KEPT);
    let told = announcements::tell(
        classroom.clone(),
        Words(visitor.lang),
        (account.id, announcements::heard_of(account.id, &jar)),
        paths::lesson(visitor.lang, &lesson.id),
        fragments.clone(),
    );
    tokio::spawn(told);
    let page = OpenPage {
        words: Words(visitor.lang),
        machine: machine_of(&account),
        account: account.id,
        done: rounds.done(&attempts),
        rounds,
        touched: false,
        pieces_shown: None,
        shown: HashMap::new(),
        text: open.shown,
        classroom,
        lesson: lesson.id.clone(),
        fragments,
    };
    tokio::spawn(page.run());
    let events =
        ReceiverStream::new(queue).map(|pieces| Ok::<_, Infallible>(Event::default().data(pieces)));
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response())
}

/// One open page of a student.
struct OpenPage {
    classroom: Classroom,
    words: Words,
    account: AccountId,
    machine: MachineId,
    lesson: LessonId,
    /// In which rounds its exercises were when the page was opened.
    rounds: Rounds,
    done: HashSet<ItemId>,
    /// Something has happened on the engine while the page was open. Before that, "not yet" would be
    /// held against somebody who is still reading.
    touched: bool,
    /// What the page was sent of the machine.
    pieces_shown: Option<[String; 4]>,
    /// What the page shows of each exercise.
    shown: HashMap<ItemId, Standing>,
    /// Which text of the lesson it shows.
    text: String,
    fragments: mpsc::Sender<String>,
}

/// The page was closed.
struct Closed;

impl OpenPage {
    async fn run(mut self) {
        let course = self.classroom.course();
        let lesson = course.lesson(&self.lesson);
        if lesson.is_some_and(|lesson| lesson.exercises.is_empty()) {
            self.follow_text().await;
            return;
        }
        // Ends with the page: every send fails then.
        while self.follow_machine().await.is_ok() {
            if timeout(FOLLOW_AGAIN, self.fragments.closed()).await.is_ok() {
                return;
            }
        }
    }

    /// Follows the text of a lesson that needs no machine, until the page is closed.
    async fn follow_text(&mut self) {
        let mut taught = self.classroom.folder.follow_taught();
        while self.compare().await.is_ok() {
            tokio::select! {
                changed = taught.changed() => if changed.is_err() {
                    return;
                },
                () = self.fragments.closed() => return,
            }
        }
    }

    /// Follows the machine until machined goes away or the page is closed. It only watches: an open
    /// page starts nothing and wakes nothing.
    async fn follow_machine(&mut self) -> Result<(), Closed> {
        let mut taught = self.classroom.folder.follow_taught();
        self.compare().await?;
        let states = match self.classroom.machines.watch(&self.machine).await {
            Ok(states) => states,
            // Why none could be made, the page itself knows better.
            Err(Error::NoSuchMachine) if self.pieces_shown.is_none() => return Ok(()),
            Err(Error::NoSuchMachine) => return self.show_machine(MachineView::Absent).await,
            Err(_) => return self.show_machine(MachineView::Unreachable).await,
        };
        let mut states = states.filter_map(async |state| state.ok()).boxed();
        let mut news = self.classroom.examiner.news();
        let mut looking = None;
        loop {
            tokio::select! {
                state = states.next() => {
                    let Some(machine) = state else { return Ok(()) };
                    looking = self.looks_at(&machine, looking);
                    self.show_machine(MachineView::Is(machine)).await?;
                }
                told = news.recv() => match told {
                    Ok(told) => self.hear(told).await?,
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Ok(()),
                },
                changed = taught.changed() => match changed {
                    // What is new in it is checked from now on.
                    Ok(()) => self.compare().await?,
                    Err(_) => return Ok(()),
                },
                () = self.fragments.closed() => return Err(Closed),
            }
        }
    }

    /// Says so if the lesson is another than the page shows. What its student is reading stays.
    async fn compare(&mut self) -> Result<(), Closed> {
        let now = self
            .classroom
            .course()
            .lesson(&self.lesson)
            .map(Lesson::shown);
        let Some(now) = now.filter(|now| *now != self.text && !self.text.is_empty()) else {
            return Ok(());
        };
        self.text = now;
        let (words, lesson) = (self.words, self.lesson.clone());
        self.send(app::fragment(|| pages::lesson_changed(words, &lesson)))
            .await
    }

    /// What looks at the exercises on this machine, as long as it is awake.
    fn looks_at(&self, machine: &Machine, looking: Option<Looks>) -> Option<Looks> {
        if machine.state != MachineState::Ready {
            return None;
        }
        let generation = &machine.generation;
        // Something else about it has changed.
        let same = looking.filter(|looks| looks.generation == *generation);
        same.or_else(|| {
            let looking = Looking::new(
                self.classroom.clone(),
                self.account,
                self.machine.clone(),
                generation.clone(),
                self.lesson.clone(),
                self.done.clone(),
            );
            Some(Looks {
                generation: generation.clone(),
                _task: AbortOnDropHandle::new(tokio::spawn(looking.run())),
            })
        })
    }

    /// Shows what was found out about an exercise, by this page or another one of the same student.
    async fn hear(&mut self, news: News) -> Result<(), Closed> {
        if news.account != self.account || news.lesson != self.lesson {
            return Ok(());
        }
        let classroom = self.classroom.clone();
        let course = classroom.course();
        let Some(lesson) = course.lesson(&self.lesson) else {
            return Ok(());
        };
        let Some(exercise) = lesson.exercise(&news.exercise) else {
            return Ok(());
        };
        self.touched |= news.asked != Asked::ByPage(Reason::Poll);
        if matches!(news.standing, Standing::NotYet { .. }) && !self.touched {
            return Ok(());
        }
        // The same thing again is no news: what somebody is reading stays as it is.
        let last = self
            .shown
            .insert(exercise.id.clone(), news.standing.clone());
        if last.as_ref() == Some(&news.standing) {
            return Ok(());
        }
        let is_done = news.standing == Standing::Done;
        // An answer that is being typed must not be overwritten, only ticked.
        if matches!(exercise.proof, Proof::Answer(_)) && !is_done {
            return Ok(());
        }
        let attempts = classroom.store.attempts(self.account, lesson.id.as_str());
        // A form that knows of too few tries is answered all the same.
        let attempts = attempts.await.map_err(Trouble::from).unwrap_or_default();
        let mut pieces = vec![self.exercise(lesson, exercise, news.standing, &attempts)];
        if is_done {
            self.done.insert(exercise.id.clone());
            let dependent = lesson.exercises.iter().filter(|other| {
                other.needs.contains(&exercise.id) && !self.done.contains(&other.id)
            });
            let opened =
                dependent.map(|other| self.exercise(lesson, other, Standing::Todo, &attempts));
            pieces.extend(opened);
            if let Ok(progress) = lessons::progress(&classroom, self.account).await {
                let words = self.words;
                pieces.push(app::fragment(|| components::progress(words, progress)));
            }
        }
        self.send(pieces.concat()).await
    }

    /// The block of an exercise.
    fn exercise(
        &self,
        lesson: &Lesson,
        exercise: &Exercise,
        standing: Standing,
        attempts: &[Attempt],
    ) -> String {
        let whose = Some(self.account);
        let state = (
            &self.rounds,
            &self.done,
            lessons::tries(attempts, &exercise.id),
        );
        let view = lessons::exercise_view(self.words.0, whose, lesson, exercise, state, standing);
        lessons::exercise_block(self.words, lesson, exercise, view)
    }

    /// Sends what has changed of the machine's pane.
    async fn show_machine(&mut self, view: MachineView) -> Result<(), Closed> {
        let next = paths::lesson(self.words.0, &self.lesson);
        let pane = Pane {
            words: self.words,
            view: &view,
            side: Side::Student,
            next: &next,
            now: now_s(),
        };
        let pieces = pane.pieces();
        let shown = self.pieces_shown.as_ref();
        let changed = pieces
            .iter()
            .enumerate()
            .filter(|(index, piece)| shown.is_none_or(|shown| shown[*index] != **piece))
            .map(|(_, piece)| piece.as_str())
            .collect::<String>();
        self.pieces_shown = Some(pieces);
        if changed.is_empty() {
            return Ok(());
        }
        self.send(changed).await
    }

    async fn send(&self, html: String) -> Result<(), Closed> {
        // A carriage return would end a field of the event stream.
        self.fragments
            .send(html.replace('\r', ""))
            .await
            .map_err(|_| Closed)
    }
}

/// What looks at exercises for the page; it ends when this is dropped.
struct Looks {
    generation: String,
    _task: AbortOnDropHandle<()>,
}
