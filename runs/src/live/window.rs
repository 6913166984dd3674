//! The rows of a stretch of time, of all streams, in the one order in which they are given out.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use causeflow_engine::base::head;
use causeflow_engine::base::table::{
    Chunk, Column, Dictionary, RowSink, SinkError, TableSchema, Values,
};
use causeflow_engine::base::time::Time;
use causeflow_outputs::{RowEncoder, TextFormat};

use rayon::prelude::*;

use crate::error::Result;

/// A row: the chunk that it is in, and its place there.
type RowPlace = (u32, u32);

/// What the streams of a session are, which is the same for all of its windows but for the dictionary, to which names of
/// interventions are added.
#[derive(Clone, Debug)]
pub struct Tables {
    /// The streams, in the order of the program.
    pub streams: Arc<[TableSchema]>,
    /// The texts that codes stand for.
    pub dictionary: Dictionary,
}

/// The events of a window, in the order in which they are given out: by time, at the same time causes before what follows from
/// them, then by stream and by their order in it.
#[derive(Debug)]
pub struct Window {
    /// What the columns mean.
    pub tables: Tables,
    /// Its first instant.
    pub from: Time,
    /// The first instant after it.
    pub to: Time,
    /// How many events come before it in the session.
    pub before: u64,
    /// In the order of their streams; those of one stream in its order.
    chunks: Vec<Chunk>,
    /// Worked out when somebody looks at events one by one: most windows pass without.
    order: OnceLock<Vec<RowPlace>>,
}

impl Window {
    /// Of what has been gathered.
    pub(super) fn new(
        tables: Tables,
        (from, to): (Time, Time),
        before: u64,
        rows: Gathered,
    ) -> Self {
        let mut chunks = rows.0;
        // Chunks of one stream come in its order.
        chunks.sort_by_key(|chunk| chunk.table);
        Window {
            tables,
            from,
            to,
            before,
            chunks,
            order: OnceLock::new(),
        }
    }

    /// How many events it has.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.rows).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn order(&self) -> &[RowPlace] {
        self.order
            .get_or_init(|| in_order(&self.chunks, (self.from, self.to)))
    }

    fn row(&self, at: usize) -> (&Chunk, usize) {
        let (chunk, row) = self.order()[at];
        (&self.chunks[chunk as usize], row as usize)
    }

    /// The stream of an event.
    pub fn stream(&self, at: usize) -> usize {
        self.row(at).0.table
    }

    /// When an event happens.
    pub fn time(&self, at: usize) -> Time {
        let (chunk, row) = self.row(at);
        Time(times(chunk)[row])
    }

    /// The id of an event.
    pub fn id(&self, at: usize) -> u64 {
        let (chunk, row) = self.row(at);
        ids(chunk, head::EVENT_ID)[row]
    }

    /// The id of what caused an event, if anything did.
    pub fn cause(&self, at: usize) -> Option<u64> {
        let (chunk, row) = self.row(at);
        cause(chunk, row)
    }

    /// The id of the first event of its chain.
    pub fn root(&self, at: usize) -> u64 {
        let (chunk, row) = self.row(at);
        ids(chunk, head::ROOT_ID)[row]
    }

    /// The id that an event has in a column, if it has one there.
    pub fn id_in(&self, at: usize, column: usize) -> Option<u64> {
        let (chunk, row) = self.row(at);
        id_at(chunk, column, row)
    }

    /// The events one of whose own fields has an id, such as that of an entity.
    pub fn naming(&self, id: u64) -> Vec<usize> {
        let own = |chunk: &Chunk| {
            let fields = chunk.columns[head::FIELDS..].iter();
            let ids = fields.filter_map(|column| match &column.values {
                Values::Id(ids) => Some(ids),
                _ => None,
            });
            let named = ids.flat_map(|ids| (0..).zip(ids).filter(|(_, of)| **of == id));
            named.map(|(row, _)| row).collect::<BTreeSet<u32>>()
        };
        let named: Vec<BTreeSet<u32>> = self.chunks.iter().map(own).collect();
        if named.iter().all(BTreeSet::is_empty) {
            return Vec::new();
        }
        let places = (0..).zip(self.order());
        let found = places.filter(|(_, (chunk, row))| named[*chunk as usize].contains(row));
        found.map(|(at, _)| at).collect()
    }

    /// How many events happen before a time.
    pub fn until(&self, time: Time) -> usize {
        let before = |chunk| times(chunk).partition_point(|&at| at < time.0);
        self.chunks.iter().map(before).sum()
    }

    /// Whether the events before a time are those of another window.
    pub(super) fn is_same_before(&self, other: &Window, time: Time) -> bool {
        let tables = 0..self.tables.streams.len().max(other.tables.streams.len());
        tables.into_par_iter().all(|table| {
            let (mut these, mut those) = (self.before(table, time), other.before(table, time));
            loop {
                these.retain(|(_, rows)| !rows.is_empty());
                those.retain(|(_, rows)| !rows.is_empty());
                let (Some((a, these)), Some((b, those))) = (these.first_mut(), those.first_mut())
                else {
                    return these.is_empty() && those.is_empty();
                };
                let rows = these.len().min(those.len());
                let (at, to) = (these.start, those.start);
                let pairs = a.columns.iter().zip(&b.columns);
                let mut equal = pairs.map(|(a, b)| self.equal((a, at), other, (b, to), rows));
                if a.columns.len() != b.columns.len() || !equal.all(|equal| equal) {
                    return false;
                }
                (these.start, those.start) = (at + rows, to + rows);
            }
        })
    }

    /// The rows of a stream before a time, chunk by chunk.
    fn before(&self, table: usize, time: Time) -> Vec<(&Chunk, Range<usize>)> {
        let chunks = self.chunks.iter().filter(|chunk| chunk.table == table);
        let rows = chunks.map(|chunk| (chunk, 0..times(chunk).partition_point(|&at| at < time.0)));
        rows.collect()
    }

    /// The first event that another window does not have in the same place, among the first so many.
    pub(super) fn differs(&self, other: &Window, first: usize) -> Option<usize> {
        let common = first.min(self.len()).min(other.len());
        let same = |at: &usize| {
            self.stream(*at) == other.stream(*at)
                && self.differing_columns(*at, other, *at).is_empty()
        };
        let differs = (0..common).find(|at| !same(at));
        differs.or((common < first).then_some(common))
    }

    /// The columns in which two events of a stream differ.
    pub(super) fn differing_columns(
        &self,
        at: usize,
        other: &Window,
        other_at: usize,
    ) -> Vec<usize> {
        let ((a, row), (b, other_row)) = (self.row(at), other.row(other_at));
        let columns = a.columns.iter().zip(&b.columns).enumerate();
        let differing = columns
            .filter(|(_, (a, b))| !self.equal((a, row), other, (b, other_row), 1))
            .map(|(column, _)| column);
        differing.collect()
    }

    /// The names of columns of an event's stream.
    pub(super) fn names_of(&self, at: usize, columns: &[usize]) -> Vec<String> {
        let all = &self.tables.streams[self.stream(at)].columns;
        columns.iter().map(|&at| all[at].name.clone()).collect()
    }

    /// Whether so many rows of a column from a place on are those of a column of another window. A code may stand for another text there.
    fn equal(
        &self,
        (a, at): (&Column, usize),
        other: &Window,
        (b, to): (&Column, usize),
        rows: usize,
    ) -> bool {
        let each = |equal: &dyn Fn(usize, usize) -> bool| {
            (0..rows).map(|row| (at + row, to + row)).all(|(at, to)| {
                let (is, was) = (a.validity.has(at), b.validity.has(to));
                is == was && (!is || equal(at, to))
            })
        };
        match (&a.values, &b.values) {
            (Values::Id(a), Values::Id(b)) => each(&|at, to| a[at] == b[to]),
            (Values::Time(a), Values::Time(b)) => each(&|at, to| a[at] == b[to]),
            (Values::Float(a), Values::Float(b)) => {
                each(&|at, to| a[at].to_bits() == b[to].to_bits())
            }
            (Values::Int(a), Values::Int(b)) => each(&|at, to| a[at] == b[to]),
            (Values::Exact(a, _), Values::Exact(b, _)) => each(&|at, to| a[at] == b[to]),
            (Values::Small(a), Values::Small(b)) => each(&|at, to| a[at] == b[to]),
            (Values::Bool(a), Values::Bool(b)) => each(&|at, to| a[at] == b[to]),
            (Values::String(a), Values::String(b)) => each(&|at, to| a.get(at) == b.get(to)),
            (Values::Text(a), Values::Text(b)) => {
                let (mine, theirs) = (&self.tables.dictionary, &other.tables.dictionary);
                each(&|at, to| mine[usize::from(a[at])] == theirs[usize::from(b[to])])
            }
            (
                Values::Id(_)
                | Values::Time(_)
                | Values::Float(_)
                | Values::Int(_)
                | Values::Exact(..)
                | Values::Small(_)
                | Values::Bool(_)
                | Values::Text(_)
                | Values::String(_),
                _,
            ) => false,
        }
    }
}

/// The places of all rows in the order in which they are given out. The chunks lie in the order of their streams.
fn in_order(chunks: &[Chunk], (Time(from), Time(to)): (Time, Time)) -> Vec<RowPlace> {
    // What is sorted at a time should lie near the processor.
    const PARTS: i64 = 16;
    let step = (to - from) / PARTS + 1;
    let parts = (0..PARTS).map(|part| {
        let first = if part == 0 {
            i64::MIN
        } else {
            from + part * step
        };
        let next = if part == PARTS - 1 {
            i64::MAX
        } else {
            from + (part + 1) * step
        };
        let rows = (0..).zip(chunks).map(|(at, chunk)| {
            let place = |time| times(chunk).partition_point(|&at| at < time);
            (at, place(first)..place(next))
        });
        let rows: Vec<(u32, Range<usize>)> = rows.collect();
        let begin = first.max(from);
        part_in_order(chunks, &rows, (begin, next.min(to).max(begin + 1)))
    });
    let parts: Vec<Vec<RowPlace>> = parts.collect();
    parts.concat()
}

/// The places of some rows of each chunk, whose times are about in a range. They are put into as many buckets as there are rows: times
/// hardly ever crowd, so that little is left to be sorted in a bucket.
fn part_in_order(
    chunks: &[Chunk],
    rows: &[(u32, Range<usize>)],
    (from, to): (i64, i64),
) -> Vec<RowPlace> {
    let count: usize = rows.iter().map(|(_, rows)| rows.len()).sum();
    if count == 0 {
        return Vec::new();
    }
    let per_us = count as f64 / (to - from) as f64;
    let bucket = |time: i64| ((time.saturating_sub(from) as f64 * per_us) as usize).min(count - 1);
    let times_of = |(at, rows): &(u32, Range<usize>)| &times(&chunks[*at as usize])[rows.clone()];
    let mut ends = vec![0_u32; count + 1];
    for &time in rows.iter().flat_map(times_of) {
        ends[bucket(time) + 1] += 1;
    }
    // The beginning of each bucket, which moves on to its end as it is filled.
    for at in 1..ends.len() {
        ends[at] += ends[at - 1];
    }
    let mut keyed: Vec<(i64, RowPlace)> = vec![(0, (0, 0)); count];
    for part in rows {
        for (row, &time) in (part.1.start as u32..).zip(times_of(part)) {
            let next = &mut ends[bucket(time)];
            keyed[*next as usize] = (time, (part.0, row));
            *next += 1;
        }
    }
    let mut first = 0;
    for &end in &ends[..count] {
        // Whoever came first stays so: streams in their order.
        let rows = &mut keyed[first..end as usize];
        if rows.len() > 1 {
            rows.sort_by_key(|&(time, _)| time);
        }
        first = end as usize;
    }
    let mut order: Vec<RowPlace> = keyed.iter().map(|&(_, place)| place).collect();
    let mut first = 0;
    for same in keyed.chunk_by(|a, b| a.0 == b.0) {
        if same.len() > 1 {
            causes_first(chunks, &mut order[first..first + same.len()]);
        }
        first += same.len();
    }
    order
}

fn times(chunk: &Chunk) -> &[i64] {
    match &chunk.columns[head::TIME].values {
        Values::Time(times) => times,
        _ => &[],
    }
}

fn ids(chunk: &Chunk, place: usize) -> &[u64] {
    match &chunk.columns[place].values {
        Values::Id(ids) => ids,
        _ => &[],
    }
}

fn cause(chunk: &Chunk, row: usize) -> Option<u64> {
    id_at(chunk, head::CAUSE_ID, row)
}

fn id_at(chunk: &Chunk, column: usize, row: usize) -> Option<u64> {
    let is_there = chunk.columns[column].validity.has(row);
    is_there.then(|| ids(chunk, column).get(row).copied())?
}

/// Moves events of one time behind what has caused them, and otherwise leaves their order.
fn causes_first(chunks: &[Chunk], order: &mut [RowPlace]) {
    let chunk = |place: &RowPlace| (&chunks[place.0 as usize], place.1 as usize);
    let id = |place: &RowPlace| {
        let (chunk, row) = chunk(place);
        ids(chunk, head::EVENT_ID)[row]
    };
    let mut by_id: Vec<(u64, usize)> = order.iter().map(id).zip(0..).collect();
    by_id.sort_unstable();
    let caused_by = |place: &RowPlace| {
        let (chunk, row) = chunk(place);
        let cause = cause(chunk, row)?;
        let found = by_id.binary_search_by_key(&cause, |&(id, _)| id).ok()?;
        Some(by_id[found].1)
    };
    let causes: Vec<Option<usize>> = order.iter().map(caused_by).collect();
    if causes.iter().all(Option::is_none) {
        return;
    }
    let depth = |at: usize| {
        let chain = std::iter::successors(causes[at], |&cause| causes[cause]);
        // An event never follows from itself, but two of the same id could name each other.
        chain.take(causes.len()).count()
    };
    let mut deep: Vec<(usize, RowPlace)> = (0..order.len())
        .map(depth)
        .zip(order.iter().copied())
        .collect();
    deep.sort_by_key(|&(depth, _)| depth);
    for (slot, (_, place)) in order.iter_mut().zip(deep) {
        *slot = place;
    }
}

/// Takes the rows of a window.
#[derive(Default)]
pub(super) struct Gathered(pub Vec<Chunk>);

impl RowSink for Gathered {
    fn write(&mut self, chunks: Vec<Chunk>) -> std::result::Result<(), SinkError> {
        self.0.extend(chunks);
        Ok(())
    }
}

/// Writes events of windows as JSON, each as an object with the stream's columns.
pub struct Encoder {
    tables: Tables,
    /// One a stream, made when its first event is written: each holds all texts, and mostly few streams are.
    encoders: Vec<Option<RowEncoder>>,
}

impl Encoder {
    /// For windows with such tables.
    pub fn new(tables: &Tables) -> Encoder {
        Encoder {
            tables: tables.clone(),
            encoders: tables.streams.iter().map(|_| None).collect(),
        }
    }

    /// Appends an event, without an end of the line.
    ///
    /// # Errors
    /// When its time lies outside the years that RFC 3339 has.
    pub fn append(&mut self, window: &Window, at: usize, out: &mut Vec<u8>) -> Result<()> {
        if !Arc::ptr_eq(&self.tables.dictionary, &window.tables.dictionary) {
            *self = Encoder::new(&window.tables);
        }
        let (chunk, row) = window.row(at);
        let Tables {
            streams,
            dictionary,
        } = &self.tables;
        let encoder = self.encoders[chunk.table].get_or_insert_with(|| {
            RowEncoder::new(&streams[chunk.table], dictionary, TextFormat::Jsonl)
        });
        encoder.encode(chunk, row, out)?;
        out.pop();
        Ok(())
    }
}
