//! The last step before a service's program runs: this executable, in the child, makes the
//! surroundings that the unit asks for and becomes the program.
//!
//! A program of its own, since what is done between `fork` and `exec` could not be done safely, and
//! since only the child knows its own number, which socket activation has to tell it.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::{ffi::OsStrExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use nix::unistd::{Gid, Group, User, initgroups, setgid, setgroups, setuid};
use rustix::{fs::Mode, process::umask};

/// The exit codes that say which step failed, as systemd's do: systemd.exec(5), "Process Exit
/// Codes".
pub(crate) const CHDIR: i32 = 200;
pub(crate) const EXEC: i32 = 203;
pub(crate) const GROUP: i32 = 216;
pub(crate) const USER: i32 = 217;
pub(crate) const CGROUP: i32 = 219;

/// What the child is to do.
#[derive(Debug, Default)]
pub(crate) struct Activation {
    /// The service, for messages.
    pub(crate) unit: String,
    /// The control group to be in, if there are any.
    pub(crate) cgroup: Option<PathBuf>,
    pub(crate) user: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) umask: Option<u32>,
    /// How many listening sockets it inherits, from number 3 on.
    pub(crate) sockets: usize,
    pub(crate) program: Vec<String>,
}

/// A step that failed: its exit code, its name, why.
struct Failure(i32, &'static str, String);

impl Activation {
    /// As arguments of `activate`.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut arguments = vec![OsString::from(&self.unit)];
        let mut add = |name: &str, value: Option<OsString>| {
            if let Some(value) = value {
                arguments.extend([OsString::from(name), value]);
            }
        };
        add("cgroup", self.cgroup.clone().map(OsString::from));
        add("user", self.user.clone().map(OsString::from));
        add("group", self.group.clone().map(OsString::from));
        add("folder", self.folder.clone().map(OsString::from));
        add("umask", self.umask.map(|mask| format!("{mask:o}").into()));
        add("sockets", Some(self.sockets.to_string().into()));
        arguments.push("--".into());
        arguments.extend(self.program.iter().map(OsString::from));
        arguments
    }

    /// The other way round; `None` where these are no such arguments.
    fn parse(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let text = |value: OsString| value.into_string().ok();
        let mut activation = Self {
            unit: text(arguments.next()?)?,
            ..Self::default()
        };
        loop {
            let name = arguments.next()?;
            if name == "--" {
                break;
            }
            let value = arguments.next()?;
            match name.to_str()? {
                "cgroup" => activation.cgroup = Some(value.into()),
                "user" => activation.user = Some(text(value)?),
                "group" => activation.group = Some(text(value)?),
                "folder" => activation.folder = Some(value.into()),
                "umask" => activation.umask = u32::from_str_radix(value.to_str()?, 8).ok(),
                "sockets" => activation.sockets = value.to_str()?.parse().ok()?,
                _ => return None,
            }
        }
        activation.program = arguments.map(text).collect::<Option<_>>()?;
        (!activation.program.is_empty()).then_some(activation)
    }

    /// Becomes the program; returns only when that fails.
    fn run(&self) -> Failure {
        match self.prepare() {
            Err(failure) => failure,
            Ok(mut command) => {
                let error = command.exec();
                Failure(EXEC, "EXEC", describe(&error))
            }
        }
    }

    fn prepare(&self) -> Result<Command, Failure> {
        // Away from what the first process was started from; it can only fail for a group's leader.
        let _ = rustix::process::setsid();
        if let Some(group) = &self.cgroup {
            join(group).map_err(|error| Failure(CGROUP, "CGROUP", describe(&error)))?;
        }
        if let Some(mask) = self.umask {
            umask(Mode::from_raw_mode(mask));
        }
        let mut command = Command::new(&self.program[0]);
        command.args(&self.program[1..]);
        if self.sockets > 0 {
            command.env("LISTEN_FDS", self.sockets.to_string());
            command.env("LISTEN_PID", std::process::id().to_string());
        }
        self.become_user(&mut command)?;
        let folder = self.folder.as_deref().unwrap_or(Path::new("/"));
        std::env::set_current_dir(folder)
            .map_err(|error| Failure(CHDIR, "CHDIR", describe(&error)))?;
        Ok(command)
    }

    fn become_user(&self, command: &mut Command) -> Result<(), Failure> {
        let group = self.group.as_deref().map(find_group).transpose()?;
        let Some(name) = &self.user else {
            return group.map_or(Ok(()), become_group);
        };
        let user = find_user(name)?;
        let failed = |error: nix::Error| Failure(USER, "USER", error.desc().to_owned());
        let group = group.unwrap_or(user.gid);
        let c_name = std::ffi::CString::new(user.name.as_bytes());
        let c_name = c_name.map_err(|error| Failure(USER, "USER", error.to_string()))?;
        initgroups(&c_name, group).map_err(failed)?;
        setgid(group).map_err(failed)?;
        setuid(user.uid).map_err(failed)?;
        command.env("USER", &user.name).env("LOGNAME", &user.name);
        command.env("HOME", &user.dir).env("SHELL", &user.shell);
        Ok(())
    }
}

fn become_group(group: Gid) -> Result<(), Failure> {
    setgroups(&[])
        .and_then(|()| setgid(group))
        .map_err(|error| Failure(GROUP, "GROUP", error.desc().to_owned()))
}

fn find_group(name: &str) -> Result<Gid, Failure> {
    match Group::from_name(name) {
        Ok(Some(group)) => Ok(group.gid),
        _ => Err(Failure(GROUP, "GROUP", "No such process".to_owned())),
    }
}

fn find_user(name: &str) -> Result<User, Failure> {
    match User::from_name(name) {
        Ok(Some(user)) => Ok(user),
        _ => Err(Failure(USER, "USER", "No such process".to_owned())),
    }
}

fn join(group: &Path) -> io::Result<()> {
    fs::create_dir_all(group)?;
    fs::write(group.join("cgroup.procs"), "0")
}

/// An error as C programs write it: without Rust's `(os error 2)`.
fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error")
        .map_or(text.as_str(), |(text, _)| text)
        .to_owned()
}

/// `activate`: see the module's description.
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    let Some(activation) = Activation::parse(arguments.into_iter()) else {
        return ExitCode::from(2);
    };
    let Failure(code, step, why) = activation.run();
    let program = OsStr::from_bytes(activation.program[0].as_bytes());
    let unit = &activation.unit;
    crate::options::complain(&format!(
        "{unit}: Failed at step {step} spawning {}: {why}",
        program.display()
    ));
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_activation_survives_the_way_through_arguments() {
        let activation = Activation {
            unit: "a.service".into(),
            cgroup: Some("/sys/fs/cgroup/x".into()),
            user: Some("www-data".into()),
            umask: Some(0o27),
            sockets: 2,
            program: vec!["/bin/a".into(), "--".into(), "b c".into()],
            ..Activation::default()
        };
        let read = Activation::parse(activation.arguments().into_iter()).expect("an activation");
        assert_eq!(format!("{read:?}"), format!("{activation:?}"));
    }
}
