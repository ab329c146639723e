//! Who may ask for what: every route as everybody, against the table of docs/access.md.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{
    author::with_exercise,
    classroom::{Classroom, Visitor},
};

/// Those of the table's columns, in their order.
const PEOPLE: [&str; 6] = [
    "nobody",
    "student of the class",
    "student of another class",
    "instructor of another class",
    "instructor of the class",
    "admin",
];

/// So that there is a page of it.
const GLOSSARY: &str =
    "[[terms]]\nid = \"image\"\nname = { ko = \"이미지\" }\nmeaning = { ko = \"틀\" }\n";

const SIGN_OUT: &str = "/{lang}/sign-out";

/// A method and a path as the router has it.
type Route = (String, String);

#[test]
fn who_may_ask_for_what_is_as_the_table_says() {
    let table = table();
    let routes = routes();
    for route in &routes {
        assert!(
            table.contains_key(route),
            "docs/access.md has no row for {route:?}"
        );
    }
    for route in table.keys() {
        assert!(
            routes.contains(route),
            "docs/access.md has a row for {route:?}, which is no route"
        );
    }
    let course = with_exercise();
    fs::write(course.path().join("glossary.toml"), GLOSSARY).unwrap();
    let lesson = course.path().join("unit/lesson.ko.md");
    let text = fs::read_to_string(&lesson).unwrap();
    let text = text.replacen("처음 글", "처음 글과 [이미지](term:image)", 1);
    fs::write(lesson, text).unwrap();
    let classroom = Classroom::with_course(course.path());
    let school = School::open(&classroom);
    let mut wrong = Vec::new();
    // Signing out comes last: whoever may is nobody then.
    let (last, first): (Vec<_>, Vec<_>) = table.iter().partition(|((_, path), _)| path == SIGN_OUT);
    for (route, stated) in first.into_iter().chain(last) {
        for (who, stated) in PEOPLE.iter().zip(stated) {
            let seen = school.ask(who, route);
            if seen != *stated {
                let (method, path) = route;
                wrong.push(format!(
                    "{method} {path} as {who}: {seen}, and not {stated}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each row of the table: a route, and how it answers each of [`PEOPLE`].
fn table() -> BTreeMap<Route, Vec<String>> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/access.md");
    let text = fs::read_to_string(file).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let route = cells.next().unwrap().trim_matches('`');
        let (method, path) = route.split_once(' ').unwrap();
        let answers: Vec<_> = cells.map(str::to_owned).collect();
        assert_eq!(answers.len(), PEOPLE.len(), "{row}");
        ((method.to_owned(), path.to_owned()), answers)
    })
    .collect()
}

/// Each route that a `.route("…", get(…).post(…))` of the handlers' sources makes.
fn routes() -> Vec<Route> {
    let mut text = String::new();
    sources(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/control")),
        &mut text,
    );
    let mut routes = Vec::new();
    for made in text.split(".route(").skip(1) {
        let made = made.trim_start().strip_prefix('"');
        let (path, rest) = made
            .and_then(|made| made.split_once('"'))
            .expect("a path in quotes");
        let end = [".layer(", ".merge(", ".fallback(", "\n}"];
        let end = end.iter().filter_map(|end| rest.find(end)).min();
        let methods = &rest[..end.unwrap_or(rest.len())];
        for (call, method) in [("get(", "GET"), ("post(", "POST")] {
            let is_called =
                |before: Option<char>| before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            let mut calls = methods.match_indices(call);
            if calls.any(|(at, _)| is_called(methods[..at].chars().next_back())) {
                routes.push((method.to_owned(), path.to_owned()));
            }
        }
    }
    assert!(routes.len() > 30, "the routes are not where they were");
    routes
}

fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else {
            text.push_str(&fs::read_to_string(path).unwrap());
            text.push_str("\n}");
        }
    }
}

/// A class, another class, and everybody there is.
struct School<'a> {
    classroom: &'a Classroom,
    /// The class's number, as it stands in paths.
    class: String,
    people: Vec<(&'static str, Visitor)>,
}

impl<'a> School<'a> {
    fn open(classroom: &'a Classroom) -> Self {
        let admin = classroom.instructor();
        let teacher = instructor(classroom, &admin, "갑선생");
        let other = instructor(classroom, &admin, "을선생");
        let (path, code) = classroom.class(&teacher, "1반");
        let (_, other_code) = classroom.class(&other, "2반");
        let student = classroom.student(&code, "홍길동");
        let other_student = classroom.student(&other_code, "이순신");
        let visitors = [
            classroom.visitor(),
            student,
            other_student,
            other,
            teacher,
            admin,
        ];
        Self {
            classroom,
            class: path.rsplit('/').next().unwrap().to_owned(),
            people: PEOPLE.into_iter().zip(visitors).collect(),
        }
    }

    /// How a route answers somebody, in the table's words.
    fn ask(&self, who: &str, (method, path): &Route) -> &'static str {
        let visitor = &self.people.iter().find(|(name, _)| *name == who).unwrap().1;
        let address = self.address(path);
        let (status, location) = if path.ends_with("/terminal") {
            let address = format!("{address}?cols=80&rows=24");
            (
                visitor.upgrade(&address, Some(&self.classroom.url)),
                String::new(),
            )
        } else {
            // Not what most forms need: who may not send one hears of that first, and nothing is done.
            visitor.ask(method, &address, &[("next", "/ko/"), ("sign_in", "none")])
        };
        let leads_in = location.starts_with("/ko/sign-in") || path.ends_with("/terminal");
        match status {
            401 => "sign in",
            300..400 if leads_in => "sign in",
            403 => "forbidden",
            404 => "not found",
            100..500 => "allowed",
            _ => "fault",
        }
    }

    fn address(&self, path: &str) -> String {
        let item = if path.contains("/exercises/") {
            "do"
        } else {
            "single"
        };
        let values = [
            ("{lang}", "ko"),
            ("{unit}", "unit"),
            ("{lesson}", "lesson"),
            ("{item}", item),
            ("{file}", "picture.svg"),
            ("{act}", "stop"),
            ("{token}", "none"),
            ("{namespace}", "none"),
            ("{image}", "none"),
            ("{class}", &self.class),
            ("{count}", "1"),
            ("{sitting}", "1"),
            // The student of the class: the fourth account, after the admin and two instructors.
            ("{id}", "4"),
        ];
        let address = values.iter().fold(path.to_owned(), |path, (name, value)| {
            path.replace(name, value)
        });
        assert!(
            !address.contains('{'),
            "what stands for the name in {address}?"
        );
        address
    }
}

/// An instructor whom the admin made, signed in with the password that was shown.
fn instructor(classroom: &Classroom, admin: &Visitor, name: &str) -> Visitor {
    let page = admin.post("/ko/instructors", &[("name", name)]);
    assert_eq!(page.status, 200, "{}", page.body);
    let password = page.body.split("class=\"code\">").nth(1).unwrap();
    let password = password.split('<').next().unwrap();
    let visitor = classroom.visitor();
    let fields = [("name", name), ("password", password)];
    assert_eq!(visitor.post("/ko/sign-in", &fields).status, 303);
    visitor
}
