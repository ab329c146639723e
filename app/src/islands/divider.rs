//! The divider between text and machine.

use leptos::prelude::*;

/// The machine's share of the width, in percent: at first, at least and at most.
pub const SHARE_DEFAULT: i32 = 46;
/// So narrow that a terminal still has some 40 columns on a laptop.
pub const SHARE_MIN: i32 = 25;
/// So wide that the text still has half its measure.
pub const SHARE_MAX: i32 = 70;

/// Makes `.divider` movable, with the pointer and with the arrow keys. It sets the custom property
/// `--split` (percent of the width) on `.lesson` and remembers it on this device.
#[island]
pub fn Divider() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    browser::wake();
}

#[cfg(feature = "hydrate")]
mod browser {
    use wasm_bindgen::JsCast;
    use web_sys::{Element, HtmlElement, KeyboardEvent, PointerEvent};

    use super::{super::dom, SHARE_DEFAULT, SHARE_MAX, SHARE_MIN};

    /// The key of this device's storage.
    const REMEMBERED: &str = "gyosil-split";
    /// How far an arrow key moves it, in percent.
    const STEP: i32 = 3;

    pub(super) fn wake() {
        let Some(divider) = dom::find(".divider") else {
            return;
        };
        let storage = dom::window().and_then(|window| window.local_storage().ok().flatten());
        let stored = storage.and_then(|storage| storage.get_item(REMEMBERED).ok().flatten());
        if let Some(percent) = stored.and_then(|text| text.parse().ok()) {
            set(percent);
        }
        dom::on(&divider, "keydown", |event| key(event.unchecked_ref()));
        // The pointer is held, so that its events keep coming while it is over the terminal.
        let held = divider.clone();
        dom::on(&divider, "pointerdown", move |event| {
            event.prevent_default();
            let pointer: &PointerEvent = event.unchecked_ref();
            let _ = held.set_pointer_capture(pointer.pointer_id());
        });
        dom::on(&divider, "pointermove", |event| drag(event.unchecked_ref()));
    }

    fn key(event: &KeyboardEvent) {
        let percent = match event.key().as_str() {
            "ArrowLeft" => share() + STEP,
            "ArrowRight" => share() - STEP,
            "Home" => SHARE_MAX,
            "End" => SHARE_MIN,
            _ => return,
        };
        event.prevent_default();
        set(percent);
    }

    fn drag(event: &PointerEvent) {
        let Some(lesson) = dom::find(".lesson").filter(|_| event.buttons() & 1 == 1) else {
            return;
        };
        let area = lesson.get_bounding_client_rect();
        if area.width() > 0.0 {
            let percent = (area.right() - f64::from(event.client_x())) * 100.0 / area.width();
            set(percent.round() as i32);
        }
    }

    fn share() -> i32 {
        let now = dom::find(".divider").and_then(|d: Element| d.get_attribute("aria-valuenow"));
        now.and_then(|now| now.parse().ok())
            .unwrap_or(SHARE_DEFAULT)
    }

    fn set(percent: i32) {
        let percent = percent.clamp(SHARE_MIN, SHARE_MAX).to_string();
        if let Some(divider) = dom::find(".divider") {
            let _ = divider.set_attribute("aria-valuenow", &percent);
        }
        if let Some(lesson) = dom::find(".lesson") {
            let style = lesson.unchecked_into::<HtmlElement>().style();
            let _ = style.set_property("--split", &format!("{percent}%"));
        }
        let storage = dom::window().and_then(|window| window.local_storage().ok().flatten());
        if let Some(storage) = storage {
            // A full or forbidden storage only means that the width is not remembered.
            let _ = storage.set_item(REMEMBERED, &percent);
        }
    }
}
