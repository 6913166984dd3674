//! What is to be said of the population at a scale.

use causeflow_engine::streams::program::{Program, Uneven, Unshared};

use crate::numbers::{count, rough};

/// Where numbers of entities cannot keep their ratio to others, and where they cannot be shared among those whom they belong to within
/// the bounds of the model, a line each.
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
    let unshared = |unshared: Unshared| format!("at scale {scale} {}", unshared.in_words(program));
    let uneven = program.uneven(scale).into_iter().map(line);
    let unshared = program.unshared(scale).into_iter().map(unshared);
    uneven.chain(unshared).collect()
}
