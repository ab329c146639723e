//! Announcements: what an instructor says to a whole class.

use std::str::FromStr;

use async_trait::async_trait;
use serde::Serialize;

use crate::{AccountId, AnnouncementId, ClassId, Result};

/// The longest announcement, in characters: a few sentences, which is what is read over a terminal.
pub const ANNOUNCEMENT_MAX: usize = 500;

/// What is announced: 1 to [`ANNOUNCEMENT_MAX`] characters, no control characters but line ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncementText(String);

/// A text that cannot be announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAnnouncement {
    /// Nothing is in it.
    #[error("an announcement needs a text")]
    Empty,
    /// More than [`ANNOUNCEMENT_MAX`] characters.
    #[error("an announcement has at most {ANNOUNCEMENT_MAX} characters")]
    TooLong,
}

impl AnnouncementText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AnnouncementText {
    type Err = BadAnnouncement;

    fn from_str(text: &str) -> Result<Self, BadAnnouncement> {
        let text = text.replace("\r\n", "\n");
        let kept: String = text
            .trim()
            .chars()
            .filter(|c| *c == '\n' || !c.is_control())
            .collect();
        match kept.chars().count() {
            0 => Err(BadAnnouncement::Empty),
            count if count > ANNOUNCEMENT_MAX => Err(BadAnnouncement::TooLong),
            _ => Ok(Self(kept)),
        }
    }
}

/// Something said to a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Announcement {
    /// Its number.
    pub id: AnnouncementId,
    /// Who said it.
    pub author: String,
    /// What; text, never markup.
    pub text: String,
    /// When, in unix milliseconds.
    pub at_ms: i64,
}

/// What is said to classes.
#[async_trait]
pub trait Announcements: Send + Sync {
    /// Says something to `class`.
    async fn announce(
        &self,
        class: ClassId,
        author: AccountId,
        text: &AnnouncementText,
    ) -> Result<()>;

    /// What was said to a student's classes after `since_ms` (unix milliseconds), the last first.
    async fn announced_to(&self, student: AccountId, since_ms: i64) -> Result<Vec<Announcement>>;
}
