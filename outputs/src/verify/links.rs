//! What rows say about other rows, as records of four words.

use super::store::RECORD;

/// An event that others may refer to.
#[derive(Clone, Copy)]
pub(super) struct Event {
    pub id: u64,
    pub time: i64,
    pub root: u64,
    pub cell: u16,
    pub stream: usize,
}

/// The record of an event; it goes to the part of its id.
#[inline]
pub(super) fn event_record(
    id: u64,
    time: i64,
    root: u64,
    cell: u16,
    stream: usize,
) -> [u64; RECORD] {
    [
        id,
        time as u64,
        root,
        u64::from(cell) | (stream as u64) << 16,
    ]
}

/// Reads a record of an event.
#[inline]
pub(super) fn event(record: &[u64]) -> Event {
    Event {
        id: record[0],
        time: record[1] as i64,
        root: record[2],
        cell: record[3] as u16,
        stream: (record[3] >> 16) as usize,
    }
}

/// A reference to another event; it goes to the part of that one's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// An event came by an effect of its cause, as which of its children.
    Cause {
        cause: u64,
        time: i64,
        root: u64,
        cell: u16,
        effect: u16,
        ordinal: u16,
    },
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

const TAG: u32 = 48;

impl Link {
    /// The id that it refers to is the first word.
    #[inline]
    pub fn record(self) -> [u64; RECORD] {
        match self {
            Link::Cause {
                cause,
                time,
                root,
                cell,
                effect,
                ordinal,
            } => {
                let small = u64::from(cell) | u64::from(effect) << 16 | u64::from(ordinal) << 32;
                [cause, time as u64, root, small]
            }
            Link::Reference {
                maker,
                id,
                root,
                reference,
            } => [maker, id, root, u64::from(reference) | 1 << TAG],
            Link::Root {
                cause,
                id,
                root,
                stream,
            } => [cause, id, root, u64::from(stream) | 2 << TAG],
            Link::Order {
                cause,
                id,
                time,
                stream,
            } => [cause, id, time as u64, u64::from(stream) | 3 << TAG],
        }
    }

    /// Reads a record.
    #[inline]
    pub fn of(record: &[u64]) -> Link {
        let small = record[3];
        match small >> TAG {
            0 => Link::Cause {
                cause: record[0],
                time: record[1] as i64,
                root: record[2],
                cell: small as u16,
                effect: (small >> 16) as u16,
                ordinal: (small >> 32) as u16,
            },
            1 => Link::Reference {
                maker: record[0],
                id: record[1],
                root: record[2],
                reference: small as u16,
            },
            2 => Link::Root {
                cause: record[0],
                id: record[1],
                root: record[2],
                stream: small as u16,
            },
            _ => Link::Order {
                cause: record[0],
                id: record[1],
                time: record[2] as i64,
                stream: small as u16,
            },
        }
    }
}

/// A reference to what is not there. It may lie before the start of the run, unless its root does not: then it is
/// missing. It goes to the part of the root's id.
#[derive(Clone, Copy)]
pub(super) struct Late {
    pub root: u64,
    /// The event that refers.
    pub id: u64,
    /// What it refers to.
    pub missing: u64,
    pub stream: usize,
    /// The place among the references, for one in a field; nothing for a cause.
    pub reference: Option<u16>,
}

const IN_FIELD: u64 = 1 << TAG;

impl Late {
    pub fn record(self) -> [u64; RECORD] {
        let reference = self
            .reference
            .map_or(0, |at| u64::from(at) << 16 | IN_FIELD);
        [
            self.root,
            self.id,
            self.missing,
            self.stream as u64 | reference,
        ]
    }

    pub fn of(record: &[u64]) -> Late {
        let small = record[3];
        Late {
            root: record[0],
            id: record[1],
            missing: record[2],
            stream: usize::from(small as u16),
            reference: (small & IN_FIELD != 0).then_some((small >> 16) as u16),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_they_were_written() {
        let links = [
            Link::Cause {
                cause: 1,
                time: -2,
                root: 3,
                cell: u16::MAX,
                effect: u16::MAX,
                ordinal: u16::MAX,
            },
            Link::Reference {
                maker: 1,
                id: u64::MAX,
                root: 3,
                reference: u16::MAX,
            },
            Link::Root {
                cause: 1,
                id: 2,
                root: 3,
                stream: u16::MAX,
            },
            Link::Order {
                cause: 1,
                id: 2,
                time: i64::MIN,
                stream: u16::MAX,
            },
        ];
        for link in links {
            assert_eq!(Link::of(&link.record()), link);
        }
        for reference in [None, Some(u16::MAX)] {
            let late = Late {
                root: 1,
                id: 2,
                missing: 3,
                stream: 4,
                reference,
            };
            let read = Late::of(&late.record());
            assert_eq!((read.stream, read.reference), (4, reference));
        }
    }
}
