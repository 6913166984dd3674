//! What is around the rows of one stream, and how its sides are settled.

use super::columns::{Columns, transpose_each};
use super::order::Scattered;
use super::{BLOCK, Completion, Sums};
use crate::base::scratch;
use crate::base::table::Chunk;
use crate::base::time::{Span, Time};
use crate::streams::attribution::{Account, Attribution, BentFields, Named, PartedRow, same_rows};
use crate::streams::layout::{
    KEY, Layout, PLACE, TIME, by_of, cell_of, index_of, is_apart, scarcity_of, sides_of,
    time_and_key,
};
use crate::streams::population::Population;
use crate::streams::program::{Stream, StreamId};
use crate::streams::series::{Amounts, Series, first_and_last};
use crate::streams::sides::{Label, Side, Sides};
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
    /// How modifiers bend fields.
    pub bent: &'a BentFields,
    /// What rows have met on other sides, by their places, in order.
    met: Vec<((i64, u64), Met)>,
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
            bent: &world.bent_fields[stream],
            met: Vec::new(),
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
    /// side, and finds out which of them have the same after all. Returns how the other sides differ, with the rows of the
    /// untouched side counted; how the factual rows differ from that is left to [`RowContext::work_out`], which knows all of it.
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
        let Sums {
            impact,
            series,
            parted,
            ..
        } = &mut sums;
        let mut impact = impact.tally();
        let (mut pairs, mut removed) = (Vec::new(), Vec::new());
        self.at_each_place(&factual, &others, |side, pair, there| match pair {
            (Some(row), other) => match pairs.last_mut() {
                Some(Pair { rows, met }) if *rows == [row, other] => {
                    met.there = met.there | side.into()
                }
                _ => pairs.push(Pair::new([row, other], side)),
            },
            (None, other) => {
                let account = self.account(there, by_of(other[PLACE]), side, time_of(other));
                impact.note(account, time_of(other), |d| &mut d.removed);
                if side == Side::UNTOUCHED {
                    removed.push(other);
                }
                let (sides, scarcity) = (sides_of(other[PLACE]), scarcity_of(other[PLACE]));
                if self.keeps_parted && side == sides.first() {
                    parted.push(PartedRow::new(other[KEY], sides, scarcity));
                }
            }
        });
        drop(impact);
        let mut untouched = removed;
        if self.bent.modified.is_empty() {
            // What the words say is the same on whichever side it is worked out.
            for Pair { rows, met } in pairs.iter_mut().filter(|pair| pair.is_alike()) {
                met.same = met.there;
                if met.there.on(Side::UNTOUCHED) {
                    untouched.push(rows[1]);
                }
            }
        }
        for rows in untouched.chunks(BLOCK) {
            self.count_untouched(rows, series);
        }
        // What does not depend on modifiers is the same on whichever side it is worked out.
        let others = Side::first(self.world.sides()).skip(1);
        let rounds: Vec<Sides> = match self.bent.modified.is_empty() {
            true => vec![others.collect()],
            false => others.map(Sides::from).collect(),
        };
        for round in rounds {
            let pairs = pairs.iter_mut();
            let pairs = pairs.filter(|pair| !pair.met.open().and(round).is_none());
            let mut pairs: Vec<&mut Pair<'_>> = pairs.collect();
            for pairs in pairs.chunks_mut(BLOCK) {
                self.compare(pairs, round, series);
            }
        }
        self.meet(&pairs);
        sums
    }

    /// Keeps what each row has met.
    fn meet(&mut self, pairs: &[Pair<'_>]) {
        let met = pairs
            .iter()
            .map(|pair| (time_and_key(pair.rows[0]), pair.met));
        self.met = met.collect();
        self.met.sort_unstable_by_key(|(place, _)| *place);
        self.met.dedup_by(|(place, more), (before, met)| {
            let is_same = place == before;
            if is_same {
                met.there = met.there | more.there;
                met.same = met.same | more.same;
            }
            is_same
        });
    }

    /// Goes through the places of the total order at which rows lie that are not on all sides, and tells for each of the other
    /// sides with a row there, which the factual one does not share, that row, what the factual side has there, and where
    /// anything is.
    fn at_each_place<'r>(
        &self,
        factual: &[&'r [u64]],
        others: &[&'r [u64]],
        mut tell: impl FnMut(Side, (Option<&'r [u64]>, &'r [u64]), Apart),
    ) {
        let layout = self.layout;
        let place = |row: &[u64]| (time_of(row), layout.generation(row), row[KEY]);
        let (mut factual, mut others) = (factual, others);
        while let Some(first) = others.first() {
            let at = place(first);
            let before = factual.iter().take_while(|row| place(row) < at).count();
            let at_it = |rows: &[&[u64]]| rows.iter().take_while(|row| place(row) == at).count();
            factual = &factual[before..];
            let (here, later) = factual.split_at(at_it(factual));
            let (there, rest) = others.split_at(at_it(others));
            (factual, others) = (later, rest);
            let apart = there
                .iter()
                .map(|row| (sides_of(row[PLACE]), scarcity_of(row[PLACE])));
            let apart = apart.fold(Apart::NOWHERE, |all, (sides, scarcity)| Apart {
                sides: all.sides | sides,
                scarcity: all.scarcity | scarcity.and(sides),
            });
            for side in apart.sides.each(self.world.sides()) {
                let on = |row: &&&[u64]| sides_of(row[PLACE]).on(side);
                let mut here = here.iter().filter(|row| !on(row)).copied();
                for row in there.iter().filter(on) {
                    tell(side, (here.next(), row), apart);
                }
            }
        }
    }

    /// What a difference from a side is counted for, of which `by` has a part in that from the untouched side.
    fn account(&self, apart: Apart, by: Label, side: Side, time: i64) -> Account {
        let names = &self.world.names;
        let Apart { sides, scarcity } = apart;
        let scarcity = names.by_scarcity(sides, scarcity, side);
        match side {
            Side::UNTOUCHED => Account::by(names.of(sides, by, Time(time)), scarcity),
            side => Account::from(side, scarcity),
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

    /// Compares rows at the same place on these sides.
    fn compare(&self, pairs: &mut [&mut Pair<'_>], round: Sides, series: &mut Series) {
        let columns = |row: usize, side| {
            let rows: Vec<&[u64]> = pairs.iter().map(|pair| pair.rows[row]).collect();
            Columns::new(self, transpose_each(&rows, self.layout.stride), side)
        };
        let others = columns(1, round.first());
        if round.on(Side::UNTOUCHED) {
            let untouched = |row: usize| pairs[row].met.there.and(Side::UNTOUCHED.into());
            others.count(self, series, Some(untouched));
        }
        let same = self.same(columns(0, Side::FACTUAL), others);
        for (Pair { met, .. }, same) in pairs.iter_mut().zip(same) {
            if same {
                met.same = met.same | met.there.and(round);
            }
        }
    }

    /// Works out a block of rows: their digest, and the rows themselves if they are to be kept.
    pub fn work_out(&self, words: Vec<Vec<u64>>, keep: bool) -> Part {
        let mut sums = self.sums();
        // Nearly all blocks are of rows that are on all sides, and of which nothing is to be said.
        let apart = (words[PLACE].iter()).fold(false, |any, &word| any | is_apart(word));
        let bent = self.is_bent(&words[TIME]);
        let places = match apart || bent {
            true => scratch::copy(&words[PLACE]),
            false => Vec::new(),
        };
        let mut columns = Columns::new(self, words, Side::FACTUAL);
        let mut differs = match apart {
            true => self.differs(&columns, &places),
            false => Vec::new(),
        };
        if bent {
            self.compare_fields(&mut columns, &places, &mut differs, &mut sums);
        }
        let named = match differs.is_empty() {
            true => Vec::new(),
            false => self.named(&columns, &places, &differs, &mut sums),
        };
        let attribution = Attribution::new(&self.world.program, &named);
        let sides_of_row = |row: usize| sides_of(places[row]);
        columns.count(self, &mut sums.series, apart.then_some(sides_of_row));
        sums.digest = columns.digest(self, &attribution);
        let chunk = if keep {
            Some(columns.into_chunk(self, attribution.column()))
        } else {
            columns.recycle();
            None
        };
        scratch::give_column(places);
        Part { chunk, sums }
    }

    /// How each of some rows differs from other sides, apart from what modifiers bend in it.
    fn differs(&self, columns: &Columns, places: &[u64]) -> Vec<Differs> {
        let differs = |(row, &place): (usize, &u64)| {
            let lacking = sides_of(place).others();
            if lacking.is_none() {
                return Differs::NOWHERE;
            }
            let at = (columns.times[row], columns.keys[row]);
            let met = self.met.binary_search_by_key(&at, |(at, _)| *at);
            let met = met.map_or(Met::NOTHING, |at| self.met[at].1);
            Differs {
                from: lacking.without(met.same),
                changed: met.there,
                by: by_of(place),
            }
        };
        places.iter().enumerate().map(differs).collect()
    }

    /// Who is to be named for each of some rows. Counts how they differ from other sides, and keeps those that are not on all
    /// sides if they are asked for.
    fn named(
        &self,
        columns: &Columns,
        places: &[u64],
        differs: &[Differs],
        sums: &mut Sums,
    ) -> Vec<Named> {
        let time = |row: usize| columns.times[row];
        let rows = (0..differs.len()).filter(|&row| !differs[row].from.is_none());
        let mut rows: Vec<usize> = rows.collect();
        // Rows that only a digest is made of come in no order.
        rows.sort_unstable_by_key(|&row| time(row));
        let mut named = vec![Named::default(); differs.len()];
        let mut impact = sums.impact.tally();
        for row in rows {
            let Differs { from, changed, by } = differs[row];
            let scarcity = scarcity_of(places[row]);
            let apart = Apart {
                sides: from,
                scarcity,
            };
            if self.keeps_parted {
                let parted = PartedRow::new(columns.keys[row], from.others(), scarcity);
                sums.parted.push(parted);
            }
            for side in from.each(self.world.sides()) {
                let account = self.account(apart, by, side, time(row));
                impact.note(account, time(row), |d| match changed.on(side) {
                    true => &mut d.changed,
                    false => &mut d.added,
                });
                if let Some(by) = account.label() {
                    let scarcity = account.is_scarcity();
                    named[row] = Named { by, scarcity };
                }
            }
        }
        drop(impact);
        named
    }

    /// For each row whether it has the same values on both of two sides.
    fn same(&self, factual: Columns, others: Columns) -> Vec<bool> {
        let nobody = || Attribution::new(&self.world.program, &[]).column();
        let [factual, others] = [factual, others].map(|columns| columns.into_chunk(self, nobody()));
        same_rows(&factual, &others)
    }

    /// Whether a modifier may bend a field of rows of these times.
    fn is_bent(&self, times: &[u64]) -> bool {
        if self.bent.modified.is_empty() || self.world.sides() == 1 {
            return false;
        }
        let Some((first, last)) = first_and_last(times.iter().map(|&time| time as i64)) else {
            return false;
        };
        let modified = |&at: &u16| &self.world.program.modified[usize::from(at)];
        let mut modified = self.bent.modified.iter().map(modified);
        modified.any(|modified| modified.acts_between(Time(first), Time(last) + Span(1)))
    }

    /// Finds the rows on several sides of which a modifier bends a field.
    fn compare_fields(
        &self,
        columns: &mut Columns,
        places: &[u64],
        differs: &mut Vec<Differs>,
        sums: &mut Sums,
    ) {
        let last = columns.times.iter().copied().max().unwrap_or_default();
        let is_told = self.world.names.are_compared(Time(last) + Span(1));
        for side in Side::first(self.world.sides()).skip(1) {
            let others = columns.bent(self, side);
            let same = columns.same(self, &others);
            let amounts = columns.amounts(self);
            let theirs = columns.amounts_beside(self, Some(&others));
            for (row, same) in same.into_iter().enumerate() {
                if same || !sides_of(places[row]).on(side) {
                    continue;
                }
                differs.resize(places.len(), Differs::NOWHERE);
                let differs = &mut differs[row];
                differs.from = differs.from | side.into();
                differs.changed = differs.changed | side.into();
                if side == Side::UNTOUCHED {
                    if !is_told {
                        differs.by = columns.bent_by(self, row);
                    }
                    let (amount, other) = (amounts.of(row), theirs.of(row));
                    let time = columns.times[row];
                    sums.series.replace_untouched(time, amount, other);
                }
            }
            others.recycle();
        }
    }
}

/// What is not the same on some sides.
#[derive(Clone, Copy)]
struct Apart {
    /// Which.
    sides: Sides,
    /// Those of them on which it is not because of scarcity alone.
    scarcity: Sides,
}

impl Apart {
    /// On none.
    const NOWHERE: Apart = Apart {
        sides: Sides::NONE,
        scarcity: Sides::NONE,
    };
}

/// How a row of the factual side differs from others.
#[derive(Clone, Copy)]
struct Differs {
    /// The sides that do not have it, the same.
    from: Sides,
    /// The sides that have another row at its place.
    changed: Sides,
    /// Who has a part in it, as far as the decisions tell.
    by: Label,
}

impl Differs {
    /// From none.
    const NOWHERE: Differs = Differs {
        from: Sides::NONE,
        changed: Sides::NONE,
        by: Label::NONE,
    };
}

/// What lies at the place of a factual row on sides that do not share it.
#[derive(Clone, Copy)]
struct Met {
    /// The sides on which there is something.
    there: Sides,
    /// Those of them on which it is the same after all.
    same: Sides,
}

impl Met {
    /// Nothing.
    const NOTHING: Met = Met {
        there: Sides::NONE,
        same: Sides::NONE,
    };

    /// Those on which it is not known to be the same.
    fn open(&self) -> Sides {
        self.there.without(self.same)
    }
}

/// Two rows at the same place of the total order: that of the factual side, and that of others.
struct Pair<'a> {
    rows: [&'a [u64]; 2],
    met: Met,
}

impl<'a> Pair<'a> {
    /// On one of the others.
    fn new(rows: [&'a [u64]; 2], side: Side) -> Pair<'a> {
        let there = side.into();
        let same = Sides::NONE;
        let met = Met { there, same };
        Pair { rows, met }
    }

    /// Whether all that is in them is the same, but for the sides on which they are.
    fn is_alike(&self) -> bool {
        let [a, b] = self.rows;
        let place = |row: &[u64]| (cell_of(row[PLACE]), index_of(row[PLACE]));
        place(a) == place(b) && a[..PLACE] == b[..PLACE] && a[PLACE + 1..] == b[PLACE + 1..]
    }
}

fn time_of(row: &[u64]) -> i64 {
    row[TIME] as i64
}
