//! Fingerprints: digests over the logical rows of streams.
//!
//! Each row is hashed over its columns in order; the digest of a stream is the sum of its rows'
//! hashes, so it depends neither on the order in which rows are hashed nor on files or compression.
//! It tells accidental differences apart, not malicious ones.

use std::fmt;

use crate::draw::{Purpose, mix, purpose};
use crate::table::{Column, Validity, Values};

/// Stands for a missing value.
const MISSING: u64 = 0x6D69_7373_696E_6721;
const FACTOR: u64 = 0xD6E8_FEB8_6659_FD93;

/// A digest that grows row by row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

impl Digest {
    /// Adds the rows that these columns make up. `text_hashes` has [`text_hash`] of each code.
    pub fn add(&mut self, rows: usize, columns: &[Column], text_hashes: &[u64]) {
        let mut hashes = vec![FACTOR; rows];
        for column in columns {
            fold_column(&mut hashes, column, text_hashes);
        }
        for hash in hashes {
            let hash = mix(hash);
            self.sum = self.sum.wrapping_add(hash);
            self.sum_of_mixed = self.sum_of_mixed.wrapping_add(mix(hash ^ FACTOR));
        }
        self.rows += rows as u64;
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

/// The hash of a text value.
pub fn text_hash(text: &str) -> u64 {
    purpose(text).0
}

#[inline(always)]
fn fold(hash: &mut u64, word: u64) {
    let x = (*hash ^ word).wrapping_mul(FACTOR);
    *hash = x ^ (x >> 32);
}

fn fold_column(hashes: &mut [u64], column: &Column, text_hashes: &[u64]) {
    match &column.validity {
        Validity::None => hashes.iter_mut().for_each(|hash| fold(hash, MISSING)),
        Validity::All => fold_values(hashes, &column.values, text_hashes, |_, word| word),
        Validity::Mask(valid) => {
            fold_values(hashes, &column.values, text_hashes, |row, word| {
                if valid[row] { word } else { MISSING }
            });
        }
    }
}

fn fold_values(
    hashes: &mut [u64],
    values: &Values,
    text_hashes: &[u64],
    pick: impl Fn(usize, u64) -> u64,
) {
    fn all<T: Copy>(
        hashes: &mut [u64],
        values: &[T],
        pick: impl Fn(usize, u64) -> u64,
        word: impl Fn(T) -> u64,
    ) {
        for (row, (hash, &value)) in hashes.iter_mut().zip(values).enumerate() {
            fold(hash, pick(row, word(value)));
        }
    }
    match values {
        Values::Id(v) => all(hashes, v, pick, |x| x),
        Values::Time(v) => all(hashes, v, pick, |x| x as u64),
        // Adding zero turns -0 into 0.
        Values::Float(v) => all(hashes, v, pick, |x| (x + 0.0).to_bits()),
        Values::Int(v) => all(hashes, v, pick, |x| i64::from(x) as u64),
        Values::Small(v) => all(hashes, v, pick, u64::from),
        Values::Bool(v) => all(hashes, v, pick, u64::from),
        Values::Text(v) => all(hashes, v, pick, |x| text_hashes[usize::from(x)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(ids: &[u64]) -> Digest {
        let mut digest = Digest::default();
        let column = Column {
            values: Values::Id(ids.to_vec()),
            validity: Validity::All,
        };
        digest.add(ids.len(), &[column], &[]);
        digest
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
