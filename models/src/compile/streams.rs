//! Streams while they are compiled: their variables, and what they inherit from their causes.

use std::collections::BTreeSet;

use causeflow_engine::base::exact::Digits;
use causeflow_engine::streams::program::{Binary, Expr, NO_TEXT, NULL, Unary};

use super::Compiler;
use super::bounds::bounds;
use super::each::Reached;
use super::exact::{as_number, exact_of, reconcile, within};
use super::joins::is_note;
use super::lower::{About, Scope};
use super::report::At;
use super::types::{Texts, Ty, Typed, slot_of_input, slot_of_own};
use super::watched::Known;
use crate::definition::{CellDef, Expression, FieldDef, Map, NumberType, StreamDef, ValueDef};
use crate::diagnostic::{number, suggestion};
use crate::parameters::Constant;

/// Where an inherited name comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Restrict {
    /// From all causes, and the source if there is one.
    Any,
    /// From one cause (its stream); other causes give 0.
    Only(usize),
    /// From the source; causes give 0.
    Source,
    /// From these causes, and from the source if so; others give 0.
    Among(Vec<usize>, bool),
    /// From the desk, when the event takes place.
    Desk,
}

/// How many values may depend on one another in a row, through all causes: more do not fit the stack.
const MOST_DEPENDENT: usize = 50_000;

impl Restrict {
    /// Whether a cause gives it.
    fn takes(&self, parent: usize) -> bool {
        match self {
            Restrict::Any => true,
            Restrict::Only(only) => *only == parent,
            Restrict::Among(parents, _) => parents.contains(&parent),
            Restrict::Source | Restrict::Desk => false,
        }
    }

    /// Whether the source gives it.
    fn takes_source(&self) -> bool {
        matches!(
            self,
            Restrict::Any | Restrict::Source | Restrict::Desk | Restrict::Among(_, true)
        )
    }
}

/// A value that events of a stream carry from their cause or source.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name on the cause.
    pub name: String,
    /// Who gives it; the others give 0.
    pub givers: Vec<Restrict>,
    /// Its type.
    pub ty: Ty,
    /// The texts it can be.
    pub texts: Texts,
}

impl Input {
    /// Whether a cause gives it.
    pub fn given_by(&self, parent: usize) -> bool {
        self.givers.iter().any(|giver| giver.takes(parent))
    }

    fn covers(&self, restrict: &Restrict) -> bool {
        let always = [Restrict::Any, Restrict::Desk];
        always.iter().any(|giver| self.givers.contains(giver)) || self.givers.contains(restrict)
    }
}

/// How far a variable has been worked out.
#[derive(Clone, Debug)]
pub enum Progress {
    /// Not yet.
    Todo,
    /// It is being worked out, and was begun so many causes away from the first search. Meeting it again is a circle,
    /// unless the search has gone round a ring of causes in between.
    Doing(isize),
    /// A ring hands it on, and nothing is known about it so far. Begun nearer to the first search, it may turn out to
    /// depend on itself.
    Unknown(isize),
    /// Done; `None` when it is wrong, which has been reported.
    Done(Option<Typed>),
}

/// A stream's own variable.
#[derive(Clone, Debug)]
pub struct OwnVariable {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub at: At,
    /// Its definition; none for the entity that the stream creates.
    pub definition: Option<ValueDef>,
    /// Whether it is a column.
    pub is_field: bool,
    /// What it tells of what entities keep, where no expression says it.
    pub noted: Option<Noted>,
    /// How far it has been worked out.
    pub progress: Progress,
}

/// What an own variable tells of what entities keep.
#[derive(Clone, Copy, Debug)]
pub enum Noted {
    /// Whether this is the last event that a join waits for.
    Completes(usize),
    /// What was last known of something that is watched.
    Known(usize, Known),
}

/// A cause, while it is compiled.
#[derive(Clone, Debug)]
pub struct Cause {
    /// The causing stream.
    pub parent: usize,
    /// Position in the definition's list.
    pub position: usize,
    /// How many before it have the same causing stream.
    pub number: usize,
    /// The group of which exactly one happens.
    pub outcome: Option<String>,
    /// Whom it reaches, each by an event of its own.
    pub(super) each: Option<Reached>,
    /// Condition and probability, worked out on the parent.
    pub guard: Option<(Option<Expr>, Expr)>,
    /// Whether the guard is being worked out, and how many causes away from the first search.
    pub doing: Option<isize>,
}

impl Cause {
    /// What sets it apart from others of the same causing stream: all that is drawn for it is drawn under names of its own.
    pub fn mark(&self) -> String {
        match self.number {
            0 => String::new(),
            number => format!("#{}", number + 1),
        }
    }
}

/// A stream, while it is compiled.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub at: At,
    /// Its definition.
    pub definition: StreamDef,
    /// The name and type of the word that its source or timer gives.
    pub given: Option<(String, Ty, Texts)>,
    /// Its own variables: the entity it creates, lets, fields.
    pub own: Vec<OwnVariable>,
    /// What it carries.
    pub inputs: Vec<Input>,
    /// Own variables in the order in which they can be worked out.
    pub order: Vec<usize>,
    /// Its causes.
    pub causes: Vec<Cause>,
    /// The stream of its lines.
    pub lines: Option<usize>,
    /// The stream whose lines its events are.
    pub document: Option<usize>,
    /// Own variables over which that one adds up.
    pub gathered: BTreeSet<usize>,
}

impl Unit {
    /// Whether it has a source or a timer.
    pub fn has_source(&self) -> bool {
        self.definition.source.is_some() || self.definition.timer.is_some()
    }

    /// Whether a cause says whom it reaches, and that cannot be, which has been reported.
    pub(super) fn reaches_nobody(&self, cause: &Cause) -> bool {
        cause.each.is_none() && self.definition.causes[cause.position].each.is_some()
    }

    /// The name of the kind whose doing its source's or timer's events are.
    fn actor(&self) -> Option<&String> {
        let (source, timer) = (&self.definition.source, &self.definition.timer);
        let actor = source.as_ref().and_then(|source| source.actor.as_ref());
        actor.or(timer.as_ref().and_then(|timer| timer.per.as_ref()))
    }
}

/// Why a name is not one of a stream's.
const DIFFERENT: &str = ": its causes have values of different types by this name";

/// The type of what comes now as the one and now as the other. An entity of which some tell the cell is told with it by all.
fn common(a: Ty, b: Ty) -> Option<Ty> {
    match (a, b) {
        _ if a == b => Some(a),
        (Ty::Entity(one) | Ty::Away(one), Ty::Entity(other) | Ty::Away(other)) if one == other => {
            Some(Ty::Away(one))
        }
        (Ty::Entity(one), Ty::Shared(other)) | (Ty::Shared(other), Ty::Entity(one))
            if one == other =>
        {
            Some(Ty::Shared(one))
        }
        _ => None,
    }
}

/// Why a name is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Where it is missing, as the end of a sentence; empty where no cause is to blame.
    Where(String),
    /// What would give it is wrong, which is reported by itself.
    Reported,
}

impl From<String> for Missing {
    fn from(place: String) -> Missing {
        Missing::Where(place)
    }
}

/// A value that a column can hold: exact numbers may have as many digits as there are.
fn held(typed: Typed) -> Typed {
    match (typed.ty, &typed.expr) {
        // Where it comes from, it is held.
        (_, Expr::Slot(_)) => typed,
        (Ty::Exact(scale), _) => Typed {
            expr: within(typed.expr, Digits::with_scale(scale)),
            ..typed
        },
        _ => typed,
    }
}

/// A number rounded to so many decimals.
pub(super) fn rounded(value: Expr, decimals: u8) -> Expr {
    let power: f64 = (0..decimals).fold(1.0, |power, _| power * 10.0);
    Expr::Unary(Unary::Round(power), Box::new(value))
}

/// A rounded number kept within the bounds of whole numbers, if it can lie beyond: so it is the same for all who read it.
pub(super) fn whole(rounded: Expr) -> Expr {
    let (low, high) = bounds(&rounded);
    if within_32_bits(low) == low && within_32_bits(high) == high {
        return rounded;
    }
    let bound =
        |op, e, bound: i32| Expr::Binary(op, Box::new(e), Box::new(Expr::Num(f64::from(bound))));
    bound(Binary::Min, bound(Binary::Max, rounded, i32::MIN), i32::MAX)
}

fn within_32_bits(x: f64) -> f64 {
    x.clamp(f64::from(i32::MIN), f64::from(i32::MAX))
}

impl Compiler {
    /// Finds what a name means on an event of a stream. `inside` is the variable that is being
    /// worked out: its own name means that of its cause.
    ///
    /// # Errors
    /// Where it is missing, if it is not known.
    pub fn find_name(
        &mut self,
        stream: usize,
        name: &str,
        restrict: &Restrict,
        inside: Option<usize>,
    ) -> Result<Option<Typed>, Missing> {
        let own = self.units[stream]
            .own
            .iter()
            .position(|variable| variable.name == name);
        if let Some(own) = own.filter(|&own| Some(own) != inside) {
            let typed = self.variable(stream, own)?;
            return Ok(typed.map(|typed| match typed.ty {
                // Nobody holds it: who names it has its pieces.
                Ty::Written => typed,
                _ => Typed {
                    expr: Expr::Slot(slot_of_own(own)),
                    ..typed
                },
            }));
        }
        self.find_input(stream, name, restrict)
    }

    /// Finds a name among what a stream's causes and source give.
    fn find_input(
        &mut self,
        stream: usize,
        name: &str,
        restrict: &Restrict,
    ) -> Result<Option<Typed>, Missing> {
        if self.report.is_tainted(&self.units[stream].at) {
            // What is wrong there may be what would have defined it.
            return Err(Missing::Reported);
        }
        let known = self.units[stream]
            .inputs
            .iter()
            .position(|i| i.name == name && i.covers(restrict));
        if let Some(at) = known {
            let input = &self.units[stream].inputs[at];
            return Ok(Some(Typed {
                expr: Expr::Slot(slot_of_input(at)),
                ty: input.ty,
                texts: input.texts.clone(),
            }));
        }
        let search = (stream, name.to_owned(), Some(restrict.clone()));
        let found = if self.rings.open.contains(&search) {
            self.rings.meet(search)
        } else {
            self.rings.open.insert(search.clone());
            let found = self.provided(stream, name, restrict);
            self.rings.open.remove(&search);
            if found.is_err() {
                self.rings.refuse(stream, name);
            }
            let found = found?;
            if let Some((ty, texts)) = &found {
                self.rings.keep(search, *ty, texts);
            }
            found
        };
        Ok(found.map(|(ty, texts)| self.carry(stream, name, restrict, ty, texts)))
    }

    /// Lets a stream's events carry a value.
    fn carry(
        &mut self,
        stream: usize,
        name: &str,
        restrict: &Restrict,
        ty: Ty,
        texts: Texts,
    ) -> Typed {
        let inputs = &mut self.units[stream].inputs;
        // One word serves all causes that give the same name, each in its own case.
        let at = match inputs
            .iter()
            .position(|input| input.name == name && input.ty == ty)
        {
            Some(at) => at,
            None => {
                let texts = Some(Default::default());
                inputs.push(Input {
                    name: name.to_owned(),
                    givers: Vec::new(),
                    ty,
                    texts,
                });
                inputs.len() - 1
            }
        };
        let input = &mut inputs[at];
        input.givers.push(restrict.clone());
        input.texts = match (input.texts.take(), &texts) {
            (Some(mut all), Some(some)) => {
                all.extend(some);
                Some(all)
            }
            _ => None,
        };
        Typed {
            expr: Expr::Slot(slot_of_input(at)),
            ty,
            texts,
        }
    }

    /// Type and texts of a name on all the causes that must give it.
    fn provided(
        &mut self,
        stream: usize,
        name: &str,
        restrict: &Restrict,
    ) -> Result<Option<(Ty, Texts)>, Missing> {
        let (mut unknown, mut wrong) = (false, false);
        let mut found: Option<(Ty, Texts)> = None;
        let mut merge = |ty: Ty, texts: Texts| -> Result<(), Missing> {
            found = Some(match found.take() {
                None => (ty, texts),
                Some((before, known)) => {
                    let ty =
                        common(before, ty).ok_or_else(|| Missing::from(DIFFERENT.to_owned()))?;
                    let all = known.zip(texts).map(|(mut all, some)| {
                        all.extend(some);
                        all
                    });
                    (ty, all)
                }
            });
            Ok(())
        };
        let unit = self.units[stream].clone();
        if unit.has_source() && restrict.takes_source() {
            match &unit.given {
                Some((given, ty, texts)) if given == name => merge(*ty, texts.clone())?,
                // The kind whose doing it is does not exist.
                None if unit.actor().is_some() => return Err(Missing::Reported),
                _ => {
                    let place = format!(" when the event comes from the source of {}", unit.name);
                    return Err(place.into());
                }
            }
        }
        {
            for cause in &unit.causes {
                if !restrict.takes(cause.parent) {
                    continue;
                }
                if let Some(kind) = self.reached(stream, cause.parent, name) {
                    merge(self.arriving(&unit, cause, name, Ty::Entity(kind)), None)?;
                    continue;
                }
                let parent = self.units[cause.parent].name.clone();
                let typed = match self.find_name(cause.parent, name, &Restrict::Any, None) {
                    Ok(Some(typed)) => typed,
                    Ok(None) => {
                        unknown = true;
                        continue;
                    }
                    Err(Missing::Where(_)) if unit.reaches_nobody(cause) => {
                        wrong = true;
                        continue;
                    }
                    Err(Missing::Where(deeper)) if deeper.is_empty() => {
                        return Err(format!(": {parent}, which causes it, has no `{name}`").into());
                    }
                    Err(Missing::Reported) => {
                        wrong = true;
                        continue;
                    }
                    Err(deeper) => return Err(deeper),
                };
                if typed.ty == Ty::Written {
                    let place = format!(
                        ": in {parent} it is a text that is put together, which no event carries; put it together here, too"
                    );
                    return Err(place.into());
                }
                merge(self.arriving(&unit, cause, name, typed.ty), typed.texts)?;
            }
        }
        match found {
            // The cause that is wrong may have other texts.
            Some((ty, _)) if wrong && ty == Ty::Text => Err(Missing::Reported),
            Some(found) => Ok(Some(found)),
            None if wrong => Err(Missing::Reported),
            // A cause that does not exist might have had it.
            None if unit.causes.len() < unit.definition.causes.len() => Err(Missing::Reported),
            // A ring of causes hands it on, and so far nobody gives it a value.
            None if unknown => Ok(None),
            None => Err(String::new().into()),
        }
    }

    /// What a cause's value of this name is for the events of a stream: entities are left behind, or found again.
    fn arriving(&self, unit: &Unit, cause: &Cause, name: &str, ty: Ty) -> Ty {
        let cell = unit.definition.causes[cause.position].cell.as_ref();
        let there = cell.map_or(&[][..], CellDef::entities);
        let leaves = unit.definition.desk.is_some()
            || cell.is_some_and(CellDef::is_any)
            || !there.is_empty();
        match ty {
            Ty::Entity(kind) | Ty::Away(kind) | Ty::Shared(kind)
                if there.iter().any(|there| there == name) =>
            {
                Ty::Entity(kind)
            }
            Ty::Entity(kind) if leaves && self.kinds[kind].shared => Ty::Shared(kind),
            Ty::Entity(kind) if leaves => Ty::Away(kind),
            ty => ty,
        }
    }

    /// Whether a name means something where an expression stands.
    pub(super) fn knows(&self, scope: &Scope, name: &str) -> bool {
        match scope.about {
            About::Stream { stream, .. } => self.names_known(stream).contains(name),
            About::Entity { kind, .. } => {
                let kind = &self.kinds[kind];
                let mut names = kind.attributes.iter().chain(&kind.variables);
                let mut texts = kind.texts.iter();
                names.any(|(known, ..)| known == name) || texts.any(|text| text.column.name == name)
            }
            About::Row(stream) => stream.is_some_and(|stream| self.field(stream, name).is_some()),
        }
    }

    /// All names that an expression on a stream's events may use.
    pub fn names_known(&self, stream: usize) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut seen = vec![false; self.units.len()];
        let mut rest = vec![stream];
        while let Some(s) = rest.pop() {
            if std::mem::replace(&mut seen[s], true) {
                continue;
            }
            let own = self.units[s].own.iter().filter(|own| !is_note(&own.name));
            names.extend(own.map(|own| own.name.clone()));
            names.extend(self.units[s].given.iter().map(|(name, ..)| name.clone()));
            let reached = self.units[s].causes.iter();
            let reached = reached.filter_map(|cause| Some(cause.each.as_ref()?.kind));
            names.extend(reached.map(|kind| self.kinds[kind].name.clone()));
            rest.extend(self.units[s].causes.iter().map(|cause| cause.parent));
        }
        names
    }

    /// Codes of the names of a stream's causes, and of `source` if it has one.
    pub fn causes_of(&mut self, stream: usize) -> BTreeSet<u16> {
        let unit = &self.units[stream];
        // Also those that do not exist, which is told where they stand.
        let causes = unit.definition.causes.iter();
        let mut names: Vec<String> = causes.map(|cause| cause.on.clone()).collect();
        if unit.has_source() {
            names.push("source".into());
        }
        names.iter().map(|name| self.texts.code(name)).collect()
    }

    /// Works out a stream's own variable, if that has not been done; nothing if that is not known so far.
    ///
    /// # Errors
    /// When it is wrong, which has been reported.
    pub fn variable(&mut self, stream: usize, own: usize) -> Result<Option<Typed>, Missing> {
        let depth = self.rings.depth();
        let variable = &mut self.units[stream].own[own];
        let name = variable.name.clone();
        match &variable.progress {
            Progress::Done(typed) => return typed.clone().map(Some).ok_or(Missing::Reported),
            Progress::Unknown(begun) if *begun <= depth => return Ok(None),
            Progress::Doing(begun) if *begun < depth => {
                let known = self.rings.meet((stream, name, None));
                return Ok(known.map(|(ty, texts)| Typed {
                    texts,
                    ..Typed::new(Expr::Num(0.0), ty)
                }));
            }
            Progress::Doing(_) => {
                self.depends_on_itself(stream, own);
                return Err(Missing::Reported);
            }
            Progress::Unknown(_) | Progress::Todo => variable.progress = Progress::Doing(depth),
        }
        let (at, definition) = (variable.at.clone(), variable.definition.clone());
        let noted = variable.noted;
        let about = About::Stream {
            stream,
            restrict: Restrict::Any,
            inside: Some(own),
        };
        let purpose = format!("{}/{name}", self.units[stream].name);
        let outside = std::mem::take(&mut self.rings.unknown);
        self.depth += 1;
        let typed = match definition {
            Some(_) if self.depth > MOST_DEPENDENT => {
                let message = format!(
                    "`{name}` depends on more than {MOST_DEPENDENT} others, one by the other"
                );
                self.report.error_at_key(&at, message, None);
                None
            }
            Some(definition) => match noted {
                Some(Noted::Completes(join)) => self.completes(join, stream, at),
                Some(Noted::Known(watch, known)) => self.known_before(watch, known, stream),
                None => self.value(&definition, &Scope::new(about, at, &purpose), &name),
            },
            None => None,
        };
        self.depth -= 1;
        let unknown = std::mem::replace(&mut self.rings.unknown, outside);
        match &typed {
            Some(typed) => self
                .rings
                .keep((stream, name, None), typed.ty, &typed.texts),
            None if unknown => {}
            None => self.rings.refuse(stream, &name),
        }
        let unit = &mut self.units[stream];
        if typed.is_none() && unknown {
            unit.own[own].progress = Progress::Unknown(depth);
            return Ok(None);
        }
        unit.order.push(own);
        unit.own[own].progress = Progress::Done(typed.clone());
        typed.map(Some).ok_or(Missing::Reported)
    }

    /// Lowers a value's definition. `name` is what an inherited value is called on the cause.
    pub fn value(&mut self, definition: &ValueDef, scope: &Scope, name: &str) -> Option<Typed> {
        let long = match definition {
            ValueDef::Short(Expression(text)) => {
                return self.expression(text, &mut scope.clone()).map(held);
            }
            ValueDef::Long(long) => long,
        };
        let mut typed = self.plain_value(long, scope, name)?;
        if long.unique.is_some() && matches!(scope.about, About::Stream { .. }) {
            let help = "of events, `event_id` is";
            let message = "only attributes of entities are unique";
            self.report
                .error(&scope.at.key("unique"), message, Some(help.into()));
        }
        if !long.correlates.is_empty() {
            typed.expr = self.together(typed.expr, &long.correlates, scope, name)?;
        }
        let number_type = match &long.r#type {
            Some(name) => Some(self.number_type(name, &scope.at.key("type"))?),
            None => None,
        };
        let decimals = match number_type {
            Some(NumberType::Int) => Some(0),
            _ => long.decimals,
        };
        if typed.ty == Ty::Written && (number_type.is_some() || decimals.is_some()) {
            let message = "a text that is put together is no number";
            let help = "write how its numbers are written into it, such as {price:.2}";
            self.report.error(&scope.at, message, Some(help.into()));
            return None;
        }
        let typed = match (number_type, typed.ty, decimals) {
            (Some(NumberType::Exact(digits)), ..) => {
                return self.exact_value(typed, (digits, decimals), scope);
            }
            (Some(_), ..) => as_number(typed),
            (None, Ty::Exact(scale), decimals) => {
                let scale = decimals.unwrap_or(scale);
                return Some(held(Typed::new(exact_of(typed, scale), Ty::Exact(scale))));
            }
            (None, ..) => typed,
        };
        let Some(decimals) = decimals else {
            return Some(typed);
        };
        if typed.ty != Ty::Number {
            let message = format!(
                "only numbers can be rounded, this is {}",
                self.type_name(typed.ty)
            );
            self.report.error(&scope.at, message, None);
            return None;
        }
        let rounded = rounded(typed.expr, decimals);
        if number_type != Some(NumberType::Int) {
            return Some(Typed::new(rounded, Ty::Number));
        }
        let (low, high) = bounds(&rounded);
        let beyond = |x: f64| x.is_finite() && within_32_bits(x) != x;
        if let Some(x) = [high, low].into_iter().find(|&x| beyond(x)) {
            let message = format!(
                "this can be {}, which 32 bits do not hold; it then becomes {}",
                number(x),
                within_32_bits(x)
            );
            let help = "leave `type: int` out: a float holds whole numbers up to 9e15";
            self.report.warning(&scope.at, message, Some(help.into()));
        }
        Some(Typed::new(whole(rounded), Ty::Number))
    }

    /// A value whose type says that it is exact.
    fn exact_value(
        &mut self,
        typed: Typed,
        (digits, decimals): (Digits, Option<u8>),
        scope: &Scope,
    ) -> Option<Typed> {
        if decimals.is_some() {
            let message = format!("{digits} says already how many decimals there are");
            let help = "remove `decimals`";
            self.report
                .error(&scope.at.key("decimals"), message, Some(help.into()));
        }
        if !matches!(typed.ty, Ty::Number | Ty::Exact(_)) {
            let message = format!(
                "only numbers can be {digits}, this is {}",
                self.type_name(typed.ty)
            );
            self.report.error(&scope.at, message, None);
            return None;
        }
        let scale = digits.scale();
        let expr = within(exact_of(typed, scale), digits);
        Some(Typed::new(expr, Ty::Exact(scale)))
    }

    fn plain_value(&mut self, long: &FieldDef, scope: &Scope, name: &str) -> Option<Typed> {
        let below = |key: &str| scope.at(scope.at.key(key));
        let given = [
            long.value.is_some(),
            long.text.is_some(),
            long.digits.is_some(),
            long.running.is_some(),
            long.choice.is_some(),
            long.quantiles.is_some(),
            long.histogram.is_some(),
            long.part.is_some(),
            long.by.is_some() || long.cases.is_some(),
        ];
        if given.iter().filter(|given| **given).count() > 1 {
            let help = "write one of: `value`, `text`, `digits`, `running`, `choice`, `quantiles`, `histogram`, `part`, or `by` with `cases`";
            self.report.error_at_key(
                &scope.at,
                format!("`{name}` has more than one kind of value"),
                Some(help.into()),
            );
            return None;
        }
        if let Some(Expression(text)) = &long.value {
            return self.expression(text, &mut below("value"));
        }
        if let Some(text) = &long.text {
            return self.template(text, &below("text"));
        }
        if let Some(digits) = &long.digits {
            return self.drawn_digits(digits, &below("digits"), name);
        }
        if let Some(first) = long.running {
            return self.running(first, &below("running"));
        }
        if let Some(choice) = &long.choice {
            return match long.number_type() {
                Some(_) => self.number_choice(choice, &below("choice"), name),
                None => self.choice(choice, &below("choice"), name),
            };
        }
        if let Some(quantiles) = &long.quantiles {
            return self.quantiles(quantiles, below("quantiles"));
        }
        if let Some(histogram) = &long.histogram {
            return self.histogram(histogram, below("histogram"));
        }
        if let Some(part) = &long.part {
            return self.part(part, &below("part"), name);
        }
        match (&long.by, &long.cases) {
            (Some(by), Some(cases)) => self.cases(by, cases, scope, name),
            (None, None) => self.inherited(scope, name),
            (Some(_), None) => {
                self.report
                    .error_at_key(&scope.at.key("by"), "`by` needs `cases`", None);
                None
            }
            (None, Some(_)) => {
                let help = "add `by`, the text on which the case depends";
                self.report.error_at_key(
                    &scope.at.key("cases"),
                    "`cases` needs `by`",
                    Some(help.into()),
                );
                None
            }
        }
    }

    fn inherited(&mut self, scope: &Scope, name: &str) -> Option<Typed> {
        let About::Stream {
            stream, restrict, ..
        } = scope.about.clone()
        else {
            let help = Some("write a `value` or a `choice`".into());
            self.report
                .error_at_key(&scope.at, format!("`{name}` has no value"), help);
            return None;
        };
        match self.find_input(stream, name, &restrict) {
            Ok(Some(typed)) => Some(typed),
            Ok(None) => self.silent(scope, name),
            Err(Missing::Reported) => None,
            Err(Missing::Where(missing)) => {
                let missing = if missing.is_empty() {
                    format!(": no cause of {} has it", self.units[stream].name)
                } else {
                    missing
                };
                let message = format!("`{name}` has no value of its own and is not known{missing}");
                self.report.error_at_key(
                    &scope.at,
                    message,
                    Some("write a `value`, a `choice`, or `by` and `cases`".into()),
                );
                None
            }
        }
    }

    /// A name whose value is not known: a ring of causes hands it on, and so far nobody gives it a value.
    pub fn silent(&mut self, scope: &Scope, name: &str) -> Option<Typed> {
        if let About::Stream { stream, .. } = scope.about {
            self.rings.miss(stream, name, &scope.at);
        }
        None
    }

    /// What is drawn by weight, in the order of the texts, so that the order in the file does not matter: each with the share of it and
    /// all before it.
    pub(super) fn shares<'a>(
        &mut self,
        choice: &'a Map<f64>,
        at: &At,
        name: &str,
    ) -> Option<Vec<(&'a String, f64)>> {
        let total: f64 = choice.values().sum();
        let mut wrong = false;
        for (text, weight) in choice {
            if text.is_empty() && choice.contains_key(NULL) {
                let message = "an empty text cannot be told from a missing one";
                let help = "keep one of `''` and `null`, which is a missing value in columns";
                self.report
                    .certain_error(&at.key(text), message, Some(help.into()));
                wrong = true;
            }
            if *weight < 0.0 || !weight.is_finite() {
                let message = format!("found the weight {}, expected 0 or more", number(*weight));
                self.report.certain_error(&at.key(text), message, None);
                wrong = true;
            }
        }
        if wrong {
            return None;
        }
        if choice.is_empty() || total <= 0.0 {
            let message = format!("the weights of `{name}` add up to nothing");
            self.report.certain_error(at, message, None);
            return None;
        }
        if !total.is_finite() {
            let message = format!("the weights of `{name}` add up to more than any number");
            let help = "weights are relative: divide all of them by the same number";
            self.report.certain_error(at, message, Some(help.into()));
            return None;
        }
        let mut entries: Vec<(&String, f64)> = choice
            .iter()
            .map(|(text, weight)| (text, *weight))
            .collect();
        entries.sort_by(|a, b| a.0.cmp(b.0));
        let mut sum = 0.0;
        for (_, weight) in &mut entries {
            sum += *weight / total;
            *weight = sum;
        }
        Some(entries)
    }

    fn choice(&mut self, choice: &Map<f64>, scope: &Scope, name: &str) -> Option<Typed> {
        let entries = self.shares(choice, &scope.at, name)?;
        let shares: Vec<f64> = entries.iter().map(|(_, share)| *share).collect();
        let codes: Vec<u16> = entries
            .iter()
            .map(|(text, _)| match text.as_str() {
                NULL => NO_TEXT,
                text => self.text_code(text, &scope.at.key(text)),
            })
            .collect();
        let texts = Some(codes.iter().copied().collect());
        let draw = scope.clone().purpose_of_choice();
        if choice.contains_key(NULL) {
            self.with_null.insert(draw);
        }
        Some(Typed {
            expr: Expr::Choice(shares, codes, draw),
            ty: Ty::Text,
            texts,
        })
    }

    /// A choice among numbers, which are the texts read as such.
    fn number_choice(&mut self, choice: &Map<f64>, scope: &Scope, name: &str) -> Option<Typed> {
        if choice.contains_key(NULL) {
            let message = "a number is never missing";
            let help = "choose among texts, without a `type`, or leave `null` out";
            let at = scope.at.key(NULL);
            self.report.certain_error(&at, message, Some(help.into()));
            return None;
        }
        let chosen = self.choice(choice, scope, name)?;
        let mut cases = Vec::new();
        for text in choice.keys() {
            let at = scope.at.key(text);
            let Some(Constant::Number(number)) = Constant::read(text) else {
                let message = format!("found `{text}`, expected a number, as `type` says");
                let help = "leave `type` out to choose among texts";
                self.report.certain_error(&at, message, Some(help.into()));
                continue;
            };
            cases.push((self.text_code(text, &at), Expr::Num(number)));
        }
        if cases.len() < choice.len() {
            return None;
        }
        cases.sort_by_key(|(code, _)| *code);
        let (_, last) = cases.pop()?;
        let expr = Expr::Case(Box::new(chosen.expr), cases, Box::new(last));
        Some(Typed::new(expr, Ty::Number))
    }

    /// What is left to `else` of `by: cause`: the causes that have no case of their own.
    fn other_causes(&self, about: &About, cases: &Map<ValueDef>) -> About {
        let About::Stream { stream, inside, .. } = *about else {
            return about.clone();
        };
        let unit = &self.units[stream];
        let all = unit.causes.iter().map(|cause| cause.parent);
        let others = all
            .clone()
            .filter(|&parent| !cases.contains_key(&self.units[parent].name));
        let others: Vec<usize> = others.collect();
        let source = unit.has_source() && !cases.contains_key("source");
        let restrict = match others.len() == all.count() && source == unit.has_source() {
            // A cause that does not exist may be meant as well.
            true => Restrict::Any,
            false => Restrict::Among(others, source),
        };
        About::Stream {
            stream,
            restrict,
            inside,
        }
    }

    fn cases(
        &mut self,
        by: &Expression,
        cases: &Map<ValueDef>,
        scope: &Scope,
        name: &str,
    ) -> Option<Typed> {
        let mut by_scope = scope.at(scope.at.key("by"));
        let selector = self.expression_of(&by.0, &mut by_scope, &[Ty::Text])?;
        let by_cause = matches!(selector.expr, Expr::Cause);
        let mut lowered: Vec<(u16, Typed)> = Vec::new();
        let (mut otherwise, mut ty, mut texts, mut wrong) =
            (None, None, Some(BTreeSet::new()), false);
        for (case, value) in cases {
            let at = scope.at.key("cases").key(case);
            let code = self.text_code(case, &at);
            let is_else = case == "else";
            if !is_else
                && selector
                    .texts
                    .as_ref()
                    .is_some_and(|possible| !possible.contains(&code))
            {
                let possible = selector
                    .texts
                    .iter()
                    .flatten()
                    .map(|&code| self.texts.text(code));
                let help = suggestion(case, possible.chain(["else"]));
                self.report.error_at_key(
                    &at,
                    format!("the value of `{}` is never '{case}'", by.0),
                    help,
                );
                wrong = true;
                continue;
            }
            let mut of_case = Scope::new(scope.about.clone(), at.clone(), "");
            of_case = of_case.with_purpose_part(scope, case);
            if by_cause
                && !is_else
                && let About::Stream { stream, inside, .. } = scope.about
            {
                let parent = self.units.iter().position(|unit| unit.name == *case);
                if parent.is_none() && case != "source" {
                    wrong = true;
                    continue;
                }
                let restrict = parent.map_or(Restrict::Source, Restrict::Only);
                of_case.about = About::Stream {
                    stream,
                    restrict,
                    inside,
                };
            }
            if by_cause && is_else {
                of_case.about = self.other_causes(&scope.about, cases);
                if matches!(&of_case.about, About::Stream { restrict: Restrict::Among(causes, false), .. } if causes.is_empty())
                {
                    let message = "this case is never chosen: each cause has one of its own";
                    self.report
                        .error_at_key(&at, message, Some("remove it".into()));
                    wrong = true;
                    continue;
                }
            }
            let Some(typed) = self.value(value, &of_case, name) else {
                wrong = true;
                continue;
            };
            if self.refuse_written(&typed, "a case", &at).is_none() {
                wrong = true;
                continue;
            }
            let plain = |ty| {
                if ty == Ty::Bool && matches!(value, ValueDef::Long(_)) {
                    Ty::Bool
                } else {
                    ty
                }
            };
            let first = *ty.get_or_insert(typed.ty);
            let is_number = |ty| matches!(ty, Ty::Number | Ty::Exact(_));
            if first != plain(typed.ty) && !(is_number(first) && is_number(typed.ty)) {
                let message = format!(
                    "this case is {}, others are {}",
                    self.type_name(typed.ty),
                    self.type_name(ty.unwrap_or(Ty::Number))
                );
                self.report.error(&at, message, None);
                wrong = true;
            }
            match (&mut texts, &typed.texts) {
                (Some(all), Some(some)) => all.extend(some),
                (all, _) => *all = None,
            }
            if is_else {
                otherwise = Some(typed);
            } else {
                lowered.push((code, typed));
            }
        }
        if wrong {
            return None;
        }
        let complete = selector
            .texts
            .as_ref()
            .is_some_and(|p| p.iter().all(|code| lowered.iter().any(|(c, _)| c == code)));
        let otherwise = match otherwise {
            Some(typed) => typed,
            None if complete => lowered.pop()?.1,
            None => {
                let missing = selector
                    .texts
                    .iter()
                    .flatten()
                    .filter(|code| !lowered.iter().any(|(c, _)| c == *code));
                let missing: Vec<String> = missing
                    .map(|&code| self.texts.text(code).to_owned())
                    .collect();
                let what = if missing.is_empty() {
                    "`else`".to_owned()
                } else {
                    format!("{} (or `else`)", missing.join(", "))
                };
                self.report.error_at_key(
                    &scope.at.key("cases"),
                    format!("the case {what} is missing"),
                    None,
                );
                return None;
            }
        };
        let (codes, mut values): (Vec<u16>, Vec<Typed>) = lowered.into_iter().unzip();
        values.push(otherwise);
        let exact = values.iter().any(|value| matches!(value.ty, Ty::Exact(_)));
        reconcile(&mut values);
        let otherwise = values.pop()?;
        let ty = if exact { otherwise.ty } else { ty? };
        let values = values.into_iter().map(|typed| typed.expr);
        let mut lowered: Vec<(u16, Expr)> = codes.into_iter().zip(values).collect();
        lowered.sort_by_key(|(code, _)| *code);
        let expr = Expr::Case(Box::new(selector.expr), lowered, Box::new(otherwise.expr));
        Some(Typed { expr, ty, texts })
    }
}
