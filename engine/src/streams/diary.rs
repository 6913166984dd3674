//! Diaries: which slots of an entity's days are offered, and which of them are reserved.
//!
//! A diary is a ring of days, two words a day: in the low 48 bits one bit a slot, in the high 16 the
//! number of the day, so that a word of a day long past reads as empty. It reaches from the day on
//! which it is looked at over a fixed number of days; beyond, nothing is free. All searches are
//! operations on whole words.
//!
//! A diary knows no time zone: all times are readings of clocks (see [`Zone::reading`]). Where clocks are put forward,
//! the slots that never come are free for nobody; where they are put back, a slot that comes twice is one slot.
//!
//! ```
//! use causeflow_engine::base::time::{Span, Time};
//! use causeflow_engine::streams::diary::Diary;
//!
//! let table = Diary::new(Span(30 * Span::MINUTE.0), 14, false, []);
//! let nine = 18;    // slots since midnight
//! // From 09:00 to 10:30 three slots, of which those at 09:00 and 10:00 are free.
//! let free = |day: i64| if day == 0 { 0b101 << nine } else { 0 };
//! // One slot, as near to 09:30 as possible: both are as near, and the later one wins.
//! assert_eq!(table.nearest(nine + 1, 1, (0, 47), free), Some(nine + 2));
//! assert_eq!(table.nearest(nine + 1, 2, (0, 47), free), None);
//! assert_eq!(table.touched(Time(0), Span(31 * Span::MINUTE.0)), 0..2);
//! ```

use std::ops::Range;
use std::sync::Arc;

use crate::base::slots::pieces;
use crate::base::time::{Span, Time};
#[cfg(doc)]
use crate::base::zone::Zone;

/// Most slots of a day: a word has a bit for each.
pub const MOST_SLOTS: i64 = 48;
/// Most days that a diary reaches ahead.
pub const MOST_DAYS: u16 = 366;
/// Most times that a range is repeated.
pub const MOST_TIMES: i64 = 400;

/// The bits of a word that stand for slots.
const SLOTS: u64 = (1 << MOST_SLOTS) - 1;

/// How the diaries of a kind of entities are cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diary {
    /// Length of a slot; a day is a multiple of it, and has at most [`MOST_SLOTS`].
    pub step: Span,
    /// How many days it reaches, with the one on which it is looked at.
    pub days: u16,
    /// Whether all slots are always offered.
    pub always: bool,
    /// Number of slots of a day, which is asked for all the time.
    slots_a_day: i64,
    /// Days with slots that never come, since clocks are put forward, and those slots.
    skipped: Arc<[(i64, u64)]>,
}

/// One of the two bitmaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bitmap {
    /// The slots that are offered.
    Open,
    /// The slots that are reserved.
    Taken,
}

/// What is done to the slots of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// They are taken, if all of them are free; otherwise nothing happens.
    Reserve,
    /// They are no longer taken.
    Release,
    /// They are offered.
    Open,
    /// They are no longer offered; what is taken stays so.
    Block,
}

/// A range of slots, once or at regular distances, as slot numbers counted from the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges {
    /// The first of the ranges.
    pub first: Range<i64>,
    /// From one to the next, in slots.
    pub every: i64,
    /// How many.
    pub times: i64,
}

impl Ranges {
    /// Each range.
    pub fn each(&self) -> impl Iterator<Item = Range<i64>> {
        let Range { start, end } = self.first;
        let every = self.every;
        (0..self.times).map(move |i| {
            let shift = every.saturating_mul(i);
            start.saturating_add(shift)..end.saturating_add(shift)
        })
    }
}

impl Diary {
    /// Diaries with slots of this length, a part of a day. What clocks skip, and all slots that it touches, never comes.
    pub fn new(
        step: Span,
        days: u16,
        always: bool,
        skipped: impl IntoIterator<Item = (Time, Time)>,
    ) -> Diary {
        let mut diary = Diary {
            step,
            days,
            always,
            slots_a_day: Span::DAY.0 / step.0,
            skipped: Arc::default(),
        };
        let ranges = skipped
            .into_iter()
            .map(|(from, to)| diary.touched(from, to - from));
        let everywhere = i64::MIN..i64::MAX;
        let days = ranges.flat_map(|range| diary.pieces(range, &everywhere));
        diary.skipped = days.collect();
        diary
    }

    /// How many words a diary has.
    pub fn words(&self) -> usize {
        usize::from(self.days) * if self.always { 1 } else { 2 }
    }

    /// Number of slots of a day.
    pub fn slots_a_day(&self) -> i64 {
        self.slots_a_day
    }

    /// Where a bitmap's word of a day is; nowhere for what is always offered.
    #[inline(always)]
    pub fn place(&self, bitmap: Bitmap, day: i64) -> Option<usize> {
        // Days since the epoch fit in 32 bits, in which division takes half the time.
        let at = (day as i32).rem_euclid(i32::from(self.days)) as usize;
        match bitmap {
            Bitmap::Taken => Some(at),
            Bitmap::Open if self.always => None,
            Bitmap::Open => Some(usize::from(self.days) + at),
        }
    }

    /// The slots that a range of time touches.
    pub fn touched(&self, from: Time, span: Span) -> Range<i64> {
        let first = from.index_of(self.step);
        if span.0 <= 0 {
            return first..first;
        }
        first..(from + Span(span.0 - 1)).index_of(self.step) + 1
    }

    /// The slots that can be seen from a time on its day: of this day and those that follow.
    pub fn reach(&self, now: Time) -> Range<i64> {
        self.reach_on(now.index_of(Span::DAY))
    }

    /// Likewise on a day.
    fn reach_on(&self, today: i64) -> Range<i64> {
        let slots = self.slots_a_day();
        today * slots..(today + i64::from(self.days)) * slots
    }

    /// A range as far as it can be reached, day by day: (day, its slots as bits).
    #[inline]
    pub fn pieces(
        &self,
        range: Range<i64>,
        reach: &Range<i64>,
    ) -> impl Iterator<Item = (i64, u64)> {
        let (start, end) = (range.start.max(reach.start), range.end.min(reach.end));
        pieces(start..end, self.slots_a_day())
    }

    /// The start nearest to `wanted` of `count` free slots in a row, within the bounds (both
    /// included); of two that are as near the later one. `free` tells the free slots of a day.
    pub fn nearest(
        &self,
        wanted: i64,
        count: i64,
        (earliest, latest): (i64, i64),
        free: impl Fn(i64) -> u64,
    ) -> Option<i64> {
        let slots = self.slots_a_day();
        if count > slots || earliest > latest {
            return None;
        }
        let wanted = wanted.clamp(earliest, latest);
        let count = count.max(1);
        let [today, first, last] = [wanted, earliest, latest].map(|slot| slot.div_euclid(slots));
        let (free_today, free_tomorrow) = (free(today), free(today + 1));
        let here = starts(free_today, free_tomorrow, slots, count);
        let before = (1 << (wanted - today * slots)) - 1;
        let first_of = |day: i64, found: u64| day * slots + i64::from(found.trailing_zeros());
        let last_of = |day: i64, found: u64| day * slots + i64::from(found.ilog2());
        // The words of each day are read once: a day's start may need those of the day after.
        let later = match here & !before {
            0 => {
                let mut this = free_tomorrow;
                (today + 1..=last).find_map(|day| {
                    let next = free(day + 1);
                    let found = starts(std::mem::replace(&mut this, next), next, slots, count);
                    (found != 0).then(|| first_of(day, found))
                })
            }
            found => Some(first_of(today, found)),
        };
        let later = later.filter(|&start| start <= latest);
        // Nothing that is further away than what has been found need be looked at.
        let limit = later.map_or(earliest, |later| earliest.max(2 * wanted - later + 1));
        if limit > wanted {
            return later;
        }
        let earlier = match here & before {
            0 => {
                let mut next = free_today;
                let mut days = (first.max(limit.div_euclid(slots))..today).rev();
                days.find_map(|day| {
                    let this = free(day);
                    let found = starts(this, std::mem::replace(&mut next, this), slots, count);
                    (found != 0).then(|| last_of(day, found))
                })
            }
            found => Some(last_of(today, found)),
        };
        earlier.filter(|&start| start >= limit).or(later)
    }
}

/// The slots of a day with which `count` free ones in a row begin, at most a day of them, given the free ones of
/// that day and of the next.
fn starts(today: u64, tomorrow: u64, slots: i64, count: i64) -> u64 {
    if today == 0 || count == 1 {
        return today;
    }
    // A run may go on after midnight. What tomorrow has to do with it mostly fits in the same word.
    let all = match slots + count <= 1 + i64::from(u64::BITS) {
        true => runs(today | tomorrow << slots, count),
        false => runs(u128::from(today) | u128::from(tomorrow) << slots, count) as u64,
    };
    all & ((1 << slots) - 1)
}

/// The bits at which `count` set ones in a row begin.
#[inline(always)]
fn runs<T: Copy + std::ops::BitAndAssign + std::ops::Shr<i64, Output = T>>(
    bits: T,
    count: i64,
) -> T {
    let (mut runs, mut length) = (bits, 1);
    while length < count {
        // Where bit i of `runs` is set, `length` from i on are set in `bits`.
        let step = length.min(count - length);
        runs &= runs >> step;
        length += step;
    }
    runs
}

/// The slots of a word of this day; none if it is of another day.
#[inline(always)]
pub fn slots_of(word: u64, day: i64) -> u64 {
    if word >> MOST_SLOTS == day as u64 & 0xffff {
        word & SLOTS
    } else {
        0
    }
}

/// The word of a day with these slots.
#[inline(always)]
pub fn word_of(slots: u64, day: i64) -> u64 {
    (day as u64) << MOST_SLOTS | slots & SLOTS
}

/// One entity's diary.
#[derive(Clone, Copy)]
pub struct DiaryWords<'a> {
    /// How it is cut.
    pub table: &'a Diary,
    /// Its words; none are as good as an empty diary.
    pub words: &'a [u64],
}

impl DiaryWords<'_> {
    /// The slots of a day in one of the bitmaps.
    #[inline(always)]
    pub fn slots(&self, bitmap: Bitmap, day: i64) -> u64 {
        match self.table.place(bitmap, day) {
            Some(place) => slots_of(self.words.get(place).copied().unwrap_or(0), day),
            None => (1 << self.table.slots_a_day) - 1,
        }
    }

    /// Whether none of its words says anything from a day on: then it is as good as an empty one.
    pub fn is_past(&self, today: i64) -> bool {
        let is_past = |&word: &u64| {
            let ahead = ((word >> MOST_SLOTS) as u16).wrapping_sub(today as u16);
            word & SLOTS == 0 || ahead >= self.table.days
        };
        self.words.iter().all(is_past)
    }

    /// The words of a diary with the reservations of this one that offers what the other one does.
    pub fn offering(&self, other: &DiaryWords<'_>) -> Vec<u64> {
        let days = usize::from(self.table.days);
        let word = |words: &[u64], at: usize| words.get(at).copied().unwrap_or(0);
        let from = |at: usize| if at < days { self.words } else { other.words };
        (0..self.table.words())
            .map(|at| word(from(at), at))
            .collect()
    }

    /// Whether two diaries say the same from a day on.
    pub fn agrees_with(&self, other: &DiaryWords<'_>, today: i64) -> bool {
        let mut days = today..today + i64::from(self.table.days);
        days.all(|day| {
            let same = |bitmap| self.slots(bitmap, day) == other.slots(bitmap, day);
            same(Bitmap::Taken) && same(Bitmap::Open)
        })
    }
}

impl<'a> DiaryWords<'a> {
    /// What can be seen of it from a day on.
    #[inline(always)]
    pub fn ahead(self, today: i64) -> Ahead<'a> {
        let DiaryWords { table, words } = self;
        let days = usize::from(table.days);
        let skipped = &table.skipped[..];
        let (taken, open) = words.split_at(days.min(words.len()));
        Ahead {
            table,
            taken,
            open,
            offered: match table.always {
                true => (1 << table.slots_a_day) - 1,
                false => 0,
            },
            skipped: &skipped[skipped.partition_point(|&(day, _)| day < today)..],
            today,
            first: table.place(Bitmap::Taken, today).unwrap_or(0),
        }
    }
}

/// One entity's diary as it is seen on a day: of that day and those that follow, as far as it reaches. Beyond, and
/// before, nothing is free.
#[derive(Clone, Copy)]
pub struct Ahead<'a> {
    table: &'a Diary,
    taken: &'a [u64],
    open: &'a [u64],
    /// What is offered whatever the words say.
    offered: u64,
    /// See [`Diary::skipped`], from today on.
    skipped: &'a [(i64, u64)],
    today: i64,
    /// Where today's words are: with that, those of the days after are found without a division.
    first: usize,
}

impl Ahead<'_> {
    /// The slots of a day that are offered and not reserved.
    #[inline(always)]
    pub fn free(&self, day: i64) -> u64 {
        let days = usize::from(self.table.days);
        let after = day.wrapping_sub(self.today) as usize;
        if after >= days {
            return 0;
        }
        let at = self.first + after;
        let at = if at >= days { at - days } else { at };
        let slots = |words: &[u64]| words.get(at).map_or(0, |&word| slots_of(word, day));
        (self.offered | slots(self.open)) & !slots(self.taken) & self.there(day)
    }

    /// The slots of a day that come.
    #[inline(always)]
    pub fn there(&self, day: i64) -> u64 {
        let mut there = u64::MAX;
        for &(of, slots) in self.skipped {
            match of {
                of if of > day => break,
                of if of == day => there &= !slots,
                _ => {}
            }
        }
        there
    }

    /// Whether all slots of a range are free; one that is beyond reach is not.
    #[inline]
    pub fn is_free(&self, range: Range<i64>) -> bool {
        let reach = self.table.reach_on(self.today);
        reach.start <= range.start
            && range.end <= reach.end
            && self
                .table
                .pieces(range, &reach)
                .all(|(day, bits)| self.free(day) & bits == bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(step_minutes: i64) -> Diary {
        let step = Span(step_minutes * Span::MINUTE.0);
        Diary::new(step, 9, false, [])
    }

    proptest! {
        /// Word operations find what a search slot by slot finds.
        #[test]
        fn the_nearest_free_range_is_the_one_that_a_search_slot_by_slot_finds(
            step in prop::sample::select(vec![30i64, 60, 120]),
            days in prop::collection::vec(any::<u64>(), 6),
            dense in any::<bool>(),
            (wanted, earliest, length) in (-20..260i64, -10..200i64, 0..220i64),
            count in 1..40i64,
        ) {
            let table = table(step);
            let slots = table.slots_a_day();
            let days: Vec<u64> = days.windows(2).map(|w| if dense { w[0] | w[1] } else { w[0] }).collect();
            let free = |day: i64| match usize::try_from(day).ok().and_then(|day| days.get(day)) {
                Some(bits) => bits & ((1 << slots) - 1),
                None => 0,
            };
            let is_free = |slot: i64| free(slot.div_euclid(slots)) >> slot.rem_euclid(slots) & 1 == 1;
            let latest = earliest + length;
            let from = wanted.clamp(earliest, latest);
            let expected = (earliest..=latest)
                .filter(|&start| count <= slots && (start..start + count).all(is_free))
                .min_by_key(|&start| ((start - from).abs(), -start));
            prop_assert_eq!(table.nearest(wanted, count, (earliest, latest), free), expected);
        }

        /// Two diaries agree if every slot from today on is the same, whatever is left of days gone by.
        #[test]
        fn diaries_agree_when_their_slots_do(
            words in prop::collection::vec((0..4u64, 0..40i64, any::<bool>()), 18),
            today in 9..31i64,
        ) {
            let table = table(30);
            let both: Vec<(u64, u64)> = words
                .iter()
                .map(|&(slots, day, same)| (word_of(slots, day), word_of(slots ^ u64::from(!same), day)))
                .collect();
            let (mine, theirs): (Vec<u64>, Vec<u64>) = both.into_iter().unzip();
            let [mine, theirs] = [&mine, &theirs].map(|words| DiaryWords { table: &table, words });
            let same = |day| {
                [Bitmap::Open, Bitmap::Taken].iter().all(|&map| mine.slots(map, day) == theirs.slots(map, day))
            };
            prop_assert_eq!(mine.agrees_with(&theirs, today), (today..today + 9).all(same));
        }

        /// A diary is past if it says from today on what an empty one says.
        #[test]
        fn a_diary_is_past_when_an_empty_one_agrees_with_it(
            words in prop::collection::vec((0..2u64, 0..4i64), 18),
            today in 0..40i64,
            always in any::<bool>(),
        ) {
            let table = Diary { always, ..table(30) };
            let written = (0..9).chain(0..9).zip(words).take(table.words());
            let words: Vec<u64> = written.map(|(day, (slots, rounds))| word_of(slots, day + 9 * rounds)).collect();
            let [diary, empty] = [&words[..], &[]].map(|words| DiaryWords { table: &table, words });
            prop_assert_eq!(diary.is_past(today), diary.agrees_with(&empty, today));
        }

        /// Pieces cover exactly the part of a range that can be reached.
        #[test]
        fn pieces_cover_a_range_once(start in -100..400i64, length in 0..200i64, now in 0..4i64) {
            let table = table(30);
            let reach = table.reach(Time(now * Span::DAY.0 + 5));
            let mut covered = Vec::new();
            for (day, bits) in table.pieces(start..start + length, &reach) {
                covered.extend((0..64).filter(|bit| bits >> bit & 1 == 1).map(|bit| day * 48 + bit));
            }
            let expected: Vec<i64> = (start..start + length).filter(|slot| reach.contains(slot)).collect();
            prop_assert_eq!(covered, expected);
        }
    }

    #[test]
    fn a_word_of_another_day_is_empty() {
        let word = word_of(0b1011, 20_000);
        assert_eq!(slots_of(word, 20_000), 0b1011);
        assert_eq!(slots_of(word, 20_042), 0);
        assert_eq!(slots_of(0, 20_000), 0);
        let table = table(30);
        assert_eq!(
            table.place(Bitmap::Taken, 20_000),
            table.place(Bitmap::Taken, 20_009)
        );
        assert_ne!(
            table.place(Bitmap::Taken, 20_000),
            table.place(Bitmap::Open, 20_000)
        );
    }
}
