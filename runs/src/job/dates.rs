//! Whether the lists of dates that a model has reach as far as a run.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::{DatesKnown, Program};

/// The lists of dates that have none of some year of a run, its warm-up among them, a line each.
pub fn beyond_dates(program: &Program, start: Time, end: Time) -> Vec<String> {
    let year = |time: Time| program.zone.local(time).year();
    let (from, to) = (year(start - program.warmup), year(end - Span(1)));
    let lists = program.dates_known.iter();
    let short = lists.filter(|known| from < known.years.0 || known.years.1 < to);
    let run = match from == to {
        true => from.to_string(),
        false => format!("{from} to {to}"),
    };
    let line = |known: &DatesKnown| {
        format!(
            "{}, and with its warm-up the run is of {run}",
            known.in_words()
        )
    };
    short.map(line).collect()
}
