//! What a handler is given: the time, and everything that it can do beyond changing its own state.

use super::core::{Core, Fault, Wrong};
use super::event::{EventId, Pending, Priority};
use super::series::{Copier, Periodic, Series};
use super::{Agenda, ProcessId};
use crate::base::draw::{Key, Purpose, purpose};
use crate::base::queue::Handle;
use crate::base::time::{Span, Time};

const PROCESS: Purpose = purpose("causeflow.kernel.process");
const EVENT: Purpose = purpose("causeflow.kernel.event");

/// The virtual time and the future-event list, as the process sees them that is playing an event.
///
/// What goes wrong here, such as a delay that is negative, ends the simulation with an [`Error`](super::Error) that
/// names the process. The handler goes on, and a handle that it gets is [stale](Handle::STALE).
pub struct Context<'a, M> {
    pub(super) now: Time,
    pub(super) me: ProcessId,
    pub(super) event: EventId,
    /// How many events the process has scheduled.
    pub(super) count: &'a mut u64,
    pub(super) core: &'a mut Core<M>,
}

impl<M> Context<'_, M> {
    /// The virtual time: that of the event being played.
    #[inline]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// The process that plays it.
    #[inline]
    pub const fn me(&self) -> ProcessId {
        self.me
    }

    /// The event being played.
    #[inline]
    pub const fn event(&self) -> EventId {
        self.event
    }

    /// How many processes there are. Their ids begin with 0.
    pub const fn processes(&self) -> u32 {
        self.core.shared.processes
    }

    /// The seed of the simulation.
    pub const fn seed(&self) -> u64 {
        self.core.shared.seed
    }

    /// The key of this process, for draws that are made once, or that the process numbers itself.
    #[inline]
    pub fn process_key(&self) -> Key {
        self.core.shared.key.child(PROCESS, u64::from(self.me.0))
    }

    /// The key of the event being played. Its draws depend on nothing but the seed and which event it is.
    #[inline]
    pub fn event_key(&self) -> Key {
        self.core.shared.key.child(EVENT, self.event.bits())
    }

    /// Schedules a message for this process itself, a delay from now.
    #[inline]
    pub fn schedule(&mut self, delay: Span, message: M) -> Handle {
        self.schedule_at_with(self.now + delay, Priority::default(), message)
    }

    /// Schedules a message for this process itself, with a priority.
    #[inline]
    pub fn schedule_with(&mut self, delay: Span, priority: Priority, message: M) -> Handle {
        self.schedule_at_with(self.now + delay, priority, message)
    }

    /// Schedules a message for this process itself, for a time that is not before now.
    #[inline]
    pub fn schedule_at(&mut self, time: Time, message: M) -> Handle {
        self.schedule_at_with(time, Priority::default(), message)
    }

    /// Schedules a message for this process itself, for a time that is not before now and with a priority.
    #[inline(always)]
    pub fn schedule_at_with(&mut self, time: Time, priority: Priority, message: M) -> Handle {
        if time < self.now {
            self.fail(Wrong::Past { due: time });
            return Handle::STALE;
        }
        let (id, to) = (self.next_id(), self.me);
        self.core
            .push(time, priority, id, Pending::Once { to, message })
    }

    /// Schedules a copy of a message for this process itself, one period from now and then after every period.
    pub fn every(&mut self, period: Span, message: M) -> Periodic
    where
        M: Clone,
    {
        self.every_with(period, Priority::default(), message)
    }

    /// Schedules copies of a message periodically, with a priority.
    pub fn every_with(&mut self, period: Span, priority: Priority, message: M) -> Periodic
    where
        M: Clone,
    {
        let periodic = Periodic {
            place: self.core.series.next_place(),
            stamp: self.core.series.next_stamp,
        };
        if period.0 <= 0 {
            self.fail(Wrong::Period { period });
            return periodic;
        }
        let (id, to, series) = (self.next_id(), self.me, periodic.place);
        let next = Pending::Again { to, series };
        let next = self.core.push(self.now + period, priority, id, next);
        self.core.series.add(Series {
            stamp: periodic.stamp,
            period,
            priority,
            next,
            message,
            copier: Copier::default(),
        });
        periodic
    }

    /// Sends a message to a process. To another one it takes at least the lookahead.
    ///
    /// It cannot be taken back.
    #[inline]
    pub fn send(&mut self, to: ProcessId, delay: Span, message: M) {
        self.send_with(to, delay, Priority::default(), message);
    }

    /// Sends a message to a process, with a priority.
    #[inline]
    pub fn send_with(&mut self, to: ProcessId, delay: Span, priority: Priority, message: M) {
        let shared = &self.core.shared;
        if to.0 >= shared.processes {
            return self.fail(Wrong::NoSuchProcess { to });
        }
        if to != self.me && delay < shared.lookahead.unwrap_or(Span(0)) {
            return self.fail(Wrong::Lookahead { to, delay });
        }
        let time = self.now + delay;
        if time < self.now {
            return self.fail(Wrong::Past { due: time });
        }
        let (partition, ties) = (shared.partition_of(to), shared.ties);
        let order = ties.order(time, priority, self.next_id());
        let event = Pending::Once { to, message };
        if partition == self.core.number {
            self.core.queue.push(order, event);
        } else {
            self.core.mail.to[partition as usize].push(order, event);
        }
    }

    /// Takes back what this process has scheduled for itself; false when it has been played, cancelled or rescheduled.
    pub fn cancel(&mut self, handle: Handle) -> bool {
        self.owns(handle) && self.core.queue.cancel(handle).is_some()
    }

    /// Ends what is scheduled periodically; false when it has been ended already.
    pub fn cancel_every(&mut self, periodic: Periodic) -> bool {
        let Some(next) = self.core.series.get(periodic).map(|series| series.next) else {
            return false;
        };
        let cancelled = self.cancel(next);
        if cancelled {
            self.core.series.remove(periodic.place);
        }
        cancelled
    }

    /// Moves a pending event of this process to a delay from now, or returns `None` when the handle is stale.
    ///
    /// It is as if the event had been cancelled and scheduled anew, at priority 0.
    #[must_use = "the old handle is stale from now on"]
    pub fn reschedule(&mut self, handle: Handle, delay: Span) -> Option<Handle> {
        self.reschedule_at_with(handle, self.now + delay, Priority::default())
    }

    /// Moves a pending event of this process to a time and a priority, or returns `None` when the handle is stale.
    #[must_use = "the old handle is stale from now on"]
    pub fn reschedule_at_with(
        &mut self,
        handle: Handle,
        time: Time,
        priority: Priority,
    ) -> Option<Handle> {
        if !self.owns(handle) {
            return None;
        }
        if time < self.now {
            self.fail(Wrong::Past { due: time });
            return None;
        }
        let order = self.core.shared.ties.order(time, priority, self.next_id());
        self.core.queue.reschedule(handle, order)
    }

    /// Has the simulation pause: with windows at the end of the one being played, otherwise after this event.
    pub fn stop(&mut self) {
        self.core.stop = true;
    }

    /// An agenda for a part of this process whose events become messages through `wrap`, such as an enum's constructor.
    pub fn part<E, F: Fn(E) -> M>(&mut self, wrap: F) -> impl Agenda<E> {
        Part {
            context: Context {
                now: self.now,
                me: self.me,
                event: self.event,
                count: self.count,
                core: self.core,
            },
            wrap,
        }
    }

    /// Whether a handle is of something that this very process has scheduled.
    fn owns(&self, handle: Handle) -> bool {
        let event = self.core.queue.get(handle);
        event.is_some_and(|event| event.to() == self.me)
    }

    #[inline]
    fn next_id(&mut self) -> EventId {
        let id = EventId::new(self.me, *self.count);
        *self.count += 1;
        id
    }

    #[cold]
    fn fail(&mut self, wrong: Wrong) {
        self.core.fail(Fault {
            time: self.now,
            from: self.me,
            count: *self.count,
            wrong,
        });
    }
}

impl<M, E: Into<M>> Agenda<E> for Context<'_, M> {
    #[inline]
    fn now(&self) -> Time {
        self.now
    }

    #[inline(always)]
    fn schedule_at(&mut self, time: Time, event: E) -> Handle {
        Context::schedule_at(self, time, event.into())
    }

    #[inline]
    fn cancel(&mut self, handle: Handle) -> bool {
        Context::cancel(self, handle)
    }
}

/// The agenda of a part of a process.
struct Part<'a, M, F> {
    context: Context<'a, M>,
    wrap: F,
}

impl<M, E, F: Fn(E) -> M> Agenda<E> for Part<'_, M, F> {
    #[inline]
    fn now(&self) -> Time {
        self.context.now
    }

    #[inline]
    fn schedule_at(&mut self, time: Time, event: E) -> Handle {
        let message = (self.wrap)(event);
        self.context.schedule_at(time, message)
    }

    #[inline]
    fn cancel(&mut self, handle: Handle) -> bool {
        self.context.cancel(handle)
    }
}
