//! A choice by weight for many rows.

use super::primitive;

/// [`primitive::choose`] for many rows: the top bits of `u` say where the search begins, which
/// leaves one comparison, or a few, instead of one for each share.
pub struct Choice<'a> {
    shares: &'a [f64],
    /// The shares, followed by one that no `u` reaches.
    bounded: [f64; Choice::MOST + 1],
    /// How many shares lie at or below the beginning of each part.
    first: [u8; Choice::PARTS],
    /// Most shares within a part.
    steps: Option<u8>,
}

impl Choice<'_> {
    const PARTS: usize = 64;
    const MOST: usize = 15;

    /// For so many rows; few are not worth the preparation.
    pub fn new(shares: &[f64], rows: usize) -> Choice<'_> {
        let mut choice = Choice {
            shares,
            bounded: [f64::INFINITY; Choice::MOST + 1],
            first: [0; Choice::PARTS],
            steps: None,
        };
        let inner = &shares[..shares.len() - 1];
        if inner.len() > Choice::MOST || rows < Choice::PARTS {
            return choice;
        }
        choice.bounded[..inner.len()].copy_from_slice(inner);
        let mut within = [0u8; Choice::PARTS + 1];
        for &share in inner {
            // A share of 1 or more is never reached. One at the very beginning of a part is counted
            // within it, which takes a step more and gives the same.
            let part = (share * Choice::PARTS as f64) as usize;
            within[part.min(Choice::PARTS)] += 1;
        }
        let mut below = 0;
        for (first, &within) in choice.first.iter_mut().zip(&within) {
            *first = below;
            below += within;
        }
        choice.steps = within[..Choice::PARTS].iter().copied().max();
        choice
    }

    /// Replaces the bits of uniform draws by the codes of the entries on which they fall.
    pub fn codes(&self, codes: &[u16], column: &mut [u64]) {
        let Some(steps) = self.steps else {
            for word in column {
                *word = codes[primitive::choose(self.shares, f64::from_bits(*word))].into();
            }
            return;
        };
        let mut words = [0; Choice::MOST + 1];
        for (word, &code) in words.iter_mut().zip(codes) {
            *word = code.into();
        }
        // A loop of its own for the usual case, in which nothing is left to be searched for.
        if steps <= 1 {
            for word in column {
                *word = words[self.pick(f64::from_bits(*word), 1) % words.len()];
            }
        } else {
            for word in column {
                *word = words[self.pick(f64::from_bits(*word), steps) % words.len()];
            }
        }
    }

    /// The entry on which `u` falls, which lies between 0 and 1, after so many steps from the first one of its part.
    #[inline(always)]
    fn pick(&self, u: f64, steps: u8) -> usize {
        let part = (u * Choice::PARTS as f64) as i32;
        let mut entry = usize::from(self.first[part as usize % Choice::PARTS]);
        for _ in 0..steps {
            entry += usize::from(self.bounded[entry % self.bounded.len()] <= u);
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::draw::unit;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn many_rows_get_what_each_alone_would(
            weights in prop::collection::vec(0.0..1.0f64, 1..20),
            bits in prop::collection::vec(any::<u64>(), 1..300),
        ) {
            let sum: f64 = weights.iter().sum::<f64>() + 1e-9;
            let mut so_far = 0.0;
            let shares: Vec<f64> = weights.iter().map(|weight| {
                so_far += weight / sum;
                so_far
            }).collect();
            let codes: Vec<u16> = (100..).take(shares.len()).collect();
            // Draws on the shares themselves, too.
            let inner = shares.iter().copied().filter(|share| (0.0..1.0).contains(share));
            let us: Vec<f64> = bits.into_iter().map(unit).chain(inner).collect();
            let mut column: Vec<u64> = us.iter().map(|u| u.to_bits()).collect();
            Choice::new(&shares, column.len()).codes(&codes, &mut column);
            for (u, word) in us.into_iter().zip(column) {
                prop_assert_eq!(word, u64::from(codes[primitive::choose(&shares, u)]));
            }
        }
    }
}
