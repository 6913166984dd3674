//! The built-in scenarios have the effects that they are known for.

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::program::Settling;
use causeflow_scenarios::definition::EventType;
use causeflow_scenarios::{Kind, Scenario};

use crate::support::{file, tutoring, with};

const HOUR: i64 = Span::HOUR.0;
const DAY: i64 = Span::DAY.0;

fn scenario(id: &str) -> &'static Scenario {
    tutoring()
        .1
        .scenario(id)
        .expect("the built-in scenarios are right")
}

/// The rules as `after hours address operation value`.
fn effects(id: &str) -> Vec<String> {
    let effect = |rule: &causeflow_scenarios::Rule| {
        let after = rule.after.0 / HOUR;
        assert_eq!(rule.kind == Kind::Cascade, rule.after > Span(0));
        format!(
            "{after} {} {} {}",
            rule.target.address, rule.amount.name, rule.amount.value
        )
    };
    scenario(id).rules.iter().map(effect).collect()
}

fn has(id: &str, wanted: &[&str]) {
    let effects = effects(id);
    for wanted in wanted {
        assert!(
            effects.iter().any(|effect| effect == wanted),
            "{id}: {wanted} is not in {effects:#?}"
        );
    }
}

#[test]
fn nothing_is_wrong_and_there_are_no_warnings() {
    let (_, library) = tutoring();
    assert_eq!(library.problems().to_string(), "");
    let ids: Vec<&str> = library
        .scenarios()
        .map(|scenario| scenario.id.as_str())
        .collect();
    let expected = [
        "churn-pattern",
        "competitor-disruption",
        "exam-season-surge",
        "normal-operations",
        "payment-outage",
        "quality-crisis",
        "recruiting-crisis",
        "supply-crisis",
        "support-overload",
    ];
    assert_eq!(ids, expected);
    assert!(
        library
            .scenarios()
            .all(|scenario| !scenario.events.is_empty())
    );
}

#[test]
fn durations_and_settlings() {
    let expected = [
        (
            "exam-season-surge",
            72 * HOUR,
            Settling::Linear(Span(12 * HOUR)),
        ),
        (
            "supply-crisis",
            48 * HOUR,
            Settling::Linear(Span(12 * HOUR)),
        ),
        ("payment-outage", 4 * HOUR, Settling::Immediate),
        (
            "quality-crisis",
            5 * DAY,
            Settling::Exponential(Span(3 * DAY)),
        ),
        (
            "support-overload",
            24 * HOUR,
            Settling::Exponential(Span(6 * HOUR)),
        ),
        ("churn-pattern", 7 * DAY, Settling::Linear(Span(48 * HOUR))),
        (
            "recruiting-crisis",
            10 * DAY,
            Settling::Exponential(Span(3 * DAY)),
        ),
        (
            "competitor-disruption",
            5 * DAY,
            Settling::Linear(Span(72 * HOUR)),
        ),
        ("normal-operations", 24 * HOUR, Settling::Immediate),
    ];
    for (id, duration, settling) in expected {
        assert_eq!(scenario(id).duration, Span(duration), "{id}");
        assert_eq!(scenario(id).settling, settling, "{id}");
        assert!(
            scenario(id)
                .rules
                .iter()
                .all(|rule| rule.settling == settling),
            "{id}"
        );
    }
}

#[test]
fn direct_effects_and_cascades() {
    has(
        "exam-season-surge",
        &[
            "0 customer.tutor.search/rate multiply 1.8",
            "0 customer.message.sent/rate multiply 1.5",
            "0 customer.account.registered/volume multiply 1.4",
            "12 booking.declined/probability shift 0.1",
            "12 support.chat.started/rate multiply 1.3",
        ],
    );
    has(
        "supply-crisis",
        &[
            "0 tutor.availability.updated/rate multiply 0.4",
            "0 tutor.availability.updated/closes override 0.9",
            "0 tutor.availability.updated/week override 0",
            "24 session.cancelled/probability multiply 1.5",
            "24 customer.churn.detected/volume multiply 1.5",
        ],
    );
    has(
        "payment-outage",
        &[
            "0 payment.failure/probability override 0.95",
            "0 support.ticket.created/probability/payment.failure multiply 1.5",
        ],
    );
    has(
        "quality-crisis",
        &[
            "0 rating.submitted/stars add -1.2",
            "0 session.technical.issue/probability multiply 3",
            "0 session.media.quality/packet_loss multiply 3",
            "12 support.ticket.created/volume multiply 1.5",
            "12 payment.refund.issued/probability/session.cancelled multiply 2",
            "72 customer.churn.detected/volume multiply 2",
        ],
    );
    has(
        "support-overload",
        &[
            "0 support.chat.started/rate multiply 4",
            "0 support.ticket.created/rate add 60",
            "1 support.csat.submitted/score add -1",
        ],
    );
    has(
        "churn-pattern",
        &[
            "0 customer.churn.detected/volume multiply 4",
            "0 customer.subscription.cancelled/volume multiply 3",
            "0 customer.tutor.search/rate multiply 0.85",
            "48 marketing.referral.sent/volume multiply 0.5",
        ],
    );
    has(
        "recruiting-crisis",
        &[
            "0 tutor.application.submitted/rate multiply 0.3",
            "0 tutor.application.approved/probability multiply 0.5",
            "0 tutor.account.deactivated/rate multiply 3",
            "120 tutor.availability.updated/rate multiply 0.8",
        ],
    );
    has(
        "competitor-disruption",
        &[
            "0 customer.tutor.search/rate multiply 0.75",
            "0 customer.account.registered/volume multiply 0.6",
            "0 marketing.ad.spend/amount_usd multiply 1.4",
            "24 customer.subscription.cancelled/volume multiply 1.8",
        ],
    );
    assert_eq!(effects("normal-operations"), Vec::<String>::new());
}

#[test]
fn late_answers_take_half_as_long_again_and_come_before_requests_expire() {
    let rules = &scenario("exam-season-surge").rules;
    for stream in ["booking.confirmed/delay", "booking.declined/delay"] {
        let amounts: Vec<f64> = rules
            .iter()
            .filter(|r| r.target.address == stream)
            .map(|r| r.amount.value)
            .collect();
        let [factor, more] = amounts[..] else {
            panic!("{stream} is moved twice")
        };
        let late = |hours: f64| hours * factor + more / 3600.0;
        assert!((late(13.0) - 1.5 * 13.0).abs() < 0.01, "{stream}");
        assert!((23.9..=24.0).contains(&late(24.0)), "{stream}");
    }
}

#[test]
fn four_fifths_of_the_failed_payments_are_made_within_two_hours() {
    let (program, _) = tutoring();
    let backlog = scenario("payment-outage")
        .backlog
        .clone()
        .expect("it has one");
    assert_eq!(Some(backlog.held), program.stream("payment.failure"));
    assert_eq!(Some(backlog.released), program.stream("payment.success"));
    assert_eq!((backlog.share, backlog.within), (0.8, Span(2 * HOUR)));
}

#[test]
fn templates_are_of_all_six_types_and_all_have_an_impact_and_a_timing() {
    let (_, library) = tutoring();
    let templates: Vec<_> = library.event_templates().collect();
    let number = |kind| {
        templates
            .iter()
            .filter(|template| template.kind == kind)
            .count()
    };
    use EventType::{Academic, Competitive, Infrastructure, Marketing, Operational, Product};
    let numbers = [
        Marketing,
        Product,
        Infrastructure,
        Academic,
        Competitive,
        Operational,
    ]
    .map(number);
    assert_eq!(numbers, [6, 5, 5, 8, 4, 4]);
    for template in templates {
        assert!(
            !template.rules.is_empty() && template.timing.is_some(),
            "{}",
            template.id
        );
        for rule in &template.rules {
            let stream = &tutoring().0.streams[rule.target.stream].name;
            let through = stream == "session.technical.issue" || template.streams.contains(stream);
            assert!(
                through,
                "{} moves {stream}, which nobody expects",
                template.id
            );
        }
    }
}

#[test]
fn the_examples_of_the_documentation_work() {
    let page = include_str!("../../docs/scenarios.md");
    let blocks: Vec<&str> = page
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let [scenario, variant, templates, events] = blocks[..] else {
        panic!("the page has {} examples", blocks.len());
    };
    let mut library = with(&[
        ("a.yaml", scenario),
        ("b.yaml", variant),
        ("c.yaml", templates),
    ]);
    assert_eq!(library.problems().to_string(), "");
    let short = library.scenario("short-outage").expect("it is right");
    assert_eq!(short.rules.len(), 2);
    let events = library.add_events(&tutoring().0, file("d.yaml", events));
    assert_eq!(events.map(|events| events.len()), Ok(2));
}
