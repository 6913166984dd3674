//! Parquet's delta encoding, for times: differences in blocks, each with a smallest one, above which they are bit-packed.
//!
//! Source: Apache Parquet format, "Encodings", DELTA_BINARY_PACKED. The blocks are those of the parquet crate, and so are
//! the bytes, which the tests compare; it handles values one by one, which takes several times as long.

use super::hybrid::varint;

/// Differences that have a bit width in common.
const MINI_BLOCK: usize = 64;
const MINI_BLOCKS: usize = 4;
/// Differences above the same smallest one.
const BLOCK: usize = MINI_BLOCK * MINI_BLOCKS;

/// Encodes values.
pub(crate) fn encode(values: &[i64]) -> Vec<u8> {
    let mut out = Vec::new();
    varint(BLOCK as u64, &mut out);
    varint(MINI_BLOCKS as u64, &mut out);
    varint(values.len() as u64, &mut out);
    zigzag(values.first().copied().unwrap_or(0), &mut out);
    let mut last = 0;
    while last + 1 < values.len() {
        let to = values.len().min(last + BLOCK + 1);
        block(&values[last..to], &mut out);
        last = to - 1;
    }
    out
}

/// Encodes the differences of at most [`BLOCK`] values from the ones before them, of which the first is one.
fn block(values: &[i64], out: &mut Vec<u8>) {
    let mut deltas = [0; BLOCK];
    let count = values.len() - 1;
    let mut least = i64::MAX;
    for (delta, pair) in deltas.iter_mut().zip(values.windows(2)) {
        *delta = pair[1].wrapping_sub(pair[0]);
        least = least.min(*delta);
    }
    zigzag(least, out);
    // What is missing in the last mini-block that has any differences counts as 0 above the smallest.
    let mut above = [0; BLOCK];
    for (above, delta) in above.iter_mut().zip(&deltas[..count]) {
        *above = delta.wrapping_sub(least).cast_unsigned();
    }
    let used = count.div_ceil(MINI_BLOCK);
    let mut widths = [0; MINI_BLOCKS];
    let (mini_blocks, _) = above.as_chunks::<MINI_BLOCK>();
    for (width, above) in widths.iter_mut().zip(mini_blocks) {
        let all = above.iter().fold(0, |all, above| all | above);
        *width = (u64::BITS - all.leading_zeros()) as u8;
    }
    out.extend_from_slice(&widths);
    for (&width, above) in widths.iter().zip(mini_blocks).take(used) {
        pack(above, width, out);
    }
}

/// Packs values of so many bits, which together fill whole words.
fn pack(values: &[u64; MINI_BLOCK], width: u8, out: &mut Vec<u8>) {
    let width = u32::from(width);
    let (mut word, mut bits) = (0, 0);
    for &value in values {
        word |= value << bits;
        bits += width;
        if bits >= u64::BITS {
            out.extend_from_slice(&word.to_le_bytes());
            bits -= u64::BITS;
            // What of the value was too much for the word.
            word = value.checked_shr(width - bits).unwrap_or(0);
        }
    }
}

fn zigzag(value: i64, out: &mut Vec<u8>) {
    varint((value << 1 ^ value >> 63).cast_unsigned(), out);
}
