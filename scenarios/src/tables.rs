//! The tables of a plan, for those who write files.

use std::collections::BTreeMap;
use std::sync::Arc;

use causeflow_engine::table::{
    Chunk, Column, ColumnSpec, ColumnType, Dictionary, TableSchema, Validity, Values,
};
use causeflow_engine::time::Time;

use crate::plan::Plan;

/// The tables `external_events`, `modifiers` and `modifier_states`, in this order.
#[derive(Clone, Debug)]
pub struct Tables {
    /// The texts of all of them; it is not the program's.
    pub dictionary: Dictionary,
    /// Each with all of its rows; [`Chunk::table`] is the place in this list.
    pub tables: Vec<(TableSchema, Chunk)>,
}

impl Tables {
    /// The tables of a plan. `None` when their texts are more than can be told apart, which takes decades of
    /// external events.
    pub fn of(plan: &Plan) -> Option<Tables> {
        let mut texts = Texts::default();
        let tables = [external_events, modifiers, modifier_states];
        let tables: Vec<_> = (0..)
            .zip(tables)
            .map(|(at, make)| make(plan, at, &mut texts))
            .collect();
        Tables::new(texts, tables)
    }

    /// Tables and their texts, if those can be told apart.
    pub(crate) fn new(texts: Texts, tables: Vec<(TableSchema, Chunk)>) -> Option<Tables> {
        u16::try_from(texts.all.len().saturating_sub(1)).ok()?;
        Some(Tables {
            dictionary: Arc::from(texts.all),
            tables,
        })
    }
}

/// Gives texts their codes, in the order in which they come.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) all: Vec<String>,
    codes: BTreeMap<String, u16>,
}

impl Texts {
    fn code(&mut self, text: &str) -> u16 {
        if let Some(&code) = self.codes.get(text) {
            return code;
        }
        // Too many are refused when all are known.
        let code = self.all.len() as u16;
        self.all.push(text.to_owned());
        self.codes.insert(text.to_owned(), code);
        code
    }
}

/// A table in the making.
pub(crate) struct Table<'a> {
    texts: &'a mut Texts,
    rows: usize,
    specs: Vec<ColumnSpec>,
    columns: Vec<Column>,
}

impl Table<'_> {
    pub(crate) fn column(
        &mut self,
        name: &str,
        description: &str,
        values: Values,
        valid: Option<Vec<bool>>,
    ) {
        let kind = match values {
            Values::Id(_) => ColumnType::Id,
            Values::Time(_) => ColumnType::Time,
            Values::Float(_) => ColumnType::Float,
            Values::Int(_) => ColumnType::Int,
            Values::Small(_) => ColumnType::Small,
            Values::Bool(_) => ColumnType::Bool,
            Values::Text(_) => ColumnType::Text,
        };
        self.specs.push(ColumnSpec {
            name: name.to_owned(),
            kind,
            unit: name.ends_with("_h").then(|| "h".to_owned()),
            description: Some(description.to_owned()),
            nullable: valid.is_some(),
        });
        self.columns.push(Column {
            values,
            validity: valid.map_or(Validity::All, Validity::Mask),
        });
    }

    pub(crate) fn text<'t>(
        &mut self,
        name: &str,
        description: &str,
        texts: impl Iterator<Item = &'t str>,
    ) {
        let codes = texts.map(|text| self.texts.code(text)).collect();
        self.column(name, description, Values::Text(codes), None);
    }

    pub(crate) fn optional<'t>(
        &mut self,
        name: &str,
        description: &str,
        texts: impl Iterator<Item = Option<&'t str>>,
    ) {
        let texts: Vec<Option<&str>> = texts.collect();
        let codes = texts
            .iter()
            .map(|text| text.map_or(0, |text| self.texts.code(text)))
            .collect();
        let valid = texts.iter().map(Option::is_some).collect();
        self.column(name, description, Values::Text(codes), Some(valid));
    }

    pub(crate) fn time(
        &mut self,
        name: &str,
        description: &str,
        times: impl Iterator<Item = Time>,
    ) {
        let times = times.map(|time| time.0).collect();
        self.column(name, description, Values::Time(times), None);
    }

    pub(crate) fn float(
        &mut self,
        name: &str,
        description: &str,
        values: impl Iterator<Item = f64>,
    ) {
        self.column(name, description, Values::Float(values.collect()), None);
    }

    pub(crate) fn finish(self, name: &str, at: usize) -> (TableSchema, Chunk) {
        let schema = TableSchema {
            name: name.to_owned(),
            columns: self.specs,
        };
        let chunk = Chunk {
            table: at,
            rows: self.rows,
            columns: self.columns,
        };
        (schema, chunk)
    }
}

pub(crate) fn table(texts: &mut Texts, rows: usize) -> Table<'_> {
    Table {
        texts,
        rows,
        specs: Vec::new(),
        columns: Vec::new(),
    }
}

fn external_events(plan: &Plan, at: usize, texts: &mut Texts) -> (TableSchema, Chunk) {
    let rows = plan.external_events();
    let mut t = table(texts, rows.len());
    let ids = Values::Id(rows.iter().map(|r| r.id.0).collect());
    t.column("external_event_id", "Its identity", ids, None);
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
    t.column(
        "is_causal",
        about,
        Values::Bool(rows.iter().map(|r| r.is_causal).collect()),
        None,
    );
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

fn modifiers(plan: &Plan, at: usize, texts: &mut Texts) -> (TableSchema, Chunk) {
    let rows = plan.modifier_rows();
    let mut t = table(texts, rows.len());
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
        rows.iter().map(|r| r.value),
    );
    let about = "The unit of the value, where it has one: per_hour or s";
    t.optional("value_unit", about, rows.iter().map(|r| r.unit));
    let precedence = Values::Int(rows.iter().map(|r| r.precedence).collect());
    t.column(
        "precedence",
        "Those with a higher one act later",
        precedence,
        None,
    );
    t.time("start", "When it begins", rows.iter().map(|r| r.start));
    t.time(
        "onset_end",
        "When it has risen to full strength",
        rows.iter().map(|r| r.onset_end),
    );
    t.time(
        "end",
        "When it begins to let go",
        rows.iter().map(|r| r.end),
    );
    t.time(
        "settled",
        "From when on it has no effect",
        rows.iter().map(|r| r.settled),
    );
    t.text(
        "settling",
        "How it lets go",
        rows.iter().map(|r| r.settling.as_str()),
    );
    t.finish("modifiers", at)
}

fn modifier_states(plan: &Plan, at: usize, texts: &mut Texts) -> (TableSchema, Chunk) {
    let rows = plan.state_rows();
    let mut t = table(texts, rows.len());
    t.time("time", "When", rows.iter().map(|r| r.time));
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
        rows.iter().map(|r| r.strength),
    );
    t.finish("modifier_states", at)
}
