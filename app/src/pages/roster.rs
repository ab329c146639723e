//! A class's roster: who is in it, who teaches it, and until when its code lets students in.

use leptos::prelude::*;
use store::{Account, Class, ClassMember};

use super::{
    class::class_nav,
    classes::ago,
    doors::{Field, FormTrouble, field},
    paths,
};
use crate::{
    components::{Named, scrolled},
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct RosterView {
    /// The class.
    pub class: Class,
    /// Until when its code lets in, in words of its own time zone, where that is limited.
    pub until: Option<String>,
    /// Who is in it.
    pub members: Vec<ClassMember>,
    /// Who teaches it.
    pub teachers: Vec<Account>,
    /// The password made just now.
    pub given: Option<Given>,
    /// What came of a file of names.
    pub import: Option<Imported>,
    /// The name entered for another teacher.
    pub name: String,
    /// Why the form came back.
    pub trouble: Option<FormTrouble>,
    /// Now, in unix milliseconds.
    pub now_ms: i64,
}

/// A password that was made for somebody, shown once.
#[derive(Clone, Debug)]
pub struct Given {
    /// Whose it is.
    pub name: String,
    /// The password.
    pub password: String,
}

/// What came of a file of names.
#[derive(Clone, Debug)]
pub enum Imported {
    /// Nothing: these lines will not do.
    Refused(Vec<BadLine>),
    /// New students.
    Done {
        /// How many.
        count: usize,
        /// How many of the file were in the class before.
        there: usize,
        /// The passwords that were made, for those who had none in the file.
        made: Vec<Given>,
    },
}

/// A line of a file of names that will not do.
#[derive(Clone, Debug)]
pub struct BadLine {
    /// Which, from 1.
    pub line: u64,
    /// The name in it.
    pub name: String,
    /// Why.
    pub trouble: FormTrouble,
}

/// The page.
pub fn roster(frame: Frame, view: RosterView) -> Rendered {
    let words = frame.words;
    let page = Page {
        title: format!("{} · {}", words.t("roster"), view.class.title),
        terminal: false,
    };
    render(&frame, page, move || {
        let class = view.class.id;
        view! {
            <main class="page account-page" id="main">
                <header class="page-head">
                    <p class="unit-name">
                        <a href=paths::class(words.0, class)>{view.class.title.clone()}</a>
                    </p>
                    <h1>{words.t("roster")}</h1>
                    {class_nav(words, class, "roster")}
                </header>
                {view.given.as_ref().map(|it| given(words, it))}
                {view.import.as_ref().map(|it| imported(words, it))}
                {members(words, &view)}
                {code(words, &view)}
                {import(words, &view)}
                {teachers(words, &view)}
            </main>
        }
    })
}

/// A password that was made for somebody.
pub(super) fn given(words: Words, given: &Given) -> impl IntoView + use<> {
    view! {
        <div class="message" data-tone="done" role="status">
            <strong>{words.t("given-title")}</strong>
            <p>{given.name.clone()} ": " <code class="code">{given.password.clone()}</code></p>
            <p>{words.t("given-text")}</p>
        </div>
    }
}

/// What came of a file of names.
fn imported(words: Words, imported: &Imported) -> AnyView {
    match imported {
        Imported::Refused(lines) => refused(words, lines).into_any(),
        Imported::Done { count, there, made } => {
            let there = (*there > 0).then(|| {
                let there = words.with("import-there", &[("n", (*there).into())]);
                view! { <p>{there}</p> }
            });
            let made = (!made.is_empty()).then(|| passwords(words, made));
            view! {
                <div class="message" data-tone="done" role="status">
                    <strong>{words.with("import-done", &[("n", (*count).into())])}</strong>
                    {there}
                </div>
                {made}
            }
            .into_any()
        }
    }
}

fn refused(words: Words, lines: &[BadLine]) -> impl IntoView + use<> {
    let rows: Vec<_> = lines
        .iter()
        .map(|it| {
            view! {
                <tr>
                    <td>{it.line}</td>
                    <th scope="row">{it.name.clone()}</th>
                    <td>{it.trouble.text(words)}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <div class="message" data-tone="wrong" role="alert">
            <strong>{words.t("import-refused")}</strong>
            <p>{words.t("import-refused-text")}</p>
        </div>
        {scrolled(
            Named::Text(words.t("import-refused")),
            view! {
                <table class="figures">
                    <thead>
                        <tr>
                            <th scope="col">{words.t("import-line")}</th>
                            <th scope="col">{words.t("field-name")}</th>
                            <th scope="col">{words.t("import-trouble")}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            },
        )}
    }
}

/// Passwords that were made for many, to be printed and cut up.
fn passwords(words: Words, made: &[Given]) -> impl IntoView + use<> {
    let rows: Vec<_> = made
        .iter()
        .map(|it| {
            view! {
                <tr>
                    <th scope="row">{it.name.clone()}</th>
                    <td><code class="code">{it.password.clone()}</code></td>
                </tr>
            }
        })
        .collect();
    view! {
        <p>{words.t("import-passwords")}</p>
        {scrolled(
            Named::Text(words.t("given-title")),
            view! {
                <table class="figures">
                    <thead>
                        <tr>
                            <th scope="col">{words.t("field-name")}</th>
                            <th scope="col">{words.t("field-password")}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            },
        )}
    }
}

fn members(words: Words, view: &RosterView) -> AnyView {
    if view.members.is_empty() {
        return view! { <p>{words.t("roster-empty")}</p> }.into_any();
    }
    let rows: Vec<_> = view
        .members
        .iter()
        .map(|it| member(words, view, it))
        .collect();
    view! {
        {scrolled(
            Named::Text(words.t("roster")),
            view! {
                <table class="grid people">
                    <thead>
                        <tr>
                            <th scope="col">{words.t("field-name")}</th>
                            <th scope="col">{words.t("joined")}</th>
                            <th scope="col">{words.t("last-seen")}</th>
                            <td></td>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            },
        )}
        <p class="help">{words.t("roster-help")}</p>
    }
    .into_any()
}

fn member(words: Words, view: &RosterView, member: &ClassMember) -> impl IntoView + use<> {
    let (class, now_ms) = (view.class.id, view.now_ms);
    let name = member.account.name.clone();
    let button = |act: &str, word: &str, whose: &str| {
        let label = words.with(whose, &[("name", name.clone().into())]);
        view! {
            <form method="post" action=paths::roster_act(words.0, class, act)>
                <button
                    class="button small"
                    name="account"
                    value=member.account.id.to_string()
                    aria-label=label
                >
                    {words.t(word)}
                </button>
            </form>
        }
    };
    view! {
        <tr>
            <th scope="row">{name.clone()}</th>
            <td>{ago(words, now_ms - member.joined_ms)}</td>
            <td>{member.used_ms.map(|used| ago(words, now_ms - used))}</td>
            <td>
                {button("password", "reset-password", "reset-password-of")}
                {button("remove", "remove-from-class", "remove-from-class-of")}
            </td>
        </tr>
    }
}

fn code(words: Words, view: &RosterView) -> impl IntoView + use<> {
    let is_closed = |until| until <= view.now_ms;
    let stands = match &view.until {
        None => words.t("code-stands"),
        Some(_) if view.class.join_expires_ms.is_some_and(is_closed) => words.t("code-closed"),
        Some(when) => words.with("code-until", &[("when", when.clone().into())]),
    };
    let buttons: Vec<_> = [
        ("never", "code-never"),
        ("today", "code-today"),
        ("week", "code-week"),
        ("close", "code-close"),
        ("renew", "code-renew"),
    ]
    .into_iter()
    .map(|(act, word)| {
        view! { <button class="button small" name="act" value=act>{words.t(word)}</button> }
    })
    .collect();
    view! {
        <section aria-labelledby="code">
            <h2 id="code">{words.t("field-code")}</h2>
            <p><code class="join-code">{view.class.join_code.to_string()}</code></p>
            <p>{stands}</p>
            <form
                class="inline-form"
                method="post"
                action=paths::roster_act(words.0, view.class.id, "code")
            >
                {buttons}
            </form>
        </section>
    }
}

fn import(words: Words, view: &RosterView) -> impl IntoView + use<> {
    let file = Field {
        kind: "file",
        help: Some(words.t("import-help")),
        ..Field::text("file", String::new())
    };
    view! {
        <section aria-labelledby="import">
            <h2 id="import">{words.t("import")}</h2>
            <form
                method="post"
                enctype="multipart/form-data"
                action=paths::roster_act(words.0, view.class.id, "import")
            >
                {field(words, file, view.trouble)}
                <button class="button">{words.t("import-act")}</button>
            </form>
        </section>
    }
}

fn teachers(words: Words, view: &RosterView) -> impl IntoView + use<> {
    let names: Vec<_> = view
        .teachers
        .iter()
        .map(|teacher| view! { <li>{teacher.name.clone()}</li> })
        .collect();
    let name = Field {
        help: Some(words.t("add-teacher-help")),
        max: Some(store::NAME_MAX),
        ..Field::text("name", view.name.clone())
    };
    view! {
        <section aria-labelledby="teachers">
            <h2 id="teachers">{words.t("teachers")}</h2>
            <ul>{names}</ul>
            <form method="post" action=paths::roster_act(words.0, view.class.id, "teachers")>
                {field(words, name, view.trouble)}
                <button class="button">{words.t("add-teacher")}</button>
            </form>
        </section>
    }
}
