//! Names, titles and keys: what is taken and what is refused.

use proptest::prelude::*;
use store::{
    ATTEMPT_KEY_MAX, AttemptKey, BadName, BadTitle, ClassTitle, NAME_MAX, Name, TITLE_MAX,
};

#[test]
fn a_name_is_one_line_of_visible_text() {
    let parse = |text: &str| text.parse::<Name>().map(|name| name.to_string());
    assert_eq!(parse("  홍 \u{3000} 길동 "), Ok("홍 길동".to_owned()));
    assert_eq!(parse(&"가".repeat(NAME_MAX)), Ok("가".repeat(NAME_MAX)));
    assert_eq!(parse(&"가".repeat(NAME_MAX + 1)), Err(BadName::TooLong));
    // Forty syllables stay forty, in whatever form they came.
    assert_eq!(
        parse(&"\u{1100}\u{1161}".repeat(NAME_MAX)),
        Ok("가".repeat(NAME_MAX))
    );
    assert_eq!(parse(" \u{3000}\t"), Err(BadName::Empty));
    for hidden in [
        "a\0",
        "a\nb",
        "ad\u{200b}min",
        "\u{202e}nimda",
        "\u{3164}",
        "\u{feff}a",
    ] {
        assert_eq!(parse(hidden), Err(BadName::Invisible), "{hidden:?}");
    }
}

#[test]
fn a_title_is_one_line_of_visible_text() {
    let parse = |text: &str| text.parse::<ClassTitle>().map(|title| title.to_string());
    assert_eq!(parse(" 클라우드  1반 "), Ok("클라우드 1반".to_owned()));
    assert_eq!(parse(""), Err(BadTitle::Empty));
    assert_eq!(parse(&"a".repeat(TITLE_MAX + 1)), Err(BadTitle::TooLong));
    assert_eq!(parse("1\u{202e}"), Err(BadTitle::Invisible));
}

#[test]
fn a_key_is_short_and_plain() {
    let good = |text: &str| text.parse::<AttemptKey>().is_ok();
    assert!(good("q-0f8c:1.2_3") && good(&"k".repeat(ATTEMPT_KEY_MAX)));
    assert!(!good("") && !good("a b") && !good("한") && !good(&"k".repeat(ATTEMPT_KEY_MAX + 1)));
}

proptest! {
    #[test]
    fn what_a_name_shows_is_that_name(text in ".{0,60}") {
        if let Ok(name) = text.parse::<Name>() {
            let shown = name.to_string();
            let again: Name = shown.parse()?;
            prop_assert_eq!(again.as_str(), shown.as_str());
            prop_assert_eq!(again, name);
            prop_assert!((1..=NAME_MAX).contains(&shown.chars().count()));
        }
    }
}
