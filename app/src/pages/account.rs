//! One's own account: password, browsers, record, and the way out.

use leptos::prelude::*;
use store::{Account, Role, SignIn};

use super::{
    classes::ago,
    doors::{Field, FormTrouble, field, message},
    paths::{self, AccountAct},
};
use crate::{
    components::{Named, scrolled},
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// Whose it is.
    pub account: Account,
    /// Where they are signed in; with each whether it is this browser.
    pub sign_ins: Vec<(SignIn, bool)>,
    /// A class's code, brought by a link.
    pub code: String,
    /// What was done just now.
    pub done: Option<AccountAct>,
    /// Why a form came back.
    pub trouble: Option<FormTrouble>,
    /// Now, in unix milliseconds.
    pub now_ms: i64,
}

/// The page.
pub fn account(frame: Frame, view: AccountView) -> Rendered {
    let words = frame.words;
    let page = Page {
        title: words.t("account"),
        terminal: false,
    };
    render(&frame, page, move || {
        let done = match view.done {
            Some(AccountAct::Password) => Some("account-done-password"),
            Some(AccountAct::SignOut) => Some("account-done-sign-out"),
            Some(AccountAct::Join) => Some("account-done-join"),
            Some(AccountAct::Delete) | None => None,
        };
        let done = done.map(|key| {
            view! { <p class="message" data-tone="done" role="status">{words.t(key)}</p> }
        });
        let learns = view.account.role == Role::Student;
        view! {
            <main class="page account-page" id="main">
                <header class="page-head">
                    <h1>{view.account.name.clone()}</h1>
                </header>
                {message(words, view.trouble)}
                {done}
                {learns.then(|| joining(words, view.code.clone(), view.trouble))}
                {sign_ins(words, &view.sign_ins, view.now_ms)}
                {password(words, view.trouble)}
                {record(words)}
                {deletion(words, view.trouble)}
            </main>
        }
    })
}

fn joining(words: Words, code: String, trouble: Option<FormTrouble>) -> impl IntoView + use<> {
    view! {
        <section aria-labelledby="join-another">
            <h2 id="join-another">{words.t("join-another")}</h2>
            <form method="post" action=paths::account_act(words.0, AccountAct::Join)>
                {field(words, Field::text("code", code), trouble)}
                <button class="button">{words.t("join")}</button>
            </form>
        </section>
    }
}

fn sign_ins(words: Words, sign_ins: &[(SignIn, bool)], now_ms: i64) -> impl IntoView + use<> {
    let rows: Vec<_> = sign_ins
        .iter()
        .map(|(sign_in, is_this)| {
            let browser = browser(words, &sign_in.agent);
            let label = words.with("sign-out-this", &[("browser", browser.clone().into())]);
            let used = if *is_this {
                words.t("sign-in-this")
            } else {
                ago(words, now_ms - sign_in.used_ms)
            };
            view! {
                <tr>
                    <th scope="row">{browser}</th>
                    <td>{sign_in.address.clone()}</td>
                    <td>{used}</td>
                    <td>
                        <form
                            method="post"
                            action=paths::account_act(words.0, AccountAct::SignOut)
                        >
                            <button
                                class="button small"
                                name="sign_in"
                                value=sign_in.id.as_str().to_owned()
                                aria-label=label
                            >
                                {words.t("sign-out")}
                            </button>
                        </form>
                    </td>
                </tr>
            }
        })
        .collect();
    view! {
        <section aria-labelledby="sign-ins">
            <h2 id="sign-ins">{words.t("sign-ins")}</h2>
            <p class="help">{words.t("sign-ins-help")}</p>
            {scrolled(
                Named::By("sign-ins"),
                view! {
                    <table class="grid people">
                        <thead>
                            <tr>
                                <th scope="col">{words.t("sign-in-browser")}</th>
                                <th scope="col">{words.t("sign-in-address")}</th>
                                <th scope="col">{words.t("last-seen")}</th>
                                <td></td>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                },
            )}
            <form method="post" action=paths::account_act(words.0, AccountAct::SignOut)>
                <button class="button">{words.t("sign-out-everywhere")}</button>
            </form>
        </section>
    }
}

fn password(words: Words, trouble: Option<FormTrouble>) -> impl IntoView + use<> {
    let new = Field {
        label: "field-new-password".to_owned(),
        ..Field::new_password(words)
    };
    view! {
        <section aria-labelledby="change-password">
            <h2 id="change-password">{words.t("change-password")}</h2>
            <p class="help">{words.t("change-password-help")}</p>
            <form method="post" action=paths::account_act(words.0, AccountAct::Password)>
                {field(words, Field::own_password("old-password"), trouble)}
                {field(words, new, trouble)}
                <button class="button">{words.t("change-password")}</button>
            </form>
        </section>
    }
}

fn record(words: Words) -> impl IntoView {
    view! {
        <section aria-labelledby="my-data">
            <h2 id="my-data">{words.t("my-data")}</h2>
            <p class="help">{words.t("my-data-help")}</p>
            <a class="button" href=paths::account_export(words.0) download="gyosil.json">
                {words.t("export-my-data")}
            </a>
        </section>
    }
}

fn deletion(words: Words, trouble: Option<FormTrouble>) -> impl IntoView + use<> {
    view! {
        <section aria-labelledby="delete-account">
            <h2 id="delete-account">{words.t("delete-account")}</h2>
            <p class="help">{words.t("delete-account-help")}</p>
            <form method="post" action=paths::account_act(words.0, AccountAct::Delete)>
                {field(words, Field::text("own-name", String::new()), trouble)}
                {field(words, Field::own_password("own-password"), trouble)}
                <button class="button">{words.t("delete-account-now")}</button>
            </form>
        </section>
    }
}

/// What stands for a browser in what it says it is, and its name. All but the last two also say that
/// they are Chrome, and all but Firefox that they are Safari: the first that is found is right.
const BROWSERS: [(&str, &str); 7] = [
    ("Edg", "Edge"),
    ("Whale/", "Whale"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("OPR/", "Opera"),
    ("Chrome/", "Chrome"),
    ("Firefox/", "Firefox"),
    ("Safari/", "Safari"),
];

/// Likewise for systems: Android also says that it is Linux, an iPhone that it is a Mac.
const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// A browser in plain words.
fn browser(words: Words, agent: &str) -> String {
    let named = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(sign, _)| agent.contains(sign));
        found.map(|(_, name)| *name)
    };
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => words.with(
            "agent-on",
            &[("browser", browser.into()), ("system", system.into())],
        ),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => words.t("agent-unknown"),
    }
}
