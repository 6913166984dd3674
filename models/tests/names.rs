//! Who is named for a row, and for an event that differs: those without whom it would not be so, as the runs without each of
//! them show.

use std::collections::{BTreeMap, BTreeSet};

use causeflow_engine::base::head::{BY_CONTENTION, JOINTLY};
use causeflow_engine::streams::attribution::Versions;
use causeflow_engine::streams::program::{Operation, Parameter, Program, Without};
use causeflow_engine::streams::sides::{Label, Side};

use crate::support::{Played, Row, play, program, settings};
use crate::twins::{agree, bend, places, without_attribution};

/// A stream's events by their ids, whoever they are because of.
fn events(rows: &[Row]) -> BTreeMap<u64, Row> {
    let events: BTreeMap<u64, Row> = rows
        .iter()
        .map(|row| (row.id, without_attribution(row)))
        .collect();
    assert_eq!(events.len(), rows.len(), "an event is there twice");
    events
}

/// Names say what the sides say that lack a single intervention, each played by itself.
pub fn agree_on_names(program: &Program, played: &Played, twins: &[(Side, Played)]) {
    let without = |label| {
        let side = program.side_without(Without::One(label))?;
        let (_, twin) = twins.iter().find(|(of, _)| *of == side)?;
        Some((label, side, twin))
    };
    let labels = Label::each(&program.interventions);
    let compared: Vec<(Label, Side, &Played)> =
        labels.filter_map(|(label, _)| without(label)).collect();
    let name = |label: Label| {
        let at = label.intervention().expect("it is one of them");
        program.interventions[at].name.as_str()
    };
    for result in &played.result.streams {
        let stream = result.name.as_str();
        let rows = &played.rows[stream];
        let theirs: Vec<_> = compared
            .iter()
            .map(|&(label, side, twin)| {
                let rows = &twin.rows[stream];
                (label, side, places(rows), events(rows))
            })
            .collect();
        for row in rows {
            let Some(said) = row.attribution.as_deref() else {
                continue;
            };
            let said = said.strip_suffix(BY_CONTENTION).unwrap_or(said);
            let (plain, place) = (without_attribution(row), (row.id, row.time));
            let lacking = theirs.iter().filter(|(_, _, places, _)| {
                let other = places.get(&place).map(|other| without_attribution(other));
                other.as_ref() != Some(&plain)
            });
            let lacking: Vec<&str> = lacking.map(|(label, ..)| name(*label)).collect();
            let others = compared.len() < program.interventions.len();
            let is_right = match lacking[..] {
                // One that is not compared may have a part besides, or instead.
                [] if others => theirs.iter().all(|(label, ..)| name(*label) != said),
                [one] if others => said == one || said == JOINTLY,
                [one] => said == one,
                _ => said == JOINTLY,
            };
            assert!(is_right, "{stream}: {row:?} needs {lacking:?}");
        }
        let own = events(rows);
        for (label, side, _, events) in &theirs {
            let ids: BTreeSet<u64> = own.keys().chain(events.keys()).copied().collect();
            for id in ids {
                let same = Versions::of(id, &result.parted).as_factual().on(*side);
                let (a, b) = (own.get(&id), events.get(&id));
                assert_eq!(
                    same,
                    a == b,
                    "{stream} without {}: {a:?} {b:?}",
                    name(*label)
                );
            }
        }
    }
}

/// A read of what was set before goes along with a child, though nothing of it shows there.
const HIDDEN: &str = "
model: {name: hidden, cells: 1, window: 1h, reference: {start: 2026-02-02, days: 7}}
entities: {p: {count: 20, variables: {v: {value: '0'}}}}
streams:
  x.set: {source: {rate: 200, actor: p}, fields: {k: {value: 'uniform(0, 1)'}}, changes: [{entity: p, set: {v: k}}]}
  x.read: {source: {rate: 400, actor: p}, fields: {v: {value: p.v}}}
  x.child: {causes: [{on: x.read, delay: 1m}], fields: {n: {value: 'uniform(1, 3)'}, big: {value: 'if(v > 100, 1, 0)', type: int}}}
";

/// Who bends which parameter of which stream how.
type Bends<'a> = [(&'a str, &'a str, Parameter, Operation)];

/// Plays a model with all of these, and without all and each of them; how many rows of `x.child` carry which name, and who is
/// needed for the events that differ from the untouched run.
fn names_of(text: &str, bends: &Bends<'_>) -> [BTreeMap<String, usize>; 2] {
    let base = program(&[("model.yaml".to_owned(), text.to_owned())]);
    let bent = |acts: &dyn Fn(&str) -> bool| {
        let mut bent = base.clone();
        for (by, stream, parameter, operation) in bends.iter().filter(|(by, ..)| acts(by)) {
            bend(
                &mut bent,
                by,
                stream,
                parameter.clone(),
                *operation,
                (6, 30),
            );
        }
        bent
    };
    let (factual, settings) = (bent(&|_| true), settings(1, 48));
    let played = play(&factual, &settings);
    let twins = (0..).map(Side).zip(factual.sides()).skip(1);
    let twins = twins.map(|(side, without)| {
        let acts = |by: &str| match without {
            Without::One(label) => {
                let at = label.intervention().expect("it is one of them");
                factual.interventions[at].name != by
            }
            _ => false,
        };
        (side, play(&bent(&acts), &settings))
    });
    let twins: Vec<(Side, Played)> = twins.collect();
    let (_, untouched) = &twins[0];
    agree(&factual, &played, untouched);
    agree_on_names(&factual, &played, &twins);
    let mut names = BTreeMap::new();
    for row in &played.rows["x.child"] {
        if let Some(name) = &row.attribution {
            *names.entry(name.clone()).or_default() += 1;
        }
    }
    let result = played.result.streams.iter().find(|s| s.name == "x.child");
    let result = result.expect("it is played");
    let (own, theirs) = (
        events(&played.rows["x.child"]),
        events(&untouched.rows["x.child"]),
    );
    let ids: BTreeSet<u64> = own.keys().chain(theirs.keys()).copied().collect();
    let mut why = BTreeMap::new();
    for id in ids.into_iter().filter(|id| own.get(id) != theirs.get(id)) {
        let same = Versions::of(id, &result.parted).as_factual();
        let needed = Label::each(&factual.interventions).filter(|(label, _)| {
            let side = factual.side_without(Without::One(*label));
            !same.on(side.expect("there are few"))
        });
        let needed: Vec<&str> = needed.map(|(_, it)| it.name.as_str()).collect();
        *why.entry(needed.join(" + ")).or_default() += 1;
    }
    [names, why]
}

const MORE: Operation = Operation::Multiply(1.5);

fn field(name: &str) -> Parameter {
    Parameter::Field(name.into())
}

fn only(name: &str, counts: &BTreeMap<String, usize>) -> bool {
    counts.len() == 1 && mostly(name, counts)
}

/// Likewise but for some around the beginning and the end, where one acts already and another one does not.
fn mostly(name: &str, counts: &BTreeMap<String, usize>) -> bool {
    let of_it = counts.get(name).copied().unwrap_or(0);
    of_it > 100 && counts.values().sum::<usize>() < of_it + 5
}

#[test]
fn who_bends_the_value_that_differs_is_named_and_not_what_lies_in_the_lineage() {
    let hidden = ("hidden", "x.set", field("k"), MORE);
    let [names, why] = names_of(
        HIDDEN,
        &[hidden.clone(), ("shown", "x.child", field("n"), MORE)],
    );
    assert!(
        only("shown", &names) && only("shown", &why),
        "{names:?} {why:?}"
    );
    // Rows that come apart and are the same after all are no one's.
    let late = ("late", "x.child", Parameter::Delay(None), MORE);
    let [names, why] = names_of(HIDDEN, &[hidden, late]);
    assert!(
        only("late", &names) && only("late", &why),
        "{names:?} {why:?}"
    );
}

#[test]
fn what_bends_a_field_of_a_row_that_is_elsewhere_without_another_has_a_part_in_it() {
    let late = ("late", "x.child", Parameter::Delay(None), MORE);
    let [names, why] = names_of(
        HIDDEN,
        &[late.clone(), ("shown", "x.child", field("n"), MORE)],
    );
    assert!(mostly(JOINTLY, &names), "{names:?}");
    assert!(mostly("late + shown", &why), "{why:?}");
    // An event that is kept from happening would be there without that one, though not as without both.
    let never = Operation::Override(0.0);
    let never = ("never", "x.child", Parameter::Probability(None), never);
    let [names, why] = names_of(HIDDEN, &[late, never]);
    assert!(names.is_empty() && only("never", &why), "{names:?} {why:?}");
}
