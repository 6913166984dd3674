//! A cell is a logical process: a part of the population with its own queue, entities and
//! counters. Between two barriers it plays its events alone; what it sends elsewhere waits in its
//! outbox. The platform is a process of the same kind, without entities.

mod agenda;
mod changes;
mod desk;
mod effects;
mod forecast;
mod growth;
mod marked;
mod members;
mod pending;
mod population;
mod row_buffers;
mod slots;
mod sources;
mod state;
mod steps;

pub use effects::MAX_COUNT;
pub(crate) use effects::how_many;
pub(crate) use forecast::Forecast;
pub use growth::Excess;
pub use marked::Marked;
pub use members::Members;
pub use population::{Group, Population, Twin};
pub use row_buffers::{RowBuffers, Rows};
pub(crate) use sources::JOINER_BLOCK;
pub use state::CellState;
pub use steps::{Step, steps};

use serde::{Deserialize, Serialize};
use std::cell::{Cell as Slot, RefCell};
use std::collections::BTreeSet;
use std::iter::repeat_n;
use std::sync::Arc;

use crate::base::draw::Key;
use crate::base::queue::Order;
use crate::base::time::{Span, Time};
use crate::streams::eval::{Frame, Own, finite, number, take_undefined, word};
use crate::streams::kept;
use crate::streams::program::{MAX_CARRIED, MAX_WORDS, NO_CAUSE, Stage, Stream, StreamId};
use crate::streams::sides::{Lineage, Parting, Side, Sides};
use crate::streams::view::{Observed, View};
use crate::streams::world::World;
use agenda::Agenda;
use desk::Desks;
use effects::{Children, Spawner};
use growth::Growth;
use pending::Pending;
use sources::Left;

/// An event that is to take place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub time: Time,
    /// Its identity.
    pub key: Key,
    /// `event_id` of its cause; meaningless without one.
    pub cause: u64,
    /// `event_id` of the first event of its chain.
    pub root: u64,
    /// How many events came before it in its chain.
    pub generation: u32,
    /// Which of the events of its effect it is.
    pub index: u16,
    /// Its stream.
    pub stream: StreamId,
    /// The causing stream, or [`NO_CAUSE`].
    pub from: StreamId,
    /// Whether it still depends on its actor's state: a source's candidate.
    pub candidate: bool,
    /// On which sides it takes place, and because of whom.
    pub lineage: Lineage,
    /// The words it carries from its cause or source.
    pub carried: [u64; MAX_CARRIED],
}

impl Event {
    /// Where it stands in the total order.
    pub fn order(&self) -> Order {
        Order {
            time_us: self.time.0,
            rank: self.generation,
            key: self.key.0,
        }
    }
}

/// What is around the events between two barriers.
#[derive(Clone, Copy)]
pub(crate) struct Window<'a> {
    /// What is fixed for the run.
    pub world: &'a World,
    /// What the process sees of the whole business.
    pub observed: &'a Observed,
    /// The barrier at which the window ends.
    pub end: Time,
}

/// A logical process.
pub struct Cell {
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
    /// Events after the next barrier.
    pending: Pending,
    /// Events before the next barrier that take place in order.
    agenda: Agenda,
    /// Events before the next barrier that need no order.
    work: Vec<Event>,
    /// The events that follow from one step of an event.
    children: Children,
    /// How many events of rings there are.
    growth: Growth,
}

/// A process's part of the counters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Counters {
    /// On each side.
    each: Vec<Vec<f64>>,
    /// How the sides have come to differ in each counter.
    partings: Vec<Parting>,
}

impl Counters {
    fn new(world: &World) -> Counters {
        let counters = world.program.counters.len();
        Counters {
            each: vec![vec![0.0; counters]; world.sides()],
            partings: vec![Parting::NONE; counters],
        }
    }

    fn add(&mut self, counter: u16, value: f64, lineage: Lineage) {
        let counter = usize::from(counter);
        for (side, counters) in (0..).map(Side).zip(&mut self.each) {
            if lineage.sides.on(side) {
                counters[counter] = finite(counters[counter] + value);
            }
        }
        if lineage.sides != Sides::ALL {
            let parting = &mut self.partings[counter];
            *parting = parting.and(&lineage.parting());
        }
    }

    /// What they are where each side is what `origin` gives for it.
    fn of_origin(&self, origin: &[Side]) -> Counters {
        let each = origin.iter().map(|side| self.each[side.index()].clone());
        Counters {
            each: each.collect(),
            partings: self.partings.iter().map(|p| p.of_origin(origin)).collect(),
        }
    }
}

impl Cell {
    /// The process with this number, as it is when the warm-up begins.
    pub fn new(world: &World, index: u16) -> Cell {
        Cell {
            population: Population::founding(world, index),
            ..Cell::empty(world, index)
        }
    }

    /// The process with this number, without entities.
    fn empty(world: &World, index: u16) -> Cell {
        let desks = match world.program.desk_process() == Some(index) {
            true => Desks::new(world),
            false => Desks::default(),
        };
        Cell {
            index,
            desks,
            population: Population::default(),
            rows: RowBuffers::new(index, world.program.streams.len()),
            outbox: Vec::new(),
            views: Vec::new(),
            seen: None,
            touched: true,
            refused: 0,
            counters: Counters::new(world),
            left: BTreeSet::new(),
            pending: Pending::new(world),
            agenda: Agenda::default(),
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
        (observed, forecast): (&Observed, &Forecast),
        start: Time,
        end: Time,
    ) {
        let window = Window {
            world,
            observed,
            end,
        };
        self.watch_growth(world, end);
        let due = self.pending.open(start);
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
                self.look(world, tick);
                tick += world.program.tick;
            }
            if event.candidate {
                match self.accept(window, &event) {
                    Some(lineage) => event.lineage = lineage,
                    None => continue,
                }
            }
            self.play(window, &event);
        }
        self.pending.recycle(due);
        while tick <= end {
            self.look(world, tick);
            tick += world.program.tick;
        }
    }

    /// Keeps how the cell stands at the end of a tick.
    fn look(&mut self, world: &World, tick: Time) {
        // Of diaries those of the day are seen, from when on anybody asks.
        let watched = world.watched_from.iter().filter(|&&from| tick >= from);
        let day = world.program.zone.reading(tick).index_of(Span::DAY);
        let stamp = (day, watched.count());
        let seen = self.seen.take();
        let seen = seen.filter(|(then, _)| !self.touched && *then == stamp);
        let view = seen.map_or_else(|| Arc::new(self.view(world, tick)), |(_, view)| view);
        debug_assert_eq!(*view, self.view(world, tick), "somebody has changed it");
        self.touched = false;
        self.seen = Some((stamp, Arc::clone(&view)));
        self.views.push(view);
    }

    /// How the cell stands at a time.
    pub fn view(&self, world: &World, now: Time) -> View {
        let figures = &world.figures;
        let groups = &self.population.groups;
        let slots = self.slots(world, now);
        // What a process has nothing of is 0.
        let states = if groups.is_empty() {
            figures.states()
        } else {
            0
        };
        let kinds = 2 * (world.program.kinds.len() - slots.len());
        let desks = match self.desks.is_empty() {
            true => world.program.desks.len(),
            false => 0,
        };
        let partings = |all: &mut Vec<Parting>| {
            for group in groups {
                all.extend_from_slice(&group.in_state_parting);
            }
            all.extend(repeat_n(Parting::NONE, states));
            all.extend_from_slice(&self.counters.partings);
            all.extend(self.desks.partings());
            all.extend(repeat_n(Parting::NONE, desks));
            for (_, parting) in &slots {
                all.extend([*parting; 2]);
            }
            all.extend(repeat_n(Parting::NONE, kinds));
        };
        let on = |side: Side, all: &mut Vec<f64>| {
            for group in groups {
                all.extend(
                    group.in_state[side.index()]
                        .iter()
                        .map(|&count| count as f64),
                );
            }
            all.extend(repeat_n(0.0, states));
            all.extend_from_slice(&self.counters.each[side.index()]);
            all.extend(self.desks.waiting(side).into_iter().map(f64::from));
            all.extend(repeat_n(0.0, desks));
            for (each, _) in &slots {
                let slots = each.get(side.index()).copied().unwrap_or_default();
                all.extend(slots.map(|slots| slots as f64));
            }
            all.extend(repeat_n(0.0, kinds));
        };
        View::new((figures.count, world.sides()), partings, on)
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
        let stream = &window.world.program.streams[usize::from(event.stream)];
        self.touched |= stream.writes_state();
        let mut strands = Strands::of(event, stream);
        if let Some((kind, slot)) = stream.creates {
            let entity = self.create(window, kind, event);
            strands.each[0].words.slots[usize::from(slot)].set(entity);
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
        let noted = Slot::default();
        let mut at = 0;
        while let Some(strand) = strands.each.get(at) {
            noted.set(Parting::NONE);
            let sight = strand.sight(&noted);
            let happens = self.prepare(window, event, &strand.words, sight);
            if take_undefined() && sight.side == Side::FACTUAL {
                let frame = frame_of(window, &self.population, event, &strand.words, sight);
                kept::look_at_event(&frame, happens);
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
            let lineage = event.lineage.part(strand.sides, &strands.parted);
            self.rows.write(world, event, lineage, strand.words.kept());
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
            let lineage = event.lineage.part(sides, &strands.parted);
            self.rows.write(world, event, lineage, strand.words.kept());
        }
    }

    /// Works out the eager variables and the condition; false when the event does not happen.
    #[inline]
    fn prepare(&self, window: Window<'_>, event: &Event, words: &Words, sight: Sight<'_>) -> bool {
        let stream = &window.world.program.streams[usize::from(event.stream)];
        let frame = frame_of(window, &self.population, event, words, sight);
        if stream.eager > 0 {
            let eager = stream.variables.iter();
            let eager = eager.filter(|variable| variable.stage == Stage::Eager);
            for variable in eager.take(usize::from(stream.eager)) {
                words.slots[usize::from(variable.slot)].set(word(&variable.value, &frame));
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
            process: self.index,
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
    static AGENDA: RefCell<Agenda> = RefCell::default();
    /// Those of the event that took place last, so that they need not be made for each.
    static STRANDS: Slot<Vec<Strand>> = const { Slot::new(Vec::new()) };
    /// Words of strands that have come apart, likewise.
    static WORDS: RefCell<Vec<Words>> = const { RefCell::new(Vec::new()) };
}

/// An event on a group of sides, as long as nothing that has been read differs among them.
#[derive(Default)]
struct Strand {
    sides: Sides,
    /// Whether it happens there.
    happens: bool,
    words: Words,
}

/// An event that takes place: worked out once, until something that it reads differs between sides; from there on
/// for each group of sides.
struct Strands {
    /// At least one. The factual side, if the event is on it, is in the first.
    each: Vec<Strand>,
    /// How the others have come to differ from the factual side so far.
    parted: Parting,
}

impl Strand {
    /// The side on which it is worked out, and for which.
    fn sight<'a>(&self, noted: &'a Slot<Parting>) -> Sight<'a> {
        Sight {
            side: self.sides.first(),
            among: self.sides,
            noted,
        }
    }
}

impl Strands {
    /// Takes up an event.
    fn of(event: &Event, stream: &Stream) -> Strands {
        let mut each = STRANDS.take();
        if each.is_empty() {
            each.push(Strand::default());
        }
        let strand = &mut each[0];
        strand.sides = event.lineage.sides;
        strand.words.begin(event, stream);
        Strands {
            each,
            parted: Parting::NONE,
        }
    }

    fn give_back(mut self) {
        if self.each.len() > 1 {
            let words = self.each.drain(1..).map(|strand| strand.words);
            WORDS.with_borrow_mut(|kept| kept.extend(words));
        }
        STRANDS.set(self.each);
    }

    /// Lets those sides of a strand have one of their own that differ in what has been read for it. Returns how they
    /// differ from the factual side, as far as it has been read for that.
    #[inline(always)]
    fn split(&mut self, at: usize, noted: Parting) -> Parting {
        match noted == Parting::NONE {
            true => noted,
            false => self.split_off(at, noted),
        }
    }

    fn split_off(&mut self, at: usize, noted: Parting) -> Parting {
        let strand = &mut self.each[at];
        let side = strand.sides.first();
        let leaving = strand.sides.and(noted.sides());
        if !leaving.is_none() {
            strand.sides = strand.sides.without(leaving);
            let (happens, words) = (strand.happens, strand.words.again());
            let sides = leaving;
            self.each.push(Strand {
                sides,
                happens,
                words,
            });
        }
        match side {
            Side::FACTUAL => noted,
            _ => Parting::NONE,
        }
    }

    /// How the sides have come to differ in something for which this has been read, if anything has.
    fn parting(&self, noted: &Parting) -> Parting {
        match *noted == Parting::NONE {
            true => self.parted,
            false => Parting {
                lineage: noted.lineage | self.parted.lineage,
                scarcity: noted.scarcity | self.parted.scarcity,
                by: if noted.by == 0 {
                    self.parted.by
                } else {
                    noted.by
                },
            },
        }
    }
}

impl Cell {
    /// Exchanges the cell's agenda for the one that its thread keeps. Done before and after
    /// a window, when both are empty, it lets the cells that a thread plays share the memory of one,
    /// which stays in the cache; each would otherwise keep that of its busiest window.
    pub fn exchange_agenda(&mut self) {
        debug_assert!(self.agenda.is_empty(), "events are left in their window");
        AGENDA.with_borrow_mut(|kept| std::mem::swap(kept, &mut self.agenda));
    }
}

/// The words of an event that takes place, on a group of sides. What is carried is there; eager words are
/// worked out in order; the others on demand.
#[derive(Default)]
struct Words {
    /// [`MAX_WORDS`] of them once used; what is not ready is left over from other events.
    slots: Vec<Slot<u64>>,
    /// Which of them have been worked out, a bit each.
    ready: Slot<u64>,
    /// How many of them are carried or eager.
    kept: usize,
}

impl Words {
    /// Takes up an event.
    fn begin(&mut self, event: &Event, stream: &Stream) {
        self.slots.resize(MAX_WORDS, Slot::new(0));
        self.kept = usize::from(stream.carried + stream.eager);
        self.ready.set((1 << self.kept) - 1);
        let carried = &event.carried[..usize::from(stream.carried)];
        for (slot, &word) in self.slots.iter().zip(carried) {
            slot.set(word);
        }
    }

    /// The same words, without those worked out on demand.
    fn again(&self) -> Words {
        let mut words = WORDS.with_borrow_mut(Vec::pop).unwrap_or_default();
        words.slots.resize(MAX_WORDS, Slot::new(0));
        words.slots[..self.kept].clone_from_slice(self.kept());
        words.ready.set((1 << self.kept) - 1);
        words.kept = self.kept;
        words
    }

    /// The words that a row keeps.
    fn kept(&self) -> &[Slot<u64>] {
        &self.slots[..self.kept]
    }

    /// Whether the words that a row keeps are the same.
    fn same(&self, other: &Words) -> bool {
        self.kept() == other.kept()
    }
}

/// The side on which something is worked out, for which sides, and where it is noted how others of them differ.
#[derive(Clone, Copy)]
struct Sight<'a> {
    side: Side,
    among: Sides,
    noted: &'a Slot<Parting>,
}

/// The frame of an event with its words.
fn frame_of<'a>(
    window: Window<'a>,
    population: &'a Population,
    event: &Event,
    words: &'a Words,
    sight: Sight<'a>,
) -> Frame<'a> {
    Frame {
        world: window.world,
        population,
        observed: window.observed,
        stream: usize::from(event.stream),
        key: event.key,
        time: event.time,
        cause: window.world.cause_code(event.from),
        index: u32::from(event.index),
        slots: &words.slots,
        ready: &words.ready,
        of: None,
        own: Own::Nobody,
        side: sight.side,
        among: sight.among,
        made: event.lineage.made,
        noted: sight.noted,
    }
}

/// An event that nothing caused.
fn root(stream: usize, key: Key, time: Time, actor: Option<u64>, lineage: Lineage) -> Event {
    let mut carried = [0; MAX_CARRIED];
    carried[0] = actor.unwrap_or(0);
    Event {
        time,
        key,
        cause: 0,
        root: key.0,
        generation: 0,
        index: 0,
        stream: stream as StreamId,
        from: NO_CAUSE,
        candidate: actor.is_some(),
        lineage,
        carried,
    }
}
