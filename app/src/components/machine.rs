//! The student's machine beside the text.

use course::LessonId;
use leptos::prelude::*;
use machine::{Problem, State, Step};

use super::mark;
use crate::{
    islands::{Divider, SHARE_DEFAULT, SHARE_MAX, SHARE_MIN},
    pages::paths,
    shell::Frame,
    words::Words,
};

/// What is known of the visitor's machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MachineView {
    /// Nobody is signed in, so there is none.
    SignIn,
    /// machined says this.
    Is(State),
    /// machined does not answer.
    Unreachable,
}

impl MachineView {
    /// For `data-state`, and the key of its word.
    fn looks(&self) -> (&'static str, &'static str) {
        match self {
            MachineView::SignIn => ("signed-out", "machine-off"),
            MachineView::Is(State::Starting { .. }) => ("starting", "machine-starting"),
            MachineView::Is(State::Queued { .. }) => ("starting", "machine-full"),
            MachineView::Is(State::Ready) => ("ready", "machine-ready"),
            MachineView::Is(State::Frozen | State::Stopped { .. }) => ("asleep", "machine-stopped"),
            MachineView::Is(State::Failed { .. }) | MachineView::Unreachable => {
                ("failed", "machine-failed")
            }
        }
    }
}

/// The whole pane of a lesson with the divider before it.
pub(crate) fn machine_pane(
    frame: &Frame,
    view: &MachineView,
    lesson: &LessonId,
) -> impl IntoView + use<> {
    let words = frame.words;
    let next = &paths::lesson(words.0, lesson);
    let (state, _) = view.looks();
    let signed_in = *view != MachineView::SignIn;
    let live = signed_in.then(|| paths::live(words.0, lesson));
    let terminal = signed_in.then(|| terminal(frame).into_any());
    let reader = signed_in.then(|| {
        view! {
            <button type="button" id="terminal-reader" aria-pressed="false">
                {words.t("terminal-reader")}
            </button>
        }
    });
    view! {
        <div
            class="divider"
            role="separator"
            tabindex="0"
            aria-orientation="vertical"
            aria-controls="machine"
            aria-label=words.t("divider")
            aria-valuemin=SHARE_MIN
            aria-valuemax=SHARE_MAX
            aria-valuenow=SHARE_DEFAULT
        ></div>
        <Divider />
        <aside
            class="machine"
            id="machine"
            data-state=state
            data-live=live
            aria-labelledby="machine-title"
        >
            <header class="machine-bar">
                <h2 id="machine-title">{words.t("my-machine")}</h2>
                {status(words, view)}
                <div class="tools">
                    {reader}
                    <button
                        type="button"
                        class="drawer"
                        aria-expanded="false"
                        aria-controls="machine"
                        data-other-label=words.t("drawer-close")
                    >
                        {words.t("drawer-open")}
                    </button>
                </div>
            </header>
            {notice(words, view, next)}
            {terminal}
        </aside>
    }
}

/// The pieces of the pane that change with the machine's state.
pub fn machine_pieces(words: Words, view: &MachineView, next: &str) -> impl IntoView + use<> {
    view! { {status(words, view)} {notice(words, view, next)} }
}

fn status(words: Words, view: &MachineView) -> impl IntoView + use<> {
    let (state, word) = view.looks();
    let word = words.t(word);
    let said = format!("{}: {word}", words.t("my-machine"));
    view! {
        <span class="machine-state" id="machine-state" data-state=state data-say=said>
            <span class="lamp" aria-hidden="true"></span>
            {word}
        </span>
    }
}

fn notice(words: Words, view: &MachineView, next: &str) -> impl IntoView + use<> {
    let content = match view {
        MachineView::Is(State::Ready) => None,
        MachineView::Is(State::Starting { step }) => Some(starting(words, *step).into_any()),
        MachineView::Is(State::Frozen | State::Stopped { .. }) => {
            Some(stuck(words, "stopped", next).into_any())
        }
        MachineView::Is(State::Queued { .. }) => Some(stuck(words, "host-full", next).into_any()),
        MachineView::Is(State::Failed { problem }) => {
            let key = match problem {
                Problem::NoSpace => "no-space",
                Problem::NoImage => "no-image",
                Problem::EngineSilent => "engine-silent",
                Problem::Ended => "ended",
                Problem::Internal => "internal",
            };
            Some(stuck(words, key, next).into_any())
        }
        MachineView::Unreachable => Some(stuck(words, "unreachable", next).into_any()),
        MachineView::SignIn => Some(invitation(words, next).into_any()),
    };
    let empty = content.is_none();
    view! { <div class="notice" id="machine-notice" hidden=empty>{content}</div> }
}

fn starting(words: Words, now: Step) -> impl IntoView {
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
                    <span>{words.t(key)}</span>
                </li>
            }
        })
        .collect();
    view! {
        <h3>{words.t("starting-title")}</h3>
        <ol class="steps">{rows}</ol>
        <p>{words.t("starting-text")}</p>
    }
}

/// Not running: why, and the button that tries (again).
fn stuck(words: Words, key: &str, next: &str) -> impl IntoView + use<> {
    let next = next.to_owned();
    let button = if key == "stopped" {
        "wake"
    } else {
        "start-again"
    };
    view! {
        <h3>{words.t(&format!("{key}-title"))}</h3>
        <p>{words.t(&format!("{key}-text"))}</p>
        <form class="act" method="post" action=paths::machine(words.0) data-live>
            <input type="hidden" name="next" value=next />
            <button class="button primary" id="machine-start">{words.t(button)}</button>
        </form>
    }
}

fn invitation(words: Words, next: &str) -> impl IntoView + use<> {
    view! {
        <h3>{words.t("invitation-title")}</h3>
        <p>{words.t("invitation-text")}</p>
        <div class="act">
            <a class="button primary" href=paths::join(words.0, next)>{words.t("join-a-class")}</a>
            <a href=paths::sign_in(words.0, next, false)>{words.t("sign-in")}</a>
        </div>
    }
}

/// The place of the terminal and the script that fills it once the machine is ready.
fn terminal(frame: &Frame) -> impl IntoView + use<> {
    let words = frame.words;
    view! {
        <div
            class="terminal"
            id="terminal"
            data-script=format!("/pkg/{}", frame.site.terminal)
            data-wasm=format!("/pkg/{}", frame.site.terminal_wasm)
            data-socket=paths::terminal(words.0)
            data-label=words.t("terminal-label")
            data-lost=words.t("terminal-lost")
            data-ended=words.t("terminal-ended")
        ></div>
        <p class="machine-foot" tabindex="-1">{words.t("terminal-leave")} " " <kbd>"F6"</kbd></p>
    }
}
