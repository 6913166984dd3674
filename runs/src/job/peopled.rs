//! What is to be said of the population at a scale.

use causeflow_engine::streams::program::Program;

use crate::numbers::{count, rough};

/// Where numbers of entities cannot keep their ratio to others, a line each.
pub fn uneven(program: &Program, scale: f64) -> Vec<String> {
    let line = |uneven: causeflow_engine::streams::program::Uneven| {
        format!(
            "at scale {scale} there is no share of `{}`: {} instead of {}",
            program.kinds[uneven.kind].name,
            count(u64::from(uneven.there)),
            match uneven.wanted < 10.0 {
                true => format!("{:.2}", uneven.wanted),
                false => rough(uneven.wanted),
            }
        )
    };
    program.uneven(scale).into_iter().map(line).collect()
}
