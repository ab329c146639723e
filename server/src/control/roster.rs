//! A class's roster: its students, its teachers, its code.

use anyhow::Context;
use app::pages::{self, FormTrouble, Given, Imported, RosterView, paths};
use axum::{
    Form,
    extract::{Multipart, State, multipart::MultipartError},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::Deserialize;
use store::{AccountId, Class, Name};

use super::{Page, accounts::refused};
use crate::{
    app_state::Classroom,
    enrolment, passwords, roster_file,
    trouble::Trouble,
    visitor::{Teacher, Visitor},
};

/// The page.
pub(super) async fn show(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
) -> Result<Page, Trouble> {
    let view = view(&classroom, &teacher).await?;
    Ok(pages::roster(visitor.frame(&classroom), view).into())
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    act: CodeAct,
}

/// What may be done with a class's code.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum CodeAct {
    Never,
    Today,
    Week,
    Close,
    Renew,
}

/// Changes the class's code, or until when it lets students in.
pub(super) async fn code(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
    Form(form): Form<CodeForm>,
) -> Result<Redirect, Trouble> {
    let class = class(&classroom, &teacher).await?;
    let until_ms = match form.act {
        CodeAct::Renew => {
            classroom.store.renew_code(class.id).await?;
            return Ok(back(&visitor, &teacher));
        }
        CodeAct::Never => None,
        CodeAct::Close => Some(store::now_ms()),
        CodeAct::Today => Some(end_of_day(&class, 1)?),
        CodeAct::Week => Some(end_of_day(&class, 7)?),
    };
    classroom.store.set_join_expiry(class.id, until_ms).await?;
    Ok(back(&visitor, &teacher))
}

#[derive(Deserialize)]
pub(super) struct Who {
    account: AccountId,
}

/// Makes a student of the class another password, which is shown once.
pub(super) async fn password(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
    Form(form): Form<Who>,
) -> Result<Page, Trouble> {
    let before = view(&classroom, &teacher).await?;
    let mut members = before.members.iter();
    let member = members.find(|member| member.account.id == form.account);
    // Of this class, and of no other.
    let name = member.ok_or(Trouble::NotFound)?.account.name.clone();
    let password = passwords::given();
    let hash = classroom.passwords.hash(password.clone()).await?;
    let id = form.account;
    classroom.store.set_password(id, &hash, None).await?;
    tracing::info!(account = %id, class = %teacher.class, "account {id} was given another password");
    let view = RosterView {
        given: Some(Given { name, password }),
        ..before
    };
    Ok(pages::roster(visitor.frame(&classroom), view).into())
}

/// Takes a student out of the class.
pub(super) async fn remove(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
    Form(form): Form<Who>,
) -> Result<Redirect, Trouble> {
    let (class, account) = (teacher.class, form.account);
    if !classroom.store.remove_member(class, account).await? {
        return Err(Trouble::NotFound);
    }
    Ok(back(&visitor, &teacher))
}

#[derive(Deserialize)]
pub(super) struct TeacherForm {
    name: String,
}

/// Lets another instructor teach the class as well.
pub(super) async fn add_teacher(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
    Form(form): Form<TeacherForm>,
) -> Result<Response, Trouble> {
    let added = match form.name.parse::<Name>() {
        Ok(name) => classroom.store.add_teacher(teacher.class, &name).await?,
        Err(_) => false,
    };
    if added {
        return Ok(back(&visitor, &teacher).into_response());
    }
    let trouble = FormTrouble::NoSuchInstructor;
    let view = RosterView {
        name: form.name,
        trouble: Some(trouble),
        ..view(&classroom, &teacher).await?
    };
    let page = pages::roster(visitor.frame(&classroom), view);
    Ok(refused(&trouble, page))
}

/// Makes accounts for the students in a file, all of them or none.
pub(super) async fn import(
    State(classroom): State<Classroom>,
    teacher: Teacher,
    visitor: Visitor,
    form: Multipart,
) -> Result<Response, Trouble> {
    let before = view(&classroom, &teacher).await?;
    let show = |view| pages::roster(visitor.frame(&classroom), view);
    let entries = match file(form).await?.and_then(|file| roster_file::read(&file)) {
        Ok(entries) => entries,
        Err(trouble) => {
            let page = show(RosterView {
                trouble: Some(trouble),
                ..before
            });
            return Ok(refused(&trouble, page));
        }
    };
    let refuse = |lines, before| {
        let page = show(RosterView {
            import: Some(Imported::Refused(lines)),
            ..before
        });
        (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response()
    };
    let checked = enrolment::check(&classroom, &before.members, entries).await?;
    let students = match checked.wrong.is_empty() {
        true => checked.students,
        false => return Ok(refuse(checked.wrong, before)),
    };
    let enrolled = enrolment::enroll(&classroom, teacher.class, students).await?;
    let (count, made) = match enrolled {
        Ok(enrolled) => enrolled,
        Err(taken) => return Ok(refuse(taken, before)),
    };
    tracing::info!(class = %teacher.class, count, "{count} students were added from a file");
    let view = RosterView {
        import: Some(Imported::Done {
            count,
            there: checked.there,
            made,
        }),
        ..view(&classroom, &teacher).await?
    };
    Ok(Page(show(view)).into_response())
}

/// The file of a form.
async fn file(mut form: Multipart) -> Result<Result<Vec<u8>, FormTrouble>, Trouble> {
    let max = roster_file::STUDENTS_MAX;
    let too_long = |error: &MultipartError| error.status() == StatusCode::PAYLOAD_TOO_LARGE;
    while let Some(field) = form.next_field().await.map_err(|_| Trouble::BadRequest)? {
        if field.name() != Some("file") {
            continue;
        }
        return match field.bytes().await {
            Ok(bytes) if bytes.is_empty() => Ok(Err(FormTrouble::FileMissing)),
            Ok(bytes) => Ok(Ok(bytes.to_vec())),
            Err(error) if too_long(&error) => Ok(Err(FormTrouble::FileTooLong { max })),
            Err(_) => Err(Trouble::BadRequest),
        };
    }
    Ok(Err(FormTrouble::FileMissing))
}

async fn view(classroom: &Classroom, teacher: &Teacher) -> Result<RosterView, Trouble> {
    let class = class(classroom, teacher).await?;
    let until = class.join_expires_ms.map(|until| in_words(&class, until));
    Ok(RosterView {
        until: until.transpose()?,
        members: classroom.store.members(class.id).await?,
        teachers: classroom.store.teachers(class.id).await?,
        class,
        given: None,
        import: None,
        name: String::new(),
        trouble: None,
        now_ms: store::now_ms(),
    })
}

async fn class(classroom: &Classroom, teacher: &Teacher) -> Result<Class, Trouble> {
    let class = classroom.store.class(teacher.class).await?;
    class.ok_or(Trouble::NotFound)
}

fn back(visitor: &Visitor, teacher: &Teacher) -> Redirect {
    Redirect::to(&paths::roster(visitor.lang, teacher.class))
}

/// The end of a day of the class, in unix milliseconds: the `days`-th one, of which today is the first.
fn end_of_day(class: &Class, days: i32) -> anyhow::Result<i64> {
    let zone = zone(class)?;
    let today = zone.to_datetime(Timestamp::from_millisecond(store::now_ms())?);
    let next_day = today.date().checked_add(days.days())?.at(0, 0, 0, 0);
    Ok(zone.to_timestamp(next_day)?.as_millisecond())
}

/// A time as the class's clocks show it.
fn in_words(class: &Class, at_ms: i64) -> anyhow::Result<String> {
    let time = zone(class)?.to_datetime(Timestamp::from_millisecond(at_ms)?);
    Ok(time.strftime("%Y-%m-%d %H:%M").to_string())
}

fn zone(class: &Class) -> anyhow::Result<TimeZone> {
    TimeZone::get(&class.time_zone)
        .with_context(|| format!("class {} is in no known time zone", class.id))
}
