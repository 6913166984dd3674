//! What is fixed for a run: the program, its range, and the tables made from both.
//!
//! A [`World`] is made once, whole, from a program and [`Settings`], before there are any entities; then everybody reads it,
//! from all threads. It holds what each event asks for all the time (which streams are stateful, from when on they matter,
//! how their rows lie), so that none of it is worked out twice. It must hold nothing that changes as time goes by or that
//! depends on who there is: how many arrive follows from the population and stands in [`rates`](crate::streams::rates), and
//! what happens lies in the processes. Two things give way: from when on rows are written may be set before the run goes on,
//! and the ledger of what had to be kept within bounds takes notes, from whichever thread, that only the result reads.

use rayon::prelude::*;

use crate::base::draw::{Key, mix, purpose};
use crate::base::time::{Span, Time};
use crate::streams::arrivals::Layers;
use crate::streams::attribution::{BentFields, Names};
use crate::streams::kept::{Ledger, whole_fields};
use crate::streams::layout::{Layout, layouts};
use crate::streams::profile::ProfileTable;
use crate::streams::program::{
    Effect, KindId, Look, Program, Source, StartRow, Stream, StreamId, rings, share,
};
use crate::streams::relevance::{needed_from, watched_from};
use crate::streams::steps::{Marked, Step, steps};
use crate::streams::view::Figures;

mod notes;

/// What to play.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The seed; everything is a function of it, the program and the range.
    pub seed: u64,
    /// The first moment that is written.
    pub start: Time,
    /// The first moment that is not any more.
    pub end: Time,
    /// Whether the run may be gone on with after that: it plays its last window to the barrier, and keeps what lies behind
    /// it, so that its snapshots can be resumed with a later end.
    pub open_end: bool,
    /// Size of the population and of the traffic, relative to the model's.
    pub scale: f64,
    /// The streams to write; what they need is played all the same. `None` writes all.
    pub streams: Option<Vec<StreamId>>,
}

/// What must be known of the stream of every event that comes along, together in a few bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits {
    /// See [`Stream::code`].
    pub code: u16,
    /// See [`Stream::carried`].
    pub carried: u8,
    /// See [`Stream::leaf`].
    pub leaf: bool,
    /// See [`Stream::stateful`].
    pub stateful: bool,
    /// Whether its events lead to events of its own.
    pub ring: bool,
}

impl Traits {
    fn of(stream: &Stream, ring: bool) -> Traits {
        Traits {
            code: stream.code,
            carried: stream.carried as u8,
            leaf: stream.leaf,
            stateful: stream.stateful,
            ring,
        }
    }
}

/// What is fixed for a run.
#[derive(Debug)]
pub struct World {
    /// The program.
    pub program: Program,
    /// The seed.
    pub seed: u64,
    /// When the warm-up begins: the population is then as declared.
    pub begin: Time,
    /// The first moment that is written.
    pub start: Time,
    /// The first moment that is not any more; the barrier at or after it, where the end is open.
    pub end: Time,
    /// From when on events are not kept: that end, or [`Time::NEVER`] where the end is open.
    pub kept_until: Time,
    /// Size of the population and of the traffic, relative to the model's.
    pub scale: f64,
    /// How many cells have a population, from the first on.
    pub peopled: u16,
    /// The tables of the program's profiles.
    pub profiles: Vec<ProfileTable>,
    /// How the cells' common processes of arrivals are cut: an hour a block, or less for odd windows.
    pub pool_layers: Layers,
    /// How the processes of those who join later are cut: a day a block.
    pub joiner_layers: Layers,
    /// The streams that have timers.
    pub timers: Vec<StreamId>,
    /// The longest period of each stream's platform timer; nothing where there is none.
    pub periods: Vec<Span>,
    /// Keys of the sources, by stream.
    pub source_keys: Vec<Key>,
    /// The steps of each stream's events.
    pub(crate) steps: Vec<Vec<Step>>,
    /// What must be known of every event's stream.
    pub(crate) traits: Vec<Traits>,
    /// Whether any stream's events lead to events of its own.
    pub(crate) has_rings: bool,
    /// For each stream, how modifiers bend the values of its rows.
    pub bent_fields: Vec<BentFields>,
    /// Who is to be named for what differs.
    pub names: Names,
    /// How the rows of each stream lie until they are columns.
    pub(crate) layouts: Vec<Layout>,
    /// The streams for whose roots marks tell whether they cause anything.
    pub(crate) marked: Vec<Option<Marked>>,
    /// When the events of each stream see the whole business, if they do.
    pub looks: Vec<Option<Look>>,
    /// For each kind, from when on anybody looks at how much of its diaries is reserved.
    pub watched_from: Vec<Time>,
    /// Where each figure stands that is seen of the whole business.
    pub figures: Figures,
    /// See [`World::sides`].
    sides: usize,
    /// What has been kept within bounds.
    pub(crate) ledger: Ledger,
    /// For each stream, the fields that are kept within 32 bits.
    pub(crate) whole_fields: Vec<Vec<u16>>,
    /// See [`World::written_from`].
    written_from: Time,
    /// Whether a stream's events are written.
    wanted: Vec<bool>,
    /// From when on a stream's events matter to what is written.
    needed_from: Vec<Time>,
}

/// How far profiles are known beyond the end of a run, where no appointment reaches further.
const BEYOND: Span = Span(32 * Span::DAY.0);

impl World {
    /// Prepares a run: compiles the profiles and works out which events matter. What follows from the population is not
    /// here, see [`rates`](crate::streams::rates).
    pub fn new(mut program: Program, settings: &Settings) -> World {
        let acts_on = program.acts_on();
        for modified in &mut program.modified {
            modified.prepare(&acts_on);
        }
        for stream in &mut program.streams {
            let groups = stream.outcomes.iter_mut().flat_map(|g| &mut g.effects);
            for effect in stream.effects.iter_mut().chain(groups) {
                effect.longest = effect.longest_under(&program.modified);
            }
        }
        let begin = (settings.start - program.warmup).floor_to(program.window);
        let (end, kept_until) = match settings.open_end {
            false => (settings.end, settings.end),
            true => {
                let last = Time(settings.end.0 - 1).floor_to(program.window);
                (last + program.window, Time::NEVER)
            }
        };
        let profiles = program
            .profiles
            .par_iter()
            .enumerate()
            .map(|(at, profile)| {
                // With no look further ahead, the length of the run cannot show.
                let ahead = program.appointments.get(&(at as u16));
                let last = end + ahead.map_or(BEYOND, |ahead| BEYOND.max(*ahead + Span::DAY));
                profile.compile(
                    &program.zone,
                    &program.reference,
                    program.warmup,
                    begin,
                    last,
                )
            })
            .collect();
        let wanted = |stream| {
            let list = settings.streams.as_ref();
            list.is_none_or(|list| list.contains(&stream))
        };
        let wanted: Vec<bool> = program.stream_ids().map(wanted).collect();
        let needed_from = needed_from(&program, &wanted, (begin, settings.start));
        let steps = steps(&program, &needed_from);
        let source_keys = program
            .streams
            .iter()
            .map(|stream| Key::new(settings.seed, purpose(&stream.name)))
            .collect();
        let period = |stream: &Stream| match stream.source {
            Some(Source::Platform { timer, .. }) => timer.every.length(),
            Some(Source::Arrivals { .. } | Source::Each { .. }) | None => Span(0),
        };
        let periods = program.streams.iter().map(period).collect();
        let looks = program.streams.iter().map(|s| s.look(program.window));
        let looks: Vec<Option<Look>> = looks.collect();
        let watched_from = watched_from(&program, &needed_from, &looks);
        let timers = StreamId::each(&program.streams)
            .filter(|(_, s)| match s.source {
                Some(Source::Each { .. } | Source::Platform { .. }) => true,
                Some(Source::Arrivals { .. }) | None => false,
            })
            .map(|(stream, _)| stream)
            .collect();
        let mut in_ring = vec![false; program.streams.len()];
        for stream in rings(&program.streams).concat() {
            in_ring[stream] = true;
        }
        let traits = program.streams.iter().zip(&in_ring);
        let traits = traits.map(|(stream, &ring)| Traits::of(stream, ring));
        let layouts = layouts(&program.streams);
        let streams = StreamId::each(&program.streams).zip(&layouts);
        let marked = streams.map(|((id, stream), &layout)| Marked::new(id, stream, layout));
        World {
            figures: Figures::new(&program),
            sides: program.sides().len(),
            seed: settings.seed,
            begin,
            start: settings.start,
            end,
            kept_until,
            scale: settings.scale,
            peopled: program.peopled(settings.scale),
            profiles,
            pool_layers: Layers::new(2.0, block(program.window)),
            joiner_layers: Layers::new(1.0 / 32.0, Span::DAY),
            timers,
            periods,
            source_keys,
            ledger: Ledger::default(),
            whole_fields: program.streams.iter().map(whole_fields).collect(),
            written_from: settings.start,
            wanted,
            needed_from,
            looks,
            watched_from,
            steps,
            traits: traits.collect(),
            has_rings: in_ring.contains(&true),
            marked: marked.collect(),
            layouts,
            bent_fields: program.streams.iter().map(BentFields::of).collect(),
            names: Names::new(&program),
            program,
        }
    }

    /// How many sides are played: one, unless something intervenes.
    #[inline(always)]
    pub fn sides(&self) -> usize {
        self.sides
    }

    /// How many entities of a kind a cell has from the start.
    pub fn founders(&self, kind: KindId, cell: u16) -> u32 {
        share(self.program.founders(kind, self.scale), self.peopled, cell)
    }

    /// Those of a kind that a process knows from the start, in their order: the cell where each lives, and its place there.
    pub fn known(&self, kind: KindId, process: u16) -> Vec<(u16, u32)> {
        if !self.program.kinds[kind].shared {
            let slots = 0..self.founders(kind, process);
            return slots.map(|slot| (process, slot)).collect();
        }
        let cells = u32::from(self.peopled);
        let numbers = 0..self.program.founders(kind, self.scale);
        let known = numbers.map(|number| ((number % cells) as u16, number / cells));
        known.collect()
    }

    /// The cell where an entity of a shared kind lives: that where [it is known](World::known) among others alone.
    pub fn home(&self, entity: u64) -> u16 {
        (entity % u64::from(self.peopled)) as u16
    }

    /// The row of a table from which one of the start is made, if its kind has one, and how many of the same row came before. All rows are taken as often, as
    /// far as their number goes.
    pub fn row_of(&self, kind: KindId, cell: u16, slot: u32) -> Option<(StartRow, u64)> {
        let rows = &self.program.kinds[kind].rows;
        let total = u64::from(self.program.founders(kind, self.scale));
        let count = rows.len() as u64;
        if count == 0 || total == 0 {
            return None;
        }
        let number = u64::from(slot) * u64::from(self.peopled) + u64::from(cell);
        let row = number * count / total;
        let first = (row * total).div_ceil(count);
        Some((rows[row as usize], number - first))
    }

    /// The running number of one of the start, if its kind has one: the attribute that it is, and its word.
    pub fn number_of(&self, kind: KindId, cell: u16, slot: u32) -> Option<(u16, u64)> {
        let (attribute, first) = self.program.kinds[kind].number?;
        let place = f64::from(slot) * f64::from(self.peopled) + f64::from(cell);
        Some((attribute, (f64::from(first) + place).to_bits()))
    }

    /// From when on events are written: the start, unless only a later part is asked for.
    pub fn written_from(&self) -> Time {
        self.written_from
    }

    /// Leaves out all rows before a time, as if nobody had asked for them: the one thing that may be decided when the
    /// rest is known, since nothing but rows depends on it.
    pub(crate) fn write_from(&mut self, from: Time) {
        self.written_from = from.max(self.start);
    }

    /// What must be known of a stream all the time.
    #[inline(always)]
    pub(crate) fn traits(&self, stream: StreamId) -> Traits {
        self.traits[stream]
    }

    /// Whether a stream is written.
    pub fn is_written(&self, stream: StreamId) -> bool {
        self.wanted[stream]
    }

    /// Whether a stream's event at this time is written.
    #[inline(always)]
    pub fn written(&self, stream: StreamId, time: Time) -> bool {
        time >= self.written_from && self.wanted[stream]
    }

    /// Whether a stream's event at this time matters to what is written.
    #[inline(always)]
    pub fn needed(&self, stream: StreamId, time: Time) -> bool {
        time >= self.needed_from[stream] && time < self.kept_until
    }

    /// The names of the streams that are written, as a digest.
    pub(crate) fn wanted_digest(&self) -> u64 {
        let streams = self.program.streams.iter().zip(&self.wanted);
        let add = |sum: u64, (stream, wanted): (&Stream, &bool)| match wanted {
            true => mix(sum ^ purpose(&stream.name).0),
            false => mix(sum),
        };
        streams.fold(0, add)
    }

    /// What has been left out up to a time because it does not matter to what is written, as a digest. From the start on all
    /// of the range's events are there, as far as anybody may ask for them; before it, modifiers of delays have a say.
    pub(crate) fn relevance_digest(&self, now: Time) -> u64 {
        let in_warmup = self.needed_from.iter().filter(|_| now < self.start);
        let times = in_warmup.chain(&self.watched_from);
        times.fold(0, |sum, from| mix(sum ^ from.max(&now).0 as u64))
    }

    /// Whether anything that an effect causes from a time on can matter to what is written.
    #[inline(always)]
    pub fn matters(&self, effect: &Effect, time: Time) -> bool {
        time >= effect.matters_from(&self.needed_from)
    }

    /// Whether any of a stream's events before `end` may matter.
    pub fn needed_before(&self, stream: StreamId, end: Time) -> bool {
        self.needed_from[stream] < end
    }

    /// Code of the name of a causing stream; that of `source` when there is none.
    #[inline(always)]
    pub fn cause_code(&self, from: StreamId) -> u16 {
        if from == StreamId::NONE {
            SOURCE_CODE
        } else {
            self.traits(from).code
        }
    }

    /// The largest factor of a source's small variance.
    pub fn highest_spike(&self) -> f64 {
        1.0 + self.program.spikes.size
    }
}

/// Length of the blocks of arrivals: the longest part of an hour of which a window is a multiple.
fn block(window: Span) -> Span {
    window.common(Span::HOUR)
}

/// The dictionary's code of the text `source`; code 0 is the empty text.
pub const SOURCE_CODE: u16 = 1;
