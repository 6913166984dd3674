//! Picks: somebody of a kind, by activity, in a state or by a condition (`where:`).
//!
//! A condition is about somebody who may be picked, known as `it`: a bare name is one of theirs, if they have it, and one of
//! the event's else. What both have is refused, so that no field that is added later changes what a condition says.
//!
//! Lines of a document, or events of one cause, may pick `distinct` ones. They share one order of all who fit, so all must mean the
//! same by that: lines are worked out at one moment, events are not, and ask what never changes.

use std::ops::Range;

use causeflow_engine::streams::program::{Expr, KindId, PickWhere};

use super::Compiler;
use super::lower::{About, BUILT_IN, Scope};
use super::parts::draws;
use super::types::{Ty, Typed, own_of_slot};
use crate::syntax::{Ast, AstKind};

/// Whoever may be picked, in a condition.
const IT: &str = "it";

/// Says that each line, or each event of a cause, picks another one.
const DISTINCT: &str = "distinct";

/// What an entity has besides attributes and variables.
const OF_ENTITIES: [&str; 3] = ["id", "age", "state"];

impl Compiler {
    /// `pick(kind [, state] [, distinct] [, where: condition])`.
    pub(super) fn pick(
        &mut self,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let is_named = |arg: &&Ast| matches!(arg.kind, AstKind::Named(..));
        let (named, mut plain): (Vec<&Ast>, Vec<&Ast>) = args.iter().partition(is_named);
        let is_word =
            |arg: &&Ast| matches!(&arg.kind, AstKind::Name(parts) if *parts == [DISTINCT]);
        let word = plain.iter().skip(1).position(is_word);
        let word = word.map(|at| plain.remove(at + 1));
        let wanted = "a kind, and a state, `distinct` and a condition (`where: ...`) if wanted";
        let fits = (1..=2).contains(&plain.len());
        self.arity("pick", plain.len(), wanted, fits, span, scope)?;
        let stream = self.stream_of("pick", span, scope)?;
        let kind = self.kind_argument(plain[0], scope)?;
        self.found_here(kind, plain.len() > 1, stream, &plain[0].span, scope)?;
        let state = plain
            .get(1)
            .map(|arg| self.state_argument(kind, arg, scope));
        let state = match state {
            Some(state) => Some(state?),
            None => None,
        };
        let purpose = scope.next_purpose();
        let condition = self.condition_of_pick(kind, &named, scope)?;
        if let Some(word) = word {
            let asked = (state, condition.as_ref());
            self.picked_distinctly((kind, stream), asked, &word.span, scope)?;
        }
        let picked = match (&condition, word) {
            (None, None) => Expr::Pick(kind, state, purpose),
            _ => Expr::PickWhere(Box::new(PickWhere {
                kind,
                state,
                condition,
                different: word.is_some(),
                purpose,
            })),
        };
        Some(Typed::new(picked, self.referring(kind)))
    }

    fn condition_of_pick(
        &mut self,
        kind: KindId,
        named: &[&Ast],
        scope: &Scope,
    ) -> Option<Option<Expr>> {
        let mut condition = None;
        for arg in named {
            let AstKind::Named(name, value) = &arg.kind else {
                continue;
            };
            let (message, help) = match name == "where" {
                true if condition.is_none() => {
                    condition = Some(value);
                    continue;
                }
                true => (
                    "there is a second `where`".to_owned(),
                    "join them with `and`".into(),
                ),
                false => (
                    format!("`pick` does not know `{name}:`"),
                    format!("write `where: ` and a condition, such as `where: {name} == ...`"),
                ),
            };
            self.report
                .certain_error_in(&scope.at, &arg.span, message, Some(help));
            return None;
        }
        let Some(condition) = condition else {
            return Some(None);
        };
        let typed = self.asked_of(kind, condition, &[Ty::Bool], scope)?;
        Some(Some(typed.expr))
    }

    /// What is asked of each of a kind, of some types if they are given.
    pub(super) fn asked_of(
        &mut self,
        kind: KindId,
        asked: &Ast,
        wanted: &[Ty],
        scope: &Scope,
    ) -> Option<Typed> {
        let mut about = scope.clone();
        about.picked = Some(kind);
        // Who is reached by a cause and who is asked would be one and the same to the engine.
        about.each = None;
        let mut typed = self.lower(asked, &mut about)?;
        if !wanted.is_empty() {
            typed = self.check_type(typed, wanted, scope, &asked.span)?;
        }
        let name = &self.kinds[kind].name;
        let (message, help) = if typed.expr.any(draws) {
            (
                format!("a draw would be the same for each {name} who is asked"),
                "give it a name with `let`, and write that name here",
            )
        } else if !typed.expr.any(|e| matches!(e, Expr::OwnEntity)) {
            (
                format!("this asks nothing of the {name}: it is the same for all of them"),
                "bare names are those of who is asked, and `it` is who that is",
            )
        } else {
            return Some(typed);
        };
        self.report
            .error_in(&scope.at, &asked.span, message, Some(help.into()));
        None
    }

    /// Refuses to pick distinct ones where nothing tells events apart, or not all of them mean the same by who fits.
    fn picked_distinctly(
        &mut self,
        (kind, stream): (KindId, usize),
        (state, condition): (Option<u8>, Option<&Expr>),
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<()> {
        let (unit, names) = (&self.units[stream], &self.kinds[kind]);
        let is_line = unit.document.is_some();
        let causes = unit.causes.iter();
        let mut counted = causes.map(|cause| &unit.definition.causes[cause.position]);
        let is_counted = counted.any(|cause| cause.count.is_some());
        let twice = unit.causes.iter().any(|cause| cause.number > 0);
        let name = &names.name;
        let condition = condition.map(|e| self.spelt_out(stream, e));
        let condition = condition.as_ref();
        let own = |e: &Expr| match e {
            // One that is not known so far is its own.
            Expr::Slot(slot) => own_of_slot(*slot).is_some(),
            Expr::EventId | Expr::Index | Expr::NewId(_) | Expr::Happens(_) | Expr::Lines(_) => {
                true
            }
            e => draws(e),
        };
        let moment = |e: &Expr| {
            matches!(
                e,
                Expr::Time | Expr::Hour | Expr::Weekday | Expr::Age(..) | Expr::RateFactor(_)
            )
        };
        let changes =
            state.is_some() || condition.is_some_and(|e| e.reads_state() || e.any(moment));
        let (message, help) = if !is_line
            && (!is_counted || unit.has_source() || unit.definition.after.is_some())
        {
            (
                "`distinct` tells lines of one document apart, or events of one cause, and here is one alone".to_owned(),
                "it stands in `lines`, or in a stream whose causes have a `count`",
            )
        } else if !is_line && twice {
            (
                "the ways from one cause have draws of their own, and would not know of each other"
                    .to_owned(),
                "let one way have a greater `count`, or make streams of them",
            )
        } else if condition.is_some_and(|e| e.any(own)) {
            (
                "what is asked differs from one to the next, who would not know of each other"
                    .to_owned(),
                match is_line {
                    true => "ask what the document knows",
                    false => "ask what the cause knows",
                },
            )
        } else if !is_line && (changes || names.grows) {
            (
                format!(
                    "events of one cause take place at different times, and which {name} fits changes in between"
                ),
                "lines pick at one moment; events pick among those there from the start, by what never changes",
            )
        } else {
            return Some(());
        };
        self.report
            .error_in(&scope.at, span, message, Some(help.into()));
        None
    }

    /// How many parts of a name say that it is about whoever may be picked, if it is; what may be the event's as well is refused.
    pub(super) fn of_candidate(
        &mut self,
        parts: &[String],
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<Option<usize>> {
        let kind = scope.picked?;
        let (names, first) = (&self.kinds[kind], &parts[0]);
        let is_it = first == IT;
        let values = names.attributes.iter().chain(&names.variables);
        let mut values = values.map(|(name, ..)| name);
        let mut texts = names.texts.iter().map(|text| &text.column.name);
        let has = OF_ENTITIES.contains(&&first[..])
            || values.any(|name| name == first)
            || texts.any(|name| name == first);
        if !is_it && !has {
            return None;
        }
        if !self.knows_besides(first, scope) {
            return Some(Some(usize::from(is_it)));
        }
        let kind = &names.name;
        let (message, help) = match is_it {
            true => (
                format!("`it` is the {kind} who is asked, and the event knows another `it`"),
                "give that another name".to_owned(),
            ),
            false => (
                format!("`{first}` is known of the {kind} who is asked and of the event"),
                format!(
                    "write `it.{first}` for that of the {kind}; give that of the event another name with a `let`"
                ),
            ),
        };
        self.report.error_in(&scope.at, span, message, Some(help));
        Some(None)
    }

    /// Whether an event may know this name without whoever may be picked.
    fn knows_besides(&self, name: &str, scope: &Scope) -> bool {
        let About::Stream { stream, inside, .. } = scope.about else {
            return false;
        };
        let own = inside.map(|own| &self.units[stream].own[own].name[..]);
        BUILT_IN.contains(&name)
            || self
                .parameter_names()
                .iter()
                .any(|parameter| parameter == name)
            || own != Some(name) && self.names_known(stream).contains(name)
    }
}
