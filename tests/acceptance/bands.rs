//! The bands that a marketplace of this kind keeps to.

use std::ops::RangeInclusive;

use crate::runs::{DAYS, full_size, pooled_rows};

fn assert_within(what: &str, value: f64, band: RangeInclusive<f64>) {
    println!("{what}: {value:.4}");
    assert!(
        band.contains(&value),
        "{what} is {value:.4}, not within {band:?}"
    );
}

fn ratio(of: &str, to: &[&str]) -> f64 {
    pooled_rows(of) as f64 / to.iter().map(|stream| pooled_rows(stream)).sum::<u64>() as f64
}

/// Events of a stream by hour of the week, of all runs together.
fn hours(stream: &str) -> [f64; 168] {
    let mut sum = [0.0; 168];
    for played in full_size() {
        let hours = &played.tally.hours[played.tally.stream(stream)];
        sum.iter_mut()
            .zip(hours)
            .for_each(|(sum, &n)| *sum += n as f64);
    }
    sum
}

/// Events of a stream on each day of the week. Thirty days from a Monday on have five Mondays and Tuesdays.
fn by_weekday(stream: &str) -> Vec<f64> {
    let runs = full_size().len() as f64;
    let days = hours(stream);
    let days = days
        .chunks(24)
        .map(|day| day.iter().sum::<f64>() / runs)
        .enumerate();
    days.map(|(day, n)| n / if day < 2 { 5.0 } else { 4.0 })
        .collect()
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn bookings_sessions_and_ratings_keep_to_their_bands() {
    let answers = ["booking.confirmed", "booking.declined", "booking.expired"];
    assert_within(
        "confirmed of all answered",
        ratio("booking.confirmed", &answers),
        0.70..=0.80,
    );
    let due = [
        "session.started",
        "session.noshow.student",
        "session.noshow.tutor",
    ];
    assert_within(
        "students' no-shows of sessions due",
        ratio("session.noshow.student", &due),
        0.02..=0.05,
    );
    // The bands for tutors, 1-2 % and 2-5 %, meet at 2 %.
    assert_within(
        "tutors' no-shows of sessions due",
        ratio("session.noshow.tutor", &due),
        0.019..=0.021,
    );
    assert_within(
        "rated of completed",
        ratio("rating.submitted", &["session.completed"]),
        0.40..=0.60,
    );
    let mut stars = [0; 5];
    for played in full_size() {
        stars
            .iter_mut()
            .zip(played.tally.stars)
            .for_each(|(sum, n)| *sum += n);
    }
    let low = (stars[0] + stars[1]) as f64 / stars.iter().sum::<u64>() as f64;
    assert_within("one or two stars", low, 0.09..=0.11);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn a_tutor_has_about_three_sessions_a_day() {
    let tutors = full_size()
        .iter()
        .flat_map(|played| &played.tally.snapshots)
        .map(|(_, tutors)| f64::from(*tutors));
    // Every run has a snapshot an hour.
    let tutor_days = tutors.sum::<f64>() / 24.0;
    assert_within(
        "sessions a tutor and day",
        pooled_rows("session.completed") as f64 / tutor_days,
        2.8..=3.1,
    );
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn weekends_have_more_sessions() {
    for stream in ["session.started", "session.completed"] {
        let days = by_weekday(stream);
        let (weekdays, weekends) = (
            days[..5].iter().sum::<f64>() / 5.0,
            days[5..].iter().sum::<f64>() / 2.0,
        );
        assert_within(stream, weekends / weekdays - 1.0, 0.30..=0.50);
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn nights_are_quiet_and_days_are_busy() {
    for (stream, most_at_night) in [
        ("session.started", 0.03),
        ("session.completed", 0.04),
        ("customer.tutor.search", 0.08),
        ("booking.requested", 0.09),
        ("customer.message.sent", 0.10),
        ("system.auth.login", 0.10),
    ] {
        let hours = hours(stream);
        let share = |of: &dyn Fn(usize) -> bool| {
            let chosen = hours.iter().enumerate().filter(|(hour, _)| of(hour % 24));
            chosen.map(|(_, n)| n).sum::<f64>() / hours.iter().sum::<f64>()
        };
        // Eight of 24 hours, which would be a third.
        assert_within(
            stream,
            share(&|hour| !(7..23).contains(&hour)),
            0.0..=most_at_night,
        );
        assert_within(stream, share(&|hour| (8..22).contains(&hour)), 0.80..=1.0);
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn the_number_of_students_grows_by_two_to_five_per_cent_a_month() {
    for played in full_size() {
        let snapshots = &played.tally.snapshots;
        assert_eq!(snapshots.len() as i64, 24 * DAYS);
        let (first, last) = (
            f64::from(snapshots[0].0),
            f64::from(snapshots[snapshots.len() - 1].0),
        );
        let a_month = (last / first - 1.0) * 30.4375 / DAYS as f64;
        assert_within("growth of active students a month", a_month, 0.02..=0.05);
    }
}
