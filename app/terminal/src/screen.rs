//! xterm.js: what is shown, and in which colours.
//!
//! xterm-js-rs binds an older xterm. Only what is the same in xterm 6 is called through it; options and
//! methods that it lacks are set and called by name.

use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, HtmlElement, ResizeObserver};
use xterm_js_rs::{Terminal, TerminalOptions, addons::fit::FitAddon};

use crate::{document, window};

/// Lines kept above the window: a long build's output, at some 2 KB a line at most.
const SCROLLBACK: u32 = 5000;
/// The letters' height in pixels; the style sheet's 0.9375rem.
const FONT_SIZE: u32 = 15;
/// The key of this device's storage for the mode for screen readers.
const READER: &str = "gyosil-terminal-reader";
/// xterm's theme keys for the colours `--term-0` to `--term-15`.
const ANSI: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "brightBlack",
    "brightRed",
    "brightGreen",
    "brightYellow",
    "brightBlue",
    "brightMagenta",
    "brightCyan",
    "brightWhite",
];

/// An open terminal.
pub(crate) struct Screen {
    terminal: Terminal,
    fit: FitAddon,
}

impl Screen {
    /// Opens a terminal in `place`.
    pub(crate) fn open(place: &HtmlElement) -> Option<Self> {
        let options = Object::new();
        set(&options, "fontFamily", &style(place, "--mono").into());
        set(&options, "fontSize", &FONT_SIZE.into());
        set(&options, "lineHeight", &1.25.into());
        set(&options, "scrollback", &SCROLLBACK.into());
        set(&options, "cursorBlink", &(!prefers_reduced_motion()).into());
        set(&options, "theme", &theme(place));
        let terminal = Terminal::construct(Some(options.unchecked_ref::<TerminalOptions>()));
        let fit = FitAddon::new();
        terminal.load_addon(fit.clone().unchecked_into());
        terminal.open(place.clone());
        fit.fit();
        if let Some(label) = place.get_attribute("data-label") {
            let _ = terminal.get_textarea().set_attribute("aria-label", &label);
        }
        Some(Self { terminal, fit })
    }

    /// Switches the mode for screen readers by `#terminal-reader` and remembers it on this device. It
    /// is off at first: it makes xterm.js slower, and deaf to input methods that give whole words.
    pub(crate) fn obey_reader_button(&self) {
        let Some(button) = document().and_then(|d| d.get_element_by_id("terminal-reader")) else {
            return;
        };
        let Ok(options) = Reflect::get(&self.terminal, &"options".into()) else {
            return;
        };
        let storage = window().and_then(|window| window.local_storage().ok().flatten());
        let switch = {
            let (button, storage) = (button.clone(), storage.clone());
            move |on: bool| {
                let _ = Reflect::set(&options, &"screenReaderMode".into(), &on.into());
                let _ = button.set_attribute("aria-pressed", if on { "true" } else { "false" });
                if let Some(storage) = &storage {
                    // A full or forbidden storage only means that it is not remembered.
                    let _ = storage.set_item(READER, if on { "on" } else { "off" });
                }
            }
        };
        let remembered = storage.and_then(|storage| storage.get_item(READER).ok().flatten());
        if remembered.as_deref() == Some("on") {
            switch(true);
        }
        let pressed = button.clone();
        let on_click = Closure::<dyn Fn()>::new(move || {
            switch(pressed.get_attribute("aria-pressed").as_deref() != Some("true"));
        });
        let _ = button.add_event_listener_with_callback("click", on_click.as_ref().unchecked_ref());
        on_click.forget();
    }

    /// The terminal itself.
    pub(crate) fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Columns and rows.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.terminal.get_cols(), self.terminal.get_rows())
    }

    /// Shows bytes: a character may come in two pieces.
    pub(crate) fn write(&self, bytes: &Uint8Array) {
        self.call("write", bytes);
    }

    /// Shows a message of ours on a line of its own.
    pub(crate) fn say(&self, text: &str) {
        self.call("write", &format!("\r\n\x1b[2m{text}\x1b[0m\r\n").into());
    }

    /// As if `text` had been pasted: a shell that can tells it from typing.
    pub(crate) fn paste(&self, text: &str) {
        self.call("paste", &text.into());
    }

    /// An empty terminal.
    pub(crate) fn reset(&self) {
        self.call("reset", &JsValue::UNDEFINED);
    }

    fn call(&self, method: &str, argument: &JsValue) {
        let method = Reflect::get(&self.terminal, &method.into()).ok();
        if let Some(method) = method.and_then(|method| method.dyn_into::<Function>().ok()) {
            let _ = method.call1(&self.terminal, argument);
        }
    }

    /// Fits the terminal to its place now and whenever that changes, and tells `changed`.
    pub(crate) fn follow_size(&self, place: &Element, changed: impl Fn() + 'static) {
        let fit: FitAddon = self.fit.clone().unchecked_into();
        let on_resize = Closure::<dyn Fn(Array)>::new(move |_| {
            fit.fit();
            changed();
        });
        if let Ok(observer) = ResizeObserver::new(on_resize.as_ref().unchecked_ref()) {
            observer.observe(place);
        }
        on_resize.forget();
    }
}

/// The colours of the style sheet's tokens, resolved.
fn theme(place: &HtmlElement) -> JsValue {
    let theme = Object::new();
    for (key, token) in [
        ("background", "--term-bg"),
        ("foreground", "--term-fg"),
        ("cursor", "--term-cursor"),
        ("cursorAccent", "--term-bg"),
        ("selectionBackground", "--term-selection"),
    ] {
        set(&theme, key, &style(place, token).into());
    }
    for (index, key) in ANSI.iter().enumerate() {
        set(
            &theme,
            key,
            &style(place, &format!("--term-{index}")).into(),
        );
    }
    theme.into()
}

fn style(place: &HtmlElement, token: &str) -> String {
    let computed = window().and_then(|window| window.get_computed_style(place).ok().flatten());
    let value = computed.and_then(|style| style.get_property_value(token).ok());
    value.unwrap_or_default().trim().to_owned()
}

fn set(object: &Object, key: &str, value: &JsValue) {
    // Fails only on frozen objects, and ours is new.
    let _ = Reflect::set(object, &key.into(), value);
}

fn prefers_reduced_motion() -> bool {
    let query = window().and_then(|w| w.match_media("(prefers-reduced-motion: reduce)").ok());
    query.flatten().is_some_and(|query| query.matches())
}

/// The machine's state, as the page has it.
pub(crate) fn machine_state() -> Option<String> {
    let pane = document()?.get_element_by_id("machine")?;
    pane.get_attribute("data-state")
}
