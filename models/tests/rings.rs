//! Rings of causes: what they hand on, whether they grow, and what is done about one that does.

use std::ops::ControlFlow;

use causeflow_engine::streams::play::{Growing, RunError, run};
use causeflow_engine::streams::program::Program;
use causeflow_models::Diagnostics;
use proptest::prelude::*;

use crate::support::{Collect, compile, fingerprints, play, program, property, settings};

const HEAD: &str = "model:\n  name: rings\n  cells: 64\n  window: 1h\n  \
                    reference: {start: 2026-02-02, days: 7}\nstreams:\n";

fn model(streams: &str) -> [(String, String); 1] {
    [("model.yaml".to_owned(), format!("{HEAD}{streams}"))]
}

fn messages(wrong: &Diagnostics) -> Vec<&str> {
    wrong.list.iter().map(|d| d.message.as_str()).collect()
}

fn errors(streams: &str) -> Vec<String> {
    let wrong = compile(&model(streams)).expect_err("the model is wrong");
    messages(&wrong).iter().map(|m| (*m).to_owned()).collect()
}

/// What a stream of a random model says about the name `v`.
const VALUES: [&str; 8] = [
    "",
    "    fields: {v: {}}\n",
    "    fields: {v: {value: v + 1}}\n",
    "    fields: {v: {value: '2'}}\n",
    "    let: {w: {value: v * 2}}\n    fields: {v: {value: w}}\n",
    "    fields: {w: {value: v}}\n",
    "    fields: {v: {value: \"if(w > 3, w, v)\"}}\n",
    "    fields: {w: {value: '1'}, v: {value: w + v}}\n",
];

/// What a stream says about texts, whose possible values go round rings as well.
const TEXTS: [&str; 4] = [
    "    fields: {t: {}}\n",
    "    fields: {t: {value: \"if(hour > 3, 'late', t)\"}}\n",
    "    fields: {t: {by: t, cases: {new: {value: \"'old'\"}, old: {value: \"'late'\"}, late: {value: t}}}}\n",
    "    fields: {t: {by: cause, cases: {source: {value: \"'new'\"}, else: {value: t}}}}\n",
];

#[derive(Clone, Debug)]
struct Stream {
    says: usize,
    causes: Vec<usize>,
}

fn random_ring(values: &'static [&'static str]) -> impl Strategy<Value = Vec<Stream>> {
    let says = 0..values.len();
    let stream = (says, prop::collection::btree_set(0..6usize, 1..3));
    let stream = stream.prop_map(|(says, causes)| Stream {
        says,
        causes: causes.into_iter().collect(),
    });
    prop::collection::vec(stream, 2..6)
}

/// The text of a model whose streams have these names; the first has a source as well.
fn ring_model(streams: &[Stream], values: &[&str], names: &[String], head: &str) -> String {
    let mut text = format!("  {}:\n{head}", names[0]);
    for (number, stream) in (1..).zip(streams) {
        let mut causes: Vec<usize> = stream.causes.clone();
        causes
            .iter_mut()
            .for_each(|cause| *cause %= streams.len() + 1);
        causes.sort_unstable();
        causes.dedup();
        let cause = |cause: &usize| {
            format!(
                "{{on: {}, probability: 0.2, delay: 20m..3h}}",
                names[*cause]
            )
        };
        let causes: Vec<String> = causes.iter().map(cause).collect();
        text += &format!(
            "  {}:\n    causes: [{}]\n",
            names[number],
            causes.join(", ")
        );
        text += values[stream.says];
    }
    text
}

const HEADS: [&str; 2] = [
    "    source: {rate: 300}\n    fields: {v: {value: 'uniform(0, 9)'}, w: {value: '4'}}\n",
    "    source: {rate: 300}\n    fields: {t: {choice: {new: 1, late: 2}}}\n",
];

/// Names of streams whose order is that of the numbers.
fn named(order: &[usize]) -> Vec<String> {
    order.iter().map(|number| format!("s.n{number}")).collect()
}

/// The columns of each stream, by its number; nothing where the model is refused.
fn columns(text: &str, names: &[String]) -> Option<Vec<String>> {
    let program = compile(&model(text)).ok()?.compiled.program;
    let of = |name: &String| {
        let stream = &program.streams[program.stream(name).expect("a stream")];
        let fields = stream.fields.iter();
        let fields = fields.map(|(spec, _)| format!("{} {:?}", spec.name, spec.kind));
        fields.collect::<Vec<_>>().join(", ")
    };
    Some(names.iter().map(of).collect())
}

/// How many rows each stream has, by its number, and that they can be played at all.
fn same_whatever_the_names(
    streams: &[Stream],
    values: &[&str],
    head: &str,
    order: &[usize],
) -> Result<(), TestCaseError> {
    let plain: Vec<usize> = (0..=streams.len()).collect();
    let mut order: Vec<usize> = order
        .iter()
        .copied()
        .filter(|&n| n <= streams.len())
        .collect();
    order.truncate(streams.len() + 1);
    let all: Vec<Option<Vec<String>>> = [plain, order]
        .iter()
        .map(|order| {
            let names = named(order);
            let text = ring_model(streams, values, &names, head);
            let columns = columns(&text, &names);
            if columns.is_some() {
                play(&program(&model(&text)), &settings(1, 24));
            }
            columns
        })
        .collect();
    prop_assert_eq!(&all[0], &all[1]);
    Ok(())
}

proptest! {
    #![proptest_config(property(200))]

    /// Whether a model is valid, and what its columns are, does not depend on what its streams are called.
    #[test]
    fn names_of_streams_do_not_decide(
        streams in random_ring(&VALUES),
        order in Just((0..6usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        same_whatever_the_names(&streams, &VALUES, HEADS[0], &order)?;
    }

    #[test]
    fn nor_do_they_decide_which_texts_there_are(
        streams in random_ring(&TEXTS),
        order in Just((0..6usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        same_whatever_the_names(&streams, &TEXTS, HEADS[1], &order)?;
    }
}

fn retries(attempt: &str) -> String {
    format!(
        "  a.start:\n    source: {{rate: 20}}\n    fields: {{user_id: {{value: new_id(user)}}, tries: {{value: '0'}}}}\n  \
         {attempt}:\n    causes:\n      - {{on: a.start}}\n      - {{on: b.fail, probability: 0.5, delay: 10m}}\n    \
         fields: {{user_id: {{}}, tries: {{value: tries + 1}}}}\n  \
         b.fail:\n    causes: [{{on: {attempt}, probability: 0.5}}]\n    fields: {{user_id: {{}}, tries: {{}}}}\n"
    )
}

#[test]
fn a_field_is_handed_round_a_ring_whatever_its_streams_are_called() {
    for attempt in ["b.attempt", "b.try"] {
        let played = play(&program(&model(&retries(attempt))), &settings(7, 24 * 7));
        let [starts, tries, fails] =
            ["a.start", attempt, "b.fail"].map(|stream| &played.rows[stream]);
        assert!(starts.len() > 50 && fails.len() > 20);
        for row in tries.iter().chain(fails) {
            let start = starts.iter().find(|start| start.id == row.root);
            let start = start.expect("each chain begins with a start");
            assert_eq!(row.fields["user_id"], start.fields["user_id"]);
            assert!(row.fields["tries"].number() >= 1.0);
        }
        let most = tries.iter().map(|row| row.fields["tries"].number());
        assert!(most.fold(0.0, f64::max) >= 3.0, "laps are counted");
    }
}

#[test]
fn a_value_that_only_goes_round_is_told_once() {
    let ring = "  a.start:\n    source: {rate: 1}\n  \
                b.one:\n    causes: [{on: c.two, probability: 0.5, delay: 1h}]\n    fields: {x: {}}\n  \
                c.two:\n    causes: [{on: b.one, delay: 1h}]\n    fields: {x: {}, y: {value: 'x + z'}}\n";
    let found = errors(ring);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("`x` is handed on in a ring of causes and never given a value"));
    assert!(found[1].contains("`z` is not known here"), "{found:?}");
}

#[test]
fn what_depends_on_itself_within_an_event_is_refused_also_where_a_ring_met_it_first() {
    let found = errors(
        "  a.start:\n    source: {rate: 1}\n    fields: {k: {value: '1'}}\n  \
         b.step:\n    causes: [{on: a.start}, {on: c.back, probability: 0.5, delay: 1h}]\n    \
         fields: {v: {value: 'k + w'}, w: {value: 'v * 2'}, k: {}}\n  \
         c.back:\n    causes: [{on: b.step, delay: 1h}]\n    fields: {k: {value: w}}\n",
    );
    assert!(
        found.iter().any(|m| m.contains("depends on itself")),
        "{found:?}"
    );
    // A lap later it is another event.
    program(&model(
        "  a.start:\n    source: {rate: 1}\n    fields: {k: {value: '1'}}\n  \
         b.step:\n    causes: [{on: a.start}, {on: c.back, probability: 0.5, delay: 1h}]\n    \
         fields: {v: {value: 'k + 1'}, w: {value: 'v * 2'}}\n  \
         c.back:\n    causes: [{on: b.step, delay: 1h}]\n    fields: {k: {value: w}}\n",
    ));
}

/// A ring of so many streams, each of which leads to the next with this probability, after this delay.
fn lap(streams: usize, probability: f64, more: &str) -> String {
    let mut text = "  a.start:\n    source: {rate: 5}\n".to_owned();
    for at in 0..streams {
        let before = (at + streams - 1) % streams;
        let start = if at == 0 { "{on: a.start}, " } else { "" };
        text += &format!(
            "  b.step{at:02}:\n    causes: [{start}{{on: b.step{before:02}, probability: {probability}, delay: 1h{more}}}]\n"
        );
    }
    text
}

#[test]
fn rings_that_end_or_keep_their_number_are_legitimate() {
    for (streams, probability) in [(1, 0.9999), (3, 0.9975), (52, 0.99), (3, 1.0), (1, 1.0)] {
        let program = program(&model(&lap(streams, probability, "")));
        play(&program, &settings(3, 24));
    }
    // What one stream multiplies another takes back.
    program(&model(
        "  a.start:\n    source: {rate: 1}\n  \
         b.many:\n    causes: [{on: a.start}, {on: c.few, probability: 0.25, delay: 1h}]\n  \
         c.few:\n    causes: [{on: b.many, count: 4, delay: 1h}]\n",
    ));
    // A lap a day, at a time that lies ahead.
    program(&model(
        "  a.start:\n    source: {rate: 1}\n  \
         b.daily:\n    causes: [{on: a.start}, {on: b.daily, at: 'day_start(time) + 33h + uniform(0s, 8h)'}]\n",
    ));
}

#[test]
fn rings_that_grow_are_refused_with_their_figure() {
    for (cause, laps) in [
        ("count: 'poisson(1.5)'", "1.5"),
        ("count: 'integer(0, 3)'", "1.5"),
        ("count: 2, probability: 0.6", "1.2"),
        ("count: 'if(bernoulli(0.4), 3, 0)'", "1.2"),
        ("count: '1 + geometric(0.25)'", "1.25"),
        ("count: n", "1.5"),
    ] {
        let found = errors(&format!(
            "  a.start:\n    source: {{rate: 1}}\n    let: {{n: {{value: 'poisson(1.5)'}}}}\n  \
             b.more:\n    causes:\n      - {{on: a.start}}\n      - {{on: b.more, delay: 1h, {cause}}}\n    \
             let: {{n: {{value: 'poisson(1.5)'}}}}\n"
        ));
        let wanted = format!(
            "each lap of this ring of causes leads to {laps} laps on average, so it grows without end: b.more -> b.more"
        );
        assert_eq!(found, [wanted], "{cause}");
    }
    let found = errors(&lap(3, 1.0, ", count: 2"));
    assert!(found[0].contains("leads to 8 laps"), "{found:?}");
    assert!(found[0].contains("b.step"), "{found:?}");
}

/// A ring whose growth follows from values: nobody sees it before it is played.
const RUNAWAY: &str = "  a.start:\n    source: {rate: 24}\n    fields: {k: {value: '1'}}\n  \
     b.more:\n    causes:\n      - {on: a.start}\n      - {on: c.less, delay: DELAY, count: 'if(k > 0, 2, 0)'}\n    \
     fields: {k: {}}\n  \
     c.less:\n    causes: [{on: b.more, delay: 1s}]\n    fields: {k: {}}\n";

fn grows(program: &Program, keep: bool) -> Growing {
    let mut sink = Collect::default();
    let sink = keep.then_some(&mut sink as &mut dyn causeflow_engine::base::table::RowSink);
    let played = run(program.clone(), &settings(1, 24 * 30), sink, &mut |_| {
        ControlFlow::Continue(())
    });
    match played.map(|_| ()) {
        Err(RunError::Growing(growing)) => growing,
        other => panic!("expected a ring that grows, found {other:?}"),
    }
}

#[test]
fn a_ring_that_grows_while_it_is_played_ends_the_run_before_it_takes_all_memory() {
    for (delay, waiting) in [("1h", true), ("10s", true)] {
        let program = program(&model(&RUNAWAY.replace("DELAY", delay)));
        let growing = grows(&program, false);
        assert_eq!(growing.waiting, waiting);
        assert!(growing.events < 1 << 20, "{growing:?}");
        let mut ring = growing.ring.clone();
        ring.sort_unstable();
        assert_eq!(ring, ["b.more", "c.less"]);
        // Neither threads nor who takes the rows can show.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let alone = pool
            .expect("threads start")
            .install(|| grows(&program, delay == "1h"));
        assert_eq!(growing, alone);
        let told = growing.to_string();
        assert!(told.contains("grows without end"), "{told}");
        assert!(
            told.contains("b.more -> c.less") || told.contains("c.less -> b.more"),
            "{told}"
        );
    }
}

/// Events that touch no state follow one another at once and never wait.
#[test]
fn laps_that_take_next_to_no_time_end_the_run_as_well() {
    let program = program(&model(
        "  a.start:\n    source: {rate: 24}\n  b.again:\n    causes: [{on: a.start}, {on: b.again, delay: 1us}]\n",
    ));
    let growing = grows(&program, false);
    assert!(!growing.waiting);
    assert_eq!(growing.ring, ["b.again"]);
}

/// A ring through streams that are not written, over a long time of many laps.
#[test]
fn what_leads_into_a_range_is_known_of_perpetual_rings_at_once() {
    let text = "  a.start:\n    source: {rate: 0.1}\n  \
                b.beat:\n    causes: [{on: a.start}, {on: b.beat, delay: 1ms, probability: 0.001}]\n";
    let program = program(&model(text));
    let mut settings = settings(1, 24);
    settings.start += causeflow_engine::base::time::Span::DAY;
    settings.streams = Some(crate::support::streams(&program, &["b.beat"]));
    assert_eq!(fingerprints(&program, &settings).len(), 1);
}
