//! Moments and quantiles of some numbers, exact.

/// Some numbers, summed up.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Their mean.
    pub mean: f64,
    /// The sample's standard deviation (with n - 1 in the denominator); none of a single number.
    pub std_dev: Option<f64>,
    sorted: Vec<f64>,
}

impl Summary {
    /// Sums numbers up; `None` without any. The order matters to the last digit of mean and deviation.
    pub fn of(numbers: &[f64]) -> Option<Summary> {
        if numbers.is_empty() {
            return None;
        }
        let mean = mean(numbers);
        let n = numbers.len() as f64;
        let squares: f64 = numbers.iter().map(|x| (x - mean) * (x - mean)).sum();
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Summary {
            mean,
            std_dev: (numbers.len() > 1).then(|| (squares / (n - 1.0)).sqrt()),
            sorted,
        })
    }

    /// How many numbers.
    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    /// The smallest.
    pub fn min(&self) -> f64 {
        self.quantile(0.0)
    }

    /// The largest.
    pub fn max(&self) -> f64 {
        self.quantile(1.0)
    }

    /// The smallest of the numbers such that at least this share of them are no larger: type 1 of Hyndman and Fan.
    pub fn holding(&self, share: f64) -> f64 {
        let number = (share * self.sorted.len() as f64).ceil() as usize;
        self.sorted[number.clamp(1, self.sorted.len()) - 1]
    }

    /// The quantile for a probability, linear between the numbers: type 7 of Hyndman and Fan (1996), NumPy's default.
    pub fn quantile(&self, probability: f64) -> f64 {
        let place = probability * (self.sorted.len() - 1) as f64;
        let below = place as usize;
        let share = place - below as f64;
        let low = self.sorted[below];
        match self.sorted.get(below + 1) {
            Some(high) if share > 0.0 => low + (high - low) * share,
            _ => low,
        }
    }
}

/// The mean of some numbers; 0 without any.
pub fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len().max(1) as f64
}

/// The variance of some numbers around their mean, with n in the denominator; 0 without any.
pub fn variance(numbers: &[f64]) -> f64 {
    let mean = mean(numbers);
    let squares: f64 = numbers.iter().map(|x| (x - mean) * (x - mean)).sum();
    squares / numbers.len().max(1) as f64
}
