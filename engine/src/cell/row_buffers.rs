//! Rows of events that have taken place, on their way to being sorted and completed.

use std::cell::RefCell;

use super::{Cell, Event};
use crate::queue::FutureEvents;
use crate::time::Time;
use crate::world::World;

/// Words of a row before its slots: time, event, cause and root, and two of packed small values.
pub const HEAD_WORDS: usize = 6;

/// The rows of one cell since they were last collected.
pub struct RowBuffers {
    cell: u16,
    /// A stream each, in no order: [`HEAD_WORDS`] words, then the words carried and the eager ones.
    pub by_stream: Vec<Vec<u64>>,
    /// How many events have taken place, with those of the warm-up and those not written.
    pub played: u64,
}

impl RowBuffers {
    /// Empty buffers.
    pub(super) fn new(cell: u16, streams: usize) -> RowBuffers {
        RowBuffers {
            cell,
            by_stream: vec![Vec::new(); streams],
            played: 0,
        }
    }

    /// Counts an event, and keeps its row if it is to be written.
    #[inline]
    pub(super) fn write(&mut self, world: &World, event: &Event, words: &[u64]) {
        self.played += 1;
        if !world.written(event.stream, event.time) {
            return;
        }
        let Time(time_us) = event.time;
        let rows = &mut self.by_stream[usize::from(event.stream)];
        rows.extend_from_slice(&[
            time_us as u64,
            event.key.0,
            event.cause,
            event.root,
            u64::from(event.generation) << 32 | u64::from(self.cell) << 16 | u64::from(event.from),
            u64::from(event.index),
        ]);
        rows.extend_from_slice(words);
    }

    /// Likewise for an event that is nothing but a row.
    #[inline]
    pub(super) fn leaf(&mut self, world: &World, event: &Event) {
        let carried = world.program.streams[usize::from(event.stream)].carried;
        self.write(world, event, &event.carried[..usize::from(carried)]);
    }
}

thread_local! {
    static QUEUE: RefCell<FutureEvents<Event>> = RefCell::default();
}

impl Cell {
    /// Exchanges the cell's future-event list for the one that its thread keeps. Done before and after
    /// a window, when both are empty, it lets the cells that a thread plays share the memory of one,
    /// which stays in the cache; each would otherwise keep that of its busiest window.
    pub fn exchange_queue(&mut self) {
        debug_assert!(self.queue.is_empty(), "events are left in their window");
        QUEUE.with_borrow_mut(|kept| std::mem::swap(kept, &mut self.queue));
    }
}
