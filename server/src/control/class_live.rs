//! A class's page while it is open: rows that have changed.

use std::{convert::Infallible, sync::Arc};

use app::{Words, pages};
use axum::{
    extract::{Query, State},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use store::ClassId;
use tokio::sync::watch;

use crate::{
    app_state::Classroom,
    class_watch::Grid,
    trouble::Trouble,
    visitor::{Teacher, Visitor},
};

/// What the page shows.
#[derive(Deserialize)]
pub(super) struct Open {
    /// As the class was then.
    since: i64,
    /// With this version of the course.
    course: String,
}

/// Streams what changes to a class's page for as long as it is open.
pub(super) async fn follow(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
    Query(open): Query<Open>,
) -> Result<Response, Trouble> {
    let grid = classroom.classes.follow(&classroom, teacher.class).await?;
    let page = OpenPage {
        grid,
        words: Words(visitor.lang),
        class: teacher.class,
        since: open.since,
        course: open.course,
        is_old: false,
    };
    let events = page
        .pieces()
        .map(|pieces| Ok::<_, Infallible>(Event::default().data(pieces)));
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response())
}

/// One open page of a class.
struct OpenPage {
    grid: watch::Receiver<Arc<Grid>>,
    words: Words,
    class: ClassId,
    /// Up to which time the page has everything.
    since: i64,
    course: String,
    /// The course has other columns now: nothing more fits.
    is_old: bool,
}

impl OpenPage {
    fn pieces(mut self) -> impl Stream<Item = String> {
        self.grid.mark_changed();
        stream::unfold(self, |mut page| async move {
            if page.is_old {
                std::future::pending::<()>().await;
            }
            page.grid.changed().await.ok()?;
            let grid = page.grid.borrow_and_update().clone();
            let pieces = page.changed(&grid);
            page.since = grid.at_ms;
            Some((stream::iter(pieces), page))
        })
        .flatten()
    }

    /// What has changed. Rows and what is no row come apart, as HTML is not read alike in the two.
    fn changed(&mut self, grid: &Grid) -> Vec<String> {
        if grid.course.fingerprint != self.course {
            // Rows of other columns would not fit what the page has.
            self.is_old = true;
            let (words, class) = (self.words, self.class);
            return vec![line(app::fragment(|| pages::class_changed(words, class)))];
        }
        let (words, class, columns) = (self.words, self.class, &grid.columns);
        let mut rows = String::new();
        let mut commands = String::new();
        for shown in &grid.rows {
            if shown.row_ms > self.since {
                rows += &app::fragment(|| pages::row(words, class, columns, &shown.row));
            } else if shown.command_ms > self.since {
                commands += &app::fragment(|| pages::command(words, &shown.row));
            }
        }
        if !rows.is_empty() {
            commands += &app::fragment(|| pages::empty_note(words, true));
        }
        if grid.totals.1 > self.since {
            rows += &app::fragment(|| pages::totals(words, columns, &grid.totals.0));
        }
        [rows, commands]
            .into_iter()
            .filter(|pieces| !pieces.is_empty())
            .map(line)
            .collect()
    }
}

/// A carriage return would end a field of the event stream.
fn line(html: String) -> String {
    html.replace('\r', "")
}
