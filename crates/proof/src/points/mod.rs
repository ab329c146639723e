//! The points of the suite.

pub(crate) mod doors;
pub(crate) mod floods;
pub(crate) mod ids;
pub(crate) mod kernel;
pub(crate) mod outside;

use serde::Serialize;

use crate::{Error, Place, probe::Seen, stage::Stage};

/// What the suite shows, one wall each. The numbers are issue 3's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// A machine's user ids are not the host's, and no two machines share one.
    Ids,
    /// On the host, all of a machine's processes have unprivileged ids.
    Owners,
    /// Files of the host, the database and the neighbour's home cannot be read.
    Files,
    /// Processes of the host and of the neighbour cannot be seen or signalled.
    Processes,
    /// The kernel's knobs in /proc and /sys refuse writes, but those that are the machine's own.
    Knobs,
    /// No disk and no device of the host can be used, and no disk mounted.
    Devices,
    /// No limit can be raised, and no control group above be written.
    Groups,
    /// System calls that reach the host do not exist.
    Calls,
    /// No open file and no working folder leads to the host (CVE-2024-21626).
    Descriptors,
    /// No socket of the host or of its runtime answers, abstract ones included (CVE-2020-15257).
    Sockets,
    /// Neighbours, the host, machined and private addresses cannot be reached.
    Network,
    /// Floods of every kind stay inside, and the neighbour's terminal stays usable.
    Floods,
    /// Check scripts are nowhere in the machine.
    Scripts,
    /// machined's socket refuses everybody but its account.
    Callers,
    /// After deletion nothing remains.
    Leavings,
    /// With a wall taken away, its checks fail.
    Negative,
}

impl Point {
    /// The points that are tried on machines that run, in their order; the others come after them.
    pub(crate) const IN_MACHINES: [Self; 14] = [
        Self::Ids,
        Self::Owners,
        Self::Files,
        Self::Processes,
        Self::Knobs,
        Self::Devices,
        Self::Groups,
        Self::Calls,
        Self::Descriptors,
        Self::Sockets,
        Self::Network,
        Self::Floods,
        Self::Scripts,
        Self::Callers,
    ];

    /// The point's number, 1 to 16.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    pub(crate) async fn check(self, stage: &Stage) -> Result<Vec<(Place, Seen)>, Error> {
        match self {
            Self::Ids => ids::check_ids(stage).await,
            Self::Owners => ids::check_owners(stage).await,
            Self::Files => outside::check_files(stage).await,
            Self::Processes => outside::check_processes(stage).await,
            Self::Knobs => kernel::check_knobs(stage).await,
            Self::Devices => kernel::check_devices(stage).await,
            Self::Groups => kernel::check_groups(stage).await,
            Self::Calls => stage.run_both(&kernel::calls()).await,
            Self::Descriptors => doors::check_descriptors(stage).await,
            Self::Sockets => doors::check_sockets(stage).await,
            Self::Network => doors::check_network(stage).await,
            Self::Floods => floods::check(stage).await,
            Self::Scripts => outside::check_scripts(stage).await,
            Self::Callers => doors::check_callers(stage).await,
            Self::Leavings | Self::Negative => Ok(Vec::new()),
        }
    }
}
