//! The WebSocket to the machine's shell, and getting it back.

use std::{cell::RefCell, rc::Rc};

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{BinaryType, CloseEvent, Event, HtmlElement, MessageEvent, WebSocket};

use crate::{
    screen::{Screen, machine_state},
    window,
};

/// The wait before the first new try, in milliseconds: a restarted server is back within a second.
const AGAIN_AFTER_MS: i32 = 500;
/// The longest wait between tries: a student must not sit before a dead terminal for minutes.
const AGAIN_AFTER_MAX_MS: i32 = 8_000;

/// The connection of one terminal.
pub(crate) struct Line {
    screen: Rc<Screen>,
    path: String,
    lost: String,
    ended: String,
    socket: Option<WebSocket>,
    /// Typed while the machine slept and there was no connection; goes to the shell once there is.
    waiting: String,
    again_after_ms: i32,
    /// The shell has ended: the next key opens a new one.
    is_over: bool,
    /// The loss of the connection has been shown.
    said_lost: bool,
}

impl Line {
    /// A line that is not connected yet.
    pub(crate) fn new(screen: Rc<Screen>, place: &HtmlElement) -> Self {
        let data = |name: &str| place.get_attribute(name).unwrap_or_default();
        Self {
            screen,
            path: data("data-socket"),
            lost: data("data-lost"),
            ended: data("data-ended"),
            socket: None,
            waiting: String::new(),
            again_after_ms: AGAIN_AFTER_MS,
            is_over: false,
            said_lost: false,
        }
    }

    /// Connects as soon as the machine is ready, and again whenever it has become ready.
    pub(crate) fn keep(line: &Rc<RefCell<Self>>) {
        let on_machine = {
            let line = line.clone();
            Closure::<dyn Fn(Event)>::new(move |_| {
                // A machine that was started anew has new shells.
                line.borrow_mut().is_over = false;
                Self::connect(&line);
            })
        };
        if let Some(window) = window() {
            let _ = window.add_event_listener_with_callback(
                "gyosil:machine",
                on_machine.as_ref().unchecked_ref(),
            );
        }
        on_machine.forget();
        Self::connect(line);
    }

    /// What was typed goes to the shell; after the shell's end it opens a new one. It wakes a machine
    /// that sleeps, which is why that is connected only now if it is not.
    pub(crate) fn type_in(line: &Rc<RefCell<Self>>, text: &str) {
        let is_over = line.borrow().is_over;
        if is_over {
            line.borrow_mut().is_over = false;
            Self::dial(line);
            return;
        }
        if let Some(socket) = line.borrow().open_socket() {
            // Fails only when the connection closes just now, which is shown.
            let _ = socket.send_with_u8_array(text.as_bytes());
            return;
        }
        if machine_state().as_deref() == Some("frozen") {
            line.borrow_mut().waiting.push_str(text);
            Self::dial(line);
        }
    }

    /// Tells the shell the window's size.
    pub(crate) fn tell_size(&self) {
        if let Some(socket) = self.open_socket() {
            let (cols, rows) = self.screen.size();
            let message = format!(r#"{{"type":"resize","cols":{cols},"rows":{rows}}}"#);
            let _ = socket.send_with_str(&message);
        }
    }

    fn open_socket(&self) -> Option<&WebSocket> {
        self.socket
            .as_ref()
            .filter(|socket| socket.ready_state() == WebSocket::OPEN)
    }

    /// Connects if the machine is ready. One that sleeps is left asleep: a shell might have to be
    /// started.
    fn connect(line: &Rc<RefCell<Self>>) {
        if !line.borrow().is_over && machine_state().as_deref() == Some("ready") {
            Self::dial(line);
        }
    }

    fn dial(line: &Rc<RefCell<Self>>) {
        if line.borrow().socket.is_some() {
            return;
        }
        let Some(socket) = line.borrow().call() else {
            return;
        };
        socket.set_binary_type(BinaryType::Arraybuffer);
        let on_open = {
            let line = line.clone();
            Closure::<dyn Fn(Event)>::new(move |_| line.borrow_mut().opened())
        };
        let on_message = {
            let line = line.clone();
            Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
                line.borrow_mut().heard(&message);
            })
        };
        let on_close = {
            let line = line.clone();
            Closure::<dyn Fn(CloseEvent)>::new(move |_| Self::closed(&line))
        };
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        on_open.forget();
        on_message.forget();
        on_close.forget();
        line.borrow_mut().socket = Some(socket);
    }

    fn call(&self) -> Option<WebSocket> {
        let location = window()?.location();
        let scheme = if location.protocol().ok()? == "https:" {
            "wss"
        } else {
            "ws"
        };
        let host = location.host().ok()?;
        let (cols, rows) = self.screen.size();
        let url = format!("{scheme}://{host}{}?cols={cols}&rows={rows}", self.path);
        WebSocket::new(&url).ok()
    }

    /// The shell's last output comes first, so the screen starts empty.
    fn opened(&mut self) {
        self.screen.reset();
        self.again_after_ms = AGAIN_AFTER_MS;
        self.said_lost = false;
        self.tell_size();
        let waiting = std::mem::take(&mut self.waiting);
        if let Some(socket) = self.open_socket().filter(|_| !waiting.is_empty()) {
            // As above.
            let _ = socket.send_with_u8_array(waiting.as_bytes());
        }
    }

    fn heard(&mut self, message: &MessageEvent) {
        if let Ok(bytes) = message.data().dyn_into::<ArrayBuffer>() {
            self.screen.write(&Uint8Array::new(&bytes));
        } else if message
            .data()
            .as_string()
            .is_some_and(|text| text.contains(r#""exit""#))
        {
            self.is_over = true;
        }
    }

    fn closed(line: &Rc<RefCell<Self>>) {
        let wait = {
            let mut this = line.borrow_mut();
            this.socket = None;
            if this.is_over {
                this.screen.say(&this.ended);
                return;
            }
            if !this.said_lost {
                this.said_lost = true;
                this.screen.say(&this.lost);
            }
            let wait = this.again_after_ms;
            this.again_after_ms = (wait * 2).min(AGAIN_AFTER_MAX_MS);
            wait
        };
        let again = {
            let line = line.clone();
            Closure::once_into_js(move || Self::connect(&line))
        };
        if let Some(window) = window() {
            let _ = window
                .set_timeout_with_callback_and_timeout_and_arguments_0(again.unchecked_ref(), wait);
        }
    }
}
