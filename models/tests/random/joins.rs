//! Events of random models that follow from several others together.

use super::plan::Plan;

/// The names of the streams that know a person, from some place on.
fn people(plan: &Plan) -> Vec<&str> {
    let streams = plan.streams.iter().filter(|stream| stream.person);
    let mut names: Vec<&str> = streams.map(|stream| stream.name.as_str()).collect();
    let from = usize::from(plan.spec.joins.1) % names.len().max(1);
    names.rotate_left(from);
    names
}

/// Streams of what is waited for, if the model has some: what follows changes people, and leads to something itself.
pub fn joins(plan: &Plan) -> Vec<String> {
    let names = people(plan);
    if !plan.spec.stateful || plan.spec.joins.0 == 0 || names.len() < 2 {
        return Vec::new();
    }
    let last = names.len().min(4) - 1;
    let (since, members) = (names[last], names[..last].join(", "));
    let all = names[..=last].join(", ");
    let after = match plan.spec.joins.0 {
        1 => format!("all: [{all}], within: 9h"),
        2 => format!("all: [{members}], since: {since}, delay: 5m..2h, probability: 0.8"),
        3 => format!("any: [{members}], since: {since}, within: '2h + u * 1h'"),
        4 => format!("any: [{all}], at_least: 2, within: 5h"),
        5 => format!("none: [{members}], since: {since}, within: 'exponential(2h, 1m, 9h)'"),
        6 => format!("none: [{members}], since: {since}, within: 3h, probability: 0.9"),
        _ => format!("all: [{all}]"),
    };
    vec![
        format!(
            "  j.joined:\n    after: {{{after}, of: person}}\n    fields:\n      u: {{}}\n      own: {{value: 'uniform(0, 1)'}}\n      \
             by: {{value: cause}}\n      person_id: {{value: person.id}}\n      score: {{value: person.score}}\n    \
             changes: [{{entity: person, add: {{score: own}}}}, {{counter: total_amount, add: own}}]\n"
        ),
        "  j.later:\n    causes: [{on: j.joined, probability: 0.6, delay: 1m..5h}]\n    fields: {u: {}, own: {}, person_id: {}}\n"
            .to_owned(),
    ]
}
