//! Sums of rows that are worked out while their cell is still in the cache.

use super::columns::transpose;
use super::context::RowContext;
use super::{BLOCK, Completion, RowBuffers, Sums, blocks_of};
use crate::streams::population::Population;
use crate::streams::program::StreamId;
use crate::streams::world::World;

/// So many rows of a cell, at least, make blocks of their own.
const OWN_BLOCK: usize = BLOCK / 2;

/// The sums of those rows that need not wait for the rows of other cells, because only the sums
/// are asked for, and they do not depend on the order. They are worked out when their cell has
/// played a window, while they are still in the cache, and the next cell writes into the same pages.
pub struct EarlySums {
    /// What has come since it was last taken, by stream.
    sums: Vec<Sums>,
}

impl EarlySums {
    /// Nothing so far, for one cell.
    pub fn new(world: &World) -> EarlySums {
        EarlySums {
            sums: vec![Default::default(); world.program.streams.len()],
        }
    }

    /// Digests the rows of those streams of which a cell has enough, and takes them away.
    pub fn digest(
        &mut self,
        completion: Completion<'_>,
        population: &Population,
        rows: &mut RowBuffers,
    ) {
        for (stream, layout) in StreamId::each(&completion.world.layouts) {
            let stride = layout.stride;
            if rows.by_stream[stream].words() < OWN_BLOCK * stride {
                continue;
            }
            let taken = std::mem::take(&mut rows.by_stream[stream]);
            // All rows are this cell's, so that no other population is looked at.
            let populations = vec![population; usize::from(rows.cell()) + 1];
            let context = RowContext::new(completion, &populations, stream);
            let pieces: Vec<&[u64]> = taken.pieces().collect();
            for block in blocks_of(&pieces, BLOCK * stride) {
                let words = transpose(&block, stride);
                let part = context.work_out(words, false);
                self.sums[stream].merge(&part.sums);
            }
        }
    }

    /// Hands the sums over, by stream.
    pub fn take(&mut self) -> Vec<Sums> {
        let nothing = vec![Default::default(); self.sums.len()];
        std::mem::replace(&mut self.sums, nothing)
    }
}
