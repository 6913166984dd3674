//! A cell is a logical process: a part of the population with its own queue, entities and
//! counters. Between two barriers it plays its events alone; what it sends elsewhere waits in its
//! outbox. The platform is a process of the same kind, without entities.

mod changes;
mod effects;
mod pending;
mod population;
mod row_buffers;
mod sources;

pub use population::{Group, Population};
pub use row_buffers::{HEAD_WORDS, RowBuffers};

use crate::draw::Key;
use crate::eval::{Frame, Own, eval, number};
use crate::program::{MAX_CARRIED, MAX_WORDS, NO_CAUSE, Stage, StreamId};
use crate::queue::{FutureEvents, Order};
use crate::time::Time;
use crate::world::{Observed, View, World};
use effects::Spawner;
use pending::Pending;

/// An event that is to take place.
#[derive(Clone, Copy, Debug)]
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
    pub index: u32,
    /// Its stream.
    pub stream: StreamId,
    /// The causing stream, or [`NO_CAUSE`].
    pub from: StreamId,
    /// Whether it still depends on its actor's state: a source's candidate.
    pub candidate: bool,
    /// The words it carries from its cause or source.
    pub carried: [u64; MAX_CARRIED],
}

impl Event {
    /// Where it stands in the total order.
    pub fn order(&self) -> Order {
        Order {
            time_us: self.time.0,
            generation: self.generation,
            key: self.key.0,
        }
    }
}

/// A logical process.
pub struct Cell {
    /// Its number; that of the platform is the number of cells.
    pub index: u16,
    /// Its entities.
    pub population: Population,
    /// Its part of the counters.
    pub counters: Vec<f64>,
    /// Rows of the events that have taken place.
    pub rows: RowBuffers,
    /// Messages to other processes: (process, event).
    pub outbox: Vec<(u16, Event)>,
    /// How it stood at the end of each tick of the last window.
    pub views: Vec<View>,
    /// Events after the next barrier.
    pending: Pending,
    /// Events before the next barrier that take place in order.
    queue: FutureEvents<Event>,
    /// Events before the next barrier that need no order.
    work: Vec<Event>,
}

impl Cell {
    /// The process with this number, as it is when the warm-up begins.
    pub fn new(world: &World, index: u16) -> Cell {
        Cell {
            index,
            population: Population::founding(world, index),
            counters: vec![0.0; world.program.counters.len()],
            rows: RowBuffers::new(index, world.program.streams.len()),
            outbox: Vec::new(),
            views: Vec::new(),
            pending: Pending::new(world),
            queue: FutureEvents::new(),
            work: Vec::new(),
        }
    }

    /// Takes a message at a barrier.
    pub fn receive(&mut self, world: &World, event: Event) {
        self.pending.push(world, &event);
    }

    /// Plays all events from `start` up to the barrier at `end`, and keeps how the cell stood at the
    /// end of each tick.
    pub fn advance(&mut self, world: &World, observed: &Observed, start: Time, end: Time) {
        let due = self.pending.open(start);
        for event in due.events(world) {
            self.enter(world, observed, event, end);
        }
        self.pending.recycle(due);
        self.open_sources(world, observed, start, end);
        self.views.clear();
        let mut tick = start + world.program.tick;
        while let Some((_, event)) = self.queue.pop() {
            while event.time >= tick {
                self.views.push(self.view());
                tick += world.program.tick;
            }
            if event.candidate && !self.accept(world, observed, &event, end) {
                continue;
            }
            self.play(world, observed, event, end);
        }
        while tick <= end {
            self.views.push(self.view());
            tick += world.program.tick;
        }
    }

    /// How the cell stands.
    pub fn view(&self) -> View {
        View {
            states: self
                .population
                .groups
                .iter()
                .map(|group| group.in_state.clone())
                .collect(),
            counters: self.counters.clone(),
        }
    }

    /// Lets in an event before the next barrier: those that touch state wait for their turn.
    fn enter(&mut self, world: &World, observed: &Observed, event: Event, end: Time) {
        if world.program.streams[usize::from(event.stream)].stateful {
            self.queue.push(event.order(), event);
        } else {
            self.play(world, observed, event, end);
        }
    }

    /// Puts an event of this process where it waits for its time.
    fn wait(&mut self, world: &World, event: Event, end: Time) {
        if event.time < end {
            self.queue.push(event.order(), event);
        } else {
            self.pending.push(world, &event);
        }
    }

    /// Lets an event take place, and at once those that follow from it and need no order.
    fn play(&mut self, world: &World, observed: &Observed, event: Event, end: Time) {
        self.take_place(world, observed, &event, end);
        while let Some(event) = self.work.pop() {
            self.take_place(world, observed, &event, end);
        }
    }

    fn take_place(&mut self, world: &World, observed: &Observed, event: &Event, end: Time) {
        let stream = &world.program.streams[usize::from(event.stream)];
        let carried = usize::from(stream.carried);
        if stream.leaf {
            self.rows.leaf(world, event);
            return;
        }
        let mut slots = [0; MAX_WORDS];
        slots[..carried].copy_from_slice(&event.carried[..carried]);
        if let Some((kind, slot)) = stream.creates {
            slots[usize::from(slot)] = self.create(world, kind, event, end);
        }
        let words = std::cell::Cell::from_mut(&mut slots[..]).as_slice_of_cells();
        let kept = stream.carried + stream.eager;
        // What is carried is there; eager words are worked out in order; the others on demand.
        let ready = std::cell::Cell::new((1 << kept) - 1);
        if self.work_out(world, observed, event, (words, &ready), end) {
            for change in &stream.changes {
                self.change(world, observed, event, (words, &ready), change, end);
            }
            self.rows.write(world, event, &slots[..usize::from(kept)]);
        }
    }

    /// Works out the eager variables, the condition and the effects; false when the event does not
    /// happen. All of it sees the state as it was before the event's own changes.
    fn work_out(
        &mut self,
        world: &World,
        observed: &Observed,
        event: &Event,
        words: Words<'_>,
        end: Time,
    ) -> bool {
        let stream = &world.program.streams[usize::from(event.stream)];
        let frame = frame_of(world, observed, &self.population, event, words);
        if stream.eager > 0 {
            for variable in stream
                .variables
                .iter()
                .filter(|variable| variable.stage == Stage::Eager)
            {
                words.0[usize::from(variable.slot)].set(eval(&variable.value, &frame));
            }
        }
        if stream
            .requires
            .as_ref()
            .is_some_and(|requires| number(requires, &frame) == 0.0)
        {
            return false;
        }
        let mut spawner = Spawner {
            world,
            end,
            pending: &mut self.pending,
            queue: &mut self.queue,
            work: &mut self.work,
            outbox: &mut self.outbox,
            rows: &mut self.rows,
        };
        spawner.effects_of(event, stream, &frame);
        true
    }
}

/// The words of an event that takes place, and which of them have been worked out.
type Words<'a> = (&'a [std::cell::Cell<u64>], &'a std::cell::Cell<u64>);

/// The frame of an event with its words.
fn frame_of<'a>(
    world: &'a World,
    observed: &'a Observed,
    population: &'a Population,
    event: &Event,
    (slots, ready): Words<'a>,
) -> Frame<'a> {
    Frame {
        world,
        population,
        observed,
        stream: usize::from(event.stream),
        key: event.key,
        time: event.time,
        cause: world.cause_code(event.from),
        index: event.index,
        slots,
        ready,
        of: None,
        own: Own::Nobody,
    }
}

/// An event that nothing caused.
fn root(stream: usize, key: Key, time: Time, candidate: bool, word: u64) -> Event {
    let mut carried = [0; MAX_CARRIED];
    carried[0] = word;
    Event {
        time,
        key,
        cause: 0,
        root: key.0,
        generation: 0,
        index: 0,
        stream: stream as StreamId,
        from: NO_CAUSE,
        candidate,
        carried,
    }
}
