//! The suite itself, on this host, with the negative controls. It needs root, runc, the machine image
//! (`GYOSIL_TEST_IMAGE` names another than the usual place) and `gyosil-machined`, built before:
//! `cargo build -p machined`.

use std::path::PathBuf;

use proof::{Check, Options, Point, Verdict};

/// The usual place of the machine image on a developer's machine.
const IMAGE: &str = "/var/lib/gyosil-dev/machine-image/rootfs";

/// An unprivileged account that every Linux has.
const ACCOUNT: &str = "nobody";

fn options(negative: bool) -> Options {
    // target/debug/deps/suite-… -> target/debug
    let mut machined = std::env::current_exe().expect("this program");
    machined.pop();
    machined.set_file_name("gyosil-machined");
    assert!(
        machined.exists(),
        "{} is not there: cargo build -p machined",
        machined.display()
    );
    let image = std::env::var_os("GYOSIL_TEST_IMAGE").map_or(IMAGE.into(), PathBuf::from);
    Options {
        machined,
        image,
        account: ACCOUNT.into(),
        negative,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_gets_out_and_every_wall_counts() {
    let mut checks = Vec::new();
    let options = options(true);
    let ended = proof::prove(&options, |check| {
        println!("{}", row(check));
        checks.push(check.clone());
    });
    ended.await.expect("to come to the end");
    let failed: Vec<_> = checks
        .iter()
        .filter(|check| check.verdict != Verdict::Held)
        .map(row)
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let numbers: std::collections::BTreeSet<u8> = checks.iter().map(|check| check.number).collect();
    assert_eq!(
        numbers,
        (1..=Point::Negative.number()).collect(),
        "points were left out"
    );
}

fn row(check: &Check) -> String {
    let seen = check.seen.join("\n      ");
    format!(
        "{:>2} {:?}, {:?}: {:?} ({} ms)\n      {seen}",
        check.number, check.point, check.place, check.verdict, check.took_ms
    )
}
