//! Pages that try to make the parser slow.

/// Ten megabytes, in lessons of the longest size that is read.
pub(crate) const LESSONS: usize = 10;

/// Names and what a page is full of: what stands once before it, what is repeated, and what stands
/// once behind it.
pub(crate) fn pages(size: usize) -> Vec<(&'static str, String)> {
    let full = |name, before: &str, again: &str, after: &str| {
        let times = (size - before.len() - after.len()) / again.len();
        (name, format!("{before}{}{after}", again.repeat(times)))
    };
    // Depth costs its square in bytes, so it is repeated.
    let deep = |name, line: &dyn Fn(usize) -> String| {
        let one: String = (0..200).map(line).collect();
        (name, one.repeat(size / one.len()))
    };
    vec![
        full("open brackets", "", "[", ""),
        full("brackets", "", "[](", ""),
        full("closed brackets", "", "[x](<", ""),
        full("references", "[x]: y\n\n", "[x]", ""),
        full("images", "", "![", ""),
        full("nested images", &"![".repeat(300_000), "](x)", ""),
        full("keys", "", "[[", ""),
        full("footnotes", "", "[^x]", "\n\n[^x]: y\n"),
        (
            "many footnotes",
            (0..size / 32)
                .map(|n| format!("[^{n}]\n\n[^{n}]: x\n\n"))
                .collect(),
        ),
        (
            "headings and links",
            (0..size / 40)
                .map(|n| format!("## h{n}\n\n[x](#g{n})\n\n"))
                .collect(),
        ),
        full("emphasis", "", "*a_", ""),
        full("stars", "", "**a *", ""),
        full("strikes", "", "~~a ~", ""),
        full("backticks", "", "`a``", ""),
        (
            "growing backticks",
            (1..1400).map(|n| format!("{} ", "`".repeat(n))).collect(),
        ),
        full("quotes", "", ">", ""),
        full("quotes in a line each", "", "> a\n", ""),
        deep("deeper quotes", &|n| format!("{}a\n", ">".repeat(n))),
        full("lists in a line", "", "- ", ""),
        deep("deeper lists", &|n| format!("{}- a\n", "  ".repeat(n))),
        full("numbered lists", "", "1. ", ""),
        full("fences", "", "```\n", ""),
        full("longer fences", "", "```\n````\n", ""),
        full("tildes", "", "~~~\n", ""),
        full("notes", "", ":::note\n", ""),
        full("closed notes", "", ":::note\n:::\n", ""),
        full("exercises", "", "::::exercise a\n", ""),
        full("closed exercises", "", "::::exercise a\n::::\n", ""),
        full("questions", "", "::::quiz q single\n- [x] a\n- [ ] b\n", ""),
        full("choices", "::::quiz q single\n", "- [x] a\n", "::::\n"),
        full("feedback", "::::exercise a\n", ":::feedback x\n", "::::\n"),
        full("attributes", "::::exercise a {", "b=c ", "}\n::::\n"),
        full(
            "concepts",
            "::::exercise a {concepts=\"",
            "b ",
            "\"}\n::::\n",
        ),
        full("words", "::::exercise a ", "b ", "\n::::\n"),
        full("tabs", "::::tabs\n", ":::tab a\n", "::::\n"),
        full("HTML", "", "<b>", ""),
        full("small HTML", "", "<u>", ""),
        full("details", "", "<details>\n\n", ""),
        full("comments", "", "<!--", ""),
        full("declarations", "", "<!A ", ""),
        full("less than", "", "<", ""),
        full("entities", "", "&a", ""),
        full("pipes", "", "|", ""),
        full("tables", "|a|\n|-|\n", "|", ""),
        (
            "wide table",
            format!(
                "{}\n{}\n{}",
                "|a".repeat(2000),
                "|-".repeat(2000),
                "|\n".repeat(size / 4)
            ),
        ),
        full("backslashes", "", "\\", ""),
        full("colons", "", ":", ""),
        full("vars", "::::exercise a\n", "{{x}}", "\n::::\n"),
        ("brackets as code", code("json", "[", size)),
        ("quotes as code", code("bash", "\"$(", size)),
        ("braces as code", code("c", "{(", size)),
        ("tags as code", code("html", "<a b='", size)),
        full("control characters", "", "\u{1}", ""),
    ]
}

/// Blocks of code as long as are coloured.
fn code(language: &str, again: &str, size: usize) -> String {
    let line = again.repeat(900 / again.len());
    let block = format!("```{language}\n{}```\n\n", format!("{line}\n").repeat(20));
    block.repeat(size / block.len())
}
