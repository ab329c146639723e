//! `gyosil rows`.

use crate::gyosil::{HEAD, course, gyosil, run, text};

#[test]
fn holes_are_listed_with_what_is_missing() {
    let said = run(&mut gyosil(["rows", "holes"]));
    assert_eq!(said.code, Some(1), "{said:?}");
    insta::assert_snapshot!(said.out);
}

#[test]
fn letters_and_ids_limit_the_list() {
    let said = run(&mut gyosil(["rows", "holes", "A"]));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.ends_with("holes: 2 rows, no hole\n"),
        "{}",
        said.out
    );
    let said = run(&mut gyosil(["rows", "holes", "A", "B01"]));
    assert_eq!(said.code, Some(1));
    assert!(
        said.out.contains("B01") && !said.out.contains("B02"),
        "{}",
        said.out
    );
}

#[test]
fn a_row_that_is_not_there_is_told() {
    for name in ["Z", "A09"] {
        let said = run(&mut gyosil(["rows", "holes", name]));
        assert_eq!(said.code, Some(1));
        assert!(said.err.contains(&format!("no row {name}")), "{}", said.err);
    }
    let none = course(HEAD);
    let said = run(&mut gyosil(["rows", text(none.path())]));
    assert!(said.err.contains("map.toml"), "{}", said.err);
}
