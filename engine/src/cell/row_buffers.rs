//! Rows of events that have taken place, on their way to being sorted and completed.

use super::Event;
use crate::sides::{Lineage, Side, Sides};
use crate::time::Time;
use crate::world::World;

/// Words of a row before its slots: time, event, cause and root, and two of packed small values.
pub const HEAD_WORDS: usize = 6;

/// The rows of one cell since they were last collected.
pub struct RowBuffers {
    cell: u16,
    /// Rows that are on both sides. A stream each, in no order: [`HEAD_WORDS`] words, then the words
    /// carried and the eager ones.
    pub by_stream: Vec<Vec<u64>>,
    /// Likewise rows that are on the factual side only, or differ there.
    pub factual: Vec<Vec<u64>>,
    /// Likewise those of the untouched side.
    pub untouched: Vec<Vec<u64>>,
    /// How many events have taken place, with those of the warm-up and those not written.
    pub played: u64,
}

impl RowBuffers {
    /// Empty buffers.
    pub(super) fn new(cell: u16, streams: usize) -> RowBuffers {
        RowBuffers {
            cell,
            by_stream: vec![Vec::new(); streams],
            factual: vec![Vec::new(); streams],
            untouched: vec![Vec::new(); streams],
            played: 0,
        }
    }

    /// Forgets the rows.
    pub fn clear(&mut self) {
        let apart = self.factual.iter_mut().chain(&mut self.untouched);
        self.by_stream.iter_mut().chain(apart).for_each(Vec::clear);
    }

    /// Counts an event, and keeps its row if it is to be written.
    #[inline]
    pub(super) fn write(
        &mut self,
        world: &World,
        event: &Event,
        lineage: Lineage,
        words: &[std::cell::Cell<u64>],
    ) {
        if let Some(rows) = self.head(world, event, lineage) {
            rows.extend(words.iter().map(std::cell::Cell::get));
        }
    }

    /// Likewise for an event that is nothing but a row.
    #[inline]
    pub(super) fn leaf(&mut self, world: &World, event: &Event) {
        let carried = usize::from(world.program.streams[usize::from(event.stream)].carried);
        if let Some(rows) = self.head(world, event, event.lineage) {
            rows.extend_from_slice(&event.carried[..carried]);
        }
    }

    #[inline(always)]
    fn head(&mut self, world: &World, event: &Event, lineage: Lineage) -> Option<&mut Vec<u64>> {
        self.played += u64::from(lineage.sides.on(Side::Factual));
        if !world.written(event.stream, event.time) {
            return None;
        }
        let Time(time_us) = event.time;
        let all = match lineage.sides {
            Sides::Both => &mut self.by_stream,
            Sides::Only(Side::Factual) => &mut self.factual,
            Sides::Only(Side::Untouched) => &mut self.untouched,
        };
        let rows = &mut all[usize::from(event.stream)];
        rows.extend_from_slice(&[
            time_us as u64,
            event.key.0,
            event.cause,
            event.root,
            u64::from(event.generation) << 32 | u64::from(self.cell) << 16 | u64::from(event.from),
            lineage.sides.bits() << 32 | u64::from(lineage.label) << 16 | u64::from(event.index),
        ]);
        Some(rows)
    }
}
