//! The pieces of a page that wake up in the browser. Each finds the page already working without it.
//!
//! They hold no words and make no markup of their own: what they show is HTML that the server
//! rendered, so that escaping, wording and grading are in one place.

// #[island] wraps each function in a module of its own, where `pub` looks unreachable.
#![allow(unreachable_pub)]

mod divider;
mod forms;
mod live;

pub use divider::{Divider, SHARE_DEFAULT, SHARE_MAX, SHARE_MIN};
pub use forms::Forms;
pub use live::Live;

/// The header by which [`Forms`] asks for a fragment, and by which the server says that it is one.
pub const FRAGMENT_HEADER: &str = "x-gyosil-fragment";

#[cfg(feature = "hydrate")]
mod dom {
    use wasm_bindgen::{JsCast, closure::Closure};
    use web_sys::{Document, Element, Event, HtmlElement, Window};

    pub(super) fn window() -> Option<Window> {
        web_sys::window()
    }

    pub(super) fn document() -> Option<Document> {
        window()?.document()
    }

    /// Listens for as long as the page lives.
    pub(super) fn on(target: &web_sys::EventTarget, name: &str, handler: impl Fn(Event) + 'static) {
        let closure = Closure::<dyn Fn(Event)>::new(handler);
        // Only an unknown option makes this fail, and there is none.
        let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        closure.forget();
    }

    pub(super) fn find(selector: &str) -> Option<Element> {
        document()?.query_selector(selector).ok()?
    }

    /// Takes pieces of the page that our server rendered: each element of `html` takes the place of the
    /// one with its id. What was unfolded stays unfolded, the focus stays where it was, and the text of
    /// `data-say` is announced to screen readers.
    pub(super) fn take(html: &str) {
        let Some(document) = document() else { return };
        let Ok(holder) = document.create_element("template") else {
            return;
        };
        holder.set_inner_html(html);
        let holder: web_sys::HtmlTemplateElement = holder.unchecked_into();
        while let Some(new) = holder.content().first_element_child() {
            match document.get_element_by_id(&new.id()) {
                Some(old) => exchange(&document, &old, &new),
                None => new.remove(),
            }
        }
    }

    fn exchange(document: &Document, old: &Element, new: &Element) {
        let focused = document
            .active_element()
            .filter(|element| old.contains(Some(element)));
        let unfolded = details(old).map(|details| details.has_attribute("open"));
        for (details, open) in details(new).zip(unfolded.collect::<Vec<_>>()) {
            if open {
                let _ = details.set_attribute("open", "");
            }
        }
        let done = |element: &Element| {
            let state = element.get_attribute("data-state");
            state.is_some_and(|state| state == "done" || state == "right")
        };
        if done(new) && !done(old) {
            // The style sheet shows that it has just happened.
            let _ = new.set_attribute("data-fresh", "");
        }
        if old.replace_with_with_node_1(new).is_err() {
            return;
        }
        if let Some(focused) = focused {
            let again = document
                .get_element_by_id(&focused.id())
                .unwrap_or_else(|| new.clone());
            // An element that cannot be focused is announced all the same.
            let _ = again.unchecked_into::<HtmlElement>().focus();
        }
        if let Some(said) = new.get_attribute("data-say")
            && let Some(announcer) = find("#announcer")
        {
            announcer.set_text_content(Some(&said));
        }
    }

    fn details(root: &Element) -> impl Iterator<Item = Element> {
        let found = root.query_selector_all("details");
        let list = found.ok();
        let len = list.as_ref().map_or(0, |list| list.length());
        (0..len).filter_map(move |index| list.as_ref()?.item(index)?.dyn_into().ok())
    }

    /// Shows a message that is in the page, but hidden.
    pub(super) fn show(selector: &str) {
        if let Some(message) = find(selector) {
            let _ = message.remove_attribute("hidden");
        }
    }

    /// Hides it again.
    pub(super) fn hide(selector: &str) {
        if let Some(message) = find(selector) {
            let _ = message.set_attribute("hidden", "");
        }
    }
}
