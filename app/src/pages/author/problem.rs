//! A problem of the course, told so that its author can mend it. Its words are the linter's: English.

use course::Problem;
use leptos::prelude::*;

/// The message, the place with its line of source, and how to mend it.
pub(super) fn problem(problem: &Problem) -> impl IntoView + use<> {
    let place = match (problem.line, problem.column) {
        (0, _) => problem.file.clone(),
        (line, column) => format!("{}:{line}:{column}", problem.file),
    };
    let source = (problem.line > 0).then(|| source(problem));
    view! {
        <div class="problem" lang="en">
            <p class="what">{problem.message.clone()}</p>
            <p class="place"><code>{place}</code> " " <code>{problem.code}</code></p>
            {source}
            <p>{problem.help.clone()}</p>
        </div>
    }
}

/// The line, with the words in question marked.
fn source(problem: &Problem) -> impl IntoView + use<> {
    let start = problem.column.saturating_sub(1 + problem.skipped);
    let letters = |skip: usize, count: usize| -> String {
        problem.source.chars().skip(skip).take(count).collect()
    };
    let cut = if problem.skipped > 0 { "…" } else { "" };
    let before = format!("{cut}{}", letters(0, start));
    let meant = letters(start, problem.width);
    let after = letters(start + problem.width, usize::MAX);
    view! { <pre tabindex="0">{before} <mark>{meant}</mark> {after}</pre> }
}

/// All of them, one after another.
pub(super) fn problems<'a>(all: impl Iterator<Item = &'a Problem>) -> Vec<AnyView> {
    all.map(|it| problem(it).into_any()).collect()
}
