//! How long each question was before its reader's eyes: in the middle of a page that is shown.

use js_sys::{Array, Date};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{
    Document, Element, HtmlInputElement, IntersectionObserver, IntersectionObserverEntry,
    IntersectionObserverInit,
};

use super::dom;

/// The part of the window in which something is being read: the middle half.
const MIDDLE: &str = "-25% 0px";

/// On a question's `spent`: since when it has been before the reader's eyes; empty while the page is
/// not shown.
const SINCE: &str = "data-since";

thread_local! {
    /// Looks for as long as the page lives.
    static EYE: Option<IntersectionObserver> = eye();
}

fn eye() -> Option<IntersectionObserver> {
    let seen = Closure::<dyn Fn(Array)>::new(|entries: Array| {
        for entry in entries {
            let entry: IntersectionObserverEntry = entry.unchecked_into();
            let Some(spent) = field(&entry.target()) else {
                continue;
            };
            count(&spent);
            let _ = if entry.is_intersecting() {
                spent.set_attribute(SINCE, &Date::now().to_string())
            } else {
                spent.remove_attribute(SINCE)
            };
        }
    });
    let options = IntersectionObserverInit::new();
    options.set_root_margin(MIDDLE);
    let eye = IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &options);
    seen.forget();
    eye.ok()
}

/// Looks at the questions below `root`, and at `root`.
pub(super) fn wake(root: &Element) {
    let itself = Some(root.clone()).filter(|root| root.class_list().contains("quiz"));
    EYE.with(|eye| {
        let Some(eye) = eye else { return };
        for question in itself.into_iter().chain(dom::all(root, ".quiz")) {
            eye.observe(&question);
        }
    });
}

pub(super) fn listen(document: &Document) {
    let page = document.clone();
    dom::on(document, "visibilitychange", move |_| {
        let Some(body) = page.body() else { return };
        let now = if page.hidden() {
            String::new()
        } else {
            Date::now().to_string()
        };
        for spent in dom::all(&body, "input[data-since]") {
            let spent: HtmlInputElement = spent.unchecked_into();
            count(&spent);
            let _ = spent.set_attribute(SINCE, &now);
        }
    });
}

/// Brings the time of each question of a form up to now.
pub(super) fn settle(form: &Element) {
    for spent in dom::all(form, "input[data-since]") {
        count(&spent.unchecked_into());
    }
}

fn field(question: &Element) -> Option<HtmlInputElement> {
    let field = question.query_selector("input[name$='spent']").ok()??;
    field.dyn_into().ok()
}

fn count(spent: &HtmlInputElement) {
    let since = spent.get_attribute(SINCE);
    if let Some(since) = since.and_then(|since| since.parse::<f64>().ok()) {
        let before = spent.value().parse::<f64>().unwrap_or(0.0);
        let now = Date::now();
        spent.set_value(&format!("{:.0}", before + (now - since).max(0.0)));
        let _ = spent.set_attribute(SINCE, &now.to_string());
    }
}
