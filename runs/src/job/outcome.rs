//! What a run came to.

use causeflow_engine::STREAM_STABILITY_VERSION;
use causeflow_engine::streams::kept::Kept;
use causeflow_engine::streams::play::{RunResult, StreamResult};
use causeflow_engine::streams::program::Program;
use causeflow_outputs::FileEntry;
use schemars::JsonSchema;
use serde::Serialize;

use super::attributed::Attributed;
use super::counterfactual::Difference;
use super::write::Written;
use super::{Job, beyond_dates, uneven};
use crate::model::digest_of;
use crate::numbers::instant;

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// Seconds of the wall clock.
    pub seconds: f64,
    /// Threads that played.
    pub threads: usize,
}

/// What a run came to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Outcome {
    /// The model's name.
    pub model: String,
    /// A digest over its text files.
    pub model_digest: String,
    /// The version of this program.
    pub version: String,
    /// Grows whenever any generated value changes from one version of the program to the next.
    pub stream_stability_version: u32,
    /// The seed, as a decimal string.
    pub seed: String,
    /// The first instant of the run, RFC 3339 in UTC.
    pub start: String,
    /// The first instant after it.
    pub end: String,
    /// The share of the model's population and traffic.
    pub scale: f64,
    /// How many threads played.
    pub threads: usize,
    /// Rows of all streams.
    pub rows: u64,
    /// Events that took place, with those of the warm-up and those not written.
    pub events_played: u64,
    /// Pairs of rows at the same place of the total order; 0, or the order is not total.
    pub ties: u64,
    /// Reservations of slots that were not free.
    pub refused_reservations: u64,
    /// Values that were kept within bounds.
    pub kept_within_bounds: Vec<KeptValues>,
    /// Seconds of the wall clock.
    pub elapsed_seconds: f64,
    /// Rows a second of this process's own.
    pub rows_per_second: f64,
    /// Where the run was when this process went on with it, if it did.
    pub resumed_from: Option<String>,
    /// The scenarios that were asked for.
    pub scenarios: Vec<String>,
    /// How many external events there were.
    pub external_events: usize,
    /// How many rows are because of what.
    pub attributed: Attributed,
    /// What differs from its twin, if it was played with one.
    pub counterfactual: Option<Difference>,
    /// The folder of its files, if it was written.
    pub out: Option<String>,
    /// How many files there are.
    pub files: usize,
    /// Their size.
    pub bytes: u64,
    /// A digest over the rows of all streams.
    pub fingerprint: String,
    /// The streams.
    pub streams: Vec<StreamOutcome>,
    /// Where numbers of entities cannot keep their ratio to others, a line each.
    #[serde(skip)]
    pub uneven: Vec<String>,
    /// Lists of dates that do not reach as far as the run, a line each.
    #[serde(skip)]
    pub beyond_dates: Vec<String>,
}

/// What a stream came to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StreamOutcome {
    /// Its name.
    pub name: String,
    /// Its domain.
    pub domain: String,
    /// Number of events.
    pub rows: u64,
    /// A digest over its rows.
    pub fingerprint: String,
}

/// Values of one kind that were kept within bounds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KeptValues {
    /// What they are of.
    pub what: String,
    /// What was done to them.
    pub how: String,
    /// How many there were.
    pub number: u64,
    /// The first of them.
    pub first: First,
}

/// A value that was kept within bounds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct First {
    /// The event that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// The entity that has it, where it is no event's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
    /// When that was.
    pub time: String,
    /// The value as it would have been; none where it is no number.
    pub value: Option<f64>,
}

impl Outcome {
    /// What a run came to; `written` is what it has left, if it was written.
    pub fn of(job: &Job, result: &RunResult, written: Option<&Written>, took: Took) -> Outcome {
        let program = &job.run.program;
        let (settings, interventions) = (&job.run.settings, &job.run.interventions);
        let files: &[FileEntry] = written.map_or(&[], |written| &written.manifest.files);
        let from = written.and_then(|written| written.resumed_from);
        let rows: u64 = result.streams.iter().map(|stream| stream.rows).sum();
        let own = rows.saturating_sub(from.map_or(0, |from| from.rows));
        let streams = result.streams.iter();
        let kept = result.kept.iter();
        Outcome {
            model: program.name.clone(),
            model_digest: digest_of(&job.run.model),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            stream_stability_version: STREAM_STABILITY_VERSION,
            seed: settings.seed.to_string(),
            start: instant(settings.start),
            end: instant(settings.end),
            scale: settings.scale,
            threads: took.threads,
            rows,
            events_played: result.played,
            ties: result.ties,
            refused_reservations: result.refused,
            kept_within_bounds: kept.map(|kept| KeptValues::of(kept, program)).collect(),
            elapsed_seconds: took.seconds,
            rows_per_second: (own as f64 / took.seconds.max(1e-6)).round(),
            resumed_from: from.map(|from| instant(from.time)),
            scenarios: interventions
                .activations
                .iter()
                .map(ToString::to_string)
                .collect(),
            external_events: interventions.plan.external_events().len(),
            attributed: Attributed::of(&interventions.plan, result),
            counterfactual: written.and_then(|written| written.difference.clone()),
            out: written.map(|_| job.out.display().to_string()),
            files: files.len(),
            bytes: files.iter().map(|file| file.bytes).sum(),
            fingerprint: result.fingerprint.to_string(),
            streams: streams.map(|one| StreamOutcome::of(one, program)).collect(),
            uneven: uneven(program, settings.scale),
            beyond_dates: beyond_dates(program, settings.start, settings.end),
        }
    }
}

impl StreamOutcome {
    fn of(stream: &StreamResult, program: &Program) -> StreamOutcome {
        let index = program.stream(&stream.name);
        let domain = index.map(|index| program.streams[index].domain.clone());
        StreamOutcome {
            name: stream.name.clone(),
            domain: domain.unwrap_or_default(),
            rows: stream.rows,
            fingerprint: stream.fingerprint.to_string(),
        }
    }
}

impl KeptValues {
    fn of(kept: &Kept, program: &Program) -> KeptValues {
        let (what, how) = kept.described(program);
        let (time, id) = kept.counted.first;
        KeptValues {
            what,
            how,
            number: kept.counted.number,
            first: First {
                event_id: kept.is_of_event().then(|| id.to_string()),
                entity_id: (!kept.is_of_event()).then(|| id.to_string()),
                time: instant(time),
                value: kept.value(),
            },
        }
    }
}
