//! Stream programs: a compiled model, with every name resolved to an index.
//!
//! A [`Program`] is what the engine plays. Streams hold variables (their fields and what is worked
//! out besides), effects on other streams, and changes of state. All values are 64-bit words whose
//! type is known from the program: the bits of a float, a code of the dictionary, an identifier, or
//! the index of an entity within its cell.

mod calendar;
mod desk;
mod each;
mod expr;
mod join;
mod lines;
mod links;
mod look;
mod modifier;
mod modify;
mod peopled;
mod rings;
mod template;
mod timer;
mod without;
mod workdays;

pub(crate) use calendar::date_of;
pub use calendar::{DatePart, Midnight};
pub use desk::{Desk, Duty, HOURS_OF_WEEK, Service};
pub use each::{Children, Each, Linked, Whom};
pub use expr::{
    Binary, Cells, Correlated, Distribution, ExactBinary, ExactUnary, Expr, Lookup, MOST_LOOKED_UP,
    PickWhere, Question, Unary,
};
pub use join::{Join, Joined};
pub use lines::{Gathered, Lines};
pub use links::Links;
pub use look::Look;
pub use modifier::{
    Envelope, Intervention, MOST_INTERVENTIONS, Modified, Modifier, Operation, Phase, SETTLED,
    Settling,
};
pub use modify::{Backlog, ModifyError, Parameter};
pub use peopled::{Misdealt, Uneven, share};
pub use rings::{ring_of, rings};
pub use template::{Drawn, Format, Pattern, Piece, Template, TimeFormat, TimePart};
pub(crate) use template::{PatternPart, Places};
pub use timer::{Every, Timer};
pub use without::Without;
pub use workdays::{AtWork, Opening, Workdays, Working};

use std::collections::BTreeMap;

use crate::base::draw::Purpose;
use crate::base::exact::Digits;
use crate::base::head;
use crate::base::ids::id_type;
use crate::base::table::{ColumnSpec, ColumnType, Dictionary, TableSchema};
use crate::base::time::{Span, Time};
use crate::base::zone::Zone;
use crate::streams::diary::{Action, Diary};
use crate::streams::profile::{Profile, Reference, Weekend};

id_type! {
    /// Index of a stream in [`Program::streams`].
    StreamId(u16)
}

impl StreamId {
    /// The "causing stream" of an event that nothing caused.
    pub const NONE: StreamId = StreamId(u16::MAX);
}

id_type! {
    /// Index of an entity kind in [`Program::kinds`].
    KindId(u8)
}

id_type! {
    /// Index of a slot: of a variable of a stream, in an event's words.
    Slot(u16)
}

/// Most words that an event may carry from its cause.
pub const MAX_CARRIED: usize = 8;
/// Most events that one effect causes at a time; guards against expressions that run away.
pub const MAX_COUNT: f64 = 10_000.0;
/// Most words that an event has while it takes place.
pub const MAX_WORDS: usize = 64;
/// The reference that points at no entity.
pub const NO_ENTITY: u64 = u32::MAX as u64;
/// The code of the empty text, which is also that of nobody, of no row, and of a choice of nothing: [`NULL`].
pub const NO_TEXT: u16 = 0;
/// What a choice of nothing, a missing value in columns, is called.
pub const NULL: &str = "null";
/// The time of nothing, far before all others; what is some time after it is none either.
pub const NO_TIME: f64 = -((1u64 << 62) as f64);
/// Whether a number of microseconds is the time of nothing, or some time after or before it.
#[inline(always)]
pub fn is_no_time(us: f64) -> bool {
    us <= NO_TIME / 2.0
}

/// How far ahead appointments can lie.
pub const APPOINTMENTS: Span = Span(366 * Span::DAY.0);

/// A compiled model.
#[derive(Clone, Debug)]
pub struct Program {
    /// The model's name.
    pub name: String,
    /// Number of cells; the platform is one process more, and the desks together are another one.
    pub cells: u16,
    /// How often cells synchronise; a message between processes arrives after the next barrier.
    pub window: Span,
    /// How often the platform sees the business; the window is a multiple of it.
    pub tick: Span,
    /// What is played before the start, without being written.
    pub warmup: Span,
    /// Time zone of hours, weekdays and holidays.
    pub zone: Zone,
    /// Which days are a weekend, for statistics and for what happens outside.
    pub weekend: Weekend,
    /// The days over which declared rates are the average.
    pub reference: Reference,
    /// Small variance of the sources' rates.
    pub spikes: Spikes,
    /// Profiles that sources and appointments follow.
    pub profiles: Vec<Profile>,
    /// For those of appointments, how far ahead these can lie; [`APPOINTMENTS`] at most.
    pub appointments: BTreeMap<u16, Span>,
    /// Kinds of entities.
    pub kinds: Vec<Kind>,
    /// The counters.
    pub counters: Vec<Counter>,
    /// Desks, all of them on one process.
    pub desks: Vec<Desk>,
    /// The streams.
    pub streams: Vec<Stream>,
    /// The lists of dates that the model has, with the years that they know.
    pub dates_known: Vec<DatesKnown>,
    /// All text values; code 0 is the empty text, see [`NO_TEXT`].
    pub dictionary: Dictionary,
    /// What bends the program from outside, in the order of their labels, which begin at 1.
    pub interventions: Vec<Intervention>,
    /// The parameters that they bend; sources and [`Expr::Modified`] refer to them.
    pub modified: Vec<Modified>,
    /// What interventions hold back and release once they are over.
    pub backlogs: Vec<Backlog>,
}

/// A list of dates that differ from year to year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatesKnown {
    /// Its file.
    pub file: String,
    /// The first year of which it has dates, and the last one.
    pub years: (i16, i16),
}

impl DatesKnown {
    /// What it has dates of.
    pub fn in_words(&self) -> String {
        let (file, (first, last)) = (&self.file, self.years);
        match first == last {
            true => format!("`{file}` has dates of {first} alone"),
            false => format!("`{file}` has dates of {first} to {last} alone"),
        }
    }
}

/// In a share of the intervals of each source, its rate is a little higher or lower.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spikes {
    /// Share of the intervals, 0 to 1.
    pub share: f64,
    /// By how much the rate differs there: 0.1 is 10 % more or less.
    pub size: f64,
    /// Length of an interval.
    pub every: Span,
}

/// A number that events raise and lower.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    /// Its name.
    pub name: String,
    /// If it is exact: how many digits it has, at most 15. What is added to it, and what it comes to, are then units of the last
    /// decimal, which floats of so many digits tell apart.
    pub digits: Option<Digits>,
}

/// A kind of entity, such as students.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Its name, by which expressions refer to one.
    pub name: String,
    /// The purpose from which the identifiers of starting entities are made.
    pub purpose: Purpose,
    /// Whether every process knows all of them. Each has one cell where it lives, and where alone it may change.
    pub shared: bool,
    /// Whether a run says of them, too, how they stood when its window began.
    pub opening: bool,
    /// How many there are from the start, at scale 1.
    pub count: u32,
    /// The names of its states.
    pub states: Vec<String>,
    /// The dictionary's codes of the states' names.
    pub state_codes: Vec<u16>,
    /// The rows of a table from which those there from the start are made, which is then what their first attribute says; none where
    /// they are made of no table.
    pub rows: Vec<StartRow>,
    /// States of those there from the start, each with the share of those in it or in one before it.
    pub starts: Vec<(f64, u8)>,
    /// State of one that an event creates.
    pub joins: u8,
    /// What is drawn once per entity, in order; an expression may read earlier attributes.
    pub attributes: Vec<Attribute>,
    /// The attribute that says how often an entity is picked, if not all are alike.
    pub activity: Option<u16>,
    /// What events change.
    pub variables: Vec<Attribute>,
    /// How many of the last of them are notes, of joins and of what is watched, which no table shows.
    pub notes: u16,
    /// The note that begins as the state in which an entity begins.
    pub noted_state: Option<u16>,
    /// Texts that are put together from its attributes: columns of its table that nobody holds.
    pub texts: Vec<TextColumn>,
    /// The attribute, if there is one, that is a running number: the place of who is there from the start among all of them, from
    /// this number on.
    pub number: Option<(u16, u32)>,
    /// The columns of its table in which no value stands twice.
    pub unique: Vec<String>,
    /// The owners assigned at the start: (variable that holds it, owner's kind, least, most).
    pub belongs_to: Vec<Belonging>,
    /// Whom each of them links, if it is the kind of a relation.
    pub links: Option<Links>,
    /// Their diaries, if they have some.
    pub diary: Option<Diary>,
}

/// A row of a table from which an entity is made.
#[derive(Clone, Copy, Debug)]
pub struct StartRow {
    /// What its identity is made from: the row's key.
    pub purpose: Purpose,
    /// The key's code.
    pub code: u16,
}

/// A value of an entity.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// How it shows as a column of the entities' table.
    pub column: ColumnSpec,
    /// Its (first) value; attributes of the entity are read through [`Expr::Own`].
    pub value: Expr,
}

/// A text of each entity.
#[derive(Clone, Debug)]
pub struct TextColumn {
    /// How it shows as a column of the entities' table.
    pub column: ColumnSpec,
    /// How it is put together; attributes of the entity are read through [`Expr::Own`].
    pub template: Template,
}

/// Each starting entity belongs to one of another kind.
#[derive(Clone, Debug)]
pub struct Belonging {
    /// The variable that refers to the owner.
    pub variable: u16,
    /// The owner's kind.
    pub owner: KindId,
    /// Least number of entities an owner has.
    pub min: u32,
    /// Most.
    pub max: u32,
}

/// A stream of events.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Its name, such as `booking.requested`.
    pub name: String,
    /// The business domain, such as `booking`.
    pub domain: String,
    /// `high`, `medium` or `low`, for readers.
    pub cadence: String,
    /// One line on what an event means.
    pub description: String,
    /// Whether its events are written when nobody says which streams are.
    pub written: bool,
    /// The dictionary's code of the name.
    pub code: u16,
    /// The stream of the events of which its own are the lines.
    pub document: Option<StreamId>,
    /// What its events wait for, where they follow from several others together.
    pub join: Option<Join>,
    /// The kind of entity of which it is the history: each event tells what held until a change. Its fields are the entity's id, what is
    /// tracked, since when, until when, and the event that made it so; the entity's table has columns of these names but for `until when`.
    pub tracks: Option<KindId>,
    /// What makes events without a cause.
    pub source: Option<Source>,
    /// The desk at which events wait; only streams that others cause have one.
    pub service: Option<Service>,
    /// Number of words that events carry from their cause or source.
    pub carried: u16,
    /// The slots of those words, for `explain` and for debugging: their names.
    pub carried_names: Vec<String>,
    /// Variables in the order in which they are worked out. Their slots are: the words carried, the
    /// eager ones, those worked out on demand, the lazy ones.
    pub variables: Vec<Variable>,
    /// Number of eager variables.
    pub eager: u16,
    /// Number of variables that are worked out on demand.
    pub on_demand: u16,
    /// The fields, in order: (column, slot).
    pub fields: Vec<(ColumnSpec, Slot)>,
    /// Place of the field, among those, that is summed up by the hour: a float or a whole number.
    pub value: Option<u16>,
    /// A condition without which the event does not happen when its time comes.
    pub requires: Option<Expr>,
    /// The entity that the event brings: (kind, eager slot that then refers to it).
    pub creates: Option<(KindId, Slot)>,
    /// What the event changes.
    pub changes: Vec<Change>,
    /// What it causes, one by one.
    pub effects: Vec<Effect>,
    /// What it causes, exactly one of several.
    pub outcomes: Vec<Outcome>,
    /// For each slot after the words carried, the variable worked out on demand that it is for.
    pub on_demand_at: Vec<Option<u16>>,
    /// Whether an event is only a row: it has no effects, changes, condition or eager variables.
    pub leaf: bool,
    /// Whether events read or write the state of entities or counters, and so must take place in
    /// total order within their process.
    pub stateful: bool,
}

/// A variable of a stream.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Where its value goes.
    pub slot: Slot,
    /// How it is worked out.
    pub value: Expr,
    /// What it would be as a column, if it can be one.
    pub kind: Option<ColumnType>,
    /// When it is worked out.
    pub stage: Stage,
    /// Whether a field needs it; only then it is worked out for the rows, unless it is eager.
    pub written: bool,
}

/// When a variable is worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// As a line's document takes place, which tells the line: what a line reads of state is what its document sees.
    Handed,
    /// Whenever the event takes place: conditions, probabilities or changes need it, or it reads
    /// state. The rows keep it.
    Eager,
    /// When it is first asked for by an effect that happens, and, for rows, column by column, later.
    OnDemand,
    /// Column by column, later.
    Lazy,
}

/// What makes events without a cause.
#[derive(Clone, Debug)]
pub enum Source {
    /// Arrivals at a rate that follows a profile.
    Arrivals {
        /// Arrivals per day at scale 1, the mean over the reference days.
        rate_per_day: f64,
        /// Index of the profile.
        profile: u16,
        /// Who does it.
        actor: Option<Actor>,
        /// The modifiers of the rate, as an index into [`Program::modified`].
        modified: Option<u16>,
    },
    /// Each entity at regular times of its own.
    Each {
        /// When; each at a phase of its own.
        timer: Timer,
        /// Who takes part.
        actor: Actor,
    },
    /// Regular times of the whole business, on the platform.
    Platform {
        /// When.
        timer: Timer,
        /// One timer for each of these words, carried in slot 0; empty for a single one.
        instances: Vec<u64>,
    },
}

impl Source {
    /// The modifiers of the rate, as an index into [`Program::modified`].
    pub fn modified(&self) -> Option<u16> {
        match self {
            Source::Arrivals { modified, .. } => *modified,
            Source::Each { .. } | Source::Platform { .. } => None,
        }
    }
}

/// Which entities a source's events are the doing of.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Their kind; the picked one is carried in slot 0.
    pub kind: KindId,
    /// How much an entity in each state takes part, 0 to 1.
    pub states: Vec<f64>,
    /// A further condition, read through [`Expr::Own`].
    pub when: Option<Expr>,
    /// Whether all are picked alike, instead of by activity.
    pub equal: bool,
}

/// A change of state that an event makes.
#[derive(Clone, Debug)]
pub struct Change {
    /// Made only where this is true.
    pub when: Option<Expr>,
    /// What is changed.
    pub what: ChangeKind,
}

/// What a [`Change`] changes.
#[derive(Clone, Debug)]
pub enum ChangeKind {
    /// Moves an entity to a state.
    State {
        /// The entity's kind.
        kind: KindId,
        /// The entity.
        entity: Expr,
        /// The state, as an index into the kind's list.
        state: u8,
    },
    /// Sets a variable of an entity.
    Set {
        /// The entity's kind.
        kind: KindId,
        /// The entity.
        entity: Expr,
        /// The variable.
        variable: u16,
        /// Its new value.
        value: Expr,
    },
    /// Adds to a variable of an entity.
    Add {
        /// The entity's kind.
        kind: KindId,
        /// The entity.
        entity: Expr,
        /// The variable.
        variable: u16,
        /// What is added.
        value: Expr,
    },
    /// Some starting entities of a kind, picked by key, get a new owner.
    Adopt {
        /// The new owner.
        owner: Expr,
        /// The kind of those adopted.
        kind: KindId,
        /// Their variable that refers to the owner.
        variable: u16,
        /// How many.
        count: u32,
        /// The purpose of the picks.
        purpose: Purpose,
    },
    /// Adds to a counter.
    Count {
        /// The counter.
        counter: u16,
        /// What is added.
        value: Expr,
    },
    /// Reserves, releases, opens or blocks slots of an entity's diary.
    Slots(Box<SlotsChange>),
}

/// A change of an entity's diary.
#[derive(Clone, Debug)]
pub struct SlotsChange {
    /// The entity's kind.
    pub kind: KindId,
    /// The entity.
    pub entity: Expr,
    /// What is done.
    pub action: Action,
    /// The range's beginning; the slots that it touches are meant.
    pub from: Expr,
    /// Its length.
    pub span: Expr,
    /// From one range to the next.
    pub every: Expr,
    /// How many ranges, at most [`MOST_TIMES`](crate::streams::diary::MOST_TIMES).
    pub times: Expr,
}

/// Where a caused event takes place.
#[derive(Clone, Debug)]
pub enum Destination {
    /// In the process of its cause.
    Same,
    /// In a cell drawn by its key, if it comes after the next barrier, otherwise where its cause is.
    AnyCell,
    /// At the desks.
    Desk,
    /// In the cell of this entity, which is known to the cause [with its cell](Crossing); nowhere if that is nobody.
    CellOf(Expr),
}

/// A reference to an entity goes to another process with an event, or comes back.
///
/// Within its cell an entity is known by its number there. Elsewhere the number of the cell stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The slot of the caused event.
    pub slot: Slot,
    /// Whether it comes to be known by its number alone; nobody, if its cell is another one.
    pub arrives: bool,
}

impl Crossing {
    /// The word that is carried by an event on its way from one process to another.
    pub fn word(self, word: u64, from: u16, to: u16) -> u64 {
        match self.arrives {
            false if word == NO_ENTITY => word,
            false => Crossing::with_home(word, from),
            true if Crossing::home(word) == Some(to) => word & NO_ENTITY,
            true => NO_ENTITY,
        }
    }

    /// A reference to an entity with its cell.
    pub fn with_home(entity: u64, cell: u16) -> u64 {
        (u64::from(cell) + 1) << 32 | entity
    }

    /// The cell of an entity that is referred to from elsewhere; none for nobody.
    pub fn home(word: u64) -> Option<u16> {
        u16::try_from((word >> 32).checked_sub(1)?).ok()
    }
}

/// One event causes another.
#[derive(Clone, Debug)]
pub struct Effect {
    /// The caused stream.
    pub stream: StreamId,
    /// The effect's identity, from the names of both streams.
    pub purpose: Purpose,
    /// Only where this is true.
    pub when: Option<Expr>,
    /// How likely.
    pub probability: Expr,
    /// How long after, in microseconds, or at which time.
    pub delay: Delay,
    /// How many.
    pub count: Option<Expr>,
    /// Whom it reaches, each by an event of its own.
    pub each: Option<Box<Each>>,
    /// Whether the model says how many, whatever modifiers make of it: then its volume is that number, and else how likely
    /// it is.
    pub counted: bool,
    /// From one to the next, in microseconds, and before the first.
    pub spacing: Option<Expr>,
    /// Where.
    pub destination: Destination,
    /// Whether the probability or the count may have to be brought to the nearest that can be, as far as the model tells.
    pub loose: bool,
    /// What the child carries: for each of its slots, the parent's slot; `None` gives 0.
    pub pass: Vec<Option<Slot>>,
    /// What it carries from one process to another.
    pub crossings: Vec<Crossing>,
    /// What a line is told besides: its variables by which that is worked out, in their order.
    pub handed: Vec<u16>,
    /// The least and the longest time from the cause to the last of its children; `None` where
    /// the model does not bound it.
    pub shortest: Span,
    /// See `shortest`.
    pub longest: Option<Span>,
    /// The longest time to the first child, before any modifier.
    pub longest_delay: Option<Span>,
}

/// When an effect's event takes place.
#[derive(Clone, Debug)]
pub enum Delay {
    /// After a span, worked out on the cause.
    After(Expr),
    /// At a time, worked out on the cause; one that has passed is now.
    At(Expr),
}

/// Exactly one of several effects happens; their probabilities are relative to their sum.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The group's name.
    pub name: String,
    /// The purpose of the one draw that decides.
    pub purpose: Purpose,
    /// The members, in the order of their streams' names.
    pub effects: Vec<Effect>,
    /// Whether their probabilities may not add up to 1, or one be none, as far as the model tells.
    pub loose: bool,
}

impl Effect {
    /// From when on an event that has it may cause something by it that matters to what is written; `needed_from` tells
    /// from when on the events of each stream do.
    #[inline(always)]
    pub(crate) fn matters_from(&self, needed_from: &[Time]) -> Time {
        match self.longest {
            Some(longest) => needed_from[self.stream] - longest,
            None => Time(i64::MIN),
        }
    }

    /// The longest time from the cause to the last of its children under modifiers.
    pub fn longest_under(&self, modified: &[Modified]) -> Option<Span> {
        let bent = self.longest_bent(modified)?;
        match self.destination {
            // What would come sooner than the next window comes with it.
            Destination::CellOf(_) => self.longest.map(|longest| longest.max(bent)),
            _ => Some(bent),
        }
    }

    fn longest_bent(&self, modified: &[Modified]) -> Option<Span> {
        match (&self.delay, &self.count) {
            (_, Some(Expr::Modified(..))) if self.spacing.is_some() => None,
            (Delay::After(Expr::Modified(at, _)), _) => {
                let (longest, delay) = (self.longest?, self.longest_delay?);
                let most = modified[usize::from(*at)].largest(delay.0 as f64);
                (most < 1e17).then_some(Span(most as i64 + (longest.0 - delay.0)))
            }
            _ => self.longest,
        }
    }

    /// The least time from the cause to any of its children under modifiers.
    pub fn shortest_under(&self, modified: &[Modified]) -> Span {
        match &self.delay {
            Delay::After(Expr::Modified(at, _)) => {
                let least = modified[usize::from(*at)].smallest(self.shortest.0 as f64);
                Span(least.clamp(0.0, self.shortest.0 as f64) as i64)
            }
            _ => self.shortest,
        }
    }
}

impl Stream {
    /// The field that is summed up by the hour, if there is one.
    pub fn value_field(&self) -> Option<&ColumnSpec> {
        let (column, _) = self.fields.get(usize::from(self.value?))?;
        Some(column)
    }

    /// All effects, with and without outcome groups.
    pub fn all_effects(&self) -> impl Iterator<Item = &Effect> {
        self.effects
            .iter()
            .chain(self.outcomes.iter().flat_map(|group| &group.effects))
    }

    /// Number of words that the rows keep: those carried and the eager ones.
    pub fn kept_words(&self) -> usize {
        usize::from(self.carried + self.eager)
    }

    /// Whether the event changes something that other events can read.
    pub fn writes_state(&self) -> bool {
        !self.changes.is_empty() || self.creates.is_some()
    }

    /// The stream's table: the common columns and its fields.
    pub fn schema(&self) -> TableSchema {
        let mut columns = Vec::from(head::columns());
        columns.extend(self.fields.iter().map(|(column, _)| column.clone()));
        TableSchema {
            name: self.name.clone(),
            columns,
        }
    }
}

impl Program {
    /// The ids of all streams, in order.
    pub fn stream_ids(&self) -> impl ExactSizeIterator<Item = StreamId> + use<> {
        (0..self.streams.len()).map(StreamId::at)
    }

    /// The stream of this name.
    pub fn stream(&self, name: &str) -> Option<StreamId> {
        self.streams
            .iter()
            .position(|stream| stream.name == name)
            .map(StreamId::at)
    }

    /// The ids of all kinds of entities, in order.
    pub fn kind_ids(&self) -> impl ExactSizeIterator<Item = KindId> + use<> {
        (0..self.kinds.len()).map(KindId::at)
    }

    /// The process on which the business-wide timers run; cells are 0 up to this.
    pub fn platform(&self) -> u16 {
        self.cells
    }

    /// The process of the desks, if there are any.
    pub fn desk_process(&self) -> Option<u16> {
        (!self.desks.is_empty()).then_some(self.cells + 1)
    }

    /// How many processes there are: the cells, the platform, and that of the desks.
    pub fn processes(&self) -> u16 {
        self.cells + 1 + u16::from(!self.desks.is_empty())
    }
}
