//! Branches of a block of rows: each row takes the value of the one that its code leads to.

use super::block::{Block, eval_block};
use super::draws::{Drawn, uniforms};
use super::operand::{Operand, constant};
use super::primitive::{set_undefined, take_undefined};
use crate::base::scratch;
use crate::streams::program::Expr;

/// The second expression for the rows in which the first is true, the third for the others.
pub fn eval_if(parts: &(Expr, Expr, Expr), block: &Block<'_>, out: &mut Vec<u64>) {
    let mut codes = scratch::column();
    eval_block(&parts.0, block, &mut codes);
    for word in &mut codes {
        *word = u64::from(f64::from_bits(*word) == 0.0);
    }
    let paths = Paths {
        lowest: 0,
        branch_of: vec![0, 1],
        branches: vec![&parts.1, &parts.2],
    };
    paths.eval(&codes, block, out);
    scratch::give_column(codes);
}

/// The case for the value of the selector, or the last expression.
pub fn eval_case(
    selector: &Expr,
    cases: &[(u16, Expr)],
    otherwise: &Expr,
    block: &Block<'_>,
    out: &mut Vec<u64>,
) {
    let paths = Paths::new(cases, otherwise);
    let selector = Operand::new(selector, block);
    match selector.words() {
        Ok(codes) => paths.eval(codes, block, out),
        Err(code) => eval_block(
            paths.branches[paths.branch_of[paths.place(code)]],
            block,
            out,
        ),
    }
    selector.recycle();
}

/// Which branch each code leads to.
struct Paths<'e> {
    /// The code at the first place of the table.
    lowest: u64,
    /// The branches of the codes from there on; the last one is that of all other codes.
    branch_of: Vec<usize>,
    branches: Vec<&'e Expr>,
}

/// What becomes of a row with some code.
#[derive(Clone, Copy)]
struct Step {
    /// Its value, where the branch is a constant.
    word: u64,
    /// The branch's number, above the bits of a row's number.
    tag: u64,
    /// 1 if something is left to be done for the row, otherwise 0.
    listed: usize,
}

/// Bits of a row's number in a list.
const ROW_BITS: u32 = 32;

/// The branch's number and the row's.
fn untag(tagged: u64) -> (usize, u64) {
    (
        (tagged >> ROW_BITS) as usize,
        tagged & ((1 << ROW_BITS) - 1),
    )
}

/// So many codes, about, are looked at to guess to which branch most lead.
const SAMPLE: usize = 64;

impl<'e> Paths<'e> {
    fn new(cases: &'e [(u16, Expr)], otherwise: &'e Expr) -> Paths<'e> {
        let codes = || cases.iter().map(|(code, _)| *code);
        let (lowest, highest) = (codes().min().unwrap_or(0), codes().max().unwrap_or(0));
        // Texts that are cases of the same selector mostly have codes next to each other.
        let mut branch_of = vec![cases.len(); usize::from(highest - lowest) + 2];
        for (branch, code) in codes().enumerate() {
            branch_of[usize::from(code - lowest)] = branch;
        }
        Paths {
            lowest: lowest.into(),
            branch_of,
            branches: cases.iter().map(|(_, e)| e).chain([otherwise]).collect(),
        }
    }

    /// Where a code stands in the table.
    #[inline(always)]
    fn place(&self, code: u64) -> usize {
        let last = self.branch_of.len() - 1;
        code.wrapping_sub(self.lowest).min(last as u64) as usize
    }

    /// For each row, the value of the branch to which its code leads. Constants are looked up, any other branch is
    /// worked out for all of its rows together.
    fn eval(&self, codes: &[u64], block: &Block<'_>, out: &mut Vec<u64>) {
        let mut most = self.most(codes);
        if let Some(branch) = most {
            // It may have a value only for the rows that lead to it.
            let before = take_undefined();
            eval_block(self.branches[branch], block, out);
            if take_undefined().is_some() {
                out.clear();
                most = None;
            }
            set_undefined(before);
        }
        let step = |branch: usize| {
            let word = constant(self.branches[branch]);
            Step {
                word: word.unwrap_or(0),
                tag: (branch as u64) << ROW_BITS,
                // Where the branch of most rows is worked out for all of them, the others are put over it.
                listed: match most {
                    Some(most) => usize::from(branch != most),
                    None => usize::from(word.is_none()),
                },
            }
        };
        let steps: Vec<Step> = self.branch_of.iter().map(|&branch| step(branch)).collect();
        let mut listed = scratch::column();
        let step_of = |code: u64| steps[self.place(code)];
        match most {
            Some(_) => {
                list(codes.iter().map(|&code| step_of(code)), &mut listed, |_| ());
            }
            None if steps.iter().all(|step| step.listed == 0) => {
                out.extend(codes.iter().map(|&code| step_of(code).word));
            }
            None => {
                out.resize(codes.len(), 0);
                let mut words = out.iter_mut();
                list(
                    codes.iter().map(|&code| step_of(code)),
                    &mut listed,
                    |word| {
                        if let Some(out) = words.next() {
                            *out = word;
                        }
                    },
                );
            }
        }
        self.eval_listed(&listed, block, out);
        scratch::give_column(listed);
    }

    /// The branch to which so many codes seem to lead that it had better be worked out for all rows; constants cost
    /// nothing anyway. Whatever the guess, the values are the same.
    fn most(&self, codes: &[u64]) -> Option<usize> {
        let mut counts = vec![0; self.branches.len()];
        let sample = codes.iter().step_by((codes.len() / SAMPLE).max(1));
        let enough = sample.len() * 3 / 4;
        sample.for_each(|&code| counts[self.branch_of[self.place(code)]] += 1);
        let most = counts.iter().position(|&count| count > enough)?;
        constant(self.branches[most]).is_none().then_some(most)
    }

    /// Works out the branches of the rows listed.
    fn eval_listed(&self, listed: &[u64], block: &Block<'_>, out: &mut [u64]) {
        let mut ends = vec![0; self.branches.len()];
        listed.iter().for_each(|&tagged| ends[untag(tagged).0] += 1);
        // The rows' numbers, branch by branch.
        let mut next = Vec::with_capacity(ends.len());
        let mut sum = 0;
        for end in &mut ends {
            next.push(sum);
            sum += *end;
            *end = sum;
        }
        let mut rows = scratch::column();
        rows.resize(listed.len(), 0);
        for &tagged in listed {
            let (branch, row) = untag(tagged);
            rows[next[branch]] = row;
            next[branch] += 1;
        }
        let mut from = 0;
        for (branch, &to) in self.branches.iter().zip(&ends) {
            if from < to {
                eval_branch(branch, &rows[from..to], block, out);
            }
            from = to;
        }
        scratch::give_column(rows);
    }
}

/// Lists the rows for which something is left to be done, with the numbers of their branches, and hands over the words.
#[inline(always)]
fn list(
    steps: impl ExactSizeIterator<Item = Step>,
    listed: &mut Vec<u64>,
    mut word: impl FnMut(u64),
) {
    listed.resize(steps.len(), 0);
    let mut count = 0;
    for (row, step) in (0..).zip(steps) {
        // Every row is written down, and those that are not wanted are written over: that is cheaper than a branch
        // that cannot be predicted.
        listed[count] = step.tag | row;
        count += step.listed;
        word(step.word);
    }
    listed.truncate(count);
}

/// Puts the values of an expression for some rows where they belong.
fn eval_branch(branch: &Expr, rows: &[u64], block: &Block<'_>, out: &mut [u64]) {
    let mut values = scratch::column();
    if let Some(word) = constant(branch) {
        values.resize(rows.len(), word);
    } else if let Some((drawn, purpose)) = Drawn::alone(branch) {
        let keys = rows.iter().map(|&row| block.keys[row as usize]);
        uniforms(keys, purpose, &mut values);
        drawn.values(&mut values);
    } else {
        eval_rows(branch, rows, block, &mut values);
    }
    for (&row, &value) in rows.iter().zip(&values) {
        out[row as usize] = value;
    }
    scratch::give_column(values);
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
            | Expr::Cell(..)
            | Expr::Unary(..)
            | Expr::Binary(..)
            | Expr::Exact(_)
            | Expr::ExactUnary(..)
            | Expr::ExactBinary(..)
            | Expr::If(_)
            | Expr::Draw(..)
            | Expr::Law(..)
            | Expr::Correlated(_)
            | Expr::Choice(..)
            | Expr::Case(..)
    )
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
        let read = |e: &Expr| matches!(e, Expr::Slot(s) if s.index() == slot);
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
