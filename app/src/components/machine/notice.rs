//! What stands where a terminal would be, or above a sleeping one: how it is, and what one can do.

use leptos::prelude::*;
use machine::{Machine, Problem, State, Step, StoppedBy};

use super::{MachineView, Pane};
use crate::{
    components::mark,
    pages::paths::{self, MachineAct},
};

/// The notice; empty and hidden while there is nothing to say.
pub(super) fn notice(pane: Pane<'_>) -> AnyView {
    let content = match pane.view {
        MachineView::SignIn => Some(invitation(pane).into_any()),
        MachineView::Is(machine) => of_state(pane, machine),
        MachineView::Refused(problem) => Some(failed(pane, *problem)),
        MachineView::Absent => Some(off(pane, "absent", "turn-on")),
        MachineView::Unreachable => Some(off(pane, "unreachable", "start-again")),
    };
    let empty = content.is_none();
    view! { <div class="notice" id="machine-notice" hidden=empty>{content}</div> }.into_any()
}

fn of_state(pane: Pane<'_>, machine: &Machine) -> Option<AnyView> {
    let deadline = machine.deadline.map(|deadline| pane.deadline(deadline));
    let said = match machine.state {
        State::Ready => return None,
        State::Queued { place, wait_s } => queued(pane, place, wait_s).into_any(),
        State::Starting { step } => starting(pane, step).into_any(),
        State::Frozen => frozen(pane).into_any(),
        State::Stopped { by } => {
            let title = match by {
                StoppedBy::Caller => "stopped-title",
                StoppedBy::Idle => "stopped-idle-title",
                StoppedBy::Lifetime => "stopped-lifetime-title",
                StoppedBy::Host => "stopped-host-title",
            };
            view! {
                <h3>{pane.words.t(title)}</h3>
                <p>{pane.words.t("stopped-text")}</p>
                {pane.act(MachineAct::Start, "button primary", "turn-on")}
            }
            .into_any()
        }
        State::Failed { problem } => failed(pane, problem),
    };
    Some(view! { {said} {deadline} }.into_any())
}

fn queued(pane: Pane<'_>, place: u32, wait_s: Option<u64>) -> impl IntoView + use<> {
    let words = pane.words;
    let wait = match wait_s {
        Some(seconds) => pane.about(["wait-minutes", "wait-hours", "wait-days"], seconds),
        None => words.t("wait-unknown"),
    };
    view! {
        <h3>{words.t("queued-title")}</h3>
        <p class="place">{pane.place(place)} " · " {wait}</p>
        <p>{words.t("queued-text")}</p>
        <noscript>
            <p>{words.t("queued-without-script")}</p>
        </noscript>
        {pane.act(MachineAct::Stop, "button", "queue-leave")}
    }
}

fn starting(pane: Pane<'_>, now: Step) -> impl IntoView + use<> {
    let steps = [
        (Step::Disk, "step-disk"),
        (Step::Network, "step-network"),
        (Step::Boot, "step-boot"),
        (Step::Engine, "step-engine"),
    ];
    let at = steps.iter().position(|(step, _)| *step == now).unwrap_or(0);
    let rows: Vec<_> = steps
        .iter()
        .enumerate()
        .map(|(index, (_, key))| {
            let (step, sign) = match index.cmp(&at) {
                std::cmp::Ordering::Less => ("done", "done"),
                std::cmp::Ordering::Equal => ("now", "checking"),
                std::cmp::Ordering::Greater => ("todo", ""),
            };
            view! {
                <li data-step=step aria-current=(step == "now").then_some("step")>
                    {mark(sign)}
                    <span>{pane.words.t(key)}</span>
                </li>
            }
        })
        .collect();
    view! {
        <h3>{pane.words.t("starting-title")}</h3>
        <ol class="steps">{rows}</ol>
        <p>{pane.words.t("starting-text")}</p>
    }
}

fn frozen(pane: Pane<'_>) -> impl IntoView + use<> {
    view! {
        <h3>{pane.words.t("frozen-title")}</h3>
        <p>{pane.words.t("frozen-text")}</p>
        {pane.act(MachineAct::Wake, "button primary", "wake")}
    }
}

fn failed(pane: Pane<'_>, problem: Problem) -> AnyView {
    let key = match problem {
        Problem::NoSpace => "no-space",
        Problem::NoImage => "no-image",
        Problem::EngineSilent => "engine-silent",
        Problem::Ended => "ended",
        Problem::Internal => "internal",
    };
    off(pane, key, "start-again")
}

/// Not running: why, and the button that tries (again).
fn off(pane: Pane<'_>, key: &str, button: &str) -> AnyView {
    view! {
        <h3>{pane.words.t(&format!("{key}-title"))}</h3>
        <p>{pane.words.t(&format!("{key}-text"))}</p>
        {pane.act(MachineAct::Start, "button primary", button)}
    }
    .into_any()
}

fn invitation(pane: Pane<'_>) -> impl IntoView + use<> {
    let words = pane.words;
    view! {
        <h3>{words.t("invitation-title")}</h3>
        <p>{words.t("invitation-text")}</p>
        <div class="act">
            <a class="button primary" href=paths::join(words.0, pane.next)>
                {words.t("join-a-class")}
            </a>
            <a href=paths::sign_in(words.0, pane.next, false)>{words.t("sign-in")}</a>
        </div>
    }
}
