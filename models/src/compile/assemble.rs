//! Puts compiled streams together: slots are assigned, and what each event carries follows.

use causeflow_engine::program::{Change, ChangeKind, Delay, Effect, Expr, Outcome, Slot, Source, Stream, Variable};
use causeflow_engine::program::MAX_CARRIED;
use causeflow_engine::table::{ColumnSpec, ColumnType};

use super::Compiler;
use super::streams::{Progress, Restrict};
use super::types::{OWN, Ty};
use crate::definition::{Cadence, FieldDef, NumberType, ValueDef};

/// A stream with virtual slots, before slots are assigned.
pub(super) struct Draft {
    pub source: Option<Source>,
    pub requires: Option<Expr>,
    pub changes: Vec<Change>,
    pub effects: Vec<Effect>,
    pub outcomes: Vec<Outcome>,
}

impl Draft {
    /// Visits the expressions that are worked out when the event takes place.
    fn visit(&mut self, f: &mut impl FnMut(&mut Expr)) {
        self.requires.iter_mut().for_each(&mut *f);
        for change in &mut self.changes {
            change.when.iter_mut().for_each(&mut *f);
            match &mut change.what {
                ChangeKind::State { entity, .. } | ChangeKind::Adopt { owner: entity, .. } => f(entity),
                ChangeKind::Set { entity, value, .. } | ChangeKind::Add { entity, value, .. } => {
                    f(entity);
                    f(value);
                }
                ChangeKind::Count { value, .. } => f(value),
            }
        }
        let effects = self.effects.iter_mut().chain(self.outcomes.iter_mut().flat_map(|g| &mut g.effects));
        for effect in effects {
            effect.when.iter_mut().for_each(&mut *f);
            f(&mut effect.probability);
            match &mut effect.delay {
                Delay::After(e) | Delay::At(e) => f(e),
            }
            effect.count.iter_mut().for_each(&mut *f);
            effect.spacing.iter_mut().for_each(&mut *f);
        }
    }
}

/// Where a stream's variables and inputs ended up.
struct Layout {
    own: Vec<Slot>,
    eager: Vec<bool>,
}

impl Compiler {
    /// Assigns slots and makes the program's streams.
    pub(super) fn assemble(&mut self, mut drafts: Vec<Draft>) -> Vec<Stream> {
        let mut eager: Vec<Vec<bool>> = (0..self.units.len()).map(|s| self.eager_within(s, &mut drafts[s])).collect();
        // What children carry from a variable makes it eager, too.
        for child in 0..self.units.len() {
            for cause in self.units[child].causes.clone() {
                for at in self.passed(child, cause.parent).into_iter().flatten().filter(|&at| at >= OWN) {
                    eager[cause.parent][usize::from(at - OWN)] = true;
                }
            }
        }
        for (s, eager) in eager.iter_mut().enumerate() {
            self.close(s, eager);
        }
        let layouts: Vec<Layout> = eager.into_iter().enumerate().map(|(s, eager)| self.layout(s, eager)).collect();
        drafts.into_iter().enumerate().map(|(s, draft)| self.stream(s, draft, &layouts)).collect()
    }

    fn typed(&self, stream: usize, own: usize) -> Option<&Expr> {
        match &self.units[stream].own[own].progress {
            Progress::Done(Some(typed)) => Some(&typed.expr),
            _ => None,
        }
    }

    /// The variables that must be worked out when an event takes place, for its own sake.
    fn eager_within(&self, stream: usize, draft: &mut Draft) -> Vec<bool> {
        let own = self.units[stream].own.len();
        let mut eager: Vec<bool> = (0..own)
            .map(|i| {
                self.typed(stream, i).is_none_or(|expr| {
                    let mut happens = false;
                    expr.visit(&mut |e| happens |= matches!(e, Expr::Happens(_)));
                    happens || expr.reads_state()
                })
            })
            .collect();
        draft.visit(&mut |expr| {
            for slot in expr.slots().into_iter().filter(|&slot| slot >= OWN) {
                eager[usize::from(slot - OWN)] = true;
            }
        });
        eager
    }

    /// What an eager variable is worked out from is eager.
    fn close(&self, stream: usize, eager: &mut [bool]) {
        // Dependencies come before their users in `order`.
        for &own in self.units[stream].order.iter().rev().filter(|_| true) {
            if eager[own] && let Some(expr) = self.typed(stream, own) {
                for slot in expr.slots().into_iter().filter(|&slot| slot >= OWN) {
                    eager[usize::from(slot - OWN)] = true;
                }
            }
        }
    }

    fn layout(&self, stream: usize, eager: Vec<bool>) -> Layout {
        let unit = &self.units[stream];
        let mut own = vec![0; unit.own.len()];
        let mut next = unit.inputs.len() as Slot;
        for wanted in [true, false] {
            let created = (0..unit.own.len()).filter(|&i| unit.own[i].definition.is_none());
            for i in created.chain(unit.order.iter().copied().filter(|&i| unit.own[i].definition.is_some())) {
                if eager[i] == wanted {
                    own[i] = next;
                    next += 1;
                }
            }
        }
        Layout { own, eager }
    }

    /// For each input of `child`, the virtual slot that `parent` passes, if it gives that input.
    fn passed(&mut self, child: usize, parent: usize) -> Vec<Option<Slot>> {
        let inputs = self.units[child].inputs.clone();
        inputs
            .iter()
            .map(|input| {
                let gives = match &input.restrict {
                    Restrict::Any => true,
                    Restrict::Only(only) => *only == parent,
                    Restrict::Source => false,
                };
                if !gives {
                    return None;
                }
                match self.find_name(parent, &input.name, &Restrict::Any, None) {
                    Ok(Some(typed)) => typed.expr.slots().first().copied(),
                    _ => None,
                }
            })
            .collect()
    }

    fn stream(&mut self, s: usize, mut draft: Draft, layouts: &[Layout]) -> Stream {
        let own = &layouts[s].own;
        let real = |slot: Slot| if slot >= OWN { own[usize::from(slot - OWN)] } else { slot };
        draft.visit(&mut |expr| expr.map_slots(&real));
        for effect in draft.effects.iter_mut().chain(draft.outcomes.iter_mut().flat_map(|g| &mut g.effects)) {
            let passed = self.passed(usize::from(effect.stream), s);
            effect.pass = passed.into_iter().map(|slot| slot.map(real)).collect();
        }
        let unit = self.units[s].clone();
        if unit.inputs.len() > MAX_CARRIED {
            let names: Vec<&str> = unit.inputs.iter().map(|input| input.name.as_str()).collect();
            let message = format!(
                "{} would carry {} values from its causes, at most {MAX_CARRIED} are possible: {}",
                unit.name,
                names.len(),
                names.join(", ")
            );
            self.report.error_at_key(&unit.at, message, Some("work some of them out anew, or earlier in the chain".into()));
        }
        let variables: Vec<Variable> = unit
            .order
            .iter()
            .filter_map(|&i| {
                let mut value = self.typed(s, i)?.clone();
                value.map_slots(&real);
                let eager = layouts[s].eager[i];
                Some(Variable { name: unit.own[i].name.clone(), slot: own[i], value, eager })
            })
            .collect();
        let fields = self.fields(s, own);
        let creates = unit.own.iter().position(|v| v.definition.is_none()).and_then(|i| {
            let kind = self.kind(&unit.own[i].name)?;
            Some((kind, own[i]))
        });
        let eager_count = layouts[s].eager.iter().filter(|eager| **eager).count();
        let mut stream = Stream {
            code: self.texts.code(&unit.name),
            domain: unit.definition.domain.clone().unwrap_or_else(|| unit.name.split('.').next().unwrap_or("").to_owned()),
            cadence: match unit.definition.cadence {
                Some(Cadence::High) => "high",
                Some(Cadence::Low) => "low",
                _ => "medium",
            }
            .into(),
            description: unit.definition.description.clone().unwrap_or_default(),
            name: unit.name,
            carried: unit.inputs.len() as u16,
            carried_names: unit.inputs.iter().map(|input| input.name.clone()).collect(),
            eager: eager_count as u16,
            variables,
            fields,
            creates,
            source: draft.source.take(),
            requires: draft.requires.take(),
            changes: std::mem::take(&mut draft.changes),
            effects: std::mem::take(&mut draft.effects),
            outcomes: std::mem::take(&mut draft.outcomes),
            stateful: false,
        };
        stream.stateful = is_stateful(&stream);
        stream
    }

    fn fields(&mut self, s: usize, own: &[Slot]) -> Vec<(ColumnSpec, Slot)> {
        let unit = self.units[s].clone();
        let mut fields = Vec::new();
        for (i, variable) in unit.own.iter().enumerate().filter(|(_, v)| v.is_field) {
            let Progress::Done(Some(typed)) = &variable.progress else {
                continue;
            };
            let long = match &variable.definition {
                Some(ValueDef::Long(long)) => (**long).clone(),
                _ => FieldDef::default(),
            };
            let Some(kind) = self.column_type(typed.ty, long.r#type) else {
                let message = format!("a column cannot hold {}", self.type_name(typed.ty));
                let help = match typed.ty {
                    Ty::Span => "divide it by a unit, such as `/ 1m`",
                    _ => "write its identifier, with `.id`",
                };
                self.report.error_at_key(&variable.at, message, Some(help.into()));
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

    /// The column type of a value, if it can be one.
    pub(super) fn column_type(&self, ty: Ty, number: Option<NumberType>) -> Option<ColumnType> {
        Some(match ty {
            Ty::Number if number == Some(NumberType::Int) => ColumnType::Int,
            Ty::Number => ColumnType::Float,
            Ty::Bool => ColumnType::Bool,
            Ty::Time => ColumnType::Time,
            Ty::Text => ColumnType::Text,
            Ty::Id => ColumnType::Id,
            Ty::Span | Ty::Entity(_) => return None,
        })
    }
}

/// Whether a stream's events must take place in total order within their process.
fn is_stateful(stream: &Stream) -> bool {
    let reads = |expr: &Expr| expr.reads_state();
    let has_candidates = match &stream.source {
        Some(Source::Arrivals { actor, .. }) => actor.is_some(),
        Some(_) => true,
        None => false,
    };
    has_candidates
        || stream.writes_state()
        || stream.requires.as_ref().is_some_and(reads)
        || stream.variables.iter().any(|variable| reads(&variable.value))
        || stream.all_effects().any(|effect| {
            let delay = match &effect.delay {
                Delay::After(e) | Delay::At(e) => e,
            };
            [Some(&effect.probability), Some(delay), effect.when.as_ref(), effect.count.as_ref(), effect.spacing.as_ref()]
                .into_iter()
                .flatten()
                .any(reads)
        })
}
