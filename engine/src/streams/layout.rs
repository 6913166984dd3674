//! How the words of a row lie from when its event takes place until it becomes part of columns: a head, the
//! words that the event carried, the eager ones.
//!
//! Events of a stream that nothing causes have no cause, are the roots of their chains and come first in them, so
//! that their heads are half as long: half of all rows are of such a stream.

use crate::base::draw::Key;
use crate::base::time::Time;
use crate::streams::event::Event;
use crate::streams::program::{Stream, StreamId};
use crate::streams::sides::{Label, Presence, Sides};

/// The time, in microseconds.
pub const TIME: usize = 0;
/// The event's key.
pub const KEY: usize = 1;
/// Sides, label, cell and index, see [`place_word`].
pub const PLACE: usize = 2;
/// Generation and causing stream, see [`chain_word`]. It is only there where something may cause the stream, after the
/// `event_id` of the cause and that of the first event of the chain.
const CHAIN: usize = 5;

/// Words of the head of a row that nothing causes.
const ROOT_HEAD: usize = 3;
/// Words of the head of any other row.
const CAUSED_HEAD: usize = 6;

/// How the rows of one stream lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Whether something may cause the stream.
    pub caused: bool,
    /// Words of a row.
    pub stride: usize,
}

impl Layout {
    /// That of a stream.
    pub fn new(stream: &Stream, caused: bool) -> Layout {
        let head = if caused { CAUSED_HEAD } else { ROOT_HEAD };
        Layout {
            caused,
            stride: head + stream.kept_words(),
        }
    }

    /// Words of the head.
    pub fn head(self) -> usize {
        if self.caused { CAUSED_HEAD } else { ROOT_HEAD }
    }

    /// How many causes a row's event has before it in its chain.
    #[inline(always)]
    pub fn generation(self, row: &[u64]) -> u64 {
        if self.caused { row[CHAIN] >> 32 } else { 0 }
    }

    /// Appends the head of an event's row that is on these sides.
    #[inline(always)]
    pub fn push_head(self, rows: &mut Vec<u64>, cell: u16, event: &Event, presence: Presence) {
        let (time, place) = (event.time.0 as u64, place_word(presence, cell, event.index));
        if self.caused {
            let chain = chain_word(event.generation, event.from);
            rows.extend_from_slice(&[time, event.key.0, place, event.cause, event.root, chain]);
        } else {
            debug_assert_eq!(event.from, StreamId::NONE);
            push_root_head(rows, event.key, event.time, place);
        }
    }
}

/// The layouts of all streams of a run.
pub fn layouts(streams: &[Stream]) -> Vec<Layout> {
    let mut caused = vec![false; streams.len()];
    for stream in streams {
        for effect in stream.all_effects() {
            caused[effect.stream] = true;
        }
    }
    streams
        .iter()
        .zip(caused)
        .map(|(stream, caused)| Layout::new(stream, caused))
        .collect()
}

/// Appends the head of the row of an event of a stream that nothing causes; `place` is its [`place_word`].
#[inline(always)]
pub fn push_root_head(rows: &mut Vec<u64>, key: Key, time: Time, place: u64) {
    rows.extend_from_slice(&[time.0 as u64, key.0, place]);
}

/// Sides in eight bits, the scarcity among them in eight, then the label, the cell and the index in 16 each.
#[inline(always)]
pub fn place_word(presence: Presence, cell: u16, index: u16) -> u64 {
    presence.sides.bits() << 56
        | presence.scarcity.others().bits() << 48
        | u64::from(presence.by.0) << 32
        | u64::from(cell) << 16
        | u64::from(index)
}

/// The generation in 32 bits, then, in the lowest 16, the causing stream.
#[inline(always)]
fn chain_word(generation: u32, from: StreamId) -> u64 {
    u64::from(generation) << 32 | u64::from(from.0)
}

/// Where a row stands, whatever side it is on.
#[inline(always)]
pub fn time_and_key(row: &[u64]) -> (i64, u64) {
    (row[TIME] as i64, row[KEY])
}

/// Whose interventions have a part in that a row is not the same on the factual and the untouched side.
#[inline(always)]
pub fn by_of(place: u64) -> Label {
    Label((place >> 32) as u16)
}

/// On which sides a row is.
#[inline(always)]
pub fn sides_of(place: u64) -> Sides {
    Sides::of_bits(place >> 56)
}

/// Those of the sides that differ from the factual one in a row because of scarcity alone.
#[inline(always)]
pub fn scarcity_of(place: u64) -> Sides {
    Sides::of_bits(place >> 48).others()
}

/// Whether a row is not on all sides.
#[inline(always)]
pub fn is_apart(place: u64) -> bool {
    sides_of(place) != Sides::ALL
}

/// The cell of a row.
#[inline(always)]
pub fn cell_of(place: u64) -> u16 {
    (place >> 16) as u16
}

/// Which of the events of its effect a row is.
#[inline(always)]
pub fn index_of(place: u64) -> u16 {
    place as u16
}

/// The stream that caused a row, or [`StreamId::NONE`].
#[inline(always)]
pub fn from_of(chain: u64) -> StreamId {
    StreamId(chain as u16)
}
