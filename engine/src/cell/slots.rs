//! Changes of entities' diaries, and how much of them is reserved.
//!
//! A change that comes out the same on both sides is made on each side's own words, which may differ already.

use super::population::{Group, Twin};
use super::{Cell, Population};
use crate::diary::{Action, Bitmap, Diary, Ranges, Words, slots_of, word_of};
use crate::eval::{Frame, number, ranges};
use crate::program::{Kind, SlotsChange};
use crate::sides::{Lineage, Side};
use crate::time::{Span, Time};
use crate::world::World;

/// A change of a diary, worked out.
#[derive(PartialEq)]
pub(super) struct Booking {
    action: Action,
    ranges: Ranges,
}

impl Booking {
    /// How a change comes out on the side of the frame; none where the kind has no diary.
    pub fn of(change: &SlotsChange, frame: &Frame<'_>) -> Option<Booking> {
        let kind = &frame.world.program.kinds[usize::from(change.kind)];
        let table = kind.diary.as_ref()?;
        let [from, span, every, times] =
            [&change.from, &change.span, &change.every, &change.times].map(|e| number(e, frame));
        let (from, span) = (Time(from as i64), Span(span as i64));
        Some(Booking {
            action: change.action,
            ranges: ranges(table, from, span, every, times),
        })
    }
}

impl Group {
    /// An entity's diary on one side.
    fn diary_on<'a>(&'a self, table: &'a Diary, entity: usize, side: Side) -> Words<'a> {
        self.diary_beside(table, entity, self.twin(entity as u64), side)
    }

    /// Likewise where its twin has been looked up already.
    #[inline(always)]
    pub fn diary_beside<'a>(
        &'a self,
        table: &'a Diary,
        entity: usize,
        twin: Option<&'a Twin>,
        side: Side,
    ) -> Words<'a> {
        let words = match (side, twin) {
            (Side::Untouched, Some(twin)) => twin.diary(),
            _ => self.diary(entity),
        };
        Words { table, words }
    }

    /// Likewise its words, to be changed; an empty diary gets some.
    fn words_on(&mut self, table: &Diary, entity: usize, side: Side) -> &mut [u64] {
        let diary = match (side, self.twin_of[entity].checked_sub(1)) {
            (Side::Untouched, Some(at)) => &mut self.twins[at as usize].diary,
            _ => &mut self.diaries[entity],
        };
        diary.get_or_insert_with(|| vec![0; table.words()].into())
    }

    /// Makes a change on the given sides. False where a reservation has been refused in what happens:
    /// nothing has been reserved then.
    pub(super) fn book(
        &mut self,
        table: &Diary,
        entity: usize,
        booking: &Booking,
        now: Time,
        lineage: Lineage,
    ) -> bool {
        if lineage.sides != Lineage::BOTH.sides {
            self.part(entity, lineage.label);
        }
        let mut done = true;
        if lineage.sides.on(Side::Factual) {
            done = self.book_on(Side::Factual, table, entity, booking, now);
        }
        // Without a twin the words of the factual side are those of both.
        if lineage.sides.on(Side::Untouched) && self.twin(entity as u64).is_some() {
            self.book_on(Side::Untouched, table, entity, booking, now);
        }
        done
    }

    fn book_on(
        &mut self,
        side: Side,
        table: &Diary,
        entity: usize,
        booking: &Booking,
        now: Time,
    ) -> bool {
        let reach = table.reach(now);
        if booking.action == Action::Reserve {
            let ahead = self
                .diary_on(table, entity, side)
                .ahead(now.index_of(Span::DAY));
            let free = |range| ahead.is_free(range);
            if !booking.ranges.each().all(free) {
                return false;
            }
        }
        let (bitmap, set) = match booking.action {
            Action::Reserve => (Bitmap::Taken, true),
            Action::Release => (Bitmap::Taken, false),
            Action::Open => (Bitmap::Open, true),
            Action::Block => (Bitmap::Open, false),
        };
        let words = self.words_on(table, entity, side);
        let pieces = |range| table.pieces(range, &reach);
        for (day, bits) in booking.ranges.each().flat_map(pieces) {
            if let Some(place) = table.place(bitmap, day) {
                let slots = slots_of(words[place], day);
                let slots = if set { slots | bits } else { slots & !bits };
                words[place] = word_of(slots, day);
            }
        }
        true
    }

    /// How many slots of the day of a time entities offer on one side, and how many of those are reserved. What
    /// is reserved counts as offered, also where it has been blocked since.
    fn utilisation(&self, kind: &Kind, now: Time, side: Side) -> [i64; 2] {
        let Some(table) = &kind.diary else {
            return [0, 0];
        };
        let day = now.index_of(Span::DAY);
        // Who does not exist on a side has nothing in its diary there.
        let mut sum = [0, 0];
        for entity in 0..self.ids.len() {
            let diary = self.diary_on(table, entity, side);
            let taken = diary.slots(Bitmap::Taken, day);
            let offered = match table.always {
                true => 0,
                false => diary.slots(Bitmap::Open, day) | taken,
            };
            sum[0] += i64::from(offered.count_ones());
            sum[1] += i64::from(taken.count_ones());
        }
        if table.always {
            let there: i64 = self.counts_on(side).iter().sum();
            sum[0] = there * table.slots_a_day();
        }
        sum
    }
}

impl Cell {
    /// The slots of the day of a time, for each kind at whose diaries somebody looks.
    pub(super) fn slots(&self, world: &World, now: Time, side: Side) -> Vec<[i64; 2]> {
        let Population { groups } = &self.population;
        let kinds = world.program.kinds.iter().zip(&world.watched_from);
        groups
            .iter()
            .zip(kinds)
            .map(|(group, (kind, &from))| match now >= from {
                true => group.utilisation(kind, now, side),
                false => [0, 0],
            })
            .collect()
    }
}
