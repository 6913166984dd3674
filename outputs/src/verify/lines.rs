//! Documents and their lines: lines are numbered from 1 without a gap, and what a document says that they come to is what they
//! do. What is about one document meets in the part of its id.

use super::finding::Check;
use super::join::{Checking, Join};
use super::records::Record;
use super::rows::{FileCheck, Heads};
use super::rules::{Gathering, LinesRules, SumRules};
use super::store::{Kind, Outbox};
use crate::arrays::exact_units;
use crate::arrow::array::{ArrayRef, AsArray, RecordBatch};
use crate::arrow::buffer::MutableBuffer;
use crate::arrow::datatypes::{Float64Type, Int32Type};
use crate::error::Error;
use causeflow_engine::base::draw::Key;
use causeflow_engine::base::table::ColumnType;

/// Words of a record: the document's id, what it is about, a value, and the line's number, which is 0 in what the document says.
const WORDS: usize = 4;

/// What a record is about: a rule of lines, the place of a sum in it, from 1; 0 is that there is a line.
fn about(rule: usize, sum: usize) -> u64 {
    (rule as u64) << 32 | sum as u64
}

/// The numbers of a column: exact ones in their units, all others as the bits of floats.
fn numbers(array: &ArrayRef, kind: ColumnType) -> Vec<u64> {
    match kind {
        ColumnType::Exact(_) => {
            let units = exact_units(array);
            units
                .iter()
                .map(|units| units.unwrap_or(0) as u64)
                .collect()
        }
        ColumnType::Int => {
            let values = array.as_primitive::<Int32Type>().values().iter();
            values.map(|&x| f64::from(x).to_bits()).collect()
        }
        ColumnType::Bool => {
            let values = array.as_boolean().values().iter();
            values.map(|x| f64::from(u8::from(x)).to_bits()).collect()
        }
        ColumnType::Float => {
            let values = array.as_primitive::<Float64Type>().values().iter();
            values.map(|x| x.to_bits()).collect()
        }
        ColumnType::Id
        | ColumnType::Time
        | ColumnType::Small
        | ColumnType::Text
        | ColumnType::String => Vec::new(),
    }
}

impl FileCheck<'_> {
    /// Checks the numbers of lines, and keeps what rows say of documents and lines.
    pub(super) fn lines(
        &mut self,
        batch: &RecordBatch,
        heads: &Heads,
        outbox: &mut Outbox<'_>,
    ) -> Result<(), Error> {
        let Some((rules, _)) = self.rules else {
            return Ok(());
        };
        for (rule, lines) in rules.lines.iter().enumerate() {
            if lines.lines == self.stream {
                self.of_lines(batch, heads, (rule, lines), outbox)?;
            }
            if lines.document == Some(self.stream) {
                for (sum, of) in (1..).zip(&lines.sums) {
                    let said = self.numbers_at(batch, of.column);
                    for (&id, &said) in heads.ids.iter().zip(&said) {
                        push(outbox, [id, about(rule, sum), said, 0])?;
                    }
                }
            }
        }
        Ok(())
    }

    fn numbers_at(&self, batch: &RecordBatch, column: usize) -> Vec<u64> {
        let left_out = self.columns.len() - batch.num_columns();
        numbers(batch.column(column - left_out), self.columns[column].kind)
    }

    fn of_lines(
        &mut self,
        batch: &RecordBatch,
        heads: &Heads,
        (rule, lines): (usize, &LinesRules),
        outbox: &mut Outbox<'_>,
    ) -> Result<(), Error> {
        let places = self.numbers_at(batch, lines.number);
        let sums = (1..).zip(&lines.sums);
        let sums = sums.filter_map(|(sum, of)| Some((sum, self.numbers_at(batch, of.of?))));
        let sums: Vec<(usize, Vec<u64>)> = sums.collect();
        for (row, (&id, &place)) in heads.ids.iter().zip(&places).enumerate() {
            let document = heads.causes.value(row);
            let number = f64::from_bits(place);
            let before = (number - 1.0).max(0.0) as u64;
            if number < 1.0 || Key(document).child(lines.purpose, before).0 != id {
                self.add(Check::Lines, heads, row, Some(lines.number), || {
                    let expected = "the line's number, which its id has, too".to_owned();
                    (number.to_string(), expected)
                });
                continue;
            }
            push(outbox, [document, about(rule, 0), 0, before + 1])?;
            for (sum, values) in &sums {
                push(
                    outbox,
                    [document, about(rule, *sum), values[row], before + 1],
                )?;
            }
        }
        Ok(())
    }
}

fn push(outbox: &mut Outbox<'_>, words: [u64; WORDS]) -> Result<(), Error> {
    outbox.push(
        Kind::Lines,
        Record {
            words,
            length: WORDS,
        },
    )
}

impl Join<'_> {
    /// Checks the documents of a part.
    pub(super) fn lines(
        &self,
        part: usize,
        buffer: &mut MutableBuffer,
        checking: &mut Checking<'_>,
    ) -> Result<(), Error> {
        let Some(rules) = self
            .rules
            .filter(|rules| self.is_whole && !rules.lines.is_empty())
        else {
            return Ok(());
        };
        let mut words = Vec::new();
        self.store.read(part, Kind::Lines, buffer, &mut words)?;
        let (records, _) = words.as_chunks_mut::<WORDS>();
        // What a document says comes before its lines.
        records.sort_unstable_by_key(|[id, about, value, number]| (*id, *about, *number, *value));
        for records in records.chunk_by(|a, b| a[0] == b[0]) {
            let numbered = |[_, about, _, _]: &&[u64; WORDS]| *about as u32 == 0;
            let there = records.iter().filter(numbered).count() as u64;
            let (id, rule) = (records[0][0], (records[0][1] >> 32) as usize);
            let lines = &rules.lines[rule];
            let last = records
                .iter()
                .filter(numbered)
                .map(|record| record[3])
                .max();
            if last.is_some_and(|last| last != there) {
                let place = (lines.lines, 0, id);
                checking.findings.add(Check::Lines, place, || {
                    let last = last.unwrap_or(0);
                    let found = format!("{there} lines of {id}, the last with the number {last}");
                    let mut finding = self.finding(place, "line", found, "no gap".to_owned());
                    finding.id = None;
                    finding
                });
            }
            for (sum, of) in (1..).zip(&lines.sums) {
                let about = about(rule, sum);
                let mut said = records.iter().filter(|record| record[1] == about);
                // Without one the document is not there, which is told as a missing cause.
                let Some([_, _, said, 0]) = said.next() else {
                    continue;
                };
                let values = records
                    .iter()
                    .filter(|record| record[1] == about && record[3] > 0);
                let values = values.map(|record| record[2]);
                let come_to = of.come_to(values, there);
                if !of.is_said(*said, come_to) {
                    let place = (lines.document.unwrap_or(lines.lines), 0, id);
                    checking.findings.add(Check::Lines, place, || {
                        let expected = format!("{}, as its lines say", of.shown(come_to));
                        self.finding(place, &of.name, of.shown(*said), expected)
                    });
                }
            }
        }
        Ok(())
    }
}

impl SumRules {
    /// What lines come to, in the order of their numbers.
    fn come_to(&self, values: impl Iterator<Item = u64>, there: u64) -> u64 {
        let exact = |a: u64, b: u64| match self.gathering {
            Gathering::Min => (a as i64).min(b as i64),
            Gathering::Max => (a as i64).max(b as i64),
            // What the engine wrote has not overflowed.
            Gathering::Sum | Gathering::Count => (a as i64).wrapping_add(b as i64),
        } as u64;
        let number = |a: u64, b: u64| {
            let (a, b) = (f64::from_bits(a), f64::from_bits(b));
            match self.gathering {
                Gathering::Min => a.min(b),
                Gathering::Max => a.max(b),
                Gathering::Sum | Gathering::Count => a + b,
            }
            .to_bits()
        };
        let come_to = match (self.gathering, self.digits) {
            (Gathering::Count, _) => return (there as f64).to_bits(),
            (_, Some(_)) => values.reduce(exact),
            (_, None) => values.reduce(number),
        };
        come_to.unwrap_or(0)
    }

    /// Whether a document says that: exactly, but for the decimals to which it rounds.
    fn is_said(&self, said: u64, come_to: u64) -> bool {
        if said == come_to || self.digits.is_some() {
            return said == come_to;
        }
        let (said, come_to) = (f64::from_bits(said), f64::from_bits(come_to));
        let rounded = self.power.map_or(0.0, |power| 0.5 / power);
        // The last bit of what is rounded is that of another operation.
        said == come_to
            || rounded > 0.0 && (said - come_to).abs() <= rounded + come_to.abs() * 1e-12
    }

    fn shown(&self, word: u64) -> String {
        match self.digits {
            Some(digits) => digits.show(word as i64).to_string(),
            None => f64::from_bits(word).to_string(),
        }
    }
}
