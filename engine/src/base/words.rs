//! Words as they are stored in snapshots.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Lists of words, one after the other, in one piece of memory: they are most of a snapshot, which is taken while a run
/// stands still.
///
/// Each word is one byte that says which of its eight bytes follow: all from the lowest to the highest that are not zero.
/// That is about as small as a fast compression makes it, and takes a tenth of its time: ids fill their words, and of numbers
/// and flags little is left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lists {
    /// In words.
    lengths: Vec<u32>,
    packed: Bytes,
}

/// Lists that are being made.
pub(crate) struct Packer {
    lists: Lists,
    /// Where words are packed: most lists are short, and to make such a place anew for each would take longer than to fill it.
    stage: [u8; 9 * STEP],
}

/// Words for which there is room at once: a byte and eight for each.
const STEP: usize = 64;

impl Packer {
    /// No lists yet, and room for about so many words.
    pub fn with_room(words: usize) -> Packer {
        Packer {
            lists: Lists {
                lengths: Vec::new(),
                packed: Bytes(Vec::with_capacity(words * 6)),
            },
            stage: [0; 9 * STEP],
        }
    }

    /// Adds a list that comes in pieces.
    pub fn push<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u64]>) {
        let mut length = 0;
        for piece in pieces {
            length += piece.len() as u32;
            for words in piece.chunks(STEP) {
                let bytes = pack(words, &mut self.stage);
                self.lists.packed.0.extend_from_slice(bytes);
            }
        }
        self.lists.lengths.push(length);
    }

    /// The lists.
    pub fn lists(self) -> Lists {
        self.lists
    }
}

impl Lists {
    /// The lists, in order. A snapshot's digest has been checked; what is missing all the same counts as zero.
    pub fn iter(&self) -> impl Iterator<Item = Vec<u64>> {
        let mut rest = &self.packed.0[..];
        self.lengths.iter().map(move |&length| {
            let words = (0..length).map(|_| unpack(&mut rest));
            words.collect()
        })
    }
}

/// At most so many words as there is room for, packed.
fn pack<'a>(words: &[u64], bytes: &'a mut [u8; 9 * STEP]) -> &'a [u8] {
    let mut at = 0;
    for &word in words {
        // Zero has no lowest byte: nothing of it follows.
        let low = (word.trailing_zeros() / 8) % 8;
        let number = 8 - word.leading_zeros() / 8 - if word == 0 { 0 } else { low };
        bytes[at] = (low << 4 | number) as u8;
        bytes[at + 1..at + 9].copy_from_slice(&(word >> (8 * low)).to_le_bytes());
        at += 1 + number as usize;
    }
    &bytes[..at]
}

/// Takes the next word.
fn unpack(from: &mut &[u8]) -> u64 {
    let Some((&head, rest)) = from.split_first() else {
        return 0;
    };
    let (low, number) = (head >> 4, usize::from(head & 15));
    let (bytes, rest) = rest.split_at(number.min(8).min(rest.len()));
    *from = rest;
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word) << (8 * u32::from(low % 8))
}

/// Bytes that a serde format may copy as they are.
#[derive(Clone, Debug, Default, PartialEq)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        deserializer.deserialize_bytes(BytesVisitor)
    }
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes(bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Words with any of their bytes zero.
    fn words() -> impl Strategy<Value = Vec<u64>> {
        let word = (any::<u64>(), any::<u64>(), 0_u32..8, 0_u32..8);
        let word =
            word.prop_map(|(word, mask, left, right)| (word & mask) << (8 * left) >> (8 * right));
        prop::collection::vec(prop_oneof![word, Just(0), Just(u64::MAX), 0_u64..9], 0..150)
    }

    proptest! {
        #[test]
        fn lists_come_back_as_they_were(lists in prop::collection::vec((words(), words()), 0..6)) {
            let mut packer = Packer::with_room(0);
            for (a, b) in &lists {
                packer.push([&a[..], &b[..]]);
            }
            let stored = packer.lists();
            let found: Vec<Vec<u64>> = stored.iter().collect();
            let expected: Vec<Vec<u64>> = lists.into_iter().map(|(a, b)| [a, b].concat()).collect();
            prop_assert_eq!(&found, &expected);
            let bytes = postcard::to_stdvec(&stored).expect("plain values");
            let again: Lists = postcard::from_bytes(&bytes).expect("plain values");
            prop_assert_eq!(again, stored);
        }

        #[test]
        fn bytes_of_anything_are_no_reason_to_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), length in 0_u32..20) {
            let lists = Lists { lengths: vec![length, length], packed: Bytes(bytes) };
            prop_assert_eq!(lists.iter().map(|list| list.len()).sum::<usize>(), 2 * length as usize);
        }
    }
}
