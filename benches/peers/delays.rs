//! Delays for the hold model, the same in all programs that are compared: exponential with a mean of one second.
//!
//! They are picked from a table of quantiles and blurred, since taking a logarithm each time would take longer than what
//! is to be measured.

use std::sync::OnceLock;

const QUANTILES: u64 = 1024;
const MEAN_US: f64 = 1e6;

static TABLE: OnceLock<Vec<u64>> = OnceLock::new();

/// A random stream of its own, SplitMix64, with a delay of at least a microsecond for each number.
pub fn next_us(random: &mut u64) -> u64 {
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*random ^ (*random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let mixed = mixed ^ (mixed >> 31);
    let quantile_us = TABLE.get_or_init(table)[(mixed % QUANTILES) as usize];
    1 + quantile_us + (((mixed >> 40) * (quantile_us >> 4)) >> 24)
}

fn table() -> Vec<u64> {
    let at = |i: u64| -libm::log(1.0 - (i as f64 + 0.5) / QUANTILES as f64) * MEAN_US;
    (0..QUANTILES).map(|i| at(i) as u64).collect()
}
