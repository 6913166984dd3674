//! From events that have taken place to rows: sorting into total order, working out the fields
//! that nobody needed before, and the digest, block by block and column by column.
//!
//! Processes append the words of their rows ([`RowBuffers`]); at a barrier what lies there is cut into [`lots`], and each lot
//! is completed at once ([`collect`]). Fields are worked out on the populations as they are then, which is right because
//! such fields read only what never changes.

mod ahead;
mod buffers;
mod columns;
mod context;
mod order;

use std::cmp::Reverse;
use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use ahead::EarlySums;
pub use buffers::{RowBuffers, Rows};
pub use columns::column_of;

use crate::base::fingerprint::Digest;
use crate::base::scratch;
use crate::base::table::Chunk;
use crate::streams::attribution::{Impact, PartedRow};
use crate::streams::population::Population;
use crate::streams::program::StreamId;
use crate::streams::series::Series;
use crate::streams::sides::Side;
use crate::streams::world::World;
use columns::{transpose, transpose_each};
use context::{Part, RowContext};
use order::Scattered;

/// Rows in a block: its columns stay in the second-level cache.
const BLOCK: usize = 2048;

/// What rows are completed with, besides what lies in them.
#[derive(Clone, Copy)]
pub struct Completion<'a> {
    /// The program and its tables.
    pub world: &'a World,
    /// Hashes of the program's texts.
    pub text_hashes: &'a [u64],
    /// Whether it is kept of each row on which sides it is.
    pub keeps_parted: bool,
}

/// What has taken place on one process: its rows, and the entities that they are about.
#[derive(Clone, Copy)]
pub struct CellRows<'a> {
    /// The rows.
    pub rows: &'a RowBuffers,
    /// The entities.
    pub population: &'a Population,
}

/// What some rows of a stream come to. Parts of a stream may be merged in any order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// The digest over them.
    pub digest: Digest,
    /// What interventions did to them.
    pub impact: Impact,
    /// How many there were, step by step and on each side.
    pub series: Series,
    /// Those that are not the same on all sides, if they are asked for.
    pub parted: Vec<PartedRow>,
}

impl Sums {
    /// Adds other rows of the stream.
    pub fn merge(&mut self, other: &Sums) {
        self.digest.merge(&other.digest);
        self.impact.merge(&other.impact);
        self.series.merge(&other.series);
        self.parted.extend_from_slice(&other.parted);
    }

    /// What they are where each side stands for another one, see [`Sides::of_origin`](crate::streams::sides::Sides::of_origin).
    pub fn of_origin(&self, origin: &[Side]) -> Sums {
        Sums {
            digest: self.digest,
            impact: self.impact.of_origin(origin),
            series: self.series.clone(),
            parted: self.parted.clone(),
        }
    }
}

/// Words of rows that are completed together and handed over, about: a window's rows are more where the business is
/// large, and need not all be there as columns at once.
const LOT_WORDS: usize = 1 << 19;

/// Words of a portion, at most, about. One thread puts its rows in order, so a lot has several.
const PORTION_WORDS: usize = LOT_WORDS / 4;

/// The rows of one stream in a range of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portion {
    /// The stream's number.
    pub stream: StreamId,
    /// From when to when, in microseconds.
    pub times: Range<i64>,
    /// Whether no later rows of the stream are left.
    pub last: bool,
}

/// What a portion came to.
#[derive(Default)]
pub struct PortionRows {
    /// What the rows come to.
    pub sums: Sums,
    /// The rows, in total order; empty when they were not asked for.
    pub chunks: Vec<Chunk>,
    /// Pairs of rows that stand at the same place of the total order.
    pub ties: u64,
}

/// Cuts what has taken place in all cells, between these times, into lots, of which each is completed at once. With
/// `keep` false there is one. The rows of a stream come in order.
pub fn lots(
    world: &World,
    cells: &[CellRows<'_>],
    times: Range<i64>,
    keep: bool,
) -> Vec<Vec<Portion>> {
    let words = |stream: StreamId| {
        let rows = cells.iter().flat_map(|cell| cell.rows.of(stream));
        rows.map(Rows::words).sum::<usize>()
    };
    let streams = world
        .program
        .stream_ids()
        .map(|stream| (words(stream), stream));
    let mut streams: Vec<(usize, StreamId)> = streams.filter(|(words, _)| *words > 0).collect();
    // The largest streams first, so that the threads end together.
    streams.sort_by_key(|&(words, stream)| (Reverse(words), stream));
    let (mut lots, mut room) = (Vec::new(), 0);
    for (words, stream) in streams {
        let cuts = match keep {
            true => cuts(cells, stream, words.div_ceil(PORTION_WORDS)),
            false => Vec::new(),
        };
        let words = words / (cuts.len() + 1);
        let ends = cuts.into_iter().chain([times.end]);
        let mut start = times.start;
        for end in ends {
            let portion = Portion {
                stream,
                times: start..end,
                last: end == times.end,
            };
            start = end;
            match lots.last_mut() {
                Some(lot) if room >= words || !keep => Vec::push(lot, portion),
                _ => {
                    lots.push(vec![portion]);
                    room = LOT_WORDS;
                }
            }
            room = room.saturating_sub(words);
        }
    }
    lots
}

/// Times that cut the rows of a stream into so many parts of about the same size, or into fewer.
fn cuts(cells: &[CellRows<'_>], stream: StreamId, parts: usize) -> Vec<i64> {
    if parts < 2 {
        return Vec::new();
    }
    let rows = cells.iter().flat_map(|cell| cell.rows.of(stream));
    let mut begins: Vec<(i64, usize)> = rows.flat_map(Rows::begins).collect();
    begins.sort_unstable();
    let part = begins.iter().map(|(_, words)| words).sum::<usize>() / parts + 1;
    let (mut cuts, mut words) = (Vec::new(), 0);
    for (time, more) in begins {
        if words / part > cuts.len() && cuts.last().is_none_or(|&last| last < time) {
            cuts.push(time);
        }
        words += more;
    }
    cuts
}

/// Turns portions of what has taken place in all cells into rows. With `keep` false, only the digest is worked out.
pub fn collect(
    completion: Completion<'_>,
    cells: &[CellRows<'_>],
    lot: &[Portion],
    keep: bool,
) -> Vec<PortionRows> {
    let populations: Vec<&Population> = cells.iter().map(|cell| cell.population).collect();
    let rows_of = |portion| portion_rows(completion, cells, &populations, portion, keep);
    lot.par_iter().with_max_len(1).map(rows_of).collect()
}

fn portion_rows(
    completion: Completion<'_>,
    cells: &[CellRows<'_>],
    populations: &[&Population],
    portion: &Portion,
    keep: bool,
) -> PortionRows {
    let Portion { stream, times, .. } = portion;
    let mut context = RowContext::new(completion, populations, *stream);
    let layout = context.layout;
    let stride = layout.stride;
    let [all, factual, others] = [0, 1, 2].map(|side| -> Vec<&[u64]> {
        let rows = cells.iter().map(|cell| cell.rows.of(*stream)[side]);
        rows.flat_map(|rows| rows.pieces_in(times.clone()))
            .collect()
    });
    let mut sums = context.settle_sides(&factual, &others, times);
    let mut rows = all;
    rows.extend(factual);
    let (blocks, ties): (Vec<Part>, u64) = if keep {
        let rows = Scattered::new(&rows, layout);
        let (order, ties) = rows.total_order(times);
        let blocks = order
            .par_chunks(BLOCK)
            .map(|spots| {
                let rows: Vec<&[u64]> = spots.iter().map(|&spot| rows.row(spot)).collect();
                context.work_out(transpose_each(&rows, stride), keep)
            })
            .collect();
        scratch::give_rows(order);
        (blocks, ties)
    } else {
        // The digest does not depend on the order: rows are taken from where they lie, all of them.
        let blocks = blocks_of(&rows, BLOCK * stride)
            .into_par_iter()
            .map(|pieces| context.work_out(transpose(&pieces, stride), keep))
            .collect();
        (blocks, 0)
    };
    blocks.iter().for_each(|part| sums.merge(&part.sums));
    PortionRows {
        sums,
        chunks: blocks.into_iter().filter_map(|part| part.chunk).collect(),
        ties,
    }
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
