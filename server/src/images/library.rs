//! What of the classroom's own there is on the hub.

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use hub::{Library, size};
use serde::Deserialize;
use tokio::{process::Command, time::timeout};

/// How long looking into an archive may take: all of it is read, some gigabytes from a slow disk.
const READ_WITHIN: Duration = Duration::from_secs(10 * 60);

/// What `docker save` says of an image.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    repo_tags: Option<Vec<String>>,
}

/// Prints what there is.
///
/// # Errors
/// When it cannot be printed.
#[allow(clippy::print_stdout, reason = "what was asked for")]
pub(super) fn list(data: &Path) -> Result<()> {
    let images = Library::new(data).images();
    if images.is_empty() {
        println!("no images yet: gyosil images build");
    }
    for image in images {
        let sizes = image.tags.iter().map(|tag| tag.size).max().unwrap_or(0);
        let tags: Vec<&str> = image.tags.iter().map(|tag| tag.name.as_str()).collect();
        println!("{:<16} {:>9}  {}", image.name, size(sizes), tags.join(", "));
    }
    Ok(())
}

/// Whether there is an image of this name.
pub(super) fn has(data: &Path, name: &str) -> bool {
    Library::new(data).has(name)
}

/// Removes an image, or the tag that it is named with. What it took is free again once the hub has
/// swept.
///
/// # Errors
/// When there is no such image.
pub(super) fn remove(data: &Path, image: &str) -> Result<()> {
    let (name, tag) = match image.split_once(':') {
        Some((name, tag)) => (name, Some(tag)),
        None => (image, None),
    };
    let library = Library::new(data);
    ensure!(library.remove(name, tag), "there is no image {image}");
    if !library.has(name) {
        let stamp = data.join("registry/stamps").join(name);
        match fs::remove_file(&stamp) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    tracing::info!(image, "the image {image} is removed");
    Ok(())
}

/// Fails at what is no name of the classroom's own images.
///
/// # Errors
/// With what a name is.
pub(super) fn check_name(name: &str) -> Result<()> {
    ensure!(
        Library::is_name(name),
        "{name} is no name for an image: small letters and digits, with dots, underscores or hyphens \
         between them; give another with --name"
    );
    Ok(())
}

/// The name and tag of an archive's image: those that are wanted, or its own.
///
/// # Errors
/// When it is no archive of `docker save`, or has no name.
pub(super) async fn named(archive: &Path, wanted: Option<&str>) -> Result<(String, String)> {
    let found = match wanted {
        Some(wanted) => wanted.to_owned(),
        None => own_name(archive).await?,
    };
    let (name, tag) = found.rsplit_once(':').unwrap_or((&found, "latest"));
    let name = name.rsplit('/').next().unwrap_or(name);
    check_name(name)?;
    Ok((name.to_owned(), tag.to_owned()))
}

async fn own_name(archive: &Path) -> Result<String> {
    let file = File::open(archive).with_context(|| format!("cannot open {}", archive.display()))?;
    let manifest = Command::new("tar")
        .args(["-xO", "--wildcards", "manifest.json"])
        .stdin(file)
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let manifest = timeout(READ_WITHIN, manifest)
        .await
        .with_context(|| format!("{} takes too long to read", archive.display()))?
        .context("cannot start tar")?;
    let saved: Vec<Saved> = serde_json::from_slice(&manifest.stdout)
        .with_context(|| format!("{} was not written by docker save", archive.display()))?;
    let names: Vec<String> = saved
        .into_iter()
        .flat_map(|it| it.repo_tags.unwrap_or_default())
        .collect();
    match &names[..] {
        [name] => Ok(name.clone()),
        [] => bail!(
            "{} has no name in it: give one with --name",
            archive.display()
        ),
        _ => bail!(
            "{} has several images: save them one by one",
            archive.display()
        ),
    }
}
