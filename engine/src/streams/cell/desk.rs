//! The desks: the process on which events wait for an agent.
//!
//! All desks are one process, which plays each window after the cells have played it, so that what the cells send is
//! there at its own time. On each side of a run every desk has a line of its own: agents are scarce, so one event more
//! on one side makes others wait that have nothing to do with it. An event that is on several sides takes place once for
//! those whose lines have it done at the same time by the same agent; otherwise they part, because of contention. Where
//! interventions change how many agents there are, that is no contention: it lies in the lineage of what waits there.

use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::sync::Arc;

use super::{LogicalProcess, Sight, Strands, Window, frame_of};
use crate::base::queue::{FutureEvents, Handle, Order};
use crate::base::time::{Span, Time};
use crate::kernel::processes::Agenda;
use crate::kernel::resource::station::{self, Discipline, Job, Notice, Station, Ticket, Visit};
use crate::streams::eval::{eval, number, take_undefined};
use crate::streams::event::Event;
use crate::streams::kept::Site;
use crate::streams::program::HOURS_OF_WEEK;
use crate::streams::rates::Arrivals;
use crate::streams::sides::{Label, MOST_SIDES, Parting, Side, Sides};
use crate::streams::view::Observed;
use crate::streams::world::World;

/// All desks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Desks(Vec<Desk>);

/// A desk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Desk {
    /// On each side.
    lines: Vec<Line>,
    /// How they have come to differ since they were last empty.
    parting: Parting,
    /// How they differ in how many agents there are now.
    staffed: Parting,
    /// Likewise at any time since they were last empty.
    staffing: Parting,
}

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
    /// Where the event is on each side: desk and ticket; none where it is not.
    places: [Option<(u16, Ticket)>; MOST_SIDES],
    /// How it has come to want something else on some sides.
    parting: Parting,
    /// Whether it has taken place together with that of another side.
    has_taken_place: bool,
}

/// What comes next on the process of the desks. At one time: in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    /// How the desks stand is kept.
    Tick,
    /// Another shift begins, or interventions change how many agents there are.
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
        let desk = || Desk {
            lines: Side::first(world.sides()).map(|_| Line::new()).collect(),
            parting: Parting::NONE,
            staffed: Parting::NONE,
            staffing: Parting::NONE,
        };
        Desks(world.program.desks.iter().map(|_| desk()).collect())
    }

    /// Whether this is not the process of the desks.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What they are where each side is what `origin` gives for it.
    pub fn of_origin(&self, origin: &[Side]) -> Desks {
        let lines = |desk: &Desk| {
            let lines = origin.iter().map(|side| desk.lines[side.index()].clone());
            let mut lines: Vec<Line> = lines.collect();
            for waiting in lines.iter_mut().flat_map(|line| line.station.items_mut()) {
                let was = std::mem::take(&mut waiting.places);
                for (of, place) in origin.iter().zip(&mut waiting.places) {
                    *place = was[of.index()];
                }
                waiting.event.presence = waiting.event.presence.of_origin(origin);
                waiting.parting = waiting.parting.of_origin(origin);
            }
            lines
        };
        let desks = self.0.iter().map(|desk| Desk {
            lines: lines(desk),
            parting: desk.parting.of_origin(origin),
            staffed: desk.staffed.of_origin(origin),
            staffing: desk.staffing.of_origin(origin),
        });
        Desks(desks.collect())
    }

    /// How many wait at each desk on a side.
    pub fn waiting(&self, side: Side) -> Vec<u32> {
        let lines = self.0.iter().map(|desk| &desk.lines[side.index()]);
        lines.map(|line| line.station.waiting() as u32).collect()
    }

    /// How the lines at each desk have come to differ.
    pub fn partings(&self) -> Vec<Parting> {
        let both = |desk: &Desk| desk.parting.and(&desk.staffing);
        self.0.iter().map(both).collect()
    }

    /// When a station's event is due next, and where.
    fn next(&mut self) -> Option<(Time, Next)> {
        let lines = (0..).zip(&mut self.0);
        let lines = lines.flat_map(|(number, desk)| {
            let sides = (0..).map(Side).zip(&mut desk.lines);
            sides.map(move |(side, line)| (Next::Station(number, side), line))
        });
        let due = lines.filter_map(|(next, line)| Some((line.next()?, next)));
        due.min()
    }

    fn line(&mut self, desk: u16, side: Side) -> &mut Line {
        &mut self.0[usize::from(desk)].lines[side.index()]
    }

    /// Lets as many agents work as do from a time on: another shift begins, or interventions change how many there are.
    fn change_shift(&mut self, world: &World, time: Time) {
        let (of_day, weekday) = world.program.zone.hour_and_weekday(time);
        let of_week = (weekday as usize * 24 + of_day as usize) % HOURS_OF_WEEK;
        let desks = self.0.iter_mut().zip(&world.program.desks);
        for (at, desk) in desks {
            let base = f64::from(desk.agents[of_week]);
            // A fraction of the traffic gets a fraction of the agents, but somebody if anybody.
            let agents = (base * world.scale).ceil() as u32;
            let Some(modified) = desk.modified else {
                at.lines
                    .iter_mut()
                    .for_each(|line| line.set_agents(time, agents));
                continue;
            };
            let modified = &world.program.modified[usize::from(modified)];
            let agents_of = |value: f64| match value == base {
                true => agents,
                // What is a whole number but for rounding is that number.
                false => (value * world.scale - ROUNDING).ceil() as u32,
            };
            let on = |side| agents_of(modified.value(time, base, side));
            let mut differ = Sides::NONE;
            for (side, line) in (0..).map(Side).zip(&mut at.lines) {
                line.set_agents(time, on(side));
                if on(side) != on(Side::FACTUAL) {
                    differ = differ | side.into();
                }
            }
            let by = match differ.on(Side::UNTOUCHED) {
                true => modified.by(time, base, agents_of),
                false => Label::NONE,
            };
            at.staffed = Parting::by_lineage(differ, by);
            at.staffing = match at.is_empty() {
                true => at.staffed,
                false => at.staffing.and(&at.staffed),
            };
        }
    }
}

impl Desk {
    /// Whether nobody is at the desk, on any side.
    fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.station.is_empty())
    }
}

/// By so much less than one more agent is none.
const ROUNDING: f64 = 1e-9;
/// How many agents there are follows modifiers that rise or fall in steps of this.
const STAFFED_EVERY: Span = Span(5 * Span::MINUTE.0);

/// The first time after this one at which interventions may change how many agents there are.
fn staff_after(world: &World, time: Time) -> Option<Time> {
    let desks = world.program.desks.iter();
    let modified =
        desks.filter_map(|desk| Some(&world.program.modified[usize::from(desk.modified?)]));
    modified
        .filter_map(|modified| modified.moves_after(time, STAFFED_EVERY))
        .min()
}

impl LogicalProcess {
    /// Plays the window of the desks: all that is due from `start` up to the barrier at `end`.
    pub fn advance_desks(&mut self, world: &World, arrivals: &[Arrivals], start: Time, end: Time) {
        let window = Window {
            world,
            process: self.index,
            arrivals,
            observed: &Observed::default(),
            end,
        };
        self.watch_growth(window);
        let due = self.pending.open(world, start);
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
        let mut staff = staff_after(world, start - Span(1));
        loop {
            let shift = staff.map_or(hour, |staff| staff.min(hour));
            let Some((time, next)) = self.next_at_desks(tick, shift, end) else {
                break;
            };
            match next {
                Next::Tick => {
                    self.views.push(Arc::new(self.view(world, tick)));
                    tick += world.program.tick;
                }
                Next::Shift => {
                    self.desks.change_shift(world, time);
                    if time == hour {
                        hour = zone.hour_from(hour + Span(1));
                    }
                    staff = staff_after(world, time);
                }
                Next::Station(desk, side) => {
                    if let Some(visit) = self.desks.line(desk, side).advance() {
                        self.leave(window, time, (desk, side), visit);
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
    fn next_at_desks(&mut self, tick: Time, shift: Time, end: Time) -> Option<(Time, Next)> {
        let event = self.agenda.next_pushed().map(|time| (time, Next::Event));
        let others = [Some((shift, Next::Shift)), self.desks.next(), event];
        let others = others.into_iter().flatten().filter(|(time, _)| *time < end);
        let tick = (tick <= end).then_some((tick, Next::Tick));
        others.chain(tick).min()
    }

    /// An event is due on the process of the desks: it joins a line, or takes place if it waits for nobody.
    fn come(&mut self, window: Window<'_>, event: &Event) {
        let world = window.world;
        if world.program.streams[event.stream].service.is_none() {
            self.play(window, event);
            return;
        }
        let (sides, played) = (event.presence.sides, world.sides());
        let mut places = [None; MOST_SIDES];
        let mut parted = Parting::NONE;
        for side in sides.each(played) {
            let joined = self.join_line(window, event, side);
            places[side.index()] = joined.map(|(desk, ticket, _)| (desk, ticket));
            if side == Side::FACTUAL {
                parted = joined.map_or(parted, |(_, _, noted)| noted);
            }
        }
        let differs = event.presence.parting().and(&parted);
        for side in sides.each(played) {
            let Some((desk, ticket)) = places[side.index()] else {
                continue;
            };
            let at = &mut self.desks.0[usize::from(desk)];
            at.parting = at.parting.and(&differs);
            if let Some(waiting) = at.lines[side.index()].station.item_mut(ticket) {
                waiting.places = places;
                waiting.parting = parted;
            }
        }
    }

    /// Works out on one side at which desk an event wants what, and lets it wait there. Tells too how others of its
    /// sides want something else.
    fn join_line(
        &mut self,
        window: Window<'_>,
        event: &Event,
        side: Side,
    ) -> Option<(u16, Ticket, Parting)> {
        let program = &window.world.program;
        let stream = &program.streams[event.stream];
        let service = stream.service.as_ref()?;
        let strands = Strands::of(event, stream);
        let words = &strands.each[0].words;
        let noted = Cell::new(Parting::NONE);
        let sight = Sight {
            side,
            among: event.presence.sides,
            noted: &noted,
        };
        // Whether it happens is asked when it takes place; here only what the desk wants to know.
        self.prepare(window, event, words, sight);
        let frame = frame_of(window, &self.population, event, words, sight);
        take_undefined();
        let code = eval(&service.desk, &frame);
        let work = Span(number(&service.work, &frame).max(0.0) as i64);
        let priority = number(&service.priority, &frame) as i32;
        if let Some(found) = take_undefined().filter(|_| side == Side::FACTUAL) {
            let event = (event.stream, event.key, event.time);
            window.world.note_undefined(event, Site::Desk, found);
        }
        strands.give_back();
        let mut desks = program.desks.iter();
        let desk = desks.position(|desk| u64::from(desk.code) == code)? as u16;
        let waiting = Waiting {
            event: *event,
            places: [None; MOST_SIDES],
            parting: Parting::NONE,
            has_taken_place: false,
        };
        let job = Job::taking(waiting, work).priority(priority);
        let ticket = self.desks.line(desk, side).request(event.time, job);
        Some((desk, ticket, noted.get()))
    }

    /// An agent is done with an event: it takes place, on the sides of which this is true.
    fn leave(
        &mut self,
        window: Window<'_>,
        now: Time,
        (desk, side): (u16, Side),
        visit: Visit<Waiting>,
    ) {
        let Waiting { event, parting, .. } = visit.item;
        let desk = &mut self.desks.0[usize::from(desk)];
        let (scarce, staffing) = (desk.parting, desk.staffing);
        // Of lines at which nobody is, nothing differs any more but who is there to work.
        if desk.is_empty() {
            (desk.parting, desk.staffing) = (Parting::NONE, desk.staffed);
        }
        // The last window may reach beyond the end of the run.
        if visit.item.has_taken_place || now >= window.world.kept_until {
            return;
        }
        let sides = self.leaves_too(window.world, now, side, &visit);
        let named = match staffing.by {
            Label::NONE => parting.by.or(scarce.by).or(Label::JOINT),
            by => by.and(parting.by).and(scarce.by),
        };
        let parted = Parting {
            lineage: parting.lineage | staffing.lineage,
            scarcity: event.presence.sides,
            by: named,
        };
        let presence = match sides == event.presence.sides {
            true => event.presence,
            false => event.presence.part(sides, &parted),
        };
        let mut event = Event {
            time: now,
            presence,
            ..event
        };
        let program = &window.world.program;
        let service = program.streams[event.stream].service.as_ref();
        if let (Some(slot), Some(server)) =
            (service.and_then(|service| service.agent), visit.server)
        {
            event.carried[slot.index()] = f64::from(server + 1).to_bits();
        }
        self.play(window, &event);
    }

    /// The sides on which an agent of the same number is done with an event at the same time, this one among them; it
    /// has taken place there with this.
    fn leaves_too(
        &mut self,
        world: &World,
        now: Time,
        side: Side,
        visit: &Visit<Waiting>,
    ) -> Sides {
        let sides = visit.item.event.presence.sides;
        let mut too = [false; MOST_SIDES];
        for other in sides.each(world.sides()) {
            let place = visit.item.places[other.index()].filter(|_| other != side);
            too[other.index()] = other == side;
            let Some((desk, ticket)) = place else {
                continue;
            };
            let station = &mut self.desks.line(desk, other).station;
            if station.completion(ticket) == Some(now)
                && station.server(ticket) == visit.server
                && let Some(waiting) = station.item_mut(ticket)
                && !waiting.has_taken_place
            {
                waiting.has_taken_place = true;
                too[other.index()] = true;
            }
        }
        Sides::those(world.sides(), |side| too[side.index()]).and(sides)
    }
}
