//! Records of events, parted by the id that they are about, so that what refers to an id meets it in a part that fits
//! the cache. Memory is bounded: what does not fit a budget goes to a temporary file.

use crate::error::{Error, io_error};
use arrow::buffer::{Buffer, MutableBuffer};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Words of a record that is more than an id.
pub(super) const RECORD: usize = 4;
/// Words that a thread gathers for one part and kind before it hands them over.
const HANDFUL: usize = 64 * RECORD;
/// The least that is written to the file at once, in words.
const LEAST_WRITE: usize = 1024;
/// Events in a part, about: its table stays in the cache.
const PART_EVENTS: u64 = 32_768;
/// Most parts: with more, the handfuls of a thread would outgrow the cache.
const MAX_BITS: u32 = 12;

/// What is kept of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Ids alone, one word each: of events that nothing refers to.
    Ids,
    /// Events that others may refer to.
    Events,
    /// References to a cause or to an event in a field.
    Links,
    /// References to what is not there, by the root of the event that refers.
    Late,
}

/// Number of kinds.
const KINDS: usize = 4;

/// Records by part.
pub(super) struct Store {
    parts: Vec<[Mutex<Pile>; KINDS]>,
    shift: u32,
    /// Words in memory, and how many may be.
    words: AtomicUsize,
    room: usize,
    /// The least number of words that a pile writes to the file at once.
    least_write: usize,
    file: Mutex<Option<Spill>>,
}

/// The words of one kind in one part.
#[derive(Default)]
struct Pile {
    /// Kept as they are handed over, so that nothing is copied as the pile grows.
    handfuls: Vec<Vec<u64>>,
    words: usize,
    /// Offset and number of words of what is in the file.
    spilled: Vec<(u64, usize)>,
}

struct Spill {
    file: File,
    bytes: u64,
}

impl Store {
    /// For a run of about so many events, with so many bytes of memory.
    pub fn new(events: u64, memory: u64) -> Store {
        let parts = (events / PART_EVENTS).max(1).next_power_of_two();
        let bits = parts.trailing_zeros().min(MAX_BITS);
        let room = memory / size_of::<u64>() as u64;
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        Store {
            parts: (0..1usize << bits).map(|_| Default::default()).collect(),
            shift: 64 - bits,
            words: AtomicUsize::new(0),
            room,
            // Piles that are smaller stay in memory: at most half of the room, or a megabyte for each 32 parts.
            least_write: (room / 2 / (KINDS << bits)).max(LEAST_WRITE),
            file: Mutex::new(None),
        }
    }

    /// How many parts there are.
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    fn part(&self, id: u64) -> usize {
        // A shift by all 64 bits is none of a word's.
        id.checked_shr(self.shift).unwrap_or(0) as usize
    }

    fn hand_over(&self, part: usize, kind: Kind, handful: Vec<u64>) -> Result<(), Error> {
        let mut pile = lock(&self.parts[part][kind as usize]);
        let words = handful.len();
        pile.words += words;
        pile.handfuls.push(handful);
        let all = self.words.fetch_add(words, Ordering::Relaxed) + words;
        if all > self.room && pile.words >= self.least_write {
            let spilled = self.spill(&pile.handfuls).map_err(failed)?;
            self.words.fetch_sub(pile.words, Ordering::Relaxed);
            let words = std::mem::take(&mut pile.words);
            pile.spilled.push((spilled, words));
            pile.handfuls.clear();
        }
        Ok(())
    }

    /// Writes words to the file, and returns where.
    fn spill(&self, handfuls: &[Vec<u64>]) -> std::io::Result<u64> {
        let mut spill = lock(&self.file);
        match spill.as_mut() {
            Some(spill) => spill.write(handfuls),
            None => spill.insert(Spill::new()?).write(handfuls),
        }
    }

    /// Replaces `words` by those of one kind in one part, in any order of records.
    pub fn read(&self, part: usize, kind: Kind, words: &mut Vec<u64>) -> Result<(), Error> {
        words.clear();
        let pile = lock(&self.parts[part][kind as usize]);
        for handful in &pile.handfuls {
            words.extend_from_slice(handful);
        }
        for &(offset, number) in &pile.spilled {
            if let Some(spill) = lock(&self.file).as_mut() {
                let buffer = spill.read(offset, number).map_err(failed)?;
                words.extend_from_slice(buffer.typed_data::<u64>());
            }
        }
        Ok(())
    }

    /// Whether a part has records of a kind.
    pub fn has(&self, part: usize, kind: Kind) -> bool {
        let pile = lock(&self.parts[part][kind as usize]);
        pile.words > 0 || !pile.spilled.is_empty()
    }
}

/// A lock that a panic elsewhere has left is taken all the same: the panic ends the process.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(error: std::io::Error) -> Error {
    io_error(
        "using a temporary file in",
        Path::new(&std::env::temp_dir()),
    )(error)
}

impl Spill {
    fn new() -> std::io::Result<Spill> {
        Ok(Spill {
            file: tempfile::tempfile()?,
            bytes: 0,
        })
    }

    fn write(&mut self, handfuls: &[Vec<u64>]) -> std::io::Result<u64> {
        let offset = self.bytes;
        let words: usize = handfuls.iter().map(Vec::len).sum();
        let mut bytes = MutableBuffer::new(words * size_of::<u64>());
        for handful in handfuls {
            bytes.extend_from_slice(handful);
        }
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.write_all(bytes.as_slice())?;
        self.bytes += bytes.len() as u64;
        Ok(offset)
    }

    fn read(&mut self, offset: u64, words: usize) -> std::io::Result<Buffer> {
        let mut buffer = MutableBuffer::from_len_zeroed(words * size_of::<u64>());
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(buffer.as_slice_mut())?;
        Ok(buffer.into())
    }
}

/// What one thread gathers before it hands it over.
pub(super) struct Outbox<'a> {
    store: &'a Store,
    handfuls: Vec<Vec<u64>>,
}

impl<'a> Outbox<'a> {
    pub fn new(store: &'a Store) -> Outbox<'a> {
        Outbox {
            store,
            handfuls: vec![Vec::new(); store.parts() * KINDS],
        }
    }

    /// Adds a record to the part of an id.
    #[inline]
    pub fn push<const N: usize>(
        &mut self,
        kind: Kind,
        id: u64,
        record: [u64; N],
    ) -> Result<(), Error> {
        let part = self.store.part(id);
        let handful = &mut self.handfuls[part * KINDS + kind as usize];
        handful.extend_from_slice(&record);
        if handful.len() >= HANDFUL {
            let full = std::mem::replace(handful, Vec::with_capacity(HANDFUL));
            self.store.hand_over(part, kind, full)?;
        }
        Ok(())
    }

    /// Hands over what is left.
    pub fn finish(mut self) -> Result<(), Error> {
        const ALL: [Kind; KINDS] = [Kind::Ids, Kind::Events, Kind::Links, Kind::Late];
        for (place, handful) in self.handfuls.iter_mut().enumerate() {
            if !handful.is_empty() {
                let (part, kind) = (place / KINDS, ALL[place % KINDS]);
                let rest = std::mem::take(handful);
                self.store.hand_over(part, kind, rest)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use causeflow_engine::draw::mix;

    /// What is read back of records that were handed over by several threads, sorted.
    fn back(memory: u64) -> (bool, Vec<Vec<u64>>) {
        let store = Store::new(300_000, memory);
        std::thread::scope(|scope| {
            for thread in 0..3u64 {
                let store = &store;
                scope.spawn(move || {
                    let mut outbox = Outbox::new(store);
                    for i in (0..40_000u64).filter(|i| i % 3 == thread) {
                        let id = mix(i);
                        outbox.push(Kind::Ids, id, [id]).expect("room");
                        outbox.push(Kind::Links, id, [id, i, 2, 3]).expect("room");
                    }
                    outbox.finish().expect("room");
                });
            }
        });
        let mut read = Vec::new();
        let mut words = Vec::new();
        for part in 0..store.parts() {
            for (kind, length) in [(Kind::Ids, 1), (Kind::Links, RECORD)] {
                assert!(store.has(part, kind) && !store.has(part, Kind::Late));
                store
                    .read(part, kind, &mut words)
                    .expect("the file is there");
                assert!(
                    words
                        .chunks(length)
                        .all(|record| store.part(record[0]) == part)
                );
                read.extend(words.chunks(length).map(<[u64]>::to_vec));
            }
        }
        read.sort();
        let spilled = lock(&store.file).is_some();
        (spilled, read)
    }

    #[test]
    fn what_is_handed_over_comes_back_whatever_the_memory() {
        let (spilled, all) = back(1 << 30);
        assert!(!spilled && all.len() == 80_000);
        for memory in [0, 1 << 16] {
            assert!(back(memory) == (true, all.clone()), "{memory}");
        }
    }
}
