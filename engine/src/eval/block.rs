//! Evaluation column by column, for a block of rows of one stream.

use super::primitive;
use super::scalar::{Frame, Own, eval, probable};
use crate::cell::Population;
use crate::draw::{Key, Purpose};
use crate::program::Expr;
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
    /// The words, a column a slot; those not yet worked out are empty.
    pub slots: Vec<Vec<u64>>,
}

impl Block<'_> {
    fn rows(&self) -> usize {
        self.keys.len()
    }

    /// Works one row out the slow way.
    fn row(&self, e: &Expr, row: usize, words: &mut Vec<u64>) -> u64 {
        words.clear();
        words.extend(self.slots.iter().map(|column| column.get(row).copied().unwrap_or(0)));
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
            own: Own::Nobody,
        };
        eval(e, &frame)
    }

    fn entities(
        &self,
        e: &Expr,
        out: &mut Vec<u64>,
        value: impl Fn(&Population, u64) -> u64,
    ) {
        eval_block(e, self, out);
        for (word, &cell) in out.iter_mut().zip(self.cells) {
            *word = value(self.populations[usize::from(cell)], *word);
        }
    }

    fn draws(&self, purpose: Purpose, mut value: impl FnMut(usize, f64) -> u64, out: &mut Vec<u64>) {
        out.clear();
        out.extend(self.keys.iter().enumerate().map(|(row, &key)| value(row, Key(key).uniform(purpose))));
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
        Expr::Attribute(kind, e, a) => block.entities(e, out, |p, entity| p.attribute(*kind, *a, entity)),
        Expr::EntityId(kind, e) => block.entities(e, out, |p, entity| p.id(*kind, entity)),
        Expr::Unary(op, e) => {
            eval_block(e, block, out);
            out.iter_mut().for_each(|w| *w = primitive::unary(*op, f64::from_bits(*w)).to_bits());
        }
        Expr::Binary(op, a, b) => {
            eval_block(a, block, out);
            if let Expr::Num(y) = &**b {
                let y = y.to_bits();
                out.iter_mut().for_each(|x| *x = primitive::binary(*op, *x, y));
            } else {
                let mut right = Vec::with_capacity(n);
                eval_block(b, block, &mut right);
                for (x, y) in out.iter_mut().zip(right) {
                    *x = primitive::binary(*op, *x, y);
                }
            }
        }
        Expr::If(parts) => {
            let (mut yes, mut no) = (Vec::with_capacity(n), Vec::with_capacity(n));
            eval_block(&parts.0, block, out);
            eval_block(&parts.1, block, &mut yes);
            eval_block(&parts.2, block, &mut no);
            for (word, (yes, no)) in out.iter_mut().zip(yes.into_iter().zip(no)) {
                *word = if f64::from_bits(*word) != 0.0 { yes } else { no };
            }
        }
        Expr::Draw(dist, args, purpose) => {
            let mut p = [0.0; 4];
            if args.iter().all(|arg| matches!(arg, Expr::Num(_))) {
                for (value, arg) in p.iter_mut().zip(args) {
                    if let Expr::Num(x) = arg {
                        *value = *x;
                    }
                }
                block.draws(*purpose, |_, u| primitive::draw(*dist, u, &p).to_bits(), out);
            } else {
                let columns: Vec<Vec<u64>> = args
                    .iter()
                    .map(|arg| {
                        let mut column = Vec::with_capacity(n);
                        eval_block(arg, block, &mut column);
                        column
                    })
                    .collect();
                let value = |row: usize, u: f64| {
                    for (value, column) in p.iter_mut().zip(&columns) {
                        *value = f64::from_bits(column[row]);
                    }
                    primitive::draw(*dist, u, &p).to_bits()
                };
                block.draws(*purpose, value, out);
            }
        }
        Expr::Choice(shares, codes, purpose) => {
            block.draws(*purpose, |_, u| u64::from(codes[primitive::choose(shares, u)]), out);
        }
        Expr::Case(selector, cases, otherwise) => {
            eval_block(selector, block, out);
            eval_cases(cases, otherwise, block, out);
        }
        Expr::Happens(effect) => {
            let effect = &block.world.program.streams[block.stream].effects[usize::from(*effect)];
            if let (None, Expr::Num(probability)) = (&effect.when, &effect.probability) {
                out.extend(block.keys.iter().map(|&key| {
                    f64::from(probable(Key(key), effect.purpose, *probability)).to_bits()
                }));
            } else {
                let mut words = Vec::with_capacity(block.slots.len());
                out.extend((0..n).map(|row| block.row(e, row, &mut words)));
            }
        }
        // Rare ones, and those that look at the whole event.
        _ => {
            let mut words = Vec::with_capacity(block.slots.len());
            out.extend((0..n).map(|row| block.row(e, row, &mut words)));
        }
    }
}

/// Replaces each selector's value by its case, row by row; cases that are plain constants or plain
/// choices, which most are, go without building a frame.
fn eval_cases(cases: &[(u16, Expr)], otherwise: &Expr, block: &Block<'_>, out: &mut [u64]) {
    let mut words = Vec::with_capacity(block.slots.len());
    for (row, word) in out.iter_mut().enumerate() {
        let case = cases.iter().find(|(code, _)| u64::from(*code) == *word);
        *word = match case.map_or(otherwise, |(_, e)| e) {
            Expr::Num(x) => x.to_bits(),
            Expr::Text(code) => u64::from(*code),
            Expr::Choice(shares, codes, purpose) => {
                let u = Key(block.keys[row]).uniform(*purpose);
                u64::from(codes[primitive::choose(shares, u)])
            }
            e => block.row(e, row, &mut words),
        };
    }
}

