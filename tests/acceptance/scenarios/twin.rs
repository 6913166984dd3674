//! Every row of the built-in model, under scenarios and the timeline, knows whether a run without them has it, unless
//! only contention tells the two apart; how many these are is known, too.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::OnceLock;

use causeflow_engine::base::fingerprint::string_hash;
use causeflow_engine::base::head::JOINTLY;
use causeflow_engine::base::table::{Chunk, RowSink, SinkError, Values};
use causeflow_engine::streams::attribution::Difference;
use causeflow_engine::streams::play::{RunResult, run};
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::series::hour_of;
use causeflow_engine::streams::world::Settings;

use super::played::{BARE, Play, at};
use crate::columns::{ATTRIBUTION, EVENT, has_value, identifiers, times};
use crate::runs::model;

const DAYS: i64 = 8;

/// A row: its place, a digest of all that it holds but the attribution, and the code of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    place: (u64, i64),
    digest: u64,
    by: u16,
}

/// Digests rows, stream by stream.
#[derive(Default)]
struct Digests(BTreeMap<usize, Vec<Row>>);

impl RowSink for Digests {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        for chunk in &chunks {
            let column = &chunk.columns[ATTRIBUTION];
            let Values::Text(codes) = &column.values else {
                return Err("attributions are texts".into());
            };
            let by = |row| {
                if has_value(column, row) {
                    codes[row]
                } else {
                    0
                }
            };
            let (ids, times) = (identifiers(&chunk.columns[EVENT].values), times(chunk));
            let digests = digests(chunk);
            let rows = (0..chunk.rows).map(|row| Row {
                place: (ids[row], times[row]),
                digest: digests[row],
                by: by(row),
            });
            self.0.entry(chunk.table).or_default().extend(rows);
        }
        Ok(())
    }
}

/// A number for each row in which every bit of every value but the attribution shows. Texts show by their codes,
/// which a program that is bent shares with the one that it was.
fn digests(chunk: &Chunk) -> Vec<u64> {
    let mut digests = vec![0_u64; chunk.rows];
    for (number, column) in chunk.columns.iter().enumerate() {
        if number == ATTRIBUTION {
            continue;
        }
        let word = |row: usize| match &column.values {
            Values::Id(v) => v[row],
            Values::Time(v) => v[row] as u64,
            Values::Float(v) => v[row].to_bits(),
            Values::Int(v) => v[row] as u64,
            Values::Exact(v, _) => v[row] as u64,
            Values::String(v) => string_hash(v.get(row)),
            Values::Bool(v) => u64::from(v[row]),
            Values::Small(v) | Values::Text(v) => u64::from(v[row]),
        };
        for (row, digest) in digests.iter_mut().enumerate() {
            const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
            let word = if has_value(column, row) {
                word(row)
            } else {
                !0
            };
            *digest = (*digest ^ word).wrapping_mul(FACTOR);
            *digest ^= *digest >> 29;
        }
    }
    digests
}

fn play(program: Program) -> (BTreeMap<usize, Vec<Row>>, RunResult) {
    let settings = Settings {
        seed: 42,
        start: at(1, 0),
        end: at(1 + DAYS, 0),
        open_end: false,
        scale: 0.1,
        streams: None,
    };
    let mut sink = Digests::default();
    let result = run(program, &settings, Some(&mut sink), &mut |_| {
        ControlFlow::Continue(())
    });
    let mut rows = sink.0;
    rows.values_mut().for_each(|rows| rows.sort_unstable());
    (rows, result.expect("nothing interrupts it"))
}

/// How a stream with these rows differs from its twin by the hour, once every row's attribution is found right.
fn compare(name: &str, rows: &[Row], twin: &[Row]) -> BTreeMap<i64, Difference> {
    let mut differences: BTreeMap<i64, Difference> = BTreeMap::new();
    let mut others = twin.iter().peekable();
    let removed = |row: &Row, differences: &mut BTreeMap<i64, Difference>| {
        differences.entry(hour_of(row.place.1)).or_default().removed += 1;
    };
    for row in rows {
        while let Some(other) = others.next_if(|other| other.place < row.place) {
            removed(other, &mut differences);
        }
        let other = others.next_if(|other| other.place == row.place);
        let same = other.is_some_and(|other| other.digest == row.digest);
        assert_eq!(row.by == 0, same, "{name}: {row:?}, in the twin: {other:?}");
        if !same {
            let hour = differences.entry(hour_of(row.place.1)).or_default();
            match other {
                Some(_) => hour.changed += 1,
                None => hour.added += 1,
            }
        }
    }
    others.for_each(|other| removed(other, &mut differences));
    differences
}

/// The rows without anything from outside.
fn usual() -> &'static (BTreeMap<usize, Vec<Row>>, RunResult) {
    static PLAYED: OnceLock<(BTreeMap<usize, Vec<Row>>, RunResult)> = OnceLock::new();
    PLAYED.get_or_init(|| play(model()))
}

/// Plays scenarios and compares every row; some of them must have made a difference of their own.
fn assert_exact(scenarios: &[&str], named: &[&str]) {
    let plan = Play {
        scenarios,
        timeline: true,
        days: DAYS,
        ..BARE
    }
    .plan(42);
    let mut bent = model();
    plan.apply(&mut bent).expect("it is the plan's program");
    let names: Vec<String> = bent.interventions.iter().map(|i| i.name.clone()).collect();
    let ((rows, result), (twin, usual)) = (play(bent), usual());
    let mut by: BTreeMap<&str, u64> = BTreeMap::new();
    for (at, (stream, other)) in result.streams.iter().zip(&usual.streams).enumerate() {
        let (here, there) = (&rows[&at], &twin[&at]);
        assert_eq!(
            (here.len() as u64, there.len() as u64),
            (stream.rows, other.rows)
        );
        let expected = compare(&stream.name, here, there);
        let mut counted: BTreeMap<i64, Difference> = BTreeMap::new();
        for ((account, hour), difference) in stream.impact.differences() {
            let Some(label) = account.label() else {
                continue;
            };
            let sum = counted.entry(hour).or_default();
            sum.added += difference.added;
            sum.removed += difference.removed;
            sum.changed += difference.changed;
            let all = difference.added + difference.removed + difference.changed;
            let name = match (account.is_scarcity(), label) {
                (true, _) => "contention",
                (_, label) => label.intervention().map_or(JOINTLY, |at| &names[at]),
            };
            *by.entry(name).or_default() += all;
        }
        assert_eq!(counted, expected, "{}", stream.name);
        for (at, hour) in stream.series.hours() {
            let twin = other.series.hour(at).factual;
            assert_eq!(hour.untouched, twin, "{}", stream.name);
        }
        let counts = stream.series.hours().map(|(_, hour)| hour.factual.count);
        assert_eq!(counts.sum::<u64>(), stream.rows);
    }
    println!("{by:?}");
    for id in named {
        let own = by.iter().find(|(name, _)| name.starts_with(id));
        assert!(
            own.is_some_and(|(_, differences)| *differences > 500),
            "{id}"
        );
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn a_surge_begins_as_an_outage_ends() {
    assert_exact(
        &["payment-outage@day2T10:00", "exam-season-surge@day2T14:00"],
        &["payment-outage", "exam-season-surge"],
    );
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn an_outage_while_a_surge_settles() {
    // The surge delays every answer, so all payments that fail are of bookings that differ already: both have a part.
    assert_exact(
        &["exam-season-surge@day2", "payment-outage@day5T08:00+6h"],
        &["exam-season-surge", "joint"],
    );
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn students_leave_while_quality_recovers() {
    assert_exact(
        &["quality-crisis@day2+1d", "churn-pattern@day3T12:00+2d"],
        &["quality-crisis", "churn-pattern"],
    );
}
