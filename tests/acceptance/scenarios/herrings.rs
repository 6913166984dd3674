//! External events: those with an impact have it, red herrings have none; a scenario without effects has none.

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::sides::Label;
use causeflow_scenarios::effects::effects;

use super::played::{BARE, Play};
use crate::reference::wanted;
use crate::runs::{Played, full_size};

/// The streams that an external event aims at where nobody else does at the same time (two that cancel each other out
/// make no difference), and where more than 20 differences are to be expected: chance makes none of these once in 500
/// million.
fn alone<'a>(played: &'a Played, name: &str) -> Vec<&'a str> {
    let interventions = played.plan.interventions();
    let own = interventions.iter().find(|i| i.name == name);
    let own = own.expect("it has an impact");
    let others: Vec<_> = interventions
        .iter()
        .filter(|other| other.name != name)
        .flat_map(|other| &other.modifiers)
        .collect();
    let mut streams = Vec::new();
    for (rule, modifier) in &own.modifiers {
        let (start, end) = (modifier.envelope.start, modifier.envelope.settled());
        let overlaps = others.iter().any(|(other, m)| {
            other.target.stream == rule.target.stream
                && m.envelope.start < end
                && start < m.envelope.settled()
        });
        let stream = played.program.streams[rule.target.stream].name.as_str();
        let wanted = wanted();
        let figures = wanted.iter().find(|wanted| wanted.stream == stream);
        let per_day = figures.map_or(0.0, |figures| figures.per_day);
        let active = modifier.envelope.end.min(played.tally.end) - start;
        let days = active.0 as f64 / Span::DAY.0 as f64;
        // At night there is a tenth of a day's mean.
        let expected = 0.1 * per_day * days * (rule.amount.value - 1.0).abs();
        if !overlaps && expected > 20.0 {
            streams.push(stream);
        }
    }
    streams
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn red_herrings_move_nothing_and_the_others_move_what_they_aim_at() {
    let (mut herrings, mut aimed) = (0, 0);
    for played in full_size() {
        let (causes, effects) = effects(&played.plan, &played.program, &played.streams);
        let names = &played.program.interventions;
        let of_events = causes.iter().filter(|cause| cause.kind == "external_event");
        assert_eq!(of_events.count(), played.plan.external_events().len());
        for (at, (cause, event)) in causes.iter().zip(played.plan.external_events()).enumerate() {
            assert_eq!(cause.start, event.time);
            let own = effects.iter().filter(|effect| effect.cause == at);
            if !event.is_causal {
                herrings += 1;
                assert!(names.iter().all(|other| other.name != cause.name));
                assert!(!cause.expected.is_empty(), "it looks like any other");
                for effect in own {
                    let total = effect.total;
                    assert_eq!((total.added, total.removed, total.changed), (0, 0, 0));
                    assert!(effect.hours().next().is_none() && effect.expected.is_some());
                }
                continue;
            }
            for stream in alone(played, &cause.name) {
                aimed += 1;
                let effect = effects
                    .iter()
                    .find(|effect| effect.cause == at && effect.stream.name == stream);
                let total = effect.map(|effect| effect.total).unwrap_or_default();
                assert!(
                    total.added + total.removed + total.changed > 0,
                    "{} does nothing to {stream}",
                    cause.name
                );
            }
        }
        // No difference is nobody's, and none has a name that is not an external event's.
        for result in &played.streams {
            let accounts = result.impact.differences().map(|((account, _), _)| account);
            let labels = accounts.filter_map(|account| account.label());
            for at in labels.filter_map(Label::intervention) {
                let name = &names[at].name;
                assert!(causes.iter().any(|cause| cause.name == *name), "{name}");
            }
        }
    }
    println!("{herrings} red herrings, {aimed} impacts");
    assert!(herrings > 80 && aimed > 80, "{herrings} {aimed}");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn normal_operations_change_nothing_at_all() {
    let names: Vec<String> = wanted().into_iter().map(|wanted| wanted.stream).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let played = |scenarios: &[&str]| {
        let play = Play {
            scenarios,
            timeline: true,
            days: 3,
            scale: 0.1,
            counted: &all,
            ..BARE
        };
        let run = play.play();
        let streams = run.streams.into_iter();
        streams
            .map(|s| (s.name, s.rows, s.fingerprint, s.impact))
            .collect::<Vec<_>>()
    };
    let (with, without) = (played(&["normal-operations@day2"]), played(&[]));
    assert_eq!(with.len(), 50);
    assert!(with.iter().any(|(.., effects)| !effects.is_empty()));
    assert_eq!(with, without);
}
