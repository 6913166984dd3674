//! Where a session is played: one thread plays ahead and takes commands, another gives events out when their time has come. What was
//! put into the past is played by a third one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use causeflow_engine::base::time::{Span, Time};
use causeflow_runs::live::{
    Anomaly, Asked, Barrier, Command, Entry, Keys, Live, Past, Position, Score, Window,
};
use causeflow_runs::{Control, Error, Result};
use tokio::sync::oneshot;
use tracing::field::Empty;
use tracing::{debug, error, info, info_span, warn};

use crate::cloud::Origin;
use crate::feed::{Batch, Feed};
use crate::pace::{ClockShown, Pace, Speed};
use crate::show;
use crate::topics::{Named, Notice};

/// Windows that are played before their time.
const AHEAD: usize = 2;
/// How often events are given out.
const TICK: Duration = Duration::from_millis(100);
/// Events that are given out at once, at most.
const MOST: usize = 4096;
/// Events that those who look on may be behind when nothing else sets the pace.
const LEAD: u64 = 200_000;
/// Ticks that somebody who does not move is waited for.
const PATIENCE: u32 = 20;
/// Anomalies that are remembered.
const ANOMALIES: usize = 200;

/// A command that waits for its turn.
struct Waiting {
    command: Command,
    at: Option<String>,
    key: Option<String>,
    reply: Reply,
    /// The request that it came with.
    span: tracing::Span,
}

/// What a window is given out with.
struct Ready {
    window: Arc<Window>,
    /// For each hour that ends in it: the scores of that hour, and what differs in it.
    hours: Vec<Hour>,
}

struct Hour {
    start: Time,
    scores: Arc<[Option<Score>]>,
    difference: serde_json::Value,
}

type Reply = oneshot::Sender<Result<Done>>;

/// What came of a command.
#[derive(Clone)]
pub struct Done {
    /// What the journal has.
    pub entry: Entry,
    /// Whether it had been given before, by its key.
    pub again: bool,
    /// How the session stands at its time.
    pub past: Past,
    /// When it acts.
    pub at: Time,
    /// How many lines the journal had before it.
    pub line: usize,
    /// What of it and of what was there before excludes each other.
    pub warnings: Vec<String>,
}

/// How the clock is to go; what is left out stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClockSet {
    /// How fast.
    pub speed: Option<Speed>,
    /// Whether it stands still.
    pub paused: Option<bool>,
    /// So far it goes on, also while it stands still.
    pub step: Option<Span>,
}

struct Inner {
    ready: VecDeque<Ready>,
    pace: Pace,
    /// Nothing is given out while a command is taken.
    held: bool,
    commands: VecDeque<Waiting>,
    past: Arc<Past>,
    scores: Arc<[Option<Score>]>,
    anomalies: VecDeque<Anomaly>,
    /// Changes of the clock that were asked for by a key. Those of commands are in the journal.
    keys: Option<Keys>,
    stopping: bool,
    failed: Option<Arc<Error>>,
    barrier: Option<Barrier>,
    /// Where the slowest of those who look on was, and for how many ticks it has been waited for there.
    waited: (u64, u32),
}

/// The session on its clock, to whoever has a door to it.
pub struct Stage {
    inner: Mutex<Inner>,
    wake: Condvar,
    cancel: AtomicBool,
    position: Arc<Position>,
    /// What has been given out.
    pub feed: Feed,
    /// The streams.
    pub streams: Arc<[Named]>,
    names: Arc<[String]>,
    /// What stands in all events as CloudEvents.
    pub cloud: Origin,
}

impl Control for Stage {
    fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}

// The wall clock sets the pace, and nothing else: what is given out is the same at any.
#[allow(clippy::disallowed_methods)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

impl Stage {
    /// Raises the curtain. The threads end when [`stop`](Self::stop) is called.
    pub fn open(mut live: Live, speed: Speed, paused: bool) -> (Arc<Stage>, Vec<JoinHandle<()>>) {
        let streams: Arc<[Named]> = Named::all(live.program()).into();
        let names = streams.iter().map(|stream| stream.name.clone()).collect();
        let past = live.past();
        let at = live.given_out();
        let ready: VecDeque<Ready> = live
            .windows()
            .iter()
            .map(|window| Ready::of(window.clone(), &past))
            .collect();
        let events = ready.front().map_or(0, |first| first.events_until(at));
        let epoch: Arc<str> = live.epoch().into();
        let scores: Arc<[Option<Score>]> = past.scores(last_hour(at)).into();
        let keys = live.take_keys();
        // Those of before this process, too.
        let anomalies = past.anomalies(at, ANOMALIES).into();
        let stage = Arc::new(Stage {
            inner: Mutex::new(Inner {
                ready,
                pace: Pace::new(speed, paused, at, now()),
                held: false,
                commands: VecDeque::new(),
                past: Arc::new(past),
                scores,
                anomalies,
                keys,
                stopping: false,
                failed: None,
                barrier: live.barrier().cloned(),
                waited: (0, 0),
            }),
            wake: Condvar::new(),
            cancel: AtomicBool::new(false),
            position: live.position(),
            feed: Feed::new(epoch, events, at),
            streams,
            names,
            cloud: Origin::of(live.program()),
        });
        let (player, giver, maker) = (stage.clone(), stage.clone(), stage.clone());
        let threads = vec![
            std::thread::spawn(move || player.play(live)),
            std::thread::spawn(move || giver.give()),
            std::thread::spawn(move || maker.make_versions()),
        ];
        (stage, threads)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to when events have been given out.
    pub fn time(&self) -> Time {
        self.position.time()
    }

    /// The streams' names.
    pub fn names(&self) -> Arc<[String]> {
        self.names.clone()
    }

    /// What is past.
    pub fn past(&self) -> Arc<Past> {
        self.lock().past.clone()
    }

    /// The last anomalies, the latest first.
    pub fn anomalies(&self, most: usize) -> Vec<Anomaly> {
        self.lock()
            .anomalies
            .iter()
            .rev()
            .take(most)
            .cloned()
            .collect()
    }

    /// Why it cannot be played on, if it cannot.
    pub fn failed(&self) -> Option<Arc<Error>> {
        self.lock().failed.clone()
    }

    /// What it has come to at the last barrier that has been played.
    pub fn barrier(&self) -> Option<Barrier> {
        self.lock().barrier
    }

    /// How the clock goes.
    pub fn clock(&self) -> ClockShown {
        let inner = self.lock();
        let at = self.time();
        ClockShown {
            speed: inner.pace.speed().to_string(),
            paused: inner.pace.paused(),
            time: show::instant(at),
            lag_s: inner.pace.lag_s(now(), at),
        }
    }

    /// Sets the clock; by a key, and what was said, only once. A server that was killed meanwhile makes what it can of that: a step leads to
    /// where it would have led.
    ///
    /// # Errors
    /// When another change was asked for by the key, or it cannot be noted; nothing has changed then.
    pub fn set_clock(&self, set: ClockSet, key: Option<(String, String)>) -> Result<()> {
        let mut inner = self.lock();
        let at = self.time();
        let is_set = set.speed.is_some() || set.paused.is_some();
        // What is set anew ends earlier steps.
        let from = if is_set {
            at
        } else {
            inner.pace.stepped_to().max(at)
        };
        let mut to = set.step.map(|step| from + step);
        if let (Some((key, said)), Some(keys)) = (key, inner.keys.as_mut()) {
            match keys.find(&key) {
                Some(known) if known.said != said => {
                    let message = "another change has been asked for by this key";
                    let error = Error::conflict(message, "give each change a key of its own");
                    return Err(error.in_field("Idempotency-Key"));
                }
                Some(known) if !known.is_of_before => return Ok(()),
                Some(known) => to = known.to(),
                None => {}
            }
            keys.note(Asked {
                key,
                said,
                to_us: to.map(|to| to.0),
                is_of_before: false,
            })?;
        }
        if is_set {
            let speed = set.speed.unwrap_or(inner.pace.speed());
            let paused = set.paused.unwrap_or(inner.pace.paused());
            inner.pace.set(speed, paused, now(), at);
        }
        if let Some(to) = to {
            inner.pace.step_to(to);
        }
        self.wake.notify_all();
        info!(speed = %inner.pace.speed(), paused = inner.pace.paused(), step = set.step.map(|step| step.to_string()), "clock set");
        Ok(())
    }

    /// Gives a command, which acts from now on, or from a later time on.
    ///
    /// # Errors
    /// What it fails with; nothing has changed then.
    pub async fn command(
        &self,
        command: Command,
        at: Option<String>,
        key: Option<String>,
    ) -> Result<Done> {
        let (reply, done) = oneshot::channel();
        {
            let mut inner = self.lock();
            if inner.stopping {
                return Err(Error::interrupted());
            }
            inner.commands.push_back(Waiting {
                command,
                at,
                key,
                reply,
                span: tracing::Span::current(),
            });
            // What is being played ahead would have to be played again.
            self.cancel.store(true, Ordering::Relaxed);
            self.wake.notify_all();
        }
        done.await.unwrap_or_else(|_| Err(Error::interrupted()))
    }

    /// Whether the threads are to end.
    pub fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// Waits until something is found in what is past, and returns both; nothing once the threads are to end.
    pub fn wait_for<T>(&self, find: impl Fn(&Past, Time) -> Option<T>) -> Option<(Arc<Past>, T)> {
        let mut inner = self.lock();
        while !inner.stopping {
            if let Some(found) = find(&inner.past, self.time()) {
                return Some((inner.past.clone(), found));
            }
            // That time passes wakes nobody.
            let waited = self.wake.wait_timeout(inner, Duration::from_secs(1));
            (inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Ends the threads.
    pub fn stop(&self) {
        let mut inner = self.lock();
        inner.stopping = true;
        self.cancel.store(true, Ordering::Relaxed);
        self.wake.notify_all();
    }

    /// Plays ahead and takes commands.
    fn play(&self, mut live: Live) {
        let _fallen = Fallen(self);
        loop {
            let command = {
                let mut inner = self.lock();
                loop {
                    if inner.stopping {
                        return;
                    }
                    if let Some(command) = inner.commands.pop_front() {
                        inner.held = true;
                        if inner.commands.is_empty() {
                            self.cancel.store(false, Ordering::Relaxed);
                        }
                        break Some(command);
                    }
                    if inner.ready.len() < AHEAD && inner.failed.is_none() {
                        break None;
                    }
                    inner = self
                        .wake
                        .wait(inner)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            };
            match command {
                Some(waiting) => {
                    let (name, begun) = (waiting.command.name(), now());
                    let _span =
                        info_span!(parent: &waiting.span, "command", command = name).entered();
                    let reply = waiting.reply;
                    let done = self.take(&mut live, waiting.command, waiting.at, waiting.key);
                    let ms = now().duration_since(begun).as_secs_f64() * 1e3;
                    match &done {
                        Ok(done) => info!(
                            command = name,
                            at = done.entry.at,
                            again = done.again,
                            ms,
                            "command done"
                        ),
                        Err(error) => warn!(
                            command = name,
                            error = error.message(),
                            ms,
                            "command refused"
                        ),
                    }
                    // Whoever has asked may have gone.
                    let _ = reply.send(done);
                }
                None => self.play_ahead(&mut live),
            }
        }
    }

    fn play_ahead(&self, live: &mut Live) {
        live.hurry(self.lock().pace.speed() == Speed::Max);
        let span = info_span!("window", from = Empty, to = Empty, events = Empty).entered();
        match live.next(self) {
            Ok(window) => {
                let (from, to) = (show::instant(window.from), show::instant(window.to));
                debug!(from, to, events = window.len(), "window played");
                span.record("from", from).record("to", to);
                span.record("events", window.len() as i64);
                let past = live.past();
                let ready = Ready::of(window, &past);
                let mut inner = self.lock();
                inner.past = Arc::new(past);
                inner.ready.push_back(ready);
                inner.barrier = live.barrier().cloned();
                self.wake.notify_all();
            }
            Err(error) if error.kind() == causeflow_runs::Kind::Interrupted => {}
            Err(error) => {
                error!(error = error.message(), "the session cannot be played on");
                let mut inner = self.lock();
                inner.failed = Some(Arc::new(error));
                self.wake.notify_all();
            }
        }
    }

    /// Takes a command, while nothing is given out.
    fn take(
        &self,
        live: &mut Live,
        command: Command,
        at: Option<String>,
        key: Option<String>,
    ) -> Result<Done> {
        let given_out = self.time();
        let known = key.as_ref().and_then(|key| {
            let (_, entries) = live.journal();
            let mut entries = entries.iter().enumerate();
            let known = entries.find(|(_, entry)| entry.key.as_ref() == Some(key));
            known.map(|(line, entry)| (line, entry.clone()))
        });
        let line = known
            .as_ref()
            .map_or(live.journal().1.len(), |(line, _)| *line);
        let (entry, again, result) = match known {
            Some((_, known)) if known.command == command => (known, true, Ok(())),
            Some(_) => {
                let error = Error::conflict(
                    "another command has been given by this key",
                    "give each command a key of its own",
                );
                self.lock().held = false;
                self.wake.notify_all();
                return Err(error.in_field("Idempotency-Key"));
            }
            None => {
                let entry = Entry {
                    at: show::moment(at, given_out),
                    command,
                    key,
                    version: None,
                };
                // It is short, and once it is in the journal it has to be done.
                match live.command(entry.clone(), &()) {
                    Ok(entry) => (entry, false, Ok(())),
                    Err(error) => (entry, false, Err(error)),
                }
            }
        };
        let past = live.past();
        let done = result.is_ok() && !again;
        // What is about versions leaves the session as it is.
        let bends = done && !entry.is_of_version();
        let ready: VecDeque<Ready> = match bends {
            true => {
                let windows = live.windows().iter();
                windows
                    .map(|window| Ready::of(window.clone(), &past))
                    .collect()
            }
            false => VecDeque::new(),
        };
        let mut inner = self.lock();
        inner.held = false;
        if done {
            let epoch: Arc<str> = live.epoch().into();
            if *epoch != *self.feed.mark().epoch {
                let events = ready
                    .front()
                    .map_or(0, |first| first.events_until(given_out));
                self.feed.reset(epoch, events, given_out);
                inner.anomalies = past.anomalies(given_out, ANOMALIES).into();
                inner.scores = past.scores(last_hour(given_out)).into();
            }
            if bends {
                inner.ready = ready;
            }
            inner.past = Arc::new(past.clone());
            inner.failed = None;
            inner.barrier = live.barrier().cloned();
            let state = show::state(&past, given_out);
            self.feed.tell(Notice::State, state);
            self.tell_of_versions(&past, &entry, given_out);
        }
        self.wake.notify_all();
        drop(inner);
        result?;
        // What was put into the past does nothing to the session.
        let at = match entry.version {
            Some(_) => given_out,
            None => past.time(&entry.at)?,
        };
        // As it was when the command had been given, also where more has been done since. It could be planned then.
        let as_of = match entry.version {
            Some(_) => None,
            None => past.as_of(line + 1, at).ok(),
        };
        let past = as_of.unwrap_or(past);
        let warnings = past.as_of(line, at).map(|had| past.conflicts_since(&had));
        let warnings = warnings.unwrap_or_default();
        for conflict in warnings.iter().filter(|_| !again) {
            warn!(
                command = entry.command.name(),
                conflict, "command conflicts"
            );
        }
        Ok(Done {
            entry,
            again,
            past,
            at,
            line,
            warnings,
        })
    }

    /// Gives events out when their time has come.
    fn give(&self) {
        let _fallen = Fallen(self);
        let mut next_tick = now();
        loop {
            let mut inner = self.lock();
            if inner.stopping {
                return;
            }
            let given = match inner.held {
                true => false,
                false => self.give_some(&mut inner),
            };
            if given && inner.pace.speed() == Speed::Max {
                drop(inner);
                // Those who wait for the lock come before the next batch.
                std::thread::yield_now();
                continue;
            }
            if given {
                continue;
            }
            let now = now();
            // A tick that was missed is not made up for.
            next_tick = match next_tick + TICK > now {
                true => next_tick + TICK,
                false => now + TICK,
            };
            let wait = next_tick.saturating_duration_since(now);
            let waited = self.wake.wait_timeout(inner, wait);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Gives out the events whose time has come, as far as they have been played; whether more of them may be there at once.
    fn give_some(&self, inner: &mut Inner) -> bool {
        if inner.pace.speed() == Speed::Max && self.has_to_wait(inner) {
            return false;
        }
        let (at, wall) = (self.time(), now());
        let due = inner.pace.due(wall, at);
        let Some(ready) = inner.ready.front() else {
            return false;
        };
        let window = ready.window.clone();
        let hour = at.floor_to(Span::HOUR) + Span::HOUR;
        // One batch lies within one hour, so that the score of the last one is known.
        let mut to = due.min(window.to).min(hour);
        if to <= at {
            return false;
        }
        let first = window.until(at);
        let mut last = window.until(to);
        if last - first > MOST {
            let cut = window.time(first + MOST);
            if cut > at {
                (to, last) = (cut, window.until(cut));
            }
        }
        if let Err(error) = self.position.give_out(to) {
            inner.failed = Some(Arc::new(error));
            return false;
        }
        if last > first {
            let origin = (self.feed.mark().epoch, self.names.clone());
            let scores = inner.scores.clone();
            self.feed.push(Batch::of(
                origin,
                window.clone(),
                first..last,
                (to, wall),
                scores,
            ));
        } else {
            self.feed.pass(to);
        }
        if to == hour {
            self.pass_hour(inner, at.floor_to(Span::HOUR));
        }
        if to == window.to {
            inner.ready.pop_front();
            self.wake.notify_all();
        }
        // Otherwise the next tick comes first, so that there are not more batches than ticks.
        to < due
    }

    /// Whether somebody who looks on would be left behind: what is as fast as it can be is as fast as they can take it. One that does
    /// not move for some time is not waited for.
    fn has_to_wait(&self, inner: &mut Inner) -> bool {
        let given = self.feed.mark().events;
        let Some(slowest) = self.feed.clients.slowest() else {
            return false;
        };
        let seen = slowest.seen();
        if given.saturating_sub(seen) < LEAD {
            return false;
        }
        let (last, waited) = inner.waited;
        inner.waited = (seen, if last == seen { waited + 1 } else { 0 });
        if inner.waited.1 >= PATIENCE {
            slowest.leave();
        }
        true
    }

    /// An hour is over.
    fn pass_hour(&self, inner: &mut Inner, start: Time) {
        let ready = inner.ready.front();
        let hours = ready.map(|ready| ready.hours.iter());
        let Some(hour) = hours.and_then(|mut hours| hours.find(|hour| hour.start == start)) else {
            return;
        };
        let (scores, difference) = (hour.scores.clone(), hour.difference.clone());
        for (stream, score) in self.names.iter().zip(scores.iter()) {
            let Some(anomaly) = Anomaly::of(stream, start, *score) else {
                continue;
            };
            let epoch = self.feed.mark().epoch;
            self.feed
                .tell(Notice::Anomalies, show::anomaly(&epoch, &anomaly));
            inner.anomalies.push_back(anomaly);
            if inner.anomalies.len() > ANOMALIES {
                inner.anomalies.pop_front();
            }
        }
        if difference
            .as_array()
            .is_some_and(|streams| !streams.is_empty())
        {
            let epoch = self.feed.mark().epoch;
            let message = show::difference(&epoch, start, &difference);
            self.feed.tell(Notice::Difference, message);
        }
        inner.scores = scores;
        let state = show::state(&inner.past, start + Span::HOUR);
        self.feed.tell(Notice::State, state);
    }
}

/// The last hour that was over at a time.
fn last_hour(at: Time) -> Time {
    at.floor_to(Span::HOUR) - Span::HOUR
}

/// Says so when a thread of the stage ends where it should not, so that nobody waits for it.
pub(crate) struct Fallen<'a>(pub(crate) &'a Stage);

impl Drop for Fallen<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut inner = self.0.lock();
            let fault =
                Error::machine("the session has met a fault of the program and stands still");
            inner.failed = Some(Arc::new(fault));
            inner.held = false;
            inner.stopping = true;
            // Whoever waits for an answer hears that none comes.
            inner.commands.clear();
        }
    }
}

impl Ready {
    /// How many events of the session come before a time of the window.
    fn events_until(&self, time: Time) -> u64 {
        self.window.before + self.window.until(time) as u64
    }

    fn of(window: Arc<Window>, past: &Past) -> Ready {
        let first = window.from.floor_to(Span::HOUR);
        let starts = (0..).map(|hour| first + Span(hour * Span::HOUR.0));
        let ended = starts.take_while(|start| *start + Span::HOUR <= window.to);
        let hours = ended.map(|start| Hour {
            start,
            scores: past.scores(start).into(),
            difference: past.difference(start),
        });
        Ready {
            hours: hours.collect(),
            window,
        }
    }
}
