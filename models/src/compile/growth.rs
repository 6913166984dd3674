//! Rings of causes that grow without end: the mean number of events is followed round each.

use std::collections::BTreeMap;

use causeflow_engine::streams::program::{Stream, rings};

use super::means::least_children;

/// A ring of causes that grows.
#[derive(Debug, PartialEq)]
pub(super) struct Growth {
    /// Its streams, each of which causes the next, and the last the first.
    pub ring: Vec<usize>,
    /// How many events of its first stream one of them leads to on average, by all ways back; none where several rings
    /// grow only together.
    pub laps: Option<f64>,
}

/// The rings of causes that certainly grow: one for each group of streams that cause each other.
pub(super) fn growing(streams: &[Stream]) -> Vec<Growth> {
    let mut found = Vec::new();
    for group in rings(streams) {
        let mut graph = Graph::default();
        for &from in &group {
            for effect in streams[from].all_effects() {
                let to = effect.stream.index();
                let mean = least_children(streams, &streams[from], effect);
                if group.binary_search(&to).is_ok() {
                    graph.add(from, to, mean, &[]);
                }
            }
        }
        found.extend(graph.growth(&group));
    }
    found
}

/// So much above 1 is rounding.
const ROUNDING: f64 = 1e-6;

/// The ways from each stream to others.
#[derive(Default)]
struct Graph(BTreeMap<usize, BTreeMap<usize, Ways>>);

/// The ways from one stream to another, past streams that have been taken out.
#[derive(Default)]
struct Ways {
    /// How many events of the one an event of the other leads to, by all of them.
    mean: f64,
    /// How many at most by a single one of them.
    most: f64,
    /// The streams between on that one.
    between: Vec<usize>,
}

impl Graph {
    fn add(&mut self, from: usize, to: usize, mean: f64, between: &[usize]) {
        self.join(from, to, mean, (mean, between.to_vec()));
    }

    fn join(&mut self, from: usize, to: usize, mean: f64, (most, between): (f64, Vec<usize>)) {
        if mean <= 0.0 {
            return;
        }
        let ways = self.0.entry(from).or_default().entry(to).or_default();
        ways.mean += mean;
        if most > ways.most {
            (ways.most, ways.between) = (most, between);
        }
    }

    /// Finds a ring that grows. Streams are taken out one by one, and their neighbours are joined by ways past them.
    /// What a stream then leads to of its own kind, by all ways past those before it, is its number of laps.
    fn growth(mut self, group: &[usize]) -> Option<Growth> {
        // One that just keeps its number goes last: any other way back makes it grow.
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for &stream in group {
            match self.laps(stream) {
                laps if laps > 1.0 + ROUNDING => return Some(self.ring(stream)),
                laps if laps > 1.0 - ROUNDING => last.push(stream),
                _ => first.push(stream),
            }
        }
        while let Some(&stream) = first.first() {
            first.remove(0);
            self.take_out(stream);
            for &other in first.iter().chain(&last) {
                if self.laps(other) > 1.0 + ROUNDING {
                    return Some(self.ring(other));
                }
            }
            let steady = first.extract_if(.., |other| self.laps(*other) > 1.0 - ROUNDING);
            last.extend(steady);
        }
        // Each that is left leads to one more of its own: with a way to another and back, to more than that.
        for &stream in &last {
            self.0.get_mut(&stream).map(|to| to.remove(&stream));
        }
        let mut together = last.iter().filter_map(|&stream| self.way_back(stream));
        together.next().map(|ring| Growth { ring, laps: None })
    }

    fn laps(&self, stream: usize) -> f64 {
        let ways = self.0.get(&stream).and_then(|to| to.get(&stream));
        ways.map_or(0.0, |ways| ways.mean)
    }

    fn ring(&self, stream: usize) -> Growth {
        let between = &self.0[&stream][&stream].between;
        Growth {
            ring: [&[stream], &between[..]].concat(),
            laps: Some(self.laps(stream)),
        }
    }

    fn take_out(&mut self, stream: usize) {
        let again = self.laps(stream);
        let mut out = self.0.remove(&stream).unwrap_or_default();
        out.remove(&stream);
        let into = self.0.iter_mut();
        let into = into.filter_map(|(&from, to)| Some((from, to.remove(&stream)?)));
        for (from, first) in into.collect::<Vec<_>>() {
            for (&to, second) in &out {
                let between = [&first.between[..], &[stream], &second.between].concat();
                let mean = first.mean * second.mean / (1.0 - again);
                self.join(from, to, mean, (first.most * second.most, between));
            }
        }
    }

    /// Some way from a stream to others and back.
    fn way_back(&self, stream: usize) -> Option<Vec<usize>> {
        let mut seen = vec![stream];
        let mut rest = vec![(stream, vec![stream])];
        while let Some((at, way)) = rest.pop() {
            for (&to, ways) in self.0.get(&at).into_iter().flatten() {
                let way = [&way[..], &ways.between].concat();
                if to == stream {
                    return Some(way);
                }
                if !seen.contains(&to) {
                    seen.push(to);
                    rest.push((to, [&way[..], &[to]].concat()));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn growth(streams: usize, ways: &[(usize, usize, f64)]) -> Option<Growth> {
        let mut graph = Graph::default();
        for &(from, to, mean) in ways {
            graph.add(from, to, mean, &[]);
        }
        graph.growth(&(0..streams).collect::<Vec<_>>())
    }

    #[test]
    fn the_product_round_a_ring_counts() {
        let ring = |last| growth(3, &[(0, 1, 4.0), (1, 2, 0.5), (2, 0, last)]);
        assert_eq!(
            ring(0.5),
            None,
            "a ring that keeps its number is legitimate"
        );
        assert_eq!(ring(0.4999), None);
        let grows = ring(0.75).expect("half as many more each lap");
        assert_eq!(grows.laps, Some(1.5));
        assert_eq!(grows.ring.len(), 3);
    }

    #[test]
    fn rings_that_grow_only_together_are_found() {
        let two = [(0, 0, 0.6), (0, 1, 0.6), (1, 0, 1.0)];
        let grows =
            growth(2, &two).expect("one leads to 0.6 of the other, and 0.6 times as many again");
        assert!((grows.laps.expect("a figure") - 1.5).abs() < 1e-9);
        let steady = [(0, 0, 1.0), (1, 1, 1.0), (0, 1, 0.1), (1, 0, 0.1)];
        let grows = growth(2, &steady).expect("each keeps its number, and gets more");
        assert_eq!(
            grows,
            Growth {
                ring: vec![0, 1],
                laps: None
            }
        );
    }

    proptest! {
        /// What grows is what multiplies when generations are counted, and the ring that is named is one.
        #[test]
        fn growth_is_that_of_generations(
            streams in 1..6usize,
            ways in prop::collection::vec((0..6usize, 0..6usize, 0.0..1.3f64), 1..12),
        ) {
            let inside = |way: &(usize, usize, f64)| way.0 < streams && way.1 < streams;
            // One group of streams that cause each other.
            let mut ways: Vec<_> = ways.into_iter().filter(inside).collect();
            ways.extend((0..streams).map(|at| (at, (at + 1) % streams, 0.05)));
            let generations = |from: usize, to: usize| {
                let mut now = vec![1.0; streams];
                let mut growth = 1.0;
                for generation in 0..to {
                    let mut next = vec![0.0; streams];
                    for &(from, to, mean) in &ways {
                        next[to] += now[from] * mean;
                    }
                    let sum: f64 = next.iter().sum();
                    now = next.iter().map(|x| x / sum).collect();
                    growth *= if generation < from { 1.0 } else { sum };
                }
                libm::pow(growth, 1.0 / (to - from) as f64)
            };
            let factor = generations(200, 1000);
            prop_assume!((factor - 1.0).abs() > 1e-3);
            let found = growth(streams, &ways);
            prop_assert_eq!(found.is_some(), factor > 1.0, "{}", factor);
            if let Some(Growth { ring, laps }) = found {
                prop_assert!(laps.is_none_or(|laps| laps > 1.0));
                for (at, from) in ring.iter().enumerate() {
                    let to = ring[(at + 1) % ring.len()];
                    prop_assert!(ways.iter().any(|way| (way.0, way.1) == (*from, to)));
                    prop_assert!(!ring[at + 1..].contains(from), "a ring comes by each stream once");
                }
            }
        }
    }
}
