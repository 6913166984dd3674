//! What one thread gathers before it hands it over.

use super::{KINDS, Kind, Store};
use crate::error::Error;
use crate::verify::records::{MOST_WORDS, Record};

/// Words that are gathered for one part and kind. The places where a kind's next records go must stay in the cache.
const HANDFUL: usize = 128;

/// Handfuls of records, one for each kind and part.
pub(in crate::verify) struct Outbox<'a> {
    store: &'a Store,
    /// One handful behind the other, those of a kind together.
    words: Vec<u64>,
    /// How many words each of them has.
    lengths: Vec<u8>,
}

impl<'a> Outbox<'a> {
    pub fn new(store: &'a Store) -> Outbox<'a> {
        let handfuls = KINDS.len() * store.parts();
        Outbox {
            store,
            words: vec![0; handfuls * HANDFUL],
            lengths: vec![0; handfuls],
        }
    }

    /// Adds a record to the part of its first word.
    #[inline]
    pub fn push(&mut self, kind: Kind, record: Record) -> Result<(), Error> {
        let part = self.store.part(record.words[0]);
        let place = kind as usize * self.store.parts() + part;
        let handful = &mut self.words[place * HANDFUL..][..HANDFUL];
        let length = usize::from(self.lengths[place]);
        // All words at once, whatever the length: the next record writes over those that mean nothing.
        handful[length..length + MOST_WORDS].copy_from_slice(&record.words);
        let length = length + record.length;
        self.lengths[place] = length as u8;
        if length + MOST_WORDS > HANDFUL {
            self.lengths[place] = 0;
            self.store.hand_over(part, kind, &handful[..length])?;
        }
        Ok(())
    }

    /// Hands over what is left.
    pub fn finish(self) -> Result<(), Error> {
        let parts = self.store.parts();
        let handfuls = self.words.chunks_exact(HANDFUL).zip(&self.lengths);
        for (place, (handful, &length)) in handfuls.enumerate() {
            let (kind, part) = (KINDS[place / parts], place % parts);
            if length > 0 {
                let words = &handful[..usize::from(length)];
                self.store.hand_over(part, kind, words)?;
            }
        }
        Ok(())
    }
}
