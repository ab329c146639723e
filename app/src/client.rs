//! What Trunk builds for the browser: wakes the islands of a page.

use app as _;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's hydration script once the wasm is there.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}

fn main() {}
