//! What a classroom has on this host: its folder, its account, its image, its daemon, its port.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    path::Path,
    time::Duration,
};

use app::Words;
use machine::Client;
use nix::unistd::User;
use rustix::fs::{statfs, statvfs};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    Args,
    row::{Row, Verdict},
};
use crate::host::WEB_USER;

/// What machined keeps free of the disk: below, no machine starts.
const DISK_LEAST: u64 = 2 << 30;

/// What a class of thirty fills with images of its own, some 500 MB each, and a little more.
const DISK_ENOUGH: u64 = 20 << 30;

/// What the host itself and the web server take of the memory, and what a machine in use does, as
/// machined reckons it: docs/operating.md, "Limits".
const MEMORY_ASIDE: u64 = 2 << 30;
const MEMORY_IN_USE: u64 = 512 << 20;

/// File systems that a classroom's folder must not be on, as statfs(2) numbers them: overlay cannot
/// have itself below, memory is no disk, and the network's have no user ids to map.
const UNFIT: [(i64, &str); 3] = [
    (0x794c_7630, "overlay"),
    (0x0102_1994, "tmpfs"),
    (0x6969, "nfs"),
];

/// How long whoever has the port may take to say who it is.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// How much of its answer is read, in bytes: our pages say it in their head.
const ANSWER_READ: u64 = 16 * 1024;

pub(super) async fn rows(words: Words, args: &Args) -> Vec<Row> {
    vec![
        account(words),
        disk(words, &args.data),
        memory(words),
        processors(),
        image(words, &args.data),
        machined(words, &args.data).await,
        port(words, args.listen).await,
    ]
}

fn account(words: Words) -> Row {
    let is_there = User::from_name(WEB_USER).is_ok_and(|user| user.is_some());
    let mend = format!(
        "useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin {WEB_USER}"
    );
    let found = if is_there {
        WEB_USER.to_owned()
    } else {
        words.t("doctor-absent")
    };
    Row::ok_or(is_there, "doctor-account", found, Verdict::Fail, mend)
}

fn disk(words: Words, data: &Path) -> Row {
    // Where it will be made, if it is not there yet.
    let Some(folder) = data.ancestors().find(|folder| folder.is_dir()) else {
        return Row::fail(
            "doctor-disk",
            words.t("doctor-absent"),
            words.t("doctor-disk-mend"),
        );
    };
    let (Ok(space), Ok(kind)) = (statvfs(folder), statfs(folder)) else {
        return Row::fail(
            "doctor-disk",
            words.t("doctor-absent"),
            words.t("doctor-disk-mend"),
        );
    };
    if let Some((_, name)) = UNFIT.into_iter().find(|(number, _)| *number == kind.f_type) {
        return Row::fail("doctor-disk", name, words.t("doctor-disk-unfit"));
    }
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let found = words.with("doctor-disk-free", &[("gib", (free >> 30).into())]);
    let otherwise = if free < DISK_LEAST {
        Verdict::Fail
    } else {
        Verdict::Warn
    };
    Row::ok_or(
        free >= DISK_ENOUGH,
        "doctor-disk",
        found,
        otherwise,
        words.t("doctor-disk-mend"),
    )
}

fn memory(words: Words) -> Row {
    let memory = rustix::system::sysinfo();
    let total = (memory.totalram as u64).saturating_mul(u64::from(memory.mem_unit));
    let machines = total.saturating_sub(MEMORY_ASIDE) / MEMORY_IN_USE;
    let values = [("gib", (total >> 30).into()), ("machines", machines.into())];
    let found = words.with("doctor-memory-found", &values);
    let otherwise = if machines == 0 {
        Verdict::Fail
    } else {
        Verdict::Warn
    };
    Row::ok_or(
        machines > 3,
        "doctor-memory",
        found,
        otherwise,
        words.t("doctor-memory-mend"),
    )
}

fn processors() -> Row {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    Row::ok("doctor-processors", count.to_string())
}

fn image(words: Words, data: &Path) -> Row {
    let image = data.join("machine-image");
    let mend = format!("images/machine/build {}", image.display());
    if !image.join("rootfs/usr/lib/gyosil/init").exists() {
        return Row::fail("doctor-image", words.t("doctor-absent"), mend);
    }
    // The stamp comes last: without it a build was cut short.
    match fs::read_to_string(image.join("stamp")) {
        Ok(stamp) => Row::ok("doctor-image", stamp.chars().take(12).collect::<String>()),
        Err(_) => Row::warn("doctor-image", words.t("doctor-image-unfinished"), mend),
    }
}

async fn machined(words: Words, data: &Path) -> Row {
    let program = match super::machined() {
        Ok(program) if program.is_file() => program,
        _ => {
            return Row::fail(
                "doctor-machined",
                words.t("doctor-absent"),
                words.t("doctor-machined-mend"),
            );
        }
    };
    match Client::new(data.join("run/machined.sock")).health().await {
        Ok(health) => {
            let values = [
                ("version", health.version.into()),
                ("running", health.running.into()),
            ];
            Row::ok(
                "doctor-machined",
                words.with("doctor-machined-runs", &values),
            )
        }
        // `gyosil serve` starts it.
        Err(_) => Row::ok(
            "doctor-machined",
            words.with(
                "doctor-machined-idle",
                &[("path", program.display().to_string().into())],
            ),
        ),
    }
}

async fn port(words: Words, listen: SocketAddr) -> Row {
    let values = [("address", listen.to_string().into())];
    match TcpListener::bind(listen) {
        Ok(_) => return Row::ok("doctor-port", words.with("doctor-port-free", &values)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
        Err(error) => {
            let found = format!("{listen}: {error}");
            return Row::fail("doctor-port", found, words.t("doctor-port-mend"));
        }
    }
    let is_ours = timeout(ANSWER_WITHIN, is_ours(listen))
        .await
        .ok()
        .and_then(Result::ok)
        .unwrap_or(false);
    if is_ours {
        return Row::ok("doctor-port", words.with("doctor-port-ours", &values));
    }
    Row::fail(
        "doctor-port",
        words.with("doctor-port-taken", &values),
        words.t("doctor-port-mend"),
    )
}

/// Whether a classroom answers there.
async fn is_ours(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /en/ HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_READ).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).contains("Gyosil"))
}
