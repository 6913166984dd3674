//! The external events of a run.

use causeflow_engine::base::time::{Span, Time};

use super::{Columns, Finished};
use crate::error::Result;

/// Something that happened outside of the business.
#[derive(Clone, Debug)]
pub struct ExternalEvent {
    /// When it happened.
    pub time: Time,
    /// The template that it is of.
    pub template: String,
    /// Its headline.
    pub title: Option<String>,
    /// What kind of event it is.
    pub kind: String,
    /// How serious it looked.
    pub severity: String,
    /// Streams that it was expected to move.
    pub expected_streams: Vec<String>,
    /// How long after it that was expected to begin.
    pub expected_delay: Span,
    /// For how long.
    pub expected_duration: Span,
    /// The scenario that made it known, if one did.
    pub injected_by: Option<String>,
    /// The name that rows are attributed to; none without an impact.
    pub attribution: Option<String>,
}

impl Finished {
    /// The external events, whoever brought them.
    ///
    /// # Errors
    /// When the table is damaged or of another shape.
    pub fn external_events(&self) -> Result<Vec<ExternalEvent>> {
        let Some(table) = self.table("external_events")? else {
            return Ok(Vec::new());
        };
        let columns = Columns(&table);
        let (time, template) = (columns.times("time")?, columns.words("template")?);
        let (title, kind) = (columns.texts("title")?, columns.words("type")?);
        let (severity, streams) = (
            columns.words("severity")?,
            columns.words("expected_streams")?,
        );
        let delay = columns.numbers("expected_delay_h")?;
        let duration = columns.numbers("expected_duration_h")?;
        let (source, attribution) = (columns.texts("injected_by")?, columns.texts("attribution")?);
        let span = |hours: Option<f64>| Span((hours.unwrap_or(0.0) * Span::HOUR.0 as f64) as i64);
        let all = (0..table.rows()).map(|row| ExternalEvent {
            time: time[row],
            template: template[row].clone(),
            title: title[row].clone(),
            kind: kind[row].clone(),
            severity: severity[row].clone(),
            expected_streams: streams[row].split(',').map(str::to_owned).collect(),
            expected_delay: span(delay[row]),
            expected_duration: span(duration[row]),
            injected_by: source[row].clone(),
            attribution: attribution[row].clone(),
        });
        Ok(all.collect())
    }
}
