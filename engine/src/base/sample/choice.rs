//! A weighted choice among a few or many.
use super::inside;
use std::fmt;

/// Why weights do not make a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WeightsError {
    /// There are no weights, or more than `u32::MAX`.
    Length(usize),
    /// The weight at `index` is negative, infinite or NaN.
    Weight {
        /// Its place, from 0.
        index: usize,
        /// What it is.
        value: f64,
    },
    /// The weights add up to 0, or to more than an `f64` holds.
    Sum(f64),
}

impl fmt::Display for WeightsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(0) => write!(f, "there are no weights; give at least one"),
            Self::Length(count) => {
                write!(f, "{count} weights are too many; give at most {}", u32::MAX)
            }
            Self::Weight { index, value } => {
                write!(
                    f,
                    "weight {index} (from 0) is {value}; give a finite number that is not negative"
                )
            }
            Self::Sum(0.0) => write!(f, "all weights are 0; give at least one that is positive"),
            Self::Sum(sum) => write!(f, "the weights add up to {sum}; give smaller ones"),
        }
    }
}

impl std::error::Error for WeightsError {}

/// The weights' sum, added in their order.
fn checked_sum(weights: &[f64]) -> Result<f64, WeightsError> {
    if weights.is_empty() || u32::try_from(weights.len()).is_err() {
        return Err(WeightsError::Length(weights.len()));
    }
    let legal = |w: &f64| w.is_finite() && *w >= 0.0;
    if let Some(index) = weights.iter().position(|w| !legal(w)) {
        return Err(WeightsError::Weight {
            index,
            value: weights[index],
        });
    }
    let sum: f64 = weights.iter().sum();
    if sum > 0.0 && sum.is_finite() {
        Ok(sum)
    } else {
        Err(WeightsError::Sum(sum))
    }
}

/// A weighted choice in constant time, for choosing actors among many. Not monotone: a change of one weight can move any pick, so
/// an ordered choice that twins share takes a [`CumulativeTable`].
///
/// Vose, "A Linear Algorithm for Generating Random Numbers with a Given Distribution", IEEE Transactions on Software
/// Engineering 17 (1991). The table follows from the weights alone.
#[derive(Clone, Debug)]
pub struct AliasTable {
    slots: Box<[Slot]>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// A fraction of 2^64: below it the slot's own index is picked, from it on the alias.
    threshold: u64,
    alias: u32,
}

impl AliasTable {
    /// A table over `weights`, in any unit; one of 0 is never picked. Time and memory are linear.
    pub fn new(weights: &[f64]) -> Result<Self, WeightsError> {
        // Divided by the sum before it is multiplied by the count, so that nothing overflows.
        let sum = checked_sum(weights)?;
        let count = weights.len() as f64;
        let mut shares: Vec<f64> = weights.iter().map(|w| w / sum * count).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..shares.len() as u32).partition(|&i| shares[i as usize] < 1.0);
        let mut slots: Box<[Slot]> = (0..shares.len() as u32)
            .map(|alias| Slot {
                threshold: u64::MAX,
                alias,
            })
            .collect();
        while let (Some(&less), Some(&more)) = (small.last(), large.last()) {
            small.pop();
            let share = shares[less as usize];
            // The cast saturates, and a share below 1 is at most 2^64 - 2^11.
            slots[less as usize] = Slot {
                threshold: (share * TWO_TO_64) as u64,
                alias: more,
            };
            let rest = (shares[more as usize] + share) - 1.0;
            shares[more as usize] = rest;
            if rest < 1.0 {
                large.pop();
                small.push(more);
            }
        }
        // What is left in either list has a share of 1 but for rounding. A weight of 0 must not be picked all the same: it takes the
        // greatest weight as alias.
        let greatest =
            (0..weights.len()).fold(
                0,
                |best, i| if weights[i] > weights[best] { i } else { best },
            );
        for index in small {
            if weights[index as usize] == 0.0 {
                slots[index as usize] = Slot {
                    threshold: 0,
                    alias: greatest as u32,
                };
            }
        }
        Ok(Self { slots })
    }

    /// The index that 64 random bits pick. Their high part chooses the slot, their low part between the slot and its alias; the
    /// probabilities are met to `len / 2^64`.
    #[inline]
    pub fn pick(&self, bits: u64) -> usize {
        let wide = u128::from(bits) * self.slots.len() as u128;
        let (index, fraction) = ((wide >> 64) as usize, wide as u64);
        let slot = self.slots[index];
        if fraction < slot.threshold {
            index
        } else {
            slot.alias as usize
        }
    }

    /// The number of weights.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Always false: a table has at least one weight.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

/// A weighted choice that keeps the order: `pick` is non-decreasing in `u`, and moving weight towards later entries only moves
/// picks to later entries.
#[derive(Clone, Debug)]
pub struct CumulativeTable {
    /// P(index <= i); infinite from the last positive weight on, so that every `u` finds an entry.
    cumulative: Box<[f64]>,
}

/// Up to this many entries counting them all is faster than searching.
const LINEAR: usize = 8;

impl CumulativeTable {
    /// A table over `weights` in the order given, in any unit; one of 0 is never picked.
    pub fn new(weights: &[f64]) -> Result<Self, WeightsError> {
        let sum = checked_sum(weights)?;
        let mut so_far = 0.0;
        let mut cumulative: Box<[f64]> = weights
            .iter()
            .map(|w| {
                so_far += w;
                so_far / sum
            })
            .collect();
        let last = weights.iter().rposition(|w| *w > 0.0).unwrap_or(0);
        cumulative[last..].fill(f64::INFINITY);
        Ok(Self { cumulative })
    }

    /// The first index whose cumulative probability exceeds `u`.
    #[inline]
    pub fn pick(&self, u: f64) -> usize {
        let u = inside(u);
        if self.cumulative.len() <= LINEAR {
            self.cumulative.iter().map(|c| usize::from(*c <= u)).sum()
        } else {
            self.cumulative.partition_point(|c| *c <= u)
        }
    }

    /// The number of weights.
    pub fn len(&self) -> usize {
        self.cumulative.len()
    }

    /// Always false: a table has at least one weight.
    pub fn is_empty(&self) -> bool {
        self.cumulative.is_empty()
    }
}
