//! The overload of the support desk.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use causeflow_engine::time::{Span, Time};

use super::bars::{assert_near, assert_ratio};
use super::fits::{Shape, assert_settles, strengths};
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

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn from_the_second_hour_on_first_answers_take_three_times_as_long() {
    let (run, twin) = (support(), twin());
    let usual: BTreeMap<u64, f64> = twin
        .rows("support.ticket.responded")
        .iter()
        .map(|row| (row.id, row.number))
        .collect();
    let pairs = |window| {
        let answers = run.decided("support.ticket.responded", &window, run.range.end);
        let known = |row: &&super::keep::Row| Some((row.number, *usual.get(&row.id)?));
        answers.iter().filter_map(known).collect::<Vec<_>>()
    };
    let early = pairs(window((4, 0), (4, 1)));
    assert!(early.iter().all(|(here, there)| here == there));
    let late = pairs(window((4, 1), (5, 0)));
    assert!(late.len() > 900, "{}", late.len());
    // Both are rounded to a tenth of a minute.
    for (here, there) in late {
        assert!((here - 3.0 * there).abs() < 0.21, "{here} of {there}");
    }
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
