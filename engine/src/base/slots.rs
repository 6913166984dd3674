//! Slots of time as bits of words, so many a word: what all calendars of slots have in common, however their words lie.

use std::ops::Range;

/// A range of slots word by word: the number of the word, and the bits of the slots of the range in it. A word has
/// at most 64 slots.
#[inline]
pub fn pieces(range: Range<i64>, slots_a_word: i64) -> impl Iterator<Item = (i64, u64)> {
    let mut left = range.end - range.start;
    let mut word = range.start.div_euclid(slots_a_word);
    let mut from = range.start - word * slots_a_word;
    std::iter::from_fn(move || {
        if left <= 0 {
            return None;
        }
        let count = left.min(slots_a_word - from);
        let piece = (word, (u64::MAX >> (64 - count)) << from);
        (word, from, left) = (word + 1, 0, left - count);
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_are_all_slots_of_a_range(start in -300_i64..300, length in -3_i64..300, slots in 1_i64..65) {
            let range = start..start + length;
            let bits = |(word, bits): (i64, u64)| {
                let set = (0..slots).filter(move |bit| bits >> bit & 1 == 1);
                set.map(move |bit| word * slots + bit)
            };
            let found: Vec<i64> = pieces(range.clone(), slots).flat_map(bits).collect();
            prop_assert_eq!(found, range.clone().collect::<Vec<_>>());
            prop_assert!(pieces(range, slots).all(|(_, bits)| bits != 0 && (slots == 64 || bits >> slots == 0)));
        }
    }
}
