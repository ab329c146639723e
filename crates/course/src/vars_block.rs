//! Reading an exercise's ```` ```vars ```` block, and holding its text against it.

use std::collections::BTreeSet;

use crate::ids::ItemId;
use crate::lesson::Known;
use crate::render::Renderer;
use crate::scan::{Code, Directive, Piece};
use crate::source::Spot;
use crate::vars::{
    Choices, LIST_MAX, VARS_MAX, Var, Vars, WORD_MAX, is_name, is_value, place_of, places,
};

/// How a block is to look.
const FORM: &str = "write one var a line: `port: 8001..8099`, or `name: apple, pear, plum`";

/// What an exercise has for vars.
#[derive(Clone, Default)]
pub(crate) struct FoundVars {
    pub(crate) vars: Vars,
    /// The exercise whose values they are, where they are another's.
    pub(crate) of: Option<ItemId>,
    /// The exercise that the block names, and where the block stands.
    pub(crate) named: Option<(ItemId, Spot)>,
}

/// Whether a code block is one of vars.
pub(crate) fn is_vars(code: &Code<'_>) -> bool {
    code.info.split_whitespace().next() == Some("vars")
}

/// The vars of the exercise whose pieces these are.
pub(crate) fn of_exercise(
    renderer: &mut Renderer<'_>,
    pieces: &[Piece<'_>],
    known: &Known,
) -> FoundVars {
    let source = renderer.source;
    let mut blocks = pieces.iter().filter_map(|piece| match piece {
        Piece::Code(code) => Some(code),
        _ => None,
    });
    let mut found = FoundVars::default();
    // Before its scripts, since it says what is in them.
    let first = blocks.find(|code| is_vars(code) || is_script(code));
    if let Some(code) = first.filter(|code| is_vars(code)) {
        found = block(renderer, code, known);
    }
    for code in blocks.filter(|code| is_vars(code)) {
        renderer.problem(
            source.line(code.line),
            "bad-vars",
            "an exercise has one block of vars, before its scripts",
            "write all vars into one block, and put it first",
        );
    }
    found
}

fn is_script(code: &Code<'_>) -> bool {
    let mut words = code.info.split_whitespace();
    words.next() == Some("bash") && words.next().is_some_and(|word| word != "no-run")
}

fn block(renderer: &mut Renderer<'_>, code: &Code<'_>, known: &Known) -> FoundVars {
    let source = renderer.source;
    let spot = source.line(code.line);
    let words: Vec<&str> = code.info.split_whitespace().collect();
    match words.as_slice() {
        ["vars"] => FoundVars {
            vars: own(renderer, code),
            ..FoundVars::default()
        },
        ["vars", "of", id] => {
            let body = &source.lines[code.body.clone()];
            if body.iter().any(|line| !line.trim().is_empty()) {
                renderer.problem(
                    spot,
                    "bad-vars",
                    "vars of another exercise are taken over as they are",
                    "leave this block empty",
                );
            }
            let theirs = id.parse().ok().and_then(|id: ItemId| {
                let found = known.vars.get(&id)?;
                // Theirs may be another's in turn: what counts is whose values they are.
                let of = found.of.clone().unwrap_or_else(|| id.clone());
                Some(FoundVars {
                    vars: found.vars.clone(),
                    of: Some(of),
                    named: Some((id, spot)),
                })
            });
            theirs.unwrap_or_else(|| {
                renderer.problem(
                    spot,
                    "bad-vars",
                    format_args!("no exercise `{id}` with vars stands above this one"),
                    "name one of the exercises that this one needs",
                );
                FoundVars::default()
            })
        }
        _ => {
            let message = format!("`{}` means nothing here", code.info);
            let help = "write `vars`, or `vars of` and the id of an exercise that this one needs";
            renderer.problem(spot, "bad-vars", message, help);
            FoundVars::default()
        }
    }
}

fn own(renderer: &mut Renderer<'_>, code: &Code<'_>) -> Vars {
    let source = renderer.source;
    let mut vars: Vec<Var> = Vec::new();
    for line in code.body.clone() {
        let text = source.lines[line];
        if text.trim().is_empty() {
            continue;
        }
        let double = |var: &Var| vars.iter().any(|known| known.name == var.name);
        match var(text) {
            Ok(var) if double(&var) => renderer.problem(
                source.line(line),
                "duplicate-id",
                format_args!("there is another var `{}`", var.name),
                "give one of them another name",
            ),
            Ok(var) => vars.push(var),
            Err((message, help)) => {
                renderer.problem(source.line(line), "bad-vars", message, help);
            }
        }
    }
    if vars.len() > VARS_MAX {
        let message = format!("an exercise has at most {VARS_MAX} vars");
        let help = "leave out those that make no difference to what is to be done";
        renderer.problem(source.line(code.line), "bad-vars", message, help);
        vars.truncate(VARS_MAX);
    }
    let body = &source.lines[code.body.clone()];
    if body.iter().all(|line| line.trim().is_empty()) {
        let spot = source.line(code.line);
        renderer.problem(spot, "bad-vars", "there is no var in this block", FORM);
    }
    Vars::new(vars)
}

/// A line such as `port: 8001..8099`; otherwise what is wrong, and how to mend it.
fn var(line: &str) -> Result<Var, (String, String)> {
    let wrong = |message: String, help: &str| Err((message, help.to_owned()));
    let Some((name, values)) = line.split_once(':') else {
        return wrong("this line is no var".to_owned(), FORM);
    };
    let (name, values) = (name.trim(), values.trim());
    if !is_name(name) {
        return wrong(
            format!("no var can be called `{name}`"),
            &format!(
                "small letters, digits and `_`, a letter first, at most {WORD_MAX}, and no word of Docker's templates such as `end` or `json`"
            ),
        );
    }
    let name = name.to_owned();
    if let Some((from, to)) = values.split_once("..") {
        let (from, to) = (from.trim().parse(), to.trim().parse());
        return match (from, to) {
            (Ok(from), Ok(to)) if from < to => Ok(Var {
                name,
                choices: Choices::Range(from, to),
            }),
            _ => wrong(
                format!("`{values}` is no range of numbers"),
                "write two whole numbers, the smaller one first: `8001..8099`",
            ),
        };
    }
    let list: Vec<String> = values.split(',').map(|v| v.trim().to_owned()).collect();
    if let Some(bad) = list.iter().find(|value| !is_value(value)) {
        return wrong(
            format!("`{bad}` cannot be a value"),
            &format!(
                "values are letters, digits, `.`, `_` and `-`, at most {WORD_MAX}, with commas between them: so they are safe in every script"
            ),
        );
    }
    let distinct: BTreeSet<&String> = list.iter().collect();
    if distinct.len() < list.len() || !(2..=LIST_MAX).contains(&list.len()) {
        return wrong(
            "a list has different values, and at least two".to_owned(),
            &format!("write 2 to {LIST_MAX} of them; for more, a range of numbers"),
        );
    }
    Ok(Var {
        name,
        choices: Choices::List(list),
    })
}

/// Complains about `{{word}}` that is no var of the exercise, and, where these are its own and this
/// is the default language, about vars that nothing uses.
pub(crate) fn check_uses(
    renderer: &mut Renderer<'_>,
    directive: &Directive<'_>,
    found: &FoundVars,
    is_translation: bool,
) {
    if found.vars.is_empty() {
        return;
    }
    let source = renderer.source;
    let mut used = BTreeSet::new();
    for line in directive.line..directive.body.end {
        for (range, name) in places(source.lines[line]) {
            used.insert(name);
            if !found.vars.names().any(|known| known == name) {
                let names: Vec<&str> = found.vars.names().collect();
                renderer.problem(
                    source.within(line, range),
                    "unknown-var",
                    format_args!("this exercise has no var `{name}`"),
                    format_args!("its vars are {}", names.join(", ")),
                );
            }
        }
    }
    if is_translation {
        return;
    }
    let unused: Vec<&str> = found.vars.names().filter(|n| !used.contains(n)).collect();
    // Of another's vars, those that matter here will do; but one of them must.
    if found.of.is_some() && unused.len() < found.vars.names().count() {
        return;
    }
    for name in unused {
        renderer.problem(
            directive.spot,
            "unused-var",
            format_args!("nothing in this exercise uses its var `{name}`"),
            format_args!(
                "write `{}` where its value is to stand, or take it out",
                place_of(name)
            ),
        );
    }
}
