//! A desk on one side: its station, what that has scheduled, and who holds in whose name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::queue::{FutureEvents, Handle, Order};
use crate::base::time::{Span, Time};
use crate::kernel::processes::Agenda;
use crate::kernel::resource::station::{self, Discipline, Job, Notice, Station, Ticket};
use crate::streams::event::Event;
use crate::streams::sides::{MOST_SIDES, Parting};

/// A desk on one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) station: Station<Waiting>,
    /// What the station has scheduled.
    events: FutureEvents<station::Event>,
    /// Who waits or holds in the name of each id.
    holders: BTreeMap<u64, Vec<Ticket>>,
}

/// An event at a desk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) event: Event,
    /// Where the event is on each side: desk and ticket; none where it is not.
    pub(super) places: [Option<(u16, Ticket)>; MOST_SIDES],
    /// How it has come to want something else on some sides.
    pub(super) parting: Parting,
    /// Whether it has taken place, alone or together with that of another side.
    pub(super) has_taken_place: bool,
    /// In the name of which id it holds an agent, if it does.
    pub(super) holds: Option<u64>,
    /// When it gives up, if it does.
    pub(super) until: Option<Time>,
}

/// What an event wants at a desk on one side.
pub(super) struct Wish {
    pub(super) desk: u16,
    pub(super) what: What,
    pub(super) priority: i32,
    pub(super) give_up: Option<Span>,
    /// How many may wait before it.
    pub(super) room: Option<usize>,
    /// Whether it happens at all, as far as is known when it comes.
    pub(super) happens: bool,
    /// How others of its sides want something else.
    pub(super) noted: Parting,
}

#[derive(Clone, Copy)]
pub(super) enum What {
    Work(Span),
    Hold(u64),
    Release(u64),
}

/// A station's view of its line while the clock shows a time.
struct Clock<'a> {
    now: Time,
    events: &'a mut FutureEvents<station::Event>,
}

impl Agenda<station::Event> for Clock<'_> {
    fn now(&self) -> Time {
        self.now
    }

    fn schedule_at(&mut self, time: Time, event: station::Event) -> Handle {
        // Ties pop in the order in which they were pushed.
        let order = Order {
            time_us: time.0,
            rank: 0,
            key: 0,
        };
        self.events.push(order, event)
    }

    fn cancel(&mut self, handle: Handle) -> bool {
        self.events.cancel(handle).is_some()
    }
}

impl Line {
    pub(super) fn new(is_held: bool) -> Line {
        let station = Station::new(0).discipline(Discipline::Priority);
        Line {
            station: match is_held {
                true => station.announcing(),
                false => station,
            },
            events: FutureEvents::new(),
            holders: BTreeMap::new(),
        }
    }

    pub(super) fn set_agents(&mut self, now: Time, agents: u32) {
        let events = &mut self.events;
        self.station
            .set_capacity(agents, &mut Clock { now, events });
    }

    /// Lets an event wait; none if there is no room.
    pub(super) fn request(&mut self, now: Time, event: Event, wish: &Wish) -> Option<Ticket> {
        let holds = match wish.what {
            What::Hold(id) => Some(id),
            What::Work(_) | What::Release(_) => None,
        };
        let waiting = Waiting {
            event,
            places: [None; MOST_SIDES],
            parting: Parting::NONE,
            has_taken_place: false,
            holds,
            until: wish.give_up.map(|span| now + span),
        };
        let job = match wish.what {
            What::Work(work) => Job::taking(waiting, work),
            What::Hold(_) | What::Release(_) => Job::held(waiting),
        };
        let job = job.priority(wish.priority);
        let job = match wish.give_up {
            Some(span) => job.patience(span),
            None => job,
        };
        let events = &mut self.events;
        let balks = |station: &Station<Waiting>| {
            let is_full = wish.room.is_some_and(|room| station.waiting() >= room);
            is_full && station.busy() >= station.capacity()
        };
        let station = &mut self.station;
        let ticket = station.request_unless(job, balks, &mut Clock { now, events });
        let ticket = ticket.ok()?;
        if let Some(id) = holds {
            self.holders.entry(id).or_default().push(ticket);
        }
        Some(ticket)
    }

    /// Lets all go who wait or hold in the name of an id. Those who wait first: none of them is to get what another gives back.
    pub(super) fn release(&mut self, now: Time, id: u64) {
        let tickets = self.holders.remove(&id).unwrap_or_default();
        let events = &mut self.events;
        let clock = &mut Clock { now, events };
        let (hold, wait): (Vec<Ticket>, Vec<Ticket>) = tickets
            .into_iter()
            .partition(|ticket| self.station.server(*ticket).is_some());
        for ticket in wait.into_iter().chain(hold) {
            self.station.withdraw(ticket, clock);
        }
    }

    /// Forgets who held in the name of an id and has given up.
    fn forget(&mut self, ticket: Ticket, waiting: &Waiting) {
        let Some(id) = waiting.holds else {
            return;
        };
        if let Some(tickets) = self.holders.get_mut(&id) {
            tickets.retain(|other| *other != ticket);
            if tickets.is_empty() {
                self.holders.remove(&id);
            }
        }
    }

    pub(super) fn next(&mut self) -> Option<Time> {
        self.events.peek().map(|order| Time(order.time_us))
    }

    /// Does what is due next, and tells what has come of it.
    pub(super) fn advance(&mut self) -> Option<Notice<Waiting>> {
        let (order, event) = self.events.pop()?;
        let mut clock = Clock {
            now: Time(order.time_us),
            events: &mut self.events,
        };
        let notice = self.station.handle(event, &mut clock);
        if let Some(Notice::Reneged(visit)) = &notice {
            self.forget(visit.ticket, &visit.item);
        }
        notice
    }
}
