//! Unusual lengths, strengths and times. A tenth of the size is enough for searches.

use std::sync::OnceLock;

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::sides::Side;

use super::bars::{assert_near, assert_ratio};
use super::fits::{Shape, assert_settles, strengths};
use super::played::{BARE, Play, Run, Window, at, window};

const SEARCH: &str = "customer.tutor.search";
const RUSH: &str = "id: rush\nname: Rush\ndescription: Ten times the searches.\nduration: 12h\n\
                    modifiers: [{on: customer.tutor.search/rate, multiply: 10}]\n";
const EBB: &str = "id: ebb\nname: Ebb\ndescription: More searches, which become fewer again.\nduration: 10h\n\
                   settling: {linear: 12h}\n\
                   modifiers: [{on: customer.tutor.search/rate, multiply: 1.8}]\n";
const DOUBLED: &str = "id: doubled\nname: Doubled\ndescription: Twice the searches.\nduration: 6h\n\
                       modifiers: [{on: customer.tutor.search/rate, multiply: 2}]\n";

fn searches(scenarios: &[&str], days: i64) -> Run {
    let play = Play {
        scenarios,
        own: &[EBB, RUSH, DOUBLED],
        days,
        scale: 0.1,
        kept: &[(SEARCH, "")],
        ..BARE
    };
    play.play()
}

fn bare() -> &'static Run {
    static PLAYED: OnceLock<Run> = OnceLock::new();
    PLAYED.get_or_init(|| searches(&[], 14))
}

/// Searches in a window, for one without the scenario.
fn assert_factor(what: &str, run: &Run, window: &Window, factor: f64) {
    let number = |run: &Run| run.within(SEARCH, window).count();
    assert_ratio(what, number(run), number(bare()), factor);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn a_scenario_of_ten_days_is_as_strong_on_its_last_day_as_on_its_first() {
    let run = searches(&["exam-season-surge@day2+10d"], 14);
    run.assert_counts_of(bare());
    for day in 2..12 {
        assert_factor(
            &format!("day {day} of ten"),
            &run,
            &window((day, 0), (day + 1, 0)),
            1.8,
        );
    }
    let points = strengths(&run, bare(), SEARCH, 1.8, at(12, 0), 24);
    assert_settles("after ten days", &points, Shape::Linear, 12.0, 1.5);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn ten_times_as_many_are_those_that_there_are_and_nine_times_as_many_others() {
    let run = searches(&["rush@day2T08:00"], 3);
    run.assert_counts_of(bare());
    let active = window((2, 8), (2, 20));
    assert_factor("a rush", &run, &active, 10.0);
    let ids = |run: &Run, by: &str| {
        let rows = run.within(SEARCH, &active).filter(|row| run.by(row) == by);
        let mut ids: Vec<u64> = rows.map(|row| row.id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(
        ids(&run, ""),
        ids(bare(), ""),
        "what is nobody's is what there is anyway"
    );
    let added = ids(&run, "rush@2026-02-03T08:00:00Z");
    assert!(
        added
            .iter()
            .all(|id| ids(bare(), "").binary_search(id).is_err())
    );
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn one_may_begin_a_minute_after_another_has_settled() {
    // From 00:00 to 10:00, settled 95 % of 12 h later, at 21:24.
    let run = searches(&["ebb@day2", "rush@day2T21:25"], 4);
    run.assert_counts_of(bare());
    let minute = at(2, 21) + Span(24 * Span::MINUTE.0);
    let first = "ebb@2026-02-03T00:00:00Z";
    // On the next day, whom it made active by a session searches more.
    let both = at(2, 0)..at(3, 0);
    for row in run.within(SEARCH, &both).filter(|row| row.by != 0) {
        assert_eq!(run.by(row) == first, row.time < minute, "{row:?}");
    }
    let gap = minute..minute + Span::MINUTE;
    let ids = |run: &Run| {
        run.within(SEARCH, &gap)
            .map(|row| row.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&run), ids(bare()));
    let second = gap.end..gap.end + Span(12 * Span::HOUR.0);
    assert_factor("the second one", &run, &second, 10.0);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn one_may_outlast_the_run() {
    let run = searches(&["exam-season-surge@day2+30d"], 5);
    run.assert_counts_of(bare());
    assert_factor("the last day", &run, &window((5, 0), (6, 0)), 1.8);
    // It does not matter by how much.
    let longer = searches(&["exam-season-surge@day2+300d"], 5);
    let of = |run: &Run| {
        run.streams
            .iter()
            .map(|s| s.fingerprint)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&run), of(&longer));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn what_is_left_of_one_that_began_before_the_run_is_played() {
    // For 72 h from a day and a half before the start on: another day and a half, then it settles.
    let run = searches(&["exam-season-surge@2026-01-31T12:00"], 4);
    run.assert_counts_of(bare());
    assert_factor("the rest of it", &run, &window((1, 0), (2, 12)), 1.8);
    let points = strengths(&run, bare(), SEARCH, 1.8, at(2, 12), 24);
    assert_settles("after the rest of it", &points, Shape::Linear, 12.0, 1.5);
    // One that has settled before the start leaves the searches in the run as they are, but for what its people have
    // become meanwhile.
    let over = searches(&["doubled@2026-01-25"], 2);
    let differing = over.effects(SEARCH).from_side(Side::UNTOUCHED);
    let differing: u64 = differing
        .values()
        .map(|[d, _]| d.added + d.removed + d.changed)
        .sum();
    let all = over.within(SEARCH, &window((1, 0), (3, 0))).count() as u64;
    println!("{differing} of {all} searches differ after a scenario that is over");
    assert!(differing * 1000 < all, "{differing} of {all}");
    over.assert_counts_of(bare());
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn one_that_settles_and_the_next_multiply() {
    // Settling from 10:00 on, with the other one from 10:00 to 16:00.
    let run = searches(&["ebb@day2", "doubled@day2T10:00"], 3);
    run.assert_counts_of(bare());
    let (mut expected, mut variance, mut found) = (0.0, 0.0, 0.0);
    for hour in 10..16 {
        let strength = 1.0 - (f64::from(hour) - 9.5) / 12.0;
        let factor = 2.0 * (1.0 + 0.8 * strength);
        let time = at(2, i64::from(hour));
        let base = bare().hour(SEARCH, time).all as f64;
        expected += factor * base;
        variance += factor * (factor - 1.0) * base;
        found += run.hour(SEARCH, time).all as f64;
    }
    // Without what is left of the first it would be 2, with their sum rather than their product 2.6.
    assert_near(
        "both together",
        found / expected,
        1.0,
        4.0 * variance.sqrt() / expected,
    );
}
