//! `gyosil images build`: the teaching images, built by the engine of a machine of our own and put
//! where the classroom's registry serves them from.

mod builder;
mod context;
mod definition;
mod program;
mod registry;

use std::{
    fs, io,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use nix::unistd::{User, geteuid};

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
    /// Build the images whose definition has changed and put them into the classroom's registry.
    Build(BuildArgs),
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
    let Command::Build(args) = args.command;
    let started = Instant::now();
    let definitions = definition::read_all(&args.images)?;
    let registry = args.data.join("registry");
    let mut stale = Vec::new();
    for definition in definitions {
        if stamp(&registry, &definition)? != Some(definition.hash.clone()) {
            stale.push(definition);
        }
    }
    if stale.is_empty() {
        tracing::info!("the teaching images are up to date");
        return Ok(());
    }
    ensure!(
        geteuid().is_root(),
        "building teaching images needs root: run this command with sudo"
    );
    prepare_registry(&registry)?;
    let machined = host::ensure_machined(&args.data, &args.machined)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(build(
            &args,
            &stale,
            machine::Client::new(machined.socket()),
        ))?;
    tracing::info!(
        "{} teaching images built in {:.0} s",
        stale.len(),
        started.elapsed().as_secs_f32()
    );
    Ok(())
}

async fn build(args: &BuildArgs, stale: &[Definition], client: machine::Client) -> Result<()> {
    let cache = args.data.join("cache");
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let registry_folder = args.data.join("registry");
    let registry = registry::Registry::start(&registry_folder, &cache).await?;
    let builder = builder::Builder::start(client, &args.data).await?;
    let built = build_each(stale, &cache, &registry_folder, &builder, &registry).await;
    // The machine goes in any case; a failed build is the more telling error of the two.
    let deleted = builder.delete().await;
    built.and(deleted)
}

async fn build_each(
    stale: &[Definition],
    cache: &Path,
    registry_folder: &Path,
    builder: &builder::Builder,
    registry: &registry::Registry,
) -> Result<()> {
    for definition in stale {
        let name = &definition.name;
        let started = Instant::now();
        tracing::info!(image = name, "building the image {name}");
        let archive = cache.join(format!("{name}.tar"));
        let built = async {
            let context = context::prepare(definition, cache).await?;
            builder.build(name, context.stream()?).await?;
            builder.save(name, &archive).await?;
            registry
                .push(&archive, name, &context.tags(definition))
                .await
        };
        let built = built
            .await
            .with_context(|| format!("building the image {name}"));
        remove_if_there(&archive)?;
        built?;
        set_stamp(registry_folder, definition)?;
        tracing::info!(
            image = name,
            "the image {name} is ready, after {:.0} s",
            started.elapsed().as_secs_f32()
        );
    }
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

fn set_stamp(registry: &Path, definition: &Definition) -> Result<()> {
    let file = registry.join("stamps").join(&definition.name);
    fs::write(&file, &definition.hash).with_context(|| format!("cannot write {}", file.display()))
}

fn remove_if_there(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(()),
    }
}
