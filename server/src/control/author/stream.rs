//! An author's open pages: kept as the folder is, and the scratch machine's pane as the machine is.

use std::{convert::Infallible, time::Duration};

use app::{
    Words,
    components::{MachineView, Pane},
    pages::{
        author::{self, LessonDraft, View},
        paths::Side,
    },
};
use axum::{
    extract::{Path, State},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use course::LessonId;
use futures::{StreamExt, stream};
use machine::{Error, Items, Machine, MachineId};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_stream::wrappers::ReceiverStream;

use super::LessonPath;
use crate::{
    app_state::Classroom,
    control::machine::now_s,
    trouble::Trouble,
    visitor::{Author, Visitor},
};

/// How long to wait before following a machine again that is not there.
const FOLLOW_AGAIN: Duration = Duration::from_secs(2);
/// How often the overview says anew how long ago a lesson was saved.
const TELL_AGE: Duration = Duration::from_secs(60);
/// How much a slow page may lag: each message holds the page as it is then.
const KEPT: usize = 8;

pub(super) async fn overview(
    State(classroom): State<Classroom>,
    _: Author,
    visitor: Visitor,
) -> Response {
    let (pieces, queue) = mpsc::channel(KEPT);
    tokio::spawn(follow_course(classroom, Words(visitor.lang), pieces));
    answer(queue)
}

pub(super) async fn one(
    State(classroom): State<Classroom>,
    author: Author,
    visitor: Visitor,
    Path((_, unit, name)): LessonPath,
) -> Result<Response, Trouble> {
    open(
        classroom,
        visitor,
        View::One,
        Some(author.machine),
        &unit,
        &name,
    )
}

pub(super) async fn both(
    State(classroom): State<Classroom>,
    _: Author,
    visitor: Visitor,
    Path((_, unit, name)): LessonPath,
) -> Result<Response, Trouble> {
    open(classroom, visitor, View::Both, None, &unit, &name)
}

fn open(
    classroom: Classroom,
    visitor: Visitor,
    view: View,
    machine: Option<MachineId>,
    unit: &str,
    name: &str,
) -> Result<Response, Trouble> {
    let (pieces, queue) = mpsc::channel(KEPT);
    let page = OpenPage {
        words: Words(visitor.lang),
        lesson: LessonId::new(unit, name).map_err(|_| Trouble::NotFound)?,
        view,
        machine,
        classroom,
        pieces,
        pane: None,
    };
    tokio::spawn(page.run());
    Ok(answer(queue))
}

fn answer(queue: mpsc::Receiver<String>) -> Response {
    let events = ReceiverStream::new(queue)
        // A carriage return would end a field of the event stream.
        .map(|html| Ok::<_, Infallible>(Event::default().data(html.replace('\r', ""))));
    Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response()
}

async fn follow_course(classroom: Classroom, words: Words, pieces: mpsc::Sender<String>) {
    let mut draft = classroom.folder.follow_draft();
    let mut minutes = interval(TELL_AGE);
    minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let shown = draft.borrow_and_update().shown();
        let html = author::overview_piece(words, &shown, store::now_ms());
        if pieces.send(html).await.is_err() {
            return;
        }
        minutes.reset();
        tokio::select! {
            changed = draft.changed() => if changed.is_err() { return },
            _ = minutes.tick() => {}
            () = pieces.closed() => return,
        }
    }
}

/// An open page of a lesson.
struct OpenPage {
    classroom: Classroom,
    words: Words,
    lesson: LessonId,
    view: View,
    /// The scratch machine, where the page shows it.
    machine: Option<MachineId>,
    pieces: mpsc::Sender<String>,
    /// What the page was sent of the machine.
    pane: Option<[String; 4]>,
}

/// The page was closed.
struct Closed;

impl OpenPage {
    async fn run(mut self) {
        // Ends with the page: every send fails then.
        let _ = self.follow().await;
    }

    async fn follow(&mut self) -> Result<(), Closed> {
        let mut draft = self.classroom.folder.follow_draft();
        draft.mark_changed();
        let mut states = self.states().await?;
        loop {
            tokio::select! {
                changed = draft.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    let shown = draft.borrow_and_update().shown();
                    self.show_text(shown).await?;
                }
                state = states.next() => match state {
                    Some(Ok(machine)) => self.show_machine(MachineView::Is(machine)).await?,
                    Some(Err(_)) => {}
                    None => states = self.states().await?,
                },
                () = self.pieces.closed() => return Err(Closed),
            }
        }
    }

    /// The machine's states; while there is none, a stream that ends after a while, so that it is asked
    /// for again.
    async fn states(&mut self) -> Result<Items<Machine>, Closed> {
        let Some(machine) = self.machine.clone() else {
            return Ok(stream::pending().boxed());
        };
        let view = match self.classroom.machines.watch(&machine).await {
            Ok(states) => return Ok(states),
            Err(Error::NoSuchMachine) => MachineView::Absent,
            Err(_) => MachineView::Unreachable,
        };
        self.show_machine(view).await?;
        let wait = stream::once(sleep(FOLLOW_AGAIN));
        Ok(wait.filter_map(async |()| None).boxed())
    }

    async fn show_text(&mut self, draft: author::Draft) -> Result<(), Closed> {
        let view = LessonDraft {
            draft,
            lesson: self.lesson.clone(),
            view: self.view,
            machine: self.machine.as_ref().map(|_| MachineView::Absent),
            tried: None,
            now: now_s(),
        };
        let pieces = author::lesson_pieces(self.words, &view);
        self.send(pieces.concat()).await
    }

    /// Sends what has changed of the machine's pane.
    async fn show_machine(&mut self, view: MachineView) -> Result<(), Closed> {
        let side = Side::Author;
        let pane = Pane {
            words: self.words,
            view: &view,
            side,
            next: &side.lesson(self.words.0, &self.lesson),
            now: now_s(),
        };
        let pieces = pane.pieces();
        let shown = self.pane.replace(pieces.clone());
        let changed: String = pieces
            .into_iter()
            .enumerate()
            .filter(|(index, piece)| shown.as_ref().is_none_or(|shown| shown[*index] != *piece))
            .map(|(_, piece)| piece)
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        self.send(changed).await
    }

    async fn send(&self, html: String) -> Result<(), Closed> {
        self.pieces.send(html).await.map_err(|_| Closed)
    }
}
