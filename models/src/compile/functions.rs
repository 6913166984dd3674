//! The functions of expressions: distributions, arithmetic, and those whose arguments are names.

use std::ops::Range;

use causeflow_engine::base::draw::purpose;
use causeflow_engine::streams::program::{Binary, Dist, Expr, KindId, Law, Unary};

use super::Compiler;
use super::desks::AGENT;
use super::lower::{About, BUILT_IN, Scope};
use super::operators::fold;
use super::types::{Ty, Typed};
use crate::diagnostic::suggestion;
use crate::syntax::{Ast, AstKind};

/// (name, fewest arguments, most, distribution with the fewest, distribution with the most)
const DISTRIBUTIONS: [(&str, usize, usize, Dist, Dist); 13] = [
    ("uniform", 2, 2, Dist::Uniform, Dist::Uniform),
    ("integer", 2, 2, Dist::Integer, Dist::Integer),
    ("normal", 2, 4, Dist::Normal, Dist::NormalWithin),
    ("lognormal", 2, 4, Dist::Lognormal, Dist::LognormalWithin),
    (
        "exponential",
        1,
        3,
        Dist::Exponential,
        Dist::ExponentialWithin,
    ),
    ("gamma", 2, 2, Dist::Gamma, Dist::Gamma),
    ("beta", 2, 2, Dist::Beta, Dist::Beta),
    ("pareto", 2, 3, Dist::Pareto, Dist::ParetoWithin),
    ("triangular", 3, 3, Dist::Triangular, Dist::Triangular),
    ("poisson", 1, 1, Dist::Poisson, Dist::Poisson),
    ("geometric", 1, 1, Dist::Geometric, Dist::Geometric),
    ("bernoulli", 1, 1, Dist::Bernoulli, Dist::Bernoulli),
    ("", 0, 0, Dist::Uniform, Dist::Uniform),
];

const FUNCTIONS: [&str; 30] = [
    "min",
    "max",
    "abs",
    "floor",
    "ceil",
    "round",
    "sqrt",
    "exp",
    "log",
    "pow",
    "clamp",
    "if",
    "happens",
    "new_id",
    "pick",
    "pick_if",
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
    "uniform",
    "normal",
];

/// What other languages do with texts.
const OF_TEXTS: [&str; 22] = [
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
    "split",
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
pub(super) const TEXTS_ARE_CHOSEN: &str = "texts are chosen and not put together: write a `choice`, `by` with `cases`, or if(condition, 'this', 'that')";

impl Compiler {
    pub(super) fn call(
        &mut self,
        name: &str,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        if let Some(&(_, few, most, short, long)) = DISTRIBUTIONS
            .iter()
            .find(|(n, ..)| !n.is_empty() && *n == name)
        {
            return self.distribution(name, args, (few, most, short, long), span, scope);
        }
        match name {
            "happens" | "new_id" | "pick" | "pick_if" | "appointment" | "rate_factor" | "count"
            | "total" | "change" | "utilisation" | "waiting" => {
                self.special(name, args, span, scope)
            }
            "free" | "slot" | "free_slots" | "unreserved_slots" => {
                self.lookup(name, args, span, scope)
            }
            "day_start" => {
                self.arity(name, args.len(), "1 argument", args.len() == 1, span, scope)?;
                let time = self.lower(&args[0], scope)?;
                let time = self.check_type(time, &[Ty::Time], scope, &args[0].span)?;
                let reading = Expr::DayStart(Box::new(time.expr));
                Some(Typed::new(Expr::OnClock(Box::new(reading)), Ty::Time))
            }
            "if" => self.conditional(args, span, scope),
            "min" | "max" | "abs" | "floor" | "ceil" | "round" | "sqrt" | "exp" | "log" | "pow"
            | "clamp" => self.arithmetic(name, args, span, scope),
            _ => {
                let names = FUNCTIONS
                    .iter()
                    .copied()
                    .chain(DISTRIBUTIONS.iter().map(|(n, ..)| *n));
                let value = BUILT_IN.contains(&name) || name == AGENT;
                let help = match value {
                    true => Some(format!(
                        "it is a value: write `{name}`, without parentheses"
                    )),
                    false if OF_TEXTS.contains(&name) => Some(TEXTS_ARE_CHOSEN.into()),
                    false => suggestion(name, names.filter(|n| !n.is_empty())),
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
    fn lower_all(&mut self, args: &[Ast], scope: &mut Scope) -> Option<Vec<Typed>> {
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

    pub(super) fn distribution(
        &mut self,
        name: &str,
        args: &[Ast],
        (few, most, short, long): (usize, usize, Dist, Dist),
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let wanted = if few == most {
            format!("{few} arguments")
        } else {
            format!("{few} or {most} arguments")
        };
        let ok = args.len() == few || args.len() == most;
        self.arity(name, args.len(), &wanted, ok, span, scope)?;
        let purpose = scope.next_purpose();
        // The arguments that share the type of the value; the others are plain numbers.
        let valued: &[usize] = match short {
            Dist::Uniform | Dist::Integer | Dist::Triangular => &[0, 1, 2],
            Dist::Normal => &[0, 1, 2, 3],
            Dist::Lognormal | Dist::Pareto => &[0, 2, 3],
            Dist::Exponential => &[0, 1, 2],
            Dist::Gamma => &[1],
            _ => &[],
        };
        let whole = matches!(
            short,
            Dist::Integer | Dist::Poisson | Dist::Geometric | Dist::Beta
        );
        let mut ty = None;
        let mut lowered = Vec::new();
        for (i, typed) in self.lower_all(args, scope)?.into_iter().enumerate() {
            let arg = &args[i];
            let typed = match ty {
                _ if !valued.contains(&i) || whole => {
                    self.check_type(typed, &[Ty::Number], scope, &arg.span)?
                }
                None => self.check_type(typed, &[Ty::Number, Ty::Span], scope, &arg.span)?,
                Some(ty) => self.check_type(typed, &[ty], scope, &arg.span)?,
            };
            if valued.contains(&i) {
                ty = ty.or(Some(if typed.ty == Ty::Span {
                    Ty::Span
                } else {
                    Ty::Number
                }));
            }
            lowered.push(typed.expr);
        }
        self.check_parameters(name, short, &lowered, span, scope)?;
        let dist = if args.len() == few { short } else { long };
        let ty = match short {
            Dist::Bernoulli => Ty::Bool,
            _ => ty.unwrap_or(Ty::Number),
        };
        let constants: Option<Vec<f64>> = lowered
            .iter()
            .map(|e| match e {
                Expr::Num(x) => Some(*x),
                _ => None,
            })
            .collect();
        let law = constants.and_then(|p| Law::new(dist, &p));
        let draw = law.map_or_else(
            || Expr::Draw(dist, lowered, purpose),
            |law| Expr::Law(law, purpose),
        );
        Some(Typed::new(draw, ty))
    }

    /// Refuses constants that a distribution cannot have.
    pub(super) fn check_parameters(
        &mut self,
        name: &str,
        dist: Dist,
        args: &[Expr],
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<()> {
        let constant = |i: usize| match args.get(i) {
            Some(Expr::Num(x)) => Some(*x),
            _ => None,
        };
        let ordered =
            |i: usize, j: usize| !matches!((constant(i), constant(j)), (Some(a), Some(b)) if a > b);
        let at_least = |i: usize, min: f64| constant(i).is_none_or(|x| x >= min);
        let ok = match dist {
            Dist::Uniform | Dist::Integer => ordered(0, 1),
            Dist::Normal => at_least(1, 0.0) && ordered(2, 3),
            Dist::Lognormal => at_least(0, 0.0) && at_least(1, 0.0) && ordered(2, 3),
            Dist::Exponential => at_least(0, 0.0) && ordered(1, 2),
            Dist::Pareto => at_least(0, 0.0) && at_least(1, 0.0) && ordered(0, 2),
            Dist::Triangular => ordered(0, 1) && ordered(1, 2),
            Dist::Bernoulli => at_least(0, 0.0) && constant(0).is_none_or(|x| x <= 1.0),
            _ => at_least(0, 0.0) && at_least(1, 0.0),
        };
        if ok {
            return Some(());
        }
        let message = format!(
            "`{name}` cannot have these parameters: bounds go from low to high, means and spreads are not negative, probabilities lie in 0 to 1"
        );
        self.report.certain_error_in(&scope.at, span, message, None);
        None
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

    pub(super) fn arithmetic(
        &mut self,
        name: &str,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let few = match name {
            "min" | "max" | "pow" => 2,
            "clamp" => 3,
            _ => 1,
        };
        let wanted = format!("{few} argument{}", if few == 1 { "" } else { "s" });
        let ok = args.len() == few || (matches!(name, "min" | "max") && args.len() > 2);
        self.arity(name, args.len(), &wanted, ok, span, scope)?;
        let mut typed = Vec::new();
        for (value, arg) in self.lower_all(args, scope)?.into_iter().zip(args) {
            let wanted: &[Ty] = match (name, typed.first()) {
                ("sqrt" | "exp" | "log" | "pow" | "round" | "floor" | "ceil", _) => &[Ty::Number],
                (_, None) => &[Ty::Number, Ty::Span, Ty::Time],
                (_, Some(Typed { ty: Ty::Span, .. })) => &[Ty::Span],
                (_, Some(Typed { ty: Ty::Time, .. })) => &[Ty::Time],
                _ => &[Ty::Number],
            };
            typed.push(self.check_type(value, wanted, scope, &arg.span)?);
        }
        let ty = if typed[0].ty == Ty::Bool {
            Ty::Number
        } else {
            typed[0].ty
        };
        let mut exprs = typed.into_iter().map(|t| Box::new(t.expr));
        let mut next = || exprs.next().unwrap_or_else(|| Box::new(Expr::Num(0.0)));
        let expr = match name {
            "min" | "max" => {
                let op = if name == "min" {
                    Binary::Min
                } else {
                    Binary::Max
                };
                let mut value = *next();
                for _ in 1..args.len() {
                    value = Expr::Binary(op, Box::new(value), next());
                }
                value
            }
            "pow" => Expr::Binary(Binary::Power, next(), next()),
            "clamp" => {
                let raised = |x, low| Box::new(Expr::Binary(Binary::Max, x, low));
                let (x, low, high) = (next(), next(), next());
                Expr::Binary(Binary::Min, raised(x, low), high)
            }
            "abs" => Expr::Unary(Unary::Abs, next()),
            "floor" => Expr::Unary(Unary::Floor, next()),
            "ceil" => Expr::Unary(Unary::Ceil, next()),
            "round" => Expr::Unary(Unary::Round(1.0), next()),
            "sqrt" => Expr::Unary(Unary::Sqrt, next()),
            "exp" => Expr::Unary(Unary::Exp, next()),
            _ => Expr::Unary(Unary::Log, next()),
        };
        Some(Typed::new(fold(expr), ty))
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
        let message = format!("`{name}` is about events, not entities");
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
            "pick" => 1..=2,
            "pick_if" => 3..=3,
            "appointment" => 4..=4,
            "count" => 2..=2,
            _ => 1..=1,
        };
        let wanted = match name {
            "pick" => "a kind, and a state if wanted".to_owned(),
            _ => format!(
                "{} argument{}",
                count.start(),
                if *count.start() == 1 { "" } else { "s" }
            ),
        };
        self.arity(
            name,
            args.len(),
            &wanted,
            count.contains(&args.len()),
            span,
            scope,
        )?;
        let stream = self.stream_of(name, span, scope)?;
        let away = self.away_from_cells(stream);
        if let Some(away) = away.filter(|_| name.starts_with("pick")) {
            let message = format!("`{name}` finds nobody: {away}, where no entity lives");
            self.report.error_in(&scope.at, span, message, None);
            return None;
        }
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
            "pick" => {
                let kind = self.kind_argument(&args[0], scope)?;
                let state = args.get(1).map(|arg| self.state_argument(kind, arg, scope));
                let state = if let Some(state) = state {
                    Some(state?)
                } else {
                    None
                };
                Some(Typed::new(
                    Expr::Pick(kind, state, scope.next_purpose()),
                    Ty::Entity(kind),
                ))
            }
            "pick_if" => {
                let kind = self.kind_argument(&args[2], scope)?;
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
            let help = suggestion(&counter, self.counters.iter().map(String::as_str));
            self.report.certain_error_in(
                &scope.at,
                &args[0].span,
                format!("there is no counter `{counter}`"),
                help,
            );
            return None;
        };
        let expr = if name == "total" {
            Expr::Total(counter)
        } else {
            Expr::ChangeOf(counter)
        };
        Some(Typed::new(expr, Ty::Number))
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
        let states = self.kinds[usize::from(kind)].states.clone();
        let found = states.iter().position(|state| *state == name);
        if found.is_none() && !self.kinds[usize::from(kind)].is_spoilt {
            let help = suggestion(&name, states.iter().map(String::as_str));
            let message = format!(
                "a {} has no state `{name}`",
                self.kinds[usize::from(kind)].name
            );
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
