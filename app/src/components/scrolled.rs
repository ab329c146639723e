//! The frame of a table that may be larger than the screen.

use leptos::prelude::*;

/// What a table's frame is called for screen readers.
pub(crate) enum Named {
    /// By these words.
    Text(String),
    /// By the heading with this id.
    By(&'static str),
}

/// A table that scrolls by itself, by the keyboard as well: the page stays as wide as the screen.
///
/// The table's type ends here: within a page's, it was deeper than the compiler looks.
pub(crate) fn scrolled(name: Named, table: impl IntoAny) -> impl IntoView {
    let (label, labelled_by) = match name {
        Named::Text(text) => (Some(text), None),
        Named::By(id) => (None, Some(id)),
    };
    view! {
        <div
            class="grid-scroll"
            role="region"
            tabindex="0"
            aria-label=label
            aria-labelledby=labelled_by
        >
            {table.into_any()}
        </div>
    }
}
