//! The ways in: signing in, joining a class, and the first instructor.

use fluent_bundle::FluentValue;
use leptos::prelude::*;

use super::paths;
use crate::{
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// The shortest password, in characters: the minimum of NIST SP 800-63B.
pub const PASSWORD_MIN: usize = 8;

/// Why a form came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormTrouble {
    /// The session has ended; the form is here to sign in again.
    Lapsed,
    /// Name or password is wrong: not said which.
    WrongPassword,
    /// Too many failures.
    TooMany {
        /// After how many minutes it may be tried again.
        minutes: u64,
    },
    /// No class has this code.
    NoSuchCode,
    /// Somebody has this name.
    NameTaken,
    /// Somebody who is not in the class has this name.
    NameTakenElsewhere,
    /// A file has this name twice.
    NameTwice,
    /// No name, or one of invisible characters.
    NameEmpty,
    /// The name is too long.
    NameTooLong,
    /// The password is too short.
    PasswordShort,
    /// The password is too long to be one.
    PasswordLong,
    /// The password entered is not the account's.
    NotYourPassword,
    /// The name entered is not the account's.
    NotYourName,
    /// Somebody who alone teaches a class cannot go.
    TeachesAlone,
    /// The last admin cannot go.
    LastAdmin,
    /// No instructor has this name.
    NoSuchInstructor,
    /// No file was chosen.
    FileMissing,
    /// The file is no text, or in no encoding that we know.
    FileNotText,
    /// The file has no names.
    FileEmpty,
    /// The file has more names than are taken at once.
    FileTooLong {
        /// How many are.
        max: usize,
    },
    /// No name for the hub, as Docker has them.
    HubNameBad,
    /// Somebody has this name on the hub.
    HubNameTaken,
    /// No more tokens for the hub.
    HubTokensFull,
    /// A class needs a name.
    TitleEmpty,
    /// The class's name is too long.
    TitleTooLong,
}

impl FormTrouble {
    /// The field that it is about; none for the whole form.
    fn field(self) -> Option<&'static str> {
        match self {
            Self::Lapsed
            | Self::WrongPassword
            | Self::NotYourPassword
            | Self::TeachesAlone
            | Self::LastAdmin
            | Self::HubTokensFull
            | Self::TooMany { .. } => None,
            Self::NoSuchCode => Some("code"),
            Self::NameTaken
            | Self::NameTakenElsewhere
            | Self::NameTwice
            | Self::NoSuchInstructor
            | Self::NameEmpty
            | Self::NameTooLong => Some("name"),
            Self::FileMissing | Self::FileNotText | Self::FileEmpty | Self::FileTooLong { .. } => {
                Some("file")
            }
            Self::PasswordShort | Self::PasswordLong => Some("password"),
            Self::NotYourName => Some("own-name"),
            Self::HubNameBad | Self::HubNameTaken => Some("hub-name"),
            Self::TitleEmpty | Self::TitleTooLong => Some("title"),
        }
    }

    /// What is said of it.
    pub(super) fn text(self, words: Words) -> String {
        let (key, n): (_, FluentValue<'static>) = match self {
            Self::Lapsed => ("trouble-lapsed", 0.into()),
            Self::WrongPassword => ("trouble-wrong-password", 0.into()),
            Self::TooMany { minutes } => ("trouble-too-many", minutes.into()),
            Self::NoSuchCode => ("trouble-no-such-code", 0.into()),
            Self::NameTaken => ("trouble-name-taken", 0.into()),
            Self::NameTakenElsewhere => ("trouble-name-taken-elsewhere", 0.into()),
            Self::NameTwice => ("trouble-name-twice", 0.into()),
            Self::FileMissing => ("trouble-file-missing", 0.into()),
            Self::FileNotText => ("trouble-file-not-text", 0.into()),
            Self::FileEmpty => ("trouble-file-empty", 0.into()),
            Self::FileTooLong { max } => ("trouble-file-too-long", max.into()),
            Self::NameEmpty => ("trouble-name-empty", 0.into()),
            Self::NameTooLong => ("trouble-name-too-long", store::NAME_MAX.into()),
            Self::PasswordShort => ("trouble-password-short", PASSWORD_MIN.into()),
            Self::PasswordLong => ("trouble-password-long", 0.into()),
            Self::NotYourPassword => ("trouble-not-your-password", 0.into()),
            Self::NotYourName => ("trouble-not-your-name", 0.into()),
            Self::TeachesAlone => ("trouble-teaches-alone", 0.into()),
            Self::LastAdmin => ("trouble-last-admin", 0.into()),
            Self::NoSuchInstructor => ("trouble-no-such-instructor", 0.into()),
            Self::HubNameBad => ("trouble-hub-name-bad", 0.into()),
            Self::HubNameTaken => ("trouble-hub-name-taken", 0.into()),
            Self::HubTokensFull => ("trouble-hub-tokens-full", store::HUB_TOKENS_MAX.into()),
            Self::TitleEmpty => ("trouble-title-empty", 0.into()),
            Self::TitleTooLong => ("trouble-title-too-long", store::TITLE_MAX.into()),
        };
        words.with(key, &[("n", n)])
    }
}

/// The form to sign in, as it was filled in.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    /// The name entered.
    pub name: String,
    /// Where to go afterwards.
    pub next: String,
    /// Why the form came back.
    pub trouble: Option<FormTrouble>,
}

/// The form to join a class, as it was filled in.
#[derive(Clone, Debug, Default)]
pub struct Join {
    /// The code entered, or brought by a link.
    pub code: String,
    /// The name entered.
    pub name: String,
    /// Where to go afterwards.
    pub next: String,
    /// Why the form came back.
    pub trouble: Option<FormTrouble>,
}

/// The form behind the one-time link, as it was filled in.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Whether the link is (still) valid.
    pub valid: bool,
    /// The link's token.
    pub token: String,
    /// The name entered.
    pub name: String,
    /// Why the form came back.
    pub trouble: Option<FormTrouble>,
}

/// The page to sign in.
pub fn sign_in(frame: Frame, form: SignIn) -> Rendered {
    let words = frame.words;
    let lang = frame.lang();
    door(&frame, "sign-in", move || {
        view! {
            {message(words, form.trouble)}
            <form method="post" action=format!("/{lang}/sign-in")>
                <input type="hidden" name="next" value=form.next.clone() />
                {field(words, Field::name(form.name), form.trouble)}
                {field(words, Field::password(), form.trouble)}
                <button class="button primary">{words.t("sign-in")}</button>
            </form>
            <div class="other">
                <p>
                    {words.t("first-time")} " "
                    <a href=paths::join(lang, &form.next)>{words.t("join-a-class")}</a>
                </p>
                <p>{words.t("forgotten-password")}</p>
            </div>
        }
    })
}

/// The page to join a class.
pub fn join(frame: Frame, form: Join) -> Rendered {
    let words = frame.words;
    let lang = frame.lang();
    door(&frame, "join-a-class", move || {
        let name = Field {
            help: Some(words.t("name-help")),
            ..Field::name(form.name)
        };
        view! {
            <p class="lead">{words.t("join-lead")}</p>
            {message(words, form.trouble)}
            <form method="post" action=format!("/{lang}/join")>
                <input type="hidden" name="next" value=form.next.clone() />
                {field(words, Field::text("code", form.code), form.trouble)}
                {field(words, name, form.trouble)}
                {field(words, Field::new_password(words), form.trouble)}
                <button class="button primary">{words.t("join")}</button>
            </form>
            <div class="other">
                <p>
                    {words.t("been-here")} " "
                    <a href=paths::sign_in(lang, &form.next, false)>{words.t("sign-in")}</a>
                </p>
            </div>
        }
    })
}

/// The page behind the one-time link.
pub fn setup(frame: Frame, form: Setup) -> Rendered {
    let words = frame.words;
    let lang = frame.lang();
    door(&frame, "setup-title", move || {
        if !form.valid {
            return view! {
                <div class="message" data-tone="wrong" role="alert">
                    <strong>{words.t("setup-invalid-title")}</strong>
                    {words.t("setup-invalid-text")}
                </div>
            }
            .into_any();
        }
        view! {
            <p class="lead">{words.t("setup-lead")}</p>
            {message(words, form.trouble)}
            <form method="post" action=paths::setup(lang, &form.token)>
                {field(words, Field::name(form.name), form.trouble)}
                {field(words, Field::new_password(words), form.trouble)}
                <button class="button primary">{words.t("open-classroom")}</button>
            </form>
        }
        .into_any()
    })
}

fn door<V: IntoView>(frame: &Frame, title: &str, inside: impl FnOnce() -> V + 'static) -> Rendered {
    let title = frame.words.t(title);
    let page = Page {
        title: title.clone(),
        terminal: false,
    };
    render(frame, page, move || {
        view! {
            <main class="narrow" id="main">
                <h1>{title}</h1>
                {inside()}
            </main>
        }
    })
}

/// What is said above the form: the trouble itself, or that a field below has one.
pub(super) fn message(words: Words, trouble: Option<FormTrouble>) -> Option<impl IntoView + use<>> {
    let trouble = trouble?;
    let text = match trouble.field() {
        None => trouble.text(words),
        Some(_) => words.t("trouble-in-field"),
    };
    Some(
        view! { <div class="message" data-tone="wrong" role="alert"><strong>{text}</strong></div> },
    )
}

/// A labelled field of a form.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// The key of its label.
    pub(super) label: String,
    pub(super) kind: &'static str,
    pub(super) value: String,
    pub(super) autocomplete: &'static str,
    pub(super) help: Option<String>,
    pub(super) max: Option<usize>,
}

impl Field {
    /// A field without help or limit.
    pub(super) fn text(name: &'static str, value: String) -> Self {
        Self {
            name,
            label: format!("field-{name}"),
            kind: "text",
            value,
            autocomplete: "off",
            help: None,
            max: None,
        }
    }

    fn name(value: String) -> Self {
        Self {
            autocomplete: "username",
            max: Some(store::NAME_MAX),
            ..Self::text("name", value)
        }
    }

    /// The password that one has, where the page asks for another as well.
    pub(super) fn own_password(name: &'static str) -> Self {
        Self {
            kind: "password",
            autocomplete: "current-password",
            ..Self::text(name, String::new())
        }
    }

    fn password() -> Self {
        Self::own_password("password")
    }

    pub(super) fn new_password(words: Words) -> Self {
        Self {
            autocomplete: "new-password",
            help: Some(words.with("password-help", &[("n", PASSWORD_MIN.into())])),
            ..Self::password()
        }
    }
}

/// A field with its label, its help and, if the trouble is about it, the error.
pub(super) fn field(
    words: Words,
    field: Field,
    trouble: Option<FormTrouble>,
) -> impl IntoView + use<> {
    let name = field.name;
    let error = trouble.filter(|trouble| trouble.field() == Some(name));
    let error = error.map(|trouble| {
        view! { <p class="error" id=format!("{name}-error")>{trouble.text(words)}</p> }
    });
    let mut described = Vec::new();
    if field.help.is_some() {
        described.push(format!("{name}-help"));
    }
    if error.is_some() {
        described.push(format!("{name}-error"));
    }
    let described = (!described.is_empty()).then(|| described.join(" "));
    let invalid = error.is_some().then_some("true");
    let help = field
        .help
        .map(|help| view! { <p class="help" id=format!("{name}-help")>{help}</p> });
    view! {
        <div class="field">
            <label for=name>{words.t(&field.label)}</label>
            {help}
            <input
                id=name
                name=name
                type=field.kind
                class=(name == "code").then_some("code-input")
                value=field.value
                required
                maxlength=field.max
                autocomplete=field.autocomplete
                autocapitalize=(name == "code").then_some("characters")
                spellcheck=(name == "code").then_some("false")
                accept=(field.kind == "file").then_some(".csv,.txt,text/csv,text/plain")
                aria-describedby=described
                aria-invalid=invalid
            />
            {error}
        </div>
    }
}
