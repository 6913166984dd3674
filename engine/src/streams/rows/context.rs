//! What is around the rows of one stream, and how its sides are settled.

use super::columns::{Columns, transpose_each};
use super::order::Scattered;
use super::{BLOCK, Completion, Sums};
use crate::base::scratch;
use crate::base::table::Chunk;
use crate::base::time::{Span, Time};
use crate::streams::attribution::{Account, Attribution, Differences, Named, PartedRow, same_rows};
use crate::streams::layout::{
    KEY, Layout, PLACE, TIME, by_of, is_apart, scarcity_of, sides_of, time_and_key,
};
use crate::streams::population::Population;
use crate::streams::program::{Stream, StreamId};
use crate::streams::series::{Amounts, Series, first_and_last};
use crate::streams::sides::{Side, Sides};
use crate::streams::world::World;
use std::ops::Range;

/// What a block of rows came to.
pub struct Part {
    /// The rows themselves, if they are to be kept.
    pub chunk: Option<Chunk>,
    /// What they come to.
    pub sums: Sums,
}

/// What is around the rows of one stream.
pub struct RowContext<'a> {
    pub world: &'a World,
    pub populations: &'a [&'a Population],
    pub text_hashes: &'a [u64],
    pub stream: StreamId,
    pub definition: &'a Stream,
    pub layout: Layout,
    keeps_parted: bool,
    /// The modified parameters on which fields depend.
    modified: &'a [u16],
    /// The places of rows that have come apart and are the same on the untouched side after all, in order.
    same: Vec<(i64, u64)>,
}

impl<'a> RowContext<'a> {
    /// Of the rows of a stream.
    pub fn new(
        completion: Completion<'a>,
        populations: &'a [&'a Population],
        stream: StreamId,
    ) -> RowContext<'a> {
        let Completion {
            world,
            text_hashes,
            keeps_parted,
        } = completion;
        let definition = &world.program.streams[stream];
        RowContext {
            world,
            populations,
            text_hashes,
            stream,
            definition,
            layout: world.layouts[stream],
            keeps_parted,
            modified: &world.modified_in_rows[stream],
            same: Vec::new(),
        }
    }

    /// What no rows come to.
    fn sums(&self) -> Sums {
        Sums {
            series: Series::by(self.world.program.zone.step()),
            ..Sums::default()
        }
    }

    /// Compares, in a range of time, the rows of the factual side that are not on all sides with those of each other
    /// side, and finds out which the untouched side has, the same, after all. Returns how the others differ, with the
    /// rows of the untouched side counted.
    pub fn settle_sides(
        &mut self,
        factual: &[&[u64]],
        others: &[&[u64]],
        times: &Range<i64>,
    ) -> Sums {
        let mut sums = self.sums();
        let [factual, others] = [factual, others].map(|pieces| {
            let rows = Scattered::new(pieces, self.layout);
            let (order, _) = rows.total_order(times);
            let sorted: Vec<&[u64]> = order.iter().map(|&spot| rows.row(spot)).collect();
            scratch::give_rows(order);
            sorted
        });
        if self.keeps_parted {
            let all = factual.iter().chain(&others);
            let parted = all
                .map(|row| PartedRow::new(row[KEY], sides_of(row[PLACE]), scarcity_of(row[PLACE])));
            sums.parted.extend(parted);
        }
        let Sums { impact, series, .. } = &mut sums;
        let mut impact = impact.tally();
        let (mut pairs, mut removed) = (Vec::new(), Vec::new());
        self.at_each_place(&factual, &others, |side, pair| match pair {
            (Some(row), Some(other)) => match pairs.last_mut() {
                Some(Pair { rows, sides }) if *rows == [row, other] => {
                    *sides = *sides | side.into()
                }
                _ => pairs.push(Pair {
                    rows: [row, other],
                    sides: side.into(),
                }),
            },
            (Some(row), None) => {
                impact.note(account(row[PLACE], side), time_of(row), |d| &mut d.added);
            }
            (None, Some(other)) => {
                impact.note(account(other[PLACE], side), time_of(other), |d| {
                    &mut d.removed
                });
                if side == Side::UNTOUCHED {
                    removed.push(other);
                }
            }
            (None, None) => {}
        });
        for rows in removed.chunks(BLOCK) {
            self.count_untouched(rows, series);
        }
        // What does not depend on modifiers is the same on whichever side it is worked out.
        let others = Side::first(self.world.sides()).skip(1);
        let rounds: Vec<Sides> = match self.modified.is_empty() {
            true => vec![others.collect()],
            false => others.map(Sides::from).collect(),
        };
        for round in rounds {
            let pairs = pairs.iter().filter(|pair| !pair.sides.and(round).is_none());
            let pairs: Vec<&Pair<'_>> = pairs.collect();
            for pairs in pairs.chunks(BLOCK) {
                self.compare(pairs, round, &mut impact, series);
            }
        }
        drop(impact);
        self.same.sort_unstable();
        sums
    }

    /// Goes through the places of the total order at which rows lie that are not on all sides, and tells for each of the other
    /// sides on which the factual row is not what is there, and what is there instead.
    fn at_each_place<'r>(
        &self,
        factual: &[&'r [u64]],
        others: &[&'r [u64]],
        mut tell: impl FnMut(Side, (Option<&'r [u64]>, Option<&'r [u64]>)),
    ) {
        let layout = self.layout;
        let place = |row: &[u64]| (time_of(row), layout.generation(row), row[KEY]);
        let (mut factual, mut others) = (factual, others);
        loop {
            let first = factual.first().into_iter().chain(others.first());
            let Some(at) = first.map(|row| place(row)).min() else {
                return;
            };
            let at_it = |rows: &[&[u64]]| rows.iter().take_while(|row| place(row) == at).count();
            let (here, later) = factual.split_at(at_it(factual));
            let (there, rest) = others.split_at(at_it(others));
            (factual, others) = (later, rest);
            let sides = self.world.sides();
            match (here, there) {
                // Nearly always one row lies there.
                ([row], []) => {
                    let lacking = sides_of(row[PLACE]).others().each(sides);
                    lacking.for_each(|side| tell(side, (Some(row), None)));
                }
                ([], [row]) => {
                    let having = sides_of(row[PLACE]).each(sides);
                    having.for_each(|side| tell(side, (None, Some(row))));
                }
                _ => {
                    for side in Side::first(sides).skip(1) {
                        let on = |row: &&&[u64]| sides_of(row[PLACE]).on(side);
                        let mut here = here.iter().filter(|row| !on(row)).copied();
                        let mut there = there.iter().filter(on).copied();
                        loop {
                            let pair = (here.next(), there.next());
                            if pair == (None, None) {
                                break;
                            }
                            tell(side, pair);
                        }
                    }
                }
            }
        }
    }

    /// Counts rows that the untouched side alone has.
    fn count_untouched(&self, rows: &[&[u64]], series: &mut Series) {
        let untouched = |_| Sides::from(Side::UNTOUCHED);
        if self.definition.value.is_none() {
            let times: Vec<i64> = rows.iter().map(|row| time_of(row)).collect();
            series.add(&times, Amounts::None, untouched);
            return;
        }
        let words = transpose_each(rows, self.layout.stride);
        let columns = Columns::new(self, words, Side::UNTOUCHED);
        columns.count(self, series, Some(untouched));
        columns.recycle();
    }

    /// Compares rows at the same place, and counts those that differ on these sides.
    fn compare(
        &mut self,
        pairs: &[&Pair<'_>],
        round: Sides,
        impact: &mut Differences<'_>,
        series: &mut Series,
    ) {
        let columns = |row: usize, side| {
            let rows: Vec<&[u64]> = pairs.iter().map(|pair| pair.rows[row]).collect();
            Columns::new(self, transpose_each(&rows, self.layout.stride), side)
        };
        let others = columns(1, round.first());
        if round.on(Side::UNTOUCHED) {
            let untouched = |row: usize| pairs[row].sides.and(Side::UNTOUCHED.into());
            others.count(self, series, Some(untouched));
        }
        let same = self.same(columns(0, Side::FACTUAL), others);
        for (pair, same) in pairs.iter().zip(same) {
            let row = pair.rows[0];
            for side in pair.sides.and(round).each(self.world.sides()) {
                match same {
                    true if side == Side::UNTOUCHED => self.same.push(time_and_key(row)),
                    true => {}
                    false => {
                        impact.note(account(row[PLACE], side), time_of(row), |d| &mut d.changed);
                    }
                }
            }
        }
    }

    /// Works out a block of rows: their digest, and the rows themselves if they are to be kept.
    pub fn work_out(&self, words: Vec<Vec<u64>>, keep: bool) -> Part {
        let mut sums = self.sums();
        let mut named = Vec::new();
        let mut sides = Vec::new();
        // Nearly all blocks are of rows that are on all sides, and of which nothing is to be said.
        if (words[PLACE].iter()).fold(false, |any, &word| any | is_apart(word)) {
            named = self.named(&words);
            sides = scratch::copy(&words[PLACE]);
        }
        if self.world.sides() > 1 {
            self.compare_fields(&words, &mut named, &mut sums);
        }
        let attribution = Attribution::new(&self.world.program, &named);
        let columns = Columns::new(self, words, Side::FACTUAL);
        let sides_of_row = |row: usize| sides_of(sides[row]);
        let apart = (!sides.is_empty()).then_some(sides_of_row);
        columns.count(self, &mut sums.series, apart);
        sums.digest = columns.digest(self, &attribution);
        let chunk = if keep {
            Some(columns.into_chunk(self, attribution.column()))
        } else {
            columns.recycle();
            None
        };
        scratch::give_column(sides);
        Part { chunk, sums }
    }

    /// Who is to be named for each of some rows.
    fn named(&self, words: &[Vec<u64>]) -> Vec<Named> {
        let named = |(row, &word): (usize, &u64)| {
            let place = (words[TIME][row] as i64, words[KEY][row]);
            let differs = !sides_of(word).on(Side::UNTOUCHED);
            match differs && self.same.binary_search(&place).is_err() {
                true => Named {
                    by: by_of(word),
                    scarcity: scarcity_of(word).on(Side::UNTOUCHED),
                },
                false => Named::default(),
            }
        };
        words[PLACE].iter().enumerate().map(named).collect()
    }

    /// For each row whether it has the same values on both of two sides.
    fn same(&self, factual: Columns, others: Columns) -> Vec<bool> {
        let nobody = || Attribution::new(&self.world.program, &[]).column();
        let [factual, others] = [factual, others].map(|columns| columns.into_chunk(self, nobody()));
        same_rows(&factual, &others)
    }

    /// Finds the rows on several sides of which a modifier bends a field.
    fn compare_fields(&self, words: &[Vec<u64>], named: &mut Vec<Named>, sums: &mut Sums) {
        if self.modified.is_empty() {
            return;
        }
        let modified = |&at: &u16| &self.world.program.modified[usize::from(at)];
        let times = words[TIME].iter().map(|&time| time as i64);
        let (first, last) = first_and_last(times).unwrap_or_default();
        let range = (Time(first), Time(last) + Span(1));
        let mut bending = self.modified.iter().map(modified);
        if !bending.any(|modified| modified.acts_between(range.0, range.1)) {
            return;
        }
        let on = |side| {
            let copy = words.iter().map(|column| scratch::copy(column)).collect();
            Columns::new(self, copy, side)
        };
        let factual = on(Side::FACTUAL);
        let mut bent = vec![Sides::NONE; words[PLACE].len()];
        let Sums { impact, series, .. } = sums;
        let mut impact = impact.tally();
        for side in Side::first(self.world.sides()).skip(1) {
            let others = on(side);
            let same = self.same(factual.clone(), others.clone());
            let (amounts, theirs) = (factual.amounts(self), others.amounts(self));
            for (row, same) in same.into_iter().enumerate() {
                if same || !sides_of(words[PLACE][row]).on(side) {
                    continue;
                }
                bent[row] = bent[row] | side.into();
                let time = words[TIME][row] as i64;
                let account = match side {
                    Side::UNTOUCHED => {
                        named.resize(words[PLACE].len(), Named::default());
                        named[row].by = factual.bent_by(self, row);
                        let (amount, other) = (amounts.of(row), theirs.of(row));
                        series.replace_untouched(time, amount, other);
                        Account::by(named[row].by, false)
                    }
                    side => Account::from(side, false),
                };
                impact.note(account, time, |d| &mut d.changed);
            }
            others.recycle();
        }
        drop(impact);
        if self.keeps_parted {
            let bent = bent
                .iter()
                .enumerate()
                .filter(|(_, sides)| !sides.is_none());
            let parted = bent.map(|(row, &bent)| {
                let place = words[PLACE][row];
                let sides = sides_of(place).without(bent);
                PartedRow::new(words[KEY][row], sides, scarcity_of(place))
            });
            sums.parted.extend(parted);
        }
        factual.recycle();
    }
}

/// Two rows at the same place of the total order: that of the factual side, and that of these others.
struct Pair<'a> {
    rows: [&'a [u64]; 2],
    sides: Sides,
}

fn time_of(row: &[u64]) -> i64 {
    row[TIME] as i64
}

/// What a difference of a row from a side is counted for.
fn account(place: u64, side: Side) -> Account {
    let scarcity = scarcity_of(place).on(side);
    match side {
        Side::UNTOUCHED => Account::by(by_of(place), scarcity),
        side => Account::from(side, scarcity),
    }
}
