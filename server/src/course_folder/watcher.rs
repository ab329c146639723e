//! Hears that something changes in a folder.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use notify::{
    Config, Event, EventKind, INotifyWatcher, PollWatcher, RecursiveMode,
    event::{AccessKind, AccessMode},
};
use tokio::{sync::mpsc, time::timeout};

/// How often a folder is looked through where the kernel does not tell: a thousand lessons are 2,000
/// files to ask about, some milliseconds.
const POLL: Duration = Duration::from_secs(1);

/// Watches a folder, all that is in it, and its being replaced by another of its name.
pub(super) struct Watcher {
    /// One message, however much has changed.
    changes: mpsc::Receiver<()>,
    /// Watches as long as it lives.
    _source: Option<Box<dyn notify::Watcher + Send>>,
}

impl Watcher {
    /// By the kernel (inotify); where that has no watches left for us, by looking again and again. On a
    /// network file system the kernel says nothing of what other hosts do, and nobody can tell: there
    /// SIGHUP is the way.
    pub(super) fn begin(dir: &Path) -> Self {
        let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        let (send, changes) = mpsc::channel(1);
        let source = by_kernel(&dir, send.clone()).or_else(|error| {
            tracing::warn!(
                dir = %dir.display(), %error,
                "the kernel does not watch {}, so it is looked through every second: {error}",
                dir.display()
            );
            by_looking(&dir, send)
        });
        let source = source.inspect_err(|error| {
            tracing::error!(
                dir = %dir.display(), %error,
                "{} is not watched; SIGHUP makes it be read: {error}",
                dir.display()
            );
        });
        Self {
            changes,
            _source: source.ok(),
        }
    }

    /// Waits for a change.
    pub(super) async fn change(&mut self) {
        if self.changes.recv().await.is_none() {
            // Nothing watches.
            std::future::pending::<()>().await;
        }
    }

    /// Whether something has changed that nobody waited for.
    pub(super) fn has_seen_more(&mut self) -> bool {
        self.changes.try_recv().is_ok()
    }

    /// Waits until nothing has changed for so long.
    pub(super) async fn quiet(&mut self, long: Duration) {
        while timeout(long, self.change()).await.is_ok() {}
    }
}

fn by_kernel(
    dir: &Path,
    changes: mpsc::Sender<()>,
) -> notify::Result<Box<dyn notify::Watcher + Send>> {
    use notify::Watcher as _;
    let config = Config::default().with_follow_symlinks(false);
    let mut source = INotifyWatcher::new(tell(dir.to_owned(), changes), config)?;
    let missing = match source.watch(dir, RecursiveMode::Recursive) {
        Err(error) if !dir.exists() => Some(error),
        answer => answer.map(|()| None)?,
    };
    // What replaces the folder shows in the one around it; so does its coming back.
    match (
        dir.parent()
            .map(|parent| source.watch(parent, RecursiveMode::NonRecursive)),
        missing,
    ) {
        (Some(Err(error)), Some(_)) | (None, Some(error)) => Err(error),
        _ => Ok(Box::new(source)),
    }
}

fn by_looking(
    dir: &Path,
    changes: mpsc::Sender<()>,
) -> notify::Result<Box<dyn notify::Watcher + Send>> {
    use notify::Watcher as _;
    let config = Config::default()
        .with_follow_symlinks(false)
        .with_poll_interval(POLL);
    let mut source = PollWatcher::new(tell(dir.to_owned(), changes), config)?;
    source.watch(dir, RecursiveMode::Recursive)?;
    Ok(Box::new(source))
}

/// Passes on that there was a change. Reading the course opens its files, which is none.
fn tell(dir: PathBuf, changes: mpsc::Sender<()>) -> impl Fn(notify::Result<Event>) {
    move |event| {
        let is_change = match event {
            Ok(event) => {
                let read = matches!(event.kind, EventKind::Access(kind)
                    if kind != AccessKind::Close(AccessMode::Write));
                !read && event.paths.iter().any(|path| path.starts_with(&dir))
            }
            // Something was missed.
            Err(_) => true,
        };
        if is_change {
            // A full channel already says it.
            let _ = changes.try_send(());
        }
    }
}
