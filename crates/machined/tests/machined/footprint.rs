//! What a classroom has on the host.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::classroom::{Classroom, SOON};

/// Everything of a classroom that is on the host now, by kind.
pub(crate) type Footprint = BTreeMap<&'static str, Vec<String>>;

/// The claims of ids of the machines in a data folder.
pub(crate) fn claims(data: &Path) -> Vec<PathBuf> {
    let claims = fs::read_dir("/var/lib/gyosil-ids")
        .into_iter()
        .flatten()
        .flatten();
    let is_ours = |claim: &PathBuf| {
        fs::read_to_string(claim).is_ok_and(|owner| Path::new(&owner).starts_with(data))
    };
    claims.map(|claim| claim.path()).filter(is_ours).collect()
}

pub(crate) async fn measure(classroom: &Classroom) -> Footprint {
    let data = classroom.data();
    let group = format!("gyosil-{}", classroom.tag());
    let links = tokio::process::Command::new("ip")
        .args(["-n", &group, "-o", "link"])
        .output()
        .await;
    let links = String::from_utf8(links.expect("ip").stdout).expect("text");
    let mut footprint = BTreeMap::from([
        (
            "mounts",
            lines_with(
                "/proc/self/mountinfo".as_ref(),
                data.to_str().expect("text"),
            ),
        ),
        (
            "links",
            links
                .lines()
                .map(|l| l.split_whitespace().nth(1).unwrap_or(l).to_owned())
                .collect(),
        ),
        ("loops", loops(classroom).await),
        ("groups", groups(&group)),
        ("processes", processes(&group)),
        ("scratch", names(format!("/run/{group}").as_ref())),
        ("machines", names(&data.join("machines"))),
        ("containers", names(&data.join("runc"))),
        (
            "ids",
            claims(data)
                .iter()
                .map(|claim| claim.display().to_string())
                .collect(),
        ),
    ]);
    footprint.values_mut().for_each(|found| found.sort());
    footprint
}

/// Waits until the footprint is as it was: the kernel takes some things away a moment later.
pub(crate) async fn assert_settles(classroom: &Classroom, before: &Footprint) {
    let wait = async {
        while measure(classroom).await != *before {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if tokio::time::timeout(SOON, wait).await.is_err() {
        assert_eq!(
            measure(classroom).await,
            *before,
            "something was left\n{}",
            classroom.log()
        );
    }
}

fn lines_with(file: &Path, word: &str) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines()
        .filter(|line| line.contains(word))
        .map(|l| l.split_once(' ').unwrap_or(("", l)).1.to_owned())
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// The loop devices of disks that were seen.
async fn loops(classroom: &Classroom) -> Vec<String> {
    let list = [
        "--list",
        "--noheadings",
        "--output",
        "NAME,BACK-MAJ:MIN,BACK-INO",
    ];
    let list = tokio::process::Command::new("losetup")
        .args(list)
        .output()
        .await
        .expect("losetup");
    let list = String::from_utf8(list.stdout).expect("text");
    let words = list
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let disks = classroom.disks();
    words
        .filter(|words| disks.contains(&words[1..].join(" ")))
        .map(|words| words.join(" "))
        .collect()
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

/// A classroom's own groups: one in each hierarchy on v1, one on v2, which may be below a unit's.
pub(crate) fn group_folders(group: &str) -> Vec<PathBuf> {
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
    search("/sys/fs/cgroup".as_ref(), group, 4, &mut found);
    found
}

/// The processes in a classroom's control groups, zombies too.
pub(crate) fn processes(group: &str) -> Vec<String> {
    let is_inside = |pid: &String| {
        pid.parse::<u32>().is_ok()
            && fs::read_to_string(format!("/proc/{pid}/cgroup"))
                .is_ok_and(|groups| groups.contains(group))
    };
    names("/proc".as_ref())
        .into_iter()
        .filter(is_inside)
        .collect()
}

/// The processor time that a group has used, in the kernel's own words.
pub(crate) fn cpu_time(group: &str) -> String {
    let (classroom, container) = group
        .split_once('/')
        .expect("a classroom's and a container's");
    let files = ["cpuacct.usage", "cpu.stat"];
    let groups = group_folders(classroom);
    let mut paths = groups
        .iter()
        .flat_map(|folder| files.map(|file| folder.join(container).join(file)));
    let usage = paths
        .find_map(|path| fs::read_to_string(path).ok())
        .expect("its use");
    usage.lines().next().unwrap_or_default().to_owned()
}
