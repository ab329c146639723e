//! What a classroom has on the host.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{Error, command::run};

/// Everything of a classroom that is on the host now, by kind.
pub type Footprint = BTreeMap<&'static str, Vec<String>>;

/// Where classrooms note which ids of the host are theirs.
const CLAIMS: &str = "/var/lib/gyosil-ids";

/// How deep below the hierarchies' roots a classroom's groups are looked for: a systemd unit in a
/// slice in a slice.
const GROUP_DEPTH: usize = 4;

/// What tells the names of the classroom in this data folder from another's; docs/machined-api.md,
/// "Running it", says what it is.
pub fn tag(data: &Path) -> String {
    hex::encode(Sha256::digest(data.as_os_str().as_encoded_bytes()))[..8].to_owned()
}

/// The claims of ids of the machines in a data folder.
pub fn claims(data: &Path) -> Vec<PathBuf> {
    let is_ours = |claim: &PathBuf| {
        fs::read_to_string(claim).is_ok_and(|owner| Path::new(&owner).starts_with(data))
    };
    let names = names(CLAIMS.as_ref()).into_iter();
    names
        .map(|name| Path::new(CLAIMS).join(name))
        .filter(is_ours)
        .collect()
}

/// Everything that the classroom in this data folder has on the host now. `disks` are the machines'
/// disks that were seen so far, as [`disk`] names them: what is behind a loop device has no name any
/// more when its file is gone.
///
/// # Errors
/// When a program of the host's fails.
pub async fn measure(data: &Path, disks: &[String]) -> Result<Footprint, Error> {
    let name = format!("gyosil-{}", tag(data));
    let folder = data.display().to_string();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mounts = mounts.lines().filter(|line| line.contains(&folder));
    let claims = claims(data)
        .into_iter()
        .map(|claim| claim.display().to_string());
    let mut footprint = BTreeMap::from([
        // Without the first field, a number that changes.
        (
            "mounts",
            mounts
                .map(|line| line.split_once(' ').unwrap_or(("", line)).1.to_owned())
                .collect(),
        ),
        ("links", links(&name).await?),
        ("rules", rules(&name).await?),
        ("loops", loops(disks).await?),
        ("groups", groups(&name)),
        ("processes", processes(&name)),
        ("scratch", names(Path::new("/run").join(&name).as_ref())),
        ("machines", names(&data.join("machines"))),
        ("containers", names(&data.join("runc"))),
        ("ids", claims.collect()),
    ]);
    footprint.values_mut().for_each(|found| found.sort());
    Ok(footprint)
}

/// The device and inode of a machine's disk, as `losetup` writes them.
///
/// # Errors
/// When there is no such file.
pub fn disk(file: &fs::File) -> std::io::Result<String> {
    let disk = file.metadata()?;
    let (major, minor) = (rustix::fs::major(disk.dev()), rustix::fs::minor(disk.dev()));
    Ok(format!("{major}:{minor} {}", disk.ino()))
}

/// A classroom's own control groups: one in each hierarchy on v1, one on v2, which may be below a
/// unit's.
pub fn group_folders(group: &str) -> Vec<PathBuf> {
    fn search(folder: &Path, group: &str, depth: usize, found: &mut Vec<PathBuf>) {
        for path in names(folder).into_iter().map(|name| folder.join(name)) {
            if path.ends_with(group) {
                found.push(path);
            } else if depth > 0 && path.is_dir() {
                search(&path, group, depth - 1, found);
            }
        }
    }
    let mut found = Vec::new();
    search("/sys/fs/cgroup".as_ref(), group, GROUP_DEPTH, &mut found);
    found
}

/// The processes in a control group and below, zombies too.
pub fn processes(group: &str) -> Vec<String> {
    let is_inside = |pid: &String| {
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        pid.parse::<u32>().is_ok()
            && groups.lines().any(|line| {
                let rest = line.split_once(group).map(|(_, rest)| rest);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    };
    names("/proc".as_ref())
        .into_iter()
        .filter(is_inside)
        .collect()
}

/// The names of what is in a folder; none if it is not there.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// The network interfaces of the class's router, if there is one.
async fn links(namespace: &str) -> Result<Vec<String>, Error> {
    if !Path::new("/run/netns").join(namespace).exists() {
        return Ok(Vec::new());
    }
    let links = run("ip", ["-n", namespace, "-o", "link"], "").await?;
    let name = |line: &str| line.split_whitespace().nth(1).unwrap_or(line).to_owned();
    Ok(links.lines().map(name).collect())
}

/// The firewall rules of the class's router, if there is one; without what its sets have counted.
async fn rules(namespace: &str) -> Result<Vec<String>, Error> {
    let path = Path::new("/run/netns").join(namespace);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let network = format!("--net={}", path.display());
    let command = [&*network, "nft", "--stateless", "list", "ruleset"];
    let rules = run("nsenter", command, "").await?;
    let mut is_counted = false;
    let is_rule = |line: &&str| {
        is_counted |= line.trim_start().starts_with("elements = {");
        let is_rule = !is_counted;
        is_counted &= !line.trim_end().ends_with('}');
        is_rule
    };
    Ok(rules.lines().filter(is_rule).map(str::to_owned).collect())
}

/// The loop devices of these disks.
async fn loops(disks: &[String]) -> Result<Vec<String>, Error> {
    let columns = [
        "--list",
        "--noheadings",
        "--output",
        "NAME,BACK-MAJ:MIN,BACK-INO",
    ];
    let list = run("losetup", columns, "").await?;
    let words = list
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let ours = words.filter(|words| disks.contains(&words[1..].join(" ")));
    Ok(ours.map(|words| words.join(" ")).collect())
}

/// The control groups below a classroom's.
fn groups(group: &str) -> Vec<String> {
    let below = group_folders(group).into_iter().flat_map(|folder| {
        let paths = names(&folder)
            .into_iter()
            .map(move |name| folder.join(name));
        paths.filter(|path| path.is_dir()).collect::<Vec<_>>()
    });
    below.map(|path| path.display().to_string()).collect()
}
