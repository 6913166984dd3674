//! The elementary functions of `libm` for whole columns: the same bits, several values at a time.
//!
//! `libm` finds out for each argument which of its cases applies, and draws make that unpredictable. Here the
//! cases that occur are one formula without branches, with the constants of `libm` and its operations in the same
//! order, so that the compiler works out as many values together as the machine's registers hold. Tiles with an
//! argument outside of these cases go through `libm`.

use std::f64::consts::LOG2_E;

/// Values that are looked at together.
const TILE: usize = 32;

/// Replaces each value of a column: by `quick` in tiles of nothing but `ordinary` ones, by `exact` in others.
#[inline(always)]
fn by_tiles(
    column: &mut [u64],
    ordinary: impl Fn(f64) -> bool,
    quick: impl Fn(f64) -> f64,
    exact: impl Fn(f64) -> f64,
) {
    for tile in column.chunks_mut(TILE) {
        let strange = tile
            .iter()
            .map(|&word| u64::from(!ordinary(f64::from_bits(word))))
            .fold(0, |all, one| all | one);
        if strange == 0 {
            for word in tile {
                *word = quick(f64::from_bits(*word)).to_bits();
            }
        } else {
            for word in tile {
                *word = exact(f64::from_bits(*word)).to_bits();
            }
        }
    }
}

/// The number whose high word this is, with a low word of 0: `libm` compares high words only.
const fn high(word: u64) -> f64 {
    f64::from_bits(word << 32)
}

const LN2_HI: f64 = 6.931_471_803_691_238e-1;
const LN2_LO: f64 = 1.908_214_929_270_587_7e-10;

/// `libm::exp` of each value.
pub fn exp(column: &mut [u64]) {
    by_tiles(column, exp_is_ordinary, quick_exp, libm::exp);
}

/// More than 2^-28, and the result is a normal number.
#[inline(always)]
fn exp_is_ordinary(x: f64) -> bool {
    (x.abs() >= high(0x3E30_0001)) & (x.abs() < high(0x4086_232B))
}

#[inline(always)]
fn quick_exp(x: f64) -> f64 {
    const P: [f64; 5] = [
        1.666_666_666_666_660_2e-1,
        -2.777_777_777_701_559_3e-3,
        6.613_756_321_437_934e-5,
        -1.653_390_220_546_525_2e-6,
        4.138_136_797_057_238_5e-8,
    ];
    const ALL_WHOLE: f64 = (1u64 << 52) as f64;
    // Towards zero, as a conversion to an integer goes, from x / ln 2 and a half away from it. That is 1 where
    // `libm` says so without this sum; and 0 up to half of ln 2.
    let share = (LOG2_E * x + 0.5f64.copysign(x)).abs();
    let near = (share + ALL_WHOLE) - ALL_WHOLE;
    let whole = if near > share { near - 1.0 } else { near };
    let whole = if x.abs() >= high(0x3FD6_2E43) {
        whole
    } else {
        0.0
    };
    let k = whole.copysign(x);
    let hi = x - k * LN2_HI;
    let lo = k * LN2_LO;
    let x = hi - lo;
    let xx = x * x;
    let c = x - xx * (P[0] + xx * (P[1] + xx * (P[2] + xx * (P[3] + xx * P[4]))));
    let y = 1.0 + (x * c / (2.0 - c) - lo + hi);
    // The sum has the exponent of 2^k in its lowest bits.
    let exponent = (k + (1.5 * ALL_WHOLE + 1023.0)).to_bits();
    y * f64::from_bits(exponent << 52)
}

/// `libm::log` of each value.
pub fn log(column: &mut [u64]) {
    by_tiles(column, log_is_ordinary, quick_log, libm::log);
}

/// Normal, positive and finite.
#[inline(always)]
fn log_is_ordinary(x: f64) -> bool {
    (f64::MIN_POSITIVE..=f64::MAX).contains(&x)
}

#[inline(always)]
fn quick_log(x: f64) -> f64 {
    let (k, f) = reduced(x);
    let (s, hfsq, r) = series(f);
    s * (hfsq + r) + k * LN2_LO - hfsq + f + k * LN2_HI
}

/// `libm::log1p` of each value.
pub fn log1p(column: &mut [u64]) {
    by_tiles(column, log1p_is_ordinary, quick_log1p, libm::log1p);
}

/// Between -1 and 0, but neither, nor so near to 0 that the result is the argument.
#[inline(always)]
fn log1p_is_ordinary(x: f64) -> bool {
    (x > -1.0) & (x <= -f64::EPSILON / 2.0)
}

#[inline(always)]
fn quick_log1p(x: f64) -> f64 {
    let u = 1.0 + x;
    let correction = (x - (u - 1.0)) / u;
    let (k, f) = reduced(u);
    let small = x.abs() < high(0x3FD2_BEC5);
    let k = if small { 0.0 } else { k };
    let c = if small { 0.0 } else { correction };
    let f = if small { x } else { f };
    let (s, hfsq, r) = series(f);
    s * (hfsq + r) + (k * LN2_LO + c) - hfsq + f + k * LN2_HI
}

/// The `k` and `f` with `x = 2^k (1 + f)` and `1 + f` between the root of a half and that of two.
#[inline(always)]
fn reduced(x: f64) -> (f64, f64) {
    const ONE: u64 = 0x3FF0_0000 << 32;
    const ROOT_OF_HALF: u64 = 0x3FE6_A09E << 32;
    const FRACTION: u64 = (1 << 52) - 1;
    let bits = x.to_bits() + (ONE - ROOT_OF_HALF);
    // An integer below 2^52 as a number, by the bits of a number in which the lowest one stands for 1.
    const ALL_WHOLE: f64 = (1u64 << 52) as f64;
    let k = f64::from_bits(bits >> 52 | ALL_WHOLE.to_bits()) - (ALL_WHOLE + 1023.0);
    let f = f64::from_bits((bits & FRACTION) + ROOT_OF_HALF) - 1.0;
    (k, f)
}

/// What both logarithms work out of `f`.
#[inline(always)]
fn series(f: f64) -> (f64, f64, f64) {
    const LG: [f64; 7] = [
        6.666_666_666_666_735e-1,
        3.999_999_999_940_942e-1,
        2.857_142_874_366_239e-1,
        2.222_219_843_214_978_4e-1,
        1.818_357_216_161_805e-1,
        1.531_383_769_920_937_3e-1,
        1.479_819_860_511_658_6e-1,
    ];
    let hfsq = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let t1 = w * (LG[1] + w * (LG[3] + w * LG[5]));
    let t2 = z * (LG[0] + w * (LG[2] + w * (LG[4] + w * LG[6])));
    (s, hfsq, t2 + t1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::draw::mix;

    /// Arguments of all magnitudes and both signs, ordinary ones, and those around the thresholds of `libm`.
    fn arguments() -> Vec<f64> {
        let mut all = vec![0.0, 1.0, 2.0, f64::INFINITY, f64::NAN, f64::MAX];
        all.extend([
            f64::MIN_POSITIVE,
            f64::from_bits(1),
            1e-310,
            708.396,
            709.79,
            745.2,
        ]);
        all.extend([core::f64::consts::LN_2, core::f64::consts::SQRT_2]);
        all.extend((0..1_000_000).map(|i| f64::from_bits(mix(i))));
        let unit = |i: u64| mix(i) as f64 / u64::MAX as f64;
        all.extend((0..1_000_000).map(unit));
        all.extend((0..1_000_000).map(|i| unit(i) * 12.0));
        all.extend((0..200_000).map(|i| unit(i) * 720.0));
        all.extend((1..1500).map(|i| f64::from(i) * 0.5 * core::f64::consts::LN_2));
        for threshold in [
            0x3E30_0000u64,
            0x3FD6_2E42,
            0x3FF0_A2B2,
            0x4086_232B,
            0x3FDA_827A,
            0x3FD2_BEC4,
            0x3CA0_0000,
            0x3FE6_A09E,
            0x3FF6_A09E,
            0x3FF0_0000,
            0x7FF0_0000,
            0x0010_0000,
        ] {
            for word in threshold - 3..threshold + 3 {
                let low = [
                    0,
                    1,
                    2,
                    0x7FFF_FFFF,
                    0x8000_0000,
                    0xFEFA_39EF,
                    0x3F3B_AB73,
                    u64::from(u32::MAX),
                ];
                all.extend(low.map(|low| f64::from_bits(word << 32 | low)));
            }
        }
        let neighbours =
            |x: f64| [-2i64, -1, 0, 1, 2].map(|by| x.to_bits().wrapping_add_signed(by));
        let near: Vec<u64> = all[all.len() - 2500..]
            .iter()
            .flat_map(|&x| neighbours(x))
            .collect();
        all.extend(near.into_iter().map(f64::from_bits));
        let negative: Vec<f64> = all.iter().map(|&x| -x).collect();
        all.extend(negative);
        all
    }

    fn compare(ours: fn(&mut [u64]), ordinary: fn(f64) -> bool, theirs: fn(f64) -> f64) {
        let all = arguments();
        // Strange arguments send their whole tile through `libm`: so once as they come, once the ordinary ones alone.
        let alone: Vec<f64> = all.iter().copied().filter(|&x| ordinary(x)).collect();
        assert!(alone.len() > 100_000);
        for arguments in [all, alone] {
            let mut column: Vec<u64> = arguments.iter().map(|x| x.to_bits()).collect();
            ours(&mut column);
            for (x, word) in arguments.into_iter().zip(column) {
                let expected = theirs(x);
                let same = word == expected.to_bits()
                    || f64::from_bits(word).is_nan() && expected.is_nan();
                assert!(same, "{x:e}: {:e}, not {expected:e}", f64::from_bits(word));
            }
        }
    }

    #[test]
    fn columns_have_the_bits_of_the_scalar_functions() {
        compare(exp, exp_is_ordinary, libm::exp);
        compare(log, log_is_ordinary, libm::log);
        compare(log1p, log1p_is_ordinary, libm::log1p);
    }
}
