//! The divider between text and machine.

use leptos::prelude::*;

/// A divider to drag, or to move with the arrow keys, between the two halves of `.lesson`. It sets the
/// custom property `--split` (percent of the width) there and remembers it on this device.
#[island]
pub fn Divider(
    /// What it is called.
    label: String,
) -> impl IntoView {
    let share = RwSignal::new(SHARE_DEFAULT);
    #[cfg(feature = "hydrate")]
    browser::restore(share);
    view! {
        <div
            class="divider"
            role="separator"
            tabindex="0"
            aria-orientation="vertical"
            aria-label=label
            aria-valuemin=SHARE_MIN
            aria-valuemax=SHARE_MAX
            aria-valuenow=move || share.get()
            on:keydown=move |event| {
                let step = match event.key().as_str() {
                    "ArrowLeft" => SHARE_STEP,
                    "ArrowRight" => -SHARE_STEP,
                    "Home" => SHARE_MAX,
                    "End" => -SHARE_MAX,
                    _ => return,
                };
                event.prevent_default();
                set(share, share.get_untracked() + step);
            }
            on:pointerdown=move |event| {
                event.prevent_default();
                hold(&event);
            }
            on:pointermove=move |event| {
                if event.buttons() & 1 == 1 {
                    follow(share, event.client_x());
                }
            }
        ></div>
    }
}

/// The machine's share of the width, in percent: at first, at least, at most, and per key press.
const SHARE_DEFAULT: i32 = 46;
const SHARE_MIN: i32 = 25;
const SHARE_MAX: i32 = 70;
const SHARE_STEP: i32 = 3;

#[cfg(not(feature = "hydrate"))]
fn set(_share: RwSignal<i32>, _percent: i32) {}
#[cfg(not(feature = "hydrate"))]
fn hold(_event: &leptos::ev::PointerEvent) {}
#[cfg(not(feature = "hydrate"))]
fn follow(_share: RwSignal<i32>, _x: i32) {}

#[cfg(feature = "hydrate")]
use browser::{follow, hold, set};

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::prelude::*;
    use wasm_bindgen::JsCast;
    use web_sys::{Element, HtmlElement};

    use super::{super::dom, SHARE_MAX, SHARE_MIN};

    const REMEMBERED: &str = "gyosil-machine-share";

    pub(super) fn restore(share: RwSignal<i32>) {
        let stored = dom::window().and_then(|window| window.local_storage().ok().flatten());
        let stored = stored.and_then(|storage| storage.get_item(REMEMBERED).ok().flatten());
        if let Some(percent) = stored.and_then(|text| text.parse().ok()) {
            set(share, percent);
        }
    }

    pub(super) fn set(share: RwSignal<i32>, percent: i32) {
        let percent = percent.clamp(SHARE_MIN, SHARE_MAX);
        share.set(percent);
        if let Some(lesson) = lesson() {
            let _ = lesson
                .style()
                .set_property("--split", &format!("{percent}%"));
        }
        if let Some(storage) =
            dom::window().and_then(|window| window.local_storage().ok().flatten())
        {
            // A full or forbidden storage only means that the width is not remembered.
            let _ = storage.set_item(REMEMBERED, &percent.to_string());
        }
    }

    /// Keeps the pointer's events coming while it is dragged over the terminal.
    pub(super) fn hold(event: &leptos::ev::PointerEvent) {
        if let Some(divider) = event
            .current_target()
            .and_then(|t| t.dyn_into::<Element>().ok())
        {
            let _ = divider.set_pointer_capture(event.pointer_id());
        }
    }

    pub(super) fn follow(share: RwSignal<i32>, x: i32) {
        let Some(lesson) = lesson() else { return };
        let area = lesson.get_bounding_client_rect();
        if area.width() > 0.0 {
            let percent = (area.right() - f64::from(x)) * 100.0 / area.width();
            set(share, percent.round() as i32);
        }
    }

    fn lesson() -> Option<HtmlElement> {
        dom::find(".lesson").and_then(|element| element.dyn_into().ok())
    }
}
