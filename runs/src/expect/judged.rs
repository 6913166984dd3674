//! What several seeds say of an expectation.

use causeflow_engine::base::time::Time;
use causeflow_engine::kernel::experiment::Interval as Mean;
use causeflow_engine::kernel::monitor::Tally;
use causeflow_engine::streams::program::{Program, StreamId};
use causeflow_engine::streams::world::Settings;
use causeflow_models::{Expectation, Expected, Figure, Measure, RowsOf, TotalOf};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::CONFIDENCE;
use super::figures::{plain, shown};
use super::watcher::{Seen, Sum};
use crate::numbers::{count, instant};

/// What a test came to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Tested {
    /// The model's name.
    pub model: String,
    /// Whether all expectations hold.
    pub holds: bool,
    /// The seeds.
    pub seeds: Vec<String>,
    /// When each run begins.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// The share of the model's population and traffic.
    pub scale: f64,
    /// How probable it is that an interval has the true mean in it.
    pub confidence: f64,
    /// The expectations, by name.
    pub expectations: Vec<Judged>,
}

/// What became of an expectation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// What it means.
    pub description: Option<String>,
    /// Whether it holds.
    pub holds: bool,
    /// What was expected, in words.
    pub expected: String,
    /// What was found, in words.
    pub found: String,
    /// How many rows were looked at, in all seeds.
    pub rows: u64,
    /// Between which numbers the figure is to lie, if it is about one; spans in seconds.
    pub bounds: Option<Bounds>,
    /// Its mean over the seeds, if two of them have a value.
    pub interval: Option<Interval>,
    /// What each seed has.
    pub of_seeds: Vec<OfSeed>,
    /// How many rows break it, in all seeds, if it is about each row.
    pub broken: Option<u64>,
    /// The first row that does, in the first seed that has one.
    pub first_break: Option<Break>,
}

/// Between which numbers a figure is to lie.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Bounds {
    /// The least.
    pub least: Option<f64>,
    /// The most.
    pub most: Option<f64>,
}

/// A mean with its confidence interval; spans in seconds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What one seed has.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OfSeed {
    /// The seed.
    pub seed: String,
    /// The figure, or the sum; spans in seconds. None where there are no rows that it could be of.
    pub value: Option<f64>,
    /// The sum that it is to equal.
    pub other: Option<f64>,
    /// How many rows break what holds for each.
    pub broken: u64,
}

/// A row for which something does not hold.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Break {
    /// The seed.
    pub seed: String,
    /// The stream.
    pub stream: String,
    /// The event.
    pub event_id: String,
    /// When it happened.
    pub time: String,
    /// Its fields.
    pub fields: Map<String, Value>,
}

/// Rounding of sums, as a share of the sum of the magnitudes.
const ROUNDING: f64 = 1e-9;

/// What becomes of an expectation.
pub fn judged<'s>(
    expectation: &Expectation,
    program: &Program,
    settings: &Settings,
    of_seeds: impl Iterator<Item = (u64, &'s Seen)> + Clone,
) -> Judged {
    let judge = Judge { program, settings };
    let verdict = match &expectation.expected {
        Expected::Between(figure, bounds, measure) => {
            judge.figure(figure, *bounds, *measure, of_seeds.clone())
        }
        Expected::Equal(totals, within) => judge.equal(totals, *within, of_seeds.clone()),
        Expected::Holds(rows, condition) => {
            let expected = format!("{} in each {}", condition.text, judge.rows(rows));
            judge.each(expected, of_seeds.clone())
        }
        Expected::After(rows, before, (key, _)) => {
            let name = &program.streams[*before].name;
            let by = match key.checked_sub(causeflow_engine::base::head::FIELDS) {
                None => "of its chain".to_owned(),
                Some(field) => {
                    let (spec, _) = &program.streams[rows.stream].fields[field];
                    format!("with its {}", spec.name)
                }
            };
            let expected = format!("each {} comes after a {name} {by}", judge.rows(rows));
            judge.each(expected, of_seeds.clone())
        }
    };
    Judged {
        name: expectation.name.clone(),
        description: expectation.description.clone(),
        rows: of_seeds.map(|(_, seen)| seen.rows).sum(),
        ..verdict
    }
}

struct Judge<'a> {
    program: &'a Program,
    settings: &'a Settings,
}

impl Judge<'_> {
    fn rows(&self, rows: &RowsOf) -> String {
        let name = &self.program.streams[rows.stream].name;
        match &rows.filter {
            None => name.clone(),
            Some(filter) => format!("{name} where {}", filter.text),
        }
    }

    /// A figure of one seed; none without rows that it could be of.
    fn value(&self, figure: &Figure, seen: &Seen) -> Option<f64> {
        let days = (self.settings.end - self.settings.start).days() * self.settings.scale;
        let (above, below) = match figure {
            Figure::Rate(_) => (seen.sum.count as f64, days),
            Figure::Share(..) => (seen.sum.count as f64, seen.other.count as f64),
            Figure::Mean(_) => (seen.sum.value, seen.sum.count as f64),
            Figure::Sum(_) => (seen.sum.value, days),
        };
        (below > 0.0).then(|| above / below)
    }

    fn figure<'s>(
        &self,
        figure: &Figure,
        (low, high): (f64, f64),
        measure: Measure,
        of_seeds: impl Iterator<Item = (u64, &'s Seen)> + Clone,
    ) -> Judged {
        let values = of_seeds.map(|(seed, seen)| (seed, self.value(figure, seen)));
        let mut tally = Tally::default();
        let known = values.clone().filter_map(|(_, value)| value);
        known.for_each(|value| tally.record(value));
        let mean = Mean::of(&tally, CONFIDENCE).filter(|mean| mean.half_width.is_finite());
        let seeds = values.clone().count();
        // Rounding is no difference: means of equal values may be apart in their last bits.
        let rounding = |mean: &Mean| ROUNDING * mean.mean.abs();
        let meets = |mean: &Mean| {
            mean.low() <= high + rounding(mean) && mean.high() >= low - rounding(mean)
        };
        let say = |value| shown(value, measure);
        let found = match &mean {
            None => format!(
                "rows that it could be of in {} of {seeds} seeds, and it takes 2",
                tally.count()
            ),
            Some(mean) => {
                let without = seeds as u64 - tally.count();
                let without = match without {
                    0 => String::new(),
                    _ => format!(", and no rows that it could be of in {without} of {seeds} seeds"),
                };
                let (low, high) = (say(mean.low()), say(mean.high()));
                format!("{} ({low} to {high}){without}", say(mean.mean))
            }
        };
        let of_seeds = values.map(|(seed, value)| OfSeed {
            seed: seed.to_string(),
            value: value.map(|value| plain(value, measure)),
            other: None,
            broken: 0,
        });
        let bound = |bound: f64| bound.is_finite().then(|| plain(bound, measure));
        Judged {
            holds: mean.as_ref().is_some_and(meets),
            expected: self.expected(figure, (low, high), say),
            found,
            bounds: Some(Bounds {
                least: bound(low),
                most: bound(high),
            }),
            interval: mean.map(|mean| Interval {
                mean: plain(mean.mean, measure),
                low: plain(mean.low(), measure),
                high: plain(mean.high(), measure),
            }),
            of_seeds: of_seeds.collect(),
            ..Judged::nothing()
        }
    }

    /// What is expected of a figure, in words.
    fn expected(
        &self,
        figure: &Figure,
        (low, high): (f64, f64),
        say: impl Fn(f64) -> String,
    ) -> String {
        let range = match (low.is_finite(), high.is_finite()) {
            (true, true) => format!("{} to {}", say(low), say(high)),
            (true, false) => format!("at least {}", say(low)),
            _ => format!("at most {}", say(high)),
        };
        let all = |stream: StreamId| &self.program.streams[stream].name;
        let of = |total: &TotalOf| format!("{} over {}", total.value.text, self.rows(&total.rows));
        match figure {
            Figure::Rate(rows) => format!("{range} a day of {}", self.rows(rows)),
            Figure::Share(rows, whole) => {
                format!("{range} of {}: {}", all(*whole), self.rows(rows))
            }
            Figure::Mean(total) => format!("a mean of {range}: {}", of(total)),
            Figure::Sum(total) => format!("a sum of {range} a day: {}", of(total)),
        }
    }

    fn equal<'s>(
        &self,
        [one, other]: &[TotalOf; 2],
        within: f64,
        of_seeds: impl Iterator<Item = (u64, &'s Seen)> + Clone,
    ) -> Judged {
        let differ = |seen: &Seen| !is_equal(&seen.sum, &seen.other, within);
        let wrong = of_seeds.clone().filter(|(_, seen)| differ(seen));
        let (number, seeds) = (wrong.clone().count(), of_seeds.clone().count());
        let any = of_seeds.clone().any(|(_, seen)| seen.rows > 0);
        let found = match wrong.clone().next() {
            _ if !any => "no rows in any seed".to_owned(),
            None => "the same in all seeds".to_owned(),
            Some((seed, seen)) => format!(
                "another one in {number} of {seeds} seeds, first in seed {seed}: {} and {}",
                seen.sum.value, seen.other.value
            ),
        };
        let name =
            |total: &TotalOf| format!("{} over {}", total.value.text, self.rows(&total.rows));
        let within = match within {
            0.0 => String::new(),
            within => format!(", within {}", shown(within, Measure::Share)),
        };
        let of_seeds = of_seeds.map(|(seed, seen)| OfSeed {
            seed: seed.to_string(),
            value: Some(seen.sum.value),
            other: Some(seen.other.value),
            broken: 0,
        });
        Judged {
            holds: any && number == 0,
            expected: format!(
                "the same sum of {} and of {}{within}",
                name(one),
                name(other)
            ),
            found,
            of_seeds: of_seeds.collect(),
            ..Judged::nothing()
        }
    }

    fn each<'s>(
        &self,
        expected: String,
        of_seeds: impl Iterator<Item = (u64, &'s Seen)> + Clone,
    ) -> Judged {
        let rows: u64 = of_seeds.clone().map(|(_, seen)| seen.rows).sum();
        let broken: u64 = of_seeds.clone().map(|(_, seen)| seen.broken).sum();
        let mut breaks = of_seeds.clone().filter_map(|(seed, seen)| {
            let row = seen.first.as_ref()?;
            Some(Break {
                seed: seed.to_string(),
                stream: self.program.streams[row.stream].name.clone(),
                event_id: row.event_id.to_string(),
                time: instant(Time(row.time)),
                fields: row.fields.clone(),
            })
        });
        let first = breaks.next();
        let found = match &first {
            _ if rows == 0 => "no rows of which it could be told".to_owned(),
            None => format!("all {} do", count(rows)),
            Some(first) => format!(
                "{} of {} do not, first in seed {}: {} {} at {}{}",
                count(broken),
                count(rows),
                first.seed,
                first.stream,
                first.event_id,
                first.time,
                in_words(&first.fields)
            ),
        };
        let of_seeds = of_seeds.map(|(seed, seen)| OfSeed {
            seed: seed.to_string(),
            value: None,
            other: None,
            broken: seen.broken,
        });
        Judged {
            holds: rows > 0 && broken == 0,
            expected,
            found,
            of_seeds: of_seeds.collect(),
            broken: Some(broken),
            first_break: first,
            ..Judged::nothing()
        }
    }
}

/// Whether two sums are the same but for rounding, or differ by no more than a share of the larger one.
fn is_equal(one: &Sum, other: &Sum, within: f64) -> bool {
    let allowed = within * one.value.abs().max(other.value.abs());
    (one.value - other.value).abs() <= allowed + ROUNDING * (one.magnitude + other.magnitude)
}

fn in_words(fields: &Map<String, Value>) -> String {
    let fields = fields.iter().map(|(name, value)| format!("{name} {value}"));
    let fields: Vec<String> = fields.collect();
    match fields.is_empty() {
        true => String::new(),
        false => format!(" with {}", fields.join(", ")),
    }
}

impl Judged {
    fn nothing() -> Judged {
        Judged {
            name: String::new(),
            description: None,
            holds: false,
            expected: String::new(),
            found: String::new(),
            rows: 0,
            bounds: None,
            interval: None,
            of_seeds: Vec::new(),
            broken: None,
            first_break: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(values: &[f64]) -> Sum {
        Sum {
            value: values.iter().sum(),
            magnitude: values.iter().map(|value| value.abs()).sum(),
            count: values.len() as u64,
        }
    }

    proptest! {
        #[test]
        fn sums_are_the_same_in_any_order_and_not_if_a_cent_is_missing(
            cents in prop::collection::vec(-1_000_000_i32..1_000_000, 1..200),
        ) {
            let mut values: Vec<f64> = cents.iter().map(|&cents| f64::from(cents) / 100.0).collect();
            let one = sum(&values);
            values.reverse();
            prop_assert!(is_equal(&one, &sum(&values), 0.0));
            values.push(0.01 + one.magnitude * 1e-8);
            prop_assert!(!is_equal(&one, &sum(&values), 0.0));
        }
    }

    #[test]
    fn sums_may_differ_by_the_share_that_is_allowed() {
        let (one, other) = (sum(&[100.0]), sum(&[95.0]));
        assert!(is_equal(&one, &other, 0.05));
        assert!(!is_equal(&one, &other, 0.04));
        assert!(is_equal(&sum(&[]), &sum(&[]), 0.0));
    }
}
