//! Typed readers of what a finished run has left. Each table is read in one place, by the names of its columns.

use std::ops::Deref;
use std::path::Path;

use causeflow_engine::base::time::Time;
use causeflow_engine::base::zone::Zone;
use causeflow_models::suggestion;
use causeflow_outputs::{FinishedRun, SmallTable};
use causeflow_scenarios::Clock;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::interventions::tell_doubts;
use crate::run::{changed, instant};
use crate::versions::{self, Version};

mod counterfactual;
mod effects;
mod external_events;
mod history;
mod lineage;
mod modifiers;
mod statistics;

pub use counterfactual::Compared;
pub use effects::{EffectsShown, HourlyImpact, Impact, Sum, id, summed};
pub use external_events::ExternalEvent;
pub use history::{Point, PointsShown};
pub use lineage::Lineage;
pub use modifiers::Modifier;
pub(crate) use statistics::baseline;
pub use statistics::{Statistic, StatisticsShown};

/// A finished run. What outputs' [`FinishedRun`] reads of it (its manifest, single events, ids) is at hand, too.
#[derive(Debug)]
pub struct Finished {
    run: FinishedRun,
}

impl Finished {
    /// Opens the run in a folder. Its tables are only read when they are asked for.
    ///
    /// # Errors
    /// When there is no finished run, or its manifest cannot be read.
    pub fn open(folder: &Path) -> Result<Finished> {
        Ok(Finished {
            run: FinishedRun::open(folder)?,
        })
    }

    /// The versions of parts of it, by name.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn versions(&self) -> Result<Vec<Version>> {
        versions::all(self.run.folder())
    }

    /// Reads a time of it, as it is written for [`crate::RunSpec`]: a date is its midnight in the model's time zone. Which instant
    /// is taken for a time that clocks never show, or twice, is told.
    ///
    /// # Errors
    /// When the text is no time, and when the manifest was changed.
    pub fn time(&self, field: &str, text: &str, control: &dyn Control) -> Result<Time> {
        let clock = self.clock()?;
        let time = clock.time(text).map_err(|wrong| {
            let help = wrong.list.first().and_then(|wrong| wrong.help.clone());
            Error::wrong(Error::from(wrong).message(), help).in_field(field)
        })?;
        tell_doubts(&clock, [text].into_iter(), control);
        Ok(time)
    }

    /// What turns texts into times of it. A version has the days of its run.
    fn clock(&self) -> Result<Clock> {
        let manifest = self.run.manifest();
        let name = &manifest.time_zone;
        let unknown = || changed(format!("there is no time zone `{name}`"));
        let start = match &manifest.version {
            Some(version) => instant("run_start", &version.run_start)?,
            None => instant("start", &manifest.start)?,
        };
        Ok(Clock::in_zone(
            Zone::named(name).ok_or_else(unknown)?,
            start,
        ))
    }

    /// The names of its streams.
    pub fn streams(&self) -> impl Iterator<Item = &str> + Clone {
        let streams = self.run.manifest().streams.iter();
        streams.map(|stream| stream.name.as_str())
    }

    /// Refuses a stream that it does not have.
    ///
    /// # Errors
    /// When it does not have it; the help has the nearest name.
    pub fn check_stream(&self, stream: &str) -> Result<()> {
        if self.streams().any(|name| name == stream) {
            return Ok(());
        }
        let message = format!("this run has no stream `{stream}`");
        Err(Error::wrong(message, suggestion(stream, self.streams())).in_field("stream"))
    }
}

impl Deref for Finished {
    type Target = FinishedRun;

    fn deref(&self) -> &FinishedRun {
        &self.run
    }
}

impl From<FinishedRun> for Finished {
    fn from(run: FinishedRun) -> Finished {
        Finished { run }
    }
}

/// The columns of a small table, row by row.
struct Columns<'a>(&'a SmallTable);

impl Columns<'_> {
    fn texts(&self, column: &str) -> Result<Vec<Option<String>>> {
        Ok(self.0.texts(column)?)
    }

    /// Likewise, with an empty text for one that is missing.
    fn words(&self, column: &str) -> Result<Vec<String>> {
        let texts = self.texts(column)?.into_iter();
        Ok(texts.map(Option::unwrap_or_default).collect())
    }

    fn numbers(&self, column: &str) -> Result<Vec<Option<f64>>> {
        Ok(self.0.numbers(column)?)
    }

    /// Likewise, whole and with nothing missing.
    fn counts(&self, column: &str) -> Result<Vec<u64>> {
        let numbers = self.numbers(column)?.into_iter();
        Ok(numbers.map(|n| n.unwrap_or_default() as u64).collect())
    }

    fn times(&self, column: &str) -> Result<Vec<Time>> {
        let times = self.0.times(column)?.into_iter();
        let time = |time: Option<i64>| Time(time.unwrap_or_default());
        Ok(times.map(time).collect())
    }
}

/// A table that runs of earlier versions do not have.
fn missing(run: &FinishedRun, what: &str) -> Error {
    let folder = run.folder().display();
    Error::input(
        format!("{folder} has no {what}: an earlier version played it"),
        "play it again",
    )
}
