//! Announcements, in SQL.

use async_trait::async_trait;

use super::Record;
use crate::{AccountId, Announcement, AnnouncementText, Announcements, ClassId, Result, now_ms};

#[async_trait]
impl Announcements for Record {
    async fn announce(
        &self,
        class: ClassId,
        author: AccountId,
        text: &AnnouncementText,
    ) -> Result<()> {
        let _change = self.changes.of_all();
        sqlx::query(
            "INSERT INTO announcements (class, author, text, at_ms) VALUES ($1, $2, $3, $4)",
        )
        .bind(class)
        .bind(author)
        .bind(text.as_str())
        .bind(now_ms())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn announced_to(&self, student: AccountId, since_ms: i64) -> Result<Vec<Announcement>> {
        Ok(sqlx::query_as(
            "SELECT announcements.id, accounts.name AS author, text, at_ms
             FROM announcements JOIN accounts ON accounts.id = announcements.author
             WHERE announcements.class IN (SELECT class FROM memberships WHERE account = $1)
                 AND at_ms > $2 ORDER BY announcements.id DESC",
        )
        .bind(student)
        .bind(since_ms)
        .fetch_all(&self.pool)
        .await?)
    }
}
