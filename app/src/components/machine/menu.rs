//! What one can do with the machine besides using it. Popovers: they open without script, close with
//! Escape, and give the focus back.

use leptos::prelude::*;
use machine::State;

use super::{MachineView, Pane};
use crate::pages::paths::MachineAct;

/// The menu's button with what it opens; empty while there is nothing to choose.
pub(super) fn menu(pane: Pane<'_>) -> AnyView {
    let state = match pane.view {
        MachineView::Is(machine) => Some(&machine.state),
        _ => None,
    };
    let can_stop = matches!(state, Some(State::Ready | State::Frozen));
    let can_reset = matches!(state, Some(State::Stopped { .. } | State::Failed { .. })) || can_stop;
    let content = can_reset.then(|| content(pane, can_stop).into_any());
    view! { <div class="machine-menu" id="machine-menu">{content}</div> }.into_any()
}

fn content(pane: Pane<'_>, can_stop: bool) -> impl IntoView + use<> {
    let words = pane.words;
    let stop = can_stop.then(|| {
        view! {
            <div class="choice">
                {pane.act(MachineAct::Stop, "button", "stop")}
                <p>{words.t("stop-text")}</p>
            </div>
        }
    });
    view! {
        <button type="button" popovertarget="machine-acts">
            {words.t("menu")}
        </button>
        <div class="sheet" id="machine-acts" popover="auto">
            {stop}
            <div class="choice">
                <button type="button" class="button" popovertarget="machine-reset-ask">
                    {words.t("reset")}
                </button>
                <p>{words.t("reset-text")}</p>
            </div>
        </div>
        <div
            class="sheet question"
            id="machine-reset-ask"
            popover="auto"
            role="dialog"
            aria-labelledby="machine-reset-title"
            aria-describedby="machine-reset-loses machine-reset-keeps"
        >
            <h3 id="machine-reset-title">{words.t("reset-title")}</h3>
            <p id="machine-reset-loses">{words.t("reset-loses")}</p>
            <p id="machine-reset-keeps">{words.t("reset-keeps")}</p>
            <div class="acts">
                // Where the focus is at first, nothing is lost.
                <button
                    type="button"
                    class="button"
                    popovertarget="machine-reset-ask"
                    popovertargetaction="hide"
                    autofocus
                >
                    {words.t("cancel")}
                </button>
                {pane.act(MachineAct::Reset, "button danger", "reset-now")}
            </div>
        </div>
    }
}
