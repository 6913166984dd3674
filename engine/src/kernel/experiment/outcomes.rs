//! What replications have measured.

use super::{ExperimentError, Interval};
use crate::kernel::monitor::Tally;
use std::fmt;

/// Named numbers that one replication has measured. A name carries its unit, such as `waiting time / min`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    names: Vec<String>,
    values: Vec<f64>,
}

impl Measures {
    /// No measures yet.
    pub fn new() -> Measures {
        Measures::default()
    }

    /// Adds a measure. Every replication has to give the same ones in the same order, and all of them finite.
    pub fn add(&mut self, name: impl Into<String>, value: f64) {
        self.names.push(name.into());
        self.values.push(value);
    }

    /// The value of a measure.
    pub fn get(&self, name: &str) -> Option<f64> {
        let column = self.names.iter().position(|known| known == name)?;
        Some(self.values[column])
    }
}

impl<const N: usize> From<[(&str, f64); N]> for Measures {
    fn from(measures: [(&str, f64); N]) -> Measures {
        let mut all = Measures::new();
        for (name, value) in measures {
            all.add(name, value);
        }
        all
    }
}

/// The measures of all replications, in the order of their numbers. It prints as a table of means with their intervals.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcomes {
    names: Vec<String>,
    /// By replication, then by measure.
    rows: Vec<Vec<f64>>,
    /// Whether each two replications are an antithetic pair.
    in_pairs: bool,
    confidence: f64,
}

impl Outcomes {
    pub(super) fn new(in_pairs: bool, confidence: f64) -> Outcomes {
        Outcomes {
            names: Vec::new(),
            rows: Vec::new(),
            in_pairs,
            confidence,
        }
    }

    /// Adds the next replication.
    pub(super) fn push(&mut self, measures: Measures) -> Result<(), ExperimentError> {
        let replication = self.count();
        if replication == 0 {
            self.names.clone_from(&measures.names);
        } else if self.names != measures.names {
            return Err(ExperimentError::OtherMeasures {
                replication,
                found: measures.names,
                expected: self.names.clone(),
            });
        }
        let broken = measures.values.iter().position(|value| !value.is_finite());
        if let Some(column) = broken {
            return Err(ExperimentError::NotFinite {
                replication,
                measure: self.names[column].clone(),
                value: measures.values[column],
            });
        }
        self.rows.push(measures.values);
        Ok(())
    }

    pub(super) fn truncate(&mut self, count: u32) {
        self.rows.truncate(count as usize);
    }

    pub(super) fn no_such(&self, measure: &str) -> ExperimentError {
        ExperimentError::NoSuchMeasure {
            measure: measure.to_string(),
            known: self.names.clone(),
        }
    }

    /// How many replications there are.
    pub fn count(&self) -> u32 {
        self.rows.len() as u32
    }

    /// What is measured.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What one replication has measured.
    pub fn replication(&self, number: u32) -> Option<Measures> {
        Some(Measures {
            names: self.names.clone(),
            values: self.rows.get(number as usize)?.clone(),
        })
    }

    /// The values of a measure, by replication.
    pub fn values(&self, measure: &str) -> Option<Vec<f64>> {
        let column = self.names.iter().position(|name| name == measure)?;
        Some(self.rows.iter().map(|row| row[column]).collect())
    }

    /// Values of a measure that are independent of each other: one a replication, or the mean of each antithetic pair.
    pub fn independent(&self, measure: &str) -> Option<Vec<f64>> {
        let values = self.values(measure)?;
        if !self.in_pairs {
            return Some(values);
        }
        let pairs = values.chunks_exact(2);
        Some(pairs.map(|pair| 0.5 * (pair[0] + pair[1])).collect())
    }

    pub(super) fn confidence(&self) -> f64 {
        self.confidence
    }

    /// The mean of a measure with its confidence interval.
    pub fn interval(&self, measure: &str) -> Option<Interval> {
        self.interval_of_first(measure, self.count())
    }

    /// The interval from the first `count` replications.
    pub(super) fn interval_of_first(&self, measure: &str, count: u32) -> Option<Interval> {
        let values = self.independent(measure)?;
        let taken = if self.in_pairs { count / 2 } else { count };
        let tally: Tally = values.into_iter().take(taken as usize).collect();
        Interval::of(&tally, self.confidence)
    }
}

impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.names.iter().map(|name| name.chars().count()).max();
        let width = width.unwrap_or(0);
        for name in &self.names {
            if let Some(interval) = self.interval(name) {
                writeln!(f, "{name:width$}  {interval}")?;
            }
        }
        Ok(())
    }
}
