//! Events that follow from several others together, held against a list of what has happened to each entity.

use std::collections::{BTreeMap, BTreeSet};

use causeflow_engine::streams::entities;
use causeflow_engine::streams::program::Program;
use proptest::prelude::*;

use crate::random::{Aim, aim, intervene};
use crate::support::{Played, Row, START, fingerprints, play, program, property, settings};
use crate::twins::agree;

const MINUTE: i64 = 60_000_000;
const HOURS: i64 = 60;

/// What is waited for: the kind of list, which of the streams `s.a` to `s.d`, how many of them, whether `s.e` begins it, in how
/// many minutes.
#[derive(Clone, Debug)]
struct Waiting {
    list: u8,
    streams: Vec<usize>,
    at_least: usize,
    since: bool,
    within: Option<i64>,
}

impl Waiting {
    /// How many have to have happened; 0 for a deadline.
    fn needed(&self) -> usize {
        match self.list {
            0 => self.streams.len(),
            1 => self.at_least.clamp(1, self.streams.len()),
            _ => 0,
        }
    }

    fn has_since(&self) -> bool {
        self.since || self.needed() < 2
    }

    fn text(&self) -> String {
        let names: Vec<&str> = self.streams.iter().map(|&s| STREAMS[s]).collect();
        let key = ["all", "any", "none"][usize::from(self.list)];
        let mut text = format!("{key}: [{}], of: person", names.join(", "));
        if self.list == 1 {
            text += &format!(", at_least: {}", self.needed());
        }
        if self.has_since() {
            text += ", since: s.e";
        }
        let within = self.within.or((self.list == 2).then_some(200));
        if let Some(within) = within {
            text += &format!(", within: {within}m");
        }
        text
    }
}

const STREAMS: [&str; 5] = ["s.a", "s.b", "s.c", "s.d", "s.e"];

fn waiting() -> impl Strategy<Value = Waiting> {
    let streams = prop::sample::subsequence(vec![0, 1, 2, 3], 1..=4);
    let within = prop::option::of(30..600i64);
    (0..3u8, streams, 1..4usize, any::<bool>(), within).prop_map(
        |(list, streams, at_least, since, within)| Waiting {
            list,
            streams,
            at_least,
            since,
            within,
        },
    )
}

fn model(waiting: &Waiting, cells: u16) -> Program {
    let streams: String = STREAMS
        .iter()
        .map(|name| {
            format!(
                "  {name}:\n    source: {{rate: 90, actor: person}}\n    fields: {{person_id: {{value: person.id}}}}\n"
            )
        })
        .collect();
    let text = format!(
        "model: {{name: m, cells: {cells}, window: 1h, reference: {{start: 2026-02-02, days: 7}}}}
entities:
  person: {{count: 24}}
streams:
{streams}  joined:
    after: {{{}}}
    fields: {{person_id: {{}}, last: {{value: cause}}}}
",
        waiting.text()
    );
    program(&[("m.yaml".into(), text)])
}

/// What follows, as (cause, time), from what has happened to one person, in order.
fn follows(waiting: &Waiting, happened: &[(i64, u64, usize)]) -> BTreeSet<(u64, i64)> {
    let needed = waiting.needed();
    let since = STREAMS.len() - 1;
    let within = waiting.within.map_or(i64::MAX, |minutes| minutes * MINUTE);
    let mut found = BTreeSet::new();
    let mut begun: Option<i64> = None;
    let mut notes: BTreeMap<usize, i64> = BTreeMap::new();
    for (at, &(time, id, stream)) in happened.iter().enumerate() {
        if needed == 0 {
            let deadline = time + waiting.within.unwrap_or(200) * MINUTE;
            let mut later = happened[at + 1..].iter();
            let cancels = |of: usize| of == since || waiting.streams.contains(&of);
            let cancelled = later.any(|&(time, _, of)| time < deadline && cancels(of));
            if stream == since && !cancelled && deadline < START.0 + HOURS * 60 * MINUTE {
                found.insert((id, deadline));
            }
            continue;
        }
        if stream == since && waiting.has_since() {
            begun = Some(time);
            notes.clear();
        }
        if !waiting.streams.contains(&stream) {
            continue;
        }
        notes.insert(stream, time);
        let first = if waiting.has_since() {
            begun
        } else {
            Some(time)
        };
        let counted = match waiting.has_since() {
            true => notes.len(),
            false => notes
                .values()
                .filter(|&&noted| time - noted <= within)
                .count(),
        };
        if counted >= needed && first.is_some_and(|first| time - first <= within) {
            found.insert((id, time));
            notes.clear();
            begun = None;
        }
    }
    found
}

fn person(row: &Row) -> u64 {
    row.fields["person_id"].id()
}

/// Each event follows when it should, and none is missing.
fn holds(waiting: &Waiting, played: &Played) -> usize {
    let mut happened: BTreeMap<u64, Vec<(i64, u64, usize)>> = BTreeMap::new();
    for (stream, name) in STREAMS.iter().enumerate() {
        for row in &played.rows[*name] {
            let of = happened.entry(person(row)).or_default();
            of.push((row.time, row.id, stream));
        }
    }
    let expected = happened.values_mut().flat_map(|happened| {
        happened.sort_unstable();
        follows(waiting, happened)
    });
    let expected: BTreeSet<(u64, i64)> = expected.collect();
    let rows = played.rows["joined"].iter();
    let found: BTreeSet<(u64, i64)> = rows
        .map(|row| (row.cause.expect("a cause"), row.time))
        .collect();
    assert_eq!(found, expected, "{waiting:?}");
    assert_eq!(found.len(), played.rows["joined"].len());
    found.len()
}

proptest! {
    #![proptest_config(property(120))]

    #[test]
    fn what_follows_is_what_has_happened_to_each(waiting in waiting(), cells in 1..4u16, seed in any::<u64>()) {
        holds(&waiting, &play(&model(&waiting, cells), &settings(seed, HOURS)));
    }

    /// On each side it follows when that side's own last event comes, and in time there.
    #[test]
    fn each_side_waits_for_its_own_events(
        waiting in waiting(),
        aims in prop::collection::vec(aim(), 1..4),
        seed in any::<u64>(),
    ) {
        let base = model(&waiting, 2);
        let mut bent = base.clone();
        for (number, aim) in aims.iter().enumerate() {
            // Of what follows itself, the reference knows no delays and probabilities.
            let stream = aim.stream % (STREAMS.len() as u8);
            let at = base.stream(STREAMS[usize::from(stream)]).expect("it is there").index();
            intervene(&mut bent, number, &Aim { stream: at as u8, parameter: 0, ..aim.clone() });
        }
        let settings = settings(seed, HOURS);
        let (played, twin) = (play(&bent, &settings), play(&base, &settings));
        holds(&waiting, &played);
        agree(&bent, &played, &twin);
    }
}

/// The model that says all of it without `after`: what both say is the same, to the byte.
#[test]
fn it_is_what_one_would_write_by_hand() {
    let model = |entities: &str, shipped: &str, changes: [&str; 2]| {
        let text = format!(
            "model: {{name: m, cells: 3, window: 1h, reference: {{start: 2026-02-02, days: 7}}}}
entities:
  parcel: {{count: 0, {entities}}}
streams:
  order:
    source: {{rate: 500}}
    creates: parcel
  paid:
    causes: [{{on: order, probability: 0.9, delay: 1m..4h}}]
    fields: {{u: {{value: 'uniform(0, 1)'}}}}
    changes: [{}]
  packed:
    causes: [{{on: order, delay: 30m..3h}}]
    fields: {{u: {{value: 'uniform(0, 1)'}}}}
    changes: [{}]
  shipped:
    {shipped}
    fields: {{u: {{}}, own: {{value: 'normal(0, 1)'}}}}
",
            changes[0], changes[1]
        );
        program(&[("m.yaml".into(), text)])
    };
    let by_hand = model(
        "variables: {paid: false, packed: false}",
        "causes: [{on: paid, when: parcel.packed, delay: 1m..2h}, {on: packed, when: parcel.paid, delay: 1m..2h}]",
        [
            "{entity: parcel, set: {paid: true}}",
            "{entity: parcel, set: {packed: true}}",
        ],
    );
    let joined = model(
        "variables: {}",
        "after: {all: [paid, packed], of: parcel, delay: 1m..2h}",
        ["", ""],
    );
    let settings = settings(3, 72);
    let rows = |program| play(program, &settings).rows;
    let (by_hand, joined) = (rows(&by_hand), rows(&joined));
    assert!(joined["shipped"].len() > 1000);
    assert_eq!(by_hand, joined);
}

/// What an entity waits for is no column of its table.
#[test]
fn notes_are_no_columns() {
    let waiting = Waiting {
        list: 0,
        streams: vec![0, 1],
        at_least: 1,
        since: true,
        within: None,
    };
    let program = model(&waiting, 1);
    let columns = entities::schema(&program.kinds[0]).columns;
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["person_id", "cell", "joined", "state"]);
    assert_eq!(program.kinds[0].notes, 3);
}

/// An edit of what is waited for moves nothing else.
#[test]
fn with_one_more_to_wait_for_all_others_stay() {
    let waiting = |streams: &[usize]| Waiting {
        list: 0,
        streams: streams.to_vec(),
        at_least: 1,
        since: false,
        within: Some(300),
    };
    let [two, three] = [&[0, 1][..], &[0, 1, 2]]
        .map(|streams| fingerprints(&model(&waiting(streams), 2), &settings(7, HOURS)));
    for stream in STREAMS {
        assert_eq!(two[stream], three[stream]);
    }
    assert_ne!(two["joined"], three["joined"]);
}
