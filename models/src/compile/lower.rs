//! Lowers expressions: names become indices, types are checked, draws get their purposes.

use std::ops::Range;

use causeflow_engine::draw::{Purpose, purpose};
use causeflow_engine::program::{Binary, Dist, Expr, KindId, Law, Unary};

use super::Compiler;
use super::report::At;
use super::streams::{Missing, Restrict};
use super::types::{Ty, Typed};
use crate::diagnostic::suggestion;
use crate::syntax::{self, Ast, AstKind};

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
    Entity { kind: usize, variables: bool },
}

/// The surroundings of an expression.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What it is about.
    pub about: About,
    /// Where it stands.
    pub at: At,
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

    fn next_purpose(&mut self) -> Purpose {
        self.draws += 1;
        self.purpose.part(self.draws)
    }
}

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

const FUNCTIONS: [&str; 23] = [
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
    "uniform",
    "normal",
];

const BUILT_IN: [&str; 6] = ["time", "event_id", "cause", "index", "hour", "weekday"];

impl Compiler {
    /// Parses and lowers a text; what is wrong is reported.
    pub fn expression(&mut self, text: &str, scope: &mut Scope) -> Option<Typed> {
        match syntax::parse(text) {
            Ok(ast) => self.lower(&ast, scope),
            Err(error) => {
                self.report
                    .error_in(&scope.at, &error.span, error.message, None);
                None
            }
        }
    }

    /// Likewise, and checks that the type is one of those wanted.
    pub fn expression_of(&mut self, text: &str, scope: &mut Scope, wanted: &[Ty]) -> Option<Typed> {
        let typed = self.expression(text, scope)?;
        self.check_type(typed, wanted, scope, &(0..text.len()))
    }

    /// Refuses a type that is not wanted. A truth value counts as a number.
    fn check_type(
        &mut self,
        typed: Typed,
        wanted: &[Ty],
        scope: &Scope,
        span: &Range<usize>,
    ) -> Option<Typed> {
        if wanted.contains(&typed.ty) || (typed.ty == Ty::Bool && wanted.contains(&Ty::Number)) {
            return Some(typed);
        }
        let names: Vec<String> = wanted.iter().map(|ty| self.type_name(*ty)).collect();
        let help = (typed.ty == Ty::Number && wanted.contains(&Ty::Span))
            .then(|| "write the unit of time: 10s, 5m, 2h, 1d".to_owned());
        let message = format!(
            "this is {}, expected {}",
            self.type_name(typed.ty),
            names.join(" or ")
        );
        self.report.error_in(&scope.at, span, message, help);
        None
    }

    /// The type's name in messages.
    pub fn type_name(&self, ty: Ty) -> String {
        match ty {
            Ty::Number => "a number".into(),
            Ty::Bool => "a truth value".into(),
            Ty::Span => "a duration".into(),
            Ty::Time => "a time".into(),
            Ty::Text => "a text".into(),
            Ty::Id => "an identifier".into(),
            Ty::Entity(kind) => format!("a reference to a {}", self.kinds[usize::from(kind)].name),
        }
    }

    /// Lowers a parsed expression.
    pub fn lower(&mut self, ast: &Ast, scope: &mut Scope) -> Option<Typed> {
        match &ast.kind {
            AstKind::Number(x) => Some(Typed::new(Expr::Num(*x), Ty::Number)),
            AstKind::Duration(us) => Some(Typed::new(Expr::Num(*us), Ty::Span)),
            AstKind::Bool(b) => Some(Typed::new(Expr::Num(f64::from(u8::from(*b))), Ty::Bool)),
            AstKind::Text(text) => {
                let code = self.texts.code(text);
                Some(Typed {
                    expr: Expr::Text(code),
                    ty: Ty::Text,
                    texts: Some([code].into()),
                })
            }
            AstKind::Name(parts) => self.name(parts, &ast.span, scope),
            AstKind::Call(name, args) => self.call(name, args, &ast.span, scope),
            AstKind::Unary(op, inner) => {
                let wanted: &[Ty] = if *op == "-" {
                    &[Ty::Number, Ty::Span]
                } else {
                    &[Ty::Bool]
                };
                let inner_span = inner.span.clone();
                let typed = self.lower(inner, scope)?;
                let typed = self.check_type(typed, wanted, scope, &inner_span)?;
                let op = if *op == "-" {
                    Unary::Negate
                } else {
                    Unary::Not
                };
                Some(Typed::new(
                    fold(Expr::Unary(op, Box::new(typed.expr))),
                    typed.ty,
                ))
            }
            AstKind::Binary(op, a, b) => self.binary(op, a, b, scope),
            AstKind::Range(low, high) => {
                let (low_span, high_span) = (low.span.clone(), high.span.clone());
                let (low, high) = (self.lower(low, scope)?, self.lower(high, scope)?);
                let low = self.check_type(low, &[Ty::Span, Ty::Number], scope, &low_span)?;
                let high = self.check_type(high, &[low.ty], scope, &high_span)?;
                let draw = Expr::Draw(
                    Dist::Uniform,
                    vec![low.expr, high.expr],
                    scope.next_purpose(),
                );
                Some(Typed::new(draw, low.ty))
            }
        }
    }

    fn binary(&mut self, op: &str, a: &Ast, b: &Ast, scope: &mut Scope) -> Option<Typed> {
        let span = a.span.start..b.span.end;
        let (left, right) = (self.lower(a, scope), self.lower(b, scope));
        let (left, right) = (left?, right?);
        // A truth value counts as 0 or 1 in arithmetic.
        let plain = |ty| {
            if ty == Ty::Bool && op != "and" && op != "or" {
                Ty::Number
            } else {
                ty
            }
        };
        let (x, y) = (plain(left.ty), plain(right.ty));
        let comparison = ["<", "<=", ">", ">=", "==", "!="].contains(&op);
        let ty = match (op, x, y) {
            ("and" | "or", Ty::Bool, Ty::Bool) => Some(Ty::Bool),
            ("+", Ty::Number, Ty::Number) | ("-", Ty::Number, Ty::Number) => Some(Ty::Number),
            ("+" | "-", Ty::Span, Ty::Span) => Some(Ty::Span),
            ("+" | "-", Ty::Time, Ty::Span) | ("+", Ty::Span, Ty::Time) => Some(Ty::Time),
            ("-", Ty::Time, Ty::Time) => Some(Ty::Span),
            ("*" | "/", Ty::Number, Ty::Number) | ("/", Ty::Span, Ty::Span) => Some(Ty::Number),
            ("*" | "/", Ty::Span, Ty::Number) | ("*", Ty::Number, Ty::Span) => Some(Ty::Span),
            ("==" | "!=", _, _) if x == y => Some(Ty::Bool),
            (_, Ty::Number | Ty::Span | Ty::Time, _) if comparison && x == y => Some(Ty::Bool),
            _ => None,
        };
        let Some(ty) = ty else {
            let message = format!(
                "`{op}` does not go with {} and {}",
                self.type_name(left.ty),
                self.type_name(right.ty)
            );
            let help = matches!(
                (x, y),
                (Ty::Number, Ty::Span | Ty::Time) | (Ty::Span | Ty::Time, Ty::Number)
            )
            .then(|| {
                "a duration has a unit, such as 30m; divide by one, such as `/ 1h`, to get a number"
                    .into()
            });
            self.report.error_in(&scope.at, &span, message, help);
            return None;
        };
        if x == Ty::Text {
            self.check_possible(&left, &right, &b.span, scope)?;
            self.check_possible(&right, &left, &a.span, scope)?;
        }
        let same = matches!(x, Ty::Text | Ty::Id | Ty::Entity(_));
        let (l, r) = (Box::new(left.expr), Box::new(right.expr));
        let equal = if same { Binary::Same } else { Binary::Equal };
        let expr = match op {
            "+" => Expr::Binary(Binary::Add, l, r),
            "-" => Expr::Binary(Binary::Subtract, l, r),
            "*" => Expr::Binary(Binary::Multiply, l, r),
            "/" => Expr::Binary(Binary::Divide, l, r),
            "<" => Expr::Binary(Binary::Less, l, r),
            "<=" => Expr::Binary(Binary::AtMost, l, r),
            ">" => Expr::Binary(Binary::Less, r, l),
            ">=" => Expr::Binary(Binary::AtMost, r, l),
            "==" => Expr::Binary(equal, l, r),
            "!=" => Expr::Unary(Unary::Not, Box::new(Expr::Binary(equal, l, r))),
            "and" => Expr::Binary(Binary::And, l, r),
            _ => Expr::Binary(Binary::Or, l, r),
        };
        Some(Typed::new(fold(expr), ty))
    }

    /// Refuses to compare with a text that the other side never is.
    fn check_possible(
        &mut self,
        value: &Typed,
        text: &Typed,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<()> {
        let (Some(possible), Expr::Text(code)) = (&value.texts, &text.expr) else {
            return Some(());
        };
        if possible.contains(code) {
            return Some(());
        }
        let wrong = self.texts.text(*code).to_owned();
        let names: Vec<&str> = possible.iter().map(|&code| self.texts.text(code)).collect();
        let help = suggestion(&wrong, names);
        self.report.error_in(
            &scope.at,
            span,
            format!("the value is never '{wrong}'"),
            help,
        );
        None
    }

    fn name(&mut self, parts: &[String], span: &Range<usize>, scope: &mut Scope) -> Option<Typed> {
        let (first, rest) = (&parts[0], &parts[1..]);
        let mut value = match scope.about.clone() {
            About::Entity { kind, variables } => {
                return self.own_name(kind, variables, parts, span, scope);
            }
            About::Stream {
                stream,
                restrict,
                inside,
            } => {
                let found = self.find_name(stream, first, &restrict, inside);
                match found {
                    Ok(Some(value)) => value,
                    Ok(None) => return self.silent(scope, first),
                    Err(_) if BUILT_IN.contains(&first.as_str()) => self.built_in(first, stream),
                    Err(Missing::Reported) => return None,
                    Err(Missing::Where(missing)) => {
                        let mut names = self.names_known(stream);
                        names.extend(BUILT_IN.map(str::to_owned));
                        // It may be known elsewhere, which is no help here.
                        names.remove(first);
                        let help = suggestion(first, names.iter().map(String::as_str));
                        let message = format!("`{first}` is not known here{missing}");
                        self.report.error_in(&scope.at, span, message, help);
                        return None;
                    }
                }
            }
        };
        for part in rest {
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
        kind: usize,
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
            if variables && ["id", "age", "state"].contains(&name.as_str()) {
                return self.member(kind as KindId, Expr::OwnEntity, name, span, scope);
            }
        }
        let known = names
            .attributes
            .iter()
            .chain(names.variables.iter().filter(|_| variables));
        let known: Vec<&str> = known.map(|(name, ..)| name.as_str()).collect();
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
        let names = self.kinds[usize::from(kind)].clone();
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
            return Some(Typed {
                expr: Expr::Variable(kind, entity, i as u16),
                ty,
                texts,
            });
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
            _ => {
                let known = names
                    .attributes
                    .iter()
                    .chain(&names.variables)
                    .map(|(n, ..)| n.as_str());
                let help = suggestion(part, known.chain(["id", "age", "state"]));
                let message = format!("a {} has no `{part}`", names.name);
                self.report.error_in(&scope.at, span, message, help);
                None
            }
        }
    }

    fn call(
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
            | "total" | "change" => self.special(name, args, span, scope),
            "if" => self.conditional(args, span, scope),
            "min" | "max" | "abs" | "floor" | "ceil" | "round" | "sqrt" | "exp" | "log" | "pow"
            | "clamp" => self.arithmetic(name, args, span, scope),
            _ => {
                let names = FUNCTIONS
                    .iter()
                    .copied()
                    .chain(DISTRIBUTIONS.iter().map(|(n, ..)| *n));
                let help = suggestion(name, names.filter(|n| !n.is_empty()));
                self.report.error_in(
                    &scope.at,
                    span,
                    format!("there is no function `{name}`"),
                    help,
                );
                None
            }
        }
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
        self.report.error_in(&scope.at, span, message, None);
        None
    }

    fn distribution(
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
        for (i, arg) in args.iter().enumerate() {
            let typed = self.lower(arg, scope)?;
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
    fn check_parameters(
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
        self.report.error_in(&scope.at, span, message, None);
        None
    }

    fn conditional(
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
        let condition = self.lower(&args[0], scope)?;
        let condition = self.check_type(condition, &[Ty::Bool], scope, &args[0].span)?;
        let (yes, no) = (self.lower(&args[1], scope)?, self.lower(&args[2], scope)?);
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

    fn arithmetic(
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
        for arg in args {
            let value = self.lower(arg, scope)?;
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

    /// Functions whose arguments are names.
    fn special(
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
        let About::Stream { stream, .. } = scope.about else {
            self.report.error_in(
                &scope.at,
                span,
                format!("`{name}` is about events, not entities"),
                None,
            );
            return None;
        };
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

    fn observed(
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
        if name == "count" {
            let kind = self.kind_argument(&args[0], scope)?;
            let state = self.state_argument(kind, &args[1], scope)?;
            return Some(Typed::new(Expr::CountState(kind, state), Ty::Number));
        }
        let counter = self.plain_name(&args[0], scope)?;
        let Some(counter) = self.counter(&counter) else {
            let help = suggestion(&counter, self.counters.iter().map(String::as_str));
            self.report.error_in(
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

    /// An argument that is a name, with or without quotes.
    fn plain_name(&mut self, arg: &Ast, scope: &Scope) -> Option<String> {
        match &arg.kind {
            AstKind::Name(parts) => Some(parts.join(".")),
            AstKind::Text(text) => Some(text.clone()),
            _ => {
                self.report
                    .error_in(&scope.at, &arg.span, "expected a name here", None);
                None
            }
        }
    }

    fn kind_argument(&mut self, arg: &Ast, scope: &Scope) -> Option<KindId> {
        let name = self.plain_name(arg, scope)?;
        let found = self.kind(&name);
        if found.is_none() {
            let help = suggestion(&name, self.kinds.iter().map(|kind| kind.name.as_str()));
            self.report.error_in(
                &scope.at,
                &arg.span,
                format!("there is no kind of entity `{name}`"),
                help,
            );
        }
        found
    }

    fn state_argument(&mut self, kind: KindId, arg: &Ast, scope: &Scope) -> Option<u8> {
        let name = self.plain_name(arg, scope)?;
        let states = self.kinds[usize::from(kind)].states.clone();
        let found = states.iter().position(|state| *state == name);
        if found.is_none() {
            let help = suggestion(&name, states.iter().map(String::as_str));
            let message = format!(
                "a {} has no state `{name}`",
                self.kinds[usize::from(kind)].name
            );
            self.report.error_in(&scope.at, &arg.span, message, help);
        }
        found.map(|i| i as u8)
    }

    fn profile_argument(&mut self, arg: &Ast, scope: &Scope) -> Option<u16> {
        let name = self.plain_name(arg, scope)?;
        let found = self
            .profiles
            .iter()
            .position(|profile| profile.name == name);
        if found.is_none() {
            let help = suggestion(
                &name,
                self.profiles
                    .iter()
                    .map(|p| p.name.as_str())
                    .filter(|n| !n.is_empty()),
            );
            self.report.error_in(
                &scope.at,
                &arg.span,
                format!("there is no profile `{name}`"),
                help,
            );
        }
        found.map(|i| i as u16)
    }
}

/// Works out operations on constants once.
fn fold(expr: Expr) -> Expr {
    let constant = match &expr {
        Expr::Unary(Unary::Negate, x) => match **x {
            Expr::Num(x) => Some(-x),
            _ => None,
        },
        Expr::Binary(op, a, b) => match (op, &**a, &**b) {
            (Binary::Add, Expr::Num(a), Expr::Num(b)) => Some(a + b),
            (Binary::Subtract, Expr::Num(a), Expr::Num(b)) => Some(a - b),
            (Binary::Multiply, Expr::Num(a), Expr::Num(b)) => Some(a * b),
            (Binary::Divide, Expr::Num(a), Expr::Num(b)) if *b != 0.0 => Some(a / b),
            _ => None,
        },
        _ => None,
    };
    constant.map_or(expr, Expr::Num)
}
