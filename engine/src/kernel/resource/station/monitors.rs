//! What a station counts and measures by itself.

use super::job::Stay;
use crate::base::time::{Span, Time};
use crate::kernel::monitor::{Report, SpanQuantiles, SpanTally, TimeWeighted};
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
    /// Quantiles of `waited`, of a station that [keeps](super::Station::keeping_quantiles) them.
    pub waited_quantiles: Option<SpanQuantiles>,
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
            waited_quantiles: None,
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
                self.in_system.record(Span(now.0 - stay.arrived.0));
                if let Some(quantiles) = &mut self.waited_quantiles {
                    quantiles.record(stay.waited);
                }
                return;
            }
            Exit::Reneged => self.reneged += 1,
            Exit::Withdrawn => self.withdrawn += 1,
        }
        self.waited_in_vain.record(stay.waited);
        self.served_in_vain_us += i128::from(stay.served.0);
    }

    pub(super) fn reset(&mut self, now: Time) {
        let fresh = Monitors::new(now, 0);
        let before = std::mem::replace(self, fresh);
        self.queue = TimeWeighted::new(now, before.queue.level());
        self.busy = TimeWeighted::new(now, before.busy.level());
        self.capacity = TimeWeighted::new(now, before.capacity.level());
        self.waited_quantiles = before.waited_quantiles.map(|_| SpanQuantiles::default());
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

    /// Adds all of it to a report, under a name.
    pub fn report(&self, name: &str, report: &mut Report) {
        let now = report.now();
        report.level(name, "queue length", "jobs", &self.queue);
        report.level(name, "busy servers", "servers", &self.busy);
        let utilisation = self.utilisation(now).map(|share| 100.0 * share);
        report.number(name, "utilisation", "%", utilisation);
        report.times(name, "waiting time", &self.waited);
        report.times(name, "service time", &self.served);
        report.times(name, "time in system", &self.in_system);
        let counts = [
            ("arrived", self.arrived),
            ("finished", self.finished),
            ("balked", self.balked),
            ("reneged", self.reneged),
            ("withdrawn", self.withdrawn),
            ("preempted", self.preempted),
        ];
        for (measure, count) in counts {
            report.count(name, measure, count);
        }
    }
}
