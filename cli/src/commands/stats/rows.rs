//! Statistics, as their table has them.

use causeflow_outputs::SmallTable;

use crate::errors::Failure;

/// The figures of a row, in the order of the table. Those of a whole stream are missing in rows of a class.
pub const FIGURES: [&str; 19] = [
    "mean",
    "median",
    "std_dev",
    "min",
    "max",
    "p25",
    "p50",
    "p75",
    "p90",
    "p95",
    "sigma",
    "weekday_mean",
    "weekend_mean",
    "trend_per_month",
    "trend_std_error",
    "trend_share_per_month",
    "daily_strength",
    "weekly_strength",
    "intervals",
];

/// A row of the table.
pub struct Row {
    pub stream: String,
    /// `12h` or `1h`.
    pub resolution: String,
    /// `all`, or the name of a class.
    pub class: String,
    figures: Vec<Option<f64>>,
}

impl Row {
    /// A figure by its column's name.
    pub fn figure(&self, name: &str) -> Option<f64> {
        let place = FIGURES.iter().position(|figure| *figure == name)?;
        self.figures[place]
    }

    /// Whether it is that of a whole stream.
    pub fn is_flat(&self) -> bool {
        self.class == "all"
    }
}

/// Reads the rows.
pub fn read(table: &SmallTable) -> Result<Vec<Row>, Failure> {
    let (streams, resolutions) = (table.texts("stream")?, table.texts("resolution")?);
    let classes = table.texts("class")?;
    let mut columns = Vec::new();
    for figure in FIGURES {
        columns.push(table.numbers(figure)?);
    }
    let text = |texts: &[Option<String>], row: usize| texts[row].clone().unwrap_or_default();
    let rows = (0..table.rows()).map(|row| Row {
        stream: text(&streams, row),
        resolution: text(&resolutions, row),
        class: text(&classes, row),
        figures: columns.iter().map(|column| column[row]).collect(),
    });
    Ok(rows.collect())
}
