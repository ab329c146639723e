//! The browser's terminal: xterm.js between `#terminal` and the machine's WebSocket.
//!
//! A client of its own, imported only by pages with a machine (see `app::shell`), so that nobody else
//! loads xterm.js. What it says comes from the element's `data-` attributes, which the server fills in
//! the visitor's language.

mod keys;
mod line;
mod screen;

use std::{cell::RefCell, rc::Rc};

use wasm_bindgen::{JsCast, prelude::wasm_bindgen};
use web_sys::{Document, HtmlElement, Window};

use crate::{line::Line, screen::Screen};

/// Opens the terminal in `#terminal`, and keeps it connected for as long as the page lives.
#[wasm_bindgen]
pub fn start() {
    let Some(place) = document().and_then(|d| d.get_element_by_id("terminal")) else {
        return;
    };
    let Ok(place) = place.dyn_into::<HtmlElement>() else {
        return;
    };
    let Some(screen) = Screen::open(&place) else {
        return;
    };
    screen.obey_reader_button();
    let screen = Rc::new(screen);
    let line = Rc::new(RefCell::new(Line::new(screen.clone(), &place)));
    keys::listen(&screen, &line);
    screen.follow_size(&place, {
        let line = line.clone();
        move || line.borrow().tell_size()
    });
    Line::keep(&line);
}

fn window() -> Option<Window> {
    web_sys::window()
}

fn document() -> Option<Document> {
    window()?.document()
}
