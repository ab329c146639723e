//! A student's page becomes an author's: the same markup, but its forms go to the author's own
//! addresses, its pictures come from the folder as it is, and two languages can stand on one page.

use std::{collections::BTreeMap, fmt::Write};

use course::Lang;

/// What is changed in the tags of a piece of a page.
#[derive(Clone, Copy)]
pub(super) struct Tags<'a> {
    /// The language of its addresses.
    pub(super) lang: Lang,
    /// A hash of each picture.
    pub(super) pictures: &'a BTreeMap<String, String>,
    /// Set on a page that shows two languages: before each id, and a form is only one.
    pub(super) prefix: Option<&'a str>,
}

impl Tags<'_> {
    /// `html`, which our own renderer made, with its tags changed and its text as it is.
    pub(super) fn change(self, html: &str) -> String {
        let mut changed = String::with_capacity(html.len());
        let mut rest = html;
        while let Some(open) = rest.find('<') {
            let (text, tag) = rest.split_at(open);
            let end = tag.find('>').map_or(tag.len(), |end| end + 1);
            changed.push_str(text);
            changed.push_str(&self.tag(&tag[..end]));
            rest = &tag[end..];
        }
        changed.push_str(rest);
        changed
    }

    fn tag(self, tag: &str) -> String {
        let lessons = format!(" action=\"/{}/lessons/", self.lang);
        let ours = format!(" action=\"/{}/author/lessons/", self.lang);
        let mut tag = self.picture(tag.replace(&lessons, &ours));
        let Some(prefix) = self.prefix else {
            return tag;
        };
        for name in ["id", "for", "aria-labelledby", "aria-describedby"] {
            tag = tag.replace(&format!(" {name}=\""), &format!(" {name}=\"{prefix}"));
        }
        // Tabs of two languages are two groups. A form's answer would be sought by an id that is another
        // here, so it is a plain one.
        tag.replace(" name=\"tabs-", &format!(" name=\"{prefix}tabs-"))
            .replace(" href=\"#", &format!(" href=\"#{prefix}"))
            .replace(" data-live", "")
    }

    fn picture(self, tag: String) -> String {
        let shown = " src=\"/assets/";
        let Some((before, rest)) = tag.split_once(shown) else {
            return tag;
        };
        let Some((path, after)) = rest.split_once('"') else {
            return tag;
        };
        let mut changed = format!("{before} src=\"/{}/author/assets/{path}", self.lang);
        if let Some(hash) = self.pictures.get(path) {
            // Writing to a String cannot fail.
            let _ = write!(changed, "?v={hash}");
        }
        changed + "\"" + after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_changed_and_text_is_not() {
        let pictures = BTreeMap::from([("u/a.svg".to_owned(), "12".to_owned())]);
        let tags = Tags {
            lang: Lang::Ko,
            pictures: &pictures,
            prefix: None,
        };
        assert_eq!(
            tags.change(
                "<p id=\"x\"> src=\"/assets/u/a.svg <img src=\"/assets/u/a.svg\" alt=\"\"></p>"
            ),
            "<p id=\"x\"> src=\"/assets/u/a.svg <img src=\"/ko/author/assets/u/a.svg?v=12\" alt=\"\"></p>"
        );
        assert_eq!(
            tags.change("<form action=\"/ko/lessons/u/l/questions/q\" data-live>"),
            "<form action=\"/ko/author/lessons/u/l/questions/q\" data-live>"
        );
        let second = Tags {
            prefix: Some("en-"),
            ..tags
        };
        assert_eq!(
            second.change("<h2 id=\"a\">id=\"a\"</h2><a href=\"#a\"></a><form id=\"q\" data-live>"),
            "<h2 id=\"en-a\">id=\"a\"</h2><a href=\"#en-a\"></a><form id=\"en-q\">"
        );
    }
}
