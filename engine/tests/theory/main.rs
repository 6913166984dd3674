//! Simulated means lie in their confidence intervals as often as they should, for systems that queueing theory solves.
//!
//! Here each system is played for a short while only; the acceptance tests play the same ones for long.

mod coverage;
mod formulas;
mod network;
mod random_networks;
mod systems;

use causeflow_engine::base::time::Span;
use coverage::{Effort, check};

/// With true 95 % intervals each measure fails with probability 2 x 10^-4 at most: over all 22 of them, once in 200 sets of seeds.
const ERROR: f64 = 1e-4;

const EFFORT: Effort = Effort {
    experiments: 40,
    replications: 10,
    warm_up: Span(200 * Span::MINUTE.0),
    length: Span(1000 * Span::MINUTE.0),
};

#[test]
fn means_agree_with_one_and_with_several_servers() {
    check(&systems::mm1(), EFFORT, ERROR);
    check(&systems::mm1_lifo(), EFFORT, ERROR);
    check(&systems::mmc(), EFFORT, ERROR);
}

#[test]
fn means_agree_with_limited_room_and_with_other_services() {
    check(&systems::mmck_system(), EFFORT, ERROR);
    check(&systems::mg1(), EFFORT, ERROR);
}

#[test]
fn means_agree_with_impatient_customers() {
    check(&systems::erlang_a(), EFFORT, ERROR);
}

#[test]
fn means_agree_with_priorities() {
    check(&systems::preemptive(), EFFORT, ERROR);
    check(&systems::nonpreemptive(), EFFORT, ERROR);
}

#[test]
fn means_agree_in_a_network() {
    check(&systems::jackson(), EFFORT, ERROR);
}
