//! What a visitor may set for their own browser.

use app::Theme;
use axum::{
    Extension, Form,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use serde::Deserialize;

use super::accounts::local_path;
use crate::{proxy::Via, visitor::THEME_COOKIE};

/// Cookies of taste last as long as a course does: a year.
const KEPT_DAYS: i64 = 365;

#[derive(Deserialize)]
pub(super) struct ThemeForm {
    theme: String,
    next: String,
}

/// Keeps the colour theme and goes back to the page.
pub(super) async fn theme(
    Extension(via): Extension<Via>,
    jar: CookieJar,
    Form(form): Form<ThemeForm>,
) -> Response {
    let theme = Theme::from_word(&form.theme);
    (
        jar.add(lasting(via, THEME_COOKIE, theme.word())),
        Redirect::to(local_path(&form.next)),
    )
        .into_response()
}

/// A cookie that scripts cannot read and other sites do not get.
pub(super) fn lasting(via: Via, name: &'static str, value: &'static str) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .secure(via.secure)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(time::Duration::days(KEPT_DAYS))
        .build()
}
