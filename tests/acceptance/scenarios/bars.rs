//! Holds what was measured against bars that chance hardly ever crosses.

/// So many of so many.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    pub of: f64,
    pub number: f64,
}

impl Share {
    pub fn assert(&self, what: &str, expected: f64) {
        let error = (expected * (1.0 - expected) / self.of).sqrt();
        assert_near(what, self.number / self.of, expected, 4.0 * error);
    }
}

/// Compares the numbers of events in a run and in its twin with a factor. The twin's are a Poisson number, and what a
/// scenario adds is another one; what it takes away is a share of the twin's.
pub fn assert_ratio(what: &str, here: usize, twin: usize, factor: f64) {
    assert!(twin > 50, "{what}: {twin} are too few to tell");
    let of_one = if factor > 1.0 {
        factor * (factor - 1.0)
    } else {
        factor * (1.0 - factor)
    };
    let error = (of_one / twin as f64).sqrt();
    assert_near(what, here as f64 / twin as f64, factor, 4.0 * error);
}

/// Prints what was measured, and holds it against a bar.
pub fn assert_near(what: &str, value: f64, expected: f64, allowed: f64) {
    println!("{what}: {value:.4}, expected {expected} +/- {allowed:.4}");
    assert!(
        (value - expected).abs() <= allowed,
        "{what} is {value:.4}, expected {expected} +/- {allowed:.4}"
    );
}
