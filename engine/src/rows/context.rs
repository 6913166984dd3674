//! What is around the rows of one stream, and how its two sides are settled.

use super::columns::{Columns, transpose_each};
use super::layout::{KEY, Layout, PLACE, TIME, is_apart, label_of, sides_of, time_and_key};
use super::{BLOCK, Sums};
use crate::attribution::{Attribution, same_rows};
use crate::cell::Population;
use crate::program::{Label, Stream};
use crate::scratch;
use crate::series::first_and_last;
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
    /// The places of rows that have come apart and are the same on both sides after all, in order.
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

    /// Compares, in a range of time, the rows that are on one side only with those of the other, and finds out which are
    /// the same after all. Returns how the others differ, with those of the untouched side counted.
    pub fn settle_sides(
        &mut self,
        factual: &[&[u64]],
        untouched: &[&[u64]],
        times: &Range<i64>,
    ) -> Sums {
        let Sums {
            mut effects,
            mut series,
            ..
        } = Sums::default();
        let [factual, untouched] = [factual, untouched].map(|places| {
            let rows = places
                .iter()
                .flat_map(|rows| rows.chunks_exact(self.layout.stride));
            let rows = rows.filter(|row| times.contains(&(row[TIME] as i64)));
            let mut rows: Vec<&[u64]> = rows.collect();
            rows.sort_unstable_by_key(|row| time_and_key(row));
            rows
        });
        let mut pairs: Vec<(&[u64], &[u64])> = Vec::new();
        let mut removed: Vec<&[u64]> = Vec::new();
        let mut rest = untouched.into_iter().peekable();
        let time = |row: &[u64]| row[TIME] as i64;
        for row in factual {
            while let Some(other) = rest.next_if(|other| time_and_key(other) < time_and_key(row)) {
                removed.push(other);
            }
            match rest.next_if(|other| time_and_key(other) == time_and_key(row)) {
                Some(other) => pairs.push((row, other)),
                None => effects.note(label_of(row[PLACE]), time(row), |d| &mut d.added),
            }
        }
        removed.extend(rest);
        for rows in removed.chunks(BLOCK) {
            for row in rows {
                effects.note(label_of(row[PLACE]), time(row), |d| &mut d.removed);
            }
            let words = transpose_each(rows, self.layout.stride);
            let columns = Columns::new(self, words, Side::Untouched);
            columns.count(self, &mut series, Some(|_| Sides::Only(Side::Untouched)));
            columns.recycle();
        }
        for pairs in pairs.chunks(BLOCK) {
            let (factual, untouched): (Vec<&[u64]>, Vec<&[u64]>) = pairs.iter().copied().unzip();
            let words = |rows: &[&[u64]]| transpose_each(rows, self.layout.stride);
            let factual = Columns::new(self, words(&factual), Side::Factual);
            let untouched = Columns::new(self, words(&untouched), Side::Untouched);
            untouched.count(self, &mut series, Some(|_| Sides::Only(Side::Untouched)));
            let same = self.same(factual, untouched);
            for ((row, _), same) in pairs.iter().zip(same) {
                if same {
                    self.same.push(time_and_key(row));
                } else {
                    effects.note(label_of(row[PLACE]), time(row), |d| &mut d.changed);
                }
            }
        }
        Sums {
            effects,
            series,
            ..Sums::default()
        }
    }

    /// Works out a block of rows: their digest, and the rows themselves if they are to be kept.
    pub fn work_out(&self, words: Vec<Vec<u64>>, keep: bool) -> Part {
        let mut sums = Sums::default();
        let mut labels = Vec::new();
        let mut sides = Vec::new();
        // Nearly all blocks are of rows that are on both sides, and of which nothing is to be said.
        if (words[PLACE].iter()).fold(false, |any, &word| any | is_apart(word)) {
            labels = self.labels(&words);
            sides = scratch::copy(&words[PLACE]);
        }
        if !self.world.program.interventions.is_empty() {
            self.compare_fields(&words, &mut labels, &mut sums);
        }
        let attribution = Attribution::new(&self.world.program, &labels);
        let columns = Columns::new(self, words, Side::Factual);
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
    fn labels(&self, words: &[Vec<u64>]) -> Vec<Label> {
        let label = |(row, &word): (usize, &u64)| {
            let place = (words[TIME][row] as i64, words[KEY][row]);
            if is_apart(word) && self.same.binary_search(&place).is_err() {
                label_of(word)
            } else {
                0
            }
        };
        words[PLACE].iter().enumerate().map(label).collect()
    }

    /// For each row whether it has the same values on both sides.
    fn same(&self, factual: Columns, untouched: Columns) -> Vec<bool> {
        let nobody = || Attribution::new(&self.world.program, &[]).column();
        let [factual, untouched] =
            [factual, untouched].map(|columns| columns.into_chunk(self, nobody()));
        same_rows(&factual, &untouched)
    }

    /// Finds the rows on both sides of which a modifier bends a field, and labels them.
    fn compare_fields(&self, words: &[Vec<u64>], labels: &mut Vec<Label>, sums: &mut Sums) {
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
        let copy = || words.iter().map(|column| scratch::copy(column)).collect();
        let factual = Columns::new(self, copy(), Side::Factual);
        let untouched = Columns::new(self, copy(), Side::Untouched);
        let same = self.same(factual.clone(), untouched.clone());
        let (amounts, others) = (factual.amounts(self), untouched.amounts(self));
        labels.resize(words[PLACE].len(), 0);
        for (row, same) in same.into_iter().enumerate() {
            if !same && !is_apart(words[PLACE][row]) {
                let time = words[TIME][row] as i64;
                labels[row] = factual.bent_by(self, row);
                sums.effects.note(labels[row], time, |d| &mut d.changed);
                sums.series
                    .replace_untouched(time, amounts.of(row), others.of(row));
            }
        }
        factual.recycle();
        untouched.recycle();
    }
}
