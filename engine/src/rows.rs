//! From events that have taken place to rows: sorting into total order, working out the fields
//! that nobody needed before, and the digest, block by block and column by column.

use std::cell::Cell;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::attribution::{Attribution, Effects, same_rows};
use crate::cell::{Cell as Process, HEAD_WORDS, Population, RowBuffers};
use crate::draw::Key;
use crate::eval::{Block, Frame, Marks, Own, eval, eval_block, round_even};
use crate::fingerprint::{Digest, RowHashes, float_word, int_word};
use crate::program::{Label, NO_CAUSE, Stage, Stream};
use crate::scratch;
use crate::series::{Amounts, Series};
use crate::sides::{Side, Sides};
use crate::table::{Chunk, Column, ColumnType, Validity, Values};
use crate::time::{Span, Time};
use crate::world::{Observed, World};

/// Rows in a block: its columns stay in the second-level cache.
const BLOCK: usize = 2048;

/// What some rows of a stream come to. Parts of a stream may be merged in any order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// The digest over them.
    pub digest: Digest,
    /// What interventions did to them.
    pub effects: Effects,
    /// How many there were, hour by hour and on each side.
    pub series: Series,
}

impl Sums {
    /// Adds other rows of the stream.
    pub fn merge(&mut self, other: &Sums) {
        self.digest.merge(&other.digest);
        self.effects.merge(&other.effects);
        self.series.merge(&other.series);
    }
}

/// The rows of one stream since the last call.
pub struct StreamRows {
    /// What they come to.
    pub sums: Sums,
    /// The rows, in total order; empty when they were not asked for.
    pub chunks: Vec<Chunk>,
    /// Pairs of rows that stand at the same place of the total order.
    pub ties: u64,
}

/// Turns what has taken place in all cells into rows, stream by stream. With `keep` false, only
/// the digest is worked out.
pub fn collect(
    world: &World,
    cells: &[Process],
    text_hashes: &[u64],
    keep: bool,
) -> Vec<StreamRows> {
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
    cells: &[Process],
    populations: &[&Population],
    text_hashes: &[u64],
    stream: usize,
    keep: bool,
) -> StreamRows {
    let mut context = Context::new(world, populations, text_hashes, stream);
    let stride = context.stride;
    let of = |rows: fn(&RowBuffers) -> &Vec<Vec<u64>>| -> Vec<&[u64]> {
        cells
            .iter()
            .map(|cell| &rows(&cell.rows)[stream][..])
            .collect()
    };
    let (factual, untouched) = (of(|rows| &rows.factual), of(|rows| &rows.untouched));
    let mut sums = context.settle_sides(&factual, &untouched);
    let mut rows = of(|rows| &rows.by_stream);
    rows.extend(factual);
    let (blocks, ties): (Vec<Part>, u64) = if keep {
        let mut heads = scratch::rows();
        let buckets = gather(&rows, stride, &mut heads);
        let (order, ties) = total_order(&heads, stride, &buckets);
        let blocks = order
            .par_chunks(BLOCK)
            .map(|order| {
                let row = |&row: &u32| &heads[row as usize * stride..][..stride];
                context.work_out(transpose(order.iter().map(row), stride), keep)
            })
            .collect();
        scratch::give_rows(heads);
        (blocks, ties)
    } else {
        // The digest does not depend on the order: rows are taken from where they lie.
        let blocks = blocks_of(&rows, BLOCK * stride)
            .into_par_iter()
            .map(|pieces| {
                let rows = pieces.iter().flat_map(|piece| piece.chunks_exact(stride));
                context.work_out(transpose(rows, stride), keep)
            })
            .collect();
        (blocks, 0)
    };
    blocks.iter().for_each(|part| sums.merge(&part.sums));
    StreamRows {
        sums,
        chunks: blocks.into_iter().filter_map(|part| part.chunk).collect(),
        ties,
    }
}

/// Where a row stands, whatever side it is on.
fn place(row: &[u64]) -> (i64, u64) {
    (row[0] as i64, row[1])
}

/// Who is to be named for a row on one side, from the last word of its head.
fn label_of(word: u64) -> Label {
    (word >> 16) as Label
}

/// On which sides a row is, from the last word of its head.
#[inline(always)]
fn sides_of(word: u64) -> Sides {
    Sides::of_bits(word >> 32)
}

/// Whether a row is on one side only, from the last word of its head.
fn is_apart(word: u64) -> bool {
    sides_of(word) != Sides::Both
}

/// Cuts what lies in several places into blocks of so many words, and a last one of what is left.
fn blocks_of<'a>(places: &[&'a [u64]], words: usize) -> Vec<Vec<&'a [u64]>> {
    let mut blocks: Vec<Vec<&[u64]>> = Vec::new();
    let mut room = 0;
    for &place in places {
        let mut rest = place;
        while !rest.is_empty() {
            if room == 0 {
                blocks.push(Vec::new());
                room = words;
            }
            let (piece, later) = rest.split_at(rest.len().min(room));
            if let Some(block) = blocks.last_mut() {
                block.push(piece);
            }
            room -= piece.len();
            rest = later;
        }
    }
    blocks
}

/// Words of a row of a stream.
fn stride(stream: &Stream) -> usize {
    HEAD_WORDS + usize::from(stream.carried + stream.eager)
}

/// What a block of rows came to.
struct Part {
    /// The rows themselves, if they are to be kept.
    chunk: Option<Chunk>,
    sums: Sums,
}

/// What is around the rows of one stream.
struct Context<'a> {
    world: &'a World,
    populations: &'a [&'a Population],
    text_hashes: &'a [u64],
    stream: usize,
    definition: &'a Stream,
    stride: usize,
    /// The modified parameters on which fields depend.
    modified: &'a [u16],
    /// The places of rows that have come apart and are the same on both sides after all, in order.
    same: Vec<(i64, u64)>,
}

impl<'a> Context<'a> {
    fn new(
        world: &'a World,
        populations: &'a [&'a Population],
        text_hashes: &'a [u64],
        stream: usize,
    ) -> Context<'a> {
        let definition = &world.program.streams[stream];
        Context {
            world,
            populations,
            text_hashes,
            stream,
            definition,
            stride: stride(definition),
            modified: &world.modified_in_rows[stream],
            same: Vec::new(),
        }
    }

    /// Compares the rows that are on one side only with those of the other, and finds out which are
    /// the same after all. Returns how the others differ, with those of the untouched side counted.
    fn settle_sides(&mut self, factual: &[&[u64]], untouched: &[&[u64]]) -> Sums {
        let Sums {
            mut effects,
            mut series,
            ..
        } = Sums::default();
        let [factual, untouched] = [factual, untouched].map(|places| {
            let rows = places
                .iter()
                .flat_map(|rows| rows.chunks_exact(self.stride));
            let mut rows: Vec<&[u64]> = rows.collect();
            rows.sort_unstable_by_key(|row| place(row));
            rows
        });
        let mut pairs: Vec<(&[u64], &[u64])> = Vec::new();
        let mut removed: Vec<&[u64]> = Vec::new();
        let mut rest = untouched.into_iter().peekable();
        let time = |row: &[u64]| row[0] as i64;
        for row in factual {
            while let Some(other) = rest.next_if(|other| place(other) < place(row)) {
                removed.push(other);
            }
            match rest.next_if(|other| place(other) == place(row)) {
                Some(other) => pairs.push((row, other)),
                None => effects.note(label_of(row[5]), time(row), |d| &mut d.added),
            }
        }
        removed.extend(rest);
        for rows in removed.chunks(BLOCK) {
            for row in rows {
                effects.note(label_of(row[5]), time(row), |d| &mut d.removed);
            }
            let words = transpose(rows.iter().copied(), self.stride);
            let columns = Columns::new(self, words, Side::Untouched);
            columns.count(self, &mut series, |_| Sides::Only(Side::Untouched));
            columns.recycle();
        }
        for pairs in pairs.chunks(BLOCK) {
            let factual = transpose(pairs.iter().map(|pair| pair.0), self.stride);
            let untouched = transpose(pairs.iter().map(|pair| pair.1), self.stride);
            let factual = self.chunk(factual, Side::Factual);
            let untouched = Columns::new(self, untouched, Side::Untouched);
            let same = same_rows(&factual, &untouched.chunk(self, self.nobody()));
            untouched.count(self, &mut series, |_| Sides::Only(Side::Untouched));
            untouched.recycle();
            for ((row, _), same) in pairs.iter().zip(same) {
                if same {
                    self.same.push(place(row));
                } else {
                    effects.note(label_of(row[5]), time(row), |d| &mut d.changed);
                }
            }
        }
        Sums {
            effects,
            series,
            ..Sums::default()
        }
    }

    /// Works out a block of rows: their digest, and the rows themselves if they are to be kept.
    fn work_out(&self, words: Vec<Vec<u64>>, keep: bool) -> Part {
        let mut sums = Sums::default();
        let mut labels = Vec::new();
        let mut sides = Vec::new();
        if !self.world.program.interventions.is_empty() {
            labels = self.labels(&words);
            self.compare_fields(&words, &mut labels, &mut sums);
            sides = scratch::copy(&words[5]);
        }
        let attribution = Attribution::new(&self.world.program, &labels);
        let columns = Columns::new(self, words, Side::Factual);
        if sides.is_empty() {
            columns.count(self, &mut sums.series, |_| Sides::Both);
        } else {
            columns.count(self, &mut sums.series, |row| sides_of(sides[row]));
            scratch::give_column(sides);
        }
        sums.digest = columns.digest(self, &attribution);
        let chunk = keep.then(|| columns.chunk(self, attribution.column()));
        columns.recycle();
        Part { chunk, sums }
    }

    /// Who is to be named for each of some rows.
    fn labels(&self, words: &[Vec<u64>]) -> Vec<Label> {
        let label = |(row, &word): (usize, &u64)| {
            let place = (words[0][row] as i64, words[1][row]);
            if is_apart(word) && self.same.binary_search(&place).is_err() {
                label_of(word)
            } else {
                0
            }
        };
        words[5].iter().enumerate().map(label).collect()
    }

    /// Rows on one side.
    fn chunk(&self, words: Vec<Vec<u64>>, side: Side) -> Chunk {
        let columns = Columns::new(self, words, side);
        let chunk = columns.chunk(self, self.nobody());
        columns.recycle();
        chunk
    }

    /// Finds the rows on both sides of which a modifier bends a field, and labels them.
    fn compare_fields(&self, words: &[Vec<u64>], labels: &mut [Label], sums: &mut Sums) {
        let modified = |&at: &u16| &self.world.program.modified[usize::from(at)];
        let times = words[0].iter().map(|&time| time as i64);
        let (first, last) = (times.clone().min(), times.max());
        let range = (Time(first.unwrap_or(0)), Time(last.unwrap_or(0)) + Span(1));
        let mut bending = self.modified.iter().map(modified);
        if !bending.any(|modified| modified.acts_between(range.0, range.1)) {
            return;
        }
        let copy = || words.iter().map(|column| scratch::copy(column)).collect();
        let factual = Columns::new(self, copy(), Side::Factual);
        let untouched = Columns::new(self, copy(), Side::Untouched);
        let same = same_rows(
            &factual.chunk(self, self.nobody()),
            &untouched.chunk(self, self.nobody()),
        );
        let (amounts, others) = (factual.amounts(self), untouched.amounts(self));
        for (row, same) in same.into_iter().enumerate() {
            if !same && !is_apart(words[5][row]) {
                let time = words[0][row] as i64;
                labels[row] = factual.bent_by(self, row);
                sums.effects.note(labels[row], time, |d| &mut d.changed);
                sums.series
                    .replace_untouched(time, amounts.of(row), others.of(row));
            }
        }
        factual.recycle();
        untouched.recycle();
    }

    /// The attribution of rows for which nobody is named.
    fn nobody(&self) -> Column {
        Attribution::new(&self.world.program, &[]).column()
    }
}

/// So many rows of a cell, at least, make blocks of their own.
const OWN_BLOCK: usize = BLOCK / 2;

/// The sums of those rows that need not wait for the rows of other cells, because only the sums
/// are asked for, and they do not depend on the order. They are worked out when their cell has
/// played a window, while they are still in the cache, and the next cell writes into the same memory.
pub struct Ahead {
    /// What has come since it was last taken, by stream.
    sums: Vec<Sums>,
    /// The streams that had enough rows last time.
    streams: Vec<usize>,
}

impl Ahead {
    /// Nothing so far, for one cell.
    pub fn new(world: &World) -> Ahead {
        Ahead {
            sums: vec![Default::default(); world.program.streams.len()],
            streams: Vec::new(),
        }
    }

    /// Gives a cell the memory that it is likely to need for its rows.
    pub fn prepare(&self, cell: &mut Process) {
        for &stream in &self.streams {
            let rows = &mut cell.rows.by_stream[stream];
            if rows.capacity() == 0 {
                *rows = scratch::rows();
            }
        }
    }

    /// Digests the rows of those streams of which a cell has enough, and takes them away.
    pub fn digest(&mut self, world: &World, cell: &mut Process, text_hashes: &[u64]) {
        self.streams.clear();
        for (stream, definition) in world.program.streams.iter().enumerate() {
            let stride = stride(definition);
            if cell.rows.by_stream[stream].len() < OWN_BLOCK * stride {
                continue;
            }
            self.streams.push(stream);
            let rows = std::mem::take(&mut cell.rows.by_stream[stream]);
            // All rows are this cell's, so that no other population is looked at.
            let populations = vec![&cell.population; usize::from(cell.index) + 1];
            let context = Context::new(world, &populations, text_hashes, stream);
            for block in rows.chunks(BLOCK * stride) {
                let words = transpose(block.chunks_exact(stride), stride);
                let part = context.work_out(words, false);
                self.sums[stream].merge(&part.sums);
            }
            scratch::give_rows(rows);
        }
    }

    /// Hands the sums over, by stream.
    pub fn take(&mut self) -> Vec<Sums> {
        let nothing = vec![Default::default(); self.sums.len()];
        std::mem::replace(&mut self.sums, nothing)
    }
}

/// Rows in a bucket, about: they fit into the second-level cache.
const BUCKET: usize = 8192;

/// Puts the rows of all cells together, in buckets of consecutive time. Returns where each bucket
/// ends, in rows.
fn gather(cells: &[&[u64]], stride: usize, heads: &mut Vec<u64>) -> Vec<usize> {
    let words = cells.iter().map(|rows| rows.len()).sum::<usize>();
    heads.reserve_exact(words);
    let times = || {
        cells
            .iter()
            .flat_map(|rows| rows.chunks_exact(stride))
            .map(|row| row[0] as i64)
    };
    let count = (words / stride / BUCKET).clamp(1, 4096);
    if count == 1 {
        cells.iter().for_each(|rows| heads.extend_from_slice(rows));
        return vec![words / stride];
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
    heads.resize(words, 0);
    for row in cells.iter().flat_map(|rows| rows.chunks_exact(stride)) {
        let at = &mut next[bucket(row[0] as i64)];
        heads[*at * stride..][..stride].copy_from_slice(row);
        *at += 1;
    }
    ends
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

/// Rows as columns of their words.
fn transpose<'a>(rows: impl Iterator<Item = &'a [u64]> + Clone, stride: usize) -> Vec<Vec<u64>> {
    (0..stride)
        .map(|word| {
            let mut column = scratch::column();
            column.reserve(BLOCK);
            rows.clone().for_each(|row| column.push(row[word]));
            column
        })
        .collect()
}

/// A block of rows, column by column.
struct Columns {
    keys: Vec<u64>,
    times: Vec<i64>,
    cause_ids: Vec<u64>,
    roots: Vec<u64>,
    cells: Vec<u16>,
    /// Their causing streams.
    from: Vec<u16>,
    /// Which of the events of their effects they are.
    indexes: Vec<u32>,
    /// The words, a column a slot; empty where no field needs them.
    slots: Vec<Vec<u64>>,
}

impl Columns {
    /// Works out what the rows' words leave open, on one side.
    fn new(context: &Context<'_>, mut words: Vec<Vec<u64>>, side: Side) -> Columns {
        let (world, definition) = (context.world, context.definition);
        let mut slots = words.split_off(HEAD_WORDS);
        let [times, keys, cause_ids, roots, packed, indexes] =
            <[Vec<u64>; HEAD_WORDS]>::try_from(words).unwrap_or_else(|_| {
                unreachable!("rows have {HEAD_WORDS} words before their slots")
            });
        let times: Vec<i64> = times.into_iter().map(|w| w as i64).collect();
        let cells: Vec<u16> = packed.iter().map(|&w| (w >> 16) as u16).collect();
        let from: Vec<u16> = packed.iter().map(|&w| w as u16).collect();
        let causes: Vec<u16> = from.iter().map(|&f| world.cause_code(f)).collect();
        let short_indexes: Vec<u32> = indexes.iter().map(|&w| u32::from(w as u16)).collect();
        scratch::give_column(packed);
        scratch::give_column(indexes);
        let later = definition
            .variables
            .iter()
            .filter(|variable| variable.stage != Stage::Eager);
        slots.resize(slots.len() + later.clone().count(), Vec::new());
        let observed = Observed::default();
        let mut block = Block {
            world,
            populations: context.populations,
            observed: &observed,
            stream: context.stream,
            keys: &keys,
            times: &times,
            cells: &cells,
            causes: &causes,
            indexes: &short_indexes,
            side,
            slots,
        };
        for variable in later.filter(|variable| variable.written) {
            let mut column = scratch::column();
            eval_block(&variable.value, &block, &mut column);
            block.slots[usize::from(variable.slot)] = column;
        }
        let slots = block.slots;
        Columns {
            keys,
            times,
            cause_ids,
            roots,
            cells,
            from,
            indexes: short_indexes,
            slots,
        }
    }

    /// Adds the rows to a series, each on the sides that `sides` gives.
    fn count(&self, context: &Context<'_>, series: &mut Series, sides: impl Fn(usize) -> Sides) {
        series.add(&self.times, self.amounts(context), sides);
    }

    /// The values of the rows, if the stream has a value field.
    fn amounts(&self, context: &Context<'_>) -> Amounts<'_> {
        let Some(field) = context.definition.value else {
            return Amounts::None;
        };
        let (spec, slot) = &context.definition.fields[usize::from(field)];
        let words = &self.slots[usize::from(*slot)];
        match spec.kind {
            ColumnType::Int => Amounts::Wholes(words),
            _ => Amounts::Floats(words),
        }
    }

    /// Who is to be named for the first field of a row that modifiers bend.
    fn bent_by(&self, context: &Context<'_>, row: usize) -> Label {
        let (world, definition) = (context.world, context.definition);
        let word = |column: &Vec<u64>| column.get(row).copied().unwrap_or(0);
        let words: Vec<Cell<u64>> = self.slots.iter().map(|c| Cell::new(word(c))).collect();
        let observed = Observed::default();
        let marks = Marks {
            ready: Cell::new(u64::MAX),
            ..Marks::default()
        };
        let population = context.populations[usize::from(self.cells[row])];
        let about = (Key(self.keys[row]), Time(self.times[row]));
        let frame = Frame {
            stream: context.stream,
            cause: world.cause_code(self.from[row]),
            index: self.indexes[row],
            slots: &words,
            ..Frame::of_entity(world, population, &observed, about, Own::Nobody, &marks)
        };
        let later = definition
            .variables
            .iter()
            .filter(|v| v.stage != Stage::Eager);
        for variable in later.filter(|variable| variable.written) {
            eval(&variable.value, &frame);
            if marks.noted.get() != 0 {
                break;
            }
        }
        marks.noted.get()
    }

    /// The digest of the rows, as [`crate::fingerprint`] defines it.
    fn digest(&self, context: &Context<'_>, attribution: &Attribution<'_>) -> Digest {
        let text_hashes = context.text_hashes;
        let mut buffer = scratch::column();
        let mut hashes = RowHashes::new(self.keys.len(), &mut buffer);
        let caused = self.from.iter().map(|&from| from != NO_CAUSE);
        hashes.column(self.keys.iter().copied());
        hashes.column(self.times.iter().map(|&t| t as u64));
        hashes.column_where(caused, self.cause_ids.iter().copied());
        hashes.column(self.roots.iter().copied());
        hashes.column(self.cells.iter().map(|&c| u64::from(c)));
        attribution.digest(&mut hashes, text_hashes);
        for (spec, slot) in &context.definition.fields {
            let words = self.slots[usize::from(*slot)].iter().copied();
            match spec.kind {
                ColumnType::Id => hashes.column(words),
                ColumnType::Time => hashes.column(words.map(|w| time_of(w) as u64)),
                ColumnType::Float => hashes.column(words.map(|w| float_word(f64::from_bits(w)))),
                ColumnType::Int => hashes.column(words.map(|w| int_word(int_of(w)))),
                ColumnType::Small => hashes.column(words.map(|w| u64::from(w as u16))),
                ColumnType::Bool => hashes.column(words.map(|w| u64::from(bool_of(w)))),
                ColumnType::Text => {
                    hashes.column(words.map(|w| text_hashes[usize::from(w as u16)]));
                }
            }
        }
        let digest = hashes.finish();
        scratch::give_column(buffer);
        digest
    }

    /// The rows as they are handed over.
    fn chunk(&self, context: &Context<'_>, attribution: Column) -> Chunk {
        let all = |values| Column {
            values,
            validity: Validity::All,
        };
        let mut columns = vec![
            all(Values::Id(self.keys.clone())),
            all(Values::Time(self.times.clone())),
            cause_column(&self.cause_ids, &self.from),
            all(Values::Id(self.roots.clone())),
            all(Values::Small(self.cells.clone())),
            attribution,
        ];
        columns.extend(
            context
                .definition
                .fields
                .iter()
                .map(|(spec, slot)| typed(spec.kind, &self.slots[usize::from(*slot)])),
        );
        Chunk {
            table: context.stream,
            rows: self.keys.len(),
            columns,
        }
    }

    /// Gives the buffers back.
    fn recycle(self) {
        let times = self.times.into_iter().map(|t| t as u64).collect();
        [self.keys, times, self.cause_ids, self.roots]
            .into_iter()
            .chain(self.slots)
            .for_each(scratch::give_column);
    }
}

fn cause_column(causes: &[u64], from: &[u16]) -> Column {
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
        values: Values::Id(causes.to_vec()),
        validity,
    }
}

/// The time that a word stands for.
#[inline(always)]
fn time_of(word: u64) -> i64 {
    f64::from_bits(word) as i64
}

/// The whole number that a word stands for.
#[inline(always)]
pub fn int_of(word: u64) -> i32 {
    round_even(f64::from_bits(word)) as i32
}

/// The truth value that a word stands for.
#[inline(always)]
fn bool_of(word: u64) -> bool {
    f64::from_bits(word) != 0.0
}

/// A column of words as a column of its type.
pub fn typed(kind: ColumnType, words: &[u64]) -> Column {
    let words_of = words.iter().copied();
    let values = match kind {
        ColumnType::Id => Values::Id(words.to_vec()),
        ColumnType::Time => Values::Time(words_of.map(time_of).collect()),
        // -0 counts as 0, in files as in digests.
        ColumnType::Float => Values::Float(words_of.map(|w| f64::from_bits(w) + 0.0).collect()),
        ColumnType::Int => Values::Int(words_of.map(int_of).collect()),
        ColumnType::Small => Values::Small(words_of.map(|w| w as u16).collect()),
        ColumnType::Bool => Values::Bool(words_of.map(bool_of).collect()),
        ColumnType::Text => Values::Text(words_of.map(|w| w as u16).collect()),
    };
    Column {
        values,
        validity: Validity::All,
    }
}
