//! How a session differs from what is usual: from itself without interventions, event by event as the sides of the engine tell, and from
//! the baseline that it is held against.

use std::ops::Range;
use std::sync::Arc;

use causeflow_baselines::{Baseline, Figures, Pool, Resolution, intervals};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::attribution::Difference;
use causeflow_engine::streams::play::StreamResult;
use causeflow_engine::streams::program::Without;
use causeflow_engine::streams::sides::Side;
use causeflow_scenarios::effects::Basis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::past::Past;
use crate::error::Result;
use crate::finished::{self, Statistic};
use crate::numbers::as_instant;

/// What a session is held against, event by event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Twin {
    /// The session without any intervention.
    #[default]
    Untouched,
    /// The session without what was asked for: external events that come by themselves are on both sides.
    Commands,
}

/// How a session differs from its twin, and from its baseline.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SessionDifference {
    /// The twin.
    pub against: Twin,
    /// The first whole hour.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub from: Time,
    /// The end of the last one.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub to: Time,
    /// The length of the intervals that statistics are of.
    pub resolution: &'static str,
    /// Stream by stream.
    pub streams: Vec<StreamAgainst>,
}

/// How a stream differs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StreamAgainst {
    /// Its name.
    pub stream: String,
    /// Its events.
    pub events: u64,
    /// Those of the twin.
    pub twin_events: u64,
    /// Events that the twin does not have, or not at this time.
    pub added: u64,
    /// Events that only the twin has, or at another time: one that was moved is one added and one removed.
    pub removed: u64,
    /// Events with other values.
    pub changed: u64,
    /// Those of all three that contention alone has made.
    pub contention: u64,
    /// How many events the baseline would lead one to expect in this time, if the session has one.
    pub expected: Option<Expectation>,
    /// Figures of the stream's intervals.
    pub statistics: Sides,
}

/// What is expected by a baseline.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Expectation {
    /// Events: the means of all hours by their classes, added up.
    pub events: f64,
    /// How far off that usually is, if hours are independent.
    pub sigma: f64,
}

/// The same figures of what is compared.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Sides {
    /// The session's, over the time that is asked for; missing without a whole interval.
    pub session: Option<Summary>,
    /// Those without any intervention.
    pub untouched: Option<Summary>,
    /// Those of the baseline that was given, over all its days.
    pub baseline: Option<Summary>,
}

/// What the counts of some intervals are like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Summary {
    /// How many intervals there are.
    pub intervals: u64,
    /// The mean count.
    pub mean: f64,
    /// The median.
    pub median: f64,
    /// The standard deviation; none of a single interval.
    pub std_dev: Option<f64>,
    /// The least count.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The 95th percentile.
    pub p95: f64,
}

/// The baseline that a session is held against.
pub(super) struct Given {
    statistics: Vec<Statistic>,
    pub baseline: Arc<Baseline>,
}

impl Given {
    pub fn of(statistics: Vec<Statistic>) -> Given {
        Given {
            baseline: Arc::new(finished::baseline(&statistics)),
            statistics,
        }
    }

    fn summary(&self, stream: &str, resolution: Resolution) -> Option<Summary> {
        let mut rows = self.statistics.iter();
        let row = rows.find(|row| {
            row.is_whole() && row.stream == stream && row.resolution == resolution.name()
        })?;
        Some(Summary {
            intervals: row.intervals? as u64,
            mean: row.mean?,
            median: row.median?,
            std_dev: row.std_dev,
            min: row.min?,
            max: row.max?,
            p95: row.p95?,
        })
    }
}

impl Summary {
    fn of(figures: &Figures) -> Summary {
        let summary = &figures.summary;
        Summary {
            intervals: summary.count() as u64,
            mean: summary.mean,
            median: summary.quantile(0.5),
            std_dev: summary.std_dev,
            min: summary.min(),
            max: summary.max(),
            p95: summary.quantile(0.95),
        }
    }
}

impl Past {
    /// How the session differs from its twin and from its baseline in the whole hours before `now` of a range, in some streams or in all.
    ///
    /// # Errors
    /// When there is no such stream.
    pub fn against(
        &self,
        twin: Twin,
        range: &Range<Time>,
        resolution: Resolution,
        streams: Option<&[String]>,
        now: Time,
    ) -> Result<SessionDifference> {
        self.check_streams(streams)?;
        let first = range.start.max(self.start());
        let from = Time(first.0 + Span::HOUR.0 - 1).floor_to(Span::HOUR);
        let to = range.end.min(now).floor_to(Span::HOUR).max(from);
        let range = from..to;
        let on = |side| self.summaries(side, &range, resolution);
        let (factual, untouched) = (on(Side::FACTUAL), on(Side::UNTOUCHED));
        let basis = match twin {
            Twin::Untouched => Some(Side::UNTOUCHED),
            Twin::Commands => self.bent.side_without(Without::AskedFor),
        };
        let basis = basis.filter(|side| *side != Side::FACTUAL);
        let wanted =
            |stream: &StreamResult| streams.is_none_or(|streams| streams.contains(&stream.name));
        let all = self.streams.iter().zip(factual).zip(untouched);
        let all = all.filter(|((stream, _), _)| wanted(stream));
        let all = all.map(|((stream, session), untouched)| {
            let given = self.given_baseline.as_ref();
            StreamAgainst {
                expected: self.expectation(&stream.name, &range),
                statistics: Sides {
                    session,
                    untouched,
                    baseline: given.and_then(|given| given.summary(&stream.name, resolution)),
                },
                ..counted(stream, basis, &range)
            }
        });
        Ok(SessionDifference {
            against: twin,
            from,
            to,
            resolution: resolution.name(),
            streams: all.collect(),
        })
    }

    /// What each stream's intervals are like on a side.
    fn summaries(
        &self,
        side: Side,
        range: &Range<Time>,
        resolution: Resolution,
    ) -> Vec<Option<Summary>> {
        let (program, seed) = (self.program(), self.seed());
        let (zone, weekend) = (&program.zone, program.weekend);
        let pool = Pool::of_side(zone, weekend, range, seed, &self.streams, side);
        let statistics = pool.statistics();
        let of = statistics.iter().map(|one| {
            let mut resolutions = one.resolutions.iter();
            let of = resolutions.find(|of| of.resolution == resolution)?;
            of.all.as_ref().map(Summary::of)
        });
        of.collect()
    }

    fn expectation(&self, stream: &str, range: &Range<Time>) -> Option<Expectation> {
        let baseline = &self.given_baseline.as_ref()?.baseline;
        let program = self.program();
        let hours = intervals(&program.zone, program.weekend, range, Resolution::Hour);
        let (mut events, mut variance) = (0.0, 0.0);
        for hour in &hours {
            let expected = baseline.expected(stream, Resolution::Hour, hour.class)?;
            events += expected.mean;
            variance += expected.sigma * expected.sigma;
        }
        let sigma = f64::sqrt(variance);
        Some(Expectation { events, sigma })
    }
}

/// What a stream has in a range, and what of it another side does not have.
fn counted(stream: &StreamResult, basis: Option<Side>, range: &Range<Time>) -> StreamAgainst {
    let events = stream.series.between(range.clone()).on(Side::FACTUAL).count;
    let hours = range.start.index_of(Span::HOUR)..range.end.index_of(Span::HOUR);
    let (mut all, mut scarce) = (Difference::default(), Difference::default());
    if let Some(side) = basis {
        for (hour, [total, contention]) in Basis::Without(side).hours(stream) {
            if hours.contains(&hour) {
                all.merge(&total);
                scarce.merge(&contention);
            }
        }
    }
    StreamAgainst {
        stream: stream.name.clone(),
        events,
        twin_events: (events + all.removed).saturating_sub(all.added),
        added: all.added,
        removed: all.removed,
        changed: all.changed,
        contention: scarce.added + scarce.removed + scarce.changed,
        expected: None,
        statistics: Sides {
            session: None,
            untouched: None,
            baseline: None,
        },
    }
}
