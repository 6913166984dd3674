//! What is around the rows of one stream, and how its sides are settled.

use super::columns::{Columns, transpose_each};
use super::layout::{
    KEY, Layout, PLACE, TIME, by_of, is_apart, scarcity_of, sides_of, time_and_key,
};
use super::{BLOCK, Sums};
use crate::attribution::{Account, Attribution, Named, PartedRow, same_rows};
use crate::cell::Population;
use crate::program::Stream;
use crate::scratch;
use crate::series::{Series, first_and_last};
use crate::sides::{Side, Sides};
use crate::table::Chunk;
use crate::time::{Span, Time};
use crate::world::World;
use std::ops::Range;

/// What a block of rows came to.
pub struct Part {
    /// The rows themselves, if they are to be kept.
    pub chunk: Option<Chunk>,
    /// What they come to.
    pub sums: Sums,
}

/// What is around the rows of one stream.
pub struct Context<'a> {
    pub world: &'a World,
    pub populations: &'a [&'a Population],
    pub text_hashes: &'a [u64],
    pub stream: usize,
    pub definition: &'a Stream,
    pub layout: Layout,
    /// The modified parameters on which fields depend.
    modified: &'a [u16],
    /// The places of rows that have come apart and are the same on the untouched side after all, in order.
    same: Vec<(i64, u64)>,
}

impl<'a> Context<'a> {
    /// Of the rows of a stream.
    pub fn new(
        world: &'a World,
        populations: &'a [&'a Population],
        text_hashes: &'a [u64],
        stream: usize,
    ) -> Context<'a> {
        let definition = &world.program.streams[stream];
        Context {
            world,
            populations,
            text_hashes,
            stream,
            definition,
            layout: world.layouts[stream],
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
        let [factual, others] = [factual, others].map(|places| {
            let rows = places
                .iter()
                .flat_map(|rows| rows.chunks_exact(self.layout.stride));
            let rows = rows.filter(|row| times.contains(&(row[TIME] as i64)));
            let mut rows: Vec<&[u64]> = rows.collect();
            rows.sort_unstable_by_key(|row| time_and_key(row));
            rows
        });
        if self.world.keeps_parted {
            let all = factual.iter().chain(&others);
            let parted = all
                .map(|row| PartedRow::new(row[KEY], sides_of(row[PLACE]), scarcity_of(row[PLACE])));
            sums.parted.extend(parted);
        }
        for side in Side::first(self.world.sides()).skip(1) {
            let factual = factual.iter().copied();
            let factual = factual.filter(|row| !sides_of(row[PLACE]).on(side));
            let others = others.iter().copied();
            let others = others.filter(|row| sides_of(row[PLACE]).on(side));
            self.settle_side(side, factual, others, &mut sums);
        }
        sums
    }

    /// Likewise for one side, with the rows that the factual side has and this one has not, or not so, and the reverse.
    fn settle_side<'r>(
        &mut self,
        side: Side,
        factual: impl Iterator<Item = &'r [u64]>,
        others: impl Iterator<Item = &'r [u64]>,
        sums: &mut Sums,
    ) {
        let Sums {
            effects, series, ..
        } = sums;
        let mut pairs: Vec<(&[u64], &[u64])> = Vec::new();
        let mut removed: Vec<&[u64]> = Vec::new();
        let mut rest = others.peekable();
        let time = |row: &[u64]| row[TIME] as i64;
        for row in factual {
            while let Some(other) = rest.next_if(|other| time_and_key(other) < time_and_key(row)) {
                removed.push(other);
            }
            match rest.next_if(|other| time_and_key(other) == time_and_key(row)) {
                Some(other) => pairs.push((row, other)),
                None => effects.note(account(row[PLACE], side), time(row), |d| &mut d.added),
            }
        }
        removed.extend(rest);
        // Of the other sides no series is kept.
        let mut count = |columns: &Columns| {
            if side == Side::UNTOUCHED {
                columns.count(self, series, Some(|_| Sides::from(side)));
            }
        };
        for rows in removed.chunks(BLOCK) {
            for row in rows {
                effects.note(account(row[PLACE], side), time(row), |d| &mut d.removed);
            }
            if side == Side::UNTOUCHED {
                let words = transpose_each(rows, self.layout.stride);
                let columns = Columns::new(self, words, side);
                count(&columns);
                columns.recycle();
            }
        }
        let mut same_after_all = Vec::new();
        for pairs in pairs.chunks(BLOCK) {
            let (factual, others): (Vec<&[u64]>, Vec<&[u64]>) = pairs.iter().copied().unzip();
            let words = |rows: &[&[u64]]| transpose_each(rows, self.layout.stride);
            let factual = Columns::new(self, words(&factual), Side::FACTUAL);
            let others = Columns::new(self, words(&others), side);
            count(&others);
            let same = self.same(factual, others);
            for ((row, _), same) in pairs.iter().zip(same) {
                if same {
                    same_after_all.push(time_and_key(row));
                } else {
                    effects.note(account(row[PLACE], side), time(row), |d| &mut d.changed);
                }
            }
        }
        if side == Side::UNTOUCHED {
            self.same = same_after_all;
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
                        sums.series.replace_untouched(time, amount, other);
                        Account::by(named[row].by, false)
                    }
                    side => Account::from(side, false),
                };
                sums.effects.note(account, time, |d| &mut d.changed);
            }
            others.recycle();
        }
        if self.world.keeps_parted {
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

/// What a difference of a row from a side is counted for.
fn account(place: u64, side: Side) -> Account {
    let scarcity = scarcity_of(place).on(side);
    match side {
        Side::UNTOUCHED => Account::by(by_of(place), scarcity),
        side => Account::from(side, scarcity),
    }
}
