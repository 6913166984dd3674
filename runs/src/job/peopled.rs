//! What is to be said of the population at a scale.

use causeflow_engine::streams::program::{Misdealt, Program, Uneven};

use crate::numbers::{count, rough};

/// Where numbers of entities cannot keep their ratio to others, and where they cannot be dealt to those whom they belong to within the bounds of
/// the model, a line each.
pub fn uneven(program: &Program, scale: f64) -> Vec<String> {
    let line = |uneven: Uneven| {
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
    let misdealt = |misdealt: Misdealt| format!("at scale {scale} {}", misdealt.in_words(program));
    let uneven = program.uneven(scale).into_iter().map(line);
    let misdealt = program.misdealt(scale).into_iter().map(misdealt);
    uneven.chain(misdealt).collect()
}
