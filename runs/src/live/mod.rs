//! Live sessions: the world of a run, played as far as a clock is, with commands at any time, and without a last day.
//!
//! A [`Live`] plays whole windows, as a run does, and whoever has the clock gives their events out when their time has come. A
//! command at a time bends what comes after it: the session goes back to the last barrier before it, plays up to it
//! again (and makes sure that nothing before it has changed) and goes on. Each command stands in a journal on the disk
//! before it counts, and the same journal gives the same events, whenever what was asked.
//!
//! It knows no clock but the virtual one, and nothing of those who look on.

mod against;
mod chain;
mod differing;
mod entities;
mod journal;
mod keys;
mod past;
mod relations;
mod script;
mod shown;
mod store;
mod stretch;
mod unusual;
mod version;
mod window;
mod written;

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use causeflow_engine::base::table::RowSink;
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::{Player, StreamResult};
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::world::Settings;
use causeflow_engine::{STREAM_STABILITY_VERSION, base::fingerprint::combine};
use causeflow_models::Model;
use causeflow_scenarios::{Clock, Library};

use crate::control::{Control, Followed, Remark, check};
use crate::error::{Error, Result};
use crate::finished::Statistic;
use crate::model;
use crate::numbers::instant;

use against::Given;
use journal::{Journal, acknowledged};
use script::{Planned, Script, Timed};
use store::{Kept, Store, noted};
use unusual::Usual;
use version::{Shelf, Version};
use window::Gathered;

pub use against::{Expectation, SessionDifference, Sides, StreamAgainst, Summary, Twin};
pub use chain::{Chain, Link};
pub use entities::{EntitiesShown, EntityShown, KindShown, KindsShown, Page, StateCount};
pub use journal::{Command, Entry, Header, Injection, JOURNAL_VERSION, VersionOf};
pub use keys::{Asked, Keys};
pub use past::{Past, Verdict, folder_of, replay};
pub use relations::{RelationShown, RelationsShown};
pub use shown::{
    EffectShown, ExternalEventShown, HistoryShown, InterventionShown, ModifierShown, PointShown,
    StateShown,
};
pub use store::{Barrier, Position};
pub use unusual::{Anomaly, Score};
pub use version::{VersionDifference, VersionOutcome, VersionShown};
pub use window::{Encoder, Tables, Window};
pub use written::Written;

/// What a session is played from.
pub(crate) struct Origin {
    pub model: Model,
    pub header: Header,
    /// Those of a run; the end is that of the stretch of time that is planned.
    pub settings: Settings,
    /// From when on events are given out.
    pub live_from: Time,
    /// The scenarios and templates without those that were defined on the way, once they have been read.
    library: OnceLock<Library>,
    /// Who there is, as it was asked for last.
    people: entities::Known,
}

/// A session under way.
pub struct Live {
    origin: Arc<Origin>,
    store: Store,
    journal: Journal,
    entries: Vec<Entry>,
    /// Those of its entries by which it goes.
    commands: Vec<Timed>,
    /// What was put into its past.
    versions: Vec<Version>,
    shelf: Arc<Shelf>,
    track: Track,
    position: Arc<Position>,
    keys: Option<Keys>,
    /// What is usual, if that is not what the session would be without interventions.
    baseline: Option<Arc<Given>>,
    /// What was usual up to each day of late.
    usual: Mutex<Arc<Usual>>,
}

/// What is known of a session before it is played: its journal, what that says, and what it has come to.
type Known = (Vec<Entry>, (Vec<Timed>, Vec<Version>), Vec<Barrier>);

/// How far a session has been played, and how.
struct Track {
    /// How many commands it was planned with.
    commands: usize,
    /// Whether a snapshot of the player's barrier is to be kept.
    is_due: bool,
    planned: Planned,
    /// Commands that are due before this time are in the plan.
    known: Time,
    player: Player,
    kept: Vec<Kept>,
    barriers: Vec<Barrier>,
    /// The windows from the one on in which events are given out.
    windows: Vec<Arc<Window>>,
    tables: Tables,
    /// What the streams have come to at the player's barrier.
    streams: Arc<Vec<StreamResult>>,
}

impl Origin {
    /// Checks what a journal says that a session is made from.
    pub fn of(header: Header, control: &dyn Control) -> Result<Origin> {
        let spec = &header.spec;
        let asked = [
            ("scenarios", !spec.scenarios.is_empty()),
            ("events", !spec.events.is_empty()),
            ("event_files", !spec.event_files.is_empty()),
            ("streams", !spec.streams.is_empty()),
            ("counterfactual", spec.counterfactual.is_some()),
        ];
        if let Some((field, _)) = asked.into_iter().find(|(_, asked)| *asked) {
            return Err(Error::input(
                format!("a session is not begun with `{field}`"),
                "give commands of a journal in place of scenarios and events; streams are chosen by those who look on",
            )
            .in_field(field));
        }
        let model = model::load_with(&spec.model, &spec.parameters, control)?;
        let digest = model::digest_of(&model);
        if header.model_digest.as_ref().is_some_and(|of| *of != digest) {
            return Err(Error::input(
                format!(
                    "the model `{}` is not the one that the session was begun with",
                    spec.model
                ),
                "use the model as it was, or begin a new session",
            ));
        }
        let version = header.stream_stability_version;
        if version.is_some_and(|version| version != STREAM_STABILITY_VERSION) {
            return Err(Error::input(
                "the session was begun by a version of the program that generates other values",
                "go on with that version, or begin a new session",
            ));
        }
        let program = &model.compiled.program;
        let settings = crate::settings::settings(spec.seed, &spec.range(), &[], program, control)?;
        let live_from = match &header.live_from {
            Some(text) => Clock::new(program, settings.start).time(text)?,
            None => settings.start,
        };
        if live_from < settings.start {
            return Err(Error::input(
                format!(
                    "the session would be live from {live_from} on, before it begins at {}",
                    settings.start
                ),
                "begin it earlier",
            )
            .in_field("live_from"));
        }
        Ok(Origin {
            header: Header {
                model_digest: Some(digest),
                stream_stability_version: Some(STREAM_STABILITY_VERSION),
                ..header
            },
            model,
            settings,
            live_from,
            library: OnceLock::new(),
            people: entities::Known::default(),
        })
    }

    fn script(&self) -> Script<'_> {
        Script {
            model: &self.model,
            spec: &self.header.spec,
            settings: &self.settings,
            library: &self.library,
        }
    }

    fn base(&self) -> &Program {
        &self.model.compiled.program
    }

    /// How long a window is.
    fn window(&self) -> Span {
        self.base().window
    }

    /// The first barrier after a time.
    fn barrier_after(&self, time: Time) -> Time {
        let (Time(begin), Span(window)) = (self.settings.start - self.base().warmup, self.window());
        Time(begin + ((time.0 - begin).max(0) / window + 1) * window)
    }

    /// Tells what is wrong with scenarios and external events that there are: as a run, a session goes without them.
    fn tell_of_scenarios(&self, control: &dyn Control) -> Result<()> {
        let problems = self.script().library(&[])?.problems();
        if problems.has_errors() {
            control.tell(Remark::Warnings(&problems));
            control.tell(Remark::Warning {
                message: "these scenarios or external events have errors, and the session goes without them",
                help: "mend them and start it again",
            });
        }
        Ok(())
    }

    /// What names the order of events after so many resets.
    fn epoch(&self, resets: u32) -> String {
        let Origin {
            header, settings, ..
        } = self;
        let digest = header.model_digest.as_deref().unwrap_or_default();
        let (Time(start), scale) = (settings.start, settings.scale.to_bits());
        let timeline = header.spec.timeline;
        let of = format!(
            "{digest} {} {start} {scale} {timeline} {STREAM_STABILITY_VERSION} {resets}",
            settings.seed
        );
        blake3::hash(of.as_bytes()).to_hex()[..12].to_owned()
    }

    /// What happens before a time, with the commands that are due by then.
    fn plan(&self, commands: &[Timed], until: Time) -> Result<Planned> {
        // A reset is done when it is asked for, and takes back what was before it also where that is played again. What is defined is there
        // from the beginning.
        let holds = |command: &Command| matches!(command, Command::Reset | Command::Define { .. });
        let is_due = |timed: &&Timed| timed.at < until || holds(&timed.command);
        let due = commands.iter().filter(is_due);
        self.script().plan(&due.cloned().collect::<Vec<_>>(), until)
    }

    /// The settings of a player that plays a plan.
    fn settings_of(&self, planned: &Planned) -> Settings {
        Settings {
            end: planned.end,
            open_end: true,
            ..self.settings.clone()
        }
    }
}

impl Live {
    /// Opens a session: the one that lies in a folder, or a new one there. Commands of a new one may lie ahead.
    ///
    /// # Errors
    /// When there is another session in the folder, what is asked for is wrong, or the folder cannot be used.
    pub fn open(
        folder: &Path,
        header: Header,
        entries: &[Entry],
        control: &dyn Control,
    ) -> Result<Live> {
        Live::open_with(folder, header, entries, &|(_, error)| error, control)
    }

    /// The same; `place` says where it is that a command is wrong.
    fn open_with(
        folder: &Path,
        header: Header,
        entries: &[Entry],
        place: &dyn Fn((usize, Error)) -> Error,
        control: &dyn Control,
    ) -> Result<Live> {
        let path = Store::journal(folder);
        if path.exists() {
            let (found, ..) = acknowledged(&path)?;
            let digest = &found.model_digest;
            let same = Header {
                model_digest: digest.clone(),
                ..found.clone()
            } == Header {
                model_digest: digest.clone(),
                stream_stability_version: found.stream_stability_version,
                live_from: found.live_from.clone(),
                ..header
            };
            if !same {
                let message = format!("{} holds a session of something else", folder.display());
                return Err(Error::input(
                    message,
                    "choose another folder, or ask for what that session is made from",
                ));
            }
            return Live::resume(folder, control);
        }
        let origin = Origin::of(header, control)?;
        // Everything that is wrong with commands that lie ahead is told before anything is played.
        let (commands, versions) = origin.check_ahead(entries).map_err(place)?;
        // Nothing is written before that.
        let store = Store::open(folder)?;
        let journal = Journal::create(&path, &origin.header, entries)?;
        let shelf = Shelf::open(folder, &versions);
        let known = (entries.to_vec(), (commands, versions), Vec::new());
        let given_out = origin.live_from;
        let position = Position::open(folder, given_out)?;
        Live::begun(origin, (store, journal, position, shelf), known, control)
    }

    /// Goes on with the session in a folder, where it was when its process ended, however that ended.
    ///
    /// # Errors
    /// When there is none, or it cannot be gone on with.
    pub fn resume(folder: &Path, control: &dyn Control) -> Result<Live> {
        let path = Store::journal(folder);
        if !path.exists() {
            let message = format!("there is no session in {}", folder.display());
            return Err(Error::input(message, "give the folder of one"));
        }
        let store = Store::open(folder)?;
        let (journal, header, entries) = Journal::open(&path)?;
        let origin = Origin::of(header, control)?;
        let (commands, versions) = origin.script().all_timed(&entries)?;
        let (barriers, given_out) = Store::noted(folder)?;
        let given_out = given_out.unwrap_or(origin.live_from);
        let shelf = Shelf::open(folder, &versions);
        let known = (entries, (commands, versions), barriers);
        let position = Position::open(folder, given_out)?;
        Live::begun(origin, (store, journal, position, shelf), known, control)
    }

    /// Plays up to and with the window in which events are given out next.
    fn begun(
        origin: Origin,
        (mut store, journal, position, shelf): (Store, Journal, Position, Shelf),
        (entries, (commands, versions), barriers): Known,
        control: &dyn Control,
    ) -> Result<Live> {
        let origin = Arc::new(origin);
        origin.tell_of_scenarios(control)?;
        let (kept, keys) = (store.kept()?, store.keys()?);
        let known = (&commands[..], kept, barriers);
        let track = Track::at(&origin, known, position.time(), Some(&mut store), control)?;
        store.forget_others(&store.kept()?, &track.kept);
        Ok(Live {
            origin,
            store,
            journal,
            entries,
            commands,
            versions,
            shelf: Arc::new(shelf),
            track,
            position: Arc::new(position),
            keys: Some(keys),
            baseline: None,
            usual: Mutex::default(),
        })
    }

    /// The same with a baseline to score against, from a folder of statistics: that of a baseline, or of a run.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn scored_against(mut self, folder: &Path) -> Result<Live> {
        let statistics = Statistic::read(folder)?;
        self.baseline = Some(Arc::new(Given::of(statistics)));
        Ok(self)
    }

    /// Plays the next window.
    ///
    /// # Errors
    /// When it is cancelled, which loses nothing, and when a ring of causes grows without end.
    pub fn next(&mut self, control: &dyn Control) -> Result<Arc<Window>> {
        let Live {
            origin,
            commands,
            track,
            store,
            position,
            ..
        } = self;
        let played = track.play_window(origin, commands, position.time(), Some(store), control);
        if let Err(error) = played {
            track.recover(origin, commands)?;
            return Err(error);
        }
        track.last()
    }

    /// Whether it is played as fast as possible: then a snapshot a day is enough to go back to, which costs less than one at each barrier,
    /// and a command may have to play a day again.
    pub fn hurry(&mut self, is_in_a_hurry: bool) {
        self.store.is_sparing = is_in_a_hurry;
    }

    /// Gives a command, which acts from a time on that lies in what has not been given out. When this returns it is in the journal, and
    /// [`windows`](Self::windows) are those that it has bent, from the one that holds its time. A scenario or an external event at a
    /// time that is past makes a version of what is past, and bends nothing. Returns what the journal has.
    ///
    /// # Errors
    /// When it cannot be done; nothing has changed then.
    pub fn command(&mut self, entry: Entry, control: &dyn Control) -> Result<Entry> {
        let timed = self.origin.script().timed(self.entries.len(), &entry)?;
        let given_out = self.given_out();
        let is_put_in = matches!(
            timed.command,
            Command::Scenario { .. } | Command::Inject { .. }
        );
        if entry.version.is_some() || is_put_in && timed.at < given_out {
            return self.put_in(entry, timed);
        }
        if timed.at < given_out {
            let message = format!(
                "{} is past: events up to {} have been given out",
                instant(timed.at),
                instant(given_out)
            );
            return Err(
                Error::input(message, "choose a later time, or leave it out").in_field("at"),
            );
        }
        if let Command::Drop { name } = &timed.command {
            return self.drop_version(&entry, name);
        }
        self.check_goes(&timed)?;
        let mut commands = self.commands.clone();
        commands.push(timed.clone());
        let known = self.origin.barrier_after(given_out);
        let ahead = commands.iter().map(|timed| timed.at).max();
        if let Some(last) = ahead.filter(|last| *last >= known) {
            // Whether it goes with all others, also those that lie ahead.
            self.origin.script().plan(&commands, last + Span(1))?;
        }
        let bends = match timed.command {
            Command::Define { .. } => false,
            // It is about the past.
            Command::Reset => true,
            // What acts in the window that is given out is shown at once, too.
            _ => timed.at < known.max(self.track.known),
        };
        if !bends {
            // What is defined bends nothing, and is there at once.
            let planned = match timed.command {
                Command::Define { .. } => Some(self.origin.plan(&commands, self.track.known)?),
                _ => None,
            };
            self.journal.append(&entry)?;
            if let Some(planned) = planned {
                self.track.planned.interventions = planned.interventions;
            }
            self.entries.push(entry.clone());
            self.commands = commands;
            return Ok(entry);
        }
        let Live {
            origin,
            track,
            store,
            ..
        } = self;
        let (kept, barriers) = (track.kept.clone(), track.barriers.clone());
        let bent = Track::at(
            origin,
            (&commands, kept, barriers),
            given_out,
            Some(store),
            control,
        )?;
        let mut done = Ok(());
        if timed.command != Command::Reset {
            done = track.check_before(&bent, timed.at);
        }
        if let Err(error) = done.and_then(|()| self.journal.append(&entry)) {
            // Snapshots of a command that has not been given must not be taken for those of the next one.
            let new = bent
                .kept
                .iter()
                .filter(|kept| kept.commands == commands.len());
            new.for_each(|kept| store.forget(kept));
            return Err(error);
        }
        store.forget_others(&track.kept, &bent.kept);
        let was = std::mem::replace(track, bent);
        // It is large, and whoever waits for what is bent need not wait for its end.
        rayon::spawn(move || drop(was));
        if timed.command == Command::Reset {
            // They are of a past that is no more.
            self.versions.clear();
            self.shelf.retain(&[]);
        }
        self.entries.push(entry.clone());
        self.commands = commands;
        Ok(entry)
    }

    /// Puts something into what is past: that and what comes stay as they are, and a version shows what would have come of it.
    fn put_in(&mut self, mut entry: Entry, timed: Timed) -> Result<Entry> {
        let given_out = self.given_out();
        let of = entry.version.get_or_insert_with(|| {
            let number = self.entries.iter().flat_map(|entry| &entry.version).count() + 1;
            let mut names = (number..).map(|number| format!("v{number}"));
            let is_free = |name: &String| {
                let mut taken = self.entries.iter().flat_map(|entry| &entry.version);
                taken.all(|of| of.name != *name)
            };
            VersionOf {
                name: names.find(is_free).unwrap_or_default(),
                to: instant(given_out),
            }
        });
        let to = self.origin.script().clock().time(&of.to)?;
        let version = Version::of(&of.name, to, timed, self.commands.len());
        let known = (&self.commands[..], given_out);
        self.origin.check_version(&version, &self.entries, known)?;
        self.journal.append(&entry)?;
        self.entries.push(entry.clone());
        self.versions.push(version);
        Ok(entry)
    }

    fn drop_version(&mut self, entry: &Entry, name: &str) -> Result<Entry> {
        // It has to be there.
        self.past().version(name, self.given_out())?;
        self.journal.append(entry)?;
        self.versions.retain(|version| version.name != name);
        self.shelf.retain(&self.versions);
        self.entries.push(entry.clone());
        Ok(entry.clone())
    }

    /// Whether a command goes with how things stand.
    fn check_goes(&self, timed: &Timed) -> Result<()> {
        if let Command::Scenario { .. } = timed.command
            && let Some((name, end)) = self.active(timed.at)?
        {
            return Err(Error::conflict(
                format!(
                    "`{name}` is active until {}, and only one scenario is active at a time",
                    instant(end)
                ),
                "stop it first, or begin the other one then",
            ));
        }
        let given_out = self.given_out();
        if timed.command == Command::Reset && timed.at != given_out {
            return Err(Error::input(
                format!("a reset is done at once, at {}", instant(given_out)),
                "leave out its time",
            )
            .in_field("at"));
        }
        if let Command::Define { text } = &timed.command {
            let id = script::defined_id(text)?;
            let used = self.commands.iter().any(|timed| match &timed.command {
                Command::Scenario { scenario, .. } => *scenario == id,
                _ => false,
            });
            if used {
                return Err(Error::conflict(
                    format!("the scenario `{id}` has been started, and stays as it was"),
                    "give yours another id",
                ));
            }
        }
        Ok(())
    }

    /// The scenario that is active at a time, and when it begins to settle.
    fn active(&self, time: Time) -> Result<Option<(String, Time)>> {
        let planned;
        let interventions = match time < self.track.known {
            true => &self.track.planned.interventions,
            false => {
                planned = self.origin.plan(&self.commands, time + Span(1))?;
                &planned.interventions
            }
        };
        let scheduled = interventions.scheduled();
        let mut active = scheduled
            .iter()
            .filter(|one| one.activation.start <= time && time < one.end);
        Ok(active
            .next()
            .map(|one| (one.activation.to_string(), one.end)))
    }

    /// Takes down that all events before a time are about to be given out. Windows that are over are let go.
    ///
    /// # Errors
    /// When it cannot be written down: the events must not be given out then.
    pub fn give_out(&mut self, until: Time) -> Result<()> {
        self.position.give_out(until)?;
        self.track.windows.retain(|window| window.to > until);
        Ok(())
    }

    /// Up to when events have been given out.
    pub fn given_out(&self) -> Time {
        self.position.time()
    }

    /// The same as something that whoever gives events out can hold, while the session plays ahead.
    pub fn position(&self) -> Arc<Position> {
        self.position.clone()
    }

    /// The changes of the clock that were asked for by a key: whoever has the clock takes them, once.
    pub fn take_keys(&mut self) -> Option<Keys> {
        self.keys.take()
    }

    /// From when on it is live.
    pub fn live_from(&self) -> Time {
        self.origin.live_from
    }

    /// Its first instant.
    pub fn start(&self) -> Time {
        self.origin.settings.start
    }

    /// Up to when it has been played.
    pub fn played(&self) -> Time {
        self.track.player.time()
    }

    /// The windows that have been played and hold events that have not been given out.
    pub fn windows(&self) -> &[Arc<Window>] {
        // Whoever holds the position may have come to the end of some.
        let (windows, given_out) = (&self.track.windows, self.given_out());
        &windows[windows.partition_point(|window| window.to <= given_out)..]
    }

    /// How often it has been reset, by now.
    pub fn resets(&self) -> u32 {
        resets(&self.commands, self.given_out())
    }

    /// What names the order of its events: the same for the same model, seed, start, scale, version and number of resets.
    pub fn epoch(&self) -> String {
        self.origin.epoch(self.resets())
    }

    /// What its journal holds.
    pub fn journal(&self) -> (&Header, &[Entry]) {
        (&self.origin.header, &self.entries)
    }

    /// The model's program, as nothing has bent it.
    pub fn program(&self) -> &Program {
        self.origin.base()
    }

    /// What the columns of its streams mean.
    pub fn tables(&self) -> &Tables {
        &self.track.tables
    }

    /// A view of what is past, which stays as it is while the session goes on.
    pub fn past(&self) -> Past {
        Past::of(self)
    }

    /// What it has come to at its last barrier.
    pub fn barrier(&self) -> Option<&Barrier> {
        self.track.barriers.last()
    }
}

/// What the session in a folder is made from, if there is one.
///
/// # Errors
/// When its journal cannot be read.
pub fn made_from(folder: &Path) -> Result<Option<Header>> {
    let path = Store::journal(folder);
    match path.exists() {
        true => Ok(Some(acknowledged(&path)?.0)),
        false => Ok(None),
    }
}

/// How many resets have come by a time.
fn resets(commands: &[Timed], time: Time) -> u32 {
    let resets = commands.iter();
    let resets = resets.filter(|timed| timed.command == Command::Reset && timed.at <= time);
    resets.count() as u32
}

impl Track {
    /// Played up to and with the window that holds a time, from the last snapshot that goes with the commands.
    fn at(
        origin: &Origin,
        (commands, kept, barriers): (&[Timed], Vec<Kept>, Vec<Barrier>),
        time: Time,
        mut store: Option<&mut Store>,
        control: &dyn Control,
    ) -> Result<Track> {
        let known = origin.barrier_after(time);
        let mut track = Track::from_last(origin, commands, (kept, barriers), (time, known))?;
        while track.player.time() <= time {
            track.play_window(origin, commands, time, store.as_deref_mut(), control)?;
        }
        Ok(track)
    }

    /// At the last snapshot at or before a time from which it can be gone on with the commands that are due before another
    /// one, or at the beginning.
    fn from_last(
        origin: &Origin,
        commands: &[Timed],
        kept: (Vec<Kept>, Vec<Barrier>),
        (time, known): (Time, Time),
    ) -> Result<Track> {
        let planned = (origin.plan(commands, known)?, known);
        Ok(Track::resumed(origin, planned, commands.len(), kept, time))
    }

    /// The same with a plan, which is known up to a time, of so many commands.
    fn resumed(
        origin: &Origin,
        (planned, known): (Planned, Time),
        commands: usize,
        (mut kept, mut barriers): (Vec<Kept>, Vec<Barrier>),
        time: Time,
    ) -> Track {
        let settings = origin.settings_of(&planned);
        let program = Program::clone(&planned.program);
        while let Some(last) = kept.pop() {
            if last.time > time || last.commands > commands {
                continue;
            }
            // One that is damaged, or was taken too late for what is new or ends sooner, is as good as none.
            let Ok(snapshot) = last.read() else { continue };
            let Ok(player) = Player::resume(program.clone(), &settings, &snapshot) else {
                continue;
            };
            barriers.retain(|barrier| barrier.time() <= last.time);
            kept.push(last);
            return Track::of((planned, known), player, (kept, barriers), commands);
        }
        let player = Player::new(program, &settings);
        Track::of((planned, known), player, (Vec::new(), Vec::new()), commands)
    }

    fn of(
        (planned, known): (Planned, Time),
        player: Player,
        (kept, barriers): (Vec<Kept>, Vec<Barrier>),
        commands: usize,
    ) -> Track {
        let streams = player.world().program.streams.iter();
        let tables = Tables {
            streams: streams.map(|stream| stream.schema()).collect(),
            dictionary: player.world().program.dictionary.clone(),
        };
        Track {
            commands,
            streams: Arc::new(player.streams()),
            tables,
            is_due: false,
            planned,
            known,
            player,
            kept,
            barriers,
            windows: Vec::new(),
        }
    }

    /// Plays one window, with what begins in it, and keeps a snapshot at its end. Its rows are kept if it does not end before
    /// a time.
    fn play_window(
        &mut self,
        origin: &Origin,
        commands: &[Timed],
        time: Time,
        store: Option<&mut Store>,
        control: &dyn Control,
    ) -> Result<()> {
        // Also when it is cancelled: it is come back to.
        if let Some(store) = &store {
            self.keep(store, time)?;
        }
        check(control)?;
        let from = self.player.time();
        let (start, window) = (origin.settings.start, origin.window());
        // The warm-up is played at once, up to the last barrier before the start.
        let warmup = (start - from).0.max(0) / window.0;
        let to = from + Span(warmup.max(1) * window.0);
        self.learn(origin, commands, to)?;
        let is_held = to > time;
        let before = self.events();
        let mut rows = Gathered::default();
        let mut followed = Followed::silent(control);
        let sink: Option<&mut dyn RowSink> = match is_held {
            true => Some(&mut rows),
            false => None,
        };
        self.player
            .play(to, sink, &mut |progress| followed.note(progress))?;
        self.streams = Arc::new(self.player.streams());
        let barrier = self.come_to(resets(commands, from));
        self.windows.retain(|window| window.to > time);
        if is_held {
            let window = Window::new(self.tables.clone(), (from, to), before, rows);
            self.windows.push(Arc::new(window));
        }
        if let Some(store) = store {
            store.note(&barrier)?;
            // What is long past needs no snapshot at each barrier.
            let is_day = to.0 % Span::DAY.0 == 0;
            let is_near = is_held || time - to < Span::DAY;
            self.is_due = is_day || (is_near && !store.is_sparing);
        }
        noted(&mut self.barriers, barrier);
        Ok(())
    }

    /// Keeps a snapshot of the barrier, if one is due and has not been taken: before playing on, so that nobody who waits for the
    /// window waits for that, too. Nothing goes back to before a time.
    fn keep(&mut self, store: &Store, time: Time) -> Result<()> {
        if std::mem::take(&mut self.is_due) {
            let kept = store.keep(self.player.snapshot(), self.commands)?;
            self.kept.push(kept);
            store.thin(&mut self.kept, time);
        }
        Ok(())
    }

    /// Events up to the player's barrier.
    fn events(&self) -> u64 {
        self.streams.iter().map(|stream| stream.rows).sum()
    }

    /// What it has come to at the player's barrier.
    fn come_to(&self, epoch: u32) -> Barrier {
        let prints = self.streams.iter();
        let prints = prints.map(|stream| (stream.name.as_str(), stream.fingerprint));
        Barrier {
            epoch,
            time_us: self.player.time().0,
            events: self.events(),
            fingerprint: combine(prints),
        }
    }

    /// Takes in what begins before a time and was not planned yet.
    fn learn(&mut self, origin: &Origin, commands: &[Timed], until: Time) -> Result<()> {
        let from = self.player.time();
        let is_new = |timed: &Timed| (self.known..until).contains(&timed.at);
        if until <= self.planned.end && !commands.iter().any(is_new) {
            self.known = self.known.max(until);
            return Ok(());
        }
        let (kept, barriers) = (self.kept.clone(), self.barriers.clone());
        let mut track = Track::from_last(origin, commands, (kept, barriers), (from, until))?;
        while track.player.time() < from {
            track.play_window(origin, commands, from, None, &())?;
        }
        let windows = std::mem::take(&mut self.windows);
        *self = Track {
            windows,
            kept: std::mem::take(&mut self.kept),
            barriers: std::mem::take(&mut self.barriers),
            ..track
        };
        Ok(())
    }

    /// Goes back to the last barrier after playing on has failed.
    fn recover(&mut self, origin: &Origin, commands: &[Timed]) -> Result<()> {
        let last = self
            .barriers
            .last()
            .map_or(origin.settings.start, Barrier::time);
        let windows = std::mem::take(&mut self.windows);
        let (kept, barriers) = (self.kept.clone(), self.barriers.clone());
        // What begins in the window that was not played may still be to come.
        let mut track = Track::from_last(origin, commands, (kept, barriers), (last, last))?;
        while track.player.time() < last {
            track.play_window(origin, commands, last, None, &())?;
        }
        *self = Track { windows, ..track };
        Ok(())
    }

    /// Makes sure that nothing before a time has changed.
    fn check_before(&self, bent: &Track, time: Time) -> Result<()> {
        let holds = |window: &&Arc<Window>| window.from <= time && time < window.to;
        let (Some(was), Some(is)) = (
            self.windows.iter().find(holds),
            bent.windows.iter().find(holds),
        ) else {
            return Ok(());
        };
        let differs = match was.is_same_before(is, time) {
            true => None,
            false => was.differs(is, was.until(time)),
        };
        let earlier = bent
            .barriers
            .iter()
            .filter(|barrier| barrier.time() <= was.from);
        let changed = |barrier: &&Barrier| {
            let place = self
                .barriers
                .binary_search_by_key(&barrier.time_us, |b| b.time_us);
            place.is_ok_and(|at| self.barriers[at].fingerprint != barrier.fingerprint)
        };
        let before = earlier
            .clone()
            .any(|barrier| changed(&barrier))
            .then_some(0);
        match before.or(differs) {
            None => Ok(()),
            Some(at) => Err(Error::machine(format!(
                "a command at {} would have changed event {} before it, which is a fault of the program",
                instant(time),
                was.before + at as u64 + 1
            ))),
        }
    }

    fn last(&self) -> Result<Arc<Window>> {
        let last = self.windows.last().cloned();
        last.ok_or_else(|| Error::machine("no window has been played"))
    }
}
