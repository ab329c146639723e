//! The addresses of pages and forms, in one place.

use std::fmt::{self, Write};

use course::{ItemId, Lang, LessonId};
use store::{AccountId, ClassId};

/// The course's front page.
pub fn course(lang: Lang) -> String {
    format!("/{lang}/")
}

/// The course's glossary.
pub fn glossary(lang: Lang) -> String {
    format!("/{lang}/glossary")
}

/// A lesson.
pub fn lesson(lang: Lang, lesson: &LessonId) -> String {
    format!("/{lang}/lessons/{lesson}")
}

/// An exercise or question on its lesson's page.
pub fn lesson_item(lang: Lang, lesson: &LessonId, item: &ItemId) -> String {
    format!("/{lang}/lessons/{lesson}#{item}")
}

/// A question on its lesson's page with an answer entered: `fields` is a urlencoded form.
pub fn lesson_with_draft(lang: Lang, lesson: &LessonId, item: &ItemId, fields: &str) -> String {
    format!(
        "/{lang}/lessons/{lesson}?draft={item}&fields={}#{item}",
        encoded(fields)
    )
}

/// A question on its lesson's page that was answered already, by another page.
pub fn lesson_given(lang: Lang, lesson: &LessonId, item: &ItemId) -> String {
    format!("/{lang}/lessons/{lesson}?given={item}#{item}")
}

/// The event stream of a lesson's open page, which says what it `shown`s (see [`course::Lesson::shown`]).
pub fn live(lang: Lang, lesson: &LessonId, shown: &str) -> String {
    format!("/{lang}/lessons/{lesson}/live?shown={shown}")
}

/// Where an exercise is checked.
pub fn exercise(lang: Lang, lesson: &LessonId, item: &ItemId) -> String {
    format!("/{lang}/lessons/{lesson}/exercises/{item}")
}

/// Where a question's answer goes.
pub fn question(lang: Lang, lesson: &LessonId, item: &ItemId) -> String {
    format!("/{lang}/lessons/{lesson}/questions/{item}")
}

/// Where a student is, and what is next.
pub fn me(lang: Lang) -> String {
    format!("/{lang}/me")
}

/// What is to be reviewed today.
pub fn review(lang: Lang) -> String {
    format!("/{lang}/review")
}

/// Where an item is reviewed: a question answered, an exercise begun anew.
pub fn review_item(lang: Lang, lesson: &LessonId, item: &ItemId) -> String {
    format!("/{lang}/review/{lesson}/{item}")
}

/// An item on the page of the review.
pub fn in_review(lang: Lang, lesson: &LessonId, item: &ItemId) -> String {
    format!("/{lang}/review#{}", review_id(lesson, item))
}

/// The id of an item's element where items of several lessons stand on one page.
pub fn review_id(lesson: &LessonId, item: &ItemId) -> String {
    format!("{}.{}.{item}", lesson.unit(), lesson.name())
}

/// Questions that are handed in together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paper {
    /// The quiz of the unit of this id.
    Unit(String),
    /// What tells where to begin.
    Placement,
}

impl Paper {
    /// Its address without the language.
    pub fn path(&self) -> String {
        match self {
            Self::Unit(id) => format!("quizzes/{id}"),
            Self::Placement => "placement".to_owned(),
        }
    }

    /// Its form, and where that is handed in.
    pub fn form(&self, lang: Lang) -> String {
        format!("/{lang}/{}", self.path())
    }

    /// What came of one sitting, from 0.
    pub fn result(&self, lang: Lang, sitting: i64) -> String {
        format!("/{lang}/{}/{sitting}", self.path())
    }
}

/// The course as its author has it now.
pub fn author(lang: Lang) -> String {
    format!("/{lang}/author/")
}

/// The event stream of that page.
pub fn author_live(lang: Lang) -> String {
    format!("/{lang}/author/live")
}

/// The author's page of a lesson with its languages side by side.
pub fn author_both(lang: Lang, lesson: &LessonId) -> String {
    format!("/{lang}/author/lessons/{lesson}/both")
}

/// Where an exercise is tried.
pub fn author_exercise(lang: Lang, lesson: &LessonId, item: &ItemId) -> String {
    format!("/{lang}/author/lessons/{lesson}/exercises/{item}")
}

/// On which page of a lesson something stands: what is sent from there comes back to its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The student's, with the student's own machine.
    Student,
    /// The author's preview, with a scratch machine.
    Author,
}

impl Side {
    fn base(self, lang: Lang) -> String {
        match self {
            Self::Student => format!("/{lang}"),
            Self::Author => format!("/{lang}/author"),
        }
    }

    /// The lesson.
    pub fn lesson(self, lang: Lang, lesson: &LessonId) -> String {
        format!("{}/lessons/{lesson}", self.base(lang))
    }

    /// Where one does something with the machine.
    pub fn machine(self, lang: Lang, act: MachineAct) -> String {
        format!("{}/machine/{act}", self.base(lang))
    }

    /// The terminal's WebSocket.
    pub fn terminal(self, lang: Lang) -> String {
        format!("{}/machine/terminal", self.base(lang))
    }
}

/// What a student may do with their machine from a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineAct {
    /// Start it, after it stopped or failed.
    Start,
    /// Wake it.
    Wake,
    /// Let it run longer.
    Extend,
    /// Stop it, or leave the queue.
    Stop,
    /// Give it a fresh disk.
    Reset,
}

impl MachineAct {
    const ALL: [Self; 5] = [
        Self::Start,
        Self::Wake,
        Self::Extend,
        Self::Stop,
        Self::Reset,
    ];

    /// The act that an address names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Wake => "wake",
            Self::Extend => "extend",
            Self::Stop => "stop",
            Self::Reset => "reset",
        }
    }
}

impl fmt::Display for MachineAct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The form to sign in, which leads on to `next`.
pub fn sign_in(lang: Lang, next: &str, lapsed: bool) -> String {
    let lapsed = if lapsed { "&lapsed=true" } else { "" };
    format!("/{lang}/sign-in?next={}{lapsed}", encoded(next))
}

/// The form to join a class, which leads on to `next`.
pub fn join(lang: Lang, next: &str) -> String {
    format!("/{lang}/join?next={}", encoded(next))
}

/// The form to join a class, with its code filled in.
pub fn join_with_code(lang: Lang, code: &str) -> String {
    format!("/{lang}/join?code={}", encoded(code))
}

/// One's own account.
pub fn account(lang: Lang) -> String {
    format!("/{lang}/account")
}

/// One's own account, with a class's code filled in.
pub fn account_with_code(lang: Lang, code: &str) -> String {
    format!("/{lang}/account?code={}", encoded(code))
}

/// One's own account, after something was done there.
pub fn account_done(lang: Lang, done: AccountAct) -> String {
    format!("/{lang}/account?done={done}")
}

/// Where something is done with one's own account.
pub fn account_act(lang: Lang, act: AccountAct) -> String {
    format!("/{lang}/account/{act}")
}

/// All that is on record of oneself, as a file.
pub fn account_export(lang: Lang) -> String {
    format!("/{lang}/account/export.json")
}

/// What somebody may do with their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountAct {
    /// Take another password.
    Password,
    /// Sign out one browser, or all.
    SignOut,
    /// Join another class.
    Join,
    /// Delete it.
    Delete,
}

impl AccountAct {
    const ALL: [Self; 4] = [Self::Password, Self::SignOut, Self::Join, Self::Delete];

    /// The act that an address names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SignOut => "sign-out",
            Self::Join => "join",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for AccountAct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The class's hub.
pub fn hub(lang: Lang) -> String {
    format!("/{lang}/hub")
}

/// An image of the hub, such as `library/nginx`, with the first of its tags or the one that is named.
pub fn hub_image(lang: Lang, name: &str, tag: Option<&str>) -> String {
    let page = format!("/{lang}/hub/images/{}", encoded(name));
    match tag {
        Some(tag) => format!("{page}?tag={}", encoded(tag)),
        None => page,
    }
}

/// Where a tag of it is removed.
pub fn hub_remove(lang: Lang, name: &str) -> String {
    format!("/{lang}/hub/images/{}/remove", encoded(name))
}

/// Where a token for the hub is made.
pub fn hub_tokens(lang: Lang) -> String {
    format!("/{lang}/hub/tokens")
}

/// Where one is revoked.
pub fn hub_revoke(lang: Lang) -> String {
    format!("/{lang}/hub/tokens/revoke")
}

/// Where one signs out.
pub fn sign_out(lang: Lang) -> String {
    format!("/{lang}/sign-out")
}

/// The form behind the one-time link.
pub fn setup(lang: Lang, token: &str) -> String {
    format!("/{lang}/setup/{}", encoded(token))
}

/// Where the colour theme is chosen.
pub fn theme(lang: Lang) -> String {
    format!("/{lang}/theme")
}

/// An instructor's classes.
pub fn classes(lang: Lang) -> String {
    format!("/{lang}/classes")
}

/// One class.
pub fn class(lang: Lang, class: ClassId) -> String {
    format!("/{lang}/classes/{class}")
}

/// A class's page in an order.
pub fn class_sorted(lang: Lang, class: ClassId, by_name: bool) -> String {
    let sort = if by_name { "name" } else { "help" };
    format!("/{lang}/classes/{class}?sort={sort}")
}

/// The event stream of a class's page, which shows the class as it was at `since_ms` with this version
/// of the course.
pub fn class_live(lang: Lang, class: ClassId, since_ms: i64, course: &str) -> String {
    format!("/{lang}/classes/{class}/live?since={since_ms}&course={course}")
}

/// A page of a class: `questions`, `mastery`, `assignments`, `announcements`, `export.csv` …
pub fn class_page(lang: Lang, class: ClassId, page: &str) -> String {
    format!("/{lang}/classes/{class}/{page}")
}

/// A student of a class.
pub fn class_student(lang: Lang, class: ClassId, student: AccountId) -> String {
    format!("/{lang}/classes/{class}/students/{student}")
}

/// Where a student puts announcements away.
pub fn announcements_heard(lang: Lang) -> String {
    format!("/{lang}/announcements/heard")
}

/// Who is in a class, and how they come in.
pub fn roster(lang: Lang, class: ClassId) -> String {
    format!("/{lang}/classes/{class}/roster")
}

/// Where something is done with a class's roster: `code`, `password`, `remove`, `teachers`.
pub fn roster_act(lang: Lang, class: ClassId, act: &str) -> String {
    format!("/{lang}/classes/{class}/roster/{act}")
}

/// Those who teach here.
pub fn instructors(lang: Lang) -> String {
    format!("/{lang}/instructors")
}

/// Where an instructor is made an admin.
pub fn make_admin(lang: Lang) -> String {
    format!("/{lang}/instructors/admin")
}

/// `text` as a part of a path or query: all but RFC 3986's unreserved characters and `/` as `%XX`.
fn encoded(text: &str) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut out, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
                out.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
            out
        })
}
