//! Rows stand in total order: by time, then by how many causes stand before them, then by id.

use super::finding::Check;
use super::rows::{FileCheck, FileRows, Heads, NO_EFFECT, UNKNOWN};

/// How a row stands in the total order: its time, its id, and how many causes can stand before it.
#[derive(Clone, Copy)]
pub(super) struct Standing {
    time: i64,
    id: u64,
    generations: (u32, Option<u32>),
}

impl Standing {
    /// Whether a row may stand right before another one.
    fn may_precede(&self, next: &Standing) -> bool {
        if self.time != next.time {
            return self.time < next.time;
        }
        let most = next.generations.1.unwrap_or(u32::MAX);
        let least = self.generations.0;
        least < most || least == most && self.id < next.id
    }
}

/// Checks that a part goes on where the one before it ended.
pub(super) fn joins(before: &FileRows, next: &FileRows) -> bool {
    match (&before.last, &next.first) {
        (Some(last), Some(first)) => last.may_precede(first),
        _ => true,
    }
}

impl FileCheck<'_> {
    /// Checks the order of a batch's rows, and that it goes on where the one before it ended.
    pub(super) fn order(&mut self, heads: &Heads, effects: Option<&[u16]>) {
        let times = &heads.times;
        let standing = |row: usize| Standing {
            time: times[row],
            id: heads.ids[row],
            generations: self.generations(effects, row),
        };
        let first = standing(0);
        let ordered = times
            .windows(2)
            .fold(true, |all, pair| all & (pair[0] < pair[1]));
        let mut wrong = Vec::new();
        if !self.rows.last.is_none_or(|last| last.may_precede(&first)) {
            wrong.push(0);
        }
        if !ordered {
            let rest = (1..times.len()).filter(|&row| times[row - 1] >= times[row]);
            wrong.extend(rest.filter(|&row| !standing(row - 1).may_precede(&standing(row))));
        }
        let last = standing(times.len() - 1);
        for row in wrong {
            self.add(Check::Order, heads, row, None, || {
                let found = "it does not come after the row before it".to_owned();
                (
                    found,
                    "rows by time, then by the length of their chain, then by id".to_owned(),
                )
            });
        }
        self.rows.first = self.rows.first.or(Some(first));
        self.rows.last = Some(last);
    }

    /// How many causes can stand before a row.
    fn generations(&self, effects: Option<&[u16]>, row: usize) -> (u32, Option<u32>) {
        let (Some((rules, of_stream)), Some(effects)) = (self.rules, effects) else {
            return (0, None);
        };
        match effects[row] {
            NO_EFFECT => (0, Some(0)),
            UNKNOWN => of_stream.generations,
            effect => {
                let effect = of_stream.incoming[usize::from(effect)];
                rules.effects[usize::from(effect)].generations
            }
        }
    }
}
