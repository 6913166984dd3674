//! Whole numbers of any size, one after the other, that take little memory because nearly all are small.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pages::Pages;

/// Numbers by place, 0 where none has been set. `N` is a type that holds nearly all of them; the few that do not fit
/// stand aside, so that nothing is ever cut off.
///
/// There is one way to hold given numbers in a given length, so that equal numbers compare equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(
    serialize = "N: Copy + Default + Into<i128> + TryFrom<i128> + Serialize",
    deserialize = "N: Copy + Default + Into<i128> + TryFrom<i128> + Deserialize<'de>"
))]
pub struct Narrow<N> {
    fits: Pages<N>,
    /// By place, those that do not fit; `fits` then holds 0.
    wide: BTreeMap<u64, i128>,
}

impl<N: Copy + Default + Into<i128> + TryFrom<i128>> Narrow<N> {
    /// The number at a place.
    #[inline]
    pub fn get(&self, place: usize) -> i128 {
        let Some(number) = self.fits.get(place) else {
            return 0;
        };
        match self.wide.is_empty() {
            true => number.into(),
            false => self
                .wide
                .get(&(place as u64))
                .copied()
                .unwrap_or(number.into()),
        }
    }

    /// Adds to the number at a place. Adding 0 never takes memory.
    #[inline]
    pub fn add(&mut self, place: usize, number: i128) {
        if number == 0 {
            return;
        }
        while self.fits.len() <= place {
            self.fits.push(N::default());
        }
        let sum = self.get(place) + number;
        let fits = match N::try_from(sum) {
            Ok(fits) => {
                if !self.wide.is_empty() {
                    self.wide.remove(&(place as u64));
                }
                fits
            }
            Err(_) => {
                self.wide.insert(place as u64, sum);
                N::default()
            }
        };
        self.fits.set(place, fits);
    }

    /// How many places have room; all behind them hold 0.
    pub fn len(&self) -> usize {
        self.fits.len()
    }

    /// Makes room for so many places before the first.
    pub fn shift(&mut self, places: usize) {
        if self.fits.len() == 0 {
            return;
        }
        let before = std::iter::repeat_n(N::default(), places);
        self.fits = before.chain(self.fits.iter()).collect();
        let wide = std::mem::take(&mut self.wide).into_iter();
        self.wide = wide
            .map(|(place, number)| (place + places as u64, number))
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_exact_whatever_fits(
            steps in prop::collection::vec((0..6usize, -300..300i128, any::<bool>()), 0..40),
        ) {
            let mut narrow = Narrow::<i8>::default();
            let mut wanted: Vec<i128> = Vec::new();
            for &(place, number, shift) in &steps {
                if shift && !wanted.is_empty() {
                    narrow.shift(place);
                    wanted.splice(0..0, vec![0; place]);
                }
                if number != 0 {
                    wanted.resize(wanted.len().max(place + 1), 0);
                    wanted[place] += number;
                }
                narrow.add(place, number);
            }
            prop_assert_eq!(narrow.len(), wanted.len());
            let found: Vec<i128> = (0..wanted.len()).map(|place| narrow.get(place)).collect();
            prop_assert_eq!(&found, &wanted);
            prop_assert_eq!(narrow.get(wanted.len()), 0);
            // The way to the numbers does not show.
            let mut again = Narrow::default();
            for (place, &number) in wanted.iter().enumerate().rev() {
                again.add(place, number);
            }
            while again.fits.len() < narrow.len() {
                again.fits.push(0);
            }
            prop_assert_eq!(narrow, again);
        }
    }
}
