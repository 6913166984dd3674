//! Puts compiled streams together: slots are assigned, and what each event carries follows.

use causeflow_engine::base::exact::Digits;
use causeflow_engine::base::table::{ColumnSpec, ColumnType};
use causeflow_engine::streams::program::{
    Change, ChangeKind, Crossing, Delay, Destination, Effect, Expr, MAX_CARRIED, MAX_WORDS,
    Outcome, Service, Slot, Source, Stage, Stream, StreamId, Variable,
};

use super::Compiler;
use super::streams::{Input, Progress, Restrict, Unit};
use super::types::{Ty, own_of_slot, slot_of_own};
use crate::definition::{Cadence, FieldDef, NumberType, ValueDef};
use crate::diagnostic::suggestion;

/// A stream with virtual slots, before slots are assigned.
pub(super) struct Draft {
    pub source: Option<Source>,
    pub service: Option<Service>,
    pub requires: Option<Expr>,
    pub changes: Vec<Change>,
    pub effects: Vec<Effect>,
    pub outcomes: Vec<Outcome>,
}

impl Draft {
    fn all_effects(&mut self) -> impl Iterator<Item = &mut Effect> {
        self.effects.iter_mut().chain(
            self.outcomes
                .iter_mut()
                .flat_map(|group| &mut group.effects),
        )
    }

    /// Visits all expressions, and tells which are worked out whenever the event takes place.
    fn visit(&mut self, f: &mut impl FnMut(&mut Expr, bool)) {
        self.requires.iter_mut().for_each(|e| f(e, true));
        for change in &mut self.changes {
            change.when.iter_mut().for_each(|e| f(e, true));
            match &mut change.what {
                ChangeKind::State { entity, .. } | ChangeKind::Adopt { owner: entity, .. } => {
                    f(entity, true)
                }
                ChangeKind::Set { entity, value, .. } | ChangeKind::Add { entity, value, .. } => {
                    f(entity, true);
                    f(value, true);
                }
                ChangeKind::Count { value, .. } => f(value, true),
                ChangeKind::Slots(slots) => {
                    let parts = [&mut slots.entity, &mut slots.from, &mut slots.span];
                    parts.into_iter().for_each(|e| f(e, true));
                    f(&mut slots.every, true);
                    f(&mut slots.times, true);
                }
            }
        }
        if let Some(service) = &mut self.service {
            service.expressions_mut().for_each(|e| f(e, false));
        }
        for effect in self.all_effects() {
            effect.when.iter_mut().for_each(|e| f(e, true));
            f(&mut effect.probability, true);
            match &mut effect.delay {
                Delay::After(e) | Delay::At(e) => f(e, false),
            }
            if let Destination::CellOf(e) = &mut effect.destination {
                f(e, false);
            }
            effect.count.iter_mut().for_each(|e| f(e, false));
            effect.spacing.iter_mut().for_each(|e| f(e, false));
            let whom = effect.each.iter_mut().flat_map(|each| each.told_by_mut());
            whom.for_each(|e| f(e, false));
        }
    }
}

/// How many expressions may stand within one another once what only one thing uses has been put there.
const MOST_DEEP: usize = 500;

/// Where a stream's variables ended up.
pub(super) struct Layout {
    pub slot: Vec<Slot>,
    stage: Vec<Stage>,
}

impl Compiler {
    /// Assigns slots and makes the program's streams.
    pub(super) fn assemble(&mut self, mut drafts: Vec<Draft>) -> Vec<Stream> {
        for (s, draft) in drafts.iter_mut().enumerate() {
            self.inline(s, draft);
            self.keep_pieces(s);
        }
        let layouts: Vec<Layout> = (0..self.units.len())
            .map(|s| self.layout(s, &mut drafts))
            .collect();
        for (s, draft) in drafts.iter_mut().enumerate() {
            for effect in draft.all_effects() {
                let child = effect.stream.index();
                effect.pass = self.passed(child, s);
                effect.crossings = self.crossings(child, s);
                if let Some(each) = &mut effect.each {
                    each.slot = self.slot_of_reached(child, s);
                }
                let handed = self.handed(child);
                if self.units[s].lines == Some(child) && handed.contains(&true) {
                    let marked = self.on_document(child, handed);
                    effect.handed = self.steps(child, &marked);
                }
            }
        }
        drafts
            .into_iter()
            .enumerate()
            .map(|(s, draft)| self.stream(s, draft, &layouts))
            .collect()
    }

    /// What is known of the streams' causes where not everything is right: enough to look at rings. What is wrong
    /// leads to nothing.
    pub(super) fn sketches(&self, drafts: &[Draft]) -> Vec<Stream> {
        let nothing = Expr::Num(0.0);
        let variable = |unit: &Unit, own: usize| {
            let Progress::Done(Some(typed)) = &unit.own[own].progress else {
                return None;
            };
            Some(Variable {
                name: unit.own[own].name.clone(),
                slot: slot_of_own(own),
                value: typed.expr.clone(),
                kind: None,
                stage: Stage::Lazy,
                written: false,
            })
        };
        let sketch = |(unit, draft): (&Unit, &Draft)| Stream {
            name: unit.name.clone(),
            domain: String::new(),
            cadence: String::new(),
            description: String::new(),
            written: true,
            code: 0,
            document: None,
            join: None,
            tracks: None,
            source: None,
            service: None,
            carried: 0,
            carried_names: Vec::new(),
            variables: (0..unit.own.len())
                .filter_map(|own| variable(unit, own))
                .collect(),
            eager: 0,
            on_demand: 0,
            fields: Vec::new(),
            value: None,
            requires: match (&draft.requires, &unit.definition.requires) {
                (None, Some(_)) => Some(nothing.clone()),
                (requires, _) => requires.clone(),
            },
            creates: None,
            changes: Vec::new(),
            effects: draft.effects.clone(),
            outcomes: draft.outcomes.clone(),
            on_demand_at: Vec::new(),
            leaf: false,
            stateful: false,
        };
        self.units.iter().zip(drafts).map(sketch).collect()
    }

    pub(super) fn typed(&self, stream: usize, own: usize) -> Option<&Expr> {
        match &self.units[stream].own[own].progress {
            Progress::Done(Some(typed)) => Some(&typed.expr),
            _ => None,
        }
    }

    /// The own variables that an expression needs, directly: those it names, and those on which it
    /// depends whether the effects happen that it asks for.
    fn direct(&self, stream: usize, expr: &Expr) -> Vec<usize> {
        let slots = self.all_slots(stream, expr).into_iter();
        slots.filter_map(own_of_slot).collect()
    }

    /// Likewise all slots, also of what is carried.
    pub(super) fn all_slots(&self, stream: usize, expr: &Expr) -> Vec<Slot> {
        let mut slots = expr.slots();
        let caused: Vec<(usize, usize)> = self.effects_without_outcome(stream);
        expr.visit(&mut |e| {
            if let Expr::Happens(effect) = e {
                let (unit, cause) = caused[usize::from(*effect)];
                if let Some((when, probability)) = &self.units[unit].causes[cause].guard {
                    slots.extend(when.iter().flat_map(Expr::slots));
                    slots.extend(probability.slots());
                }
            }
        });
        slots
    }

    /// Whether an expression reads state, also through the effects that it asks for.
    pub(super) fn touches_state(&self, stream: usize, expr: &Expr) -> bool {
        let caused: Vec<(usize, usize)> = self.effects_without_outcome(stream);
        // What lines come to is worked out before the state changes.
        let mut touches = expr.any(|e| matches!(e, Expr::Lines(_))) || expr.reads_state();
        expr.visit(&mut |e| {
            if let Expr::Happens(effect) = e {
                let (unit, cause) = caused[usize::from(*effect)];
                let guard = self.units[unit].causes[cause].guard.as_ref();
                // Guards may ask for other effects; circles have been refused.
                touches |= guard.is_some_and(|(when, probability)| {
                    let mut parts = when.iter().chain([probability]);
                    parts.any(|e| self.touches_state(stream, e))
                });
            }
        });
        touches
    }

    /// Marks everything that the marked variables need.
    pub(super) fn close(&self, stream: usize, marked: &mut [bool]) {
        // What a variable needs comes before it in `order`.
        for &own in self.units[stream].order.iter().rev() {
            if marked[own]
                && let Some(expr) = self.typed(stream, own)
            {
                self.direct(stream, expr)
                    .into_iter()
                    .for_each(|needed| marked[needed] = true);
            }
        }
    }

    /// Puts each `let` that only one other variable uses into that variable: where a branch is not
    /// taken, what only the branch needs is then not worked out. Draws keep their purposes.
    fn inline(&mut self, s: usize, draft: &mut Draft) {
        let mut uses = vec![0usize; self.units[s].own.len()];
        let mut outside = Vec::new();
        draft.visit(&mut |expr, _| outside.push(expr.clone()));
        for expr in &outside {
            self.direct(s, expr)
                .into_iter()
                .for_each(|used| uses[used] += 2);
        }
        for child in 0..self.units.len() {
            if self.units[child]
                .causes
                .iter()
                .any(|cause| cause.parent == s)
            {
                let passed = self.passed(child, s).into_iter().flatten();
                passed
                    .filter_map(own_of_slot)
                    .for_each(|own| uses[own] += 2);
            }
        }
        self.units[s]
            .gathered
            .iter()
            .for_each(|&own| uses[own] += 2);
        let order = self.units[s].order.clone();
        for &user in &order {
            if let Some(expr) = self.typed(s, user) {
                self.direct(s, expr)
                    .into_iter()
                    .for_each(|used| uses[used] += 1);
                // Lines ask for slots, in whose place nothing else can be put.
                expr.visit(&mut |e| {
                    if let Expr::Lines(lines) = e {
                        let used = lines.slots().filter_map(own_of_slot);
                        used.for_each(|used| uses[used] += 2);
                    }
                });
            }
        }
        for &own in &order {
            let slot = slot_of_own(own);
            let variable = &self.units[s].own[own];
            if uses[own] != 1 || variable.is_field || variable.definition.is_none() {
                continue;
            }
            let Some(value) = self.typed(s, own).cloned() else {
                continue;
            };
            let user = order.iter().copied().find(|&user| {
                self.typed(s, user)
                    .is_some_and(|e| e.slots().contains(&slot))
            });
            let Some(user) = user else {
                continue;
            };
            // What is worked out at once is not to be deeper than the stack of whoever does it.
            let depth = |e: Option<&Expr>| e.map_or(0, Expr::depth);
            if value.depth() + depth(self.typed(s, user)) > MOST_DEEP {
                continue;
            }
            if let Progress::Done(Some(typed)) = &mut self.units[s].own[user].progress {
                typed.expr.put(slot, &value);
            }
            self.units[s].own[own].progress = Progress::Done(None);
            self.units[s].order.retain(|&other| other != own);
        }
    }

    fn layout(&mut self, s: usize, drafts: &mut [Draft]) -> Layout {
        let count = self.units[s].own.len();
        let mut eager: Vec<bool> = (0..count)
            .map(|i| {
                self.units[s].own[i].definition.is_none()
                    || self.typed(s, i).is_some_and(|e| self.touches_state(s, e))
            })
            .collect();
        let mut roots = Vec::new();
        drafts[s].visit(&mut |expr, always| {
            if always {
                roots.push(expr.clone());
            }
        });
        for expr in &roots {
            self.direct(s, expr)
                .into_iter()
                .for_each(|needed| eager[needed] = true);
        }
        self.close(s, &mut eager);
        let handed = self.handed(s);
        // What effects need besides, and children carry.
        let mut demanded = handed.clone();
        self.units[s]
            .gathered
            .iter()
            .for_each(|&own| demanded[own] = true);
        if demanded.contains(&true) {
            demanded = self.on_document(s, demanded);
        }
        let mut rest = Vec::new();
        drafts[s].visit(&mut |expr, always| {
            if !always {
                rest.push(expr.clone());
            }
        });
        for expr in &rest {
            self.direct(s, expr)
                .into_iter()
                .for_each(|needed| demanded[needed] = true);
        }
        for child in 0..self.units.len() {
            if self.units[child]
                .causes
                .iter()
                .any(|cause| cause.parent == s)
            {
                let passed = self.passed(child, s);
                for own in passed.into_iter().flatten().filter_map(own_of_slot) {
                    demanded[own] = true;
                }
            }
        }
        self.close(s, &mut demanded);
        let stage: Vec<Stage> = (0..count)
            .map(|i| match (eager[i], demanded[i]) {
                _ if handed[i] => Stage::Handed,
                (true, _) => Stage::Eager,
                (_, true) => Stage::OnDemand,
                _ => Stage::Lazy,
            })
            .collect();
        let unit = &self.units[s];
        let mut slot = vec![Slot(0); count];
        // The own ones come after the inputs.
        let mut next = unit.inputs.len();
        let created = (0..count).filter(|&i| unit.own[i].definition.is_none());
        let sequence: Vec<usize> = created
            .chain(
                unit.order
                    .iter()
                    .copied()
                    .filter(|&i| unit.own[i].definition.is_some()),
            )
            .collect();
        for wanted in [Stage::Handed, Stage::Eager, Stage::OnDemand, Stage::Lazy] {
            for &i in sequence.iter().filter(|&&i| stage[i] == wanted) {
                slot[i] = Slot(next as u16);
                next += 1;
            }
        }
        Layout { slot, stage }
    }

    /// For each input of `child`, the virtual slot that `parent` passes, if it gives that input.
    fn passed(&mut self, child: usize, parent: usize) -> Vec<Option<Slot>> {
        let inputs = self.units[child].inputs.clone();
        inputs
            .iter()
            .map(|input| {
                // Whom an effect reaches, the event itself does not know.
                if !input.given_by(parent) || self.reached(child, parent, &input.name).is_some() {
                    return None;
                }
                match self.find_name(parent, &input.name, &Restrict::Any, None) {
                    Ok(Some(typed)) => typed.expr.slots().first().copied(),
                    _ => None,
                }
            })
            .collect()
    }

    /// The inputs of `child` that refer to an entity which `parent` knows otherwise.
    fn crossings(&mut self, child: usize, parent: usize) -> Vec<Crossing> {
        let inputs = self.units[child].inputs.clone();
        let given = inputs
            .iter()
            .enumerate()
            .filter(|(_, input)| input.given_by(parent));
        let crossing = |(slot, input): (usize, &Input)| {
            let from = match self.reached(child, parent, &input.name) {
                Some(kind) => Ty::Entity(kind),
                None => {
                    let from = self.find_name(parent, &input.name, &Restrict::Any, None);
                    from.ok()??.ty
                }
            };
            let arrives = match (from, input.ty) {
                (Ty::Entity(_), Ty::Away(_)) => false,
                (Ty::Away(_), Ty::Entity(_)) => true,
                _ => return None,
            };
            let slot = Slot::at(slot);
            Some(Crossing { slot, arrives })
        };
        given.filter_map(crossing).collect()
    }

    fn stream(&mut self, s: usize, mut draft: Draft, layouts: &[Layout]) -> Stream {
        let layout = &layouts[s];
        let real = |slot: Slot| own_of_slot(slot).map_or(slot, |own| layout.slot[own]);
        draft.visit(&mut |expr, _| expr.map_slots(&real));
        for effect in draft.all_effects() {
            effect
                .pass
                .iter_mut()
                .flatten()
                .for_each(|slot| *slot = real(*slot));
        }
        let unit = self.units[s].clone();
        let handed = unit
            .order
            .iter()
            .filter(|&&i| layout.stage[i] == Stage::Handed);
        let handed = handed.map(|&i| unit.own[i].name.clone());
        let carried = unit.inputs.iter().map(|input| input.name.clone());
        let names: Vec<String> = carried.chain(handed).collect();
        if names.len() > MAX_CARRIED {
            let message = format!(
                "{} would carry {} values from its causes, at most {MAX_CARRIED} are possible: {}",
                unit.name,
                names.len(),
                names.join(", ")
            );
            self.report.error_at_key(
                &unit.at,
                message,
                Some("work some of them out anew, or earlier in the chain".into()),
            );
        }
        let mut written: Vec<bool> = unit.own.iter().map(|variable| variable.is_field).collect();
        self.close(s, &mut written);
        let variables: Vec<Variable> = unit
            .order
            .iter()
            .filter_map(|&i| {
                let Progress::Done(Some(typed)) = &unit.own[i].progress else {
                    return None;
                };
                let mut value = typed.expr.clone();
                self.finish_lines(s, &mut value, layouts);
                let number = match &unit.own[i].definition {
                    Some(ValueDef::Long(long)) => long.number_type(),
                    _ => None,
                };
                let kind = self.column_type(typed.ty, number);
                value.map_slots(&real);
                let (name, slot, stage) =
                    (unit.own[i].name.clone(), layout.slot[i], layout.stage[i]);
                Some(Variable {
                    name,
                    slot,
                    value,
                    kind,
                    stage,
                    written: written[i],
                })
            })
            .collect();
        let fields = self.fields(s, &layout.slot);
        let value = self.value_field(s, &fields);
        let creates = unit
            .own
            .iter()
            .position(|v| v.definition.is_none())
            .and_then(|i| {
                let kind = self.kind(&unit.own[i].name)?;
                Some((kind, layout.slot[i]))
            });
        let count = |wanted| {
            layout
                .stage
                .iter()
                .filter(|stage| **stage == wanted)
                .count() as u16
        };
        let mut stream = Stream {
            code: self.texts.code(&unit.name),
            domain: unit
                .definition
                .domain
                .clone()
                .unwrap_or_else(|| unit.name.split('.').next().unwrap_or("").to_owned()),
            cadence: match unit.definition.cadence {
                Some(Cadence::High) => "high",
                Some(Cadence::Low) => "low",
                _ => "medium",
            }
            .into(),
            description: unit.definition.description.clone().unwrap_or_default(),
            written: unit.definition.written.unwrap_or(true),
            name: unit.name.clone(),
            document: unit.document.map(StreamId::at),
            join: None,
            tracks: unit
                .definition
                .tracks
                .as_deref()
                .and_then(|kind| self.kind(kind)),
            carried: names.len() as u16,
            carried_names: names,
            eager: count(Stage::Eager),
            on_demand: count(Stage::OnDemand),
            variables,
            fields,
            value,
            creates,
            source: draft.source.take(),
            service: draft.service.take(),
            requires: draft.requires.take(),
            changes: std::mem::take(&mut draft.changes),
            effects: std::mem::take(&mut draft.effects),
            outcomes: std::mem::take(&mut draft.outcomes),
            on_demand_at: Vec::new(),
            leaf: false,
            stateful: false,
        };
        if usize::from(stream.carried + stream.eager + stream.on_demand) >= MAX_WORDS {
            let message = format!(
                "{} has more than {MAX_WORDS} values that others depend on",
                stream.name
            );
            self.report
                .error_at_key(&unit.at, message, Some("split it into two streams".into()));
        }
        stream.on_demand_at = (stream.carried..stream.carried + stream.eager + stream.on_demand)
            .map(|slot| {
                stream
                    .variables
                    .iter()
                    .position(|v| v.slot == Slot(slot) && v.stage == Stage::OnDemand)
            })
            .map(|at| at.map(|at| at as u16))
            .collect();
        stream.stateful = is_stateful(&stream);
        stream.leaf = stream.eager == 0
            && !stream.writes_state()
            && stream.requires.is_none()
            && stream.service.is_none()
            && stream.all_effects().next().is_none();
        stream
    }

    /// How a field is written: its own definition or, where it is taken over as it is, that of the
    /// field it comes from, with what its own definition says differently.
    fn described(&self, s: usize, name: &str) -> FieldDef {
        let mut described = FieldDef::default();
        let (mut seen, mut at) = (vec![false; self.units.len()], s);
        loop {
            let unit = &self.units[at];
            let own = unit.own.iter().find(|variable| variable.name == name);
            let long = match own.and_then(|variable| variable.definition.as_ref()) {
                Some(ValueDef::Short(_)) => return described,
                Some(ValueDef::Long(long)) => Some(&**long),
                None => None,
            };
            if let Some(long) = long {
                let FieldDef {
                    r#type,
                    unit,
                    description,
                    ..
                } = &mut described;
                *r#type = r#type.take().or_else(|| long.r#type.clone());
                *unit = unit.take().or_else(|| long.unit.clone());
                *description = description.take().or_else(|| long.description.clone());
            }
            let known = described.r#type.is_some()
                && described.unit.is_some()
                && described.description.is_some();
            let ends = known
                || long.is_some_and(FieldDef::has_own_value)
                || std::mem::replace(&mut seen[at], true);
            match unit.causes.first() {
                Some(cause) if !ends => at = cause.parent,
                _ => return described,
            }
        }
    }

    fn fields(&mut self, s: usize, own: &[Slot]) -> Vec<(ColumnSpec, Slot)> {
        let unit = self.units[s].clone();
        let mut fields = Vec::new();
        for (i, variable) in unit.own.iter().enumerate().filter(|(_, v)| v.is_field) {
            let Progress::Done(Some(typed)) = &variable.progress else {
                continue;
            };
            let long = self.described(s, &variable.name);
            let Some(kind) = self.column_type(typed.ty, long.number_type()) else {
                let message = format!("a column cannot hold {}", self.type_name(typed.ty));
                let help = match typed.ty {
                    Ty::Span => "divide it by a unit, such as `/ 1m`",
                    _ => "write its identifier, with `.id`",
                };
                self.report
                    .error_at_key(&variable.at, message, Some(help.into()));
                continue;
            };
            let column = ColumnSpec {
                name: variable.name.clone(),
                kind,
                unit: long.unit.clone(),
                description: long.description.clone(),
                nullable: false,
            };
            fields.push((column, own[i]));
        }
        fields
    }

    /// The place of the field that history sums up.
    fn value_field(&mut self, s: usize, fields: &[(ColumnSpec, Slot)]) -> Option<u16> {
        let name = self.units[s].definition.value.clone()?;
        let at = self.units[s].at.key("value");
        let Some(place) = fields.iter().position(|(spec, _)| spec.name == name) else {
            let own = self.units[s].own.iter().filter(|own| own.is_field);
            // A field that is wrong is reported by itself.
            if !own.clone().any(|field| field.name == name) {
                let help = suggestion(&name, own.map(|field| field.name.as_str()));
                let message = format!("{} has no field `{name}`", self.units[s].name);
                self.report.error(&at, message, help);
            }
            return None;
        };
        let is_number = |spec: &ColumnSpec| spec.kind.is_number();
        if !is_number(&fields[place].0) {
            let mut numbers = fields.iter().map(|(spec, _)| spec).filter(|s| is_number(s));
            let help = match numbers.next() {
                Some(first) => {
                    let names = numbers.map(|spec| spec.name.as_str());
                    let names: Vec<&str> =
                        std::iter::once(first.name.as_str()).chain(names).collect();
                    format!("fields that are numbers: {}", names.join(", "))
                }
                None => "leave `value` out: no field of this stream is a number".to_owned(),
            };
            let message = format!("`{name}` is no number, so it cannot be summed up");
            self.report.error(&at, message, Some(help));
            return None;
        }
        Some(place as u16)
    }

    /// The column type of a value, if it can be one.
    pub(super) fn column_type(&self, ty: Ty, number: Option<NumberType>) -> Option<ColumnType> {
        Some(match ty {
            Ty::Number if number == Some(NumberType::Int) => ColumnType::Int,
            Ty::Exact(scale) => ColumnType::Exact(match number {
                Some(NumberType::Exact(digits)) if digits.scale() == scale => digits,
                _ => Digits::with_scale(scale),
            }),
            Ty::Number => ColumnType::Float,
            Ty::Bool => ColumnType::Bool,
            Ty::Time => ColumnType::Time,
            Ty::Text | Ty::Row(_) => ColumnType::Text,
            Ty::Id => ColumnType::Id,
            Ty::Written => ColumnType::String,
            Ty::Span | Ty::Entity(_) | Ty::Away(_) | Ty::Shared(_) => return None,
        })
    }
}

/// Whether a stream's events must take place in total order within their process.
fn is_stateful(stream: &Stream) -> bool {
    let reads = |expr: &Expr| expr.reads_state();
    let has_candidates = match &stream.source {
        Some(Source::Arrivals { actor, .. }) => actor.is_some(),
        Some(Source::Each { .. } | Source::Platform { .. }) => true,
        None => false,
    };
    has_candidates
        || stream.service.is_some()
        || stream.writes_state()
        || stream.requires.as_ref().is_some_and(reads)
        || stream
            .variables
            .iter()
            .any(|variable| variable.stage != Stage::Handed && reads(&variable.value))
        || stream
            .effects
            .iter()
            .any(|effect| !effect.handed.is_empty() || effect.each.is_some())
        || stream.all_effects().any(|effect| {
            let delay = match &effect.delay {
                Delay::After(e) | Delay::At(e) => e,
            };
            [
                Some(&effect.probability),
                Some(delay),
                effect.when.as_ref(),
                effect.count.as_ref(),
                effect.spacing.as_ref(),
            ]
            .into_iter()
            .flatten()
            .any(reads)
        })
}
