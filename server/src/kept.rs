//! What is kept in memory of the record, and of pages made from it, as long as it is true.
//!
//! A class reads much oftener than it writes. The store tells of every change by the account's
//! [`Stamp`]: what was read under a stamp is true as long as the stamp is the same, and is looked at
//! again for each request: who is signed out, put out of a class or deleted is so at the very next one.
//!
//! A page's [`Place`] is everything that tells it from other pages, the account first: one student's page
//! has no way to another. Its [`Made`] is everything that it was made from. Only the nonce is put
//! in anew each time it goes out.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use app::{Rendered, Theme, components::MachineView};
use course::Course;
use machine::{MachineId, State};
use mastery::ItemAnalysis;
use moka::sync::Cache;
use store::{Account, AccountId, AnnouncementId, ClassId, SignInId, Stamp, Store};

use crate::{learner::Key, visitor::NOTE_USE_AFTER_MS};

/// How many sign-ins are kept, at a few hundred bytes each: a large school with two browsers a head.
const SIGN_INS: u64 = 10_000;
/// How much of pages is kept, in bytes: the lesson in hand of a thousand students, at some 50 KB each.
const PAGES: u64 = 48 * 1024 * 1024;
/// How long a machine that was ready is taken to be so when its lesson is opened once more. What an
/// open page says of it comes from machined itself, a moment later.
const READY_FOR: Duration = Duration::from_secs(1);
/// For how many machines that is kept: as many as may run on the largest host.
const MACHINES: u64 = 1000;
/// How long a class's analysis is kept, for the lessons that its teacher goes through: it is made of all that
/// the class has answered. The class's own page reads it anew.
const ANALYSED_FOR: Duration = Duration::from_secs(60);
/// For how many classes: as many as are taught at once on the largest host.
const ANALYSES: u64 = 100;
/// How long a page may say "in 5 minutes", in seconds.
const MINUTE: u64 = 60;

/// Everything that is kept.
pub(crate) struct Kept {
    /// By their names.
    sign_ins: Cache<String, Arc<Known>>,
    /// The same by the sessions that have led to them.
    sessions: Cache<String, Arc<Known>>,
    pages: Cache<Place, Arc<KeptPage>>,
    ready: Cache<MachineId, MachineView>,
    analyses: Cache<ClassId, Arc<Analysed>>,
}

/// How a class answered the course's questions, a moment ago.
pub(crate) struct Analysed {
    pub(crate) course: Arc<Course>,
    pub(crate) found: BTreeMap<Key, ItemAnalysis>,
}

/// Whose a sign-in is.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) account: Account,
    /// When its use was last noted, in unix milliseconds.
    pub(crate) used_ms: i64,
    /// The record as it was then.
    pub(crate) stamp: Stamp,
}

/// Which page it is, for whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// Whose; none for who is signed out.
    pub(crate) account: Option<AccountId>,
    /// Its path, which names the language as well.
    pub(crate) here: String,
    pub(crate) theme: Theme,
    /// Whether the author's pages are linked to.
    pub(crate) writes: bool,
    /// The last announcement that was put away.
    pub(crate) heard: Option<AnnouncementId>,
}

/// What a page was made from.
pub(crate) struct Made {
    stamp: Option<Stamp>,
    course: Arc<Course>,
    machine: Option<MachineView>,
    /// Of what the page says in minutes.
    minute: u64,
}

/// A page that went out before.
struct KeptPage {
    made: Made,
    /// The document, without what stands between the pieces: the nonce.
    pieces: Vec<String>,
    terminal: bool,
}

impl Kept {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        let size = |place: &Place, page: &Arc<KeptPage>| {
            let pieces: usize = page.pieces.iter().map(String::len).sum();
            u32::try_from(place.here.len() + pieces).unwrap_or(u32::MAX)
        };
        Self {
            sign_ins: Cache::new(SIGN_INS),
            sessions: Cache::new(SIGN_INS),
            pages: Cache::builder().weigher(size).max_capacity(PAGES).build(),
            ready: Cache::builder()
                .max_capacity(MACHINES)
                .time_to_live(READY_FOR)
                .build(),
            analyses: Cache::builder()
                .max_capacity(ANALYSES)
                .time_to_live(ANALYSED_FOR)
                .build(),
        }
    }

    /// Whose sign-in this is; `None` when it has ended.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub(crate) async fn signed_in(
        &self,
        store: &dyn Store,
        sign_in: &SignInId,
    ) -> store::Result<Option<Arc<Known>>> {
        let kept = self.sign_ins.get(sign_in.as_str());
        if let Some(known) = kept.filter(|it| store.stamp(it.account.id) == it.stamp) {
            return Ok(Some(known));
        }
        let Some((account, _)) = store.signed_in(sign_in).await? else {
            self.sign_ins.invalidate(sign_in.as_str());
            return Ok(None);
        };
        // Whose stamp it is was not known before. What is read after taking it is no older.
        let stamp = store.stamp(account.id);
        let Some((account, used_ms)) = store.signed_in(sign_in).await? else {
            return Ok(None);
        };
        let known = Arc::new(Known {
            account,
            used_ms,
            stamp,
        });
        self.sign_ins
            .insert(sign_in.as_str().to_owned(), known.clone());
        Ok(Some(known))
    }

    /// Keeps to whom a session has led.
    pub(crate) fn note_session(&self, session: &str, known: &Arc<Known>) {
        let kept = self.sessions.get(session);
        if kept.is_none_or(|kept| !Arc::ptr_eq(&kept, known)) {
            self.sessions.insert(session.to_owned(), known.clone());
        }
    }

    /// To whom this session leads, if it has before, their record is as it was, and its use need not be
    /// noted: one that was used within the hour has not ended by itself.
    pub(crate) fn known(&self, store: &dyn Store, session: &str) -> Option<Arc<Known>> {
        let known = self.sessions.get(session)?;
        let is_true = store.stamp(known.account.id) == known.stamp;
        let is_noted = store::now_ms() - known.used_ms <= NOTE_USE_AFTER_MS;
        (is_true && is_noted).then_some(known)
    }

    /// The page as it went out before, with another nonce, if it would be made from the same now.
    pub(crate) fn page(&self, place: &Place, now: &Made) -> Option<Rendered> {
        let page = self.pages.get(place)?;
        page.made.is(now).then(|| page.anew())
    }

    /// The same without asking machined: if its machine was ready a moment ago.
    pub(crate) fn page_at_once(
        &self,
        place: &Place,
        stamp: Option<Stamp>,
        course: &Arc<Course>,
        now_s: u64,
    ) -> Option<Rendered> {
        let page = self.pages.get(place)?;
        let machine = match &page.made.machine {
            Some(MachineView::Is(machine)) => Some(self.ready(&machine.id)?),
            Some(MachineView::SignIn) => Some(MachineView::SignIn),
            None => None,
            // It may be another by now.
            Some(_) => return None,
        };
        let now = Made::of(stamp, course.clone(), machine, now_s);
        page.made.is(&now).then(|| page.anew())
    }

    /// Keeps a page that goes out now.
    pub(crate) fn keep(&self, place: Place, made: Made, page: &Rendered) {
        let pieces = page.html.split(&page.nonce).map(str::to_owned).collect();
        let page = KeptPage {
            made,
            pieces,
            terminal: page.terminal,
        };
        self.pages.insert(place, Arc::new(page));
    }

    /// What was said of a machine a moment ago, if it was ready.
    pub(crate) fn ready(&self, machine: &MachineId) -> Option<MachineView> {
        self.ready.get(machine)
    }

    /// Keeps what machined said of a machine now. What is on its way to something else is asked about
    /// each time.
    pub(crate) fn note(&self, id: &MachineId, view: &MachineView) {
        match view {
            MachineView::Is(machine) if machine.state == State::Ready => {
                self.ready.insert(id.clone(), view.clone());
            }
            _ => self.forget(id),
        }
    }

    /// How a class answered this course's questions, as it was found out a moment ago.
    pub(crate) fn analysis(&self, class: ClassId, course: &Arc<Course>) -> Option<Arc<Analysed>> {
        let kept = self.analyses.get(&class);
        kept.filter(|kept| Arc::ptr_eq(&kept.course, course))
    }

    /// Keeps how a class answered.
    pub(crate) fn keep_analysis(&self, class: ClassId, analysed: Arc<Analysed>) {
        self.analyses.insert(class, analysed);
    }

    /// Something is done with a machine.
    pub(crate) fn forget(&self, machine: &MachineId) {
        self.ready.invalidate(machine);
    }
}

impl KeptPage {
    /// The page with another nonce.
    fn anew(&self) -> Rendered {
        let nonce = app::fresh_nonce();
        Rendered {
            html: self.pieces.join(&nonce),
            nonce,
            terminal: self.terminal,
        }
    }
}

impl Made {
    /// A page that is made now, of what is on record by `stamp`.
    pub(crate) fn of(
        stamp: Option<Stamp>,
        course: Arc<Course>,
        machine: Option<MachineView>,
        now_s: u64,
    ) -> Self {
        Self {
            stamp,
            course,
            machine,
            minute: now_s / MINUTE,
        }
    }

    fn is(&self, other: &Self) -> bool {
        self.stamp == other.stamp
            && Arc::ptr_eq(&self.course, &other.course)
            && self.minute == other.minute
            && self.machine == other.machine
    }
}
