//! The series of several runs of one model, over the same days.

use std::collections::BTreeMap;
use std::ops::Range;

use causeflow_engine::base::time::Time;
use causeflow_engine::base::zone::Zone;
use causeflow_engine::streams::play::StreamResult;
use causeflow_engine::streams::profile::Weekend;
use causeflow_engine::streams::series::Series;
use causeflow_engine::streams::sides::Side;

use crate::baseline::{Baseline, Expected};
use crate::interval::{Interval, Resolution, intervals};
use crate::score::expected;
use crate::statistics::{Statistics, by_class};

/// What runs of one model over the same days, at the same scale, came to without interventions, by their seeds.
///
/// Seeds stand in order, so that what is worked out from them does not depend on the order in which they came.
#[derive(Clone, Debug)]
pub struct Pool {
    half_days: Vec<Interval>,
    hours: Vec<Interval>,
    streams: Vec<String>,
    /// For each seed, the counts of each stream by half day and by hour.
    runs: BTreeMap<u64, Vec<[Vec<f64>; 2]>>,
}

impl Pool {
    /// An empty pool of these streams over a range.
    pub fn new(zone: &Zone, weekend: Weekend, range: &Range<Time>, streams: &[&str]) -> Pool {
        let whole = |resolution| {
            let mut all = intervals(zone, weekend, range, resolution);
            all.retain(|interval| interval.whole);
            all
        };
        Pool {
            half_days: whole(Resolution::HalfDay),
            hours: whole(Resolution::Hour),
            streams: streams.iter().map(|name| (*name).to_owned()).collect(),
            runs: BTreeMap::new(),
        }
    }

    /// The pool of a single run.
    pub fn of_run(
        zone: &Zone,
        weekend: Weekend,
        range: &Range<Time>,
        seed: u64,
        streams: &[StreamResult],
    ) -> Pool {
        Pool::of_side(zone, weekend, range, seed, streams, Side::UNTOUCHED)
    }

    /// The pool of one side of a single run.
    pub fn of_side(
        zone: &Zone,
        weekend: Weekend,
        range: &Range<Time>,
        seed: u64,
        streams: &[StreamResult],
        side: Side,
    ) -> Pool {
        let names: Vec<&str> = streams.iter().map(|stream| stream.name.as_str()).collect();
        let mut pool = Pool::new(zone, weekend, range, &names);
        pool.add_side(seed, streams, side);
        pool
    }

    /// Adds a run: what it would have been without interventions. A stream that it does not have counts as one without
    /// events.
    pub fn add(&mut self, seed: u64, streams: &[StreamResult]) {
        self.add_side(seed, streams, Side::UNTOUCHED);
    }

    fn add_side(&mut self, seed: u64, streams: &[StreamResult], side: Side) {
        let counts = self.streams.iter().map(|name| {
            let stream = streams.iter().find(|stream| stream.name == *name);
            [&self.half_days, &self.hours].map(|intervals| {
                let of =
                    |interval: &Interval| stream.map_or(0.0, |s| count(&s.series, interval, side));
                intervals.iter().map(of).collect()
            })
        });
        self.runs.insert(seed, counts.collect());
    }

    /// Adds the runs of another pool of the same streams and days.
    pub fn merge(&mut self, other: Pool) {
        self.runs.extend(other.runs);
    }

    /// The seeds, in order.
    pub fn seeds(&self) -> impl Iterator<Item = u64> {
        self.runs.keys().copied()
    }

    /// The whole intervals of a resolution, in order.
    pub fn intervals(&self, resolution: Resolution) -> &[Interval] {
        match resolution {
            Resolution::HalfDay => &self.half_days,
            Resolution::Hour => &self.hours,
        }
    }

    /// The counts of a stream, interval by interval, run by run in the order of their seeds.
    pub(crate) fn counts(&self, stream: usize, resolution: Resolution) -> Vec<&[f64]> {
        self.runs
            .values()
            .map(|run| &run[stream][resolution as usize][..])
            .collect()
    }

    /// What its statistics say that counts are scored against, and nothing else of them, which takes a small part of the time.
    pub fn baseline(&self) -> Baseline {
        let mut baseline = Baseline::default();
        for (stream, name) in self.streams.iter().enumerate() {
            for resolution in Resolution::ALL {
                let counts = self.counts(stream, resolution);
                self.expect(&mut baseline, name, resolution, &counts);
            }
        }
        baseline
    }

    /// The baseline of the untouched side of a single run, which takes memory for one stream at a time.
    pub fn baseline_of_run(
        zone: &Zone,
        weekend: Weekend,
        range: &Range<Time>,
        streams: &[StreamResult],
    ) -> Baseline {
        let pool = Pool::new(zone, weekend, range, &[]);
        let mut baseline = Baseline::default();
        for StreamResult { name, series, .. } in streams {
            for resolution in Resolution::ALL {
                let intervals = pool.intervals(resolution).iter();
                let counts = intervals.map(|interval| count(series, interval, Side::UNTOUCHED));
                let counts: Vec<f64> = counts.collect();
                pool.expect(&mut baseline, name, resolution, &[&counts]);
            }
        }
        baseline
    }

    /// Adds to a baseline what counts of the pool's intervals, run by run, let one expect of a stream.
    fn expect(
        &self,
        baseline: &mut Baseline,
        stream: &str,
        resolution: Resolution,
        counts: &[&[f64]],
    ) {
        for (class, counts) in by_class(self.intervals(resolution), counts) {
            if let Some((mean, sigma)) = expected(&counts) {
                baseline.insert(stream, resolution, class, Expected { mean, sigma });
            }
        }
    }

    /// The statistics of all streams.
    pub fn statistics(&self) -> Vec<Statistics> {
        let one = |(stream, name): (usize, &String)| Statistics::of(self, stream, name);
        self.streams.iter().enumerate().map(one).collect()
    }
}

/// How many events an interval has on a side.
fn count(series: &Series, interval: &Interval, side: Side) -> f64 {
    series.between(interval.time.clone()).on(side).count as f64
}
