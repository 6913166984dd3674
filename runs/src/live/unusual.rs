//! What is usual in a session, and the hours that were not.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use causeflow_baselines::{Baseline, Pool, Resolution, history, intervals};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::StreamResult;
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::sides::Side;
use schemars::JsonSchema;
use serde::Serialize;

use super::past::Past;
use crate::numbers::as_instant;

/// It is looked back for anomalies for so long.
const LOOKED_BACK: Span = Span(31 * Span::DAY.0);
/// Of so many days it is kept what was usual up to them.
const DAYS: usize = 3;

/// How unusual a stream's hour is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Its events.
    pub count: u64,
    /// 0 to 100, 50 being the mean.
    pub score: f64,
    /// `normal`, `warning` or `critical`.
    pub flag: &'static str,
}

/// An hour of a stream that turned warning or critical.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Anomaly {
    /// The stream.
    pub stream: String,
    /// The hour's beginning, RFC 3339 in UTC.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub interval_start: Time,
    /// Its events.
    pub value: u64,
    /// 0 to 100, 50 being the mean.
    pub normalized_value: f64,
    /// `warning` or `critical`.
    pub anomaly_flag: &'static str,
}

/// What was usual up to the beginning of a day, once it has been asked for.
type UpToDay = Arc<OnceLock<Arc<Baseline>>>;

/// What was usual up to the beginning of each day, worked out when it is first asked for: commands do not change it.
#[derive(Default)]
pub(super) struct Usual {
    /// After so many resets.
    resets: u32,
    days: Mutex<BTreeMap<Time, UpToDay>>,
}

impl Usual {
    /// That of a session after so many resets; the same one if it is known already.
    pub fn after(known: &mut Arc<Usual>, resets: u32) -> Arc<Usual> {
        if known.resets != resets {
            *known = Arc::new(Usual {
                resets,
                ..Usual::default()
            });
        }
        known.clone()
    }

    fn up_to(&self, day: Time) -> UpToDay {
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        let known = days.entry(day).or_default().clone();
        while days.len() > DAYS {
            days.pop_first();
        }
        known
    }
}

impl Anomaly {
    /// That of a stream's hour, if it was unusual.
    pub fn of(stream: &str, hour: Time, score: Option<Score>) -> Option<Anomaly> {
        let score = score.filter(|score| score.flag != "normal")?;
        Some(Anomaly {
            stream: stream.to_owned(),
            interval_start: hour,
            value: score.count,
            normalized_value: (score.score * 10.0).round() / 10.0,
            anomaly_flag: score.flag,
        })
    }
}

impl Past {
    /// How unusual each stream's hour is, which has to be over, by what was usual up to its day; nothing where nothing is known of
    /// such hours.
    pub fn scores(&self, hour: Time) -> Vec<Option<Score>> {
        let program = self.program();
        let range = hour..hour + Span::HOUR;
        let hours = intervals(&program.zone, program.weekend, &range, Resolution::Hour);
        let baseline = self.baseline_at(hour);
        let score = |stream: &StreamResult| {
            let expected = |class| baseline.expected(&stream.name, Resolution::Hour, class);
            let point = *history(&stream.series, Side::FACTUAL, &hours, expected).first()?;
            Some(Score {
                count: point.tally.count,
                score: point.score?,
                flag: point.flag?.name(),
            })
        };
        self.streams.iter().map(score).collect()
    }

    /// The last hours of streams that turned warning or critical and were over at a time, so many at most, in the order of time.
    /// It is looked back for a month.
    pub fn anomalies(&self, now: Time, most: usize) -> Vec<Anomaly> {
        let first = self.start().floor_to(Span::HOUR).max(now - LOOKED_BACK);
        let mut found = VecDeque::new();
        let mut hour = now.floor_to(Span::HOUR) - Span::HOUR;
        while first <= hour && found.len() < most {
            let streams = self.streams.iter().zip(self.scores(hour));
            let unusual = streams.filter_map(|(one, score)| Anomaly::of(&one.name, hour, score));
            unusual
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .for_each(|one| found.push_front(one));
            hour = hour - Span::HOUR;
        }
        found.drain(..found.len().saturating_sub(most));
        found.into()
    }

    /// What was usual up to the day of a time: the baseline that was given, or what the session would have been without any
    /// intervention.
    pub(super) fn baseline_at(&self, time: Time) -> Arc<Baseline> {
        if let Some(given) = &self.given_baseline {
            return given.baseline.clone();
        }
        let day = time.floor_to(Span::DAY);
        let known = self.usual.up_to(day);
        let baseline = known.get_or_init(|| {
            let (program, range) = (self.program(), self.start()..day.max(self.start()));
            let Program { zone, weekend, .. } = program;
            let baseline = Pool::baseline_of_run(zone, *weekend, &range, &self.streams);
            Arc::new(baseline)
        });
        baseline.clone()
    }
}
