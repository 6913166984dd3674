//! How a stream grows: the slope of its daily totals, whatever the week does to them.

/// Days of a month.
const MONTH_DAYS: f64 = 30.0;
/// Days of a week.
pub const WEEK: usize = 7;

/// A day's total.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    /// Which day, counted from any other.
    pub number: i32,
    /// Its weekday, 0 is Monday.
    pub weekday: u8,
    /// How many events it has.
    pub total: f64,
}

/// Growth, in events a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// By how much a day's events grow within 30 days.
    pub per_month: f64,
    /// The standard error of that; none where no degree of freedom is left.
    pub standard_error: Option<f64>,
}

/// The slope by least squares in a model in which every weekday has a level of its own; `None` where no weekday comes
/// twice.
///
/// With the means of each weekday taken out of totals and day numbers, the slope is that of what is left (Frisch and
/// Waugh 1933), so that a range of any length has no bias from the days it begins and ends with.
pub fn trend(days: &[Day]) -> Option<Trend> {
    let mut means = [(0.0, 0.0, 0.0); WEEK];
    for day in days {
        let (n, number, total) = &mut means[usize::from(day.weekday)];
        *n += 1.0;
        *number += f64::from(day.number);
        *total += day.total;
    }
    let rest = |day: &Day| {
        let (n, number, total) = means[usize::from(day.weekday)];
        (f64::from(day.number) - number / n, day.total - total / n)
    };
    let squares: f64 = days.iter().map(|day| rest(day).0 * rest(day).0).sum();
    if squares <= 0.0 {
        return None;
    }
    let products: f64 = days.iter().map(|day| rest(day).0 * rest(day).1).sum();
    let slope = products / squares;
    let error = |day: &Day| {
        let (x, y) = rest(day);
        (y - slope * x) * (y - slope * x)
    };
    let errors: f64 = days.iter().map(error).sum();
    let levels = means.iter().filter(|(n, ..)| *n > 0.0).count();
    let freedom = days.len().checked_sub(levels + 1).filter(|left| *left > 0);
    let standard_error = freedom.map(|left| (errors / left as f64 / squares).sqrt() * MONTH_DAYS);
    Some(Trend {
        per_month: slope * MONTH_DAYS,
        standard_error,
    })
}
