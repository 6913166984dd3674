//! Whether confidence intervals hold the truth as often as they say.

use super::systems::System;
use causeflow_engine::base::time::Span;
use causeflow_engine::kernel::experiment::Experiment;

/// So many experiments of so many replications, each so long.
#[derive(Clone, Copy)]
pub struct Effort {
    pub experiments: u32,
    pub replications: u32,
    pub warm_up: Span,
    pub length: Span,
}

const CONFIDENCE: f64 = 0.95;

/// How many of `trials` intervals hold the truth when each does with probability 0.95: from and to, outside of which
/// the number lies with probability `error` at most on either side.
fn usual_hits(trials: u32, error: f64) -> (u32, u32) {
    // Counted in misses, whose probabilities begin with 0.95^trials and follow from each other.
    let mut probability = (0..trials).fold(1.0, |product, _| product * CONFIDENCE);
    let (mut below, mut fewest, mut most) = (0.0, 0, trials);
    for misses in 0..=trials {
        if below + probability <= error {
            fewest = misses + 1;
        }
        below += probability;
        if 1.0 - below <= error {
            most = misses;
            break;
        }
        let odds = (1.0 - CONFIDENCE) / CONFIDENCE;
        probability *= f64::from(trials - misses) / f64::from(misses + 1) * odds;
    }
    (trials - most, trials - fewest)
}

/// Plays experiments with seeds 0, 1, 2, ... and counts, for each measure, how many 95 % intervals hold the truth.
///
/// # Panics
/// When a count is one that true 95 % intervals give with probability less than `error`.
pub fn check(system: &System, effort: Effort, error: f64) {
    let (fewest, most) = usual_hits(effort.experiments, error);
    let mut hits = vec![0; system.truths.len()];
    let mut means = vec![0.0; system.truths.len()];
    for seed in 0..effort.experiments {
        let experiment = Experiment::new(u64::from(seed), effort.warm_up, effort.length);
        let outcomes = experiment.run(effort.replications, |replication| system.play(replication));
        let outcomes = outcomes.unwrap_or_else(|error| panic!("{}: {error}", system.name));
        for (at, (measure, truth)) in system.truths.iter().enumerate() {
            let interval = outcomes.interval(measure).expect("the system measures it");
            hits[at] += u32::from(interval.holds(*truth));
            means[at] += interval.mean / f64::from(effort.experiments);
        }
    }
    for (((measure, truth), hits), mean) in system.truths.iter().zip(&hits).zip(means) {
        let share = 100.0 * f64::from(*hits) / f64::from(effort.experiments);
        let name = system.name;
        println!(
            "{name}: {measure} {mean:.4}, theory {truth:.4}, held by {share:.1} % of intervals"
        );
        assert!(
            (fewest..=most).contains(hits),
            "{name}: {hits} of {} intervals hold the {measure} {truth:.4}; {fewest} to {most} are usual",
            effort.experiments
        );
    }
}

/// What lies within the bounds of [`usual_hits`].
#[test]
fn usual_hits_are_the_quantiles_of_a_binomial_distribution() {
    // Of 20 trials: all hit with probability 0.358, 16 or fewer with 0.0159, 15 or fewer with 0.00257.
    assert_eq!(usual_hits(20, 0.01), (16, 20));
    assert_eq!(usual_hits(20, 0.4), (19, 19));
}
