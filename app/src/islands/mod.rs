//! The pieces of a page that wake up in the browser. Each finds the page already working without it.
//!
//! They hold no words and make no markup of their own: what they show is HTML that the server
//! rendered, so that escaping, wording and grading are in one place.

// #[island] wraps each function in a module of its own, where `pub` looks unreachable.
#![allow(unreachable_pub)]

mod divider;
mod forms;
mod live;

pub use divider::{Divider, SHARE_DEFAULT, SHARE_MAX, SHARE_MIN};
pub use forms::Forms;
pub use live::Live;

/// The header by which [`Forms`] asks for a fragment, and by which the server says that it is one.
pub const FRAGMENT_HEADER: &str = "x-gyosil-fragment";

#[cfg(feature = "hydrate")]
mod code;
#[cfg(feature = "hydrate")]
mod dom;
#[cfg(feature = "hydrate")]
mod drafts;
#[cfg(feature = "hydrate")]
mod merge;
#[cfg(feature = "hydrate")]
mod order;
#[cfg(feature = "hydrate")]
mod spent;
