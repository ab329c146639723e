//! Colouring code: a few classes of our own, made once when a course is read.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use syntect::parsing::{
    ParseState, Scope, ScopeStack, ScopeStackOp, SyntaxDefinition, SyntaxReference, SyntaxSet,
};
use syntect::util::LinesWithEndings;

/// The longest code block that is coloured, in bytes. Grammars may take quadratic time on text that
/// is not theirs; beyond this nobody reads a listing anyway, and it is shown plain.
const COLOURED_MAX: usize = 20_000;

/// The longest line of one that is coloured, in bytes, for the same reason.
const COLOURED_LINE_MAX: usize = 1000;

/// The longest line that is kept for when it comes again, in bytes: longer ones hardly do.
const LINE_KEPT_MAX: usize = 120;

/// How many lines are kept: with all that belongs to them some 20 MB, until the course is read.
const LINES_KEPT: usize = 10_000;

/// In how many languages and places of theirs the same line is kept: `}` stands in many.
const STATES_KEPT: usize = 8;

/// How many of the scopes around a word are looked at: deeper than this is brackets in brackets.
const SCOPES_MAX: usize = 16;

/// Names of what is coloured, as authors write them behind a fence, and the grammar's name.
const GRAMMARS: [(&str, &str); 13] = [
    ("bash", "bash"),
    ("c", "c"),
    ("conf", "ini"),
    ("dockerfile", "dockerfile"),
    ("html", "html"),
    ("ini", "ini"),
    ("json", "json"),
    ("makefile", "makefile"),
    ("python", "python"),
    ("sh", "bash"),
    ("sql", "sql"),
    ("yaml", "yaml"),
    ("yml", "yaml"),
];

/// Names of what is shown as it is: what a terminal shows, and text that is in no language.
const PLAIN: [&str; 3] = ["console", "output", "text"];

/// What is drawn: see [`crate::diagram`].
pub(crate) const DIAGRAM: &str = "mermaid";

/// What a scope of a grammar is to us. The first that fits counts; what fits none is plain.
const CLASSES: [(&str, &str); 17] = [
    ("comment", "comment"),
    ("constant.character.escape", "string"),
    ("constant.numeric", "number"),
    ("constant.language", "keyword"),
    ("constant.other", "number"),
    ("string", "string"),
    ("keyword.operator", "operator"),
    ("keyword", "keyword"),
    ("storage", "keyword"),
    ("entity.name.tag", "keyword"),
    ("entity.other.attribute-name", "variable"),
    ("entity.name", "function"),
    ("support.function", "function"),
    ("variable.function", "function"),
    ("variable", "variable"),
    ("support.type.property-name", "variable"),
    ("punctuation", "punctuation"),
];

static BUNDLED: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);

/// Grammars that syntect does not bring. Ours are correct, which a test holds; one that were not
/// would be left out, and its code shown plain.
static OURS: LazyLock<SyntaxSet> = LazyLock::new(|| {
    let mut set = SyntaxSet::new().into_builder();
    for text in [
        include_str!("syntaxes/dockerfile.sublime-syntax"),
        include_str!("syntaxes/ini.sublime-syntax"),
    ] {
        set.add_plain_text_syntax();
        if let Ok(syntax) = SyntaxDefinition::load_from_str(text, true, None) {
            set.add(syntax);
        }
    }
    set.build()
});

/// Scopes as syntect compares them: by number, which is ten times faster than by name.
struct Scopes {
    marks: Option<Scope>,
    classes: Vec<(Scope, &'static str)>,
}

static SCOPES: LazyLock<Scopes> = LazyLock::new(|| Scopes {
    marks: Scope::new("punctuation.definition").ok(),
    classes: CLASSES
        .iter()
        .filter_map(|(prefix, class)| Some((Scope::new(prefix).ok()?, *class)))
        .collect(),
});

/// Whether a student can run this in the machine's shell.
pub(crate) fn is_shell(name: &str) -> bool {
    matches!(name, "bash" | "sh")
}

/// Whether code blocks may name this language.
pub(crate) fn is_known(name: &str) -> bool {
    PLAIN.contains(&name) || GRAMMARS.iter().any(|(known, _)| *known == name)
}

/// Whether a block of this name shows what a program printed.
pub(crate) fn is_plain(name: &str) -> bool {
    PLAIN.contains(&name)
}

/// All names that are known, for a message.
pub(crate) static KNOWN: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<&str> = GRAMMARS
        .iter()
        .map(|(name, _)| *name)
        .chain(PLAIN)
        .chain([DIAGRAM])
        .collect();
    names.sort_unstable();
    names.join(", ")
});

/// Code that has been coloured, since that is what takes most of the time that a course takes to be
/// read: a translation repeats whole blocks, and blocks repeat each other's lines.
#[derive(Default)]
pub(crate) struct Colours {
    blocks: Mutex<HashMap<(String, String), String>>,
    lines: Mutex<HashMap<String, Vec<Line>>>,
}

/// What a grammar made of a line.
#[derive(Clone)]
struct Line {
    /// Where the grammar was before it: in which language, and in what of it.
    before: ParseState,
    operations: Arc<[(usize, ScopeStackOp)]>,
    after: ParseState,
}

impl Colours {
    /// The code as HTML, in `<span class="tok-…">`; escaped only where it is not to be coloured.
    pub(crate) fn of(&self, name: &str, code: &str) -> String {
        let key = (name.to_owned(), code.to_owned());
        if let Some(html) = held(&self.blocks).get(&key) {
            return html.clone();
        }
        let html = self.highlight(name, code);
        held(&self.blocks).insert(key, html.clone());
        html
    }

    fn highlight(&self, name: &str, code: &str) -> String {
        match grammar(name) {
            Some((set, syntax))
                if code.len() <= COLOURED_MAX
                    && code.lines().all(|line| line.len() <= COLOURED_LINE_MAX) =>
            {
                self.coloured(set, syntax, code)
                    .unwrap_or_else(|| escape(code))
            }
            _ => escape(code),
        }
    }

    /// `None` where the grammar fails on it.
    fn coloured(&self, set: &SyntaxSet, syntax: &SyntaxReference, code: &str) -> Option<String> {
        let mut state = ParseState::new(syntax);
        let mut stack = ScopeStack::new();
        let mut spans = Spans::default();
        for line in LinesWithEndings::from(code) {
            let mut from = 0;
            for (at, operation) in self.line(set, &mut state, line)?.iter() {
                spans.add(class(&stack), line.get(from..*at)?);
                from = *at;
                stack.apply(operation).ok()?;
            }
            spans.add(class(&stack), line.get(from..)?);
        }
        spans.close();
        Some(spans.html)
    }

    /// What the grammar makes of a line, which depends on nothing but where it was before. It is then
    /// behind that line.
    fn line(
        &self,
        set: &SyntaxSet,
        state: &mut ParseState,
        line: &str,
    ) -> Option<Arc<[(usize, ScopeStackOp)]>> {
        let fits = |known: &&Line| known.before == *state;
        let known = held(&self.lines)
            .get(line)
            .and_then(|known| known.iter().find(fits).cloned());
        if let Some(known) = known {
            *state = known.after;
            return Some(known.operations);
        }
        let before = state.clone();
        let operations: Arc<[_]> = state.parse_line(line, set).ok()?.into();
        let mut lines = held(&self.lines);
        if line.len() <= LINE_KEPT_MAX && lines.len() < LINES_KEPT {
            let known = lines.entry(line.to_owned()).or_default();
            if known.len() < STATES_KEPT {
                known.push(Line {
                    before,
                    operations: operations.clone(),
                    after: state.clone(),
                });
            }
        }
        Some(operations)
    }
}

/// A thread that panicked has left whole entries behind, or none.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Text as HTML, for elements and for attributes in double quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => continue,
        };
        html.push_str(&text[from..at]);
        html.push_str(entity);
        from = at + 1;
    }
    html.push_str(&text[from..]);
    html
}

fn grammar(name: &str) -> Option<(&'static SyntaxSet, &'static SyntaxReference)> {
    let (_, grammar) = GRAMMARS.iter().find(|(known, _)| *known == name)?;
    [&*OURS, &*BUNDLED]
        .into_iter()
        .find_map(|set| Some((set, set.find_syntax_by_token(grammar)?)))
}

/// Code becoming HTML, in as few spans as will do.
#[derive(Default)]
struct Spans {
    html: String,
    /// The class of the span that is open.
    open: Option<&'static str>,
    /// White space that may turn out to stand inside it or behind it.
    space: String,
}

impl Spans {
    fn add(&mut self, class: Option<&'static str>, text: &str) {
        let code = text.trim_start();
        self.space.push_str(&text[..text.len() - code.len()]);
        if code.is_empty() {
            return;
        }
        if class != self.open {
            self.close();
        }
        self.html.push_str(&self.space);
        if let (None, Some(class)) = (self.open, class) {
            self.html.push_str(&format!("<span class=\"tok-{class}\">"));
        }
        self.open = class;
        let end = code.trim_end().len();
        self.html.push_str(&escape(&code[..end]));
        code[end..].clone_into(&mut self.space);
    }

    /// Ends the open span, and puts the space behind it.
    fn close(&mut self) {
        if self.open.take().is_some() {
            self.html.push_str("</span>");
        }
        self.html.push_str(&std::mem::take(&mut self.space));
    }
}

/// The class of the innermost scope that has one. The marks around a string or comment belong to it.
fn class(stack: &ScopeStack) -> Option<&'static str> {
    let Scopes { marks, classes } = &*SCOPES;
    let inner = stack.as_slice().iter().rev().take(SCOPES_MAX);
    inner
        .filter(|scope| !marks.is_some_and(|marks| marks.is_prefix_of(**scope)))
        .find_map(|scope| {
            let class = classes
                .iter()
                .find(|(prefix, _)| prefix.is_prefix_of(*scope));
            class.map(|(_, class)| *class)
        })
}
