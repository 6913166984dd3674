//! Whole numbers one after the other, of which copies share what has not changed since.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// So many numbers are shared at once: what is added to a copy takes room for some more than that, and a list of a year has few enough pages to
/// be copied in no time.
const PAGE: usize = 128;
/// Of so many numbers in a page it is known where the first one stands.
const GROUP: usize = 32;
/// How many bytes that takes.
const STARTS: usize = 2 * PAGE / GROUP;

/// A list that is mostly added to at its end. A copy takes room for its end alone, as long as the pages before stay as they are, and
/// these have only as many bytes as their numbers need. It is stored as a plain list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages<N> {
    full: Vec<Packed>,
    /// From the last page on that may still change: it and the one before, as what happens in one window is counted part by part.
    last: Vec<N>,
}

/// A page as bytes: where each group begins, then the numbers, 7 bits in each byte and the sign in the lowest one.
type Packed = Arc<[u8]>;

fn packed<N: Copy + Into<i128>>(page: &[N]) -> Packed {
    let mut bytes = vec![0; STARTS];
    for (at, number) in page.iter().enumerate() {
        if at % GROUP == 0 {
            let start = (bytes.len() as u16).to_le_bytes();
            bytes[2 * (at / GROUP)..][..2].copy_from_slice(&start);
        }
        // The types of numbers that are kept so have at most 64 bits.
        let number = Into::<i128>::into(*number) as i64;
        let mut rest = (number << 1 ^ number >> 63) as u64;
        while rest >= 0x80 {
            bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }
    bytes.into()
}

/// The number that the bytes begin with, and what comes after it.
fn first_of<N: Default + TryFrom<i128>>(bytes: &[u8]) -> (N, &[u8]) {
    let length = length_of_first(bytes);
    let (number, rest) = bytes.split_at(length);
    let bits = number.iter().rev();
    let bits = bits.fold(0, |bits: u64, byte| bits << 7 | u64::from(byte & 0x7f));
    let number = (bits >> 1) as i64 ^ -((bits & 1) as i64);
    // What went in as a number of this type is one.
    (N::try_from(number.into()).unwrap_or_default(), rest)
}

fn length_of_first(bytes: &[u8]) -> usize {
    let more = bytes.iter().take_while(|byte| **byte >= 0x80);
    (more.count() + 1).min(bytes.len())
}

/// All numbers of a page.
fn unpacked<N: Default + TryFrom<i128>>(page: &[u8]) -> impl Iterator<Item = N> {
    let mut rest = &page[STARTS..];
    std::iter::from_fn(move || {
        (!rest.is_empty()).then(|| {
            let (number, after) = first_of(rest);
            rest = after;
            number
        })
    })
}

/// The number at a place of a page.
fn at<N: Default + TryFrom<i128>>(page: &[u8], place: usize) -> N {
    let start = &page[2 * (place / GROUP)..][..2];
    let start = usize::from(start[0]) | usize::from(start[1]) << 8;
    let before = 0..place % GROUP;
    let rest = before.fold(&page[start..], |rest, _| &rest[length_of_first(rest)..]);
    first_of(rest).0
}

impl<N: Copy + Default + Into<i128> + TryFrom<i128>> Pages<N> {
    /// How many numbers there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.full.len() * PAGE + self.last.len()
    }

    /// The number at a place.
    #[inline]
    pub fn get(&self, place: usize) -> Option<N> {
        match place.checked_sub(self.full.len() * PAGE) {
            Some(place) => self.last.get(place).copied(),
            None => Some(at(&self.full[place / PAGE], place % PAGE)),
        }
    }

    /// Replaces the number at a place, which is there.
    #[inline]
    pub fn set(&mut self, place: usize, number: N) {
        match place.checked_sub(self.full.len() * PAGE) {
            Some(place) => self.last[place] = number,
            None => self.set_packed(place, number),
        }
    }

    #[cold]
    fn set_packed(&mut self, place: usize, number: N) {
        let page = &mut self.full[place / PAGE];
        let mut numbers: Vec<N> = unpacked(page).collect();
        numbers[place % PAGE] = number;
        *page = packed(&numbers);
    }

    /// Adds one at the end.
    pub fn push(&mut self, number: N) {
        self.last.push(number);
        if self.last.len() == 2 * PAGE {
            let full = self.last.drain(..PAGE);
            self.full.push(packed(full.as_slice()));
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = N> {
        let full = self.full.iter().flat_map(|page| unpacked(page));
        full.chain(self.last.iter().copied())
    }

    /// How many numbers of it no copy has.
    #[cfg(test)]
    pub fn own(&self) -> usize {
        let own = self.full.iter().filter(|page| Arc::strong_count(page) == 1);
        own.count() * PAGE + self.last.len()
    }
}

impl<N: Copy + Default + Into<i128> + TryFrom<i128>> FromIterator<N> for Pages<N> {
    fn from_iter<I: IntoIterator<Item = N>>(numbers: I) -> Pages<N> {
        let mut pages = Pages::default();
        numbers.into_iter().for_each(|number| pages.push(number));
        pages
    }
}

impl<N: Copy + Default + Into<i128> + TryFrom<i128> + Serialize> Serialize for Pages<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for number in self.iter() {
            list.serialize_element(&number)?;
        }
        list.end()
    }
}

impl<'de, N> Deserialize<'de> for Pages<N>
where
    N: Copy + Default + Into<i128> + TryFrom<i128> + Deserialize<'de>,
{
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
        Push(i64),
        Set(usize, i64),
        Copy,
    }

    /// Of any length, both ends included.
    fn number() -> impl Strategy<Value = i64> {
        let any = (any::<i64>(), 0..64u32).prop_map(|(number, shift)| number >> shift);
        prop_oneof![30 => any, 1 => Just(i64::MIN), 1 => Just(i64::MAX)]
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            20 => number().prop_map(Step::Push),
            1 => (any::<usize>(), number()).prop_map(|(place, number)| Step::Set(place, number)),
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
        assert!(pages.own() < 2 * PAGE && copy.own() < 2 * PAGE);
        (0..1_000).for_each(|number| pages.push(number));
        assert!(pages.own() <= 1_000 + 2 * PAGE, "{}", pages.own());
        pages.set(5, 7);
        assert_eq!((pages.get(5), copy.get(5)), (Some(7), Some(5)));
        let bytes: usize = copy.full.iter().map(|page| page.len()).sum();
        assert!(
            bytes < 3 * copy.len(),
            "two bytes for most of them: {bytes}"
        );
    }
}
