//! `manifest.json`: what a run was made from and what it left behind.

use std::collections::BTreeMap;

use crate::file::FileEntry;
use crate::options::{Compression, Format};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of the manifest's shape.
pub const MANIFEST_VERSION: u32 = 3;

/// The file's name in the folder of a run.
pub const MANIFEST_NAME: &str = "manifest.json";

/// Who writes causeflow's manifests; a folder whose manifest names another generator is not ours.
pub const GENERATOR_NAME: &str = "causeflow";

/// A run: what it was made from, what it left behind, and how to tell that it is the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this shape.
    pub manifest_version: u32,
    /// The program that wrote the run.
    pub generator: Generator,
    /// Grows whenever any generated value changes from one version of the program to the next.
    pub stream_stability_version: u32,
    /// The model that was played.
    pub model: ModelEntry,
    /// The seed, as a decimal string.
    #[serde(with = "decimal_string")]
    #[schemars(with = "String", regex(pattern = "^[0-9]{1,20}$"))]
    pub seed: u64,
    /// The first instant of the run, RFC 3339 in UTC.
    pub start: String,
    /// The first instant after the run, RFC 3339 in UTC.
    pub end: String,
    /// The time zone of the model, by its IANA name: commands read dates and times without an offset in it.
    pub time_zone: String,
    /// The share of the model's population and traffic that was played.
    pub scale: f64,
    /// The number of cells that the population is split into.
    pub cells: u32,
    /// The scenarios that were played, in the order of their start.
    pub scenarios: Vec<ScenarioEntry>,
    /// The external events that were asked for, in the order of their time; those that scenarios and the timeline
    /// bring are in the table `external_events` only.
    pub events: Vec<EventEntry>,
    /// The external events of the run.
    pub external_events: ExternalEventsEntry,
    /// For a version of a part of a run, that run and what was put into it: `start` and `end` are then those of the
    /// part, and `scenarios`, `events` and `external_events` those that the run had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionEntry>,
    /// The baseline that the run was scored against; missing when that is its own untouched side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineEntry>,
    /// The format of the files.
    pub format: Format,
    /// The compression of the files.
    pub compression: Compression,
    /// A digest over the rows of all streams, independent of format, compression and file layout.
    pub fingerprint: String,
    /// The streams of events.
    pub streams: Vec<StreamEntry>,
    /// Streams of the model that are not written: their events have taken place, and may be what caused others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// The tables of entities.
    pub entities: Vec<EntityEntry>,
    /// The tables of how entities stood when the run's window began, of the kinds of which the model asks for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities_start: Vec<EntityEntry>,
    /// The files, with paths relative to this one.
    pub files: Vec<FileEntry>,
    /// `blake3:` and the digest, in hexadecimal, of this file's bytes without this value.
    pub digest: String,
}

/// The program that wrote a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generator {
    /// Its name, `causeflow`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The model of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Its name.
    pub name: String,
    /// A digest over its text files, and over the values of its parameters that were given.
    pub digest: String,
    /// The values that its parameters were given; all others are those of its files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

/// A scenario of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioEntry {
    /// Its id.
    pub id: String,
    /// When it began, RFC 3339 in UTC.
    pub start: String,
    /// When it began to let go.
    pub end: String,
    /// From when on it did nothing any more.
    pub settled: String,
    /// The name that rows are attributed to.
    pub attribution: String,
    /// A digest over its file and the files of those that it extends.
    pub digest: String,
}

/// An external event that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventEntry {
    /// The template that it is of.
    pub template: String,
    /// When it happened, RFC 3339 in UTC.
    pub time: String,
    /// Its headline.
    pub title: String,
    /// What happened.
    pub description: String,
    /// How serious it looked.
    pub severity: String,
    /// Whether it had its template's impact.
    pub causal: bool,
    /// The name that rows are attributed to; missing without an impact.
    pub attribution: Option<String>,
}

/// The external events of a run, whoever brought them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalEventsEntry {
    /// Whether there were those that come by themselves.
    pub timeline: bool,
    /// How many there were altogether.
    pub number: u64,
    /// A digest over the files of their templates; missing where there are none.
    pub digest: Option<String>,
}

/// A version of a part of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionEntry {
    /// Its name.
    pub name: String,
    /// The fingerprint of the run that it is a version of.
    pub of: String,
    /// The first instant of that run, RFC 3339 in UTC.
    pub run_start: String,
    /// The first instant after that run, RFC 3339 in UTC.
    pub run_end: String,
    /// The beginning of the window in which what was put in begins, RFC 3339 in UTC.
    pub from: String,
    /// The first instant after that window, RFC 3339 in UTC. What has begun may act beyond it, up to the end of the version.
    pub to: String,
    /// The scenarios that were put in, in the order of their start.
    pub scenarios: Vec<ScenarioEntry>,
    /// The external events that were put in, in the order of their time.
    pub events: Vec<EventEntry>,
}

/// The baseline of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineEntry {
    /// The seeds that it was made from, as decimal strings.
    pub seeds: Vec<String>,
    /// The digest of its statistics.
    pub digest: String,
}

/// A stream of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamEntry {
    /// Its name, such as `booking.requested`.
    pub name: String,
    /// Number of events.
    pub rows: u64,
    /// A digest over its rows.
    pub fingerprint: String,
}

/// A table of entities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntityEntry {
    /// The kind of entity, such as `student`.
    pub kind: String,
    /// Number of entities.
    pub rows: u64,
}

impl Manifest {
    /// The text of `manifest.json`: indented JSON that ends with a line break. Its digest is worked out anew.
    ///
    /// # Errors
    /// When `scale` is not a finite number.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        if !self.scale.is_finite() {
            let message = format!("scale {} is not a finite number", self.scale);
            return Err(serde::ser::Error::custom(message));
        }
        let without = Manifest {
            digest: String::new(),
            ..self.clone()
        };
        let digest = digest_of(&(serde_json::to_string_pretty(&without)? + "\n"));
        let whole = Manifest { digest, ..without };
        Ok(serde_json::to_string_pretty(&whole)? + "\n")
    }

    /// Whether this is what was written to the text that it was read from.
    pub(crate) fn is_as_written(&self, text: &str) -> bool {
        // The last, should somebody have put the same into a name.
        let place = text.rfind(&self.digest).filter(|_| !self.digest.is_empty());
        place.is_some_and(|place| {
            let mut without = text.to_owned();
            without.replace_range(place..place + self.digest.len(), "");
            digest_of(&without) == self.digest
        })
    }
}

fn digest_of(text: &str) -> String {
    format!("blake3:{}", blake3::hash(text.as_bytes()).to_hex())
}

/// The JSON Schema of the manifest.
pub fn manifest_schema() -> serde_json::Value {
    schemars::schema_for!(Manifest).to_value()
}

/// 64-bit numbers are strings in JSON: many readers keep only 53 bits of a number.
mod decimal_string {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = |error| de::Error::custom(format!("`{text}` is no 64-bit number: {error}"));
        text.parse().map_err(wrong)
    }
}
