//! The buttons of code blocks, which are of no use without script.

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{CustomEvent, CustomEventInit, Element};

use super::dom;

/// Gives every code block below `root` its buttons. What they are called stands in `data-copy`,
/// `data-copied` and, where there is a terminal, `data-run` of `.prose`.
pub(super) fn add_buttons(root: &Element) {
    let Some(prose) = dom::find(".prose") else {
        return;
    };
    let copy = prose.get_attribute("data-copy").unwrap_or_default();
    let copied = prose.get_attribute("data-copied").unwrap_or_default();
    let run = prose.get_attribute("data-run");
    for block in dom::all(root, ".code") {
        let Some(actions) = element("div", "actions", "") else {
            continue;
        };
        let runs = block
            .query_selector("pre[data-run]")
            .ok()
            .flatten()
            .is_some();
        if let Some(button) = element("button", "copy", &copy) {
            let _ = button.set_attribute("data-done-label", &copied);
            let _ = actions.append_child(&button);
        }
        if let Some(button) = run
            .as_deref()
            .filter(|_| runs)
            .and_then(|run| element("button", "run", run))
        {
            let _ = actions.append_child(&button);
        }
        let _ = block.append_child(&actions);
    }
}

fn element(name: &str, class: &str, text: &str) -> Option<Element> {
    let element = dom::document()?.create_element(name).ok()?;
    element.set_class_name(class);
    if name == "button" {
        element.set_attribute("type", "button").ok()?;
        element.set_text_content(Some(text));
    }
    Some(element)
}

/// *Copy* or *Run in terminal* of a code block was pressed.
pub(super) fn pressed(button: &Element) {
    let block = button.closest(".code").ok().flatten();
    let code = block.and_then(|block| block.query_selector("pre").ok().flatten());
    let Some(text) = code.and_then(|code| code.text_content()) else {
        return;
    };
    let Some(window) = dom::window() else { return };
    if button.class_name() == "run" {
        let init = CustomEventInit::new();
        init.set_detail(&JsValue::from_str(text.trim_end()));
        if let Ok(event) = CustomEvent::new_with_event_init_dict("gyosil:run", &init) {
            let _ = window.dispatch_event(&event);
        }
        return;
    }
    let button = button.clone();
    spawn_local(async move {
        let copied = JsFuture::from(window.navigator().clipboard().write_text(&text)).await;
        if let (Ok(_), Some(label)) = (copied, button.get_attribute("data-done-label")) {
            button.set_text_content(Some(&label));
        }
    });
}
