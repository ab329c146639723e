//! What a student's machine is: its name, its states, what can be asked of it, and the client of
//! `machined`, the only privileged process of a classroom.
//!
//! Everything that comes back from a machine (bytes, exit codes, events) was in a student's hands
//! and is untrusted.

mod client;
pub mod needs;
mod types;

pub use client::{Client, Error, Items};
pub use types::*;
