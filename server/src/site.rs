//! The browser client that Trunk built: its hashed names, read once from the page that Trunk filled in.

use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// Reads the manifest in `folder` (Trunk's `dist`).
///
/// # Errors
/// When the folder holds no client, or one that another version of Trunk wrote differently.
pub(crate) fn read(folder: &Path) -> Result<app::Site> {
    let index = folder.join("index.html");
    let html = std::fs::read_to_string(&index).with_context(|| {
        format!(
            "the browser client is not at {} (`cargo xtask up` puts it there)",
            folder.display()
        )
    })?;
    // Trunk leaves out quotes where HTML allows it.
    let names: Vec<&str> = html
        .split("/pkg/")
        .skip(1)
        .filter_map(|rest| rest.split(['"', '\'', ' ', '>']).next())
        .collect();
    let client = names.iter().find_map(|name| {
        name.strip_suffix("_bg.wasm")
            .filter(|stem| stem.starts_with("client-"))
    });
    let Some(client) = client else {
        bail!("{} names no client; build the client anew", index.display());
    };
    let mut styles: Vec<String> = Vec::new();
    for name in names.iter().filter(|name| name.ends_with(".css")) {
        if !styles.iter().any(|known| known == name) {
            styles.push((*name).to_owned());
        }
    }
    Ok(app::Site {
        client: client.to_owned(),
        styles,
        terminal: versioned(folder, "terminal.js")?,
        terminal_wasm: versioned(folder, "terminal_bg.wasm")?,
    })
}

/// `name?v=hash`: Trunk gives worker files no hash, and a browser must not mix two builds.
fn versioned(folder: &Path, name: &str) -> Result<String> {
    let file = folder.join(name);
    let bytes = std::fs::read(&file)
        .with_context(|| format!("{} is missing; build the client anew", file.display()))?;
    let hash = hex::encode(&Sha256::digest(&bytes)[..8]);
    Ok(format!("{name}?v={hash}"))
}

/// Whether a file of the site (its path below `/pkg`) carries its hash in its name, so that it may be cached for ever.
pub(crate) fn is_hashed(site: &app::Site, path: &str) -> bool {
    let name = path.trim_start_matches('/');
    name.starts_with(&site.client) || site.styles.iter().any(|style| style == name)
}
