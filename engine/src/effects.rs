//! What interventions did to the rows of a stream, hour by hour, in little memory.
//!
//! A run of months under many external events has differences by the hundred thousand, most of which count one event
//! or two. Those of the last hours are kept as numbers, to be added to; the earlier ones as bytes, in order, since a
//! run goes forward and hardly ever comes back to them.

use std::collections::BTreeMap;
use std::iter::Peekable;

use serde::{Deserialize, Serialize};

use crate::program::Label;
use crate::series::hour_of;

/// How a stream differs from what it would be without interventions, in one hour and because of one of
/// them. An event that has moved counts as removed at its old time and as added at its new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Events that would not be there at this time.
    pub added: u64,
    /// Events that would be.
    pub removed: u64,
    /// Events that would be there at this time with other values.
    pub changed: u64,
}

impl Difference {
    /// Adds another part's counts.
    pub fn merge(&mut self, other: &Difference) {
        self.added += other.added;
        self.removed += other.removed;
        self.changed += other.changed;
    }
}

/// So many differences are kept as numbers before the earlier ones become bytes.
const RECENT: usize = 256;
/// The hours before the last one that stay numbers: a window of the largest models, and some more.
const OPEN_HOURS: i64 = 12;

/// What interventions did to one stream.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Effects {
    /// Differences by intervention and hour, counted from the epoch, that have come of late.
    recent: BTreeMap<(Label, i64), Difference>,
    /// The earlier ones. One intervention and hour may have a part of its difference here and one there.
    earlier: BTreeMap<Label, Packed>,
    /// So many recent ones were left when some were packed last.
    left: u64,
}

impl Effects {
    /// Counts one difference.
    pub fn note(
        &mut self,
        label: Label,
        time_us: i64,
        one: impl FnOnce(&mut Difference) -> &mut u64,
    ) {
        *one(self.recent.entry((label, hour_of(time_us))).or_default()) += 1;
        self.pack();
    }

    /// Adds the effects on another part of the stream. It takes as long as the other part is large, unless that goes
    /// back to what has been packed.
    pub fn merge(&mut self, other: &Effects) {
        for (at, difference) in other.differences() {
            self.recent.entry(at).or_default().merge(&difference);
            self.pack();
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.earlier.is_empty()
    }

    /// The differences by intervention and hour, counted from the epoch, in this order.
    pub fn differences(&self) -> impl Iterator<Item = ((Label, i64), Difference)> {
        let labels = self.earlier.keys().copied();
        let recent = self.recent.keys().map(|&(label, _)| label);
        let mut labels: Vec<Label> = labels.chain(recent).collect();
        labels.sort_unstable();
        labels.dedup();
        let of = |label| self.of(label).map(move |(hour, one)| ((label, hour), one));
        labels.into_iter().flat_map(of)
    }

    /// The differences because of one intervention by hour, counted from the epoch, in order.
    pub fn of(&self, label: Label) -> impl Iterator<Item = (i64, Difference)> {
        let earlier = self.earlier.get(&label).map(Packed::iter);
        let recent = self.recent.range((label, i64::MIN)..=(label, i64::MAX));
        let recent = recent.map(|(&(_, hour), &difference)| (hour, difference));
        Merged {
            a: earlier.into_iter().flatten().peekable(),
            b: recent.peekable(),
        }
    }

    /// Makes bytes of what is not likely to be added to any more, if there is too much.
    fn pack(&mut self) {
        // Where many interventions act at once, the last hours alone are many.
        if self.recent.len() < RECENT.max(2 * self.left as usize) {
            return;
        }
        let last = self.recent.keys().map(|&(_, hour)| hour).max();
        let open = last.map_or(i64::MIN, |last| last.saturating_sub(OPEN_HOURS));
        let mut done: BTreeMap<Label, Vec<(i64, Difference)>> = BTreeMap::new();
        self.recent.retain(|&(label, hour), difference| {
            if hour < open {
                done.entry(label).or_default().push((hour, *difference));
            }
            hour >= open
        });
        for (label, differences) in done {
            self.earlier.entry(label).or_default().add(&differences);
        }
        self.left = self.recent.len() as u64;
    }
}

/// Effects are what they count, however that lies in memory.
impl PartialEq for Effects {
    fn eq(&self, other: &Effects) -> bool {
        self.differences().eq(other.differences())
    }
}

impl Eq for Effects {}

/// Differences by hour, in order, as bytes: for each the hours since the one before it together with three bits that
/// say which of the counts are not 0, then those. All of them are numbers of as many bytes as they need, 7 bits in each.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Packed {
    bytes: Vec<u8>,
    /// The last hour that is in the bytes.
    last: i64,
}

impl Packed {
    /// Adds differences that are in order.
    fn add(&mut self, differences: &[(i64, Difference)]) {
        let goes_on = match differences.first() {
            Some((first, _)) => self.bytes.is_empty() || *first > self.last,
            None => return,
        };
        if goes_on {
            differences.iter().for_each(|one| self.push(one));
            return;
        }
        let merged = Merged {
            a: self.iter().peekable(),
            b: differences.iter().copied().peekable(),
        };
        let merged: Vec<(i64, Difference)> = merged.collect();
        *self = Packed::default();
        merged.iter().for_each(|one| self.push(one));
    }

    fn push(&mut self, (hour, difference): &(i64, Difference)) {
        let counts = [difference.added, difference.removed, difference.changed];
        let there = (0..3)
            .map(|at| u128::from(counts[at] > 0) << at)
            .sum::<u128>();
        // The first hour is counted from the epoch, and may lie before it.
        let since = hour.wrapping_sub(self.last) as u64;
        self.put(u128::from(since) << 3 | there);
        for count in counts.into_iter().filter(|&count| count > 0) {
            self.put(count.into());
        }
        self.last = *hour;
    }

    fn put(&mut self, mut number: u128) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn iter(&self) -> Unpacked<'_> {
        Unpacked {
            bytes: &self.bytes,
            last: 0,
        }
    }
}

/// Goes through packed differences.
struct Unpacked<'a> {
    bytes: &'a [u8],
    last: i64,
}

impl Unpacked<'_> {
    fn number(&mut self) -> Option<u128> {
        let mut number = 0;
        for shift in (0..128).step_by(7) {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            number |= u128::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                break;
            }
        }
        Some(number)
    }
}

impl Iterator for Unpacked<'_> {
    type Item = (i64, Difference);

    fn next(&mut self) -> Option<(i64, Difference)> {
        let head = self.number()?;
        self.last = self.last.wrapping_add((head >> 3) as i64);
        let mut count = |at: u32| match head >> at & 1 {
            0 => Some(0),
            _ => Some(self.number()? as u64),
        };
        let difference = Difference {
            added: count(0)?,
            removed: count(1)?,
            changed: count(2)?,
        };
        Some((self.last, difference))
    }
}

/// Two lists of differences by hour as one; what both have is added up.
struct Merged<A: Iterator, B: Iterator> {
    a: Peekable<A>,
    b: Peekable<B>,
}

impl<A, B> Iterator for Merged<A, B>
where
    A: Iterator<Item = (i64, Difference)>,
    B: Iterator<Item = (i64, Difference)>,
{
    type Item = (i64, Difference);

    fn next(&mut self) -> Option<(i64, Difference)> {
        let (a, b) = (self.a.peek(), self.b.peek());
        match (a.map(|(hour, _)| *hour), b.map(|(hour, _)| *hour)) {
            (Some(a), Some(b)) if a == b => {
                let (hour, mut difference) = self.a.next()?;
                difference.merge(&self.b.next()?.1);
                Some((hour, difference))
            }
            (Some(a), b) if b.is_none_or(|b| a < b) => self.a.next(),
            _ => self.b.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;
    use proptest::prelude::*;

    /// Differences as they were noted, in a plain tree.
    type Plain = BTreeMap<(Label, i64), Difference>;

    /// A label, an hour and which count it is.
    fn notes(most: usize) -> impl Strategy<Value = Vec<(Label, i64, u8)>> {
        let hour = prop_oneof![4 => 0..60i64, 1 => -200..2000i64];
        prop::collection::vec((0..5 as Label, hour, 0..3u8), 0..most)
    }

    fn effects(notes: &[(Label, i64, u8)]) -> Effects {
        let mut effects = Effects::default();
        for &(label, hour, count) in notes {
            effects.note(label, hour * Span::HOUR.0 + 5, |d| field(d, count));
        }
        effects
    }

    fn field(d: &mut Difference, count: u8) -> &mut u64 {
        match count {
            0 => &mut d.added,
            1 => &mut d.removed,
            _ => &mut d.changed,
        }
    }

    fn plain(notes: &[(Label, i64, u8)]) -> Plain {
        let mut plain = Plain::new();
        for &(label, hour, count) in notes {
            *field(plain.entry((label, hour)).or_default(), count) += 1;
        }
        plain
    }

    proptest! {
        #[test]
        fn they_are_what_a_tree_of_all_differences_holds(
            mut notes in notes(3000),
            cuts in prop::collection::vec(0..3000usize, 0..6),
            in_order in any::<bool>(),
            backwards in any::<bool>(),
        ) {
            if in_order {
                notes.sort_by_key(|(_, hour, _)| *hour);
            }
            let wanted = plain(&notes);
            let whole = effects(&notes);
            prop_assert!(whole.differences().eq(wanted.clone()));
            prop_assert_eq!(whole.is_empty(), wanted.is_empty());
            for label in 0..6 {
                let of = wanted.iter().filter(|((one, _), _)| *one == label);
                prop_assert!(whole.of(label).eq(of.map(|(&(_, hour), &d)| (hour, d))));
            }
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(notes.len())).collect();
            cuts.extend([0, notes.len()]);
            cuts.sort_unstable();
            let mut parts: Vec<Effects> = cuts.windows(2).map(|w| effects(&notes[w[0]..w[1]])).collect();
            if backwards {
                parts.reverse();
            }
            let mut merged = Effects::default();
            parts.iter().for_each(|part| merged.merge(part));
            prop_assert_eq!(merged, whole);
        }

        #[test]
        fn bytes_hold_any_numbers(
            list in prop::collection::btree_map(any::<i64>(), any::<[u64; 3]>(), 0..20),
        ) {
            let one = |(&hour, &[added, removed, changed]): (&i64, &[u64; 3])| {
                (hour, Difference { added, removed, changed })
            };
            let list: Vec<(i64, Difference)> = list.iter().map(one).collect();
            let mut packed = Packed::default();
            packed.add(&list);
            prop_assert!(packed.iter().eq(list));
        }
    }

    #[test]
    fn a_long_run_keeps_few_numbers_and_some_bytes_a_difference() {
        let mut effects = Effects::default();
        let hours = 10_000;
        for hour in 0..hours {
            for label in 1..=3 {
                effects.note(label, hour * Span::HOUR.0, |d| &mut d.added);
            }
        }
        assert!(effects.recent.len() <= RECENT);
        let bytes: usize = effects
            .earlier
            .values()
            .map(|packed| packed.bytes.len())
            .sum();
        assert!(bytes <= 3 * hours as usize * 2 + 20, "{bytes}");
    }
}
