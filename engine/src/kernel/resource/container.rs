//! An amount of something alike, such as fuel, that is taken and brought.

use super::waiters::{Answer, Direction, DirectionMonitors, Event, Ticket, Waiters};
use crate::base::time::{Span, Time};
use crate::kernel::monitor::TimeWeighted;
use crate::kernel::processes::Agenda;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A container that holds whole units up to a capacity. Who takes more than there is waits, and so does who brings more than fits.
///
/// Each side is served first come, first served: a large request at the head holds up the small ones behind it, so that it is served at
/// all. The level changes when a request is granted, which is told one event later, at the same time.
///
/// ```
/// use causeflow_engine::base::time::{Span, Time};
/// use causeflow_engine::kernel::processes::{Context, Pause, Process, Simulation};
/// use causeflow_engine::kernel::resource::container::{Container, Notice};
/// use causeflow_engine::kernel::resource::waiting::{Answer, Event};
///
/// /// A filling station whose tank, in litres, is filled once.
/// struct Pump(Container<&'static str>);
///
/// enum Message {
///     Tanker,
///     Tank(Event),
/// }
///
/// impl From<Event> for Message {
///     fn from(event: Event) -> Message {
///         Message::Tank(event)
///     }
/// }
///
/// impl Process for Pump {
///     type Message = Message;
///
///     fn start(&mut self, context: &mut Context<'_, Message>) {
///         assert_eq!(self.0.get("Ann", 40, context), Ok(Answer::Now("Ann")));
///         assert!(matches!(self.0.get("Bob", 40, context), Ok(Answer::Later(_))));
///         context.schedule(Span::HOUR, Message::Tanker);
///     }
///
///     fn handle(&mut self, message: Message, context: &mut Context<'_, Message>) {
///         match message {
///             Message::Tanker => assert_eq!(self.0.put("tanker", 100, context), Ok(Answer::Now("tanker"))),
///             Message::Tank(event) => {
///                 let Some(Notice::Granted { who, waited, .. }) = self.0.handle(event, context) else {
///                     panic!("nobody loses patience");
///                 };
///                 assert_eq!((who, waited), ("Bob", Span::HOUR));
///             }
///         }
///     }
/// }
///
/// let pump = Pump(Container::new(120, 60));
/// let mut simulation = Simulation::<Pump>::builder().build(vec![pump])?;
/// assert_eq!(simulation.run_until(Time(0) + Span::DAY)?, Pause::Reached);
/// assert_eq!(simulation.into_processes()[0].0.level(), 80);
/// # Ok::<(), causeflow_engine::kernel::processes::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Container<C> {
    capacity: u64,
    is_observed: bool,
    level: TimeWeighted,
    getters: Waiters<C, u64>,
    putters: Waiters<C, u64>,
}

/// What has happened at a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice<C> {
    /// A request that waited has been granted.
    Granted {
        /// Whose.
        who: C,
        /// Which.
        ticket: Ticket,
        /// How much was taken or brought.
        amount: u64,
        /// How long it waited.
        waited: Span,
    },
    /// A request has waited as long as its patience was, and is given up.
    Reneged {
        /// Whose.
        who: C,
        /// Which.
        ticket: Ticket,
        /// How much was to be taken or brought.
        amount: u64,
    },
}

/// A request that could never be granted: it is for more than the container can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch<C> {
    /// Whose.
    pub who: C,
    /// How much was asked for.
    pub amount: u64,
    /// How much the container can hold.
    pub capacity: u64,
}

impl<C> fmt::Display for TooMuch<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TooMuch {
            amount, capacity, ..
        } = self;
        write!(
            f,
            "a request for {amount} can never be granted by a container of {capacity}: ask for less at a time"
        )
    }
}

impl<C: fmt::Debug> std::error::Error for TooMuch<C> {}

impl<C> Container<C> {
    /// A container that holds up to `capacity`, and `level` of it now, but no more than the capacity.
    pub fn new(capacity: u64, level: u64) -> Container<C> {
        // Levels are counted in 63 bits, like times.
        let capacity = capacity.min(i64::MAX as u64);
        Container {
            capacity,
            is_observed: false,
            level: TimeWeighted::new(Time(0), level.min(capacity) as i64),
            getters: Waiters::new(Direction::Get),
            putters: Waiters::new(Direction::Put),
        }
    }

    /// How much it holds.
    pub fn level(&self) -> u64 {
        self.level.level() as u64
    }

    /// How much it can hold.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// The level over time, since the first request or the last reset.
    pub fn level_monitor(&self) -> &TimeWeighted {
        &self.level
    }

    /// The monitors of a side.
    pub fn monitors(&self, side: Direction) -> &DirectionMonitors {
        &self.side(side).monitors
    }

    /// How many wait on a side.
    pub fn waiting(&self, side: Direction) -> usize {
        self.side(side).waiting()
    }

    fn side(&self, side: Direction) -> &Waiters<C, u64> {
        match side {
            Direction::Get => &self.getters,
            Direction::Put => &self.putters,
        }
    }

    fn side_mut(&mut self, side: Direction) -> &mut Waiters<C, u64> {
        match side {
            Direction::Get => &mut self.getters,
            Direction::Put => &mut self.putters,
        }
    }

    /// Takes an amount, now or when it is there. More than the capacity is an error.
    pub fn get(
        &mut self,
        who: C,
        amount: u64,
        agenda: &mut impl Agenda<Event>,
    ) -> Result<Answer<C>, TooMuch<C>> {
        self.ask(Direction::Get, who, amount, None, agenda)
    }

    /// Brings an amount, now or when it fits. More than the capacity is an error.
    pub fn put(
        &mut self,
        who: C,
        amount: u64,
        agenda: &mut impl Agenda<Event>,
    ) -> Result<Answer<C>, TooMuch<C>> {
        self.ask(Direction::Put, who, amount, None, agenda)
    }

    /// As [`get`](Container::get) and [`put`](Container::put), giving up after a patience, if one is given.
    pub fn ask(
        &mut self,
        side: Direction,
        who: C,
        amount: u64,
        patience: Option<Span>,
        agenda: &mut impl Agenda<Event>,
    ) -> Result<Answer<C>, TooMuch<C>> {
        self.observe(agenda.now());
        if amount > self.capacity {
            let capacity = self.capacity;
            return Err(TooMuch {
                who,
                amount,
                capacity,
            });
        }
        if self.side(side).waiting() > 0 || !self.fits(side, amount) {
            let ticket = self.side_mut(side).wait(who, amount, patience, agenda);
            return Ok(Answer::Later(ticket));
        }
        self.side_mut(side).monitors.waited.record(Span(0));
        self.change(side, amount, agenda.now());
        self.settle(agenda);
        Ok(Answer::Now(who))
    }

    fn fits(&self, side: Direction, amount: u64) -> bool {
        match side {
            Direction::Get => amount <= self.level(),
            Direction::Put => amount <= self.capacity - self.level(),
        }
    }

    fn change(&mut self, side: Direction, amount: u64, now: Time) {
        let amount = amount as i64;
        let change = if side == Direction::Get {
            -amount
        } else {
            amount
        };
        self.level.add(now, change);
    }

    /// Grants what can be granted: bringing first, then taking, and again as long as that made a difference.
    fn settle(&mut self, agenda: &mut impl Agenda<Event>) {
        let mut idle = 0;
        for side in [Direction::Put, Direction::Get].into_iter().cycle() {
            let first = self
                .side(side)
                .first()
                .map(|(slot, amount)| (slot, *amount));
            match first.filter(|(_, amount)| self.fits(side, *amount)) {
                Some((slot, amount)) => {
                    self.change(side, amount, agenda.now());
                    self.side_mut(side).grant(slot, agenda);
                    idle = 0;
                }
                None => idle += 1,
            }
            if idle == 2 {
                return;
            }
        }
    }

    /// Does what is due. Answers with what is to be told; an event that is not due any more does nothing.
    pub fn handle(&mut self, event: Event, agenda: &mut impl Agenda<Event>) -> Option<Notice<C>> {
        match event {
            Event::Granted(ticket) => {
                let waiter = self.side_mut(ticket.side).told(ticket)?;
                Some(Notice::Granted {
                    who: waiter.who,
                    ticket,
                    amount: waiter.want,
                    waited: agenda.now() - waiter.since,
                })
            }
            Event::Renege(ticket) => {
                let waiter = self.side_mut(ticket.side).renege(ticket, agenda.now())?;
                // Who stood behind it may fit.
                self.settle(agenda);
                Some(Notice::Reneged {
                    who: waiter.who,
                    ticket,
                    amount: waiter.want,
                })
            }
        }
    }

    /// Takes a request back that waits; none when it has been granted or is over.
    pub fn withdraw(&mut self, ticket: Ticket, agenda: &mut impl Agenda<Event>) -> Option<C> {
        let waiter = self.side_mut(ticket.side).withdraw(ticket, agenda)?;
        self.settle(agenda);
        Some(waiter.who)
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
