//! Answers of a class that are on disk, beside bare SQLite.
//!
//! Bare SQLite writes rows like the server's, of the same tables and indexes, on the same file system, as
//! durable (a write-ahead log, `synchronous=FULL`), one a transaction; by one writer and by as many as
//! the server has connections. The faster counts.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use futures::future::try_join_all;
use sqlx::SqlitePool;
use store::{Location, Pool, Store};

use crate::{
    classroom::{Classroom, Student},
    median,
    samples::Samples,
};

/// A lesson, and a question of it that is answered by typing.
pub(crate) const LESSON: &str = "cloud/service-models";
const QUESTION: &str = "/ko/lessons/cloud/service-models/questions/kernel-module";
/// As many connections as the store opens.
const WRITERS: [usize; 2] = [1, 8];
/// The columns of an attempt, in values as the server has them.
const INSERT: &str = "INSERT INTO attempts
    (account, lesson, item, kind, version, response, score, is_right, idempotency_key, at_ms)
    VALUES ($1, 'cloud/service-models', 'kernel-module', 'question', '0123456789abcdef', $2, 0.0, 0, $3, $4)";
/// What an account of the bare record is.
const ACCOUNT: &str = "INSERT INTO accounts (name, name_key, role, password_hash, created_ms)
    VALUES ($1, $1, 'student', '', 0)";

/// What was measured, a number a round.
#[derive(Default)]
pub(crate) struct Submissions {
    per_s: Vec<f64>,
    acknowledged: Samples,
    bare_per_s: Vec<f64>,
}

impl Submissions {
    /// Measures them in turn.
    pub(crate) async fn measure(
        classroom: &mut Classroom,
        rounds: usize,
        seconds: u64,
    ) -> Result<Self> {
        let within = Duration::from_secs(seconds);
        let file = classroom.folder().join("bare.sqlite");
        let students = classroom.students.len();
        let bare = Bare::open(&file, students).await?;
        let mut measured = Self::default();
        for round in 1..=rounds {
            let begun = Instant::now();
            let submitting = classroom.students.iter_mut();
            let submitting = submitting.map(|student| submit(student, round, begun + within));
            let times = try_join_all(submitting).await?;
            let took = begun.elapsed().as_secs_f64();
            let count: usize = times.iter().map(Samples::len).sum();
            times
                .into_iter()
                .for_each(|times| measured.acknowledged.append(times));
            measured.per_s.push(per_s(count, took));
            let mut fastest: f64 = 0.0;
            for writers in WRITERS {
                fastest = fastest.max(bare.write(writers, within).await?);
            }
            measured.bare_per_s.push(fastest);
            println!(
                "submissions, {round} of {rounds}: {:.0} /s, bare {fastest:.0} /s",
                per_s(count, took)
            );
        }
        Ok(measured)
    }

    /// Ours of bare SQLite's.
    pub(crate) fn ratio(&self) -> f64 {
        median(self.per_s.clone()) / median(self.bare_per_s.clone())
    }

    pub(crate) fn rows(&self) -> Vec<(String, String)> {
        let p99 = self.acknowledged.percentile(99).unwrap_or(f64::NAN);
        let per_s = median(self.per_s.clone());
        let ratio = self.ratio();
        vec![
            (
                "answers on disk, all students at once".to_owned(),
                format!("{per_s:.0} /s, acknowledged p99 {p99:.0} ms; {ratio:.2} of bare SQLite"),
            ),
            (
                "bare SQLite, as durable, a row a transaction".to_owned(),
                format!("{:.0} /s", median(self.bare_per_s.clone())),
            ),
        ]
    }
}

/// Gives answers, each different, the next one once the last is acknowledged.
async fn submit(student: &mut Student, round: usize, until: Instant) -> Result<Samples> {
    let mut times = Samples::default();
    for number in 0.. {
        let begun = Instant::now();
        if begun > until {
            break;
        }
        // Wrong, so that the question stays open.
        let (answer, key) = (
            format!("{round} {number}"),
            format!("bench-{round}-{number}"),
        );
        let fields = [("text", answer.as_str()), ("key", &key), ("spent", "4000")];
        student.browser.post_live(QUESTION, &fields).await?;
        times.add(begun.elapsed());
    }
    Ok(times)
}

fn per_s(count: usize, seconds: f64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds
}

/// A record that nobody serves.
struct Bare {
    pool: SqlitePool,
    accounts: i64,
    next: Arc<AtomicU64>,
    _store: Arc<dyn Store>,
}

impl Bare {
    async fn open(file: &Path, students: usize) -> Result<Self> {
        let store = store::open(&Location::File(file.to_owned())).await?;
        let Pool::Sqlite(pool) = store.pool() else {
            bail!("a file is SQLite's");
        };
        for number in 0..students {
            let account = sqlx::query(ACCOUNT).bind(format!("student {number}"));
            account.execute(&pool).await?;
        }
        Ok(Self {
            pool,
            accounts: i64::try_from(students)?,
            next: Arc::default(),
            _store: store,
        })
    }

    /// Rows a second.
    async fn write(&self, writers: usize, within: Duration) -> Result<f64> {
        let begun = Instant::now();
        let counts = try_join_all((0..writers).map(|_| self.insert(begun + within))).await?;
        Ok(per_s(counts.iter().sum(), begun.elapsed().as_secs_f64()))
    }

    async fn insert(&self, until: Instant) -> Result<usize> {
        let mut connection = self.pool.acquire().await?;
        let mut count = 0;
        while Instant::now() < until {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            sqlx::query(INSERT)
                .bind(i64::try_from(number)? % self.accounts + 1)
                .bind(format!("{{\"short\":\"{number}\"}}"))
                .bind(format!("bench-{number}"))
                .bind(store::now_ms())
                .execute(&mut *connection)
                .await?;
            count += 1;
        }
        Ok(count)
    }
}
