//! Finishing the browser client that Trunk built: the style sheet, fonts, the terminal's modules, and
//! everything compressed ahead of time. Trunk runs this as a hook, in its staging folder.

use std::{
    collections::hash_map::DefaultHasher,
    env, fs,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, ensure};

use crate::{layout, tools};

/// What is copied from npm's packages as it is, under a name that tells the version, so that
/// browsers may keep it for ever. app/src/shell.rs names them.
const VENDOR: [(&str, &str); 3] = [
    ("@xterm/xterm/css/xterm.css", "vendor/xterm-6.0.0/xterm.css"),
    ("@xterm/xterm/lib/xterm.mjs", "vendor/xterm-6.0.0/xterm.mjs"),
    (
        "@xterm/addon-fit/lib/addon-fit.mjs",
        "vendor/addon-fit-0.11.0/addon-fit.mjs",
    ),
];

/// The fonts that style/fonts.txt lists: in npm's package, and where style/fonts.css looks for them.
const FONTS: (&str, &str) = (
    "pretendard/dist/web/variable/woff2-dynamic-subset",
    "pretendard-1.3.9",
);

/// What is worth compressing. Fonts (woff2) are compressed already.
const COMPRESSED: [&str; 6] = ["css", "js", "json", "mjs", "svg", "wasm"];

/// Finishes what lies in Trunk's staging folder.
///
/// # Errors
/// When something that belongs to the client is missing.
pub(crate) fn finish() -> Result<ExitCode> {
    let staging = env::var_os("TRUNK_STAGING_DIR").context("only Trunk calls this")?;
    let staging = PathBuf::from(staging);
    for (from, to) in VENDOR {
        copy(&tools::node_modules().join(from), &staging.join(to))?;
    }
    let fonts = fs::read_to_string(layout::root().join("style/fonts.txt"))
        .context("reading style/fonts.txt")?;
    for font in fonts.lines() {
        let from = tools::node_modules().join(FONTS.0).join(font);
        copy(&from, &staging.join(FONTS.1).join(font))?;
    }
    add_style(&staging)?;
    compress(&staging)?;
    Ok(ExitCode::SUCCESS)
}

/// Joins the style sheets into one that carries its hash, and names it in index.html, where the
/// server looks.
fn add_style(staging: &Path) -> Result<()> {
    let bundle = Command::new("sh")
        .arg(layout::root().join("style/bundle.sh"))
        .output()
        .context("running style/bundle.sh")?;
    ensure!(
        bundle.status.success(),
        "style/bundle.sh: {}",
        String::from_utf8_lossy(&bundle.stderr)
    );
    let mut hasher = DefaultHasher::new();
    bundle.stdout.hash(&mut hasher);
    let name = format!("style-{:016x}.css", hasher.finish());
    fs::write(staging.join(&name), bundle.stdout).with_context(|| format!("writing {name}"))?;

    let index = staging.join("index.html");
    let html = fs::read_to_string(&index).context("reading Trunk's index.html")?;
    let link = format!("<link rel=\"stylesheet\" href=\"/pkg/{name}\"/></head>");
    ensure!(
        html.contains("</head>"),
        "Trunk's index.html has no </head>"
    );
    fs::write(&index, html.replacen("</head>", &link, 1)).context("writing index.html")
}

/// Leaves a `.br` and a `.gz` beside each file that gains by it; the server sends those.
fn compress(folder: &Path) -> Result<()> {
    let mut files = Vec::new();
    find_compressible(folder, &mut files)?;
    for packer in [
        &["brotli", "-q", "11", "-k", "-f"][..],
        &["gzip", "-9", "-n", "-k", "-f"],
    ] {
        let status = Command::new(packer[0])
            .args(&packer[1..])
            .args(&files)
            .status()
            .with_context(|| format!("cannot start {}", packer[0]))?;
        ensure!(status.success(), "{}: {status}", packer[0]);
    }
    Ok(())
}

fn find_compressible(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default();
        if path.is_dir() {
            find_compressible(&path, files)?;
        } else if COMPRESSED.iter().any(|wanted| extension == *wanted) {
            files.push(path);
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("copying {} to {}", from.display(), to.display()))
}
