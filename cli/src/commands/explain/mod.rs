//! `causeflow explain`: a stream, a scenario or an event template in words.

mod intervention;
mod text;

use std::path::Path;

use causeflow_engine::program::StreamId;
use causeflow_engine::table::ColumnType;
use causeflow_models::{CauseDef, Model, StreamDef, ValueDef, suggestion};
use serde_json::{Value, json};

use crate::errors::Failure;
use crate::interventions::library;
use crate::output::{print, print_json};
use crate::{interrupt, model, pilot};

/// Runs the command.
pub fn run(model: &str, name: &str, folder: Option<&Path>, json: bool) -> Result<(), Failure> {
    let model = model::load(model, true)?;
    match model.compiled.program.stream(name) {
        Some(index) => stream(&model, index, json),
        None => intervention(&model, name, folder, json),
    }
}

fn stream(model: &Model, index: StreamId, json: bool) -> Result<(), Failure> {
    interrupt::listen()?;
    let per_day = pilot::events_per_day(&model.compiled.program)?;
    let subject = Subject {
        model,
        stream: usize::from(index),
        per_day: &per_day,
    };
    if json {
        print_json(&subject.as_json())
    } else {
        print(&text::explain(&subject))
    }
}

/// A scenario or an event template; what is neither is refused with the nearest name of all.
fn intervention(
    model: &Model,
    name: &str,
    folder: Option<&Path>,
    json: bool,
) -> Result<(), Failure> {
    let program = &model.compiled.program;
    let library = library(model, folder)?;
    let (scenario, template) = (library.scenario(name), library.template(name));
    match (scenario, template) {
        (Ok(scenario), _) if json => print_json(&intervention::scenario_as_json(scenario, program)),
        (Ok(scenario), _) => print(&intervention::scenario(scenario, program)),
        (_, Ok(template)) if json => print_json(&intervention::template_as_json(template)),
        (_, Ok(template)) => print(&intervention::template(template)),
        // One that is there and wrong: what is wrong with it has its place in a file.
        (Err(wrong), _) | (_, Err(wrong)) if !library.problems_of(name).list.is_empty() => {
            Err(wrong.into())
        }
        _ => {
            let streams = program.streams.iter().map(|stream| stream.name.as_str());
            let scenarios = library.scenarios().map(|scenario| scenario.id.as_str());
            let templates = library.event_templates().map(|t| t.id.as_str());
            let message = format!(
                "the model {} has no stream, scenario or event template `{name}`",
                model.origin
            );
            let help = suggestion(name, streams.chain(scenarios).chain(templates));
            Err(Failure::Input(message, help))
        }
    }
}

/// The stream that is explained.
pub struct Subject<'a> {
    pub model: &'a Model,
    pub stream: usize,
    /// Expected events a day of all streams.
    pub per_day: &'a [f64],
}

impl<'a> Subject<'a> {
    pub fn definition(&self) -> &'a StreamDef {
        &self.model.compiled.definitions[self.stream]
    }

    pub fn compiled(&self) -> &'a causeflow_engine::program::Stream {
        &self.model.compiled.program.streams[self.stream]
    }

    /// What follows from the stream: (the other stream, how).
    pub fn effects(&self) -> Vec<(&'a str, &'a CauseDef)> {
        self.caused_by(&self.compiled().name)
    }

    /// All causes on a stream, with the streams that they make.
    fn caused_by(&self, parent: &str) -> Vec<(&'a str, &'a CauseDef)> {
        let compiled = &self.model.compiled;
        let all = compiled.program.streams.iter().zip(&compiled.definitions);
        all.flat_map(|(stream, definition)| {
            definition
                .causes
                .iter()
                .map(|cause| (stream.name.as_str(), cause))
        })
        .filter(|(_, cause)| cause.on == parent)
        .collect()
    }

    /// The members of a cause's outcome group.
    pub fn group(&self, cause: &CauseDef) -> Vec<(&'a str, &'a CauseDef)> {
        let mut members = self.caused_by(&cause.on);
        members.retain(|(_, other)| other.outcome.is_some() && other.outcome == cause.outcome);
        members
    }

    /// Expected events a day of a stream.
    pub fn rate(&self, stream: &str) -> f64 {
        let index: Option<StreamId> = self.model.compiled.program.stream(stream);
        index.map_or(0.0, |index| self.per_day[usize::from(index)])
    }

    fn as_json(&self) -> Value {
        let (stream, definition) = (self.compiled(), self.definition());
        let causes = definition.causes.iter().map(|cause| {
            let mut value = plain(cause);
            let group = self.group(cause);
            if !group.is_empty() {
                let member = |(name, cause): &(&str, &CauseDef)| json!({"stream": name, "probability": cause.probability});
                value["outcome_group"] = group.iter().map(member).collect();
            }
            value
        });
        let effects = self.effects().into_iter().map(|(name, cause)| {
            let mut value = plain(cause);
            value["stream"] = name.into();
            value
        });
        let fields = stream.fields.iter().map(|(column, _)| {
            json!({
                "name": column.name,
                "type": type_name(column.kind),
                "unit": column.unit,
                "description": column.description,
                "nullable": column.nullable,
                "value": definition.fields.get(&column.name).map(origin),
            })
        });
        json!({
            "name": stream.name,
            "domain": stream.domain,
            "cadence": stream.cadence,
            "description": stream.description,
            "expected_events_per_day": self.per_day[self.stream],
            "source": definition.source.as_ref().map(plain),
            "timer": definition.timer.as_ref().map(plain),
            "desk": definition.desk.as_ref().map(plain),
            "causes": causes.collect::<Vec<_>>(),
            "requires": definition.requires,
            "effects": effects.collect::<Vec<_>>(),
            "fields": fields.collect::<Vec<_>>(),
            "value": stream.value_field().map(|column| &column.name),
            "creates": definition.creates,
            "changes": definition.changes.iter().map(plain).collect::<Vec<_>>(),
        })
    }
}

/// A definition as JSON, without what is not set.
fn plain(definition: &impl serde::Serialize) -> Value {
    let mut value = serde_json::to_value(definition).unwrap_or_default();
    if let Value::Object(map) = &mut value {
        map.retain(|_, value| match value {
            Value::Null => false,
            Value::Object(inner) => !inner.is_empty(),
            _ => true,
        });
    }
    value
}

/// How a field is worked out, in a few words.
pub fn origin(value: &ValueDef) -> String {
    let long = match value {
        ValueDef::Short(expression) => return expression.0.clone(),
        ValueDef::Long(long) => long,
    };
    if let Some(expression) = &long.value {
        return expression.0.clone();
    }
    if let Some(choice) = &long.choice {
        return format!(
            "one of {}",
            choice.keys().cloned().collect::<Vec<_>>().join(", ")
        );
    }
    match &long.by {
        Some(by) => format!("by {}", by.0),
        None => "taken over from its cause".to_owned(),
    }
}

/// What a column's type is called.
pub fn type_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Id => "id",
        ColumnType::Time => "time",
        ColumnType::Float => "float",
        ColumnType::Int => "int",
        ColumnType::Small => "small int",
        ColumnType::Bool => "bool",
        ColumnType::Text => "text",
    }
}
