//! Numbers one after the other, of which copies share what has not changed since.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// So many numbers are shared at once: what is added to a copy takes room for half of them, on average, and a list of a year has few enough pages to be
/// copied in no time.
const PAGE: usize = 256;

/// A list that is mostly added to at its end. A copy takes room for its last page alone, as long as the pages before stay as they are. It is stored
/// as a plain list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages<N> {
    full: Vec<Arc<[N]>>,
    last: Vec<N>,
}

impl<N: Copy> Pages<N> {
    /// How many numbers there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.full.len() * PAGE + self.last.len()
    }

    /// The number at a place.
    #[inline]
    pub fn get(&self, place: usize) -> Option<N> {
        let page = match self.full.get(place / PAGE) {
            Some(page) => page,
            None if place / PAGE == self.full.len() => &self.last[..],
            None => return None,
        };
        page.get(place % PAGE).copied()
    }

    /// Replaces the number at a place, which is there.
    #[inline]
    pub fn set(&mut self, place: usize, number: N) {
        let page = match self.full.get_mut(place / PAGE) {
            Some(page) => Arc::make_mut(page),
            None => &mut self.last[..],
        };
        page[place % PAGE] = number;
    }

    /// Adds one at the end.
    pub fn push(&mut self, number: N) {
        self.last.push(number);
        if self.last.len() == PAGE {
            self.full.push(std::mem::take(&mut self.last).into());
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = N> {
        let pages = self.full.iter().map(|page| &page[..]);
        pages.chain([&self.last[..]]).flatten().copied()
    }

    /// How many numbers of it no copy has.
    #[cfg(test)]
    pub fn own(&self) -> usize {
        let own = self.full.iter().filter(|page| Arc::strong_count(page) == 1);
        own.count() * PAGE + self.last.len()
    }
}

impl<N: Copy> FromIterator<N> for Pages<N> {
    fn from_iter<I: IntoIterator<Item = N>>(numbers: I) -> Pages<N> {
        let mut pages = Pages {
            full: Vec::new(),
            last: Vec::new(),
        };
        numbers.into_iter().for_each(|number| pages.push(number));
        pages
    }
}

impl<N: Copy + Serialize> Serialize for Pages<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for number in self.iter() {
            list.serialize_element(&number)?;
        }
        list.end()
    }
}

impl<'de, N: Copy + Deserialize<'de>> Deserialize<'de> for Pages<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pages<N>, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Push(u16),
        Set(usize, u16),
        Copy,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            20 => any::<u16>().prop_map(Step::Push),
            1 => (any::<usize>(), any::<u16>()).prop_map(|(place, number)| Step::Set(place, number)),
            1 => Just(Step::Copy),
        ]
    }

    proptest! {
        #[test]
        fn they_are_a_plain_list_and_copies_stay_as_they_were(
            steps in prop::collection::vec(step(), 0..2000),
        ) {
            let (mut pages, mut plain) = (Pages::default(), Vec::new());
            let mut copies = Vec::new();
            for step in steps {
                match step {
                    Step::Push(number) => {
                        pages.push(number);
                        plain.push(number);
                    }
                    Step::Set(place, number) if !plain.is_empty() => {
                        let place = place % plain.len();
                        pages.set(place, number);
                        plain[place] = number;
                    }
                    Step::Set(..) => {}
                    Step::Copy => copies.push((pages.clone(), plain.clone())),
                }
            }
            copies.push((pages, plain));
            for (pages, plain) in copies {
                prop_assert_eq!(pages.len(), plain.len());
                prop_assert!(pages.iter().eq(plain.iter().copied()));
                for place in 0..plain.len() + 2 * PAGE {
                    prop_assert_eq!(pages.get(place), plain.get(place).copied());
                }
                prop_assert_eq!(&pages, &plain.into_iter().collect());
            }
        }
    }

    #[test]
    fn a_copy_shares_all_but_the_last_page() {
        let mut pages: Pages<u32> = (0..10_000).collect();
        let copy = pages.clone();
        assert!(pages.own() < PAGE && copy.own() < PAGE);
        (0..1_000).for_each(|number| pages.push(number));
        assert!(pages.own() <= 1_000 + PAGE, "{}", pages.own());
        pages.set(5, 7);
        assert_eq!((pages.get(5), copy.get(5)), (Some(7), Some(5)));
    }
}
