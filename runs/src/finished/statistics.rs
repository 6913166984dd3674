//! What is usual: of a run, or of a baseline.

use std::path::Path;

use causeflow_baselines::{Baseline, Class, Expected, Resolution};
use causeflow_models::suggestion;
use causeflow_outputs::{FinishedBaseline, SmallTable};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Columns, Finished, missing};
use crate::error::{Error, Result};
use crate::settings::matches;

/// Declares a row with its figures, each of which is a column of its name.
macro_rules! figures {
    ($($(#[doc = $doc:literal])* $name:ident),* $(,)?) => {
        /// What is usual in one stream, in intervals of one length: in all of them, or in those of one class. Figures of
        /// a whole stream are missing in rows of a class.
        #[derive(Clone, Debug, Serialize, JsonSchema)]
        pub struct Statistic {
            /// The stream.
            pub stream: String,
            /// `12h` or `1h`.
            pub resolution: String,
            /// `all`, or the name of a class.
            pub class: String,
            $($(#[doc = $doc])* pub $name: Option<f64>,)*
        }

        /// Reads the rows of a table of statistics.
        fn rows(table: &SmallTable) -> Result<Vec<Statistic>> {
            let columns = Columns(table);
            let (stream, class) = (columns.words("stream")?, columns.words("class")?);
            let resolution = columns.words("resolution")?;
            $(let $name = columns.numbers(stringify!($name))?;)*
            let rows = (0..table.rows()).map(|row| Statistic {
                stream: stream[row].clone(),
                resolution: resolution[row].clone(),
                class: class[row].clone(),
                $($name: $name[row],)*
            });
            Ok(rows.collect())
        }
    };
}

figures! {
    /// The mean count.
    mean,
    /// The median.
    median,
    /// The standard deviation.
    std_dev,
    /// The least count.
    min,
    /// The largest.
    max,
    /// The first quartile.
    p25,
    /// The second.
    p50,
    /// The third.
    p75,
    /// The ninth decile.
    p90,
    /// The 95th percentile.
    p95,
    /// How far counts usually are from the mean, with what few intervals leave open.
    sigma,
    /// The mean on weekdays.
    weekday_mean,
    /// The mean on weekends.
    weekend_mean,
    /// Growth of the daily totals within 30 days.
    trend_per_month,
    /// The standard error of that.
    trend_std_error,
    /// The same growth as a share.
    trend_share_per_month,
    /// How strong the season of the day is, from 0 to 1.
    daily_strength,
    /// How strong the season of the week is.
    weekly_strength,
    /// How many intervals there are.
    intervals,
}

/// Statistics, as they are shown to programs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StatisticsShown {
    /// Stream by stream.
    pub statistics: Vec<Statistic>,
}

impl Statistic {
    /// Whether it is of a whole stream.
    pub fn is_whole(&self) -> bool {
        self.class == "all"
    }

    /// Likewise, of the streams whose names match one of these patterns, or of all without any.
    ///
    /// # Errors
    /// When a pattern matches none, and as with [`read`](Self::read).
    pub fn matching(folder: &Path, patterns: &[String]) -> Result<Vec<Statistic>> {
        let mut rows = Statistic::read(folder)?;
        for pattern in patterns {
            let names = rows.iter().map(|row| row.stream.as_str());
            if !names.clone().any(|name| matches(pattern, name)) {
                let folder = folder.display();
                let message = format!("`{pattern}` matches no stream of {folder}");
                return Err(Error::wrong(message, suggestion(pattern, names)).in_field("stream"));
            }
        }
        rows.retain(|row| {
            let mut patterns = patterns.iter();
            patterns.len() == 0 || patterns.any(|pattern| matches(pattern, &row.stream))
        });
        Ok(rows)
    }

    /// Those of a finished run or of a baseline, whichever lies in the folder.
    ///
    /// # Errors
    /// When neither does, or its table is damaged.
    pub fn read(folder: &Path) -> Result<Vec<Statistic>> {
        match FinishedBaseline::is_at(folder) {
            true => rows(&FinishedBaseline::open(folder)?.table("statistics")?),
            false => {
                let run = Finished::open(folder)?;
                run.statistics()?.ok_or_else(|| missing(&run, "statistics"))
            }
        }
    }
}

impl Finished {
    /// What was usual in the run; nothing if an earlier version of the program played it.
    ///
    /// # Errors
    /// When the table is damaged or of another shape.
    pub fn statistics(&self) -> Result<Option<Vec<Statistic>>> {
        self.table("statistics")?.as_ref().map(rows).transpose()
    }
}

/// What statistics expect of each class of intervals.
pub(crate) fn baseline(statistics: &[Statistic]) -> Baseline {
    let named: Vec<(Resolution, Class, String)> = Resolution::ALL
        .into_iter()
        .flat_map(|r| Class::all(r).map(move |class| (r, class, class.name(r))))
        .collect();
    let mut baseline = Baseline::default();
    for row in statistics {
        let (Some(mean), Some(sigma)) = (row.mean, row.sigma) else {
            continue;
        };
        let of = |(resolution, _, name): &&(Resolution, Class, String)| {
            row.resolution == resolution.name() && row.class == *name
        };
        if let Some((resolution, class, _)) = named.iter().find(of) {
            baseline.insert(&row.stream, *resolution, *class, Expected { mean, sigma });
        }
    }
    baseline
}
