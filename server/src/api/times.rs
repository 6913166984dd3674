//! Times, parts of time and lengths of intervals, as queries say them.

use std::ops::Range;

use causeflow_baselines::Resolution;
use causeflow_engine::base::time::Time;
use causeflow_models::duration;
use causeflow_runs::live::Past;

use crate::problem::Problem;

/// The length of intervals; half a day by default.
pub fn resolution(text: Option<&str>) -> Result<Resolution, Problem> {
    let Some(text) = text else {
        return Ok(Resolution::HalfDay);
    };
    let mut all = Resolution::ALL.into_iter();
    all.find(|one| one.name() == text).ok_or_else(|| {
        let names = Resolution::ALL.map(Resolution::name).join(" or ");
        let message = format!("`{text}` is no resolution");
        Problem::bad(message, format!("give {names}")).in_field("resolution")
    })
}

/// The part of time between two ends, each with the name of its field. What is left out is as in `whole`.
pub fn range(
    [from, to]: [(&str, Option<&str>); 2],
    whole: Range<Time>,
    past: &Past,
    now: Time,
) -> Result<Range<Time>, Problem> {
    let read = |(field, text): (&str, Option<&str>), otherwise| match text {
        Some(text) => time(text, past, now, field),
        None => Ok(otherwise),
    };
    let (start, end) = (read(from, whole.start)?, read(to, whole.end)?);
    match start <= end {
        true => Ok(start..end),
        false => Err(Problem::bad("it ends before it begins", "give a later end").in_field(to.0)),
    }
}

/// A time of a request.
fn time(text: &str, past: &Past, now: Time, field: &str) -> Result<Time, Problem> {
    if text == "now" {
        return Ok(now);
    }
    if let Some(back) = text.strip_prefix('-')
        && let Ok(span) = duration(back)
    {
        return Ok(Time(now.0.saturating_sub(span.0)));
    }
    past.time(text).map_err(|_| {
        let help =
            "write an instant such as `2026-02-14T10:00:00Z`, `now`, or before now, such as `-7d`";
        Problem::bad(format!("`{text}` is no time"), help).in_field(field)
    })
}
