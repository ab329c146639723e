//! What a classroom of a test has on the host.

use std::{fs, time::Duration};

pub(crate) use proof::footprint::{Footprint, claims, group_folders, processes};

use crate::classroom::{Classroom, SOON};

pub(crate) async fn measure(classroom: &Classroom) -> Footprint {
    let measured = proof::footprint::measure(classroom.data(), &classroom.disks()).await;
    measured.expect("a footprint")
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
