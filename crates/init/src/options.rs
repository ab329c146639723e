//! Command lines as getopt_long(3) reads them, and talking to whoever called.

use std::{
    io::{self, Write},
    iter::Peekable,
};

/// An option: its long name, its letter, whether it takes a value.
pub(crate) struct Known {
    pub(crate) long: &'static str,
    pub(crate) short: Option<char>,
    pub(crate) value: Takes,
}

/// Whether an option has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    /// The rest of the word, or the next one.
    Value,
    /// The rest of the word, if there is any; or the next word, if that is a number.
    Maybe,
}

/// What was read: options by their long names, in order, and the other words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) options: Vec<(&'static str, Option<String>)>,
    pub(crate) words: Vec<String>,
}

impl Read {
    /// Whether an option is there.
    pub(crate) fn has(&self, long: &str) -> bool {
        self.options.iter().any(|(name, _)| *name == long)
    }

    /// The last value of an option.
    pub(crate) fn value(&self, long: &str) -> Option<&str> {
        let mut values = self.options.iter().rev();
        values
            .find(|(name, _)| *name == long)
            .and_then(|(_, value)| value.as_deref())
    }

    /// All values of an option.
    pub(crate) fn values(&self, long: &str) -> Vec<&str> {
        let values = self.options.iter().filter(|(name, _)| *name == long);
        values.filter_map(|(_, value)| value.as_deref()).collect()
    }
}

/// Reads a command line.
///
/// # Errors
/// What getopt would say of a word that is no option.
pub(crate) fn read(arguments: &[String], known: &[Known]) -> Result<Read, String> {
    let mut read = Read::default();
    let mut arguments = arguments.iter().peekable();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            read.words.extend(arguments.cloned());
            break;
        } else if let Some(long) = argument.strip_prefix("--") {
            read_long(long, known, &mut arguments, &mut read)?;
        } else if argument.len() > 1 && argument.starts_with('-') {
            read_letters(&argument[1..], known, &mut arguments, &mut read)?;
        } else {
            read.words.push(argument.clone());
        }
    }
    Ok(read)
}

fn read_long<'a>(
    text: &str,
    known: &[Known],
    rest: &mut Peekable<impl Iterator<Item = &'a String>>,
    read: &mut Read,
) -> Result<(), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    let exact = known.iter().find(|option| option.long == name);
    let mut beginning = known.iter().filter(|option| option.long.starts_with(name));
    // A beginning is enough, if it is only one's.
    let option = exact.or_else(|| beginning.next().filter(|_| beginning.next().is_none()));
    let option = option.ok_or_else(|| format!("unrecognized option '--{name}'"))?;
    let value = match (option.value, value) {
        (Takes::Nothing, Some(_)) => {
            return Err(format!(
                "option '--{}' doesn't allow an argument",
                option.long
            ));
        }
        (Takes::Value, None) => {
            let next = rest.next().cloned();
            Some(next.ok_or_else(|| format!("option '--{}' requires an argument", option.long))?)
        }
        (Takes::Maybe, None) => number(rest),
        (_, value) => value,
    };
    read.options.push((option.long, value));
    Ok(())
}

fn read_letters<'a>(
    letters: &str,
    known: &[Known],
    rest: &mut Peekable<impl Iterator<Item = &'a String>>,
    read: &mut Read,
) -> Result<(), String> {
    for (at, letter) in letters.char_indices() {
        let option = known.iter().find(|option| option.short == Some(letter));
        let option = option.ok_or_else(|| format!("invalid option -- '{letter}'"))?;
        let after = &letters[at + letter.len_utf8()..];
        let value = (!after.is_empty()).then(|| after.to_owned());
        match option.value {
            Takes::Nothing => read.options.push((option.long, None)),
            Takes::Maybe => {
                read.options
                    .push((option.long, value.or_else(|| number(rest))));
                break;
            }
            Takes::Value => {
                let value = value.or_else(|| rest.next().cloned());
                let value =
                    value.ok_or_else(|| format!("option requires an argument -- '{letter}'"))?;
                read.options.push((option.long, Some(value)));
                break;
            }
        }
    }
    Ok(())
}

/// The next word, if it is a number.
fn number<'a>(rest: &mut Peekable<impl Iterator<Item = &'a String>>) -> Option<String> {
    rest.next_if(|word| word.parse::<i64>().is_ok()).cloned()
}

/// Says something on standard error.
pub(crate) fn complain(line: &str) {
    // There is nobody else to tell when that fails.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Text for standard output, sent when it is whole, or as it comes.
#[derive(Debug, Default)]
pub(crate) struct Page(String);

impl Page {
    /// Adds a line.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) {
        self.0.push_str(line.as_ref());
        self.0.push('\n');
    }

    /// Sends what there is. `false`: nobody reads any more (`| head`).
    pub(crate) fn send(&mut self) -> bool {
        let sent = io::stdout()
            .write_all(self.0.as_bytes())
            .and_then(|()| io::stdout().flush());
        self.0.clear();
        sent.is_ok()
    }
}

/// Whether standard output is a terminal that shows colours.
pub(crate) fn has_colours() -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    io::IsTerminal::is_terminal(&io::stdout()) && !dumb && std::env::var_os("NO_COLOR").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KNOWN: [Known; 4] = [
        Known {
            long: "unit",
            short: Some('u'),
            value: Takes::Value,
        },
        Known {
            long: "lines",
            short: Some('n'),
            value: Takes::Maybe,
        },
        Known {
            long: "pager-end",
            short: Some('e'),
            value: Takes::Nothing,
        },
        Known {
            long: "no-pager",
            short: None,
            value: Takes::Nothing,
        },
    ];

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn letters_go_together_and_take_values() {
        let options = read(&words("-eu docker -n5 --no-p x -- -y"), &KNOWN).expect("options");
        assert_eq!(options.value("unit"), Some("docker"));
        assert_eq!(options.value("lines"), Some("5"));
        assert!(options.has("pager-end") && options.has("no-pager"));
        assert_eq!(options.words, ["x", "-y"]);
        let next = read(&words("-n 5 --lines x"), &KNOWN).expect("options");
        assert_eq!(next.values("lines"), ["5"]);
        assert_eq!(next.words, ["x"]);
        let long = read(&words("--unit=a --unit b"), &KNOWN).expect("options");
        assert_eq!(long.values("unit"), ["a", "b"]);
    }

    #[test]
    fn what_is_unknown_is_refused() {
        for (line, why) in [
            ("-z", "invalid option -- 'z'"),
            ("--zz", "unrecognized option '--zz'"),
            ("-u", "option requires an argument -- 'u'"),
            ("--unit", "option '--unit' requires an argument"),
            (
                "--no-pager=x",
                "option '--no-pager' doesn't allow an argument",
            ),
        ] {
            assert_eq!(read(&words(line), &KNOWN), Err(why.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn any_words_are_read_or_refused(words in prop::collection::vec("-{0,2}[a-z=한]{0,8}", 0..5)) {
            let _ = read(&words, &KNOWN);
        }
    }
}
