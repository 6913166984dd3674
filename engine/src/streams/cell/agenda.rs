//! The events of a process between two barriers that take place in order.
//!
//! Most of them are known when the window opens: those that were pending, and the arrivals of sources. They are
//! sorted once, by their times in one word, and stay where they lie until their turn comes. Only what is caused within
//! the window, for the window, goes through the future-event list.

use super::pending::Locator;
use crate::base::draw::Key;
use crate::base::queue::{FutureEvents, Order};
use crate::base::time::Time;
use crate::streams::event::Event;
use crate::streams::program::StreamId;
use crate::streams::sides::Presence;

/// The events of one window.
#[derive(Default)]
pub(super) struct WindowAgenda {
    /// The future-event list.
    queue: FutureEvents<Event>,
    /// The order of its first event, which is asked for at every turn.
    first: Option<Order>,
    /// What is known when the window opens, as it came.
    known: Vec<Known>,
    /// The places of those in `known`, in total order.
    order: Vec<u32>,
    /// How many of them have had their turn.
    passed: usize,
    /// The window's beginning.
    start: Time,
    /// What is being sorted.
    words: Vec<u64>,
}

/// An event that is known when its window opens.
#[derive(Clone, Copy)]
struct Known {
    time: Time,
    key: Key,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    /// A pending event of this generation.
    Due(u32, Locator),
    /// An arrival of a stream's source, and whose doing it is.
    Arrival(StreamId, u64),
}

impl Known {
    fn order(&self) -> Order {
        let rank = match self.what {
            What::Due(generation, _) => generation,
            What::Arrival(..) => 0,
        };
        Order {
            time_us: self.time.0,
            rank,
            key: self.key.0,
        }
    }
}

/// Bits of a sorted word that number an event; those above hold the time since the window's beginning, 12 days at most.
const NUMBER_BITS: u32 = 24;
const NUMBER: u64 = (1 << NUMBER_BITS) - 1;

impl WindowAgenda {
    /// Begins a window, when the one before has been played.
    pub fn begin(&mut self, start: Time) {
        debug_assert!(self.is_empty(), "events are left in their window");
        self.known.clear();
        self.order.clear();
        self.passed = 0;
        self.start = start;
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.passed == self.known.len() && self.queue.is_empty()
    }

    /// Adds an event at any time of the window that has not passed.
    #[inline]
    pub fn push(&mut self, event: &Event) {
        let order = event.order();
        if self.first.is_none_or(|first| order < first) {
            self.first = Some(order);
        }
        self.queue.push(order, *event);
    }

    /// Adds a pending event before the window is played.
    #[inline]
    pub fn push_due(&mut self, time: Time, generation: u32, key: Key, place: Locator) {
        let what = What::Due(generation, place);
        self.known.push(Known { time, key, what });
    }

    /// Likewise an arrival, which is on all sides.
    #[inline]
    pub fn push_arrival(&mut self, stream: StreamId, key: Key, time: Time, actor: u64) {
        let what = What::Arrival(stream, actor);
        self.known.push(Known { time, key, what });
    }

    /// Puts in order what is known.
    pub fn sort(&mut self) {
        let WindowAgenda { known, order, .. } = self;
        let since = |known: &Known| (known.time - self.start).0 as u64;
        let fits = |known: &Known| since(known) >> (u64::BITS - NUMBER_BITS) == 0;
        if known.len() as u64 > NUMBER || !known.iter().all(fits) {
            // No model's window is as long, and no memory as large; but the order must hold.
            order.extend(0..known.len() as u32);
            order.sort_unstable_by_key(|&at| known[at as usize].order());
            return;
        }
        let word = |(number, known): (u64, &Known)| since(known) << NUMBER_BITS | number;
        self.words.clear();
        self.words.extend((0..).zip(&*known).map(word));
        self.words.sort_unstable();
        order.extend(self.words.iter().map(|word| (word & NUMBER) as u32));
        let same_time = |a: &u32, b: &u32| known[*a as usize].time == known[*b as usize].time;
        for run in order.chunk_by_mut(same_time).filter(|run| run.len() > 1) {
            run.sort_unstable_by_key(|&at| known[at as usize].order());
        }
    }

    /// Takes the next event; `due` reads a pending one.
    #[inline]
    pub fn pop(&mut self, due: impl FnOnce(Locator) -> Event) -> Option<Event> {
        let first = self.first;
        let known = self.order.get(self.passed);
        let known = known.map(|&at| &self.known[at as usize]);
        match known.filter(|known| first.is_none_or(|first| known.order() < first)) {
            Some(known) => {
                self.passed += 1;
                Some(match known.what {
                    What::Due(_, place) => due(place),
                    What::Arrival(stream, actor) => {
                        Event::root(stream, known.key, known.time, Some(actor), Presence::ALL)
                    }
                })
            }
            None => self.pop_pushed(),
        }
    }

    /// When the next of those comes that have been pushed.
    pub fn next_pushed(&self) -> Option<Time> {
        self.first.map(|first| Time(first.time_us))
    }

    /// Takes the next of those that have been pushed.
    pub fn pop_pushed(&mut self) -> Option<Event> {
        let (_, event) = self.queue.pop()?;
        self.first = self.queue.peek();
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Span;
    use proptest::prelude::*;

    proptest! {
        /// Arrivals, pending events and what is pushed in between come in total order, each once.
        #[test]
        fn events_come_in_total_order_wherever_they_come_from(
            known in prop::collection::vec((0..400i64, 0..3u32, any::<bool>()), 0..60),
            pushed in prop::collection::vec((0..60i64, 0..3u32), 0..60),
            start in -1_000_000..1_000_000i64,
            far in prop::sample::select(vec![1i64, 1 << 42]),
        ) {
            let mut agenda = WindowAgenda::default();
            agenda.begin(Time(start));
            let event = |time: Time, generation, key| Event {
                generation,
                ..Event::root(StreamId(0), Key(key), time, Some(0), Presence::ALL)
            };
            let mut pending = Vec::new();
            let mut expected = Vec::new();
            for (key, &(after, generation, arrives)) in (0..).zip(&known) {
                let time = Time(start + after * far);
                let generation = if arrives { 0 } else { generation };
                if arrives {
                    agenda.push_arrival(StreamId(0), Key(key), time, 0);
                } else {
                    let place = Locator { page: 0, word: pending.len() as u32 };
                    agenda.push_due(time, generation, Key(key), place);
                    pending.push(event(time, generation, key));
                }
                expected.push(event(time, generation, key).order());
            }
            agenda.sort();
            let mut pushed = (1000..).zip(&pushed);
            let mut popped = Vec::new();
            while let Some(next) = agenda.pop(|place| pending[place.word as usize]) {
                popped.push(next.order());
                // What an event causes comes no earlier than itself.
                if let Some((key, &(after, more))) = pushed.next() {
                    let child = event(next.time + Span(after), next.generation + 1 + more, key);
                    agenda.push(&child);
                    expected.push(child.order());
                }
            }
            expected.sort_unstable();
            prop_assert_eq!(popped, expected);
            prop_assert!(agenda.is_empty());
        }
    }
}
