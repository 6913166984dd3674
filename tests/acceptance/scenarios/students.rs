//! Students who leave.

use super::bars::{assert_near, assert_ratio};
use super::played::{BARE, Play, Run, Window, twin, window};

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn four_times_as_many_students_leave_and_the_others_search_less() {
    let pattern = Play {
        scenarios: &["churn-pattern@day2"],
        days: 21,
        counted: &["customer.tutor.search"],
        kept: &[
            ("customer.churn.detected", ""),
            ("customer.subscription.cancelled", ""),
            ("marketing.referral.sent", ""),
            ("payment.failure", ""),
            ("rating.submitted", ""),
            ("support.ticket.created", ""),
        ],
        ..BARE
    };
    let (run, twin, active) = (pattern.play(), twin(), window((2, 0), (9, 0)));
    run.assert_counts_of(twin);
    let decided = |run: &Run, stream: &str, window: &Window| {
        run.decided(stream, window, twin.range.end).len()
    };
    // Who leaves because of a ticket or a session is gone days later, some only after the run.
    for (stream, window, factor) in [
        ("customer.churn.detected", &active, 4.0),
        ("customer.subscription.cancelled", &active, 3.0),
        ("marketing.referral.sent", &window((4, 0), (9, 0)), 0.5),
    ] {
        let (here, there) = (decided(&run, stream, window), decided(twin, stream, window));
        assert_ratio(stream, here, there, factor);
    }
    // Those who have left do not search, so the factor is to be seen in the first days; later there is less.
    let ratio = |window| {
        let searches = |run: &Run| run.count("customer.tutor.search", &window).all as f64;
        searches(&run) / searches(twin)
    };
    assert_near(
        "searches at first",
        ratio(window((2, 0), (4, 0))),
        0.85,
        0.005,
    );
    let at_last = ratio(window((8, 0), (9, 0)));
    assert!(
        (0.81..0.845).contains(&at_last),
        "searches at last: {at_last}"
    );
}
