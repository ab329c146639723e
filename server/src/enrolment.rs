//! Many students at once: whether what a file says of them will do, and their accounts.

use std::collections::HashSet;

use app::pages::{BadLine, FormTrouble, Given};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use store::{ClassId, ClassMember, Name};

use crate::{
    app_state::Classroom,
    control::{bad_name, good_password},
    passwords,
    roster_file::Entry,
    trouble::Trouble,
};

/// How many passwords wait to be hashed at once: no more than are, so that whoever signs in meanwhile
/// comes between them.
const HASHED_AT_ONCE: usize = 2;

/// A student who has no account yet.
pub(crate) struct NewStudent {
    line: u64,
    name: Name,
    password: Option<String>,
}

/// What a file comes to.
#[derive(Default)]
pub(crate) struct Checked {
    pub(crate) students: Vec<NewStudent>,
    /// How many are in the class already.
    pub(crate) there: usize,
    pub(crate) wrong: Vec<BadLine>,
}

/// Looks at every line.
///
/// # Errors
/// When the record cannot be read.
pub(crate) async fn check(
    classroom: &Classroom,
    members: &[ClassMember],
    entries: Vec<Entry>,
) -> Result<Checked, Trouble> {
    let names = members.iter().map(|member| member.account.name.parse());
    let members: HashSet<String> = names
        .filter_map(|name: Result<Name, _>| Some(name.ok()?.key().to_owned()))
        .collect();
    let mut seen = HashSet::new();
    let mut checked = Checked::default();
    for entry in entries {
        let Entry {
            line,
            name,
            password,
        } = entry;
        let trouble = match good(&name, password.as_deref(), &mut seen) {
            Ok(good) if members.contains(good.key()) => {
                checked.there += 1;
                continue;
            }
            Ok(good) if classroom.store.credentials(&good).await?.is_some() => {
                FormTrouble::NameTakenElsewhere
            }
            Ok(name) => {
                checked.students.push(NewStudent {
                    line,
                    name,
                    password,
                });
                continue;
            }
            Err(trouble) => trouble,
        };
        checked.wrong.push(BadLine {
            line,
            name,
            trouble,
        });
    }
    Ok(checked)
}

/// A name that will do, beside those above it, with a password that does.
fn good(
    name: &str,
    password: Option<&str>,
    above: &mut HashSet<String>,
) -> Result<Name, FormTrouble> {
    let name: Name = name.parse().map_err(bad_name)?;
    if !above.insert(name.key().to_owned()) {
        return Err(FormTrouble::NameTwice);
    }
    password.map(good_password).transpose()?;
    Ok(name)
}

/// Makes the accounts: how many, and the passwords that were made for them; or, where somebody took a
/// name meanwhile, none.
///
/// # Errors
/// When the record cannot be written.
pub(crate) async fn enroll(
    classroom: &Classroom,
    class: ClassId,
    students: Vec<NewStudent>,
) -> Result<Result<(usize, Vec<Given>), Vec<BadLine>>, Trouble> {
    let mut made = Vec::new();
    let mut hashes = Vec::new();
    for student in &students {
        let password = student.password.clone().unwrap_or_else(|| {
            let password = passwords::given();
            made.push(Given {
                name: student.name.as_str().to_owned(),
                password: password.clone(),
            });
            password
        });
        hashes.push(classroom.passwords.hash(password));
    }
    let hashes: Vec<String> = stream::iter(hashes)
        .buffered(HASHED_AT_ONCE)
        .try_collect()
        .await?;
    let names = students.iter().map(|student| student.name.clone());
    let accounts: Vec<_> = names.zip(hashes).collect();
    let taken = classroom.store.enroll(class, &accounts).await?;
    if taken.is_empty() {
        classroom.roster.has_grown();
        return Ok(Ok((accounts.len(), made)));
    }
    let wrong = students.into_iter().filter_map(|student| {
        let is_taken = taken.iter().any(|name| name.key() == student.name.key());
        is_taken.then(|| BadLine {
            line: student.line,
            name: student.name.as_str().to_owned(),
            trouble: FormTrouble::NameTakenElsewhere,
        })
    });
    Ok(Err(wrong.collect()))
}
