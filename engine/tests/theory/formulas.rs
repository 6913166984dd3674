//! What queueing theory says. Rates are per minute, times in minutes.

/// Of a birth-death process, the long-run probabilities of 0, 1, 2, ... present, cut off where they no longer matter.
///
/// Source of all that follows from it: Gross and Harris, "Fundamentals of Queueing Theory", chapter 2.
pub fn birth_death(birth: impl Fn(usize) -> f64, death: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut weights = vec![1.0];
    let mut total = 1.0;
    for present in 1..20_000 {
        let weight = weights[present - 1] * birth(present - 1) / death(present);
        weights.push(weight);
        total += weight;
        if weight < 1e-18 * total {
            break;
        }
    }
    weights.iter().map(|weight| weight / total).collect()
}

/// The mean number that wait, with so many servers.
pub fn mean_queue(probabilities: &[f64], servers: usize) -> f64 {
    let waiting = probabilities.iter().skip(servers).enumerate();
    waiting
        .map(|(waiting, probability)| waiting as f64 * probability)
        .sum()
}

/// M/M/c: the mean number that wait (Erlang's C formula).
pub fn mmc_queue(arrivals: f64, services: f64, servers: usize) -> f64 {
    let busy = |present: usize| present.min(servers) as f64;
    mean_queue(
        &birth_death(|_| arrivals, |present| busy(present) * services),
        servers,
    )
}

/// M/G/1: the mean number that wait. Source: Pollaczek and Khinchine's formula; `scv` is the squared coefficient of variation
/// of the service time.
pub fn mg1_queue(arrivals: f64, mean_service: f64, scv: f64) -> f64 {
    let load = arrivals * mean_service;
    load * load * (1.0 + scv) / (2.0 * (1.0 - load))
}

/// M/M/c+M (Erlang A): the mean number that wait, when each gives up at rate `impatience`.
pub fn erlang_a_queue(arrivals: f64, services: f64, servers: usize, impatience: f64) -> f64 {
    let leaves = |present: usize| {
        present.min(servers) as f64 * services + present.saturating_sub(servers) as f64 * impatience
    };
    mean_queue(&birth_death(|_| arrivals, leaves), servers)
}

/// M/M/c/K with so many places to wait: the probability of being turned away, and the mean number that wait.
pub fn mmck(arrivals: f64, services: f64, servers: usize, places: usize) -> (f64, f64) {
    let most = servers + places;
    let probabilities = birth_death(
        |present| if present < most { arrivals } else { 0.0 },
        |present| present.min(servers) as f64 * services,
    );
    (probabilities[most], mean_queue(&probabilities, servers))
}

/// One server, preemptive resume, classes by falling urgency as (arrivals, mean service, mean square of the service): the mean
/// time that each class spends in the system. Source: Bertsekas and Gallager, "Data Networks", section 3.5.3.
pub fn preemptive_times(classes: &[(f64, f64, f64)]) -> Vec<f64> {
    let (mut above, mut residual) = (0.0, 0.0);
    let mut times = Vec::new();
    for (arrivals, mean, square) in classes {
        let load = above + arrivals * mean;
        residual += 0.5 * arrivals * square;
        times.push((mean * (1.0 - load) + residual) / ((1.0 - above) * (1.0 - load)));
        above = load;
    }
    times
}

/// As [`preemptive_times`], when a service is never broken off. Source: Cobham (1954), in the same place.
pub fn nonpreemptive_times(classes: &[(f64, f64, f64)]) -> Vec<f64> {
    let residual: f64 = classes
        .iter()
        .map(|(arrivals, _, square)| 0.5 * arrivals * square)
        .sum();
    let mut above = 0.0;
    let mut times = Vec::new();
    for (arrivals, mean, _) in classes {
        let load = above + arrivals * mean;
        times.push(mean + residual / ((1.0 - above) * (1.0 - load)));
        above = load;
    }
    times
}

/// The arrivals at each station of an open network, from outside and from others, by iterating the traffic equations.
/// Source: Jackson, "Networks of waiting lines", Operations Research 5 (1957).
pub fn traffic(outside: &[f64], routing: &[&[f64]]) -> Vec<f64> {
    let mut rates = outside.to_vec();
    for _ in 0..10_000 {
        let mut next = outside.to_vec();
        for (from, row) in routing.iter().enumerate() {
            for (to, probability) in row.iter().enumerate() {
                next[to] += rates[from] * probability;
            }
        }
        rates = next;
    }
    rates
}
