//! What rows say about other rows, as records of two to four words: the fewer words, the less there is to move and to
//! keep.
//!
//! The first word of a record is the id that it is about, the second what else is small. A time, a cell and a number
//! take as many bits there as the run needs, and a root that is the id itself is not written again. What does not fit,
//! in a run that was changed or is very long, is written in full.

mod packing;
#[cfg(test)]
mod tests;

pub(super) use packing::Packing;

/// Words of the longest record.
pub(super) const MOST_WORDS: usize = 4;

/// The words of a record. Those behind its length mean nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub words: [u64; MOST_WORDS],
    pub length: usize,
}

impl Record {
    /// An event of which only the id is kept. It is of a kind of its own, without a second word.
    #[inline]
    pub fn id(id: u64) -> Record {
        Record {
            words: [id, 0, 0, 0],
            length: 1,
        }
    }

    /// A record with small things only, and the root where it is not the id.
    #[inline]
    fn short(id: u64, small: u64, root: u64) -> Record {
        match id == root {
            true => Record {
                words: [id, small, 0, 0],
                length: 2,
            },
            false => Record {
                words: [id, small | WITH_ROOT, root, 0],
                length: 3,
            },
        }
    }

    /// A record in full.
    #[inline]
    fn long(id: u64, small: u64, third: u64, fourth: u64) -> Record {
        Record {
            words: [id, small | LONG, third, fourth],
            length: MOST_WORDS,
        }
    }
}

/// The lowest bits of the second word say how many more words there are: none, a root, or two of a record in full.
const TAG_BITS: u32 = 2;
const TAG: u64 = (1 << TAG_BITS) - 1;
const WITH_ROOT: u64 = 1;
const LONG: u64 = 2;

/// In the second word of a record in full stand its form and three numbers of 16 bits.
const FORM: u32 = TAG_BITS;
const FIRST: u32 = 16;
const SECOND: u32 = 32;
const THIRD: u32 = 48;
const CAUSE: u64 = 0;
const REFERENCE: u64 = 1;
const ROOT: u64 = 2;
const ORDER: u64 = 3;

/// Records one after the other.
#[derive(Clone, Copy)]
pub(super) struct Records<'a>(pub &'a [u64]);

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u64];

    #[inline]
    fn next(&mut self) -> Option<&'a [u64]> {
        let tag = *self.0.get(1)? & TAG;
        let (record, rest) = self.0.split_at_checked(2 + tag as usize)?;
        self.0 = rest;
        Some(record)
    }
}

/// An event that others may refer to. Its record goes to the part of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub id: u64,
    pub time: i64,
    pub root: u64,
    pub cell: u16,
    pub stream: u16,
}

/// An event that has a cause. Its id follows from that of its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Child {
    pub cause: u64,
    pub time: i64,
    pub root: u64,
    pub cell: u16,
    pub effect: u16,
    /// Which of the children that the effect gave the cause it is.
    pub ordinal: u16,
}

/// A reference to another event; it goes to the part of that one's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// An event came by an effect of its cause.
    Cause(Child),
    /// A field refers to an event further back.
    Reference {
        maker: u64,
        id: u64,
        root: u64,
        reference: u16,
    },
    /// An event has its cause's root. For runs whose model is not known.
    Root {
        cause: u64,
        id: u64,
        root: u64,
        stream: u16,
    },
    /// An event does not precede its cause. For runs whose model is not known.
    Order {
        cause: u64,
        id: u64,
        time: i64,
        stream: u16,
    },
}

/// A reference to what is not there. It may lie before the start of the run, unless its root does not: then it is
/// missing. It goes to the part of the root's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Late {
    pub root: u64,
    /// The event that refers.
    pub id: u64,
    /// What it refers to.
    pub missing: u64,
    pub stream: u16,
    /// The place among the references, for one in a field; nothing for a cause.
    pub reference: Option<u16>,
}

impl Late {
    pub fn record(self) -> Record {
        let form = if self.reference.is_some() {
            REFERENCE
        } else {
            CAUSE
        };
        let reference = u64::from(self.reference.unwrap_or(0));
        let small = form << FORM | u64::from(self.stream) << FIRST | reference << SECOND;
        Record::long(self.root, small, self.id, self.missing)
    }

    pub fn of(record: &[u64]) -> Late {
        let word = record[1];
        Late {
            root: record[0],
            id: record[2],
            missing: record[3],
            stream: (word >> FIRST) as u16,
            reference: (word >> FORM & 3 == REFERENCE).then_some((word >> SECOND) as u16),
        }
    }
}
