//! Single things, such as parts, that are taken and brought.

use super::waiters::{Answer, Direction, DirectionMonitors, Event, Ticket, Waiters};
use crate::base::time::{Span, Time};
use crate::kernel::monitor::TimeWeighted;
use crate::kernel::processes::Agenda;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Which items somebody takes. It is data and not a closure, so that a store can be snapshotted. It must say the same of the
/// same item whenever it is asked: it may be asked again each time an item comes.
pub trait Filter<T> {
    /// Whether this item will do.
    fn accepts(&self, item: &T) -> bool;
}

/// Takes every item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Any;

impl<T> Filter<T> for Any {
    fn accepts(&self, _: &T) -> bool {
        true
    }
}

/// A store that holds up to so many items of type `T`. Who finds none that will do waits, and so does who brings one to a full store.
///
/// Items leave in the order in which they came, of those that the filter `F` of who takes accepts. Who takes is served first come, first
/// served; but one for whom nothing is there does not hold up others with other filters. An item for which there is no room waits
/// outside, also when somebody would take it. `C` says who asks.
///
/// ```
/// use causeflow_engine::base::time::{Span, Time};
/// use causeflow_engine::kernel::processes::{Context, Pause, Process, Simulation};
/// use causeflow_engine::kernel::resource::store::{Filter, Notice, Store};
/// use causeflow_engine::kernel::resource::waiting::{Answer, Event};
///
/// /// A key of at least this size.
/// struct AtLeast(u8);
///
/// impl Filter<u8> for AtLeast {
///     fn accepts(&self, size: &u8) -> bool {
///         *size >= self.0
///     }
/// }
///
/// struct Board(Store<u8, &'static str, AtLeast>);
///
/// impl Process for Board {
///     type Message = Event;
///
///     fn start(&mut self, context: &mut Context<'_, Event>) {
///         assert!(matches!(self.0.get("Ann", AtLeast(7), context), Answer::Later(_)));
///         self.0.put("porter", 5, context);
///         assert_eq!(self.0.get("Bob", AtLeast(3), context), Answer::Now(("Bob", 5)));
///         self.0.put("porter", 8, context);
///     }
///
///     fn handle(&mut self, event: Event, context: &mut Context<'_, Event>) {
///         let notice = self.0.handle(event, context);
///         let Some(Notice::Got { who: "Ann", item: 8, .. }) = notice else {
///             panic!("the large key goes to Ann");
///         };
///     }
/// }
///
/// let mut simulation = Simulation::<Board>::builder().build(vec![Board(Store::new(10))])?;
/// assert_eq!(simulation.run_until(Time(1))?, Pause::Reached);
/// # Ok::<(), causeflow_engine::kernel::processes::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Store<T, C, F = Any> {
    capacity: usize,
    is_observed: bool,
    items: VecDeque<T>,
    level: TimeWeighted,
    /// What they want, and from the grant until it is told what they got.
    getters: Waiters<C, (F, Option<T>)>,
    /// What they bring, until it is in the store.
    putters: Waiters<C, Option<T>>,
}

/// What has happened at a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice<T, C> {
    /// Somebody who waited for an item has it.
    Got {
        /// Who.
        who: C,
        /// Whose ticket this was.
        ticket: Ticket,
        /// The item.
        item: T,
        /// How long it waited.
        waited: Span,
    },
    /// An item that waited outside is in the store.
    Put {
        /// Who brought it.
        who: C,
        /// Whose ticket this was.
        ticket: Ticket,
        /// How long it waited.
        waited: Span,
    },
    /// Somebody has waited as long as their patience was, and has left, with the item that they brought, if any.
    Reneged {
        /// Who.
        who: C,
        /// Whose ticket this was.
        ticket: Ticket,
        /// What they brought.
        item: Option<T>,
    },
}

impl<T, C, F: Filter<T>> Store<T, C, F> {
    /// An empty store for up to `capacity` items.
    pub fn new(capacity: usize) -> Store<T, C, F> {
        Store {
            capacity,
            is_observed: false,
            items: VecDeque::new(),
            level: TimeWeighted::new(Time(0), 0),
            getters: Waiters::new(Direction::Get),
            putters: Waiters::new(Direction::Put),
        }
    }

    /// How many items it holds.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items it holds, the oldest first.
    pub fn items(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }

    /// The number of items over time, since the first request or the last reset.
    pub fn level_monitor(&self) -> &TimeWeighted {
        &self.level
    }

    /// The monitors of a side.
    pub fn monitors(&self, side: Direction) -> &DirectionMonitors {
        match side {
            Direction::Get => &self.getters.monitors,
            Direction::Put => &self.putters.monitors,
        }
    }

    /// How many wait on a side.
    pub fn waiting(&self, side: Direction) -> usize {
        match side {
            Direction::Get => self.getters.waiting(),
            Direction::Put => self.putters.waiting(),
        }
    }

    /// Takes the oldest item that the filter accepts, now or when one is there. O(items) when the filter refuses them.
    pub fn get(&mut self, who: C, filter: F, agenda: &mut impl Agenda<Event>) -> Answer<(C, T)> {
        self.get_within(who, filter, None, agenda)
    }

    /// As [`get`](Store::get), giving up after a patience, if one is given.
    pub fn get_within(
        &mut self,
        who: C,
        filter: F,
        patience: Option<Span>,
        agenda: &mut impl Agenda<Event>,
    ) -> Answer<(C, T)> {
        self.observe(agenda.now());
        // Nobody who came before wants any item that is here, or they would have it.
        match self.take(&filter, agenda.now()) {
            Some(item) => {
                self.getters.monitors.waited.record(Span(0));
                self.settle(agenda);
                Answer::Now((who, item))
            }
            None => Answer::Later(self.getters.wait(who, (filter, None), patience, agenda)),
        }
    }

    /// Brings an item, now or when there is room.
    pub fn put(&mut self, who: C, item: T, agenda: &mut impl Agenda<Event>) -> Answer<C> {
        self.put_within(who, item, None, agenda)
    }

    /// As [`put`](Store::put), giving up after a patience, if one is given.
    pub fn put_within(
        &mut self,
        who: C,
        item: T,
        patience: Option<Span>,
        agenda: &mut impl Agenda<Event>,
    ) -> Answer<C> {
        self.observe(agenda.now());
        if self.items.len() >= self.capacity {
            return Answer::Later(self.putters.wait(who, Some(item), patience, agenda));
        }
        self.putters.monitors.waited.record(Span(0));
        self.add(item, agenda);
        self.settle(agenda);
        Answer::Now(who)
    }

    /// Takes out the oldest item that a filter accepts.
    fn take(&mut self, filter: &F, now: Time) -> Option<T> {
        let at = self.items.iter().position(|item| filter.accepts(item))?;
        self.level.add(now, -1);
        self.items.remove(at)
    }

    /// Who waits longest of those who take such an item.
    fn taker(&self, item: &T) -> Option<u32> {
        let accepts = |slot: &u32| self.getters.want(*slot).0.accepts(item);
        let (first, _) = self.getters.first()?;
        if accepts(&first) {
            return Some(first);
        }
        self.getters.in_order().into_iter().find(accepts)
    }

    /// An item comes into the store: to the first who waits for such a one, or to stay.
    fn add(&mut self, item: T, agenda: &mut impl Agenda<Event>) {
        if let Some(slot) = self.taker(&item) {
            self.getters.want_mut(slot).1 = Some(item);
            self.getters.grant(slot, agenda);
        } else {
            self.items.push_back(item);
            self.level.add(agenda.now(), 1);
        }
    }

    /// Lets in those who wait with an item, while there is room.
    fn settle(&mut self, agenda: &mut impl Agenda<Event>) {
        while self.items.len() < self.capacity {
            let Some(slot) = self.putters.first().map(|(slot, _)| slot) else {
                return;
            };
            let item = self.putters.want_mut(slot).take();
            self.putters.grant(slot, agenda);
            if let Some(item) = item {
                self.add(item, agenda);
            }
        }
    }

    /// Does what is due. Answers with what is to be told; an event that is not due any more does nothing.
    pub fn handle(
        &mut self,
        event: Event,
        agenda: &mut impl Agenda<Event>,
    ) -> Option<Notice<T, C>> {
        let now = agenda.now();
        match event {
            Event::Granted(ticket) if ticket.side == Direction::Get => {
                let waiter = self.getters.told(ticket)?;
                Some(Notice::Got {
                    who: waiter.who,
                    ticket,
                    item: waiter.want.1.expect("who was granted an item has it"),
                    waited: now - waiter.since,
                })
            }
            Event::Granted(ticket) => {
                let waiter = self.putters.told(ticket)?;
                Some(Notice::Put {
                    who: waiter.who,
                    ticket,
                    waited: now - waiter.since,
                })
            }
            Event::Renege(ticket) => {
                let (who, item) = match ticket.side {
                    Direction::Get => (self.getters.renege(ticket, now)?.who, None),
                    Direction::Put => {
                        let waiter = self.putters.renege(ticket, now)?;
                        (waiter.who, waiter.want)
                    }
                };
                Some(Notice::Reneged { who, ticket, item })
            }
        }
    }

    /// Takes a request back that waits, with the item that was brought, if any; none when it has been granted or is over.
    pub fn withdraw(
        &mut self,
        ticket: Ticket,
        agenda: &mut impl Agenda<Event>,
    ) -> Option<(C, Option<T>)> {
        match ticket.side {
            Direction::Get => Some((self.getters.withdraw(ticket, agenda)?.who, None)),
            Direction::Put => {
                let waiter = self.putters.withdraw(ticket, agenda)?;
                Some((waiter.who, waiter.want))
            }
        }
    }

    /// Begins to observe. The first request does it too.
    pub fn observe(&mut self, now: Time) {
        if !self.is_observed {
            self.reset_monitors(now);
        }
    }

    /// Forgets what was observed up to now, as at the end of a warm-up.
    pub fn reset_monitors(&mut self, now: Time) {
        self.is_observed = true;
        self.level.reset(now);
        self.getters.monitors.reset(now);
        self.putters.monitors.reset(now);
    }
}
