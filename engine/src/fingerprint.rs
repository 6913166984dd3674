//! Fingerprints: digests over the logical rows of streams.
//!
//! Each row is hashed over its columns in order; the digest of a stream is the sum of its rows'
//! hashes, so it depends neither on the order in which rows are hashed nor on files or compression.
//! It tells accidental differences apart, not malicious ones.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::draw::{Purpose, mix, purpose};

/// Stands for a missing value.
const MISSING: u64 = 0x6D69_7373_696E_6721;
const FACTOR: u64 = 0xD6E8_FEB8_6659_FD93;

/// A digest that grows row by row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Number of rows.
    pub rows: u64,
    sum: u64,
    sum_of_mixed: u64,
}

/// A finished digest, 128 bits, shown as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(pub u128);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The hashes of a block of rows, to which columns are added in order.
pub struct RowHashes<'a> {
    hashes: &'a mut Vec<u64>,
}

impl<'a> RowHashes<'a> {
    /// Rows without columns, in a buffer whose content does not matter.
    pub fn new(rows: usize, buffer: &'a mut Vec<u64>) -> RowHashes<'a> {
        buffer.clear();
        buffer.resize(rows, FACTOR);
        RowHashes { hashes: buffer }
    }

    /// Adds a column: for each row, the word of its value.
    #[inline(always)]
    pub fn column(&mut self, words: impl Iterator<Item = u64>) {
        for (hash, word) in self.hashes.iter_mut().zip(words) {
            let x = (*hash ^ word).wrapping_mul(FACTOR);
            *hash = x ^ (x >> 32);
        }
    }

    /// Adds a column in which only those rows have a value whose flag is true.
    #[inline(always)]
    pub fn column_where(
        &mut self,
        valid: impl Iterator<Item = bool>,
        words: impl Iterator<Item = u64>,
    ) {
        self.column(
            words
                .zip(valid)
                .map(|(word, valid)| if valid { word } else { MISSING }),
        );
    }

    /// Adds a column without values.
    pub fn missing(&mut self) {
        self.column(std::iter::repeat(MISSING));
    }

    /// The digest of the rows.
    pub fn finish(self) -> Digest {
        let mut digest = Digest {
            rows: self.hashes.len() as u64,
            ..Digest::default()
        };
        for &hash in self.hashes.iter() {
            let hash = mix(hash);
            digest.sum = digest.sum.wrapping_add(hash);
            digest.sum_of_mixed = digest.sum_of_mixed.wrapping_add(mix(hash ^ FACTOR));
        }
        digest
    }
}

/// The word of a float: -0 counts as 0, into which adding zero turns it.
#[inline(always)]
pub fn float_word(x: f64) -> u64 {
    (x + 0.0).to_bits()
}

/// The word of an integer.
#[inline(always)]
pub fn int_word(x: i32) -> u64 {
    i64::from(x) as u64
}

impl Digest {
    /// Joins the digests of two parts of a stream.
    pub fn merge(&mut self, other: &Digest) {
        self.rows += other.rows;
        self.sum = self.sum.wrapping_add(other.sum);
        self.sum_of_mixed = self.sum_of_mixed.wrapping_add(other.sum_of_mixed);
    }

    /// The fingerprint of a stream of this name.
    pub fn finish(&self, stream: &str) -> Fingerprint {
        let Purpose(name) = purpose(stream);
        let high = mix(self.sum ^ mix(name ^ self.rows));
        let low = mix(self.sum_of_mixed.wrapping_add(high));
        Fingerprint(u128::from(high) << 64 | u128::from(low))
    }
}

/// The fingerprint of a whole run, from those of its streams by name.
pub fn combine<'a>(streams: impl IntoIterator<Item = (&'a str, Fingerprint)>) -> Fingerprint {
    let (mut high, mut low) = (0u64, 0u64);
    for (name, Fingerprint(one)) in streams {
        // A sum of mixed parts: the order of the streams does not matter.
        let part = mix(purpose(name).0 ^ (one >> 64) as u64);
        high = high.wrapping_add(part);
        low = low.wrapping_add(mix(part ^ one as u64));
    }
    Fingerprint(u128::from(mix(high)) << 64 | u128::from(mix(low)))
}

/// The hash of a text value.
pub fn text_hash(text: &str) -> u64 {
    purpose(text).0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(ids: &[u64]) -> Digest {
        let mut buffer = Vec::new();
        let mut hashes = RowHashes::new(ids.len(), &mut buffer);
        hashes.column(ids.iter().copied());
        hashes.finish()
    }

    #[test]
    fn parts_in_any_order_give_the_digest_of_the_whole() {
        let whole = digest(&[1, 2, 3, 4, 5]);
        let mut parts = digest(&[4, 5]);
        parts.merge(&digest(&[1, 2, 3]));
        assert_eq!(parts, whole);
        assert_ne!(whole.finish("a"), whole.finish("b"));
        assert_ne!(whole.finish("a"), digest(&[1, 2, 3, 4, 6]).finish("a"));
    }
}
