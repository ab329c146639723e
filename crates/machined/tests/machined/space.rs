//! A host whose disk is full.

use machine::{Error, Problem};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::{
    classroom::{Classroom, id},
    footprint,
};

/// A small file system in a folder; it goes with this.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("gyosil-test-")
            .tempdir_in("/var/tmp");
        let folder = folder.expect("a folder");
        mount(
            "tmpfs",
            folder.path(),
            "tmpfs",
            MountFlags::empty(),
            Some(c"size=64m"),
        )
        .expect("a tmpfs");
        Self(folder)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        unmount(self.0.path(), UnmountFlags::empty()).expect("a file system that nobody uses");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_nothing_is_left() {
    let small = Small::mount();
    {
        let classroom = Classroom::open_at(small.0.path()).await;
        let before = footprint::measure(&classroom).await;
        let refused = classroom.client().ensure(&id("hong")).await;
        assert!(
            matches!(refused, Err(Error::Refused(Problem::NoSpace))),
            "{refused:?}"
        );
        assert_eq!(classroom.client().list().await.expect("a list"), []);
        assert_eq!(footprint::measure(&classroom).await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_image_there_is_no_machine() {
    let classroom = Classroom::open(&[]).await;
    std::fs::remove_file(classroom.data().join("machine-image/rootfs")).expect("to take it away");
    let refused = classroom.client().ensure(&id("hong")).await;
    assert!(
        matches!(refused, Err(Error::Refused(Problem::NoImage))),
        "{refused:?}"
    );
    assert!(!classroom.client().health().await.expect("health").image);
}

#[tokio::test]
async fn a_host_that_lacks_a_program_is_told_which_and_how_to_mend_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let machined = tokio::process::Command::new(env!("CARGO_BIN_EXE_gyosil-machined"))
        .arg("--data")
        .arg(folder.path().join("data"))
        .args(["--socket-user", "nobody"])
        .env("PATH", folder.path())
        .output()
        .await;
    let machined = machined.expect("machined");
    assert!(!machined.status.success());
    let said = String::from_utf8_lossy(&machined.stderr);
    assert!(
        said.contains("runc, ip, nft") && said.contains("apt-get install "),
        "{said}"
    );
    // Nothing was made before that was known.
    assert!(!folder.path().join("data").exists());
}
