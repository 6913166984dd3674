//! What interventions did to the rows of a stream, hour by hour, in little memory.
//!
//! A run of months under many external events has differences by the hundred thousand, most of which count one event
//! or two. Those of the last hours are kept as numbers, to be added to; the earlier ones as bytes, in order, since a
//! run goes forward and hardly ever comes back to them. Copies share the bytes: an intervention that is over gets no more of them.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::streams::series::hour_of;
use crate::streams::sides::{Label, Side};

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

/// What differences are counted for: those from the untouched side by whom they are because of, those from every
/// other side as one; and of each, what scarcity alone has made apart from what lies in the lineage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Account(u16);

/// What an account of a side has in place of a label: more than labels, apart from [`Label::JOINT`].
const SIDES: u16 = 0x7F80;
/// The bit of what scarcity has made.
const SCARCITY: u16 = 0x8000;

impl Account {
    /// Of the differences from the untouched side because of an intervention, or of several.
    pub fn by(label: Label, scarcity: bool) -> Account {
        Account(label.0 | if scarcity { SCARCITY } else { 0 })
    }

    /// Of the differences from a side, which is not the untouched one.
    pub fn from(side: Side, scarcity: bool) -> Account {
        Account::by(Label(SIDES | u16::from(side.0)), scarcity)
    }

    /// Because of whom, if they are from the untouched side.
    pub fn label(self) -> Option<Label> {
        let label = Label(self.0 & !SCARCITY);
        (label.0 & SIDES != SIDES || label == Label::JOINT).then_some(label)
    }

    /// From which side they are.
    pub fn side(self) -> Side {
        match self.label() {
            Some(_) => Side::UNTOUCHED,
            None => Side((self.0 & !SCARCITY & !SIDES) as u8),
        }
    }

    /// Whether they are what scarcity alone has made.
    pub fn is_scarcity(self) -> bool {
        self.0 & SCARCITY != 0
    }
}

/// So many differences are kept as numbers before the earlier ones become bytes.
const RECENT: usize = 256;
/// The hours before the last one that stay numbers: a window of the largest models, and some more.
const OPEN_HOURS: i64 = 12;

/// What interventions did to one stream.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Impact {
    /// Differences by account and hour, counted from the epoch, that have come of late.
    recent: BTreeMap<(Account, i64), Difference>,
    /// The earlier ones. One account and hour may have a part of its difference here and one there.
    #[serde(serialize_with = "store", deserialize_with = "stored")]
    earlier: BTreeMap<Account, Arc<Packed>>,
    /// So many recent ones were left when some were packed last.
    left: u64,
}

impl Impact {
    /// Takes down differences one by one.
    pub fn tally(&mut self) -> Differences<'_> {
        Differences {
            impact: self,
            hour: 0,
            each: Vec::new(),
        }
    }

    fn add(&mut self, at: (Account, i64), difference: &Difference) {
        self.recent.entry(at).or_default().merge(difference);
        self.pack();
    }

    /// Adds the impact on another part of the stream. It takes as long as the other part is large, unless that goes
    /// back to what has been packed.
    pub fn merge(&mut self, other: &Impact) {
        if other.is_empty() {
            return;
        }
        for (at, difference) in other.differences() {
            self.add(at, &difference);
        }
    }

    /// What they are where each side stands for another one, see [`Sides::of_origin`](crate::streams::sides::Sides::of_origin).
    pub fn of_origin(&self, origin: &[Side]) -> Impact {
        // What is the same lies in memory, and in a snapshot, as it was.
        if origin.iter().zip(0..).all(|(side, at)| side.0 == at) {
            return self.clone();
        }
        let mut impact = Impact::default();
        for ((account, hour), difference) in self.differences() {
            let mut add = |account| impact.add((account, hour), &difference);
            // What is the untouched side's is kept by label there, whichever other sides were it.
            if account.label().is_some() {
                add(account);
            }
            for (side, was) in (0..).map(Side).zip(origin).skip(2) {
                if *was == account.side() {
                    add(Account::from(side, account.is_scarcity()));
                }
            }
        }
        impact
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.earlier.is_empty()
    }

    /// The differences by account and hour, counted from the epoch, in this order.
    pub fn differences(&self) -> impl Iterator<Item = ((Account, i64), Difference)> {
        let accounts = self.earlier.keys().copied();
        let recent = self.recent.keys().map(|&(account, _)| account);
        let mut accounts: Vec<Account> = accounts.chain(recent).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let of = |account| {
            self.of(account)
                .map(move |(hour, one)| ((account, hour), one))
        };
        accounts.into_iter().flat_map(of)
    }

    /// The differences of one account by hour, counted from the epoch, in order.
    pub fn of(&self, account: Account) -> impl Iterator<Item = (i64, Difference)> {
        let earlier = self.earlier.get(&account).map(|packed| packed.iter());
        let recent = self.recent.range((account, i64::MIN)..=(account, i64::MAX));
        let recent = recent.map(|(&(_, hour), &difference)| (hour, difference));
        Merged {
            a: earlier.into_iter().flatten().peekable(),
            b: recent.peekable(),
        }
    }

    /// The differences from the untouched side because of an intervention, or of several, by hour: all of them, and
    /// those of them that scarcity alone has made.
    pub fn because_of(&self, label: Label) -> impl Iterator<Item = (i64, [Difference; 2])> {
        let of = |scarcity| self.of(Account::by(label, scarcity)).peekable();
        let (mut lineage, mut scarcity) = (of(false), of(true));
        std::iter::from_fn(move || {
            let next = |one: &mut Peekable<_>| one.peek().map(|(hour, _): &(i64, _)| *hour);
            let hours = [next(&mut lineage), next(&mut scarcity)];
            let hour = hours.into_iter().flatten().min()?;
            let by_scarcity = scarcity.next_if(|(at, _)| *at == hour);
            let by_scarcity = by_scarcity.map(|(_, one)| one).unwrap_or_default();
            let mut all = by_scarcity;
            if let Some((_, one)) = lineage.next_if(|(at, _)| *at == hour) {
                all.merge(&one);
            }
            Some((hour, [all, by_scarcity]))
        })
    }

    /// Likewise the differences from a side, whoever they are because of.
    pub fn from_side(&self, side: Side) -> BTreeMap<i64, [Difference; 2]> {
        let mut hours: BTreeMap<i64, [Difference; 2]> = BTreeMap::new();
        for ((account, hour), difference) in self.differences() {
            if account.side() == side {
                let [all, scarcity] = hours.entry(hour).or_default();
                all.merge(&difference);
                if account.is_scarcity() {
                    scarcity.merge(&difference);
                }
            }
        }
        hours
    }

    /// Makes bytes of what is not likely to be added to any more, if there is too much.
    fn pack(&mut self) {
        // Where many interventions act at once, the last hours alone are many.
        if self.recent.len() < RECENT.max(2 * self.left as usize) {
            return;
        }
        let last = self.recent.keys().map(|&(_, hour)| hour).max();
        let open = last.map_or(i64::MIN, |last| last.saturating_sub(OPEN_HOURS));
        let mut done: BTreeMap<Account, Vec<(i64, Difference)>> = BTreeMap::new();
        self.recent.retain(|&(account, hour), difference| {
            if hour < open {
                done.entry(account).or_default().push((hour, *difference));
            }
            hour >= open
        });
        for (account, differences) in done {
            Arc::make_mut(self.earlier.entry(account).or_default()).add(&differences);
        }
        self.left = self.recent.len() as u64;
    }
}

/// What is shared is stored as it is.
fn store<S: Serializer>(
    earlier: &BTreeMap<Account, Arc<Packed>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(earlier.iter().map(|(account, packed)| (account, &**packed)))
}

fn stored<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<Account, Arc<Packed>>, D::Error> {
    let earlier: BTreeMap<Account, Packed> = BTreeMap::deserialize(deserializer)?;
    let shared = earlier.into_iter();
    Ok(shared
        .map(|(account, packed)| (account, Arc::new(packed)))
        .collect())
}

/// Differences as they are found, mostly in order of time: those of one hour are added up before they are added to the rest.
pub struct Differences<'a> {
    impact: &'a mut Impact,
    hour: i64,
    each: Vec<(Account, Difference)>,
}

impl Differences<'_> {
    /// Counts one difference.
    pub fn note(
        &mut self,
        account: Account,
        time_us: i64,
        one: impl FnOnce(&mut Difference) -> &mut u64,
    ) {
        let hour = hour_of(time_us);
        if hour != self.hour {
            self.close();
            self.hour = hour;
        }
        let known = self.each.iter_mut().find(|(known, _)| *known == account);
        if let Some((_, difference)) = known {
            *one(difference) += 1;
            return;
        }
        let mut difference = Difference::default();
        *one(&mut difference) += 1;
        self.each.push((account, difference));
    }

    fn close(&mut self) {
        for (account, difference) in self.each.drain(..) {
            self.impact.add((account, self.hour), &difference);
        }
    }
}

impl Drop for Differences<'_> {
    fn drop(&mut self) {
        self.close();
    }
}

/// An impact is what it counts, however that lies in memory.
impl PartialEq for Impact {
    fn eq(&self, other: &Impact) -> bool {
        self.differences().eq(other.differences())
    }
}

impl Eq for Impact {}

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
    use crate::base::time::Span;
    use proptest::prelude::*;

    /// Differences as they were noted, in a plain tree.
    type Plain = BTreeMap<(Account, i64), Difference>;

    /// Some accounts of each kind.
    fn account(number: u16) -> Account {
        match number {
            0..3 => Account::by(Label::of(number.into()), number == 1),
            3 => Account::by(Label::JOINT, false),
            _ => Account::from(Side(number as u8), number > 4),
        }
    }

    /// The number of an account, an hour and which count it is.
    fn notes(most: usize) -> impl Strategy<Value = Vec<(u16, i64, u8)>> {
        let hour = prop_oneof![4 => 0..60i64, 1 => -200..2000i64];
        prop::collection::vec((0..5u16, hour, 0..3u8), 0..most)
    }

    fn effects(notes: &[(u16, i64, u8)]) -> Impact {
        let mut impact = Impact::default();
        for &(number, hour, count) in notes {
            impact
                .tally()
                .note(account(number), hour * Span::HOUR.0 + 5, |d| {
                    field(d, count)
                });
        }
        impact
    }

    fn field(d: &mut Difference, count: u8) -> &mut u64 {
        match count {
            0 => &mut d.added,
            1 => &mut d.removed,
            _ => &mut d.changed,
        }
    }

    fn plain(notes: &[(u16, i64, u8)]) -> Plain {
        let mut plain = Plain::new();
        for &(number, hour, count) in notes {
            *field(plain.entry((account(number), hour)).or_default(), count) += 1;
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
            for label in 0..6u16 {
                let of = wanted.iter().filter(|((one, _), _)| *one == account(label));
                prop_assert!(whole.of(account(label)).eq(of.map(|(&(_, hour), &d)| (hour, d))));
            }
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(notes.len())).collect();
            cuts.extend([0, notes.len()]);
            cuts.sort_unstable();
            let mut parts: Vec<Impact> = cuts.windows(2).map(|w| effects(&notes[w[0]..w[1]])).collect();
            if backwards {
                parts.reverse();
            }
            let mut merged = Impact::default();
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
        let mut impact = Impact::default();
        let hours = 10_000;
        for hour in 0..hours {
            for label in 1..=3 {
                let mut tally = impact.tally();
                tally.note(account(label), hour * Span::HOUR.0, |d| &mut d.added);
            }
        }
        assert!(impact.recent.len() <= RECENT);
        let bytes: usize = impact
            .earlier
            .values()
            .map(|packed| packed.bytes.len())
            .sum();
        assert!(bytes <= 3 * hours as usize * 2 + 20, "{bytes}");
    }

    #[test]
    fn copies_share_the_bytes_of_what_is_over() {
        let mut impact = Impact::default();
        let note = |impact: &mut Impact, number, hours: std::ops::Range<i64>| {
            for hour in hours {
                let mut tally = impact.tally();
                tally.note(account(number), hour * Span::HOUR.0, |d| &mut d.added);
            }
        };
        note(&mut impact, 0, 0..1000);
        note(&mut impact, 1, 1000..2000);
        let copy = impact.clone();
        note(&mut impact, 1, 2000..3000);
        let is_shared = |number| {
            let of = &account(number);
            Arc::ptr_eq(&copy.earlier[of], &impact.earlier[of])
        };
        assert!(is_shared(0) && !is_shared(1));
        let hours = |impact: &Impact, number| impact.of(account(number)).count();
        assert_eq!([hours(&copy, 0), hours(&copy, 1)], [1000, 1000]);
        assert_eq!([hours(&impact, 0), hours(&impact, 1)], [1000, 2000]);
    }
}
