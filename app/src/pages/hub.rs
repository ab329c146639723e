//! The class's hub: what is there, and how one logs in from a machine.

use hub::{Image, Share, size};
use leptos::prelude::*;
use store::HubToken;

use super::{
    classes::ago,
    doors::{Field, FormTrouble, field, message},
    paths,
};
use crate::{
    components::{Named, scrolled},
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// What the classroom's own images' names begin with.
const LIBRARY: &str = "library/";

/// What the page shows.
#[derive(Clone, Debug)]
pub struct HubView {
    /// What there is, by name; none where the hub does not answer.
    pub images: Option<Vec<Image>>,
    /// How much of it the visitor's images take.
    pub share: Option<Share>,
    /// The visitor's name there, once it is chosen.
    pub name: Option<String>,
    /// The name entered, or one to begin with.
    pub proposed: String,
    /// The visitor's tokens, the newest first.
    pub tokens: Vec<HubToken>,
    /// The token made just now.
    pub given: Option<String>,
    /// Why the form came back.
    pub trouble: Option<FormTrouble>,
    /// Now, in unix milliseconds.
    pub now_ms: i64,
}

/// The page.
pub fn hub(frame: Frame, view: HubView) -> Rendered {
    let words = frame.words;
    let page = Page {
        title: words.t("hub"),
        terminal: false,
    };
    render(&frame, page, move || {
        view! {
            <main class="page account-page" id="main">
                <header class="page-head">
                    <h1>{words.t("hub")}</h1>
                    <p>{words.t("hub-lead")}</p>
                </header>
                {message(words, view.trouble)}
                {given(words, &view)}
                {images(words, &view)}
                {login(words, &view)}
            </main>
        }
    })
}

/// What there is, the visitor's own share of it first.
fn images(words: Words, view: &HubView) -> impl IntoView + use<> {
    let share = view.share.map(|share| {
        let sizes = [
            ("used", size(share.used).into()),
            ("quota", size(share.quota).into()),
        ];
        view! { <p class="help">{words.with("hub-share", &sizes)}</p> }
    });
    let list = match &view.images {
        None => view! { <p class="message" data-tone="wrong">{words.t("hub-away")}</p> }.into_any(),
        Some(images) if images.is_empty() => view! { <p>{words.t("hub-empty")}</p> }.into_any(),
        Some(images) => table(words, images, view.now_ms).into_any(),
    };
    view! {
        <section aria-labelledby="hub-images">
            <h2 id="hub-images">{words.t("hub-images")}</h2>
            {share}
            {list}
        </section>
    }
}

fn table(words: Words, images: &[Image], now_ms: i64) -> impl IntoView + use<> {
    let row = |image: &Image| {
        let newest = image.tags.iter().max_by_key(|tag| tag.pushed_ms);
        let tags: Vec<&str> = image.tags.iter().map(|tag| tag.name.as_str()).collect();
        view! {
            <tr>
                <th scope="row">
                    <a href=paths::hub_image(words.0, &image.name, None)>
                        {shown(&image.name).to_owned()}
                    </a>
                </th>
                <td>{tags.join(", ")}</td>
                <td class="number">{newest.map(|tag| size(tag.size))}</td>
                <td>{newest.map(|tag| ago(words, now_ms - tag.pushed_ms))}</td>
                <td>{by(words, &image.name)}</td>
            </tr>
        }
    };
    let rows: Vec<_> = images.iter().map(row).collect();
    view! {
        {scrolled(
            Named::By("hub-images"),
            view! {
                <table class="grid people">
                    <thead>
                        <tr>
                            <th scope="col">{words.t("hub-image")}</th>
                            <th scope="col">{words.t("hub-tags")}</th>
                            <th scope="col">{words.t("hub-size")}</th>
                            <th scope="col">{words.t("hub-pushed")}</th>
                            <th scope="col">{words.t("hub-by")}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            },
        )}
    }
}

/// What `docker pull` calls an image.
pub(super) fn shown(name: &str) -> &str {
    name.strip_prefix(LIBRARY).unwrap_or(name)
}

/// Who pushed an image.
pub(super) fn by(words: Words, name: &str) -> String {
    match name.split_once('/') {
        Some((who, _)) if !name.starts_with(LIBRARY) => who.to_owned(),
        _ => words.t("hub-by-classroom"),
    }
}

/// The token made just now, with the command that takes it.
fn given(words: Words, view: &HubView) -> Option<impl IntoView + use<>> {
    let (token, name) = (view.given.clone()?, view.name.clone()?);
    Some(view! {
        <div class="message" data-tone="done" role="status">
            <strong>{words.t("hub-given-title")}</strong>
            <p><code class="code">{token}</code></p>
            <p>{words.t("hub-given-text")} " " <code>{format!("docker login -u {name}")}</code></p>
        </div>
    })
}

fn login(words: Words, view: &HubView) -> impl IntoView + use<> {
    let name = match &view.name {
        Some(name) => view! {
            <p>{words.t("hub-name")} ": " <code class="code">{name.clone()}</code></p>
            <p class="help">{words.with("hub-name-fixed", &[("name", name.clone().into())])}</p>
        }
        .into_any(),
        None => view! { <p class="help">{words.t("hub-name-unchosen")}</p> }.into_any(),
    };
    let choice = view.name.is_none().then(|| {
        let choice = Field {
            help: Some(words.t("hub-name-help")),
            ..Field::text("hub-name", view.proposed.clone())
        };
        field(words, choice, view.trouble)
    });
    view! {
        <section aria-labelledby="hub-login">
            <h2 id="hub-login">{words.t("hub-login")}</h2>
            <p class="help">{words.t("hub-login-help")}</p>
            {name}
            {tokens(words, view)}
            <form method="post" action=paths::hub_tokens(words.0)>
                {choice}
                <button class="button">{words.t("hub-new-token")}</button>
            </form>
        </section>
    }
}

fn tokens(words: Words, view: &HubView) -> Option<impl IntoView + use<>> {
    let row = |token: &HubToken| {
        let made = ago(words, view.now_ms - token.created_ms);
        let label = words.with("hub-revoke-this", &[("when", made.clone().into())]);
        view! {
            <tr>
                <td>{made}</td>
                <td>
                    <form method="post" action=paths::hub_revoke(words.0)>
                        <button
                            class="button small"
                            name="token"
                            value=token.id.to_string()
                            aria-label=label
                        >
                            {words.t("hub-revoke")}
                        </button>
                    </form>
                </td>
            </tr>
        }
    };
    let rows: Vec<_> = view.tokens.iter().map(row).collect();
    (!rows.is_empty()).then(|| {
        view! {
            {scrolled(
                Named::Text(words.t("hub-tokens")),
                view! {
                    <table class="grid people">
                        <thead>
                            <tr>
                                <th scope="col">{words.t("hub-token-made")}</th>
                                <td></td>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                },
            )}
        }
    })
}
