//! Whether this host can run machines at all, and what it cannot limit: said before anything is made,
//! with the mend. `gyosil doctor` looks further.

use std::collections::BTreeSet;

use anyhow::{bail, ensure};
use machine::needs::{self, KERNEL};

use crate::{cgroup::Cgroups, config::Options};

/// Fails where no machine could start.
pub(crate) fn check() -> anyhow::Result<()> {
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    ensure!(
        needs::kernel_version(&release) >= KERNEL,
        "machines need Linux {}.{} or newer, and this is {release}: install a newer kernel and restart \
         (on Ubuntu 22.04: apt-get install linux-generic-hwe-22.04)",
        KERNEL.0,
        KERNEL.1
    );
    let missing = needs::missing_programs(&std::env::var_os("PATH").unwrap_or_default());
    if !missing.is_empty() {
        let programs: Vec<&str> = missing.iter().map(|(program, _)| *program).collect();
        let packages: BTreeSet<&str> = missing.iter().map(|(_, package)| *package).collect();
        let packages: Vec<&str> = packages.into_iter().collect();
        bail!(
            "this host has no {}: apt-get install {}",
            programs.join(", "),
            packages.join(" ")
        );
    }
    Ok(())
}

/// Says what of a machine's limits this host cannot keep; fails at those that protect the host.
pub(crate) fn check_limits(cgroups: &Cgroups, options: &Options) -> anyhow::Result<()> {
    let missing = cgroups.missing_controllers();
    ensure!(
        missing.is_empty(),
        "this host has no control groups for {}: on the kernel's command line add \
         cgroup_enable=memory, and under systemd give the unit Delegate=yes",
        missing.join(", ")
    );
    if !cgroups.limits_swap() {
        tracing::warn!(
            "This host cannot limit swap, so machines could fill it: add swapaccount=1 to the kernel's \
             command line, or swapoff -a"
        );
    }
    if options.disk_speed.0 > 0 && !cgroups.limits_disk_speed() {
        tracing::warn!(
            "This host cannot limit the speed of machines' disks: that takes a kernel with \
             CONFIG_BLK_DEV_THROTTLING and the control group blkio, or io (systemd: Delegate=yes)"
        );
    }
    Ok(())
}
