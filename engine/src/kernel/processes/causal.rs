//! The causal log: every event that was played, and which event it came from.

use super::log::{Log, Played};
use super::{EventId, ProcessId};
use crate::base::time::Time;
use std::fmt::{self, Debug};
use std::ops::Range;

/// An event that was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which event.
    pub id: EventId,
    /// When.
    pub time: Time,
    /// Who played it.
    pub process: ProcessId,
    /// The message as [`Debug`] shows it; `None` where the process started.
    pub message: Option<String>,
    /// The counts of the events that its process scheduled while playing it.
    scheduled: Range<u64>,
}

impl fmt::Display for Record {
    /// Such as `2.7 at 1970-01-01T00:00:01Z in process 3: Arrive`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.as_deref().unwrap_or("start");
        let Self {
            id, time, process, ..
        } = self;
        write!(f, "{id} at {time} in process {process}: {message}")
    }
}

/// Keeps a [`Record`] of every event of one partition. It takes memory for all of them, and time for their text.
///
/// ```
/// use causeflow_engine::base::time::Span;
/// use causeflow_engine::kernel::processes::{CausalLog, Context, History, Process, Simulation};
///
/// struct Countdown;
///
/// impl Process for Countdown {
///     type Message = u32;
///
///     fn start(&mut self, context: &mut Context<'_, u32>) {
///         context.schedule(Span::SECOND, 2);
///     }
///
///     fn handle(&mut self, left: u32, context: &mut Context<'_, u32>) {
///         if left > 0 {
///             context.schedule(Span::SECOND, left - 1);
///         }
///     }
/// }
///
/// let settings = Simulation::<Countdown>::builder();
/// let mut simulation = settings.build_logged(vec![Countdown], CausalLog::default)?;
/// let _ = simulation.run()?;
/// let history = History::of(simulation.logs());
/// let last = history.records().last().expect("four events were played");
/// assert_eq!(last.to_string(), "0.3 at 1970-01-01T00:00:03Z in process 0: 0");
/// let causes: Vec<_> = history.causes(last.id).map(|cause| cause.message.as_deref()).collect();
/// assert_eq!(causes, [Some("1"), Some("2"), None]);
/// # Ok::<(), causeflow_engine::kernel::processes::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CausalLog {
    records: Vec<Record>,
}

impl<M: Debug> Log<M> for CausalLog {
    fn begin(&mut self, event: Played, message: Option<&M>) {
        let Played { id, time, process } = event;
        self.records.push(Record {
            id,
            time,
            process,
            message: message.map(|message| format!("{message:?}")),
            scheduled: 0..0,
        });
    }

    fn end(&mut self, _: Played, scheduled: Range<u64>) {
        if let Some(record) = self.records.last_mut() {
            record.scheduled = scheduled;
        }
    }
}

/// The causal logs of all partitions as one, which does not depend on how they were cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// By time, then by process; those of one process as it played them.
    records: Vec<Record>,
    /// Places in `records`: by process, and those of one process as it played them.
    by_process: Vec<usize>,
}

impl History {
    /// Puts the logs of a simulation together. O(n log n).
    pub fn of<'a>(logs: impl Iterator<Item = &'a CausalLog>) -> Self {
        let mut records: Vec<Record> = logs.flat_map(|log| &log.records).cloned().collect();
        // A stable sort: what one process played at one time stays in the order in which it did.
        records.sort_by_key(|record| (record.time, record.process));
        let mut by_process: Vec<usize> = (0..records.len()).collect();
        by_process.sort_by_key(|place| records[*place].process);
        Self {
            records,
            by_process,
        }
    }

    /// All events, by time, then by process; those of one process at one time as it played them.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The event that scheduled another one. `None` for what was injected from outside, where a process
    /// started, and for what happened before the log began. O(log n).
    pub fn cause(&self, id: EventId) -> Option<&Record> {
        let (sender, count) = (id.sender(), id.count());
        // What one process schedules it counts upwards, so the ends of what its events scheduled are sorted too.
        let place = self.by_process.partition_point(|place| {
            let record = &self.records[*place];
            (record.process, record.scheduled.end) <= (sender, count)
        });
        let record = &self.records[*self.by_process.get(place)?];
        (record.process == sender && record.scheduled.contains(&count)).then_some(record)
    }

    /// What led to an event: its cause, the cause of that, and so on.
    pub fn causes(&self, id: EventId) -> impl Iterator<Item = &Record> {
        std::iter::successors(self.cause(id), |record| self.cause(record.id))
    }
}
