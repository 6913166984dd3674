//! Too few tutors, too few applicants, and a competitor.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::bars::{assert_near, assert_ratio};
use super::fits::{Shape, assert_settles, strengths};
use super::played::{BARE, Play, Run, Window, at, twin, window};

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn in_a_supply_crisis_tutors_stay_away_and_requests_come_to_nothing() {
    let crisis = Play {
        scenarios: &["supply-crisis@day2"],
        days: 10,
        kept: &[
            ("booking.requested", ""),
            ("booking.confirmed", ""),
            ("booking.declined", ""),
            ("booking.expired", ""),
            ("session.cancelled", ""),
            ("tutor.availability.updated", ""),
        ],
        ..BARE
    };
    let (run, twin, active) = (crisis.play(), twin(), window((2, 0), (4, 0)));
    run.assert_counts_of(twin);
    let updates = |run: &Run| run.within("tutor.availability.updated", &active).count();
    assert_ratio("updates of calendars", updates(&run), updates(twin), 0.4);
    // Calendars close one by one, and so do the answers follow; tutors open them again when they come back.
    let share = |stream: &str, from, to| {
        let share = run.share(stream, "booking.requested", &window(from, to));
        share.number / share.of
    };
    for (stream, usual, first_day, second_day) in [
        ("booking.declined", 0.13, 0.15..0.23, 0.28..0.35),
        ("booking.expired", 0.12, 0.125..0.15, 0.165..0.20),
        ("booking.confirmed", 0.75, 0.63..0.72, 0.47..0.55),
    ] {
        assert_near(stream, share(stream, (1, 0), (2, 0)), usual, 0.015);
        for (what, value, bar) in [
            ("first", share(stream, (2, 0), (3, 0)), first_day),
            ("second", share(stream, (3, 0), (4, 0)), second_day),
        ] {
            println!("{stream} of requests on the {what} day: {value:.4}");
            assert!(
                bar.contains(&value),
                "{stream} on the {what} day: {value:.4}, {bar:?}"
            );
        }
        assert_near(stream, share(stream, (8, 0), (10, 0)), usual, 0.025);
        // Nothing bends the answers. Tutors have closed their calendars, which is the crisis's own doing; that others have
        // taken what is left makes little difference beside it.
        let effects = run.effects(stream);
        let number = |scarcity: bool| -> u64 {
            let differences = effects.differences();
            let chosen = differences.filter(|((account, _), _)| account.is_scarcity() == scarcity);
            chosen.map(|(_, d)| d.added + d.removed + d.changed).sum()
        };
        let (contention, named) = (number(true), number(false));
        println!("{stream}: {contention} differ by contention, {named} by lineage");
        assert!(named > 1000 && contention < named, "{contention}, {named}");
    }
    let cancelled = |from, to| {
        let window = window(from, to);
        run.share("session.cancelled", "booking.confirmed", &window)
    };
    cancelled((2, 0), (3, 0)).assert("cancelled sessions on the first day", 0.05);
    cancelled((3, 0), (4, 0)).assert("cancelled sessions on the second day", 0.075);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn in_a_recruiting_crisis_hardly_anybody_applies() {
    let crisis = Play {
        scenarios: &["recruiting-crisis@day2"],
        days: 19,
        kept: &[
            ("tutor.account.deactivated", ""),
            ("tutor.application.approved", ""),
            ("tutor.application.submitted", ""),
            ("tutor.availability.updated", ""),
        ],
        ..BARE
    };
    let (run, twin, active) = (crisis.play(), twin(), window((2, 0), (12, 0)));
    run.assert_counts_of(twin);
    let number = |run: &Run, stream: &str, window: &Window| run.within(stream, window).count();
    for (stream, factor) in [
        ("tutor.application.submitted", 0.3),
        // Fifty leave in ten days, so that this tells little more than the direction.
        ("tutor.account.deactivated", 3.0),
    ] {
        let (here, there) = (number(&run, stream, &active), number(twin, stream, &active));
        if there > 50 {
            assert_ratio(stream, here, there, factor);
        } else {
            let allowed = 4.0 * (factor * (factor - 1.0) / 50.0).sqrt();
            assert_near(stream, here as f64 / 50.0, factor, allowed);
        }
    }
    // Answers come within a week.
    run.share(
        "tutor.application.approved",
        "tutor.application.submitted",
        &active,
    )
    .assert("applicants accepted", 0.14);
    let updates = |window| {
        let stream = "tutor.availability.updated";
        (number(&run, stream, &window), number(twin, stream, &window))
    };
    let (here, there) = updates(window((7, 0), (12, 0)));
    // A hundred of 7,500 tutors have left besides, half of them by the middle of these days.
    assert_near(
        "updates of calendars",
        here as f64 / there as f64,
        0.8 * 0.99,
        0.02,
    );
}

fn competitor() -> &'static Run {
    static PLAYED: OnceLock<Run> = OnceLock::new();
    PLAYED.get_or_init(|| {
        let disruption = Play {
            scenarios: &["competitor-disruption@day2"],
            days: 11,
            counted: &["customer.tutor.search"],
            kept: &[
                ("customer.account.registered", ""),
                ("customer.subscription.cancelled", ""),
                ("marketing.ad.click", ""),
                ("marketing.ad.spend", "amount_usd"),
                ("marketing.referral.sent", ""),
                ("payment.failure", ""),
                ("rating.submitted", ""),
            ],
            ..BARE
        };
        disruption.play()
    })
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn a_competitor_takes_a_quarter_of_the_searches_and_makes_ads_dear() {
    let (run, twin, active) = (competitor(), twin(), window((2, 0), (7, 0)));
    run.assert_counts_of(twin);
    let searches = |run: &Run| run.count("customer.tutor.search", &active).all as f64;
    assert_near("searches", searches(run) / searches(twin), 0.75, 0.005);
    let decided = |run: &Run, stream: &str, window: &Window| {
        run.decided(stream, window, competitor().range.end).len()
    };
    let stream = "customer.account.registered";
    assert_ratio(
        "registrations",
        decided(run, stream, &active),
        decided(twin, stream, &active),
        0.6,
    );
    let stream = "customer.subscription.cancelled";
    let later = window((3, 0), (7, 0));
    assert_ratio(
        "plans cancelled",
        decided(run, stream, &later),
        decided(twin, stream, &later),
        1.8,
    );
    let usual = twin.within("marketing.ad.spend", &active);
    let usual: BTreeMap<u64, f64> = usual.map(|row| (row.id, row.number)).collect();
    let spent: Vec<_> = run.within("marketing.ad.spend", &active).collect();
    // An hour of each of 25 campaigns; by its jitter one may fall into the day before or after.
    assert_eq!(spent.len(), usual.len());
    assert!((598..=602).contains(&spent.len()), "{}", spent.len());
    for row in spent {
        // Both are rounded to cents.
        let expected = 1.4 * usual[&row.id];
        assert!(
            (row.number - expected).abs() < 0.0121,
            "{row:?}, {expected}"
        );
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn searches_come_back_evenly_over_three_days() {
    let points = strengths(
        competitor(),
        twin(),
        "customer.tutor.search",
        0.75,
        at(7, 0),
        96,
    );
    // 340,000 usual searches in these days: the length shows within about an hour.
    assert_settles(
        "searches after the disruption",
        &points,
        Shape::Linear,
        72.0,
        3.0,
    );
}
