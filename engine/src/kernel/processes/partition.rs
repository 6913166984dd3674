//! A partition: some of the processes, side by side, with their pending events. It plays alone.

use super::core::{Core, Shared};
use super::event::{EventId, Pending};
use super::log::{Log, Played};
use super::mail::Mail;
use super::series::AllSeries;
use super::{Context, Process, ProcessId};
use crate::base::queue::{FutureEvents, Order};
use crate::base::time::Time;

/// A process and how many events it has scheduled.
pub(super) struct Member<P> {
    pub(super) process: P,
    pub(super) count: u64,
}

pub(super) struct Partition<P: Process, L> {
    /// The id of the first process; the others follow.
    pub(super) first: ProcessId,
    pub(super) members: Vec<Member<P>>,
    pub(super) core: Core<P::Message>,
    pub(super) log: L,
}

impl<P: Process, L: Log<P::Message>> Partition<P, L> {
    pub(super) fn new(
        shared: Shared,
        number: u32,
        partitions: u32,
        processes: Vec<P>,
        log: L,
        begin: Time,
    ) -> Self {
        let member = |process| Member { process, count: 0 };
        Self {
            first: ProcessId(number * shared.block),
            members: processes.into_iter().map(member).collect(),
            core: Core {
                shared,
                number,
                queue: FutureEvents::new(),
                series: AllSeries::new(),
                mail: Mail::new(partitions),
                next_us: i64::MAX,
                played: 0,
                last: begin,
                stop: false,
                fault: None,
            },
            log,
        }
    }

    /// Starts all processes.
    pub(super) fn start(&mut self, now: Time) {
        for (me, member) in (self.first.0..).map(ProcessId).zip(&mut self.members) {
            let event = Played {
                id: EventId::new(me, 0),
                time: now,
                process: me,
            };
            member.count = 1;
            self.log.begin(event, None);
            member.process.start(&mut Context {
                now,
                me,
                event: event.id,
                count: &mut member.count,
                core: &mut self.core,
            });
            self.log.end(event, 1..member.count);
        }
        self.core.note_next();
    }

    /// Takes in what other partitions have sent, and plays everything before a time.
    pub(super) fn play_window(&mut self, end: Time) {
        let Core { queue, mail, .. } = &mut self.core;
        for letters in &mut mail.from {
            queue.extend(letters.drain());
        }
        while let Some((order, event)) = self.core.queue.pop_before(end.0) {
            self.play(order, event);
        }
        self.core.note_next();
    }

    /// Plays everything before a time, or until something asks for a halt.
    pub(super) fn play_until(&mut self, end: Time) {
        while !self.core.is_halted()
            && let Some((order, event)) = self.core.queue.pop_before(end.0)
        {
            self.play(order, event);
        }
        self.core.note_next();
    }

    /// Plays the next event.
    pub(super) fn step(&mut self) {
        if let Some((order, event)) = self.core.queue.pop() {
            self.play(order, event);
        }
        self.core.note_next();
    }

    #[inline(always)]
    fn play(&mut self, order: Order, pending: Pending<P::Message>) {
        let now = Time(order.time_us);
        let me = pending.to();
        let member = &mut self.members[(me.0 - self.first.0) as usize];
        let first = member.count;
        let message = match pending {
            Pending::Once { message, .. } => message,
            Pending::Again { series, .. } => self.core.again(now, me, &mut member.count, series),
        };
        self.core.played += 1;
        self.core.last = now;
        let event = Played {
            id: self.core.shared.ties.id(order),
            time: now,
            process: me,
        };
        self.log.begin(event, Some(&message));
        member.process.handle(
            message,
            &mut Context {
                now,
                me,
                event: event.id,
                count: &mut member.count,
                core: &mut self.core,
            },
        );
        self.log.end(event, first..member.count);
    }
}

impl<M> Core<M> {
    /// The message of an occurrence of a series, after scheduling the next one.
    fn again(&mut self, now: Time, me: ProcessId, count: &mut u64, place: u32) -> M {
        let id = EventId::new(me, *count);
        *count += 1;
        let series = self.series.at(place);
        let (time, priority) = (now + series.period, series.priority);
        let message = (series.copier.0)(&series.message);
        let next = Pending::Again {
            to: me,
            series: place,
        };
        let next = self.push(time, priority, id, next);
        self.series.at(place).next = next;
        message
    }
}
