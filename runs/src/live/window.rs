//! The rows of a stretch of time, of all streams, in the one order in which they are given out.

use std::sync::Arc;

use causeflow_engine::base::head;
use causeflow_engine::base::table::{
    Chunk, Column, Dictionary, RowSink, SinkError, TableSchema, Validity, Values,
};
use causeflow_engine::base::time::Time;
use causeflow_outputs::{RowEncoder, TextFormat};

use rayon::prelude::*;

use crate::error::Result;

/// A row: the chunk that it is in, and its place there.
type Place = (u32, u32);

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
    chunks: Vec<Chunk>,
    order: Vec<Place>,
}

impl Window {
    /// Puts what has been gathered in order.
    pub(super) fn new(
        tables: Tables,
        (from, to): (Time, Time),
        before: u64,
        rows: Gathered,
    ) -> Self {
        let chunks = rows.0;
        let mut keyed: Vec<(i64, u16, Place)> = Vec::new();
        for (at, chunk) in (0..).zip(&chunks) {
            let times = times(chunk).iter();
            let rows = (0..).zip(times);
            keyed.extend(rows.map(|(row, &time)| (time, chunk.table as u16, (at, row))));
        }
        // Chunks of one stream come in its order, so places keep it.
        keyed.par_sort_unstable();
        let mut order: Vec<Place> = keyed.iter().map(|&(.., place)| place).collect();
        let mut first = 0;
        for same in keyed.chunk_by(|a, b| a.0 == b.0) {
            if same.len() > 1 {
                causes_first(&chunks, &mut order[first..first + same.len()]);
            }
            first += same.len();
        }
        Window {
            tables,
            from,
            to,
            before,
            chunks,
            order,
        }
    }

    /// How many events it has.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn row(&self, at: usize) -> (&Chunk, usize) {
        let (chunk, row) = self.order[at];
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

    /// How many events happen before a time.
    pub fn until(&self, time: Time) -> usize {
        self.order.partition_point(|&(chunk, row)| {
            times(&self.chunks[chunk as usize])[row as usize] < time.0
        })
    }

    /// The first event that another window does not have in the same place, among the first so many.
    pub(super) fn differs(&self, other: &Window, first: usize) -> Option<usize> {
        let common = first.min(self.len()).min(other.len());
        let same = |at: &usize| {
            let ((a, row), (b, other_row)) = (self.row(*at), other.row(*at));
            let mut columns = a.columns.iter().zip(&b.columns);
            a.table == b.table
                && columns.all(|(a, b)| self.value(a, row) == other.value(b, other_row))
        };
        let differs = (0..common).find(|at| !same(at));
        differs.or((common < first).then_some(common))
    }

    /// A value as something that can be compared across windows.
    fn value(&self, column: &Column, row: usize) -> Option<Word<'_>> {
        let is_there = match &column.validity {
            Validity::All => true,
            Validity::None => false,
            Validity::Mask(mask) => mask[row],
        };
        is_there.then(|| match &column.values {
            Values::Id(v) => Word::Bits(v[row]),
            Values::Time(v) => Word::Bits(v[row] as u64),
            Values::Float(v) => Word::Bits(v[row].to_bits()),
            Values::Int(v) => Word::Bits(v[row] as u64),
            Values::Small(v) => Word::Bits(v[row].into()),
            Values::Bool(v) => Word::Bits(v[row].into()),
            Values::Text(v) => Word::Text(&self.tables.dictionary[usize::from(v[row])]),
        })
    }
}

#[derive(PartialEq)]
enum Word<'a> {
    Bits(u64),
    Text(&'a str),
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
    let is_there = match &chunk.columns[head::CAUSE_ID].validity {
        Validity::All => true,
        Validity::None => false,
        Validity::Mask(mask) => mask[row],
    };
    is_there.then(|| ids(chunk, head::CAUSE_ID)[row])
}

/// Moves events of one time behind what has caused them, and otherwise leaves their order.
fn causes_first(chunks: &[Chunk], order: &mut [Place]) {
    let chunk = |place: &Place| (&chunks[place.0 as usize], place.1 as usize);
    let id = |place: &Place| {
        let (chunk, row) = chunk(place);
        ids(chunk, head::EVENT_ID)[row]
    };
    let mut by_id: Vec<(u64, usize)> = order.iter().map(id).zip(0..).collect();
    by_id.sort_unstable();
    let caused_by = |place: &Place| {
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
    let mut deep: Vec<(usize, Place)> = (0..order.len())
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
