//! The distributions that models draw from: one table, a row each, from which all follows that depends on which one it is.
//!
//! A row says what a distribution is called, what its parameters are, in which unit, which of them it takes, what its
//! values are, where they and their mean lie, and how one is drawn. Whoever adds one writes the sampler and a row.

use super::columns::{self, Parameter, by_rows};
use super::{
    TruncatedLognormal, TruncatedNormal, bernoulli, beta, exponential, exponential_truncated,
    gamma, geometric, integer, lognormal, lognormal_truncated, normal, normal_truncated, pareto,
    pareto_truncated, poisson, poisson_table, triangular, uniform,
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
}

/// Makes all that depends on the distribution of the rows of a table. `$u` is the uniform number in it, and `$column` the
/// bits of a column of them. Behind `law` and `column` stands what some have to be faster.
macro_rules! distributions {
    ($u:ident, $column:ident;
    $($(#[doc = $doc:literal])*
    $dist:ident = $name:ident($($parameter:ident: $unit:ident),*) -> $yield:ident {
        allowed: $allowed:expr,
        values: $bounds:expr,
        mean: $mean:expr,
        draw: $draw:expr,
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

distributions! { u, column;
    /// low, high.
    Uniform = uniform(low: Value, high: Value) -> Measured {
        allowed: rising(low, high),
        values: within(low, high),
        mean: average([low, high]),
        draw: uniform(u, low, high),
        column: columns::uniforms(column, low, high),
    }
    /// low, high, both included.
    Integer = integer(low: Number, high: Number) -> Whole {
        allowed: rising(low, high),
        values: within(low, (high.0, high.1.max(low.1.ceil()))),
        mean: average([low, high]).map(|mean| near(mean, [low, high])),
        draw: integer(u, low, high),
    }
    /// mean, standard deviation.
    Normal = normal(mean: Value, sd: Value) -> Measured {
        allowed: not_negative(sd),
        values: ANY,
        mean: Some(mean),
        draw: normal(u, mean, sd),
        column: columns::normals(column, mean, sd),
    }
    /// mean, standard deviation, low, high.
    NormalWithin = normal(mean: Value, sd: Value, low: Value, high: Value) -> Measured {
        allowed: not_negative(sd) && rising(low, high),
        values: within(low, high),
        mean: None,
        draw: normal_truncated(u, mean, sd, low, high),
        law: Some(Law::Normal(TruncatedNormal::new(mean, sd, low, high))),
    }
    /// median, sigma.
    Lognormal = lognormal(median: Value, sigma: Number) -> Measured {
        allowed: not_negative(median) && not_negative(sigma),
        values: POSITIVE,
        mean: Some((median.0, f64::INFINITY)),
        draw: lognormal(u, median, sigma),
        column: columns::lognormals(column, median, sigma),
    }
    /// median, sigma, low, high.
    LognormalWithin = lognormal(median: Value, sigma: Number, low: Value, high: Value) -> Measured {
        allowed: not_negative(median) && not_negative(sigma) && rising(low, high),
        values: within(low, high),
        mean: None,
        draw: lognormal_truncated(u, median, sigma, low, high),
        law: Some(Law::Lognormal(TruncatedLognormal::new(median, sigma, low, high))),
    }
    /// mean.
    Exponential = exponential(mean: Value) -> Measured {
        allowed: not_negative(mean),
        values: POSITIVE,
        mean: Some(mean),
        draw: exponential(u, mean),
        column: columns::exponentials(column, mean),
    }
    /// mean, low, high.
    ExponentialWithin = exponential(mean: Value, low: Value, high: Value) -> Measured {
        allowed: not_negative(mean) && rising(low, high),
        values: within(low, high),
        mean: None,
        draw: exponential_truncated(u, mean, low, high),
        column: columns::exponentials_truncated(column, mean, low, high),
    }
    /// shape, mean.
    Gamma = gamma(shape: Number, mean: Value) -> Measured {
        allowed: not_negative(shape) && not_negative(mean),
        values: POSITIVE,
        mean: Some(mean),
        draw: gamma(u, shape, mean),
    }
    /// a, b.
    Beta = beta(a: Number, b: Number) -> Measured {
        allowed: not_negative(a) && not_negative(b),
        values: SHARE,
        mean: None,
        draw: beta(u, a, b),
    }
    /// low, shape.
    Pareto = pareto(low: Value, shape: Number) -> Measured {
        allowed: not_negative(low) && not_negative(shape),
        values: (low.0, f64::INFINITY),
        mean: None,
        draw: pareto(u, low, shape),
    }
    /// low, shape, high.
    ParetoWithin = pareto(low: Value, shape: Number, high: Value) -> Measured {
        allowed: not_negative(low) && not_negative(shape) && rising(low, high),
        values: within(low, high),
        mean: None,
        draw: pareto_truncated(u, low, shape, high),
    }
    /// low, mode, high.
    Triangular = triangular(low: Value, mode: Value, high: Value) -> Measured {
        allowed: rising(low, mode) && rising(mode, high),
        values: within(low, high),
        mean: average([low, mode, high]),
        draw: triangular(u, low, mode, high),
    }
    /// mean.
    Poisson = poisson(mean: Number) -> Whole {
        allowed: not_negative(mean),
        values: POSITIVE,
        mean: Some(mean),
        draw: poisson(u, mean) as f64,
        law: poisson_table(mean).map(Law::Counts),
    }
    /// mean.
    Geometric = geometric(mean: Number) -> Whole {
        allowed: not_negative(mean),
        values: POSITIVE,
        mean: Some(mean),
        draw: geometric(u, mean) as f64,
    }
    /// probability.
    Bernoulli = bernoulli(probability: Number) -> Truth {
        allowed: not_negative(probability) && rising(probability, 1.0),
        values: SHARE,
        mean: Some(probability),
        draw: f64::from(bernoulli(u, probability)),
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
        }
    }

    /// The same for the bits of shares in a column.
    pub fn quantiles(&self, column: &mut [u64]) {
        match self {
            Law::Counts(_) => by_rows(column, |_, u| self.quantile(u)),
            Law::Normal(law) => law.quantiles(column),
            Law::Lognormal(law) => law.quantiles(column),
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
