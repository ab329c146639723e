//! The class's hub: what answers in a machine where elsewhere Docker Hub does, so that plain `docker
//! pull`, `search`, `login`, `push` and `build` work in a room without the internet.
//!
//! Machines take docker.io and all names under it for the classroom's own address, and trust the
//! class's certificate for them. There the hub listens. It is three of Docker Hub's services:
//! `auth.docker.io` says who may do what (`token`), `index.docker.io` what there is (`search`), and
//! `registry-1.docker.io` has it (`registry`), as far as there is room (`ledger`): behind that is Debian's docker-registry, which only the
//! hub can reach, and which keeps the images.
//!
//! Where the operator allows the internet, what the class does not have is fetched once and kept
//! (`fetch`), by a process that has a way out (`far`).
//!
//! What nothing leads to any more is taken away when nobody pushes (`sweep`, `layout`). The web process
//! looks at what there is by a socket (`admin`, `client`).
//!
//! Whatever comes from a machine is untrusted. What is asked of the registry is read strictly (`route`,
//! `names`) and written anew: nothing else gets through.

mod accounts;
mod admin;
mod answer;
mod client;
mod far;
mod fetch;
mod images;
mod layout;
mod ledger;
mod library;
mod listen;
mod names;
mod proxy;
mod registry;
mod route;
mod search;
mod service;
mod storage;
mod sweep;
mod token;
mod upload;

pub use accounts::{Published, PublishedAccount, hash_of, is_account_name};
pub use admin::Share;
pub use client::{Client, ClientError};
pub use far::serve_far;
pub use images::{Image, Inspection, Layer, Tag};
pub use ledger::{Quotas, size};
pub use library::Library;
pub use listen::{Settings, serve};
