//! Rows of events that have taken place, on their way to being sorted and completed.

use super::Event;
use crate::rows::layout::push_head;
use crate::sides::{Lineage, Side, Sides};
use crate::world::World;

/// The rows of one cell since they were last collected.
pub struct RowBuffers {
    pub(super) cell: u16,
    /// Rows that are on both sides. A stream each, in no order: each as its stream's layout says.
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
        let carried = usize::from(world.traits(event.stream).carried);
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
        let all = match lineage.sides {
            Sides::Both => &mut self.by_stream,
            Sides::Only(Side::Factual) => &mut self.factual,
            Sides::Only(Side::Untouched) => &mut self.untouched,
        };
        let rows = &mut all[usize::from(event.stream)];
        push_head(rows, world, self.cell, event, lineage);
        Some(rows)
    }
}
