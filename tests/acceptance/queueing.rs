//! Queueing theory, over many seeds: of 300 experiments a system, about 95 % of the 95 % intervals hold the formula's value.
//!
//! The engine's own tests play the same systems for a short while.

#[path = "../../engine/tests/theory/coverage.rs"]
mod coverage;
#[path = "../../engine/tests/theory/formulas.rs"]
mod formulas;
#[path = "../../engine/tests/theory/network.rs"]
mod network;
#[path = "../../engine/tests/theory/systems.rs"]
mod systems;

use causeflow_engine::base::time::Span;
use coverage::{Effort, check};

/// With true 95 % intervals each of the 22 measures fails with probability 2 x 10^-5 at most.
const ERROR: f64 = 1e-5;

const EFFORT: Effort = Effort {
    experiments: 300,
    replications: 10,
    warm_up: Span(300 * Span::MINUTE.0),
    length: Span(2000 * Span::MINUTE.0),
};

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn intervals_hold_the_formulas_as_often_as_they_say() {
    let systems = [
        systems::mm1(),
        systems::mm1_lifo(),
        systems::mmc(),
        systems::mmck_system(),
        systems::mg1(),
        systems::erlang_a(),
        systems::preemptive(),
        systems::nonpreemptive(),
        systems::jackson(),
    ];
    for system in &systems {
        check(system, EFFORT, ERROR);
    }
}
