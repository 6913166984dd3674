//! Dictionaries for values that repeat, given up early where they do not.
//!
//! Random ids and measured floats hardly ever repeat; the ids of a few thousand tutors, prices in
//! cents and appointments on the half hour do. Which it is shows in the first few thousand rows,
//! and the choice depends on the values alone, so the same rows always give the same bytes.

use super::hybrid::bit_width;

/// Most distinct values of a dictionary: its table and values then stay in the second-level cache.
const MAX_DISTINCT: usize = 32_768;
/// Slots of the hash table, at most half of them in use.
const SLOTS_LOG2: u32 = 16;
/// Rows after which a dictionary must have paid for itself, and again after each as many.
const TRIAL_ROWS: usize = 8_192;
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
    let mut slots = vec![FREE; 1 << SLOTS_LOG2];
    let mut distinct: Vec<T> = Vec::new();
    let mut codes = Vec::with_capacity(values.len());
    for trial in values.chunks(TRIAL_ROWS) {
        for &value in trial {
            let code = find(&mut slots, &mut distinct, value);
            codes.push(code);
        }
        let pays = size_bits::<T>(distinct.len(), codes.len()) < rival_bits * codes.len();
        if distinct.len() > MAX_DISTINCT - TRIAL_ROWS && codes.len() < values.len() || !pays {
            return None;
        }
    }
    let values = distinct;
    (!codes.is_empty()).then_some(Dictionary { values, codes })
}

fn size_bits<T>(distinct: usize, rows: usize) -> usize {
    distinct * size_of::<T>() * 8 + rows * usize::from(bit_width(distinct))
}

#[inline]
fn find<T: Bits>(slots: &mut [u16], distinct: &mut Vec<T>, value: T) -> u16 {
    let bits = value.bits();
    // Fibonacci hashing; the upper half is folded in because floats vary there.
    let mixed = (bits ^ (bits >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut slot = (mixed >> (64 - SLOTS_LOG2)) as usize;
    loop {
        let code = slots[slot];
        if code == FREE {
            let code = distinct.len() as u16;
            slots[slot] = code;
            distinct.push(value);
            return code;
        }
        if distinct[usize::from(code)].bits() == bits {
            return code;
        }
        slot = (slot + 1) & ((1 << SLOTS_LOG2) - 1);
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
