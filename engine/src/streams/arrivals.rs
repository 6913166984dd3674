//! Arrivals: non-homogeneous Poisson processes by thinning, in layers that exist for every run.
//!
//! The plane of (time, rate) is cut into layers of fixed height and blocks of fixed length. Each
//! such tile holds a Poisson number of candidates at uniform places, all functions of (key of the
//! process, layer, block). At its time, a candidate is accepted when its mark lies under the rate.
//! So a higher rate only adds arrivals, a lower one only removes some, and a tenfold surge opens
//! layers above without touching those below. Tiles can be opened in any order.
//!
//! Source: Lewis and Shedler, "Simulation of nonhomogeneous Poisson processes by thinning" (1979).

use crate::base::draw::{Key, Purpose, purpose, scale_bits, unit};
use crate::base::sample;
use crate::base::time::{Span, Time};

/// A possible arrival: it happens when `mark_per_hour` lies under the rate at its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The candidate's identity, from (process, layer, block, ordinal).
    pub key: Key,
    /// When it would arrive.
    pub time: Time,
    /// The height at which it lies, in arrivals per hour.
    pub mark_per_hour: f64,
}

/// Layers an octave, above the lowest one.
const STEPS_PER_OCTAVE: u32 = 4;
/// Bounds of rates are exact up to rounding.
const ROUNDED: f64 = 1.0 + 1e-9;
/// Layers whose number of candidates is looked up; higher ones are worked out anew each time.
const TABULATED: u32 = 64;

/// How the plane is cut: the lowest layer's height, the grid above it, the blocks' length. The grid is
/// absolute, so that a change of a declared rate only adds or removes arrivals, too.
#[derive(Clone, Debug)]
pub struct Layers {
    base_per_hour: f64,
    length: Span,
    tabulated: Vec<Layer>,
}

/// One layer, and the law of its number of candidates a block.
#[derive(Clone, Debug)]
struct Layer {
    low: f64,
    height: f64,
    /// The upper edge. No mark lies above it, but rounding may put one upon it.
    high: f64,
    /// P(count <= k) for k = 0, 1, ...; empty where the mean is too large.
    cumulative: Vec<f64>,
}

impl Layer {
    /// The height at which a candidate of this layer lies, in arrivals per hour.
    #[inline(always)]
    fn mark(&self, candidate: Key) -> f64 {
        self.low + self.height * unit(candidate.bits(MARK))
    }
}

impl Layers {
    /// Cuts the plane into blocks of `length` and layers from `base_per_hour` on.
    pub fn new(base_per_hour: f64, length: Span) -> Layers {
        let mut layers = Layers {
            base_per_hour,
            length,
            tabulated: Vec::new(),
        };
        layers.tabulated = (0..TABULATED)
            .map(|layer| layers.layer(layer, true))
            .collect();
        layers
    }

    /// Length of a block.
    pub fn block(&self) -> Span {
        self.length
    }

    /// Lower edge of a layer, in arrivals per hour. Layer 0 begins at 0.
    fn edge(&self, layer: u32) -> f64 {
        if layer == 0 {
            return 0.0;
        }
        let (octave, step) = (
            (layer - 1) / STEPS_PER_OCTAVE,
            (layer - 1) % STEPS_PER_OCTAVE,
        );
        let fraction = 1.0 + f64::from(step) / f64::from(STEPS_PER_OCTAVE);
        libm::scalbn(self.base_per_hour * fraction, octave as i32)
    }

    fn layer(&self, layer: u32, tabulate: bool) -> Layer {
        let low = self.edge(layer);
        let high = self.edge(layer + 1);
        let height = high - low;
        let cumulative = if tabulate {
            sample::poisson_table(self.mean(height))
        } else {
            None
        };
        Layer {
            low,
            height,
            high,
            cumulative: cumulative.unwrap_or_default(),
        }
    }

    fn mean(&self, height: f64) -> f64 {
        height * self.length.0 as f64 / Span::HOUR.0 as f64
    }

    /// Visits, in no order, every candidate of a process within one block that lies under
    /// `max_per_hour`, and none that lies clearly above it. `block` counts blocks since the epoch.
    ///
    /// A call costs O(layers + candidates).
    #[inline]
    pub fn candidates(
        &self,
        process: Key,
        block: i64,
        max_per_hour: f64,
        mut visit: impl FnMut(Candidate),
    ) {
        self.tiles(process, block, max_per_hour, |layer, key| {
            let mark_per_hour = layer.mark(key);
            if mark_per_hour < max_per_hour * ROUNDED {
                let time = self.time(block, key);
                visit(Candidate {
                    key,
                    time,
                    mark_per_hour,
                });
            }
        });
    }

    /// Visits, in no order, the arrivals of a process within one block: the candidates that lie
    /// under the rate at their time, which is nowhere in the block below the least or above the most.
    ///
    /// Of a process with many arrivals most layers lie wholly below the rate. There it does not matter at which height a
    /// candidate lies, and no mark is drawn. Of one with few, most candidates lie above whatever the rate may be, and of
    /// those nothing but the mark is drawn.
    #[inline(always)]
    pub fn arrivals(
        &self,
        process: Key,
        block: i64,
        (least_per_hour, most_per_hour): (f64, f64),
        rate_per_hour: impl Fn(Time) -> f64,
        mut visit: impl FnMut(Key, Time),
    ) {
        let most = most_per_hour * ROUNDED;
        self.tiles(process, block, most_per_hour, |layer, key| {
            if layer.high > most {
                let mark = layer.mark(key);
                if mark < most {
                    let time = self.time(block, key);
                    if mark < rate_per_hour(time) {
                        visit(key, time);
                    }
                }
                return;
            }
            let time = self.time(block, key);
            let under = || {
                let rate = rate_per_hour(time);
                layer.high < rate || layer.mark(key) < rate
            };
            if layer.high < least_per_hour || under() {
                visit(key, time);
            }
        });
    }

    /// When a candidate of a block would arrive.
    #[inline(always)]
    fn time(&self, block: i64, candidate: Key) -> Time {
        let offset = scale_bits(candidate.bits(TIME), self.length.0 as u64);
        Time(block * self.length.0 + offset as i64)
    }

    /// Visits the candidates of all layers that begin below `max_per_hour`: layer, key.
    #[inline(always)]
    fn tiles(
        &self,
        process: Key,
        block: i64,
        max_per_hour: f64,
        mut visit: impl FnMut(&Layer, Key),
    ) {
        let tile_row = process.child(BLOCK, block as u64);
        for number in 0.. {
            let beyond;
            let layer = match self.tabulated.get(number as usize) {
                Some(layer) => layer,
                None => {
                    beyond = self.layer(number, false);
                    &beyond
                }
            };
            if layer.low >= max_per_hour {
                return;
            }
            let tile = tile_row.child(LAYER, u64::from(number));
            for ordinal in 0..self.count(layer, tile.uniform(COUNT)) {
                visit(layer, tile.child(CANDIDATE, ordinal));
            }
        }
    }

    /// How many candidates a tile has.
    fn count(&self, layer: &Layer, u: f64) -> u64 {
        if layer.cumulative.is_empty() {
            return sample::poisson(u, self.mean(layer.height));
        }
        // Of the layers of one entity's own process nearly all have none.
        if u <= layer.cumulative[0] {
            return 0;
        }
        layer
            .cumulative
            .partition_point(|&cumulative| cumulative < u) as u64
    }
}

const BLOCK: Purpose = purpose("block");
const LAYER: Purpose = purpose("layer");
const COUNT: Purpose = purpose("count");
const CANDIDATE: Purpose = purpose("candidate");
const TIME: Purpose = purpose("time");
const MARK: Purpose = purpose("mark");
