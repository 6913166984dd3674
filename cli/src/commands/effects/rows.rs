//! The effects of a run, as its table has them.

use causeflow_outputs::diff::FinishedRun;

use crate::errors::Failure;

/// What one cause did to one stream.
pub struct Row {
    /// The name that rows are attributed to.
    pub cause: String,
    /// `scenario`, `external_event`, `joint` or `together`.
    pub kind: String,
    /// What the effect is held against: `without`, `part` or `nothing`.
    pub basis: String,
    /// When it began, in microseconds since 1970.
    pub start_us: i64,
    pub stream: String,
    /// Which way the stream was expected to move, if it was.
    pub expected: Option<String>,
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
    /// Those of all three that contention alone has made.
    pub contention: u64,
    /// Rows of the stream that are attributed to it, and to no other.
    pub attributed: u64,
    /// Rows of the stream in the whole run.
    pub stream_rows: u64,
    /// Hours from the start to the first difference; none without any.
    pub first_after_h: Option<f64>,
    pub last_after_h: Option<f64>,
    /// What an observer would make of the stream's counts: 0.1 is 10 % more than usual.
    pub observed_lift: Option<f64>,
    pub observed_correlation: Option<f64>,
}

impl Row {
    /// Events that differ.
    pub fn touched(&self) -> u64 {
        self.added + self.removed + self.changed
    }

    /// Added less removed.
    pub fn net(&self) -> i64 {
        self.added as i64 - self.removed as i64
    }

    /// The share of the stream's rows that would not be there, or not so.
    pub fn share(&self) -> f64 {
        (self.added + self.changed) as f64 / self.stream_rows.max(1) as f64
    }
}

/// Reads them; none where nothing intervened.
pub fn read(run: &FinishedRun) -> Result<Vec<Row>, Failure> {
    let Some(table) = run.table("effects")? else {
        return Ok(Vec::new());
    };
    let text = |name: &str| table.texts(name);
    let count = |name: &str| -> Result<Vec<u64>, Failure> {
        let numbers = table.numbers(name)?.into_iter();
        Ok(numbers.map(|n| n.unwrap_or(0.0) as u64).collect())
    };
    let (cause, kind, stream) = (text("cause")?, text("kind")?, text("stream")?);
    let basis = text("basis")?;
    let (expected, start) = (text("expected_direction")?, table.times("start")?);
    let (added, removed) = (count("added")?, count("removed")?);
    let (changed, attributed) = (count("changed")?, count("attributed")?);
    let [more, fewer, other] = [
        "contention_added",
        "contention_removed",
        "contention_changed",
    ]
    .map(count);
    let (more, fewer, other) = (more?, fewer?, other?);
    let (first, last) = (
        table.numbers("first_after_h")?,
        table.numbers("last_after_h")?,
    );
    let lift = table.numbers("observed_lift")?;
    let correlation = table.numbers("observed_correlation")?;
    let streams = &run.manifest().streams;
    let rows = (0..table.rows()).map(|row| {
        let stream = stream[row].clone().unwrap_or_default();
        let listed = streams.iter().find(|listed| listed.name == stream);
        Row {
            cause: cause[row].clone().unwrap_or_default(),
            kind: kind[row].clone().unwrap_or_default(),
            start_us: start[row].unwrap_or_default(),
            stream_rows: listed.map_or(0, |listed| listed.rows),
            stream,
            expected: expected[row].clone(),
            added: added[row],
            removed: removed[row],
            changed: changed[row],
            contention: more[row] + fewer[row] + other[row],
            attributed: attributed[row],
            basis: basis[row].clone().unwrap_or_default(),
            first_after_h: first[row],
            last_after_h: last[row],
            observed_lift: lift[row],
            observed_correlation: correlation[row],
        }
    });
    Ok(rows.collect())
}
