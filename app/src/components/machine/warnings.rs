//! What a student should know before it happens: a limit on time that is about to strike, memory or
//! disk that runs out.

use leptos::prelude::*;
use machine::{Deadline, Limit, Low, Resource, State};

use super::{MachineView, Pane};
use crate::pages::paths::MachineAct;

/// The warnings; empty and hidden while there are none. What sleeps or is off says its limits in the
/// notice.
pub(super) fn warnings(pane: Pane<'_>) -> AnyView {
    let machine = match pane.view {
        MachineView::Is(machine) if machine.state == State::Ready => Some(machine),
        _ => None,
    };
    let deadline = machine.and_then(|machine| machine.deadline);
    let low = machine.map(|machine| &machine.low[..]).unwrap_or_default();
    let titles = deadline
        .iter()
        .map(|deadline| title(deadline.limit))
        .chain(low.iter().map(|low| keys(low.resource).0))
        .map(|key| pane.words.t(key));
    let said = titles.collect::<Vec<_>>().join(". ");
    let empty = said.is_empty();
    let limit = deadline.map(|deadline| limit(pane, deadline));
    let low: Vec<_> = low.iter().map(|low| running_out(pane, *low)).collect();
    view! {
        <div
            class="warnings"
            id="machine-warnings"
            data-say=(!empty).then_some(said)
            hidden=empty
        >
            {limit}
            {low}
        </div>
    }
    .into_any()
}

fn title(limit: Limit) -> &'static str {
    match limit {
        Limit::IdleFreeze => "soon-idle-freeze",
        Limit::IdleStop | Limit::Lifetime => "soon-stop",
        Limit::Keep => "limit-keep",
    }
}

fn limit(pane: Pane<'_>, deadline: Deadline) -> impl IntoView + use<> {
    view! {
        <section class="warning">
            <h3>{pane.words.t(title(deadline.limit))}</h3>
            {pane.deadline(deadline)}
            {pane.act(MachineAct::Extend, "button small", "extend")}
        </section>
    }
}

/// The keys of the title and the advice, and the commands that help.
fn keys(resource: Resource) -> (&'static str, &'static str, [&'static str; 2]) {
    match resource {
        Resource::Memory => (
            "low-memory",
            "low-memory-advice",
            ["docker stats", "docker stop"],
        ),
        Resource::Disk => (
            "low-disk",
            "low-disk-advice",
            ["docker system df", "docker system prune"],
        ),
    }
}

fn running_out(pane: Pane<'_>, low: Low) -> impl IntoView + use<> {
    let (title, advice, commands) = keys(low.resource);
    let used = pane.words.with("low-used", &[("n", low.percent.into())]);
    let commands: Vec<_> = commands
        .iter()
        .map(|command| view! { <code>{*command}</code> " " })
        .collect();
    view! {
        <section class="warning">
            <h3>{pane.words.t(title)} " · " {used}</h3>
            <p>{pane.words.t(advice)} " " {commands}</p>
        </section>
    }
}
