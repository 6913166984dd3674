//! The outage of the payment gateway.

use std::collections::BTreeSet;

use super::bars::{Share, assert_near};
use super::overload::support;
use super::played::{Run, at, twin, window};

const NAME: &str = "payment-outage@2026-02-03T10:00:00Z";

/// The share of failures among payments for bookings that are confirmed in a window.
fn failures(run: &Run, from: (i64, i64), to: (i64, i64)) -> Share {
    let window = window(from, to);
    let failed = run.share("payment.failure", "booking.confirmed", &window);
    let paid = run.share("payment.success", "booking.confirmed", &window);
    assert_eq!(
        failed.number + paid.number,
        failed.of,
        "each booking is paid once"
    );
    failed
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn nearly_all_payments_fail_while_it_lasts_and_none_more_than_usual_afterwards() {
    let (run, twin) = (support(), twin());
    run.assert_counts_of(twin);
    failures(run, (1, 0), (2, 10)).assert("failures before", 0.03);
    let during = failures(run, (2, 10), (2, 14));
    let share = during.number / during.of;
    println!("{} payments", during.of);
    assert_near("failures during the outage", share, 0.95, 0.01);
    failures(run, (2, 14), (3, 0)).assert("failures afterwards", 0.03);
    // At once: from the first booking after the fix on, the same payments fail as without the outage.
    let fixed = window((2, 14), (3, 14));
    let failed = |run: &Run| -> BTreeSet<u64> {
        let bookings = support().within("booking.confirmed", &fixed);
        let bookings: BTreeSet<u64> = bookings.map(|row| row.id).collect();
        let rows = run.rows("payment.failure").iter();
        let after = rows.filter(|row| bookings.contains(&row.cause));
        after.map(|row| row.id).collect()
    };
    assert!(failed(run).len() > 500);
    assert_eq!(failed(run), failed(twin));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn four_of_five_failed_payments_are_made_within_two_hours_of_the_fix() {
    let (run, twin) = (support(), twin());
    let usual: BTreeSet<u64> = twin
        .rows("payment.failure")
        .iter()
        .map(|row| row.id)
        .collect();
    let failures = run.rows("payment.failure").iter();
    let held: Vec<_> = failures.filter(|row| !usual.contains(&row.id)).collect();
    assert!(held.iter().all(|row| run.by(row) == NAME));
    let ids: BTreeSet<u64> = held.iter().map(|row| row.id).collect();
    let payments = run.rows("payment.success").iter();
    let made_up: Vec<_> = payments.filter(|row| ids.contains(&row.cause)).collect();
    let backlog = Share {
        of: held.len() as f64,
        number: made_up.len() as f64,
    };
    println!("{} of {} are made up for", backlog.number, backlog.of);
    backlog.assert("payments made up for", 0.8);
    let after_the_fix = window((2, 14), (2, 16));
    let mut minutes = Vec::new();
    for row in &made_up {
        assert!(after_the_fix.contains(&row.time), "{}", row.time);
        assert_eq!(run.by(row), NAME);
        let cause = held.iter().find(|failure| failure.id == row.cause);
        assert_eq!(
            cause.map(|failure| failure.number),
            Some(row.number),
            "the amount"
        );
        minutes.push((row.time - at(2, 14)).0 as f64 / 6e7);
    }
    let failed: BTreeSet<u64> = made_up.iter().map(|row| row.cause).collect();
    assert_eq!(failed.len(), made_up.len(), "each is made up for once");
    // Evenly spread: the mean of so many is 60 minutes, with a standard deviation of 120 over the root of 12.
    let n = minutes.len() as f64;
    let allowed = 4.0 * 120.0 / (12.0 * n).sqrt();
    assert_near(
        "minutes after the fix",
        minutes.iter().sum::<f64>() / n,
        60.0,
        allowed,
    );
    // Nothing else pays for a failure.
    let failed: BTreeSet<u64> = run
        .rows("payment.failure")
        .iter()
        .map(|row| row.id)
        .collect();
    let payments = run.rows("payment.success").iter();
    let of_failures = payments.filter(|row| failed.contains(&row.cause));
    assert_eq!(of_failures.count(), made_up.len());
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn who_fails_to_pay_writes_to_support_more_often_after_some_minutes() {
    let run = support();
    let minutes =
        |minutes: i64| at(2, 10) + causeflow_engine::base::time::Span(minutes * 60_000_000);
    let tickets = |window| run.share("support.ticket.created", "payment.failure", &window);
    tickets(minutes(0)..minutes(10)).assert("tickets of the first failures", 0.35);
    tickets(minutes(10)..minutes(240)).assert("tickets of failures", 0.525);
    tickets(minutes(246)..minutes(2880)).assert("tickets of failures afterwards", 0.35);
}
