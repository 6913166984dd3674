//! Rows of events that have taken place, on their way to being sorted and completed.

use std::ops::Range;

use crate::base::draw::Key;
use crate::base::scratch::{self, PAGE};
use crate::base::time::Time;
use crate::streams::event::Event;
use crate::streams::layout::{TIME, place_word, push_root_head};
use crate::streams::program::StreamId;
use crate::streams::series::first_and_last;
use crate::streams::sides::{Presence, Side, Sides};
use crate::streams::world::World;

/// The rows of one cell since they were last collected.
pub struct RowBuffers {
    cell: u16,
    /// Rows that are on all sides. A stream each, in no order: each as its stream's layout says.
    pub by_stream: Vec<Rows>,
    /// Likewise rows that are on the factual side, but not on all, or differ there.
    pub factual: Vec<Rows>,
    /// Likewise those that are on other sides only.
    pub others: Vec<Rows>,
    /// How many events have taken place, with those of the warm-up and those not written.
    pub played: u64,
}

/// Rows of one stream, in pages that all cells share: memory follows what there is, and not what each cell
/// has had at its fullest.
#[derive(Default)]
pub struct Rows {
    full: Vec<Page>,
    /// The page that is being written. It grows to a whole one, since most streams have few rows in a cell.
    open: Vec<u64>,
}

/// A page with rows.
struct Page {
    words: Vec<u64>,
    /// The times of its first row and of its last one.
    times: (i64, i64),
}

/// Words for which a page has room at first: more than a row has.
const AT_FIRST: usize = 128;

impl Rows {
    /// Words of all rows.
    pub fn words(&self) -> usize {
        let full = self.full.iter().map(|page| page.words.len());
        full.sum::<usize>() + self.open.len()
    }

    /// The rows, whole ones in each piece.
    pub fn pieces(&self) -> impl Iterator<Item = &[u64]> {
        self.pieces_in(i64::MIN..i64::MAX)
    }

    /// Those pieces that may have rows in a range of time.
    pub fn pieces_in(&self, times: Range<i64>) -> impl Iterator<Item = &[u64]> {
        let meets = move |page: &&Page| page.times.0 < times.end && page.times.1 >= times.start;
        let open = Some(self.open.as_slice()).filter(|open| !open.is_empty());
        let full = self.full.iter().filter(meets);
        full.map(|page| page.words.as_slice()).chain(open)
    }

    /// When full pages begin, and how many words are in each.
    pub fn begins(&self) -> impl Iterator<Item = (i64, usize)> {
        let full = self.full.iter();
        full.map(|page| (page.times.0, page.words.len()))
    }

    /// Where the next row is appended, which has so many words.
    #[inline(always)]
    fn next(&mut self, stride: usize) -> &mut Vec<u64> {
        if self.open.len() + stride > self.open.capacity() {
            self.make_room(stride);
        }
        &mut self.open
    }

    #[cold]
    fn make_room(&mut self, stride: usize) {
        let larger = 2 * self.open.capacity();
        if larger < PAGE {
            let more = larger.max(AT_FIRST) - self.open.len();
            self.open.reserve_exact(more);
            return;
        }
        let mut page = scratch::page();
        if self.open.capacity() < PAGE {
            page.extend_from_slice(&self.open);
            self.open = page;
            return;
        }
        let words = std::mem::replace(&mut self.open, page);
        let times = words.chunks_exact(stride).map(|row| row[TIME] as i64);
        let times = first_and_last(times).unwrap_or_default();
        self.full.push(Page { words, times });
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        if self.open.capacity() >= PAGE {
            let full = self.full.drain(..).map(|page| page.words);
            scratch::give_pages(full.chain([std::mem::take(&mut self.open)]));
        }
    }
}

impl RowBuffers {
    /// Empty buffers.
    pub(crate) fn new(cell: u16, streams: usize) -> RowBuffers {
        let empty = || (0..streams).map(|_| Rows::default()).collect();
        RowBuffers {
            cell,
            by_stream: empty(),
            factual: empty(),
            others: empty(),
            played: 0,
        }
    }

    /// Whose rows they are.
    pub fn cell(&self) -> u16 {
        self.cell
    }

    /// The rows of a stream, on whatever side.
    pub fn of(&self, stream: StreamId) -> [&Rows; 3] {
        [&self.by_stream, &self.factual, &self.others].map(|rows| &rows[stream])
    }

    /// Forgets the rows of a stream.
    pub fn forget(&mut self, stream: StreamId) {
        for rows in [&mut self.by_stream, &mut self.factual, &mut self.others] {
            rows[stream] = Rows::default();
        }
    }

    /// Counts an event, and keeps its row if it is to be written.
    #[inline]
    pub(crate) fn write(
        &mut self,
        world: &World,
        event: &Event,
        presence: Presence,
        words: &[std::cell::Cell<u64>],
    ) {
        if let Some(rows) = self.head(world, event, presence) {
            rows.extend(words.iter().map(std::cell::Cell::get));
        }
    }

    /// Likewise for an event that is nothing but a row.
    #[inline]
    pub(crate) fn leaf(&mut self, world: &World, event: &Event) {
        let carried = usize::from(world.traits(event.stream).carried);
        if let Some(rows) = self.head(world, event, event.presence) {
            rows.extend_from_slice(&event.carried[..carried]);
        }
    }

    /// Counts an event that is only a row, on all sides, and keeps it if it is to be written.
    #[inline(always)]
    pub(crate) fn bare(&mut self, world: &World, stream: StreamId, key: Key, time: Time) {
        self.played += 1;
        if world.written(stream, time) {
            let place = place_word(Presence::ALL, self.cell, 0);
            let rows = self.by_stream[stream].next(world.layouts[stream].stride);
            push_root_head(rows, key, time, place);
        }
    }

    #[inline(always)]
    fn head(&mut self, world: &World, event: &Event, presence: Presence) -> Option<&mut Vec<u64>> {
        self.played += u64::from(presence.sides.on(Side::FACTUAL));
        if !world.written(event.stream, event.time) {
            return None;
        }
        let all = match presence.sides {
            Sides::ALL => &mut self.by_stream,
            some if some.on(Side::FACTUAL) => &mut self.factual,
            _ => &mut self.others,
        };
        let layout = world.layouts[event.stream];
        let rows = all[event.stream].next(layout.stride);
        layout.push_head(rows, self.cell, event, presence);
        Some(rows)
    }
}
