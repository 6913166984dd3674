//! From events that have taken place to rows: sorting into total order, working out the fields
//! that nobody needed before, and the digest, block by block and column by column.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::attribution::{ATTRIBUTION, Effects, column, modified_in_rows, same_rows};
use crate::cell::{Cell, HEAD_WORDS, Population};
use crate::eval::{Block, eval_block};
use crate::fingerprint::Digest;
use crate::program::{Label, NO_CAUSE, Stage, Stream};
use crate::sides::{Side, Sides};
use crate::table::{Chunk, Column, ColumnType, Validity, Values};
use crate::time::Time;
use crate::world::{Observed, World};

/// Rows in a block: its columns stay in the second-level cache.
const BLOCK: usize = 2048;

/// The rows of one stream since the last call.
pub struct StreamRows {
    /// The digest over them.
    pub digest: Digest,
    /// What interventions did to them.
    pub effects: Effects,
    /// The rows, in total order; empty when they were not asked for.
    pub chunks: Vec<Chunk>,
    /// Pairs of rows that stand at the same place of the total order.
    pub ties: u64,
}

/// Turns what has taken place in all cells into rows, stream by stream. With `keep` false, only
/// the digest is worked out.
pub fn collect(world: &World, cells: &[Cell], text_hashes: &[u64], keep: bool) -> Vec<StreamRows> {
    let populations: Vec<&Population> = cells.iter().map(|cell| &cell.population).collect();
    // The largest streams first, so that the threads end together.
    let mut streams: Vec<usize> = (0..world.program.streams.len()).collect();
    let words = |s: usize| {
        cells
            .iter()
            .map(|cell| cell.rows.by_stream[s].len())
            .sum::<usize>()
    };
    streams.sort_by_cached_key(|&s| std::cmp::Reverse(words(s)));
    let mut results: Vec<(usize, StreamRows)> = streams
        .into_par_iter()
        .with_max_len(1)
        .map(|s| {
            (
                s,
                stream_rows(world, cells, &populations, text_hashes, s, keep),
            )
        })
        .collect();
    results.sort_by_key(|(s, _)| *s);
    results.into_iter().map(|(_, rows)| rows).collect()
}

fn stream_rows(
    world: &World,
    cells: &[Cell],
    populations: &[&Population],
    text_hashes: &[u64],
    stream: usize,
    keep: bool,
) -> StreamRows {
    let definition = &world.program.streams[stream];
    let stride = HEAD_WORDS + usize::from(definition.carried + definition.eager);
    let rows: Vec<&[u64]> = cells
        .iter()
        .map(|cell| &cell.rows.by_stream[stream][..])
        .collect();
    let (heads, buckets) = gather(&rows, stride);
    let (order, ties) = if keep {
        total_order(&heads, stride, &buckets)
    } else {
        ((0..(heads.len() / stride) as u32).collect(), 0)
    };
    let source = Source {
        world,
        populations,
        stream,
        heads: &heads,
        stride,
    };
    let apart = cells.iter().any(|cell| cell.rows.apart[stream]);
    let (order, mut effects, labels) = if apart {
        settle_sides(&source, order)
    } else {
        (order, Effects::default(), BTreeMap::new())
    };
    let modified = modified_in_rows(&world.program, definition);
    let blocks: Vec<(Chunk, Digest, Effects)> = order
        .par_chunks(BLOCK)
        .map(|rows| {
            let (chunk, effects) = attributed(&source, rows, &labels, &modified);
            let mut digest = Digest::default();
            digest.add(chunk.rows, &chunk.columns, text_hashes);
            (chunk, digest, effects)
        })
        .collect();
    let mut digest = Digest::default();
    for (_, part, more) in &blocks {
        digest.merge(part);
        effects.merge(more);
    }
    let chunks = if keep {
        blocks.into_iter().map(|(chunk, ..)| chunk).collect()
    } else {
        Vec::new()
    };
    StreamRows {
        digest,
        effects,
        chunks,
        ties,
    }
}

/// The rows of one stream before they are completed.
#[derive(Clone, Copy)]
struct Source<'a> {
    world: &'a World,
    populations: &'a [&'a Population],
    stream: usize,
    heads: &'a [u64],
    stride: usize,
}

impl Source<'_> {
    fn head(&self, row: u32) -> &[u64] {
        &self.heads[row as usize * self.stride..][..self.stride]
    }

    fn time(&self, row: u32) -> i64 {
        self.head(row)[0] as i64
    }

    fn sides(&self, row: u32) -> Sides {
        Sides::of_bits(self.head(row)[5] >> 32)
    }

    fn label(&self, row: u32) -> Label {
        (self.head(row)[5] >> 16) as Label
    }

    fn chunk(&self, rows: &[u32], side: Side) -> Chunk {
        block_chunk(
            self.world,
            self.populations,
            self.stream,
            self.heads,
            self.stride,
            rows,
            side,
        )
    }
}

/// Leaves the rows that are on the untouched side only out, and finds out which of the others are
/// the same on both sides after all. Returns the rows that happened, in their order, the
/// differences, and the labels of the rows that have one.
fn settle_sides(source: &Source<'_>, order: Vec<u32>) -> (Vec<u32>, Effects, BTreeMap<u32, Label>) {
    let only = |side| {
        let mut rows: Vec<u32> = order
            .iter()
            .copied()
            .filter(|&row| source.sides(row) == Sides::Only(side))
            .collect();
        rows.sort_by_key(|&row| (source.time(row), source.head(row)[1]));
        rows
    };
    let (factual, untouched) = (only(Side::Factual), only(Side::Untouched));
    let place = |row: u32| (source.time(row), source.head(row)[1]);
    let mut pairs = (Vec::new(), Vec::new());
    let mut rest = untouched.iter().copied().peekable();
    let mut effects = Effects::default();
    let mut labels: BTreeMap<u32, Label> = BTreeMap::new();
    let removed = |effects: &mut Effects, row| {
        effects.note(source.label(row), source.time(row), |d| &mut d.removed);
    };
    for &row in &factual {
        while let Some(other) = rest.next_if(|&other| place(other) < place(row)) {
            removed(&mut effects, other);
        }
        labels.insert(row, source.label(row));
        match rest.next_if(|&other| place(other) == place(row)) {
            Some(other) => {
                pairs.0.push(row);
                pairs.1.push(other);
            }
            None => effects.note(source.label(row), source.time(row), |d| &mut d.added),
        }
    }
    rest.for_each(|other| removed(&mut effects, other));
    for (rows, others) in pairs.0.chunks(BLOCK).zip(pairs.1.chunks(BLOCK)) {
        let factual = source.chunk(rows, Side::Factual);
        let untouched = source.chunk(others, Side::Untouched);
        for (&row, same) in rows.iter().zip(same_rows(&factual, &untouched)) {
            if same {
                labels.remove(&row);
            } else {
                effects.note(source.label(row), source.time(row), |d| &mut d.changed);
            }
        }
    }
    let happened = order
        .into_iter()
        .filter(|&row| source.sides(row).on(Side::Factual))
        .collect();
    (happened, effects, labels)
}

/// A block of rows with their attribution. `modified` are the parameters that bend values of rows.
fn attributed(
    source: &Source<'_>,
    rows: &[u32],
    labels: &BTreeMap<u32, Label>,
    modified: &[u16],
) -> (Chunk, Effects) {
    let mut effects = Effects::default();
    let mut chunk = source.chunk(rows, Side::Factual);
    let program = &source.world.program;
    if program.interventions.is_empty() {
        return (chunk, effects);
    }
    let mut by: Vec<Label> = if labels.is_empty() {
        vec![0; rows.len()]
    } else {
        rows.iter()
            .map(|row| labels.get(row).copied().unwrap_or(0))
            .collect()
    };
    let times = || rows.iter().map(|&row| source.time(row));
    let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
    let bends = |&at: &u16| {
        program.modified[usize::from(at)].acts_between(Time(first), Time(last.saturating_add(1)))
    };
    if modified.iter().any(bends) {
        let untouched = source.chunk(rows, Side::Untouched);
        let same = same_rows(&chunk, &untouched);
        for ((&row, by), _) in rows.iter().zip(&mut by).zip(same).filter(|(_, same)| !same) {
            if source.sides(row) == Sides::Both {
                let time = Time(source.time(row));
                let acting = modified
                    .iter()
                    .map(|&at| program.modified[usize::from(at)].acting_label(time));
                *by = acting.into_iter().find(|&label| label != 0).unwrap_or(0);
                effects.note(*by, time.0, |d| &mut d.changed);
            }
        }
    }
    if let Values::Time(times) = &chunk.columns[1].values {
        effects.count(times);
    }
    chunk.columns[ATTRIBUTION] = column(program, &by);
    (chunk, effects)
}

/// Rows in a bucket, about: they fit into the second-level cache.
const BUCKET: usize = 8192;

/// Puts the rows of all cells together, in buckets of consecutive time. Returns the rows and where
/// each bucket ends, in rows.
fn gather(cells: &[&[u64]], stride: usize) -> (Vec<u64>, Vec<usize>) {
    let words = cells.iter().map(|rows| rows.len()).sum::<usize>();
    let times = || {
        cells
            .iter()
            .flat_map(|rows| rows.chunks_exact(stride))
            .map(|row| row[0] as i64)
    };
    let count = (words / stride / BUCKET).clamp(1, 4096);
    if count == 1 {
        return (cells.concat(), vec![words / stride]);
    }
    let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
    let width = (last - first) / count as i64 + 1;
    let bucket = |time: i64| ((time - first) / width) as usize;
    let mut ends = vec![0; count];
    times().for_each(|time| ends[bucket(time)] += 1);
    let mut next = Vec::with_capacity(count);
    let mut sum = 0;
    for end in &mut ends {
        next.push(sum);
        sum += *end;
        *end = sum;
    }
    let mut heads = vec![0; words];
    for row in cells.iter().flat_map(|rows| rows.chunks_exact(stride)) {
        let at = &mut next[bucket(row[0] as i64)];
        heads[*at * stride..][..stride].copy_from_slice(row);
        *at += 1;
    }
    (heads, ends)
}

/// The rows' numbers in total order (time, generation, key), and the number of ties.
fn total_order(heads: &[u64], stride: usize, buckets: &[usize]) -> (Vec<u32>, u64) {
    let mut order = Vec::with_capacity(heads.len() / stride);
    let (mut from, mut ties) = (0, 0);
    for &to in buckets {
        ties += sort_bucket(heads, stride, from, to, &mut order);
        from = to;
    }
    (order, ties)
}

/// Appends the numbers of the rows `from..to` in total order; returns the number of ties.
fn sort_bucket(heads: &[u64], stride: usize, from: usize, to: usize, order: &mut Vec<u32>) -> u64 {
    let time = |row: usize| heads[row * stride] as i64;
    let first = (from..to).map(time).min().unwrap_or(0);
    let begin = order.len();
    // The time since the first row and the row's number in one word; 2^40 us are 12 days.
    const NUMBER_BITS: u32 = 24;
    let fits = to - from < 1 << NUMBER_BITS
        && (from..to).all(|row| (time(row) - first) >> (64 - NUMBER_BITS) == 0);
    if fits {
        let pack = |row: usize| ((time(row) - first) as u64) << NUMBER_BITS | (row - from) as u64;
        let mut packed: Vec<u64> = (from..to).map(pack).collect();
        packed.sort_unstable();
        order.extend(
            packed
                .into_iter()
                .map(|w| from as u32 + (w & ((1 << NUMBER_BITS) - 1)) as u32),
        );
    } else {
        order.extend(from as u32..to as u32);
        order[begin..].sort_by_key(|&row| time(row as usize));
    }
    settle_ties(heads, stride, &mut order[begin..])
}

/// Orders rows of the same time by generation and key; returns how many still tie.
fn settle_ties(heads: &[u64], stride: usize, order: &mut [u32]) -> u64 {
    let time = |row: u32| heads[row as usize * stride];
    let rest = |row: u32| {
        (
            heads[row as usize * stride + 4] >> 32,
            heads[row as usize * stride + 1],
            // The two sides of an event stand at the same place.
            heads[row as usize * stride + 5] >> 32,
        )
    };
    let mut ties = 0;
    for run in order
        .chunk_by_mut(|&a, &b| time(a) == time(b))
        .filter(|run| run.len() > 1)
    {
        run.sort_by_key(|&row| rest(row));
        ties += run
            .windows(2)
            .filter(|pair| rest(pair[0]) == rest(pair[1]))
            .count() as u64;
    }
    ties
}

/// Works out a block of rows, column by column.
fn block_chunk(
    world: &World,
    populations: &[&Population],
    stream: usize,
    heads: &[u64],
    stride: usize,
    rows: &[u32],
    side: Side,
) -> Chunk {
    let definition = &world.program.streams[stream];
    let n = rows.len();
    // One pass over the rows, which lie anywhere in `heads`, instead of one a column.
    let mut words: Vec<Vec<u64>> = (0..stride).map(|_| Vec::with_capacity(n)).collect();
    for &row in rows {
        let row = &heads[row as usize * stride..][..stride];
        for (column, &word) in words.iter_mut().zip(row) {
            column.push(word);
        }
    }
    let mut slots = words.split_off(HEAD_WORDS);
    let [times, keys, cause_ids, roots, packed, indexes] =
        <[Vec<u64>; HEAD_WORDS]>::try_from(words)
            .unwrap_or_else(|_| unreachable!("rows have {HEAD_WORDS} words before their slots"));
    let times: Vec<i64> = times.into_iter().map(|w| w as i64).collect();
    let cells: Vec<u16> = packed.iter().map(|&w| (w >> 16) as u16).collect();
    let from: Vec<u16> = packed.iter().map(|&w| w as u16).collect();
    let causes: Vec<u16> = from.iter().map(|&f| world.cause_code(f)).collect();
    let indexes: Vec<u32> = indexes.into_iter().map(|w| u32::from(w as u16)).collect();
    let later = definition
        .variables
        .iter()
        .filter(|variable| variable.stage != Stage::Eager);
    slots.resize(slots.len() + later.clone().count(), Vec::new());
    let observed = Observed::default();
    let mut block = Block {
        world,
        populations,
        observed: &observed,
        stream,
        keys: &keys,
        times: &times,
        cells: &cells,
        causes: &causes,
        indexes: &indexes,
        side,
        slots,
    };
    for variable in later.filter(|variable| variable.written) {
        let mut column = Vec::with_capacity(n);
        eval_block(&variable.value, &block, &mut column);
        block.slots[usize::from(variable.slot)] = column;
    }
    let slots = block.slots;
    let mut columns = vec![
        Column {
            values: Values::Id(keys),
            validity: Validity::All,
        },
        Column {
            values: Values::Time(times),
            validity: Validity::All,
        },
        cause_column(cause_ids, &from),
        Column {
            values: Values::Id(roots),
            validity: Validity::All,
        },
        Column {
            values: Values::Small(cells),
            validity: Validity::All,
        },
        Column {
            values: Values::Text(Vec::new()),
            validity: Validity::None,
        },
    ];
    columns.extend(field_columns(definition, &slots));
    Chunk {
        table: stream,
        rows: n,
        columns,
    }
}

fn cause_column(causes: Vec<u64>, from: &[u16]) -> Column {
    let roots = from.iter().filter(|&&from| from == NO_CAUSE).count();
    if roots == from.len() {
        return Column {
            values: Values::Id(Vec::new()),
            validity: Validity::None,
        };
    }
    let validity = if roots == 0 {
        Validity::All
    } else {
        Validity::Mask(from.iter().map(|&from| from != NO_CAUSE).collect())
    };
    Column {
        values: Values::Id(causes),
        validity,
    }
}

fn field_columns<'a>(
    stream: &'a Stream,
    slots: &'a [Vec<u64>],
) -> impl Iterator<Item = Column> + 'a {
    stream
        .fields
        .iter()
        .map(|(spec, slot)| typed(spec.kind, &slots[usize::from(*slot)]))
}

/// A column of words as a column of its type.
pub fn typed(kind: ColumnType, words: &[u64]) -> Column {
    let number = |&w: &u64| f64::from_bits(w);
    let values = match kind {
        ColumnType::Id => Values::Id(words.to_vec()),
        ColumnType::Time => Values::Time(words.iter().map(|w| number(w) as i64).collect()),
        ColumnType::Float => Values::Float(words.iter().map(number).collect()),
        ColumnType::Int => Values::Int(
            words
                .iter()
                .map(|w| number(w).round_ties_even() as i32)
                .collect(),
        ),
        ColumnType::Small => Values::Small(words.iter().map(|&w| w as u16).collect()),
        ColumnType::Bool => Values::Bool(words.iter().map(|w| number(w) != 0.0).collect()),
        ColumnType::Text => Values::Text(words.iter().map(|&w| w as u16).collect()),
    };
    Column {
        values,
        validity: Validity::All,
    }
}
