//! Attempts that come at once are written to disk at once.
//!
//! A transaction costs a write to disk that waits for the disk, some milliseconds, however much is in
//! it; and there is one writer. So whatever has come while one was written makes the next: a class that
//! hands in at the same moment waits for two writes and not for three hundred. Each is acknowledged once
//! its transaction is on disk.
//!
//! What has come is written whether or not the one who asked still waits.

use std::{mem, sync::Arc};

use sqlx::SqlitePool;
use tokio::sync::{mpsc, oneshot};

use super::attempts;
use crate::{
    AccountId, AttemptKey, Circumstances, Error, ItemKind, NewAttempt, RecordError, Recorded,
    changes::Changes,
};

/// The most that one transaction takes: others who write wait for some ten milliseconds then.
const AT_ONCE: usize = 256;
/// The most that wait; who comes then waits to wait. At a few hundred bytes each that is a megabyte.
const WAITING: usize = 4096;

/// Where attempts go.
#[derive(Debug)]
pub(super) struct Together(mpsc::Sender<Waiting>);

/// An attempt that is to be recorded, and who wants to know.
#[derive(Debug)]
struct Waiting {
    account: AccountId,
    lesson: String,
    item: String,
    kind: ItemKind,
    version: String,
    response: serde_json::Value,
    score: f64,
    right: bool,
    key: AttemptKey,
    circumstances: Circumstances,
    told: oneshot::Sender<Result<Recorded, RecordError>>,
}

impl Together {
    /// Begins to write what comes, until this is dropped and all is written.
    pub(super) fn begin(pool: SqlitePool, changes: Arc<Changes>) -> Self {
        let (send, queue) = mpsc::channel(WAITING);
        tokio::spawn(write(pool, changes, queue));
        Self(send)
    }

    /// Records an attempt. When this returns, it is on disk.
    pub(super) async fn record(&self, new: NewAttempt<'_>) -> Result<Recorded, RecordError> {
        let (told, outcome) = oneshot::channel();
        let waiting = Waiting {
            account: new.account,
            lesson: new.lesson.to_owned(),
            item: new.item.to_owned(),
            kind: new.kind,
            version: new.version.to_owned(),
            response: new.response.clone(),
            score: new.score,
            right: new.right,
            key: new.key.clone(),
            circumstances: new.circumstances,
            told,
        };
        let ended = |_| Error(sqlx::Error::WorkerCrashed);
        self.0.send(waiting).await.map_err(|_| ended(()))?;
        outcome.await.map_err(|_| ended(()))?
    }
}

impl Waiting {
    fn new_attempt(&self) -> NewAttempt<'_> {
        NewAttempt {
            account: self.account,
            lesson: &self.lesson,
            item: &self.item,
            kind: self.kind,
            version: &self.version,
            response: &self.response,
            score: self.score,
            right: self.right,
            key: &self.key,
            circumstances: self.circumstances,
        }
    }
}

async fn write(pool: SqlitePool, changes: Arc<Changes>, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = Vec::new();
    while queue.recv_many(&mut waiting, AT_ONCE).await > 0 {
        let changed: Vec<_> = waiting.iter().map(|it| changes.of(it.account)).collect();
        let outcomes = match all(&pool, &waiting).await {
            Ok(outcomes) => outcomes,
            // One alone has its own error.
            Err(error) if waiting.len() == 1 => vec![Err(Error(error).into())],
            // The disk is full, perhaps: what still has room in it is recorded.
            Err(_) => one_by_one(&pool, &waiting).await,
        };
        drop(changed);
        for (it, outcome) in mem::take(&mut waiting).into_iter().zip(outcomes) {
            // Who asked may have gone.
            let _ = it.told.send(outcome);
        }
    }
}

/// Records them in one transaction. One that is refused keeps no other from being recorded.
async fn all(
    pool: &SqlitePool,
    waiting: &[Waiting],
) -> Result<Vec<Result<Recorded, RecordError>>, sqlx::Error> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let mut outcomes = Vec::with_capacity(waiting.len());
    for it in waiting {
        outcomes.push(attempts::record(&mut transaction, it.new_attempt()).await);
    }
    transaction.commit().await?;
    Ok(outcomes)
}

async fn one_by_one(pool: &SqlitePool, waiting: &[Waiting]) -> Vec<Result<Recorded, RecordError>> {
    let mut outcomes = Vec::with_capacity(waiting.len());
    for it in waiting {
        let outcome = all(pool, std::slice::from_ref(it)).await;
        let outcome = outcome.map_err(|error| Error(error).into());
        outcomes.push(outcome.and_then(|mut one| one.remove(0)));
    }
    outcomes
}
