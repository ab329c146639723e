//! The documents speak of what is there.
#![allow(missing_docs, clippy::unwrap_used)]

use std::{fs, path::Path};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The words in backticks that look like paths of this repository.
fn paths(document: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).expect("a document");
    let folders = [
        "app", "content", "crates", "docs", "end2end", "images", "public", "server", "style",
    ];
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| {
            let first = word.split('/').next().unwrap_or_default();
            folders.contains(&first) && !word.contains(['<', ' ', '*'])
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_path_that_the_documents_name_exists() {
    for document in [
        "docs/ARCHITECTURE.md",
        "README.md",
        "CONTRIBUTING.md",
        "docs/operating.md",
    ] {
        let missing: Vec<_> = paths(document)
            .into_iter()
            .filter(|path| !root().join(path).exists())
            .collect();
        assert!(
            missing.is_empty(),
            "{document} names what is not there: {missing:?}"
        );
    }
    assert!(
        paths("docs/ARCHITECTURE.md").len() > 30,
        "the paths are not recognised any more"
    );
}
