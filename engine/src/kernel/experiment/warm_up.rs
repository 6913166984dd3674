//! How long the warm-up is.

/// So many values make a batch.
const BATCH: usize = 5;

/// How many of the first values of a series to leave out, so that what begins empty does not bias the mean: the rule MSER-5.
///
/// It leaves out what makes the standard error of the rest least, in batches of five. None when that would be more than half of the
/// series: then the run is too short to tell, or never settles.
///
/// Source: White, Cobb and Spratt, "A comparison of five steady-state truncation heuristics for simulation", Proceedings of the 2000
/// Winter Simulation Conference.
pub fn mser5(series: &[f64]) -> Option<usize> {
    let batches: Vec<f64> = series
        .chunks_exact(BATCH)
        .map(|batch| batch.iter().sum::<f64>() / BATCH as f64)
        .collect();
    // From the end on, so that each batch is met once. Welford's update keeps the sum of squares exact enough.
    let (mut mean, mut squares) = (0.0, 0.0);
    let mut best: Option<(f64, usize)> = None;
    for (left_out, batch) in batches.iter().enumerate().rev() {
        let kept = (batches.len() - left_out) as f64;
        let distance = batch - mean;
        mean += distance / kept;
        squares += distance * (batch - mean);
        let statistic = squares / (kept * kept);
        // A few batches at the end may agree by chance, so at least ten must be kept.
        let is_enough = kept >= 10.0;
        if is_enough && best.is_none_or(|(least, _)| statistic <= least) {
            best = Some((statistic, left_out));
        }
    }
    let (_, left_out) = best?;
    (2 * left_out <= batches.len()).then_some(left_out * BATCH)
}

/// Welch's plot, to judge the warm-up by eye: the mean over replications of each value of a series, smoothed over `window` values to
/// either side, fewer near the beginning. Of series of unlike length the shortest counts.
///
/// Source: Welch, "The statistical analysis of simulation results" (1983), as in Law, "Simulation Modeling and Analysis", section 9.5.1.
pub fn welch(replications: &[Vec<f64>], window: usize) -> Vec<f64> {
    let length = replications.iter().map(Vec::len).min().unwrap_or(0);
    let count = replications.len() as f64;
    let means: Vec<f64> = (0..length)
        .map(|at| replications.iter().map(|series| series[at]).sum::<f64>() / count)
        .collect();
    (0..length.saturating_sub(window))
        .map(|at| {
            let reach = window.min(at);
            let near = &means[at - reach..=at + reach];
            near.iter().sum::<f64>() / near.len() as f64
        })
        .collect()
}
