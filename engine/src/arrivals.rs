//! Arrivals: non-homogeneous Poisson processes by thinning, in layers that exist for every run.
//!
//! The plane of (time, rate) is cut into layers of fixed height and blocks of fixed length. Each
//! such tile holds a Poisson number of candidates at uniform places, all functions of (key of the
//! process, layer, block). At its time, a candidate is accepted when its mark lies under the rate.
//! So a higher rate only adds arrivals, a lower one only removes some, and a tenfold surge opens
//! layers above without touching those below. Tiles can be opened in any order.
//!
//! Source: Lewis and Shedler, "Simulation of nonhomogeneous Poisson processes by thinning" (1979).

use crate::draw::{Key, purpose, unit};
use crate::sample;
use crate::time::{Span, Time};

/// A possible arrival: it happens when `mark_per_hour` lies under the rate at its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The candidate's identity, from (process, layer, block, ordinal).
    pub key: Key,
    /// When it would arrive.
    pub time: Time,
    /// The height at which it lies, in arrivals per hour.
    pub mark_per_hour: f64,
}

/// The lowest layer's height, in arrivals per hour; above it, every octave is cut into four layers.
/// The grid is absolute, so that a change of a declared rate only adds or removes arrivals, too.
const BASE_PER_HOUR: f64 = 1.0 / 32.0;
const STEPS_PER_OCTAVE: u32 = 4;

/// Lower edge of a layer, in arrivals per hour. Layer 0 begins at 0.
fn layer_edge(layer: u32) -> f64 {
    if layer == 0 {
        return 0.0;
    }
    let (octave, step) = ((layer - 1) / STEPS_PER_OCTAVE, (layer - 1) % STEPS_PER_OCTAVE);
    let fraction = 1.0 + f64::from(step) / f64::from(STEPS_PER_OCTAVE);
    libm::scalbn(BASE_PER_HOUR * fraction, octave as i32)
}

/// Visits, in no order, every candidate of a process within one block that lies under
/// `max_per_hour` or not far above it.
///
/// `block` counts blocks of length `length` since the epoch. A call costs O(layers + candidates).
#[inline]
pub fn candidates(
    process: Key,
    block: i64,
    length: Span,
    max_per_hour: f64,
    mut visit: impl FnMut(Candidate),
) {
    let start = block * length.0;
    let hours = length.0 as f64 / Span::HOUR.0 as f64;
    let tile_row = process.child(purpose("block"), block as u64);
    let mut layer = 0;
    loop {
        let low = layer_edge(layer);
        if low >= max_per_hour {
            return;
        }
        let high = layer_edge(layer + 1);
        let tile = tile_row.child(purpose("layer"), u64::from(layer));
        let count = sample::poisson(tile.uniform(purpose("count")), (high - low) * hours);
        for ordinal in 0..count {
            let key = tile.child(purpose("candidate"), ordinal);
            let offset = scale_bits(key.bits(purpose("time")), length.0 as u64);
            visit(Candidate {
                key,
                time: Time(start + offset as i64),
                mark_per_hour: low + (high - low) * unit(key.bits(purpose("mark"))),
            });
        }
        layer += 1;
    }
}

/// A whole number below `below`, uniform for uniform bits (the high half of the product).
#[inline(always)]
pub fn scale_bits(bits: u64, below: u64) -> u64 {
    ((u128::from(bits) * u128::from(below)) >> 64) as u64
}
