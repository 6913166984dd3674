//! What a session leaves on the disk besides its journal: snapshots to go back to, what it came to at each barrier, and the time up to
//! which events have been given out.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use causeflow_engine::base::fingerprint::Fingerprint;
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::snapshot::Snapshot;
use causeflow_outputs::{Advice, StateKind, read_state, write_state};
use serde::{Deserialize, Serialize};

use super::journal::failed;
use super::keys::Keys;
use crate::error::{Error, Result};
use crate::numbers::json_line;

const JOURNAL: &str = "journal.jsonl";
const SNAPSHOTS: &str = "snapshots";
const BARRIERS: &str = "barriers.jsonl";
const POSITION: &str = "position";
const LOCK: &str = "lock";

const KIND: StateKind = StateKind {
    name: "a snapshot of a session",
    version: 1,
    remedy: Advice::PlayAgain,
};

/// What a session has come to at a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Barrier {
    /// How often the session had been reset.
    pub epoch: u32,
    /// The barrier, in microseconds since the epoch of time.
    pub time_us: i64,
    /// Events before it.
    pub events: u64,
    /// Digest of these events: that of a run which ends here.
    pub fingerprint: Fingerprint,
}

impl Barrier {
    /// The barrier.
    pub fn time(&self) -> Time {
        Time(self.time_us)
    }
}

/// A snapshot that can be gone back to.
#[derive(Clone)]
pub(super) struct Kept {
    pub time: Time,
    /// How many commands the session had been given then.
    pub commands: usize,
    /// Those to which a command may go back, and those that are not on the disk yet, are in memory.
    memory: Option<Arc<Snapshot>>,
    is_written: Arc<AtomicBool>,
    path: PathBuf,
}

/// Where the snapshot of a barrier lies that had been given so many commands.
fn named(time: Time, commands: usize) -> String {
    format!("{SNAPSHOTS}/{}-{commands}.snapshot", time.0)
}

impl Kept {
    /// One that is nowhere else.
    pub fn in_memory(snapshot: Snapshot, commands: usize) -> Kept {
        Kept {
            time: snapshot.time,
            commands,
            path: PathBuf::new(),
            memory: Some(Arc::new(snapshot)),
            is_written: Arc::default(),
        }
    }

    /// The snapshot.
    pub fn read(&self) -> Result<Arc<Snapshot>> {
        match &self.memory {
            Some(snapshot) => Ok(snapshot.clone()),
            None => Ok(Arc::new(read_state(&self.path, &KIND)?)),
        }
    }
}

/// So much may wait to be written or removed before the session waits for it.
const WAITING: usize = 2;
/// All snapshots of so long are kept, then one a day, then one in so many days.
const ALL: Span = Span(2 * Span::DAY.0);
const DAILY: Span = Span(40 * Span::DAY.0);
const RARELY: Span = Span(16 * Span::DAY.0);

/// What the writer of snapshots is given to do, in order.
enum Task {
    Write(String, Arc<Snapshot>, Arc<AtomicBool>),
    Remove(PathBuf),
}

/// Writes snapshots to the disk beside the session, which does not wait for that: what is lost with a process that is killed meanwhile is
/// played again.
struct Writer {
    tasks: Option<SyncSender<Task>>,
    thread: Option<JoinHandle<()>>,
    failed: Arc<Mutex<Option<Error>>>,
}

impl Writer {
    fn start(folder: &Path) -> Writer {
        let (tasks, todo) = sync_channel(WAITING);
        let (folder, failed) = (folder.to_owned(), Arc::new(Mutex::new(None)));
        let failure = failed.clone();
        let thread = std::thread::spawn(move || {
            for task in todo {
                let done = match task {
                    Task::Write(name, snapshot, is_written) => {
                        write_state(&folder, &name, &KIND, &*snapshot)
                            .map(|_| is_written.store(true, Ordering::Release))
                    }
                    Task::Remove(path) => {
                        // One that cannot be removed takes room and does no harm: what it was taken of is checked.
                        let _ = fs::remove_file(path);
                        Ok(())
                    }
                };
                if let Err(error) = done {
                    *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.into());
                }
            }
        });
        Writer {
            tasks: Some(tasks),
            thread: Some(thread),
            failed,
        }
    }

    fn give(&self, task: Task) {
        if let Some(tasks) = &self.tasks {
            // The thread ends only with the writer.
            let _ = tasks.send(task);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The folder of a session.
pub(super) struct Store {
    folder: PathBuf,
    writer: Writer,
    barriers: File,
    /// Whether a snapshot a day is enough.
    pub is_sparing: bool,
    /// Held as long as the session is under way.
    _lock: File,
}

impl Store {
    /// The journal of a session's folder.
    pub fn journal(folder: &Path) -> PathBuf {
        folder.join(JOURNAL)
    }

    /// Whether a session has been played in a folder, in contrast to a journal that somebody has put there.
    pub fn is_begun(folder: &Path) -> bool {
        folder.join(BARRIERS).exists()
    }

    /// Takes hold of a folder, which is made if it is not there.
    pub fn open(folder: &Path) -> Result<Store> {
        let snapshots = folder.join(SNAPSHOTS);
        fs::create_dir_all(&snapshots).map_err(failed("create", &snapshots))?;
        let path = folder.join(LOCK);
        let lock = File::create(&path).map_err(failed("create", &path))?;
        lock.try_lock().map_err(|_| {
            let message = format!("the session in {} is under way already", folder.display());
            Error::input(message, "stop the other server, or choose another folder")
        })?;
        let path = folder.join(BARRIERS);
        let is_cut_off = fs::read(&path).is_ok_and(|text| text.last().is_some_and(|&b| b != b'\n'));
        let barriers = OpenOptions::new().create(true).append(true).open(&path);
        let mut barriers = barriers.map_err(failed("open", &path))?;
        if is_cut_off {
            // What is noted next must not be taken for its rest.
            barriers.write_all(b"\n").map_err(failed("write", &path))?;
        }
        Ok(Store {
            barriers,
            folder: folder.to_owned(),
            is_sparing: false,
            writer: Writer::start(folder),
            _lock: lock,
        })
    }

    /// Keeps a snapshot. A barrier has one for each number of commands.
    pub fn keep(&self, snapshot: Snapshot, commands: usize) -> Result<Kept> {
        let mut failed = self
            .writer
            .failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = failed.take() {
            return Err(error);
        }
        let (time, snapshot) = (snapshot.time, Arc::new(snapshot));
        let name = named(time, commands);
        let path = self.folder.join(&name);
        let is_written: Arc<AtomicBool> = Arc::default();
        let task = Task::Write(name, snapshot.clone(), is_written.clone());
        self.writer.give(task);
        Ok(Kept {
            time,
            commands,
            memory: Some(snapshot),
            is_written,
            path,
        })
    }

    /// Keeps a snapshot in a folder, and waits until it is there.
    pub fn keep_in(folder: &Path, snapshot: &Snapshot, commands: usize) -> Result<()> {
        let place = folder.join(SNAPSHOTS);
        fs::create_dir_all(&place).map_err(failed("create", &place))?;
        write_state(folder, &named(snapshot.time, commands), &KIND, snapshot)?;
        Ok(())
    }

    /// The snapshots that are there, in the order of their times.
    pub fn kept(&self) -> Result<Vec<Kept>> {
        Store::kept_in(&self.folder)
    }

    /// Those of the session in a folder.
    pub fn kept_in(folder: &Path) -> Result<Vec<Kept>> {
        let folder = folder.join(SNAPSHOTS);
        let entries = fs::read_dir(&folder).map_err(failed("read", &folder))?;
        let mut kept = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed("read", &folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let parts = name.and_then(|name| name.strip_suffix(".snapshot")?.rsplit_once('-'));
            let parts = parts.and_then(|(time, n)| Some((time.parse().ok()?, n.parse().ok()?)));
            if let Some((time, commands)) = parts {
                kept.push(Kept {
                    time: Time(time),
                    commands,
                    memory: None,
                    is_written: Arc::default(),
                    path,
                });
            }
        }
        kept.sort_by_key(|kept| (kept.time, kept.commands));
        Ok(kept)
    }

    /// Gives up a snapshot.
    pub fn forget(&self, kept: &Kept) {
        self.writer.give(Task::Remove(kept.path.clone()));
    }

    /// Gives up those that are not among others.
    pub fn forget_others(&self, all: &[Kept], others: &[Kept]) {
        let stays = |kept: &Kept| others.iter().any(|other| other.path == kept.path);
        all.iter()
            .filter(|kept| !stays(kept))
            .for_each(|kept| self.forget(kept));
    }

    /// Gives up what is not needed any more of snapshots in the order of their times, and of those that stay lets go from memory what lies on
    /// the disk and before the last one at or before a time: nothing goes back further than that any more, but to look at what is past.
    pub fn thin(&self, kept: &mut Vec<Kept>, time: Time) {
        let Some(last) = kept.last().map(|kept| kept.time) else {
            return;
        };
        let spacing = |time: Time| match last - time {
            age if age <= ALL => Span(1),
            age if age <= DAILY => Span::DAY,
            _ => RARELY,
        };
        let mut before: Option<Time> = None;
        kept.retain(|one| {
            let step = spacing(one.time);
            let stays =
                before.is_none_or(|before| before.index_of(step) != one.time.index_of(step));
            match stays {
                true => before = Some(one.time),
                false => self.forget(one),
            }
            stays
        });
        let past = kept.partition_point(|kept| kept.time <= time);
        let past = kept[..past.saturating_sub(1)].iter_mut();
        past.filter(|kept| kept.is_written.load(Ordering::Acquire))
            .for_each(|kept| kept.memory = None);
    }

    /// Changes of the clock by keys.
    pub fn keys(&self) -> Result<Keys> {
        Keys::open(&self.folder)
    }

    /// Notes what the session has come to at a barrier.
    pub fn note(&mut self, barrier: &Barrier) -> Result<()> {
        let line = json_line(barrier)?;
        let path = self.folder.join(BARRIERS);
        self.barriers
            .write_all(line.as_bytes())
            .map_err(failed("write", &path))
    }

    /// What has been noted, and up to when events have been given out, if any have. A later note of a barrier takes the
    /// place of all from there on.
    pub fn noted(folder: &Path) -> Result<(Vec<Barrier>, Option<Time>)> {
        let path = folder.join(BARRIERS);
        let text = fs::read_to_string(&path).map_err(failed("read", &path))?;
        let mut barriers: Vec<Barrier> = Vec::new();
        // A line that was cut off is of a barrier that will be come to again.
        for barrier in text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
        {
            noted(&mut barriers, barrier);
        }
        // The process may have ended before the first one was noted.
        let text = fs::read_to_string(folder.join(POSITION)).unwrap_or_default();
        Ok((barriers, text.trim().parse().ok().map(Time)))
    }
}

/// The time up to which events of a session have been given out, on the disk: it is there also when the process is killed.
pub struct Position {
    file: Mutex<File>,
    path: PathBuf,
    time_us: AtomicI64,
}

impl Position {
    pub(super) fn open(folder: &Path, time: Time) -> Result<Position> {
        let path = folder.join(POSITION);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let file = options.open(&path).map_err(failed("open", &path))?;
        let position = Position {
            file: Mutex::new(file),
            path,
            time_us: AtomicI64::new(time.0),
        };
        position.give_out(time)?;
        Ok(position)
    }

    /// Takes down that all events before a time are about to be given out.
    ///
    /// # Errors
    /// When it cannot be written: the events must not be given out then.
    pub fn give_out(&self, until: Time) -> Result<()> {
        let text = format!("{:020}\n", until.0);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.write_all(text.as_bytes()))
            .map_err(failed("write", &self.path))?;
        self.time_us.store(until.0, Ordering::Release);
        Ok(())
    }

    /// The time.
    pub fn time(&self) -> Time {
        Time(self.time_us.load(Ordering::Acquire))
    }
}

/// Adds a barrier to those in order; those from there on are given up.
pub(super) fn noted(barriers: &mut Vec<Barrier>, barrier: Barrier) {
    let before = barriers.partition_point(|other| other.time_us < barrier.time_us);
    barriers.truncate(before);
    barriers.push(barrier);
}
