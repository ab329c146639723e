//! A lesson's page, beside nginx with a file of the same bytes.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{net::TcpStream, process::Command as AsyncCommand, time::sleep};

use crate::{
    classroom::{Classroom, between},
    median,
};

/// A lesson with exercises and questions.
const LESSON: &str = "/ko/lessons/networking/bridge";
/// How many connections ask at once.
const CONNECTIONS: &str = "64";
/// How often it is looked whether nginx answers, and how often it may not.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOKS: usize = 100;

/// Requests a second, and the milliseconds that 99 of 100 did not exceed.
#[derive(Clone, Copy)]
struct Rate {
    per_s: f64,
    p99_ms: f64,
}

/// What was measured, a rate a round.
#[derive(Default)]
pub(crate) struct Pages {
    bytes: usize,
    signed_in: Vec<Rate>,
    nginx: Vec<Rate>,
    signed_out: Vec<Rate>,
    nginx_signed_out: Vec<Rate>,
}

impl Pages {
    /// Measures them in turn, so that what else the host does falls on all alike.
    pub(crate) async fn measure(
        classroom: &mut Classroom,
        rounds: usize,
        seconds: u64,
    ) -> Result<Self> {
        let student = classroom.students.first_mut().context("no student")?;
        let page = student.browser.get(LESSON).await?;
        ensure!(page.status == 200, "the lesson answers {}", page.status);
        let cookie = student.browser.cookie.clone().unwrap_or_default();
        let signed_out = crate::browser::Browser::at(classroom.address)
            .get(LESSON)
            .await?
            .body;
        let folder = classroom.folder().join("nginx");
        fs::create_dir(&folder)?;
        fs::write(folder.join("in.html"), &page.body)?;
        fs::write(folder.join("out.html"), &signed_out)?;
        let nginx = Nginx::start(&folder).await?;
        let ours = format!("http://{}{LESSON}", classroom.address);
        let file = |name| format!("http://{}/{name}", nginx.address);
        let mut pages = Self {
            bytes: page.body.len(),
            ..Self::default()
        };
        for round in 1..=rounds {
            let signed_in = wrk(&ours, Some(&cookie), seconds).await?;
            let nginx = wrk(&file("in.html"), Some(&cookie), seconds).await?;
            println!(
                "pages, {round} of {rounds}: {:.0} /s, nginx {:.0} /s",
                signed_in.per_s, nginx.per_s
            );
            pages.signed_in.push(signed_in);
            pages.nginx.push(nginx);
            pages.signed_out.push(wrk(&ours, None, seconds).await?);
            pages
                .nginx_signed_out
                .push(wrk(&file("out.html"), None, seconds).await?);
        }
        Ok(pages)
    }

    /// Ours of nginx's.
    pub(crate) fn ratio(&self) -> f64 {
        middle(&self.signed_in).per_s / middle(&self.nginx).per_s
    }

    pub(crate) fn rows(&self) -> Vec<(String, String)> {
        let row = |what: &str, rates: &[Rate], of: Option<&[Rate]>| {
            let Rate { per_s, p99_ms } = middle(rates);
            let of = of.map(|of| format!("; {:.2} of nginx", per_s / middle(of).per_s));
            let measured = format!(
                "{per_s:.0} /s, p99 {p99_ms:.1} ms{}",
                of.unwrap_or_default()
            );
            (what.to_owned(), measured)
        };
        let page = format!("a student's lesson page of {} bytes", self.bytes);
        vec![
            row(&page, &self.signed_in, Some(&self.nginx)),
            row("nginx, the same bytes", &self.nginx, None),
            row(
                "the page signed out",
                &self.signed_out,
                Some(&self.nginx_signed_out),
            ),
            row("nginx, the same bytes", &self.nginx_signed_out, None),
        ]
    }
}

fn middle(rates: &[Rate]) -> Rate {
    Rate {
        per_s: median(rates.iter().map(|rate| rate.per_s).collect()),
        p99_ms: median(rates.iter().map(|rate| rate.p99_ms).collect()),
    }
}

/// Asks for a page over and over.
async fn wrk(url: &str, cookie: Option<&str>, seconds: u64) -> Result<Rate> {
    let mut wrk = AsyncCommand::new("wrk");
    wrk.args(["-t1", "-c", CONNECTIONS, "--latency", "-d"]);
    wrk.arg(format!("{seconds}s"));
    if let Some(cookie) = cookie {
        wrk.args(["-H", &format!("Cookie: {cookie}")]);
    }
    let output = wrk.arg(url).kill_on_drop(true).output().await;
    let output = output.context("cannot run wrk, of Debian's package of that name")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = said.contains("Non-2xx") || said.contains("Socket errors");
    ensure!(output.status.success() && !failed, "wrk on {url}:\n{said}");
    let per_s = between(&said, "Requests/sec:", "\n").context("no rate")?;
    // Above it are shares in percent as well, of which any may end so.
    let (_, distribution) = said.split_once("Latency Distribution").context("no p99")?;
    let p99 = between(distribution, "99%", "\n").context("no p99")?;
    Ok(Rate {
        per_s: per_s.trim().parse()?,
        p99_ms: millis(p99.trim())?,
    })
}

/// A time as wrk writes it.
fn millis(time: &str) -> Result<f64> {
    let (number, factor) = if let Some(number) = time.strip_suffix("us") {
        (number, 0.001)
    } else if let Some(number) = time.strip_suffix("ms") {
        (number, 1.0)
    } else {
        (time.trim_end_matches('s'), 1000.0)
    };
    Ok(number.parse::<f64>()? * factor)
}

/// nginx with a folder; ended when dropped.
struct Nginx {
    process: Child,
    address: SocketAddr,
}

impl Nginx {
    async fn start(folder: &std::path::Path) -> Result<Self> {
        let address = free_address()?;
        let here = folder.display();
        fs::write(folder.join("nginx.conf"), config(address))?;
        let process = Command::new("nginx")
            .args(["-p", &here.to_string(), "-c", "nginx.conf", "-e", "stderr"])
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run nginx, of Debian's package of that name")?;
        let nginx = Self { process, address };
        for _ in 0..LOOKS {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(nginx);
            }
            sleep(LOOK_EVERY).await;
        }
        anyhow::bail!("nginx does not answer at {address}")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed, it would leave its workers behind.
        let pid = i32::try_from(self.process.id())
            .ok()
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.process.wait();
    }
}

/// An address that nobody had a moment ago.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// As quick as it gets, with headers as a page of ours has them.
fn config(address: SocketAddr) -> String {
    format!(
        r#"daemon off; worker_processes auto; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; open_file_cache max=10;
  types {{ text/html html; }} charset utf-8;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{
    listen {address}; root .;
    add_header content-security-policy "default-src 'self'; script-src 'self' 'nonce-0123456789012345678901' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    add_header cache-control "private, no-store";
    add_header x-content-type-options nosniff;
    add_header referrer-policy same-origin;
    add_header x-frame-options DENY;
  }}
}}
"#
    )
}
