//! The frame of every page: head, header, footer; and how a page becomes HTML.

use std::sync::Arc;

use course::Lang;
use leptos::{
    config::LeptosOptions,
    hydration::HydrationScripts,
    nonce::{Nonce, provide_nonce, use_nonce},
    prelude::*,
    reactive::owner::Owner,
};
use store::{Account, Role};

use crate::{components, pages::paths, words::Words};

/// The browser client's file names, all under `/pkg/`.
#[derive(Clone, Debug)]
pub struct Site {
    /// The client's stem: `client-<hash>`, of which there is a `.js` and a `_bg.wasm`.
    pub client: String,
    /// The style sheets, in order.
    pub styles: Vec<String>,
    /// The terminal's script, loaded only where there is a terminal.
    pub terminal: String,
    /// Its wasm.
    pub terminal_wasm: String,
}

/// The colour theme: the system's unless somebody chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All, in the order in which they are offered.
    pub const ALL: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

    /// The word for the cookie, the form and `data-theme`.
    pub fn word(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme of a word; unknown ones are [`Theme::Auto`].
    pub fn from_word(word: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.word() == word)
            .unwrap_or_default()
    }
}

/// What the frame shows, whatever the page.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The interface's language.
    pub words: Words,
    /// Who is signed in.
    pub account: Option<Account>,
    /// The path and query of this page.
    pub here: String,
    /// The colour theme.
    pub theme: Theme,
    /// The course's name in the interface's language.
    pub course_title: String,
    /// Whether the visitor may see the author's pages.
    pub writes: bool,
    /// How many exercises and questions of how many the visitor has done.
    pub progress: Option<(usize, usize)>,
    /// The browser client.
    pub site: Arc<Site>,
}

impl Frame {
    /// The language of the page.
    pub fn lang(&self) -> Lang {
        self.words.0
    }

    /// This page in another language.
    fn in_lang(&self, lang: Lang) -> String {
        let rest = self.here.get(3..).unwrap_or("/");
        format!("/{lang}{}", if rest.is_empty() { "/" } else { rest })
    }
}

/// A page as it goes out.
#[derive(Debug)]
pub struct Rendered {
    /// The document.
    pub html: String,
    /// What its scripts carry, for the Content-Security-Policy.
    pub nonce: String,
    /// Whether it holds a terminal, which needs inline styles.
    pub terminal: bool,
}

/// A nonce for a page that was rendered before: each time a page goes out, its scripts carry another.
pub fn fresh_nonce() -> String {
    Nonce::new().to_string()
}

/// What differs from page to page in the frame.
pub(crate) struct Page {
    /// For the title bar and screen readers.
    pub title: String,
    /// Whether it holds a terminal.
    pub terminal: bool,
}

/// Renders a whole page.
pub(crate) fn render<V: IntoView>(
    frame: &Frame,
    page: Page,
    body: impl FnOnce() -> V + 'static,
) -> Rendered {
    let frame = frame.clone();
    let terminal = page.terminal;
    in_owner(move || {
        provide_nonce();
        let nonce = use_nonce()
            .map(|nonce| nonce.to_string())
            .unwrap_or_default();
        let html = document(frame, page, nonce.clone(), body().into_any()).to_html();
        Rendered {
            html: format!("<!doctype html>{html}"),
            nonce,
            terminal,
        }
    })
}

/// Renders a piece of a page.
pub fn fragment<V: IntoView>(view: impl FnOnce() -> V) -> String {
    in_owner(|| view().into_view().to_html())
}

/// Everything that a page shows is there before rendering starts, so rendering is one plain call:
/// no streaming, no resources, nothing to wait for.
fn in_owner<T>(work: impl FnOnce() -> T) -> T {
    let context = Arc::new(hydration_context::SsrSharedContext::new_islands());
    let owner = Owner::new_root(Some(context));
    let result = owner.with(work);
    owner.unset_with_forced_cleanup();
    result
}

fn document(frame: Frame, page: Page, nonce: String, body: AnyView) -> impl IntoView {
    let words = frame.words;
    let theme = (frame.theme != Theme::Auto).then(|| frame.theme.word());
    let styles: Vec<_> = frame
        .site
        .styles
        .iter()
        .map(|name| view! { <link rel="stylesheet" href=format!("/pkg/{name}") /> })
        .collect();
    let other_langs: Vec<_> = Lang::ALL
        .into_iter()
        .map(
            |lang| view! { <link rel="alternate" hreflang=lang.code() href=frame.in_lang(lang) /> },
        )
        .collect();
    let options = LeptosOptions::builder()
        .output_name(frame.site.client.clone())
        .site_pkg_dir("pkg")
        .build();
    view! {
        <html lang=frame.lang().code() data-theme=theme>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>{format!("{} · {}", page.title, words.t("site-name"))}</title>
                <link rel="icon" href="/pkg/favicon.svg" type="image/svg+xml" />
                {page.terminal.then(|| view! { <link rel="stylesheet" href="/pkg/vendor/xterm-6.0.0/xterm.css" /> })}
                {styles}
                {other_langs}
                {page.terminal.then(|| terminal_scripts(nonce))}
                <HydrationScripts options=options islands=true />
            </head>
            <body>
                <div class="skip">
                    <a href="#main">{words.t("skip-to-text")}</a>
                    {page.terminal.then(|| view! { <a href="#machine">{words.t("skip-to-machine")}</a> })}
                </div>
                {header(&frame)}
                <p class="message" id="offline" data-tone="wrong" role="alert" hidden>
                    {words.t("offline")}
                </p>
                {body}
            </body>
        </html>
    }
}

fn header(frame: &Frame) -> impl IntoView + use<> {
    let words = frame.words;
    let lang = frame.lang();
    let front = paths::course(lang);
    let others: Vec<_> = Lang::ALL
        .into_iter()
        .filter(|other| *other != lang)
        .map(|other| {
            let (code, href) = (other.code(), frame.in_lang(other));
            view! { <a href=href lang=code hreflang=code>{Words(other).t("language-name")}</a> }
        })
        .collect();
    let progress = frame
        .progress
        .map(|progress| components::progress(words, progress));
    let teaches = frame
        .account
        .as_ref()
        .is_some_and(|account| account.role != Role::Student);
    let classes = teaches.then(|| view! { <a href=paths::classes(lang)>{words.t("classes")}</a> });
    let author = frame
        .writes
        .then(|| view! { <a href=paths::author(lang)>{words.t("author")}</a> });
    let learns = frame
        .account
        .as_ref()
        .is_some_and(|account| account.role == Role::Student);
    let me = learns.then(|| view! { <a href=paths::me(lang)>{words.t("me")}</a> });
    let runs = frame
        .account
        .as_ref()
        .is_some_and(|account| account.role == Role::Admin);
    let instructors =
        runs.then(|| view! { <a href=paths::instructors(lang)>{words.t("instructors")}</a> });
    let places = (teaches || learns || frame.writes).then(|| {
        view! { <nav aria-label=words.t("you")>{me} {classes} {instructors} {author}</nav> }
    });
    view! {
        <header class="site-header">
            <a class="wordmark" href=front.clone()>{words.t("site-name")}</a>
            <a class="where" href=front>{frame.course_title.clone()}</a>
            <div class="tools">
                {progress}
                {places}
                {others}
                {theme_form(frame)}
                {account(frame)}
            </div>
        </header>
    }
}

/// Both ways to switch; the style sheet shows the one that changes something.
fn theme_form(frame: &Frame) -> impl IntoView + use<> {
    let words = frame.words;
    view! {
        <form class="theme" method="post" action=paths::theme(frame.lang())>
            <input type="hidden" name="next" value=frame.here.clone() />
            <button
                class="icon-button"
                name="theme"
                value="dark"
                aria-label=words.t("theme-dark")
            ></button>
            <button
                class="icon-button"
                name="theme"
                value="light"
                aria-label=words.t("theme-light")
            ></button>
        </form>
    }
}

fn account(frame: &Frame) -> AnyView {
    let words = frame.words;
    match &frame.account {
        Some(account) => view! {
            <details class="account">
                <summary>{account.name.clone()}</summary>
                <div>
                    <a class="button link" href=paths::account(frame.lang())>
                        {words.t("account")}
                    </a>
                    <a class="button link" href=paths::hub(frame.lang())>
                        {words.t("hub")}
                    </a>
                    <form method="post" action=paths::sign_out(frame.lang())>
                        <button class="button link">{words.t("sign-out")}</button>
                    </form>
                </div>
            </details>
        }
        .into_any(),
        None => {
            let href = paths::sign_in(frame.lang(), &frame.here, false);
            view! { <a class="button small" href=href>{words.t("sign-in")}</a> }.into_any()
        }
    }
}

/// Where the bare names that xterm-js-rs imports are found (must come before any module is loaded), and
/// what brings the terminal in, once it is to be seen: on a narrow screen it is closed at first.
fn terminal_scripts(nonce: String) -> impl IntoView {
    let map = r#"{"imports":{"xterm":"/pkg/vendor/xterm-6.0.0/xterm.mjs","xterm-addon-fit":"/pkg/vendor/addon-fit-0.11.0/addon-fit.mjs"}}"#;
    let start = r#"const element = document.getElementById("terminal");
await new Promise((seen) => new IntersectionObserver((entries, eye) => {
  if (entries.some((entry) => entry.isIntersecting)) { eye.disconnect(); seen(); }
}).observe(element));
const place = element.dataset;
const terminal = await import(place.script);
await terminal.default({ module_or_path: place.wasm });
terminal.start();"#;
    view! {
        <script type="importmap" nonce=nonce.clone() inner_html=map></script>
        <script type="module" nonce=nonce inner_html=start></script>
    }
}
