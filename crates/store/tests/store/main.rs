//! The store through its public door, on real files.

#![allow(
    clippy::unwrap_used,
    reason = "in a test a panic is the report; clippy.toml allows it in test functions only"
)]

mod backup;
mod changes;
mod classroom;
mod durability;
mod people;
mod postgres;
mod released;
mod story;
mod words;
