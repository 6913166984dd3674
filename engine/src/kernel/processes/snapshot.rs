//! Snapshots: a simulation between two events, as a plain value that any serde format stores.

use super::builder::Builder;
use super::core::{Core, Shared};
use super::event::Pending;
use super::log::{Log, Off};
use super::mail::{Letters, Mail};
use super::partition::{Member, Partition};
use super::series::AllSeries;
use super::{Error, Process, ProcessId, Simulation};
use crate::base::queue::{FutureEvents, Image};
use crate::base::time::Time;
use serde::{Deserialize, Serialize};

/// A simulation of processes `P` with messages `M`, as it stood between two events.
///
/// What goes on from it is the same to the bit as if it had never been stopped, and the handles that processes keep
/// in their state stay good. It holds all settings too, so the partitions are those of the
/// simulation that it was taken of; threads are not part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "P: Deserialize<'de>, M: Clone + Deserialize<'de>"))]
pub struct SavedState<P, M> {
    settings: Builder,
    now: Time,
    window_end: Time,
    injected: u64,
    partitions: Vec<Part<P, M>>,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "P: Deserialize<'de>, M: Clone + Deserialize<'de>"))]
struct Part<P, M> {
    /// Each process, and how many events it has scheduled.
    members: Vec<(P, u64)>,
    queue: Image<Pending<M>>,
    series: AllSeries<M>,
    /// What has been sent in the window being played.
    mail: Vec<Letters<M>>,
    played: u64,
    last: Time,
    stop: bool,
}

impl<P, M> Part<P, M> {
    /// The partition, unless its parts do not fit together.
    fn resume<L>(self, shared: Shared, number: u32, log: L) -> Option<Partition<P, L>>
    where
        P: Process<Message = M>,
    {
        let ids = shared.members_of(number);
        let queue = FutureEvents::from_image(self.queue)?;
        let fits = |event: &Pending<M>| {
            ids.contains(&event.to().0)
                && match event {
                    Pending::Once { .. } => true,
                    Pending::Again { series, .. } => self.series.has(*series),
                }
        };
        let delivers = |(to, letters): (u32, &Letters<M>)| {
            let ids = shared.members_of(to);
            letters
                .receivers()
                .all(|receiver| ids.contains(&receiver.0))
        };
        let fit = self.members.len() == ids.len()
            && self.mail.len() == shared.partitions() as usize
            && queue.iter().all(|(_, _, event)| fits(event))
            && (0..).zip(&self.mail).all(delivers);
        if !fit {
            return None;
        }
        let member = |(process, count)| Member { process, count };
        let mut mail = Mail::new(shared.partitions());
        mail.to = self.mail;
        let mut core = Core {
            shared,
            number,
            queue,
            series: self.series,
            mail,
            next_us: i64::MAX,
            played: self.played,
            last: self.last,
            stop: self.stop,
            fault: None,
        };
        core.note_next();
        Some(Partition {
            first: ProcessId(ids.start),
            members: self.members.into_iter().map(member).collect(),
            core,
            log,
        })
    }
}

impl<P, M> SavedState<P, M> {
    /// The virtual time at which it was taken.
    pub const fn time(&self) -> Time {
        self.now
    }
}

impl<P: Process + Clone, L: Log<P::Message>> Simulation<P, L>
where
    P::Message: Clone,
{
    /// The simulation as it stands. Logs are not part of it.
    ///
    /// # Errors
    /// The error after which the simulation cannot go on, if there was one.
    pub fn snapshot(&self) -> Result<SavedState<P, P::Message>, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let part = |Partition { members, core, .. }: &Partition<P, L>| Part {
            members: members
                .iter()
                .map(|member| (member.process.clone(), member.count))
                .collect(),
            queue: core.queue.image(),
            series: core.series.clone(),
            mail: core.mail.to.clone(),
            played: core.played,
            last: core.last,
            stop: core.stop,
        };
        Ok(SavedState {
            settings: self.settings,
            now: self.now,
            window_end: self.window_end,
            injected: self.injected,
            partitions: self.partitions.iter().map(part).collect(),
        })
    }
}

impl<P: Process> Simulation<P> {
    /// A simulation that goes on from a snapshot.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the snapshot cannot have come from a simulation.
    pub fn resume(snapshot: SavedState<P, P::Message>) -> Result<Self, Error> {
        Self::resume_logged(snapshot, || Off)
    }
}

impl<P: Process, L: Log<P::Message>> Simulation<P, L> {
    /// A simulation that goes on from a snapshot, with a log for each partition.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the snapshot cannot have come from a simulation.
    pub fn resume_logged(
        snapshot: SavedState<P, P::Message>,
        mut log: impl FnMut() -> L,
    ) -> Result<Self, Error> {
        let found = snapshot.partitions.iter().map(|part| part.members.len());
        let shared = snapshot.settings.shared(found.sum())?;
        if snapshot.partitions.len() != shared.partitions() as usize {
            return Err(Error::Damaged);
        }
        let partitions = (0..).zip(snapshot.partitions);
        let partitions = partitions.map(|(number, part)| part.resume(shared, number, log()));
        let partitions = partitions.collect::<Option<Vec<_>>>();
        let partitions = partitions.ok_or(Error::Damaged)?;
        let mut simulation = Self::of(snapshot.settings, shared, partitions);
        simulation.now = snapshot.now;
        simulation.window_end = snapshot.window_end;
        simulation.injected = snapshot.injected;
        simulation.played_before = simulation.played();
        Ok(simulation)
    }
}
