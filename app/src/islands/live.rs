//! The page as its machine's state changes.

use leptos::prelude::*;

/// Follows the event stream that `#machine` names in `data-live`: each message holds pieces of the page
/// to take.
///
/// The machine's new state is set on `#machine` for the style sheet and told to the terminal by the
/// window event `gyosil:machine`. The browser reconnects by itself when the server goes away and comes
/// back.
#[island]
pub fn Live() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    browser::follow();
}

#[cfg(feature = "hydrate")]
mod browser {
    use wasm_bindgen::{JsCast, closure::Closure};
    use web_sys::{Event, EventSource, MessageEvent};

    use super::super::dom;

    pub(super) fn follow() {
        let url = dom::find("#machine").and_then(|pane| pane.get_attribute("data-live"));
        let Some(source) = url.and_then(|url| EventSource::new(&url).ok()) else {
            return;
        };
        let on_pieces = Closure::<dyn Fn(MessageEvent)>::new(|message: MessageEvent| {
            dom::take(&message.data().as_string().unwrap_or_default());
            show_machine();
        });
        let on_open = Closure::<dyn Fn(Event)>::new(|_| dom::hide("#offline"));
        let on_error = {
            let source = source.clone();
            Closure::<dyn Fn(Event)>::new(move |_| {
                // Refused, not lost: the browser does not try again.
                if source.ready_state() == EventSource::CLOSED {
                    dom::show("#lapsed");
                } else {
                    dom::show("#offline");
                }
            })
        };
        source.set_onmessage(Some(on_pieces.as_ref().unchecked_ref()));
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        on_pieces.forget();
        on_open.forget();
        on_error.forget();
    }

    /// Sets the machine's state on its pane, and tells the terminal when it has changed.
    fn show_machine() {
        let (Some(state), Some(pane)) = (dom::find("#machine-state"), dom::find("#machine")) else {
            return;
        };
        let state = state.get_attribute("data-state").unwrap_or_default();
        if pane.get_attribute("data-state").as_deref() == Some(&state) {
            return;
        }
        let _ = pane.set_attribute("data-state", &state);
        if let (Some(window), Ok(event)) = (dom::window(), Event::new("gyosil:machine")) {
            let _ = window.dispatch_event(&event);
        }
    }
}
