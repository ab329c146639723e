//! Footnotes: numbered in the order in which they are referred to, gathered at the end.

use std::ops::Range;

use pulldown_cmark::CowStr;

use super::pass::{Pass, Place};
use crate::lang::Lang;

impl<'e> Pass<'_, '_, 'e> {
    pub(super) fn footnote_reference(&mut self, label: &CowStr<'e>) {
        let known = self.footnote_numbers.get(label).copied();
        let number = known.unwrap_or(self.footnotes.len() + 1);
        // Only the first reference can be come back to.
        let id = match known {
            None => {
                self.footnotes.push(label.clone());
                self.footnote_numbers.insert(label.clone(), number);
                format!(" id=\"{}\"", self.footnote_id("fnref", number))
            }
            Some(_) => String::new(),
        };
        let target = self.footnote_id("fn", number);
        self.raw_inline(format!(
            "<sup class=\"footnote-ref\"><a href=\"#{target}\"{id} role=\"doc-noteref\">{number}</a></sup>"
        ));
    }

    pub(super) fn footnote_defined(&mut self, range: &Range<usize>) {
        let Some((outside, label)) = self.outside.take() else {
            return;
        };
        let text = std::mem::replace(&mut self.out, outside);
        if self.definitions.insert(label.to_string(), text).is_some() {
            self.renderer.problem(
                self.fragment.spot(range.clone()),
                "double-footnote",
                "there is another footnote of this name",
                "give one of them another name",
            );
        }
    }

    pub(super) fn add_footnotes(&mut self) {
        let mut definitions = std::mem::take(&mut self.definitions);
        let labels = std::mem::take(&mut self.footnotes);
        if !labels.is_empty() {
            self.raw("<section class=\"footnotes\" role=\"doc-endnotes\">\n<ol>\n");
            for (index, label) in labels.iter().enumerate() {
                let (id, back) = (
                    self.footnote_id("fn", index + 1),
                    self.footnote_id("fnref", index + 1),
                );
                let to_text = match self.renderer.env.lang {
                    Lang::Ko => "본문으로",
                    Lang::En => "Back to the text",
                };
                self.raw(format!("<li id=\"{id}\">\n"));
                self.out
                    .extend(definitions.remove(label.as_ref()).unwrap_or_default());
                self.raw(format!(
                    "<a class=\"footnote-backref\" href=\"#{back}\" role=\"doc-backlink\" aria-label=\"{to_text}\">↩</a></li>\n"
                ));
            }
            self.raw("</ol>\n</section>\n");
        }
        for label in definitions.into_keys() {
            self.renderer.problem(
                self.fragment.spot(0..0),
                "unused-footnote",
                format_args!("nothing refers to the footnote `{label}`"),
                format_args!("write `[^{label}]` where it belongs, or take it out"),
            );
        }
    }

    pub(super) fn footnote_id(&self, what: &str, number: usize) -> String {
        match self.place {
            Place::Page => format!("{what}-{number}"),
            _ => format!("{what}-{}-{number}", self.renderer.fragments),
        }
    }
}
