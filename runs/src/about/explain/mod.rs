//! A stream, a scenario or an event template of a model: in words, and for programs.

mod intervention;
mod text;

use causeflow_engine::streams::program::StreamId;
use causeflow_models::{
    CauseDef, DigitsDef, Expression, FieldDef, LawDef, Model, Parameter, StreamDef, ValueDef,
    suggestion,
};
use causeflow_scenarios::{Library, addresses_of};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::control::Control;
use crate::error::Error;
use crate::numbers::some;
use crate::pilot::events_per_day;

use super::one_line;

pub use intervention::{BacklogShown, EventShown, RuleShown, ScenarioExplained, TemplateExplained};

/// What is explained.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Explained {
    /// A stream.
    Stream(Box<StreamExplained>),
    /// A scenario.
    Scenario(ScenarioExplained),
    /// A template of external events.
    Template(TemplateExplained),
    /// A parameter.
    Parameter(ParameterExplained),
    /// The model as a whole.
    Model(ModelExplained),
}

/// A parameter of a model.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ParameterExplained {
    /// Its name.
    pub name: String,
    /// What it means.
    pub description: Option<String>,
    /// Its value.
    pub value: String,
    /// Its value unless another one is given.
    pub default: String,
    /// The least that it may be.
    pub min: Option<String>,
    /// The most that it may be.
    pub max: Option<String>,
    /// The unit of its values.
    pub unit: Option<String>,
}

impl ParameterExplained {
    fn of(parameter: &Parameter) -> ParameterExplained {
        let Parameter {
            name,
            value,
            default,
            min,
            max,
            unit,
            description,
            ..
        } = parameter.clone();
        ParameterExplained {
            name,
            description,
            value,
            default,
            min,
            max,
            unit,
        }
    }
}

/// A model as a whole.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ModelExplained {
    /// Its name.
    pub model: String,
    /// What it is.
    pub description: String,
    /// How many streams it has.
    pub streams: usize,
    /// How many expectations.
    pub expectations: usize,
    /// Its parameters.
    pub parameters: Vec<ParameterExplained>,
}

/// Explains a model as a whole, in words and for programs: what it is, and its parameters.
pub fn explain_model(model: &Model) -> (String, Explained) {
    let compiled = &model.compiled;
    let parameters = compiled.parameters.iter();
    let explained = ModelExplained {
        model: compiled.program.name.clone(),
        description: one_line(&compiled.description),
        streams: compiled.program.streams.len(),
        expectations: compiled.expectations.len(),
        parameters: parameters.clone().map(ParameterExplained::of).collect(),
    };
    let mut words = format!(
        "{}: {}\n{}, {}, {}\n",
        explained.model,
        explained.description,
        some(explained.streams, "stream"),
        some(explained.parameters.len(), "parameter"),
        some(explained.expectations, "expectation")
    );
    if !explained.parameters.is_empty() {
        words += "\nParameters, which a run may give other values\n";
        parameters.for_each(|parameter| words += &text::parameter(parameter));
    }
    (words, Explained::Model(explained))
}

/// Explains what has this name in a model, in words and for programs. `library` makes the scenarios and templates, if the
/// name is not that of a stream.
///
/// # Errors
/// When nothing has the name, when what has it has errors, and when it is cancelled.
pub fn explain(
    model: &Model,
    name: &str,
    library: impl FnOnce() -> Result<Library, Error>,
    control: &dyn Control,
) -> Result<(String, Explained), Error> {
    let program = &model.compiled.program;
    if let Some(stream) = program.stream(name) {
        let subject = Subject {
            model,
            stream,
            per_day: &events_per_day(program, control)?,
        };
        let explained = Explained::Stream(Box::new(subject.explained()));
        return Ok((text::explain(&subject), explained));
    }
    let mut parameters = model.compiled.parameters.iter();
    if let Some(parameter) = parameters.find(|parameter| parameter.name == name) {
        let explained = Explained::Parameter(ParameterExplained::of(parameter));
        return Ok((text::parameter(parameter), explained));
    }
    let library = library()?;
    match (library.scenario(name), library.template(name)) {
        (Ok(scenario), _) => Ok((
            intervention::scenario(scenario, program),
            Explained::Scenario(ScenarioExplained::of(scenario, program)),
        )),
        (_, Ok(template)) => Ok((
            intervention::template(template),
            Explained::Template(TemplateExplained::of(template)),
        )),
        // One that is there and wrong: what is wrong with it has its place in a file.
        (Err(wrong), _) if !library.problems_of(name).list.is_empty() => Err(wrong.into()),
        _ => Err(unknown(model, name, &library)),
    }
}

/// What is neither is refused with the nearest name of all.
fn unknown(model: &Model, name: &str, library: &Library) -> Error {
    let streams = model.compiled.program.streams.iter();
    let streams = streams.map(|stream| stream.name.as_str());
    let scenarios = library.scenarios().map(|scenario| scenario.id.as_str());
    let templates = library.event_templates().map(|t| t.id.as_str());
    let message = format!(
        "the model {} has no stream, parameter, scenario or event template `{name}`",
        model.origin
    );
    let parameters = model.compiled.parameters.iter();
    let parameters = parameters.map(|parameter| parameter.name.as_str());
    let names = streams.chain(parameters).chain(scenarios).chain(templates);
    let help = suggestion(name, names);
    Error::wrong(message, help)
}

/// A definition as the model's files have it, without what is not set.
pub type Definition = Map<String, Value>;

/// A stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StreamExplained {
    /// Its name.
    pub name: String,
    /// Its domain.
    pub domain: String,
    /// How often it is looked at.
    pub cadence: String,
    /// What it means.
    pub description: String,
    /// Events a day at scale 1, estimated.
    pub expected_events_per_day: f64,
    /// Its source, if it has one.
    pub source: Option<Definition>,
    /// Its timer, if it has one.
    pub timer: Option<Definition>,
    /// The desk at which it waits, if it does.
    pub desk: Option<Definition>,
    /// What it waits for, if it follows from several others together; each of them may be the cause.
    pub after: Option<Definition>,
    /// The level of an entity that is crossed, if it tells that; what is looked at then are its causes.
    pub crossing: Option<Definition>,
    /// The kind of entity of which it is the history, if it is one.
    pub tracks: Option<String>,
    /// What causes it.
    pub causes: Vec<CauseShown>,
    /// What has to hold when its time comes.
    pub requires: Option<String>,
    /// What it causes.
    pub effects: Vec<FollowerShown>,
    /// Its own fields.
    pub fields: Vec<FieldShown>,
    /// The field that history sums up.
    pub value: Option<String>,
    /// The kind of entity that it creates.
    pub creates: Option<String>,
    /// What it changes.
    pub changes: Vec<Definition>,
    /// What of it scenarios and external events may bend, by its addresses.
    pub addresses: Vec<String>,
}

/// A cause of a stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CauseShown {
    /// What the model says about it.
    #[serde(flatten)]
    pub cause: Definition,
    /// The outcomes of which exactly one happens, if it is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub outcome_group: Vec<OutcomeShown>,
}

/// One of several outcomes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OutcomeShown {
    /// Its stream.
    pub stream: String,
    /// Its probability.
    pub probability: Option<String>,
}

/// What follows from a stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FollowerShown {
    /// What the model says about it.
    #[serde(flatten)]
    pub cause: Definition,
    /// The stream.
    pub stream: String,
}

/// A field of a stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FieldShown {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The unit of its values.
    pub unit: Option<String>,
    /// What it means.
    pub description: Option<String>,
    /// Whether values may be missing.
    pub nullable: bool,
    /// How it is worked out, in a few words.
    pub value: Option<String>,
}

/// The stream that is explained.
struct Subject<'a> {
    model: &'a Model,
    stream: StreamId,
    /// Expected events a day of all streams.
    per_day: &'a [f64],
}

impl<'a> Subject<'a> {
    fn definition(&self) -> &'a StreamDef {
        &self.model.compiled.definitions[self.stream]
    }

    fn compiled(&self) -> &'a causeflow_engine::streams::program::Stream {
        &self.model.compiled.program.streams[self.stream]
    }

    /// What follows from the stream: (the other stream, how).
    fn effects(&self) -> Vec<(&'a str, &'a CauseDef)> {
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
    fn group(&self, cause: &CauseDef) -> Vec<(&'a str, &'a CauseDef)> {
        let mut members = self.caused_by(&cause.on);
        members.retain(|(_, other)| other.outcome.is_some() && other.outcome == cause.outcome);
        members
    }

    /// What of the stream may be bent.
    fn addresses(&self) -> Vec<String> {
        addresses_of(&self.model.compiled.program, self.stream)
    }

    /// Expected events a day of a stream.
    fn rate(&self, stream: &str) -> f64 {
        let stream = self.model.compiled.program.stream(stream);
        stream.map_or(0.0, |stream| self.per_day[stream])
    }

    fn explained(&self) -> StreamExplained {
        let (stream, definition) = (self.compiled(), self.definition());
        let causes = definition.causes.iter().map(|cause| CauseShown {
            cause: plain(cause),
            outcome_group: self
                .group(cause)
                .into_iter()
                .map(OutcomeShown::of)
                .collect(),
        });
        let effects = self.effects().into_iter();
        let effects = effects.map(|(name, cause)| FollowerShown {
            cause: plain(cause),
            stream: name.to_owned(),
        });
        let fields = stream.fields.iter().map(|(column, _)| FieldShown {
            name: column.name.clone(),
            kind: column.kind.name().into_owned(),
            unit: column.unit.clone(),
            description: column.description.clone(),
            nullable: column.nullable,
            value: definition.fields.get(&column.name).map(origin),
        });
        let text = |expression: &Expression| expression.0.clone();
        StreamExplained {
            name: stream.name.clone(),
            domain: stream.domain.clone(),
            cadence: stream.cadence.clone(),
            description: stream.description.clone(),
            expected_events_per_day: self.per_day[self.stream],
            source: definition.source.as_ref().map(plain),
            timer: definition.timer.as_ref().map(plain),
            desk: definition.desk.as_ref().map(plain),
            after: definition.after.as_ref().map(plain),
            crossing: definition.crossing.as_ref().map(plain),
            tracks: definition.tracks.clone(),
            causes: causes.collect(),
            requires: definition.requires.as_ref().map(text),
            effects: effects.collect(),
            fields: fields.collect(),
            value: stream.value_field().map(|column| column.name.clone()),
            creates: definition.creates.clone(),
            changes: definition.changes.iter().map(plain).collect(),
            addresses: self.addresses(),
        }
    }
}

impl OutcomeShown {
    fn of((stream, cause): (&str, &CauseDef)) -> OutcomeShown {
        OutcomeShown {
            stream: stream.to_owned(),
            probability: cause.probability.as_ref().map(|text| text.0.clone()),
        }
    }
}

/// A definition without what is not set.
fn plain(definition: &impl Serialize) -> Definition {
    let Ok(Value::Object(mut map)) = serde_json::to_value(definition) else {
        return Definition::new();
    };
    map.retain(|_, value| match value {
        Value::Null => false,
        Value::Object(inner) => !inner.is_empty(),
        _ => true,
    });
    map
}

/// How a field is worked out, in a few words.
fn origin(value: &ValueDef) -> String {
    let long = match value {
        ValueDef::Short(expression) => return expression.0.clone(),
        ValueDef::Long(long) => long,
    };
    let alone = origin_alone(long);
    if long.correlates.is_empty() {
        return alone;
    }
    let others = long.correlates.iter();
    let others: Vec<String> = others.map(|(name, by)| format!("{name} ({by})")).collect();
    format!("{alone}, together with {}", others.join(", "))
}

/// Likewise, without what its draw goes together with.
fn origin_alone(long: &FieldDef) -> String {
    if let Some(expression) = &long.value {
        return expression.0.clone();
    }
    if let Some(text) = &long.text {
        return format!("the text \"{text}\"");
    }
    if let Some(digits) = &long.digits {
        let patterns: Vec<&str> = match digits {
            DigitsDef::One(pattern) => vec![pattern],
            DigitsDef::Weights(weights) => weights.keys().map(String::as_str).collect(),
        };
        return format!("digits as in {}", patterns.join(", "));
    }
    if let Some(choice) = &long.choice {
        return format!(
            "one of {}",
            choice.keys().cloned().collect::<Vec<_>>().join(", ")
        );
    }
    if let Some(LawDef::Table(table)) = &long.quantiles {
        return format!("by the quantiles in the table {table}");
    }
    if let Some(LawDef::Table(table)) = &long.histogram {
        return format!("by the histogram in the table {table}");
    }
    if let Some(LawDef::Written(quantiles)) = &long.quantiles {
        let pairs = quantiles.iter();
        let pairs: Vec<String> = pairs
            .map(|(share, x)| format!("{share}: {}", x.0))
            .collect();
        return format!("by quantiles, {}", pairs.join(", "));
    }
    if let Some(LawDef::Written(histogram)) = &long.histogram {
        let bins: Vec<&str> = histogram.keys().map(String::as_str).collect();
        return format!("by a histogram of {}", bins.join(", "));
    }
    if let Some(part) = &long.part {
        return format!("a part of {}", part.of.0);
    }
    match &long.by {
        Some(by) => format!("by {}", by.0),
        None => "taken over from its cause".to_owned(),
    }
}
