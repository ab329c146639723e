//! A text that its author changes while it is read: only the blocks that changed are exchanged, and the
//! one being read stays where it is.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::dom;

/// Below the page's header, in CSS pixels: what ends above is not being read.
const HEADER: f64 = 64.0;

/// Makes the blocks of `old` those of `new`. A block is known by its `data-v`; one that stays keeps
/// what was done in it.
pub(super) fn merge(old: &Element, new: &Element) {
    let key = |block: &Element| block.get_attribute("data-v");
    let focused = dom::document()
        .and_then(|document| document.active_element())
        .filter(|focused| old.contains(Some(focused)));
    let mut here = old.first_element_child();
    while let Some(block) = new.first_element_child() {
        block.remove();
        let mut same = here.clone();
        while let Some(other) = same.as_ref().filter(|other| key(other) != key(&block)) {
            same = other.next_element_sibling();
        }
        if let Some(same) = same {
            remove(here, Some(&same));
            here = same.next_element_sibling();
        } else if old.insert_before(&block, here.as_deref()).is_ok() {
            dom::wake(&block);
        }
    }
    remove(here, None);
    if let Some(lost) = focused.filter(|focused| !focused.is_connected()) {
        let again = dom::document().and_then(|document| document.get_element_by_id(&lost.id()));
        if let Some(again) = again {
            let _ = again.unchecked_into::<HtmlElement>().focus();
        }
    }
}

/// Removes blocks from `from` on, up to this one.
fn remove(from: Option<Element>, to: Option<&Element>) {
    let mut next = from;
    while let Some(block) = next.filter(|block| Some(block) != to) {
        next = block.next_element_sibling();
        block.remove();
    }
}

/// Where on the screen a text is being read.
pub(super) struct Place(Vec<(Element, f64)>);

impl Place {
    /// `None` where nothing is being read but the page's beginning.
    pub(super) fn now() -> Option<Self> {
        let text = dom::find("[data-merge]")?;
        let scrolled = dom::window().and_then(|window| window.scroll_y().ok());
        if scrolled.is_none_or(|y| y <= 0.0) {
            return None;
        }
        let mut blocks = Vec::new();
        let mut read = None;
        let mut next = text.first_element_child();
        while let Some(block) = next {
            next = block.next_element_sibling();
            let area = block.get_bounding_client_rect();
            if read.is_none() && area.bottom() > HEADER {
                read = Some(blocks.len());
            }
            blocks.push((block, area.top()));
        }
        let read = read?;
        // The block being read; if it is exchanged, the next before it that stays, then those below.
        let below = blocks.split_off(read + 1);
        blocks.reverse();
        blocks.extend(below);
        Some(Self(blocks))
    }

    /// Scrolls so that the text is there again: at once, since the style sheet lets these pages not glide.
    pub(super) fn keep(self) {
        let stays = self.0.into_iter().find(|(block, _)| block.is_connected());
        let (Some((block, top)), Some(window)) = (stays, dom::window()) else {
            return;
        };
        let moved = block.get_bounding_client_rect().top() - top;
        window.scroll_by_with_x_and_y(0.0, moved);
    }
}
