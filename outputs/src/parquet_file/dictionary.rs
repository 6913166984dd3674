//! Dictionaries for values that repeat, given up early where they do not.
//!
//! Random ids and measured floats hardly ever repeat; the ids of a few thousand tutors, prices in
//! cents and appointments on the half hour do. Which it is shows in the first few thousand rows,
//! and the choice depends on the values alone, so the same rows always give the same bytes.

use super::hybrid::bit_width;

/// Most distinct values of a dictionary: its table and values then stay in the second-level cache.
const MAX_DISTINCT: usize = 32_768;
/// Rows after which a dictionary must have paid for itself, and again after each as many.
const TRIAL_ROWS: usize = 8_192;
/// Rows after which it is asked whether it still can pay at the end of the trial.
const LOOK_ROWS: usize = 256;
/// Slots of a hash table at first, which may then be half full at the end of the first trial.
const FIRST_SLOTS: usize = 2 * TRIAL_ROWS;
const FREE: u16 = u16::MAX;

/// Distinct values in the order of their first appearance, and a code for each row.
pub(crate) struct Dictionary<T> {
    pub values: Vec<T>,
    pub codes: Vec<u16>,
}

/// A value with a fixed size that is compared by its bits.
pub(crate) trait Bits: Copy {
    fn bits(self) -> u64;
}

impl Bits for u64 {
    fn bits(self) -> u64 {
        self
    }
}

impl Bits for i64 {
    fn bits(self) -> u64 {
        self.cast_unsigned()
    }
}

impl Bits for i32 {
    fn bits(self) -> u64 {
        u64::from(self.cast_unsigned())
    }
}

impl Bits for f64 {
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

/// Builds a dictionary when it takes less than `rival_bits` a row, which is what the encoding that
/// would be used instead is expected to take.
pub(crate) fn build<T: Bits>(values: &[T], rival_bits: usize) -> Option<Dictionary<T>> {
    let mut table = Table::new();
    let mut codes = Vec::with_capacity(values.len());
    for trial in values.chunks(TRIAL_ROWS) {
        let end = codes.len() + trial.len();
        for some in trial.chunks(LOOK_ROWS) {
            table.make_room(some.len());
            codes.extend(some.iter().map(|&value| table.code(value)));
            // Distinct values become only more, so the trial need not be finished if there are too many already.
            if size_bits::<T>(table.distinct.len(), end) >= rival_bits * end {
                return None;
            }
        }
        if table.distinct.len() > MAX_DISTINCT - TRIAL_ROWS && codes.len() < values.len() {
            return None;
        }
    }
    let values = table.distinct;
    (!codes.is_empty()).then_some(Dictionary { values, codes })
}

fn size_bits<T>(distinct: usize, rows: usize) -> usize {
    distinct * size_of::<T>() * 8 + rows * usize::from(bit_width(distinct))
}

/// A hash table of distinct values.
struct Table<T> {
    /// Codes of values, at most half of them in use. As long as values are few, the table fits the first-level cache.
    slots: Vec<u16>,
    distinct: Vec<T>,
}

impl<T: Bits> Table<T> {
    fn new() -> Table<T> {
        Table {
            slots: vec![FREE; FIRST_SLOTS],
            distinct: Vec::new(),
        }
    }

    /// Makes room for so many more values.
    fn make_room(&mut self, more: usize) {
        let slots = 2 * (self.distinct.len() + more);
        if slots <= self.slots.len() {
            return;
        }
        self.slots = vec![FREE; slots.next_power_of_two()];
        for (code, value) in (0..).zip(&self.distinct) {
            let (slot, _) = self.find(value.bits());
            self.slots[slot] = code;
        }
    }

    /// The code of a value, for which there must be room.
    #[inline]
    fn code(&mut self, value: T) -> u16 {
        let (slot, code) = self.find(value.bits());
        if code != FREE {
            return code;
        }
        let code = self.distinct.len() as u16;
        self.slots[slot] = code;
        self.distinct.push(value);
        code
    }

    /// The slot of a value and what it holds, which is [`FREE`] where the value is new.
    #[inline]
    fn find(&self, bits: u64) -> (usize, u16) {
        // Fibonacci hashing; the upper half is folded in because floats vary there.
        let mixed = (bits ^ (bits >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let last = self.slots.len() - 1;
        let mut slot = (mixed >> 32) as usize & last;
        loop {
            let code = self.slots[slot];
            if code == FREE || self.distinct[usize::from(code)].bits() == bits {
                return (slot, code);
            }
            slot = (slot + 1) & last;
        }
    }
}

/// Renumbers codes below `limit` in the order of their first appearance; always possible.
pub(crate) fn renumber(codes: &[u16], limit: usize) -> Dictionary<u16> {
    let mut local = vec![u32::MAX; limit];
    let mut values = Vec::new();
    let renumbered = codes.iter().map(|&code| {
        let place = &mut local[usize::from(code)];
        if *place == u32::MAX {
            *place = values.len() as u32;
            values.push(code);
        }
        *place as u16
    });
    let codes = renumbered.collect();
    Dictionary { values, codes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// What [`build`] says, with a trial at a time and every value looked for in a tree.
    fn slowly(values: &[u64], rival_bits: usize) -> Option<(Vec<u64>, Vec<u16>)> {
        let (mut known, mut distinct, mut codes) = (BTreeMap::new(), Vec::new(), Vec::new());
        for trial in values.chunks(TRIAL_ROWS) {
            for &value in trial {
                let code = *known.entry(value).or_insert_with(|| {
                    distinct.push(value);
                    (distinct.len() - 1) as u16
                });
                codes.push(code);
            }
            let pays = size_bits::<u64>(distinct.len(), codes.len()) < rival_bits * codes.len();
            if distinct.len() > MAX_DISTINCT - TRIAL_ROWS && codes.len() < values.len() || !pays {
                return None;
            }
        }
        (!codes.is_empty()).then_some((distinct, codes))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn looking_early_and_small_tables_do_not_show(
            seed in any::<u64>(),
            rows in prop_oneof![0..600usize, 0..70_000usize],
            distinct in prop_oneof![1..50u64, 1..8_000u64, 1..60_000u64],
            rival_bits in prop::sample::select(vec![16usize, 24, 52, 64]),
        ) {
            let mixed = |row: u64| (seed ^ row.wrapping_mul(0xD6E8_FEB8_6659_FD93)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let value = |row: usize| (mixed(row as u64) >> 20) % distinct * 0x1_0000_0001;
            let values: Vec<u64> = (0..rows).map(value).collect();
            let found = build(&values, rival_bits).map(|dictionary| (dictionary.values, dictionary.codes));
            prop_assert_eq!(found, slowly(&values, rival_bits));
        }
    }
}
