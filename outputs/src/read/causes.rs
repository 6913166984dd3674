//! Counts how many events of a stream were caused by which others: a look at the ids alone.

use super::columns::{CAUSE_ID, EVENT_ID, check_common};
use super::run::FinishedRun;
use super::source::Wanted;
use crate::arrow::array::{Array, AsArray};
use crate::arrow::datatypes::UInt64Type;
use crate::error::Error;
use rayon::slice::ParallelSliceMut;

/// The ids of a stream's events, to ask whether one is among them.
///
/// Ids are hashes, spread evenly over 63 bits, so the first bits of one say nearly where it stands in their order: a
/// look-up takes constant time on average. 8 bytes an event, and one more for the places.
#[derive(Debug)]
pub struct EventIds {
    sorted: Vec<u64>,
    /// For each value of the first bits, where ids with it begin; one more for the end.
    begins: Vec<usize>,
    shift: u32,
}

impl EventIds {
    fn new(mut ids: Vec<u64>) -> EventIds {
        ids.par_sort_unstable();
        // About eight ids a bucket, one or two cache lines: half of the buckets are those of the bit that ids do not have.
        let bits = (ids.len() / 4).max(2).ilog2();
        let shift = u64::BITS - bits;
        let mut begins = Vec::with_capacity((1 << bits) + 1);
        for (place, id) in ids.iter().enumerate() {
            while begins.len() as u64 <= id >> shift {
                begins.push(place);
            }
        }
        begins.resize((1 << bits) + 1, ids.len());
        EventIds {
            sorted: ids,
            begins,
            shift,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Whether an event has this id.
    pub fn contains(&self, id: u64) -> bool {
        let bucket = (id >> self.shift) as usize;
        let (begin, end) = (self.begins[bucket], self.begins[bucket + 1]);
        self.sorted[begin..end].contains(&id)
    }
}

impl FinishedRun {
    /// The ids of a stream's events; nothing if the run does not have the stream.
    ///
    /// The digests of files are not checked.
    ///
    /// # Errors
    /// [`Error::Input`] when a file is missing, damaged, or of another shape; [`Error::Io`] when the disk fails.
    pub fn event_ids(&self, stream: &str) -> Result<Option<EventIds>, Error> {
        let Some(entry) = self.stream(stream) else {
            return Ok(None);
        };
        let mut ids = Vec::with_capacity(entry.rows as usize);
        self.each_ids(stream, EVENT_ID, |found| ids.extend_from_slice(found))?;
        Ok(Some(EventIds::new(ids)))
    }

    /// How many events of a stream have their cause among these; nothing if the run does not have the stream.
    ///
    /// The digests of files are not checked.
    ///
    /// # Errors
    /// [`Error::Input`] when a file is missing, damaged, or of another shape; [`Error::Io`] when the disk fails.
    pub fn caused_by(&self, stream: &str, causes: &EventIds) -> Result<Option<u64>, Error> {
        if self.stream(stream).is_none() {
            return Ok(None);
        }
        let mut number = 0;
        self.each_ids(stream, CAUSE_ID, |found| {
            number += found.iter().filter(|&&id| causes.contains(id)).count() as u64;
        })?;
        Ok(Some(number))
    }

    /// Passes the ids of one of the first columns, batch by batch, without missing ones.
    fn each_ids(
        &self,
        stream: &str,
        column: usize,
        mut visit: impl FnMut(&[u64]),
    ) -> Result<(), Error> {
        for entry in self.parts(stream)? {
            let path = self.folder().join(&entry.path);
            let wanted = Wanted {
                columns: Some(vec![column]),
                ..Wanted::default()
            };
            let mut source = self.source(entry, wanted)?;
            let wrong = |error: String| {
                let message = format!("cannot be read: {error}; play the run again");
                Error::input(&path, message)
            };
            check_common(source.columns()).map_err(wrong)?;
            while let Some(batch) = source.next().map_err(wrong)? {
                let ids = batch.column(0).as_primitive::<UInt64Type>();
                match ids.null_count() {
                    0 => visit(ids.values()),
                    _ => visit(&ids.iter().flatten().collect::<Vec<u64>>()),
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_and_others_are_not() {
        let ids: Vec<u64> = (0..10_000_u64)
            .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect();
        let (present, absent): (Vec<u64>, Vec<u64>) = ids.iter().partition(|id| **id % 3 != 0);
        let set = EventIds::new(present.clone());
        assert_eq!(set.len(), present.len());
        assert!(present.iter().all(|id| set.contains(*id)));
        assert!(absent.iter().all(|id| !set.contains(*id)));
    }

    #[test]
    fn few_ids_and_those_at_the_ends_are_found() {
        for ids in [vec![], vec![0], vec![u64::MAX], vec![0, 1, 2, u64::MAX]] {
            let set = EventIds::new(ids.clone());
            for id in [0, 1, 2, 3, 1 << 63, u64::MAX - 1, u64::MAX] {
                assert_eq!(set.contains(id), ids.contains(&id), "{id} in {ids:?}");
            }
            assert_eq!(set.is_empty(), ids.is_empty());
        }
    }
}
