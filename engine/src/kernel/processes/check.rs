//! The checker: plays a model several times and finds the first event that differs.

use super::causal::{CausalLog, History, Record};
use super::{Builder, Error, Pause, Process, ProcessId, Simulation};
use crate::base::time::Time;
use std::fmt::{self, Debug};

/// How a model is played a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// In the same way: a difference means that state is hidden from the engine, such as a static or a clock.
    Again,
    /// By so many threads: a difference means that processes share state.
    Threads(usize),
    /// In so many partitions: likewise.
    Partitions(u32),
    /// With ties of time and priority broken at random, from this seed: a difference means that the model depends on
    /// which of them comes first. Only times, processes and messages are compared, not their order at one time.
    Ties(u64),
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Again => f.write_str("played again"),
            Self::Threads(threads) => write!(f, "played by {threads} threads"),
            Self::Partitions(partitions) => write!(f, "played in {partitions} partitions"),
            Self::Ties(seed) => write!(f, "played with ties shuffled (seed {seed})"),
        }
    }
}

/// What one of the two runs played, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayedEvent {
    /// The event.
    pub event: Record,
    /// The event that scheduled it, if there was one.
    pub cause: Option<Record>,
}

impl fmt::Display for PlayedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.event.message.as_deref().unwrap_or("start");
        write!(f, "{message}, which is event {}", self.event.id)?;
        match &self.cause {
            Some(cause) => write!(f, " and was caused by {cause}"),
            None => f.write_str(" and has no cause in the model"),
        }
    }
}

/// The first event that two runs of a model do not share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// How the model was played the second time.
    pub trial: Trial,
    /// When.
    pub time: Time,
    /// Who played it.
    pub process: ProcessId,
    /// What that process is called.
    pub process_name: String,
    /// What it played when the model was played by one thread; `None` if it played nothing any more at that time.
    pub first: Option<PlayedEvent>,
    /// What it played in the trial.
    pub second: Option<PlayedEvent>,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trial,
            time,
            process,
            process_name,
            first,
            second,
        } = self;
        let show = |side: &Option<PlayedEvent>| match side {
            Some(side) => side.to_string(),
            None => "nothing more".to_string(),
        };
        write!(
            f,
            "{trial}, the model differs from {time} on, first in {process_name} (id {process}).\n\
             first:  {}\nsecond: {}",
            show(first),
            show(second)
        )
    }
}

/// Plays a model once by one thread and then once for each trial, up to a time, and returns the first event
/// that differs, or `None` when all runs are the same. `processes` makes the processes of a run.
///
/// It keeps a [`CausalLog`] of two runs in memory.
///
/// # Errors
/// When the model cannot be built, or does something wrong.
///
/// ```
/// use causeflow_engine::base::time::{Span, Time};
/// use causeflow_engine::kernel::processes::{Context, Process, Simulation, Trial, check};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// static SHARED: AtomicU64 = AtomicU64::new(0);
///
/// /// Counts its visitors in a place that the engine does not know.
/// struct Door;
///
/// impl Process for Door {
///     type Message = u64;
///
///     fn start(&mut self, context: &mut Context<'_, u64>) {
///         context.schedule(Span::SECOND, SHARED.fetch_add(1, Ordering::Relaxed));
///     }
///
///     fn handle(&mut self, _: u64, _: &mut Context<'_, u64>) {}
/// }
///
/// let settings = Simulation::<Door>::builder();
/// let found = check(settings, || vec![Door], Time(2_000_000), &[Trial::Again])?;
/// let difference = found.expect("the door remembers the first run");
/// assert_eq!(
///     difference.to_string(),
///     "played again, the model differs from 1970-01-01T00:00:01Z on, first in process 0 (id 0).\n\
///      first:  0, which is event 0.1 and was caused by 0.0 at 1970-01-01T00:00:00Z in process 0: start\n\
///      second: 1, which is event 0.1 and was caused by 0.0 at 1970-01-01T00:00:00Z in process 0: start"
/// );
/// # Ok::<(), causeflow_engine::kernel::processes::Error>(())
/// ```
pub fn check<P>(
    settings: Builder,
    processes: impl Fn() -> Vec<P> + Sync,
    until: Time,
    trials: &[Trial],
) -> Result<Option<Divergence>, Error>
where
    P: Process,
    P::Message: Debug,
{
    let first = play(settings, &processes, until, 1)?;
    for trial in trials {
        let (settings, threads) = match *trial {
            Trial::Again => (settings, 1),
            Trial::Threads(threads) => (settings, threads),
            Trial::Partitions(partitions) => (settings.partitions(partitions), 1),
            Trial::Ties(seed) => (settings.shuffle_ties(seed), 1),
        };
        let second = play(settings, &processes, until, threads)?;
        if let Some(difference) = compare(*trial, &first, &second) {
            return Ok(Some(difference));
        }
    }
    Ok(None)
}

/// A run that has been played.
struct Run<P: Process> {
    simulation: Simulation<P, CausalLog>,
    history: History,
}

fn play<P>(
    settings: Builder,
    processes: &(impl Fn() -> Vec<P> + Sync),
    until: Time,
    threads: usize,
) -> Result<Run<P>, Error>
where
    P: Process,
    P::Message: Debug,
{
    let work = || {
        let mut simulation = settings.build_logged(processes(), CausalLog::default)?;
        while simulation.run_until(until)? == Pause::Stopped {}
        let history = History::of(simulation.logs());
        Ok(Run {
            simulation,
            history,
        })
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    match pool {
        Ok(pool) => pool.install(work),
        Err(_) => Err(Error::Threads { wanted: threads }),
    }
}

fn compare<P>(trial: Trial, first: &Run<P>, second: &Run<P>) -> Option<Divergence>
where
    P: Process,
    P::Message: Debug,
{
    let ties = matches!(trial, Trial::Ties(_));
    let (a, b) = (
        ordered(&first.history, ties),
        ordered(&second.history, ties),
    );
    let same = |a: &Record, b: &Record| {
        (a.time, a.process, &a.message) == (b.time, b.process, &b.message) && (ties || a.id == b.id)
    };
    let shared = a.iter().zip(&b).take_while(|(a, b)| same(a, b)).count();
    let (a, b) = (a.get(shared).copied(), b.get(shared).copied());
    let place = |record: &Record| (record.time, record.process);
    let (time, process) = a.into_iter().chain(b).map(place).min()?;
    let here = |record: &&Record| place(record) == (time, process);
    let side = |run: &Run<P>, record: Option<&Record>| {
        record.filter(here).map(|record| PlayedEvent {
            event: record.clone(),
            cause: run.history.cause(record.id).cloned(),
        })
    };
    Some(Divergence {
        trial,
        time,
        process,
        process_name: first.simulation.name(process),
        first: side(first, a),
        second: side(second, b),
    })
}

/// The events of a run, in an order that does not depend on ties if those are not to count.
fn ordered(history: &History, ties: bool) -> Vec<&Record> {
    let mut records: Vec<&Record> = history.records().iter().collect();
    if ties {
        records.sort_by(|a, b| {
            let key = |record: &Record| (record.time, record.process);
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
    }
    records
}
