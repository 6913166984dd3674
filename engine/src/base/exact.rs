//! Exact numbers: whole numbers of 64 bits, of which each counts units of the last decimal. Money and large whole numbers are such.
//!
//! Nothing wraps and nothing is rounded unseen: sums, differences and products are exact or none at all, and what has to be rounded, such
//! as a quotient, goes to the nearest, of two to the even one.

use std::fmt;

use super::rounding::round_even;

/// How many digits exact numbers have at most, and how many of them are decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits {
    precision: u8,
    scale: u8,
}

/// Powers of ten that a whole number of 64 bits holds.
const POWERS: [i64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

impl Digits {
    /// All whole numbers of 64 bits.
    pub const WHOLE: Digits = Digits {
        precision: 19,
        scale: 0,
    };

    /// Most digits of a decimal number: as many as 64 bits hold whatever they are.
    pub const MOST: u8 = 18;

    /// Digits by their number, 1 to 18, and the number of decimals among them.
    pub fn new(precision: u8, scale: u8) -> Option<Digits> {
        let possible = (1..=Digits::MOST).contains(&precision) && scale <= precision;
        possible.then_some(Digits { precision, scale })
    }

    /// As many digits as there can be with so many decimals; all whole numbers without any.
    pub fn with_scale(scale: u8) -> Digits {
        match scale {
            0 => Digits::WHOLE,
            _ => Digits {
                precision: Digits::MOST.max(scale),
                scale,
            },
        }
    }

    /// How many digits there are at most, decimals among them.
    pub fn precision(self) -> u8 {
        self.precision
    }

    /// How many decimals.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// Whether a number has no more digits.
    #[inline(always)]
    pub fn hold(self, units: i64) -> bool {
        match POWERS.get(usize::from(self.precision)) {
            Some(power) => -power < units && units < *power,
            None => true,
        }
    }

    /// Whether a float tells all numbers of so many digits apart, so that formats that know only floats lose nothing.
    pub fn fit_a_float(self) -> bool {
        self.precision <= 15
    }

    /// A number as text, with all its decimals.
    pub fn show(self, units: i64) -> Shown {
        Shown {
            units,
            scale: self.scale,
        }
    }

    /// The number that a text says, if it is one of so many digits; decimals that are missing are 0.
    pub fn parse(self, text: &str) -> Option<i64> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let zeros = usize::from(self.scale).checked_sub(decimals.len())?;
        let all = || whole.bytes().chain(decimals.bytes());
        if whole.is_empty() || !all().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let sign = if digits.len() == text.len() { 1 } else { -1 };
        let mut units: i64 = 0;
        for digit in all().chain(std::iter::repeat_n(b'0', zeros)) {
            let digit = i64::from(digit - b'0') * sign;
            units = units.checked_mul(10)?.checked_add(digit)?;
        }
        self.hold(units).then_some(units)
    }
}

impl fmt::Display for Digits {
    /// As models write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Digits::WHOLE => f.write_str("bigint"),
            Digits { precision, scale } => write!(f, "decimal({precision}, {scale})"),
        }
    }
}

impl std::str::FromStr for Digits {
    type Err = ();

    fn from_str(text: &str) -> Result<Digits, ()> {
        if text == "bigint" {
            return Ok(Digits::WHOLE);
        }
        let inner = text.strip_prefix("decimal(");
        let inner = inner.and_then(|rest| rest.strip_suffix(')'));
        let (precision, scale) = inner.and_then(|inner| inner.split_once(',')).ok_or(())?;
        let number = |text: &str| text.trim().parse().map_err(|_| ());
        Digits::new(number(precision)?, number(scale)?).ok_or(())
    }
}

/// An exact number as text.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    units: i64,
    scale: u8,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let units = self.units.unsigned_abs();
        let Some(power) = POWERS.get(usize::from(self.scale)).filter(|&&p| p > 1) else {
            return write!(f, "{sign}{units}");
        };
        let power = power.unsigned_abs();
        let width = usize::from(self.scale);
        write!(f, "{sign}{}.{:0width$}", units / power, units % power)
    }
}

/// The nearest whole number to a quotient, of two the even one; none where the divisor is 0.
#[inline]
pub fn quotient(dividend: i128, divisor: i128) -> Option<i128> {
    let (down, rest) = (
        dividend.checked_div_euclid(divisor)?,
        dividend.checked_rem_euclid(divisor)?,
    );
    // What is left is at least 0, and less than the divisor whatever its sign.
    let (rest, all) = (rest.unsigned_abs(), divisor.unsigned_abs());
    let away = match (rest * 2).cmp(&all) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => down & 1,
        std::cmp::Ordering::Greater => 1,
    };
    Some(down + away * divisor.signum())
}

/// A number with so many decimals more, or fewer: rounded then.
#[inline]
pub fn rescaled(units: i64, more: i8) -> Option<i64> {
    let power = *POWERS.get(usize::from(more.unsigned_abs()))?;
    match more < 0 {
        true => i64::try_from(quotient(units.into(), power.into())?).ok(),
        false => units.checked_mul(power),
    }
}

/// A quotient with so many decimals more than that of the units, rounded.
#[inline]
pub fn divided(dividend: i64, divisor: i64, more: i8) -> Option<i64> {
    let power = 10i128.checked_pow(more.unsigned_abs().into())?;
    let (dividend, divisor) = (i128::from(dividend), i128::from(divisor));
    let units = match more < 0 {
        true => quotient(dividend, divisor.checked_mul(power)?),
        false => quotient(dividend.checked_mul(power)?, divisor),
    };
    i64::try_from(units?).ok()
}

/// The part at a place, from 0, of a number that is divided into so many parts as equal as they can be. All of them add up to it.
#[inline]
pub fn split(total: i64, parts: i64, place: i64) -> Option<i64> {
    if !(0..parts).contains(&place) {
        return None;
    }
    let upto = |place: i64| (i128::from(total) * i128::from(place)).div_euclid(parts.into());
    i64::try_from(upto(place + 1) - upto(place)).ok()
}

/// A float as an exact number, to the nearest; none where it is too large.
#[inline(always)]
pub fn of_float(x: f64, scale: u8) -> Option<i64> {
    /// Beyond lies no whole number of 64 bits.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    let units = round_even(x * float_power(scale));
    (-BEYOND..BEYOND).contains(&units).then_some(units as i64)
}

/// An exact number as the nearest float.
#[inline(always)]
pub fn to_float(units: i64, scale: u8) -> f64 {
    units as f64 / float_power(scale)
}

#[inline(always)]
fn float_power(scale: u8) -> f64 {
    POWERS[usize::from(scale)] as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digits() -> impl Strategy<Value = Digits> {
        let decimal = (1..=Digits::MOST)
            .prop_flat_map(|precision| (Just(precision), 0..=precision))
            .prop_filter_map("possible", |(precision, scale)| {
                Digits::new(precision, scale)
            });
        prop_oneof![Just(Digits::WHOLE), decimal]
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_and_so_does_its_type(digits in digits(), units in any::<i64>(), cut in 0..19u32) {
            let units = units / 10i64.pow(cut.min(18));
            prop_assert_eq!(digits.to_string().parse(), Ok(digits));
            let shown = digits.show(units).to_string();
            prop_assert_eq!(digits.parse(&shown), digits.hold(units).then_some(units), "{}", shown);
            let decimals = shown.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            prop_assert_eq!(decimals, usize::from(digits.scale()));
            // Nothing that a float cannot tell apart is said to fit one.
            if digits.fit_a_float() && digits.hold(units) {
                let float: f64 = shown.parse().expect("a number");
                prop_assert_eq!(of_float(float, digits.scale()), Some(units));
                prop_assert_eq!(to_float(units, digits.scale()), float);
            }
        }

        #[test]
        fn quotients_are_the_nearest_and_of_two_the_even_one(a in any::<i64>(), b in any::<i64>(), small in -20..20i64, tiny in -4..5i64) {
            for (a, b) in [(a, b), (a, small), (small, b), (small, tiny)] {
                let (a, b) = (i128::from(a), i128::from(b));
                let Some(found) = quotient(a, b) else {
                    prop_assert_eq!(b, 0);
                    continue;
                };
                let off = (found * b - a).abs() * 2;
                prop_assert!(off < b.abs() || off == b.abs() && found % 2 == 0, "{} / {} = {}", a, b, found);
            }
        }

        #[test]
        fn parts_add_up_and_are_as_equal_as_can_be(total in any::<i64>(), parts in 1..200i64) {
            let all: Option<Vec<i64>> = (0..parts).map(|place| split(total, parts, place)).collect();
            let all = all.expect("all places");
            prop_assert_eq!(all.iter().map(|&part| i128::from(part)).sum::<i128>(), i128::from(total));
            let (least, most) = (all.iter().min(), all.iter().max());
            prop_assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1));
            prop_assert_eq!(split(total, parts, parts), None);
        }

        #[test]
        fn fewer_decimals_are_those_of_the_quotient(units in any::<i64>(), fewer in 0..19i8) {
            let power = POWERS[usize::from(fewer.unsigned_abs())];
            prop_assert_eq!(rescaled(units, -fewer), divided(units, power, 0));
            if let Some(more) = rescaled(units, fewer) {
                prop_assert_eq!(rescaled(more, -fewer), Some(units));
            }
        }
    }

    #[test]
    fn ends_and_halves() {
        let cents = Digits::new(5, 2).expect("digits");
        assert_eq!(cents.show(-5).to_string(), "-0.05");
        assert_eq!(cents.parse("7.5"), Some(750));
        for wrong in ["", ".5", "1.234", "1000.00", "1e3", "--1", "+1", "1.-5"] {
            assert_eq!(cents.parse(wrong), None, "{wrong}");
        }
        assert_eq!(Digits::WHOLE.parse("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(Digits::WHOLE.parse("9223372036854775808"), None);
        assert_eq!(quotient(5, 2), Some(2));
        assert_eq!(quotient(-5, 2), Some(-2));
        assert_eq!(quotient(7, 2), Some(4));
        assert_eq!(quotient(7, -2), Some(-4));
        assert_eq!(divided(i64::MIN, -1, 0), None);
        assert_eq!(divided(1, 3_000_000_000_000, 21), Some(333_333_333));
        assert_eq!(of_float(f64::NAN, 2), None);
        assert_eq!(of_float(1e300, 0), None);
        assert_eq!(of_float(-9_223_372_036_854_775_808.0, 0), Some(i64::MIN));
        assert_eq!(Digits::new(3, 4), None);
        assert_eq!(Digits::new(19, 0), None);
    }
}
