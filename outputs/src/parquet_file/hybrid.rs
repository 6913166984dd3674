//! Parquet's hybrid of run lengths and bit packing, for dictionary codes and definition levels.
//!
//! Source: Apache Parquet format, "Encodings", RLE/bit-packing hybrid. A header is a varint whose
//! lowest bit tells a packed run of groups of eight values (1) from a repeated value (0).

/// Equal values from which on a run is shorter and faster to read than packed groups.
const MIN_RUN: usize = 64;

/// Bits that codes below `distinct` need.
pub(crate) fn bit_width(distinct: usize) -> u8 {
    let bits = usize::BITS - distinct.saturating_sub(1).leading_zeros();
    u8::try_from(bits).unwrap_or(u8::MAX)
}

/// Appends `values`, each of at most `width` bits, to `out`.
pub(crate) fn encode<T>(values: &[T], width: u8, out: &mut Vec<u8>)
where
    T: Copy + PartialEq + Into<u64>,
{
    if width == 0 {
        repeat(0, values.len(), 0, out);
        return;
    }
    let mut packed_from = 0;
    let mut at = 0;
    while let Some(group) = values.get(at..at + 8) {
        let first = group[0];
        if group.iter().any(|&value| value != first) {
            at += 8;
            continue;
        }
        let same = values[at..].iter().take_while(|&&v| v == first).count();
        if same < MIN_RUN {
            at += 8;
            continue;
        }
        pack(&values[packed_from..at], width, out);
        repeat(first.into(), same, width, out);
        at += same;
        packed_from = at;
    }
    pack(&values[packed_from..], width, out);
}

fn repeat(value: u64, count: usize, width: u8, out: &mut Vec<u8>) {
    if count > 0 {
        varint((count as u64) << 1, out);
        out.extend_from_slice(&value.to_le_bytes()[..usize::from(width).div_ceil(8)]);
    }
}

fn pack<T: Copy + Into<u64>>(values: &[T], width: u8, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(8);
    varint((groups as u64) << 1 | 1, out);
    out.reserve(groups * usize::from(width));
    let (full, rest) = values.as_chunks::<8>();
    macro_rules! widths {
        ($($bits:literal)*) => {
            match width {
                $($bits => for group in full { pack_group::<T, $bits>(group, out) },)*
                _ => unreachable!("codes have 1 to 16 bits"),
            }
        };
    }
    widths!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
    if !rest.is_empty() {
        let mut bits = 0_u128;
        for (place, &value) in rest.iter().enumerate() {
            bits |= u128::from(value.into()) << (place * usize::from(width));
        }
        out.extend_from_slice(&bits.to_le_bytes()[..usize::from(width)]);
    }
}

#[inline]
fn pack_group<T: Copy + Into<u64>, const WIDTH: usize>(group: &[T; 8], out: &mut Vec<u8>) {
    // Two halves of four values each fit 64 bits, which is faster than one of 128.
    let half = |values: &[T]| {
        let shifted = |(place, &value): (usize, &T)| value.into() << (place * WIDTH);
        values.iter().enumerate().map(shifted).fold(0, |a, b| a | b)
    };
    let (low, high): (u64, u64) = (half(&group[..4]), half(&group[4..]));
    let bits = u128::from(low) | u128::from(high) << (4 * WIDTH);
    out.extend_from_slice(&bits.to_le_bytes()[..WIDTH]);
}

/// Appends a number, seven bits a byte.
pub(crate) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
