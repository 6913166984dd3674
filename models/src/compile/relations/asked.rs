//! What expressions ask of relations: `count(student.tutors)`, `sum(...)`, `pick(...)`, `linked(student.tutors, tutor)`.

use std::ops::Range;

use causeflow_engine::streams::program::{Binary, Children, Expr, KindId, PickWhere};

use super::STATES;
use crate::compile::Compiler;
use crate::compile::lower::Scope;
use crate::compile::parts::draws;
use crate::compile::types::{Ty, Typed, both};
use crate::diagnostic::suggestion;
use crate::syntax::{Ast, AstKind};

/// The links of somebody: their kind, how they refer to the two ends, and the kind of the other one.
struct Asked {
    by: KindId,
    near: u16,
    far: u16,
    others: KindId,
    /// Who it is.
    whom: Typed,
}

fn end(by: KindId, variable: u16) -> Expr {
    Expr::Reference(by, Box::new(Expr::OwnEntity), variable)
}

/// What is asked of somebody who is linked, asked of the link. Within, others may be asked in turn, who are who they are.
fn through(e: &mut Expr, other: &Expr) {
    match e {
        Expr::OwnEntity => *e = other.clone(),
        Expr::Children(children) => through(&mut children.of.1, other),
        _ => e.for_each_part_mut(&mut |part| through(part, other)),
    }
}

/// Whether an expression asks whoever is asked or reached itself.
fn asks_it(e: &Expr) -> bool {
    match e {
        Expr::OwnEntity => true,
        Expr::Children(children) => asks_it(&children.of.1),
        _ => {
            let mut asks = false;
            e.for_each_part(&mut |part| asks |= asks_it(part));
            asks
        }
    }
}

impl Compiler {
    /// The word of a relation by which a function asks of it, and of whom, if it does.
    pub(in crate::compile) fn related(&self, name: &str, args: &[Ast]) -> Option<String> {
        let AstKind::Name(parts) = &args.first()?.kind else {
            return None;
        };
        let word = parts.last().filter(|_| parts.len() > 1)?;
        let asks = ["count", "sum", "pick", "linked"].contains(&name);
        let is_one = self.relation_called(word).is_some() || self.is_spoilt_relation(word);
        (asks && is_one).then(|| word.clone())
    }

    /// `count(student.tutors [, state] [, where: condition])`, and likewise `pick`; `sum(student.tutors, value [, where: condition])`;
    /// `linked(student.tutors, tutor)`.
    pub(in crate::compile) fn of_related(
        &mut self,
        name: &str,
        word: &str,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let asked = self.links_asked(name, word, &args[0], span, scope)?;
        let (by, far, others) = (asked.by, asked.far, asked.others);
        let (mut plain, mut condition) = (Vec::new(), None);
        for arg in &args[1..] {
            match &arg.kind {
                AstKind::Named(key, value) if key == "where" && condition.is_none() => {
                    condition = Some(&**value);
                }
                AstKind::Named(key, _) => {
                    let message = match key == "where" {
                        true => "this has been said before".to_owned(),
                        false => format!("`{name}` does not know `{key}:`"),
                    };
                    let help = suggestion(key, ["where"]).filter(|_| key != "where");
                    self.report
                        .certain_error_in(&scope.at, &arg.span, message, help);
                    return None;
                }
                _ => plain.push(arg),
            }
        }
        let (takes, fits) = match name {
            "sum" => ("one value to add up, besides over whom", plain.len() == 1),
            "linked" => (
                "whose links, and another one",
                plain.len() == 1 && condition.is_none(),
            ),
            _ => ("a state at most, besides whom it is about", plain.len() < 2),
        };
        self.arity(name, plain.len(), takes, fits, span, scope)?;
        let mut holds = self.is_in(by, Expr::OwnEntity, STATES[0], scope);
        let mut hold = |e| {
            let before = std::mem::replace(&mut holds, Expr::Num(0.0));
            holds = both(Binary::And, before, e);
        };
        if let Some(condition) = condition {
            let mut said = self.asked_of(others, condition, &[Ty::Bool], scope)?.expr;
            through(&mut said, &end(by, far));
            hold(said);
        }
        if let (Some(arg), "count" | "pick") = (plain.first(), name) {
            hold(self.is_in_state(others, end(by, far), arg, scope)?);
        }
        let children = |of, condition, value, exact| {
            Expr::Children(Box::new(Children {
                kind: by,
                of,
                condition: Some(condition),
                value,
                exact,
            }))
        };
        match name {
            "count" => {
                let of = (asked.near, asked.whom.expr);
                Some(Typed::new(children(of, holds, None, false), Ty::Number))
            }
            "sum" => {
                let mut value = self.added_up(others, plain[0], scope)?;
                through(&mut value.expr, &end(by, far));
                let exact = matches!(value.ty, Ty::Exact(_));
                let of = (asked.near, asked.whom.expr);
                let sum = children(of, holds, Some(value.expr), exact);
                Some(Typed::new(sum, value.ty))
            }
            "linked" => {
                let other = self.lower(plain[0], scope)?;
                let wanted = self.referring(others);
                if other.ty != wanted {
                    let message = format!(
                        "this is {}, expected {}",
                        self.type_name(other.ty),
                        self.type_name(wanted)
                    );
                    self.report
                        .error_in(&scope.at, &plain[0].span, message, None);
                    return None;
                }
                // Whoever is asked already is not the one whom the links ask, so that is said of whose links they are.
                let ends = [
                    (asked.near, asked.whom.expr, &args[0].span),
                    (far, other.expr, &plain[0].span),
                ];
                let [first, second] = match asks_it(&ends[1].1) {
                    true => {
                        let [near, far] = ends;
                        [far, near]
                    }
                    false => ends,
                };
                self.said_of_event(&second.1, second.2, scope)?;
                hold(both(Binary::Same, end(by, second.0), second.1));
                let many = children((first.0, first.1), holds, None, false);
                Some(Typed::new(
                    both(Binary::Less, Expr::Num(0.0), many),
                    Ty::Bool,
                ))
            }
            _ => {
                self.said_of_event(&asked.whom.expr, &args[0].span, scope)?;
                let of = both(Binary::Same, end(by, asked.near), asked.whom.expr);
                let picked = Expr::PickWhere(Box::new(PickWhere {
                    kind: by,
                    state: Some(0),
                    condition: Some(both(Binary::And, of, holds)),
                    different: false,
                    purpose: scope.next_purpose(),
                }));
                let picked = Expr::Reference(by, Box::new(picked), far);
                Some(Typed::new(picked, Ty::Entity(others)))
            }
        }
    }

    fn links_asked(
        &mut self,
        name: &str,
        word: &str,
        arg: &Ast,
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Asked> {
        let stream = self.stream_of(name, span, scope)?;
        let (relation, forward) = self.relation_called(word)?;
        let known = self.relations[relation].clone();
        let [near, far] = known.ends_from(forward);
        let (by, others) = (self.kind(&known.name)?, self.kind(&far.kind)?);
        if let Some(away) = self.away_from_cells(stream) {
            let message = format!(
                "`{name}` finds nobody: {away}, where no {} lives",
                near.kind
            );
            self.report.error_in(&scope.at, span, message, None);
            return None;
        }
        let AstKind::Name(parts) = &arg.kind else {
            return None;
        };
        let whom = Ast {
            kind: AstKind::Name(parts[..parts.len() - 1].to_vec()),
            span: arg.span.clone(),
        };
        let whom = self.lower(&whom, scope)?;
        let wanted = Ty::Entity(self.kind(&near.kind)?);
        if whom.ty != wanted {
            let message = format!(
                "this is {}, and of a {} there are {word}",
                self.type_name(whom.ty),
                near.kind
            );
            let help = match whom.ty {
                Ty::Away(kind) => Some(self.how_to_reach(kind, &parts[0])),
                _ => None,
            };
            self.report.error_in(&scope.at, &arg.span, message, help);
            return None;
        }
        Some(Asked {
            by,
            near: self.variable_of(by, &near.name)?,
            far: self.variable_of(by, &far.name)?,
            others,
            whom,
        })
    }

    /// Refuses what is drawn or asks whoever is asked already: each link would be asked it anew.
    fn said_of_event(&mut self, e: &Expr, span: &Range<usize>, scope: &Scope) -> Option<()> {
        if !asks_it(e) && !e.any(draws) {
            return Some(());
        }
        let message = "who this is would be asked of each link anew";
        let help = "give it a name with `let`, and write that name here";
        self.report
            .error_in(&scope.at, span, message, Some(help.into()));
        None
    }
}
