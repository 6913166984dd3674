//! The smallest agenda: a clock and a future-event list, to play resources alone.

use causeflow_engine::base::queue::{FutureEvents, Handle, Order};
use causeflow_engine::base::time::Time;
use causeflow_engine::kernel::processes::Agenda;

pub struct Clock<E> {
    now: Time,
    scheduled: u64,
    events: FutureEvents<E>,
}

impl<E> Clock<E> {
    pub fn new() -> Clock<E> {
        Clock {
            now: Time(0),
            scheduled: 0,
            events: FutureEvents::new(),
        }
    }

    /// The next event that is due at or before a time, which it becomes.
    pub fn next(&mut self, until: Time) -> Option<E> {
        let next = self.events.pop_before(until.0 + 1);
        self.now = next
            .as_ref()
            .map_or(until, |(order, _)| Time(order.time_us));
        next.map(|(_, event)| event)
    }

    pub fn pending(&self) -> usize {
        self.events.len()
    }
}

impl<E> Agenda<E> for Clock<E> {
    fn now(&self) -> Time {
        self.now
    }

    fn schedule_at(&mut self, time: Time, event: E) -> Handle {
        assert!(time >= self.now, "nothing is scheduled before now");
        self.scheduled += 1;
        let order = Order {
            time_us: time.0,
            rank: 0,
            key: self.scheduled,
        };
        self.events.push(order, event)
    }

    fn cancel(&mut self, handle: Handle) -> bool {
        let cancelled = self.events.cancel(handle).is_some();
        assert!(cancelled, "a resource cancels only what is pending");
        cancelled
    }
}
