//! What a record of attempts says: how well a student masters a concept, how well an item measures,
//! and what is to be looked at again today.
//!
//! Everything here is a function of the attempts alone: no store, no course, no clock. The rules are
//! stated where they are programmed, and for teachers in `docs/mastery.md`.
//!
//! - [`evidence`]: one number an item, from a student's attempts.
//! - [`Mastery`]: one number a concept, with how sure it is, from the evidence of its items.
//! - [`analyse`]: how hard an item is for a class, and whether it tells strong students from weak.
//! - [`Memory`] and [`day_list`]: spaced repetition.

mod attempt;
mod concept;
mod day;
mod evidence;
mod item_analysis;
mod memory;
mod review;

pub use attempt::{Attempt, Kind};
pub use concept::{CENTRAL, Level, Mastery, POINTS_COUNTED};
pub use day::{Calendar, Day, UnknownZone};
pub use evidence::{HINT_COST, PASS_LEAST, evidence};
pub use item_analysis::{FEW, FirstAttempt, ItemAnalysis, STUDENTS_LEAST, analyse};
pub use memory::{Memory, RETENTION, memories};
pub use review::{Candidate, DAY_LIMIT, day_list, estimate};
