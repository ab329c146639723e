//! Those who teach here, for whoever runs the classroom.

use leptos::prelude::*;
use store::{Account, Role};

use super::{
    doors::{Field, FormTrouble, field},
    paths,
    roster::{Given, given},
};
use crate::{
    components::{Named, scrolled},
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct InstructorsView {
    /// Who teaches here.
    pub instructors: Vec<Account>,
    /// The account made just now.
    pub given: Option<Given>,
    /// The name entered for a new one.
    pub name: String,
    /// Why the form came back.
    pub trouble: Option<FormTrouble>,
}

/// The page.
pub fn instructors(frame: Frame, view: InstructorsView) -> Rendered {
    let words = frame.words;
    let page = Page {
        title: words.t("instructors"),
        terminal: false,
    };
    render(&frame, page, move || {
        let rows: Vec<_> = view.instructors.iter().map(|it| row(words, it)).collect();
        let name = Field {
            max: Some(store::NAME_MAX),
            ..Field::text("name", view.name.clone())
        };
        view! {
            <main class="page account-page" id="main">
                <header class="page-head">
                    <h1>{words.t("instructors")}</h1>
                    <p class="lead">{words.t("instructors-lead")}</p>
                </header>
                {view.given.as_ref().map(|it| given(words, it))}
                {scrolled(
                    Named::Text(words.t("instructors")),
                    view! {
                        <table class="grid people">
                            <thead>
                                <tr>
                                    <th scope="col">{words.t("field-name")}</th>
                                    <th scope="col">{words.t("is-admin")}</th>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    },
                )}
                <section aria-labelledby="new-instructor">
                    <h2 id="new-instructor">{words.t("new-instructor")}</h2>
                    <form class="inline-form" method="post" action=paths::instructors(words.0)>
                        {field(words, name, view.trouble)}
                        <button class="button">{words.t("create")}</button>
                    </form>
                </section>
            </main>
        }
    })
}

fn row(words: Words, account: &Account) -> impl IntoView + use<> {
    let standing = if account.role == Role::Admin {
        words.t("is-admin").into_any()
    } else {
        let label = words.with("make-admin-of", &[("name", account.name.clone().into())]);
        view! {
            <form method="post" action=paths::make_admin(words.0)>
                <button
                    class="button small"
                    name="account"
                    value=account.id.to_string()
                    aria-label=label
                >
                    {words.t("make-admin")}
                </button>
            </form>
        }
        .into_any()
    };
    view! {
        <tr>
            <th scope="row">{account.name.clone()}</th>
            <td>{standing}</td>
        </tr>
    }
}
