//! A cell is a logical process: a part of the population with its own queue, entities and
//! counters. Between two barriers it plays its events alone; what it sends elsewhere waits in its
//! outbox. The platform is a process of the same kind, without entities.

mod agenda;
mod changes;
mod desk;
mod effects;
mod marked;
mod members;
mod pending;
mod population;
mod row_buffers;
mod slots;
mod sources;
mod state;
mod steps;

pub use effects::{MAX_COUNT, drawn_cell};
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

use crate::draw::Key;
use crate::eval::{Frame, Own, number, word};
use crate::program::{Label, MAX_CARRIED, MAX_WORDS, NO_CAUSE, Stage, Stream, StreamId};
use crate::queue::Order;
use crate::sides::{Lineage, Side, Sides};
use crate::time::Time;
use crate::world::{Observed, Standing, StandingApart, View, World};
use agenda::Agenda;
use desk::Desks;
use effects::{Children, Spawner};
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
    pub views: Vec<View>,
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
    /// The events that follow from one step of an event, on each side.
    children: Children,
}

/// A process's part of the counters, on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Counters {
    factual: Vec<f64>,
    untouched: Vec<f64>,
    labels: Vec<Label>,
}

impl Counters {
    fn add(&mut self, counter: u16, value: f64, lineage: Lineage) {
        let counter = usize::from(counter);
        if lineage.sides.on(Side::Factual) {
            self.factual[counter] += value;
        }
        if lineage.sides.on(Side::Untouched) {
            self.untouched[counter] += value;
        }
        if lineage.label != 0 {
            self.labels[counter] = lineage.label;
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
        let counters = world.program.counters.len();
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
            refused: 0,
            counters: Counters {
                factual: vec![0.0; counters],
                untouched: vec![0.0; counters],
                labels: vec![0; counters],
            },
            left: BTreeSet::new(),
            pending: Pending::new(world),
            agenda: Agenda::default(),
            work: Vec::new(),
            children: Children::default(),
        }
    }

    /// Takes a message at a barrier.
    pub fn receive(&mut self, world: &World, event: Event) {
        self.pending.push(world, &event);
    }

    /// Plays all events from `start` up to the barrier at `end`, and keeps how the cell stood at the
    /// end of each tick.
    pub fn advance(&mut self, world: &World, observed: &Observed, start: Time, end: Time) {
        let window = Window {
            world,
            observed,
            end,
        };
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
        self.open_sources(window, start);
        self.agenda.sort();
        self.views.clear();
        let mut tick = start + world.program.tick;
        while let Some(mut event) = self.agenda.pop(|place| due.event(world, place)) {
            while event.time >= tick {
                self.views.push(self.view(world, tick));
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
            self.views.push(self.view(world, tick));
            tick += world.program.tick;
        }
    }

    /// How the cell stands at a time.
    pub fn view(&self, world: &World, now: Time) -> View {
        fn all<T: Copy>(groups: &[Group], of: impl Fn(&Group) -> &[T]) -> Vec<T> {
            groups
                .iter()
                .flat_map(|group| of(group).iter().copied())
                .collect()
        }
        let groups = &self.population.groups;
        let waiting = |side| match self.desks.is_empty() {
            true => vec![0; world.program.desks.len()],
            false => self.desks.waiting(side),
        };
        let apart = || StandingApart {
            untouched: Standing {
                states: all(groups, |group| &group.in_state_untouched),
                counters: self.counters.untouched.clone(),
                waiting: waiting(Side::Untouched),
                slots: self.slots(world, now, Side::Untouched),
            },
            states_by: all(groups, |group| &group.in_state_label),
            counters_by: self.counters.labels.clone(),
        };
        View {
            factual: Standing {
                states: all(groups, |group| &group.in_state),
                counters: self.counters.factual.clone(),
                waiting: waiting(Side::Factual),
                slots: self.slots(world, now, Side::Factual),
            },
            apart: world.has_interventions().then(|| Box::new(apart())),
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
        let stream = &window.world.program.streams[usize::from(event.stream)];
        let mut words = WORDS.take();
        words.begin(event, stream);
        if let Some((kind, slot)) = stream.creates {
            words.slots[usize::from(slot)].set(self.create(window, kind, event));
        }
        let noted = Slot::new(0);
        match event.lineage.sides {
            Sides::Both => self.take_place_on_both(window, event, &words, &noted),
            Sides::Only(side) => {
                let sight = Sight {
                    side,
                    noted: &noted,
                };
                if self.prepare(window, event, &words, sight) {
                    let (mut spawner, population) = self.spawner(window);
                    spawner.alone(event, &frame_of(window, population, event, &words, sight));
                    self.changes_alone(window, event, &words, sight);
                    self.rows
                        .write(window.world, event, event.lineage, words.kept());
                }
            }
        }
        WORDS.set(words);
    }

    /// An event on both sides is worked out once, until something that it reads differs between
    /// them; from there on, for each side. All effects see the state as it was before the event's own
    /// changes.
    fn take_place_on_both(
        &mut self,
        window: Window<'_>,
        event: &Event,
        words: &Words,
        noted: &Slot<Label>,
    ) {
        let factual = Sight {
            side: Side::Factual,
            noted,
        };
        let untouched = Sight {
            side: Side::Untouched,
            noted,
        };
        let happens = self.prepare(window, event, words, factual);
        let mut apart = None;
        let mut on = [happens, happens];
        let mut label = noted.get();
        if label != 0 {
            let other = words.again();
            on[1] = self.prepare(window, event, &other, untouched);
            apart = Some(other);
        }
        if on == [false, false] {
            return;
        }
        let (mut spawner, population) = self.spawner(window);
        let frame = frame_of(window, population, event, words, factual);
        let mut step = 0;
        if apart.is_none()
            && let Some(parted) = spawner.together(event, &frame)
        {
            (step, label) = (parted, noted.get());
            apart = Some(words.again());
        }
        if let Some(other) = &apart {
            let frames = [
                on[0].then_some(frame),
                on[1].then(|| frame_of(window, population, event, other, untouched)),
            ];
            spawner.apart(event, frames, step, label);
        }
        self.changes_on_both(
            window,
            event,
            [words, apart.as_ref().unwrap_or(words)],
            on,
            label,
        );
        let rows = &mut self.rows;
        match &apart {
            Some(other) if on != [true, true] || !words.same(other) => {
                for (side, words) in [(Side::Factual, words), (Side::Untouched, other)] {
                    if on[side as usize] {
                        rows.write(
                            window.world,
                            event,
                            Lineage::only(side, label),
                            words.kept(),
                        );
                    }
                }
            }
            _ => rows.write(window.world, event, Lineage::BOTH, words.kept()),
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
        };
        (spawner, &self.population)
    }
}

thread_local! {
    static AGENDA: RefCell<Agenda> = RefCell::default();
    /// Words of the event that takes place, so that they need not be cleared for each.
    static WORDS: Slot<Words> = Slot::default();
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

/// The words of an event that takes place, on one side. What is carried is there; eager words are
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
        let mut slots = self.slots[..self.kept].to_vec();
        slots.resize(MAX_WORDS, Slot::new(0));
        Words {
            slots,
            ready: Slot::new((1 << self.kept) - 1),
            kept: self.kept,
        }
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

/// The side on which something is worked out, and where it is noted whether the other one differs.
#[derive(Clone, Copy)]
struct Sight<'a> {
    side: Side,
    noted: &'a Slot<Label>,
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
