//! The keyboard: typing, copying, pasting, and the way out.

use std::{cell::RefCell, rc::Rc};

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{CustomEvent, HtmlElement, KeyboardEvent};

use crate::{document, line::Line, screen::Screen, window};

/// Connects the keyboard and the lesson's *Run in terminal* buttons.
pub(crate) fn listen(screen: &Rc<Screen>, line: &Rc<RefCell<Line>>) {
    let on_data = {
        let line = line.clone();
        Closure::<dyn FnMut(String)>::new(move |text: String| Line::type_in(&line, &text))
    };
    screen.terminal().on_data(on_data.as_ref().unchecked_ref());
    on_data.forget();

    let on_key = {
        let screen = screen.clone();
        Closure::<dyn FnMut(KeyboardEvent) -> bool>::new(move |event: KeyboardEvent| {
            is_for_the_shell(&screen, &event)
        })
    };
    screen
        .terminal()
        .attach_custom_key_event_handler(on_key.as_ref().unchecked_ref());
    on_key.forget();

    let on_run = {
        let (screen, line) = (screen.clone(), line.clone());
        Closure::<dyn Fn(CustomEvent)>::new(move |event: CustomEvent| {
            if let Some(text) = event.detail().as_string() {
                screen.paste(&text);
                Line::type_in(&line, "\r");
                screen.terminal().focus();
            }
        })
    };
    if let Some(window) = window() {
        let _ =
            window.add_event_listener_with_callback("gyosil:run", on_run.as_ref().unchecked_ref());
    }
    on_run.forget();
}

/// Whether xterm.js should send this key to the shell.
///
/// - F6 and Ctrl+Shift+Escape leave the terminal (Windows keeps the latter for itself).
/// - Ctrl+Shift+C copies; so does Ctrl+C while something is selected, which else interrupts.
/// - Ctrl+V and Ctrl+Shift+V paste: the browser does it once xterm.js lets the key go.
fn is_for_the_shell(screen: &Screen, event: &KeyboardEvent) -> bool {
    if event.type_() != "keydown" {
        return true;
    }
    let key = event.key();
    let ctrl = event.ctrl_key() || event.meta_key();
    let leaves = key == "F6" || (key == "Escape" && ctrl && event.shift_key());
    if leaves {
        event.prevent_default();
        leave();
        return false;
    }
    if ctrl && key.eq_ignore_ascii_case("c") && screen.terminal().has_selection() {
        event.prevent_default();
        copy(&screen.terminal().get_selection());
        screen.terminal().clear_selection();
        return false;
    }
    !(ctrl && key.eq_ignore_ascii_case("v"))
}

fn leave() {
    let foot =
        document().and_then(|document| document.query_selector(".machine-foot").ok().flatten());
    if let Some(foot) = foot.and_then(|foot| foot.dyn_into::<HtmlElement>().ok()) {
        let _ = foot.focus();
    }
}

fn copy(text: &str) {
    if let Some(window) = window() {
        // The promise fails where the browser forbids it; the selection stays then.
        let _ = window.navigator().clipboard().write_text(text);
    }
}
