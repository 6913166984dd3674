//! Calendars of entities: their definition, the questions to them, and what events change in them.

use std::ops::Range;

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::diary::{Action, Diary, MOST_DAYS, MOST_SLOTS};
use causeflow_engine::streams::program::{
    ChangeKind, Expr, KindId, Lookup, MOST_LOOKED_UP, Question, SlotsChange,
};

use super::Compiler;
use super::lower::Scope;
use super::report::At;
use super::types::{Ty, Typed};
use crate::definition::{ChangeDef, EntityDef, Expression, OpenDef, SlotsDef};
use crate::syntax::Ast;

/// The changes of slots that a change has, by their keys.
pub(super) fn slots_defs(change: &ChangeDef) -> impl Iterator<Item = (&'static str, &SlotsDef)> {
    let keys = [
        ("release", &change.release),
        ("reserve", &change.reserve),
        ("open", &change.open),
        ("block", &change.block),
    ];
    keys.into_iter()
        .filter_map(|(key, slots)| Some((key, slots.as_ref()?)))
}

/// How a question to calendars is written.
struct Form {
    question: Question,
    /// Most entities that it is about.
    most: usize,
    /// What it takes besides them.
    types: &'static [Ty],
    /// The same in words.
    wanted: &'static str,
    /// What it gives.
    ty: Ty,
}

fn form(name: &str) -> Form {
    const RANGES: &str = "an entity, a time and a duration, and if wanted the distance to the next such range and their number";
    let count = |question| Form {
        question,
        most: 1,
        types: &[Ty::Time, Ty::Span, Ty::Span, Ty::Number],
        wanted: RANGES,
        ty: Ty::Number,
    };
    match name {
        "free" => Form {
            question: Question::Free,
            most: MOST_LOOKED_UP,
            types: &[Ty::Time, Ty::Span],
            wanted: "one to four entities, a time and a duration",
            ty: Ty::Bool,
        },
        "slot" => Form {
            question: Question::Nearest,
            most: MOST_LOOKED_UP,
            types: &[Ty::Time, Ty::Span, Ty::Time, Ty::Time],
            wanted: "one to four entities, the preferred time, a duration, the earliest and the latest time",
            ty: Ty::Time,
        },
        "free_slots" => count(Question::CountFree),
        _ => count(Question::CountUnreserved),
    }
}

impl Compiler {
    /// The calendar of a kind.
    pub(super) fn diary(&mut self, k: KindId, at: &At, definition: &EntityDef) -> Option<Diary> {
        let calendar = definition.calendar.as_ref()?;
        let at = at.key("calendar");
        let step = self.duration(&calendar.step.0, &at.key("step"))?;
        if step.0 * MOST_SLOTS < Span::DAY.0 || Span::DAY.0 % step.0 != 0 {
            let message = format!("found the step {step}, expected a part of a day, 30m at least");
            let help = "for example 30m or 1h".to_owned();
            self.report.error(&at.key("step"), message, Some(help));
            return None;
        }
        if !(1..=MOST_DAYS).contains(&calendar.days) {
            let message = format!("found {} days, expected 1 to {MOST_DAYS}", calendar.days);
            self.report.error(&at.key("days"), message, None);
            return None;
        }
        self.kinds[k].slots = Some(step);
        let always = calendar.open == Some(OpenDef::Always);
        let skipped = self.zone.skipped();
        Some(Diary::new(step, calendar.days, always, skipped))
    }

    /// Length of the slots of a kind; one without a calendar is refused.
    pub(super) fn slots_of(
        &mut self,
        kind: KindId,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<Span> {
        let names = &self.kinds[kind];
        if names.slots.is_none() && !names.is_spoilt {
            let message = format!("a {} has no calendar", names.name);
            let help = "add one to the kind, such as `calendar: {step: 30m, days: 28}`";
            self.report
                .error_in(&scope.at, span, message, Some(help.into()));
        }
        self.kinds[kind].slots
    }

    /// A question to calendars: some entities, then what the function takes besides.
    pub(super) fn lookup(
        &mut self,
        name: &str,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        self.stream_of(name, span, scope)?;
        let Form {
            question,
            most,
            types,
            wanted,
            ty,
        } = form(name);
        let typed: Vec<(Typed, Range<usize>)> = args
            .iter()
            .map(|arg| Some((self.lower(arg, scope)?, arg.span.clone())))
            .collect::<Option<_>>()?;
        let asked = typed
            .iter()
            .take_while(|(typed, _)| matches!(typed.ty, Ty::Entity(_)));
        let asked = asked.count();
        let others = args.len() - asked;
        // The distance between ranges and their number may be left out together.
        let fewest = if ty == Ty::Number { 2 } else { types.len() };
        let ok = (1..=most).contains(&asked) && (others == fewest || others == types.len());
        self.arity(name, args.len(), wanted, ok, span, scope)?;
        let mut typed = typed.into_iter();
        let who = self.asked(typed.by_ref().take(asked).collect(), scope)?;
        let mut args = Vec::new();
        let mut spans = Vec::new();
        for ((value, span), ty) in typed.zip(types) {
            args.push(self.check_type(value, &[*ty], scope, &span)?.expr);
            spans.push(span);
        }
        self.check_question(question, &args, &spans, scope)?;
        if others < types.len() {
            args.extend([Expr::Num(Span::DAY.0 as f64), Expr::Num(1.0)]);
        }
        let lookup = Lookup {
            question,
            who,
            args,
        };
        Some(Typed::new(Expr::Lookup(Box::new(lookup)), ty))
    }

    /// The entities that a question is about: all have a calendar, with slots of the same length.
    fn asked(
        &mut self,
        entities: Vec<(Typed, Range<usize>)>,
        scope: &Scope,
    ) -> Option<Vec<(KindId, Expr)>> {
        let mut who = Vec::new();
        let mut step = None;
        for (entity, span) in entities {
            let Ty::Entity(kind) = entity.ty else {
                continue;
            };
            let slots = self.slots_of(kind, &span, scope)?;
            if *step.get_or_insert(slots) != slots {
                let message = "these calendars have slots of different lengths";
                let help = "give both kinds the same `step`";
                self.report
                    .error_in(&scope.at, &span, message, Some(help.into()));
                return None;
            }
            who.push((kind, entity.expr));
        }
        Some(who)
    }

    /// What a change does to an entity's calendar. What is released comes first, so that one change can move
    /// a reservation.
    pub(super) fn slots_changes(
        &mut self,
        kind: KindId,
        entity: &Expr,
        change: &ChangeDef,
        at: &At,
        scope: &impl Fn(&str) -> Scope,
        kinds: &mut Vec<ChangeKind>,
    ) {
        for (key, slots) in slots_defs(change) {
            let at = at.key(key);
            if self.kinds[kind].slots.is_none() {
                if self.kinds[kind].is_spoilt {
                    continue;
                }
                let message = format!("a {} has no calendar", self.kinds[kind].name);
                let help = "add one to the kind, such as `calendar: {step: 30m, days: 28}`";
                self.report.error_at_key(&at, message, Some(help.into()));
                continue;
            }
            let mut value = |part: &str, text: &Expression, ty| {
                let mut scope = scope(&format!("{key}/{part}"));
                scope.at = at.key(part);
                let typed = self.expression_of(&text.0, &mut scope, &[ty]);
                typed.map(|typed| typed.expr)
            };
            let from = value("from", &slots.from, Ty::Time);
            let span = value("for", &slots.r#for, Ty::Span);
            let every = match &slots.every {
                Some(text) => value("every", text, Ty::Span),
                None => Some(Expr::Num(Span::DAY.0 as f64)),
            };
            let times = match &slots.times {
                Some(text) => value("times", text, Ty::Number),
                None => Some(Expr::Num(1.0)),
            };
            let (Some(from), Some(span), Some(every), Some(times)) = (from, span, every, times)
            else {
                continue;
            };
            self.check_slots(&span, &every, &times, &at);
            let action = match key {
                "release" => Action::Release,
                "reserve" => Action::Reserve,
                "open" => Action::Open,
                _ => Action::Block,
            };
            kinds.push(ChangeKind::Slots(Box::new(SlotsChange {
                kind,
                entity: entity.clone(),
                action,
                from,
                span,
                every,
                times,
            })));
        }
    }
}
