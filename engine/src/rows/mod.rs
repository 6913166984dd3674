//! From events that have taken place to rows: sorting into total order, working out the fields
//! that nobody needed before, and the digest, block by block and column by column.

mod ahead;
mod columns;
mod context;
pub(crate) mod layout;
mod order;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use ahead::Ahead;
pub use columns::{int_of, typed};

use crate::attribution::Effects;
use crate::cell::{Cell as Process, Population, RowBuffers};
use crate::fingerprint::Digest;
use crate::scratch;
use crate::series::Series;
use crate::table::Chunk;
use crate::world::World;
use columns::{transpose, transpose_each};
use context::{Context, Part};
use order::{gather, total_order};

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
    let layout = world.layouts[stream];
    let stride = layout.stride;
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
        let (order, ties) = total_order(&heads, layout, &buckets);
        let blocks = order
            .par_chunks(BLOCK)
            .map(|order| {
                let row = |&row: &u32| &heads[row as usize * stride..][..stride];
                context.work_out(transpose_each(order.iter().map(row), stride), keep)
            })
            .collect();
        scratch::give_rows(heads);
        (blocks, ties)
    } else {
        // The digest does not depend on the order: rows are taken from where they lie.
        let blocks = blocks_of(&rows, BLOCK * stride)
            .into_par_iter()
            .map(|pieces| context.work_out(transpose(&pieces, stride), keep))
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
