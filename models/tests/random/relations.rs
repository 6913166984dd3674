//! People of random models who are linked with one another, and whom what happens to one of them reaches through that.

use super::plan::Plan;

/// The stream of which links follow, if the model has some.
fn beginning(plan: &Plan) -> Option<&str> {
    let people: Vec<_> = plan.streams.iter().filter(|s| s.person).collect();
    let from = usize::from(plan.spec.joins.1) + 1;
    let links = plan.spec.stateful && !people.is_empty() && !from.is_multiple_of(3);
    links.then(|| &people[from % people.len()].name[..])
}

/// The relation of a model, if it has one.
pub fn relation(plan: &Plan) -> Option<String> {
    beginning(plan)?;
    let starts = ["", ", starts: {min: 0, max: 3}"][usize::from(plan.spec.joins.1 % 2)];
    Some(format!(
        "  ties: {{of: person, to: person, back: known_by{starts}}}\n"
    ))
}

/// Streams of those who meet, tell each other, and part.
pub fn relations(plan: &Plan) -> Vec<String> {
    let Some(name) = beginning(plan) else {
        return Vec::new();
    };
    vec![
        format!(
            "  r.met:\n    causes: [{{on: {name}, probability: 0.6, delay: 1m..2h}}]\n    \
             let: {{other: {{value: 'pick(person, where: it != person and it.quality > u / 2 and count(it.known_by) < 5 and not linked(person.ties, it))'}}}}\n    \
             fields: {{u: {{}}, many: {{value: 'count(person.ties)', type: int}}, level: {{value: 'sum(person.ties, it.score, where: it.quality > u)'}}, \
             close: {{value: 'count(person.known_by, active, where: linked(person.ties, it))', type: int}}, other_id: {{value: other.id}}}}\n    \
             changes: [{{entity: person, link: {{ties: other}}, when: 'level < 60'}}]\n"
        ),
        "  r.told:\n    causes: [{on: r.met, each: person.ties, when: person.score > 1, probability: 0.8, delay: 'exponential(10m)'}]\n    \
         fields: {u: {}, person_id: {value: person.id}, own: {value: 'uniform(0, 1)'}}\n    \
         changes: [{entity: person, add: {score: own}}, {counter: total_amount, add: own}]\n"
            .into(),
        "  r.parted:\n    causes: [{on: r.told, probability: 0.5, delay: 1m..5h}]\n    \
         let: {other: {value: 'pick(person.ties, where: it.score < 40)'}}\n    \
         fields: {u: {}, person_id: {value: person.id}, other_id: {value: other.id}}\n    \
         changes: [{entity: person, unlink: {ties: other}}]\n"
            .into(),
        "  r.again:\n    timer: {every: 7h, per: ties, states: [linked]}\n    \
         fields: {person_id: {value: ties.person.id}, other_id: {value: ties.to_person.id}, u: {value: 'uniform(0, 1)'}, score: {value: ties.to_person.score}}\n"
            .into(),
        "  r.left:\n    causes: [{on: ties.unlinked, probability: 0.2, delay: 1m}]\n    \
         fields: {person_id: {}, known: {value: 'count(ties.person.known_by)', type: int}}\n    \
         let: {who: {value: ties.person}}\n    \
         changes: [{entity: who, unlink: {known_by: all}, when: known > 1}]\n"
            .into(),
    ]
}
