//! Setups, in SQL.

use async_trait::async_trait;

use super::Record;
use crate::{Result, Setups, now_ms};

#[async_trait]
impl Setups for Record {
    async fn setup_done(&self, machine: &str, generation: &str, exercise: &str) -> Result<bool> {
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

    async fn mark_setup(&self, machine: &str, generation: &str, exercise: &str) -> Result<()> {
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
