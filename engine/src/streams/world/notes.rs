//! What a run notes of values that had to be kept within bounds, where it knows at once which they are.

use crate::base::draw::Key;
use crate::base::time::Time;
use crate::streams::kept::{Bound, Counted, Kept, Site, Undefined};
use crate::streams::program::StreamId;

use super::World;

impl World {
    /// Notes one value of a stream's event.
    pub(crate) fn keep(&self, stream: StreamId, bound: Bound, (first, value): ((Time, u64), f64)) {
        self.ledger.add(Kept {
            stream,
            bound,
            counted: Counted {
                number: 1,
                first,
                value,
            },
        });
    }

    /// Notes that something of an event had no value, if that happens and is written; what is too large is not to be, written or not.
    #[cold]
    pub(crate) fn note_undefined(
        &self,
        (stream, key, time): (StreamId, Key, Time),
        place: Site,
        found: Undefined,
    ) {
        if time >= self.written_from() || found == Undefined::TooLarge {
            let bound = Bound::of_undefined(place, found);
            self.keep(stream, bound, ((time, key.0), 0.0));
        }
    }

    /// Likewise of an entity: those there from the start are written, though they have been drawn before.
    #[cold]
    pub(crate) fn note_entity(&self, (id, joined): (Key, Time), place: Site, found: Undefined) {
        let bound = Bound::of_undefined(place, found);
        self.keep(StreamId(0), bound, ((joined, id.0), 0.0));
    }
}
