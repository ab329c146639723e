//! A lesson's page while it is open: the machine's state, and exercises that tick by themselves.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    time::Duration,
};

use app::{
    Words,
    components::{self, ExerciseView, MachineView, Standing},
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
use machine::{Machine, MachineId, State as MachineState};
use store::AccountId;
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        mpsc,
    },
    time::{Instant, sleep_until, timeout},
};
use tokio_stream::wrappers::ReceiverStream;

use super::lessons;
use crate::{
    app_state::{Classroom, machine_of},
    examiner::News,
    trouble::Trouble,
    visitor::Visitor,
};

/// How long after an engine's event the checks run: a container that was started is up by then, and a
/// burst of events (compose, build) is one check.
const SETTLE: Duration = Duration::from_millis(250);
/// How often the checks run without any event, for what the engine does not tell: files, networks,
/// processes.
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
        machine_shown: None,
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
    machine_shown: Option<MachineView>,
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

    /// Follows the machine until machined goes away or the page is closed.
    async fn follow_machine(&mut self) -> Result<(), Closed> {
        let view = match self.classroom.machines.ensure(&self.machine).await {
            Ok(machine) => MachineView::Is(machine.state),
            Err(machine::Error::Refused(problem)) => {
                MachineView::Is(MachineState::Failed { problem })
            }
            Err(_) => MachineView::Unreachable,
        };
        self.show_machine(view).await?;
        let Ok(states) = self.classroom.machines.watch(&self.machine).await else {
            return Ok(());
        };
        let mut states = states.filter_map(async |state| state.ok()).boxed();
        let mut news = self.classroom.examiner.news();
        let mut engine = Engine::away();
        loop {
            let look_at = engine.look_at;
            tokio::select! {
                state = states.next() => {
                    let Some(machine) = state else { return Ok(()) };
                    engine = self.machine_is(machine).await?;
                }
                heard = next(&mut engine.events) => match heard {
                    Ok(()) | Err(RecvError::Lagged(_)) => {
                        self.touched = true;
                        engine.look_soon();
                    }
                    Err(RecvError::Closed) => engine.events = None,
                },
                () = sleep_until(look_at), if engine.is_there => {
                    if engine.events.is_none() {
                        engine.events = Some(self.classroom.listener.listen(&self.machine));
                    }
                    self.look(&engine).await?;
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
    async fn machine_is(&mut self, machine: Machine) -> Result<Engine, Closed> {
        self.show_machine(MachineView::Is(machine.state.clone()))
            .await?;
        if machine.state != MachineState::Ready {
            return Ok(Engine::away());
        }
        Ok(Engine::there(machine.generation))
    }

    /// Prepares and checks what is not done yet.
    async fn look(&mut self, engine: &Engine) -> Result<(), Closed> {
        let classroom = self.classroom.clone();
        let Some(lesson) = classroom.course.lesson(&self.lesson) else {
            return Ok(());
        };
        for exercise in &lesson.exercises {
            if self.done.contains(&exercise.id) || self.resting.contains(&exercise.id) {
                continue;
            }
            // Trouble is logged where it arises; the next look tries again.
            let _ = classroom
                .examiner
                .prepare(self.account, &engine.generation, lesson, exercise)
                .await;
            if matches!(exercise.proof, Proof::Check(_)) {
                let _ = classroom
                    .examiner
                    .look(self.account, lesson, exercise)
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

    async fn show_machine(&mut self, view: MachineView) -> Result<(), Closed> {
        // The same again would be announced again.
        if self.machine_shown.as_ref() == Some(&view) {
            return Ok(());
        }
        let next = paths::lesson(self.words.0, &self.lesson);
        let words = self.words;
        let pieces = app::fragment(|| components::machine_pieces(words, &view, &next));
        self.machine_shown = Some(view);
        self.send(pieces).await
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
