//! The exam season surge.

use std::sync::OnceLock;

use super::bars::{assert_near, assert_ratio};
use super::fits::{Shape, assert_settles, strengths};
use super::played::{BARE, Play, Run, Window, at, twin, window};

/// From the noon of the second day to that of the fifth.
fn surge() -> &'static Run {
    static PLAYED: OnceLock<Run> = OnceLock::new();
    PLAYED.get_or_init(|| {
        let surge = Play {
            scenarios: &["exam-season-surge@day2T12:00"],
            counted: &["customer.tutor.search", "customer.message.sent"],
            kept: &[
                ("customer.account.registered", ""),
                ("marketing.ad.click", ""),
                ("marketing.referral.sent", ""),
                ("booking.requested", ""),
                ("booking.confirmed", "response_minutes"),
                ("booking.declined", ""),
                ("booking.expired", ""),
                ("support.chat.started", ""),
            ],
            ..BARE
        };
        surge.play()
    })
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn searches_messages_and_registrations_rise_at_once() {
    let (run, twin, active) = (surge(), twin(), window((2, 12), (5, 12)));
    run.assert_counts_of(twin);
    for (stream, factor) in [
        ("customer.tutor.search", 1.8),
        // Those that follow a booking request become more with the searches.
        ("customer.message.sent", 1.5),
    ] {
        let ratio = |window: &Window| {
            let rooted = |run: &Run| run.count(stream, window).rooted as f64;
            rooted(run) / rooted(twin)
        };
        assert_near(stream, ratio(&active), factor, 0.02);
        let before = window((1, 0), (2, 12));
        assert_eq!(ratio(&before), 1.0, "{stream} before the start");
    }
    // What follows from a click or a referral is decided when that takes place.
    let registered = |run: &Run| {
        let stream = "customer.account.registered";
        run.decided(stream, &active, surge().range.end).len()
    };
    assert_ratio("registrations", registered(run), registered(twin), 1.4);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn half_a_day_later_tutors_decline_more_and_answer_late_and_the_chat_fills_up() {
    let (run, twin) = (surge(), twin());
    let (before, active) = (window((2, 12), (3, 0)), window((3, 0), (5, 12)));
    for (stream, usual, during) in [
        ("booking.declined", 0.13, 0.23),
        // The others lose in proportion.
        ("booking.confirmed", 0.75, 0.75 * 0.77 / 0.87),
        ("booking.expired", 0.12, 0.12 * 0.77 / 0.87),
    ] {
        let share = |window| run.share(stream, "booking.requested", window);
        // Calendars fill up besides: a few more find no time.
        for (when, window, expected, allowed) in [
            ("before the cascade", &before, usual, 0.015),
            ("of requests", &active, during, 0.03),
        ] {
            let share = share(window);
            let what = format!("{stream} {when}");
            assert_near(&what, share.number / share.of, expected, allowed);
        }
    }
    // 2 h to 24 h evenly, then 15 h to 24 h: 22 h and 9 h over the square root of 12 are the standard deviations.
    for (what, window, minutes, spread) in [
        ("usual", &before, 780.0, 22.0 * 60.0),
        ("late", &active, 1170.0, 9.0 * 60.0),
    ] {
        let answers = run.decided("booking.confirmed", window, run.range.end);
        let (n, sum) = (
            answers.len() as f64,
            answers.iter().map(|row| row.number).sum::<f64>(),
        );
        let allowed = 4.0 * spread / (12.0 * n).sqrt();
        assert_near(
            &format!("{what} answers, minutes"),
            sum / n,
            minutes,
            allowed,
        );
        assert!(answers.iter().all(|row| row.number <= 24.0 * 60.0));
    }
    let chats = |run: &Run, window: &Window| run.within("support.chat.started", window).count();
    assert_eq!(chats(run, &before), chats(twin, &before));
    assert_ratio("chats", chats(run, &active), chats(twin, &active), 1.3);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn it_settles_evenly_over_twelve_hours() {
    let (run, twin, end) = (surge(), twin(), at(5, 12));
    let points = strengths(run, twin, "customer.tutor.search", 1.8, end, 24);
    // Some 20,000 added events in these hours tell the length within a few minutes.
    assert_settles(
        "searches after the surge",
        &points,
        Shape::Linear,
        12.0,
        0.5,
    );
    // Afterwards there are hardly more than usual: only those of students whom it has brought.
    let after = window((6, 0), (8, 0));
    let searches = |run: &Run| run.count("customer.tutor.search", &after).all as f64;
    let ratio = searches(run) / searches(twin);
    assert_near("searches once it has settled", ratio, 1.002, 0.002);
}
