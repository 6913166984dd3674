//! Aiming modifiers at a program's parameters.

use super::{
    Binary, Delay, Dist, Effect, Expr, Intervention, JOINTLY, Label, MOST_INTERVENTIONS, Modified,
    Modifier, Place, Program, Source, Stream, StreamId, Unary, Variable,
};
use crate::draw::purpose;
use crate::kept::within_32_bits;
use crate::table::ColumnType;
use crate::time::{Span, Time};

/// A parameter of a stream, at which modifiers aim. Those of causes are about one causing stream, or
/// about all of them.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    /// Arrivals of the stream's source: events per hour of the whole business at scale 1.
    Rate,
    /// How likely the stream's events follow from their causes.
    Probability(Option<StreamId>),
    /// How long after their causes they come, in microseconds.
    Delay(Option<StreamId>),
    /// How long an agent works on them at their desk, in microseconds.
    Work,
    /// How many follow at a time.
    Count(Option<StreamId>),
    /// All that makes the stream's events: the rate, and the count or probability of each cause.
    Volume,
    /// A field, or a value that a stream lets be: before it is rounded and kept within its bounds, or the probability
    /// that it is true. A field that is such a value as it stands means that value, with all that follows from it.
    Field(String),
}

/// Why a modifier cannot aim at a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum ModifyError {
    /// The stream has no source with a rate.
    NoRate,
    /// Nothing causes the stream, or not the given stream.
    NoCause,
    /// The events come at appointed times, not after a delay.
    Appointed,
    /// The events wait at no desk.
    NoDesk,
    /// There is no such field or value; these could be modified.
    NoField(Vec<String>),
    /// The field is a text, an identifier or a time.
    NotANumber,
    /// The field is taken over from the cause; it can be modified there.
    TakenOver,
    /// Events of the stream cannot be made from the one that was held back, which lacks these values.
    Lacks(Vec<String>),
    /// The program has more modified parameters or interventions than can be told apart.
    TooMany,
}

/// A share of the events that an intervention kept from happening, released once it is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backlog {
    /// The intervention.
    pub by: Label,
    /// The stream of the events that happened instead.
    pub held: StreamId,
    /// The stream of the events that are released.
    pub released: StreamId,
    /// How many of those held back are released, 0 to 1.
    pub share: f64,
    /// When the release begins.
    pub from: Time,
    /// How long it takes; the events are spread evenly over it.
    pub within: Span,
}

impl Program {
    /// Adds an intervention that is asked for, by the name that rows are attributed to.
    ///
    /// # Errors
    /// [`ModifyError::TooMany`].
    pub fn intervene(&mut self, name: &str) -> Result<Label, ModifyError> {
        self.add_intervention(name, true)
    }

    /// Likewise one that belongs to the surroundings: it is there whatever is asked for.
    ///
    /// # Errors
    /// [`ModifyError::TooMany`].
    pub fn surround(&mut self, name: &str) -> Result<Label, ModifyError> {
        self.add_intervention(name, false)
    }

    fn add_intervention(&mut self, name: &str, asked_for: bool) -> Result<Label, ModifyError> {
        if self.interventions.len() >= MOST_INTERVENTIONS {
            return Err(ModifyError::TooMany);
        }
        let first = self.interventions.is_empty();
        let joint = first.then_some(JOINTLY);
        let added = joint.into_iter().chain([name]);
        let added: Vec<String> = added
            .flat_map(|name| [name.to_owned(), format!("{name} (contention)")])
            .collect();
        let codes = self.dictionary.len() + added.len();
        if codes > usize::from(u16::MAX) + 1 {
            return Err(ModifyError::TooMany);
        }
        let scarcity_code = (codes - 1) as u16;
        self.dictionary = self.dictionary.iter().cloned().chain(added).collect();
        self.interventions.push(Intervention {
            name: name.to_owned(),
            code: scarcity_code - 1,
            scarcity_code,
            asked_for,
        });
        Ok(self.interventions.len() as Label)
    }

    /// Aims a modifier at a parameter. Modifiers act in the order in which they were aimed.
    ///
    /// # Errors
    /// When the stream has no such parameter; the program is then as it was.
    pub fn modify(
        &mut self,
        stream: StreamId,
        parameter: &Parameter,
        modifier: Modifier,
    ) -> Result<(), ModifyError> {
        match parameter {
            Parameter::Rate => self.modify_rate(stream, modifier),
            Parameter::Field(name) => self.modify_field(stream, name, modifier),
            Parameter::Probability(from) => {
                self.modify_causes(stream, *from, |effect, modified| {
                    modified.wrap(&mut effect.probability, PROBABILITY, modifier);
                    Ok(())
                })
            }
            Parameter::Delay(from) => self.modify_causes(stream, *from, |effect, modified| {
                let Delay::After(delay) = &mut effect.delay else {
                    return Err(ModifyError::Appointed);
                };
                modified.wrap(delay, NOT_NEGATIVE, modifier);
                Ok(())
            }),
            Parameter::Work => {
                let service = self.streams[usize::from(stream)].service.as_mut();
                let work = &mut service.ok_or(ModifyError::NoDesk)?.work;
                Wrapper(&mut self.modified).wrap(work, NOT_NEGATIVE, modifier);
                Ok(())
            }
            Parameter::Count(from) => self.modify_causes(stream, *from, |effect, modified| {
                modify_count(effect, modified, modifier);
                Ok(())
            }),
            Parameter::Volume => {
                let rate = self.modify_rate(stream, modifier);
                let causes = self.modify_causes(stream, None, |effect, modified| {
                    if effect.count.is_some() {
                        modify_count(effect, modified, modifier);
                    } else {
                        modified.wrap(&mut effect.probability, PROBABILITY, modifier);
                    }
                    Ok(())
                });
                rate.or(causes)
            }
        }
    }

    fn modify_rate(&mut self, stream: StreamId, modifier: Modifier) -> Result<(), ModifyError> {
        let Some(Source::Arrivals {
            rate_per_day,
            modified,
            ..
        }) = &mut self.streams[usize::from(stream)].source
        else {
            return Err(ModifyError::NoRate);
        };
        if *rate_per_day <= 0.0 {
            return Err(ModifyError::NoRate);
        }
        match modified {
            Some(at) => self.modified[usize::from(*at)].push(modifier),
            None => *modified = Some(push(&mut self.modified, NOT_NEGATIVE, modifier)?),
        }
        Ok(())
    }

    fn modify_causes(
        &mut self,
        stream: StreamId,
        from: Option<StreamId>,
        mut modify: impl FnMut(&mut Effect, &mut Wrapper<'_>) -> Result<(), ModifyError>,
    ) -> Result<(), ModifyError> {
        let mut wrapper = Wrapper(&mut self.modified);
        let mut done = Err(ModifyError::NoCause);
        for (parent, definition) in self.streams.iter_mut().enumerate() {
            if from.is_some_and(|from| usize::from(from) != parent) {
                continue;
            }
            let groups = definition.outcomes.iter_mut().flat_map(|g| &mut g.effects);
            for effect in definition.effects.iter_mut().chain(groups) {
                if effect.stream == stream {
                    let modified = modify(effect, &mut wrapper);
                    done = if done.is_ok() { done } else { modified };
                }
            }
        }
        done
    }

    fn modify_field(
        &mut self,
        stream: StreamId,
        name: &str,
        modifier: Modifier,
    ) -> Result<(), ModifyError> {
        let definition = &mut self.streams[usize::from(stream)];
        let field = definition.fields.iter().find(|(c, _)| c.name == name);
        let own = |v: &&Variable| field.map_or(v.name == name, |(_, slot)| v.slot == *slot);
        let kind = match (field, definition.variables.iter().find(own)) {
            (Some((column, _)), _) => Some(column.kind),
            (None, Some(variable)) => variable.kind,
            (None, None) => return Err(ModifyError::NoField(self.modifiable_fields(stream))),
        };
        if !kind.is_some_and(is_number) {
            return Err(ModifyError::NotANumber);
        }
        let truth = kind == Some(ColumnType::Bool);
        let Some(place) = definition.variables.iter().position(|v| own(&v)) else {
            return Err(ModifyError::TakenOver);
        };
        let place = definition.stands_for(place);
        let variable = &mut definition.variables[place];
        let mut wrapper = Wrapper(&mut self.modified);
        if truth {
            let mut draws = 0;
            variable.value.rewrite(&mut |e| {
                if let Expr::Draw(Dist::Bernoulli, args, _) = e {
                    wrapper.wrap(&mut args[0], PROBABILITY, modifier);
                    draws += 1;
                }
            });
            return if draws > 0 {
                Ok(())
            } else {
                Err(ModifyError::NotANumber)
            };
        }
        within_bounds(&mut variable.value, &mut |e| wrapper.wrap(e, ANY, modifier));
        Ok(())
    }

    /// The fields and lets of a stream that a modifier can aim at.
    pub fn modifiable_fields(&self, stream: StreamId) -> Vec<String> {
        let definition = &self.streams[usize::from(stream)];
        let is_drawn = |place| {
            let value = &definition.variables[definition.stands_for(place)].value;
            value.any(|e| matches!(e, Expr::Draw(Dist::Bernoulli, ..)))
        };
        let own = definition.variables.iter().enumerate();
        own.filter(|(place, variable)| match variable.kind {
            Some(ColumnType::Bool) => is_drawn(*place),
            kind => kind.is_some_and(is_number),
        })
        .map(|(_, variable)| variable.name.clone())
        .collect()
    }

    /// Releases a share of what an intervention holds back.
    ///
    /// # Errors
    /// [`ModifyError::Lacks`] when the one event does not have the values that the other needs.
    pub fn release(&mut self, backlog: &Backlog) -> Result<(), ModifyError> {
        let held = &self.streams[usize::from(backlog.held)];
        let released = &self.streams[usize::from(backlog.released)];
        let kept = held.carried + held.eager + held.on_demand;
        let slot_of = |name: &String| {
            let carried = held.carried_names.iter().position(|other| other == name);
            let own = held
                .variables
                .iter()
                .find(|v| v.name == *name && v.slot < kept);
            carried.map(|at| at as u16).or(own.map(|v| v.slot))
        };
        let pass: Vec<Option<u16>> = released.carried_names.iter().map(slot_of).collect();
        // The desk itself tells which agent it was.
        let service = released.service.as_ref();
        let agent = service.and_then(|service| service.agent);
        let lacks = (0..).zip(&released.carried_names).zip(&pass);
        let lacks: Vec<String> = lacks
            .filter(|((number, _), slot)| slot.is_none() && agent != Some(*number))
            .map(|((_, name), _)| name.clone())
            .collect();
        if !lacks.is_empty() {
            return Err(ModifyError::Lacks(lacks));
        }
        let name = format!("{} -> {} after its backlog", held.name, released.name);
        let (from, until) = (backlog.from, backlog.from + backlog.within);
        let effect = Effect {
            stream: backlog.released,
            purpose: purpose(&name),
            when: Some(Expr::HeldBack(backlog.by)),
            probability: Expr::Num(backlog.share),
            delay: Delay::At(Expr::Draw(
                Dist::Uniform,
                vec![Expr::Num(from.0 as f64), Expr::Num(until.0 as f64)],
                purpose("backlog"),
            )),
            count: None,
            spacing: None,
            place: match service {
                Some(_) => Place::Desk,
                None => Place::Same,
            },
            loose: false,
            pass,
            shortest: Span(0),
            longest: None,
            longest_delay: None,
        };
        let held = &mut self.streams[usize::from(backlog.held)];
        held.effects.push(effect);
        held.leaf = false;
        Ok(())
    }
}

impl Stream {
    /// The variable that a modifier of one is about: where it is another one as it stands that is no field, that one, so that
    /// the field and what else follows from the value stay the same.
    fn stands_for(&self, mut place: usize) -> usize {
        let is_field = |slot| self.fields.iter().any(|(_, field)| *field == slot);
        loop {
            let mut value = &self.variables[place].value;
            loop {
                value = match value {
                    Expr::Unary(Unary::Round(_), inner) => inner,
                    kept => match within_32_bits(kept) {
                        Some(inner) => inner,
                        None => break,
                    },
                };
            }
            let Expr::Slot(slot) = value else {
                return place;
            };
            match self.variables.iter().position(|v| v.slot == *slot) {
                Some(other) if !is_field(*slot) => place = other,
                _ => return place,
            }
        }
    }
}

const PROBABILITY: (f64, f64) = (0.0, 1.0);
const NOT_NEGATIVE: (f64, f64) = (0.0, f64::INFINITY);
const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

fn is_number(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Float | ColumnType::Int | ColumnType::Bool)
}

fn push(
    all: &mut Vec<Modified>,
    legal: (f64, f64),
    modifier: Modifier,
) -> Result<u16, ModifyError> {
    let at = u16::try_from(all.len()).map_err(|_| ModifyError::TooMany)?;
    let mut modified = Modified::new(legal);
    modified.push(modifier);
    all.push(modified);
    Ok(at)
}

/// Puts [`Expr::Modified`] around expressions.
struct Wrapper<'a>(&'a mut Vec<Modified>);

impl Wrapper<'_> {
    fn wrap(&mut self, e: &mut Expr, legal: (f64, f64), modifier: Modifier) {
        if let Expr::Modified(at, _) = e {
            self.0[usize::from(*at)].push(modifier);
            return;
        }
        // A program has at most ten thousand streams, so this does not run out before memory does;
        // if it did, the parameter would stay as it is.
        if let Ok(at) = push(self.0, legal, modifier) {
            let inner = std::mem::replace(e, Expr::Num(0.0));
            *e = Expr::Modified(at, Box::new(inner));
        }
    }
}

fn modify_count(effect: &mut Effect, wrapper: &mut Wrapper<'_>, modifier: Modifier) {
    let count = effect.count.get_or_insert(Expr::Num(1.0));
    wrapper.wrap(count, NOT_NEGATIVE, modifier);
}

/// Visits what lies inside rounding and constant bounds.
fn within_bounds(e: &mut Expr, visit: &mut dyn FnMut(&mut Expr)) {
    match e {
        Expr::Unary(Unary::Round(_), inner) => within_bounds(inner, visit),
        Expr::Binary(Binary::Min | Binary::Max, inner, bound)
            if matches!(**bound, Expr::Num(_)) =>
        {
            within_bounds(inner, visit);
        }
        _ => visit(e),
    }
}
