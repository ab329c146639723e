//! Assignments: lessons that a class is to have done by a time.

use async_trait::async_trait;
use serde::Serialize;

use crate::{AccountId, AssignmentId, ClassId, Result};

/// A lesson with the time by which a class is to have done it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Assignment {
    /// Its number.
    pub id: AssignmentId,
    /// Whose.
    pub class: ClassId,
    /// The lesson's id.
    pub lesson: String,
    /// By when, in unix milliseconds.
    pub due_ms: i64,
}

/// An assignment as one of its students has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Assigned {
    /// The lesson's id.
    pub lesson: String,
    /// By when, in unix milliseconds.
    pub due_ms: i64,
    /// Where the class has its days: an IANA name.
    pub time_zone: String,
}

/// What classes are to do.
#[async_trait]
pub trait Assignments: Send + Sync {
    /// Gives a lesson to `class` until `due_ms` (unix milliseconds), or another time if it has it.
    async fn assign(&self, class: ClassId, lesson: &str, due_ms: i64) -> Result<()>;

    /// Takes an assignment of `class` back. What was done is kept.
    async fn withdraw(&self, class: ClassId, assignment: AssignmentId) -> Result<()>;

    /// The assignments of `class`, the first due first.
    async fn assignments(&self, class: ClassId) -> Result<Vec<Assignment>>;

    /// What the classes of a student have to do, the first due first.
    async fn assigned_to(&self, student: AccountId) -> Result<Vec<Assigned>>;
}
