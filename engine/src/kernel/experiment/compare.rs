//! Two systems under the same draws.

use super::{ExperimentError, Interval, Outcomes};
use crate::kernel::monitor::Tally;

/// The outcomes of two systems, replication by replication.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    first: Outcomes,
    second: Outcomes,
}

impl Comparison {
    /// Of outcomes of one experiment: both measure the same, in as many replications.
    pub(super) fn new(first: Outcomes, second: Outcomes) -> Result<Comparison, ExperimentError> {
        if first.names() != second.names() {
            return Err(ExperimentError::OtherMeasures {
                replication: 0,
                found: second.names().to_vec(),
                expected: first.names().to_vec(),
            });
        }
        Ok(Comparison { first, second })
    }

    /// The first system.
    pub fn first(&self) -> &Outcomes {
        &self.first
    }

    /// The second system.
    pub fn second(&self) -> &Outcomes {
        &self.second
    }

    /// Second minus first, independent value by independent value.
    fn differences(&self, measure: &str) -> Option<Tally> {
        let (first, second) = (
            self.first.independent(measure)?,
            self.second.independent(measure)?,
        );
        Some(second.iter().zip(&first).map(|(b, a)| b - a).collect())
    }

    /// By how much the second system's mean is above the first's: the paired differences with their confidence interval. The
    /// systems differ, at this confidence, when the interval does not hold zero.
    pub fn difference(&self, measure: &str) -> Option<Interval> {
        Interval::of(&self.differences(measure)?, self.first.confidence())
    }

    /// By what factor pairing has reduced the variance of the difference: 1 when the systems are as good as independent, less
    /// when they move against each other, infinite when all differences are the same.
    pub fn variance_reduction(&self, measure: &str) -> Option<f64> {
        let variance = |values: Vec<f64>| values.into_iter().collect::<Tally>().variance();
        let first = variance(self.first.independent(measure)?)?;
        let second = variance(self.second.independent(measure)?)?;
        let paired = self.differences(measure)?.variance()?;
        Some(if paired > 0.0 {
            (first + second) / paired
        } else {
            f64::INFINITY
        })
    }
}
