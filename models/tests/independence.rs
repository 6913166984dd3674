//! What must not show in a run: the number of threads, who takes the rows, which other streams are
//! written, how the model is spread over files, what else is in it, and how long the run goes on.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::world::Settings;
use proptest::prelude::*;

use crate::random::{Plan, extra_blocks, files, spec, split_files};
use crate::support::{
    Played, fingerprints, named_fingerprints, play, program, property, settings, streams,
};

/// Hours that are written.
const HOURS: i64 = 30;

fn made(spec: &crate::random::Spec) -> (Plan, Program, Settings) {
    let plan = Plan::new(spec);
    let program = program(&files(&plan, Default::default()));
    (plan, program, settings(spec.seed, HOURS))
}

fn play_on(threads: usize, program: &Program, settings: &Settings) -> Played {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads start");
    pool.install(|| play(program, settings))
}

proptest! {
    #![proptest_config(property(40))]

    #[test]
    fn threads_and_sinks_do_not_show(spec in spec(true)) {
        let (_, program, settings) = made(&spec);
        let one = play_on(1, &program, &settings);
        for threads in [2, 7] {
            let many = play_on(threads, &program, &settings);
            prop_assert!(one.chunks == many.chunks, "the chunks differ on {threads} threads");
            prop_assert_eq!(one.result.fingerprint, many.result.fingerprint);
        }
        prop_assert_eq!(named_fingerprints(&one.result), fingerprints(&program, &settings));
    }

    #[test]
    fn the_choice_of_written_streams_does_not_show(spec in spec(true), picks in any::<(u8, u8)>()) {
        let (plan, program, mut settings) = made(&spec);
        let whole = fingerprints(&program, &settings);
        let name = |pick: u8| &plan.streams[usize::from(pick) % plan.streams.len()].name[..];
        let mut names = vec![name(picks.0), name(picks.1)];
        names.sort_unstable();
        names.dedup();
        settings.streams = Some(streams(&program, &names));
        let part = fingerprints(&program, &settings);
        prop_assert_eq!(part.len(), names.len());
        for (name, fingerprint) in &part {
            prop_assert_eq!(fingerprint, &whole[name], "{}", name);
        }
    }

    #[test]
    fn files_and_their_order_do_not_show(spec in spec(true)) {
        let (plan, whole, settings) = made(&spec);
        let split = program(&split_files(&plan, &[]));
        prop_assert_eq!(fingerprints(&whole, &settings), fingerprints(&split, &settings));
    }

    #[test]
    fn what_is_added_leaves_all_else_as_it_was(spec in spec(true)) {
        let (plan, before, settings) = made(&spec);
        let after = program(&split_files(&plan, &extra_blocks(&plan)));
        let (before, after) = (play(&before, &settings), play(&after, &settings));
        prop_assert_eq!(after.rows.len(), before.rows.len() + 2);
        for (name, rows) in &before.rows {
            prop_assert!(rows == &after.rows[name], "{name} changed");
        }
        prop_assert!(!after.rows["a.ants.eaten"].is_empty());
    }

    #[test]
    fn a_longer_run_begins_like_a_shorter_one(spec in spec(true), cut_minutes in 1..(HOURS * 60)) {
        let (_, program, settings) = made(&spec);
        // Not on a barrier as a rule: the end of a run may lie within a window.
        let end = settings.start + Span(cut_minutes * Span::MINUTE.0 + 1);
        let short = play(&program, &Settings { end, ..settings.clone() });
        let long = play(&program, &settings);
        for (name, rows) in &short.rows {
            let prefix: Vec<_> = long.rows[name].iter().filter(|row| Time(row.time) < end).collect();
            prop_assert!(rows.iter().eq(prefix), "{name} differs before the end");
        }
    }
}

/// A second way from the same cause draws for itself, so the first one stays as it was.
#[test]
fn a_way_that_is_added_leaves_the_others_as_they_were() {
    let of = |ways: &str| {
        let model = format!(
            "model: {{name: ways, cells: 3, window: 1h, reference: {{start: 2026-02-02, days: 7}}}}\n\
             streams:\n  a.begun: {{source: {{rate: 400}}}}\n  a.followed:\n    causes: [{ways}]\n"
        );
        program(&[("model.yaml".into(), model)])
    };
    let first = "{on: a.begun, probability: 0.5, delay: 1m..9h, count: 2, spacing: 1m..2m}";
    let second = "{on: a.begun, probability: 0.5, delay: 1m..9h, count: 2, spacing: 1m..2m}";
    let settings = settings(7, 48);
    let one = play(&of(first), &settings)
        .rows
        .remove("a.followed")
        .unwrap();
    let two = play(&of(&format!("{first}, {second}")), &settings);
    let two = &two.rows["a.followed"];
    let is_old = |row: &&crate::support::Row| one.iter().any(|old| old.id == row.id);
    assert!(two.iter().filter(is_old).eq(&one));
    let causes: std::collections::BTreeSet<_> = one.iter().map(|row| row.cause).collect();
    let both = two
        .iter()
        .filter(|row| !is_old(row) && causes.contains(&row.cause));
    // Four events of a quarter of 800: what one way decides says nothing about the other.
    let both = both.count() as f64 / (2.0 * causes.len() as f64);
    assert!((both - 0.5).abs() < 0.12, "{both}");
}
