//! A lesson's page while it is open: the machine's state, and exercises that tick by themselves.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    time::Duration,
};

use app::{
    Words,
    components::{self, ExerciseView, MachineView, Pane, Standing},
    pages::paths,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use course::{ItemId, LessonId, Proof};
use futures::StreamExt;
use machine::{Error, Machine, MachineId, State as MachineState};
use store::AccountId;
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        mpsc,
    },
    time::{Instant, sleep_until, timeout},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{lessons, machine::now_s};
use crate::{
    app_state::{Classroom, machine_of},
    examiner::{Asked, News},
    trouble::Trouble,
    visitor::Visitor,
};

/// How long after an engine's event the checks run: a container that was started is up by then, and a
/// burst of events (compose, build) is one check.
const SETTLE: Duration = Duration::from_millis(250);
/// How often the checks run without any event, for what the engine does not tell: files, networks,
/// processes. Only while the student is there (see [`crate::presence`]): a page that was left open
/// must not keep the machine at work.
const POLL: Duration = Duration::from_secs(5);
/// The least time between two looks: a check may itself make engine events (by `docker exec`), which
/// must not make it run without end.
const PAUSE: Duration = Duration::from_secs(1);
/// How long to wait before following a machine again when machined went away.
const FOLLOW_AGAIN: Duration = Duration::from_secs(2);
/// How much a slow page may lag: it gets whole fragments, each replacing the one before.
const FRAGMENTS_KEPT: usize = 32;

/// Streams fragments to a lesson's page for as long as it is open.
pub(super) async fn follow(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, unit, name)): Path<(String, String, String)>,
) -> Result<Response, Trouble> {
    // No way to the sign-in page: a stream that is refused ends, and the page says so.
    let Some(account) = visitor.account.clone() else {
        return Ok(StatusCode::UNAUTHORIZED.into_response());
    };
    let lesson = lessons::find(&classroom, &unit, &name)?.id.clone();
    let attempts = classroom
        .store
        .attempts(account.id, lesson.as_str())
        .await?;
    let (fragments, queue) = mpsc::channel(FRAGMENTS_KEPT);
    let page = OpenPage {
        words: Words(visitor.lang),
        machine: machine_of(&account),
        account: account.id,
        done: attempts
            .iter()
            .filter(|attempt| attempt.right)
            .filter_map(|attempt| attempt.item.parse().ok())
            .collect(),
        resting: HashSet::new(),
        touched: false,
        pieces_shown: None,
        shown: HashMap::new(),
        classroom,
        lesson,
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
    done: HashSet<ItemId>,
    /// Exercises whose check hung or broke: not run again by themselves, only by the button.
    resting: HashSet<ItemId>,
    /// Something has happened on the engine while the page was open. Before that, "not yet" would be
    /// held against somebody who is still reading.
    touched: bool,
    /// What the page was sent of the machine.
    pieces_shown: Option<[String; 4]>,
    /// What the page shows of each exercise.
    shown: HashMap<ItemId, Standing>,
    fragments: mpsc::Sender<String>,
}

/// The page was closed.
struct Closed;

impl OpenPage {
    async fn run(mut self) {
        // Ends with the page: every send fails then.
        while self.follow_machine().await.is_ok() {
            if timeout(FOLLOW_AGAIN, self.fragments.closed()).await.is_ok() {
                return;
            }
        }
    }

    /// Follows the machine until machined goes away or the page is closed. It only watches: an open
    /// page starts nothing and wakes nothing.
    async fn follow_machine(&mut self) -> Result<(), Closed> {
        let states = match self.classroom.machines.watch(&self.machine).await {
            Ok(states) => states,
            // Why none could be made, the page itself knows better.
            Err(Error::NoSuchMachine) if self.pieces_shown.is_none() => return Ok(()),
            Err(Error::NoSuchMachine) => return self.show_machine(MachineView::Absent).await,
            Err(_) => return self.show_machine(MachineView::Unreachable).await,
        };
        let mut states = states.filter_map(async |state| state.ok()).boxed();
        let mut news = self.classroom.examiner.news();
        let mut engine = Engine::away();
        loop {
            let look_at = engine.look_at;
            tokio::select! {
                state = states.next() => {
                    let Some(machine) = state else { return Ok(()) };
                    engine = self.machine_is(machine, engine).await?;
                }
                heard = next(&mut engine.events) => match heard {
                    Ok(()) | Err(RecvError::Lagged(_)) => {
                        self.touched = true;
                        engine.heard = true;
                        engine.look_soon();
                    }
                    Err(RecvError::Closed) => engine.events = None,
                },
                () = sleep_until(look_at), if engine.is_there => {
                    if engine.events.is_none() {
                        engine.events = Some(self.classroom.listener.listen(&self.machine));
                    }
                    // Without an event the look is a poll.
                    if engine.heard || self.classroom.presence.is_here(self.account) {
                        self.look(&mut engine).await?;
                    }
                    engine.look_later();
                }
                told = news.recv() => match told {
                    Ok(told) => self.hear(told).await?,
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Ok(()),
                },
                () = self.fragments.closed() => return Err(Closed),
            }
        }
    }

    /// Shows the machine's new state; when it is ready, starts to listen to its engine.
    async fn machine_is(&mut self, machine: Machine, engine: Engine) -> Result<Engine, Closed> {
        let is_ready = machine.state == MachineState::Ready;
        let generation = machine.generation.clone();
        self.show_machine(MachineView::Is(machine)).await?;
        Ok(match (is_ready, engine.is_there) {
            (false, _) => Engine::away(),
            // Something else about it has changed.
            (true, true) if engine.generation == generation => engine,
            (true, _) => Engine::there(generation),
        })
    }

    /// Prepares all exercises, also those that are done and may be done again, and checks the others.
    async fn look(&mut self, engine: &mut Engine) -> Result<(), Closed> {
        let classroom = self.classroom.clone();
        let Some(lesson) = classroom.course.lesson(&self.lesson) else {
            return Ok(());
        };
        for exercise in &lesson.exercises {
            // Trouble is logged where it arises; the next look tries again.
            if !engine.prepared.contains(&exercise.id)
                && let Ok(true) = classroom
                    .examiner
                    .prepare(self.account, &engine.generation, lesson, exercise)
                    .await
            {
                engine.prepared.insert(exercise.id.clone());
            }
            let rests = self.done.contains(&exercise.id) || self.resting.contains(&exercise.id);
            if !rests && matches!(exercise.proof, Proof::Check(_)) {
                let _ = classroom
                    .examiner
                    .look(self.account, lesson, exercise, Asked::ByPage)
                    .await;
            }
            if self.fragments.is_closed() {
                return Err(Closed);
            }
        }
        Ok(())
    }

    /// Shows what was found out about an exercise, by this page or another one of the same student.
    async fn hear(&mut self, news: News) -> Result<(), Closed> {
        if news.account != self.account || news.lesson != self.lesson {
            return Ok(());
        }
        let classroom = self.classroom.clone();
        let Some(lesson) = classroom.course.lesson(&self.lesson) else {
            return Ok(());
        };
        let Some(exercise) = lesson.exercise(&news.exercise) else {
            return Ok(());
        };
        let number = lessons::number(&lesson.exercises, |it| it.id == exercise.id);
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
        match &news.standing {
            Standing::Done => {
                self.done.insert(exercise.id.clone());
            }
            Standing::TimedOut | Standing::Broken => {
                self.resting.insert(exercise.id.clone());
            }
            _ => {}
        }
        let view = ExerciseView {
            standing: news.standing,
            given: String::new(),
            key: lessons::fresh_key(),
        };
        // An answer that is being typed must not be overwritten, only ticked.
        if matches!(exercise.proof, Proof::Answer(_)) && view.standing != Standing::Done {
            return Ok(());
        }
        let progress = match view.standing {
            Standing::Done => lessons::progress(&classroom, self.account).await.ok(),
            _ => None,
        };
        let (words, lesson) = (self.words, self.lesson.clone());
        self.send(app::fragment(|| {
            (
                components::exercise(words, &lesson, exercise, number, view),
                progress.map(|progress| components::progress(words, progress)),
            )
        }))
        .await
    }

    /// Sends what has changed of the machine's pane.
    async fn show_machine(&mut self, view: MachineView) -> Result<(), Closed> {
        let next = paths::lesson(self.words.0, &self.lesson);
        let pane = Pane {
            words: self.words,
            view: &view,
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

/// A machine's engine, as far as the page follows it.
struct Engine {
    is_there: bool,
    generation: String,
    /// The exercises that are prepared on its machine, as far as this page need know.
    prepared: HashSet<ItemId>,
    /// Something has happened since the last look.
    heard: bool,
    /// None until the first look, and after the engine's events have ended: each look asks for them.
    events: Option<broadcast::Receiver<()>>,
    look_at: Instant,
    looked: Instant,
}

impl Engine {
    fn away() -> Self {
        let now = Instant::now();
        Self {
            is_there: false,
            generation: String::new(),
            prepared: HashSet::new(),
            heard: false,
            events: None,
            look_at: now,
            looked: now,
        }
    }

    fn there(generation: String) -> Self {
        Self {
            is_there: true,
            generation,
            ..Self::away()
        }
    }

    fn look_soon(&mut self) {
        let soon = (Instant::now() + SETTLE).max(self.looked + PAUSE);
        self.look_at = self.look_at.min(soon);
    }

    fn look_later(&mut self) {
        self.heard = false;
        self.looked = Instant::now();
        self.look_at = self.looked + POLL;
    }
}

/// The next event, if there is somebody to hear it from.
async fn next(events: &mut Option<broadcast::Receiver<()>>) -> Result<(), RecvError> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}
