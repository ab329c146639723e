//! Which exercises' setup scripts have run on which machine's disk.

use async_trait::async_trait;

use crate::Result;

/// What has run on which disk.
#[async_trait]
pub trait Setups: Send + Sync {
    /// Whether `exercise` was set up on this disk: `generation` is the machine's, and changes with
    /// each fresh disk.
    async fn setup_done(&self, machine: &str, generation: &str, exercise: &str) -> Result<bool>;

    /// Notes that `exercise` was set up on this disk, and forgets the machine's earlier disks, which
    /// are gone. Noting it twice is no error.
    async fn mark_setup(&self, machine: &str, generation: &str, exercise: &str) -> Result<()>;
}
