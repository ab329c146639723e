//! The page as its machine's state changes.

use leptos::prelude::*;

/// Follows the event stream that the page names in `data-stream`: each message holds pieces of the page
/// to take. The browser reconnects by itself when the server goes away and comes back; a page that is
/// shown again after a while connects anew, which tells the server that somebody is there.
///
/// Times to come on the page become times of day in the visitor's own zone.
#[island]
pub fn Live() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    browser::follow();
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::{cell::RefCell, rc::Rc};

    use js_sys::Date;
    use wasm_bindgen::JsCast;
    use web_sys::{Event, EventSource, MessageEvent};

    use super::super::dom;

    /// A page that was out of sight for less, in milliseconds, was not left: its student looked
    /// something up.
    const LEFT_AFTER_MS: f64 = 60_000.0;

    pub(super) fn follow() {
        let Some(page) = dom::find("[data-stream]") else {
            return;
        };
        dom::localise(&page);
        let Some(url) = page.get_attribute("data-stream") else {
            return;
        };
        let stream = Rc::new(RefCell::new(connect(&url)));
        let left = RefCell::new(None);
        let Some(document) = dom::document() else {
            return;
        };
        dom::on(&document.clone(), "visibilitychange", move |_| {
            if document.hidden() {
                left.replace(Some(Date::now()));
            } else if left
                .take()
                .is_some_and(|left| Date::now() - left > LEFT_AFTER_MS)
            {
                if let Some(old) = stream.take() {
                    old.close();
                }
                stream.replace(connect(&url));
            }
        });
    }

    fn connect(url: &str) -> Option<EventSource> {
        let source = EventSource::new(url).ok()?;
        dom::on(&source, "message", |event| {
            let message: &MessageEvent = event.unchecked_ref();
            let pieces = message.data().as_string().unwrap_or_default();
            dom::take(&pieces, dom::Taken::News);
        });
        dom::on(&source, "open", |_| dom::hide("#offline"));
        dom::on(&source, "error", |event: Event| {
            let source = event
                .target()
                .and_then(|t| t.dyn_into::<EventSource>().ok());
            // Refused, not lost: the browser does not try again.
            if source.is_some_and(|source| source.ready_state() == EventSource::CLOSED) {
                dom::show("#lapsed");
            } else {
                dom::show("#offline");
            }
        });
        Some(source)
    }
}
