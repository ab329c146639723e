//! The page as the islands see it.

use js_sys::{Array, Date, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, Element, Event, EventInit, FormData, HtmlElement, Window};

use super::{
    code, drafts,
    merge::{Place, merge},
    order, spent,
};

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

/// Wakes what is new on the page: what its markup says that our script does with it.
pub(super) fn wake(root: &Element) {
    code::add_buttons(root);
    order::wake(root);
    drafts::wake(root);
    spent::wake(root);
}

/// Tells who listens for it that something was entered in `element`: what a script sets tells nobody.
pub(super) fn tell_input(element: &Element) {
    let init = EventInit::new();
    init.set_bubbles(true);
    if let Ok(event) = Event::new_with_event_init_dict("input", &init) {
        let _ = element.dispatch_event(&event);
    }
}

/// A form's fields: names and values.
pub(super) fn entries(data: &FormData) -> Vec<(String, String)> {
    let entries = js_sys::try_iter(data).ok().flatten();
    let pairs = entries.into_iter().flatten().filter_map(Result::ok);
    pairs
        .map(|pair| {
            let pair: Array = pair.unchecked_into();
            let text = |index| pair.get(index).as_string().unwrap_or_default();
            (text(0), text(1))
        })
        .collect()
}

/// Waits for so many milliseconds.
pub(super) async fn pause(ms: i32) {
    let timer = Promise::new(&mut |resolve: Function, _| {
        if let Some(window) = window() {
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms);
        }
    });
    // A timer is never refused.
    let _ = JsFuture::from(timer).await;
}

/// Whether what comes is announced to screen readers if it says what was said before.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Taken {
    /// The answer to something that was pressed: yes.
    Answer,
    /// News that nobody asked for: no.
    News,
}

/// Takes pieces of the page that our server rendered: each element of `html` takes the place of the
/// one with its id, if it is another; of one marked `data-merge` only the blocks that are others. One
/// that is new joins the list that it names in `data-in`; a `data-sorted` list is kept in order. What
/// was unfolded stays unfolded, the focus and the text stay where they were, and the texts of
/// `data-say` are announced to screen readers.
pub(super) fn take(html: &str, taken: Taken) {
    let Some(document) = document() else { return };
    let Ok(holder) = document.create_element("template") else {
        return;
    };
    holder.set_inner_html(html);
    let holder: web_sys::HtmlTemplateElement = holder.unchecked_into();
    let place = Place::now();
    let mut said = Vec::new();
    while let Some(new) = holder.content().first_element_child() {
        new.remove();
        localise(&new);
        let Some(old) = document.get_element_by_id(&new.id()) else {
            add(&document, &new);
            continue;
        };
        if new.has_attribute("data-merge") {
            merge(&old, &new);
        } else if !old.is_equal_node(Some(&new)) {
            said.extend(exchange(&document, &old, &new, taken));
            wake(&new);
        }
    }
    for list in document
        .document_element()
        .iter()
        .flat_map(|root| all(root, "[data-sorted]"))
    {
        sort(&document, &list);
    }
    if let Some(place) = place {
        place.keep();
    }
    if let Some(announcer) = find("#announcer").filter(|_| !said.is_empty()) {
        announcer.set_text_content(Some(&said.join(". ")));
    }
    show_machine();
}

/// Adds an element to the list that it names in `data-in`, if that is on the page.
fn add(document: &Document, new: &Element) {
    let list = new
        .get_attribute("data-in")
        .and_then(|list| document.get_element_by_id(&list));
    if let Some(list) = list {
        // Fails only where something would contain itself.
        let _ = list.append_child(new);
    }
}

/// Puts the children of a list in the order of their `data-sort`; equal ones stay as they were.
fn sort(document: &Document, list: &Element) {
    let key = |element: &Element| -> i64 {
        let sort = element.get_attribute("data-sort");
        sort.and_then(|sort| sort.parse().ok()).unwrap_or_default()
    };
    let mut children: Vec<Element> = all(list, ":scope > *").collect();
    if children.is_sorted_by_key(key) {
        return;
    }
    let focused = document
        .active_element()
        .filter(|element| list.contains(Some(element)));
    children.sort_by_key(key);
    for child in &children {
        let _ = list.append_child(child);
    }
    if let Some(focused) = focused {
        let _ = focused.unchecked_into::<HtmlElement>().focus();
    }
}

/// Returns what there is to announce.
fn exchange(document: &Document, old: &Element, new: &Element, taken: Taken) -> Option<String> {
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
        return None;
    }
    if let Some(focused) = focused {
        let again = document.get_element_by_id(&focused.id());
        let around = new.closest("[tabindex='-1']").ok().flatten();
        // The same one; if it has gone, or is not shown, what was around it.
        for place in [again, around].into_iter().flatten() {
            let _ = place.clone().unchecked_into::<HtmlElement>().focus();
            if document.active_element().as_ref() == Some(&place) {
                break;
            }
        }
    }
    let said = new.get_attribute("data-say")?;
    let is_new = old.get_attribute("data-say").as_ref() != Some(&said);
    (is_new || taken == Taken::Answer).then_some(said)
}

/// Sets the machine's state on its pane for the style sheet, and tells the terminal by the window
/// event `gyosil:machine` when it has changed.
fn show_machine() {
    let (Some(state), Some(pane)) = (find("#machine-state"), find("#machine")) else {
        return;
    };
    let state = state.get_attribute("data-state").unwrap_or_default();
    if pane.get_attribute("data-state").as_deref() == Some(&state) {
        return;
    }
    let _ = pane.set_attribute("data-state", &state);
    if let (Some(window), Ok(event)) = (window(), Event::new("gyosil:machine")) {
        let _ = window.dispatch_event(&event);
    }
}

/// Makes times to come below `root` times of day in the visitor's own zone, with the day if that is
/// not today.
pub(super) fn localise(root: &Element) {
    let lang = document()
        .and_then(|document| document.document_element())
        .and_then(|html| html.get_attribute("lang"))
        .unwrap_or_default();
    for time in all(root, "time[data-local]") {
        let Some(at) = time.get_attribute("datetime") else {
            continue;
        };
        let at = Date::new(&at.into());
        let options = Object::new();
        let mut parts = vec![("hour", "numeric"), ("minute", "2-digit")];
        if at.to_date_string() != Date::new_0().to_date_string() {
            parts.extend([("month", "long"), ("day", "numeric")]);
        }
        for (name, value) in parts {
            // Fails only on frozen objects, and ours is new.
            let _ = Reflect::set(&options, &name.into(), &value.into());
        }
        let said = String::from(at.to_locale_string(&lang, &options));
        time.set_text_content(Some(&said));
    }
}

fn details(root: &Element) -> impl Iterator<Item = Element> {
    all(root, "details")
}

pub(super) fn all(root: &Element, selector: &str) -> impl Iterator<Item = Element> {
    let list = root.query_selector_all(selector).ok();
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
