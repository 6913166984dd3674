//! What counts are scored against.

use std::collections::BTreeMap;

use crate::interval::{Class, Resolution};
use crate::statistics::Statistics;

/// What is expected of the count of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Its mean.
    pub mean: f64,
    /// How far counts usually lie from it.
    pub sigma: f64,
}

/// What is expected of every stream and class of intervals.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    streams: BTreeMap<String, BTreeMap<(Resolution, Class), Expected>>,
}

impl Baseline {
    /// What statistics say.
    pub fn of(statistics: &[Statistics]) -> Baseline {
        let mut baseline = Baseline::default();
        for stream in statistics {
            for of in &stream.resolutions {
                for (class, figures) in &of.classes {
                    let expected = Expected {
                        mean: figures.summary.mean,
                        sigma: figures.sigma,
                    };
                    baseline.insert(&stream.stream, of.resolution, *class, expected);
                }
            }
        }
        baseline
    }

    /// Adds what is expected of a class.
    pub fn insert(
        &mut self,
        stream: &str,
        resolution: Resolution,
        class: Class,
        expected: Expected,
    ) {
        let classes = self.streams.entry(stream.to_owned()).or_default();
        classes.insert((resolution, class), expected);
    }

    /// What is expected of a class; `None` if that is not known.
    pub fn expected(&self, stream: &str, resolution: Resolution, class: Class) -> Option<Expected> {
        self.streams.get(stream)?.get(&(resolution, class)).copied()
    }

    /// Whether anything is known about a stream.
    pub fn has(&self, stream: &str) -> bool {
        self.streams.contains_key(stream)
    }
}
