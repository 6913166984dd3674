//! Versions of what is past of a session: what would have come of something that was put in only afterwards. What has been given
//! out stays as it was, and so does what comes; a version lies beside it, as one of a run does.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use causeflow_engine::base::time::{Span, Time};
use causeflow_outputs::diff::Counts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::differing::Differing;
use super::journal::{Entry, failed};
use super::script::{Planned, Timed};
use super::store::{Kept, Store};
use super::{Origin, Past, Track, Window};
use crate::control::Control;
use crate::diff::DifferingEvent;
use crate::error::{Error, Result};
use crate::job::StreamDifference;
use crate::numbers::{as_instant, instant, json_line};
use crate::versions::check_name;

const VERSIONS: &str = "versions";
const MADE: &str = "made.json";

/// A version as it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub name: String,
    /// What was put in.
    pub timed: Timed,
    /// The first instant after it.
    pub to: Time,
    /// How many commands the session had been given before.
    pub commands: usize,
}

/// What a version came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Made {
    /// Events of the session before it, and with those that it has.
    pub events: [u64; 2],
    /// Digest of the session with it, up to the first barrier at or after its end.
    pub fingerprint: String,
    pub streams: Vec<StreamDifference>,
    /// The first events that differ.
    pub first: Vec<DifferingEvent>,
    /// Its windows: their first instants, and how many events come before each.
    pub windows: Vec<(i64, u64)>,
}

/// A version of what is past.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VersionShown {
    /// Its name.
    pub name: String,
    /// `waiting` until its end has been given out, `playing` until it has been played, then `made`; or `failed`.
    pub state: &'static str,
    /// From when on what was put in acts.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub from: Time,
    /// The first instant after it.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub to: Time,
    /// The line of the journal that asks for it.
    pub entry: Entry,
    /// Why it has failed, if it has. When the server is started again it is tried once more.
    pub failed: Option<String>,
    /// What it came to, once it has been made.
    pub outcome: Option<VersionOutcome>,
}

/// What a version came to, against what was given out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VersionOutcome {
    /// Its events.
    pub events: u64,
    /// Those that were given out in its place.
    pub given_out: u64,
    /// Events that differ.
    #[serde(flatten)]
    pub counts: Counts,
    /// How many streams do not differ.
    pub identical_streams: usize,
    /// Digest of the session with it, up to the first barrier at or after its end.
    pub fingerprint: String,
}

/// How a version differs from what was given out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VersionDifference {
    /// The version.
    pub version: VersionShown,
    /// Stream by stream, also those in which nothing differs: events of the version are `rows`, those that were given out
    /// `twin_rows`.
    pub streams: Vec<StreamDifference>,
    /// The first events that differ, by time; at most 1000.
    pub events: Vec<DifferingEvent>,
}

impl Version {
    pub(super) fn of(name: &str, to: Time, timed: Timed, commands: usize) -> Version {
        Version {
            name: name.to_owned(),
            timed,
            to,
            commands,
        }
    }

    /// Its first instant.
    pub(super) fn from(&self) -> Time {
        self.timed.at
    }
}

impl Made {
    /// What tells two of them apart, for people.
    pub(super) fn in_words(&self) -> String {
        let VersionOutcome {
            events,
            counts,
            fingerprint,
            ..
        } = self.outcome();
        let differ = counts.total();
        format!("{events} events with fingerprint {fingerprint}, of which {differ} differ")
    }

    fn outcome(&self) -> VersionOutcome {
        let mut counts = Counts::default();
        self.streams
            .iter()
            .for_each(|stream| counts += stream.counts);
        let same = self.streams.iter().filter(|one| one.counts.total() == 0);
        VersionOutcome {
            events: self.events[1] - self.events[0],
            given_out: self.streams.iter().map(|one| one.twin_rows).sum(),
            counts,
            identical_streams: same.count(),
            fingerprint: self.fingerprint.clone(),
        }
    }
}

impl Origin {
    /// Refuses a version that cannot be made, or whose name is taken by one that there is or was.
    pub(super) fn check_version(
        &self,
        version: &Version,
        entries: &[Entry],
        known: (&[Timed], Time),
    ) -> Result<()> {
        let (commands, past) = known;
        check_name(&version.name)?;
        let mut names = entries.iter().flat_map(|entry| &entry.version);
        if names.any(|of| of.name == version.name) {
            let message = format!("there is or was a version `{}` already", version.name);
            return Err(Error::conflict(message, "choose another name"));
        }
        let (from, to) = (version.from(), version.to);
        if from < self.settings.start || to <= from || past < to {
            let message = format!(
                "a version from {} to {} does not lie in what is past, which is from {} to {}",
                instant(from),
                instant(to),
                instant(self.settings.start),
                instant(past)
            );
            return Err(Error::input(message, "choose a time in that").in_field("at"));
        }
        self.script()
            .plan_version(commands, version, self.end_of(version))
            .map(drop)
    }

    /// The first barrier at or after the end of a version.
    fn end_of(&self, version: &Version) -> Time {
        self.barrier_after(version.to - Span(1))
    }

    /// Plays a version beside what the session was.
    pub(super) fn make(
        &self,
        (commands, kept): (&[Timed], &[Kept]),
        version: &Version,
        keep: Option<&Shelf>,
        control: &dyn Control,
    ) -> Result<Made> {
        let (from, to) = (version.from(), version.to);
        let plans = self
            .script()
            .plan_version(commands, version, self.end_of(version))?;
        let kept: Vec<Kept> = kept
            .iter()
            .filter(|one| one.time <= from)
            .cloned()
            .collect();
        let walks = plans.map(|plan| Walk::to(self, plan, (&kept, commands.len()), from, control));
        let [was, is] = walks;
        let (mut was, mut is) = (was?, is?);
        let mut differing = Differing::new(&is.0.tables);
        let (mut events, mut windows) = ([0, 0], Vec::new());
        while is.time() < to {
            if let Some(shelf) = keep.filter(|_| is.time().0 % Span::DAY.0 == 0 && is.time() > from)
            {
                shelf.keep(version, &is)?;
            }
            let (a, twin) = (is.next(self, control)?, was.next(self, control)?);
            if windows.is_empty() {
                let before = a.until(from);
                if before != twin.until(from) || a.differs(&twin, before).is_some() {
                    let at = instant(from);
                    return Err(Error::machine(format!(
                        "the version `{}` would differ before {at}, which is a fault of the program",
                        version.name
                    )));
                }
                events[0] = a.before + before as u64;
            }
            differing.add(&a, &twin, &(from..to));
            events[1] = a.before + a.until(to) as u64;
            windows.push((a.from.0, a.before));
        }
        let (streams, first) = differing.finish();
        Ok(Made {
            events,
            fingerprint: is.0.come_to(0).fingerprint.to_string(),
            streams,
            first,
            windows,
        })
    }
}

/// A session as it goes by a plan, window by window.
struct Walk(Track);

impl Walk {
    /// At the last barrier at or before a time.
    fn to(
        origin: &Origin,
        planned: Planned,
        (kept, commands): (&[Kept], usize),
        time: Time,
        control: &dyn Control,
    ) -> Result<Walk> {
        // The plan holds all that there is.
        let known = (planned, Time(i64::MAX));
        let kept = (kept.to_vec(), Vec::new());
        let mut track = Track::resumed(origin, known, commands, kept, time);
        while track.player.time() + origin.window() <= time {
            track.play_window(origin, &[], Time(i64::MAX), None, control)?;
        }
        Ok(Walk(track))
    }

    fn time(&self) -> Time {
        self.0.player.time()
    }

    fn next(&mut self, origin: &Origin, control: &dyn Control) -> Result<Arc<Window>> {
        let from = self.time();
        self.0.play_window(origin, &[], from, None, control)?;
        self.0.last()
    }
}

/// What versions came to, on the disk beside the session, to be looked up; what is lost is made again.
pub(super) struct Shelf {
    folder: PathBuf,
    made: Mutex<BTreeMap<String, std::result::Result<Arc<Made>, String>>>,
}

impl Shelf {
    /// That of a session, without what is of versions that it does not have any more.
    pub(super) fn open(folder: &Path, versions: &[Version]) -> Shelf {
        let shelf = Shelf {
            folder: folder.join(VERSIONS),
            made: Mutex::default(),
        };
        shelf.retain(versions);
        for version in versions {
            if let Some(made) = Shelf::noted(folder, &version.name) {
                shelf.put(&version.name, Ok(Arc::new(made)));
            }
        }
        shelf
    }

    /// What a version of the session in a folder came to, if that is known.
    pub(super) fn noted(folder: &Path, name: &str) -> Option<Made> {
        let path = folder.join(VERSIONS).join(name).join(MADE);
        // One that is cut off is none.
        serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
    }

    fn put(&self, name: &str, made: std::result::Result<Arc<Made>, String>) {
        let mut all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(name.to_owned(), made);
    }

    fn get(&self, name: &str) -> Option<std::result::Result<Arc<Made>, String>> {
        let all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(name).cloned()
    }

    /// Notes what a version came to.
    fn note(&self, name: &str, made: Made) -> Result<()> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
        let (path, beside) = (folder.join(MADE), folder.join("made.unfinished"));
        fs::write(&beside, json_line(&made)?).map_err(failed("write", &beside))?;
        fs::rename(&beside, &path).map_err(failed("put in place", &path))?;
        self.put(name, Ok(Arc::new(made)));
        Ok(())
    }

    /// Keeps a snapshot of a version, to look at what comes after it.
    fn keep(&self, version: &Version, walk: &Walk) -> Result<()> {
        let folder = self.folder.join(&version.name);
        Store::keep_in(&folder, &walk.0.player.snapshot(), version.commands)
    }

    fn kept(&self, name: &str) -> Vec<Kept> {
        Store::kept_in(&self.folder.join(name)).unwrap_or_default()
    }

    /// Gives up what is of other versions than these.
    pub(super) fn retain(&self, versions: &[Version]) {
        let stays = |name: &str| versions.iter().any(|version| version.name == name);
        let mut all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|name, _| stays(name));
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_none_or(|name| !stays(name)) {
                // What cannot be removed takes room and does no harm: names are not used twice.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Past {
    fn find_version(&self, name: &str) -> Result<&Version> {
        let mut found = self.versions.iter().filter(|version| version.name == name);
        found.next().ok_or_else(|| {
            let names = self.versions.iter().map(|version| version.name.as_str());
            let near = causeflow_models::suggestion(name, names);
            let help = near.or_else(|| Some("see what versions there are".to_owned()));
            Error::wrong(format!("there is no version `{name}`"), help).in_field("version")
        })
    }

    /// Whether there is a version of this name.
    pub fn has_version(&self, name: &str) -> bool {
        self.find_version(name).is_ok()
    }

    /// The versions of what is past, in the order in which they were asked for.
    pub fn versions(&self, now: Time) -> Vec<VersionShown> {
        let versions = self.versions.iter();
        versions.map(|version| self.shown(version, now)).collect()
    }

    /// A version.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn version(&self, name: &str, now: Time) -> Result<VersionShown> {
        Ok(self.shown(self.find_version(name)?, now))
    }

    fn shown(&self, version: &Version, now: Time) -> VersionShown {
        let (state, failed, outcome) = match self.shelf.get(&version.name) {
            Some(Ok(made)) => ("made", None, Some(made.outcome())),
            Some(Err(error)) => ("failed", Some(error), None),
            None if version.to > now => ("waiting", None, None),
            None => ("playing", None, None),
        };
        VersionShown {
            name: version.name.clone(),
            state,
            from: version.from(),
            to: version.to,
            entry: self.entries[version.timed.number].clone(),
            failed,
            outcome,
        }
    }

    /// The first version that can be made and has not been.
    pub fn version_to_make(&self, now: Time) -> Option<String> {
        let mut all = self.versions.iter();
        let todo = all.find(|one| one.to <= now && self.shelf.get(&one.name).is_none())?;
        Some(todo.name.clone())
    }

    /// Plays a version beside what was given out, and notes what came of it.
    ///
    /// # Errors
    /// When there is none of this name, its end has not been given out, or it is cancelled. That it cannot be made is noted.
    pub fn make_version(&self, name: &str, control: &dyn Control) -> Result<()> {
        let version = self.find_version(name)?;
        let played = (&self.commands[..], &self.kept[..]);
        let made = self
            .origin
            .make(played, version, Some(&self.shelf), control);
        match made.and_then(|made| self.shelf.note(name, made)) {
            Err(error) if error.kind() == crate::Kind::Interrupted => Err(error),
            Err(error) => {
                self.shelf.put(name, Err(error.to_string()));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn made(&self, version: &Version) -> Result<Arc<Made>> {
        match self.shelf.get(&version.name) {
            Some(Ok(made)) => Ok(made),
            Some(Err(error)) => Err(Error::machine(error)),
            None => Err(Error::conflict(
                format!("the version `{}` has not been played yet", version.name),
                "ask again when it is told that it has been made",
            )),
        }
    }

    /// How a version differs from what was given out, in some streams or in all.
    ///
    /// # Errors
    /// When there is none of this name, it has not been made, or there is no such stream.
    pub fn version_difference(
        &self,
        name: &str,
        streams: Option<&[String]>,
        now: Time,
    ) -> Result<VersionDifference> {
        self.check_streams(streams)?;
        let version = self.find_version(name)?;
        let made = self.made(version)?;
        let wanted = |name: &String| streams.is_none_or(|streams| streams.contains(name));
        let differences = made.streams.iter().filter(|one| wanted(&one.name));
        let events = made.first.iter().filter(|one| wanted(&one.stream));
        Ok(VersionDifference {
            version: self.shown(version, now),
            streams: differences.cloned().collect(),
            events: events.cloned().collect(),
        })
    }

    /// The numbers of a version's events, counted from the session's beginning: those after the first, up to the second.
    ///
    /// # Errors
    /// When there is none of this name, or it has not been made.
    pub fn events_of_version(&self, name: &str) -> Result<[u64; 2]> {
        Ok(self.made(self.find_version(name)?)?.events)
    }

    /// Hands over the windows of a version from the one on in which an event is, given by how many events come before it, as long as more
    /// are wanted.
    ///
    /// # Errors
    /// When there is no such version or event, it has not been made, or playing it again was cancelled.
    pub fn windows_of_version(
        &self,
        name: &str,
        event: u64,
        control: &dyn Control,
        each: &mut dyn FnMut(Arc<Window>) -> ControlFlow<()>,
    ) -> Result<()> {
        let version = self.find_version(name)?;
        let made = self.made(version)?;
        if !(made.events[0]..made.events[1]).contains(&event) {
            let message = format!("the version `{name}` has no event {event}");
            return Err(Error::input(message, "ask for one of its own"));
        }
        let after = made.windows.partition_point(|(_, before)| *before <= event);
        let (from, _) = made.windows[after.max(1) - 1];
        let mut kept = self.kept.clone();
        kept.retain(|one| one.time <= version.from());
        kept.extend(self.shelf.kept(name));
        let script = self.origin.script();
        let [_, plan] =
            script.plan_version(&self.commands, version, self.origin.end_of(version))?;
        let known = (&kept[..], self.commands.len());
        let mut walk = Walk::to(&self.origin, plan, known, Time(from), control)?;
        while walk.time() < version.to {
            if each(walk.next(&self.origin, control)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// What would happen in a version with something that is put into the past.
    pub(super) fn planned_as_version(&self, timed: Timed, now: Time) -> Result<Planned> {
        let version = Version::of("preview", now, timed, self.commands.len());
        self.origin
            .check_version(&version, &[], (&self.commands, now))?;
        let until = self.origin.end_of(&version);
        let [_, with] = self
            .origin
            .script()
            .plan_version(&self.commands, &version, until)?;
        Ok(with)
    }
}
