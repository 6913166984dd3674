//! The desks: the process on which events wait for an agent.
//!
//! All desks are one process, which plays each window after the cells have played it, so that what the cells send is
//! there at its own time. On each side of a run every desk has a line of its own: agents are scarce, so one event more
//! on one side makes others wait that have nothing to do with it. An event that is on both sides takes place once if
//! both lines have it done at the same time by the same agent; otherwise its sides part, because of contention.

use serde::{Deserialize, Serialize};
use std::cell::Cell as Slot;

use super::{Cell, Event, Sight, WORDS, Window, frame_of};
use crate::eval::{eval, number};
use crate::kernel::Agenda;
use crate::program::{CONTENTION, HOURS_OF_WEEK, Label};
use crate::queue::{FutureEvents, Handle, Order};
use crate::resource::station::{self, Discipline, Job, Notice, Station, Ticket, Visit};
use crate::sides::{Lineage, Side, Sides};
use crate::time::{Span, Time};
use crate::world::{Observed, World};

/// The lines of all desks, on each side; that of the untouched side is only used where there are interventions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Desks(Vec<[Line; 2]>);

/// A desk on one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    station: Station<Waiting>,
    /// What the station has scheduled.
    events: FutureEvents<station::Event>,
}

/// An event at a desk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    event: Event,
    /// Where the same event is on the other side: desk and ticket. Without interventions the other side is this one.
    twin: Option<(u16, Ticket)>,
    /// Who made it want something else than its twin; 0 if nobody did.
    label: Label,
    /// Whether it has taken place with its twin, on both sides.
    has_taken_place: bool,
}

/// What comes next on the process of the desks. At one time: in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    /// How the desks stand is kept.
    Tick,
    /// Another shift begins.
    Shift,
    /// A station's event is due, at this desk and on this side.
    Station(u16, Side),
    /// An event of the model is due.
    Event,
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
    fn new() -> Line {
        Line {
            station: Station::new(0).discipline(Discipline::Priority),
            events: FutureEvents::new(),
        }
    }

    fn set_agents(&mut self, now: Time, agents: u32) {
        let events = &mut self.events;
        self.station
            .set_capacity(agents, &mut Clock { now, events });
    }

    fn request(&mut self, now: Time, job: Job<Waiting>) -> Ticket {
        let events = &mut self.events;
        let ticket = self.station.request(job, &mut Clock { now, events });
        ticket.unwrap_or_else(|_| unreachable!("everybody may wait at a desk"))
    }

    fn next(&mut self) -> Option<Time> {
        self.events.peek().map(|order| Time(order.time_us))
    }

    /// Does what is due next; a job that is then done is told.
    fn advance(&mut self) -> Option<Visit<Waiting>> {
        let (order, event) = self.events.pop()?;
        let mut clock = Clock {
            now: Time(order.time_us),
            events: &mut self.events,
        };
        match self.station.handle(event, &mut clock) {
            Some(Notice::Finished(visit)) => Some(visit),
            _ => None,
        }
    }
}

impl Desks {
    /// The desks of a program, closed until the first shift begins.
    pub fn new(world: &World) -> Desks {
        let desks = world.program.desks.iter();
        Desks(desks.map(|_| [Line::new(), Line::new()]).collect())
    }

    /// Whether this is not the process of the desks.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets the untouched side, which was not played so far, begin where the factual one stands.
    pub fn part(&mut self) {
        for [factual, untouched] in &mut self.0 {
            *untouched = factual.clone();
        }
    }

    /// How many wait at each desk on a side.
    pub fn waiting(&self, side: Side) -> Vec<u32> {
        let lines = self.0.iter().map(|lines| &lines[side as usize]);
        lines.map(|line| line.station.waiting() as u32).collect()
    }

    /// When a station's event is due next, and where.
    fn next(&mut self) -> Option<(Time, Next)> {
        let lines = (0..).zip(&mut self.0);
        let lines = lines.flat_map(|(desk, pair)| {
            let sides = Side::BOTH.into_iter().zip(pair);
            sides.map(move |(side, line)| (Next::Station(desk, side), line))
        });
        let due = lines.filter_map(|(next, line)| Some((line.next()?, next)));
        due.min()
    }

    fn line(&mut self, desk: u16, side: Side) -> &mut Line {
        &mut self.0[usize::from(desk)][side as usize]
    }

    /// Begins the shift of an hour.
    fn change_shift(&mut self, world: &World, hour: Time) {
        let (of_day, weekday) = world.program.zone.hour_and_weekday(hour);
        let of_week = (weekday as usize * 24 + of_day as usize) % HOURS_OF_WEEK;
        let desks = self.0.iter_mut().zip(&world.program.desks);
        for ([factual, untouched], desk) in desks {
            // A fraction of the traffic gets a fraction of the agents, but somebody if anybody.
            let agents = (f64::from(desk.agents[of_week]) * world.scale).ceil() as u32;
            factual.set_agents(hour, agents);
            if world.has_interventions() {
                untouched.set_agents(hour, agents);
            }
        }
    }
}

impl Cell {
    /// Plays the window of the desks: all that is due from `start` up to the barrier at `end`.
    pub fn advance_desks(&mut self, world: &World, start: Time, end: Time) {
        let window = Window {
            world,
            observed: &Observed::default(),
            end,
        };
        self.watch_growth(world, end);
        let due = self.pending.open(start);
        for (_, stored) in due.events(world) {
            self.enter(window, &stored.event());
        }
        self.pending.recycle(due);
        self.views.clear();
        let mut tick = start + world.program.tick;
        let zone = &world.program.zone;
        let mut hour = zone.hour_from(start);
        if start == world.begin && hour > start {
            // An hour of the model's time zone is under way.
            self.desks.change_shift(world, start);
        }
        while let Some((time, next)) = self.next_at_desks(tick, hour, end) {
            match next {
                Next::Tick => {
                    self.views.push(self.view(world, tick));
                    tick += world.program.tick;
                }
                Next::Shift => {
                    self.desks.change_shift(world, hour);
                    hour = zone.hour_from(hour + Span(1));
                }
                Next::Station(desk, side) => {
                    if let Some(visit) = self.desks.line(desk, side).advance() {
                        self.leave(window, time, side, visit);
                    }
                }
                Next::Event => {
                    if let Some(event) = self.agenda.pop_pushed() {
                        self.come(window, &event);
                    }
                }
            }
        }
    }

    /// What comes next, up to the barrier; ticks at the barrier still belong to the window.
    fn next_at_desks(&mut self, tick: Time, hour: Time, end: Time) -> Option<(Time, Next)> {
        let event = self.agenda.next_pushed().map(|time| (time, Next::Event));
        let others = [Some((hour, Next::Shift)), self.desks.next(), event];
        let others = others.into_iter().flatten().filter(|(time, _)| *time < end);
        let tick = (tick <= end).then_some((tick, Next::Tick));
        others.chain(tick).min()
    }

    /// An event is due on the process of the desks: it joins a line, or takes place if it waits for nobody.
    fn come(&mut self, window: Window<'_>, event: &Event) {
        let world = window.world;
        if world.program.streams[usize::from(event.stream)]
            .service
            .is_none()
        {
            self.play(window, event);
            return;
        }
        let apart = world.has_interventions();
        let mut places = [None, None];
        let mut label = 0;
        for side in Side::BOTH {
            if event.lineage.sides.on(side) && (apart || side == Side::Factual) {
                let joined = self.join_line(window, event, side);
                label = joined.map_or(label, |(_, _, noted)| noted);
                places[side as usize] = joined.map(|(desk, ticket, _)| (desk, ticket));
            }
        }
        let twins = match apart {
            true => [places[1], places[0]],
            false => [places[0], None],
        };
        for (side, twin) in Side::BOTH.into_iter().zip(twins) {
            if let Some((desk, ticket)) = places[side as usize]
                && let Some(waiting) = self.desks.line(desk, side).station.item_mut(ticket)
            {
                (waiting.twin, waiting.label) = (twin, label);
            }
        }
    }

    /// Works out on one side at which desk an event wants what, and lets it wait there. Tells too who is to be named if
    /// the other side wants something else.
    fn join_line(
        &mut self,
        window: Window<'_>,
        event: &Event,
        side: Side,
    ) -> Option<(u16, Ticket, Label)> {
        let program = &window.world.program;
        let stream = &program.streams[usize::from(event.stream)];
        let service = stream.service.as_ref()?;
        let mut words = WORDS.take();
        words.begin(event, stream);
        let noted = Slot::new(0);
        let sight = Sight {
            side,
            noted: &noted,
        };
        // Whether it happens is asked when it takes place; here only what the desk wants to know.
        self.prepare(window, event, &words, sight);
        let frame = frame_of(window, &self.population, event, &words, sight);
        let code = eval(&service.desk, &frame);
        let work = Span(number(&service.work, &frame).max(0.0) as i64);
        let priority = number(&service.priority, &frame) as i32;
        WORDS.set(words);
        let mut desks = program.desks.iter();
        let desk = desks.position(|desk| u64::from(desk.code) == code)? as u16;
        let waiting = Waiting {
            event: *event,
            twin: None,
            label: 0,
            has_taken_place: false,
        };
        let job = Job::taking(waiting, work).priority(priority);
        let ticket = self.desks.line(desk, side).request(event.time, job);
        Some((desk, ticket, noted.get()))
    }

    /// An agent is done with an event: it takes place, on the sides of which this is true.
    fn leave(&mut self, window: Window<'_>, now: Time, side: Side, visit: Visit<Waiting>) {
        // The last window may reach beyond the end of the run.
        if visit.item.has_taken_place || now >= window.world.end {
            return;
        }
        let program = &window.world.program;
        let mut event = Event {
            time: now,
            ..visit.item.event
        };
        let service = program.streams[usize::from(event.stream)].service.as_ref();
        if let (Some(slot), Some(server)) =
            (service.and_then(|service| service.agent), visit.server)
        {
            event.carried[usize::from(slot)] = f64::from(server + 1).to_bits();
        }
        let parts = window.world.has_interventions() && event.lineage.sides == Sides::Both;
        let label = match visit.item.label {
            0 => CONTENTION,
            named => named,
        };
        if parts && !self.twin_leaves_too(now, side, &visit) {
            event.lineage = Lineage {
                made: event.lineage.made,
                ..Lineage::only(side, label)
            };
        }
        self.play(window, &event);
    }

    /// Whether the other side's agent of the same number is done with the event at the same time; if so it has taken
    /// place there with this.
    fn twin_leaves_too(&mut self, now: Time, side: Side, visit: &Visit<Waiting>) -> bool {
        let Some((desk, ticket)) = visit.item.twin else {
            return false;
        };
        let station = &mut self.desks.line(desk, side.other()).station;
        let too = station.completion(ticket) == Some(now) && station.server(ticket) == visit.server;
        if let Some(waiting) = station.item_mut(ticket).filter(|_| too) {
            waiting.has_taken_place = true;
        }
        too
    }
}
