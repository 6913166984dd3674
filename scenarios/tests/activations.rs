//! Reading `ID@TIME+DURATION` and `TEMPLATE@TIME`, and which scenarios may meet.

use causeflow_engine::base::time::{Span, Time};
use causeflow_scenarios::{Activation, Clock, EventRequest};
use proptest::prelude::*;

use crate::support::{START, day, plan, property, request, summary, tutoring};

fn clock() -> Clock {
    Clock::new(&tutoring().0, START)
}

fn parsed(text: &str) -> Result<(String, Time, Option<Span>), String> {
    let activation = Activation::parse(text, &clock());
    activation
        .map(|a| (a.scenario, a.start, a.duration))
        .map_err(|wrong| wrong.to_string())
}

#[test]
fn times_may_be_instants_local_times_dates_or_days_of_the_run() {
    let at = |text: &str| parsed(&format!("x@{text}")).expect("a time").1;
    let ten = day(12, 10);
    for same in [
        "2026-02-14T10:00:00Z",
        "2026-02-14T11:00:00+01:00",
        "2026-02-14T10:00",
        "2026-02-14 10:00:00",
        "day13T10:00",
        "day13 10:00:00",
    ] {
        assert_eq!(at(same), ten, "{same}");
    }
    assert_eq!(at("2026-02-14"), day(12, 0));
    assert_eq!(at("day1"), START);
    let late = Clock::new(&tutoring().0, day(0, 15));
    assert_eq!(
        late.time("day1T10:00"),
        Ok(day(0, 10)),
        "a run that begins in the course of a day begins on day 1"
    );
}

#[test]
fn durations_and_offsets_both_follow_a_plus() {
    let six = Some(Span(6 * Span::HOUR.0));
    assert_eq!(parsed("x@day2T10:00+6h"), Ok(("x".into(), day(1, 10), six)));
    assert_eq!(parsed("x@2026-02-03T10:00:00+01:00").map(|p| p.2), Ok(None));
    assert_eq!(
        parsed("x@2026-02-03T11:00:00+01:00+6h"),
        Ok(("x".into(), day(1, 10), six))
    );
    assert!(
        parsed("x@2026-02-03T11:00:00Z+6")
            .unwrap_err()
            .contains("has no unit")
    );
    assert!(parsed("x@day3+0h").unwrap_err().contains("takes some time"));
}

#[test]
fn what_is_no_activation_says_what_to_write() {
    for text in [
        "payment-outage",
        "@day3",
        "x@",
        "x@yesterday",
        "x@day0",
        "x@dayT10:00",
        "x@2026-02-30",
        "x@2026-13",
        "x@9000-01-01",
        "x@day3T25:00",
    ] {
        let wrong = parsed(text).unwrap_err();
        assert!(
            wrong.contains("write") || wrong.contains("years"),
            "{text}: {wrong}"
        );
    }
    assert!(
        EventRequest::parse("blog-viral")
            .unwrap_err()
            .to_string()
            .contains("blog-viral@2026-02-14T10:00")
    );
}

proptest! {
    #![proptest_config(property(300))]

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z@+:TZ0-9. -]{0,40}") {
        let _ = Activation::parse(&text, &clock());
        let _ = clock().time(&text);
    }

    #[test]
    fn an_activation_reads_as_it_is_shown(minutes in -5_000_000i64..50_000_000) {
        let activation = Activation { scenario: "x-y".into(), start: START + Span(minutes * Span::MINUTE.0), duration: None };
        prop_assert_eq!(Activation::parse(&activation.to_string(), &clock()), Ok(activation));
    }

    #[test]
    fn two_scenarios_are_refused_exactly_when_they_are_active_at_once(gap in -100i64..100, first in 1i64..90, second in 1i64..90) {
        let (_, library) = tutoring();
        let a = format!("supply-crisis@{}+{first}h", day(5, 0));
        let b = format!("churn-pattern@{}+{second}h", day(5, gap));
        let met = plan(library, &request(&[&a, &b], &[]), 1);
        let overlap = gap < first && -gap < second;
        prop_assert_eq!(met.is_err(), overlap);
        if let Err(wrong) = met {
            let wrong = wrong.to_string();
            for name in ["supply-crisis@2026-02-07T00:00:00Z".to_owned(), format!("churn-pattern@{}", day(5, gap))] {
                prop_assert!(wrong.contains(&name), "{} does not name {}", wrong, name);
            }
        }
    }
}

#[test]
fn a_settling_scenario_may_overlap_the_next_and_order_does_not_matter() {
    let (_, library) = tutoring();
    let both = ["supply-crisis@day5", "exam-season-surge@day7"];
    let there = plan(library, &request(&both, &[]), 1)
        .expect("the first is settling when the second begins");
    let back = plan(library, &request(&[both[1], both[0]], &[]), 1).expect("likewise");
    assert_eq!(there.interventions(), back.interventions());
    let settled = there.interventions()[0].modifiers[0].1.envelope.settled();
    assert!(settled > there.interventions()[1].modifiers[0].1.envelope.start);
}

#[test]
fn one_may_begin_before_the_run_and_outlast_it_but_one_that_misses_it_is_told_about() {
    let (_, library) = tutoring();
    let long = plan(
        library,
        &request(&["recruiting-crisis@2026-01-30+60d"], &[]),
        1,
    )
    .expect("that is fine");
    assert_eq!(long.warnings().list, []);
    for missed in ["payment-outage@2026-03-05", "payment-outage@2026-01-05"] {
        let plan = plan(library, &request(&[missed], &[]), 1).expect("it does no harm");
        assert!(summary(plan.warnings())[0].contains("does not touch the run"));
    }
}

#[test]
fn all_that_is_wrong_with_a_request_is_told_at_once() {
    let (_, library) = tutoring();
    let scenarios = [
        "payment-outtage@day3",
        "supply-crisis@day5",
        "churn-pattern@day6",
    ];
    let events = [
        "blog-virral@day2",
        "blog-viral@dawn",
        "aws-outage@day2",
        "aws-outage@day2",
    ];
    let wrong = plan(library, &request(&scenarios, &events), 1).expect_err("five mistakes");
    let found = summary(&wrong).join("\n");
    for expected in [
        "there is no scenario `payment-outtage` / did you mean `payment-outage`?",
        "`churn-pattern@2026-02-07T00:00:00Z` would begin while `supply-crisis@2026-02-06T00:00:00Z` is active",
        "there is no event template `blog-virral` / did you mean `blog-viral`?",
        "`dawn` is not a time",
        "`aws-outage@2026-02-03T00:00:00Z` is asked for twice",
    ] {
        assert!(found.contains(expected), "{expected} is not in\n{found}");
    }
    assert_eq!(wrong.list.len(), 5);
}
