//! What is asked for, as a plain value: the command line, a request to a server and a program in another language make the
//! same one.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use causeflow_engine::base::time::Span;
use causeflow_models::duration;
use causeflow_outputs::{Compression, Format};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Result};

/// The version of a [`RunSpec`]'s shape.
pub const SPEC_VERSION: u32 = 1;

/// From a millionth to a hundred times the model's size.
pub const SCALES: RangeInclusive<f64> = 1e-6..=100.0;

/// The longest range, in days: the profiles' tables of a longer one would take more memory than the rest.
pub const MAX_DAYS: f64 = 3660.0;

const SECONDS_PER_DAY: f64 = 86_400.0;

/// Whether a run can be so many days long.
pub fn days_fit(days: f64) -> bool {
    days * SECONDS_PER_DAY >= 1.0 && days <= MAX_DAYS
}

/// A run as it is asked for: all that its files depend on. Where they go, and how many threads play, is no part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// The version of this shape, 1.
    #[schemars(range(min = 1, max = 1))]
    pub spec_version: u32,
    /// A built-in model's name or the path of a model's folder.
    pub model: String,
    /// Values for parameters of the model, as it writes them: `5%`, `2h`, `true`, `web`. All others have those of its files.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Everything drawn follows from it; a decimal string, since many readers keep only 53 bits of a number.
    #[serde(default = "default_seed", with = "seed")]
    #[schemars(with = "String", regex(pattern = "^[0-9]{1,20}$"))]
    pub seed: u64,
    /// The first day, a date and time, or an instant; what names no offset is in the model's time zone.
    #[serde(default = "default_start")]
    pub start: String,
    /// How many days of the calendar in the model's time zone; fractions too.
    #[serde(default = "default_days")]
    pub days: f64,
    /// The share of the model's population and traffic.
    #[serde(default = "default_scale")]
    #[schemars(range(min = 1e-6, max = 100.0))]
    pub scale: f64,
    /// Patterns of the names of streams to be written, in which `*` is any text and `?` any character; all without any.
    #[serde(default)]
    pub streams: Vec<String>,
    /// Scenarios to be started, such as `payment-outage@day3T10:00` or `payment-outage@2026-02-04T10:00+6h`.
    #[serde(default)]
    pub scenarios: Vec<String>,
    /// External events that are to happen, such as `blog-viral@day3T18:00`.
    #[serde(default)]
    pub events: Vec<String>,
    /// Files with external events of one's own.
    #[serde(default)]
    pub event_files: Vec<PathBuf>,
    /// Whether there are the external events that come by themselves.
    #[serde(default = "yes")]
    pub timeline: bool,
    /// A folder of scenarios in place of the model's own folder `scenarios`.
    #[serde(default)]
    pub scenario_folder: Option<PathBuf>,
    /// What the run is compared with, if it is.
    #[serde(default)]
    pub counterfactual: Option<Counterfactual>,
    /// The folder of a baseline to score the history against; without one, what the run would be without interventions.
    #[serde(default)]
    pub baseline: Option<PathBuf>,
    /// The format of the files.
    #[serde(default = "default_format")]
    pub format: Format,
    /// The compression of the files; zstd for Parquet and none for the others by default.
    #[serde(default)]
    pub compression: Option<Compression>,
    /// How often to keep a snapshot to go on from, such as `6h` or `1d`.
    #[serde(default, with = "span")]
    #[schemars(with = "Option<String>")]
    pub snapshot_every: Option<Span>,
}

/// What a run is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Counterfactual {
    /// The run without all that was asked for.
    Together,
    /// The run without each of that, too.
    Each,
}

/// Which days are played, and how large.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// As in [`RunSpec::start`].
    pub start: String,
    /// As in [`RunSpec::days`].
    pub days: f64,
    /// As in [`RunSpec::scale`].
    pub scale: f64,
}

fn default_seed() -> u64 {
    42
}

fn default_start() -> String {
    "2026-02-02".to_owned()
}

fn default_days() -> f64 {
    30.0
}

fn default_scale() -> f64 {
    1.0
}

fn default_format() -> Format {
    Format::Parquet
}

fn yes() -> bool {
    true
}

/// What is looked at before the rest, so that a value of another version is not told of its keys.
#[derive(Deserialize)]
struct Head {
    spec_version: Option<u32>,
}

impl RunSpec {
    /// Asks for a model, and for nothing else that is not usual: 30 days at full size.
    pub fn of(model: impl Into<String>) -> RunSpec {
        RunSpec {
            spec_version: SPEC_VERSION,
            model: model.into(),
            parameters: BTreeMap::new(),
            seed: default_seed(),
            start: default_start(),
            days: default_days(),
            scale: default_scale(),
            streams: Vec::new(),
            scenarios: Vec::new(),
            events: Vec::new(),
            event_files: Vec::new(),
            timeline: true,
            scenario_folder: None,
            counterfactual: None,
            baseline: None,
            format: default_format(),
            compression: None,
            snapshot_every: None,
        }
    }

    /// Reads one from JSON. What is left out is as usual; a key that there is not is refused.
    ///
    /// # Errors
    /// When it is no JSON, of another version, or of another shape; the message names the key.
    pub fn from_json(text: &str) -> Result<RunSpec> {
        let wrong = |error: serde_json::Error| {
            Error::input(
                format!("this does not ask for a run: {error}"),
                "the schema `run-spec` tells its shape",
            )
        };
        let Head { spec_version } = serde_json::from_str(text).map_err(wrong)?;
        match spec_version {
            Some(SPEC_VERSION) => {}
            Some(other) => {
                return Err(Error::input(
                    format!("`spec_version` is {other}, and this program reads {SPEC_VERSION}"),
                    "ask in that version, or use the program that fits",
                )
                .in_field("spec_version"));
            }
            None => {
                return Err(Error::input(
                    "`spec_version` is missing",
                    format!("add \"spec_version\": {SPEC_VERSION}"),
                )
                .in_field("spec_version"));
            }
        }
        serde_json::from_str(text).map_err(wrong)
    }

    /// Which days are played, and how large.
    pub fn range(&self) -> Range {
        Range {
            start: self.start.clone(),
            days: self.days,
            scale: self.scale,
        }
    }
}

/// The JSON Schema of a [`RunSpec`].
pub fn spec_schema() -> serde_json::Value {
    schemars::schema_for!(RunSpec).to_value()
}

/// A seed is written as a string, and read from one or from a number.
mod seed {
    use super::{Deserializer, Serializer, de, fmt};

    pub fn serialize<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        struct Seed;
        impl de::Visitor<'_> for Seed {
            type Value = u64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from 0 to {} as a string", u64::MAX)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
                Ok(number)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
                let wrong = |_| E::invalid_value(de::Unexpected::Str(text), &self);
                text.parse().map_err(wrong)
            }
        }
        from.deserialize_any(Seed)
    }
}

/// A span is written as people write it.
mod span {
    use super::{Deserialize, Deserializer, Serializer, Span, de, duration};

    pub fn serialize<S: Serializer>(value: &Option<Span>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(span) => to.collect_str(span),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Span>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        let Some(text) = text else { return Ok(None) };
        match duration(&text).map_err(de::Error::custom)? {
            Span(0) => Err(de::Error::custom("expected some time, such as 6h or 1d")),
            span => Ok(Some(span)),
        }
    }
}

#[cfg(test)]
mod tests {
    use causeflow_outputs::Compression;
    use proptest::prelude::*;

    use super::*;

    fn words() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("\\PC{0,12}", 0..3)
    }

    proptest! {
        #[test]
        fn what_is_asked_for_is_read_as_it_was_written(
            (seed, days, scale) in (any::<u64>(), 0.1_f64..3660.0, 1e-6_f64..100.0),
            (model, streams, scenarios, events) in ("\\PC{0,12}", words(), words(), words()),
            (timeline, each, every) in (any::<bool>(), any::<Option<bool>>(), prop::option::of(1_i64..1 << 45)),
        ) {
            let spec = RunSpec {
                seed, days, scale, streams, scenarios, events, timeline,
                counterfactual: each.map(|each| match each {
                    true => Counterfactual::Each,
                    false => Counterfactual::Together,
                }),
                snapshot_every: every.map(Span),
                compression: each.map(|_| Compression::Lz4),
                ..RunSpec::of(model)
            };
            let text = serde_json::to_string(&spec).expect("plain values");
            prop_assert_eq!(RunSpec::from_json(&text).expect("as it was written"), spec);
        }
    }

    #[test]
    fn what_is_left_out_is_as_usual() {
        let read = RunSpec::from_json(r#"{"spec_version": 1, "model": "tutoring", "seed": 7}"#);
        let usual = RunSpec {
            seed: 7,
            ..RunSpec::of("tutoring")
        };
        assert_eq!(read.expect("all that is needed"), usual);
    }

    #[test]
    fn what_is_no_request_is_refused_by_its_name() {
        for (text, part) in [
            (
                r#"{"spec_version": 2, "model": "x", "new": 1}"#,
                "`spec_version` is 2",
            ),
            (r#"{"model": "x"}"#, "`spec_version` is missing"),
            (r#"{"spec_version": 1}"#, "`model`"),
            (r#"{"spec_version": 1, "model": "x", "sede": 7}"#, "`sede`"),
            (
                r#"{"spec_version": 1, "model": "x", "seed": -1}"#,
                "a whole number from 0",
            ),
            (
                r#"{"spec_version": 1, "model": "x", "snapshot_every": "0s"}"#,
                "some time",
            ),
            (
                r#"{"spec_version": 1, "model": "x", "format": "xls"}"#,
                "`xls`",
            ),
            ("[]", "does not ask for a run"),
        ] {
            let error = RunSpec::from_json(text).expect_err(text);
            assert!(error.message().contains(part), "{text}: {error}");
        }
    }
}
