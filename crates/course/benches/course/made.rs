//! A course to be measured with: as large as one can get, every lesson different, and right.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;

/// Lessons in a unit.
const IN_UNIT: usize = 20;

/// Words of prose on a page.
const WORDS: usize = 2000;

const KO: [&str; 16] = [
    "컨테이너는",
    "호스트의",
    "커널을",
    "함께",
    "쓰므로",
    "가볍고",
    "빠르게",
    "시작하며",
    "이미지의",
    "계층은",
    "읽기만",
    "할",
    "수",
    "있고",
    "볼륨에",
    "저장합니다.",
];

const EN: [&str; 16] = [
    "A",
    "container",
    "shares",
    "its",
    "host's",
    "kernel,",
    "so",
    "it",
    "starts",
    "at",
    "once;",
    "layers",
    "of",
    "images",
    "are",
    "read-only.",
];

/// Writes a course of this many lessons in two languages into a folder, and the same pages as a book
/// for mdBook into another.
pub(crate) fn write(lessons: usize, course: &Path, book: &Path) -> Result<()> {
    let mut manifest = String::from(
        "title = { ko = \"큰 과정\", en = \"A large course\" }\ndefault_language = \"ko\"\nlanguages = [\"ko\", \"en\"]\nconcepts = [{ id = \"containers\", name = { ko = \"컨테이너\", en = \"Containers\" } }]\n",
    );
    let mut summary = String::from("# Summary\n\n");
    fs::create_dir_all(book.join("src"))?;
    for first in (0..lessons).step_by(IN_UNIT) {
        let unit = format!("unit-{}", first / IN_UNIT);
        let names: Vec<String> = (first..lessons.min(first + IN_UNIT))
            .map(|number| format!("lesson-{number}"))
            .collect();
        let _ = writeln!(
            manifest,
            "[[units]]\nid = \"{unit}\"\ntitle = {{ ko = \"단원\", en = \"Unit\" }}\nlessons = {names:?}"
        );
        fs::create_dir_all(course.join(&unit))?;
        fs::create_dir_all(book.join("src").join(&unit))?;
        for (index, name) in names.iter().enumerate() {
            let number = first + index;
            let image = format!("{unit}/{name}.svg");
            for folder in [course.to_owned(), book.join("src")] {
                fs::write(
                    folder.join(&image),
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\"><path d=\"M0 0h9v9\"/></svg>",
                )?;
            }
            for (lang, front, body) in [
                (
                    "ko",
                    "title: 레슨\nsummary: 하나를 배웁니다.\nminutes: 15\n",
                    korean(number),
                ),
                (
                    "en",
                    "title: A lesson\nsummary: Learn something.\n",
                    english(number),
                ),
            ] {
                let path = format!("{unit}/{name}.{lang}.md");
                fs::write(course.join(&path), format!("---\n{front}---\n{body}"))?;
                fs::write(book.join("src").join(&path), format!("# Lesson\n\n{body}"))?;
                let _ = writeln!(summary, "- [{name} {lang}]({path})");
            }
        }
    }
    fs::write(course.join("course.toml"), manifest)?;
    fs::write(book.join("src/SUMMARY.md"), summary)?;
    // Without what only a book has: its search index, and a page to print all at once.
    fs::write(
        book.join("book.toml"),
        "[book]\ntitle = \"A large course\"\n[output.html.search]\nenable = false\n[output.html.print]\nenable = false\n",
    )?;
    Ok(())
}

fn korean(number: usize) -> String {
    let mut page = prose(&KO, number, "## 왜 필요한가", "그림");
    let _ = write!(
        page,
        "\n::::exercise run-it {{title=\"컨테이너 실행\" concepts=\"containers\" points=2}}\n`box{number}` 컨테이너를 만드세요.\n\n{}\n:::feedback none\n`box{number}`가 없습니다.\n:::\n\n:::feedback off\n돌고 있지 않습니다.\n:::\n\n:::hint\n`docker run`을 쓰세요.\n:::\n::::\n",
        scripts(number)
    );
    let _ = write!(
        page,
        "\n::::quiz ends single {{concepts=\"containers\"}}\n컨테이너 {number}은 언제 끝납니까?\n\n- [x] 주 프로세스가 끝날 때\n- [ ] 로그아웃할 때\n  : 보지 않습니다.\n- [ ] 끝나지 않는다\n  : 끝납니다.\n\n:::explain\n주 프로세스와 수명을 같이합니다.\n:::\n::::\n\n::::quiz pairs match\n짝지으세요.\n\n- 이미지 => 읽기만\n- 볼륨 => 쓰기도\n::::\n"
    );
    page
}

fn english(number: usize) -> String {
    let mut page = prose(&EN, number, "## Why it matters", "a picture");
    let _ = write!(
        page,
        "\n::::exercise run-it {{title=\"Run a container\"}}\nMake the container `box{number}`.\n\n:::feedback none\nThere is no `box{number}`.\n:::\n\n:::feedback off\nIt does not run.\n:::\n\n:::hint\nUse `docker run`.\n:::\n::::\n"
    );
    let _ = write!(
        page,
        "\n::::quiz ends\nWhen does container {number} end?\n\n- When its main process ends\n- When you log out\n  : It does not look.\n- Never\n  : It does.\n\n:::explain\nIt lives as long as its main process.\n:::\n::::\n\n::::quiz pairs\nPut together.\n\n- an image => read only\n- a volume => written to\n::::\n"
    );
    page
}

/// Headings, paragraphs with emphasis, code, links, a list, a table, a note, an image and code blocks.
fn prose(words: &[&str], number: usize, heading: &str, picture: &str) -> String {
    let mut page = String::new();
    let mut count = 0;
    let mut section = 0;
    while count < WORDS {
        section += 1;
        let _ = writeln!(page, "{heading} {section}\n");
        for paragraph in 0..4 {
            for index in 0..50 {
                let word = words[(index * 7 + paragraph * 3 + section + number) % words.len()];
                match index % 17 {
                    3 => {
                        let _ = write!(page, "**{word}** ");
                    }
                    8 => {
                        let _ = write!(page, "`docker{index}` ");
                    }
                    12 => {
                        let _ = write!(page, "[{word}](https://example.org/{number}/{index}) ");
                    }
                    _ => {
                        let _ = write!(page, "{word} ");
                    }
                }
                count += 1;
            }
            page.push_str("\n\n");
        }
        match section % 5 {
            0 => {
                let _ = writeln!(
                    page,
                    "| a | b |\n|---|--:|\n| {number} | {section} |\n| [[Ctrl]] | 2 |\n"
                );
            }
            1 => page.push_str(&code(number, section)),
            2 => {
                let _ = writeln!(
                    page,
                    ":::note\n{}\n:::\n\n1. {}\n2. {}\n",
                    words[1], words[2], words[3]
                );
            }
            3 => {
                let _ = writeln!(page, "![{picture}](lesson-{number}.svg \"{picture}\")\n");
            }
            _ => {
                let _ = writeln!(page, "- {}\n- {}\n\n> {}\n", words[4], words[5], words[6]);
            }
        }
    }
    page
}

fn code(number: usize, section: usize) -> String {
    let port = 8000 + number * 8 + section;
    format!(
        "```bash\n# {number}: run it\nfor name in web api db; do\n    docker run -d --name \"$name-{number}\" -p {port}:80 --restart unless-stopped nginx:1.27\ndone\ndocker ps --format '{{{{.Names}}}}' | grep -c \"{number}\" || exit 1\ncurl -fsS http://localhost:{port}/ > /tmp/page-{section}.html\nif [ -s \"/tmp/page-{section}.html\" ]; then echo \"$(date): fine\"; fi\n```\n\n```yaml\nservices:\n  web-{number}:\n    image: nginx:1.27\n    ports:\n      - \"{port}:80\"\n    environment:\n      LEVEL: debug\n      WORKERS: {section}\n    volumes:\n      - data:/var/lib/data\nvolumes:\n  data: {{}}\n```\n\n```dockerfile\nFROM debian:12-slim AS build-{number}\nRUN apt-get update && apt-get install -y --no-install-recommends curl\nWORKDIR /srv/{section}\nCOPY --chown=app:app . .\nENV PORT={port} MODE=production\nEXPOSE {port}\nCMD [\"./serve\", \"--port\", \"{port}\"]\n```\n\n```console\n$ docker ps\nCONTAINER ID   IMAGE   STATUS\n{number:012x}   nginx   Up 3 seconds\n```\n\n"
    )
}

fn scripts(number: usize) -> String {
    format!(
        "```bash check\ndocker container inspect box{number} || fail none\nfor attempt in 1 2 3; do\n  running box{number} && exit 0\n  sleep 1\ndone\nfail off\n```\n\n```bash solution\ndocker run -d --name box{number} busybox sleep 600\n```\n\n```bash wrong none\ndocker run -d --name other{number} busybox sleep 600\n```\n\n```bash wrong off\ndocker create --name box{number} busybox sleep 600\n```\n"
    )
}
