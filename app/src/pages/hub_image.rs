//! One image of the hub: its tags, its layers, how it is pulled.

use hub::{Image, Inspection, Layer, Tag, size};
use leptos::prelude::*;

use super::{
    classes::ago,
    hub::{by, shown},
    paths,
};
use crate::{
    components::{Named, scrolled},
    shell::{Frame, Page, Rendered, render},
    words::Words,
};

/// How much of a digest is shown, in characters: as Docker does.
const DIGEST_SHOWN: usize = "sha256:".len() + 12;

/// What the page shows.
#[derive(Clone, Debug)]
pub struct HubImageView {
    /// The image.
    pub image: Image,
    /// Which of its tags is looked at.
    pub tag: Tag,
    /// What that stands for.
    pub inspection: Inspection,
    /// Whether the visitor may remove it.
    pub may_remove: bool,
    /// Now, in unix milliseconds.
    pub now_ms: i64,
}

/// The page.
pub fn hub_image(frame: Frame, view: HubImageView) -> Rendered {
    let words = frame.words;
    let name = shown(&view.image.name).to_owned();
    let page = Page {
        title: format!("{name} · {}", words.t("hub")),
        terminal: false,
    };
    render(&frame, page, move || {
        let description = view.image.description.clone();
        let description = (!description.is_empty()).then(|| view! { <p>{description}</p> });
        view! {
            <main class="page account-page" id="main">
                <header class="page-head">
                    <p class="unit-name">
                        <a href=paths::hub(words.0)>{words.t("hub")}</a>
                    </p>
                    <h1>{name.clone()}</h1>
                    {description}
                    <p class="help">
                        {words.t("hub-by")} ": " {by(words, &view.image.name)}
                    </p>
                </header>
                {pulling(words, &name, &view)}
                {tags(words, &view)}
                {layers(words, &view)}
            </main>
        }
    })
}

fn pulling(words: Words, name: &str, view: &HubImageView) -> impl IntoView + use<> {
    let tag = &view.tag.name;
    let command = if tag == "latest" {
        format!("docker pull {name}")
    } else {
        format!("docker pull {name}:{tag}")
    };
    let Inspection {
        architecture,
        ports,
        command: runs,
        ..
    } = &view.inspection;
    let facts: Vec<_> = [
        ("hub-runs", runs.join(" ")),
        ("hub-ports", ports.join(", ")),
        ("hub-architecture", architecture.clone()),
    ]
    .into_iter()
    .filter(|(_, fact)| !fact.is_empty())
    .map(|(key, fact)| view! { <p>{words.t(key)} ": " <code>{fact}</code></p> })
    .collect();
    view! {
        <section aria-labelledby="hub-pull">
            <h2 id="hub-pull">{words.t("hub-pull")}</h2>
            <p><code class="code">{command}</code></p>
            {facts}
        </section>
    }
}

fn tags(words: Words, view: &HubImageView) -> impl IntoView + use<> {
    let rows: Vec<_> = view
        .image
        .tags
        .iter()
        .map(|tag| row(words, view, tag))
        .collect();
    view! {
        <section aria-labelledby="hub-tags">
            <h2 id="hub-tags">{words.t("hub-tags")}</h2>
            {scrolled(
                Named::By("hub-tags"),
                view! {
                    <table class="grid people">
                        <thead>
                            <tr>
                                <th scope="col">{words.t("hub-tag")}</th>
                                <th scope="col">{words.t("hub-size")}</th>
                                <th scope="col">{words.t("hub-pushed")}</th>
                                <th scope="col">{words.t("hub-digest")}</th>
                                <td></td>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                },
            )}
        </section>
    }
}

fn row(words: Words, view: &HubImageView, tag: &Tag) -> impl IntoView + use<> {
    let name = &view.image.name;
    let current = (tag.name == view.tag.name).then_some("true");
    let digest: String = tag.digest.chars().take(DIGEST_SHOWN).collect();
    let remove = view.may_remove.then(|| {
        let whole = format!("{}:{}", shown(name), tag.name);
        let label = words.with("hub-remove-this", &[("image", whole.into())]);
        view! {
            <form method="post" action=paths::hub_remove(words.0, name)>
                <button
                    class="button small"
                    name="tag"
                    value=tag.name.clone()
                    aria-label=label
                >
                    {words.t("hub-remove")}
                </button>
            </form>
        }
    });
    view! {
        <tr>
            <th scope="row">
                <a href=paths::hub_image(words.0, name, Some(&tag.name)) aria-current=current>
                    {tag.name.clone()}
                </a>
            </th>
            <td class="number">{size(tag.size)}</td>
            <td>{ago(words, view.now_ms - tag.pushed_ms)}</td>
            <td><code>{digest}</code></td>
            <td>{remove}</td>
        </tr>
    }
}

/// The layers, the uppermost first, as they lie on one another; each as wide as it is large.
fn layers(words: Words, view: &HubImageView) -> impl IntoView + use<> {
    let layers = &view.inspection.layers;
    let largest = layers.iter().map(|layer| layer.size).max().unwrap_or(1);
    let row = |layer: &Layer| {
        view! {
            <li>
                <meter min="0" max=largest.to_string() value=layer.size.to_string()>
                    {size(layer.size)}
                </meter>
                <span class="number">{size(layer.size)}</span>
                <code>{layer.made_by.clone()}</code>
            </li>
        }
    };
    let rows: Vec<_> = layers.iter().rev().map(row).collect();
    let title = words.with("hub-layers", &[("tag", view.tag.name.clone().into())]);
    view! {
        <section aria-labelledby="hub-layers">
            <h2 id="hub-layers">{title}</h2>
            <p class="help">{words.t("hub-layers-help")}</p>
            <ol class="layers" reversed>{rows}</ol>
        </section>
    }
}
