//! What those who belong to somebody come to: how many there are, and sums over them.

use std::ops::Range;

use causeflow_engine::streams::program::{Binary, Children, Expr, KindId};

use super::Compiler;
use super::lower::Scope;
use super::types::{Ty, Typed, both};
use crate::diagnostic::suggestion;
use crate::syntax::{Ast, AstKind};

/// The kind and the reference of `count(branch.company)` and `sum(branch.company, ...)`.
pub(super) fn asked<'a>(name: &str, args: &'a [Ast]) -> Option<(&'a str, &'a str)> {
    let AstKind::Name(parts) = &args.first()?.kind else {
        return None;
    };
    match &parts[..] {
        [kind, of] if ["count", "sum"].contains(&name) => Some((kind, of)),
        _ => None,
    }
}

impl Compiler {
    /// `count(kind.reference [, state] [, where: condition] [, of: owner])`, `sum(kind.reference, value [, where: ...] [, of: ...])`.
    pub(super) fn children(
        &mut self,
        name: &str,
        (kind, reference): (&str, &str),
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let stream = self.stream_of(name, span, scope)?;
        let (kind, variable, wanted) = self.belonging(kind, reference, &args[0].span, scope)?;
        if let Some(away) = self.away_from_cells(stream) {
            let of = &self.kinds[kind].name;
            let message = format!("`{name}` finds nobody: {away}, where no {of} lives");
            self.report.error_in(&scope.at, span, message, None);
            return None;
        }
        let (mut plain, mut condition, mut owner) = (Vec::new(), None, None);
        for arg in &args[1..] {
            let place = match &arg.kind {
                AstKind::Named(word, value) if word == "where" => (&mut condition, value),
                AstKind::Named(word, value) if word == "of" => (&mut owner, value),
                AstKind::Named(word, _) => {
                    let message = format!("`{name}` does not know `{word}:`");
                    let help = suggestion(word, ["where", "of"]);
                    self.report
                        .certain_error_in(&scope.at, &arg.span, message, help);
                    return None;
                }
                _ => {
                    plain.push(arg);
                    continue;
                }
            };
            if place.0.replace(&**place.1).is_some() {
                let message = "this has been said before";
                self.report
                    .certain_error_in(&scope.at, &arg.span, message, None);
                return None;
            }
        }
        let (takes, fits) = match name {
            "count" => ("a state at most, besides whom it counts", plain.len() < 2),
            _ => ("one value to add up, besides over whom", plain.len() == 1),
        };
        self.arity(name, plain.len(), takes, fits, span, scope)?;
        let of = Ast {
            kind: AstKind::Name(vec![reference.to_owned()]),
            span: args[0].span.clone(),
        };
        let owner = self.owner_of_children(owner.unwrap_or(&of), wanted, scope)?;
        let condition = match condition {
            Some(condition) => Some(self.asked_of(kind, condition, &[Ty::Bool], scope)?.expr),
            None => None,
        };
        let children = |condition, value, exact| {
            Expr::Children(Box::new(Children {
                kind,
                of: (variable, owner.expr),
                condition,
                value,
                exact,
            }))
        };
        let Some(arg) = plain.first() else {
            return Some(Typed::new(children(condition, None, false), Ty::Number));
        };
        if name == "count" {
            let is = self.is_in_state(kind, Expr::OwnEntity, arg, scope)?;
            let condition = match condition {
                Some(more) => both(Binary::And, is, more),
                None => is,
            };
            return Some(Typed::new(
                children(Some(condition), None, false),
                Ty::Number,
            ));
        }
        let value = self.added_up(kind, arg, scope)?;
        let exact = matches!(value.ty, Ty::Exact(_));
        let sum = children(condition, Some(value.expr), exact);
        Some(Typed::new(sum, value.ty))
    }

    /// Whether an entity is in the state that an argument names.
    pub(super) fn is_in_state(
        &mut self,
        kind: KindId,
        entity: Expr,
        arg: &Ast,
        scope: &Scope,
    ) -> Option<Expr> {
        let state = self.state_argument(kind, arg, scope)?;
        let name = self.kinds[kind].states[usize::from(state)].clone();
        Some(self.is_in(kind, entity, &name, scope))
    }

    /// Whether an entity is in a state of this name.
    pub(super) fn is_in(&mut self, kind: KindId, entity: Expr, state: &str, scope: &Scope) -> Expr {
        let code = self.text_code(state, &scope.at);
        let state = Expr::State(kind, Box::new(entity));
        both(Binary::Same, state, Expr::Text(code))
    }

    /// What a sum adds up of each of a kind; its type is that of the sum.
    pub(super) fn added_up(&mut self, kind: KindId, arg: &Ast, scope: &Scope) -> Option<Typed> {
        let value = self.asked_of(kind, arg, &[], scope)?;
        let takes = match value.ty {
            Ty::Exact(_) => vec![value.ty],
            _ => vec![Ty::Number, Ty::Span],
        };
        let value = self.check_type(value, &takes, scope, &arg.span)?;
        Some(match value.ty {
            Ty::Bool => Typed::new(value.expr, Ty::Number),
            _ => value,
        })
    }

    /// A kind, and its reference to those to whom it belongs: its place and its type.
    fn belonging(
        &mut self,
        name: &str,
        reference: &str,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<(KindId, u16, Ty)> {
        let Some(kind) = self.kind(name) else {
            if !self.report.is_spoilt("entities", name) {
                let help = suggestion(name, self.kinds.iter().map(|kind| kind.name.as_str()));
                let message = format!("there is no kind of entity `{name}`");
                self.report.certain_error_in(&scope.at, span, message, help);
            }
            return None;
        };
        let names = &self.kinds[kind];
        let mut variables = (0..).zip(&names.variables);
        let found = variables.find(|(_, (name, ty, _))| {
            name == reference && matches!(ty, Ty::Entity(_) | Ty::Shared(_))
        });
        let (message, help) = match found {
            Some((at, (_, ty @ Ty::Entity(_), _))) if !names.shared => {
                return Some((kind, at, *ty));
            }
            Some(_) => (
                format!(
                    "a {name} and its {reference} may live in different cells, and none knows all of them"
                ),
                "let neither of them be `shared`",
            ),
            None if names.is_spoilt => return None,
            None => (
                format!("a {name} does not belong to a `{reference}`"),
                "write the kind, a dot, and a name of its `belongs_to`",
            ),
        };
        self.report
            .error_in(&scope.at, span, message, Some(help.into()));
        None
    }

    fn owner_of_children(&mut self, owner: &Ast, wanted: Ty, scope: &mut Scope) -> Option<Typed> {
        let typed = self.lower(owner, scope)?;
        if typed.ty == wanted {
            return Some(typed);
        }
        let message = format!(
            "this is {}, expected {}",
            self.type_name(typed.ty),
            self.type_name(wanted)
        );
        let help = "`of: ...` says to whom they belong";
        self.report
            .error_in(&scope.at, &owner.span, message, Some(help.into()));
        None
    }
}
