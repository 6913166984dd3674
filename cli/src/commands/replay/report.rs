//! What playing a run again came to, for people and for programs.

use causeflow_engine::run::RunResult;
use causeflow_outputs::{EventRow, Manifest, rfc3339};
use serde_json::{Map, Value, json};

use super::{Differing, First, Found};
use crate::args::ReplayArgs;
use crate::commands::verify::{as_json, place};
use crate::errors::Failure;
use crate::expected::Wrong;
use crate::output::{Align, Table, count, print, print_json, short, some};
use crate::progress::Clock;
use crate::recipe::Recipe;

/// How much of what is wrong is shown.
const SHOWN: usize = 20;

/// A run that has been played again.
pub struct Report<'a> {
    pub args: &'a ReplayArgs,
    pub manifest: &'a Manifest,
    pub recipe: &'a Recipe,
    pub result: &'a RunResult,
    pub clock: Clock,
    pub differing: &'a [Differing],
    pub found: Option<&'a Found>,
    /// What else is not as it should be: the manifest, tables.
    pub wrong: &'a [Wrong],
}

impl Report<'_> {
    /// Whether all is as the manifest says.
    pub fn is_identical(&self) -> bool {
        self.differing.is_empty() && self.same_whole() && self.wrong.is_empty()
    }

    /// Whether the fingerprint of the whole run is the manifest's.
    fn same_whole(&self) -> bool {
        self.result.fingerprint.to_string() == self.manifest.fingerprint
    }

    /// What was played, in a line.
    fn what(&self) -> String {
        let (manifest, interventions) = (self.manifest, &self.recipe.interventions);
        format!(
            "{} from {} to {}, seed {}, scale {}, {}, {}",
            self.recipe.model.compiled.program.name,
            manifest.start,
            manifest.end,
            manifest.seed,
            manifest.scale,
            some(interventions.activations.len(), "scenario"),
            some(interventions.plan.external_events().len(), "external event"),
        )
    }

    fn rows(&self) -> u64 {
        self.result.streams.iter().map(|stream| stream.rows).sum()
    }

    /// Prints whether the run is the same, then what differs.
    pub fn print(&self) -> Result<(), Failure> {
        let streams = some(self.manifest.streams.len(), "stream");
        let rows = self.rows();
        let speed = format!(
            "{}\nplayed again in {:.1} s, {} rows/s",
            self.what(),
            self.clock.seconds(),
            short(self.clock.rate(rows))
        );
        if self.is_identical() {
            return print(&format!(
                "identical: {} rows in {streams} have the fingerprints of the manifest, and all tables are as it says\n\
                 {speed}; the files of events were not read, `causeflow verify` does that\n",
                count(rows)
            ));
        }
        let mut text = match self.differing.len() {
            0 if self.same_whole() => {
                format!("different: all {streams} are identical, and not all else is\n")
            }
            0 => format!(
                "different: all {streams} are identical, but the manifest's fingerprint of the whole run is {} and \
                 should be {}: it was changed\n",
                self.manifest.fingerprint, self.result.fingerprint
            ),
            differing => format!(
                "different: {} of {} {} not the fingerprint of the manifest\n",
                count(differing as u64),
                streams,
                if differing == 1 { "has" } else { "have" }
            ),
        };
        text += &format!("{speed}\n");
        if !self.differing.is_empty() {
            text += &format!("\n{}", self.streams());
        }
        match self.found {
            Some(Found::First(first)) => text += &format!("\n{}", event(first)),
            Some(Found::Nothing(why)) => text += &format!("\n{why}\n"),
            None => {}
        }
        if !self.wrong.is_empty() {
            text += &format!("\n{}", self.others());
        }
        print(&text)
    }

    /// What else is wrong, the first of it.
    fn others(&self) -> String {
        let shown = self.wrong.iter().take(SHOWN).map(|(check, finding)| {
            format!(
                "{}: {}\n  found {}, expected {}\n",
                check.what(),
                place(finding),
                finding.found,
                finding.expected
            )
        });
        let mut text: String = shown.collect();
        if let more @ 1.. = self.wrong.len().saturating_sub(SHOWN) {
            text += &format!("and {} more\n", count(more as u64));
        }
        text
    }

    fn streams(&self) -> String {
        let mut table = Table::new(&[
            ("stream", Align::Left),
            ("rows", Align::Right),
            ("played again", Align::Right),
            ("fingerprint", Align::Left),
            ("played again", Align::Left),
        ]);
        for one in self.differing {
            table.row([
                one.name.clone(),
                count(one.rows),
                count(one.replayed_rows),
                one.fingerprint.clone(),
                one.replayed_fingerprint.clone(),
            ]);
        }
        table.render(0)
    }

    /// Prints all of it as one JSON object.
    pub fn print_json(&self) -> Result<(), Failure> {
        let manifest = self.manifest;
        let stream = |one: &Differing| {
            json!({
                "name": one.name,
                "rows": one.rows,
                "fingerprint": one.fingerprint,
                "replayed_rows": one.replayed_rows,
                "replayed_fingerprint": one.replayed_fingerprint,
            })
        };
        let (event, note) = match self.found {
            Some(Found::First(first)) => (event_json(first), Value::Null),
            Some(Found::Nothing(why)) => (Value::Null, why.as_str().into()),
            None => (Value::Null, Value::Null),
        };
        print_json(&json!({
            "identical": self.is_identical(),
            "manifest": self.args.manifest.display().to_string(),
            "model": manifest.model.name,
            "seed": manifest.seed.to_string(),
            "start": manifest.start,
            "end": manifest.end,
            "scale": manifest.scale,
            "streams": manifest.streams.len(),
            "rows": self.rows(),
            "fingerprint": manifest.fingerprint,
            "replayed_fingerprint": self.result.fingerprint.to_string(),
            "differing": self.differing.iter().map(stream).collect::<Vec<_>>(),
            "event": event,
            "findings": self.wrong.iter().map(finding_json).collect::<Vec<_>>(),
            "note": note,
        }))
    }
}

/// The first event that differs: both versions, then its causes.
fn event(first: &First) -> String {
    let mut text = format!(
        "{} events differ; the first is event {} of {}\n",
        count(first.differing),
        first.event_id,
        first.stream
    );
    if let Some(row) = &first.written {
        text += &format!("in {}, row {} (the first is 0)\n", row.file, row.row);
    }
    text += &versions(first);
    text += "\ncaused by\n";
    let mut table = Table::new(&[
        ("time", Align::Left),
        ("stream", Align::Left),
        ("event_id", Align::Right),
        ("attribution", Align::Left),
    ]);
    for cause in &first.lineage.causes {
        table.row([
            time(cause.time_us),
            cause.stream.clone(),
            id_of(cause),
            cause.attribution.clone().unwrap_or_default(),
        ]);
    }
    match (first.lineage.lost, first.lineage.causes.is_empty()) {
        (None, true) => text += "  nothing: it is the first event of its chain\n",
        (None, false) => text += &table.render(2),
        (Some(lost), _) => {
            if !first.lineage.causes.is_empty() {
                text += &table.render(2);
            }
            text += &format!(
                "  event {lost}, which is not in the files: it lies before the start of the run, or in a stream that \
                 was not written\n"
            );
        }
    }
    text
}

/// Both versions of the event, column by column; those that differ have a mark.
fn versions(first: &First) -> String {
    let mut table = Table::new(&[
        ("", Align::Left),
        ("column", Align::Left),
        ("in the files", Align::Left),
        ("played again", Align::Left),
    ]);
    let shown = |row: &Option<EventRow>, name: &str| match row {
        None => "not there".to_owned(),
        Some(row) => row
            .columns
            .iter()
            .find(|(column, _)| column == name)
            .map_or(String::new(), |(_, value)| plain(value)),
    };
    let either = first.replayed.as_ref().or(first.written.as_ref());
    for (name, _) in either.iter().flat_map(|row| &row.columns) {
        let (files, again) = (shown(&first.written, name), shown(&first.replayed, name));
        let mark = if files == again { "" } else { "!" };
        table.row([mark.to_owned(), name.clone(), files, again]);
    }
    table.render(0)
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn finding_json((check, finding): &Wrong) -> Value {
    let mut value = as_json(finding);
    value["check"] = check.name().into();
    value
}

fn time(time_us: i64) -> String {
    rfc3339(time_us).unwrap_or_else(|| format!("{time_us} µs"))
}

fn id_of(row: &EventRow) -> String {
    row.columns
        .first()
        .map_or(String::new(), |(_, value)| plain(value))
}

fn event_json(first: &First) -> Value {
    let version = |row: &Option<EventRow>| match row {
        None => Value::Null,
        Some(row) => row.columns.iter().cloned().collect::<Map<_, _>>().into(),
    };
    let cause = |row: &EventRow| {
        json!({
            "stream": row.stream,
            "event_id": id_of(row),
            "time": time(row.time_us),
            "attribution": row.attribution,
        })
    };
    json!({
        "stream": first.stream,
        "event_id": first.event_id.to_string(),
        "differing_events": first.differing,
        "file": first.written.as_ref().map(|row| row.file.clone()),
        "row": first.written.as_ref().map(|row| row.row),
        "in_files": version(&first.written),
        "replayed": version(&first.replayed),
        "causes": first.lineage.causes.iter().map(cause).collect::<Vec<_>>(),
        "missing_cause": first.lineage.lost.map(|id| id.to_string()),
    })
}
