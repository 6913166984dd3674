//! Lowers expressions: names become indices, types are checked, draws get their purposes.

use std::ops::Range;

use causeflow_engine::base::draw::{Purpose, purpose};
use causeflow_engine::base::sample::Dist;
use causeflow_engine::streams::program::{Expr, KindId, Unary};

use super::Compiler;
use super::exact::{as_number, exact_of, negated};
use super::operators::{COUNT_TRUTH, fold};
use super::report::At;
use super::streams::{Missing, Restrict};
use super::texts::{WRITTEN_LATE, of_entity};
use super::types::{Ty, Typed};
use crate::diagnostic::suggestion;
use crate::syntax::{self, Ast, AstKind, Prefix};

/// What an expression is about.
#[derive(Clone, Debug)]
pub enum About {
    /// An event of a stream; names are looked for in all causes, or in one.
    Stream {
        stream: usize,
        restrict: Restrict,
        inside: Option<usize>,
    },
    /// An entity; `variables` tells whether its variables and state are known, too.
    Entity { kind: KindId, variables: bool },
    /// A row of a stream, by its columns; of no stream, nothing has a name.
    Row(Option<usize>),
}

/// The surroundings of an expression.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What it is about.
    pub about: About,
    /// Where it stands.
    pub at: At,
    /// The kind of those whom a cause reaches, where it is about each of them: it is known by its name.
    pub each: Option<KindId>,
    /// The kind of whom one is picked, in a condition of whoever may be.
    pub picked: Option<KindId>,
    /// Whether it is about what cannot be reached, which is told elsewhere: names may have been meant of that.
    pub is_spoilt: bool,
    /// The purpose of its draws, which are numbered.
    purpose: Purpose,
    draws: u64,
}

impl Scope {
    /// A scope whose draws go by this name.
    pub fn new(about: About, at: At, name: &str) -> Scope {
        Scope {
            about,
            at,
            each: None,
            picked: None,
            is_spoilt: false,
            purpose: purpose(name),
            draws: 0,
        }
    }

    /// The same scope at another place, for the next of its draws.
    pub fn at(&self, at: At) -> Scope {
        Scope { at, ..self.clone() }
    }

    /// The purpose of the draw of a choice, which is all there is to its value.
    pub fn purpose_of_choice(mut self) -> Purpose {
        self.next_purpose()
    }

    /// This scope with the draws of one case of `whole`, which are its own.
    pub fn with_purpose_part(self, whole: &Scope, case: &str) -> Scope {
        Scope {
            purpose: Purpose(purpose(case).0 ^ whole.purpose.0),
            draws: 0,
            ..self
        }
    }

    pub(super) fn next_purpose(&mut self) -> Purpose {
        self.draws += 1;
        self.purpose.part(self.draws)
    }
}

pub(super) const BUILT_IN: [&str; 6] = ["time", "event_id", "cause", "index", "hour", "weekday"];

impl Compiler {
    /// Parses and lowers a text; what is wrong is reported.
    pub fn expression(&mut self, text: &str, scope: &mut Scope) -> Option<Typed> {
        match syntax::parse(text) {
            Ok(ast) => {
                let typed = self.lower(&ast, scope)?;
                self.warn_of_undefined(&typed.expr, scope);
                Some(typed)
            }
            Err(error) => {
                let (at, part) = (&scope.at, &error.span);
                // A comma may have cut off the rest, which has been told then: see `structure::words::Cut`.
                if part.start == text.len() {
                    self.report.error_in(at, part, error.message, error.help);
                } else {
                    self.report
                        .certain_error_in(at, part, error.message, error.help);
                }
                None
            }
        }
    }

    /// The code of a text that stands somewhere; one too many is refused there.
    pub(super) fn text_code(&mut self, text: &str, at: &At) -> u16 {
        if self.texts.is_one_too_many(text) {
            let message =
                format!("`{text}` is one text too many: a model has at most 65,535 different ones");
            let help = "texts with a number in them can be two fields, a text and a number";
            self.report.certain_error(at, message, Some(help.into()));
        }
        self.texts.code(text)
    }

    /// Likewise, and checks that the type is one of those wanted.
    pub fn expression_of(&mut self, text: &str, scope: &mut Scope, wanted: &[Ty]) -> Option<Typed> {
        let typed = self.expression(text, scope)?;
        self.check_type(typed, wanted, scope, &(0..text.len()))
    }

    /// Refuses a type that is not wanted. A truth value counts as a number, and numbers and exact ones turn into each other.
    pub(super) fn check_type(
        &mut self,
        typed: Typed,
        wanted: &[Ty],
        scope: &Scope,
        span: &Range<usize>,
    ) -> Option<Typed> {
        if wanted.contains(&typed.ty) || (typed.ty == Ty::Bool && wanted.contains(&Ty::Number)) {
            return Some(typed);
        }
        let exact = wanted.iter().find_map(|ty| match ty {
            Ty::Exact(scale) => Some(*scale),
            _ => None,
        });
        match (typed.ty, exact) {
            (Ty::Exact(_) | Ty::Number, Some(scale)) => {
                return Some(Typed::new(exact_of(typed, scale), Ty::Exact(scale)));
            }
            (Ty::Exact(_), None) if wanted.contains(&Ty::Number) => return Some(as_number(typed)),
            _ => {}
        }
        if wanted.contains(&typed.ty.plain()) {
            return Some(Typed {
                ty: typed.ty.plain(),
                ..typed
            });
        }
        let names: Vec<String> = wanted.iter().map(|ty| self.type_name(*ty)).collect();
        let help = match typed.ty {
            Ty::Number if wanted.contains(&Ty::Span) => {
                Some("write the unit of time: 10s, 5m, 2h, 1d".to_owned())
            }
            Ty::Written => Some(WRITTEN_LATE.to_owned()),
            _ => None,
        };
        let message = format!(
            "this is {}, expected {}",
            self.type_name(typed.ty),
            names.join(" or ")
        );
        // The type of what has names in it may follow from what else is wrong.
        match typed.expr.slots().is_empty() {
            true => self.report.certain_error_in(&scope.at, span, message, help),
            false => self.report.error_in(&scope.at, span, message, help),
        }
        None
    }

    /// The type's name in messages.
    pub fn type_name(&self, ty: Ty) -> String {
        match ty {
            Ty::Number => "a number".into(),
            Ty::Exact(0) => "a whole number".into(),
            Ty::Exact(scale) => format!("a number with {scale} decimals"),
            Ty::Bool => "a truth value".into(),
            Ty::Span => "a duration".into(),
            Ty::Time => "a time".into(),
            Ty::Text => "a text".into(),
            Ty::Written => "a text that is put together".into(),
            Ty::Id => "an identifier".into(),
            Ty::Entity(kind) => format!("a reference to a {}", self.kinds[kind].name),
            Ty::Away(kind) => format!("a reference to a {} in another cell", self.kinds[kind].name),
            Ty::Shared(kind) => format!(
                "a reference to a {}, which may live in another cell",
                self.kinds[kind].name
            ),
            Ty::Row(table) => format!("a row of {}", self.tables[usize::from(table)].0),
        }
    }

    /// Lowers a parsed expression.
    pub fn lower(&mut self, ast: &Ast, scope: &mut Scope) -> Option<Typed> {
        match &ast.kind {
            AstKind::Number(x) => Some(Typed::new(Expr::Num(*x), Ty::Number)),
            AstKind::Duration(us) => Some(Typed::new(Expr::Num(*us), Ty::Span)),
            AstKind::Date(local) => {
                let time = self.zone.instant(*local);
                if time.is_none() {
                    let message = "this lies beyond what calendars can show";
                    self.report.error_in(&scope.at, &ast.span, message, None);
                }
                Some(Typed::new(Expr::Num(time?.0 as f64), Ty::Time))
            }
            AstKind::Bool(b) => Some(Typed::new(Expr::Num(f64::from(u8::from(*b))), Ty::Bool)),
            AstKind::Text(text) => {
                let code = self.text_code(text, &scope.at);
                Some(Typed {
                    expr: Expr::Text(code),
                    ty: Ty::Text,
                    texts: Some([code].into()),
                })
            }
            AstKind::Name(parts) => self.name(parts, &ast.span, scope),
            AstKind::Call(name, args) => self.call(name, args, &ast.span, scope),
            AstKind::Named(name, _) => {
                let message = format!("`{name}:` says something of a table, in `choose`");
                self.report
                    .certain_error_in(&scope.at, &ast.span, message, None);
                None
            }
            AstKind::Unary(op, inner) => {
                let (wanted, unary): (&[Ty], Unary) = match op {
                    Prefix::Minus => (&[Ty::Number, Ty::Span], Unary::Negate),
                    Prefix::Not => (&[Ty::Bool], Unary::Not),
                };
                let inner_span = inner.span.clone();
                let typed = self.lower(inner, scope)?;
                if *op == Prefix::Minus && typed.ty == Ty::Bool {
                    let message = "`-` does not go with a truth value";
                    let help = Some(COUNT_TRUTH.into());
                    self.report.error_in(&scope.at, &ast.span, message, help);
                    return None;
                }
                if let (Prefix::Minus, Ty::Exact(_)) = (op, typed.ty) {
                    return Some(Typed::new(negated(typed.expr), typed.ty));
                }
                let typed = self.check_type(typed, wanted, scope, &inner_span)?;
                Some(Typed::new(
                    fold(Expr::Unary(unary, Box::new(typed.expr))),
                    typed.ty,
                ))
            }
            AstKind::Binary(op, a, b) => self.binary(*op, a, b, scope),
            AstKind::Range(low, high) => {
                let (low_span, high_span) = (low.span.clone(), high.span.clone());
                let (low, high) = (self.lower(low, scope)?, self.lower(high, scope)?);
                let low = self.check_type(low, &[Ty::Span, Ty::Number], scope, &low_span)?;
                let high = self.check_type(high, &[low.ty], scope, &high_span)?;
                if let (Expr::Num(from), Expr::Num(to)) = (&low.expr, &high.expr)
                    && from > to
                {
                    let message = "this range goes from high to low";
                    let help = "write the lower bound first";
                    self.report
                        .certain_error_in(&scope.at, &ast.span, message, Some(help.into()));
                    return None;
                }
                let draw = Expr::Draw(
                    Dist::Uniform,
                    vec![low.expr, high.expr],
                    scope.next_purpose(),
                );
                Some(Typed::new(draw, low.ty))
            }
        }
    }

    fn name(&mut self, parts: &[String], span: &Range<usize>, scope: &mut Scope) -> Option<Typed> {
        let (first, mut rest) = (&parts[0], &parts[1..]);
        let candidate = match self.of_candidate(parts, span, scope) {
            Some(said) => Some((scope.picked?, said?)),
            None => None,
        };
        if candidate.is_none()
            && rest.is_empty()
            && let Some(value) = self.parameter_value(first, scope)
        {
            return value;
        }
        let mut value = match scope.about.clone() {
            About::Entity { kind, variables } => {
                return self.own_name(kind, variables, parts, span, scope);
            }
            About::Row(stream) => self.column_named(stream, first, span, scope)?,
            About::Stream { .. } if candidate.is_some() => {
                let (kind, said) = candidate?;
                rest = &parts[said..];
                Typed::new(Expr::OwnEntity, self.referring(kind))
            }
            About::Stream {
                stream,
                restrict,
                inside,
            } => {
                let each = scope.each.filter(|&kind| self.kinds[kind].name == *first);
                let found = match each {
                    Some(kind) => Ok(Some(Typed::new(Expr::OwnEntity, Ty::Entity(kind)))),
                    None => self.find_name(stream, first, &restrict, inside),
                };
                match found {
                    Ok(Some(value)) => value,
                    Ok(None) => return self.silent(scope, first),
                    Err(_) if BUILT_IN.contains(&first.as_str()) => self.built_in(first, stream),
                    Err(Missing::Reported) => return None,
                    Err(Missing::Where(_)) if scope.is_spoilt => return None,
                    Err(Missing::Where(missing)) => {
                        let mut names = self.names_known(stream);
                        names.extend(BUILT_IN.map(str::to_owned));
                        names.extend(self.parameter_names());
                        // It may be known elsewhere, which is no help here; a value does not follow from itself.
                        names.remove(first);
                        if let Some(own) = inside {
                            let own = &self.units[stream].own[own].name;
                            names.remove(own);
                        }
                        let help = match scope.picked.map(|kind| &self.kinds[kind].name) {
                            Some(kind) if kind == first && !rest.is_empty() => Some(format!(
                                "a {kind} who is asked is `it`, and has bare names: `{}`",
                                rest.join(".")
                            )),
                            _ => suggestion(first, names.iter().map(String::as_str)),
                        };
                        let message = format!("`{first}` is not known here{missing}");
                        self.report.error_in(&scope.at, span, message, help);
                        return None;
                    }
                }
            }
        };
        for part in rest {
            if let Ty::Row(table) = value.ty {
                value = self.cell(table, value.expr, part, span, scope)?;
                continue;
            }
            if let Ty::Away(kind) = value.ty {
                let message = format!(
                    "`{part}`: the {} lives in a cell that this event may have left",
                    self.kinds[kind].name
                );
                let help = self.how_to_reach(kind, first);
                self.report.error_in(&scope.at, span, message, Some(help));
                return None;
            }
            if let Ty::Shared(kind) = value.ty {
                value = self.shared_member(kind, value.expr, part, span, scope)?;
                continue;
            }
            let Ty::Entity(kind) = value.ty else {
                let message = format!(
                    "`{part}`: only an entity has values of its own, this is {}",
                    self.type_name(value.ty)
                );
                self.report.error_in(&scope.at, span, message, None);
                return None;
            };
            value = self.member(kind, value.expr, part, span, scope)?;
        }
        Some(value)
    }

    /// What a reference to an entity of a kind is, where nobody has gone to it.
    pub(super) fn referring(&self, kind: KindId) -> Ty {
        match self.kinds[kind].shared {
            true => Ty::Shared(kind),
            false => Ty::Entity(kind),
        }
    }

    /// `entity.part` of one that may live in another cell: what never changes.
    fn shared_member(
        &mut self,
        kind: KindId,
        entity: Expr,
        part: &str,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<Typed> {
        let names = &self.kinds[kind];
        let mut variables = names.variables.iter();
        let changes = variables.any(|(name, ty, _)| name == part && !matches!(ty, Ty::Shared(_)));
        if changes || part == "state" {
            let name = &names.name;
            let message =
                format!("`{part}` of a {name} changes, and is known only where that lives");
            let help = format!(
                "let it follow with `cell: {name}`, or by the name that the {name} has here"
            );
            self.report.error_in(&scope.at, span, message, Some(help));
            return None;
        }
        self.member(kind, entity, part, span, scope)
    }

    /// What can be done about an entity in another cell.
    pub(super) fn how_to_reach(&self, kind: KindId, name: &str) -> String {
        let kind = &self.kinds[kind].name;
        format!(
            "carry what is needed of the {kind}, such as `{name}.id`, or let it happen in what follows with `cell: {name}`"
        )
    }

    fn built_in(&mut self, name: &str, stream: usize) -> Typed {
        match name {
            "time" => Typed::new(Expr::Time, Ty::Time),
            "event_id" => Typed::new(Expr::EventId, Ty::Id),
            "index" => Typed::new(Expr::Index, Ty::Number),
            "hour" => Typed::new(Expr::Hour, Ty::Number),
            "weekday" => Typed::new(Expr::Weekday, Ty::Number),
            _ => {
                let texts = self.causes_of(stream);
                Typed {
                    expr: Expr::Cause,
                    ty: Ty::Text,
                    texts: Some(texts),
                }
            }
        }
    }

    fn own_name(
        &mut self,
        kind: KindId,
        variables: bool,
        parts: &[String],
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<Typed> {
        let names = self.kinds[kind].clone();
        // Conditions on actors may name them: `student.subscribed` is `subscribed`.
        let parts = if variables && parts.len() == 2 && parts[0] == names.name {
            &parts[1..]
        } else {
            parts
        };
        if let [name, column] = parts
            && let Some(i) = names.attributes.iter().position(|(n, ..)| n == name)
            && let (_, Ty::Row(table), _) = names.attributes[i]
        {
            return self.cell(table, Expr::Own(i as u16), column, span, scope);
        }
        if let [name] = parts {
            if let Some(i) = names.attributes.iter().position(|(n, ..)| n == name) {
                let (_, ty, texts) = names.attributes[i].clone();
                return Some(Typed {
                    expr: Expr::Own(i as u16),
                    ty,
                    texts,
                });
            }
            if variables && let Some(i) = names.variables.iter().position(|(n, ..)| n == name) {
                let (_, ty, texts) = names.variables[i].clone();
                return Some(Typed {
                    expr: Expr::OwnVariable(i as u16),
                    ty,
                    texts,
                });
            }
            if let Some(text) = names.texts.iter().find(|text| text.column.name == *name) {
                let template = Expr::Template(Box::new(text.template.clone()));
                return Some(Typed::new(template, Ty::Written));
            }
            if !variables && name == "id" {
                return Some(Typed::new(Expr::EventId, Ty::Id));
            }
            if variables && ["id", "age", "state"].contains(&name.as_str()) {
                return self.member(kind, Expr::OwnEntity, name, span, scope);
            }
        }
        if names.is_spoilt {
            return None;
        }
        let known = names
            .attributes
            .iter()
            .chain(names.variables.iter().filter(|_| variables));
        let texts = names.texts.iter().map(|text| text.column.name.as_str());
        let known: Vec<&str> = known.map(|(name, ..)| name.as_str()).chain(texts).collect();
        let wrong = parts.join(".");
        let help = suggestion(&wrong, known);
        let message = format!(
            "`{wrong}` is not an attribute of {} that is known here",
            names.name
        );
        self.report.error_in(&scope.at, span, message, help);
        None
    }

    /// `entity.part`.
    fn member(
        &mut self,
        kind: KindId,
        entity: Expr,
        part: &str,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<Typed> {
        let names = self.kinds[kind].clone();
        let entity = Box::new(entity);
        if let Some(i) = names.attributes.iter().position(|(n, ..)| n == part) {
            let (_, ty, texts) = names.attributes[i].clone();
            return Some(Typed {
                expr: Expr::Attribute(kind, entity, i as u16),
                ty,
                texts,
            });
        }
        if let Some(i) = names.variables.iter().position(|(n, ..)| n == part) {
            let (_, ty, texts) = names.variables[i].clone();
            let expr = match ty {
                Ty::Entity(_) | Ty::Shared(_) => Expr::Reference(kind, entity, i as u16),
                _ => Expr::Variable(kind, entity, i as u16),
            };
            return Some(Typed { expr, ty, texts });
        }
        if let Some(text) = names.texts.iter().find(|text| text.column.name == part) {
            return Some(of_entity(kind, &text.template, &entity));
        }
        match part {
            "id" => Some(Typed::new(Expr::EntityId(kind, entity), Ty::Id)),
            "age" => Some(Typed::new(Expr::Age(kind, entity), Ty::Span)),
            "state" => {
                let texts = names
                    .states
                    .iter()
                    .map(|state| self.texts.code(state))
                    .collect();
                Some(Typed {
                    expr: Expr::State(kind, entity),
                    ty: Ty::Text,
                    texts: Some(texts),
                })
            }
            _ if names.is_spoilt => None,
            _ => {
                let known = names
                    .attributes
                    .iter()
                    .chain(&names.variables)
                    .map(|(n, ..)| n.as_str())
                    .chain(names.texts.iter().map(|text| text.column.name.as_str()));
                let help = suggestion(part, known.chain(["id", "age", "state"]));
                let message = format!("a {} has no `{part}`", names.name);
                self.report.error_in(&scope.at, span, message, help);
                None
            }
        }
    }
}
