//! Answers without leaving the page.

use leptos::prelude::*;

/// Sends forms marked `data-live` in the background and takes the pieces of the page that come back.
/// Without it the forms work as forms do. Tells the server which exercise the student is at, so that
/// this one is checked first. Also wakes the *copy* and *run* buttons of code blocks.
///
/// When the server cannot be reached, `#offline` is shown, the form keeps what was entered and is sent
/// again a few times; its key makes sending it twice harmless. An answer that leads to another page is
/// followed there. See also `drafts`, `order` and `spent`, which this wakes.
#[island]
pub fn Forms() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    browser::listen();
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::cell::RefCell;

    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::{JsFuture, spawn_local};
    use web_sys::{
        Element, Event, FormData, HtmlButtonElement, HtmlElement, HtmlFormElement, RequestInit,
        Response, SubmitEvent, UrlSearchParams,
    };

    use super::super::{FRAGMENT_HEADER, code, dom, drafts, order, spent};

    /// After how long a form that got no answer is sent again, in milliseconds: a short break of the
    /// network passes unnoticed; after ten seconds the student is asked to try again.
    const AGAIN_AFTER_MS: [i32; 3] = [1000, 3000, 6000];

    /// What came back.
    enum Reply {
        /// Pieces of this page.
        Pieces(String),
        /// The answer is another page.
        Elsewhere(String),
        /// The session is over.
        SignedOut,
        /// Not an answer to the form (an error page, a proxy's word).
        Other,
    }

    pub(super) fn listen() {
        let Some(document) = dom::document() else {
            return;
        };
        if let Some(body) = document.body() {
            dom::wake(&body);
        }
        order::listen(&document);
        drafts::listen(&document);
        spent::listen(&document);
        let at = RefCell::new(String::new());
        dom::on(&document, "focusin", move |event| {
            // Every exercise takes the focus, also when something in it is clicked or leads there.
            let form = event
                .target()
                .and_then(|t| t.dyn_into::<Element>().ok())
                .and_then(|target| target.closest(".exercise").ok()?)
                .and_then(|exercise| exercise.query_selector("form.act").ok()?)
                .and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
            if let (Some(form), Some(window)) = (form, dom::window()) {
                let here = format!("{}/at", form.action());
                if at.replace(here.clone()) != here {
                    // It only says what to look at first: lost, it is said with the next exercise.
                    let _ = window.navigator().send_beacon(&here);
                }
            }
        });
        dom::on(&document, "submit", |event| {
            let submit = event.unchecked_ref::<SubmitEvent>();
            let Some(form) = event
                .target()
                .and_then(|t| t.dyn_into::<HtmlFormElement>().ok())
            else {
                return;
            };
            if form.has_attribute("data-live") {
                event.prevent_default();
                let submitter = submit.submitter();
                spawn_local(send(form, submitter));
            }
        });
        dom::on(&document, "click", |event| {
            let Some(target) = event.target().and_then(|t| t.dyn_into::<Element>().ok()) else {
                return;
            };
            if let Ok(Some(button)) = target.closest(".code .actions button") {
                code::pressed(&button);
            } else if let Ok(Some(button)) = target.closest("button.drawer") {
                drawer(&button);
            } else if let Ok(Some(summary)) = target.closest(".exercise .hint > summary") {
                hint(&summary);
            }
        });
    }

    async fn send(form: HtmlFormElement, submitter: Option<HtmlElement>) {
        if form.has_attribute("aria-busy") {
            return;
        }
        let button = submitter.and_then(|s| s.dyn_into::<HtmlButtonElement>().ok());
        let _ = form.set_attribute("aria-busy", "true");
        if let Some(button) = &button {
            // Not disabled: that would take the focus away from it.
            let _ = button.set_attribute("aria-disabled", "true");
        }
        spent::settle(&form);
        let answer = exchange(&form, button.as_ref()).await;
        // The pieces that come need not have the form in them: it may be sent again.
        let _ = form.remove_attribute("aria-busy");
        if let Some(button) = &button {
            let _ = button.remove_attribute("aria-disabled");
        }
        match answer {
            Ok(Reply::Pieces(html)) => {
                dom::hide("#offline");
                // It is with the server now, which says in the new form what of it still counts.
                drafts::remove(&form);
                dom::take(&html, dom::Taken::Answer);
            }
            Ok(Reply::Elsewhere(page)) => {
                drafts::remove(&form);
                if let Some(window) = dom::window() {
                    let _ = window.location().assign(&page);
                }
            }
            Ok(Reply::SignedOut) if dom::find("#lapsed").is_some() => dom::show("#lapsed"),
            Ok(Reply::SignedOut | Reply::Other) | Err(_) => dom::show("#offline"),
        }
    }

    /// Sends the form's fields until something comes back.
    async fn exchange(
        form: &HtmlFormElement,
        button: Option<&HtmlButtonElement>,
    ) -> Result<Reply, JsValue> {
        let fields = UrlSearchParams::new()?;
        for (name, value) in dom::entries(&FormData::new_with_form(form)?) {
            fields.append(&name, &value);
        }
        if let Some(button) = button.filter(|button| !button.name().is_empty()) {
            fields.append(&button.name(), &button.value());
        }
        for again_after in AGAIN_AFTER_MS {
            if let Ok(reply) = post(&form.action(), &fields).await {
                return Ok(reply);
            }
            dom::show("#offline");
            dom::pause(again_after).await;
        }
        post(&form.action(), &fields).await
    }

    /// Sends fields once. An error is that nothing came back.
    async fn post(action: &str, fields: &UrlSearchParams) -> Result<Reply, JsValue> {
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_body(fields);
        let request = web_sys::Request::new_with_str_and_init(action, &init)?;
        request.headers().set(FRAGMENT_HEADER, "1")?;
        let window = dom::window().ok_or(JsValue::NULL)?;
        let response: Response = JsFuture::from(window.fetch_with_request(&request))
            .await?
            .unchecked_into();
        if response.headers().get(FRAGMENT_HEADER)?.is_some() {
            let text = JsFuture::from(response.text()?).await?;
            return Ok(Reply::Pieces(text.as_string().unwrap_or_default()));
        }
        Ok(match response.status() {
            401 => Reply::SignedOut,
            200 if response.redirected() => Reply::Elsewhere(response.url()),
            _ => Reply::Other,
        })
    }

    /// Tells the server how many hints of the exercise were opened, with this one.
    fn hint(summary: &Element) {
        let exercise = summary.closest(".exercise").ok().flatten();
        let (Some(hint), Some(exercise)) = (summary.parent_element(), exercise) else {
            return;
        };
        let _ = hint.set_attribute("data-opened", "");
        let opened = dom::all(&exercise, "[data-opened]").count();
        let form = exercise.query_selector("form.act").ok().flatten();
        if let (Some(form), Some(window)) = (form, dom::window()) {
            let form: HtmlFormElement = form.unchecked_into();
            let here = format!("{}/hints/{opened}", form.action());
            // Lost, the record says one less.
            let _ = window.navigator().send_beacon(&here);
        }
    }

    /// Opens or closes the machine on a narrow screen.
    fn drawer(button: &Element) {
        let Some(pane) = dom::find("#machine") else {
            return;
        };
        let open = pane.get_attribute("data-drawer").as_deref() == Some("open");
        let (state, expanded) = if open {
            ("closed", "false")
        } else {
            ("open", "true")
        };
        let _ = pane.set_attribute("data-drawer", state);
        let _ = button.set_attribute("aria-expanded", expanded);
        let other = button.get_attribute("data-other-label").unwrap_or_default();
        let _ = button.set_attribute(
            "data-other-label",
            &button.text_content().unwrap_or_default(),
        );
        button.set_text_content(Some(&other));
        if let Some(window) = dom::window() {
            // The terminal fits itself to its new size.
            let _ = Event::new("resize").map(|event| window.dispatch_event(&event));
        }
    }
}
