//! What a station counts and measures by itself.

use super::job::Stay;
use crate::monitor::{SpanTally, TimeWeighted};
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// The monitors of a [`Station`](super::Station).
///
/// A job is counted where it comes and where it goes, and its times are recorded when it leaves. So these hold exactly, in whole
/// microseconds, for a station that was never reset and is empty (else the times so far of those present are missing):
/// - integral of `queue` = sum of `waited` + sum of `waited_in_vain`: Little's law of the queue;
/// - integral of `busy` = sum of `served` + `served_in_vain`: Little's law of the servers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Monitors {
    /// How many wait.
    pub queue: TimeWeighted,
    /// How many servers serve.
    pub busy: TimeWeighted,
    /// How many servers there are.
    pub capacity: TimeWeighted,
    /// How long the finished waited in all.
    pub waited: SpanTally,
    /// How long those waited who left unfinished.
    pub waited_in_vain: SpanTally,
    /// How long the finished were served in all.
    pub served: SpanTally,
    /// How long the finished were at the station.
    pub in_system: SpanTally,
    /// Service of those who were withdrawn unfinished, in microseconds.
    pub served_in_vain_us: i128,
    /// Service that a restart made vain, in microseconds. Those who finish have it in `served` too.
    pub lost_us: i128,
    /// Requests, also those that balked.
    pub arrived: u64,
    /// Requests that did not join.
    pub balked: u64,
    /// Services begun or continued.
    pub started: u64,
    /// Jobs done.
    pub finished: u64,
    /// Jobs whose patience ended.
    pub reneged: u64,
    /// Jobs taken back.
    pub withdrawn: u64,
    /// Services broken off.
    pub preempted: u64,
}

/// How a job leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Finished,
    Reneged,
    Withdrawn,
}

impl Monitors {
    pub(super) fn new(began: Time, capacity: u32) -> Monitors {
        Monitors {
            queue: TimeWeighted::new(began, 0),
            busy: TimeWeighted::new(began, 0),
            capacity: TimeWeighted::new(began, i64::from(capacity)),
            waited: SpanTally::default(),
            waited_in_vain: SpanTally::default(),
            served: SpanTally::default(),
            in_system: SpanTally::default(),
            served_in_vain_us: 0,
            lost_us: 0,
            arrived: 0,
            balked: 0,
            started: 0,
            finished: 0,
            reneged: 0,
            withdrawn: 0,
            preempted: 0,
        }
    }

    #[inline]
    pub(super) fn leaves<C>(&mut self, stay: &Stay<C>, exit: Exit, now: Time) {
        match exit {
            Exit::Finished => {
                self.finished += 1;
                self.waited.record(stay.waited);
                self.served.record(stay.served);
                self.in_system.record(now - stay.arrived);
                return;
            }
            Exit::Reneged => self.reneged += 1,
            Exit::Withdrawn => self.withdrawn += 1,
        }
        self.waited_in_vain.record(stay.waited);
        self.served_in_vain_us += i128::from(stay.served.0);
    }

    pub(super) fn reset(&mut self, now: Time) {
        let (queue, busy) = (self.queue.level(), self.busy.level());
        let capacity = self.capacity.level();
        *self = Monitors::new(now, 0);
        self.queue = TimeWeighted::new(now, queue);
        self.busy = TimeWeighted::new(now, busy);
        self.capacity = TimeWeighted::new(now, capacity);
    }

    /// Share of the servers' time that was spent serving, up to `now`; none while there were no servers. Above 1 when servers
    /// finished much work after their shift.
    pub fn utilisation(&self, now: Time) -> Option<f64> {
        let offered = self.capacity.integral(now);
        (offered > 0).then(|| self.busy.integral(now) as f64 / offered as f64)
    }

    /// Since when they observe.
    pub fn began(&self) -> Time {
        self.queue.began()
    }

    /// How long they have observed, up to `now`.
    pub fn length(&self, now: Time) -> Span {
        now - self.began()
    }
}
