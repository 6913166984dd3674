//! A logical process: a cell, which is a part of the population with its own pending events, entities and counters, or the
//! platform or the desks, which are processes of the same kind without entities.
//!
//! Between two barriers it plays its events alone; what it sends elsewhere waits in its outbox. In each window it takes what
//! is due, opens its sources, and lets events take place in order: conditions and eager words first, then what follows
//! (all effects see the state as it was), then the event's own changes, then its row. It must not see another process, nor
//! the business but through the views that it is given, nor know how many threads there are.

mod agenda;
mod changes;
mod desk;
mod effects;
mod forecast;
mod growth;
mod pending;
mod resume;
mod sources;
mod standing;
mod state;
mod strands;
mod vantage;
mod window;

pub(crate) use forecast::Forecast;
pub use growth::Excess;
pub(crate) use resume::{Onwards, end_of_day};
pub use state::ProcessState;
pub(crate) use vantage::{Vantage, Within};

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::base::time::Time;
use crate::streams::audit;
use crate::streams::eval::{number, take_undefined, word};
use crate::streams::event::Event;
use crate::streams::population::Population;
use crate::streams::program::Stage;
use crate::streams::rows::RowBuffers;
use crate::streams::sides::{Parting, Side, Sides};
use crate::streams::view::View;
use crate::streams::world::World;
use agenda::WindowAgenda;
use desk::Desks;
use effects::{Children, Spawner};
use growth::Growth;
use pending::Pending;
use sources::{Left, OpenedInPart};
use standing::Counters;
use strands::{EventWords, Strands};
use window::{Sight, Window, frame_of};

/// A logical process.
pub struct LogicalProcess {
    /// Its number; that of the platform is the number of cells.
    pub index: u16,
    /// Its entities.
    pub population: Population,
    /// Rows of the events that have taken place.
    pub rows: RowBuffers,
    /// Messages to other processes: (process, event).
    pub outbox: Vec<(u16, Event)>,
    /// How it stood at the end of each tick of the last window.
    pub views: Vec<Arc<View>>,
    /// The last of them, and what it depended on besides what events change.
    seen: Option<((i64, usize), Arc<View>)>,
    /// Whether something may have changed since that is seen from outside.
    touched: bool,
    /// How many reservations of slots that were not free have been refused, in what happens.
    pub refused: u64,
    /// Its part of the counters.
    counters: Counters,
    /// The desks; none but on their process.
    desks: Desks,
    /// Who has ceased to take part in a source today, and on which side.
    left: BTreeSet<Left>,
    /// Whose processes have been opened today on some sides only.
    opened_in_part: OpenedInPart,
    /// Events after the next barrier.
    pending: Pending,
    /// Events before the next barrier that take place in order.
    agenda: WindowAgenda,
    /// Events before the next barrier that need no order.
    work: Vec<Event>,
    /// The events that follow from one step of an event.
    children: Children,
    /// How many events of rings there are.
    growth: Growth,
}

impl LogicalProcess {
    /// All processes of a run, as they are when its warm-up begins.
    pub fn all(world: &World) -> Vec<LogicalProcess> {
        let processes = (0..world.program.processes()).into_par_iter();
        processes
            .map(|index| LogicalProcess::new(world, index))
            .collect()
    }

    /// The process with this number, as it is when the warm-up begins.
    pub fn new(world: &World, index: u16) -> LogicalProcess {
        let desks = match world.program.desk_process() == Some(index) {
            true => Desks::new(world),
            false => Desks::default(),
        };
        LogicalProcess {
            index,
            desks,
            population: Population::founding(world, index),
            rows: RowBuffers::new(index, world.program.streams.len()),
            outbox: Vec::new(),
            views: Vec::new(),
            seen: None,
            touched: true,
            refused: 0,
            counters: Counters::new(world),
            left: BTreeSet::new(),
            opened_in_part: OpenedInPart::new(),
            pending: Pending::new(world),
            agenda: WindowAgenda::default(),
            work: Vec::new(),
            children: Children::default(),
            growth: Growth::default(),
        }
    }

    /// Takes a message at a barrier.
    pub fn receive(&mut self, world: &World, event: Event) {
        self.growth.receive(world, event.stream);
        self.pending.push(world, &event);
    }

    /// Plays all events from `start` up to the barrier at `end`, and keeps how the cell stood at the
    /// end of each tick.
    pub(crate) fn advance(
        &mut self,
        world: &World,
        (vantage, forecast): (&mut impl Vantage, &Forecast<'_>),
        start: Time,
        end: Time,
    ) {
        let (process, arrivals) = (self.index, forecast.arrivals);
        let window = vantage::window(vantage, world, (process, arrivals), end);
        self.watch_growth(window);
        let due = self.pending.open(world, start);
        self.agenda.begin(start);
        for (place, stored) in due.events(world) {
            // Those that touch state wait for their turn.
            if world.traits(stored.stream()).stateful {
                let (time, generation) = (stored.time(), stored.generation());
                self.agenda.push_due(time, generation, stored.key(), place);
            } else {
                self.play(window, &stored.event());
            }
        }
        self.open_sources(window, start, forecast);
        self.agenda.sort();
        self.views.clear();
        let mut tick = start + world.program.tick;
        while let Some(mut event) = self.agenda.pop(|place| due.event(world, place)) {
            while event.time >= tick {
                vantage.pass(self, world, tick);
                tick += world.program.tick;
            }
            let window = vantage::window(vantage, world, (process, arrivals), end);
            if event.candidate {
                match self.accept(window, &event) {
                    Some(presence) => event.presence = presence,
                    None => continue,
                }
            }
            self.play(window, &event);
        }
        self.pending.recycle(due);
        while tick <= end {
            vantage.pass(self, world, tick);
            tick += world.program.tick;
        }
    }

    /// Lets in an event before the next barrier: those that touch state wait for their turn.
    fn enter(&mut self, window: Window<'_>, event: &Event) {
        if window.world.traits(event.stream).stateful {
            self.agenda.push(event);
        } else {
            self.play(window, event);
        }
    }

    /// Puts an event of this process where it waits for its time.
    fn wait(&mut self, window: Window<'_>, event: &Event) {
        if event.time < window.end {
            self.agenda.push(event);
        } else {
            self.pending.push(window.world, event);
        }
    }

    /// Lets an event take place, and at once those that follow from it and need no order.
    fn play(&mut self, window: Window<'_>, event: &Event) {
        self.take_place(window, event);
        while let Some(event) = self.work.pop() {
            self.take_place(window, &event);
        }
    }

    fn take_place(&mut self, window: Window<'_>, event: &Event) {
        if window.world.traits(event.stream).leaf {
            self.rows.leaf(window.world, event);
            return;
        }
        self.growth.pass(window.world, event);
        let stream = &window.world.program.streams[event.stream];
        self.touched |= stream.writes_state();
        let mut strands = Strands::of(event, stream);
        if let Some((kind, slot)) = stream.creates {
            let entity = self.create(window, kind, event);
            strands.each[0].words.slots[slot].set(entity);
        }
        self.prepare_strands(window, event, &mut strands);
        if strands.each.iter().any(|strand| strand.happens) {
            // All effects see the state as it was before the event's own changes.
            let (mut spawner, population) = self.spawner(window);
            let step = match strands.each.len() {
                1 => spawner.together(event, &mut strands, population),
                _ => Some(0),
            };
            if let Some(step) = step {
                spawner.apart(event, &mut strands, step, population);
            }
            self.change(window, event, &mut strands);
            self.write(window.world, event, &strands);
        }
        strands.give_back();
    }

    /// Works out for all sides what is needed first, and whether the event happens.
    fn prepare_strands(&mut self, window: Window<'_>, event: &Event, strands: &mut Strands) {
        let noted = Cell::default();
        let mut at = 0;
        while let Some(strand) = strands.each.get(at) {
            noted.set(Parting::NONE);
            let sight = strand.sight(&noted);
            let happens = self.prepare(window, event, &strand.words, sight);
            if take_undefined().is_some() && sight.side == Side::FACTUAL {
                let frame = frame_of(window, &self.population, event, &strand.words, sight);
                audit::look_at_event(&frame, happens);
            }
            strands.each[at].happens = happens;
            let parted = strands.split(at, noted.get());
            strands.parted = strands.parted.and(&parted);
            at += 1;
        }
    }

    /// Writes the rows of an event: one for all sides on which it is the same.
    fn write(&mut self, world: &World, event: &Event, strands: &Strands) {
        if let [strand] = &strands.each[..] {
            let presence = event.presence.part(strand.sides, &strands.parted);
            self.rows.write(world, event, presence, strand.words.kept());
            return;
        }
        let mut written = Sides::NONE;
        let happening = || strands.each.iter().filter(|strand| strand.happens);
        for strand in happening() {
            if written.on(strand.sides.first()) {
                continue;
            }
            let same = happening().filter(|other| other.words.same(&strand.words));
            let sides: Sides = same.map(|other| other.sides).collect();
            written = written | sides;
            let presence = event.presence.part(sides, &strands.parted);
            self.rows.write(world, event, presence, strand.words.kept());
        }
    }

    /// Works out the eager variables and the condition; false when the event does not happen.
    #[inline]
    fn prepare(
        &self,
        window: Window<'_>,
        event: &Event,
        words: &EventWords,
        sight: Sight<'_>,
    ) -> bool {
        let stream = &window.world.program.streams[event.stream];
        let frame = frame_of(window, &self.population, event, words, sight);
        if stream.eager > 0 {
            let eager = stream.variables.iter();
            let eager = eager.filter(|variable| variable.stage == Stage::Eager);
            for variable in eager.take(usize::from(stream.eager)) {
                words.slots[variable.slot].set(word(&variable.value, &frame));
            }
        }
        stream
            .requires
            .as_ref()
            .is_none_or(|requires| number(requires, &frame) != 0.0)
    }

    /// What lets effects follow, and the entities that they see.
    fn spawner<'a>(&'a mut self, window: Window<'a>) -> (Spawner<'a>, &'a Population) {
        let spawner = Spawner {
            window,
            pending: &mut self.pending,
            agenda: &mut self.agenda,
            work: &mut self.work,
            outbox: &mut self.outbox,
            rows: &mut self.rows,
            children: &mut self.children,
            growth: &mut self.growth,
        };
        (spawner, &self.population)
    }
}

thread_local! {
    static AGENDA: RefCell<WindowAgenda> = RefCell::default();
}

impl LogicalProcess {
    /// Exchanges the cell's agenda for the one that its thread keeps. Done before and after
    /// a window, when both are empty, it lets the cells that a thread plays share the memory of one,
    /// which stays in the cache; each would otherwise keep that of its busiest window.
    pub fn exchange_agenda(&mut self) {
        debug_assert!(self.agenda.is_empty(), "events are left in their window");
        AGENDA.with_borrow_mut(|kept| std::mem::swap(kept, &mut self.agenda));
    }
}
