//! Laws that are written out: tables of quantiles, histograms, mixtures.

use std::ops::Range;

use causeflow_engine::base::sample::{Dist, Empirical, Law, MOST_PARAMETERS, Mixture, Yield};
use causeflow_engine::streams::program::Expr;

use super::Compiler;
use super::functions::{constant, distributions};
use super::lower::Scope;
use super::types::{Ty, Typed};
use crate::definition::{Expression, LawDef, Map};
use crate::diagnostic::number;
use crate::syntax::{Ast, AstKind};
use crate::units;

/// Shares and values, and of which type these are.
pub(super) type Quantiles = (Vec<(f64, f64)>, Option<Ty>);

/// A range of a histogram.
pub(super) struct Bin {
    pub low: f64,
    pub high: f64,
    pub weight: f64,
    /// As it is written.
    pub text: String,
    /// Where, if that is in a table.
    pub cell: Option<(usize, Range<usize>)>,
}

impl Compiler {
    /// A draw from quantiles, with straight lines between them.
    pub(super) fn quantiles(
        &mut self,
        given: &LawDef<Expression>,
        mut scope: Scope,
    ) -> Option<Typed> {
        let purpose = scope.next_purpose();
        let (mut pairs, ty) = match given {
            LawDef::Written(given) => self.written_quantiles(given, &scope)?,
            LawDef::Table(table) => self.quantiles_of_table(table, &scope.at)?,
        };
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ends = (pairs.first().map(|p| p.0), pairs.last().map(|p| p.0));
        if ends != (Some(0.0), Some(1.0)) {
            let message = "these quantiles do not go from 0% to 100%";
            let help = "add `0%`, the least value, and `100%`, the greatest";
            self.report
                .certain_error(&scope.at, message, Some(help.into()));
            return None;
        }
        if let Some(pair) = pairs.windows(2).find(|pair| pair[0].1 > pair[1].1) {
            let [(low, before), (high, after)] = [pair[0], pair[1]];
            let message = format!(
                "the value at {}% is {}, less than the {} at {}%",
                number(high * 100.0),
                shown(after, ty),
                shown(before, ty),
                number(low * 100.0)
            );
            let help = "quantiles rise with their shares";
            self.report
                .certain_error(&scope.at, message, Some(help.into()));
            return None;
        }
        let law = Law::Empirical(Empirical::from_quantiles(&pairs)?);
        Some(Typed::new(Expr::Law(law, purpose), ty?))
    }

    fn written_quantiles(&mut self, given: &Map<Expression>, scope: &Scope) -> Option<Quantiles> {
        let mut pairs = Vec::new();
        let (mut ty, mut wrong) = (None, false);
        for (share, Expression(text)) in given {
            let at = scope.at.key(share);
            let read = units::share(share).and_then(|x| match (0.0..=1.0).contains(&x) {
                true => Ok(x),
                false => Err(format!("`{share}` is not a share from 0% to 100%")),
            });
            if let Err(message) = &read {
                self.report.certain_error_at_key(&at, message, None);
            }
            let value = self.constant_of(text, &mut scope.at(at), &mut ty);
            match (read, value) {
                (Ok(share), Some(value)) => pairs.push((share, value)),
                _ => wrong = true,
            }
        }
        (!wrong).then_some((pairs, ty))
    }

    /// A draw from a histogram: evenly within a range, which may be a single value.
    pub(super) fn histogram(&mut self, given: &LawDef<f64>, mut scope: Scope) -> Option<Typed> {
        let purpose = scope.next_purpose();
        let (mut bins, ty) = match given {
            LawDef::Written(given) => self.written_bins(given, &scope)?,
            LawDef::Table(table) => self.bins_of_table(table, &scope.at)?,
        };
        bins.sort_by(|a, b| a.low.total_cmp(&b.low).then(a.high.total_cmp(&b.high)));
        if let Some(pair) = bins.windows(2).find(|pair| pair[0].high > pair[1].low) {
            let message = format!("`{}` overlaps with `{}`", pair[1].text, pair[0].text);
            let help = "each range begins where the one before it ends, or later";
            match &pair[1].cell {
                Some((file, span)) => {
                    self.report
                        .error_at(*file, span.clone(), message, Some(help.into()));
                }
                None => {
                    let at = scope.at.key(&pair[1].text);
                    self.report
                        .certain_error_at_key(&at, message, Some(help.into()));
                }
            }
            return None;
        }
        let bins: Vec<_> = bins
            .iter()
            .map(|bin| (bin.low, bin.high, bin.weight))
            .collect();
        let Some(law) = Empirical::from_histogram(&bins) else {
            let message =
                "the weights of this histogram add up to nothing, or to more than any number";
            self.report.certain_error(&scope.at, message, None);
            return None;
        };
        Some(Typed::new(Expr::Law(Law::Empirical(law), purpose), ty?))
    }

    fn written_bins(&mut self, given: &Map<f64>, scope: &Scope) -> Option<(Vec<Bin>, Option<Ty>)> {
        let mut bins = Vec::new();
        let (mut ty, mut wrong) = (None, false);
        for (range, weight) in given {
            let at = scope.at.key(range);
            if *weight < 0.0 || !weight.is_finite() {
                let message = format!("found the weight {}, expected 0 or more", number(*weight));
                self.report.certain_error(&at, message, None);
                wrong = true;
            }
            match self.bin(range, &mut scope.at(at), &mut ty) {
                Some((low, high)) => bins.push(Bin {
                    low,
                    high,
                    weight: *weight,
                    text: range.clone(),
                    cell: None,
                }),
                None => wrong = true,
            }
        }
        (!wrong).then_some((bins, ty))
    }

    /// A range of a histogram.
    fn bin(&mut self, text: &str, scope: &mut Scope, ty: &mut Option<Ty>) -> Option<(f64, f64)> {
        let typed = self.expression_of(text, scope, wanted(*ty))?;
        *ty = Some(typed.ty);
        match &typed.expr {
            Expr::Num(x) => Some((*x, *x)),
            Expr::Draw(Dist::Uniform, ends, _) => constant(&ends[0]).zip(constant(&ends[1])),
            _ => {
                let message = format!("`{text}` is neither a range such as 0..10 nor a number");
                self.report.certain_error_at_key(&scope.at, message, None);
                None
            }
        }
    }

    /// A constant of the type of those before it.
    fn constant_of(&mut self, text: &str, scope: &mut Scope, ty: &mut Option<Ty>) -> Option<f64> {
        let typed = self.expression_of(text, scope, wanted(*ty))?;
        *ty = Some(typed.ty);
        let value = constant(&typed.expr);
        if value.is_none() {
            let message = "expected a number or a duration that is always the same";
            self.report.certain_error(&scope.at, message, None);
        }
        value
    }

    /// `mixture(90, lognormal(8m, 0.5), 10, uniform(1h, 4h))`: weights, and what is drawn from.
    pub(super) fn mixture(
        &mut self,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let pairs = args.len() >= 2 && args.len().is_multiple_of(2);
        let wanted = "pairs of a weight and a distribution";
        self.arity("mixture", args.len(), wanted, pairs, span, scope)?;
        let purpose = scope.next_purpose();
        let (mut parts, mut ty, mut wrong) = (Vec::new(), None, false);
        for pair in args.chunks(2) {
            let weight = self.weight(&pair[0], scope);
            let part = self.part_of_mixture(&pair[1], &mut ty, scope);
            match (weight, part) {
                (Some(weight), Some((dist, parameters))) => parts.push((weight, dist, parameters)),
                _ => wrong = true,
            }
        }
        if wrong {
            return None;
        }
        let Some(mixture) = Mixture::new(&parts) else {
            let message =
                "the weights of this mixture add up to nothing, or to more than any number";
            self.report.certain_error_in(&scope.at, span, message, None);
            return None;
        };
        Some(Typed::new(Expr::Law(Law::Mixture(mixture), purpose), ty?))
    }

    fn weight(&mut self, arg: &Ast, scope: &mut Scope) -> Option<f64> {
        let typed = self.lower(arg, scope)?;
        let typed = self.check_type(typed, &[Ty::Number], scope, &arg.span)?;
        let weight = constant(&typed.expr).filter(|weight| *weight >= 0.0);
        if weight.is_none() {
            let message = "this weight is no number that is 0 or more";
            let help = "to let the share depend on something, write if(bernoulli(...), ..., ...)";
            self.report
                .certain_error_in(&scope.at, &arg.span, message, Some(help.into()));
        }
        weight
    }

    /// A distribution with constant parameters, a range or a constant.
    fn part_of_mixture(
        &mut self,
        arg: &Ast,
        ty: &mut Option<Ty>,
        scope: &mut Scope,
    ) -> Option<(Dist, [f64; MOST_PARAMETERS])> {
        let named = match &arg.kind {
            AstKind::Call(name, _) => distributions(name),
            _ => Vec::new(),
        };
        let (dist, given, of) = match &arg.kind {
            AstKind::Call(_, args) if !named.is_empty() => {
                self.parameters(&named, args, &arg.span, scope)?
            }
            _ => {
                let typed = self.lower(arg, scope)?;
                match typed.expr {
                    Expr::Draw(Dist::Uniform, ends, _) => (Dist::Uniform, ends, typed.ty),
                    one => (Dist::Uniform, vec![one.clone(), one], typed.ty),
                }
            }
        };
        let constants: Option<Vec<f64>> = given.iter().map(constant).collect();
        let usual = dist.signature().values != Yield::Truth;
        let Some(constants) = constants.filter(|_| usual) else {
            let message = "expected a distribution of numbers whose parameters are constants";
            let help = "to choose between others, write if(bernoulli(...), ..., ...)";
            self.report
                .certain_error_in(&scope.at, &arg.span, message, Some(help.into()));
            return None;
        };
        let typed = Typed::new(Expr::Num(0.0), of);
        *ty = Some(self.check_type(typed, wanted(*ty), scope, &arg.span)?.ty);
        let mut parameters = [0.0; MOST_PARAMETERS];
        parameters
            .iter_mut()
            .zip(constants)
            .for_each(|(to, from)| *to = from);
        Some((dist, parameters))
    }
}

/// What goes with those before it.
fn wanted(ty: Option<Ty>) -> &'static [Ty] {
    match ty {
        None => &[Ty::Number, Ty::Span],
        Some(Ty::Span) => &[Ty::Span],
        Some(_) => &[Ty::Number],
    }
}

fn shown(value: f64, ty: Option<Ty>) -> String {
    match ty {
        Some(Ty::Span) => causeflow_engine::base::time::Span(value as i64).to_string(),
        _ => number(value),
    }
}
