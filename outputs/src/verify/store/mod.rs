//! Records of events, parted by the id that they are about, so that what refers to an id meets it in a part that fits
//! the cache. Memory is bounded: what does not fit a budget goes to a temporary file.

mod outbox;
mod spill;

use crate::arrow::buffer::MutableBuffer;
use crate::error::{Error, io_error};
pub(super) use outbox::Outbox;
use spill::{Spill, Spilled};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Words of a chunk of a pile. A chunk has its pages for itself, so what is not filled takes next to no memory.
const CHUNK: usize = 2048;
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
    /// Lines and what documents say of them, by the document.
    Lines,
    /// What happens to entities for which something is waited, by the entity.
    Joins,
    /// What held of entities, by the entity.
    Histories,
}

/// All kinds, each at its place.
const KINDS: [Kind; 7] = [
    Kind::Ids,
    Kind::Events,
    Kind::Links,
    Kind::Late,
    Kind::Lines,
    Kind::Joins,
    Kind::Histories,
];

/// Records by part.
pub(super) struct Store {
    parts: Vec<[Mutex<Pile>; KINDS.len()]>,
    shift: u32,
    /// Words in memory, and how many may be.
    words: AtomicUsize,
    room: usize,
    /// The least number of words that a pile writes to the file at once.
    least_write: usize,
    file: Mutex<Option<Spill>>,
    /// Chunks whose words are in the file.
    empty: Mutex<Vec<Vec<u64>>>,
}

/// The words of one kind in one part. No record is cut by the end of a chunk or of what was spilled at once.
#[derive(Default)]
struct Pile {
    /// Nothing is copied as the pile grows.
    chunks: Vec<Vec<u64>>,
    words: usize,
    spilled: Vec<Spilled>,
}

impl Pile {
    /// Adds words, in a chunk of `more` where the last one has no room.
    fn add(&mut self, words: &[u64], more: impl FnOnce() -> Vec<u64>) {
        self.words += words.len();
        match self.chunks.last_mut() {
            Some(last) if last.len() + words.len() <= last.capacity() => {
                last.extend_from_slice(words);
            }
            _ => {
                let mut chunk = more();
                chunk.extend_from_slice(words);
                self.chunks.push(chunk);
            }
        }
    }
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
            shift: u64::BITS - bits,
            words: AtomicUsize::new(0),
            room,
            // Piles that are smaller stay in memory: at most half of the room, or a megabyte for each 32 parts.
            least_write: (room / 2 / (KINDS.len() << bits)).max(LEAST_WRITE),
            file: Mutex::new(None),
            empty: Mutex::default(),
        }
    }

    /// How many parts there are.
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    fn part(&self, id: u64) -> usize {
        // The first of an id's bits, which are 63. A shift by all 64 is none of a word's.
        (id << 1).checked_shr(self.shift).unwrap_or(0) as usize
    }

    /// Takes whole records.
    fn hand_over(&self, part: usize, kind: Kind, words: &[u64]) -> Result<(), Error> {
        let mut pile = lock(&self.parts[part][kind as usize]);
        pile.add(words, || self.chunk());
        let all = self.words.fetch_add(words.len(), Ordering::Relaxed) + words.len();
        if all > self.room && pile.words >= self.least_write {
            let spilled = self.spill(&pile.chunks).map_err(failed)?;
            self.words.fetch_sub(pile.words, Ordering::Relaxed);
            pile.words = 0;
            pile.spilled.push(spilled);
            let emptied = pile.chunks.drain(..).map(|mut chunk| {
                chunk.clear();
                chunk
            });
            lock(&self.empty).extend(emptied);
        }
        Ok(())
    }

    /// An empty chunk. One that was used before has its pages from the system already.
    fn chunk(&self) -> Vec<u64> {
        let used = lock(&self.empty).pop();
        used.unwrap_or_else(|| Vec::with_capacity(CHUNK))
    }

    /// Writes words to the file, and returns where.
    fn spill(&self, chunks: &[Vec<u64>]) -> std::io::Result<Spilled> {
        let mut spill = lock(&self.file);
        match spill.as_mut() {
            Some(spill) => spill.write(chunks),
            None => spill.insert(Spill::new()?).write(chunks),
        }
    }

    /// Shows the records of one kind in one part, many at a time and in any order. `buffer` is for what must be read
    /// from the file.
    pub fn visit(
        &self,
        part: usize,
        kind: Kind,
        buffer: &mut MutableBuffer,
        mut see: impl FnMut(&[u64]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let pile = lock(&self.parts[part][kind as usize]);
        for chunk in &pile.chunks {
            see(chunk)?;
        }
        for &place in &pile.spilled {
            if let Some(spill) = lock(&self.file).as_mut() {
                spill.read(place, buffer).map_err(failed)?;
            }
            see(buffer.typed_data())?;
        }
        Ok(())
    }

    /// Replaces `words` by all records of one kind in one part.
    pub fn read(
        &self,
        part: usize,
        kind: Kind,
        buffer: &mut MutableBuffer,
        words: &mut Vec<u64>,
    ) -> Result<(), Error> {
        words.clear();
        self.visit(part, kind, buffer, |some| {
            words.extend_from_slice(some);
            Ok(())
        })
    }

    /// How many words of a kind a part has.
    pub fn words(&self, part: usize, kind: Kind) -> usize {
        let pile = lock(&self.parts[part][kind as usize]);
        pile.words + pile.spilled.iter().map(Spilled::words).sum::<usize>()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::records::{Event, Packing, Record, Records};
    use causeflow_engine::base::draw::mix;

    const EVENTS: u64 = 40_000;

    /// The event of a number. Its record is short, has a root, or is in full.
    fn event(number: u64) -> Event {
        let id = mix(number);
        Event {
            id,
            time: number as i64,
            root: if number.is_multiple_of(2) { id } else { number },
            cell: (number % 300) as u16,
            stream: 1,
        }
    }

    /// What is read back of records that were handed over by several threads, sorted, and whether there was a file.
    fn back(memory: u64) -> (bool, Vec<u64>, Vec<u64>) {
        let packing = Packing::new(&(0..EVENTS as i64), 255, 2);
        let store = Store::new(300_000, memory);
        std::thread::scope(|scope| {
            for thread in 0..3 {
                let store = &store;
                scope.spawn(move || {
                    let mut outbox = Outbox::new(store);
                    for number in (0..EVENTS).filter(|number| number % 3 == thread) {
                        let event = event(number);
                        outbox.push(Kind::Ids, Record::id(event.id)).expect("room");
                        let record = packing.event(event);
                        outbox.push(Kind::Links, record).expect("room");
                    }
                    outbox.finish().expect("room");
                });
            }
        });
        let (mut ids, mut times) = (Vec::new(), Vec::new());
        let mut buffer = MutableBuffer::new(0);
        let mut words = Vec::new();
        for part in 0..store.parts() {
            assert_eq!(store.words(part, Kind::Events), 0);
            let read = store.read(part, Kind::Ids, &mut buffer, &mut words);
            read.expect("the file is there");
            assert_eq!(store.words(part, Kind::Ids), words.len());
            ids.extend_from_slice(&words);
            let visited = store.visit(part, Kind::Links, &mut buffer, |words| {
                for record in Records(words) {
                    let read = packing.event_of(record);
                    assert_eq!(read, event(read.time as u64));
                    assert_eq!(store.part(read.id), part);
                    times.push(read.time as u64);
                }
                Ok(())
            });
            visited.expect("the file is there");
        }
        ids.sort_unstable();
        times.sort_unstable();
        let spilled = lock(&store.file).is_some();
        (spilled, ids, times)
    }

    #[test]
    fn what_is_handed_over_comes_back_whatever_the_memory() {
        let mut ids: Vec<u64> = (0..EVENTS).map(mix).collect();
        ids.sort_unstable();
        for (memory, spills) in [(1 << 30, false), (0, true), (1 << 16, true)] {
            let (spilled, found, times) = back(memory);
            assert_eq!(spilled, spills, "{memory}");
            assert!(found == ids, "{memory}");
            assert!(times == (0..EVENTS).collect::<Vec<u64>>(), "{memory}");
        }
    }
}
