//! What is fixed for a simulation before it begins.

use super::core::Shared;
use super::event::Ties;
use super::log::{Log, Off};
use super::partition::Partition;
use super::{Error, Process, ProcessId, Simulation};
use crate::base::draw::{Key, purpose};
use crate::base::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// Partitions unless something else is said: enough for the threads of most machines to share evenly.
const PARTITIONS: u32 = 32;

/// What is fixed for a simulation: the seed, when it begins, and how it may be played in parallel.
///
/// All of it belongs to the model, none to the machine. Neither partitions nor threads change what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Builder {
    seed: u64,
    start: Time,
    lookahead: Option<Span>,
    partitions: Option<u32>,
    shuffle_ties: Option<u64>,
}

impl Builder {
    /// Seed 0, beginning at the epoch, without a lookahead.
    pub(super) const fn new() -> Self {
        Self {
            seed: 0,
            start: Time(0),
            lookahead: None,
            partitions: None,
            shuffle_ties: None,
        }
    }

    /// Above all draws.
    pub const fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The virtual time at which the processes start.
    pub const fn start(self, start: Time) -> Self {
        Self { start, ..self }
    }

    /// Promises that a message from one process to another takes at least so long, which lets them be played in parallel.
    /// Windows are as long as this: the longer, the better.
    pub const fn lookahead(self, lookahead: Span) -> Self {
        let lookahead = Some(lookahead);
        Self { lookahead, ..self }
    }

    /// Into how many partitions the processes are cut, each of neighbours in the list. Without this there are 32, or
    /// one when no lookahead is declared.
    pub const fn partitions(self, partitions: u32) -> Self {
        let partitions = Some(partitions);
        Self { partitions, ..self }
    }

    /// Breaks ties of time and priority at random, differently for every `seed`, to expose what depends on them.
    pub const fn shuffle_ties(self, seed: u64) -> Self {
        let shuffle_ties = Some(seed);
        Self {
            shuffle_ties,
            ..self
        }
    }

    /// The simulation, with all processes started.
    ///
    /// # Errors
    /// When the settings make no sense, and when a process does something wrong as it starts.
    pub fn build<P: Process>(self, processes: Vec<P>) -> Result<Simulation<P>, Error> {
        self.build_logged(processes, || Off)
    }

    /// The simulation, with all processes started and a log for each partition.
    ///
    /// # Errors
    /// When the settings make no sense, and when a process does something wrong as it starts.
    pub fn build_logged<P: Process, L: Log<P::Message>>(
        self,
        processes: Vec<P>,
        mut log: impl FnMut() -> L,
    ) -> Result<Simulation<P, L>, Error> {
        let shared = self.shared(processes.len())?;
        let count = shared.partitions();
        let mut rest = processes.into_iter();
        let partitions = (0..count).map(|number| {
            let members = rest.by_ref().take(shared.block as usize).collect();
            Partition::new(shared, number, count, members, log(), self.start)
        });
        let partitions = partitions.collect();
        let mut simulation = Simulation::of(self, shared, partitions);
        simulation.start()?;
        Ok(simulation)
    }

    /// When the simulation begins.
    pub(super) const fn begin(&self) -> Time {
        self.start
    }

    /// What all partitions need to know.
    pub(super) fn shared(&self, found: usize) -> Result<Shared, Error> {
        let processes = u32::try_from(found)
            .ok()
            .filter(|processes| *processes <= ProcessId::OUTSIDE.0)
            .ok_or(Error::TooManyProcesses { found })?;
        if let Some(found) = self.lookahead.filter(|lookahead| lookahead.0 <= 0) {
            return Err(Error::NoLookahead { found });
        }
        let partitions = match (self.partitions, self.lookahead) {
            (Some(found), lookahead) if found == 0 || found > 1 && lookahead.is_none() => {
                let lookahead = lookahead.is_some();
                return Err(Error::Partitions { found, lookahead });
            }
            (Some(found), _) => found,
            (None, Some(_)) => PARTITIONS,
            (None, None) => 1,
        };
        Ok(Shared {
            seed: self.seed,
            key: Key::new(self.seed, purpose("causeflow.kernel")),
            ties: self.shuffle_ties.map(Ties::shuffled).unwrap_or_default(),
            lookahead: self.lookahead,
            processes,
            block: processes.div_ceil(partitions).max(1),
        })
    }
}
