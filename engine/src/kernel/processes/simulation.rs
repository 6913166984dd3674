//! The simulation: partitions that play in parallel, window by window, and what happens between windows.

use super::builder::Builder;
use super::core::{Fault, Shared, Wrong};
use super::event::{EventId, Pending, Priority};
use super::log::{Log, Off};
use super::partition::{Member, Partition};
use super::{Error, Process, ProcessId};
use crate::base::time::{Span, Time};
use rayon::prelude::*;

/// A window that is expected to bring fewer events than this is played by one thread: waking others would take longer.
const WORTH_SHARING: u64 = 500;

/// Why [`Simulation::run_until`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a process may have stopped the simulation before the time was reached"]
pub enum Pause {
    /// Everything before the time has been played.
    Reached,
    /// A process has called [`stop`](super::Context::stop). The simulation can go on.
    Stopped,
}

/// Processes on a virtual clock. See the [module](super) for what is promised.
pub struct Simulation<P: Process, L = Off> {
    pub(super) settings: Builder,
    pub(super) shared: Shared,
    pub(super) partitions: Vec<Partition<P, L>>,
    pub(super) now: Time,
    /// Where the window being played ends. Windows lie on a grid from the beginning of the simulation, so that
    /// neither pauses nor snapshots shift them.
    pub(super) window_end: Time,
    /// How many messages have been injected.
    pub(super) injected: u64,
    /// Events played before the window being played.
    pub(super) played_before: u64,
    /// How many events the last window brought.
    pub(super) pace: u64,
    pub(super) failed: Option<Error>,
}

impl<P: Process> Simulation<P> {
    /// Settings from which a simulation is built.
    pub const fn builder() -> Builder {
        Builder::new()
    }
}

impl<P: Process, L: Log<P::Message>> Simulation<P, L> {
    pub(super) fn of(settings: Builder, shared: Shared, partitions: Vec<Partition<P, L>>) -> Self {
        let begin = settings.begin();
        Self {
            settings,
            shared,
            partitions,
            now: begin,
            window_end: begin,
            injected: 0,
            played_before: 0,
            pace: 0,
            failed: None,
        }
    }

    pub(super) fn start(&mut self) -> Result<(), Error> {
        let now = self.now;
        self.for_each(true, |partition| partition.start(now));
        self.check()
    }

    /// The virtual time: everything before it has been played.
    pub const fn time(&self) -> Time {
        self.now
    }

    /// How many events have been played.
    pub fn played(&self) -> u64 {
        self.partitions.iter().map(|part| part.core.played).sum()
    }

    /// How many events are pending, messages on their way included.
    pub fn pending(&self) -> usize {
        let pending = |part: &Partition<P, L>| part.core.queue.len() + part.core.mail.len();
        self.partitions.iter().map(pending).sum()
    }

    /// A process, if it is there.
    pub fn process(&self, id: ProcessId) -> Option<&P> {
        let part = self.partitions.get(self.shared.partition_of(id) as usize)?;
        let member = part.members.get((id.0 - part.first.0) as usize)?;
        Some(&member.process)
    }

    /// All processes, in the order of their ids.
    pub fn processes(&self) -> impl Iterator<Item = &P> {
        let members = self.partitions.iter().flat_map(|part| &part.members);
        members.map(|member| &member.process)
    }

    /// The processes, in the order of their ids, when the simulation is over.
    pub fn into_processes(self) -> Vec<P> {
        let members = self.partitions.into_iter().flat_map(|part| part.members);
        members.map(|Member { process, .. }| process).collect()
    }

    /// The logs of the partitions.
    pub fn logs(&self) -> impl Iterator<Item = &L> {
        self.partitions.iter().map(|part| &part.log)
    }

    /// Plays everything before a time, on the threads of the current rayon pool. The clock then stands at that time,
    /// unless a process has stopped the simulation.
    ///
    /// # Errors
    /// When a process did something wrong: the first that happened, which is the same for all numbers of threads
    /// and partitions. The simulation cannot go on after that, and gives the same error again.
    pub fn run_until(&mut self, until: Time) -> Result<Pause, Error> {
        let pause = self.play(until)?;
        if pause == Pause::Reached {
            self.now = self.now.max(until);
        }
        Ok(pause)
    }

    /// Plays until nothing is pending, or until a process stops the simulation. The clock then stands at the last event.
    ///
    /// # Errors
    /// Like [`run_until`](Self::run_until).
    pub fn run(&mut self) -> Result<Pause, Error> {
        self.play(Time(i64::MAX))
    }

    /// Plays the next event, in the total order of all partitions, and tells its time; `None` when nothing is pending.
    ///
    /// # Errors
    /// Like [`run_until`](Self::run_until).
    pub fn step(&mut self) -> Result<Option<Time>, Error> {
        self.check()?;
        loop {
            let end_us = self.local_end(Time(i64::MAX)).0;
            let heads = self.partitions.iter_mut().enumerate();
            let heads = heads.filter_map(|(at, part)| Some((part.core.queue.peek()?, at)));
            let first = heads.filter(|(order, _)| order.time_us < end_us).min();
            if let Some((order, at)) = first {
                self.partitions[at].step();
                self.now = Time(order.time_us);
                self.check()?;
                return Ok(Some(self.now));
            }
            self.close_window();
            if !self.has_windows() || !self.open_window(Time(i64::MAX)) {
                return Ok(None);
            }
            self.for_each(false, |part| part.play_window(Time(i64::MIN)));
        }
    }

    /// The time of the next event, if there is one.
    pub fn next_time(&self) -> Option<Time> {
        let earliest = self.partitions.iter().map(|part| part.core.next_us).min();
        let earliest = earliest.filter(|earliest_us| *earliest_us < i64::MAX);
        earliest.map(Time)
    }

    /// Sends a message to a process from outside, to arrive at a time that is not before [`time`](Self::time).
    ///
    /// Among events of that time with priority 0 it comes after all that processes have scheduled.
    ///
    /// # Errors
    /// When the time has passed, or the process is not there.
    pub fn inject(&mut self, to: ProcessId, time: Time, message: P::Message) -> Result<(), Error> {
        if time < self.now {
            return Err(Error::InjectedIntoPast {
                due: time,
                time: self.now,
            });
        }
        if to.0 >= self.shared.processes {
            return Err(self.no_such_process(ProcessId::OUTSIDE, to, self.now));
        }
        let id = EventId::new(ProcessId::OUTSIDE, self.injected);
        self.injected += 1;
        let core = &mut self.partitions[self.shared.partition_of(to) as usize].core;
        core.push(time, Priority::default(), id, Pending::Once { to, message });
        core.next_us = core.next_us.min(time.0);
        Ok(())
    }

    /// Whether processes are played window by window.
    pub(super) const fn has_windows(&self) -> bool {
        self.shared.lookahead.is_some() && self.shared.processes > 1
    }

    /// Plays everything before a time.
    fn play(&mut self, until: Time) -> Result<Pause, Error> {
        self.check()?;
        if self.has_windows() {
            return self.play_windows(until);
        }
        for part in &mut self.partitions {
            part.play_until(until);
            self.now = self.now.max(part.core.last);
        }
        self.check()?;
        Ok(self.take_stop())
    }

    /// Plays what is left of the window, and then one after the other.
    fn play_windows(&mut self, until: Time) -> Result<Pause, Error> {
        loop {
            let end = self.window_end.min(until);
            self.for_each(self.pace >= WORTH_SHARING, |part| part.play_window(end));
            let last = self.partitions.iter().map(|part| part.core.last).max();
            self.now = self.now.max(last.unwrap_or(self.now));
            self.check()?;
            if self.window_end > until {
                return Ok(Pause::Reached);
            }
            self.close_window();
            if self.take_stop() == Pause::Stopped {
                return Ok(Pause::Stopped);
            }
            if !self.open_window(until) {
                return Ok(Pause::Reached);
            }
        }
    }

    /// The end of what can be played without opening a window.
    fn local_end(&self, until: Time) -> Time {
        if self.has_windows() {
            self.window_end.min(until)
        } else {
            until
        }
    }

    /// Takes note of how many events the window brought.
    fn close_window(&mut self) {
        let played = self.played();
        self.pace = played - self.played_before;
        self.played_before = played;
    }

    /// Opens the window in which the next event lies and hands over the mail, unless nothing is left before a time.
    fn open_window(&mut self, until: Time) -> bool {
        let Some(next) = self.next_time().filter(|next| *next < until) else {
            return false;
        };
        let length = self.shared.lookahead.unwrap_or(Span(i64::MAX));
        let begin = self.settings.begin();
        let passed = (next - begin).0.div_euclid(length.0);
        self.window_end = begin + Span(passed.saturating_add(1).saturating_mul(length.0));
        for from in 1..self.partitions.len() {
            let (before, rest) = self.partitions.split_at_mut(from);
            let Some(here) = rest.first_mut() else {
                continue;
            };
            for (to, there) in before.iter_mut().enumerate() {
                std::mem::swap(&mut here.core.mail.to[to], &mut there.core.mail.from[from]);
                std::mem::swap(&mut there.core.mail.to[from], &mut here.core.mail.from[to]);
            }
        }
        true
    }

    /// Does something with all partitions, in parallel if that pays.
    fn for_each(&mut self, pays: bool, work: impl Fn(&mut Partition<P, L>) + Sync + Send) {
        if pays && self.partitions.len() > 1 && rayon::current_num_threads() > 1 {
            self.partitions
                .par_iter_mut()
                .with_max_len(1)
                .for_each(work);
        } else {
            self.partitions.iter_mut().for_each(work);
        }
    }

    /// Whether a process has asked to stop since this was last asked.
    fn take_stop(&mut self) -> Pause {
        let mut pause = Pause::Reached;
        for part in &mut self.partitions {
            if std::mem::take(&mut part.core.stop) {
                pause = Pause::Stopped;
            }
        }
        pause
    }

    /// The first thing that went wrong, if any.
    fn check(&mut self) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let faults = self.partitions.iter().filter_map(|part| part.core.fault);
        let Some(first) = faults.min_by_key(Fault::place) else {
            return Ok(());
        };
        let error = self.describe(first);
        self.failed = Some(error.clone());
        Err(error)
    }

    /// What a process is called.
    pub(super) fn name(&self, id: ProcessId) -> String {
        let process = self.process(id);
        process.map_or_else(|| format!("process {id}"), |process| process.name(id))
    }

    fn no_such_process(&self, from: ProcessId, to: ProcessId, time: Time) -> Error {
        Error::NoSuchProcess {
            from,
            to,
            time,
            processes: self.shared.processes,
        }
    }

    fn describe(&self, fault: Fault) -> Error {
        let Fault {
            time, from, wrong, ..
        } = fault;
        let from_name = self.name(from);
        match wrong {
            Wrong::Lookahead { to, delay } => Error::Lookahead {
                from,
                from_name,
                to,
                to_name: self.name(to),
                time,
                delay,
                lookahead: self.shared.lookahead.unwrap_or_default(),
            },
            Wrong::Past { due } => Error::Past {
                from,
                from_name,
                time,
                due,
            },
            Wrong::Period { period } => Error::Period {
                from,
                from_name,
                time,
                period,
            },
            Wrong::NoSuchProcess { to } => self.no_such_process(from, to, time),
        }
    }
}
