//! The student's machine: bringing it up, and what a student does with it from a page.

use app::{
    Words,
    components::{MachineView, Pane},
    pages::paths::{MachineAct, Side},
};
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use machine::{Client, Error, Machine, MachineId, State as MachineState};
use serde::Deserialize;

use super::{accounts::local_path, fragment};
use crate::{
    app_state::{Classroom, machine_of},
    trouble::Trouble,
    visitor::Visitor,
};

#[derive(Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    next: String,
}

/// Does what a button of the pane says with the visitor's own machine: whose that is says the
/// session, and nothing in the address or the form can name another.
pub(super) async fn act(
    State(classroom): State<Classroom>,
    visitor: Visitor,
    Path((_, act)): Path<(String, String)>,
    Form(form): Form<Back>,
) -> Result<Response, Trouble> {
    let act = MachineAct::from_word(&act).ok_or(Trouble::NotFound)?;
    let account = visitor.account.as_ref().ok_or_else(|| Trouble::SignIn {
        next: local_path(&form.next).to_owned(),
    })?;
    let (machines, id) = (&classroom.machines, machine_of(account));
    let answer = perform(machines, &visitor, &id, Side::Student, act, &form).await;
    classroom.kept.forget(&id);
    Ok(answer)
}

/// Does it with this machine, and answers with its pane.
pub(super) async fn perform(
    machines: &Client,
    visitor: &Visitor,
    id: &MachineId,
    side: Side,
    act: MachineAct,
    form: &Back,
) -> Response {
    tracing::info!(machine = %id, %act, "{act} of {id} was asked for");
    let next = local_path(&form.next);
    let view = match act {
        MachineAct::Start => start(machines, id).await,
        MachineAct::Wake => view(machines, id, machines.wake(id).await).await,
        MachineAct::Extend => view(machines, id, machines.extend(id).await).await,
        MachineAct::Reset => view(machines, id, machines.reset(id).await).await,
        MachineAct::Stop => match machines.stop(id).await {
            Ok(()) => as_it_is(machines, id).await,
            Err(error) => view(machines, id, Err(error)).await,
        },
    };
    if !visitor.wants_fragment {
        return Redirect::to(next).into_response();
    }
    let pane = Pane {
        words: Words(visitor.lang),
        view: &view,
        side,
        next,
        now: now_s(),
    };
    fragment(pane.pieces().concat())
}

/// Brings the machine up, or says why not; wakes it if it sleeps.
pub(super) async fn start(machines: &Client, id: &MachineId) -> MachineView {
    match machines.ensure(id).await {
        Ok(machine) if machine.state == MachineState::Frozen => {
            view(machines, id, machines.wake(id).await).await
        }
        answer => view(machines, id, answer).await,
    }
}

/// The time, in seconds since 1970.
pub(super) fn now_s() -> u64 {
    u64::try_from(store::now_ms() / 1000).unwrap_or(0)
}

/// What to show after machined's answer.
async fn view(machines: &Client, id: &MachineId, answer: Result<Machine, Error>) -> MachineView {
    match answer {
        Ok(machine) => MachineView::Is(machine),
        Err(Error::Refused(problem)) => MachineView::Refused(problem),
        // It changed just now, or the page was old.
        Err(Error::NotReady | Error::NoSuchMachine) => as_it_is(machines, id).await,
        Err(error) => unreachable(id, &error),
    }
}

/// The machine as it is, whatever was asked of it.
pub(super) async fn as_it_is(machines: &Client, id: &MachineId) -> MachineView {
    match machines.get(id).await {
        Ok(Some(machine)) => MachineView::Is(machine),
        Ok(None) => MachineView::Absent,
        Err(error) => unreachable(id, &error),
    }
}

fn unreachable(id: &MachineId, error: &Error) -> MachineView {
    tracing::error!(machine = %id, %error, "nothing could be done with {id}: {error}");
    MachineView::Unreachable
}
