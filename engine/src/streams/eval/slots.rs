//! What entities' diaries say, on the side of a frame. The answer is worked out on other sides, too, where they may
//! differ. If it does because of what is offered, that is state which carries a difference; if only because of what has
//! been reserved, somebody else was there first.

use super::scalar::{Frame, number, word};
use crate::base::time::{Span, Time};
use crate::base::zone::Zone;
use crate::streams::diary::{Bitmap, Diary, DiaryWords, MOST_TIMES, Ranges};
use crate::streams::population::{Group, Twin};
use crate::streams::program::{Lookup, MOST_LOOKED_UP, Question};
use crate::streams::sides::{Parting, Side, Sides};

/// An entity whose diary is read.
#[derive(Clone, Copy)]
struct Asked<'a> {
    table: &'a Diary,
    group: &'a Group,
    entity: u64,
    twins: &'a [Twin],
}

impl<'a> Asked<'a> {
    /// Its diary on one side.
    #[inline(always)]
    fn on(self, side: Side) -> DiaryWords<'a> {
        let entity = self.entity as usize;
        self.group
            .diary_beside(self.table, entity, self.twins, side)
    }

    fn twin(self, side: Side) -> Option<&'a Twin> {
        self.twins.iter().find(|twin| twin.sides.on(side))
    }
}

/// A question about the diaries of some.
struct Asking<'a> {
    question: Question,
    args: [f64; 4],
    who: [Option<Asked<'a>>; MOST_LOOKED_UP],
    now: Time,
    zone: &'a Zone,
}

/// The answer to a question: a truth value, a time in microseconds, or a number. Who does not exist has no
/// diary, and so nothing free.
pub fn answer(lookup: &Lookup, f: &Frame<'_>) -> f64 {
    let mut args = [0.0; 4];
    for (value, arg) in args.iter_mut().zip(&lookup.args) {
        *value = number(arg, f);
    }
    let mut who: [Option<Asked<'_>>; MOST_LOOKED_UP] = [None; MOST_LOOKED_UP];
    let (mut all_exist, mut all_same) = (true, true);
    for (place, (kind, reference)) in who.iter_mut().zip(&lookup.who) {
        let (group, entity) = (f.population.group(*kind), word(reference, f));
        let table = f.world.program.kinds[*kind].diary.as_ref();
        *place = table
            .filter(|_| entity < group.ids.len() as u64)
            .map(|table| Asked {
                table,
                group,
                entity,
                twins: group.twins(entity),
            });
        all_exist &= place.is_some();
        all_same &= place.is_none_or(|asked| asked.twins.is_empty());
    }
    if !all_exist {
        return nothing(lookup.question, args);
    }
    let asking = Asking {
        question: lookup.question,
        args,
        who,
        now: f.time,
        zone: &f.world.program.zone,
    };
    let answer = asking.on(f.side);
    if !all_same {
        asking.compare(f, answer);
    }
    answer
}

impl<'a> Asking<'a> {
    /// The answer on one side.
    #[inline(always)]
    fn on(&self, side: Side) -> f64 {
        self.answer(self.who.map(|who| who.map(|asked| asked.on(side))))
    }

    #[inline(always)]
    fn answer(&self, diaries: [Option<DiaryWords<'_>>; MOST_LOOKED_UP]) -> f64 {
        answer_of(self.zone, self.question, self.args, &diaries, self.now)
    }

    fn asked(&self) -> impl Iterator<Item = &Asked<'a>> {
        self.who.iter().flatten()
    }

    /// Notes the sides on which the answer is not this one.
    #[inline(never)]
    fn compare(&self, f: &Frame<'_>, answer: f64) {
        let mut left: Sides = f.compared().collect();
        while !left.is_none() {
            let first = left.first();
            let alike = self.alike(first);
            let those = left.and(alike);
            left = left.without(those);
            if alike.on(f.side) {
                continue;
            }
            let theirs = self.on(first);
            if theirs == answer {
                continue;
            }
            let reserved_alone = self.mixed(first, f.side) == theirs;
            let twins = self
                .asked()
                .filter_map(|one| one.twin(first).or(one.twin(f.side)));
            let partings = twins.map(|twin| match reserved_alone {
                true => twin.reserved.as_scarcity(),
                false => twin.parting,
            });
            let parting = partings.fold(Parting::NONE, |all, one| all.and(&one));
            for side in those.each(f.world.sides()) {
                let sides = Sides::from(side);
                let mut parting = parting.on(sides);
                if parting.sides().is_none() {
                    // Two twins that differ from each other: this is not about the factual side.
                    parting.lineage = sides;
                }
                f.note(&parting);
            }
        }
    }

    /// The sides on which the diaries are the same as on this one.
    fn alike(&self, side: Side) -> Sides {
        let of = |asked: &Asked<'_>| match asked.twin(side) {
            Some(twin) => twin.sides,
            None => {
                let apart: Sides = asked.twins.iter().map(|twin| twin.sides).collect();
                apart.others()
            }
        };
        self.asked().map(of).fold(Sides::ALL, Sides::and)
    }

    /// The answer if they had reserved what they have on one side, and offered what they do on another one.
    fn mixed(&self, reserved: Side, offered: Side) -> f64 {
        let words = |asked: Asked<'a>| asked.on(reserved).offering(&asked.on(offered));
        let words = self.who.map(|who| who.map(words));
        let mut diaries = [None; MOST_LOOKED_UP];
        for ((place, words), who) in diaries.iter_mut().zip(&words).zip(&self.who) {
            let both = words.as_ref().zip(who.as_ref());
            *place = both.map(|(words, asked)| DiaryWords {
                table: asked.table,
                words,
            });
        }
        self.answer(diaries)
    }
}

/// The answer where nothing is free.
fn nothing(question: Question, args: [f64; 4]) -> f64 {
    match question {
        Question::Nearest => args[0],
        Question::Free | Question::CountFree | Question::CountUnreserved => 0.0,
    }
}

fn answer_of(
    zone: &Zone,
    question: Question,
    args: [f64; 4],
    who: &[Option<DiaryWords<'_>>],
    now: Time,
) -> f64 {
    let mut who = who.iter().flatten();
    let reading = |time: f64| zone.reading(Time(time as i64));
    let (now, from, span) = (zone.reading(now), reading(args[0]), Span(args[1] as i64));
    match question {
        Question::Free => {
            let today = now.index_of(Span::DAY);
            let free = |diary: &DiaryWords<'_>| {
                let range = diary.table.touched(from, span);
                diary.ahead(today).is_free(range)
            };
            f64::from(who.all(free))
        }
        Question::Nearest => {
            let today = now.index_of(Span::DAY);
            let mut seen = [None; MOST_LOOKED_UP];
            for (place, diary) in seen.iter_mut().zip(who.clone()) {
                *place = Some(diary.ahead(today));
            }
            let Some(first) = who.next() else {
                return args[0];
            };
            let step = first.table.step;
            // As many slots as a range touches that begins with one.
            let count = first.table.touched(Time(0), span).end;
            let earliest = (reading(args[2]) + Span(step.0 - 1)).index_of(step);
            let bounds = (earliest, reading(args[3]).index_of(step));
            let free = |day: i64| {
                let seen = seen.iter().map_while(Option::as_ref);
                seen.fold(u64::MAX, |free, ahead| free & ahead.free(day))
            };
            let found = first
                .table
                .nearest(from.index_of(step), count, bounds, free);
            let not_before = Time(args[2] as i64);
            found.map_or(args[0], |start| {
                zone.when_from(Time(start * step.0), not_before).0 as f64
            })
        }
        Question::CountFree | Question::CountUnreserved => {
            let ranges = |table: &Diary| ranges(table, from, span, args[2], args[3]);
            let count = |words: &DiaryWords<'_>| {
                let table = words.table;
                let ahead = words.ahead(now.index_of(Span::DAY));
                let mut reach = table.reach(now);
                reach.start = reach.start.max((now - Span(1)).index_of(table.step) + 1);
                let pieces = ranges(table);
                let pieces = pieces.each().flat_map(|range| table.pieces(range, &reach));
                let slots = pieces.map(|(day, bits)| match question {
                    Question::CountFree => ahead.free(day) & bits,
                    _ => bits & ahead.there(day) & !words.slots(Bitmap::Taken, day),
                });
                slots
                    .map(|slots| i64::from(slots.count_ones()))
                    .sum::<i64>()
            };
            who.map(count).sum::<i64>() as f64
        }
    }
}

/// The ranges that are meant by the first of them, which begins when clocks show `from`, the distance between them (in
/// microseconds) and their number.
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
