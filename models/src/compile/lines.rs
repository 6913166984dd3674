//! Documents with lines. The lines of a stream are a stream of their own, caused by it at once, so many of them. What they
//! add up to is worked out on the document from what they will be, which follows from their keys.

use std::ops::Range;

use causeflow_engine::streams::program::{
    Binary, ExactBinary, Expr, Gathered, Lines, MAX_COUNT, Slot,
};

use super::assemble::Layout;
use super::bounds::bounds;
use super::lower::{About, Scope};
use super::report::At;
use super::streams::{Progress, Restrict};
use super::types::{Ty, Typed, own_of_slot, slot_of_own};
use super::{Compiler, Merged};
use crate::definition::{CauseDef, Expression, FieldDef, LinesDef, StreamDef, TypeName, ValueDef};
use crate::diagnostic::{number, suggestion};
use crate::syntax::{Ast, AstKind};

/// The column with the number of a line.
const LINE: &str = "line";
/// What the lines of a stream are called in its expressions.
const LINES: &str = "lines";
/// The functions of lines.
const FUNCTIONS: [&str; 4] = ["count", "sum", "min", "max"];

/// What a function asks of lines, if that is what its one argument is about.
pub(super) fn asked<'a>(name: &str, args: &'a [Ast]) -> Option<&'a [String]> {
    match args {
        [
            Ast {
                kind: AstKind::Name(parts),
                ..
            },
        ] if FUNCTIONS.contains(&name) && parts[0] == LINES => Some(&parts[1..]),
        _ => None,
    }
}

/// The stream of the lines of a document.
fn stream_of(document: &str, lines: LinesDef) -> StreamDef {
    let number = FieldDef {
        value: Some(Expression("index + 1".into())),
        r#type: Some(TypeName("int".into())),
        description: Some(format!("Which line of its {document} it is, from 1.")),
        ..FieldDef::default()
    };
    let mut fields = lines.fields;
    fields.shift_insert(0, LINE.into(), ValueDef::Long(Box::new(number)));
    StreamDef {
        domain: lines.domain,
        cadence: lines.cadence,
        description: lines.description,
        written: lines.written,
        causes: vec![CauseDef {
            on: document.into(),
            count: Some(lines.count),
            ..CauseDef::default()
        }],
        r#let: lines.r#let,
        fields,
        value: lines.value,
        creates: lines.creates,
        changes: lines.changes,
        document: Some(document.into()),
        ..StreamDef::default()
    }
}

impl Compiler {
    /// Lets the lines of streams be streams beside them.
    pub(super) fn separate_lines(&mut self, merged: &mut Merged) {
        let mut all = Vec::new();
        for (document, (file, stream)) in &mut merged.streams {
            if let Some(lines) = stream.lines.clone() {
                all.push((document.clone(), *file, *lines));
            }
        }
        for (document, file, lines) in all {
            let at = At::new(file, &["streams", &document, LINES]);
            for (key, map) in [("let", &lines.r#let), ("fields", &lines.fields)] {
                if map.contains_key(LINE) {
                    let message = "`line` is the number of the line, which each line has";
                    let help = "remove it, or choose another name".to_owned();
                    self.report
                        .error_at_key(&at.key(key).key(LINE), message, Some(help));
                }
            }
            let name = lines.name.clone();
            if let Some((_, other)) = merged.streams.get(&name) {
                let message = match &other.document {
                    Some(other) => format!("`{name}` are the lines of {other} already"),
                    None => format!("there is another stream `{name}`"),
                };
                let help = "lines are a stream of their own: choose another name".to_owned();
                self.report.error(&at.key("name"), message, Some(help));
                continue;
            }
            let stream = stream_of(&document, lines);
            merged.streams.insert(name, (file, stream));
        }
    }

    /// Where a stream stands.
    pub(super) fn place_of_stream(name: &str, (file, stream): &(usize, StreamDef)) -> At {
        if let Some(relation) = &stream.relation {
            return Self::made_for(*file, relation);
        }
        match (&stream.document, &stream.tracks) {
            (Some(document), _) => At::new(*file, &["streams", document, LINES]),
            (None, Some(kind)) => At::new(*file, &["entities", kind, "track"]),
            (None, None) => At::new(*file, &["streams", name]),
        }
    }

    /// Brings documents and their lines together.
    pub(super) fn join_lines(&mut self) {
        for line in 0..self.units.len() {
            let Some(document) = self.units[line].definition.document.clone() else {
                continue;
            };
            let document = self.units.iter().position(|unit| unit.name == document);
            self.units[line].document = document;
            if let Some(document) = document {
                self.units[document].lines = Some(line);
            }
        }
    }

    /// What the lines of an event come to: `count(lines)`, `sum(lines.amount)`.
    pub(super) fn gathered(
        &mut self,
        (name, of): (&str, &[String]),
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<Typed> {
        let stream = self.stream_of(name, span, scope)?;
        let Some(line) = self.units[stream].lines else {
            if self.units[stream].definition.lines.is_some() {
                // They are wrong, which is told where they stand.
                return None;
            }
            let message = format!("{} has no lines", self.units[stream].name);
            let help = "say in `lines` what they are like".to_owned();
            self.report.error_in(&scope.at, span, message, Some(help));
            return None;
        };
        if !matches!(
            scope.about,
            About::Stream {
                inside: Some(_),
                ..
            }
        ) {
            let message = format!("`{name}` of lines belongs to fields and `let`s");
            let help = "give it a name in `let`, and write that here".to_owned();
            self.report.error_in(&scope.at, span, message, Some(help));
            return None;
        }
        let counted_by = self.counted_by(line)?;
        let effects = self.effects_without_outcome(stream);
        let effect = effects.iter().position(|(unit, _)| *unit == line)? as u16;
        let mut lines = Lines {
            effect,
            gathered: Gathered::Count,
            value: Slot(0),
            inputs: Vec::new(),
            counted_by,
            steps: Vec::new(),
        };
        let ty = match (name, of) {
            ("count", []) => Ty::Number,
            ("sum" | "min" | "max", [field]) => {
                let own = self.of_line(line, field, span, scope)?;
                self.rings.down += 1;
                let found = self.variable(line, own);
                self.rings.down -= 1;
                let typed = match found {
                    Ok(Some(typed)) => typed,
                    Ok(None) => return self.silent(scope, field),
                    Err(_) => return None,
                };
                let ty = match typed.ty {
                    Ty::Number | Ty::Bool => Ty::Number,
                    ty @ (Ty::Exact(_) | Ty::Span) => ty,
                    ty => {
                        let message = format!(
                            "`{name}` takes numbers and durations, `{field}` is {}",
                            self.type_name(ty)
                        );
                        self.report.error_in(&scope.at, span, message, None);
                        return None;
                    }
                };
                lines.gathered = match (name, ty) {
                    ("sum", Ty::Exact(_)) => Gathered::Exact(ExactBinary::Add),
                    ("min", Ty::Exact(_)) => Gathered::Exact(ExactBinary::Min),
                    (_, Ty::Exact(_)) => Gathered::Exact(ExactBinary::Max),
                    ("sum", _) => Gathered::Numbers(Binary::Add),
                    ("min", _) => Gathered::Numbers(Binary::Min),
                    _ => Gathered::Numbers(Binary::Max),
                };
                lines.value = slot_of_own(own);
                lines.inputs = self.inputs_of_line(stream, line, own);
                self.units[line].gathered.insert(own);
                ty
            }
            _ => {
                let message = format!("`{name}` cannot ask this of lines");
                let help = "write count(lines), or sum, min or max of a field: sum(lines.amount)";
                self.report
                    .certain_error_in(&scope.at, span, message, Some(help.into()));
                return None;
            }
        };
        Some(Typed::new(Expr::Lines(Box::new(lines)), ty))
    }

    /// The field or `let` of a line.
    fn of_line(
        &mut self,
        line: usize,
        name: &str,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<usize> {
        let own = self.units[line].own.iter();
        let mut own = own.filter(|variable| variable.definition.is_some());
        if own.clone().any(|variable| variable.name == name) {
            let mut all = self.units[line].own.iter();
            return all.position(|variable| variable.name == name);
        }
        let help = suggestion(name, own.by_ref().map(|variable| variable.name.as_str()));
        let message = format!("{} has no field `{name}`", self.units[line].name);
        self.report.error_in(&scope.at, span, message, help);
        None
    }

    /// The slots of a document from which follows how many lines it has.
    fn counted_by(&mut self, line: usize) -> Option<Vec<Slot>> {
        let (definition, mut scope) = self.cause_scope(line, 0, "count");
        let Expression(text) = definition.count?;
        let count = self.expression_of(&text, &mut scope, &[Ty::Number])?;
        Some(count.expr.slots())
    }

    /// What a variable of a line follows from among what lines carry, with the document's slots.
    fn inputs_of_line(&mut self, stream: usize, line: usize, own: usize) -> Vec<(Slot, Slot)> {
        let mut marked = vec![false; self.units[line].own.len()];
        marked[own] = true;
        self.close(line, &mut marked);
        let mut inputs: Vec<Slot> = Vec::new();
        for (own, _) in marked.iter().enumerate().filter(|(_, marked)| **marked) {
            if let Some(expr) = self.typed(line, own) {
                let slots = self.all_slots(line, expr).into_iter();
                inputs.extend(slots.filter(|slot| own_of_slot(*slot).is_none()));
            }
        }
        inputs.sort_unstable();
        inputs.dedup();
        let given = |slot: Slot| {
            let name = self.units[line].inputs[slot.index()].name.clone();
            let found = self.find_name(stream, &name, &Restrict::Any, None);
            let found = found.ok().flatten();
            found.and_then(|typed| Some((slot, *typed.expr.slots().first()?)))
        };
        inputs.into_iter().filter_map(given).collect()
    }

    /// A document has a number of lines that is bounded, as far as the model tells.
    pub(super) fn check_lines(&mut self, line: usize, count: &Expr) {
        let Some(document) = self.units[line].document else {
            return;
        };
        let (_, scope) = self.cause_scope(line, 0, "count");
        let most = bounds(&self.spelt_out(document, count)).1;
        if most > MAX_COUNT {
            let found = match most.is_finite() {
                true => format!("can be {}", number(most)),
                false => "is not bounded, as far as the model tells".into(),
            };
            let message = format!("the number of lines {found}, at most {MAX_COUNT} are possible");
            let help = "give it bounds, such as poisson(3, 1, 100) or min(items, 100)";
            self.report.error(&scope.at, message, Some(help.into()));
        }
    }

    /// An expression with a stream's own values in the place of their names.
    pub(super) fn spelt_out(&self, stream: usize, expr: &Expr) -> Expr {
        let mut expr = expr.clone();
        // Each comes after what it needs.
        for &own in self.units[stream].order.iter().rev() {
            let slot = slot_of_own(own);
            if expr.slots().contains(&slot)
                && let Some(value) = self.typed(stream, own)
            {
                expr.put(slot, value);
            }
        }
        expr
    }

    /// Which variables of a line its document tells it: those that read state.
    pub(super) fn handed(&self, stream: usize) -> Vec<bool> {
        let unit = &self.units[stream];
        let reads = |own: usize| {
            let expr = self.typed(stream, own);
            unit.own[own].definition.is_some()
                && expr.is_some_and(|expr| self.touches_state(stream, expr))
        };
        let own = 0..unit.own.len();
        own.map(|own| unit.document.is_some() && reads(own))
            .collect()
    }

    /// Marks all that is worked out on a document for some variables of its lines. What a line brings is not there by then.
    pub(super) fn on_document(&mut self, stream: usize, mut marked: Vec<bool>) -> Vec<bool> {
        self.close(stream, &mut marked);
        let own = self.units[stream].own.iter().zip(&marked);
        let mut brought = own.filter(|(own, marked)| **marked && own.definition.is_none());
        if let Some((kind, _)) = brought.next() {
            let message = format!(
                "what is added up over lines, and what a line reads of state, is worked out with the document: the {} that a line brings is not there by then",
                kind.name
            );
            let at = self.units[stream].at.key("creates");
            self.report.error(&at, message, None);
        }
        marked
    }

    /// The variables of a stream that are marked, as indices in the program, in the order in which they are worked out.
    pub(super) fn steps(&self, stream: usize, marked: &[bool]) -> Vec<u16> {
        let unit = &self.units[stream];
        let done = |own: &&usize| matches!(unit.own[**own].progress, Progress::Done(Some(_)));
        let variables = (0..).zip(unit.order.iter().filter(done));
        let steps =
            variables.filter(|(_, own)| marked[**own] && unit.own[**own].definition.is_some());
        steps.map(|(at, _)| at).collect()
    }

    /// Finishes what an expression of a document asks of its lines.
    pub(super) fn finish_lines(&mut self, stream: usize, expr: &mut Expr, layouts: &[Layout]) {
        let Some(line) = self.units[stream].lines else {
            return;
        };
        expr.rewrite(&mut |e| {
            let Expr::Lines(lines) = e else {
                return;
            };
            let Some(own) = own_of_slot(lines.value) else {
                return;
            };
            let mut marked = vec![false; self.units[line].own.len()];
            marked[own] = true;
            self.close(line, &mut marked);
            lines.steps = self.steps(line, &marked);
            lines.value = layouts[line].slot[own];
        });
    }
}
