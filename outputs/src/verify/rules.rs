//! What a model says about the events of a run, as plain data: which effects lead to a stream, how long they take, what
//! follows from an event, where the ids in its fields come from. Whoever knows the model makes them.

use causeflow_engine::base::draw::{Key, Purpose};
use causeflow_engine::base::exact::Digits;
use causeflow_engine::base::table::ColumnSpec;
use causeflow_engine::base::time::{Span, Time};

/// The rules of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Those of its streams, which are those of the manifest in its order.
    pub streams: Vec<StreamRules>,
    /// The effects that lead to them.
    pub effects: Vec<EffectRules>,
    /// The fields that refer to events further back than the cause.
    pub references: Vec<ReferenceRules>,
    /// The streams that are lines of documents.
    pub lines: Vec<LinesRules>,
    /// The streams whose events follow from several others together.
    pub joins: Vec<JoinRules>,
    /// The streams that are histories of entities.
    pub histories: Vec<HistoryRules>,
    /// The kinds of entities.
    pub kinds: Vec<KindRules>,
    /// Number of cells, which is also that of the platform.
    pub cells: u16,
    /// How many of them are peopled.
    pub peopled: u16,
    /// The process of the desks.
    pub desks: Option<u16>,
    /// When the warm-up begins, and with it the first window.
    pub begin: Time,
    /// How long a window is.
    pub window: Span,
}

/// What makes a stream's events that nothing causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roots {
    /// Nothing does.
    None,
    /// A source in each cell.
    InCells,
    /// A timer of the whole business.
    OnPlatform,
}

/// In which cell what an effect causes takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InCell {
    /// In that of its cause.
    OfCause,
    /// In one drawn by its key, if it comes after the window of its cause, otherwise in that of its cause.
    Drawn,
    /// At the desks.
    OfDesks,
    /// Where an entity lives.
    OfEntity,
}

/// The rules of one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRules {
    /// Its columns.
    pub columns: Vec<ColumnSpec>,
    /// What makes its events that nothing causes.
    pub roots: Roots,
    /// The effects that lead to it, as places among the run's.
    pub incoming: Vec<u16>,
    /// What follows from each of its events, exactly one of each.
    pub groups: Vec<GroupRules>,
    /// Whether other events of the run refer to its events.
    pub is_referred_to: bool,
    /// How many causes can stand before its events, at least and at most.
    pub generations: (u32, Option<u32>),
    /// Where the ids in its fields come from.
    pub fields: Vec<FieldRules>,
}

/// The rules of an effect.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectRules {
    /// The causing stream's name.
    pub from: String,
    /// Its place among the run's streams, if it was written.
    pub cause: Option<usize>,
    /// The place of the caused stream.
    pub to: usize,
    /// Its identity, from which the ids of what it causes follow.
    pub purpose: Purpose,
    /// How many events it can cause at a time.
    pub most: u64,
    /// Whether it reaches each of several entities, and in which column of the caused stream stands whom, if in one.
    pub each: Option<Option<usize>>,
    /// The least time from the cause to an event, in microseconds.
    pub shortest: i64,
    /// The longest, if there is one.
    pub longest: Option<i64>,
    /// In which cell its events take place.
    pub cell: InCell,
    /// The causing stream's group that it belongs to.
    pub group: Option<usize>,
    /// How many causes can stand before what it causes, at least and at most.
    pub generations: (u32, Option<u32>),
}

/// One of several effects, or a single one that always comes.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupRules {
    /// The outcome's name; nothing for a single effect.
    pub outcome: Option<String>,
    /// The streams that may follow.
    pub streams: Vec<String>,
    /// How long it takes until one has followed, in microseconds; nothing if that cannot be told, or if it may not be
    /// written.
    pub within: Option<i64>,
}

/// Where an id in a field comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldRules {
    /// The place of the column.
    pub column: usize,
    /// What it may be, by the place of the effect among the stream's incoming ones; the last is for events without a
    /// cause. Nothing where the model does not say.
    pub by_effect: Vec<Option<Expected>>,
}

/// What an id may be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expected {
    /// Made by the event itself.
    pub own: Vec<Making>,
    /// Made by its cause.
    pub of_cause: Vec<Making>,
    /// Of an entity of these kinds.
    pub entities: Vec<usize>,
    /// Made by an event further back: how, and the place among the references.
    pub earlier: Option<(Making, u16)>,
}

/// A way in which an id follows from an event's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Making {
    /// There is none.
    Nothing,
    /// It is the event's own id.
    Key,
    /// It is made of the event's id for a purpose.
    New(Purpose),
}

/// A field that refers to events further back.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceRules {
    /// The place of its stream.
    pub stream: usize,
    /// The column.
    pub column: String,
    /// The places of the streams of which the event may be.
    pub to: Vec<usize>,
}

/// A stream whose events are the lines of documents.
#[derive(Clone, Debug, PartialEq)]
pub struct LinesRules {
    /// The place of the documents' stream, if it was written.
    pub document: Option<usize>,
    /// The place of theirs.
    pub lines: usize,
    /// What the id of a line is made from, with that of its document.
    pub purpose: Purpose,
    /// The place of the column with the number of a line.
    pub number: usize,
    /// What documents say that their lines come to.
    pub sums: Vec<SumRules>,
}

/// What documents say that their lines come to.
#[derive(Clone, Debug, PartialEq)]
pub struct SumRules {
    /// The name of the document's column.
    pub name: String,
    /// Its place.
    pub column: usize,
    /// The place of the lines' column; none of their number.
    pub of: Option<usize>,
    /// What is made of its values.
    pub gathering: Gathering,
    /// The digits of exact numbers.
    pub digits: Option<Digits>,
    /// 10 to the power of the decimals to which it is rounded.
    pub power: Option<f64>,
}

/// What is made of a value of all lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathering {
    /// How many lines there are.
    Count,
    /// The sum.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// A stream whose events follow from several others together.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinRules {
    /// Its own events.
    pub follows: JoinedRules,
    /// What is waited for.
    pub members: Vec<JoinedRules>,
    /// The names of the streams that are waited for.
    pub names: Vec<String>,
    /// How many of them; 0 where none may have come by the time of the event.
    pub at_least: usize,
    /// What begins it, if something does.
    pub since: Option<JoinedRules>,
    /// In which time all of it happens, in microseconds, if that is bounded.
    pub within: Option<i64>,
}

/// A stream that takes part in a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinedRules {
    /// Its place.
    pub stream: usize,
    /// The place of the column that names the entity.
    pub column: usize,
}

/// A stream whose events tell what held of an entity until it changed. Columns are given by their places.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRules {
    /// Its place.
    pub stream: usize,
    /// The place of the kind.
    pub kind: usize,
    /// The name of the kind.
    pub name: String,
    /// The column with the id of the entity.
    pub entity: usize,
    /// Since when it held.
    pub since: usize,
    /// Until when.
    pub until: usize,
    /// What held.
    pub values: Vec<usize>,
    /// In the table of the kind, since when it is so.
    pub kept_since: usize,
    /// Likewise what is so, in the order of `values`.
    pub kept: Vec<usize>,
}

/// The rules of a kind of entity.
#[derive(Clone, Debug, PartialEq)]
pub struct KindRules {
    /// Its name.
    pub name: String,
    /// The names of its states.
    pub states: Vec<String>,
    /// The columns of its table, which begin with its id, its cell, when it joined, and its state.
    pub columns: Vec<ColumnSpec>,
    /// The places of those in which no value stands twice.
    pub unique: Vec<usize>,
    /// The places of those that never change, but for the id.
    pub fixed: Vec<usize>,
    /// The columns of the table of how they stood when the window began, if there is to be one.
    pub opening: Option<Vec<ColumnSpec>>,
}

impl Rules {
    /// The end of the window in which a time lies.
    pub(super) fn barrier_after(&self, time: Time) -> Time {
        let since = (time - self.begin).0.div_euclid(self.window.0.max(1));
        self.begin + Span((since + 1) * self.window.0)
    }
}

impl Making {
    /// The id that an event of this key makes.
    #[inline]
    pub(super) fn made_by(self, key: Key) -> u64 {
        match self {
            Making::Nothing => 0,
            Making::Key => key.0,
            Making::New(purpose) => key.child(purpose, 0).0,
        }
    }

    /// The id of the event that made `id`.
    #[inline]
    pub(super) fn maker_of(self, id: u64) -> Option<u64> {
        match self {
            Making::Key => Key(id).is_one().then_some(id),
            Making::New(purpose) => Key(id).parent(purpose).map(|key| key.0),
            Making::Nothing => None,
        }
    }
}
