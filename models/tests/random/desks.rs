//! Desks of random models: events that are worked on, that give up, and that hold an agent until another event releases it.

use super::plan::StreamPlan;

/// A desk with a break in which nobody is there, and one with two agents by day.
pub const DESKS: &str = "  first:\n    shifts:\n      - {from: 0h, to: 11h, agents: 1}\n      - {from: 12h, to: 24h, agents: 1}\n  \
                     second:\n    shifts:\n      - {from: 6h, to: 2h, agents: 1}\n      - {from: 9h, to: 17h, agents: 1}\n";

fn name(stream: &StreamPlan) -> &'static str {
    ["first", "\"if(amount > 20, 'first', 'second')\""][usize::from(stream.spec.variant % 2)]
}

/// Whether events hold an agent.
fn holds(stream: &StreamPlan) -> bool {
    stream.desk && stream.spec.variant / 4 == 1
}

/// Whether events may take place without an agent.
pub fn waits(stream: &StreamPlan) -> bool {
    stream.desk && stream.spec.variant / 4 > 0
}

/// What events of a stream want at a desk.
pub fn at_desk(index: usize, stream: &StreamPlan) -> String {
    let variant = usize::from(stream.spec.variant / 2 % 2);
    let work = ["exponential(12m)", "amount * 1m"][variant];
    let wanted = match (holds(stream), waits(stream)) {
        (true, _) => format!(
            "hold: id_{index}, give_up: {}",
            ["40m", "'amount * 3m'"][variant]
        ),
        (false, true) => {
            format!("work: '{work}', give_up: 'exponential(30m)', room: 'integer(0, 3)'")
        }
        (false, false) => format!("work: '{work}'"),
    };
    let name = name(stream);
    format!("    desk: {{name: {name}, {wanted}, priority: 'floor(amount / 30)'}}\n")
}

/// What releases those whom a stream's events hold; some are released while they may still wait.
pub fn released(index: usize, stream: &StreamPlan) -> Option<String> {
    let (of, at) = (&stream.name, name(stream));
    let text = format!(
        "  {of}.freed:\n    causes: [{{on: {of}, when: agent_number > 0, delay: 5m..3h}}]\n    \
         desk: {{name: {at}, release: id_{index}}}\n    fields: {{id_{index}: {{}}, u: {{}}, waited_h: {{}}}}\n"
    );
    holds(stream).then_some(text)
}
