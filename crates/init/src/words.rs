//! The words of a unit file's command line: quotes, escapes, specifiers, variables.
//! The rules: systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers".

use std::collections::BTreeMap;

/// Splits a command line into words; `None` where a quote is not closed or an escape ends the line.
/// Quotes and escapes are resolved, `$` and `%` are left.
pub(crate) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => word
                .get_or_insert_default()
                .push_str(&unescape(chars.next()?)),
            _ if quote == Some(c) => quote = None,
            _ if quote.is_some() => word.get_or_insert_default().push(c),
            '"' | '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            _ if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

fn unescape(c: char) -> String {
    match c {
        'n' => "\n".into(),
        't' => "\t".into(),
        'r' => "\r".into(),
        's' => " ".into(),
        '\\' | '"' | '\'' => c.into(),
        // Not ours to understand: `\.` is for the program.
        _ => format!("\\{c}"),
    }
}

/// Replaces the specifiers that a unit of this name (`nginx.service`) has.
pub(crate) fn specify(text: &str, unit: &str) -> String {
    let stem = unit.strip_suffix(".service").unwrap_or(unit);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push_str(unit),
            Some('N' | 'p') => out.push_str(stem),
            Some('t') => out.push_str("/run"),
            Some('S') => out.push_str("/var/lib"),
            Some('L') => out.push_str("/var/log"),
            Some('%') => out.push('%'),
            Some(other) => out.extend(['%', other]),
            None => out.push('%'),
        }
    }
    out
}

/// Puts variables in. `$NAME` as a word of its own becomes as many words as its value has, none if
/// it is unset; `${NAME}` stays within its word; `$$` is a dollar.
pub(crate) fn expand(words: &[String], variables: &BTreeMap<String, String>) -> Vec<String> {
    let mut out = Vec::new();
    for word in words {
        match word.strip_prefix('$') {
            Some(name) if is_name(name) => {
                let value = variables.get(name).map_or("", String::as_str);
                out.extend(split(value).unwrap_or_else(|| vec![value.to_owned()]));
            }
            _ => out.push(expand_within(word, variables)),
        }
    }
    out
}

fn expand_within(word: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('}'))
            .filter(|(name, _)| is_name(name))
        {
            out.push_str(variables.get(name).map_or("", String::as_str));
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(line: &str) -> Vec<String> {
        let variables = BTreeMap::from([
            ("OPTS".to_owned(), "-a 'b c'".to_owned()),
            ("MAINPID".to_owned(), "42".to_owned()),
        ]);
        expand(&split(line).expect("words"), &variables)
    }

    #[test]
    fn command_lines_become_words() {
        for (line, expected) in [
            (
                "/bin/kill -s HUP $MAINPID",
                &["/bin/kill", "-s", "HUP", "42"][..],
            ),
            ("a $OPTS z", &["a", "-a", "b c", "z"]),
            ("a ${OPTS} x${MAINPID}y", &["a", "-a 'b c'", "x42y"]),
            ("a $UNSET ${UNSET}", &["a", ""]),
            ("sh -c 'a; b' \"\"", &["sh", "-c", "a; b", ""]),
            (r#"a\sb "c\"d" $$x"#, &["a b", "c\"d", "$x"]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
        assert_eq!(split("a 'b"), None);
        assert_eq!(split("a \\"), None);
    }

    #[test]
    fn specifiers_say_the_units_name() {
        assert_eq!(
            specify("%n %N %t %% %x %", "a.service"),
            "a.service a /run % %x %"
        );
    }

    proptest! {
        #[test]
        fn any_line_is_split_and_expanded(line in "\\PC{0,60}") {
            if let Some(words) = split(&specify(&line, "a.service")) {
                expand(&words, &BTreeMap::new());
            }
        }
    }
}
