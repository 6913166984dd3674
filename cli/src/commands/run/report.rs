//! What a run came to, for people and for programs.

use std::collections::BTreeMap;

use causeflow_runs::{Attributed, Difference, First, Job, KeptValues, Outcome};

use crate::output::{Align, Table, bytes, count, rough, short, some};

/// How many of the streams that differ from the twin are shown.
const DIFFERING_STREAMS: usize = 10;

/// Streams and rows by domain, the largest first.
fn domains(outcome: &Outcome) -> Vec<(&str, usize, u64)> {
    let mut domains: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for stream in &outcome.streams {
        let (streams, rows) = domains.entry(&stream.domain).or_default();
        *streams += 1;
        *rows += stream.rows;
    }
    let mut sorted: Vec<_> = domains
        .into_iter()
        .map(|(name, (streams, rows))| (name, streams, rows))
        .collect();
    sorted.sort_by(|a, b| b.2.cmp(&a.2).then(a.0.cmp(b.0)));
    sorted
}

pub fn text(outcome: &Outcome, job: &Job) -> String {
    let days = (job.run.settings.end - job.run.settings.start).days();
    let mut table = Table::new(&[
        ("domain", Align::Left),
        ("streams", Align::Right),
        ("rows", Align::Right),
        ("rows/day", Align::Right),
    ]);
    let all = ("total", outcome.streams.len(), outcome.rows);
    for (name, streams, rows) in domains(outcome).into_iter().chain([all]) {
        table.row([
            name.to_owned(),
            streams.to_string(),
            count(rows),
            rough(rows as f64 / days),
        ]);
    }
    let resumed = outcome.resumed_from.as_ref();
    let took = format!(
        "{:.1} s{}, {} rows/s",
        outcome.elapsed_seconds,
        resumed.map_or_else(String::new, |from| format!(" from {from} on")),
        short(outcome.rows_per_second)
    );
    let size = match &outcome.out {
        Some(out) => format!(
            "{} in {} in {out}",
            bytes(outcome.bytes as f64),
            some(outcome.files, "file"),
        ),
        None => "nothing written".to_owned(),
    };
    let difference = outcome.counterfactual.as_ref();
    format!(
        "{}\n{}{}{took}; {size}\nfingerprint {}\n",
        table.render(0),
        difference.map(self::difference).unwrap_or_default(),
        attributed(&outcome.attributed, outcome.rows),
        outcome.fingerprint
    )
}

/// What was found that should not be, a line each.
pub fn warnings(outcome: &Outcome) -> Vec<String> {
    let ties = match outcome.ties {
        0 => None,
        ties => Some(format!(
            "warning: {} pairs of rows stand at the same place of the total order; please report this",
            count(ties)
        )),
    };
    let refused = match outcome.refused_reservations {
        0 => None,
        refused => Some(format!(
            "warning: {} refused, since the slots were not free\n  help: let a change `reserve` only `when` `free(...)` holds",
            match refused {
                1 => "1 reservation was".to_owned(),
                many => format!("{} reservations were", count(many)),
            }
        )),
    };
    let lines = outcome.uneven.iter().chain(&outcome.beyond_dates);
    let lines = lines.map(|line| format!("warning: {line}"));
    let warnings = ties.into_iter().chain(refused);
    let kept = outcome.kept_within_bounds.iter().map(kept);
    warnings.chain(kept).chain(lines).collect()
}

/// A warning of values that were kept within bounds, with the first of them.
fn kept(kept: &KeptValues) -> String {
    let KeptValues { what, how, .. } = kept;
    let values = match kept.number {
        1 => "1 value".to_owned(),
        many => format!("{} values", count(many)),
    };
    let First {
        event_id,
        entity_id,
        time,
        value,
    } = &kept.first;
    let first = value.map_or_else(String::new, |value| format!(", {value},"));
    let event = event_id.iter().map(|id| format!("event {id}"));
    let whose = event.chain(entity_id.iter().map(|id| format!("entity {id}")));
    let whose = whose.collect::<String>();
    format!("warning: {what}: {values} {how}; the first{first} in the {whose} at {time}")
}

/// How many rows are because of what, in one line; nothing where nobody intervened.
fn attributed(attributed: &Attributed, all_rows: u64) -> String {
    let kinds = [
        (attributed.scenarios, "scenario"),
        (attributed.events, "event that was asked for"),
        (attributed.timeline, "external event"),
    ];
    let mut parts: Vec<String> = kinds
        .iter()
        .filter(|(share, _)| share.interventions > 0)
        .map(|(share, what)| {
            let percent = share.rows as f64 / all_rows.max(1) as f64 * 100.0;
            let what = match (share.interventions, *what) {
                (1, _) | (_, "scenario" | "external event") => some(share.interventions, what),
                (several, _) => format!("{several} events that were asked for"),
            };
            format!("{} ({percent:.1} %) because of {what}", count(share.rows))
        })
        .collect();
    for (rows, how) in [
        (attributed.joint.rows, "of several"),
        (attributed.contention.rows, "of contention"),
    ] {
        if rows > 0 {
            let percent = rows as f64 / all_rows.max(1) as f64 * 100.0;
            parts.push(format!("{} ({percent:.1} %) because {how}", count(rows)));
        }
    }
    match parts.is_empty() {
        true => String::new(),
        false => format!("rows that differ: {}\n", parts.join(", ")),
    }
}

/// What differs from the twin, by stream.
fn difference(difference: &Difference) -> String {
    let identical = match difference.identical {
        1 => "1 stream is".to_owned(),
        equal => format!("{equal} streams are"),
    };
    if difference.streams.is_empty() {
        return format!(
            "without what was asked for, the run would be the same: {identical} identical\n\n"
        );
    }
    let mut table = Table::new(&[
        ("differs from its twin", Align::Left),
        ("rows", Align::Right),
        ("in the twin", Align::Right),
        ("added", Align::Right),
        ("removed", Align::Right),
        ("moved", Align::Right),
        ("changed", Align::Right),
    ]);
    for stream in difference.streams.iter().take(DIFFERING_STREAMS) {
        let counts = &stream.counts;
        table.row([
            stream.name.clone(),
            count(stream.rows),
            count(stream.twin_rows),
            count(counts.added),
            count(counts.removed),
            count(counts.moved),
            count(counts.changed),
        ]);
    }
    let more = match difference.streams.len().saturating_sub(DIFFERING_STREAMS) {
        0 => String::new(),
        more => format!("and {} more; ", some(more, "stream")),
    };
    format!(
        "{}{more}{identical} identical; counterfactual/ has every event that differs\n\n",
        table.render(0)
    )
}
