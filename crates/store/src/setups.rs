//! Which exercises' setup scripts have run on which machine's disk.

use crate::{Result, Store, now_ms};

impl Store {
    /// Whether `exercise` was set up on this disk: `generation` is the machine's, and changes with
    /// each fresh disk.
    pub async fn setup_done(
        &self,
        machine: &str,
        generation: &str,
        exercise: &str,
    ) -> Result<bool> {
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM machine_setups
                            WHERE machine = $1 AND generation = $2 AND exercise = $3)",
        )
        .bind(machine)
        .bind(generation)
        .bind(exercise)
        .fetch_one(&self.pool)
        .await?)
    }

    /// Notes that `exercise` was set up on this disk, and forgets the machine's earlier disks, which
    /// are gone. Noting it twice is no error.
    pub async fn mark_setup(&self, machine: &str, generation: &str, exercise: &str) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query("DELETE FROM machine_setups WHERE machine = $1 AND generation <> $2")
            .bind(machine)
            .bind(generation)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO machine_setups (machine, generation, exercise, at_ms)
             VALUES ($1, $2, $3, $4) ON CONFLICT (machine, generation, exercise) DO NOTHING",
        )
        .bind(machine)
        .bind(generation)
        .bind(exercise)
        .bind(now_ms())
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }
}
