//! The functions of expressions: distributions, arithmetic, and those whose arguments are names.

use std::ops::Range;

use causeflow_engine::base::draw::purpose;
use causeflow_engine::base::sample::{Dist, Unit, Yield};
use causeflow_engine::streams::program::{ExactUnary, Expr, KindId};

use super::Compiler;
use super::arithmetic::Arithmetic;
use super::children;
use super::dates::OF_DATES;
use super::desks::AGENT;
use super::exact::reconcile;
use super::lines::asked;
use super::lower::{About, BUILT_IN, Scope};
use super::types::{Ty, Typed};
use crate::diagnostic::suggestion;
use crate::syntax::{Ast, AstKind};

const FUNCTIONS: [&str; 25] = [
    "if",
    "sum",
    "decimal",
    "bigint",
    "split",
    "mixture",
    "choose",
    "lookup",
    "happens",
    "new_id",
    "pick",
    "pick_if",
    "linked",
    "appointment",
    "rate_factor",
    "count",
    "total",
    "change",
    "waiting",
    "free",
    "slot",
    "free_slots",
    "unreserved_slots",
    "utilisation",
    "day_start",
];

/// What other languages do with texts.
const OF_TEXTS: [&str; 21] = [
    "concat",
    "format",
    "str",
    "string",
    "text",
    "upper",
    "lower",
    "substr",
    "substring",
    "replace",
    "trim",
    "len",
    "length",
    "join",
    "contains",
    "startswith",
    "starts_with",
    "ends_with",
    "left",
    "right",
    "regex",
];

/// What to do instead of working on texts.
pub(super) const TEXTS_ARE_CHOSEN: &str = "texts are not put together here: `text: \"{a}-{b}\"` puts one together, and a `choice`, `by` with `cases`, or if(condition, 'this', 'that') choose one";

/// The number that an expression is, if it is one.
pub(super) fn constant(e: &Expr) -> Option<f64> {
    match e {
        Expr::Num(x) => Some(*x),
        _ => None,
    }
}

/// The distributions of a name.
pub(super) fn distributions(name: &str) -> Vec<Dist> {
    let all = Dist::ALL.iter().copied();
    all.filter(|dist| dist.signature().name == name).collect()
}

impl Compiler {
    pub(super) fn call(
        &mut self,
        name: &str,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        if let Some(of) = asked(name, args) {
            return self.gathered((name, of), span, scope);
        }
        if let Some(word) = self.related(name, args) {
            return self.of_related(name, &word, args, span, scope);
        }
        if let Some(of) = children::asked(name, args) {
            return self.children(name, of, args, span, scope);
        }
        let named = distributions(name);
        if !named.is_empty() {
            return self.distribution(&named, args, span, scope);
        }
        let mut arithmetic = Arithmetic::ALL.into_iter();
        if let Some(function) = arithmetic.find(|function| function.name() == name) {
            return self.arithmetic(function, args, span, scope);
        }
        match name {
            "pick" => self.pick(args, span, scope),
            "happens" | "new_id" | "pick_if" | "appointment" | "rate_factor" | "count"
            | "total" | "change" | "utilisation" | "waiting" => {
                self.special(name, args, span, scope)
            }
            "free" | "slot" | "free_slots" | "unreserved_slots" => {
                self.lookup(name, args, span, scope)
            }
            name if OF_DATES.contains(&name) => self.date(name, args, span, scope),
            "day_start" => {
                self.arity(name, args.len(), "1 argument", args.len() == 1, span, scope)?;
                let time = self.lower(&args[0], scope)?;
                let time = self.check_type(time, &[Ty::Time], scope, &args[0].span)?;
                let reading = Expr::DayStart(Box::new(time.expr));
                Some(Typed::new(Expr::OnClock(Box::new(reading)), Ty::Time))
            }
            "if" => self.conditional(args, span, scope),
            "sum" => {
                let message = "`sum` adds up a field over the lines of an event, or over those who belong to somebody";
                let help =
                    "write sum(lines.amount), sum(branch.company, revenue), or a + b".to_owned();
                self.report
                    .certain_error_in(&scope.at, span, message, Some(help));
                None
            }
            "decimal" | "bigint" | "split" => self.exact_function(name, args, span, scope),
            "choose" => self.choose(args, span, scope),
            "linked" => {
                let message = "`linked` asks whether two are linked by a relation";
                let help = "write linked(student.tutors, tutor): somebody, a dot and the relation, and the other one";
                self.report
                    .certain_error_in(&scope.at, span, message, Some(help.into()));
                None
            }
            "digits" => self.digits(args, span, scope),
            "lookup" => self.lookup_row(args, span, scope),
            "mixture" => self.mixture(args, span, scope),
            _ => {
                let distributions = Dist::ALL.iter().map(|dist| dist.signature().name);
                let arithmetic = Arithmetic::ALL.iter().map(|function| function.name());
                let names = FUNCTIONS
                    .iter()
                    .copied()
                    .chain(OF_DATES)
                    .chain(arithmetic)
                    .chain(distributions);
                let value = BUILT_IN.contains(&name) || name == AGENT;
                let help = match value {
                    true => Some(format!(
                        "it is a value: write `{name}`, without parentheses"
                    )),
                    false if OF_TEXTS.contains(&name) => Some(TEXTS_ARE_CHOSEN.into()),
                    false => suggestion(name, names),
                };
                self.report.certain_error_in(
                    &scope.at,
                    span,
                    format!("there is no function `{name}`"),
                    help,
                );
                None
            }
        }
    }

    /// Lowers all arguments, also behind one that is wrong.
    pub(super) fn lower_all(&mut self, args: &[Ast], scope: &mut Scope) -> Option<Vec<Typed>> {
        let lowered: Vec<Option<Typed>> = args.iter().map(|arg| self.lower(arg, scope)).collect();
        lowered.into_iter().collect()
    }

    pub(super) fn arity(
        &mut self,
        name: &str,
        args: usize,
        wanted: &str,
        ok: bool,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<()> {
        if ok {
            return Some(());
        }
        let message = format!("`{name}` takes {wanted}, found {args}");
        self.report.certain_error_in(&scope.at, span, message, None);
        None
    }

    /// A draw from whichever of the distributions of a name takes so many parameters.
    fn distribution(
        &mut self,
        named: &[Dist],
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let purpose = scope.next_purpose();
        let (dist, parameters, ty) = self.parameters(named, args, span, scope)?;
        let constants: Option<Vec<f64>> = parameters.iter().map(constant).collect();
        let law = constants.and_then(|constants| dist.law(&constants));
        let draw = match law {
            Some(law) => Expr::Law(law, purpose),
            None => Expr::Draw(dist, parameters, purpose),
        };
        Some(Typed::new(draw, ty))
    }

    /// Whichever of the distributions of a name takes so many parameters, with them, and the type of its values.
    pub(super) fn parameters(
        &mut self,
        named: &[Dist],
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<(Dist, Vec<Expr>, Ty)> {
        let takes = |dist: &Dist| dist.signature().parameters.len();
        let wanted: Vec<String> = named.iter().map(|dist| takes(dist).to_string()).collect();
        let wanted = format!("{} arguments", wanted.join(" or "));
        let found = named.iter().find(|dist| takes(dist) == args.len());
        let name = named[0].signature().name;
        self.arity(name, args.len(), &wanted, found.is_some(), span, scope)?;
        let dist = *found?;
        let signature = dist.signature();
        let mut ty = None;
        let mut lowered = Vec::new();
        let all = self.lower_all(args, scope)?.into_iter();
        for ((typed, arg), (_, unit)) in all.zip(args).zip(signature.parameters) {
            let wanted: &[Ty] = match (unit, ty) {
                (Unit::Number, _) => &[Ty::Number],
                (Unit::Value, None) => &[Ty::Number, Ty::Span],
                // The others have the unit of the first.
                (Unit::Value, Some(Ty::Span)) => &[Ty::Span],
                (Unit::Value, Some(_)) => &[Ty::Number],
            };
            let typed = self.check_type(typed, wanted, scope, &arg.span)?;
            if *unit == Unit::Value && ty.is_none() {
                ty = Some(match typed.ty {
                    Ty::Span => Ty::Span,
                    _ => Ty::Number,
                });
            }
            lowered.push(typed.expr);
        }
        let known = |e: &Expr| constant(e).unwrap_or(f64::NAN);
        let constants: Vec<f64> = lowered.iter().map(known).collect();
        if !dist.allows(&constants) {
            let names: Vec<&str> = signature.parameters.iter().map(|(name, _)| *name).collect();
            let message = format!(
                "`{name}({})` cannot have these parameters: bounds go from low to high, means, spreads and shapes are not negative, probabilities lie in 0 to 1, stages, trials and ranks are whole numbers",
                names.join(", ")
            );
            self.report.certain_error_in(&scope.at, span, message, None);
            return None;
        }
        let ty = match signature.values {
            Yield::Truth => Ty::Bool,
            Yield::Measured | Yield::Whole => ty.unwrap_or(Ty::Number),
        };
        Some((dist, lowered, ty))
    }

    pub(super) fn conditional(
        &mut self,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        self.arity(
            "if",
            args.len(),
            "3 arguments",
            args.len() == 3,
            span,
            scope,
        )?;
        let condition = self.lower(&args[0], scope);
        let condition =
            condition.and_then(|typed| self.check_type(typed, &[Ty::Bool], scope, &args[0].span));
        let (yes, no) = (self.lower(&args[1], scope), self.lower(&args[2], scope));
        let (condition, yes, no) = (condition?, yes?, no?);
        let mut both = [yes, no];
        reconcile(&mut both);
        let [yes, no] = both;
        for value in [&yes, &no] {
            self.refuse_written(value, "one of two", &scope.at)?;
        }
        let no = self.check_type(no, &[yes.ty], scope, &args[2].span)?;
        let texts = match (yes.texts, no.texts) {
            (Some(mut a), Some(b)) => {
                a.extend(b);
                Some(a)
            }
            _ => None,
        };
        Some(Typed {
            expr: Expr::If(Box::new((condition.expr, yes.expr, no.expr))),
            ty: yes.ty,
            texts,
        })
    }

    /// The stream on whose events a function is worked out that knows no entities without them.
    pub(super) fn stream_of(
        &mut self,
        name: &str,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<usize> {
        if let About::Stream { stream, .. } = scope.about {
            return Some(stream);
        }
        let message = match scope.about {
            About::Row(_) => format!("`{name}` is about events, and here there is a row alone"),
            _ => format!("`{name}` is about events, not entities"),
        };
        self.report.error_in(&scope.at, span, message, None);
        None
    }

    /// Functions whose arguments are names.
    pub(super) fn special(
        &mut self,
        name: &str,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let count = match name {
            "pick_if" => 3..=3,
            "appointment" => 4..=4,
            "count" => 2..=2,
            _ => 1..=1,
        };
        let wanted = format!(
            "{} argument{}",
            count.start(),
            if *count.start() == 1 { "" } else { "s" }
        );
        self.arity(
            name,
            args.len(),
            &wanted,
            count.contains(&args.len()),
            span,
            scope,
        )?;
        let stream = self.stream_of(name, span, scope)?;
        match name {
            "happens" => {
                let wanted = self.plain_name(&args[0], scope)?;
                let effect = self.effect_without_outcome(stream, &wanted, &args[0].span, scope)?;
                Some(Typed::new(Expr::Happens(effect), Ty::Bool))
            }
            "new_id" => {
                let what = self.plain_name(&args[0], scope)?;
                Some(Typed::new(Expr::NewId(purpose(&what)), Ty::Id))
            }
            "pick_if" => {
                let kind = self.kind_argument(&args[2], scope)?;
                self.found_here(kind, true, stream, &args[2].span, scope)?;
                let entity = self.lower(&args[0], scope)?;
                let entity = self.check_type(entity, &[Ty::Entity(kind)], scope, &args[0].span)?;
                let state = self.state_argument(kind, &args[1], scope)?;
                let expr = Expr::PickIf(kind, Box::new(entity.expr), state, scope.next_purpose());
                Some(Typed::new(expr, Ty::Entity(kind)))
            }
            "appointment" => {
                let profile = self.profile_argument(&args[0], scope)?;
                let purpose = scope.next_purpose();
                let mut parts = Vec::new();
                for (arg, ty) in args[1..].iter().zip([Ty::Time, Ty::Time, Ty::Span]) {
                    let typed = self.lower(arg, scope)?;
                    parts.push(self.check_type(typed, &[ty], scope, &arg.span)?.expr);
                }
                self.check_appointment(&parts, args, scope)?;
                let step = parts.pop()?;
                let latest = parts.pop()?;
                let parts = Box::new((parts.pop()?, latest, step));
                Some(Typed::new(
                    Expr::Appointment(profile, parts, purpose),
                    Ty::Time,
                ))
            }
            "rate_factor" => {
                let profile = self.profile_argument(&args[0], scope)?;
                Some(Typed::new(Expr::RateFactor(profile), Ty::Number))
            }
            _ => self.observed(name, args, span, stream, scope),
        }
    }

    /// Refuses to pick where nobody of a kind is known, or, by their state, those whose state is not.
    pub(super) fn found_here(
        &mut self,
        kind: KindId,
        by_state: bool,
        stream: usize,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<()> {
        let name = &self.kinds[kind].name;
        let message = match (self.kinds[kind].shared, self.away_from_cells(stream)) {
            (true, _) if by_state => format!(
                "the state of a {name} is known only where that lives, and nobody is picked by it"
            ),
            (false, Some(away)) => format!("`pick` finds nobody: {away}, where no {name} lives"),
            _ => return Some(()),
        };
        self.report.error_in(&scope.at, span, message, None);
        None
    }

    pub(super) fn observed(
        &mut self,
        name: &str,
        args: &[Ast],
        span: &Range<usize>,
        stream: usize,
        scope: &mut Scope,
    ) -> Option<Typed> {
        if !self.runs_on_platform(stream) {
            let message = format!(
                "`{name}` shows the whole business, which only a timer without `per` can see"
            );
            self.report.error_in(&scope.at, span, message, None);
            return None;
        }
        if name == "utilisation" {
            let kind = self.kind_argument(&args[0], scope)?;
            self.slots_of(kind, &args[0].span, scope)?;
            return Some(Typed::new(Expr::Utilisation(kind), Ty::Number));
        }
        if name == "count" {
            let kind = self.kind_argument(&args[0], scope)?;
            let state = self.state_argument(kind, &args[1], scope)?;
            return Some(Typed::new(Expr::CountState(kind, state), Ty::Number));
        }
        if name == "waiting" {
            return self.waiting(&args[0], scope);
        }
        let counter = self.plain_name(&args[0], scope)?;
        let Some(counter) = self.counter(&counter) else {
            if self.report.is_spoilt("counters", &counter) {
                return None;
            }
            let help = suggestion(
                &counter,
                self.counters.iter().map(|counter| counter.name.as_str()),
            );
            self.report.certain_error_in(
                &scope.at,
                &args[0].span,
                format!("there is no counter `{counter}`"),
                help,
            );
            return None;
        };
        let digits = self.counters[usize::from(counter)].digits;
        let expr = if name == "total" {
            Expr::Total(counter)
        } else {
            Expr::ChangeOf(counter)
        };
        Some(match digits {
            // Counters of exact numbers count units.
            Some(digits) => Typed::new(
                Expr::ExactUnary(ExactUnary::OfNumber(0), Box::new(expr)),
                Ty::Exact(digits.scale()),
            ),
            None => Typed::new(expr, Ty::Number),
        })
    }

    /// How many wait at a desk.
    fn waiting(&mut self, arg: &Ast, scope: &Scope) -> Option<Typed> {
        let name = self.plain_name(arg, scope)?;
        let desk = self.desks.iter().position(|desk| desk.name == name);
        if desk.is_none() && !self.report.is_spoilt("desks", &name) {
            let help = suggestion(&name, self.desks.iter().map(|desk| desk.name.as_str()));
            let message = format!("there is no desk `{name}`");
            self.report
                .certain_error_in(&scope.at, &arg.span, message, help);
        }
        Some(Typed::new(Expr::Waiting(desk? as u16), Ty::Number))
    }

    /// An argument that is a name, with or without quotes.
    pub(super) fn plain_name(&mut self, arg: &Ast, scope: &Scope) -> Option<String> {
        match &arg.kind {
            AstKind::Name(parts) => Some(parts.join(".")),
            AstKind::Text(text) => Some(text.clone()),
            _ => {
                let help = "write the name itself; to choose, put `if` around the function: if(condition, f(a), f(b))";
                self.report.certain_error_in(
                    &scope.at,
                    &arg.span,
                    "expected a name here",
                    Some(help.into()),
                );
                None
            }
        }
    }

    pub(super) fn kind_argument(&mut self, arg: &Ast, scope: &Scope) -> Option<KindId> {
        let name = self.plain_name(arg, scope)?;
        let found = self.kind(&name);
        if found.is_none() && !self.report.is_spoilt("entities", &name) {
            let help = suggestion(&name, self.kinds.iter().map(|kind| kind.name.as_str()));
            self.report.certain_error_in(
                &scope.at,
                &arg.span,
                format!("there is no kind of entity `{name}`"),
                help,
            );
        }
        found
    }

    pub(super) fn state_argument(&mut self, kind: KindId, arg: &Ast, scope: &Scope) -> Option<u8> {
        let name = self.plain_name(arg, scope)?;
        let states = self.kinds[kind].states.clone();
        let found = states.iter().position(|state| *state == name);
        if found.is_none() && !self.kinds[kind].is_spoilt {
            let help = suggestion(&name, states.iter().map(String::as_str));
            let message = format!("a {} has no state `{name}`", self.kinds[kind].name);
            self.report
                .certain_error_in(&scope.at, &arg.span, message, help);
        }
        found.map(|i| i as u8)
    }

    pub(super) fn profile_argument(&mut self, arg: &Ast, scope: &Scope) -> Option<u16> {
        let name = self.plain_name(arg, scope)?;
        let found = self
            .profiles
            .iter()
            .position(|profile| profile.name == name);
        if found.is_none() && !self.report.is_spoilt("profiles", &name) {
            let help = suggestion(
                &name,
                self.profiles
                    .iter()
                    .map(|p| p.name.as_str())
                    .filter(|n| !n.is_empty()),
            );
            self.report.certain_error_in(
                &scope.at,
                &arg.span,
                format!("there is no profile `{name}`"),
                help,
            );
        }
        found.map(|i| i as u16)
    }
}
