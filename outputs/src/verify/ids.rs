//! A table of ids that finds one in a step or two: ids are mixed well, so their bits are their place.

/// A map from ids to numbers, with open addressing.
pub(super) struct Ids {
    slots: Vec<(u64, u32)>,
    mask: usize,
}

/// Marks a slot that is taken: numbers are below it.
const FREE: u32 = u32::MAX;

impl Ids {
    /// Room for so many ids.
    pub fn with_room(ids: usize) -> Ids {
        let slots = (ids * 2).next_power_of_two().max(16);
        Ids {
            slots: vec![(0, FREE); slots],
            mask: slots - 1,
        }
    }

    /// Empties it, with room for so many ids.
    pub fn clear(&mut self, ids: usize) {
        if ids * 2 > self.slots.len() {
            *self = Ids::with_room(ids);
        } else {
            self.slots.fill((0, FREE));
        }
    }

    /// Adds an id; false if it was there. There must be room.
    #[inline]
    pub fn insert(&mut self, id: u64, number: u32) -> bool {
        debug_assert!(number != FREE);
        let mut at = id as usize & self.mask;
        while self.slots[at].1 != FREE {
            if self.slots[at].0 == id {
                return false;
            }
            at = (at + 1) & self.mask;
        }
        self.slots[at] = (id, number);
        true
    }

    /// The number of an id.
    #[inline]
    pub fn get(&self, id: u64) -> Option<u32> {
        let mut at = id as usize & self.mask;
        while self.slots[at].1 != FREE {
            if self.slots[at].0 == id {
                return Some(self.slots[at].1);
            }
            at = (at + 1) & self.mask;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;
    use causeflow_engine::base::draw::mix;

    #[test]
    fn ids_are_found_once_they_are_there() {
        let mut ids = Ids::with_room(1000);
        for round in 0..2 {
            for i in 0..1000u32 {
                assert!(ids.insert(mix(u64::from(i)), i));
                assert!(!ids.insert(mix(u64::from(i)), 7));
            }
            // Ids that fall into one place, too.
            assert!((0..2000u32).all(|i| ids.get(mix(u64::from(i))) == (i < 1000).then_some(i)));
            assert_eq!(ids.get(0), Some(0), "round {round}: mix(0) is 0");
            ids.clear(1000);
        }
    }
}
