//! The machine whose engine builds the images: no Docker on the host, and nothing that a Dockerfile
//! says can reach the host.

use std::{io, path::Path, time::Duration};

use anyhow::{Context as _, Result, bail};
use futures::{Stream, StreamExt};
use machine::{Client, EXEC_TIMEOUT_MAX, ExecRequest, MachineId, MachineUser, Problem, State};
use tokio::{fs::File, io::AsyncWriteExt, time::timeout};
use tokio_util::bytes::Bytes;

use super::definition::Variant;

/// The builder machine's name; no student's machine is called so.
const BUILDER: &str = "builder";

/// How long the machine may take to be ready: seconds, on a slow disk some tens of them.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// How much a build may print, in bytes: it prints to standard error, which machined bounds.
const BUILD_OUTPUT_MAX: usize = 1024 * 1024;

/// How long an image's check may take: it starts a container or two, and asks them something.
const CHECK_WITHIN: Duration = Duration::from_secs(120);

/// What stands before an image's check.
const CHECK_BEGINS: &str = "set -euo pipefail
soon() {
    for _ in {1..50}; do \"$@\" && return; sleep 0.2; done
    \"$@\"
}
";

/// What takes away all that a check has made, but for the images.
const CHECK_ENDS: &str =
    "docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes";

/// A fresh machine with a ready engine.
pub(super) struct Builder {
    client: Client,
    id: MachineId,
}

impl Builder {
    /// Makes the machine anew and waits for its engine.
    ///
    /// # Errors
    /// When it does not become ready; the machine is gone again then.
    pub(super) async fn start(client: Client, data: &Path) -> Result<Self> {
        let builder = Self {
            client,
            id: BUILDER.parse()?,
        };
        // One that an interrupted build left.
        builder.client.delete(&builder.id).await?;
        let ready = timeout(READY_WITHIN, builder.until_ready())
            .await
            .unwrap_or_else(|_| bail!("the builder machine is not ready after {READY_WITHIN:?}"));
        let Err(error) = ready else {
            return Ok(builder);
        };
        builder.client.delete(&builder.id).await?;
        if let Some(machine::Error::Refused(Problem::NoImage)) = error.downcast_ref() {
            let image = data.join("machine-image");
            bail!(
                "the machine image is missing: images/machine/build {}",
                image.display()
            );
        }
        Err(error).context("starting the builder machine")
    }

    async fn until_ready(&self) -> Result<()> {
        self.client.ensure(&self.id).await?;
        let mut states = self.client.watch(&self.id).await?;
        while let Some(machine) = states.next().await {
            match machine?.state {
                // Work wakes one that sleeps.
                State::Ready | State::Frozen => return Ok(()),
                State::Failed { problem } => bail!(machine::Error::Refused(problem)),
                State::Queued { .. } | State::Starting { .. } | State::Stopped { .. } => {}
            }
        }
        bail!("machined watches the builder machine no longer")
    }

    /// Builds a variant of the image `name` from a context.
    ///
    /// # Errors
    /// With the end of the build's output when it fails.
    pub(super) async fn build(
        &self,
        name: &str,
        variant: &Variant,
        context: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Result<()> {
        let mut argv = vec!["docker", "build", "--progress=plain"];
        let tags: Vec<String> = variant
            .tags
            .iter()
            .map(|tag| format!("{name}:{tag}"))
            .collect();
        argv.extend(tags.iter().flat_map(|tag| ["--tag", tag]));
        argv.extend(variant.arguments.iter().flat_map(|it| ["--build-arg", it]));
        argv.push("-");
        let mut output = self.client.pipe(&self.id, &request(&argv), context).await?;
        let mut printed = 0;
        while let Some(bytes) = output.next().await {
            printed += bytes.context("docker build")?.len();
            if printed > BUILD_OUTPUT_MAX {
                bail!("docker build prints more than {BUILD_OUTPUT_MAX} bytes");
            }
        }
        Ok(())
    }

    /// Tries a variant of the image `name` as the script `check` does, in the machine.
    ///
    /// # Errors
    /// With what the script said when it fails.
    pub(super) async fn check(&self, name: &str, variant: &Variant, check: &str) -> Result<()> {
        let tag = variant.tags.first().context("an image without a tag")?;
        let image = format!("IMAGE={name}:{tag}");
        let run = async |argv: &[&str], stdin: String| {
            let request = ExecRequest {
                stdin,
                timeout_ms: CHECK_WITHIN.as_millis() as u64,
                ..request(argv)
            };
            self.client.exec(&self.id, &request).await
        };
        let script = format!("{CHECK_BEGINS}{check}");
        let done = run(&["env", &image, "bash", "-s"], script).await?;
        run(&["bash", "-s"], CHECK_ENDS.into()).await?;
        if done.exit != Some(0) {
            let said = format!("{}{}", done.stdout, done.stderr);
            bail!("the image {name}:{tag} does not pass its check:\n{said}");
        }
        Ok(())
    }

    /// Writes a variant of the image `name` to `archive`, as `docker save` does.
    ///
    /// # Errors
    /// When it cannot be saved or written.
    pub(super) async fn save(&self, name: &str, variant: &Variant, archive: &Path) -> Result<()> {
        let tag = variant.tags.first().context("an image without a tag")?;
        let tag = format!("{name}:{tag}");
        let argv = ["docker", "save", &tag];
        let mut output = self
            .client
            .pipe(&self.id, &request(&argv), futures::stream::empty())
            .await?;
        let mut file = File::create(archive)
            .await
            .with_context(|| format!("cannot write {}", archive.display()))?;
        while let Some(bytes) = output.next().await {
            file.write_all(&bytes.context("docker save")?).await?;
        }
        file.flush().await?;
        Ok(())
    }

    /// Ends the machine and removes all of it.
    ///
    /// # Errors
    /// When machined cannot.
    pub(super) async fn delete(self) -> Result<()> {
        self.client
            .delete(&self.id)
            .await
            .context("removing the builder machine")
    }
}

fn request(argv: &[&str]) -> ExecRequest {
    ExecRequest {
        argv: argv.iter().map(|&argument| argument.to_owned()).collect(),
        user: MachineUser::Root,
        stdin: String::new(),
        timeout_ms: EXEC_TIMEOUT_MAX.as_millis() as u64,
    }
}
