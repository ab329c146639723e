//! Assignments, in SQL.

use async_trait::async_trait;

use super::Record;
use crate::{AccountId, Assigned, Assignment, AssignmentId, Assignments, ClassId, Result, now_ms};

#[async_trait]
impl Assignments for Record {
    async fn assign(&self, class: ClassId, lesson: &str, due_ms: i64) -> Result<()> {
        let _change = self.changes.of_all();
        sqlx::query(
            "INSERT INTO assignments (class, lesson, due_ms, created_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (class, lesson) DO UPDATE SET due_ms = excluded.due_ms",
        )
        .bind(class)
        .bind(lesson)
        .bind(due_ms)
        .bind(now_ms())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn withdraw(&self, class: ClassId, assignment: AssignmentId) -> Result<()> {
        let _change = self.changes.of_all();
        sqlx::query("DELETE FROM assignments WHERE class = $1 AND id = $2")
            .bind(class)
            .bind(assignment)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn assignments(&self, class: ClassId) -> Result<Vec<Assignment>> {
        Ok(sqlx::query_as(
            "SELECT id, class, lesson, due_ms FROM assignments WHERE class = $1
             ORDER BY due_ms, id",
        )
        .bind(class)
        .fetch_all(&self.pool)
        .await?)
    }

    async fn assigned_to(&self, student: AccountId) -> Result<Vec<Assigned>> {
        Ok(sqlx::query_as(
            "SELECT lesson, due_ms, time_zone FROM assignments
             JOIN classes ON classes.id = assignments.class
             JOIN memberships ON memberships.class = assignments.class
             WHERE memberships.account = $1 ORDER BY due_ms, assignments.id",
        )
        .bind(student)
        .fetch_all(&self.pool)
        .await?)
    }
}
