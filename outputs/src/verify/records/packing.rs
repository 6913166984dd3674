//! Puts small things into one word, with as many bits for each as a run needs.

use super::{
    CAUSE, Child, Event, FIRST, FORM, LONG, Link, ORDER, REFERENCE, ROOT, Record, SECOND, TAG,
    TAG_BITS, THIRD,
};
use std::ops::Range;

/// How many bits of a second word are for what.
#[derive(Clone, Copy, Debug)]
pub(in crate::verify) struct Packing {
    start: i64,
    time_bits: u32,
    cell_bits: u32,
    number_bits: u32,
}

/// What a second word holds.
struct Small {
    time: i64,
    cell: u16,
    /// That of the stream or of the effect.
    number: u16,
    ordinal: u16,
}

impl Packing {
    /// For times in this range, cells up to this one, and so many streams and effects. Ordinals get the bits that are
    /// left; there is one at least.
    pub fn new(range: &Range<i64>, last_cell: u16, numbers: usize) -> Packing {
        let bits = |most: u64| u64::BITS - most.leading_zeros();
        let cell_bits = bits(u64::from(last_cell));
        let number_bits = bits(numbers.saturating_sub(1) as u64).min(u16::BITS);
        let span = range.end.saturating_sub(range.start).max(1) as u64;
        let left = u64::BITS - TAG_BITS - cell_bits - number_bits - 1;
        Packing {
            start: range.start,
            time_bits: bits(span - 1).min(left),
            cell_bits,
            number_bits,
        }
    }

    fn cell_at(&self) -> u32 {
        TAG_BITS + self.time_bits
    }

    fn number_at(&self) -> u32 {
        self.cell_at() + self.cell_bits
    }

    fn ordinal_at(&self) -> u32 {
        self.number_at() + self.number_bits
    }

    /// The second word, if all fits.
    #[inline]
    fn pack(&self, small: Small) -> Option<u64> {
        let time = small.time.wrapping_sub(self.start) as u64;
        let [cell, number, ordinal] = [small.cell, small.number, small.ordinal].map(u64::from);
        let beyond = time >> self.time_bits
            | cell >> self.cell_bits
            | number >> self.number_bits
            | ordinal >> (u64::BITS - self.ordinal_at());
        let word = time << TAG_BITS
            | cell << self.cell_at()
            | number << self.number_at()
            | ordinal << self.ordinal_at();
        (beyond == 0).then_some(word)
    }

    #[inline]
    fn unpack(&self, word: u64) -> Small {
        let part = |at: u32, bits: u32| word >> at & ((1 << bits) - 1);
        Small {
            time: self.start + part(TAG_BITS, self.time_bits) as i64,
            cell: part(self.cell_at(), self.cell_bits) as u16,
            number: part(self.number_at(), self.number_bits) as u16,
            ordinal: (word >> self.ordinal_at()) as u16,
        }
    }

    /// The record of an event.
    #[inline]
    pub fn event(&self, event: Event) -> Record {
        let small = Small {
            time: event.time,
            cell: event.cell,
            number: event.stream,
            ordinal: 0,
        };
        match self.pack(small) {
            Some(small) => Record::short(event.id, small, event.root),
            None => {
                let small = u64::from(event.cell) << FIRST | u64::from(event.stream) << SECOND;
                Record::long(event.id, small, event.time as u64, event.root)
            }
        }
    }

    /// Reads the record of an event.
    #[inline]
    pub fn event_of(&self, record: &[u64]) -> Event {
        let (id, word) = (record[0], record[1]);
        if word & TAG == LONG {
            return Event {
                id,
                time: record[2] as i64,
                root: record[3],
                cell: (word >> FIRST) as u16,
                stream: (word >> SECOND) as u16,
            };
        }
        let small = self.unpack(word);
        Event {
            id,
            time: small.time,
            root: record.get(2).copied().unwrap_or(id),
            cell: small.cell,
            stream: small.number,
        }
    }

    /// The record of a reference.
    #[inline]
    pub fn link(&self, link: Link) -> Record {
        let small = |form: u64, number: u16| form << FORM | u64::from(number) << FIRST;
        match link {
            Link::Cause(child) => {
                let packed = self.pack(Small {
                    time: child.time,
                    cell: child.cell,
                    number: child.effect,
                    ordinal: child.ordinal,
                });
                match packed {
                    Some(word) => Record::short(child.cause, word, child.root),
                    None => {
                        let [effect, ordinal] = [child.effect, child.ordinal].map(u64::from);
                        let word = small(CAUSE, child.cell) | effect << SECOND | ordinal << THIRD;
                        Record::long(child.cause, word, child.time as u64, child.root)
                    }
                }
            }
            Link::Reference {
                maker,
                id,
                root,
                reference,
            } => Record::long(maker, small(REFERENCE, reference), id, root),
            Link::Root {
                cause,
                id,
                root,
                stream,
            } => Record::long(cause, small(ROOT, stream), id, root),
            Link::Order {
                cause,
                id,
                time,
                stream,
            } => Record::long(cause, small(ORDER, stream), id, time as u64),
        }
    }

    /// Reads the record of a reference.
    #[inline]
    pub fn link_of(&self, record: &[u64]) -> Link {
        let (about, word) = (record[0], record[1]);
        if word & TAG != LONG {
            let small = self.unpack(word);
            return Link::Cause(Child {
                cause: about,
                time: small.time,
                root: record.get(2).copied().unwrap_or(about),
                cell: small.cell,
                effect: small.number,
                ordinal: small.ordinal,
            });
        }
        let (third, fourth) = (record[2], record[3]);
        let number = (word >> FIRST) as u16;
        match word >> FORM & 3 {
            CAUSE => Link::Cause(Child {
                cause: about,
                time: third as i64,
                root: fourth,
                cell: number,
                effect: (word >> SECOND) as u16,
                ordinal: (word >> THIRD) as u16,
            }),
            REFERENCE => Link::Reference {
                maker: about,
                id: third,
                root: fourth,
                reference: number,
            },
            ROOT => Link::Root {
                cause: about,
                id: third,
                root: fourth,
                stream: number,
            },
            _ => Link::Order {
                cause: about,
                id: third,
                time: fourth as i64,
                stream: number,
            },
        }
    }
}
