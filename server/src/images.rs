//! `gyosil images`: the classroom's own images on the hub. They are built by the engine of a machine of
//! our own, or brought along, and put where the registry behind the hub has them.

mod builder;
mod context;
mod definition;
mod library;
mod program;
mod registry;

use std::{
    fs::{self, File},
    io,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use nix::unistd::{User, geteuid};
use rustix::fs::{FlockOperation, flock};
use tokio::task::JoinHandle;

use crate::host;
use definition::Definition;

/// What to do with the teaching images.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Build the images whose definition has changed, and put them on the hub.
    Build(BuildArgs),
    /// List the classroom's own images.
    List(ListArgs),
    /// Add an image to them: from a folder with a Dockerfile, or an archive that `docker save` wrote.
    Add(AddArgs),
    /// Remove an image, or one of its tags.
    Remove(RemoveArgs),
}

#[derive(clap::Args)]
struct ListArgs {
    /// The classroom's data folder.
    #[arg(long, default_value = "/var/lib/gyosil")]
    data: PathBuf,
}

#[derive(clap::Args)]
struct AddArgs {
    /// The folder or archive.
    from: PathBuf,
    /// The image's name, NAME or NAME:TAG for an archive [default: the folder's name, or the archive's
    /// own].
    #[arg(long)]
    name: Option<String>,
    /// The classroom's data folder.
    #[arg(long, default_value = "/var/lib/gyosil")]
    data: PathBuf,
    #[command(flatten)]
    machined: host::MachinedOptions,
}

#[derive(clap::Args)]
struct RemoveArgs {
    /// NAME, or NAME:TAG.
    image: String,
    /// The classroom's data folder.
    #[arg(long, default_value = "/var/lib/gyosil")]
    data: PathBuf,
}

#[derive(clap::Args)]
struct BuildArgs {
    /// The classroom's data folder.
    #[arg(long, default_value = "/var/lib/gyosil")]
    data: PathBuf,
    /// The folder of the images' definitions; images/README.md describes it.
    #[arg(long, default_value = "images")]
    images: PathBuf,
    #[command(flatten)]
    machined: host::MachinedOptions,
}

/// Does what the command line says.
///
/// # Errors
/// The first thing that went wrong; images that were finished before it stay.
pub(crate) fn run(args: Args) -> Result<()> {
    match args.command {
        Command::Build(args) => build_stale(&args),
        Command::List(args) => library::list(&args.data),
        Command::Add(args) => add(&args),
        Command::Remove(args) => library::remove(&args.data, &args.image),
    }
}

fn build_stale(args: &BuildArgs) -> Result<()> {
    let started = Instant::now();
    let registry = args.data.join("registry");
    let mut stale = Vec::new();
    for definition in definition::read_all(&args.images)? {
        let is_there = library::has(&args.data, &definition.name);
        if !is_there || stamp(&registry, &definition)? != Some(definition.hash.clone()) {
            stale.push(definition);
        }
    }
    if stale.is_empty() {
        tracing::info!("the teaching images are up to date");
        return Ok(());
    }
    let count = stale.len();
    in_storage(&args.data, async |place: &Place| {
        let machined = host::ensure_machined(&args.data, &args.machined)?;
        let client = machine::Client::new(machined.socket());
        build(place, &stale, client).await
    })?;
    let took = started.elapsed().as_secs_f32();
    tracing::info!("{count} teaching images built in {took:.0} s");
    Ok(())
}

/// Adds what is in a folder with a Dockerfile, or in an archive that `docker save` wrote.
fn add(args: &AddArgs) -> Result<()> {
    if args.from.is_dir() {
        let mut definition = definition::read(args.from.canonicalize()?)?;
        if let Some(name) = &args.name {
            definition.name.clone_from(name);
        }
        library::check_name(&definition.name)?;
        return in_storage(&args.data, async |place: &Place| {
            let machined = host::ensure_machined(&args.data, &args.machined)?;
            let client = machine::Client::new(machined.socket());
            build(place, &[definition], client).await
        });
    }
    in_storage(&args.data, async |place: &Place| {
        let (name, tag) = library::named(&args.from, args.name.as_deref()).await?;
        let registry = registry::Registry::start(&place.registry, &place.cache).await?;
        registry.push(&args.from, &name, &[tag]).await
    })
}

/// Where images are put.
struct Place {
    data: PathBuf,
    registry: PathBuf,
    cache: PathBuf,
    /// Held as long as anything is put there, so that the hub takes nothing away meanwhile.
    _lock: File,
}

/// Does something with the storage, which takes root.
fn in_storage(data: &Path, work: impl AsyncFnOnce(&Place) -> Result<()>) -> Result<()> {
    ensure!(
        geteuid().is_root(),
        "putting images there needs root: run this command with sudo"
    );
    let (registry, cache) = (data.join("registry"), data.join("cache"));
    prepare_registry(&registry)?;
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let lock = registry.join("lock");
    let file = File::options().create(true).append(true).open(&lock);
    let file = file.with_context(|| format!("cannot open {}", lock.display()))?;
    flock(&file, FlockOperation::LockExclusive)?;
    let place = Place {
        data: data.to_owned(),
        registry,
        cache,
        _lock: file,
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work(&place))
}

async fn build(place: &Place, stale: &[Definition], client: machine::Client) -> Result<()> {
    let registry = registry::Registry::start(&place.registry, &place.cache).await?;
    let builder = builder::Builder::start(client, &place.data).await?;
    let built = build_each(place, stale, &builder, Arc::new(registry)).await;
    // The machine goes in any case; a failed build is the more telling error of the two.
    let deleted = builder.delete().await;
    built.and(deleted)
}

/// Builds one after the other; while the next one is built, the one before is packed and pushed.
async fn build_each(
    place: &Place,
    stale: &[Definition],
    builder: &builder::Builder,
    registry: Arc<registry::Registry>,
) -> Result<()> {
    let mut pushing: Option<JoinHandle<Result<()>>> = None;
    for definition in stale {
        let name = &definition.name;
        let started = Instant::now();
        tracing::info!(image = name, "building the image {name}");
        let saved = build_one(place, definition, builder).await;
        let saved = saved.with_context(|| format!("building the image {name}"));
        // One at a time, so that the disk holds no more than two.
        if let Some(pushing) = pushing.take() {
            pushing.await??;
        }
        let work = push(
            registry.clone(),
            name.clone(),
            saved?,
            (place.registry.clone(), definition.hash.clone()),
            started,
        );
        pushing = Some(tokio::spawn(work));
    }
    match pushing {
        Some(pushing) => pushing.await?,
        None => Ok(()),
    }
}

/// Builds all of an image's variants; an archive of each, and its tags.
async fn build_one(
    place: &Place,
    definition: &Definition,
    builder: &builder::Builder,
) -> Result<Vec<(PathBuf, Vec<String>)>> {
    let name = &definition.name;
    let context = context::prepare(definition, &place.cache).await?;
    let mut saved = Vec::new();
    for (number, variant) in context.variants(definition).into_iter().enumerate() {
        let archive = place.cache.join(format!("{name}.{number}.tar"));
        builder.build(name, &variant, context.stream()?).await?;
        if let Some(check) = &definition.check {
            builder.check(name, &variant, check).await?;
        }
        builder.save(name, &variant, &archive).await?;
        saved.push((archive, variant.tags));
    }
    Ok(saved)
}

/// Puts an image's archives into the registry, and notes of which definition they are.
async fn push(
    registry: Arc<registry::Registry>,
    name: String,
    archives: Vec<(PathBuf, Vec<String>)>,
    (folder, hash): (PathBuf, String),
    started: Instant,
) -> Result<()> {
    for (archive, tags) in archives {
        let pushed = registry.push(&archive, &name, &tags).await;
        remove_if_there(&archive)?;
        pushed.with_context(|| format!("pushing the image {name}"))?;
    }
    set_stamp(&folder, &name, &hash)?;
    let took = started.elapsed().as_secs_f32();
    tracing::info!(image = name, "the image {name} is ready, after {took:.0} s");
    Ok(())
}

/// The registry's storage belongs to the unprivileged user as whom `docker-registry` runs.
fn prepare_registry(registry: &Path) -> Result<()> {
    fs::create_dir_all(registry.join("stamps"))
        .with_context(|| format!("cannot make {}", registry.display()))?;
    let user = User::from_name(host::WEB_USER)?
        .with_context(|| format!("the system user {} is missing", host::WEB_USER))?;
    chown(registry, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
        .with_context(|| format!("cannot give {} to {}", registry.display(), user.name))
}

/// Which definition of the image is in the registry. The stamps lie in the registry's folder, so
/// that whoever removes that folder gets all images built again.
fn stamp(registry: &Path, definition: &Definition) -> Result<Option<String>> {
    let file = registry.join("stamps").join(&definition.name);
    match fs::read_to_string(&file) {
        Ok(hash) => Ok(Some(hash)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

fn set_stamp(registry: &Path, name: &str, hash: &str) -> Result<()> {
    let file = registry.join("stamps").join(name);
    fs::write(&file, hash).with_context(|| format!("cannot write {}", file.display()))
}

fn remove_if_there(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(()),
    }
}
