//! Lines of random documents, with what the documents add up.

use super::plan::StreamPlan;

/// The lines of a stream; with `picks`, each is about somebody, whom it changes.
pub fn lines(stream: &StreamPlan, picks: bool) -> String {
    let count = [
        "2",
        "'integer(0, 3)'",
        "'clamp(floor(amount / 15), 0, 4)'",
        "'if(u > 0.4, 3, 1)'",
    ][usize::from(stream.spec.variant % 4)];
    let who = match stream.spec.variant % 4 {
        0 => "      let: {who: {value: 'pick(person, where: it.score < 4 * share)'}}\n",
        1 => "      let: {who: {value: 'pick(person, distinct)'}}\n",
        2 => "      let: {who: {value: 'pick(person, active, distinct)'}}\n",
        _ => {
            "      let: {who: {value: 'pick(person, distinct, where: it.score < amount / 2 and years < 60)'}}\n"
        }
    };
    let (who, fields, changes) = match picks {
        true => (
            who,
            "        who_id: {value: who.id}\n        who_score: {value: who.score + share}\n",
            "      changes: [{entity: who, add: {score: 1, balance: -cost}}]\n",
        ),
        false => ("", "", ""),
    };
    format!(
        "    lines:\n      name: {}.line\n      count: {count}\n{who}      fields:\n        \
         share: {{value: 'amount * uniform(0.1, 1.5)', decimals: 3}}\n        \
         pieces: {{value: 'integer(1, 5)', type: int}}\n        \
         cost: {{value: 'decimal(share, 2) * bigint(pieces)', type: 'decimal(12, 2)'}}\n        \
         kind: {{choice: {{x: 2, y: 1}}}}\n{fields}      value: cost\n{changes}",
        stream.name
    )
}

/// Fields of a document that say what its lines come to.
pub fn sums(picks: bool) -> Vec<(String, String)> {
    let mut fields = vec![
        ("lines", "value: count(lines), type: int"),
        ("lines_cost", "value: sum(lines.cost)"),
        ("lines_share", "value: sum(lines.share)"),
        ("lines_most", "value: max(lines.cost)"),
        ("lines_least", "value: 'min(lines.pieces)', type: int"),
        ("with_lines", "value: 'lines_cost + price'"),
    ];
    if picks {
        fields.push(("lines_score", "value: sum(lines.who_score)"));
    }
    let fields = fields.into_iter();
    fields
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// A stream that follows from single lines.
pub fn follower(document: &str) -> String {
    format!(
        "  {document}.back:\n    causes: [{{on: {document}.line, probability: 0.4, when: line > 1, delay: 5m..3h}}]\n    \
         fields: {{line: {{}}, cost: {{}}, u: {{}}, part: {{value: 'split(cost, pieces, 0)'}}}}\n"
    )
}
