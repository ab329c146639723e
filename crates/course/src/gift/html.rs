//! Moodle's texts as our Markdown.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::LazyLock;

use super::parse::{Format, Text};
use crate::highlight;

/// Elements that become Markdown. Of others the words are kept.
const ELEMENTS: [&str; 16] = [
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "div",
    "em",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "tr",
    "ul",
    "td",
];

/// Elements that stand for themselves: lessons may have them.
const KEPT: [&str; 6] = ["kbd", "mark", "small", "sub", "sup", "u"];

static CLEANER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = ammonia::Builder::empty();
    cleaner
        .tags(ELEMENTS.into_iter().chain(KEPT).collect())
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("pre", HashSet::from(["data-lang"])),
        ]))
        .clean_content_tags(HashSet::from(["script", "style"]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(None);
    cleaner
});

/// A text as Markdown of any number of paragraphs.
pub(super) fn markdown(text: &Text) -> String {
    match text.format {
        Format::Markdown => text.text.clone(),
        Format::Plain => plain(&text.text),
        Format::Html => of_html(&text.text),
        Format::Moodle if has_blocks(&text.text) => of_html(&text.text),
        Format::Moodle => of_html(&text.text.replace('\n', "<br>")),
    }
}

/// A text as it is, without any markup.
pub(super) fn words(text: &Text) -> String {
    let words = match text.format {
        Format::Markdown | Format::Plain => text.text.clone(),
        Format::Html | Format::Moodle => {
            let mut words = String::new();
            for piece in Pieces(&CLEANER.clean(&text.text).to_string()) {
                match piece {
                    Piece::Text(text) => words.push_str(&decoded(text)),
                    Piece::Tag(_) => {}
                }
            }
            words
        }
    };
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text shows an image, which does not come over.
pub(super) fn has_image(text: &Text) -> bool {
    matches!(text.format, Format::Html | Format::Moodle) && text.text.contains("<img")
}

fn has_blocks(html: &str) -> bool {
    ["<p", "<br", "<div", "<li", "<pre"]
        .iter()
        .any(|tag| html.contains(tag))
}

fn plain(text: &str) -> String {
    let mut page = Page::default();
    for paragraph in text.split("\n\n") {
        page.block();
        for (index, line) in paragraph.lines().enumerate() {
            if index > 0 {
                page.line_break();
            }
            page.words(line);
        }
    }
    page.text
}

fn of_html(html: &str) -> String {
    let clean = CLEANER.clean(html).to_string();
    let mut page = Page::default();
    let mut pieces = Pieces(&clean);
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Text(text) => page.words(&decoded(text)),
            Piece::Tag(tag) if tag.starts_with("pre") => page.code_block(tag, &mut pieces),
            Piece::Tag("code") => page.code(&mut pieces),
            Piece::Tag(tag) => page.tag(tag),
        }
    }
    page.text
}

/// A cleaned HTML text, taken apart.
struct Pieces<'t>(&'t str);

enum Piece<'t> {
    Text(&'t str),
    /// What stands between `<` and `>`.
    Tag(&'t str),
}

impl<'t> Iterator for Pieces<'t> {
    type Item = Piece<'t>;

    fn next(&mut self) -> Option<Piece<'t>> {
        if let Some(rest) = self.0.strip_prefix('<') {
            let end = rest.find('>')?;
            self.0 = &rest[end + 1..];
            return Some(Piece::Tag(&rest[..end]));
        }
        let end = self.0.find('<').unwrap_or(self.0.len());
        let (text, rest) = self.0.split_at(end);
        self.0 = rest;
        (!text.is_empty()).then_some(Piece::Text(text))
    }
}

impl Pieces<'_> {
    /// The words up to an element's end.
    fn until(&mut self, end: &str) -> String {
        let mut words = String::new();
        for piece in self {
            match piece {
                Piece::Tag(tag) if tag == end => break,
                Piece::Tag("br") => words.push('\n'),
                Piece::Tag(_) => {}
                Piece::Text(text) => words.push_str(&decoded(text)),
            }
        }
        words
    }
}

/// Markdown being written.
#[derive(Default)]
struct Page {
    text: String,
    /// What each line begins with: the indentation of lists, the marks of quotes.
    prefix: Vec<&'static str>,
    /// For each list that is open the number of the last item; `None` where they have none.
    lists: Vec<Option<usize>>,
    /// Addresses of the links that are open; `None` where it is not to be linked.
    links: Vec<Option<String>>,
    /// Whether nothing has been written on the line yet but its prefix.
    fresh: bool,
}

impl Page {
    /// Begins a paragraph, unless one has just begun.
    fn block(&mut self) {
        if self.text.is_empty() {
            self.fresh = true;
        }
        if self.fresh {
            return;
        }
        let prefix = self.prefix.concat();
        let kept = self.text.trim_end().len();
        self.text.truncate(kept);
        let _ = write!(self.text, "\n{}\n{prefix}", prefix.trim_end());
        self.fresh = true;
    }

    fn line_break(&mut self) {
        if !self.fresh {
            let kept = self.text.trim_end().len();
            self.text.truncate(kept);
            let _ = write!(self.text, "\\\n{}", self.prefix.concat());
            self.fresh = true;
        }
    }

    fn words(&mut self, text: &str) {
        let space_first = text.starts_with(char::is_whitespace) && !self.fresh;
        if space_first && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
        for (index, word) in text.split_whitespace().enumerate() {
            if index > 0 {
                self.text.push(' ');
            }
            let starts_line = std::mem::take(&mut self.fresh) || self.text.is_empty();
            escape(&mut self.text, word, starts_line);
        }
        let ends = text.ends_with(char::is_whitespace);
        if ends && !self.fresh && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    fn raw(&mut self, text: &str) {
        self.fresh = false;
        self.text.push_str(text);
    }

    fn tag(&mut self, tag: &str) {
        let (close, name) = match tag.strip_prefix('/') {
            Some(name) => (true, name),
            None => (false, tag.split(' ').next().unwrap_or(tag)),
        };
        match (name, close) {
            ("p" | "div" | "tr", _) | ("blockquote", true) => {
                if name == "blockquote" {
                    self.prefix.pop();
                }
                self.block();
            }
            ("td", true) => self.raw(" "),
            ("blockquote", false) => {
                self.block();
                self.prefix.push("> ");
                self.text.push_str("> ");
            }
            ("ul" | "ol", false) => {
                self.lists.push((name == "ol").then_some(0));
                if self.lists.len() == 1 {
                    self.block();
                }
            }
            ("ul" | "ol", true) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.block();
                }
            }
            ("li", false) => self.item(),
            ("li", true) => {
                self.prefix.pop();
            }
            ("br", _) => self.line_break(),
            ("b" | "strong", _) => self.raw("**"),
            ("i" | "em", _) => self.raw("*"),
            ("a", false) => {
                let address = attribute(tag, "href");
                if address.is_some() {
                    self.raw("[");
                }
                self.links.push(address);
            }
            ("a", true) => {
                if let Some(Some(address)) = self.links.pop() {
                    self.raw(&format!("](<{}>)", address.replace(['<', '>', '\n'], "")));
                }
            }
            (name, _) if KEPT.contains(&name) => {
                let slash = if close { "/" } else { "" };
                self.raw(&format!("<{slash}{name}>"));
            }
            _ => {}
        }
    }

    /// `*` and not `-`, which would be a choice.
    fn item(&mut self) {
        if !self.fresh {
            let _ = write!(self.text, "\n{}", self.prefix.concat());
        }
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{number}. ")
            }
            _ => "* ".to_owned(),
        };
        self.text.push_str(&mark);
        self.prefix.push(if mark == "* " { "  " } else { "    " });
        self.fresh = true;
    }

    fn code(&mut self, pieces: &mut Pieces<'_>) {
        let code = pieces.until("/code");
        let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
        if code.is_empty() {
            return;
        }
        let fence = "`".repeat(longest_run(&code) + 1);
        let space = if code.starts_with('`') || code.ends_with('`') {
            " "
        } else {
            ""
        };
        self.raw(&format!("{fence}{space}{code}{space}{fence}"));
    }

    fn code_block(&mut self, tag: &str, pieces: &mut Pieces<'_>) {
        let code = pieces.until("/pre");
        let name = attribute(tag, "data-lang").filter(|name| highlight::is_known(name));
        let fence = "`".repeat(longest_run(&code).max(2) + 1);
        let prefix = self.prefix.concat();
        self.block();
        let name = name.unwrap_or_else(|| "text".to_owned());
        self.raw(&format!("{fence}{name}\n"));
        for line in code.trim_matches('\n').lines() {
            let _ = writeln!(self.text, "{prefix}{line}");
        }
        let _ = write!(self.text, "{prefix}{fence}");
        self.block();
    }
}

/// A word with a backslash before each sign that means something in Markdown or in a question.
fn escape(text: &mut String, word: &str, starts_line: bool) {
    if starts_line {
        let digits = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let number = word.len() - digits.len();
        if number > 0 && digits.starts_with(['.', ')']) {
            text.push_str(&word[..number]);
            text.push('\\');
            return escape(text, digits, false);
        }
        if word.starts_with(['#', '+', '-', '=', ':']) {
            text.push('\\');
        }
    }
    for letter in word.chars() {
        if "\\`*_[]<>&~|!".contains(letter) {
            text.push('\\');
        }
        text.push(letter);
    }
}

fn longest_run(code: &str) -> usize {
    let runs = code.split(|letter| letter != '`').map(str::len);
    runs.max().unwrap_or(0)
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(decoded(value))
}

/// Text of cleaned HTML, in which only these are written as entities.
fn decoded(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
}
