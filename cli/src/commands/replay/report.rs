//! What playing a run again came to, for people.

use causeflow_runs::live::Verdict;
use causeflow_runs::replay::{First, Replayed};
use serde_json::{Map, Value};

use crate::commands::verify::{place, told};
use crate::control::Clock;
use crate::output::{Align, Table, count, instant, short, some};

/// How much of what is wrong is shown.
const SHOWN: usize = 20;

/// What was played, in a line.
fn what(replayed: &Replayed) -> String {
    format!(
        "{} from {} to {}, seed {}, scale {}, {}, {}",
        replayed.model,
        replayed.start,
        replayed.end,
        replayed.seed,
        replayed.scale,
        some(replayed.scenarios, "scenario"),
        some(replayed.external_events, "external event"),
    )
}

/// Whether a session is the same, then what differs.
pub fn of_session(verdict: &Verdict, clock: Clock) -> String {
    let speed = format!(
        "played in {:.1} s, {} events/s; {} and {} compared",
        clock.seconds(),
        short(clock.rate(verdict.events)),
        some(verdict.compared, "barrier"),
        some(verdict.versions, "version")
    );
    let Some(difference) = &verdict.difference else {
        return format!(
            "identical: {} events up to {} have the fingerprint {}\n{speed}\n",
            count(verdict.events),
            instant(verdict.until),
            verdict.fingerprint
        );
    };
    let first = verdict.first.as_ref().map_or(String::new(), |[was, is]| {
        format!("the first event that differs was\n  {was}\nand is now\n  {is}\n")
    });
    format!("different: {difference}\n{first}{speed}\n")
}

/// Whether the run is the same, then what differs.
pub fn text(replayed: &Replayed, clock: Clock) -> String {
    let streams = some(replayed.streams, "stream");
    let rows = replayed.rows;
    let speed = format!(
        "{}\nplayed again in {:.1} s, {} rows/s",
        what(replayed),
        clock.seconds(),
        short(clock.rate(rows))
    );
    if replayed.identical {
        return format!(
            "identical: {} rows in {streams} have the fingerprints of the manifest, and all tables are as it says\n\
             {speed}; the files of events were not read, `causeflow verify` does that\n",
            count(rows)
        );
    }
    let mut text = match replayed.differing.len() {
        0 if replayed.fingerprint == replayed.replayed_fingerprint => {
            format!("different: all {streams} are identical, and not all else is\n")
        }
        0 => format!(
            "different: all {streams} are identical, but the manifest's fingerprint of the whole run is {} and \
             should be {}: it was changed\n",
            replayed.fingerprint, replayed.replayed_fingerprint
        ),
        differing => format!(
            "different: {} of {} {} not the fingerprint of the manifest\n",
            count(differing as u64),
            streams,
            if differing == 1 { "has" } else { "have" }
        ),
    };
    text += &format!("{speed}\n");
    if !replayed.differing.is_empty() {
        text += &format!("\n{}", differing(replayed));
    }
    if let Some(first) = &replayed.event {
        text += &format!("\n{}", event(first));
    }
    if let Some(note) = &replayed.note {
        text += &format!("\n{note}\n");
    }
    if !replayed.findings.is_empty() {
        text += &format!("\n{}", others(replayed));
    }
    text
}

/// What else is wrong, the first of it.
fn others(replayed: &Replayed) -> String {
    let shown = replayed.findings.iter().take(SHOWN).map(|finding| {
        let (place, told) = (place(&finding.found), told(&finding.found));
        format!("{}: {place}\n  {told}\n", finding.what)
    });
    let mut text: String = shown.collect();
    if let more @ 1.. = replayed.findings.len().saturating_sub(SHOWN) {
        text += &format!("and {} more\n", count(more as u64));
    }
    text
}

fn differing(replayed: &Replayed) -> String {
    let mut table = Table::new(&[
        ("stream", Align::Left),
        ("rows", Align::Right),
        ("played again", Align::Right),
        ("fingerprint", Align::Left),
        ("played again", Align::Left),
    ]);
    for one in &replayed.differing {
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

/// The first event that differs: both versions, then its causes.
fn event(first: &First) -> String {
    let mut text = format!(
        "{} events differ; the first is event {} of {}\n",
        count(first.differing_events),
        first.event_id,
        first.stream
    );
    if let (Some(file), Some(row)) = (&first.file, first.row) {
        text += &format!("in {file}, row {row} (the first is 0)\n");
    }
    text += &versions(first);
    text += "\ncaused by\n";
    let mut table = Table::new(&[
        ("time", Align::Left),
        ("stream", Align::Left),
        ("event_id", Align::Right),
        ("attribution", Align::Left),
    ]);
    for cause in &first.causes {
        table.row([
            cause.time.clone(),
            cause.stream.clone(),
            cause.event_id.clone(),
            cause.attribution.clone().unwrap_or_default(),
        ]);
    }
    match (&first.missing_cause, first.causes.is_empty()) {
        (None, true) => text += "  nothing: it is the first event of its chain\n",
        (_, false) => text += &table.render(2),
        (Some(_), true) => {}
    }
    if let Some(lost) = &first.missing_cause {
        text += &format!(
            "  event {lost}, which is not in the files: it lies before the start of the run, or in a stream that \
             was not written\n"
        );
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
    let shown = |columns: &Option<Map<String, Value>>, name: &str| match columns {
        None => "not there".to_owned(),
        Some(columns) => columns.get(name).map_or(String::new(), plain),
    };
    let either = first.replayed.as_ref().or(first.in_files.as_ref());
    for name in either.iter().flat_map(|columns| columns.keys()) {
        let (files, again) = (shown(&first.in_files, name), shown(&first.replayed, name));
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
