//! A class's record, to take away: a table for spreadsheets, and statements for other learning systems.
//!
//! Both are written while they are read, so a large record needs no memory.

use std::{collections::HashMap, fmt::Write, sync::Arc};

use app::Words;
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use course::Course;
use futures::{Stream, StreamExt, stream};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use store::{AccountId, Attempt, AttemptId, Class, ItemKind, Place};

use crate::{
    app_state::Classroom,
    proxy::Via,
    trouble::Trouble,
    visitor::{Teacher, Visitor},
};

/// How many attempts are read at once: a few megabytes, with the longest answers.
const CHUNK: u32 = 1000;

/// Excel takes a file for UTF-8 only if it begins with this.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// How a cell begins that a spreadsheet would take for a formula:
/// <https://owasp.org/www-community/attacks/CSV_Injection>.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The columns of the table, as words of the interface.
const COLUMNS: [&str; 12] = [
    "export-number",
    "export-student",
    "lesson",
    "attempt-item",
    "export-kind",
    "export-place",
    "attempt-score",
    "export-right",
    "attempt-hints",
    "export-seconds",
    "attempt-when",
    "export-answer",
];

/// The record as a table, one row an attempt.
pub(super) async fn csv(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
) -> Result<Response, Trouble> {
    let record = Record::of(classroom, teacher, &visitor, None).await?;
    let head = COLUMNS.map(|word| record.words.t(word));
    let head = format!("{BYTE_ORDER_MARK}{}", line(&head));
    let name = record.file("csv");
    let body =
        stream::once(async { Ok(head) }).chain(record.chunks(|record, attempts| {
            attempts.iter().map(|attempt| record.row(attempt)).collect()
        }));
    Ok(file(&name, "text/csv; charset=utf-8", body))
}

/// The record as xAPI statements, in one JSON array: <https://github.com/adlnet/xAPI-Spec>, 1.0.3.
pub(super) async fn xapi(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
    Extension(via): Extension<Via>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let home = format!("{}://{}", via.scheme(), host.ok_or(Trouble::BadRequest)?);
    let record = Record::of(classroom, teacher, &visitor, Some(home)).await?;
    let name = record.file("json");
    let mut is_first = true;
    let statements = record.chunks(move |record, attempts| {
        attempts.iter().fold(String::new(), |mut out, attempt| {
            let gap = if is_first { "" } else { ",\n" };
            is_first = false;
            // Writing to a String cannot fail.
            let _ = write!(out, "{gap}{}", record.statement(attempt));
            out
        })
    });
    let body = stream::once(async { Ok("[".to_owned()) })
        .chain(statements)
        .chain(stream::once(async { Ok("]\n".to_owned()) }));
    Ok(file(&name, "application/json", body))
}

fn file(
    name: &str,
    kind: &'static str,
    body: impl Stream<Item = Result<String, store::Error>> + Send + 'static,
) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    (
        headers,
        Body::from_stream(body.map(|part| part.map(Bytes::from))),
    )
        .into_response()
}

/// A class's record on its way out.
struct Record {
    classroom: Classroom,
    course: Arc<Course>,
    class: Class,
    students: HashMap<AccountId, String>,
    words: Words,
    zone: TimeZone,
    /// The classroom's address, where one is needed.
    home: String,
}

impl Record {
    async fn of(
        classroom: Classroom,
        teacher: Teacher,
        visitor: &Visitor,
        home: Option<String>,
    ) -> Result<Self, Trouble> {
        let class = classroom.store.class(teacher.class).await?;
        let class = class.ok_or(Trouble::NotFound)?;
        let students = classroom.store.class_students(class.id).await?;
        Ok(Self {
            course: classroom.course(),
            students: students.into_iter().map(|it| (it.id, it.name)).collect(),
            words: Words(visitor.lang),
            zone: TimeZone::get(&class.time_zone)?,
            home: home.unwrap_or_default(),
            class,
            classroom,
        })
    }

    fn file(&self, ending: &str) -> String {
        format!("class-{}.{ending}", self.class.id)
    }

    /// The attempts, written chunk by chunk. An error while reading breaks the download off, which the
    /// browser shows as failed.
    fn chunks(
        self,
        mut written: impl FnMut(&Self, &[Attempt]) -> String + Send + 'static,
    ) -> impl Stream<Item = Result<String, store::Error>> + Send + 'static {
        let begin: Option<Option<AttemptId>> = Some(None);
        let record = Arc::new(self);
        let reads = stream::try_unfold(begin, {
            let record = record.clone();
            move |after| {
                let record = record.clone();
                async move {
                    let Some(after) = after else { return Ok(None) };
                    let (store, class) = (&record.classroom.store, record.class.id);
                    let attempts = store.class_attempts(class, after, CHUNK).await?;
                    let next = (attempts.len() == CHUNK as usize)
                        .then(|| attempts.last().map(|attempt| attempt.id));
                    Ok(Some((attempts, next)))
                }
            }
        });
        reads.map(move |read| read.map(|attempts| written(&record, &attempts)))
    }

    /// An attempt as a line of the table.
    fn row(&self, attempt: &Attempt) -> String {
        let is_known = |word: bool| self.words.t(if word { "export-yes" } else { "export-no" });
        let (lesson, item) = self.titles(attempt);
        let seconds = attempt.circumstances.spent_ms.map(|ms| ms / 1000);
        line(&[
            attempt.id.to_string(),
            self.student(attempt).to_owned(),
            lesson,
            item,
            self.words.t(kind_word(attempt.kind)),
            self.words.t(place_word(attempt.circumstances.place)),
            format!("{:.3}", attempt.score),
            is_known(attempt.right),
            attempt.circumstances.hints.to_string(),
            seconds.map(|it| it.to_string()).unwrap_or_default(),
            self.local(attempt.at_ms),
            answer(&attempt.response),
        ])
    }

    fn student(&self, attempt: &Attempt) -> &str {
        self.students
            .get(&attempt.account)
            .map_or("", String::as_str)
    }

    /// What lesson and item are called, or their ids where the course has them no more.
    fn titles(&self, attempt: &Attempt) -> (String, String) {
        let lang = self.words.0;
        let ids = attempt.lesson.parse().ok().zip(attempt.item.parse().ok());
        let found = ids.and_then(|(lesson, item)| {
            let lesson = self.course.lesson(&lesson)?;
            let exercise = lesson.exercise(&item).map(|it| &it.text.get(lang).title);
            let question = || lesson.question(&item).map(|it| &it.text.get(lang).title);
            let item = exercise.or_else(question)?;
            Some((lesson.pages.get(lang).title.clone(), item.clone()))
        });
        found.unwrap_or_else(|| (attempt.lesson.clone(), attempt.item.clone()))
    }

    /// A moment where the class is, as spreadsheets read it.
    fn local(&self, at_ms: i64) -> String {
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let at = self.zone.to_datetime(at);
        at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// An attempt as a statement.
    fn statement(&self, attempt: &Attempt) -> Value {
        let (_, title) = self.titles(attempt);
        let home = &self.home;
        let lang = self.words.0.code();
        let object = format!("{home}/lessons/{}#{}", attempt.lesson, attempt.item);
        let (verb, kind) = match attempt.kind {
            ItemKind::Question => ("answered", "question"),
            ItemKind::Exercise => ("completed", "performance"),
        };
        let mut result = json!({
            "score": { "scaled": attempt.score },
            "success": attempt.right,
            "completion": attempt.right || attempt.kind == ItemKind::Question,
        });
        if let Some(ms) = attempt.circumstances.spent_ms {
            let ms = ms.max(0);
            result["duration"] = format!("PT{}.{:03}S", ms / 1000, ms % 1000).into();
        }
        if !attempt.response.is_null() {
            result["response"] = answer(&attempt.response).into();
        }
        // The same attempt is the same statement, however often it is exported.
        let id = Sha1::digest(format!("{home}/attempts/{}", attempt.id));
        let id = id.first_chunk().copied().unwrap_or_default();
        let id = uuid::Builder::from_sha1_bytes(id).into_uuid();
        let at = Timestamp::from_millisecond(attempt.at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        json!({
            "id": id.to_string(),
            "actor": {
                "objectType": "Agent",
                "name": self.student(attempt),
                "account": { "homePage": home, "name": attempt.account.to_string() },
            },
            "verb": {
                "id": format!("http://adlnet.gov/expapi/verbs/{verb}"),
                "display": { "en": verb },
            },
            "object": {
                "objectType": "Activity",
                "id": object,
                "definition": {
                    "type": format!("http://adlnet.gov/expapi/activities/{kind}"),
                    "name": { lang: title },
                },
            },
            "result": result,
            "context": { "platform": "Gyosil", "revision": attempt.version },
            "timestamp": at.to_string(),
        })
    }
}

fn kind_word(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Question => "question",
        ItemKind::Exercise => "exercise",
    }
}

fn place_word(place: Place) -> &'static str {
    match place {
        Place::Lesson => "lesson",
        Place::Quiz => "export-quiz",
        Place::Placement => "export-placement",
        Place::Review => "export-review",
    }
}

/// What was answered: a text as it is, everything else as JSON.
fn answer(response: &Value) -> String {
    match response {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(one) if one.len() == 1 => one.values().map(answer).collect(),
        other => other.to_string(),
    }
}

/// A line of the table: <https://www.rfc-editor.org/rfc/rfc4180>, every cell quoted.
fn line(cells: &[String]) -> String {
    let cells: Vec<_> = cells.iter().map(|text| cell(text)).collect();
    cells.join(",") + "\r\n"
}

/// A cell that no spreadsheet takes for a formula. Numbers of ours are never negative.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(FORMULA) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}
