//! `systemctl show`, `is-active`, `is-failed`, and what the first process knows of units.

use std::{collections::BTreeMap, io};

use crate::{
    clock,
    control::{self, Verb},
    options::{Page, Read},
};

/// A unit's properties, by name.
#[derive(Debug, Default)]
pub(super) struct Properties(BTreeMap<String, String>);

impl Properties {
    /// A property, empty if it has none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A number, 0 if it has none.
    pub(super) fn number(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap_or(0)
    }

    pub(super) fn is_found(&self) -> bool {
        self.get("LoadState") != "not-found"
    }
}

/// Asks for the properties of units, or of all loaded ones.
///
/// # Errors
/// When the first process cannot be asked.
pub(super) fn ask(units: &[String]) -> io::Result<Vec<Properties>> {
    let verb = if units.is_empty() {
        Verb::List
    } else {
        Verb::Show
    };
    let answer = control::ask(verb, units)?;
    let blocks = answer
        .split("\n\n")
        .filter(|block| !block.trim().is_empty());
    Ok(blocks
        .map(|block| {
            let pairs = block.lines().filter_map(|line| line.split_once('='));
            Properties(
                pairs
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
            )
        })
        .collect())
}

/// `show`.
pub(super) fn show(units: &[String], read: &Read, page: &mut Page) -> u8 {
    let found = match ask(units) {
        Ok(found) => found,
        Err(error) => return super::not_booted(&error),
    };
    let lists = read.values("property").into_iter().chain(read.values("P"));
    let wanted: Vec<&str> = lists.flat_map(|names| names.split(',')).collect();
    let bare = read.has("value") || read.has("P");
    for (index, properties) in found.iter().enumerate() {
        if index > 0 {
            page.line("");
        }
        let all = properties
            .0
            .keys()
            .map(String::as_str)
            .filter(|name| !is_internal(name));
        let names: Vec<&str> = if wanted.is_empty() {
            all.collect()
        } else {
            wanted.clone()
        };
        for name in names
            .iter()
            .filter(|name| properties.0.contains_key(**name))
        {
            let value = readable(name, properties);
            page.line(if bare {
                value
            } else {
                format!("{name}={value}")
            });
        }
    }
    0
}

/// What only `status` uses.
fn is_internal(name: &str) -> bool {
    matches!(name, "Past" | "PastEnd" | "Lasted")
}

fn readable(name: &str, properties: &Properties) -> String {
    if name.ends_with("Timestamp") {
        return match properties.number(name) {
            0 => String::new(),
            at => clock::full(at),
        };
    }
    properties.get(name).to_owned()
}

/// `is-active`: 0 if one of them is, 3 if none is, 4 if there is no such unit.
pub(super) fn is_active(units: &[String], read: &Read, page: &mut Page) -> u8 {
    let is_good = |state: &str| matches!(state, "active" | "reloading");
    states(units, read, page, is_good, 3, 4)
}

/// `is-failed`: 0 if one of them is, 1 if none is.
pub(super) fn is_failed(units: &[String], read: &Read, page: &mut Page) -> u8 {
    states(units, read, page, |state| state == "failed", 1, 1)
}

fn states(
    units: &[String],
    read: &Read,
    page: &mut Page,
    is_good: impl Fn(&str) -> bool,
    bad: u8,
    none: u8,
) -> u8 {
    let found = match ask(units) {
        Ok(found) => found,
        Err(error) => return super::not_booted(&error),
    };
    let mut code = if found.iter().any(Properties::is_found) {
        bad
    } else {
        none
    };
    for properties in &found {
        let state = properties.get("ActiveState");
        if is_good(state) {
            code = 0;
        }
        if !read.has("quiet") {
            page.line(state);
        }
    }
    code
}
