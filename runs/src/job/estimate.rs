//! What a run would come to, from a small pilot run.

use causeflow_outputs::{Compression, Format, ScenarioEntry};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::{Job, beyond_dates, uneven};
use crate::control::Control;
use crate::error::Result;
use crate::numbers::instant;
use crate::pilot;
use crate::spec::Counterfactual;

/// What a run would come to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Estimate {
    /// That it is an estimate, and nothing was written: always true.
    pub estimate: bool,
    /// The model's name.
    pub model: String,
    /// The seed, as a decimal string.
    pub seed: String,
    /// The first instant of the run, RFC 3339 in UTC.
    pub start: String,
    /// The first instant after it.
    pub end: String,
    /// The share of the model's population and traffic.
    pub scale: f64,
    /// The format of the files.
    pub format: Format,
    /// Their compression.
    pub compression: Compression,
    /// The scenarios, in the order of their start.
    pub scenarios: Vec<Planned>,
    /// How many external events there are.
    pub external_events: usize,
    /// What the run is compared with, if it is.
    pub counterfactual: Option<Counterfactual>,
    /// The folder that it goes to.
    pub out: String,
    /// Rows of all streams.
    #[serde(serialize_with = "whole")]
    pub expected_rows: f64,
    /// Their size.
    #[serde(serialize_with = "whole")]
    pub expected_bytes: f64,
    /// The streams.
    pub streams: Vec<StreamEstimate>,
    /// Where numbers of entities cannot keep their ratio to others, a line each.
    pub uneven: Vec<String>,
    /// Lists of dates that do not reach as far as the run, a line each.
    pub beyond_dates: Vec<String>,
    /// How many of the external events come by themselves.
    #[serde(skip)]
    pub of_timeline: usize,
}

/// A scenario that is planned.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Planned {
    /// Its id.
    pub id: String,
    /// When it begins.
    pub start: String,
    /// When it begins to let go.
    pub end: String,
    /// From when on it does nothing any more.
    pub settled: String,
    /// The name that rows are attributed to.
    pub attribution: String,
}

/// What is expected of a stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StreamEstimate {
    /// Its name.
    pub name: String,
    /// Its domain.
    pub domain: String,
    /// Rows.
    #[serde(serialize_with = "whole")]
    pub expected_rows: f64,
    /// Their size.
    #[serde(serialize_with = "whole")]
    pub expected_bytes: f64,
}

/// Estimates are written without what they cannot know.
fn whole<S: Serializer>(number: &f64, to: S) -> std::result::Result<S::Ok, S::Error> {
    to.serialize_f64(number.round())
}

impl Job {
    /// Estimates what the run would come to, and writes nothing.
    ///
    /// # Errors
    /// When it is cancelled, and what playing fails with.
    pub fn estimate(&self, control: &dyn Control) -> Result<Estimate> {
        let (run, options) = (&self.run, self.options);
        let (program, settings) = (&run.program, &run.settings);
        let expected = pilot::estimate(program, settings, Some(options), control)?;
        let stream = |one: &pilot::Expected| {
            let stream = &program.streams[one.stream];
            StreamEstimate {
                name: stream.name.clone(),
                domain: stream.domain.clone(),
                expected_rows: one.rows,
                expected_bytes: one.bytes,
            }
        };
        let scenarios = run.interventions.scenario_entries().into_iter();
        let events = run.interventions.plan.external_events();
        Ok(Estimate {
            estimate: true,
            model: program.name.clone(),
            seed: settings.seed.to_string(),
            start: instant(settings.start),
            end: instant(settings.end),
            scale: settings.scale,
            format: options.format(),
            compression: options.compression(),
            scenarios: scenarios.map(Planned::of).collect(),
            external_events: events.len(),
            counterfactual: self.spec.counterfactual,
            out: self.out.display().to_string(),
            expected_rows: expected.iter().map(|one| one.rows).sum(),
            expected_bytes: expected.iter().map(|one| one.bytes).sum(),
            streams: expected.iter().map(stream).collect(),
            uneven: uneven(program, settings.scale),
            beyond_dates: beyond_dates(program, settings.start, settings.end),
            of_timeline: events.iter().filter(|event| event.of_timeline).count(),
        })
    }
}

impl Planned {
    fn of(one: ScenarioEntry) -> Planned {
        Planned {
            id: one.id,
            start: one.start,
            end: one.end,
            settled: one.settled,
            attribution: one.attribution,
        }
    }
}
