//! A service as its unit file describes it: the part of systemd.service(5) and systemd.exec(5) that
//! Debian's packages use. What is not known here is ignored, as systemd ignores what it does not know.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use crate::{span, words};

/// How long a start or a stop may take unless the unit says otherwise: systemd's default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(90);

/// How long after its end a service is started again, unless the unit says otherwise: as systemd.
const DEFAULT_RESTART_SEC: Duration = Duration::from_millis(100);

/// How often a service may start within [`DEFAULT_INTERVAL`] by itself: as systemd.
const DEFAULT_BURST: usize = 5;
const DEFAULT_INTERVAL: Duration = Duration::from_secs(10);

/// When a service counts as started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As soon as its program runs.
    #[default]
    Simple,
    /// When it says so itself.
    Notify,
    /// When the program that was started has ended and left another one behind.
    Forking,
    /// When all its programs have ended.
    Oneshot,
}

/// When a service that has ended is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Restart {
    #[default]
    No,
    Always,
    OnSuccess,
    OnFailure,
    /// After signals and timeouts, not after an exit code.
    OnAbnormal,
    OnAbort,
}

/// Which of its processes a stop ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum KillMode {
    #[default]
    ControlGroup,
    /// The main process is asked; the others are killed when it has ended.
    Mixed,
    Process,
    None,
}

/// One program to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// As it stands in the file, without prefixes: what status shows.
    pub(crate) text: String,
    /// Program and arguments, variables not yet put in.
    pub(crate) words: Vec<String>,
    /// Its failure counts as success (`-`).
    pub(crate) may_fail: bool,
    /// It runs as root whatever `User=` says (`+`, `!`).
    pub(crate) as_root: bool,
}

/// A file with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EnvironmentFile {
    pub(crate) path: PathBuf,
    pub(crate) may_be_missing: bool,
}

/// A service's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    /// `docker.service`.
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) documentation: Vec<String>,
    /// Services that are started along with it.
    pub(crate) wants: Vec<String>,
    /// Services that are started before it, if both start.
    pub(crate) after: Vec<String>,
    /// Paths that must be there, or with `!` must not.
    pub(crate) conditions: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) start_pre: Vec<Line>,
    pub(crate) start: Vec<Line>,
    pub(crate) start_post: Vec<Line>,
    pub(crate) reload: Vec<Line>,
    pub(crate) stop: Vec<Line>,
    pub(crate) stop_post: Vec<Line>,
    pub(crate) restart: Restart,
    pub(crate) restart_sec: Duration,
    /// `None`: no limit.
    pub(crate) start_within: Option<Duration>,
    pub(crate) stop_within: Option<Duration>,
    pub(crate) burst: usize,
    pub(crate) interval: Duration,
    pub(crate) pid_file: Option<PathBuf>,
    pub(crate) remain: bool,
    pub(crate) kill_mode: KillMode,
    /// A signal's name without `SIG`.
    pub(crate) kill_signal: String,
    /// Exit codes that are success, beside 0.
    pub(crate) success: Vec<i32>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) environment_files: Vec<EnvironmentFile>,
    pub(crate) user: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) umask: Option<u32>,
    /// Folders below `/run` that are there while it runs.
    pub(crate) runtime_folders: Vec<String>,
    pub(crate) runtime_mode: u32,
    pub(crate) keeps_runtime_folders: bool,
    /// Targets whose start starts it once it is enabled.
    pub(crate) wanted_by: Vec<String>,
    pub(crate) aliases: Vec<String>,
}

/// Why a file describes no service that could run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Bad {
    /// Nothing to start.
    #[error("Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing.")]
    NoStart,
    /// More than one thing to start, and it is not `Type=oneshot`.
    #[error(
        "Service has more than one ExecStart= setting, which is only allowed for Type=oneshot services. Refusing."
    )]
    ManyStarts,
}

impl Unit {
    /// Reads a unit's files: the unit file itself, then its drop-ins in their order.
    pub(crate) fn parse(name: &str, files: &[String]) -> Result<Self, Bad> {
        let mut unit = Self::empty(name);
        for file in files {
            each_setting(file, |section, key, value| match section {
                "Unit" | "Service" | "Install" => unit.set(key, &words::specify(value, name)),
                _ => {}
            });
        }
        if unit.start.is_empty() && unit.stop.is_empty() {
            return Err(Bad::NoStart);
        }
        if unit.start.len() != 1 && unit.kind != Kind::Oneshot {
            return Err(Bad::ManyStarts);
        }
        Ok(unit)
    }

    fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: name.to_owned(),
            documentation: Vec::new(),
            wants: Vec::new(),
            after: Vec::new(),
            conditions: Vec::new(),
            kind: Kind::default(),
            start_pre: Vec::new(),
            start: Vec::new(),
            start_post: Vec::new(),
            reload: Vec::new(),
            stop: Vec::new(),
            stop_post: Vec::new(),
            restart: Restart::default(),
            restart_sec: DEFAULT_RESTART_SEC,
            start_within: Some(DEFAULT_TIMEOUT),
            stop_within: Some(DEFAULT_TIMEOUT),
            burst: DEFAULT_BURST,
            interval: DEFAULT_INTERVAL,
            pid_file: None,
            remain: false,
            kill_mode: KillMode::default(),
            kill_signal: "TERM".to_owned(),
            success: Vec::new(),
            environment: BTreeMap::new(),
            environment_files: Vec::new(),
            user: None,
            group: None,
            folder: None,
            umask: None,
            runtime_folders: Vec::new(),
            runtime_mode: 0o755,
            keeps_runtime_folders: false,
            wanted_by: Vec::new(),
            aliases: Vec::new(),
        }
    }

    /// One setting; a value that makes no sense leaves things as they were, as in systemd.
    fn set(&mut self, key: &str, value: &str) {
        match key {
            "Description" => self.description = value.to_owned(),
            "Documentation" => add(&mut self.documentation, value),
            "Wants" | "Requires" | "BindsTo" => add(&mut self.wants, value),
            "After" => add(&mut self.after, value),
            "ConditionPathExists" => add(&mut self.conditions, value),
            "StartLimitBurst" => set(&mut self.burst, value.parse().ok()),
            "StartLimitInterval" | "StartLimitIntervalSec" => {
                set(&mut self.interval, span::parse(value));
            }
            "WantedBy" | "RequiredBy" => add(&mut self.wanted_by, value),
            "Alias" => add(&mut self.aliases, value),
            _ => self.set_service(key, value),
        }
    }

    fn set_service(&mut self, key: &str, value: &str) {
        match key {
            "Type" => set(&mut self.kind, kind(value)),
            "ExecStartPre" => lines(&mut self.start_pre, value),
            "ExecStart" => lines(&mut self.start, value),
            "ExecStartPost" => lines(&mut self.start_post, value),
            "ExecReload" => lines(&mut self.reload, value),
            "ExecStop" => lines(&mut self.stop, value),
            "ExecStopPost" => lines(&mut self.stop_post, value),
            "Restart" => set(&mut self.restart, restart(value)),
            "RestartSec" => set(&mut self.restart_sec, span::parse(value)),
            "TimeoutStartSec" => set(&mut self.start_within, limit(value)),
            "TimeoutStopSec" => set(&mut self.stop_within, limit(value)),
            "TimeoutSec" => {
                set(&mut self.start_within, limit(value));
                set(&mut self.stop_within, limit(value));
            }
            "PIDFile" => self.pid_file = in_run(value),
            "RemainAfterExit" => set(&mut self.remain, truth(value)),
            "KillMode" => set(&mut self.kill_mode, kill_mode(value)),
            "KillSignal" => value
                .strip_prefix("SIG")
                .unwrap_or(value)
                .clone_into(&mut self.kill_signal),
            "SuccessExitStatus" => {
                let codes = value
                    .split_whitespace()
                    .filter_map(|word| word.parse::<i32>().ok());
                self.success.extend(codes);
            }
            _ => self.set_surroundings(key, value),
        }
    }

    fn set_surroundings(&mut self, key: &str, value: &str) {
        match key {
            "Environment" if value.is_empty() => self.environment.clear(),
            "Environment" => {
                let pairs = words::split(value).unwrap_or_default();
                let pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
                self.environment
                    .extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            "EnvironmentFile" if value.is_empty() => self.environment_files.clear(),
            "EnvironmentFile" => {
                let path = value.strip_prefix('-');
                self.environment_files.push(EnvironmentFile {
                    path: path.unwrap_or(value).into(),
                    may_be_missing: path.is_some(),
                });
            }
            "User" => self.user = some(value),
            "Group" => self.group = some(value),
            "WorkingDirectory" => {
                self.folder = some(value.strip_prefix('-').unwrap_or(value)).map(PathBuf::from);
            }
            "UMask" => set(
                &mut self.umask,
                u32::from_str_radix(value, 8).ok().map(Some),
            ),
            "RuntimeDirectory" => add(&mut self.runtime_folders, value),
            "RuntimeDirectoryMode" => {
                set(&mut self.runtime_mode, u32::from_str_radix(value, 8).ok())
            }
            "RuntimeDirectoryPreserve" => {
                let keeps = if value == "restart" {
                    Some(true)
                } else {
                    truth(value)
                };
                set(&mut self.keeps_runtime_folders, keeps);
            }
            _ => {}
        }
    }
}

/// Calls `take` with section, key and value of each setting. A line that ends with a backslash goes
/// on in the next.
fn each_setting(text: &str, mut take: impl FnMut(&str, &str, &str)) {
    let mut section = String::new();
    let mut whole = String::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(begin) = line.strip_suffix('\\') {
            whole.push_str(begin);
            whole.push(' ');
            continue;
        }
        whole.push_str(line);
        if let Some(name) = whole
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = whole.split_once('=') {
            take(&section, key.trim(), value.trim());
        }
        whole.clear();
    }
}

/// The settings of a file with variables, such as `/etc/default/docker`.
pub(crate) fn variables(text: &str) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    each_setting(text, |_, name, value| {
        let value = words::split(value).map_or_else(|| value.to_owned(), |words| words.join(" "));
        variables.insert(name.to_owned(), value);
    });
    variables
}

fn set<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}

/// Adds words to a list; an empty value empties it.
fn add(list: &mut Vec<String>, value: &str) {
    if value.is_empty() {
        list.clear();
    }
    list.extend(value.split_whitespace().map(str::to_owned));
}

/// Adds a command line to a list; an empty value empties it.
fn lines(list: &mut Vec<Line>, value: &str) {
    if value.is_empty() {
        list.clear();
        return;
    }
    let text = value.trim_start_matches(['-', '@', '+', '!', ':']);
    let prefix = &value[..value.len() - text.len()];
    if let Some(mut words) = words::split(text).filter(|words| !words.is_empty()) {
        if prefix.contains('@') && words.len() > 1 {
            // The name that the program is told; nothing here needs another than its own.
            words.remove(1);
        }
        list.push(Line {
            text: text.to_owned(),
            words,
            may_fail: prefix.contains('-'),
            as_root: prefix.contains(['+', '!']),
        });
    }
}

fn some(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

/// A path as `PIDFile=` may have it: below `/run`, if it is not absolute.
fn in_run(value: &str) -> Option<PathBuf> {
    some(value).map(|value| PathBuf::from("/run").join(value))
}

fn truth(value: &str) -> Option<bool> {
    match value {
        "yes" | "true" | "on" | "1" => Some(true),
        "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// A limit: `infinity` and 0 are none.
fn limit(value: &str) -> Option<Option<Duration>> {
    if value == "infinity" {
        return Some(None);
    }
    span::parse(value).map(|span| (!span.is_zero()).then_some(span))
}

fn kind(value: &str) -> Option<Kind> {
    match value {
        "simple" | "exec" | "idle" | "dbus" => Some(Kind::Simple),
        "notify" | "notify-reload" => Some(Kind::Notify),
        "forking" => Some(Kind::Forking),
        "oneshot" => Some(Kind::Oneshot),
        _ => None,
    }
}

fn restart(value: &str) -> Option<Restart> {
    match value {
        "no" => Some(Restart::No),
        "always" => Some(Restart::Always),
        "on-success" => Some(Restart::OnSuccess),
        "on-failure" => Some(Restart::OnFailure),
        "on-abnormal" | "on-watchdog" => Some(Restart::OnAbnormal),
        "on-abort" => Some(Restart::OnAbort),
        _ => None,
    }
}

fn kill_mode(value: &str) -> Option<KillMode> {
    match value {
        "control-group" => Some(KillMode::ControlGroup),
        "mixed" => Some(KillMode::Mixed),
        "process" => Some(KillMode::Process),
        "none" => Some(KillMode::None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unit(text: &str) -> Unit {
        Unit::parse("a.service", &[text.to_owned()]).expect("a service")
    }

    #[test]
    fn a_service_is_read() {
        let unit = unit(
            "[Unit]\nDescription=A thing\nWants=b.service c.target\n\
             StartLimitBurst=3\nStartLimitInterval=60s\n# no=comment\n\
             [Service]\nType=notify\nEnvironmentFile=-/etc/default/a\nEnvironment=A=1 \"B=2 3\"\n\
             ExecStartPre=-/sbin/modprobe overlay\nExecStart=/usr/bin/a \\\n  --two $OPTS\n\
             TimeoutStartSec=0\nRestart=always\nRestartSec=2\nKillMode=process\nPIDFile=/var/run/a.pid\n\
             [Install]\nWantedBy=multi-user.target\nAlias=alpha.service\n[Other]\nDescription=x\n",
        );
        assert_eq!(unit.description, "A thing");
        assert_eq!(unit.wants, ["b.service", "c.target"]);
        assert_eq!((unit.burst, unit.interval), (3, Duration::from_secs(60)));
        assert_eq!(unit.kind, Kind::Notify);
        assert!(unit.start_pre[0].may_fail);
        assert_eq!(unit.start[0].words, ["/usr/bin/a", "--two", "$OPTS"]);
        assert_eq!(unit.environment["B"], "2 3");
        assert!(unit.environment_files[0].may_be_missing);
        assert_eq!((unit.start_within, unit.restart), (None, Restart::Always));
        assert_eq!(unit.kill_mode, KillMode::Process);
        assert_eq!(unit.pid_file, Some("/var/run/a.pid".into()));
        assert_eq!(unit.wanted_by, ["multi-user.target"]);
        assert_eq!(unit.aliases, ["alpha.service"]);
    }

    #[test]
    fn a_drop_in_replaces_what_it_empties_first() {
        let files = [
            "[Service]\nExecStart=/bin/a\n",
            "[Service]\nExecStart=\nExecStart=/bin/b\n",
        ];
        let unit = Unit::parse("a.service", &files.map(str::to_owned)).expect("a service");
        assert_eq!(unit.start[0].words, ["/bin/b"]);
    }

    #[test]
    fn nothing_to_start_or_too_much_is_refused() {
        let parse = |text: &str| Unit::parse("a.service", &[text.to_owned()]);
        assert_eq!(parse("[Service]\nType=simple\n"), Err(Bad::NoStart));
        let two = "[Service]\nExecStart=/bin/a\nExecStart=/bin/b\n";
        assert_eq!(parse(two), Err(Bad::ManyStarts));
        assert!(parse(&format!("{two}Type=oneshot\n")).is_ok());
    }

    #[test]
    fn variables_are_read_from_a_file() {
        let variables = variables("# x\nA=1\nB=\"two words\"\n C = 3 \n");
        assert_eq!(variables["A"], "1");
        assert_eq!(variables["B"], "two words");
        assert_eq!(variables["C"], "3");
    }

    proptest! {
        #[test]
        fn any_text_is_a_service_or_not(text in "(\\[Service\\]\n)?([A-Za-z]{1,20}=\\PC{0,30}\\\\?\n){0,9}\\PC{0,80}") {
            let _ = Unit::parse("a.service", std::slice::from_ref(&text));
            let _ = variables(&text);
        }

        #[test]
        fn any_value_is_taken_by_any_setting(
            key in prop::sample::select(vec!["ExecStart", "ExecStop", "Environment", "RestartSec", "PIDFile", "UMask", "KillSignal", "Type"]),
            value in "\\PC{0,40}",
        ) {
            let _ = Unit::parse("a.service", &[format!("[Service]\n{key}={value}\n")]);
        }
    }
}
