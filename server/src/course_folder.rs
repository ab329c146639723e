//! The course's folder and what was read from it: the course that is taught, which is the last good
//! one, and the draft, which is the folder as it is now, problems included.
//!
//! A handler takes one snapshot and keeps it: a course that changes meanwhile is another value.

mod watcher;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, bail};
use app::pages::author;
use axum::body::Bytes;
use course::{Course, Lesson, Problem};
use sha2::{Digest, Sha256};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::spawn_blocking,
};

use watcher::Watcher;

/// How long nothing may change in the folder before it is read: an editor saves in some
/// milliseconds, `git checkout` and `rsync` pause less than this between two files, and an author
/// who looks at the page sees it within a second.
const SETTLE: Duration = Duration::from_millis(250);

/// A picture of the course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    pub(crate) bytes: Bytes,
    /// A hash of it, in hexadecimal.
    pub(crate) hash: String,
}

/// The pictures that lessons show, by the path that the author wrote.
pub(crate) type Assets = HashMap<String, Asset>;

/// The course that students have; by default one without lessons.
#[derive(Debug, Default)]
pub(crate) struct Taught {
    pub(crate) course: Arc<Course>,
    pub(crate) assets: Arc<Assets>,
}

/// The folder as it was read last.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// The course as far as it can be shown, with its problems; where `course.toml` cannot be read, the
    /// course is what was there before.
    shown: author::Draft,
    pub(crate) assets: Arc<Assets>,
}

/// The folder, for all who need what is in it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CourseFolder(Arc<Parts>);

struct Parts {
    dir: PathBuf,
    taught: watch::Sender<Arc<Taught>>,
    draft: watch::Sender<Arc<Draft>>,
}

impl CourseFolder {
    /// Reads the folder. Where it `may_be_broken`, a course with problems is taught as one without
    /// lessons until it has none. [`KeepUp`] does the rest.
    ///
    /// # Errors
    /// All problems of the course, if it may not have any.
    pub(crate) fn open(dir: &Path, may_be_broken: bool) -> Result<(Self, KeepUp)> {
        // Watched before it is read, so that nothing is missed.
        let watcher = Watcher::begin(dir);
        let draft = Draft::read(dir, None);
        let taught = match draft.to_teach() {
            Some(taught) => taught,
            None if may_be_broken => Taught::default(),
            None => bail!(
                "the course in {} has problems:\n{}",
                dir.display(),
                draft.report()
            ),
        };
        let folder = Self(Arc::new(Parts {
            dir: dir.to_owned(),
            taught: watch::Sender::new(Arc::new(taught)),
            draft: watch::Sender::new(Arc::new(draft)),
        }));
        let keep_up = KeepUp {
            folder: folder.clone(),
            watcher,
        };
        Ok((folder, keep_up))
    }

    /// What students have now.
    pub(crate) fn taught(&self) -> Arc<Taught> {
        self.0.taught.borrow().clone()
    }

    /// The same, and when it becomes another.
    pub(crate) fn follow_taught(&self) -> watch::Receiver<Arc<Taught>> {
        self.0.taught.subscribe()
    }

    /// What the author has now.
    pub(crate) fn draft(&self) -> Arc<Draft> {
        self.0.draft.borrow().clone()
    }

    /// The same, and when it becomes another.
    pub(crate) fn follow_draft(&self) -> watch::Receiver<Arc<Draft>> {
        self.0.draft.subscribe()
    }

    /// Shows the draft to authors, and teaches it if it is good.
    fn take(&self, draft: Draft) {
        let dir = self.0.dir.display();
        if draft.is_like(&self.draft()) {
            tracing::debug!(%dir, "the course in {dir} is as it was");
            return;
        }
        match draft.to_teach() {
            Some(taught) => {
                let fingerprint = &taught.course.fingerprint;
                tracing::info!(%dir, fingerprint, "the course in {dir} has changed and is taken up");
                self.0.taught.send_replace(Arc::new(taught));
            }
            None => tracing::error!(
                %dir,
                "the course in {dir} has changed and has problems; the last good one stays:\n{}",
                draft.report()
            ),
        }
        self.0.draft.send_replace(Arc::new(draft));
    }
}

/// Reads the folder anew whenever it has changed and settled, and at each SIGHUP.
pub(crate) struct KeepUp {
    folder: CourseFolder,
    watcher: Watcher,
}

impl KeepUp {
    /// For ever.
    ///
    /// # Errors
    /// When signals cannot be heard, or reading panics.
    pub(crate) async fn run(mut self) -> Result<()> {
        let mut told = signal(SignalKind::hangup()).context("listening for SIGHUP")?;
        loop {
            tokio::select! {
                () = self.watcher.change() => {}
                _ = told.recv() => tracing::info!("told to read the course anew"),
            }
            self.watcher.quiet(SETTLE).await;
            // Anew each time: the folder may have been replaced by another one.
            self.watcher = Watcher::begin(&self.folder.0.dir);
            let (dir, before) = (self.folder.0.dir.clone(), self.folder.draft());
            let read = spawn_blocking(move || Draft::read(&dir, Some(&before)));
            let draft = read.await.context("reading the course")?;
            // What changed while it was read may be in it by half; it is read again.
            if !self.watcher.has_seen_more() {
                self.folder.take(draft);
            }
        }
    }
}

impl Draft {
    fn read(dir: &Path, before: Option<&Self>) -> Self {
        let (course, mut problems) = Course::preview(dir);
        let Some(course) = course else {
            let before = before.map(|before| (before.shown(), before.assets.clone()));
            let (shown, assets) = before.unwrap_or_default();
            let problems = problems.into();
            return Self {
                shown: author::Draft { problems, ..shown },
                assets,
            };
        };
        let assets = assets(&course, dir, &mut problems);
        let pictures = assets
            .iter()
            .map(|(path, asset)| (path.clone(), asset.hash.clone()))
            .collect();
        let saved = course
            .lessons()
            .filter_map(|lesson| Some((lesson.id.clone(), last_saved(dir, &course, lesson)?)))
            .collect();
        Self {
            shown: author::Draft {
                course: Some(Arc::new(course)),
                problems: problems.into(),
                pictures: Arc::new(pictures),
                saved: Arc::new(saved),
            },
            assets: Arc::new(assets),
        }
    }

    /// What the author's pages show of it.
    pub(crate) fn shown(&self) -> author::Draft {
        self.shown.clone()
    }

    /// The course, if it has no problems.
    fn to_teach(&self) -> Option<Taught> {
        let course = self.shown.course.clone();
        Some(Taught {
            course: course.filter(|_| self.shown.problems.is_empty())?,
            assets: self.assets.clone(),
        })
    }

    /// Whether it shows and says the same.
    fn is_like(&self, other: &Self) -> bool {
        let fingerprint = |draft: &Self| {
            let course = draft.shown.course.as_ref();
            course.map(|course| course.fingerprint.clone())
        };
        fingerprint(self) == fingerprint(other)
            && self.shown.problems == other.shown.problems
            && self.assets == other.assets
    }

    fn report(&self) -> String {
        let problems: Vec<String> = self
            .shown
            .problems
            .iter()
            .map(ToString::to_string)
            .collect();
        problems.join("\n\n")
    }
}

/// Reads every picture that a lesson shows.
fn assets(course: &Course, dir: &Path, problems: &mut Vec<Problem>) -> Assets {
    let names = course.lessons().flat_map(|lesson| &lesson.assets);
    let mut assets = Assets::new();
    for name in names {
        match std::fs::read(dir.join(name)) {
            Ok(bytes) => {
                let hash = hex::encode(&Sha256::digest(&bytes)[..8]);
                let bytes = bytes.into();
                assets.insert(name.clone(), Asset { bytes, hash });
            }
            Err(error) => problems.push(Problem {
                code: "file",
                file: name.clone(),
                line: 0,
                column: 0,
                width: 0,
                source: String::new(),
                skipped: 0,
                message: format!("the picture cannot be read: {error}"),
                help: "it has to be readable for whoever serves the course".to_owned(),
            }),
        }
    }
    assets
}

/// When one of the lesson's files was last saved, in milliseconds since 1970.
fn last_saved(dir: &Path, course: &Course, lesson: &Lesson) -> Option<i64> {
    let saved = course.languages.iter().filter_map(|lang| {
        let file = dir.join(format!("{}.{lang}.md", lesson.id));
        let saved = std::fs::metadata(file).ok()?.modified().ok()?;
        let since = saved.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok()
    });
    saved.max()
}
