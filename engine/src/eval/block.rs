//! Evaluation column by column, for a block of rows of one stream.

use std::cell::Cell;

use super::primitive;
use super::scalar::{Frame, Own, eval, probable};
use crate::cell::Population;
use crate::draw::{Key, Purpose};
use crate::program::Expr;
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

    fn entities(&self, e: &Expr, out: &mut Vec<u64>, value: impl Fn(&Population, u64) -> u64) {
        eval_block(e, self, out);
        for (word, &cell) in out.iter_mut().zip(self.cells) {
            *word = value(self.populations[usize::from(cell)], *word);
        }
    }

    fn draws(
        &self,
        purpose: Purpose,
        mut value: impl FnMut(usize, f64) -> u64,
        out: &mut Vec<u64>,
    ) {
        out.clear();
        out.extend(
            self.keys
                .iter()
                .enumerate()
                .map(|(row, &key)| value(row, Key(key).uniform(purpose))),
        );
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
        Expr::Attribute(kind, e, a) => {
            block.entities(e, out, |p, entity| p.attribute(*kind, *a, entity))
        }
        Expr::EntityId(kind, e) => block.entities(e, out, |p, entity| p.id(*kind, entity)),
        Expr::Unary(op, e) => {
            eval_block(e, block, out);
            out.iter_mut()
                .for_each(|w| *w = primitive::unary(*op, f64::from_bits(*w)).to_bits());
        }
        Expr::Binary(op, a, b) => {
            eval_block(a, block, out);
            if let Expr::Num(y) = &**b {
                let y = y.to_bits();
                out.iter_mut()
                    .for_each(|x| *x = primitive::binary(*op, *x, y));
            } else {
                let mut right = Vec::with_capacity(n);
                eval_block(b, block, &mut right);
                for (x, y) in out.iter_mut().zip(right) {
                    *x = primitive::binary(*op, *x, y);
                }
            }
        }
        Expr::If(parts) => {
            eval_block(&parts.0, block, out);
            let chosen: Vec<u16> = out
                .iter()
                .map(|&w| u16::from(f64::from_bits(w) == 0.0))
                .collect();
            eval_branches(&[&parts.1, &parts.2], &chosen, block, out);
        }
        Expr::Draw(dist, args, purpose) => {
            let mut p = [0.0; 4];
            if args.iter().all(|arg| matches!(arg, Expr::Num(_))) {
                for (value, arg) in p.iter_mut().zip(args) {
                    if let Expr::Num(x) = arg {
                        *value = *x;
                    }
                }
                block.draws(
                    *purpose,
                    |_, u| primitive::draw(*dist, u, &p).to_bits(),
                    out,
                );
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
        Expr::Law(law, purpose) => block.draws(*purpose, |_, u| law.quantile(u).to_bits(), out),
        Expr::Choice(shares, codes, purpose) => {
            block.draws(
                *purpose,
                |_, u| u64::from(codes[primitive::choose(shares, u)]),
                out,
            );
        }
        Expr::Case(selector, cases, otherwise) => {
            eval_block(selector, block, out);
            // By code, since texts have small ones.
            let highest = cases
                .iter()
                .map(|(code, _)| usize::from(*code))
                .max()
                .unwrap_or(0);
            let mut branch_of = vec![cases.len() as u16; highest + 1];
            for (branch, (code, _)) in cases.iter().enumerate() {
                branch_of[usize::from(*code)] = branch as u16;
            }
            let chosen: Vec<u16> = out
                .iter()
                .map(|&w| {
                    branch_of
                        .get(w as usize)
                        .copied()
                        .unwrap_or(cases.len() as u16)
                })
                .collect();
            let branches: Vec<&Expr> = cases.iter().map(|(_, e)| e).chain([&**otherwise]).collect();
            eval_branches(&branches, &chosen, block, out);
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
        Expr::Modified(at, e) => {
            eval_block(e, block, out);
            if block.side == Side::Factual {
                let modified = &block.world.program.modified[usize::from(*at)];
                for (word, &time) in out.iter_mut().zip(block.times) {
                    *word = modified.value(Time(time), f64::from_bits(*word)).to_bits();
                }
            }
        }
        // Rare ones, and those that look at the whole event.
        _ => {
            let mut words = Vec::with_capacity(block.slots.len());
            out.extend((0..n).map(|row| block.row(e, row, &mut words)));
        }
    }
}

/// For each row, the value of the branch chosen for it. A branch that is a constant or one draw is
/// worked out on the spot, any other one for all of its rows together.
fn eval_branches(branches: &[&Expr], chosen: &[u16], block: &Block<'_>, out: &mut Vec<u64>) {
    let mut counts = vec![0u32; branches.len()];
    chosen
        .iter()
        .for_each(|&branch| counts[usize::from(branch)] += 1);
    if let Some(all) = counts
        .iter()
        .position(|&count| count as usize == chosen.len())
    {
        return eval_block(branches[all], block, out);
    }
    out.clear();
    out.extend(chosen.iter().zip(block.keys).map(|(&branch, &key)| {
        match branches[usize::from(branch)] {
            Expr::Num(x) => x.to_bits(),
            Expr::Text(code) => u64::from(*code),
            Expr::Choice(shares, codes, purpose) => {
                u64::from(codes[primitive::choose(shares, Key(key).uniform(*purpose))])
            }
            Expr::Law(law, purpose) => law.quantile(Key(key).uniform(*purpose)).to_bits(),
            _ => 0,
        }
    }));
    let mut values = Vec::new();
    for (number, &branch) in branches
        .iter()
        .enumerate()
        .filter(|&(number, _)| counts[number] > 0)
    {
        if matches!(
            branch,
            Expr::Num(_) | Expr::Text(_) | Expr::Choice(..) | Expr::Law(..)
        ) {
            continue;
        }
        let its = chosen.iter().enumerate();
        let its = its.filter(|&(_, &branch)| usize::from(branch) == number);
        if counts[number] as usize * 2 > chosen.len() {
            // Most rows need it: picking them out would cost more than working out the others.
            eval_block(branch, block, &mut values);
            its.for_each(|(row, _)| out[row] = values[row]);
        } else {
            let rows: Vec<u32> = its.map(|(row, _)| row as u32).collect();
            eval_rows(branch, &rows, block, &mut values);
            for (&row, &value) in rows.iter().zip(&values) {
                out[row as usize] = value;
            }
        }
    }
}

/// The value of an expression for some rows of a block.
fn eval_rows(e: &Expr, rows: &[u32], block: &Block<'_>, out: &mut Vec<u64>) {
    fn pick<T: Copy>(all: &[T], rows: &[u32]) -> Vec<T> {
        rows.iter().map(|&row| all[row as usize]).collect()
    }
    let mut slots = vec![Vec::new(); block.slots.len()];
    let whole_event = e.any(|e| matches!(e, Expr::Happens(_)));
    for (slot, column) in block.slots.iter().enumerate() {
        let read =
            || whole_event || e.any(|e| matches!(e, Expr::Slot(s) if usize::from(*s) == slot));
        if !column.is_empty() && read() {
            slots[slot] = pick(column, rows);
        }
    }
    let part = Block {
        keys: &pick(block.keys, rows),
        times: &pick(block.times, rows),
        cells: &pick(block.cells, rows),
        causes: &pick(block.causes, rows),
        indexes: &pick(block.indexes, rows),
        slots,
        ..*block
    };
    eval_block(e, &part, out);
}
