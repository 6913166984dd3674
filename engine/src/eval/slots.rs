//! What entities' diaries say, on the side of a frame. The answer is worked out on both sides where they may
//! differ; if it does, that is because of contention, which nobody in the event's lineage has caused.

use super::scalar::{Frame, number, word};
use crate::cell::{Group, Twin};
use crate::diary::{Bitmap, Diary, MOST_TIMES, Ranges, Words};
use crate::program::{CONTENTION, Lookup, MOST_LOOKED_UP, Question};
use crate::sides::Side;
use crate::time::{Span, Time};

/// An entity whose diary is read.
#[derive(Clone, Copy)]
struct Asked<'a> {
    table: &'a Diary,
    group: &'a Group,
    entity: u64,
    twin: Option<&'a Twin>,
}

impl<'a> Asked<'a> {
    /// Its diary on one side.
    #[inline(always)]
    fn on(self, side: Side) -> Words<'a> {
        let entity = self.entity as usize;
        self.group.diary_beside(self.table, entity, self.twin, side)
    }
}

/// The answer to a question: a truth value, a time in microseconds, or a number. Who does not exist has no
/// diary, and so nothing free.
pub fn answer(lookup: &Lookup, f: &Frame<'_>) -> f64 {
    let mut args = [0.0; 4];
    for (value, arg) in args.iter_mut().zip(&lookup.args) {
        *value = number(arg, f);
    }
    let mut found: [Option<Asked<'_>>; MOST_LOOKED_UP] = [None; MOST_LOOKED_UP];
    let mut all_exist = true;
    for (place, (kind, reference)) in found.iter_mut().zip(&lookup.who) {
        let (group, entity) = (f.population.group(*kind), word(reference, f));
        let table = f.world.program.kinds[usize::from(*kind)].diary.as_ref();
        *place = table
            .filter(|_| entity < group.ids.len() as u64)
            .map(|table| Asked {
                table,
                group,
                entity,
                twin: group.twin(entity),
            });
        all_exist &= place.is_some();
    }
    let who = &found[..lookup.who.len().min(MOST_LOOKED_UP)];
    let answer = |side| match all_exist {
        true => on_side(lookup.question, args, who, f.time, side),
        false => nothing(lookup.question, args),
    };
    let factual = answer(Side::Factual);
    if who.iter().flatten().any(|asked| asked.twin.is_some()) {
        return f.one_of([factual, answer(Side::Untouched)], CONTENTION);
    }
    factual
}

/// Midnight of the day of a time in the model's time zone, in microseconds.
pub fn day_start(time: Time, f: &Frame<'_>) -> f64 {
    let zone = &f.world.program.zone;
    let midnight = zone.midnight(zone.local(time).date()).unwrap_or(time);
    midnight.0 as f64
}

/// The answer where nothing is free.
fn nothing(question: Question, args: [f64; 4]) -> f64 {
    match question {
        Question::Nearest => args[0],
        _ => 0.0,
    }
}

fn on_side(
    question: Question,
    args: [f64; 4],
    who: &[Option<Asked<'_>>],
    now: Time,
    side: Side,
) -> f64 {
    let mut who = who.iter().flatten();
    let (from, span) = (Time(args[0] as i64), Span(args[1] as i64));
    match question {
        Question::Free => {
            let today = now.index_of(Span::DAY);
            let free = |asked: &Asked<'_>| {
                let range = asked.table.touched(from, span);
                asked.on(side).ahead(today).is_free(range)
            };
            f64::from(who.all(free))
        }
        Question::Nearest => {
            let today = now.index_of(Span::DAY);
            let mut seen = [None; MOST_LOOKED_UP];
            for (place, asked) in seen.iter_mut().zip(who.clone()) {
                *place = Some(asked.on(side).ahead(today));
            }
            let Some(first) = who.next() else {
                return args[0];
            };
            let step = first.table.step;
            // As many slots as a range touches that begins with one.
            let count = first.table.touched(Time(0), span).end;
            let earliest = Time(args[2] as i64 + step.0 - 1).index_of(step);
            let bounds = (earliest, Time(args[3] as i64).index_of(step));
            let free = |day: i64| {
                let seen = seen.iter().map_while(Option::as_ref);
                seen.fold(u64::MAX, |free, ahead| free & ahead.free(day))
            };
            let found = first
                .table
                .nearest(from.index_of(step), count, bounds, free);
            found.map_or(args[0], |start| (start * step.0) as f64)
        }
        Question::CountFree | Question::CountUnreserved => {
            let ranges = |table: &Diary| ranges(table, from, span, args[2], args[3]);
            let count = |asked: &Asked<'_>| {
                let (table, words) = (asked.table, asked.on(side));
                let ahead = words.ahead(now.index_of(Span::DAY));
                let mut reach = table.reach(now);
                reach.start = reach.start.max((now - Span(1)).index_of(table.step) + 1);
                let pieces = ranges(table);
                let pieces = pieces.each().flat_map(|range| table.pieces(range, &reach));
                let slots = pieces.map(|(day, bits)| match question {
                    Question::CountFree => ahead.free(day) & bits,
                    _ => bits & !words.slots(Bitmap::Taken, day),
                });
                slots
                    .map(|slots| i64::from(slots.count_ones()))
                    .sum::<i64>()
            };
            who.map(count).sum::<i64>() as f64
        }
    }
}

/// The ranges that are meant by the first of them, the distance between them (in microseconds) and their number.
pub fn ranges(table: &Diary, from: Time, span: Span, every_us: f64, times: f64) -> Ranges {
    Ranges {
        first: table.touched(from, span),
        // Of a single range nobody asks where the next one would be.
        every: match times > 1.0 {
            true => (every_us as i64).div_euclid(table.step.0),
            false => 0,
        },
        times: (times as i64).clamp(0, MOST_TIMES),
    }
}
