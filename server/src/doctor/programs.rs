//! The programs that machined runs.

use std::{collections::BTreeSet, env, path::PathBuf};

use app::Words;
use machine::needs::missing_programs;

use super::{
    ask,
    row::{Row, Verdict},
};

/// The first runc of each line without CVE-2024-21626, by which a container reached the host's files:
/// upstream's, and what Debian 12 and Ubuntu mended in older ones (their changelogs).
const RUNC: (u32, u32, u32) = (1, 1, 12);
const RUNC_MENDED: [&str; 5] = [
    "1.1.5+ds1-1+deb12u1",
    "1.1.7-0ubuntu1~22.04.2",
    "1.1.7-0ubuntu1~23.10.2",
    "1.1.7-0ubuntu1~20.04.2",
    "1.1.12-0ubuntu1",
];

pub(super) async fn rows(words: Words) -> Vec<Row> {
    let mut rows = vec![programs(words)];
    if find("runc").is_some() {
        rows.push(runc(words).await);
    }
    rows
}

fn programs(words: Words) -> Row {
    let missing = missing_programs(&env::var_os("PATH").unwrap_or_default());
    if missing.is_empty() {
        return Row::ok("doctor-programs", words.t("doctor-there"));
    }
    let names: Vec<&str> = missing.iter().map(|(program, _)| *program).collect();
    let packages: BTreeSet<&str> = missing.iter().map(|(_, package)| *package).collect();
    let packages: Vec<&str> = packages.into_iter().collect();
    let found = words.with("doctor-missing", &[("what", names.join(" ").into())]);
    Row::fail(
        "doctor-programs",
        found,
        format!("apt-get install {}", packages.join(" ")),
    )
}

/// Where a program is, as machined will find it.
fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

async fn runc(words: Words) -> Row {
    let version = ask("runc", &["--version"]).await.unwrap_or_default();
    let version = version
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("runc version ")
        .to_owned();
    let package = ask("dpkg-query", &["-W", "-f", "${Version}", "runc"]).await;
    let found = package.clone().unwrap_or_else(|| version.clone());
    let mut numbers = version
        .split(['.', '+', '-', '~'])
        .map(|part| part.parse().unwrap_or(0));
    let mut number = || numbers.next().unwrap_or(0);
    let is_new = (number(), number(), number()) >= RUNC;
    let is_mended = match &package {
        Some(package) => is_mended(package).await,
        None => false,
    };
    let mend = words.t("doctor-runc-mend");
    Row::ok_or(
        is_new || is_mended,
        "doctor-runc",
        found,
        Verdict::Fail,
        mend,
    )
}

/// Whether a package is one that the distribution mended, or a later one of the same line.
async fn is_mended(package: &str) -> bool {
    for mended in RUNC_MENDED {
        // What comes before the distribution's own number says which line it is of.
        let line = |version: &str| version.split(['-', '+']).next().map(str::to_owned);
        let is_same = line(package) == line(mended)
            && package.contains("ubuntu") == mended.contains("ubuntu");
        if is_same
            && ask("dpkg", &["--compare-versions", package, "ge", mended])
                .await
                .is_some()
        {
            return true;
        }
    }
    false
}
