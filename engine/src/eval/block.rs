//! Evaluation column by column, for a block of rows of one stream.

use std::cell::Cell;

use super::primitive;
use super::scalar::{Frame, Own, eval, probable};
use crate::cell::Population;
use crate::draw::{Key, Purpose};
use crate::program::{Binary, Dist, Expr, Modified, Unary};
use crate::scratch;
use crate::sides::Side;
use crate::time::Time;
use crate::world::{Observed, World};

/// Rows of one stream, turned into columns of words.
pub struct Block<'a> {
    /// The program and its tables.
    pub world: &'a World,
    /// The entities, by cell.
    pub populations: &'a [&'a Population],
    /// What stands for the barrier's view in rows; lazy variables never read it.
    pub observed: &'a Observed,
    /// The rows' stream.
    pub stream: usize,
    /// Keys of the events.
    pub keys: &'a [u64],
    /// Times in microseconds.
    pub times: &'a [i64],
    /// Cells.
    pub cells: &'a [u16],
    /// Codes of the causing streams' names.
    pub causes: &'a [u16],
    /// Which of the events of their effects they are.
    pub indexes: &'a [u32],
    /// The side on which they are worked out.
    pub side: Side,
    /// The words, a column a slot; those not yet worked out are empty.
    pub slots: Vec<Vec<u64>>,
}

impl Block<'_> {
    fn rows(&self) -> usize {
        self.keys.len()
    }

    /// A modified parameter, if on this side any modifier acts at the time of any row.
    fn bent(&self, at: u16) -> Option<&Modified> {
        let modified = &self.world.program.modified[usize::from(at)];
        let first = self.times.iter().min().copied()?;
        let last = self.times.iter().max().copied()?;
        let acts = modified.acts_between(Time(first), Time(last.saturating_add(1)));
        (acts && self.side == Side::Factual).then_some(modified)
    }

    /// Works one row out the slow way.
    fn row(&self, e: &Expr, row: usize, words: &mut Vec<Cell<u64>>) -> u64 {
        words.clear();
        words.extend(
            self.slots
                .iter()
                .map(|column| Cell::new(column.get(row).copied().unwrap_or(0))),
        );
        let frame = Frame {
            world: self.world,
            population: self.populations[usize::from(self.cells[row])],
            observed: self.observed,
            stream: self.stream,
            key: Key(self.keys[row]),
            time: Time(self.times[row]),
            cause: self.causes[row],
            index: self.indexes[row],
            slots: words,
            ready: &Cell::new(u64::MAX),
            of: None,
            own: Own::Nobody,
            side: self.side,
            made: 0,
            noted: &Cell::new(0),
        };
        eval(e, &frame)
    }

    /// Looks entities of a kind up in a column of their cell; 0 for a reference to none.
    fn entities(
        &self,
        e: &Expr,
        out: &mut Vec<u64>,
        column: impl for<'p> Fn(&'p Population) -> &'p [u64],
    ) {
        eval_block(e, self, out);
        // Rows of the same cell often follow each other.
        let mut known: (u16, &[u64]) = (u16::MAX, &[]);
        for (word, &cell) in out.iter_mut().zip(self.cells) {
            if cell != known.0 {
                known = (cell, column(self.populations[usize::from(cell)]));
            }
            *word = known.1.get(*word as usize).copied().unwrap_or(0);
        }
    }

    /// A draw for every row.
    #[inline(always)]
    fn draws(&self, purpose: Purpose, out: &mut Vec<u64>, mut value: impl FnMut(f64) -> u64) {
        out.clear();
        out.extend(
            self.keys
                .iter()
                .map(|&key| value(Key(key).uniform(purpose))),
        );
    }

    /// Works every row out the slow way.
    fn row_by_row(&self, e: &Expr, out: &mut Vec<u64>) {
        let mut words = Vec::with_capacity(self.slots.len());
        out.clear();
        out.extend((0..self.rows()).map(|row| self.row(e, row, &mut words)));
    }
}

/// The value of an expression for every row of a block.
pub fn eval_block(e: &Expr, block: &Block<'_>, out: &mut Vec<u64>) {
    let n = block.rows();
    out.clear();
    match e {
        Expr::Num(x) => out.resize(n, x.to_bits()),
        Expr::Text(code) => out.resize(n, u64::from(*code)),
        Expr::Slot(slot) => out.extend_from_slice(&block.slots[usize::from(*slot)]),
        Expr::Time => out.extend(block.times.iter().map(|&t| (t as f64).to_bits())),
        Expr::EventId => out.extend_from_slice(block.keys),
        Expr::Index => out.extend(block.indexes.iter().map(|&i| f64::from(i).to_bits())),
        Expr::Cause => out.extend(block.causes.iter().map(|&c| u64::from(c))),
        Expr::NewId(purpose) => out.extend(block.keys.iter().map(|&k| Key(k).child(*purpose, 0).0)),
        Expr::Attribute(kind, e, a) => block.entities(e, out, |p| {
            &p.groups[usize::from(*kind)].attributes[usize::from(*a)]
        }),
        Expr::EntityId(kind, e) => {
            block.entities(e, out, |p| &p.groups[usize::from(*kind)].ids);
        }
        Expr::Unary(op, e) => {
            eval_block(e, block, out);
            unary(*op, out);
        }
        Expr::Binary(op, a, b) => {
            eval_block(a, block, out);
            let right = Operand::new(b, block);
            match right.words() {
                Err(y) => binary(*op, out, std::iter::repeat(y)),
                Ok(column) => binary(*op, out, column.iter().copied()),
            }
            right.recycle();
        }
        Expr::If(parts) => {
            eval_block(&parts.0, block, out);
            for word in out.iter_mut() {
                *word = u64::from(f64::from_bits(*word) == 0.0);
            }
            eval_branches(&[&parts.1, &parts.2], block, out);
        }
        Expr::Draw(dist, args, purpose) => {
            let operands: Vec<Operand<'_>> =
                args.iter().map(|arg| Operand::new(arg, block)).collect();
            let mut p = [0.0; 4];
            for (value, operand) in p.iter_mut().zip(&operands) {
                *value = operand.words().map_or_else(f64::from_bits, |_| 0.0);
            }
            let columns: Vec<(usize, &[u64])> = operands
                .iter()
                .enumerate()
                .filter_map(|(i, operand)| Some((i, operand.words().ok()?)))
                .collect();
            match columns[..] {
                [] => draw(*dist, block, *purpose, out, |_| p),
                [(i, column)] => draw(*dist, block, *purpose, out, |row| {
                    p[i] = f64::from_bits(column[row]);
                    p
                }),
                _ => draw(*dist, block, *purpose, out, |row| {
                    for &(i, column) in &columns {
                        p[i] = f64::from_bits(column[row]);
                    }
                    p
                }),
            }
            operands.into_iter().for_each(Operand::recycle);
        }
        Expr::Law(law, purpose) => block.draws(*purpose, out, |u| law.quantile(u).to_bits()),
        Expr::Choice(shares, codes, purpose) => {
            let choice = Choice::new(shares, n);
            block.draws(*purpose, out, |u| u64::from(codes[choice.pick(u)]));
        }
        Expr::Case(selector, cases, otherwise) => {
            eval_block(selector, block, out);
            // By code, since texts have small ones.
            let highest = cases
                .iter()
                .map(|(code, _)| usize::from(*code))
                .max()
                .unwrap_or(0);
            let none = cases.len() as u64;
            let mut branch_of = vec![none; highest + 1];
            for (branch, (code, _)) in cases.iter().enumerate() {
                branch_of[usize::from(*code)] = branch as u64;
            }
            for word in out.iter_mut() {
                *word = branch_of.get(*word as usize).copied().unwrap_or(none);
            }
            let branches: Vec<&Expr> = cases.iter().map(|(_, e)| e).chain([&**otherwise]).collect();
            eval_branches(&branches, block, out);
        }
        Expr::Happens(effect) => {
            let effect = &block.world.program.streams[block.stream].effects[usize::from(*effect)];
            let marks = |out: &mut Vec<u64>, probability: &dyn Fn(usize) -> f64| {
                out.extend(block.keys.iter().enumerate().map(|(row, &key)| {
                    f64::from(probable(Key(key), effect.purpose, probability(row))).to_bits()
                }));
            };
            match (&effect.when, &effect.probability) {
                (None, Expr::Num(probability)) => marks(out, &|_| *probability),
                (None, Expr::Modified(at, base)) if matches!(**base, Expr::Num(_)) => {
                    let base = if let Expr::Num(base) = **base {
                        base
                    } else {
                        0.0
                    };
                    match block.bent(*at) {
                        None => marks(out, &|_| base),
                        Some(bent) => marks(out, &|row| bent.value(Time(block.times[row]), base)),
                    }
                }
                _ => block.row_by_row(e, out),
            }
        }
        Expr::Modified(at, e) => {
            eval_block(e, block, out);
            if let Some(bent) = block.bent(*at) {
                for (word, &time) in out.iter_mut().zip(block.times) {
                    *word = bent.value(Time(time), f64::from_bits(*word)).to_bits();
                }
            }
        }
        // Rare ones, and those that look at the whole event.
        _ => block.row_by_row(e, out),
    }
}

/// Whether [`eval_block`] works an expression out from columns alone, without the whole event. That
/// of the expressions in it is another question.
fn by_columns(e: &Expr) -> bool {
    matches!(
        e,
        Expr::Num(_)
            | Expr::Text(_)
            | Expr::Slot(_)
            | Expr::Time
            | Expr::EventId
            | Expr::Index
            | Expr::Cause
            | Expr::NewId(_)
            | Expr::Attribute(..)
            | Expr::EntityId(..)
            | Expr::Unary(..)
            | Expr::Binary(..)
            | Expr::If(_)
            | Expr::Draw(..)
            | Expr::Law(..)
            | Expr::Choice(..)
            | Expr::Case(..)
    )
}

/// The word of an expression that is the same for all rows.
fn constant(e: &Expr) -> Option<u64> {
    match e {
        Expr::Num(x) => Some(x.to_bits()),
        Expr::Text(code) => Some(u64::from(*code)),
        _ => None,
    }
}

/// An expression's value where it is only read: constants and slots are not copied.
enum Operand<'a> {
    Constant(u64),
    Slot(&'a [u64]),
    Column(Vec<u64>),
}

impl<'a> Operand<'a> {
    fn new(e: &Expr, block: &'a Block<'_>) -> Operand<'a> {
        if let Some(word) = constant(e) {
            Operand::Constant(word)
        } else if let Expr::Slot(slot) = e {
            Operand::Slot(&block.slots[usize::from(*slot)])
        } else {
            let mut column = scratch::column();
            eval_block(e, block, &mut column);
            Operand::Column(column)
        }
    }

    /// The column, or else the word that all rows share.
    fn words(&self) -> Result<&[u64], u64> {
        match self {
            Operand::Constant(word) => Err(*word),
            Operand::Slot(column) => Ok(column),
            Operand::Column(column) => Ok(column),
        }
    }

    fn recycle(self) {
        if let Operand::Column(column) = self {
            scratch::give_column(column);
        }
    }
}

/// An operation on each word; one loop for each, so that none has to find out which it is.
fn unary(op: Unary, out: &mut [u64]) {
    macro_rules! loops {
        ($($name:ident),*) => {
            match op {
                $(Unary::$name => for word in out.iter_mut() {
                    *word = primitive::unary(Unary::$name, f64::from_bits(*word)).to_bits();
                },)*
                Unary::Round(power) => for word in out.iter_mut() {
                    *word = primitive::unary(Unary::Round(power), f64::from_bits(*word)).to_bits();
                },
            }
        };
    }
    loops!(Negate, Not, Abs, Floor, Ceil, Sqrt, Exp, Log);
}

/// Likewise for two words.
fn binary(op: Binary, out: &mut [u64], right: impl Iterator<Item = u64>) {
    macro_rules! loops {
        ($($name:ident),*) => {
            match op {
                $(Binary::$name => for (x, y) in out.iter_mut().zip(right) {
                    *x = primitive::binary(Binary::$name, *x, y);
                },)*
            }
        };
    }
    loops!(
        Add, Subtract, Multiply, Divide, Power, Min, Max, Less, AtMost, Equal, Same, And, Or
    );
}

/// Likewise for draws from a distribution, with its parameters in each row.
#[inline(always)]
fn draw(
    dist: Dist,
    block: &Block<'_>,
    purpose: Purpose,
    out: &mut Vec<u64>,
    mut parameters: impl FnMut(usize) -> [f64; 4],
) {
    let mut row = 0..block.rows();
    let mut parameters = || row.next().map_or([0.0; 4], &mut parameters);
    macro_rules! loops {
        ($($name:ident),*) => {
            match dist {
                $(Dist::$name => block.draws(purpose, out, |u| {
                    primitive::draw(Dist::$name, u, &parameters()).to_bits()
                }),)*
                _ => block.draws(purpose, out, |u| {
                    primitive::draw(dist, u, &parameters()).to_bits()
                }),
            }
        };
    }
    loops!(
        Uniform,
        Lognormal,
        Exponential,
        ExponentialWithin,
        Bernoulli
    );
}

/// [`primitive::choose`] for many rows: the top bits of `u` say where the search begins, which
/// leaves one comparison, or a few, instead of one for each share.
struct Choice<'a> {
    shares: &'a [f64],
    /// The shares, followed by one that no `u` reaches.
    bounded: [f64; Choice::MOST + 1],
    /// How many shares lie at or below the beginning of each part.
    first: [u8; Choice::PARTS],
    /// Most shares within a part.
    steps: Option<u8>,
}

impl Choice<'_> {
    const PARTS: usize = 64;
    const MOST: usize = 15;

    /// For so many rows; few are not worth the preparation.
    fn new(shares: &[f64], rows: usize) -> Choice<'_> {
        let mut choice = Choice {
            shares,
            bounded: [f64::INFINITY; Choice::MOST + 1],
            first: [0; Choice::PARTS],
            steps: None,
        };
        let inner = &shares[..shares.len() - 1];
        if inner.len() > Choice::MOST || rows < Choice::PARTS {
            return choice;
        }
        choice.bounded[..inner.len()].copy_from_slice(inner);
        let mut within = [0u8; Choice::PARTS + 1];
        for &share in inner {
            // A share of 1 or more is never reached. One at the very beginning of a part is counted
            // within it, which takes a step more and gives the same.
            let part = (share * Choice::PARTS as f64) as usize;
            within[part.min(Choice::PARTS)] += 1;
        }
        let mut below = 0;
        for (first, &within) in choice.first.iter_mut().zip(&within) {
            *first = below;
            below += within;
        }
        choice.steps = within[..Choice::PARTS].iter().copied().max();
        choice
    }

    /// The entry on which `u` falls, which lies between 0 and 1.
    #[inline(always)]
    fn pick(&self, u: f64) -> usize {
        let Some(steps) = self.steps else {
            return primitive::choose(self.shares, u);
        };
        let part = (u * Choice::PARTS as f64) as usize;
        let mut entry = usize::from(self.first[part % Choice::PARTS]);
        for _ in 0..steps {
            entry += usize::from(self.bounded[entry % self.bounded.len()] <= u);
        }
        entry
    }
}

/// For each row, the value of the branch chosen for it, whose number `out` holds. Branches that are
/// constants are looked up, any other one is worked out for all of its rows together.
fn eval_branches(branches: &[&Expr], block: &Block<'_>, out: &mut Vec<u64>) {
    let n = out.len();
    let mut ends = vec![0; branches.len()];
    out.iter().for_each(|&branch| ends[branch as usize] += 1);
    if let Some(all) = ends.iter().position(|&count| count == n) {
        return eval_block(branches[all], block, out);
    }
    let constants: Vec<Option<u64>> = branches.iter().map(|e| constant(e)).collect();
    let mut rows = scratch::column();
    let all_constant = (ends.iter().zip(&constants)).all(|(&n, word)| n == 0 || word.is_some());
    if !all_constant {
        // The rows' numbers, branch by branch.
        let mut next = Vec::with_capacity(branches.len());
        let mut sum = 0;
        for end in &mut ends {
            next.push(sum);
            sum += *end;
            *end = sum;
        }
        rows.resize(n, 0);
        for (row, &branch) in out.iter().enumerate() {
            let at = &mut next[branch as usize];
            rows[*at] = row as u64;
            *at += 1;
        }
    }
    let words: Vec<u64> = constants.iter().map(|word| word.unwrap_or(0)).collect();
    out.iter_mut()
        .for_each(|word| *word = words[*word as usize]);
    if !all_constant {
        let mut from = 0;
        for ((&branch, &to), constant) in branches.iter().zip(&ends).zip(&constants) {
            if from < to && constant.is_none() {
                eval_branch(branch, &rows[from..to], block, out);
            }
            from = to;
        }
    }
    scratch::give_column(rows);
}

/// Puts the values of an expression for some rows where they belong.
fn eval_branch(branch: &Expr, rows: &[u64], block: &Block<'_>, out: &mut [u64]) {
    match branch {
        Expr::Choice(shares, codes, purpose) => {
            let choice = Choice::new(shares, rows.len());
            for &row in rows {
                let u = Key(block.keys[row as usize]).uniform(*purpose);
                out[row as usize] = u64::from(codes[choice.pick(u)]);
            }
        }
        Expr::Law(law, purpose) => {
            for &row in rows {
                let u = Key(block.keys[row as usize]).uniform(*purpose);
                out[row as usize] = law.quantile(u).to_bits();
            }
        }
        _ => {
            let mut values = scratch::column();
            if rows.len() * 2 > block.rows() {
                // Most rows need it: picking them out would cost more than working out the others.
                eval_block(branch, block, &mut values);
                for &row in rows {
                    out[row as usize] = values[row as usize];
                }
            } else {
                eval_rows(branch, rows, block, &mut values);
                for (&row, &value) in rows.iter().zip(&values) {
                    out[row as usize] = value;
                }
            }
            scratch::give_column(values);
        }
    }
}

/// The value of an expression for some rows of a block.
fn eval_rows(e: &Expr, rows: &[u64], block: &Block<'_>, out: &mut Vec<u64>) {
    fn pick<T: Copy>(all: &[T], rows: &[u64], wanted: bool) -> Vec<T> {
        let rows = if wanted { rows } else { &[] };
        rows.iter().map(|&row| all[row as usize]).collect()
    }
    let words = |all: &[u64]| {
        let mut column = scratch::column();
        column.extend(rows.iter().map(|&row| all[row as usize]));
        column
    };
    // Only what the expression reads is picked out, unless it looks at the whole event.
    let whole = e.any(|e| !by_columns(e));
    let reads = |test: &dyn Fn(&Expr) -> bool| whole || e.any(test);
    let slots = block.slots.iter().enumerate().map(|(slot, column)| {
        let read = |e: &Expr| matches!(e, Expr::Slot(s) if usize::from(*s) == slot);
        if !column.is_empty() && reads(&read) {
            words(column)
        } else {
            Vec::new()
        }
    });
    let cells = |e: &Expr| matches!(e, Expr::Attribute(..) | Expr::EntityId(..));
    let keys = words(block.keys);
    let part = Block {
        keys: &keys,
        times: &pick(block.times, rows, reads(&|e| matches!(e, Expr::Time))),
        cells: &pick(block.cells, rows, reads(&cells)),
        causes: &pick(block.causes, rows, reads(&|e| matches!(e, Expr::Cause))),
        indexes: &pick(block.indexes, rows, reads(&|e| matches!(e, Expr::Index))),
        slots: slots.collect(),
        ..*block
    };
    eval_block(e, &part, out);
    part.slots.into_iter().for_each(scratch::give_column);
    scratch::give_column(keys);
}
