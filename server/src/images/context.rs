//! The build context of an image: its folder, and what only the host can fetch from the network.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result};
use futures::Stream;
use tokio::process::{Child, Command};
use tokio_util::{bytes::Bytes, io::ReaderStream};

use super::{
    definition::{BASE, Definition, Variant, version_tags},
    program::run,
};

/// The release that the images are made of, and where it comes from.
const SUITE: &str = "trixie";
const SOURCES: [&str; 3] = [
    "deb http://deb.debian.org/debian trixie main",
    "deb http://deb.debian.org/debian trixie-updates main",
    "deb http://deb.debian.org/debian-security trixie-security main",
];

/// How long fetching the base or an image's packages may take: 40 MB on a slow line.
const FETCH_WITHIN: Duration = Duration::from_secs(30 * 60);

/// What containers have no use for: manuals, and every language but the original.
const LEFT_OUT: [&str; 5] = [
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
];

/// A build context, ready to be sent.
pub(super) struct Context {
    /// Folders whose contents make it up.
    folders: Vec<PathBuf>,
    /// The version of the image's first package.
    version: Option<String>,
}

/// Fetches what the image needs and its folder lacks.
///
/// # Errors
/// When the host's tools are missing or Debian's archive cannot be reached.
pub(super) async fn prepare(definition: &Definition, cache: &Path) -> Result<Context> {
    let mut context = Context {
        folders: vec![definition.folder.clone()],
        version: None,
    };
    if definition.name == BASE {
        context.folders.push(base_archive(cache).await?);
    } else if let Some(first) = definition.packages.first() {
        let fetched = cache.join(format!("{}-packages", definition.name));
        fetch_packages(&definition.packages, cache, &fetched).await?;
        context.version = Some(version_of(first, &fetched.join("debs"))?);
        context.folders.push(fetched);
    }
    Ok(context)
}

impl Context {
    /// What is to be built of it.
    pub(super) fn variants(&self, definition: &Definition) -> Vec<Variant> {
        let versions = self.version.as_deref().map(version_tags);
        definition.variants(&versions.unwrap_or_default())
    }

    /// The context as a tar archive; owners and modes do not depend on the checkout's.
    pub(super) fn stream(&self) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>> {
        let mut tar = Command::new("tar");
        tar.args(["-c", "--owner=0", "--group=0", "--mode=u=rwX,go=rX"]);
        for folder in &self.folders {
            tar.arg("-C").arg(folder).arg(".");
        }
        let mut tar = tar
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start tar")?;
        let output = tar.stdout.take().context("tar's output")?;
        Ok(whole(ReaderStream::new(output), tar))
    }
}

/// The stream, with an error at its end if the program that wrote it failed.
fn whole(
    output: ReaderStream<tokio::process::ChildStdout>,
    program: Child,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    use futures::StreamExt;
    let end = futures::stream::once(async move {
        let mut program = program;
        let status = program.wait().await?;
        if status.success() {
            Ok(Bytes::new())
        } else {
            Err(io::Error::other(format!("tar: {status}")))
        }
    });
    output.chain(end)
}

fn base_folder(cache: &Path) -> PathBuf {
    cache.join("debian-base")
}

/// A fresh Debian as `base.tar` in the returned folder; its root stays beside it, for apt.
async fn base_archive(cache: &Path) -> Result<PathBuf> {
    let root = base_folder(cache);
    clear(&root)?;
    let mut command = Command::new("mmdebstrap");
    command.args(["--quiet", "--variant=apt"]);
    command.arg("--aptopt=APT::Install-Recommends \"false\"");
    command.args(LEFT_OUT.map(|option| format!("--dpkgopt={option}")));
    command
        .arg(SUITE)
        .arg(&root)
        .args(SOURCES)
        .env("LC_ALL", "C");
    run(&mut command, FETCH_WITHIN).await?;

    let folder = cache.join("debian-archive");
    clear(&folder)?;
    fs::create_dir(&folder)?;
    // A machine may not make device nodes, and a container gets its own.
    let mut tar = Command::new("tar");
    tar.args([
        "-c",
        "--numeric-owner",
        "--xattrs",
        "--exclude=./dev/*",
        "-f",
    ]);
    tar.arg(folder.join("base.tar"))
        .arg("-C")
        .arg(&root)
        .arg(".");
    run(&mut tar, FETCH_WITHIN).await?;
    Ok(folder)
}

/// Downloads packages and what they need beyond the base into `<folder>/debs`, with the base's own
/// apt and keys.
async fn fetch_packages(packages: &[String], cache: &Path, folder: &Path) -> Result<()> {
    let root = base_folder(cache);
    if !root.is_dir() {
        base_archive(cache).await?;
    }
    fs::copy("/etc/resolv.conf", root.join("etc/resolv.conf")).context("copying resolv.conf")?;
    let archives = root.join("var/cache/apt/archives");
    clear(&archives)?;
    fs::create_dir_all(archives.join("partial"))?;
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("chroot");
        command
            .arg(&root)
            .args(["apt-get", "-y", "-q", "--no-install-recommends"]);
        // The archives' folder is root's own, and of this build only.
        command
            .args(["-o", "APT::Sandbox::User=root"])
            .args(arguments)
            .env("LC_ALL", "C");
        command
    };
    run(&mut apt(&["update"]), FETCH_WITHIN).await?;
    let mut install = apt(&["install", "--download-only"]);
    run(install.args(packages), FETCH_WITHIN).await?;

    let debs = folder.join("debs");
    clear(folder)?;
    fs::create_dir_all(&debs)?;
    for entry in fs::read_dir(&archives)? {
        let entry = entry?;
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "deb")
        {
            fs::rename(entry.path(), debs.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// The version in the name of a package's file, `name_version_architecture.deb`.
fn version_of(package: &str, debs: &Path) -> Result<String> {
    for entry in fs::read_dir(debs)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let mut parts = name.split('_');
        if parts.next() == Some(package)
            && let Some(version) = parts.next()
        {
            // apt writes the colon of an epoch so.
            return Ok(version.replace("%3a", ":"));
        }
    }
    anyhow::bail!("apt has downloaded no {package}: is it part of the base already?")
}

fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot clear {}", folder.display()))
        }
        _ => Ok(()),
    }
}
