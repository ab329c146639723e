//! What a machine's engine has reported since the machine began: kept in a file that checks can read,
//! and told to whoever follows it.
//!
//! The file is `events/engine.jsonl` in the machine's folder, one event a line, oldest first, as the
//! engine spells them (`GET /events`), without the fields that its API calls deprecated. It goes with
//! the machine's folder.
//!
//! What is reported is a student's to choose, up to any number of events of any length. So what is
//! kept is bounded, and chosen such that many events do not hide others: of one object and action the
//! newest few, and where all together are too many, the oldest of the action that has most.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::host::lock;

/// How many events of one action on one object are kept: more tell a check nothing new, and a
/// container whose health is asked for every second would fill everything.
const KEPT_OF_ONE: usize = 8;

/// How much is kept of a machine, in bytes: more than a thousand events of the usual length, where a
/// long lesson makes some hundred. A check reads it in less than 50 ms.
const KEPT: usize = 512 << 10;

/// What the shortest event counts for, in bytes: about what it takes in memory.
const EVENT_MIN: usize = 256;

/// How long the file may become before it is written anew with what is kept, in bytes.
const FILE_MAX: usize = 2 * KEPT;

/// The longest action, attribute and event that are kept, in bytes. The engine's own are shorter;
/// labels are as long as their author likes, and so is a command in `exec_create: …`.
const ACTION_MAX: usize = 1024;
const ATTRIBUTE_MAX: usize = 1024;
const EVENT_MAX: usize = 4096;

/// The attributes that the engine itself gives: what stays of an event with too many labels.
const ENGINES_OWN: [&str; 12] = [
    "comment",
    "container",
    "destination",
    "driver",
    "execID",
    "exitCode",
    "image",
    "imageID",
    "name",
    "oldName",
    "signal",
    "type",
];

/// How many events wait for a follower that is busy.
const WAITING: usize = 256;

/// The file's name.
const FILE: &str = "engine.jsonl";

/// An event as the engine reports it: <https://docs.docker.com/reference/api/engine/version/v1.45/#tag/System/operation/SystemEvents>.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    #[serde(rename = "Type")]
    kind: String,
    action: String,
    actor: Actor,
    #[serde(default, rename = "scope")]
    scope: String,
    #[serde(rename = "time")]
    seconds: i64,
    #[serde(rename = "timeNano")]
    nanoseconds: i64,
}

#[derive(Debug, Deserialize, Serialize)]
struct Actor {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default, rename = "Attributes")]
    attributes: BTreeMap<String, String>,
}

/// An event that is kept.
#[derive(Debug)]
struct Kept {
    number: u64,
    actor: String,
    /// With its line break.
    line: Bytes,
}

/// All events of one kind of object and action that are kept.
#[derive(Debug, Default)]
struct Kind {
    events: VecDeque<Kept>,
    size: usize,
}

/// The events that are kept.
#[derive(Debug, Default)]
struct Log {
    kinds: BTreeMap<(String, String), Kind>,
    size: usize,
    next: u64,
    /// When the newest happened, by the engine's clock, in nanoseconds since 1970.
    newest: i64,
}

/// The events of a machine's engine.
#[derive(Debug)]
pub(crate) struct Events {
    inner: Mutex<Inner>,
    told: broadcast::Sender<Bytes>,
}

#[derive(Debug, Default)]
struct Inner {
    log: Log,
    /// The file and its length, while the machine is up.
    file: Option<(File, usize)>,
    folder: PathBuf,
}

impl Event {
    /// Reads a line of the engine's; `None` if it is none.
    fn read(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }

    /// The action without what the engine puts behind it: `exec_create: sh -c …`.
    fn base(&self) -> &str {
        let end = self.action.find(':').unwrap_or(self.action.len());
        &self.action[..end]
    }

    /// The event as a line of at most [`EVENT_MAX`] bytes; `None` where nothing makes it that short.
    fn line(&mut self) -> Option<Bytes> {
        let end =
            (0..=ACTION_MAX.min(self.action.len())).rfind(|&at| self.action.is_char_boundary(at));
        self.action.truncate(end.unwrap_or_default());
        let attributes = &mut self.actor.attributes;
        attributes.retain(|name, value| name.len() + value.len() <= ATTRIBUTE_MAX);
        let mut line = serde_json::to_vec(self).ok()?;
        if line.len() >= EVENT_MAX {
            let attributes = &mut self.actor.attributes;
            attributes.retain(|name, _| ENGINES_OWN.contains(&name.as_str()));
            line = serde_json::to_vec(self).ok()?;
        }
        line.push(b'\n');
        (line.len() <= EVENT_MAX).then(|| line.into())
    }
}

impl Kind {
    /// Takes away the oldest event that is meant; what it counted for.
    fn drop_oldest(&mut self, is_meant: impl Fn(&Kept) -> bool) -> usize {
        let at = self.events.iter().position(is_meant);
        let gone = at.and_then(|at| self.events.remove(at));
        let size = gone.map_or(0, |gone| size(&gone.line));
        self.size -= size;
        size
    }
}

impl Log {
    /// Keeps an event; the line that is new, if it is one and not there already.
    fn add(&mut self, line: &[u8]) -> Option<Bytes> {
        let mut event = Event::read(line)?;
        let line = event.line()?;
        let kind = (event.kind.clone(), event.base().to_owned());
        let kind = self.kinds.entry(kind).or_default();
        // What was reported while nobody listened is told again from the last known on.
        if kind.events.iter().any(|kept| kept.line == line) {
            return None;
        }
        let actor = event.actor.id;
        let of_one = kind
            .events
            .iter()
            .filter(|kept| kept.actor == actor)
            .count();
        if of_one == KEPT_OF_ONE {
            self.size -= kind.drop_oldest(|kept| kept.actor == actor);
        }
        kind.size += size(&line);
        self.size += size(&line);
        kind.events.push_back(Kept {
            number: self.next,
            actor,
            line: line.clone(),
        });
        self.next += 1;
        self.newest = self.newest.max(event.nanoseconds);
        while self.size > KEPT {
            self.drop_one();
        }
        Some(line)
    }

    /// Drops the oldest event of the kind that has most.
    fn drop_one(&mut self) {
        let largest = self.kinds.iter().max_by_key(|(_, kind)| kind.size);
        let Some(name) = largest.map(|(name, _)| name.clone()) else {
            return;
        };
        if let Some(kind) = self.kinds.get_mut(&name) {
            self.size -= kind.drop_oldest(|_| true);
            if kind.events.is_empty() {
                self.kinds.remove(&name);
            }
        }
    }

    /// All that is kept, oldest first.
    fn lines(&self) -> Vec<u8> {
        let mut kept: Vec<&Kept> = self.kinds.values().flat_map(|kind| &kind.events).collect();
        kept.sort_unstable_by_key(|kept| kept.number);
        kept.iter().flat_map(|kept| kept.line.to_vec()).collect()
    }
}

impl Events {
    /// Those of a machine that does not run.
    pub(crate) fn new() -> Self {
        Self {
            inner: Mutex::default(),
            told: broadcast::Sender::new(WAITING),
        }
    }

    /// Takes up what `folder` has, and goes on there.
    pub(crate) fn open(&self, folder: &Path) -> io::Result<()> {
        let mut inner = lock(&self.inner);
        let mut log = Log::default();
        let before = match fs::read(folder.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        // Half a line is what a killed machined leaves: the engine tells it again.
        before.split(|&byte| byte == b'\n').for_each(|line| {
            log.add(line);
        });
        *inner = Inner {
            log,
            file: None,
            folder: folder.to_owned(),
        };
        inner.write_anew()
    }

    /// Writes nothing any more: the folder may be removed.
    pub(crate) fn close(&self) {
        *lock(&self.inner) = Inner::default();
    }

    /// When the newest known event happened, by the engine's clock: seconds since 1970 with nine
    /// digits behind the point, as the engine takes them; 0 if there is none.
    pub(crate) fn newest(&self) -> String {
        let newest = lock(&self.inner).log.newest;
        format!("{}.{:09}", newest / 1_000_000_000, newest % 1_000_000_000)
    }

    /// Takes a line of the engine's: first it is kept, then told.
    pub(crate) fn add(&self, line: &[u8]) -> io::Result<()> {
        let mut inner = lock(&self.inner);
        if inner.file.is_none() {
            return Ok(());
        }
        let Some(line) = inner.log.add(line) else {
            return Ok(());
        };
        let written = inner.write(&line);
        drop(inner);
        // That nobody follows is the normal case.
        let _ = self.told.send(line);
        written
    }

    /// The events from now on, a line each. A follower that does not keep up misses some.
    pub(crate) fn follow(&self) -> broadcast::Receiver<Bytes> {
        self.told.subscribe()
    }
}

impl Inner {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let Some((file, length)) = &mut self.file else {
            return Ok(());
        };
        file.write_all(line)?;
        *length += line.len();
        if *length > FILE_MAX {
            self.write_anew()?;
        }
        Ok(())
    }

    /// Writes what is kept. Who has the folder mounted sees the one file or the other, whole.
    fn write_anew(&mut self) -> io::Result<()> {
        let lines = self.log.lines();
        let new = self.folder.join("new");
        let mut file = File::create(&new)?;
        file.write_all(&lines)?;
        fs::rename(&new, self.folder.join(FILE))?;
        self.file = Some((file, lines.len()));
        Ok(())
    }
}

/// What an event counts for, in bytes.
fn size(line: &Bytes) -> usize {
    line.len().max(EVENT_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(action: &str, id: &str, attributes: &str, at: u32) -> String {
        format!(
            r#"{{"status":"old","Type":"container","Action":"{action}","Actor":{{"ID":"{id}","Attributes":{{"name":"web"{attributes}}}}},"scope":"local","time":{at},"timeNano":{at}000000000}}"#
        )
    }

    fn kept(log: &Log) -> Vec<serde_json::Value> {
        let lines = String::from_utf8(log.lines()).expect("text");
        let lines = lines.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("JSON")
    }

    #[test]
    fn the_newest_of_one_object_stay_in_their_order_and_none_is_there_twice() {
        let mut log = Log::default();
        assert!(log.add(event("pull", "web", "", 1).as_bytes()).is_some());
        for at in 2..=21 {
            let line = event("exec_create: sh", "web", "", at);
            assert!(log.add(line.as_bytes()).is_some());
            assert!(log.add(line.as_bytes()).is_none(), "told again");
        }
        let times: Vec<_> = kept(&log)
            .iter()
            .map(|event| event["time"].clone())
            .collect();
        assert_eq!(times, [1, 14, 15, 16, 17, 18, 19, 20, 21]);
    }

    #[test]
    fn length_hides_no_event_and_no_attribute_of_the_engines() {
        let mut log = Log::default();
        let labels: String = (0..500).map(|n| format!(r#","label{n}":"{n}""#)).collect();
        let long = format!(
            r#","exitCode":"137","label":"{}"{labels}"#,
            "x".repeat(100_000)
        );
        let action = format!("exec_create: {}", "가".repeat(10_000));
        for line in [event("die", "a", &long, 1), event(&action, "a", "", 2)] {
            assert!(log.add(line.as_bytes()).is_some());
        }
        let [die, exec] = &kept(&log)[..] else {
            panic!("an event is missing")
        };
        assert_eq!(
            die["Actor"]["Attributes"],
            serde_json::json!({ "name": "web", "exitCode": "137" })
        );
        assert!(
            exec["Action"]
                .as_str()
                .is_some_and(|action| action.starts_with("exec_create: 가가"))
        );
        assert!(log.lines().len() < 2 * EVENT_MAX);
        for nonsense in ["", "{", "[]", r#"{"Type":"x"}"#, "\u{0}"] {
            assert!(log.add(nonsense.as_bytes()).is_none());
        }
    }

    #[test]
    fn many_events_of_one_action_drop_none_of_another() {
        let mut log = Log::default();
        assert!(
            log.add(event("exec_create", "web", "", 1).as_bytes())
                .is_some()
        );
        for n in 2..10_000 {
            log.add(event("create", &n.to_string(), "", n).as_bytes());
        }
        let kept = kept(&log);
        assert_eq!(kept[0]["Action"], "exec_create");
        assert_eq!(kept[kept.len() - 1]["time"], 9999);
        assert!(
            (1000..3000).contains(&kept.len()),
            "{} are kept",
            kept.len()
        );
    }
}
