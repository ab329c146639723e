//! `gyosil serve`: from the command line to a running classroom.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use axum::{ServiceExt, extract::Request, serve::ListenerExt};
use rand::RngCore;
use store::{Pool, Store};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::broadcast,
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tower_sessions::{
    CachingSessionStore, ExpiredDeletion, Expiry, SessionManagerLayer, SessionStore,
    cookie::SameSite,
};
use tower_sessions_moka_store::MokaStore;
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

use crate::{
    app_state::{Classroom, Parts},
    class_watch::ClassWatch,
    control,
    course_folder::CourseFolder,
    examiner::Examiner,
    host::{self, MachinedOptions, WEB_USER},
    hub::Hub,
    kept::Kept,
    listener::Listener,
    passwords::Passwords,
    presence::Presence,
    proxy::ProxyOption,
    record::RecordOption,
    roster::Roster,
    site,
    throttle::Throttle,
    visitor::{NOTE_USE_AFTER_MS, SESSION_COOKIE, SESSION_IDLE},
};

/// How long answers under way may take once the classroom was told to end. Open pages and terminals
/// would hold it for ever; they come back by themselves.
const LAST_ANSWERS: std::time::Duration = std::time::Duration::from_secs(2);
/// How often sessions that have ended are cleared out of the table.
const CLEAR_SESSIONS_EVERY: std::time::Duration = std::time::Duration::from_secs(3600);
/// How many sessions are kept in memory, at a few hundred bytes each. A session says only which sign-in it is
/// of; whether that still is one is not its to say.
const SESSIONS_KEPT: u64 = 10_000;
/// News of announcements kept for a page that is slow to take them: it reads all that was said anyway.
const ANNOUNCED_KEPT: usize = 16;

/// How to serve.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The classroom's data folder.
    #[arg(long, default_value = "/var/lib/gyosil")]
    data: PathBuf,
    /// The course to teach, instead of the one in the data folder.
    #[arg(long)]
    content: Option<PathBuf>,
    /// Let whoever is at this computer write the course: the author's pages without signing in, also of
    /// a course with problems. Listens on this computer only.
    #[arg(long)]
    author: bool,
    #[command(flatten)]
    proxy: ProxyOption,
    #[command(flatten)]
    record: RecordOption,
    #[command(flatten)]
    machined: MachinedOptions,
}

/// Starts machined if it must, gives up root for good, and serves until told to end.
///
/// # Errors
/// Anything that keeps the classroom from opening, with the way to mend it.
pub(crate) fn run(args: Args) -> Result<()> {
    ensure!(
        !args.author || args.listen.ip().is_loopback(),
        "--author shows the course's scripts and answers to whoever can reach {}: \
         take an address of this computer alone, such as --listen 127.0.0.1:8080",
        args.listen
    );
    // Bound while still root, so that port 80 or 443 can be used.
    let listener = std::net::TcpListener::bind(args.listen).with_context(|| {
        format!(
            "cannot listen on {} (is something else there?)",
            args.listen
        )
    })?;
    listener.set_nonblocking(true)?;
    host::prepare_web_folder(&args.data, WEB_USER)?;
    let machined = host::ensure_machined(&args.data, &args.machined)?;
    host::drop_privileges(WEB_USER)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(serve(args, listener, machined.socket()))
}

async fn serve(args: Args, listener: std::net::TcpListener, machined: PathBuf) -> Result<()> {
    let content = args
        .content
        .clone()
        .unwrap_or_else(|| args.data.join("content"));
    let folder = args.data.join("site");
    let classroom = open(&args, &content, &folder, machined).await?;
    let (store, machines) = (classroom.store.clone(), classroom.machines.clone());
    tokio::spawn(classroom.roster.clone().keep_told(store, machines));
    let no_table = "preparing the session table";
    let routes = match classroom.store.pool() {
        Pool::Sqlite(pool) => {
            let sessions = SqliteStore::new(pool);
            sessions.migrate().await.context(no_table)?;
            routes(&classroom, sessions, &args.proxy, &folder)
        }
        Pool::Postgres(pool) => {
            let sessions = PostgresStore::new(pool);
            sessions.migrate().await.context(no_table)?;
            routes(&classroom, sessions, &args.proxy, &folder)
        }
    };
    let listener = TcpListener::from_std(listener)?;
    announce(&classroom, listener.local_addr()?).await?;
    // What a stream sends in small pieces is not held back for the browser's word about the last one.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection sends in larger pieces: {error}");
        }
    });
    let told = CancellationToken::new();
    let end = told.clone().cancelled_owned();
    let server = axum::serve(
        listener,
        ServiceExt::<Request>::into_make_service_with_connect_info::<SocketAddr>(routes),
    )
    .with_graceful_shutdown(end);
    tokio::select! {
        served = async { server.await } => served.context("serving"),
        () = async {
            told_to_end().await;
            told.cancel();
            sleep(LAST_ANSWERS).await;
        } => Ok(()),
    }
}

/// The routes behind sessions kept in `sessions`, which is cleared of those that have ended.
fn routes<S>(
    classroom: &Classroom,
    sessions: S,
    proxy: &ProxyOption,
    site: &Path,
) -> control::AtOnce
where
    S: SessionStore + ExpiredDeletion + Clone + 'static,
{
    tokio::spawn(clear_sessions(sessions.clone(), classroom.store.clone()));
    let sessions = CachingSessionStore::new(MokaStore::new(Some(SESSIONS_KEPT)), sessions);
    let sessions = SessionManagerLayer::new(sessions)
        .with_name(SESSION_COOKIE)
        .with_secure(proxy.secure())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(SESSION_IDLE));
    control::routes(classroom.clone(), sessions, proxy.proxies(), site)
}

async fn open(args: &Args, content: &Path, site: &Path, machined: PathBuf) -> Result<Classroom> {
    let (folder, keep_up) = CourseFolder::open(content, args.author)?;
    tokio::spawn(async {
        if let Err(error) = keep_up.run().await {
            tracing::error!("the course is not taken up any more when it changes: {error:#}");
        }
    });
    let store = store::open(&args.record.location(&args.data)).await?;
    let machines = machine::Client::new(machined);
    let presence = Presence::default();
    let hub = Hub::new(args.data.clone(), store.clone());
    hub.publish().await?;
    Ok(Classroom::new(Parts {
        examiner: Examiner::new(machines.clone(), store.clone(), presence.clone()),
        listener: Listener::new(machines.clone()),
        folder,
        for_author: args.author,
        machines,
        passwords: Passwords::new()?,
        throttle: Throttle::default(),
        presence,
        kept: Kept::new(),
        classes: ClassWatch::default(),
        announced: broadcast::Sender::new(ANNOUNCED_KEPT),
        roster: Roster::default(),
        hub,
        site: Arc::new(site::read(site)?),
        store,
    }))
}

/// Prints where the classroom is and, as long as it has no instructor, the one-time link.
async fn announce(classroom: &Classroom, listen: SocketAddr) -> Result<()> {
    let address = format!("http://{}", reachable(listen));
    say(&format!("Gyosil is open at {address}/"));
    if classroom.for_author {
        let page = app::pages::paths::author(course::Lang::default());
        say(&format!(
            "작성 중인 코스 / The course as it is being written: {address}{page}"
        ));
    }
    if classroom.store.needs_first_instructor().await? {
        let mut bytes = [0u8; 16];
        rand::rng().fill_bytes(&mut bytes);
        let token = hex::encode(bytes);
        classroom.store.set_setup_token(&token).await?;
        say(&format!(
            "첫 강사 만들기 / First instructor (one-time link): {address}/ko/setup/{token}"
        ));
    }
    Ok(())
}

/// The address to open in a browser: a server that listens everywhere is named by its host.
fn reachable(listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() {
        let host = rustix::system::uname();
        format!("{}:{}", host.nodename().to_string_lossy(), listen.port())
    } else {
        listen.to_string()
    }
}

/// What the operator reads, apart from the log.
#[allow(clippy::print_stdout)]
fn say(line: &str) {
    println!("{line}");
}

/// Clears out sessions that have ended, which nobody asks for any more.
async fn clear_sessions(sessions: impl ExpiredDeletion, store: Arc<dyn Store>) {
    loop {
        sleep(CLEAR_SESSIONS_EVERY).await;
        if let Err(error) = sessions.delete_expired().await {
            tracing::warn!(%error, "ended sessions could not be cleared: {error}");
        }
        let idle = i64::try_from(SESSION_IDLE.whole_milliseconds()).unwrap_or(i64::MAX);
        // Not before the session: a use is noted as late as that.
        let before = store::now_ms() - idle - 2 * NOTE_USE_AFTER_MS;
        if let Err(error) = store.forget_sign_ins(before).await {
            tracing::warn!(%error, "ended sign-ins could not be cleared: {error}");
        }
    }
}

async fn told_to_end() {
    let wait = async |kind| match signal(kind) {
        Ok(mut told) => {
            told.recv().await;
        }
        Err(error) => {
            tracing::error!(%error, "signals cannot be heard: {error}");
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
    }
    tracing::info!("told to end");
}
