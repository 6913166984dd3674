//! Events of random models that reach each of several people.

use super::plan::Plan;

/// Streams of what reaches each who belongs to a shop, or each with the same tag, if the model has some: it changes them, moves
/// some to other shops, and goes on from there.
pub fn each(plan: &Plan) -> Vec<String> {
    let from = usize::from(plan.spec.joins.1);
    let people: Vec<_> = plan.streams.iter().filter(|s| s.person).collect();
    if !plan.spec.stateful || people.is_empty() || from.is_multiple_of(3) {
        return Vec::new();
    }
    let name = &people[from % people.len()].name;
    let (owner, each) = match plan.spec.shops {
        true => ("shop: {value: person.shop}", "person.shop"),
        false => ("tag: {value: person.tag}", "person"),
    };
    let when = match (plan.spec.shops, from % 2) {
        (false, _) => "person.tag == tag and person.score > 2",
        (true, 0) => "person.state != 'gone'",
        (true, _) => "person.quality > 0.3 and person.score < 40",
    };
    let probability = [
        "0.7",
        "'clamp(person.score / 20, 0, 0.9)'",
        "person.quality",
    ][from % 3];
    let moves = match plan.spec.shops {
        true => {
            "    let: {other: {value: pick(shop)}}\n    changes: [{entity: person, set: {shop: other}}]\n"
        }
        false => "    changes: [{entity: person, add: {score: -1}}]\n",
    };
    let (asked, sums) = match plan.spec.shops {
        true => (
            "most: {value: 'uniform(0, 20)'}, ",
            "many: {value: 'count(person.shop, active)', type: int}, well: {value: 'count(person.shop, where: it.score < most)', type: int}, \
             level: {value: 'sum(person.shop, it.score * 2, where: it != person and it.quality > u)'}, owed: {value: 'sum(person.shop, balance)'}, ",
        ),
        false => ("", ""),
    };
    vec![
        format!(
            "  e.called:\n    causes: [{{on: {name}, probability: 0.4, delay: 1m..3h}}]\n    let: {{{owner}}}\n    \
             fields: {{{asked}{sums}u: {{}}, own: {{value: 'uniform(0, 1)'}}}}\n"
        ),
        format!(
            "  e.reached:\n    causes: [{{on: e.called, each: {each}, when: \"{when}\", probability: {probability}, delay: 'exponential(10m + person.years * 1m)'}}]\n    \
             fields: {{u: {{}}, own: {{value: 'uniform(0, 1)'}}, number: {{value: index, type: int}}, person_id: {{value: person.id}}, score: {{value: person.score}}}}\n    \
             changes: [{{entity: person, add: {{score: own}}}}, {{counter: total_amount, add: own}}]\n"
        ),
        format!(
            "  e.moved:\n    causes: [{{on: e.reached, probability: 0.3, delay: 5m..2h}}]\n{moves}    \
             fields: {{u: {{}}, own: {{}}, person_id: {{value: person.id}}}}\n"
        ),
    ]
}
