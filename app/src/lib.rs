//! Gyosil's pages.
//!
//! The server renders every page whole: [`pages`] and [`components`] are compiled for it alone
//! (feature `ssr`). The browser gets only [`islands`] (feature `hydrate`), small pieces that make a
//! page that already works without them quicker and livelier.

// A page is one type, an element in an element; the compiler's usual limit, 128, is near.
#![recursion_limit = "256"]

pub mod islands;

#[cfg(feature = "ssr")]
pub mod components;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
mod words;

#[cfg(feature = "ssr")]
pub use course::Lang;
#[cfg(feature = "ssr")]
pub use shell::{Frame, Rendered, Site, Theme, fragment, fresh_nonce};
#[cfg(feature = "ssr")]
pub use words::Words;
