//! Experiments: replications of a model in parallel, means with confidence intervals, comparisons.
//! A model is a function from a [`Replication`] (which draws to use, when to begin, to observe and to end) to [`Measures`].
//! A replication depends on the experiment and its own number alone, so it is reproduced alone, and no result depends on the threads.
//!
//! ```
//! use causeflow_engine::base::draw::purpose;
//! use causeflow_engine::base::time::Span;
//! use causeflow_engine::kernel::experiment::{Experiment, Measures, Replication};
//!
//! // A service of one minute on average, measured over 100 customers.
//! let model = |replication: &Replication| {
//!     let customer = |number| replication.draws().child(purpose("customer"), number);
//!     let service = |number| customer(number).exponential(purpose("service"), Span::MINUTE);
//!     let mean_us = (0..100).map(|number| service(number).0 as f64).sum::<f64>() / 100.0;
//!     Ok(Measures::from([("service / min", mean_us / Span::MINUTE.0 as f64)]))
//! };
//! let experiment = Experiment::new(42, Span(0), Span::DAY);
//! let outcomes = experiment.run(20, model)?;
//! let service = outcomes.interval("service / min").expect("the model measures it");
//! assert!(service.holds(1.0) && service.half_width < 0.1);
//!
//! let seventh = model(&experiment.replication(7))?;
//! assert_eq!(Some(&seventh), outcomes.replication(7).as_ref());
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! # Variance reduction
//! - **Common random numbers.** Replication i of every experiment with one seed has the same [`Draws`]. Two systems whose draws are keyed
//!   by customer see the same customers at the same times, and [`Experiment::compare`] takes the difference replication by replication.
//! - **Antithetic pairs.** With [`Experiment::antithetic`], replications 2i and 2i + 1 share their draws, mirrored in the second;
//!   intervals are then of the means of pairs, which are independent.

mod compare;
mod draws;
mod interval;
mod outcomes;
mod quick_ln;
mod student;
mod warm_up;

pub use compare::Comparison;
pub use draws::Draws;
pub use interval::Interval;
pub use outcomes::{Measures, Outcomes};
pub use student::t_quantile;
pub use warm_up::{mser5, welch};

use crate::base::draw::{Key, purpose};
use crate::base::time::{Span, Time};
use rayon::prelude::*;
use std::error::Error;
use std::fmt;

/// What a model may fail with.
pub type ModelError = Box<dyn Error + Send + Sync>;

/// So many replications are played before looking whether they are precise enough. The result does not depend on it.
const BATCH: u32 = 16;

/// How a model is run. All replications are alike but for their draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Experiment {
    seed: u64,
    begin: Time,
    warm_up: Span,
    length: Span,
    confidence: f64,
    antithetic: bool,
}

/// One run of a model: its number, its draws, and when to observe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replication {
    number: u32,
    draws: Draws,
    begin: Time,
    observe: Time,
    end: Time,
}

impl Replication {
    /// Its number, from 0 on.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// What everything random in it comes from.
    pub fn draws(&self) -> Draws {
        self.draws
    }

    /// A seed of its own, for what is built from a seed. The two of an antithetic pair have the same.
    pub fn seed(&self) -> u64 {
        self.draws.key().0
    }

    /// When it begins.
    pub fn begin(&self) -> Time {
        self.begin
    }

    /// When the warm-up is over and monitors are reset.
    pub fn observe(&self) -> Time {
        self.observe
    }

    /// When it ends.
    pub fn end(&self) -> Time {
        self.end
    }
}

/// When to stop replicating.
#[derive(Clone, Debug, PartialEq)]
pub struct Precision {
    /// The measure that has to be precise.
    pub measure: String,
    /// Half the width of its interval over its mean has to be at most this.
    pub relative_half_width: f64,
    /// So many replications at least: looking after a few stops too early too often. Ten is a good start.
    pub at_least: u32,
    /// So many replications at most.
    pub at_most: u32,
}

/// What replicating up to a precision has come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Stopped {
    /// The replications played.
    pub outcomes: Outcomes,
    /// Whether they are as precise as was asked for; if not, they are as many as were allowed.
    pub is_precise: bool,
}

/// Why an experiment has no result.
#[derive(Debug)]
pub enum ExperimentError {
    /// The model failed.
    Model {
        /// In this replication.
        replication: u32,
        /// With this.
        source: ModelError,
    },
    /// A measure is infinite or not a number, such as a mean over no customers.
    NotFinite {
        /// In this replication.
        replication: u32,
        /// The measure.
        measure: String,
        /// Its value.
        value: f64,
    },
    /// A replication does not measure what replication 0 does.
    OtherMeasures {
        /// The replication.
        replication: u32,
        /// What it measures.
        found: Vec<String>,
        /// What replication 0 measures.
        expected: Vec<String>,
    },
    /// No replication has such a measure.
    NoSuchMeasure {
        /// The measure asked for.
        measure: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// Intervals need at least two independent values.
    TooFew {
        /// The replications asked for.
        found: u32,
        /// The replications needed.
        needed: u32,
    },
}

impl fmt::Display for ExperimentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExperimentError::Model {
                replication,
                source,
            } => {
                write!(f, "the model failed in replication {replication}: {source}")
            }
            ExperimentError::NotFinite {
                replication,
                measure,
                value,
            } => write!(
                f,
                "`{measure}` is {value} in replication {replication}: measure something that every replication has, or run for longer"
            ),
            ExperimentError::OtherMeasures {
                replication,
                found,
                expected,
            } => write!(
                f,
                "replication {replication} measures {found:?}, but replication 0 measures {expected:?}: give the same measures in the same order"
            ),
            ExperimentError::NoSuchMeasure { measure, known } => {
                write!(f, "the model does not measure `{measure}`, but {known:?}")
            }
            ExperimentError::TooFew { found, needed } => {
                write!(
                    f,
                    "{found} replications are too few: ask for at least {needed}"
                )
            }
        }
    }
}

impl Error for ExperimentError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ExperimentError::Model { source, .. } => Some(source.as_ref()),
            _ => None,
        }
    }
}

impl Experiment {
    /// Replications of `length` after a warm-up, from the epoch on, with confidence 0.95.
    pub fn new(seed: u64, warm_up: Span, length: Span) -> Experiment {
        Experiment {
            seed,
            begin: Time(0),
            warm_up,
            length,
            confidence: 0.95,
            antithetic: false,
        }
    }

    /// Replications begin at this time.
    pub fn beginning(mut self, begin: Time) -> Experiment {
        self.begin = begin;
        self
    }

    /// Intervals hold the true mean with this probability; it lies between 0 and 1.
    pub fn confidence(mut self, confidence: f64) -> Experiment {
        self.confidence = confidence;
        self
    }

    /// Replications 2i and 2i + 1 are an antithetic pair.
    pub fn antithetic(mut self) -> Experiment {
        self.antithetic = true;
        self
    }

    /// The replication with a number. It depends on nothing but the experiment and the number.
    pub fn replication(&self, number: u32) -> Replication {
        let (draws_of, is_mirrored) = if self.antithetic {
            (number / 2, number % 2 == 1)
        } else {
            (number, false)
        };
        let what = purpose("replication");
        let draws = Draws::new(Key::new(self.seed, what).child(what, u64::from(draws_of)));
        let observe = self.begin + self.warm_up;
        Replication {
            number,
            draws: if is_mirrored { draws.mirrored() } else { draws },
            begin: self.begin,
            observe,
            end: observe + self.length,
        }
    }

    /// How many replications an independent value takes.
    fn step(&self) -> u32 {
        if self.antithetic { 2 } else { 1 }
    }

    /// Plays replications 0 to `count` - 1 on the current thread pool. Antithetic pairs are played whole: an odd `count` is raised by one.
    pub fn run(
        &self,
        count: u32,
        model: impl Fn(&Replication) -> Result<Measures, ModelError> + Sync,
    ) -> Result<Outcomes, ExperimentError> {
        let needed = 2 * self.step();
        if count < needed {
            return Err(ExperimentError::TooFew {
                found: count,
                needed,
            });
        }
        let mut outcomes = Outcomes::new(self.antithetic, self.confidence);
        self.extend(&mut outcomes, count.next_multiple_of(self.step()), &model)?;
        Ok(outcomes)
    }

    /// Plays further replications, up to `count` in all.
    fn extend(
        &self,
        outcomes: &mut Outcomes,
        count: u32,
        model: &(impl Fn(&Replication) -> Result<Measures, ModelError> + Sync),
    ) -> Result<(), ExperimentError> {
        let played: Vec<_> = (outcomes.count()..count)
            .into_par_iter()
            .map(|number| (number, model(&self.replication(number))))
            .collect();
        for (replication, measures) in played {
            let measures = measures.map_err(|source| ExperimentError::Model {
                replication,
                source,
            })?;
            outcomes.push(measures)?;
        }
        Ok(())
    }

    /// Plays as many replications as it takes for a measure to be precise: the first number from `at_least` on at which it is, which does
    /// not depend on how many are played at once.
    pub fn run_until(
        &self,
        precision: &Precision,
        model: impl Fn(&Replication) -> Result<Measures, ModelError> + Sync,
    ) -> Result<Stopped, ExperimentError> {
        let step = self.step();
        let at_least = precision.at_least.max(2 * step).next_multiple_of(step);
        let at_most = precision.at_most.max(at_least).next_multiple_of(step);
        let mut outcomes = Outcomes::new(self.antithetic, self.confidence);
        let mut count = at_least;
        loop {
            let played = outcomes.count();
            if count > played {
                let next = count.max(played + BATCH).min(at_most);
                self.extend(&mut outcomes, next, &model)?;
            }
            let interval = outcomes.interval_of_first(&precision.measure, count);
            let interval = interval.ok_or_else(|| outcomes.no_such(&precision.measure))?;
            let is_precise = interval.relative_half_width() <= precision.relative_half_width;
            if is_precise || count == at_most {
                outcomes.truncate(count);
                return Ok(Stopped {
                    outcomes,
                    is_precise,
                });
            }
            count += step;
        }
    }

    /// Plays replications 0 to `count` - 1 of two systems with common random numbers.
    pub fn compare(
        &self,
        count: u32,
        first: impl Fn(&Replication) -> Result<Measures, ModelError> + Sync,
        second: impl Fn(&Replication) -> Result<Measures, ModelError> + Sync,
    ) -> Result<Comparison, ExperimentError> {
        Comparison::new(self.run(count, first)?, self.run(count, second)?)
    }
}
