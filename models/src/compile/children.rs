//! What those who belong to somebody come to: how many there are, and sums over them.

use std::ops::Range;

use causeflow_engine::streams::program::{Binary, Children, Expr, KindId};

use super::Compiler;
use super::lower::Scope;
use super::types::{Ty, Typed};
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
            let state = self.state_argument(kind, arg, scope)?;
            let name = self.kinds[kind].states[usize::from(state)].clone();
            let code = Expr::Text(self.text_code(&name, &scope.at));
            let is = Expr::State(kind, Box::new(Expr::OwnEntity));
            let is = Expr::Binary(Binary::Same, Box::new(is), Box::new(code));
            let both = |more| Expr::Binary(Binary::And, Box::new(is.clone()), Box::new(more));
            let condition = condition.map_or_else(|| is.clone(), both);
            return Some(Typed::new(
                children(Some(condition), None, false),
                Ty::Number,
            ));
        }
        let mut takes = vec![Ty::Number, Ty::Span];
        let value = self.asked_of(kind, arg, &[], scope)?;
        if let Ty::Exact(_) = value.ty {
            takes = vec![value.ty];
        }
        let value = self.check_type(value, &takes, scope, &arg.span)?;
        let ty = match value.ty {
            Ty::Bool => Ty::Number,
            ty => ty,
        };
        let exact = matches!(ty, Ty::Exact(_));
        Some(Typed::new(children(condition, Some(value.expr), exact), ty))
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
