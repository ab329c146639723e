//! A class's students as a file: names, and passwords where there are any, as a spreadsheet saves them.

use app::pages::FormTrouble;
use csv::{ReaderBuilder, StringRecord, Trim};
use encoding_rs::{EUC_KR, Encoding, UTF_8};

/// How many students one file may have: a whole year. Each password takes some 20 ms to be hashed, two
/// at a time, so that all are there in a few seconds.
pub(crate) const STUDENTS_MAX: usize = 500;

/// What stands above a column of names, and of passwords.
const NAME_HEADS: [&str; 5] = ["이름", "성명", "학생", "name", "student"];
const PASSWORD_HEADS: [&str; 3] = ["비밀번호", "암호", "password"];

/// What may stand between two cells. The first of the most frequent in the first line is it.
const SEPARATORS: [u8; 3] = [b',', b'\t', b';'];

/// A line of the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Which, from 1.
    pub(crate) line: u64,
    pub(crate) name: String,
    pub(crate) password: Option<String>,
}

/// The students in a file: in UTF-8, UTF-16 with its mark, or Windows' Korean code page 949, which is
/// what Excel saves as "CSV" in Korea. With a line of heads or without.
///
/// # Errors
/// Where it is no table of names.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Entry>, FormTrouble> {
    let text = text(bytes).ok_or(FormTrouble::FileNotText)?;
    let mut rows = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .delimiter(separator(&text))
        .from_reader(text.as_bytes())
        .into_records()
        .collect::<Result<Vec<_>, _>>()
        // It is text, and rows may be of any length: nothing else can be wrong.
        .map_err(|_| FormTrouble::FileNotText)?;
    rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
    let column = |row: &StringRecord, heads: &[&str]| {
        row.iter()
            .position(|cell| heads.contains(&cell.to_lowercase().as_str()))
    };
    let head = rows.first().and_then(|row| column(row, &NAME_HEADS));
    let (names, passwords) = match head {
        Some(names) => (names, column(&rows.remove(0), &PASSWORD_HEADS)),
        None => (0, Some(1)),
    };
    if rows.is_empty() {
        return Err(FormTrouble::FileEmpty);
    }
    if rows.len() > STUDENTS_MAX {
        return Err(FormTrouble::FileTooLong { max: STUDENTS_MAX });
    }
    let cell = |row: &StringRecord, column: usize| row.get(column).unwrap_or("").to_owned();
    Ok(rows
        .iter()
        .map(|row| Entry {
            line: line(&text, row),
            name: cell(row, names),
            password: passwords
                .map(|column| cell(row, column))
                .filter(|password| !password.is_empty()),
        })
        .collect())
}

/// Which line of the file a row begins on. The reader says where it went on from, which may be the end of
/// the line before, or an empty one.
fn line(text: &str, row: &StringRecord) -> u64 {
    let from = row.position().map_or(0, csv::Position::byte);
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let (before, rest) = text.split_at_checked(from).unwrap_or((text, ""));
    let gap = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
    let ends = |text: &str| text.matches('\n').count() as u64;
    1 + ends(before) + ends(&rest[..gap])
}

/// `None` where it is in none of these encodings, or no text at all: a spreadsheet's own file.
fn text(bytes: &[u8]) -> Option<String> {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None if str::from_utf8(bytes).is_ok() => UTF_8,
        None => EUC_KR,
    };
    let (text, _, wrong) = encoding.decode(bytes);
    let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\t' | '\r' | '\n');
    (!wrong && !text.contains(is_odd)).then(|| text.into_owned())
}

fn separator(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or("");
    let count = |separator: u8| first.bytes().filter(|byte| *byte == separator).count();
    SEPARATORS
        .into_iter()
        .rev()
        .max_by_key(|separator| count(*separator))
        .unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(line: u64, name: &str, password: &str) -> Entry {
        Entry {
            line,
            name: name.to_owned(),
            password: (!password.is_empty()).then(|| password.to_owned()),
        }
    }

    #[test]
    fn a_table_is_read_in_the_encodings_that_spreadsheets_write() {
        let text = "번호,이름,비밀번호\r\n1,김철수,\r\n2,\"이 영희\",secret-word\r\n";
        let wanted = [entry(2, "김철수", ""), entry(3, "이 영희", "secret-word")];
        let utf_16: Vec<u8> = [0xfeff]
            .into_iter()
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            EUC_KR.encode(text).0.into_owned(),
            utf_16,
        ] {
            assert_eq!(read(&bytes).unwrap(), wanted);
        }
    }

    #[test]
    fn a_list_without_heads_will_do() {
        let list = "Ann;\n\n  Bob ;  password \n;\n";
        let wanted = [entry(1, "Ann", ""), entry(3, "Bob", "password")];
        assert_eq!(read(list.as_bytes()).unwrap(), wanted);
        let tabs = "홍길동\tlong-enough\n성춘향\n";
        let wanted = [entry(1, "홍길동", "long-enough"), entry(2, "성춘향", "")];
        assert_eq!(read(tabs.as_bytes()).unwrap(), wanted);
    }

    #[test]
    fn what_is_no_table_of_names_is_told() {
        assert_eq!(read(b"PK\x03\x04\x14\x00"), Err(FormTrouble::FileNotText));
        assert_eq!(read(b"\xff\xff\xff"), Err(FormTrouble::FileNotText));
        for empty in ["", "\n\n", "이름,비밀번호\n,\n"] {
            assert_eq!(read(empty.as_bytes()), Err(FormTrouble::FileEmpty));
        }
        let max = STUDENTS_MAX;
        let many = "a\n".repeat(max + 1);
        assert_eq!(read(many.as_bytes()), Err(FormTrouble::FileTooLong { max }));
    }
}
