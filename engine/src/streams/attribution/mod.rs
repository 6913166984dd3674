//! What interventions did to the rows of a stream: which rows would be there, the same, without
//! them, and who is to be named for the others.

mod impact;
mod names;

pub use impact::{Account, Difference, Differences, Impact};
pub use names::Names;

use serde::{Deserialize, Serialize};

use crate::base::fingerprint::RowHashes;
use crate::base::head::ATTRIBUTION;
use crate::base::table::{Chunk, Column, Validity, Values};
use crate::streams::program::{Expr, Program, Stream};
use crate::streams::sides::{Label, Side, Sides};

/// Who is to be named for a row that the untouched side does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Whose interventions have a part in it; nobody's for a row that the untouched side has, too.
    pub by: Label,
    /// Whether they have it only because something scarce was there for others, and not through its lineage.
    pub scarcity: bool,
}

/// A row that is not the same on all sides, of the run, or of other sides where the run has none at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartedRow {
    /// The event.
    pub event_id: u64,
    sides: u8,
    scarcity: u8,
}

impl PartedRow {
    pub(crate) fn new(event_id: u64, sides: Sides, scarcity: Sides) -> PartedRow {
        PartedRow {
            event_id,
            sides: sides.bits() as u8,
            scarcity: scarcity.bits() as u8,
        }
    }

    /// The sides on which this version of the event is, the same.
    pub fn sides(&self) -> Sides {
        Sides::of_bits(self.sides.into())
    }

    /// Those sides that differ from the factual one in it because of scarcity alone.
    pub fn scarcity(&self) -> Sides {
        Sides::of_bits(self.scarcity.into())
    }
}

/// The versions of one event, those that are not the same on all sides.
pub struct Versions<'a>(&'a [PartedRow]);

impl<'a> Versions<'a> {
    /// Of an event, among rows that are sorted.
    pub fn of(event_id: u64, parted: &'a [PartedRow]) -> Versions<'a> {
        let from = parted.partition_point(|row| row.event_id < event_id);
        let to = parted.partition_point(|row| row.event_id <= event_id);
        Versions(&parted[from..to])
    }

    /// The one of the run.
    fn factual(&self) -> Option<&PartedRow> {
        self.0.iter().find(|row| row.sides().on(Side::FACTUAL))
    }

    /// The sides on which the event is as it is in the run: the same, or not there either.
    pub fn as_factual(&self) -> Sides {
        match self.factual() {
            Some(row) => row.sides(),
            None => self
                .0
                .iter()
                .map(PartedRow::sides)
                .collect::<Sides>()
                .others(),
        }
    }

    /// Whether the event is not as it is on a side because of scarcity alone.
    pub fn by_scarcity(&self, names: &Names, side: Side) -> bool {
        let scarcity = match self.factual() {
            Some(row) => row.scarcity(),
            None => {
                let there = self.0.iter().map(|row| row.scarcity().and(row.sides()));
                there.collect()
            }
        };
        names.by_scarcity(self.as_factual().others(), scarcity, side)
    }
}

/// The attribution of a block of rows.
pub struct Attribution<'a> {
    /// One each; none stand for nobody at all.
    named: &'a [Named],
    program: &'a Program,
}

impl<'a> Attribution<'a> {
    /// That of these rows.
    pub fn new(program: &'a Program, named: &'a [Named]) -> Attribution<'a> {
        let named = match named.iter().any(|named| !named.by.is_none()) {
            true => named,
            false => &[],
        };
        Attribution { named, program }
    }

    fn codes(&self) -> impl Iterator<Item = u16> {
        let code = |&Named { by, scarcity }: &Named| match by {
            Label::NONE => 0,
            by => self.program.attribution_code(by, scarcity),
        };
        self.named.iter().map(code)
    }

    fn valid(&self) -> impl Iterator<Item = bool> {
        self.named.iter().map(|named| !named.by.is_none())
    }

    /// The column as it is handed over.
    pub fn column(&self) -> Column {
        let validity = if self.named.is_empty() {
            Validity::None
        } else {
            Validity::Mask(self.valid().collect())
        };
        Column {
            values: Values::Text(self.codes().collect()),
            validity,
        }
    }

    /// Adds the column to a digest.
    pub fn digest(&self, hashes: &mut RowHashes<'_>, text_hashes: &[u64]) {
        if self.named.is_empty() {
            hashes.missing();
        } else {
            let words = self.codes().map(|code| text_hashes[usize::from(code)]);
            hashes.column_where(self.valid(), words);
        }
    }
}

/// For each row whether two chunks with as many rows have the same values in it, whoever made them so.
pub fn same_rows(a: &Chunk, b: &Chunk) -> Vec<bool> {
    let mut same = vec![true; a.rows];
    for (number, (a, b)) in a.columns.iter().zip(&b.columns).enumerate() {
        if number != ATTRIBUTION {
            same_column(a, b, &mut same);
        }
    }
    same
}

/// Of rows that have been the same so far, those that are so in one more column.
pub fn same_column(a: &Column, b: &Column, same: &mut [bool]) {
    fn all<T: PartialEq>(
        a: impl IntoIterator<Item = T>,
        b: impl IntoIterator<Item = T>,
        same: &mut [bool],
    ) {
        same.iter_mut()
            .zip(a.into_iter().zip(b))
            .for_each(|(same, (a, b))| *same &= a == b);
    }
    if a.validity != b.validity {
        for (row, same) in same.iter_mut().enumerate() {
            *same &= a.validity.has(row) == b.validity.has(row);
        }
    }
    match (&a.values, &b.values) {
        (Values::Id(a), Values::Id(b)) => all(a, b, same),
        (Values::Time(a), Values::Time(b)) => all(a, b, same),
        (Values::Float(a), Values::Float(b)) => all(a, b, same),
        (Values::Int(a), Values::Int(b)) => all(a, b, same),
        (Values::Exact(a, _), Values::Exact(b, _)) => all(a, b, same),
        (Values::Small(a), Values::Small(b)) | (Values::Text(a), Values::Text(b)) => {
            all(a, b, same)
        }
        (Values::Bool(a), Values::Bool(b)) => all(a, b, same),
        (Values::String(a), Values::String(b)) => all(a.iter(), b.iter(), same),
        (
            Values::Id(_)
            | Values::Time(_)
            | Values::Float(_)
            | Values::Int(_)
            | Values::Exact(..)
            | Values::Small(_)
            | Values::Text(_)
            | Values::String(_)
            | Values::Bool(_),
            _,
        ) => same.fill(false),
    }
}

/// How modifiers bend the values of a stream's rows, apart from what its events carry.
#[derive(Clone, Debug, Default)]
pub struct BentFields {
    /// The modified parameters on which they depend, in order.
    pub modified: Vec<u16>,
    /// The variables that depend on them, by their places, in order.
    pub variables: Vec<u16>,
}

impl BentFields {
    /// Of the rows of a stream.
    pub fn of(stream: &Stream) -> BentFields {
        let (mut bent, mut slots) = (BentFields::default(), Vec::new());
        let later = (0..).zip(&stream.variables);
        for (place, variable) in later.filter(|(_, v)| v.written && !v.stage.is_kept()) {
            let (before, mut depends) = (bent.modified.len(), false);
            visit_all(stream, &variable.value, &mut |e| match e {
                Expr::Modified(at, _) => bent.modified.push(*at),
                Expr::Slot(slot) => depends |= slots.contains(slot),
                Expr::Lines(lines) => depends |= lines.slots().any(|slot| slots.contains(&slot)),
                _ => {}
            });
            if depends || bent.modified.len() > before {
                bent.variables.push(place);
                slots.push(variable.slot);
            }
        }
        bent.modified.sort_unstable();
        bent.modified.dedup();
        bent
    }
}

/// Also what the effects read that an expression asks for, which may ask for others.
fn visit_all(stream: &Stream, e: &Expr, f: &mut impl FnMut(&Expr)) {
    let mut effects = Vec::new();
    e.visit(&mut |e| {
        if let Expr::Happens(effect) = e {
            effects.push(&stream.effects[usize::from(*effect)]);
        }
        f(e);
    });
    for effect in effects {
        for e in effect.when.iter().chain([&effect.probability]) {
            visit_all(stream, e, f);
        }
    }
}
