//! The distributions that models draw from: one table, a row each, from which all follows that depends on which one it is.
//!
//! A row says what a distribution is called, what its parameters are, in which unit, which of them it takes, what its
//! values are, where they and their mean lie, and how one is drawn. Whoever adds one writes the sampler and a row.

use super::beta::beta_share;
use super::binomial::{binomial_share, negative_binomial_share};
use super::closed::{
    bernoulli_share, exponential_share, exponential_truncated_share, integer_share, pareto_share,
    triangular_share, uniform_share, weibull_mean, weibull_share, weibull_truncated_share,
};
use super::columns::{self, Parameter, by_rows};
use super::counts::{geometric_share, geometric_truncated_share, poisson_share};
use super::gamma::{erlang_share, gamma_share};
use super::normal::{lognormal_share, normal_share};
use super::share::{Bounds, Share};
use super::zipf::{zipf_mean, zipf_share, zipf_table};
use super::{
    Empirical, Mixture, TruncatedLognormal, TruncatedNormal, bernoulli, beta, beta_truncated,
    binomial, binomial_truncated, erlang, erlang_truncated, exponential, exponential_truncated,
    gamma, gamma_truncated, geometric, geometric_truncated, integer, lognormal,
    lognormal_truncated, negative_binomial, negative_binomial_truncated, normal, normal_truncated,
    pareto, pareto_truncated, poisson, poisson_table, poisson_truncated, triangular, uniform,
    weibull, weibull_truncated, zipf, zipf_truncated,
};

/// Most parameters of a distribution.
pub const MOST_PARAMETERS: usize = 4;

/// The least and the greatest.
type Range = (f64, f64);

const POSITIVE: Range = (0.0, f64::INFINITY);
const SHARE: Range = (0.0, 1.0);
const ANY: Range = (f64::NEG_INFINITY, f64::INFINITY);

/// What a parameter is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// In what the values are measured in, which may be a span of time.
    Value,
    /// It is a plain number.
    Number,
}

/// What the values of a distribution are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yield {
    /// In the unit of the parameters that have one.
    Measured,
    /// Whole numbers.
    Whole,
    /// True or false: 1 or 0.
    Truth,
}

/// What a distribution is called, what it takes and what it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The name of the function; several with different numbers of parameters may have one.
    pub name: &'static str,
    /// The parameters, in their order.
    pub parameters: &'static [(&'static str, Unit)],
    /// What comes of it.
    pub values: Yield,
}

/// A distribution whose parameters are constants, where working something out anew for each draw would be costly.
#[derive(Clone, Debug)]
pub enum Law {
    /// A count: P(X <= k) for k from 0.
    Counts(Vec<f64>),
    /// See [`Dist::NormalWithin`].
    Normal(TruncatedNormal),
    /// See [`Dist::LognormalWithin`].
    Lognormal(TruncatedLognormal),
    /// What was observed.
    Empirical(Empirical),
    /// Each value from one of several.
    Mixture(Mixture),
}

/// Makes all that depends on the distribution of the rows of a table. `$u` is the uniform number in it, `$x` a value, and `$column` the
/// bits of a column of uniform numbers. Behind `law` and `column` stands what some have to be faster.
macro_rules! distributions {
    ($u:ident, $x:ident, $column:ident;
    $($(#[doc = $doc:literal])*
    $dist:ident = $name:ident($($parameter:ident: $unit:ident),*) -> $yield:ident {
        allowed: $allowed:expr,
        values: $bounds:expr,
        mean: $mean:expr,
        draw: $draw:expr,
        share: $share:expr,
        $(law: $law:expr,)?
        $(column: $quantiles:expr,)?
    })*) => {
        /// A distribution; its parameters are given in this order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Dist {
            $($(#[doc = $doc])* $dist),*
        }

        #[allow(unused_variables, reason = "not every parameter is in every part of a row")]
        impl Dist {
            /// All of them.
            pub const ALL: &[Dist] = &[$(Dist::$dist),*];

            /// What it is called, what it takes and what it gives.
            pub fn signature(self) -> Signature {
                match self {
                    $(Dist::$dist => Signature {
                        name: stringify!($name),
                        parameters: &[$((stringify!($parameter), Unit::$unit)),*],
                        values: Yield::$yield,
                    }),*
                }
            }

            /// Whether it can have these parameters, as far as they are known: those that are not are NaN, or left out.
            pub fn allows(self, parameters: &[f64]) -> bool {
                let all = padded(parameters, f64::NAN);
                match self {
                    $(Dist::$dist => {
                        let [$($parameter,)* ..] = all;
                        $allowed
                    })*
                }
            }

            /// Between which numbers its values lie, where its parameters lie in these ranges.
            pub fn range(self, parameters: &[Range]) -> Range {
                let all = padded(parameters, ANY);
                match self {
                    $(Dist::$dist => {
                        let [$($parameter,)* ..] = all;
                        $bounds
                    })*
                }
            }

            /// Between which numbers its mean lies, where those of its parameters lie in these ranges, if that is known.
            pub fn mean(self, parameters: &[Range]) -> Option<Range> {
                let all = padded(parameters, ANY);
                match self {
                    $(Dist::$dist => {
                        let [$($parameter,)* ..] = all;
                        $mean
                    })*
                }
            }

            /// It with constant parameters, if there is something to work out once.
            pub fn law(self, parameters: &[f64]) -> Option<Law> {
                let all = padded(parameters, 0.0);
                match self {
                    $(Dist::$dist => {
                        let [$($parameter,)* ..] = all;
                        distributions!(@or None, $($law)?)
                    })*
                }
            }

            /// The value below which the share `u` lies.
            #[inline(always)]
            pub fn quantile(self, $u: f64, parameters: &[f64; MOST_PARAMETERS]) -> f64 {
                match self {
                    $(Dist::$dist => {
                        let [$($parameter,)* ..] = *parameters;
                        $draw
                    })*
                }
            }

            /// How much lies at or below a value, and how much above.
            pub fn share(self, $x: f64, parameters: &[f64; MOST_PARAMETERS]) -> Share {
                match self {
                    $(Dist::$dist => {
                        let [$($parameter,)* ..] = *parameters;
                        $share
                    })*
                }
            }

            /// Replaces the bits of shares in a column by those of the values below which they lie.
            pub fn quantiles(self, parameters: [Parameter<'_>; MOST_PARAMETERS], $column: &mut [u64]) {
                match self {
                    $(Dist::$dist => {
                        let [$($parameter,)* ..] = parameters;
                        distributions!(@or by_rows($column, |row, $u| {
                            $(let $parameter = $parameter.of(row);)*
                            $draw
                        }), $($quantiles)?)
                    })*
                }
            }
        }
    };
    (@or $otherwise:expr,) => { $otherwise };
    (@or $otherwise:expr, $given:expr) => { $given };
}

distributions! { u, x, column;
    /// low, high.
    Uniform = uniform(low: Value, high: Value) -> Measured {
        allowed: rising(low, high),
        values: within(low, high),
        mean: average([low, high]),
        draw: uniform(u, low, high),
        share: uniform_share(x, low, high),
        column: columns::uniforms(column, low, high),
    }
    /// low, high, both included.
    Integer = integer(low: Number, high: Number) -> Whole {
        allowed: rising(low, high),
        values: within_whole(low, high),
        mean: average([low, high]).map(|mean| near(mean, [low, high])),
        draw: integer(u, low, high),
        share: integer_share(x, low, high),
    }
    /// mean, standard deviation.
    Normal = normal(mean: Value, sd: Value) -> Measured {
        allowed: not_negative(sd),
        values: ANY,
        mean: Some(mean),
        draw: normal(u, mean, sd),
        share: normal_share(x, mean, sd),
        column: columns::normals(column, mean, sd),
    }
    /// mean, standard deviation, low, high.
    NormalWithin = normal(mean: Value, sd: Value, low: Value, high: Value) -> Measured {
        allowed: not_negative(sd) && rising(low, high),
        values: within(low, high),
        mean: None,
        draw: normal_truncated(u, mean, sd, low, high),
        share: Bounds::new(low, high).share(x, |x| normal_share(x, mean, sd)),
        law: Some(Law::Normal(TruncatedNormal::new(mean, sd, low, high))),
    }
    /// median, sigma.
    Lognormal = lognormal(median: Value, sigma: Number) -> Measured {
        allowed: not_negative(median) && not_negative(sigma),
        values: POSITIVE,
        mean: Some((median.0, f64::INFINITY)),
        draw: lognormal(u, median, sigma),
        share: lognormal_share(x, median, sigma),
        column: columns::lognormals(column, median, sigma),
    }
    /// median, sigma, low, high.
    LognormalWithin = lognormal(median: Value, sigma: Number, low: Value, high: Value) -> Measured {
        allowed: not_negative(median) && not_negative(sigma) && rising(low, high),
        values: within(low, high),
        mean: None,
        draw: lognormal_truncated(u, median, sigma, low, high),
        share: Bounds::new(low, high).share(x, |x| lognormal_share(x, median, sigma)),
        law: Some(Law::Lognormal(TruncatedLognormal::new(median, sigma, low, high))),
    }
    /// mean.
    Exponential = exponential(mean: Value) -> Measured {
        allowed: not_negative(mean),
        values: POSITIVE,
        mean: Some(mean),
        draw: exponential(u, mean),
        share: exponential_share(x, mean),
        column: columns::exponentials(column, mean),
    }
    /// mean, low, high.
    ExponentialWithin = exponential(mean: Value, low: Value, high: Value) -> Measured {
        allowed: not_negative(mean) && rising(low, high),
        values: within(low, high),
        mean: None,
        draw: exponential_truncated(u, mean, low, high),
        share: exponential_truncated_share(x, mean, low, high),
        column: columns::exponentials_truncated(column, mean, low, high),
    }
    /// shape, mean.
    Gamma = gamma(shape: Number, mean: Value) -> Measured {
        allowed: not_negative(shape) && not_negative(mean),
        values: POSITIVE,
        mean: Some(mean),
        draw: gamma(u, shape, mean),
        share: gamma_share(x, shape, mean),
    }
    /// shape, mean, low, high.
    GammaWithin = gamma(shape: Number, mean: Value, low: Value, high: Value) -> Measured {
        allowed: not_negative(shape) && not_negative(mean) && rising(low, high),
        values: within(low, high),
        mean: None,
        draw: gamma_truncated(u, shape, mean, low, high),
        share: Bounds::new(low, high).share(x, |x| gamma_share(x, shape, mean)),
    }
    /// stages, mean.
    Erlang = erlang(stages: Number, mean: Value) -> Measured {
        allowed: whole_from(1.0, stages) && not_negative(mean),
        values: POSITIVE,
        mean: Some(mean),
        draw: erlang(u, stages, mean),
        share: erlang_share(x, stages, mean),
    }
    /// stages, mean, low, high.
    ErlangWithin = erlang(stages: Number, mean: Value, low: Value, high: Value) -> Measured {
        allowed: whole_from(1.0, stages) && not_negative(mean) && rising(low, high),
        values: within(low, high),
        mean: None,
        draw: erlang_truncated(u, stages, mean, low, high),
        share: Bounds::new(low, high).share(x, |x| erlang_share(x, stages, mean)),
    }
    /// scale, shape.
    Weibull = weibull(scale: Value, shape: Number) -> Measured {
        allowed: not_negative(scale) && not_negative(shape),
        values: POSITIVE,
        mean: exact(shape).map(|shape| (weibull_mean(scale.0, shape), weibull_mean(scale.1, shape))),
        draw: weibull(u, scale, shape),
        share: weibull_share(x, scale, shape),
    }
    /// scale, shape, low, high.
    WeibullWithin = weibull(scale: Value, shape: Number, low: Value, high: Value) -> Measured {
        allowed: not_negative(scale) && not_negative(shape) && rising(low, high),
        values: within(low, high),
        mean: None,
        draw: weibull_truncated(u, scale, shape, low, high),
        share: weibull_truncated_share(x, (scale, shape), low, high),
    }
    /// a, b.
    Beta = beta(a: Number, b: Number) -> Measured {
        allowed: not_negative(a) && not_negative(b),
        values: SHARE,
        mean: None,
        draw: beta(u, a, b),
        share: beta_share(x, a, b),
    }
    /// a, b, low, high.
    BetaWithin = beta(a: Number, b: Number, low: Number, high: Number) -> Measured {
        allowed: not_negative(a) && not_negative(b) && rising(low, high),
        values: within(low, high),
        mean: None,
        draw: beta_truncated(u, a, b, low, high),
        share: Bounds::new(low, high).share(x, |x| beta_share(x, a, b)),
    }
    /// low, shape.
    Pareto = pareto(low: Value, shape: Number) -> Measured {
        allowed: not_negative(low) && not_negative(shape),
        values: (low.0, f64::INFINITY),
        mean: None,
        draw: pareto(u, low, shape),
        share: pareto_share(x, low, shape),
    }
    /// low, shape, high.
    ParetoWithin = pareto(low: Value, shape: Number, high: Value) -> Measured {
        allowed: not_negative(low) && not_negative(shape) && rising(low, high),
        values: within(low, high),
        mean: None,
        draw: pareto_truncated(u, low, shape, high),
        share: Bounds::new(low, high).share(x, |x| pareto_share(x, low, shape)),
    }
    /// low, mode, high.
    Triangular = triangular(low: Value, mode: Value, high: Value) -> Measured {
        allowed: rising(low, mode) && rising(mode, high),
        values: within(low, high),
        mean: average([low, mode, high]),
        draw: triangular(u, low, mode, high),
        share: triangular_share(x, low, mode, high),
    }
    /// mean.
    Poisson = poisson(mean: Number) -> Whole {
        allowed: not_negative(mean),
        values: POSITIVE,
        mean: Some(mean),
        draw: poisson(u, mean) as f64,
        share: poisson_share(x, mean),
        law: poisson_table(mean).map(Law::Counts),
    }
    /// mean, low, high.
    PoissonWithin = poisson(mean: Number, low: Number, high: Number) -> Whole {
        allowed: not_negative(mean) && rising(low, high),
        values: within_whole(low, high),
        mean: None,
        draw: poisson_truncated(u, mean, low, high),
        share: Bounds::whole(low, high).share(x, |x| poisson_share(x, mean)),
    }
    /// mean.
    Geometric = geometric(mean: Number) -> Whole {
        allowed: not_negative(mean),
        values: POSITIVE,
        mean: Some(mean),
        draw: geometric(u, mean) as f64,
        share: geometric_share(x, mean),
    }
    /// mean, low, high.
    GeometricWithin = geometric(mean: Number, low: Number, high: Number) -> Whole {
        allowed: not_negative(mean) && rising(low, high),
        values: within_whole(low, high),
        mean: None,
        draw: geometric_truncated(u, mean, low, high),
        share: geometric_truncated_share(x, mean, low, high),
    }
    /// mean, shape.
    NegativeBinomial = negative_binomial(mean: Number, shape: Number) -> Whole {
        allowed: not_negative(mean) && not_negative(shape),
        values: POSITIVE,
        mean: Some(mean),
        draw: negative_binomial(u, mean, shape),
        share: negative_binomial_share(x, mean, shape),
    }
    /// mean, shape, low, high.
    NegativeBinomialWithin = negative_binomial(mean: Number, shape: Number, low: Number, high: Number) -> Whole {
        allowed: not_negative(mean) && not_negative(shape) && rising(low, high),
        values: within_whole(low, high),
        mean: None,
        draw: negative_binomial_truncated(u, mean, shape, low, high),
        share: Bounds::whole(low, high).share(x, |x| negative_binomial_share(x, mean, shape)),
    }
    /// trials, probability.
    Binomial = binomial(trials: Number, probability: Number) -> Whole {
        allowed: whole_from(0.0, trials) && not_negative(probability) && rising(probability, 1.0),
        values: (0.0, trials.1.max(0.0)),
        mean: Some((trials.0.max(0.0).floor() * probability.0, trials.1.max(0.0) * probability.1)),
        draw: binomial(u, trials, probability),
        share: binomial_share(x, trials, probability),
    }
    /// trials, probability, low, high.
    BinomialWithin = binomial(trials: Number, probability: Number, low: Number, high: Number) -> Whole {
        allowed: whole_from(0.0, trials) && not_negative(probability) && rising(probability, 1.0) && rising(low, high),
        values: within_whole(low, high),
        mean: None,
        draw: binomial_truncated(u, trials, probability, low, high),
        share: Bounds::whole(low, high).share(x, |x| binomial_share(x, trials, probability)),
    }
    /// ranks, exponent.
    Zipf = zipf(ranks: Number, exponent: Number) -> Whole {
        allowed: whole_from(1.0, ranks) && not_negative(exponent),
        values: (1.0, ranks.1.max(1.0)),
        mean: exact(ranks).zip(exact(exponent)).map(|(n, s)| zipf_mean(n, s)).map(|mean| (mean, mean)),
        draw: zipf(u, ranks, exponent),
        share: zipf_share(x, ranks, exponent),
        law: zipf_table(ranks, exponent).map(Law::Counts),
    }
    /// ranks, exponent, low, high.
    ZipfWithin = zipf(ranks: Number, exponent: Number, low: Number, high: Number) -> Whole {
        allowed: whole_from(1.0, ranks) && not_negative(exponent) && rising(low, high),
        values: within_whole(low, high),
        mean: None,
        draw: zipf_truncated(u, ranks, exponent, low, high),
        share: Bounds::whole(low, high).share(x, |x| zipf_share(x, ranks, exponent)),
    }
    /// probability.
    Bernoulli = bernoulli(probability: Number) -> Truth {
        allowed: not_negative(probability) && rising(probability, 1.0),
        values: SHARE,
        mean: Some(probability),
        draw: f64::from(bernoulli(u, probability)),
        share: bernoulli_share(x, probability),
        column: columns::bernoullis(column, probability),
    }
}

impl Law {
    /// The value below which the share `u` lies.
    #[inline(always)]
    pub fn quantile(&self, u: f64) -> f64 {
        match self {
            Law::Counts(cumulative) => cumulative.partition_point(|&p| p < u) as f64,
            Law::Normal(law) => law.quantile(u),
            Law::Lognormal(law) => law.quantile(u),
            Law::Empirical(law) => law.quantile(u),
            Law::Mixture(law) => law.quantile(u),
        }
    }

    /// The same for the bits of shares in a column.
    pub fn quantiles(&self, column: &mut [u64]) {
        match self {
            Law::Counts(_) | Law::Empirical(_) | Law::Mixture(_) => {
                by_rows(column, |_, u| self.quantile(u));
            }
            Law::Normal(law) => law.quantiles(column),
            Law::Lognormal(law) => law.quantiles(column),
        }
    }

    /// Between which numbers its values lie.
    pub fn range(&self) -> Range {
        match self {
            Law::Mixture(law) => law.range(),
            _ => (self.quantile(0.0), self.quantile(1.0)),
        }
    }

    /// Its mean; where that has no form of its own, of its quantiles at many points.
    pub fn mean(&self) -> f64 {
        const POINTS: u32 = 1024;
        let known = match self {
            Law::Counts(cumulative) => Some(cumulative.iter().map(|share| 1.0 - share).sum()),
            Law::Empirical(law) => Some(law.mean()),
            Law::Mixture(law) => law.mean(),
            Law::Normal(_) | Law::Lognormal(_) => None,
        };
        let quantile = |at: u32| self.quantile((f64::from(at) + 0.5) / f64::from(POINTS));
        let sum = || (0..POINTS).map(quantile).sum::<f64>();
        known.unwrap_or_else(|| sum() / f64::from(POINTS))
    }

    /// Whether its values are whole numbers alone.
    pub fn is_whole(&self) -> bool {
        match self {
            Law::Counts(_) => true,
            Law::Normal(_) | Law::Lognormal(_) => false,
            Law::Empirical(law) => law.is_whole(),
            Law::Mixture(law) => law.is_whole(),
        }
    }
}

fn padded<T: Copy>(given: &[T], otherwise: T) -> [T; MOST_PARAMETERS] {
    let mut all = [otherwise; MOST_PARAMETERS];
    all.iter_mut().zip(given).for_each(|(to, from)| *to = *from);
    all
}

/// Whether two parameters are in order, unless one is not known.
fn rising(low: f64, high: f64) -> bool {
    low <= high || low.is_nan() || high.is_nan()
}

fn not_negative(parameter: f64) -> bool {
    rising(0.0, parameter)
}

/// The values of what has bounds: `low` where they are not in order.
fn within(low: Range, high: Range) -> Range {
    (low.0, high.1.max(low.1))
}

/// Likewise of whole numbers: `low` rounded up where no whole number lies between the two.
fn within_whole(low: Range, high: Range) -> Range {
    (low.0, high.1.max(low.1.ceil()))
}

/// A number, where it is one.
fn exact((low, high): Range) -> Option<f64> {
    (low == high).then_some(low)
}

/// Whether a parameter is a whole number, from `least` on, unless it is not known.
fn whole_from(least: f64, parameter: f64) -> bool {
    rising(least, parameter) && (parameter.is_nan() || parameter.fract() == 0.0)
}

/// The mean of whole numbers whose bounds need not be whole themselves.
fn near((least, most): Range, bounds: [Range; 2]) -> Range {
    match bounds.iter().all(|&(a, b)| a == b && a == a.floor()) {
        true => (least, most),
        false => (least - 0.5, most + 0.5),
    }
}

fn average<const N: usize>(parts: [Range; N]) -> Option<Range> {
    let sum = |part: fn(&Range) -> f64| parts.iter().map(part).sum::<f64>() / N as f64;
    Some((sum(|part| part.0), sum(|part| part.1)))
}
