//! Aiming modifiers at a program's parameters.

use serde::{Deserialize, Serialize};

use super::{
    Binary, Delay, Destination, Effect, ExactUnary, Expr, Intervention, Lines, MOST_INTERVENTIONS,
    Modified, Modifier, NO_TEXT, NULL, Program, Slot, Source, Stream, StreamId, Unary, Variable,
};
use crate::base::draw::{Purpose, purpose};
use crate::base::head::{BY_CONTENTION, JOINTLY};
use crate::base::sample::Dist;
use crate::base::table::ColumnType;
use crate::base::time::{Span, Time};
use crate::streams::sides::Label;

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
    /// How many agents a desk has, by its place, at scale 1. It is of no stream.
    Staff(u16),
    /// How many follow at a time.
    Count(Option<StreamId>),
    /// All that makes the stream's events: the rate, and the count or probability of each cause.
    Volume,
    /// A field or a `let`: its value before it is rounded and kept within its bounds, or the probability that
    /// it is true. A field that is a `let` as it stands means that `let`, with all that follows from it.
    Field(String),
    /// How likely a field or a `let` is this text of those among which it is chosen by weight.
    Choice(String, String),
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
    /// Whether the field is true follows from other values, and is no chance of its own.
    NoChance,
    /// The field is not chosen by weight among texts, or not among these and the given one.
    NoChoice(Vec<String>),
    /// The field is taken over from the cause; it can be modified there.
    TakenOver,
    /// The field is what the event's lines come to; these can be modified.
    OfLines,
    /// The events are lines: they come with their document, at once.
    OfDocument,
    /// The events are a history: they tell of each change.
    OfHistory,
    /// The events tell that a level is crossed: one each time.
    Once,
    /// The events come to or from another cell, where their cause is not.
    Elsewhere,
    /// Events of the stream cannot be made from the one that was held back, which lacks these values.
    Lacks(Vec<String>),
    /// The program has more modified parameters or interventions than can be told apart.
    TooMany,
}

/// A share of the events that an intervention kept from happening, released once it is over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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

impl Backlog {
    /// When an event is released, as it is drawn from its key.
    pub(crate) fn time(&self) -> Expr {
        let (from, until) = (self.from, self.from + self.within);
        Expr::Draw(
            Dist::Uniform,
            vec![Expr::Num(from.0 as f64), Expr::Num(until.0 as f64)],
            purpose("backlog"),
        )
    }

    /// What events are released for.
    pub(crate) fn purpose(&self, program: &Program) -> Purpose {
        let name = |stream: StreamId| &program.streams[stream].name;
        let (held, released) = (name(self.held), name(self.released));
        purpose(&format!("{held} -> {released} after its backlog"))
    }
}

impl Program {
    /// Adds an intervention that is asked for, by the name that rows are attributed to.
    ///
    /// # Errors
    /// [`ModifyError::TooMany`].
    pub fn intervene(&mut self, name: &str) -> Result<Label, ModifyError> {
        Ok(self.add_interventions(&[(name, true)])?[0])
    }

    /// Likewise one that belongs to the surroundings: it is there whatever is asked for.
    ///
    /// # Errors
    /// [`ModifyError::TooMany`].
    pub fn surround(&mut self, name: &str) -> Result<Label, ModifyError> {
        Ok(self.add_interventions(&[(name, false)])?[0])
    }

    /// Adds interventions, each by its name and whether it is asked for. Returns their labels,
    /// in order.
    ///
    /// # Errors
    /// [`ModifyError::TooMany`]; none has been added then.
    pub fn add_interventions(&mut self, added: &[(&str, bool)]) -> Result<Vec<Label>, ModifyError> {
        let before = self.interventions.len();
        if before + added.len() > MOST_INTERVENTIONS {
            return Err(ModifyError::TooMany);
        }
        let joint = (before == 0 && !added.is_empty()).then_some(JOINTLY);
        let names = joint.into_iter().chain(added.iter().map(|(name, _)| *name));
        let texts = names.flat_map(|name| [name.to_owned(), format!("{name}{BY_CONTENTION}")]);
        let texts: Vec<String> = texts.collect();
        let codes = self.dictionary.len() + texts.len();
        if codes > usize::from(u16::MAX) + 1 {
            return Err(ModifyError::TooMany);
        }
        let first = codes - 2 * added.len();
        self.dictionary = self.dictionary.iter().cloned().chain(texts).collect();
        let codes = (first..codes).step_by(2).map(|code| code as u16);
        let interventions = added.iter().zip(codes);
        self.interventions.extend(
            interventions.map(|(&(name, asked_for), code)| Intervention {
                name: name.to_owned(),
                code,
                scarcity_code: code + 1,
                asked_for,
            }),
        );
        let places = before..self.interventions.len();
        Ok(places.map(Label::of).collect())
    }

    /// Whether a modifier can aim at a parameter of a stream.
    ///
    /// # Errors
    /// When the stream has no such parameter, or it is not bent.
    pub fn takes(&self, stream: StreamId, parameter: &Parameter) -> Result<(), ModifyError> {
        let definition = &self.streams[stream];
        let there = |there: bool, error| if there { Ok(()) } else { Err(error) };
        let causes = |from: Option<StreamId>| {
            let parents = StreamId::each(&self.streams);
            let parents = parents.filter(move |(at, _)| from.is_none_or(|from| from == *at));
            let effects = parents.flat_map(|(_, parent)| parent.all_effects());
            let mut effects = effects.filter(|effect| effect.stream == stream).peekable();
            effects
                .peek()
                .is_some()
                .then_some(effects)
                .ok_or(ModifyError::NoCause)
        };
        let has_rate = || {
            let source = definition.source.as_ref();
            let rate = |source: &Source| matches!(source, Source::Arrivals { rate_per_day, .. } if *rate_per_day > 0.0);
            there(source.is_some_and(rate), ModifyError::NoRate)
        };
        match parameter {
            _ if definition.tracks.is_some() => Err(ModifyError::OfHistory),
            Parameter::Probability(_) | Parameter::Delay(_) if definition.document.is_some() => {
                Err(ModifyError::OfDocument)
            }
            Parameter::Count(from) if causes(*from)?.any(Effect::is_once) => Err(ModifyError::Once),
            Parameter::Rate => has_rate(),
            Parameter::Probability(from) | Parameter::Count(from) => causes(*from).map(|_| ()),
            Parameter::Delay(from) => {
                let after = |effect: &Effect| matches!(effect.delay, Delay::After(_));
                there(causes(*from)?.any(after), ModifyError::Appointed)
            }
            Parameter::Volume => has_rate().or(causes(None).map(|_| ())),
            Parameter::Work => {
                let duty = definition.service.as_ref().map(|service| &service.duty);
                there(
                    matches!(duty, Some(super::Duty::Work(_))),
                    ModifyError::NoDesk,
                )
            }
            Parameter::Staff(desk) => {
                there(usize::from(*desk) < self.desks.len(), ModifyError::NoDesk)
            }
            Parameter::Field(name) => self.is_chance(stream, name).map(|_| ()),
            Parameter::Choice(name, text) => {
                self.variable(stream, name)?;
                let texts = self.choices(stream, name);
                there(texts.contains(text), ModifyError::NoChoice(texts.clone()))
            }
        }
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
        self.takes(stream, parameter)?;
        match parameter {
            Parameter::Rate => self.modify_rate(stream, modifier),
            Parameter::Field(name) => self.modify_field(stream, name, modifier),
            Parameter::Choice(name, text) => self.modify_choice(stream, name, text, modifier),
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
                let service = self.streams[stream].service.as_mut();
                let work = service.ok_or(ModifyError::NoDesk)?.duty.expression_mut();
                Wrapper(&mut self.modified).wrap(work, NOT_NEGATIVE, modifier);
                Ok(())
            }
            Parameter::Staff(desk) => {
                let desk = self.desks.get_mut(usize::from(*desk));
                let desk = desk.ok_or(ModifyError::NoDesk)?;
                push_to(&mut self.modified, &mut desk.modified, modifier)
            }
            Parameter::Count(from) => self.modify_causes(stream, *from, |effect, modified| {
                modify_count(effect, modified, modifier);
                Ok(())
            }),
            Parameter::Volume => {
                let rate = self.modify_rate(stream, modifier);
                let causes = self.modify_causes(stream, None, |effect, modified| {
                    if effect.counted {
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
        match &mut self.streams[stream].source {
            Some(Source::Arrivals {
                rate_per_day,
                modified,
                ..
            }) if *rate_per_day > 0.0 => push_to(&mut self.modified, modified, modifier),
            Some(Source::Arrivals { .. } | Source::Each { .. } | Source::Platform { .. })
            | None => Err(ModifyError::NoRate),
        }
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
            if from.is_some_and(|from| from.index() != parent) {
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
        let truth = self.is_chance(stream, name)?;
        let at = self.variable(stream, name)?;
        let variable = &mut self.streams[stream].variables[at];
        let scale = match variable.kind {
            Some(ColumnType::Exact(digits)) => Some(digits.scale()),
            _ => None,
        };
        let value = &mut variable.value;
        let mut wrapper = Wrapper(&mut self.modified);
        if truth {
            value.rewrite(&mut |e| {
                if let Expr::Draw(Dist::Bernoulli, args, _) = e {
                    wrapper.wrap(&mut args[0], PROBABILITY, modifier);
                }
            });
        } else {
            within_bounds(value, scale, &mut |e| wrapper.wrap(e, ANY, modifier));
        }
        Ok(())
    }

    fn modify_choice(
        &mut self,
        stream: StreamId,
        name: &str,
        text: &str,
        modifier: Modifier,
    ) -> Result<(), ModifyError> {
        let at = self.variable(stream, name)?;
        let codes = self.choices_at(stream, at);
        let Some(&code) = codes.iter().find(|&&code| self.choice(code) == text) else {
            return Err(ModifyError::NoChoice(self.choices(stream, name)));
        };
        let value = &mut self.streams[stream].variables[at].value;
        bend_choices(value, code, &mut self.modified, modifier)
    }

    /// The variable that works out a field or `let`: one that only passes on a `let` is that.
    fn variable(&self, stream: StreamId, name: &str) -> Result<usize, ModifyError> {
        let definition = &self.streams[stream];
        let field = definition.fields.iter().find(|(c, _)| c.name == name);
        let own = |v: &Variable| field.map_or(v.name == name, |(_, slot)| v.slot == *slot);
        match (field, definition.variables.iter().position(own)) {
            (_, Some(place)) => Ok(definition.stands_for(place)),
            (Some(_), None) => Err(ModifyError::TakenOver),
            (None, None) => Err(ModifyError::NoField(self.modifiable_fields(stream))),
        }
    }

    /// Whether what can be modified of a field or `let` is the probability that it is true; otherwise it is a number.
    ///
    /// # Errors
    /// When it is neither.
    pub fn is_chance(&self, stream: StreamId, name: &str) -> Result<bool, ModifyError> {
        let definition = &self.streams[stream];
        let variable = &definition.variables[self.variable(stream, name)?];
        if variable.value.gathered().is_some() {
            return Err(ModifyError::OfLines);
        }
        let field = definition.fields.iter().find(|(c, _)| c.name == name);
        match field.map(|(column, _)| column.kind).or(variable.kind) {
            Some(ColumnType::Bool) => {
                let drawn = |e: &Expr| matches!(e, Expr::Draw(Dist::Bernoulli, ..));
                match variable.value.any(drawn) {
                    true => Ok(true),
                    false => Err(ModifyError::NoChance),
                }
            }
            Some(ColumnType::Float | ColumnType::Int | ColumnType::Exact(_)) => Ok(false),
            _ => Err(ModifyError::NotANumber),
        }
    }

    fn choices_at(&self, stream: StreamId, variable: usize) -> Vec<u16> {
        let mut found = Vec::new();
        let value = &self.streams[stream].variables[variable].value;
        value.visit(&mut |e| {
            if let Expr::Choice(shares, codes, _) = e {
                found.extend(codes.iter().filter(|_| is_open(shares)));
            }
        });
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The texts among which a field or `let` is chosen by weight, for [`Parameter::Choice`]; none if it is no such choice.
    pub fn choices(&self, stream: StreamId, name: &str) -> Vec<String> {
        let at = self.variable(stream, name);
        let codes = at.map_or(Vec::new(), |at| self.choices_at(stream, at));
        let text = |&code: &u16| self.choice(code).to_owned();
        codes.iter().map(text).collect()
    }

    /// What a modifier calls a text that is chosen: what is missing, and empty for all that read it, has a name here.
    fn choice(&self, code: u16) -> &str {
        match code {
            NO_TEXT => NULL,
            code => &self.dictionary[usize::from(code)],
        }
    }

    /// The fields and `let`s of a stream that a modifier can aim at by their names.
    pub fn modifiable_fields(&self, stream: StreamId) -> Vec<String> {
        self.named(stream)
            .filter(|name| self.is_chance(stream, name).is_ok())
            .map(str::to_owned)
            .collect()
    }

    /// Its fields and `let`s that are chosen by weight among texts.
    pub fn modifiable_choices(&self, stream: StreamId) -> Vec<String> {
        self.named(stream)
            .filter(|name| !self.choices(stream, name).is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The names of its fields, and then of its `let`s.
    fn named(&self, stream: StreamId) -> impl Iterator<Item = &str> {
        let definition = &self.streams[stream];
        let fields = definition.fields.iter().map(|(c, _)| c.name.as_str());
        let is_field = |name: &str| definition.fields.iter().any(|(c, _)| c.name == name);
        let lets = definition.variables.iter().map(|v| v.name.as_str());
        fields.chain(lets.filter(move |name| !is_field(name)))
    }

    /// Releases a share of what an intervention holds back.
    ///
    /// # Errors
    /// [`ModifyError::Lacks`] when the one event does not have the values that the other needs,
    /// [`ModifyError::OfDocument`] when the other is a line, [`ModifyError::OfHistory`] when it is a history, and [`ModifyError::Elsewhere`] when it is about entities that are not
    /// where it takes place, or comes from elsewhere.
    pub fn release(&mut self, backlog: &Backlog) -> Result<(), ModifyError> {
        let held = &self.streams[backlog.held];
        let released = &self.streams[backlog.released];
        if released.document.is_some() {
            return Err(ModifyError::OfDocument);
        }
        if released.tracks.is_some() {
            return Err(ModifyError::OfHistory);
        }
        let crosses = |one: &Effect| one.stream == backlog.released && !one.crossings.is_empty();
        if self
            .streams
            .iter()
            .any(|stream| stream.all_effects().any(crosses))
        {
            return Err(ModifyError::Elsewhere);
        }
        let kept = held.kept_words() + usize::from(held.on_demand);
        let slot_of = |name: &String| {
            let carried = held.carried_names.iter().position(|other| other == name);
            let own = held
                .variables
                .iter()
                .find(|v| v.name == *name && v.slot.index() < kept);
            carried.map(Slot::at).or(own.map(|v| v.slot))
        };
        let pass: Vec<Option<Slot>> = released.carried_names.iter().map(slot_of).collect();
        // The desk itself tells which agent it was.
        let service = released.service.as_ref();
        let filled = |slot| service.is_some_and(|service| service.fills(slot));
        let lacks = Slot::each(&released.carried_names).zip(&pass);
        let lacks: Vec<String> = lacks
            .filter(|((number, _), slot)| slot.is_none() && !filled(*number))
            .map(|((_, name), _)| name.clone())
            .collect();
        if !lacks.is_empty() {
            return Err(ModifyError::Lacks(lacks));
        }
        let effect = Effect {
            stream: backlog.released,
            purpose: backlog.purpose(self),
            when: Some(Expr::HeldBack(backlog.by)),
            probability: Expr::Num(backlog.share),
            delay: Delay::At(backlog.time()),
            count: None,
            each: None,
            counted: false,
            spacing: None,
            destination: match service {
                Some(_) => Destination::Desk,
                None => Destination::Same,
            },
            loose: false,
            pass,
            crossings: Vec::new(),
            handed: Vec::new(),
            shortest: Span(0),
            longest: None,
            longest_delay: None,
        };
        let held = &mut self.streams[backlog.held];
        held.effects.push(effect);
        held.leaf = false;
        self.backlogs.push(*backlog);
        Ok(())
    }
}

impl Stream {
    /// The variable that a modifier of one is about: where it is another one as it stands that is no field, that one, so that
    /// the field and what else follows from the value stay the same.
    fn stands_for(&self, mut place: usize) -> usize {
        let is_field = |slot| self.fields.iter().any(|(_, field)| *field == slot);
        loop {
            let Expr::Slot(slot) = self.variables[place].value.unrounded() else {
                return place;
            };
            match self.variables.iter().position(|v| v.slot == *slot) {
                Some(other) if !is_field(*slot) => place = other,
                _ => return place,
            }
        }
    }
}

impl Expr {
    /// What is rounded or kept within bounds, where this expression does nothing else.
    pub fn unrounded(&self) -> &Expr {
        let mut value = self;
        loop {
            value = match value {
                Expr::Unary(Unary::Round(_), inner)
                | Expr::ExactUnary(ExactUnary::Within(_), inner) => inner,
                kept => match kept.within_32_bits() {
                    Some(inner) => inner,
                    None => return value,
                },
            };
        }
    }

    /// What lines come to, if that is all there is to the value, and 10 to the power of the decimals to which it is rounded.
    pub fn gathered(&self) -> Option<(&Lines, Option<f64>)> {
        let Expr::Lines(lines) = self.unrounded() else {
            return None;
        };
        let mut power = None;
        self.visit(&mut |e| {
            if let Expr::Unary(Unary::Round(by), _) = e {
                power = Some(*by);
            }
        });
        Some((lines, power))
    }
}

const PROBABILITY: (f64, f64) = (0.0, 1.0);
const NOT_NEGATIVE: (f64, f64) = (0.0, f64::INFINITY);
const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

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

/// Adds a modifier to those of a number that is at least 0.
fn push_to(
    all: &mut Vec<Modified>,
    modified: &mut Option<u16>,
    modifier: Modifier,
) -> Result<(), ModifyError> {
    match modified {
        Some(at) => all[usize::from(*at)].push(modifier),
        None => *modified = Some(push(all, NOT_NEGATIVE, modifier)?),
    }
    Ok(())
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

/// Visits the number that lies inside rounding and constant bounds; of an exact number with so many decimals, what it is as a number.
fn within_bounds(e: &mut Expr, scale: Option<u8>, visit: &mut dyn FnMut(&mut Expr)) {
    match (e, scale) {
        (Expr::ExactUnary(ExactUnary::Within(_), inner), _) => within_bounds(inner, scale, visit),
        (Expr::ExactUnary(ExactUnary::OfNumber(_), inner), _) => within_bounds(inner, None, visit),
        (Expr::Unary(Unary::Round(_), inner), None) => within_bounds(inner, None, visit),
        (Expr::Binary(Binary::Min | Binary::Max, inner, bound), None)
            if matches!(**bound, Expr::Num(_)) =>
        {
            within_bounds(inner, None, visit);
        }
        (e, None) => visit(e),
        (e, Some(scale)) => {
            let inner = Box::new(std::mem::replace(e, Expr::Num(0.0)));
            let mut number = Expr::ExactUnary(ExactUnary::ToNumber(scale), inner);
            visit(&mut number);
            *e = Expr::ExactUnary(ExactUnary::OfNumber(scale), Box::new(number));
        }
    }
}

/// Whether a choice, by its cumulative shares, is one between several texts that are possible.
fn is_open(shares: &[f64]) -> bool {
    let before = std::iter::once(&0.0).chain(shares);
    shares
        .iter()
        .zip(before)
        .all(|(upto, before)| upto - before < 1.0)
}

/// Parts of the purpose of a choice, for each of its texts: whether it stays, what comes instead, and whether it takes over.
const PARTS: u64 = 3;

/// Bends how likely a text is in all choices of an expression. What it gains comes from the others in proportion to their
/// weights, and likewise what it loses; nothing else changes hands. So with a text that is as likely as before, everything
/// is as before.
fn bend_choices(
    e: &mut Expr,
    code: u16,
    all: &mut Vec<Modified>,
    modifier: Modifier,
) -> Result<(), ModifyError> {
    let mut bent = Vec::new();
    e.visit(&mut |e| bent.extend(bent_already(e, code)));
    if !bent.is_empty() {
        let each = bent.into_iter();
        each.for_each(|at| all[usize::from(at)].push(modifier));
        return Ok(());
    }
    let mut done = Ok(());
    e.rewrite(&mut |e| {
        let Expr::Choice(shares, codes, purpose) = &*e else {
            return;
        };
        let Some(place) = codes.iter().position(|&other| other == code) else {
            return;
        };
        let before = place.checked_sub(1).map_or(0.0, |at| shares[at]);
        let share = shares[place] - before;
        if !is_open(shares) {
            return;
        }
        let at = match push(all, PROBABILITY, modifier) {
            Ok(at) => at,
            Err(error) => {
                done = Err(error);
                return;
            }
        };
        let binary = |op, a, b| Expr::Binary(op, Box::new(a), Box::new(b));
        let bent = || Expr::Modified(at, Box::new(Expr::Num(share)));
        let part = |n| purpose.part(PARTS * u64::from(code) + n);
        let happens = |p, n| Expr::Draw(Dist::Bernoulli, vec![p], part(n));
        let stays = binary(
            Binary::Min,
            Expr::Num(1.0),
            binary(Binary::Divide, bent(), Expr::Num(share)),
        );
        let others = shares.iter().zip(codes).enumerate();
        let others = others.filter(|(other, _)| *other != place);
        let others = others.map(|(other, (upto, code))| {
            let gone = if other > place { share } else { 0.0 };
            ((upto - gone) / (1.0 - share), *code)
        });
        let (rest, of_rest): (Vec<f64>, Vec<u16>) = others.unzip();
        let gained = binary(
            Binary::Max,
            Expr::Num(0.0),
            binary(Binary::Subtract, bent(), Expr::Num(share)),
        );
        let takes_over = binary(Binary::Divide, gained, Expr::Num(1.0 - share));
        let either = |p, n, a, b| Expr::If(Box::new((happens(p, n), a, b)));
        let instead = Expr::Choice(rest, of_rest.clone(), part(1));
        let mut cases = vec![(code, either(stays, 0, Expr::Text(code), instead))];
        cases.extend(of_rest.iter().map(|&other| {
            let taken = either(takes_over.clone(), 2, Expr::Text(code), Expr::Text(other));
            (other, taken)
        }));
        *e = Expr::Case(Box::new(e.clone()), cases, Box::new(Expr::Text(code)));
    });
    done
}

/// The modified share of a text, if an expression is what [`bend_choices`] makes of a choice for it.
fn bent_already(e: &Expr, code: u16) -> Option<u16> {
    let Expr::Case(_, cases, _) = e else {
        return None;
    };
    let Some((first, Expr::If(parts))) = cases.first() else {
        return None;
    };
    let (Expr::Draw(Dist::Bernoulli, stays, _), Expr::Text(_)) = (&parts.0, &parts.1) else {
        return None;
    };
    let mut found = None;
    stays[0].visit(&mut |e| {
        if let Expr::Modified(at, _) = e {
            found = Some(*at);
        }
    });
    found.filter(|_| *first == code)
}
