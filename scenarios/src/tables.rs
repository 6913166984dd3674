//! The tables of a plan, for those who write files.

use std::rc::Rc;

use causeflow_engine::base::tables::{Table, TableBuilder, Tables, Texts};

use crate::plan::Plan;

/// The tables `external_events`, `modifiers` and `modifier_states`, in this order. `None` when their texts are
/// more than can be told apart, which takes decades of external events.
pub fn of_plan(plan: &Plan) -> Option<Tables<'_>> {
    let mut texts = Texts::default();
    let tables = vec![
        external_events(plan, 0, &mut texts),
        modifiers(plan, 1, &mut texts),
        modifier_states(plan, 2, &mut texts),
    ];
    Tables::new(texts, tables)
}

/// A column's values from rows that are made for the table and live as long as its columns.
fn each<R, T, F: Fn(&R) -> T>(rows: &Rc<Vec<R>>, of: F) -> impl Iterator<Item = T> + use<R, T, F> {
    let rows = Rc::clone(rows);
    (0..rows.len()).map(move |at| of(&rows[at]))
}

fn external_events<'a>(plan: &'a Plan, at: usize, texts: &mut Texts) -> Table<'a> {
    let rows = plan.external_events();
    let mut t = TableBuilder::new(texts, rows.len());
    t.id(
        "external_event_id",
        "Its identity",
        rows.iter().map(|r| r.id.0),
    );
    t.time("time", "When it happened", rows.iter().map(|r| r.time));
    t.text(
        "type",
        "Which part of the world it comes from",
        rows.iter().map(|r| r.kind.name()),
    );
    t.text(
        "template",
        "The template that it is of",
        rows.iter().map(|r| r.template.as_str()),
    );
    t.text("title", "A headline", rows.iter().map(|r| r.title.as_str()));
    t.text(
        "description",
        "What has happened",
        rows.iter().map(|r| r.description.as_str()),
    );
    t.text(
        "severity",
        "How serious it looks",
        rows.iter().map(|r| r.severity.name()),
    );
    t.text(
        "icon",
        "The name of a symbol",
        rows.iter().map(|r| r.icon.as_str()),
    );
    let streams: Vec<String> = rows.iter().map(|r| r.streams.join(",")).collect();
    let about = "The streams that it is expected to move, with commas between them";
    t.text(
        "expected_streams",
        about,
        streams.iter().map(String::as_str),
    );
    t.text(
        "expected_direction",
        "Which way",
        rows.iter().map(|r| r.direction.name()),
    );
    t.text(
        "expected_magnitude",
        "How much",
        rows.iter().map(|r| r.magnitude.name()),
    );
    let about = "How long after the event the expected impact begins";
    t.float(
        "expected_delay_h",
        about,
        rows.iter().map(|r| r.delay.days() * 24.0),
    );
    let about = "How long the expected impact lasts";
    t.float(
        "expected_duration_h",
        about,
        rows.iter().map(|r| r.duration.days() * 24.0),
    );
    let about = "Whether it moved anything; a red herring did not";
    t.flag("is_causal", about, rows.iter().map(|r| r.is_causal));
    let about = "The scenario that made it known";
    t.optional(
        "injected_by",
        about,
        rows.iter().map(|r| r.injected_by.as_deref()),
    );
    let about =
        "The name that rows are attributed to which it, or the scenario that it is of, changed";
    t.optional(
        "attribution",
        about,
        rows.iter().map(|r| r.attribution.as_deref()),
    );
    t.finish("external_events", at)
}

fn modifiers<'a>(plan: &'a Plan, at: usize, texts: &mut Texts) -> Table<'a> {
    let rows = Rc::new(plan.modifier_rows());
    let mut t = TableBuilder::new(texts, rows.len());
    let about = "Who does it: the name that rows are attributed to";
    t.text("intervention", about, rows.iter().map(|r| r.intervention));
    let about = "direct or cascade for scenarios, event for external events";
    t.text("kind", about, rows.iter().map(|r| r.kind.name()));
    t.text("address", "The parameter", rows.iter().map(|r| r.address));
    t.text(
        "operation",
        "multiply, add, override or shift",
        rows.iter().map(|r| r.operation),
    );
    t.float(
        "value",
        "The amount at full strength",
        each(&rows, |r| r.value),
    );
    let about = "The unit of the value, where it has one: per_hour or s";
    t.optional("value_unit", about, rows.iter().map(|r| r.unit));
    t.int(
        "precedence",
        "Those with a higher one act later",
        each(&rows, |r| r.precedence),
    );
    t.time("start", "When it begins", each(&rows, |r| r.start));
    t.time(
        "onset_end",
        "When it has risen to full strength",
        each(&rows, |r| r.onset_end),
    );
    t.time("end", "When it begins to let go", each(&rows, |r| r.end));
    t.time(
        "settled",
        "From when on it has no effect",
        each(&rows, |r| r.settled),
    );
    t.text(
        "settling",
        "How it lets go",
        rows.iter().map(|r| r.settling.as_str()),
    );
    t.finish("modifiers", at)
}

fn modifier_states<'a>(plan: &'a Plan, at: usize, texts: &mut Texts) -> Table<'a> {
    let rows = Rc::new(plan.state_rows());
    let mut t = TableBuilder::new(texts, rows.len());
    t.time("time", "When", each(&rows, |r| r.time));
    let about = "Who does it: the name that rows are attributed to";
    t.text("intervention", about, rows.iter().map(|r| r.intervention));
    t.text("address", "The parameter", rows.iter().map(|r| r.address));
    t.text(
        "state",
        "active, settling or settled",
        rows.iter().map(|r| r.state),
    );
    t.float(
        "strength",
        "How strongly it acts, 0 to 1",
        each(&rows, |r| r.strength),
    );
    t.finish("modifier_states", at)
}
