//! The history of all streams, as its tables have it.

use causeflow_baselines::{Flag, Resolution};
use causeflow_engine::base::time::Time;

use super::window::Window;
use crate::error::Error;
use crate::finished::{self, Finished};

/// An interval of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub start: Time,
    pub count: u64,
    /// Mean and sigma of the baseline.
    pub usual: Option<(f64, f64)>,
    pub score: Option<f64>,
    pub flag: Option<Flag>,
}

/// How many intervals have each flag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub normal: u64,
    pub warning: u64,
    pub critical: u64,
    /// Those that the run cuts, or for which there is no baseline.
    pub unscored: u64,
}

impl Tally {
    fn add(&mut self, flag: Option<Flag>) {
        *match flag {
            Some(Flag::Normal) => &mut self.normal,
            Some(Flag::Warning) => &mut self.warning,
            Some(Flag::Critical) => &mut self.critical,
            None => &mut self.unscored,
        } += 1;
    }

    /// Adds those of another.
    pub fn merge(&mut self, other: Tally) {
        self.normal += other.normal;
        self.warning += other.warning;
        self.critical += other.critical;
        self.unscored += other.unscored;
    }

    /// Those with a flag.
    pub fn scored(&self) -> u64 {
        self.normal + self.warning + self.critical
    }
}

/// A stream in one resolution: the points of the window, and how many there are in the whole run.
#[derive(Clone, Debug, Default)]
pub struct Series {
    pub points: Vec<Point>,
    pub tally: Tally,
}

/// A stream's history.
#[derive(Clone, Debug)]
pub struct StreamHistory {
    pub stream: String,
    pub hourly: Series,
    pub blocks: Series,
}

/// Reads both tables. Streams are in the order of the manifest, and have points in the order of time.
pub fn read(run: &Finished, window: Window) -> Result<Vec<StreamHistory>, Error> {
    let histories = run.streams().map(|name| StreamHistory {
        stream: name.to_owned(),
        hourly: Series::default(),
        blocks: Series::default(),
    });
    let mut histories: Vec<StreamHistory> = histories.collect();
    let hourly = run.history(Resolution::Hour)?;
    fill(&hourly, window, &mut histories, |h| &mut h.hourly);
    let blocks = run.history(Resolution::HalfDay)?;
    fill(&blocks, window, &mut histories, |h| &mut h.blocks);
    Ok(histories)
}

fn fill(
    points: &[finished::Point],
    window: Window,
    histories: &mut [StreamHistory],
    series: fn(&mut StreamHistory) -> &mut Series,
) {
    let mut at = 0;
    for point in points {
        // The points of a stream stand together.
        if histories.get(at).is_none_or(|h| h.stream != point.stream) {
            let Some(found) = histories.iter().position(|h| h.stream == point.stream) else {
                continue;
            };
            at = found;
        }
        let series = series(&mut histories[at]);
        let point = Point {
            start: point.interval_start,
            count: point.count,
            usual: point.baseline_mean.zip(point.baseline_sigma),
            score: point.score,
            flag: point.flag.as_deref().and_then(Flag::named),
        };
        series.tally.add(point.flag);
        if window.contains(point.start) {
            series.points.push(point);
        }
    }
}
