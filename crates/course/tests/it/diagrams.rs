//! Diagrams in a little of Mermaid's language.

use course::Lang;
use proptest::prelude::*;

use crate::common::{KO, cases, load, page, report, shown};

fn drawn(diagram: &str) -> String {
    let body = format!("```mermaid \"그림 <하나>\"\n{diagram}\n```");
    let course = load(&[("course.toml", KO), ("u/l.ko.md", &page(&body))])
        .unwrap_or_else(|problems| panic!("{problems}"));
    shown(course.lessons().next().unwrap(), Lang::Ko)
}

const FLOW: &str = "flowchart LR
  %% a bridge
  subgraph host [호스트]
    subgraph bridge [\"docker0 브리지\"]
      web[web<br/>172.17.0.2] & db[(db)]
    end
    nat{NAPT?}
  end
  browser((브라우저)) -->|:8080| nat -. 옮김 .-> web
  web <--> db;
  db ==> disk([디스크])
  nat --- browser
  disk --> web";

#[test]
fn a_flowchart_is_drawn() {
    insta::assert_snapshot!(drawn(FLOW));
}

#[test]
fn a_sequence_is_drawn() {
    insta::assert_snapshot!(drawn(
        "sequenceDiagram
  participant c as docker
  actor d as dockerd
  c->>d: POST /containers/create
  d->>d: 이미지를 찾음
  Note over c,d: 유닉스 소켓
  d-->>c: 201"
    ));
}

#[test]
fn a_diagram_brings_nothing_that_a_page_forbids() {
    let svg = drawn("flowchart TD\n a[\"<script>alert(1)</script> & #quot;\"] -->|</svg>| b");
    assert!(
        !svg.contains("<script") && svg.matches("</svg>").count() == 1,
        "{svg}"
    );
    assert!(!svg.contains("style=") && !svg.contains("id=\""), "{svg}");
    assert!(svg.contains("aria-label=\"그림 &lt;하나&gt;\""), "{svg}");
}

/// Numbers of an attribute of all elements of a kind.
fn numbers(svg: &str, element: &str, attribute: &str) -> Vec<f64> {
    let start = format!("<{element} ");
    let elements = svg.split(&start).skip(1);
    elements
        .map(|rest| {
            let (_, value) = rest.split_once(&format!("{attribute}=\"")).unwrap();
            value.split_once('"').unwrap().0.parse().unwrap()
        })
        .collect()
}

#[test]
fn boxes_do_not_overlap_and_lie_in_the_picture() {
    let svg = drawn(
        "flowchart TD\n a[one] --> b[둘째 상자] & c[3] & d[four]\n b & c --> e[five] --> a\n d --> e\n f[alone]",
    );
    let side = |name| numbers(&svg, "rect", name);
    let (x, y, width, height) = (side("x"), side("y"), side("width"), side("height"));
    assert_eq!(x.len(), 6);
    let size = (
        numbers(&svg, "svg", "width")[0],
        numbers(&svg, "svg", "height")[0],
    );
    for a in 0..x.len() {
        assert!(
            x[a] >= 0.0 && x[a] + width[a] <= size.0 && y[a] >= 0.0 && y[a] + height[a] <= size.1
        );
        for b in a + 1..x.len() {
            let beside = x[a] + width[a] <= x[b] || x[b] + width[b] <= x[a];
            let below = y[a] + height[a] <= y[b] || y[b] + height[b] <= y[a];
            assert!(beside || below, "{svg}");
        }
    }
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let block = |text: &str| format!("글\n\n```mermaid \"그림\"\n{text}\n```");
    let many: String = (0..70).map(|n| format!("a{n} --> b{n}\n")).collect();
    insta::assert_snapshot!(report([
        "```mermaid\nflowchart LR\na --> b\n```".to_owned(),
        block(""),
        block("gantt\n  a: 1"),
        block("flowchart RL\na --> b"),
        block("flowchart LR"),
        block("flowchart LR\na --> b\nclick a \"https://x\""),
        block("flowchart LR\na[\"x --> b"),
        block("flowchart LR\na -->|x b"),
        block("flowchart LR\na --> a"),
        block("flowchart LR\nsubgraph g\na\nend\na --> g"),
        block("flowchart LR\nsubgraph g\nend\na"),
        block("flowchart LR\nsubgraph g\na"),
        block("flowchart LR\nend"),
        block("flowchart LR\na[]"),
        block(&format!("flowchart LR\n{many}")),
        block("sequenceDiagram\nloop x\na->>b: c\nend"),
        block("sequenceDiagram\nparticipant a"),
    ]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(64)))]

    #[test]
    fn no_diagram_makes_a_panic(
        head in prop::sample::select(vec!["flowchart LR", "flowchart TD", "sequenceDiagram", ""]),
        lines in prop::collection::vec(
            prop::collection::vec(prop::sample::select(vec![
                "a", "b", "가", "c", "d", "-->", "---", "-.->", "==>", "<-->", "-- x -->", "|x|", "[x]", "(y)",
                "{z}", "((", "))", "[\"", "\"]", "&", "subgraph ", "end", ";", "<br>", "->>", "-->>", ": t",
                "Note over ", ",", "participant ", " as ", "%%", "|",
            ]), 0..8),
            0..24,
        ),
    ) {
        let text: Vec<String> = lines.iter().map(|line| line.join(" ")).collect();
        let body = format!("```mermaid \"t\"\n{head}\n{}\n```", text.join("\n"));
        if let Ok(course) = load(&[("course.toml", KO), ("u/l.ko.md", &page(&body))]) {
            let shown = shown(course.lessons().next().unwrap(), Lang::Ko);
            prop_assert!(!shown.contains("NaN") && !shown.contains("inf"), "{shown}");
        }
    }

    /// Any graph: circles, long edges, groups.
    #[test]
    fn any_flowchart_can_be_drawn(
        edges in prop::collection::vec((0..12u8, 0..12u8), 1..40),
        grouped in 0..12u8,
        across in any::<bool>(),
    ) {
        let mut text = format!("flowchart {}\nsubgraph g\nn{grouped}\nsubgraph h\nn12\nend\nend\n", if across { "LR" } else { "TD" });
        for (from, to) in edges.iter().filter(|(from, to)| from != to) {
            text.push_str(&format!("n{from} -->|{to}| n{to}\n"));
        }
        let shown = drawn(&text);
        prop_assert!(!shown.contains("NaN") && !shown.contains("inf"), "{shown}");
        let width = numbers(&shown, "svg", "width")[0];
        for (x, wide) in numbers(&shown, "rect", "x").into_iter().zip(numbers(&shown, "rect", "width")) {
            prop_assert!(x >= -60.0 && x + wide <= width + 60.0, "{shown}");
        }
    }
}
