//! What is tracked of random people, and levels of theirs that are crossed.

use super::joins::joins;
use super::plan::{Plan, StreamPlan};
use super::{each, render};

/// Which of a person's values events change, of those that are tracked.
pub fn tracked(plan: &Plan) -> Vec<&'static str> {
    if !plan.spec.stateful || (plan.spec.joins.1 / 3).is_multiple_of(2) {
        return Vec::new();
    }
    let changes = |kinds: &[u8], stream: &StreamPlan| {
        stream.person && kinds.contains(&stream.spec.change) && render::at_site(stream).is_none()
    };
    let any = |kinds: &[u8]| plan.streams.iter().any(|stream| changes(kinds, stream));
    let picks = |stream: &StreamPlan| stream.spec.lines && render::picks(plan, stream);
    let by_others =
        plan.streams.iter().any(picks) || !joins(plan).is_empty() || !each::each(plan).is_empty();
    let mut names = Vec::new();
    if any(&[2, 3]) || by_others {
        names.extend(["score", "balance"]);
    }
    if any(&[4, 5, 7]) {
        names.push("state");
    }
    names
}

/// Streams of what follows from changes of people, if something is tracked: once a level is crossed, and after any change.
pub fn watched(plan: &Plan) -> Vec<String> {
    let tracked = tracked(plan);
    if tracked.is_empty() {
        return Vec::new();
    }
    let mut streams = vec![
        "  h.later:\n    causes: [{on: person.history, probability: 0.3, delay: 1m..3h}]\n    \
         fields: {person_id: {}, since: {value: valid_from}, known: {value: began_id}, own: {value: 'uniform(0, 1)'}}\n"
            .to_owned(),
    ];
    let mut crossing = |name: &str, crossing: &str| {
        streams.push(format!(
            "  h.{name}:\n    crossing: {{of: person, {crossing}}}\n    \
             fields: {{person_id: {{value: person.id}}, score: {{value: person.score}}, own: {{value: 'uniform(0, 1)'}}}}\n    \
             changes: [{{counter: total_amount, add: own}}]\n"
        ));
    };
    if tracked.contains(&"score") {
        crossing("high", "when: score > 11 + quality, until: score < 9");
    }
    if tracked.contains(&"state") {
        crossing("active", "when: \"state == 'active' and score > 1\"");
    }
    streams
}
