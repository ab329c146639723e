//! What a student cannot do with a machine whose root they are. This is a first version: it tries
//! each way that the design closes, as the machine's root, and again from a container in it that is
//! as privileged as Docker makes one.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Child,
    time::{Duration, Instant},
};

use machine::{MachineId, MachineUser};

use crate::{
    classroom::{Classroom, id},
    footprint::group_folders,
    listener::{listen, reaches},
};

const LOOK: &str = include_str!("look.sh");
const TOUCH: &str = include_str!("touch.sh");

/// Something on the host that no machine may find: a file by its name and by what it says, and a
/// process by its arguments.
struct Canary {
    token: String,
    folder: tempfile::TempDir,
    process: Child,
}

impl Canary {
    fn new() -> Self {
        let token = format!("canary-{}", hex::encode(rand::random::<[u8; 16]>()));
        let folder = tempfile::tempdir_in("/var/tmp").expect("a folder");
        fs::write(folder.path().join(&token), &token).expect("a canary");
        let process = std::process::Command::new("bash")
            .args(["-c", "sleep 1000; true", &token])
            .spawn()
            .expect("a canary process");
        Self {
            token,
            folder,
            process,
        }
    }

    /// The script that looks for it.
    fn look(&self, roots: &str) -> String {
        let file = self.folder.path().join(&self.token);
        format!(
            "TOKEN={}\nROOTS=({roots})\nHOST_FILE={}\n{LOOK}",
            self.token,
            file.display()
        )
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        // Its `sleep` too: it has no other child.
        let pid = self.process.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let _ = self.process.kill();
        let _ = self.process.wait();
        for child in children.unwrap_or_default().split_whitespace() {
            if let Some(child) = child.parse().ok().and_then(rustix::process::Pid::from_raw) {
                let _ = rustix::process::kill_process(child, rustix::process::Signal::KILL);
            }
        }
    }
}

/// Runs a script as a machine's root, and again in the most privileged container that the machine's
/// engine makes, in the machine's own root: both outputs.
async fn as_root_and_privileged(
    classroom: &Classroom,
    id: &MachineId,
    script: &str,
) -> [(&'static str, String); 2] {
    let direct = classroom.bash(id, script).await;
    let inner = "docker run --rm -i --privileged --pid=host --net=host --ipc=host --uts=host \
         --cgroupns=host --security-opt seccomp=unconfined -v /:/h tiny chroot /h bash -s";
    let inner = format!("{inner} <<'END_OF_INNER'\n{script}\nEND_OF_INNER\n");
    [
        ("as root", direct),
        ("privileged", classroom.bash(id, &inner).await),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_outside_cannot_be_found() {
    let classroom = Classroom::open(&[]).await;
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&hong).await;
    classroom.ready(&kim).await;
    classroom.import_tiny(&hong).await;
    let canary = Canary::new();
    // The same looking finds it where it is.
    let look = canary.look(&canary.folder.path().display().to_string());
    let found = tokio::process::Command::new("bash")
        .args(["-c", &look.replace("mine=$$", "mine=$$; set -f; set +f")])
        .output()
        .await;
    let found = String::from_utf8(found.expect("bash").stdout).expect("text");
    for kind in ["process ", "name ", "content ", "path "] {
        assert!(
            found.lines().any(|line| line.starts_with(kind)),
            "no {kind}in {found}"
        );
    }
    for (how, found) in as_root_and_privileged(&classroom, &hong, &canary.look("/")).await {
        assert_eq!(found, "looked\n", "{how}, of the host");
    }

    // A neighbour's.
    let token = format!("canary-{}", hex::encode(rand::random::<[u8; 16]>()));
    let hide = format!(
        "echo {token} >/home/student/{token}; echo {token} >/var/lib/docker/{token}; sync
         setsid bash -c 'sleep 1000; true' {token} </dev/null >/dev/null 2>&1 &"
    );
    classroom.bash(&kim, &hide).await;
    let look = format!("TOKEN={token}\nROOTS=(/)\n{LOOK}");
    let at_home = classroom.bash(&kim, &look).await;
    for kind in ["process ", "name ", "content "] {
        assert!(
            at_home.lines().any(|line| line.starts_with(kind)),
            "no {kind}in {at_home}"
        );
    }
    for (how, found) in as_root_and_privileged(&classroom, &hong, &look).await {
        assert_eq!(found, "looked\n", "{how}, of a neighbour");
    }

    // Nor who the neighbours are.
    let names =
        "cat /sys/block/loop*/loop/backing_file /proc/*/mountinfo 2>/dev/null | grep -c kim";
    assert_eq!(
        classroom
            .try_bash(&hong, names, MachineUser::Root)
            .await
            .stdout,
        "0\n"
    );

    // A check's script, while it runs beside the machine.
    let token = format!("canary-{}", hex::encode(rand::random::<[u8; 16]>()));
    let script = format!(
        "# {token}\ntoken={token}; docker version >/dev/null; bash -c 'sleep 12; true' {token}\n"
    );
    let checking = classroom.check(&hong, &script, 25_000);
    let looking = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let look = format!("TOKEN={token}\nROOTS=(/)\n{LOOK}");
        as_root_and_privileged(&classroom, &hong, &look).await
    };
    let (check, found) = tokio::join!(checking, looking);
    assert_eq!(check.exit, Some(0), "{}", check.stderr);
    for (how, found) in found {
        assert_eq!(found, "looked\n", "{how}, of a check's script");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_cannot_be_touched() {
    let classroom = Classroom::open(&[]).await;
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&hong).await;
    classroom.ready(&kim).await;
    classroom.import_tiny(&hong).await;
    let device = fs::metadata("/").expect("the host's root").dev();
    let device = format!(
        "{} {}",
        rustix::fs::major(device),
        rustix::fs::minor(device)
    );
    let core_pattern = fs::read("/proc/sys/kernel/core_pattern").expect("the host's");
    let container = classroom.generation(&hong).await;
    let limits = limits(&classroom, &container);
    assert!(!limits.is_empty());

    let script = format!("HOST_DISK='{device}'\n{TOUCH}");
    for (how, worked) in as_root_and_privileged(&classroom, &hong, &script).await {
        assert_eq!(worked, "tried\n", "{how}");
    }
    assert_eq!(
        fs::read("/proc/sys/kernel/core_pattern").expect("the host's"),
        core_pattern
    );
    assert_eq!(self::limits(&classroom, &container), limits);

    // Each machine has ids of its own, which are nobody's on the host.
    let mut bases = Vec::new();
    for id in [&hong, &kim] {
        let init = classroom.init(id).await;
        for map in ["uid_map", "gid_map"] {
            let map = fs::read_to_string(format!("/proc/{init}/{map}")).expect("a map");
            let fields: Vec<u32> = map
                .split_whitespace()
                .map(|n| n.parse().expect("a number"))
                .collect();
            assert_eq!(
                (fields.len(), fields[0], fields[2]),
                (3, 0, 65_536),
                "{map}"
            );
            assert!(fields[1] > 1_000_000_000, "{map}");
            bases.push(fields[1]);
        }
        let base = bases[bases.len() - 1];
        let container = classroom.generation(id).await;
        let group = format!("gyosil-{}/{container}", classroom.tag());
        let owners = owners(&group);
        assert!(owners.len() > 2, "{owners:?}");
        assert!(
            owners.iter().all(|uid| (base..base + 65_536).contains(uid)),
            "{owners:?}"
        );
    }
    assert!(bases[0].abs_diff(bases[2]) >= 65_536, "{bases:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_ends_at_the_registry() {
    let classroom = Classroom::open(&[]).await;
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&hong).await;
    classroom.ready(&kim).await;
    classroom.import_tiny(&hong).await;
    let router = classroom.router();
    // Addresses of the world, on the router: whatever passed it would be answered, and nothing
    // leaves this machine.
    for address in ["169.254.169.254/32", "192.168.7.7/32", "1.1.1.1/32"] {
        ip(&classroom, &["addr", "add", address, "dev", "lo"]).await;
    }
    let neighbour = format!("/proc/{}/ns/net", classroom.init(&kim).await);
    let neighbour = Path::new(&neighbour);
    listen(neighbour, "0.0.0.0", 8080);
    listen(&router, "0.0.0.0", 8081);
    let host = listen(Path::new("/proc/self/ns/net"), "127.0.0.1", 0);
    let own = address(&classroom, &hong).await;
    let theirs = address(&classroom, &kim).await;
    let gateway = own.replace(".2", ".1");
    let there = |address: &str, port| SocketAddr::new(address.parse().expect("an address"), port);
    // They are all there, for those who may.
    assert!(reaches(neighbour, there(&theirs, 8080)));
    for address in [
        "10.88.0.1",
        "169.254.169.254",
        "192.168.7.7",
        "1.1.1.1",
        &*gateway,
    ] {
        assert!(reaches(&router, there(address, 8081)), "{address}");
    }
    assert!(reaches(
        Path::new("/proc/self/ns/net"),
        there("127.0.0.1", host)
    ));

    let registry = classroom
        .bash(&hong, "curl -sf -m 5 http://10.88.0.1:5000/v2/")
        .await;
    assert_eq!(registry, "{}");
    let mut script = String::from("PATH=/usr/bin:/bin\n");
    for target in [
        format!("{theirs}:8080"),
        "10.88.0.1:8081".into(),
        format!("{gateway}:8081"),
        "169.254.169.254:8081".into(),
        "192.168.7.7:8081".into(),
        "1.1.1.1:8081".into(),
        format!("127.0.0.1:{host}"),
        format!("10.88.0.1:{host}"),
        // Where nobody is at all.
        "10.88.253.2:80".into(),
        "8.8.8.8:53".into(),
    ] {
        script += &format!(
            "start=${{EPOCHREALTIME/.}}
             curl -s -o /dev/null -m 5 http://{target}/ && echo 'reached {target}'
             [ $((${{EPOCHREALTIME/.}} - start)) -lt 2000000 ] || echo 'hung {target}'\n"
        );
    }
    for address in [&*theirs, "169.254.169.254", "1.1.1.1"] {
        script += &format!("ping -q -c 1 -W 3 {address} >/dev/null && echo 'pinged {address}'\n");
    }
    script += &format!(
        "curl -s --unix-socket {} http://x/v1/health && echo 'reached machined'\n",
        classroom.socket().display()
    );
    // Another's address does not open another's way.
    script += &format!(
        "ip addr add {theirs}/32 dev eth0; curl -s -o /dev/null -m 3 --interface {theirs} http://10.88.0.1:5000/v2/ && echo 'spoofed'; ip addr del {theirs}/32 dev eth0\n"
    );
    script += "echo asked\n";
    for (how, reached) in as_root_and_privileged(&classroom, &hong, &script).await {
        assert_eq!(reached, "asked\n", "{how}");
    }
    let start = Instant::now();
    let pull = classroom
        .try_bash(&hong, "docker pull -q absent", MachineUser::Student)
        .await;
    assert_ne!(pull.exit, Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?} for {}",
        start.elapsed(),
        pull.stderr
    );
}

async fn ip(classroom: &Classroom, arguments: &[&str]) -> String {
    let name = format!("gyosil-{}", classroom.tag());
    let output = tokio::process::Command::new("ip")
        .args(["-n", &name])
        .args(arguments)
        .output()
        .await;
    let output = output.expect("ip");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

/// A machine's address.
async fn address(classroom: &Classroom, id: &MachineId) -> String {
    classroom
        .bash(
            id,
            "ip -4 -o addr show eth0 | grep -o '10\\.88\\.[0-9]*\\.2' | tr -d '\\n'",
        )
        .await
}

/// The limits of a machine, as the host has them, on v1 and v2.
fn limits(classroom: &Classroom, container: &str) -> Vec<(PathBuf, String)> {
    let files = [
        "memory.limit_in_bytes",
        "memory.memsw.limit_in_bytes",
        "memory.max",
        "memory.swap.max",
        "pids.max",
        "cpu.cfs_quota_us",
        "cpu.max",
    ];
    let groups = group_folders(&format!("gyosil-{}", classroom.tag()));
    let paths = groups
        .iter()
        .flat_map(|group| files.map(|file| group.join(container).join(file)));
    paths
        .filter_map(|path| Some((path.clone(), fs::read_to_string(path).ok()?)))
        .collect()
}

/// The host's ids of the processes in a group and below.
fn owners(group: &str) -> Vec<u32> {
    let processes = fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .map(|entry| entry.path());
    let inside = processes.filter(|process| {
        let groups = fs::read_to_string(process.join("cgroup")).unwrap_or_default();
        groups
            .lines()
            .any(|line| line.ends_with(group) || line.contains(&format!("{group}/")))
    });
    inside
        .filter_map(|process| Some(fs::metadata(process).ok()?.uid()))
        .collect()
}
