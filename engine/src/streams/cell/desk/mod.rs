//! The desks: the process on which events wait for an agent, who works on them, or whom they hold until another event releases them.
//!
//! All desks are one process, which plays each window after the cells have played it, so that what the cells send is
//! there at its own time. On each side of a run every desk has a line of its own: agents are scarce, so one event more
//! on one side makes others wait that have nothing to do with it. An event that is on several sides takes place once for
//! those whose lines have it done at the same time by the same agent; otherwise they part, because of contention. Where
//! interventions change how many agents there are, that is no contention: it lies in the lineage of what waits there.

mod line;

use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::sync::Arc;

use super::{LogicalProcess, Sight, Strands, Window, frame_of};
use crate::base::time::{Span, Time};
use crate::kernel::resource::station::{Notice, Ticket};
use crate::streams::eval::{eval, number, take_undefined};
use crate::streams::event::Event;
use crate::streams::kept::Site;
use crate::streams::program::{Duty, HOURS_OF_WEEK, Service, Slot};
use crate::streams::rates::Arrivals;
use crate::streams::sides::{Label, MOST_SIDES, Parting, Side, Sides};
use crate::streams::view::Observed;
use crate::streams::world::World;
use line::{Line, Waiting, What, Wish};

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

/// With what an event takes place at a desk.
struct Outcome {
    /// The number of the agent, from 0; none if there was none.
    server: Option<u32>,
    waited: Span,
    /// The sides on which this is so.
    sides: Sides,
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

impl Desks {
    /// The desks of a program, closed until the first shift begins.
    pub fn new(world: &World) -> Desks {
        let desk = |number| Desk {
            lines: Side::first(world.sides())
                .map(|_| Line::new(world.program.is_held(number)))
                .collect(),
            parting: Parting::NONE,
            staffed: Parting::NONE,
            staffing: Parting::NONE,
        };
        let desks = (0..).zip(&world.program.desks);
        Desks(desks.map(|(number, _)| desk(number)).collect())
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

    /// Of lines at which nobody is, nothing differs any more but who is there to work.
    fn settle(&mut self) {
        if self.is_empty() {
            (self.parting, self.staffing) = (Parting::NONE, self.staffed);
        }
    }
}

/// By so much less than one more agent is none.
const ROUNDING: f64 = 1e-9;
/// Nobody waits longer than this, in microseconds: some three thousand years.
const LONGEST: f64 = 1e17;
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
                    if let Some(notice) = self.desks.line(desk, side).advance() {
                        self.tell(window, time, (desk, side), notice);
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
        let Some(service) = &world.program.streams[event.stream].service else {
            self.play(window, event);
            return;
        };
        let (sides, played) = (event.presence.sides, world.sides());
        let wishes = sides.each(played);
        let wishes = wishes.map(|side| (side, self.wish(window, (event, service), side)));
        let wishes = wishes.filter_map(|(side, wish)| Some((side, wish?)));
        let wishes: Vec<(Side, Wish)> = wishes.collect();
        let mut factual = wishes.iter().filter(|(side, _)| *side == Side::FACTUAL);
        let parted = factual.next().map_or(Parting::NONE, |(_, wish)| wish.noted);
        let differs = event.presence.parting().and(&parted);
        for (_, wish) in &wishes {
            let at = &mut self.desks.0[usize::from(wish.desk)];
            at.parting = at.parting.and(&differs);
        }
        if let Duty::Release(_) = service.duty {
            self.play(window, event);
            for (side, wish) in wishes.iter().filter(|(_, wish)| wish.happens) {
                self.release(event.time, *side, wish);
            }
            return;
        }
        let mut places = [None; MOST_SIDES];
        let mut balks = [None; MOST_SIDES];
        for (side, wish) in &wishes {
            let line = self.desks.line(wish.desk, *side);
            match line.request(event.time, *event, wish) {
                Some(ticket) => places[side.index()] = Some((wish.desk, ticket)),
                None => balks[side.index()] = Some(wish.desk),
            }
        }
        for side in sides.each(played) {
            let Some((desk, ticket)) = places[side.index()] else {
                continue;
            };
            let station = &mut self.desks.line(desk, side).station;
            if let Some(waiting) = station.item_mut(ticket) {
                waiting.places = places;
                waiting.parting = parted;
            }
        }
        for desk in (0..).take(self.desks.0.len()) {
            let sides = Sides::those(played, |side| balks[side.index()] == Some(desk)).and(sides);
            if sides == Sides::NONE {
                continue;
            }
            let outcome = Outcome {
                server: None,
                waited: Span(0),
                sides,
            };
            self.served(window, event.time, desk, (event, &parted), outcome);
        }
    }

    /// Works out on one side at which desk an event wants what.
    fn wish(
        &mut self,
        window: Window<'_>,
        (event, service): (&Event, &Service),
        side: Side,
    ) -> Option<Wish> {
        let program = &window.world.program;
        let stream = &program.streams[event.stream];
        let strands = Strands::of(event, stream);
        let words = &strands.each[0].words;
        let noted = Cell::new(Parting::NONE);
        let sight = Sight {
            side,
            among: event.presence.sides,
            noted: &noted,
        };
        // Of what waits, it is asked when it takes place whether it does; here only what the desk wants to know.
        let happens = self.prepare(window, event, words, sight);
        let frame = frame_of(window, &self.population, event, words, sight);
        take_undefined();
        let code = eval(&service.desk, &frame);
        let what = match &service.duty {
            Duty::Work(work) => What::Work(Span(number(work, &frame).max(0.0) as i64)),
            Duty::Hold(id) => What::Hold(eval(id, &frame)),
            Duty::Release(id) => What::Release(eval(id, &frame)),
        };
        let priority = number(&service.priority, &frame) as i32;
        let give_up = service.give_up.as_ref();
        let give_up = give_up.map(|e| Span(number(e, &frame).clamp(0.0, LONGEST) as i64));
        let room = service.room.as_ref();
        let room = room.map(|e| (number(e, &frame) * window.world.scale - ROUNDING).ceil());
        if let Some(found) = take_undefined().filter(|_| side == Side::FACTUAL) {
            let event = (event.stream, event.key, event.time);
            window.world.note_undefined(event, Site::Desk, found);
        }
        strands.give_back();
        let mut desks = program.desks.iter();
        let desk = desks.position(|desk| u64::from(desk.code) == code)? as u16;
        Some(Wish {
            desk,
            what,
            priority,
            give_up,
            room: room.map(|room| room as usize),
            happens,
            noted: noted.get(),
        })
    }

    /// Who is held on a side in the name of an id is free again, and gets the next who waits.
    fn release(&mut self, now: Time, side: Side, wish: &Wish) {
        if let What::Release(id) = wish.what {
            self.desks.line(wish.desk, side).release(now, id);
            self.desks.0[usize::from(wish.desk)].settle();
        }
    }

    /// Something has happened in a line: an event takes place, on the sides of which this is true.
    fn tell(
        &mut self,
        window: Window<'_>,
        now: Time,
        (desk, side): (u16, Side),
        notice: Notice<Waiting>,
    ) {
        let station = &mut self.desks.line(desk, side).station;
        let (item, ticket, server, waited) = match notice {
            Notice::Finished(visit) => (visit.item, visit.ticket, visit.server, visit.waited),
            Notice::Reneged(visit) => (visit.item, visit.ticket, None, visit.waited),
            Notice::Started {
                ticket,
                server,
                waited,
            } => {
                let item = station.item_mut(ticket);
                let Some(item) = item.filter(|item| item.holds.is_some()) else {
                    return;
                };
                let found = item.clone();
                item.has_taken_place = true;
                (found, ticket, Some(server), waited)
            }
            Notice::Preempted { .. } => return,
        };
        if item.has_taken_place || now >= window.world.kept_until {
            self.desks.0[usize::from(desk)].settle();
            return;
        }
        let place = (desk, ticket, side);
        let mut late = Vec::new();
        let sides = match server {
            Some(_) => self.begins_too(window.world, now, side, (&item, server, waited)),
            None => self.gives_up_too(window.world, place, (now, &item), &mut late),
        };
        let outcome = Outcome {
            server,
            waited,
            sides,
        };
        self.served(window, now, desk, (&item.event, &item.parting), outcome);
        for (place, notice) in late {
            self.tell(window, now, place, notice);
        }
    }

    /// An event that has come to a desk takes place.
    fn served(
        &mut self,
        window: Window<'_>,
        now: Time,
        desk: u16,
        (event, parting): (&Event, &Parting),
        outcome: Outcome,
    ) {
        let desk = &mut self.desks.0[usize::from(desk)];
        let (scarce, staffing) = (desk.parting, desk.staffing);
        desk.settle();
        let named = match staffing.by {
            Label::NONE => parting.by.or(scarce.by).or(Label::JOINT),
            by => by.and(parting.by).and(scarce.by),
        };
        let parted = Parting {
            lineage: parting.lineage | staffing.lineage,
            scarcity: event.presence.sides,
            by: named,
        };
        let presence = match outcome.sides == event.presence.sides {
            true => event.presence,
            false => event.presence.part(outcome.sides, &parted),
        };
        let mut event = Event {
            time: now,
            presence,
            ..*event
        };
        let program = &window.world.program;
        if let Some(service) = &program.streams[event.stream].service {
            let mut fill = |slot: Option<_>, value: f64| {
                if let Some(slot) = slot {
                    event.carried[Slot::index(slot)] = value.to_bits();
                }
            };
            fill(
                service.agent,
                outcome.server.map_or(0.0, |server| f64::from(server + 1)),
            );
            fill(service.waited, outcome.waited.0 as f64);
        }
        self.play(window, &event);
    }

    /// The sides on which an agent of the same number is done with an event at the same time, or begins to be held by it, this one
    /// among them; it has taken place there with this.
    fn begins_too(
        &mut self,
        world: &World,
        now: Time,
        side: Side,
        (item, server, waited): (&Waiting, Option<u32>, Span),
    ) -> Sides {
        let sides = item.event.presence.sides;
        let service = world.program.streams[item.event.stream].service.as_ref();
        let tells_wait = service.is_some_and(|service| service.waited.is_some());
        let begun = Some(item.event.time + waited);
        let mut too = [false; MOST_SIDES];
        for other in sides.each(world.sides()) {
            let place = item.places[other.index()].filter(|_| other != side);
            too[other.index()] = other == side;
            let Some((desk, ticket)) = place else {
                continue;
            };
            let station = &mut self.desks.line(desk, other).station;
            let takes_place = match item.holds {
                Some(_) => station.started(ticket),
                None => station.completion(ticket),
            };
            if takes_place == Some(now)
                && station.server(ticket) == server
                && (!tells_wait || station.started(ticket) == begun)
                && let Some(waiting) = station.item_mut(ticket)
                && !waiting.has_taken_place
            {
                waiting.has_taken_place = true;
                too[other.index()] = true;
            }
        }
        Sides::those(world.sides(), |side| too[side.index()]).and(sides)
    }

    /// The sides on which an event gives up at the same time, having waited as long, this one among them. What is due there before
    /// is done, and comes late.
    fn gives_up_too(
        &mut self,
        world: &World,
        (desk, _, side): (u16, Ticket, Side),
        (now, item): (Time, &Waiting),
        late: &mut Vec<((u16, Side), Notice<Waiting>)>,
    ) -> Sides {
        let sides = item.event.presence.sides;
        let mut too = [false; MOST_SIDES];
        too[side.index()] = true;
        for other in sides.each(world.sides()).filter(|other| *other != side) {
            let place = item.places[other.index()].filter(|(at, _)| *at == desk);
            let Some((desk, ticket)) = place else {
                continue;
            };
            let line = self.desks.line(desk, other);
            // Who gives up then may still be served at that very time: what comes first, the line alone knows.
            while line.station.server(ticket).is_none()
                && line.station.item(ticket).and_then(|item| item.until) == Some(now)
                && line.next() == Some(now)
            {
                match line.advance() {
                    Some(Notice::Reneged(visit)) if visit.ticket == ticket => {
                        too[other.index()] = true;
                    }
                    Some(notice) => late.push(((desk, other), notice)),
                    None => {}
                }
            }
        }
        Sides::those(world.sides(), |side| too[side.index()]).and(sides)
    }
}
