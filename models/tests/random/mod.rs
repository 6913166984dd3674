//! Random small models: a [`Spec`] of plain numbers that proptest can shrink, the [`Plan`] that it stands for
//! (which the checks need), and the YAML of it.

mod aims;
mod desks;
mod each;
mod joins;
mod lines;
mod plan;
mod relations;
mod render;
mod watched;

use proptest::prelude::*;

pub use aims::{Aim, aim, intervene, intervene_if};
pub use plan::{Cause, Chance, Origin, Plan};
pub use render::{Knobs, extra_blocks, files, split_files};

/// What a random model is made of; every number is valid, so that all smaller ones are, too.
#[derive(Clone, Debug)]
pub struct Spec {
    pub cells: u16,
    pub window: usize,
    pub warmup_hours: u8,
    pub shops: bool,
    pub spikes: bool,
    pub berlin: bool,
    /// Whether events may change what other events read.
    pub stateful: bool,
    /// The people's calendars: none, one that events open, one that is always open.
    pub calendar: u8,
    pub seed: u64,
    /// What is waited for together, if not 0, and which of the streams.
    pub joins: (u8, u8),
    pub streams: Vec<StreamSpec>,
}

/// What a stream is made of; see [`Plan::new`] for what the numbers choose.
#[derive(Clone, Debug)]
pub struct StreamSpec {
    pub origin: u8,
    pub parents: (u8, u8),
    pub two_causes: bool,
    pub delay: u8,
    pub chance: u8,
    pub count: u8,
    pub guard: bool,
    pub outcome: bool,
    pub any_cell: bool,
    pub requires: bool,
    /// Whether events wait at a desk, where they can.
    pub desk: bool,
    /// Whether events have lines.
    pub lines: bool,
    pub change: u8,
    pub rate: u16,
    pub variant: u8,
}

fn stream() -> impl Strategy<Value = StreamSpec> {
    let shape = (
        0..10u8,
        any::<(u8, u8)>(),
        any::<bool>(),
        0..12u8,
        0..4u8,
        0..8u8,
    );
    let flags = (
        any::<bool>(),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.25),
        prop::bool::weighted(0.25),
        prop::bool::weighted(0.25),
        prop::bool::weighted(0.25),
    );
    (shape, flags, 0..12u8, 0..400u16, 0..12u8).prop_map(
        |(
            (origin, parents, two_causes, delay, chance, count),
            (guard, outcome, any_cell, requires, desk, lines),
            change,
            rate,
            variant,
        )| {
            StreamSpec {
                origin,
                parents,
                two_causes,
                delay,
                chance,
                count,
                guard,
                outcome,
                any_cell,
                requires,
                desk,
                lines,
                change,
                rate,
                variant,
            }
        },
    )
}

/// Random models; `stateful` ones among them if wanted.
pub fn spec(stateful: bool) -> impl Strategy<Value = Spec> {
    let whole = (
        2..=5u16,
        0..4usize,
        0..30u8,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<u64>(),
        (0..3u8, (0..8u8, any::<u8>())),
    );
    (whole, prop::collection::vec(stream(), 2..9)).prop_map(
        move |(
            (cells, window, warmup_hours, shops, spikes, berlin, state, seed, (calendar, joins)),
            streams,
        )| Spec {
            cells,
            window,
            warmup_hours,
            shops,
            spikes,
            berlin,
            stateful: state && stateful,
            calendar: if state && stateful { calendar } else { 0 },
            seed,
            joins,
            streams,
        },
    )
}
