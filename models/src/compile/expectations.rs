//! What is expected of the rows: rates, shares, means and sums within bounds, and what holds for each row.

use causeflow_engine::base::head;
use causeflow_engine::streams::program::{Binary, Expr, Slot, StreamId, Unary};

use super::functions::constant;
use super::lower::{About, Scope};
use super::parts::draws;
use super::report::At;
use super::streams::Progress;
use super::types::{Ty, Typed};
use super::{Compiler, Merged};
use crate::definition::{ExpectDef, Expression, TotalDef};
use crate::diagnostic::{number, suggestion};
use crate::syntax::{self, AstKind};

/// Something that is expected. In its expressions the slots are the columns of the rows, by their places.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Its name.
    pub name: String,
    /// What it means, if that is said.
    pub description: Option<String>,
    /// What is expected.
    pub expected: Expected,
}

/// What is expected.
#[derive(Clone, Debug)]
pub enum Expected {
    /// A figure of a run that lies between two numbers, one of which may be infinite.
    Between(Figure, (f64, f64), Measure),
    /// Two sums that differ by no more than this share of the larger one.
    Equal(Box<[TotalOf; 2]>, f64),
    /// A condition that holds for each row.
    Holds(RowsOf, OverRows),
    /// Before each row there is one of this stream: with the same value in a column, by their places in both, or in the same chain.
    After(RowsOf, StreamId, (usize, usize)),
}

/// Some rows of a stream.
#[derive(Clone, Debug)]
pub struct RowsOf {
    /// The stream.
    pub stream: StreamId,
    /// Those for which this holds.
    pub filter: Option<OverRows>,
}

/// An expression over the columns of rows.
#[derive(Clone, Debug)]
pub struct OverRows {
    /// The expression.
    pub expr: Expr,
    /// As the model writes it.
    pub text: String,
}

/// A sum over rows.
#[derive(Clone, Debug)]
pub struct TotalOf {
    /// The rows.
    pub rows: RowsOf,
    /// What is summed up.
    pub value: OverRows,
}

/// A figure of a run.
#[derive(Clone, Debug)]
pub enum Figure {
    /// How many rows there are a day, at scale 1.
    Rate(RowsOf),
    /// How many rows there are, as a share of all those of a stream.
    Share(RowsOf, StreamId),
    /// The mean of a value.
    Mean(TotalOf),
    /// The sum of a value a day, at scale 1.
    Sum(TotalOf),
}

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// A number.
    Number,
    /// A share of 1.
    Share,
    /// A length of time in microseconds.
    Span,
}

impl Measure {
    /// The type of bounds.
    fn ty(self) -> Ty {
        match self {
            Measure::Span => Ty::Span,
            Measure::Number | Measure::Share => Ty::Number,
        }
    }
}

/// The keys that say what kind of expectation it is, and what goes with each.
const KINDS: [(&str, &[&str]); 5] = [
    ("rate", &["where", "between", "at_least", "at_most"]),
    ("share", &["of", "where", "between", "at_least", "at_most"]),
    ("mean", &["of", "where", "between", "at_least", "at_most"]),
    (
        "sum",
        &[
            "of", "where", "between", "at_least", "at_most", "equals", "within",
        ],
    ),
    ("each", &["where", "holds", "after", "by"]),
];

impl Compiler {
    /// Compiles all that is expected.
    pub(super) fn expectations(&mut self, merged: &Merged) -> Vec<Expectation> {
        let mut all = Vec::new();
        for (name, (file, definition)) in &merged.expect {
            let at = At::new(*file, &["expect", name]);
            self.check_name(name, &at);
            let expected = self.expected(&at, definition);
            all.extend(expected.map(|expected| Expectation {
                name: name.clone(),
                description: definition.description.clone(),
                expected,
            }));
        }
        all
    }

    fn expected(&mut self, at: &At, definition: &ExpectDef) -> Option<Expected> {
        let kind = self.kind_of_expectation(at, definition)?;
        match kind {
            "each" => self.of_each(at, definition),
            "sum" if definition.equals.is_some() => self.equal(at, definition),
            _ => self.figure(at, definition, kind),
        }
    }

    /// What kind it is; what does not go with that is refused.
    fn kind_of_expectation(&mut self, at: &At, definition: &ExpectDef) -> Option<&'static str> {
        let given = definition.given();
        let mut kinds = KINDS.iter().filter(|(kind, _)| given.contains(kind));
        let Some((kind, with)) = kinds.next() else {
            let message = "this does not say what is expected";
            let help = "write one of rate, share, mean, sum and each";
            self.report.error_at_key(at, message, Some(help.into()));
            return None;
        };
        let mut fine = true;
        for other in given.iter().filter(|key| *key != kind) {
            if !with.contains(other) {
                let message = format!("`{other}` does not go with `{kind}`");
                let help = format!("with `{kind}` go {}", with.join(", "));
                self.report
                    .error_at_key(&at.key(other), message, Some(help));
                fine = false;
            }
        }
        fine.then_some(*kind)
    }

    /// The stream of a name that stands somewhere.
    fn stream_named(&mut self, name: &str, at: &At) -> Option<usize> {
        let place = self.units.iter().position(|unit| unit.name == name);
        if place.is_none() && !self.report.is_spoilt("streams", name) {
            let help = suggestion(name, self.units.iter().map(|unit| unit.name.as_str()));
            let message = format!("there is no stream `{name}`");
            self.report.error(at, message, help);
        }
        place
    }

    /// The stream that a key names, which is needed.
    fn stream_in(&mut self, at: &At, key: &str, name: Option<&String>) -> Option<usize> {
        match name {
            Some(name) => self.stream_named(name, &at.key(key)),
            None => {
                let message = format!("the key `{key}` is missing here");
                let help = format!("name the stream: `{key}: order.placed`");
                self.report.error_at_key(at, message, Some(help));
                None
            }
        }
    }

    fn figure(&mut self, at: &At, definition: &ExpectDef, kind: &str) -> Option<Expected> {
        let condition = definition.r#where.as_ref();
        let of = || definition.of.as_ref();
        let (figure, measure) = match kind {
            "rate" => {
                let stream = self.stream_in(at, "rate", definition.rate.as_ref())?;
                let rows = self.rows_of(at, stream, condition)?;
                (Figure::Rate(rows), Measure::Number)
            }
            "share" => {
                let stream = self.stream_in(at, "share", definition.share.as_ref())?;
                if of().is_none() && condition.is_none() {
                    let message = "this does not say what it is a share of";
                    let help = "name the stream with `of`, or say with `where` which of its rows are meant";
                    self.report.error_at_key(at, message, Some(help.into()));
                    return None;
                }
                let whole = match of() {
                    Some(name) => self.stream_named(name, &at.key("of"))?,
                    None => stream,
                };
                let rows = self.rows_of(at, stream, condition)?;
                (Figure::Share(rows, StreamId::at(whole)), Measure::Share)
            }
            _ => {
                let stream = self.stream_in(at, "of", of())?;
                let text = definition.mean.as_ref().or(definition.sum.as_ref())?;
                let rows = self.rows_of(at, stream, condition);
                let wanted = [Ty::Number, Ty::Span];
                let (value, ty) = self.over_rows(text, &at.key(kind), stream, &wanted)?;
                let measure = match ty {
                    Ty::Span => Measure::Span,
                    _ => Measure::Number,
                };
                let total = TotalOf { rows: rows?, value };
                let figure = match kind {
                    "mean" => Figure::Mean(total),
                    _ => Figure::Sum(total),
                };
                (figure, measure)
            }
        };
        let bounds = self.bounds_of_figure(at, definition, measure)?;
        Some(Expected::Between(figure, bounds, measure))
    }

    /// From where to where a figure is to lie.
    fn bounds_of_figure(
        &mut self,
        at: &At,
        definition: &ExpectDef,
        measure: Measure,
    ) -> Option<(f64, f64)> {
        let (low, high) = (definition.at_least.as_ref(), definition.at_most.as_ref());
        let Some(Expression(text)) = &definition.between else {
            if low.is_none() && high.is_none() {
                let message = "this does not say what is expected of the figure";
                let help = "write `between: 4%..6%`, `at_least` or `at_most`";
                self.report.error_at_key(at, message, Some(help.into()));
                return None;
            }
            let low = low.map(|low| self.bound(low, &at.key("at_least"), measure));
            let high = high.map(|high| self.bound(high, &at.key("at_most"), measure));
            let bounds = (
                low.unwrap_or(Some(f64::NEG_INFINITY))?,
                high.unwrap_or(Some(f64::INFINITY))?,
            );
            if bounds.0 > bounds.1 {
                let message = "at least this much is more than at most that much";
                self.report.error(&at.key("at_least"), message, None);
                return None;
            }
            return Some(bounds);
        };
        let at_between = at.key("between");
        if low.is_some() || high.is_some() {
            let message = "`between` says both bounds already";
            let help = "remove `at_least` and `at_most`";
            self.report
                .error_at_key(&at_between, message, Some(help.into()));
            return None;
        }
        let ast = syntax::parse(text).ok();
        let Some(AstKind::Range(low, high)) = ast.map(|ast| ast.kind) else {
            let message = format!("found `{text}`, expected a range");
            let help = "write the lower bound, two dots and the upper bound, such as 4%..6%";
            self.report.error(&at_between, message, Some(help.into()));
            return None;
        };
        let mut part = |ast: &syntax::Ast| {
            let mut scope = Scope::new(About::Row(None), at_between.clone(), "expect");
            let typed = self.lower(ast, &mut scope)?;
            let typed = self.check_type(typed, &[measure.ty()], &scope, &ast.span)?;
            self.constant_bound(&typed, &text[ast.span.clone()], &at_between)
        };
        let (low, high) = (part(&low), part(&high));
        let (low, high) = (low?, high?);
        if low > high {
            let message = "this range goes from high to low";
            let help = "write the lower bound first";
            self.report.error(&at_between, message, Some(help.into()));
            return None;
        }
        Some((low, high))
    }

    /// A bound: a constant in what the figure is measured in.
    fn bound(&mut self, Expression(text): &Expression, at: &At, measure: Measure) -> Option<f64> {
        let mut scope = Scope::new(About::Row(None), at.clone(), "expect");
        let typed = self.expression_of(text, &mut scope, &[measure.ty()])?;
        self.constant_bound(&typed, text, at)
    }

    fn constant_bound(&mut self, typed: &Typed, text: &str, at: &At) -> Option<f64> {
        let found = constant(&typed.expr);
        if found.is_none() {
            let message = format!("found `{text}`, expected a constant");
            self.report.error(at, message, None);
        }
        found
    }

    fn equal(&mut self, at: &At, definition: &ExpectDef) -> Option<Expected> {
        for bound in definition.given() {
            if ["between", "at_least", "at_most"].contains(&bound) {
                let message = format!("`{bound}` does not go with `equals`");
                let help = "make it two expectations";
                self.report
                    .error_at_key(&at.key(bound), message, Some(help.into()));
                return None;
            }
        }
        let (sum, other) = (definition.sum.as_ref()?, definition.equals.as_ref()?);
        let stream = self.stream_in(at, "of", definition.of.as_ref());
        let condition = definition.r#where.as_ref();
        let one = stream.and_then(|stream| self.total_of(at, sum, stream, condition));
        let TotalDef {
            sum,
            of,
            r#where: condition,
        } = other;
        let at_other = at.key("equals");
        let stream = self.stream_named(of, &at_other.key("of"));
        let other =
            stream.and_then(|stream| self.total_of(&at_other, sum, stream, condition.as_ref()));
        let within = match &definition.within {
            None => 0.0,
            Some(within) => {
                let at = at.key("within");
                let within = self.bound(within, &at, Measure::Share)?;
                if !(0.0..=1.0).contains(&within) {
                    let message = format!("found {}, expected 0 to 1", number(within));
                    self.report.error(&at, message, None);
                    return None;
                }
                within
            }
        };
        let ((one, ty), (other, other_ty)) = (one?, other?);
        if ty != other_ty {
            let (one, other) = (self.type_name(ty), self.type_name(other_ty));
            let message = format!("this is {other}, and what it is to equal {one}");
            self.report.error(&at_other.key("sum"), message, None);
            return None;
        }
        Some(Expected::Equal(Box::new([one, other]), within))
    }

    fn total_of(
        &mut self,
        at: &At,
        sum: &Expression,
        stream: usize,
        condition: Option<&Expression>,
    ) -> Option<(TotalOf, Ty)> {
        let rows = self.rows_of(at, stream, condition);
        let (value, ty) = self.over_rows(sum, &at.key("sum"), stream, &[Ty::Number, Ty::Span])?;
        let ty = match ty {
            Ty::Bool => Ty::Number,
            ty => ty,
        };
        let rows = rows?;
        Some((TotalOf { rows, value }, ty))
    }

    fn of_each(&mut self, at: &At, definition: &ExpectDef) -> Option<Expected> {
        let stream = self.stream_in(at, "each", definition.each.as_ref())?;
        let rows = self.rows_of(at, stream, definition.r#where.as_ref());
        match (&definition.holds, &definition.after) {
            (Some(condition), None) => {
                if definition.by.is_some() {
                    let message = "`by` does not go with `holds`";
                    let help = "it says which rows belong together, with `after`";
                    self.report
                        .error_at_key(&at.key("by"), message, Some(help.into()));
                }
                let at = at.key("holds");
                let (condition, _) = self.over_rows(condition, &at, stream, &[Ty::Bool])?;
                Some(Expected::Holds(rows?, condition))
            }
            (None, Some(after)) => {
                let before = self.stream_named(after, &at.key("after"))?;
                if before == stream {
                    let message = "no event comes after itself";
                    let help = "name another stream";
                    self.report
                        .error(&at.key("after"), message, Some(help.into()));
                    return None;
                }
                let by = match &definition.by {
                    None => (head::ROOT_ID, head::ROOT_ID),
                    Some(by) => self.column_of_both(&at.key("by"), by, (stream, before))?,
                };
                Some(Expected::After(rows?, StreamId::at(before), by))
            }
            (holds, _) => {
                let message = match holds {
                    Some(_) => "`holds` and `after` are two expectations",
                    None => "this does not say what is expected of each row",
                };
                let help = "write `holds` with a condition, or `after` with a stream";
                self.report.error_at_key(at, message, Some(help.into()));
                None
            }
        }
    }

    /// The places of a column that two streams have.
    fn column_of_both(
        &mut self,
        at: &At,
        name: &str,
        (one, other): (usize, usize),
    ) -> Option<(usize, usize)> {
        let mut found = Vec::new();
        for stream in [one, other] {
            match self.field(stream, name) {
                Some(column) => found.push(column),
                None if self.is_spoilt_stream(stream) => return None,
                None => {
                    let fields = self.field_names(stream);
                    let help = suggestion(name, fields.iter().map(String::as_str));
                    let message = format!("{} has no field `{name}`", self.units[stream].name);
                    self.report.error(at, message, help);
                    return None;
                }
            }
        }
        let [(a, x), (b, y)] = &found[..] else {
            return None;
        };
        if x.ty.plain() != y.ty.plain() {
            let message = format!("`{name}` is of another type in each of the two streams");
            self.report.error(at, message, None);
            return None;
        }
        Some((*a, *b))
    }

    /// Rows of a stream for which a condition holds, if there is one.
    fn rows_of(
        &mut self,
        at: &At,
        stream: usize,
        condition: Option<&Expression>,
    ) -> Option<RowsOf> {
        let filter = match condition {
            None => None,
            Some(text) => {
                let at = at.key("where");
                Some(self.over_rows(text, &at, stream, &[Ty::Bool])?.0)
            }
        };
        let stream = StreamId::at(stream);
        Some(RowsOf { stream, filter })
    }

    /// An expression over the columns of a stream's rows.
    fn over_rows(
        &mut self,
        Expression(text): &Expression,
        at: &At,
        stream: usize,
        wanted: &[Ty],
    ) -> Option<(OverRows, Ty)> {
        let mut scope = Scope::new(About::Row(Some(stream)), at.clone(), "expect");
        let typed = self.expression_of(text, &mut scope, wanted)?;
        if typed.expr.any(draws) {
            let message = "what is expected of rows follows from them, and draws nothing";
            self.report.error(at, message, None);
            return None;
        }
        let text = text.clone();
        let expr = typed.expr;
        Some((OverRows { expr, text }, typed.ty))
    }

    /// What a name means on a row of a stream.
    pub(super) fn column_named(
        &mut self,
        stream: Option<usize>,
        name: &str,
        span: &std::ops::Range<usize>,
        scope: &Scope,
    ) -> Option<Typed> {
        let slot = |place: usize| Expr::Slot(Slot(place as u16));
        let of_head = match name {
            _ if stream.is_none() => None,
            "time" => Some(Typed::new(Expr::Time, Ty::Time)),
            "event_id" => Some(Typed::new(Expr::EventId, Ty::Id)),
            "hour" => Some(Typed::new(Expr::Hour, Ty::Number)),
            "weekday" => Some(Typed::new(Expr::Weekday, Ty::Number)),
            "cause_id" => Some(Typed::new(slot(head::CAUSE_ID), Ty::Id)),
            "root_id" => Some(Typed::new(slot(head::ROOT_ID), Ty::Id)),
            "cell" => Some(Typed::new(slot(head::CELL), Ty::Number)),
            _ => None,
        };
        if of_head.is_some() {
            return of_head;
        }
        let Some(stream) = stream else {
            let message = format!("`{name}` is not known here: a constant is expected");
            self.report.error_in(&scope.at, span, message, None);
            return None;
        };
        if let Some((place, typed)) = self.field(stream, name) {
            return Some(Typed {
                expr: slot(place),
                ..typed
            });
        }
        if !self.is_spoilt_stream(stream) {
            let mut names = self.field_names(stream);
            names.extend(["time", "event_id", "hour", "weekday", "cell"].map(str::to_owned));
            let help = suggestion(name, names.iter().map(String::as_str));
            let message = format!("{} has no field `{name}`", self.units[stream].name);
            self.report.error_in(&scope.at, span, message, help);
        }
        None
    }

    fn is_spoilt_stream(&self, stream: usize) -> bool {
        let unit = &self.units[stream];
        let wrong = |progress: &Progress| !matches!(progress, Progress::Done(Some(_)));
        let mut fields = unit.own.iter().filter(|own| own.is_field);
        fields.any(|own| wrong(&own.progress)) || self.report.is_tainted(&unit.at)
    }

    fn field_names(&self, stream: usize) -> Vec<String> {
        let fields = self.units[stream].own.iter().filter(|own| own.is_field);
        fields.map(|own| own.name.clone()).collect()
    }

    /// The place of a field among the columns, and what it holds.
    pub(super) fn field(&self, stream: usize, name: &str) -> Option<(usize, Typed)> {
        let fields = self.units[stream].own.iter().filter(|own| own.is_field);
        let place = fields.clone().position(|own| own.name == name)?;
        match &fields.clone().nth(place)?.progress {
            Progress::Done(Some(typed)) => Some((head::FIELDS + place, typed.clone())),
            _ => None,
        }
    }
}

/// Two numbers to be compared to six decimals: what columns hold has been rounded, and 4.91 + 0.98 is not 5.89 to the last bit.
pub(super) fn to_decimals(left: Expr, right: Expr) -> (Expr, Expr) {
    let difference = Expr::Binary(Binary::Subtract, Box::new(left), Box::new(right));
    let rounded = Expr::Unary(Unary::Round(1e6), Box::new(difference));
    (rounded, Expr::Num(0.0))
}

impl ExpectDef {
    /// The keys that are given, but for the description.
    fn given(&self) -> Vec<&'static str> {
        let keys = [
            ("rate", self.rate.is_some()),
            ("share", self.share.is_some()),
            ("mean", self.mean.is_some()),
            ("sum", self.sum.is_some()),
            ("each", self.each.is_some()),
            ("of", self.of.is_some()),
            ("where", self.r#where.is_some()),
            ("between", self.between.is_some()),
            ("at_least", self.at_least.is_some()),
            ("at_most", self.at_most.is_some()),
            ("equals", self.equals.is_some()),
            ("within", self.within.is_some()),
            ("holds", self.holds.is_some()),
            ("after", self.after.is_some()),
            ("by", self.by.is_some()),
        ];
        let given = keys.iter().filter(|(_, given)| *given);
        given.map(|(key, _)| *key).collect()
    }
}
