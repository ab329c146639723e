//! Tells machined how many students may come who have no machine yet, for the size of its pool.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anyhow::Result;
use machine::Client;
use store::Store;
use tokio::{sync::Notify, time::timeout};

use crate::app_state::machine_id;

/// How often it is told again without anybody joining: machines come and go, and a machined that was
/// started anew knows nothing.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// The students of all classes, as far as machined is told of them.
#[derive(Clone, Default)]
pub(crate) struct Roster(Arc<Notify>);

impl Roster {
    /// Somebody has joined.
    pub(crate) fn has_grown(&self) {
        self.0.notify_one();
    }

    /// Tells machined now, when somebody joins, and from time to time.
    pub(crate) async fn keep_told(self, store: Arc<dyn Store>, machines: Client) {
        loop {
            if let Err(error) = tell(&*store, &machines).await {
                tracing::warn!(%error, "machined was not told who may come: {error:#}");
            }
            // Whichever comes first; nothing is to be done about either.
            let _ = timeout(AGAIN_AFTER, self.0.notified()).await;
        }
    }
}

async fn tell(store: &dyn Store, machines: &Client) -> Result<()> {
    let there: HashSet<_> = machines.list().await?.into_iter().map(|it| it.id).collect();
    let students = store.students().await?.into_iter();
    let expected = students
        .filter(|student| !there.contains(&machine_id(*student)))
        .count();
    let expected = u32::try_from(expected).unwrap_or(u32::MAX);
    machines.set_roster(machine::Roster { expected }).await?;
    Ok(())
}
