//! A sink that looks at rows as they come, and keeps of them only what expectations are about.

use std::collections::{BTreeMap, BTreeSet};

use causeflow_engine::base::fingerprint::string_hash;
use causeflow_engine::base::head;
use causeflow_engine::base::table::{Chunk, Column, RowSink, SinkError, Values};
use causeflow_engine::base::time::Time;
use causeflow_engine::streams::eval::{Block, eval_block};
use causeflow_engine::streams::population::Population;
use causeflow_engine::streams::program::{NO_TIME, StreamId};
use causeflow_engine::streams::sides::Side;
use causeflow_engine::streams::view::Observed;
use causeflow_engine::streams::world::World;
use causeflow_models::{Expectation, Expected, Figure, OverRows, RowsOf, TotalOf};
use serde_json::{Map, Value, json};

use crate::numbers::instant;

/// What the rows of one seed show of an expectation.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How many rows were looked at.
    pub rows: u64,
    /// What was summed up over them.
    pub sum: Sum,
    /// Likewise of what they are compared with.
    pub other: Sum,
    /// How many rows break what holds for each.
    pub broken: u64,
    /// The first of these.
    pub first: Option<Row>,
}

/// A sum, with that of the magnitudes, by which rounding is measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    /// The sum.
    pub value: f64,
    /// That of the magnitudes.
    pub magnitude: f64,
    /// How many values there are.
    pub count: u64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        self.value += value;
        self.magnitude += value.abs();
        self.count += 1;
    }
}

/// A row that breaks an expectation.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its stream.
    pub stream: StreamId,
    /// The event's id.
    pub event_id: u64,
    /// Its time in microseconds.
    pub time: i64,
    /// Its fields.
    pub fields: Map<String, Value>,
}

/// Looks at the rows of one seed.
pub struct Watcher<'a> {
    world: &'a World,
    /// Rows know no entities.
    nobody: Population,
    expectations: &'a [&'a Expectation],
    seen: Vec<Seen>,
    /// For those about what comes before: when each key came first.
    before: Vec<BTreeMap<u64, i64>>,
    /// The first events of all chains that began within the run; only if somebody asks.
    begun: Option<BTreeSet<u64>>,
}

/// Rows as columns of words, and where they stand.
struct Words<'a> {
    chunk: &'a Chunk,
    block: Block<'a>,
}

impl<'a> Watcher<'a> {
    /// One that has seen nothing.
    pub fn new(world: &'a World, expectations: &'a [&'a Expectation]) -> Watcher<'a> {
        let after = |one: &&Expectation| matches!(one.expected, Expected::After(..));
        Watcher {
            world,
            nobody: Population::nobody(&world.program.kinds, world.sides()),
            expectations,
            seen: vec![Seen::default(); expectations.len()],
            before: vec![BTreeMap::new(); expectations.len()],
            begun: expectations.iter().any(after).then(BTreeSet::new),
        }
    }

    /// What was seen, in the order of the expectations.
    pub fn finish(self) -> Vec<Seen> {
        self.seen
    }

    /// Notes what later rows may come after.
    fn note(&mut self, chunk: &Chunk) {
        let Some(begun) = &mut self.begun else {
            return;
        };
        let ids = words_of(&chunk.columns[head::EVENT_ID], chunk.rows);
        let roots = words_of(&chunk.columns[head::ROOT_ID], chunk.rows);
        begun.extend(
            ids.iter()
                .zip(&roots)
                .filter(|(id, root)| id == root)
                .map(|(id, _)| *id),
        );
        let times = times_of(chunk);
        for (one, before) in self.expectations.iter().zip(&mut self.before) {
            if let Expected::After(_, stream, (_, key)) = &one.expected
                && stream.index() == chunk.table
            {
                let keys = words_of(&chunk.columns[*key], chunk.rows);
                for (key, time) in keys.into_iter().zip(&times) {
                    // Rows of a stream come in the order of their times.
                    before.entry(key).or_insert(*time);
                }
            }
        }
    }

    fn look(&mut self, chunk: &Chunk) {
        let populations = vec![&self.nobody; usize::from(self.world.program.cells) + 2];
        let observed = Observed::default();
        let (ids, times) = (
            words_of(&chunk.columns[head::EVENT_ID], chunk.rows),
            times_of(chunk),
        );
        let cells = match &chunk.columns[head::CELL].values {
            Values::Small(cells) => cells.clone(),
            _ => vec![0; chunk.rows],
        };
        let (causes, indexes) = (vec![0; chunk.rows], vec![0; chunk.rows]);
        let slots = chunk.columns.iter();
        let block = Block {
            world: self.world,
            populations: &populations,
            observed: &observed,
            stream: StreamId::at(chunk.table),
            keys: &ids,
            times: &times,
            cells: &cells,
            causes: &causes,
            indexes: &indexes,
            side: Side::FACTUAL,
            slots: slots.map(|column| words_of(column, chunk.rows)).collect(),
        };
        let words = Words { chunk, block };
        for (place, one) in self.expectations.iter().enumerate() {
            let seen = &mut self.seen[place];
            match &one.expected {
                Expected::Between(figure, ..) => words.figure(figure, seen),
                Expected::Equal(totals, _) => {
                    let [one, other] = &**totals;
                    words.total(one, &mut seen.sum);
                    words.total(other, &mut seen.other);
                    seen.rows = seen.sum.count + seen.other.count;
                }
                Expected::Holds(rows, condition) => {
                    let rows = words.meant(rows);
                    if rows.is_empty() {
                        continue;
                    }
                    let holds = words.truths(condition);
                    for row in rows {
                        words.judge(row, holds[row], self.world, seen);
                    }
                }
                Expected::After(rows, _, (key, _)) => {
                    let rows = words.meant(rows);
                    let (keys, roots) = (&words.block.slots, &words.block.slots[head::ROOT_ID]);
                    let begun = self.begun.as_ref();
                    for row in rows {
                        if begun.is_some_and(|begun| begun.contains(&roots[row])) {
                            let first = self.before[place].get(&keys[*key][row]);
                            let holds = first.is_some_and(|first| *first <= times[row]);
                            words.judge(row, holds, self.world, seen);
                        }
                    }
                }
            }
        }
    }
}

impl RowSink for Watcher<'_> {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        // What comes before something has come by then, but it may stand behind it in the list.
        chunks.iter().for_each(|chunk| self.note(chunk));
        chunks.iter().for_each(|chunk| self.look(chunk));
        Ok(())
    }
}

impl Words<'_> {
    /// The rows that are meant.
    fn meant(&self, RowsOf { stream, filter }: &RowsOf) -> Vec<usize> {
        if stream.index() != self.chunk.table {
            return Vec::new();
        }
        let all = 0..self.chunk.rows;
        match filter {
            None => all.collect(),
            Some(filter) => {
                let holds = self.truths(filter);
                all.filter(|&row| holds[row]).collect()
            }
        }
    }

    fn values(&self, OverRows { expr, .. }: &OverRows) -> Vec<f64> {
        let mut words = Vec::new();
        eval_block(expr, &self.block, &mut words);
        words.into_iter().map(f64::from_bits).collect()
    }

    fn truths(&self, condition: &OverRows) -> Vec<bool> {
        let values = self.values(condition).into_iter();
        values.map(|value| value != 0.0).collect()
    }

    fn total(&self, TotalOf { rows, value }: &TotalOf, sum: &mut Sum) {
        let rows = self.meant(rows);
        if !rows.is_empty() {
            let values = self.values(value);
            rows.into_iter().for_each(|row| sum.add(values[row]));
        }
    }

    fn figure(&self, figure: &Figure, seen: &mut Seen) {
        match figure {
            Figure::Rate(rows) => seen.sum.count += self.meant(rows).len() as u64,
            Figure::Share(rows, of) => {
                seen.sum.count += self.meant(rows).len() as u64;
                if of.index() == self.chunk.table {
                    seen.other.count += self.chunk.rows as u64;
                }
            }
            Figure::Mean(total) | Figure::Sum(total) => self.total(total, &mut seen.sum),
        }
        seen.rows = seen.sum.count;
    }

    /// Counts a row, and keeps the first for which it does not hold.
    fn judge(&self, row: usize, holds: bool, world: &World, seen: &mut Seen) {
        seen.rows += 1;
        if holds {
            return;
        }
        seen.broken += 1;
        let time = self.block.times[row];
        if seen.first.as_ref().is_some_and(|first| first.time <= time) {
            return;
        }
        let stream = self.block.stream;
        let fields = world.program.streams[stream].fields.iter();
        let columns = self.chunk.columns.iter().skip(head::FIELDS);
        let fields = fields.zip(columns).map(|((spec, _), column)| {
            let value = shown(column, row, &world.program.dictionary);
            (spec.name.clone(), value)
        });
        seen.first = Some(Row {
            stream,
            event_id: self.block.keys[row],
            time,
            fields: fields.collect(),
        });
    }
}

/// A column as the words on which expressions are worked out.
fn words_of(Column { values, validity }: &Column, rows: usize) -> Vec<u64> {
    let none = match values {
        Values::Time(_) => NO_TIME.to_bits(),
        _ => 0,
    };
    let mut words: Vec<u64> = match values {
        Values::Id(values) => values.clone(),
        Values::Time(values) => values.iter().map(|&time| (time as f64).to_bits()).collect(),
        Values::Float(values) => values.iter().map(|value| value.to_bits()).collect(),
        Values::Int(values) => values
            .iter()
            .map(|&value| f64::from(value).to_bits())
            .collect(),
        Values::Small(values) => values
            .iter()
            .map(|&value| f64::from(value).to_bits())
            .collect(),
        Values::Bool(values) => {
            let number = |&value: &bool| f64::from(u8::from(value)).to_bits();
            values.iter().map(number).collect()
        }
        Values::Exact(values, _) => values.iter().map(|&units| units as u64).collect(),
        Values::Text(values) => values.iter().map(|&code| u64::from(code)).collect(),
        // Whether there is one, and whether two are the same, is all that can be asked.
        Values::String(values) => values.iter().map(|one| string_hash(one).max(1)).collect(),
    };
    // Where no row has a value, there are no values.
    words.resize(rows, none);
    for (row, word) in words.iter_mut().enumerate() {
        if !validity.has(row) {
            *word = none;
        }
    }
    words
}

fn times_of(chunk: &Chunk) -> Vec<i64> {
    match &chunk.columns[head::TIME].values {
        Values::Time(times) => times.clone(),
        _ => vec![0; chunk.rows],
    }
}

/// A value as JSON has it.
fn shown(Column { values, validity }: &Column, row: usize, dictionary: &[String]) -> Value {
    if !validity.has(row) {
        return Value::Null;
    }
    match values {
        Values::Id(values) => json!(values[row].to_string()),
        Values::Time(values) => json!(instant(Time(values[row]))),
        Values::Float(values) => json!(values[row]),
        Values::Int(values) => json!(values[row]),
        Values::Exact(values, digits) => json!(digits.show(values[row]).to_string()),
        Values::Small(values) => json!(values[row]),
        Values::Bool(values) => json!(values[row]),
        Values::Text(values) => json!(dictionary[usize::from(values[row])]),
        Values::String(values) => json!(values.get(row)),
    }
}
