//! A course's questions in GIFT.

use std::fmt::Write as _;

use crate::lang::Lang;
use crate::model::{Course, Html, Kind, Lesson, Question, QuestionText};

/// All questions of a course in one language, a category for each lesson. They go as HTML, which is
/// what Moodle keeps; images stay behind. An `order` has no form there and becomes pairs of a step
/// and its place.
#[must_use]
pub fn export(course: &Course, lang: Lang) -> String {
    let mut gift = String::new();
    for unit in &course.units {
        for lesson in unit
            .lessons
            .iter()
            .filter(|lesson| !lesson.questions.is_empty())
        {
            let _ = writeln!(
                gift,
                "$CATEGORY: $course$/{}/{}/{}\n",
                name(course.title.get(lang)),
                name(unit.title.get(lang)),
                name(&lesson.pages.get(lang).title),
            );
            for question in &lesson.questions {
                write(&mut gift, lesson, question, lang);
            }
        }
    }
    gift
}

fn write(gift: &mut String, lesson: &Lesson, question: &Question, lang: Lang) {
    let text = question.text.get(lang);
    let _ = write!(gift, "// {} [id:{}]", lesson.id, question.id);
    for concept in &question.concepts {
        let _ = write!(gift, " [tag:{concept}]");
    }
    gift.push('\n');
    if matches!(question.kind, Kind::Order { .. }) {
        gift.push_str("// GIFT knows no order: pair each step with its place.\n");
    }
    let title = match text.title.as_str() {
        "" => question.id.as_str(),
        title => title,
    };
    let mut prompt = text.prompt.as_str().to_owned();
    if let Some(unit) = &text.unit {
        let _ = write!(prompt, " ({})", crate::highlight::escape(unit));
    }
    let _ = writeln!(gift, "::{}::[html]{} {{", escaped(title), escaped(&prompt));
    answers(gift, &question.kind, text);
    if let Some(explain) = &text.explain {
        let _ = writeln!(gift, "####{}", html(explain));
    }
    gift.push_str("}\n\n");
}

fn answers(gift: &mut String, kind: &Kind, text: &QuestionText) {
    match kind {
        Kind::Single { right } => {
            for (index, choice) in text.choices.iter().enumerate() {
                let sign = match (index == *right, choice.as_str().starts_with('%')) {
                    (true, false) => "=",
                    (false, false) => "~",
                    // Or its own percent sign would be taken for its weight's.
                    (true, true) => "=%100%",
                    (false, true) => "~%0%",
                };
                self::choice(gift, sign, choice, text.notes.get(index));
            }
        }
        Kind::Multiple { right } => {
            // As we grade: each right one counts, each wrong one takes one back.
            let share = percent(right.len());
            for (index, choice) in text.choices.iter().enumerate() {
                let sign = if right.contains(&index) { "" } else { "-" };
                let sign = format!("~%{sign}{share}%");
                self::choice(gift, &sign, choice, text.notes.get(index));
            }
        }
        Kind::Short { accepted } => {
            for answer in accepted {
                // A weight, so that an answer may begin with a percent sign.
                let _ = writeln!(gift, "=%100%{}", escaped(answer));
            }
        }
        Kind::Number { value, tolerance } => {
            let _ = writeln!(gift, "#{value}:{tolerance}");
        }
        Kind::Order { right } => {
            for (place, index) in right.iter().enumerate() {
                if let Some(choice) = text.choices.get(*index) {
                    let _ = writeln!(gift, "={} -> {}", html(choice), place + 1);
                }
            }
        }
        Kind::Match { pairs, .. } => {
            for (choice, target) in text.choices.iter().zip(pairs) {
                if let Some(target) = text.targets.get(*target) {
                    let _ = writeln!(gift, "={} -> {}", html(choice), escaped(target));
                }
            }
            for (index, target) in text.targets.iter().enumerate() {
                if !pairs.contains(&index) {
                    let _ = writeln!(gift, "= -> {}", escaped(target));
                }
            }
        }
    }
}

fn choice(gift: &mut String, sign: &str, choice: &Html, note: Option<&Option<Html>>) {
    let note = match note {
        Some(Some(note)) => format!("#{}", html(note)),
        _ => String::new(),
    };
    let _ = writeln!(gift, "{sign}{}{note}", html(choice));
}

/// A hundredth part of what all together are worth, with as many digits as Moodle's own weights.
#[expect(clippy::cast_precision_loss, reason = "at most twenty choices")]
fn percent(parts: usize) -> String {
    let share = format!("{:.5}", 100.0 / parts.max(1) as f64);
    share.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn html(html: &Html) -> String {
    escaped(html.as_str())
}

/// A part of a category's name, which slashes divide.
fn name(text: &str) -> String {
    escaped(&text.replace('/', "-"))
}

fn escaped(text: &str) -> String {
    let mut gift = String::with_capacity(text.len() + text.len() / 8);
    for letter in text.chars() {
        match letter {
            '\n' => gift.push_str("\\n"),
            '\r' => {}
            '\\' | '~' | '=' | '#' | '{' | '}' | ':' => gift.extend(['\\', letter]),
            _ => gift.push(letter),
        }
    }
    gift
}
