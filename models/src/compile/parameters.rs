//! Parameters while a model is compiled: their values, and that nothing else has their names.

use causeflow_engine::streams::program::Expr;

use super::lower::{BUILT_IN, Scope};
use super::report::At;
use super::types::{Ty, Typed};
use super::{Compiler, Merged};
use crate::definition::{Expression, ParameterDef};
use crate::diagnostic::suggestion;
use crate::parameters::{Constant, Given};

/// A parameter of a model.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value in this run, as it is written.
    pub value: String,
    /// The same as a constant.
    pub constant: Constant,
    /// Its value unless another one is given, as the model writes it.
    pub default: String,
    /// The least that it may be.
    pub min: Option<String>,
    /// The most that it may be.
    pub max: Option<String>,
    /// The unit of its values.
    pub unit: Option<String>,
    /// What it means.
    pub description: Option<String>,
}

impl Parameter {
    /// What it may be, in words: `0 to 20%`.
    pub fn range(&self) -> Option<String> {
        match (&self.min, &self.max) {
            (Some(min), Some(max)) => Some(format!("{min} to {max}")),
            (Some(min), None) => Some(format!("at least {min}")),
            (None, Some(max)) => Some(format!("at most {max}")),
            (None, None) => None,
        }
    }
}

impl Compiler {
    /// Reads all parameters, and gives them the values that are given.
    pub(super) fn model_parameters(&mut self, merged: &Merged, given: &Given) {
        for (name, (file, definition)) in &merged.parameters {
            let at = At::new(*file, &["parameters", name]);
            self.check_name(name, &at);
            match self.parameter(name, &at, definition, given.get(name)) {
                Some(parameter) if !self.report.is_tainted(&at) => self.parameters.push(parameter),
                _ => {
                    self.spoilt_parameters.insert(name.clone());
                }
            }
        }
        let unknown = given
            .keys()
            .filter(|name| !merged.parameters.contains_key(*name));
        for name in unknown
            .filter(|name| !self.report.is_spoilt("parameters", name))
            .cloned()
            .collect::<Vec<_>>()
        {
            let message = format!("the model has no parameter `{name}`");
            let names: Vec<&str> = merged.parameters.keys().map(String::as_str).collect();
            let help = match names.is_empty() {
                true => "it has none at all: they stand under `parameters`".to_owned(),
                false => suggestion(&name, names.iter().copied())
                    .unwrap_or_else(|| format!("there are {}", names.join(", "))),
            };
            self.report.general(&message, &help);
        }
    }

    fn parameter(
        &mut self,
        name: &str,
        at: &At,
        definition: &ParameterDef,
        given: Option<&String>,
    ) -> Option<Parameter> {
        let none = None;
        let (Expression(default), at_value, min, max, unit, description) = match definition {
            ParameterDef::Short(value) => (value, at.clone(), &none, &none, &None, &None),
            ParameterDef::Long(long) => (
                &long.value,
                at.key("value"),
                &long.min,
                &long.max,
                &long.unit,
                &long.description,
            ),
        };
        let stated = self.constant_at(default, &at_value)?;
        let mut bound = |bound: &Option<Expression>, key: &str| -> Option<f64> {
            let Expression(text) = bound.as_ref()?;
            let at = at.key(key);
            let constant = self.constant_at(text, &at)?;
            if constant.is_like(&stated) && constant.number().is_some() {
                return constant.number();
            }
            let message = match stated.number() {
                Some(_) => format!(
                    "this is {}, and the value is {}",
                    constant.kind(),
                    stated.kind()
                ),
                None => format!("{} has no bounds", stated.kind()),
            };
            self.report.error(&at, message, None);
            None
        };
        let (mut low, mut high) = (bound(min, "min"), bound(max, "max"));
        if let (Some(least), Some(most)) = (low, high)
            && least > most
        {
            let message = "this is more than `max`";
            self.report.error(&at.key("min"), message, None);
            (low, high) = (None, None);
        }
        let written =
            |bound: &Option<Expression>| bound.as_ref().map(|Expression(text)| text.clone());
        let mut parameter = Parameter {
            name: name.to_owned(),
            value: default.clone(),
            constant: stated,
            default: default.clone(),
            min: written(min),
            max: written(max),
            unit: unit.clone(),
            description: description.clone(),
        };
        let lies_within = |constant: &Constant| {
            let number = constant.number();
            number
                .is_none_or(|x| low.is_none_or(|low| low <= x) && high.is_none_or(|high| x <= high))
        };
        let range = parameter.range().unwrap_or_default();
        if !lies_within(&parameter.constant) {
            let message = format!("found {default}, expected {range}");
            self.report.error(&at_value, message, None);
        }
        if let Some(given) = given {
            let given = given.trim();
            match Constant::read(given) {
                Some(constant) if !constant.is_like(&parameter.constant) => {
                    let message = format!(
                        "the parameter `{name}` is {}, and `{given}` is {}",
                        parameter.constant.kind(),
                        constant.kind()
                    );
                    self.report
                        .general(&message, &format!("give it a value like {default}"));
                }
                Some(constant) if lies_within(&constant) => {
                    (parameter.value, parameter.constant) = (given.to_owned(), constant);
                }
                Some(_) => {
                    let message = format!("the parameter `{name}` cannot be {given}");
                    self.report
                        .general(&message, &format!("give it a value of {range}"));
                }
                None => {
                    let message = format!("`{given}` is no value for the parameter `{name}`");
                    self.report
                        .general(&message, &format!("give it a value like {default}"));
                }
            }
        }
        Some(parameter)
    }

    fn constant_at(&mut self, text: &str, at: &At) -> Option<Constant> {
        let constant = Constant::read(text);
        if constant.is_none() {
            let message = format!("found `{text}`, expected a constant");
            let help = "a number, a share, a duration, true or false, or a text";
            self.report.error(at, message, Some(help.into()));
        }
        constant
    }

    fn parameter_named(&self, name: &str) -> Option<&Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
    }

    /// The names of all parameters.
    pub(super) fn parameter_names(&self) -> Vec<String> {
        let names = self.parameters.iter();
        names.map(|parameter| parameter.name.clone()).collect()
    }

    /// The value of a name that is a parameter; none within if something is wrong with it already.
    pub(super) fn parameter_value(&mut self, name: &str, scope: &Scope) -> Option<Option<Typed>> {
        let Some(parameter) = self.parameter_named(name) else {
            return self.is_spoilt_parameter(name).then_some(None);
        };
        let value = match parameter.constant.clone() {
            Constant::Number(x) => Typed::new(Expr::Num(x), Ty::Number),
            Constant::Span(us) => Typed::new(Expr::Num(us), Ty::Span),
            Constant::Bool(truth) => Typed::new(Expr::Num(f64::from(u8::from(truth))), Ty::Bool),
            Constant::Text(text) => {
                let code = self.text_code(&text, &scope.at);
                Typed {
                    expr: Expr::Text(code),
                    ty: Ty::Text,
                    texts: Some([code].into()),
                }
            }
        };
        Some(Some(value))
    }

    /// A text that takes no expressions, or what the parameter of this name is.
    pub(super) fn with_parameter(&self, text: &str) -> String {
        let parameter = self.parameter_named(text.trim());
        let written = parameter.and_then(|parameter| parameter.constant.written());
        written.unwrap_or_else(|| text.to_owned())
    }

    /// Whether a text is the name of a parameter with which something is wrong already.
    pub(super) fn is_spoilt_parameter(&self, text: &str) -> bool {
        let (name, block) = (text.trim(), "parameters");
        let is_tainted = !self.report.is_lost(block) && self.report.is_spoilt(block, name);
        is_tainted || self.spoilt_parameters.contains(name)
    }

    /// Refuses parameters whose names mean something else somewhere: which of the two is meant, nobody could tell.
    pub(super) fn check_parameters(&mut self, merged: &Merged) {
        for (name, (file, _)) in &merged.parameters {
            let has = |names: &[(String, Ty, super::types::Texts)]| {
                names.iter().any(|(known, ..)| known == name)
            };
            let own = |unit: &&super::streams::Unit| {
                let given = unit.given.as_ref().is_some_and(|(given, ..)| given == name);
                given || unit.own.iter().any(|own| own.name == *name)
            };
            let other = if BUILT_IN.contains(&&name[..])
                || ["none", super::desks::AGENT].contains(&&name[..])
            {
                Some("something that every expression knows".to_owned())
            } else if self.kinds.iter().any(|kind| kind.name == *name) {
                Some("a kind of entity".to_owned())
            } else if let Some(kind) = self.kinds.iter().find(|kind| {
                let mut texts = kind.texts.iter();
                has(&kind.attributes)
                    || has(&kind.variables)
                    || texts.any(|text| text.column.name == *name)
            }) {
                Some(format!("an attribute or variable of {}", kind.name))
            } else {
                let unit = self.units.iter().find(own);
                unit.map(|unit| format!("a field or `let` of {}", unit.name))
            };
            if let Some(other) = other {
                let message = format!("`{name}` is also the name of {other}");
                let at = At::new(*file, &["parameters", name]);
                self.report
                    .error_at_key(&at, message, Some("rename one of the two".into()));
            }
        }
    }
}
