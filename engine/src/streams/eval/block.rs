//! Evaluation column by column, for a block of rows of one stream.

use std::cell::Cell;

use super::branches::{eval_case, eval_if};
use super::draws::{Drawn, Operands, draw_together, uniforms};
use super::exact;
use super::operand::{Operand, binary, unary};
use super::scalar::{Frame, Own, eval};
use crate::base::draw::{Key, Purpose};
use crate::base::time::Time;
use crate::streams::population::Population;
use crate::streams::program::{Expr, Modified, StreamId};
use crate::streams::series::first_and_last;
use crate::streams::sides::{Label, Side};
use crate::streams::steps::probable;
use crate::streams::view::Observed;
use crate::streams::world::World;

/// Rows of one stream, turned into columns of words.
pub struct Block<'a> {
    /// The program and its tables.
    pub world: &'a World,
    /// The entities, by cell.
    pub populations: &'a [&'a Population],
    /// What stands for the barrier's view in rows; lazy variables never read it.
    pub observed: &'a Observed,
    /// The rows' stream.
    pub stream: StreamId,
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
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.keys.len()
    }

    /// A modified parameter, if on this side any modifier acts at the time of any row.
    fn bent(&self, at: u16) -> Option<&Modified> {
        if self.side == Side::UNTOUCHED {
            return None;
        }
        let modified = &self.world.program.modified[usize::from(at)];
        let (first, last) = first_and_last(self.times.iter().copied())?;
        let acts = modified.acts_between(Time(first), Time(last.saturating_add(1)));
        acts.then_some(modified)
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
            // Nobody is picked here.
            parent: Key(0),
            index: self.indexes[row],
            slots: words,
            ready: &Cell::new(u64::MAX),
            of: None,
            own: Own::Nobody,
            side: self.side,
            among: self.side.into(),
            made: Label::NONE,
            noted: &Cell::default(),
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

    /// Marks the rows in which an effect happens, whose probability is given by row.
    fn marks(&self, effect: Purpose, out: &mut Vec<u64>, probability: impl Fn(usize) -> f64) {
        out.extend(
            (0..).zip(self.keys).map(|(row, &key)| {
                f64::from(probable(Key(key), effect, probability(row))).to_bits()
            }),
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
        Expr::Slot(slot) => out.extend_from_slice(&block.slots[*slot]),
        Expr::Time => out.extend(block.times.iter().map(|&t| (t as f64).to_bits())),
        Expr::EventId => out.extend_from_slice(block.keys),
        Expr::Index => out.extend(block.indexes.iter().map(|&i| f64::from(i).to_bits())),
        Expr::Cause => out.extend(block.causes.iter().map(|&c| u64::from(c))),
        Expr::NewId(purpose) => out.extend(block.keys.iter().map(|&k| Key(k).child(*purpose, 0).0)),
        Expr::Attribute(kind, e, a) => {
            block.entities(e, out, |p| &p.groups[*kind].attributes[usize::from(*a)])
        }
        Expr::EntityId(kind, e) => {
            block.entities(e, out, |p| &p.groups[*kind].ids);
        }
        Expr::Cell(cells, e) => {
            eval_block(e, block, out);
            out.iter_mut().for_each(|word| *word = cells.of(*word));
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
        Expr::Exact(units) => out.resize(n, *units as u64),
        Expr::ExactUnary(op, e) => {
            eval_block(e, block, out);
            exact::unary_in_column(*op, out);
        }
        Expr::ExactBinary(op, a, b) => {
            eval_block(a, block, out);
            let right = Operand::new(b, block);
            match right.words() {
                Err(y) => exact::binary_in_column(*op, out, std::iter::repeat(y)),
                Ok(column) => exact::binary_in_column(*op, out, column.iter().copied()),
            }
            right.recycle();
        }
        Expr::If(parts) => eval_if(parts, block, out),
        Expr::Case(selector, cases, otherwise) => eval_case(selector, cases, otherwise, block, out),
        Expr::Draw(dist, args, purpose) => {
            let operands = Operands::new(args, block);
            uniforms(block.keys.iter().copied(), *purpose, out);
            Drawn::Dist(*dist, operands.parameters()).values(out);
            operands.recycle();
        }
        Expr::Law(law, purpose) => {
            uniforms(block.keys.iter().copied(), *purpose, out);
            Drawn::Law(law).values(out);
        }
        Expr::Correlated(correlated) => draw_together(correlated, block, out),
        Expr::Choice(shares, codes, purpose) => {
            uniforms(block.keys.iter().copied(), *purpose, out);
            Drawn::Choice(shares, codes).values(out);
        }
        Expr::Happens(effect) => happens(e, *effect, block, out),
        Expr::Modified(at, e) => {
            eval_block(e, block, out);
            if let Some(bent) = block.bent(*at) {
                for (word, &time) in out.iter_mut().zip(block.times) {
                    *word = bent
                        .value(Time(time), f64::from_bits(*word), block.side)
                        .to_bits();
                }
            }
        }
        // Rare ones, and those that look at the whole event.
        _ => block.row_by_row(e, out),
    }
}

/// Whether an effect will happen, which is what the expression says, for every row.
fn happens(e: &Expr, effect: u16, block: &Block<'_>, out: &mut Vec<u64>) {
    let effect = &block.world.program.streams[block.stream].effects[usize::from(effect)];
    let purpose = effect.purpose;
    match (&effect.when, &effect.probability) {
        (None, Expr::Num(probability)) => block.marks(purpose, out, |_| *probability),
        (None, Expr::Modified(at, base)) if matches!(**base, Expr::Num(_)) => {
            let base = if let Expr::Num(base) = **base {
                base
            } else {
                0.0
            };
            match block.bent(*at) {
                None => block.marks(purpose, out, |_| base),
                Some(bent) => block.marks(purpose, out, |row| {
                    bent.value(Time(block.times[row]), base, block.side)
                }),
            }
        }
        // What looks at the whole event.
        _ => block.row_by_row(e, out),
    }
}
