//! Values are what they are said to be: nobody is missing, dates are times, what is rounded stays so, what cannot be is brought
//! to the nearest that can and told, and a value is the same wherever it is read.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::kept::Bound;
use causeflow_engine::streams::program::{
    Envelope, KindId, Modifier, Operation, Parameter, Program, Settling,
};

use crate::support::{Played, Row, START, Value, compile, play, program, settings};

fn model(cells: u32, rest: &str) -> Vec<(String, String)> {
    let head = format!(
        "model: {{name: m, cells: {cells}, window: 1h, reference: {{start: 2026-02-02, days: 28}}}}\n"
    );
    vec![("a.yaml".into(), head + rest)]
}

fn played(cells: u32, rest: &str) -> Played {
    play(&program(&model(cells, rest)), &settings(5, 24))
}

/// What is told about a model that is right, or wrong.
fn told(rest: &str) -> Vec<String> {
    let found = match compile(&model(4, rest)) {
        Ok(model) => model.compiled.warnings,
        Err(found) => found,
    };
    found.list.into_iter().map(|one| one.message).collect()
}

fn only(rest: &str) -> String {
    let told = told(rest);
    assert_eq!(told.len(), 1, "{told:?}");
    told.into_iter().next().unwrap_or_default()
}

fn number(row: &Row, field: &str) -> f64 {
    row.fields[field].number()
}

#[test]
fn nobody_is_missing_and_can_be_asked_about() {
    let rows = played(
        2,
        "entities:\n  shop: {count: 4, states: [open, shut]}\n  \
           person: {count: 40, states: [here, gone], belongs_to: {shop: {min: 1, max: 40}}}\n\
         streams:\n  \
           asked:\n    source: {rate: 400}\n    \
             let:\n      some: {value: 'pick(person, here)'}\n      none_there: {value: 'pick(person, gone)'}\n      \
               either: {value: 'if(bernoulli(0.5), some, none_there)'}\n      shop: {value: 'either.shop'}\n    \
             fields:\n      some_id: {value: 'some.id'}\n      gone_id: {value: 'none_there.id'}\n      \
               either_id: {value: 'either.id'}\n      shop_id: {value: 'shop.id'}\n      \
               is_there: {value: 'either != none'}\n      is_not: {value: 'none == shop'}\n  \
           then:\n    causes:\n      - {on: asked, delay: 1m}\n    \
             fields: {either_id: {}, again: {value: 'shop.id'}}\n",
    )
    .rows;
    let asked = &rows["asked"];
    assert!(asked.len() > 300);
    for row in asked {
        assert!(row.fields.contains_key("some_id") && !row.fields.contains_key("gone_id"));
        let there = row.fields["is_there"] == Value::Bool(true);
        for field in ["either_id", "shop_id"] {
            assert_eq!(row.fields.contains_key(field), there, "{row:?}");
        }
        assert_eq!(row.fields["is_not"], Value::Bool(!there));
        let then = rows["then"].iter().find(|then| then.cause == Some(row.id));
        if let Some(then) = then {
            assert_eq!(then.fields.get("either_id"), row.fields.get("either_id"));
            assert_eq!(then.fields.get("again"), row.fields.get("shop_id"));
        }
    }
    let of = |there| {
        let there = |row: &&Row| row.fields.contains_key("either_id") == there;
        asked.iter().filter(there).count()
    };
    assert!(of(true) > 100 && of(false) > 100);
    assert!(
        only("streams:\n  a: {source: {rate: 1}, fields: {x: {value: '1 == none'}}}\n")
            .contains("is never none")
    );
    assert!(
        only("streams:\n  a: {source: {rate: 1}, fields: {x: {value: 'time < none'}}}\n")
            .contains("`<` does not go with none")
    );
}

#[test]
fn dates_are_times_of_the_models_zone() {
    let text = "model: {name: m, cells: 1, window: 1h, time_zone: America/New_York, reference: {start: 2026-02-02, days: 28}}\n\
                streams:\n  a:\n    source: {rate: 400}\n    \
                  fields:\n      day: {value: '2026-02-03'}\n      shop: {value: 2026-02-02T09:30}\n      late: {value: 'time >= 2026-02-02T12:00'}\n";
    let rows = play(
        &program(&[("a.yaml".into(), text.into())]),
        &settings(5, 24),
    )
    .rows;
    // Five hours behind universal time in winter.
    let at = |hours: i64, minutes: i64| START.0 + (hours * 60 + minutes) * Span::MINUTE.0;
    for row in &rows["a"] {
        assert_eq!(row.fields["day"], Value::Time(at(24 + 5, 0)));
        assert_eq!(row.fields["shop"], Value::Time(at(5 + 9, 30)));
        assert_eq!(row.fields["late"], Value::Bool(row.time >= at(12 + 5, 0)));
    }
    assert!(
        only("streams:\n  a: {source: {rate: 1}, fields: {x: {value: 2026-02-30}}}\n")
            .contains("is not a date")
    );
}

#[test]
fn sums_of_what_is_rounded_are_rounded() {
    let rows = played(
        1,
        "entities:\n  person:\n    count: 1\n    variables:\n      paid: {value: '0', decimals: 2}\n      \
           units: {value: '0', type: int}\n      raw: '0'\n\
         streams:\n  bought:\n    source: {rate: 2000, actor: person}\n    \
           fields:\n      amount: {value: 'uniform(0, 100)', decimals: 2}\n      paid: {value: 'person.paid'}\n      \
             units: {value: 'person.units'}\n      raw: {value: 'person.raw'}\n    \
           changes:\n      - {entity: person, add: {paid: amount, units: 0.4 * amount, raw: amount}}\n",
    )
    .rows;
    let cents = |x: f64| ((x * 100.0).round() / 100.0).to_bits() == x.to_bits();
    let mut raw = 0;
    for row in &rows["bought"] {
        assert!(cents(number(row, "paid")), "{row:?}");
        assert_eq!(number(row, "units").fract(), 0.0);
        raw += usize::from(!cents(number(row, "raw")));
        assert!((number(row, "paid") - number(row, "raw")).abs() < 1e-6);
    }
    assert!(raw > 100, "what nobody rounds is not: {raw}");
}

#[test]
fn whole_numbers_that_do_not_fit_are_the_same_for_all_and_told() {
    let text = "entities:\n  person: {count: 3, variables: {most: '0'}}\n\
                streams:\n  \
                  a:\n    source: {rate: 300, actor: person}\n    \
                    fields:\n      big: {value: 'uniform(2e9, 3e9)', type: int}\n      twice: {value: '2 * big'}\n    \
                    changes:\n      - {entity: person, set: {most: big}}\n  \
                  b:\n    causes:\n      - {on: a, delay: 1m}\n    fields: {big: {}, kept: {value: 'big == 2147483647'}}\n";
    assert!(
        only(text).contains("this can be 3000000000, which 32 bits do not hold"),
        "{:?}",
        told(text)
    );
    let played = played(4, text);
    let most = f64::from(i32::MAX);
    let mut kept = 0;
    for row in &played.rows["a"] {
        assert_eq!(number(row, "twice"), 2.0 * number(row, "big"));
        kept += u64::from(number(row, "big") == most);
    }
    for row in &played.rows["b"] {
        assert_eq!(row.fields["kept"], Value::Bool(number(row, "big") == most));
    }
    assert!(kept > 200);
    let [found] = &played.result.kept[..] else {
        panic!("{:?}", played.result.kept);
    };
    assert_eq!((found.bound, found.counted.number), (Bound::Whole(0), kept));
    let first = played.rows["a"]
        .iter()
        .find(|row| number(row, "big") == most);
    assert_eq!(
        first.map(|row| (Time(row.time), row.id)),
        Some(found.counted.first)
    );
    // What surely fits is not looked at.
    let fits = "streams:\n  a: {source: {rate: 9}, fields: {n: {value: 'integer(1, 2147483647)', type: int}}}\n";
    assert_eq!(told(fits), Vec::<String>::new());
}

#[test]
fn counts_probabilities_and_sums_that_cannot_be_are_told() {
    let text = "streams:\n  \
                  a:\n    source: {rate: 200}\n    \
                    fields:\n      much: {value: 'exponential(9000)'}\n      share: {value: 'exponential(0.5)'}\n  \
                  b: {causes: [{on: a, count: much, probability: 0.02}]}\n  \
                  c: {causes: [{on: a, probability: share}]}\n  \
                  d: {causes: [{on: a, outcome: fate, probability: share}]}\n  \
                  e: {causes: [{on: a, outcome: fate, probability: 0.5}]}\n  \
                  f: {causes: [{on: a, outcome: sure, probability: 'share / 9'}]}\n  \
                  g: {causes: [{on: a, outcome: sure, probability: '1 - share / 9'}]}\n";
    assert_eq!(told(text), Vec::<String>::new());
    let played = played(4, text);
    let program = program(&model(4, text));
    let of = |name: &str| program.stream(name).expect("the model has it");
    let rows = &played.rows["a"];
    let above = rows.iter().filter(|row| number(row, "share") > 1.0).count() as u64;
    let count = |bound| {
        let mut kept = played.result.kept.iter();
        kept.find(|kept| kept.bound == bound)
            .map_or(0, |kept| kept.counted.number)
    };
    assert!(above > 10);
    assert_eq!(count(Bound::Probability(of("c"))), above);
    assert_eq!(count(Bound::Probability(of("d"))), above);
    assert_eq!(count(Bound::Sum(0)), rows.len() as u64);
    assert_eq!(count(Bound::Sum(1)), 0);
    let caused = |row: &&Row| played.rows["b"].iter().any(|b| b.cause == Some(row.id));
    let most = |row: &&Row| number(row, "much") > 10_000.0;
    assert_eq!(
        count(Bound::Count(of("b"))),
        rows.iter().filter(most).filter(caused).count() as u64
    );
}

#[test]
fn what_cannot_add_up_to_1_is_refused_and_what_is_sure_to_be_kept_is_warned_of() {
    let group = |b: &str, c: &str| {
        format!(
            "streams:\n  a: {{source: {{rate: 9}}}}\n  \
               b: {{causes: [{{on: a, outcome: fate, probability: '{b}'}}]}}\n  \
               c: {{causes: [{{on: a, outcome: fate, probability: '{c}'}}]}}\n"
        )
    };
    let by_day = "if(hour < 8, 0.2, 0.7)";
    assert!(only(&group(by_day, by_day)).contains("add up to 0.4 or 1.4, expected 1"));
    assert_eq!(
        told(&group(by_day, "if(hour < 8, 0.8, 0.3)")),
        Vec::<String>::new()
    );
    assert_eq!(told(&group("uniform(0, 1)", "0.5")), Vec::<String>::new());
    let one = |effect: &str| {
        format!("streams:\n  a: {{source: {{rate: 9}}}}\n  b: {{causes: [{{on: a, {effect}}}]}}\n")
    };
    assert!(only(&one("probability: 'uniform(0.5, 1.5)'")).contains("this probability can be 1.5"));
    assert!(only(&one("count: 'integer(0, 20000)'")).contains("this count can be 20000"));
}

#[test]
fn small_kinds_are_as_many_as_declared() {
    let text = "entities:\n  \
                  shop: {count: 7}\n  \
                  person: {count: 700, belongs_to: {shop: {min: 1, max: 200}}}\n\
                streams:\n  \
                  opened: {timer: {every: 6h, per: shop}, fields: {shop_id: {value: 'shop.id'}}}\n  \
                  came:\n    source: {rate: 500, actor: person}\n    \
                    fields: {shop_id: {value: 'person.shop.id'}}\n  \
                  passed:\n    source: {rate: 500}\n    let: {shop: {value: 'pick(shop)'}}\n    \
                    fields: {shop_id: {value: 'shop.id'}}\n";
    let with_cells = |cells: u32, scale: f64| {
        let program = program(&model(cells, text));
        let settings = causeflow_engine::streams::world::Settings {
            scale,
            ..settings(5, 24)
        };
        play(&program, &settings)
    };
    for cells in [1, 4, 7, 64] {
        let played = with_cells(cells, 1.0);
        let number = |kind: usize| {
            let cells = played.result.cells.iter();
            cells
                .map(|cell| cell.population.groups[kind].ids.len())
                .sum::<usize>()
        };
        assert_eq!((number(0), number(1)), (700, 7), "{cells} cells");
        assert_eq!(played.rows["opened"].len(), 28);
        for stream in ["came", "passed"] {
            let rows = &played.rows[stream];
            assert!(rows.len() > 350, "{} rows of {stream}", rows.len());
            assert!(rows.iter().all(|row| row.fields.contains_key("shop_id")));
        }
    }
    let few = program(&model(64, text));
    assert_eq!(
        (few.peopled(1.0), few.peopled(0.1), few.peopled(10.0)),
        (7, 1, 64)
    );
    let uneven = few.uneven(0.1);
    assert_eq!(uneven.len(), 1);
    assert_eq!((uneven[0].kind, uneven[0].there), (KindId(1), 1));
    let warnings = match compile(&model(64, text)) {
        Ok(model) => model.compiled.warnings.list,
        Err(wrong) => panic!("{wrong}"),
    };
    assert!(
        warnings[0]
            .message
            .contains("7 of these 64 cells are peopled")
    );
    assert_eq!(warnings[0].help.as_deref(), Some("write `cells: 7`"));
}

#[test]
fn columns_that_readers_make_themselves_are_no_fields() {
    let found = only("streams:\n  a: {source: {rate: 1}, fields: {stream: {value: '1'}}}\n");
    assert!(
        found.contains("`stream` is the column in which readers"),
        "{found}"
    );
    let owner = "entities:\n  shop: {count: 9}\n  person: {count: 9, attributes: {shop_id: {value: '1'}}, belongs_to: {shop: {min: 1, max: 9}}}\n\
                 streams:\n  a: {source: {rate: 1}}\n";
    assert!(only(owner).contains("`shop_id` is taken by `belongs_to`"));
}

/// A modifier that makes a value of the stream `a` ten times as large from the beginning on.
fn tenfold(program: &mut Program, name: &str) {
    let by = program.intervene("tenfold").expect("there is room");
    let stream = program.stream("a").expect("the model has it");
    let modifier = Modifier {
        by,
        operation: Operation::Multiply(10.0),
        envelope: Envelope {
            start: Time(0),
            onset: Span(0),
            end: START + Span::DAY,
            settling: Settling::Immediate,
            until: None,
        },
        precedence: 0,
    };
    let aimed = program.modify(stream, &Parameter::Field(name.into()), modifier);
    assert_eq!(aimed, Ok(()), "{name}");
}

#[test]
fn a_value_that_drives_state_is_bent_with_the_column() {
    let text = "entities:\n  person: {count: 1, variables: {total: '0'}}\n\
                streams:\n  a:\n    source: {rate: 300, actor: person}\n    \
                  let: {paid: {value: 'exponential(100)'}}\n    \
                  fields: {amount: {value: paid, decimals: 3}, whole: {value: paid, type: int}, before: {value: 'person.total'}}\n    \
                  changes:\n      - {entity: person, add: {total: paid}}\n";
    let base = played(1, text).rows;
    for name in ["amount", "paid", "whole"] {
        let mut bent = program(&model(1, text));
        tenfold(&mut bent, name);
        let rows = play(&bent, &settings(5, 24)).rows;
        let mut total = 0.0;
        assert!(rows["a"].len() > 200);
        for (row, plain) in rows["a"].iter().zip(&base["a"]) {
            assert!((number(row, "before") - total).abs() < 0.5, "{row:?}");
            assert!((number(row, "amount") - 10.0 * number(plain, "amount")).abs() < 0.01);
            total += number(row, "amount");
        }
    }
}
