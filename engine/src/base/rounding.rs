//! Rounding to whole numbers, the same to the last bit on every platform and in a few instructions.

/// The nearest whole number, of two the even one. Without SSE 4.1, which x86-64 need not have,
/// `f64::round_ties_even` is a call; this is a few instructions. Beyond 2^52 all floats are whole, so
/// that adding as much leaves no room for a fraction, and the addition rounds as IEEE 754 says.
#[inline(always)]
pub fn round_even(x: f64) -> f64 {
    const ALL_WHOLE: f64 = (1u64 << 52) as f64;
    let away = ALL_WHOLE.copysign(x);
    // The sign is put back for what rounds to -0.
    let rounded = ((x + away) - away).copysign(x);
    if x.abs() < ALL_WHOLE { rounded } else { x }
}

/// The greatest whole number that is not above `x`, of the same sign as `x` where it is 0.
#[inline(always)]
pub fn floor(x: f64) -> f64 {
    let near = round_even(x);
    if near > x { near - 1.0 } else { near }
}

/// The whole number that a word stands for.
#[inline(always)]
pub fn int_of(word: u64) -> i32 {
    round_even(f64::from_bits(word)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_that_of_the_standard_library_to_the_last_bit() {
        let mut values = vec![
            0.0,
            0.5,
            1.5,
            2.5,
            1e300,
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::INFINITY,
        ];
        for exponent in -60..70 {
            let power = libm::scalbn(1.0, exponent);
            for share in [
                1.0,
                1.25,
                1.5,
                1.75,
                1.999,
                1.0 + f64::EPSILON,
                2.0 - f64::EPSILON,
            ] {
                values.push(power * share);
            }
        }
        values.extend((0..2000).map(|i| f64::from(i) / 8.0));
        for x in values.iter().flat_map(|&x| [x, -x]) {
            let same = |ours: f64, theirs: f64| assert_eq!(ours.to_bits(), theirs.to_bits(), "{x}");
            same(round_even(x), x.round_ties_even());
            same(floor(x), x.floor());
            same(-floor(-x), x.ceil());
        }
        assert!(round_even(f64::NAN).is_nan());
    }
}
