//! Tabs.

use crate::common::{BOTH, KO, load, page, report, shown};
use course::{Block, Lang};

const TABS: &str = "\
앞 글

::::tabs
:::tab Debian, <Ubuntu>
```bash
apt-get install docker.io
```
각주도 됩니다.[^a]
:::

:::tab Fedora
- 목록

dnf
:::
::::
::::tabs
:::tab 하나
가
:::
:::tab 둘
나
:::
::::

[^a]: 각주";

#[test]
fn tabs_are_radio_buttons_and_what_they_show() {
    let course = load(&[("course.toml", KO), ("u/l.ko.md", &page(TABS))]);
    let course = course.unwrap_or_else(|problems| panic!("{problems}"));
    let lesson = course.lessons().next().unwrap();
    let html = shown(lesson, Lang::Ko);
    assert_eq!(html.matches(" checked").count(), 2, "one of each block");
    for block in &lesson.pages.get(Lang::Ko).blocks {
        if let Block::Prose(html) = block {
            let count = |tag| html.as_str().matches(tag).count();
            assert_eq!(count("<fieldset"), count("</fieldset"), "tabs are not cut");
        }
    }
    insta::assert_snapshot!(html);
}

#[test]
fn what_is_wrong_with_tabs() {
    let tab = ":::tab 가\n글\n:::\n";
    insta::assert_snapshot!(report([
        format!("::::tabs\n{tab}::::"),
        format!("::::tabs 둘\n{}::::", tab.repeat(7)),
        format!("::::tabs\n밖의 글\n:::note\n글\n:::\n```text\n글\n```\n{tab}{tab}::::"),
        format!("::::tabs\n:::tab\n글\n:::\n:::tab 둘\n## 제목\n:::\n::::\n{tab}"),
        format!("::::tabs\n{tab}{tab}"),
    ]));
}

#[test]
fn a_translation_has_the_same_headings_and_tabs() {
    let ko = format!("## 하나\n\n{TABS}");
    let en = "---\ntitle: Title\n---\n## One\n\n### Two\n\n::::tabs\n:::tab a\na\n:::\n:::tab b\nb\n:::\n:::tab c\nc\n:::\n::::\n";
    let problems = load(&[
        ("course.toml", BOTH),
        ("u/l.ko.md", &page(&ko)),
        ("u/l.en.md", en),
    ]);
    insta::assert_snapshot!(problems.unwrap_err().to_string());
}
