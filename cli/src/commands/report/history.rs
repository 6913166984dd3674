//! The history of all streams, as its tables have it.

use causeflow_baselines::Flag;
use causeflow_engine::time::Time;
use causeflow_outputs::{FinishedRun, SmallTable};

use super::window::Window;
use crate::errors::Failure;

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
pub fn read(run: &FinishedRun, window: Window) -> Result<Vec<StreamHistory>, Failure> {
    let names = run.manifest().streams.iter().map(|stream| &stream.name);
    let mut histories: Vec<StreamHistory> = names
        .map(|name| StreamHistory {
            stream: name.clone(),
            hourly: Series::default(),
            blocks: Series::default(),
        })
        .collect();
    let hourly = table(run, "history_hourly")?;
    fill(&hourly, window, &mut histories, |h| &mut h.hourly)?;
    let blocks = table(run, "history")?;
    fill(&blocks, window, &mut histories, |h| &mut h.blocks)?;
    Ok(histories)
}

fn table(run: &FinishedRun, name: &str) -> Result<SmallTable, Failure> {
    run.table(name)?.ok_or_else(|| {
        let folder = run.folder().display();
        Failure::input(
            format!("{folder} has no table {name}: a version of causeflow played it that wrote no history"),
            "play it again with `causeflow run`",
        )
    })
}

fn fill(
    table: &SmallTable,
    window: Window,
    histories: &mut [StreamHistory],
    series: fn(&mut StreamHistory) -> &mut Series,
) -> Result<(), Failure> {
    let (streams, starts) = (table.texts("stream")?, table.times("interval_start")?);
    let counts = table.numbers("count")?;
    let means = table.numbers("baseline_mean")?;
    let sigmas = table.numbers("baseline_sigma")?;
    let (scores, flags) = (table.numbers("score")?, table.texts("flag")?);
    let mut at = 0;
    for row in 0..table.rows() {
        let stream = streams[row].as_deref().unwrap_or_default();
        // The rows of a stream stand together.
        if histories.get(at).is_none_or(|h| h.stream != stream) {
            let Some(found) = histories.iter().position(|h| h.stream == stream) else {
                continue;
            };
            at = found;
        }
        let series = series(&mut histories[at]);
        let point = Point {
            start: Time(starts[row].unwrap_or_default()),
            count: counts[row].unwrap_or_default() as u64,
            usual: means[row].zip(sigmas[row]),
            score: scores[row],
            flag: flags[row].as_deref().and_then(Flag::named),
        };
        series.tally.add(point.flag);
        if window.contains(point.start) {
            series.points.push(point);
        }
    }
    Ok(())
}
