//! Programs that judge an exercise, and reading their verdict.
//!
//! A program is fed to `bash` on standard input, beside the student's machine (see
//! docs/ARCHITECTURE.md): working folder `/`, `DOCKER_HOST` set, the machine's files at `/machine`
//! and its network as the program's own. It runs the author's script after a prelude of helpers,
//! `check.sh`, and says on standard output, in lines:
//!
//! - `fail ID`: not done, for this reason; the first one counts.
//! - `broken WHY`: the script is at fault.
//! - `answer TEXT`: a line of the computed answer.
//! - `end CODE`: the script ended by itself, with this exit code. Without this line it did not.

use crate::model::Script;
use crate::vars::Values;

/// Bash functions for scripts, documented in the file itself.
pub const PRELUDE: &str = include_str!("check.sh");

/// The longest computed answer, in characters. A longer one would be nothing to type.
pub const EXPECTED_MAX: usize = 300;

/// How much of what a broken script printed is kept for its author, in characters: the end of it,
/// where bash says why.
pub const WHY_MAX: usize = 1000;

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The exercise is done.
    Pass,
    /// It is not.
    Fail {
        /// The id of what to tell the student; `None` where the script gave no reason. It need not
        /// be one that the exercise has a text for.
        feedback: Option<String>,
    },
    /// The script is at fault, or something killed it.
    Broken {
        /// What went wrong, for the author's or operator's eyes.
        why: String,
    },
    /// The time limit ended it.
    TimedOut,
}

/// How computing an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The answer to be entered: a secret of the server.
    Is(String),
    /// There is no answer yet: [`Verdict::Fail`], `Broken` or `TimedOut`.
    Not(Verdict),
}

/// The program for a check: standard input of `bash`. `values` are those of the exercise's vars for
/// the student whose machine it is.
#[must_use]
pub fn check_program(script: &Script, values: &Values) -> String {
    // The script is a function of its own before it starts, so that bash has read all of it: from
    // then on standard input is empty, and no command can eat the rest of the program.
    format!(
        "{PRELUDE}\nscript() (\n{}\n)\nscript </dev/null\nprintf 'end %s\\n' \"$?\" >&3\n",
        script.with(values)
    )
}

/// The program that computes an answer: standard input of `bash`. What the script prints is the
/// answer; it may also `fail ID`, where there is nothing yet to compute it from.
#[must_use]
pub fn answer_program(script: &Script, values: &Values) -> String {
    format!(
        "{PRELUDE}\nscript() (\n{}\n)\nanswer=$(script </dev/null)\ncode=$?\n\
         while IFS= read -r line; do printf 'answer %s\\n' \"$line\" >&3; done <<<\"$answer\"\n\
         printf 'end %s\\n' \"$code\" >&3\n",
        script.with(values)
    )
}

/// What a check's program says. `exit` is `None` when the time limit ended it.
#[must_use]
pub fn verdict(exit: Option<i32>, stdout: &str, stderr: &str) -> Verdict {
    let Some(exit) = exit else {
        return Verdict::TimedOut;
    };
    let said = |word: &str| {
        stdout
            .lines()
            .find_map(|line| line.strip_prefix(word)?.strip_prefix(' '))
    };
    if let Some(why) = said("broken") {
        return Verdict::Broken {
            why: why.to_owned(),
        };
    }
    let Some(code) = said("end") else {
        return Verdict::Broken {
            why: format!(
                "the script did not end by itself (exit {exit}): {}",
                tail(stderr)
            ),
        };
    };
    match (said("fail"), code) {
        (Some(id), _) => Verdict::Fail {
            feedback: Some(id.to_owned()),
        },
        (None, "0") => Verdict::Pass,
        (None, _) => Verdict::Fail { feedback: None },
    }
}

/// What an answer's program says; likewise.
#[must_use]
pub fn expected(exit: Option<i32>, stdout: &str, stderr: &str) -> Expected {
    let verdict = verdict(exit, stdout, stderr);
    if verdict != Verdict::Pass {
        return Expected::Not(verdict);
    }
    let lines: Vec<&str> = stdout
        .lines()
        .filter_map(|line| line.strip_prefix("answer "))
        .collect();
    let answer = lines.join("\n").trim().to_owned();
    // Nothing computed is nothing to be asked for: without this, an empty answer would be right.
    if answer.is_empty() {
        return Expected::Not(Verdict::Fail { feedback: None });
    }
    if answer.chars().nth(EXPECTED_MAX).is_some() {
        return Expected::Not(Verdict::Broken {
            why: format!("the computed answer is longer than {EXPECTED_MAX} characters"),
        });
    }
    Expected::Is(answer)
}

fn tail(text: &str) -> String {
    let text = text.trim();
    let skip = text.chars().count().saturating_sub(WHY_MAX);
    text.chars().skip(skip).collect()
}
