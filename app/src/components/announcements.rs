//! What an instructor says to the whole class, on the pages of its students.

use leptos::prelude::*;
use store::Announcement;

use crate::{pages::paths, words::Words};

/// The announcements that a student has not put away, the last first. The element stands on the page
/// also when there are none, so that a new one can take its place. `next` is the page that it is on.
pub fn announcements(
    words: Words,
    announcements: &[Announcement],
    next: &str,
) -> impl IntoView + use<> {
    let rows: Vec<_> = announcements
        .iter()
        .map(|it| {
            let from = words.with("announced-by", &[("name", it.author.clone().into())]);
            view! {
                <li>
                    <p class="from">{from}</p>
                    <p class="text">{it.text.clone()}</p>
                </li>
            }
        })
        .collect();
    let said = announcements
        .first()
        .map(|last| format!("{}: {}", last.author, last.text));
    let last = announcements.first().map(|last| {
        view! {
            <form method="post" action=paths::announcements_heard(words.0) data-live>
                <input type="hidden" name="last" value=last.id.to_string() />
                <input type="hidden" name="next" value=next.to_owned() />
                <button class="button small" id="announcements-heard">
                    {words.t("announcement-heard")}
                </button>
            </form>
        }
    });
    view! {
        <aside
            class="announcements"
            id="announcements"
            aria-label=words.t("announcements")
            data-say=said
            hidden=announcements.is_empty()
        >
            <ul>{rows}</ul>
            {last}
        </aside>
    }
}
