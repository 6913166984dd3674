//! What differs from the run without interventions.

use super::history::StreamHistory;
use super::interventions::net_by_hour;
use crate::error::Error;
use crate::finished::{Compared, Finished};

/// Streams of which the page shows both sides.
const STREAMS: usize = 6;

/// A stream whose counts in the window differ, with both counts of each hour.
#[derive(Clone, Debug)]
pub struct Moved {
    pub stream: String,
    /// Hour, events, and events without interventions.
    pub hours: Vec<(i64, u64, u64)>,
}

impl Moved {
    /// Events in the window.
    pub fn events(&self) -> u64 {
        self.hours.iter().map(|(_, with, _)| with).sum()
    }

    /// Events in the window without interventions.
    pub fn without(&self) -> u64 {
        self.hours.iter().map(|(.., without)| without).sum()
    }

    /// How far the counts of its hours lie apart, all together, over the root of how many events there would be: large
    /// where the difference is large for a stream of this size.
    fn weight(&self) -> f64 {
        let apart: u64 = self
            .hours
            .iter()
            .map(|(_, with, without)| with.abs_diff(*without))
            .sum();
        apart as f64 / (self.without().max(1) as f64).sqrt()
    }
}

/// What differs.
pub struct Twin {
    /// The streams that were moved the most in the window, at most six.
    pub moved: Vec<Moved>,
    /// Streams that differ from a counterfactual run, where there is one.
    pub counterfactual: Option<Vec<Compared>>,
}

impl Twin {
    /// Reads the tables of effects and of a counterfactual run.
    pub fn read(run: &Finished, streams: &[StreamHistory]) -> Result<Twin, Error> {
        let net = net_by_hour(run)?;
        let mut moved = Vec::new();
        for history in streams {
            let Some(net) = net.get(&history.stream) else {
                continue;
            };
            let points = history.hourly.points.iter();
            let hours = points.map(|point| {
                let more = net.get(&point.start).copied().unwrap_or(0);
                (
                    point.start.0,
                    point.count,
                    point.count.saturating_add_signed(-more),
                )
            });
            let hours: Vec<(i64, u64, u64)> = hours.collect();
            if hours.iter().any(|(_, with, without)| with != without) {
                let stream = history.stream.clone();
                moved.push(Moved { stream, hours });
            }
        }
        moved.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
        moved.truncate(STREAMS);
        Ok(Twin {
            moved,
            counterfactual: counterfactual(run)?,
        })
    }
}

fn counterfactual(run: &Finished) -> Result<Option<Vec<Compared>>, Error> {
    let differ = |c: &Compared| c.added + c.removed + c.moved + c.changed > 0;
    Ok(run.counterfactual()?.map(|mut all| {
        all.retain(differ);
        all
    }))
}
