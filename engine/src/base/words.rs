//! Columns of words as they are stored in snapshots.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A column of words, stored as bytes: columns are most of a snapshot, and go as fast as they can be
/// copied.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct StoredWords(pub Vec<u64>);

/// Some lists of words, one after the other: many small ones take longer to copy than their words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lists {
    lengths: Vec<u32>,
    words: StoredWords,
}

impl Lists {
    /// Adds a list that comes in pieces.
    pub fn push<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u64]>) {
        let before = self.words.0.len();
        let words = &mut self.words.0;
        pieces
            .into_iter()
            .for_each(|piece| words.extend_from_slice(piece));
        self.lengths.push((words.len() - before) as u32);
    }

    /// The lists, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u64]> {
        let mut rest = &self.words.0[..];
        self.lengths.iter().map(move |&length| {
            // A snapshot's digest has been checked.
            let (list, others) = rest.split_at(length as usize);
            rest = others;
            list
        })
    }
}

impl Serialize for StoredWords {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = vec![0; self.0.len() * 8];
        let (places, _) = bytes.as_chunks_mut::<8>();
        for (place, word) in places.iter_mut().zip(&self.0) {
            *place = word.to_le_bytes();
        }
        serializer.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for StoredWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StoredWords, D::Error> {
        deserializer.deserialize_bytes(StoredWordsVisitor)
    }
}

struct StoredWordsVisitor;

impl Visitor<'_> for StoredWordsVisitor {
    type Value = StoredWords;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes, eight for each word")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<StoredWords, E> {
        let (words, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(E::invalid_length(bytes.len(), &self));
        }
        Ok(StoredWords(
            words.iter().map(|&word| u64::from_le_bytes(word)).collect(),
        ))
    }
}
