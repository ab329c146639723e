//! The author's pages: for instructors, and for whoever is at the computer where the classroom was
//! opened with `--author`. Every handler takes an [`Author`], so none can be reached by anybody else.

mod stream;
mod trial;

use app::{
    components::Notice,
    pages::{
        author::{self, Draft, LessonDraft, View},
        paths::{self, MachineAct, Side},
    },
};
use axum::{
    Form, Router,
    extract::{Path, Query, RawForm, State, ws::WebSocketUpgrade},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use course::{BadResponse, ItemId, Lang, LessonId};

use super::{
    Page, files, fragment,
    machine::{self, Back},
    terminal,
};
use crate::{
    answers::{self, Fields},
    app_state::Classroom,
    trouble::Trouble,
    visitor::{Author, Visitor},
};

/// Pages and forms that are answered at once.
pub(super) fn pages() -> Router<Classroom> {
    Router::new()
        .route("/{lang}/author", get(with_slash))
        .route("/{lang}/author/", get(overview))
        .route("/{lang}/author/lessons/{unit}/{lesson}", get(lesson))
        .route("/{lang}/author/lessons/{unit}/{lesson}/both", get(both))
        .route(
            "/{lang}/author/lessons/{unit}/{lesson}/questions/{item}",
            post(answer),
        )
        .route("/{lang}/author/machine/{act}", post(act))
        .route("/{lang}/author/assets/{unit}/{file}", get(asset))
}

/// What lasts as long as a page is open, or as a script runs.
pub(super) fn streams() -> Router<Classroom> {
    Router::new()
        .route("/{lang}/author/live", get(stream::overview))
        .route(
            "/{lang}/author/lessons/{unit}/{lesson}/live",
            get(stream::one),
        )
        .route(
            "/{lang}/author/lessons/{unit}/{lesson}/both/live",
            get(stream::both),
        )
        .route(
            "/{lang}/author/lessons/{unit}/{lesson}/exercises/{item}",
            post(trial::run),
        )
        .route("/{lang}/author/machine/terminal", get(attach))
}

async fn with_slash(_: Author, visitor: Visitor) -> Redirect {
    Redirect::to(&paths::author(visitor.lang))
}

async fn overview(State(classroom): State<Classroom>, _: Author, visitor: Visitor) -> Page {
    let draft = classroom.folder.draft().shown();
    author::overview(visitor.frame(&classroom), draft, store::now_ms()).into()
}

type LessonPath = Path<(String, String, String)>;

async fn lesson(
    State(classroom): State<Classroom>,
    author: Author,
    visitor: Visitor,
    Path((_, unit, name)): LessonPath,
) -> Result<Page, Trouble> {
    let (draft, lesson) = find(&classroom, &unit, &name)?;
    let course = draft.course.as_ref();
    let has_exercises = course
        .and_then(|course| course.lesson(&lesson))
        .is_some_and(|lesson| !lesson.exercises.is_empty());
    let machine = if has_exercises {
        // To read does not start a machine; the first try does.
        Some(machine::as_it_is(&classroom.machines, &author.machine).await)
    } else {
        None
    };
    let view = LessonDraft {
        draft,
        lesson,
        view: View::One,
        machine,
        tried: None,
        now: machine::now_s(),
    };
    Ok(author::lesson_draft(visitor.frame(&classroom), view).into())
}

async fn both(
    State(classroom): State<Classroom>,
    _: Author,
    visitor: Visitor,
    Path((_, unit, name)): LessonPath,
) -> Result<Page, Trouble> {
    let (draft, lesson) = find(&classroom, &unit, &name)?;
    let view = LessonDraft {
        draft,
        lesson,
        view: View::Both,
        machine: None,
        tried: None,
        now: machine::now_s(),
    };
    Ok(author::lesson_draft(visitor.frame(&classroom), view).into())
}

/// A lesson that the draft has, or that it has something to say about.
fn find(classroom: &Classroom, unit: &str, name: &str) -> Result<(Draft, LessonId), Trouble> {
    let id = LessonId::new(unit, name).map_err(|_| Trouble::NotFound)?;
    let draft = classroom.folder.draft().shown();
    let is_there = draft
        .course
        .as_ref()
        .is_some_and(|course| course.lesson(&id).is_some());
    let files = Lang::ALL.map(|lang| format!("{id}.{lang}.md"));
    if is_there || draft.problems.iter().any(|it| files.contains(&it.file)) {
        Ok((draft, id))
    } else {
        Err(Trouble::NotFound)
    }
}

/// An author's answer to a question: judged as a student's, and not recorded.
async fn answer(
    State(classroom): State<Classroom>,
    _: Author,
    visitor: Visitor,
    Path((_, unit, name, item)): Path<(String, String, String, String)>,
    RawForm(body): RawForm,
) -> Result<Response, Trouble> {
    let (draft, lesson) = find(&classroom, &unit, &name)?;
    let item: ItemId = item.parse().map_err(|_| Trouble::NotFound)?;
    let fields: Fields = serde_urlencoded::from_bytes(&body).map_err(|_| Trouble::BadRequest)?;
    let course = draft.course.as_ref().ok_or(Trouble::NotFound)?;
    let question = course
        .lesson(&lesson)
        .and_then(|lesson| lesson.question(&item));
    let question = question.ok_or(Trouble::NotFound)?;
    let given = answers::response(question, &fields).ok_or(Notice::Incomplete);
    let given = given.and_then(|response| match question.grade(&response) {
        Err(BadResponse::TooLong) => Err(Notice::TooLong),
        Err(BadResponse::NotANumber) => Err(Notice::NotANumber),
        Err(_) => Err(Notice::Incomplete),
        Ok(_) => Ok(response),
    });
    if !visitor.wants_fragment {
        // Without script nothing remembers it.
        let page = Side::Author.lesson(visitor.lang, &lesson);
        return Ok(Redirect::to(&page).into_response());
    }
    let piece = author::answered(app::Words(visitor.lang), &draft, &lesson, &item, given);
    piece.map(fragment).ok_or(Trouble::NotFound)
}

async fn act(
    State(classroom): State<Classroom>,
    author: Author,
    visitor: Visitor,
    Path((_, act)): Path<(String, String)>,
    Form(form): Form<Back>,
) -> Result<Response, Trouble> {
    let act = MachineAct::from_word(&act).ok_or(Trouble::NotFound)?;
    let (machines, id) = (&classroom.machines, &author.machine);
    Ok(machine::perform(machines, &visitor, id, Side::Author, act, &form).await)
}

async fn attach(
    State(classroom): State<Classroom>,
    author: Author,
    visitor: Visitor,
    Query(size): Query<terminal::Size>,
    upgrade: WebSocketUpgrade,
) -> Response {
    terminal::open(classroom, &visitor, None, author.machine, size, upgrade)
}

/// A picture of the folder as it is.
async fn asset(
    State(classroom): State<Classroom>,
    _: Author,
    Path((_, unit, file)): LessonPath,
    asked: HeaderMap,
) -> Result<Response, Trouble> {
    let draft = classroom.folder.draft();
    files::picture(&draft.assets, &format!("{unit}/{file}"), &asked)
}
