//! Where unit files lie, and what is enabled: folders and links, as systemd has them.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::unit::{Bad, Unit};

/// The administrator's folder: here are links of what is enabled, and files that replace others.
pub(crate) const ETC: &str = "/etc/systemd/system";

/// Where unit files are looked for, the first that has one counts. systemd.unit(5), "Unit File Load
/// Path".
pub(crate) const FOLDERS: [&str; 5] = [
    ETC,
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// What is started at boot.
const BOOT_TARGETS: [&str; 2] = ["multi-user.target", "default.target"];

/// The largest unit file that is read, in bytes: real ones have a few thousand.
const MAX_SIZE: u64 = 64 << 10;

/// A unit with where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) unit: Unit,
    pub(crate) file: PathBuf,
    pub(crate) drop_ins: Vec<PathBuf>,
    /// When the newest of its files was changed.
    pub(crate) changed: Option<SystemTime>,
}

/// Why a unit cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// There is no such file.
    #[error("not-found")]
    NotFound,
    /// It is linked to `/dev/null`.
    #[error("masked")]
    Masked,
    /// The file makes no sense.
    #[error("bad-setting")]
    Bad(PathBuf, Bad),
    /// The file cannot be read.
    #[error("error")]
    Io(#[from] io::Error),
}

/// The full name of a unit: `.service` may be left out.
pub(crate) fn full_name(name: &str) -> String {
    let kinds = [
        ".service", ".socket", ".target", ".timer", ".mount", ".path", ".slice", ".scope",
        ".device",
    ];
    if kinds.iter().any(|kind| name.ends_with(kind)) {
        name.to_owned()
    } else {
        format!("{name}.service")
    }
}

/// Whether a name may be a unit's: no path, nothing odd.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() < 256
        && !name.starts_with('.')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | ':' | '\\'))
}

/// The file that a unit's name leads to, and the unit's own name if that was an alias.
fn find(name: &str) -> Option<(PathBuf, String)> {
    let file = FOLDERS
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|file| file.symlink_metadata().is_ok())?;
    let Ok(target) = fs::canonicalize(&file) else {
        return Some((file, name.to_owned()));
    };
    let own = target
        .file_name()
        .and_then(|own| own.to_str())
        .unwrap_or(name);
    // Only a link to another unit is an alias.
    let own = if own.ends_with(".service") { own } else { name };
    Some((file, own.to_owned()))
}

/// The name that a unit goes by, where this is an alias.
pub(crate) fn own_name(name: &str) -> String {
    find(name).map_or_else(|| name.to_owned(), |(_, own)| own)
}

/// Reads a service.
pub(crate) fn load(name: &str) -> Result<Loaded, LoadError> {
    if !is_name(name) || !name.ends_with(".service") {
        return Err(LoadError::NotFound);
    }
    let (file, _) = find(name).ok_or(LoadError::NotFound)?;
    if is_masked(&file) {
        return Err(LoadError::Masked);
    }
    let drop_ins = drop_ins(name);
    let texts = std::iter::once(&file)
        .chain(&drop_ins)
        .map(|path| read(path));
    let texts: Vec<String> = texts.collect::<io::Result<_>>()?;
    let changed = newest(&file, &drop_ins);
    let file = fs::canonicalize(&file)?;
    match Unit::parse(name, &texts) {
        Ok(unit) => Ok(Loaded {
            unit,
            file,
            drop_ins,
            changed,
        }),
        Err(bad) => Err(LoadError::Bad(file, bad)),
    }
}

impl Loaded {
    /// Whether its files are others now than when they were read.
    pub(crate) fn is_stale(&self) -> bool {
        let drop_ins = drop_ins(&self.unit.name);
        drop_ins != self.drop_ins || newest(&self.file, &drop_ins) != self.changed
    }
}

fn newest(file: &Path, drop_ins: &[PathBuf]) -> Option<SystemTime> {
    let times = std::iter::once(file).chain(drop_ins.iter().map(PathBuf::as_path));
    times
        .filter_map(|path| fs::metadata(path).and_then(|meta| meta.modified()).ok())
        .max()
}

fn read(path: &Path) -> io::Result<String> {
    use io::Read;
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(MAX_SIZE)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `NAME.d/*.conf` of all folders, by file name; the first folder's counts.
fn drop_ins(name: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in FOLDERS {
        for path in entries(&Path::new(folder).join(format!("{name}.d"))) {
            let is_new = !found
                .iter()
                .any(|other| other.file_name() == path.file_name());
            if is_new && path.extension().is_some_and(|kind| kind == "conf") {
                found.push(path);
            }
        }
    }
    found.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    found
}

/// What is in a folder, sorted; nothing, if there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Whether a unit's file is masked: empty, or a link to nowhere.
fn is_masked(file: &Path) -> bool {
    fs::canonicalize(file).is_ok_and(|file| file == Path::new("/dev/null"))
        || fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.len() == 0)
}

/// The services that start at boot.
pub(crate) fn enabled() -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for folder in FOLDERS {
        for target in BOOT_TARGETS {
            let links = entries(&Path::new(folder).join(format!("{target}.wants")));
            names.extend(links.iter().filter_map(|link| file_name(link)));
        }
    }
    names.retain(|name| name.ends_with(".service"));
    names.sort();
    names.dedup();
    names
}

/// The names of all unit files.
pub(crate) fn all() -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for folder in FOLDERS {
        let files = entries(Path::new(folder));
        names.extend(
            files
                .iter()
                .filter(|file| !file.is_dir())
                .filter_map(|file| file_name(file)),
        );
    }
    names.retain(|name| name.ends_with(".service"));
    names.sort();
    names.dedup();
    names
}

fn file_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

/// What `systemctl is-enabled` says of a unit; `None` if there is none.
pub(crate) fn enablement(name: &str) -> Option<&'static str> {
    let (file, own) = find(name)?;
    if is_masked(&file) {
        return Some("masked");
    }
    if own != name {
        return Some("alias");
    }
    if links(name)
        .iter()
        .any(|link| link.symlink_metadata().is_ok())
    {
        return Some("enabled");
    }
    let is_installable = load(name)
        .is_ok_and(|loaded| !loaded.unit.wanted_by.is_empty() || !loaded.unit.aliases.is_empty());
    Some(if is_installable { "disabled" } else { "static" })
}

/// The links that enabling a unit makes.
fn links(name: &str) -> Vec<PathBuf> {
    let Ok(Loaded { unit, .. }) = load(name) else {
        return Vec::new();
    };
    let etc = Path::new(ETC);
    let aliases = unit
        .aliases
        .iter()
        .filter(|alias| is_name(alias))
        .map(|alias| etc.join(alias));
    let targets = unit.wanted_by.iter().filter(|target| is_name(target));
    let wants = targets.map(|target| etc.join(format!("{target}.wants")).join(name));
    aliases.chain(wants).collect()
}

/// Makes the links that enable a unit; returns each new one with what it leads to.
pub(crate) fn enable(name: &str) -> Result<Vec<(PathBuf, PathBuf)>, LoadError> {
    let file = load(name)?.file;
    let mut made = Vec::new();
    for link in links(name) {
        if fs::read_link(&link).is_ok_and(|target| target == file) {
            continue;
        }
        if let Some(folder) = link.parent() {
            fs::create_dir_all(folder)?;
        }
        remove(&link)?;
        symlink(&file, &link)?;
        made.push((link, file.clone()));
    }
    Ok(made)
}

/// Removes every link that enables a unit; returns them.
pub(crate) fn disable(name: &str) -> Result<Vec<PathBuf>, LoadError> {
    if let Err(error @ (LoadError::NotFound | LoadError::Masked)) = load(name) {
        return Err(error);
    }
    let mut removed = Vec::new();
    for folder in entries(Path::new(ETC)) {
        let is_wants = folder
            .extension()
            .is_some_and(|kind| kind == "wants" || kind == "requires");
        let link = folder.join(name);
        if is_wants && remove(&link)? {
            removed.push(link);
        }
    }
    for link in links(name) {
        if remove(&link)? {
            removed.push(link);
        }
    }
    Ok(removed)
}

/// Masks a unit; returns the new link, if there was none.
pub(crate) fn mask(name: &str) -> io::Result<Option<PathBuf>> {
    let link = Path::new(ETC).join(name);
    if is_masked(&link) {
        return Ok(None);
    }
    fs::create_dir_all(ETC)?;
    symlink("/dev/null", &link)?;
    Ok(Some(link))
}

/// Takes a unit's mask off; returns the link that was removed, if there was one.
pub(crate) fn unmask(name: &str) -> io::Result<Option<PathBuf>> {
    let link = Path::new(ETC).join(name);
    Ok((is_masked(&link) && remove(&link)?).then_some(link))
}

/// Removes a link or file; whether there was one.
fn remove(link: &Path) -> io::Result<bool> {
    match fs::remove_file(link) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
