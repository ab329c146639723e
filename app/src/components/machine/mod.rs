//! The student's machine beside the text.

mod menu;
mod notice;
mod warnings;

use course::LessonId;
use leptos::prelude::*;
use machine::{Deadline, Limit, Machine, Problem, State};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    fragment,
    islands::{Divider, SHARE_DEFAULT, SHARE_MAX, SHARE_MIN},
    pages::paths::{MachineAct, Side},
    shell::Frame,
    words::Words,
};

/// What is known of the visitor's machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MachineView {
    /// Nobody is signed in, so there is none.
    SignIn,
    /// machined says this.
    Is(Machine),
    /// machined would not start it, and it is as it was.
    Refused(Problem),
    /// There is none any more, or none yet.
    Absent,
    /// machined does not answer.
    Unreachable,
}

impl MachineView {
    /// For `data-state`, and the key of its word.
    fn looks(&self) -> (&'static str, &'static str) {
        match self {
            MachineView::SignIn => ("signed-out", "machine-off"),
            MachineView::Absent => ("stopped", "machine-off"),
            MachineView::Refused(_) | MachineView::Unreachable => ("failed", "machine-failed"),
            MachineView::Is(machine) => match machine.state {
                State::Queued { .. } => ("queued", "machine-queued"),
                State::Starting { .. } => ("starting", "machine-starting"),
                State::Ready => ("ready", "machine-ready"),
                State::Frozen => ("frozen", "machine-frozen"),
                State::Stopped { .. } => ("stopped", "machine-stopped"),
                State::Failed { .. } => ("failed", "machine-failed"),
            },
        }
    }
}

/// What the pane is made from.
#[derive(Clone, Copy, Debug)]
pub struct Pane<'a> {
    /// The interface's language.
    pub words: Words,
    /// The machine.
    pub view: &'a MachineView,
    /// On which side it stands.
    pub side: Side,
    /// The page that its forms lead back to.
    pub next: &'a str,
    /// The time, in seconds since 1970.
    pub now: u64,
}

impl Pane<'_> {
    /// The pieces that change with the machine's state, each with an id of its own.
    pub fn pieces(self) -> [String; 4] {
        [
            fragment(|| self.status()),
            fragment(|| menu::menu(self)),
            fragment(|| warnings::warnings(self)),
            fragment(|| notice::notice(self)),
        ]
    }

    fn status(self) -> impl IntoView + use<> {
        let (state, word) = self.view.looks();
        let word = self.words.t(word);
        let mut said = format!("{}: {word}", self.words.t("my-machine"));
        if let MachineView::Is(machine) = self.view
            && let State::Queued { place, .. } = machine.state
        {
            said = format!("{said}, {}", self.place(place));
        }
        view! {
            <span class="machine-state" id="machine-state" data-state=state data-say=said>
                <span class="lamp" aria-hidden="true"></span>
                {word}
            </span>
        }
    }

    /// Which place in the queue, as words.
    fn place(self, place: u32) -> String {
        self.words.with("queue-place", &[("n", place.into())])
    }

    /// A form with one button.
    fn act(self, act: MachineAct, class: &'static str, label: &str) -> AnyView {
        view! {
            <form class="act" method="post" action=self.side.machine(self.words.0, act) data-live>
                <input type="hidden" name="next" value=self.next.to_owned() />
                <button class=class id=format!("machine-{act}")>{self.words.t(label)}</button>
            </form>
        }
        .into_any()
    }

    /// What a limit on time will do, and when.
    fn deadline(self, deadline: Deadline) -> AnyView {
        let what = match deadline.limit {
            Limit::IdleFreeze => "limit-idle-freeze",
            Limit::IdleStop => "limit-idle-stop",
            Limit::Lifetime => "limit-lifetime",
            Limit::Keep => "limit-keep",
        };
        view! { <p class="deadline">{self.words.t(what)} ": " {self.when(deadline.at)}</p> }
            .into_any()
    }

    /// A time to come: how far off it is, which our script makes the time of day in the visitor's
    /// own zone; the server does not know that.
    fn when(self, at: u64) -> impl IntoView + use<> {
        let time = i64::try_from(at).ok();
        let time = time.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        let datetime = time.and_then(|time| time.format(&Rfc3339).ok());
        let off = self.about(IN, at.saturating_sub(self.now));
        view! { <time datetime=datetime data-local>{off}</time> }
    }

    /// About how long, rounded up; the keys are for minutes, hours and days.
    fn about(self, [in_minutes, in_hours, in_days]: [&str; 3], seconds: u64) -> String {
        let minutes = seconds.div_ceil(60).max(1);
        let (key, n) = match minutes {
            // An hour and a half is better said in minutes, a day and a half in hours.
            ..120 => (in_minutes, minutes),
            120..2880 => (in_hours, minutes.div_ceil(60)),
            2880.. => (in_days, minutes.div_ceil(60 * 24)),
        };
        self.words.with(key, &[("n", n.into())])
    }
}

/// The keys of how far off a time is.
const IN: [&str; 3] = ["in-minutes", "in-hours", "in-days"];

/// The whole pane of a lesson with the divider before it.
pub(crate) fn machine_pane(
    frame: &Frame,
    view: &MachineView,
    side: Side,
    lesson: &LessonId,
    now: u64,
) -> impl IntoView + use<> {
    let words = frame.words;
    let next = &side.lesson(words.0, lesson);
    let pane = Pane {
        words,
        view,
        side,
        next,
        now,
    };
    let (state, _) = view.looks();
    let signed_in = *view != MachineView::SignIn;
    let terminal = signed_in.then(|| terminal(frame, side).into_any());
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
            tabindex="-1"
            aria-labelledby="machine-title"
        >
            <header class="machine-bar">
                <h2 id="machine-title">{words.t("my-machine")}</h2>
                {pane.status()}
                <div class="tools">
                    {reader}
                    {menu::menu(pane)}
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
            {warnings::warnings(pane)}
            {notice::notice(pane)}
            {terminal}
        </aside>
    }
}

/// The place of the terminal and the script that fills it once the machine is ready.
fn terminal(frame: &Frame, side: Side) -> impl IntoView + use<> {
    let words = frame.words;
    view! {
        <div
            class="terminal"
            id="terminal"
            data-script=format!("/pkg/{}", frame.site.terminal)
            data-wasm=format!("/pkg/{}", frame.site.terminal_wasm)
            data-socket=side.terminal(words.0)
            data-label=words.t("terminal-label")
            data-lost=words.t("terminal-lost")
            data-ended=words.t("terminal-ended")
        ></div>
        <p class="machine-foot" tabindex="-1">{words.t("terminal-leave")} " " <kbd>"F6"</kbd></p>
    }
}
