//! Changes of entities' diaries, and how much of them is reserved.
//!
//! A change that comes out the same on several sides is made on each side's own words, which may differ already.

use super::{Group, Twin};
use crate::base::time::{Span, Time};
use crate::streams::diary::{Action, Bitmap, Diary, DiaryWords, Ranges, slots_of, word_of};
use crate::streams::program::Kind;
use crate::streams::sides::{Parting, Presence, Side};

/// A change of a diary, worked out.
#[derive(PartialEq)]
pub struct Booking {
    /// What is to become of the slots.
    pub action: Action,
    /// The slots.
    pub ranges: Ranges,
}

impl Group {
    /// An entity's diary on one side, beside its twins.
    #[inline(always)]
    pub fn diary_beside<'a>(
        &'a self,
        table: &'a Diary,
        entity: usize,
        twins: &'a [Twin],
        side: Side,
    ) -> DiaryWords<'a> {
        let words = match twins.iter().find(|twin| twin.sides.on(side)) {
            Some(twin) => twin.diary(),
            None => self.diary(entity),
        };
        DiaryWords { table, words }
    }

    /// Makes a change on the given sides, when clocks show `now`. False where a reservation has been refused in what happens:
    /// nothing has been reserved then.
    pub(crate) fn book(
        &mut self,
        table: &Diary,
        entity: usize,
        booking: &Booking,
        now: Time,
        presence: Presence,
    ) -> bool {
        let reserves = matches!(booking.action, Action::Reserve | Action::Release);
        self.part(entity, presence, reserves);
        if booking.action == Action::Reserve && presence.sides.on(Side::FACTUAL) {
            self.part_by_offers(table, entity, booking, now, presence);
        }
        let mut done = true;
        if presence.sides.on(Side::FACTUAL) {
            done = booking.make(table, &mut self.diaries[entity], now);
        }
        for twin in self.twins_mut(entity) {
            if presence.sides.on(twin.sides.first()) {
                booking.make(table, &mut twin.diary, now);
            }
        }
        done
    }

    /// What is reserved differs from now on, too, where a reservation is refused on some sides only because of what is
    /// offered there.
    fn part_by_offers(
        &mut self,
        table: &Diary,
        entity: usize,
        booking: &Booking,
        now: Time,
        presence: Presence,
    ) {
        if self.twins_of[entity] == 0 {
            return;
        }
        // Out of its place for as long as its twins are looked at beside it.
        let diary = self.diaries[entity].take();
        let words = diary.as_deref().unwrap_or_default();
        let mine = DiaryWords { table, words };
        let is_made = booking.is_free(mine, now);
        for twin in self.twins_mut(entity) {
            let words = twin.diary();
            let theirs = DiaryWords { table, words };
            if !presence.sides.on(twin.sides.first()) || booking.is_free(theirs, now) == is_made {
                continue;
            }
            let words = &theirs.offering(&mine)[..];
            if booking.is_free(DiaryWords { table, words }, now) == is_made {
                twin.reserved = twin.reserved.and(&twin.parting);
            }
        }
        self.diaries[entity] = diary;
    }

    /// How many slots of the day when clocks show `now` entities offer, on each side, and how many of those are reserved. What
    /// is reserved counts as offered, also where it has been blocked since. And how the sides have come to differ.
    pub(crate) fn utilisation(&self, kind: &Kind, now: Time) -> (Vec<[i64; 2]>, Parting) {
        let nothing = vec![[0, 0]; self.in_state.len()];
        let Some(table) = &kind.diary else {
            return (nothing, Parting::NONE);
        };
        let day = now.index_of(Span::DAY);
        // Who does not exist on a side has nothing in its diary there.
        let of = |words: &[u64], exists: bool| {
            let diary = DiaryWords { table, words };
            let taken = diary.slots(Bitmap::Taken, day);
            let count = |slots: u64| i64::from(slots.count_ones());
            let offered = match table.always {
                true => i64::from(exists) * table.slots_a_day(),
                false => count(diary.slots(Bitmap::Open, day) | taken),
            };
            [offered, count(taken)]
        };
        let mut sum = [0, 0];
        for diary in self.diaries.iter().flatten() {
            let [offered, taken] = of(diary, true);
            sum = [sum[0] + offered, sum[1] + taken];
        }
        if table.always {
            // Most have no words, but all offer something.
            sum[0] = self.in_state[Side::FACTUAL.index()].iter().sum::<i64>() * table.slots_a_day();
        }
        let (mut sums, mut parting) = (vec![sum; nothing.len()], Parting::NONE);
        for twins in &self.twins {
            let entity = twins.entity as usize;
            let exists = self.state(entity as u64).is_some();
            let factual = of(self.diary(entity), exists);
            for twin in &twins.each {
                let theirs = of(twin.diary(), twin.state().is_some());
                if theirs == factual {
                    continue;
                }
                parting = parting.and(&twin.parting.and(&twin.reserved).on(twin.sides));
                for side in twin.sides.each(nothing.len()) {
                    let [offered, taken] = &mut sums[side.index()];
                    *offered += theirs[0] - factual[0];
                    *taken += theirs[1] - factual[1];
                }
            }
        }
        (sums, parting)
    }
}

impl Booking {
    /// Whether all its slots are free in a diary.
    fn is_free(&self, diary: DiaryWords<'_>, now: Time) -> bool {
        let ahead = diary.ahead(now.index_of(Span::DAY));
        self.ranges.each().all(|range| ahead.is_free(range))
    }

    /// Makes the change in a diary; an empty one gets words. False where a reservation is refused.
    fn make(&self, table: &Diary, diary: &mut Option<Box<[u64]>>, now: Time) -> bool {
        let reach = table.reach(now);
        let words = diary.as_deref().unwrap_or_default();
        if self.action == Action::Reserve && !self.is_free(DiaryWords { table, words }, now) {
            return false;
        }
        let (bitmap, set) = match self.action {
            Action::Reserve => (Bitmap::Taken, true),
            Action::Release => (Bitmap::Taken, false),
            Action::Open => (Bitmap::Open, true),
            Action::Block => (Bitmap::Open, false),
        };
        let words = diary.get_or_insert_with(|| vec![0; table.words()].into());
        let pieces = |range| table.pieces(range, &reach);
        for (day, bits) in self.ranges.each().flat_map(pieces) {
            if let Some(place) = table.place(bitmap, day) {
                let slots = slots_of(words[place], day);
                let slots = if set { slots | bits } else { slots & !bits };
                words[place] = word_of(slots, day);
            }
        }
        true
    }
}
