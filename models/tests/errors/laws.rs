//! Laws that cannot be: parameters, quantiles, histograms, mixtures, correlations, parts.

use super::{Mistake, check};

/// What the template draws amounts from, and a field that says something else instead.
const AMOUNT: &str = "'lognormal(40, 0.6, 5, 900)'";

macro_rules! amount {
    ($to:literal, $message:literal, $help:literal) => {
        Mistake {
            edit: (AMOUNT, $to),
            line: $to,
            message: $message,
            help: $help,
        }
    };
}

#[test]
fn parameters_are_told_with_their_names() {
    check(&[
        amount!(
            "'weibull(4, -1)'",
            "`weibull(scale, shape)` cannot have these parameters",
            ""
        ),
        amount!(
            "'erlang(2.5, 3)'",
            "stages, trials and ranks are whole numbers",
            ""
        ),
        amount!("'erlang(0, 3)'", "`erlang(stages, mean)` cannot", ""),
        amount!("'zipf(0, 1)'", "`zipf(ranks, exponent)` cannot", ""),
        amount!("'binomial(9, 1.5)'", "probabilities lie in 0 to 1", ""),
        amount!(
            "'gamma(2, 5, 9, 1)'",
            "`gamma(shape, mean, low, high)` cannot",
            ""
        ),
        amount!(
            "'negative_binomial(3)'",
            "`negative_binomial` takes 2 or 4 arguments, found 1",
            ""
        ),
    ]);
}

#[test]
fn mixtures_are_pairs_of_a_weight_and_a_distribution() {
    check(&[
        amount!(
            "'mixture(1, normal(3, 1), 2)'",
            "takes pairs of a weight and a distribution, found 3",
            ""
        ),
        amount!(
            "'mixture(-1, normal(3, 1), 2, 5)'",
            "this weight is no number that is 0 or more",
            "if(bernoulli("
        ),
        amount!(
            "'mixture(0, normal(3, 1), 0, 5)'",
            "the weights of this mixture add up to nothing",
            ""
        ),
        amount!(
            "'mixture(1, normal(hour, 1), 2, 5)'",
            "whose parameters are constants",
            "if(bernoulli("
        ),
        amount!(
            "'mixture(1, bernoulli(0.3), 2, 5)'",
            "expected a distribution of numbers",
            "if(bernoulli("
        ),
        amount!(
            "'mixture(1, normal(3, 1), 2, 5m)'",
            "this is a duration, expected a number",
            ""
        ),
    ]);
}

#[test]
fn quantiles_and_histograms_rise() {
    const ALL: &str = "value: 'lognormal(40, 0.6, 5, 900)'";
    macro_rules! law {
        ($to:literal, $message:literal, $help:literal) => {
            Mistake {
                edit: (ALL, $to),
                line: $to,
                message: $message,
                help: $help,
            }
        };
    }
    check(&[
        law!(
            "quantiles: {0%: 1, 50%: 9}",
            "do not go from 0% to 100%",
            "`100%`, the greatest"
        ),
        law!("quantiles: {}", "do not go from 0% to 100%", "add `0%`"),
        law!(
            "quantiles: {0%: 1, 50%: 9, 100%: 5}",
            "the value at 100% is 5, less than the 9 at 50%",
            "rise"
        ),
        law!(
            "quantiles: {0%: 1, 101%: 9, 100%: 5}",
            "`101%` is not a share from 0% to 100%",
            ""
        ),
        law!(
            "quantiles: {0%: 1, half: 9, 100%: 5}",
            "`half` is not a share",
            ""
        ),
        law!(
            "quantiles: {0%: 1, 100%: 5m}",
            "this is a duration, expected a number",
            ""
        ),
        law!("quantiles: {0%: hour, 100%: 50}", "always the same", ""),
        law!(
            "histogram: {0..10: 1, 5..20: 2}",
            "`5..20` overlaps with `0..10`",
            "each range begins"
        ),
        law!("histogram: {0..10: 0}", "add up to nothing", ""),
        law!(
            "histogram: {0..10: -1}",
            "found the weight -1, expected 0 or more",
            ""
        ),
        law!(
            "histogram: {0..10: 1, 20..15: 2}",
            "this range goes from high to low",
            "lower bound first"
        ),
        law!(
            "histogram: {0..10: 1}, choice: {a: 1}",
            "has more than one kind of value",
            "`histogram`"
        ),
    ]);
}

#[test]
fn what_goes_together_is_one_draw_each() {
    const FIELD: &str = "{value: 'lognormal(40, 0.6, 5, 900)'";
    macro_rules! pair {
        ($to:literal, $line:literal, $message:literal, $help:literal) => {
            Mistake {
                edit: (FIELD, $to),
                line: $line,
                message: $message,
                help: $help,
            }
        };
    }
    check(&[
        pair!(
            "{value: 'normal(4, 1)', correlates: {nobody: 0.5}",
            "nobody: 0.5",
            "`nobody` is no other field or `let` of this stream",
            "there are"
        ),
        pair!(
            "{value: 'normal(4, 1)', correlates: {order_id: 0.5}",
            "order_id: 0.5",
            "`order_id` is not made of one draw of a number",
            "name a value"
        ),
        pair!(
            "{value: 'hour * 2', correlates: {order_id: 0.5}",
            "'hour * 2'",
            "is not made of one draw of a number",
            "of its own"
        ),
    ]);
}

#[test]
fn parts_are_of_a_number_that_is_drawn_once() {
    const FIELD: &str = "{value: 'lognormal(40, 0.6, 5, 900)'";
    macro_rules! part {
        ($to:literal, $message:literal, $help:literal) => {
            Mistake {
                edit: (FIELD, $to),
                line: $to,
                message: $message,
                help: $help,
            }
        };
    }
    check(&[
        part!(
            "{part: {of: 'poisson(3)', weight: 2}",
            "they would not add up",
            "of its own"
        ),
        part!(
            "{part: {of: 7, weight: 0}",
            "add up to 0, expected more than 0",
            ""
        ),
        part!(
            "{part: {of: 7, weight: -2}",
            "found the weight -2, expected 0 or more",
            ""
        ),
    ]);
}
