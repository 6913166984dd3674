//! Fingerprints: digests over the logical rows of streams.
//!
//! Each row is hashed over its columns in order; the digest of a stream is the sum of its rows'
//! hashes, so it depends neither on the order in which rows are hashed nor on files or compression.
//! It tells accidental differences apart, not malicious ones.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

use crate::base::draw::{Purpose, mix, purpose};
use crate::base::scratch;

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

/// As it is shown.
impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fingerprint, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = u128::from_str_radix(&text, 16);
        number.map(Fingerprint).map_err(serde::de::Error::custom)
    }
}

/// The columns of a block of rows, added in order, out of which the rows' hashes are worked out.
pub struct RowHashes<'a> {
    rows: usize,
    columns: Vec<Words<'a>>,
}

/// For each row, the word of a value.
enum Words<'a> {
    Lent(&'a [u64]),
    Made(Vec<u64>),
}

/// Rows whose hashes are worked out side by side: a hash waits for the multiplication of the column before, and
/// meanwhile others go on. They stay in registers from the first column to the last.
const TOGETHER: usize = 8;

impl<'a> RowHashes<'a> {
    /// Rows without columns.
    pub fn new(rows: usize) -> RowHashes<'a> {
        RowHashes {
            rows,
            columns: Vec::new(),
        }
    }

    /// Adds a column that is there already: for each row, the word of its value.
    pub fn words(&mut self, words: &'a [u64]) {
        self.columns.push(Words::Lent(words));
    }

    /// Adds a column: for each row, the word of its value.
    #[inline(always)]
    pub fn column(&mut self, words: impl Iterator<Item = u64>) {
        let mut column = scratch::column();
        column.extend(words);
        self.columns.push(Words::Made(column));
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
        self.column(std::iter::repeat_n(MISSING, self.rows));
    }

    /// The words of the column that was added last.
    pub fn into_words(mut self) -> Vec<u64> {
        match self.columns.pop() {
            Some(Words::Lent(words)) => words.to_vec(),
            Some(Words::Made(words)) => words,
            None => Vec::new(),
        }
    }

    /// The digest of the rows.
    pub fn finish(self) -> Digest {
        let mut digest = Digest {
            rows: self.rows as u64,
            ..Digest::default()
        };
        let columns = self.columns.iter().map(|column| match column {
            Words::Lent(words) => &words[..self.rows],
            Words::Made(words) => &words[..self.rows],
        });
        let columns: Vec<&[u64]> = columns.collect();
        let whole = self.rows - self.rows % TOGETHER;
        for first in (0..whole).step_by(TOGETHER) {
            digest.add::<TOGETHER>(&columns, first);
        }
        for row in whole..self.rows {
            digest.add::<1>(&columns, row);
        }
        for column in self.columns {
            if let Words::Made(column) = column {
                scratch::give_column(column);
            }
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
    /// Adds so many rows, from the first one on.
    #[inline(always)]
    fn add<const ROWS: usize>(&mut self, columns: &[&[u64]], first: usize) {
        let mut hashes = [FACTOR; ROWS];
        for column in columns {
            let words = &column[first..first + ROWS];
            for (hash, &word) in hashes.iter_mut().zip(words) {
                let x = (*hash ^ word).wrapping_mul(FACTOR);
                *hash = x ^ (x >> 32);
            }
        }
        for hash in hashes {
            let hash = mix(hash);
            self.sum = self.sum.wrapping_add(hash);
            self.sum_of_mixed = self.sum_of_mixed.wrapping_add(mix(hash ^ FACTOR));
        }
    }

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

/// The hash of a string of a column, eight bytes at a time: unlike the texts of a program, there are as many as there are rows.
#[inline]
pub fn string_hash(string: &str) -> u64 {
    let step = |hash: u64, word: u64| {
        let x = (hash ^ word).wrapping_mul(FACTOR);
        x ^ (x >> 32)
    };
    let (words, rest) = string.as_bytes().as_chunks::<8>();
    let words = words.iter().map(|&word| u64::from_le_bytes(word));
    let hash = words.fold(FACTOR ^ string.len() as u64, step);
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(step(hash, u64::from_le_bytes(last)))
}

/// The hash of a text value.
pub fn text_hash(text: &str) -> u64 {
    purpose(text).0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(ids: &[u64]) -> Digest {
        let mut hashes = RowHashes::new(ids.len());
        hashes.words(ids);
        hashes.column(ids.iter().map(|id| id + 1));
        hashes.missing();
        hashes.finish()
    }

    #[test]
    fn strings_have_hashes_of_their_own() {
        let texts =
            (0..20_000).map(|n| format!("{n:0width$}{}", "x".repeat(n % 7), width = n % 23));
        let texts = texts
            .chain(["", "\0", "\0\0", "ab", "ab\0", "abcdefgh", "abcdefgh\0"].map(str::to_owned));
        let texts: std::collections::BTreeSet<String> = texts.collect();
        let hashes: std::collections::BTreeSet<u64> =
            texts.iter().map(|text| string_hash(text)).collect();
        assert_eq!(hashes.len(), texts.len());
        // A change here changes the fingerprints of all runs with such texts.
        assert_eq!(string_hash("INV-2026-000001"), 0xEBEC_A2D7_908B_DF70);
    }

    #[test]
    fn parts_in_any_order_give_the_digest_of_the_whole() {
        let whole = digest(&[1, 2, 3, 4, 5]);
        let mut parts = digest(&[4, 5]);
        parts.merge(&digest(&[1, 2, 3]));
        assert_eq!(parts, whole);
        // Rows are worked out some at a time, which must not show either.
        let ids: Vec<u64> = (0..40).map(mix).collect();
        for cut in 0..=ids.len() {
            let mut parts = digest(&ids[cut..]);
            parts.merge(&digest(&ids[..cut]));
            assert_eq!(parts, digest(&ids));
        }
        assert_ne!(whole.finish("a"), whole.finish("b"));
        assert_ne!(whole.finish("a"), digest(&[1, 2, 3, 4, 6]).finish("a"));
    }
}
