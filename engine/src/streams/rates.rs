//! How many arrive at each source: the rates that follow from the starting population.
//!
//! They are worked out once, when the population has been made, and stand beside the [world](crate::streams::world) from
//! then on.

use serde::{Deserialize, Serialize};

use crate::base::draw::{Key, Purpose, purpose};
use crate::base::time::{Span, Time};
use crate::streams::eval::{Frame, Marks, Own, number};
use crate::streams::population::Population;
use crate::streams::profile::mean_growth;
use crate::streams::program::{Actor, Source, Spikes, StreamId};
use crate::streams::view::Observed;
use crate::streams::world::World;

/// Arrivals of one source, before its profile. They follow from the starting population.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// Arrivals per hour of the common process of each cell.
    pub pool_per_hour: Vec<f64>,
    /// Arrivals per hour of an entity of weight 1.
    pub per_weight_per_hour: f64,
}

/// A source of arrivals, with its rates for this run.
#[derive(Clone, Debug)]
pub struct Arrivals {
    /// Index of the stream.
    pub stream: StreamId,
    /// Key of the source.
    pub key: Key,
    /// Index of the profile's table.
    pub profile: usize,
    /// Who does it.
    pub actor: Option<Actor>,
    /// How many arrive, before the profile.
    pub rates: Rates,
    /// Arrivals per hour of the whole business at scale 1, before the profile: what modifiers of the
    /// rate are about.
    pub nominal_per_hour: f64,
    /// The modifiers of the rate, as an index into the program's.
    pub modified: Option<u16>,
    /// Its small variance, interval by interval from the beginning of the warm-up to the end: 1 where it is higher, -1 where it
    /// is lower, 0 mostly.
    spikes: Vec<i8>,
}

impl Arrivals {
    /// Those of all sources of a run, as its warm-up begins with these entities in the cells.
    pub fn of_population(world: &World, cells: &[&Population]) -> Vec<Arrivals> {
        Arrivals::with(world, rates(world, cells))
    }

    /// Those of all sources of a run, given the rates of each stream that has arrivals, in order.
    pub fn with(world: &World, rates: Vec<Rates>) -> Vec<Arrivals> {
        let arrivals = sources(world)
            .zip(rates)
            .filter_map(|((stream, source), rates)| {
                let Source::Arrivals {
                    rate_per_day,
                    profile,
                    actor,
                    modified,
                } = source
                else {
                    return None;
                };
                Some(Arrivals {
                    stream,
                    key: world.source_keys[stream],
                    profile: usize::from(*profile),
                    actor: actor.clone(),
                    rates,
                    nominal_per_hour: rate_per_day / 24.0,
                    modified: *modified,
                    spikes: spikes(world, world.source_keys[stream]),
                })
            });
        arrivals.collect()
    }

    /// The factor of a source's small variance in the interval of a time.
    pub fn spike(&self, world: &World, time: Time) -> f64 {
        let Spikes { every, size, .. } = world.program.spikes;
        let number = |time: Time| world.program.zone.reading(time).index_of(every);
        let at = number(time) - number(world.begin);
        // The table covers the run.
        let spike = usize::try_from(at).ok().and_then(|at| self.spikes.get(at));
        1.0 + f64::from(spike.copied().unwrap_or(0)) * size
    }
}

/// A source's small variance, for the intervals from the beginning to the end.
fn spikes(world: &World, source: Key) -> Vec<i8> {
    const SPIKE: Purpose = purpose("spike");
    let spikes = world.program.spikes;
    // Who joined later opens a day at a time.
    let (first, last) = (world.begin, world.end + Span::DAY);
    let number = |time: Time| world.program.zone.reading(time).index_of(spikes.every);
    let spike = |interval: i64| {
        let interval = source.child(SPIKE, interval as u64);
        if interval.uniform(SPIKE) >= spikes.share {
            0
        } else if interval.bits(SPIKE.part(1)) >> 63 == 0 {
            1
        } else {
            -1
        }
    };
    (number(first)..=number(last)).map(spike).collect()
}

/// The streams that have arrivals, by index.
fn sources(world: &World) -> impl Iterator<Item = (StreamId, &Source)> {
    let streams = StreamId::each(&world.program.streams);
    streams.filter_map(|(stream, definition)| match &definition.source {
        Some(source @ Source::Arrivals { .. }) => Some((stream, source)),
        Some(Source::Each { .. } | Source::Platform { .. }) | None => None,
    })
}

/// Rates such that the starting population shows the declared ones, and the reference days with
/// their growth have them as their mean.
fn rates(world: &World, cells: &[&Population]) -> Vec<Rates> {
    let growth = mean_growth(&world.program.reference, world.program.warmup);
    let cells = &cells[..usize::from(world.program.cells)];
    let of_source = |(_, source)| match source {
        &Source::Arrivals {
            rate_per_day,
            ref actor,
            ..
        } => Some(rates_of(world, cells, rate_per_day, actor.as_ref(), growth)),
        Source::Each { .. } | Source::Platform { .. } => None,
    };
    sources(world).filter_map(of_source).collect()
}

fn rates_of(
    world: &World,
    cells: &[&Population],
    rate_per_day: f64,
    actor: Option<&Actor>,
    growth: f64,
) -> Rates {
    let per_hour = rate_per_day * world.scale / 24.0;
    let Some(actor) = actor else {
        return Rates {
            pool_per_hour: (0..cells.len())
                .map(|cell| match cell < usize::from(world.peopled) {
                    true => per_hour / f64::from(world.peopled),
                    false => 0.0,
                })
                .collect(),
            per_weight_per_hour: 0.0,
        };
    };
    let all = |part| {
        cells
            .iter()
            .map(move |population| weight(world, actor, population, part))
    };
    let taking_part: f64 = all(true).sum();
    let each = if taking_part > 0.0 {
        per_hour / growth / taking_part
    } else {
        0.0
    };
    Rates {
        pool_per_hour: all(false).map(|weight| each * weight).collect(),
        per_weight_per_hour: each,
    }
}

/// Sum of the weights of a cell's starting entities, or of those of them that take part now.
fn weight(world: &World, actor: &Actor, population: &Population, taking_part: bool) -> f64 {
    let group = &population.groups[actor.kind];
    let kind = &world.program.kinds[actor.kind];
    let observed = Observed::default();
    let share = |entity: usize| {
        let marks = Marks::default();
        let about = (Key(group.ids[entity]), world.begin);
        let own = Own::Entity(actor.kind, entity);
        let frame = Frame::of_entity(world, population, &observed, about, own, &marks);
        let eligible = actor
            .when
            .as_ref()
            .is_none_or(|when| number(when, &frame) != 0.0);
        if eligible {
            actor.states[usize::from(group.states[entity])]
        } else {
            0.0
        }
    };
    (0..group.founders)
        .map(|entity| {
            let weight = if actor.equal {
                1.0
            } else {
                group.activity(kind, entity)
            };
            if taking_part {
                weight * share(entity)
            } else {
                weight
            }
        })
        .sum()
}
