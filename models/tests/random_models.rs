//! Random models keep what docs/design.md promises of every run.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::random::{Cause, Chance, Origin, Plan, files, spec};
use crate::support::{Played, Row, START, Value, play, program, property, settings};

/// Hours that are written.
const HOURS: i64 = 36;
/// An hour, in microseconds.
const HOUR: i64 = 3_600_000_000;

/// A run with what the checks look up.
struct Run<'a> {
    plan: &'a Plan,
    played: &'a Played,
    /// Rows of each stream of the plan.
    rows: Vec<&'a [Row]>,
    /// (stream, row) by event.
    by_id: BTreeMap<u64, (usize, &'a Row)>,
    /// Events by (cause, stream).
    children: BTreeMap<(u64, usize), Vec<&'a Row>>,
    end: i64,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, played: &'a Played) -> Run<'a> {
        let rows: Vec<&[Row]> = plan
            .streams
            .iter()
            .map(|stream| &played.rows[&stream.name][..])
            .collect();
        let mut run = Run {
            plan,
            played,
            by_id: BTreeMap::new(),
            children: BTreeMap::new(),
            end: START.0 + HOURS * HOUR,
            rows,
        };
        for (s, rows) in run.rows.iter().enumerate() {
            for row in *rows {
                let twin = run.by_id.insert(row.id, (s, row));
                assert!(twin.is_none(), "two events have the id {}", row.id);
                if let Some(cause) = row.cause {
                    run.children.entry((cause, s)).or_default().push(row);
                }
            }
        }
        run
    }

    fn all(&self) -> impl Iterator<Item = (usize, &Row)> {
        self.rows
            .iter()
            .enumerate()
            .flat_map(|(s, rows)| rows.iter().map(move |row| (s, row)))
    }
}

proptest! {
    #![proptest_config(property(150))]

    #[test]
    fn keep_order_causes_and_bounds(spec in spec(true)) {
        let plan = Plan::new(&spec);
        let program = program(&files(&plan, Default::default()));
        let played = play(&program, &settings(spec.seed, HOURS));
        prop_assert_eq!(played.result.ties, 0);
        let run = Run::new(&plan, &played);
        rows_are_in_order_and_in_range(&run);
        causes_exist_and_come_first(&run);
        effects_are_as_many_as_declared(&run);
        values_are_legal(&run);
        snapshots_count_what_is_there(&run);
        documents_are_what_their_lines_come_to(&run);
    }
}

fn rows_are_in_order_and_in_range(run: &Run<'_>) {
    for rows in &run.rows {
        assert!(
            rows.is_sorted_by_key(|row| row.time),
            "a stream's rows stand in the order of time"
        );
    }
    for (_, row) in run.all() {
        assert!(
            (START.0..run.end).contains(&row.time),
            "{row:?} lies outside the range"
        );
    }
    for stream in &run.played.result.streams {
        let got = run.played.rows[&stream.name].len();
        assert_eq!(
            stream.rows as usize, got,
            "the result counts what the sink got"
        );
    }
}

fn causes_exist_and_come_first(run: &Run<'_>) {
    let mut homes: BTreeMap<u64, u16> = BTreeMap::new();
    for (s, row) in run.all() {
        let stream = &run.plan.streams[s];
        let Some(cause) = row.cause else {
            assert_eq!(row.root, row.id, "what nothing caused is its own root");
            assert_ne!(
                stream.origin,
                Origin::None,
                "{} has only causes",
                stream.name
            );
            assert_eq!(row.fields["by"], Value::Text("source".into()));
            continue;
        };
        let Some((p, parent)) = run.by_id.get(&cause).copied() else {
            // Its cause was in the warm-up: then it came so late that this is possible.
            let latest = |c: &Cause| c.bounds.1.map(|high| high + c.spacing * i64::from(c.count));
            let possible = |c: &Cause| latest(c).is_none_or(|high| row.time - high < START.0);
            assert!(
                stream.causes.iter().any(possible),
                "the cause of {row:?} of {} is missing",
                stream.name
            );
            continue;
        };
        let declared = &stream
            .caused_by(p)
            .unwrap_or_else(|| panic!("{} never causes {}", run.plan.streams[p].name, stream.name));
        assert_eq!(row.root, parent.root, "a chain has one root");
        assert_eq!(
            row.fields["by"],
            Value::Text(run.plan.streams[p].name.clone())
        );
        if let Some(carried) = row.fields.get(&format!("id_{p}")) {
            assert_eq!(
                carried,
                &parent.fields[&format!("id_{p}")],
                "what is carried is what the cause has"
            );
        }
        delay_is_as_declared(row, parent, declared);
        if let Some(guard) = declared.guard {
            assert!(
                parent.fields["amount"].number() > guard,
                "the guard keeps out {row:?}"
            );
        }
        let is_there = match stream.desk {
            // After the cells and the platform.
            true => row.cell == run.plan.spec.cells + 1,
            false => {
                row.cell == parent.cell || declared.any_cell || declared.back || declared.to_site
            }
        };
        assert!(is_there, "{row:?} is not where its effect sends it");
        if declared.back {
            comes_back(run, row);
        }
        if let Some(site) = row.fields.get("site_id") {
            let home = *homes.entry(site.id()).or_insert(row.cell);
            assert_eq!(row.cell, home, "{row:?} is where its site does not live");
        }
    }
}

/// Who goes to somebody is where that one was met last, and about the same.
fn comes_back(run: &Run<'_>, row: &Row) {
    let mut at = row;
    while let Some((_, cause)) = at.cause.and_then(|cause| run.by_id.get(&cause)) {
        at = cause;
        if let Some(person) = at.fields.get("person_id") {
            assert_eq!(row.fields["person_id"], *person, "{row:?} is about another");
            assert_eq!(row.cell, at.cell, "{row:?} is not where the person lives");
            return;
        }
    }
}

fn delay_is_as_declared(row: &Row, parent: &Row, cause: &Cause) {
    let late = row.time - parent.time;
    let steps = row.fields["number"].number() as i64 + 1;
    let (low, high) = cause.bounds;
    let spaced = cause.spacing * steps;
    assert!(
        late >= low + spaced,
        "{row:?} comes {late} us after its cause, not {low}"
    );
    if let Some(high) = high {
        assert!(
            late <= high + spaced,
            "{row:?} comes {late} us after its cause, more than {high}"
        );
    }
    let waits_for_nobody = high.is_some();
    if waits_for_nobody && cause.delay.1.contains("appointment") && cause.spacing == 0 {
        assert_eq!(
            row.time % (30 * 60_000_000),
            0,
            "appointments stand on their step"
        );
    }
}

fn effects_are_as_many_as_declared(run: &Run<'_>) {
    for (s, stream) in run
        .plan
        .streams
        .iter()
        .enumerate()
        .filter(|(_, stream)| !stream.requires)
    {
        for cause in &stream.causes {
            let Some(high) = cause.bounds.1 else {
                continue;
            };
            let reach = high + cause.spacing * i64::from(cause.count);
            for parent in run.rows[cause.parent]
                .iter()
                .filter(|parent| parent.time + reach < run.end)
            {
                let found = run.children.get(&(parent.id, s)).map_or(0, Vec::len);
                let ways = stream.caused_by(cause.parent);
                let most = ways.map_or(0, |ways| ways.count as usize);
                if stream.ways(cause.parent) > 1 {
                    assert!(found <= most, "{parent:?} and {}", stream.name);
                    continue;
                }
                let flag = format!("leads_to_{}", stream.name.replace('.', "_"));
                if cause.outcome.is_some() {
                    let partner = if stream.name.ends_with("_else") {
                        s - 1
                    } else {
                        s + 1
                    };
                    if run.plan.streams[partner].requires {
                        continue;
                    }
                    let other = run.children.get(&(parent.id, partner)).map_or(0, Vec::len);
                    assert_eq!(
                        found + other,
                        1,
                        "exactly one outcome of {parent:?} happens"
                    );
                    continue;
                }
                let told = parent.fields[&flag] == Value::Bool(true);
                assert_eq!(
                    found,
                    if told { cause.count as usize } else { 0 },
                    "{parent:?} and {}",
                    stream.name
                );
                let meant = cause
                    .guard
                    .is_none_or(|guard| parent.fields["amount"].number() > guard);
                if !meant || cause.chance == Chance::Certain {
                    assert_eq!(told, meant, "{parent:?} and {}", stream.name);
                }
            }
        }
    }
}

fn values_are_legal(run: &Run<'_>) {
    let cells = &run.played.result.cells;
    let people: Vec<BTreeSet<u64>> = cells
        .iter()
        .map(|cell| cell.population.groups[0].ids.iter().copied().collect())
        .collect();
    for (s, row) in run.all() {
        assert!(
            usize::from(row.cell) < cells.len(),
            "{row:?} lies in no cell"
        );
        let reached = row.fields["reached"] == Value::Bool(true);
        assert_eq!(row.fields.contains_key("channel"), reached, "{row:?}");
        for (name, value) in &row.fields {
            if let Value::Float(bits) = value {
                assert!(
                    f64::from_bits(*bits).is_finite(),
                    "`{name}` of {row:?} is not finite"
                );
            }
        }
        assert!((0.0..1.0).contains(&row.fields["u"].number()));
        assert_eq!(row.fields["due"], Value::Time(row.time + HOUR));
        if let Some(person) = row.fields.get("person_id") {
            assert!(
                people[usize::from(row.cell)].contains(&person.id()),
                "{row:?} is about nobody of its cell"
            );
        }
        if let (Some(Value::Text(state)), true) =
            (row.fields.get("state"), run.plan.streams[s].requires)
        {
            assert_eq!(state, "active", "{row:?} needs an active person");
        }
    }
}

/// Each document has its lines, numbered without a gap, at once, and its fields are their count, sum, greatest and least. Every
/// line has a document.
fn documents_are_what_their_lines_come_to(run: &Run<'_>) {
    for (s, stream) in run.plan.streams.iter().enumerate() {
        let Some(lines) = run.played.rows.get(&format!("{}.line", stream.name)) else {
            assert!(!stream.spec.lines);
            continue;
        };
        let mut of: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
        for line in lines {
            of.entry(line.cause.expect("a document"))
                .or_default()
                .push(line);
        }
        for document in run.rows[s] {
            let mut lines = of.remove(&document.id).unwrap_or_default();
            lines.sort_by_key(|line| line.fields["line"].number() as i64);
            let number = |field: &str| document.fields[field].number();
            assert_eq!(number("lines") as usize, lines.len());
            for (at, line) in lines.iter().enumerate() {
                assert_eq!(line.fields["line"].number() as usize, at + 1);
                assert_eq!((line.time, line.cell), (document.time, document.cell));
                assert_eq!(line.root, document.root);
            }
            let of_lines = |field: &str| -> Vec<f64> {
                lines
                    .iter()
                    .map(|line| line.fields[field].number())
                    .collect()
            };
            let cents = |x: f64| (x * 100.0).round() as i64;
            let sum: i64 = of_lines("cost").into_iter().map(cents).sum();
            assert_eq!(cents(number("lines_cost")), sum);
            let sum: f64 = of_lines("share").into_iter().sum();
            assert_eq!(number("lines_share"), sum);
            if let Some(score) = document.fields.get("lines_score") {
                assert_eq!(
                    score.number(),
                    of_lines("who_score").into_iter().sum::<f64>()
                );
            }
            let most = of_lines("cost").into_iter().reduce(f64::max);
            assert_eq!(number("lines_most"), most.unwrap_or(0.0));
            let least = of_lines("pieces").into_iter().reduce(f64::min);
            assert_eq!(number("lines_least"), least.unwrap_or(0.0));
        }
        assert_eq!(of.len(), 0, "lines without a document");
    }
}

/// The platform's view lies within what the population can be.
fn snapshots_count_what_is_there(run: &Run<'_>) {
    let joined: usize = run
        .played
        .result
        .cells
        .iter()
        .map(|cell| cell.population.groups[0].ids.len())
        .sum();
    for (_, row) in run.all() {
        if let Some(people) = row.fields.get("people") {
            assert!(
                (0.0..=joined as f64).contains(&people.number()),
                "{row:?} counts people who are not there"
            );
        }
    }
}
