//! What is entered and not yet given, kept in this browser: a reload or a closed tab loses nothing.
//!
//! A form says in `data-draft` under which name: whose it is, which question, and a hash of what was
//! shown, so that an entry never comes back into another form than it was made for.

use wasm_bindgen::JsCast;
use web_sys::{
    Document, Element, FormData, HtmlFormElement, HtmlInputElement, HtmlSelectElement, Storage,
    UrlSearchParams,
};

use super::{dom, order};

/// What the names of drafts begin with in the browser's storage.
const PREFIX: &str = "gyosil.draft.";

/// The fields that belong to one loading of a form and not to what is entered.
const NOT_ENTERED: [&str; 5] = ["key", "shown", "spent", "sitting", "asked"];

/// Brings back what was entered into the forms below `root`, or into `root`.
pub(super) fn wake(root: &Element) {
    let itself = Some(root.clone()).filter(|root| root.has_attribute("data-draft"));
    for form in itself.into_iter().chain(dom::all(root, "form[data-draft]")) {
        let Ok(form) = form.dyn_into::<HtmlFormElement>() else {
            continue;
        };
        if form.get_attribute("data-state").as_deref() == Some("right") {
            remove(&form);
        } else if form.has_attribute("data-entered") {
            // The server brought it along: it is newer than what is kept.
            keep(&form);
        } else {
            restore(&form);
        }
    }
}

pub(super) fn listen(document: &Document) {
    forget_others();
    for name in ["input", "change"] {
        dom::on(document, name, |event| {
            let form = event
                .target()
                .and_then(|target| target.dyn_into::<Element>().ok())
                .and_then(|target| target.closest("form[data-draft]").ok()?)
                .and_then(|form| form.dyn_into().ok());
            if let Some(form) = form {
                keep(&form);
            }
        });
    }
    dom::on(document, "submit", |event| {
        let form = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        if form.is_some_and(|form| form.action().ends_with("/sign-out")) {
            forget(|_| true);
        }
    });
}

/// Forgets what was entered into the form: it was given.
pub(super) fn remove(form: &HtmlFormElement) {
    if let (Some(storage), Some(name)) = (storage(), name(form)) {
        let _ = storage.remove_item(&name);
    }
}

fn storage() -> Option<Storage> {
    dom::window()?.local_storage().ok()?
}

fn name(form: &HtmlFormElement) -> Option<String> {
    Some(format!("{PREFIX}{}", form.get_attribute("data-draft")?))
}

fn is_entered(field: &str) -> bool {
    let last = field.rsplit('.').next().unwrap_or(field);
    !NOT_ENTERED.contains(&last)
}

fn keep(form: &HtmlFormElement) {
    let (Some(storage), Some(name)) = (storage(), name(form)) else {
        return;
    };
    let (Ok(fields), Ok(data)) = (UrlSearchParams::new(), FormData::new_with_form(form)) else {
        return;
    };
    for (field, value) in dom::entries(&data) {
        if is_entered(&field) {
            fields.append(&field, &value);
        }
    }
    // Full, or forbidden: then what is entered lasts as long as the page.
    let _ = storage.set_item(&name, &String::from(fields.to_string()));
}

fn restore(form: &HtmlFormElement) {
    let kept = storage()
        .zip(name(form))
        .and_then(|(storage, name)| storage.get_item(&name).ok()?);
    let Some(fields) = kept.and_then(|kept| UrlSearchParams::new_with_str(&kept).ok()) else {
        return;
    };
    for field in dom::all(form, "input:not([type='hidden']):enabled") {
        let field: HtmlInputElement = field.unchecked_into();
        let value = fields.get(&field.name());
        if matches!(field.type_().as_str(), "radio" | "checkbox") {
            let chosen = fields.get_all(&field.name());
            field.set_checked(chosen.includes(&field.value().into(), 0));
        } else if let Some(value) = value {
            field.set_value(&value);
        }
    }
    for field in dom::all(form, "select:enabled") {
        let field: HtmlSelectElement = field.unchecked_into();
        if let Some(value) = fields.get(&field.name()) {
            field.set_value(&value);
        }
    }
    for list in dom::all(form, "ol.order") {
        order::arrange(&list);
    }
}

/// Forgets what somebody else has entered at this computer.
fn forget_others() {
    let form = dom::find("form[data-draft]");
    let name = form.and_then(|form| form.get_attribute("data-draft"));
    let Some(whose) = name.and_then(|name| Some(format!("{}/", name.split('/').next()?))) else {
        return;
    };
    forget(|name| !name.starts_with(&whose));
}

fn forget(which: impl Fn(&str) -> bool) {
    let Some(storage) = storage() else { return };
    let count = storage.length().unwrap_or(0);
    let names: Vec<_> = (0..count)
        .filter_map(|index| storage.key(index).ok()?)
        .filter(|name| name.strip_prefix(PREFIX).is_some_and(&which))
        .collect();
    for name in names {
        let _ = storage.remove_item(&name);
    }
}
