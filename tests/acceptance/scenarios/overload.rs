//! The overload of the support desk.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use causeflow_engine::base::time::{Span, Time};

use super::bars::{assert_near, assert_ratio};
use super::fits::{Shape, assert_settles, strengths};
use super::keep::Row;
use super::played::{BARE, Play, Run, Window, at, twin, window};

/// An outage on the second day, whose traces at the support desk are gone when that is overloaded on the fourth.
pub fn support() -> &'static Run {
    static PLAYED: OnceLock<Run> = OnceLock::new();
    PLAYED.get_or_init(|| {
        let support = Play {
            scenarios: &["payment-outage@day2T10:00", "support-overload@day4"],
            kept: &[
                ("booking.confirmed", ""),
                ("payment.success", "amount_usd"),
                ("payment.failure", "amount_usd"),
                ("support.chat.started", ""),
                ("support.ticket.created", ""),
                ("support.ticket.responded", "first_response_min"),
            ],
            ..BARE
        };
        support.play()
    })
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn chats_and_tickets_pour_in() {
    let (run, twin, active) = (support(), twin(), window((4, 0), (5, 0)));
    let chats = |run: &Run| run.within("support.chat.started", &active).count();
    assert_ratio("chats", chats(run), chats(twin), 4.0);
    // Sixty an hour more, by day and by night; tickets from chats become more with these.
    let rooted =
        |run: &Run, window: &Window| run.count("support.ticket.created", window).rooted as f64;
    let added = |window: &Window| rooted(run, window) - rooted(twin, window);
    assert_near(
        "tickets added a day",
        added(&active),
        1440.0,
        4.0 * 1440_f64.sqrt(),
    );
    let night = added(&window((4, 0), (4, 6)));
    assert_near(
        "tickets added in a night",
        night,
        360.0,
        4.0 * 360_f64.sqrt(),
    );
}

/// An overload on the fourth day, and what becomes of it.
fn overloaded(scenarios: &[&str]) -> Run {
    let desk = Play {
        scenarios,
        days: 12,
        kept: &[
            ("support.ticket.created", ""),
            ("support.ticket.responded", "first_response_min"),
            ("system.platform.snapshot", "desk_backlog"),
        ],
        ..BARE
    };
    desk.play()
}

/// The median wait for a first answer, in minutes, of the tickets of a window.
fn median_wait(run: &Run, window: &Window) -> f64 {
    let answers = run.decided("support.ticket.responded", window, run.range.end);
    let mut waits: Vec<f64> = answers.iter().map(|row| row.number).collect();
    waits.sort_by(f64::total_cmp);
    assert!(waits.len() > 100, "{}", waits.len());
    waits[waits.len() / 2]
}

/// The longest queue at the desk that a full hour of a window saw.
fn longest_queue(run: &Run, window: &Window) -> f64 {
    let hours = run.within("system.platform.snapshot", window);
    hours.map(|row| row.number).fold(0.0, f64::max)
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn the_queue_builds_up_and_drains_by_itself() {
    let (run, twin) = (overloaded(&["support-overload@day4"]), overloaded(&[]));
    let (before, during) = (window((1, 0), (4, 0)), window((4, 12), (5, 0)));
    assert_eq!(median_wait(&run, &before), median_wait(&twin, &before));
    let (usual, waits) = (median_wait(&twin, &during), median_wait(&run, &during));
    println!("median wait {waits} min, usually {usual} min");
    assert!(usual < 60.0 && waits > 4.0 * usual);
    // The backlog is longest when the overload ends, or soon after, and is then worked off for days.
    let (usual, peak) = (
        longest_queue(&twin, &window((1, 0), (13, 0))),
        longest_queue(&run, &window((5, 0), (6, 0))),
    );
    println!("longest queue {peak}, usually {usual}");
    assert!(peak > 500.0 && peak > 4.0 * usual);
    let still = median_wait(&run, &window((6, 0), (7, 0)));
    assert!(still > 120.0, "{still} min a day after the end");
    let after = window((11, 0), (12, 12));
    let (usual, waits) = (median_wait(&twin, &after), median_wait(&run, &after));
    assert!(
        (waits / usual - 1.0).abs() < 0.25,
        "{waits} min of {usual} min once it is over"
    );
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn who_only_waits_longer_is_attributed_to_contention() {
    let (run, twin) = (overloaded(&["support-overload@day4"]), overloaded(&[]));
    let usual: BTreeMap<u64, Time> = twin
        .rows("support.ticket.responded")
        .iter()
        .map(|row| (row.id, row.time))
        .collect();
    let answers = run.rows("support.ticket.responded").iter();
    let moved: Vec<&Row> = answers
        .filter(|row| usual.get(&row.id).is_some_and(|time| *time != row.time))
        .collect();
    println!("{} answers come at another time", moved.len());
    assert!(moved.len() > 2_000, "{}", moved.len());
    assert!(
        moved
            .iter()
            .all(|row| run.by(row).ends_with(" (contention)"))
    );
    let counts = run.effects("support.ticket.responded").differences();
    let contended = counts.filter(|((account, _), _)| account.is_scarcity());
    let (added, changed) = contended.fold((0, 0), |(added, changed), (_, difference)| {
        (added + difference.added, changed + difference.changed)
    });
    let named = run.rows("support.ticket.responded").iter();
    let named = named.filter(|row| run.by(row).ends_with(" (contention)"));
    assert_eq!(added + changed, named.count() as u64);
    // Hardly an answer falls into the run only because it has waited longer, or less.
    assert!(added < moved.len() as u64 + 20, "{added}");
    // Nobody's answer comes before the overload could reach it.
    assert!(moved.iter().all(|row| row.time >= at(4, 0)));
    run.assert_counts_of(&twin);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn it_settles_by_half_every_six_hours() {
    let points = strengths(support(), twin(), "support.chat.started", 4.0, at(5, 0), 48);
    // Some 1,700 added events; their mean age after the end tells the half-life within about 3.5 %.
    assert_settles(
        "chats after the overload",
        &points,
        Shape::Exponential,
        6.0,
        0.9,
    );
    let name = "support-overload@2026-02-05T00:00:00Z";
    let chats = support().rows("support.chat.started").iter();
    let last: Option<Time> = chats
        .filter(|row| support().by(row) == name)
        .map(|row| row.time)
        .max();
    // Five per cent are left after 4.32 half-lives.
    let settled = at(5, 0) + Span((6.0 * 4.3219281 * Span::HOUR.0 as f64) as i64);
    assert!(last.is_some_and(|last| last < settled));
}
