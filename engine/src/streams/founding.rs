//! How a run begins: all processes with their starting population, and the rates that follow from it.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::base::draw::Key;
use crate::streams::calendar::mean_growth;
use crate::streams::cell::{Cell, Population};
use crate::streams::eval::{Frame, Marks, Own, number};
use crate::streams::program::{Actor, Source};
use crate::streams::view::Observed;
use crate::streams::world::{Arrivals, World};

/// Makes all processes, and from the cells the rates of the sources.
pub fn found(world: &mut World) -> Vec<Cell> {
    let cells: Vec<Cell> = (0..world.program.processes())
        .into_par_iter()
        .map(|index| Cell::new(world, index))
        .collect();
    let rates = rates(world, &cells);
    set_rates(world, rates);
    cells
}

/// Arrivals of one source, before its profile. They follow from the starting population.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// Arrivals per hour of the common process of each cell.
    pub pool_per_hour: Vec<f64>,
    /// Arrivals per hour of an entity of weight 1.
    pub per_weight_per_hour: f64,
}

/// The streams that have arrivals, by index.
fn sources(world: &World) -> impl Iterator<Item = (usize, &Source)> {
    let streams = world.program.streams.iter().enumerate();
    streams.filter_map(|(stream, definition)| match &definition.source {
        Some(source @ Source::Arrivals { .. }) => Some((stream, source)),
        _ => None,
    })
}

/// Prepares the sources of a run, given the rates of each stream that has arrivals, in order.
pub fn set_rates(world: &mut World, rates: Vec<Rates>) {
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
                spikes: world.spikes(world.source_keys[stream]),
            })
        });
    world.arrivals = arrivals.collect();
}

/// Rates such that the starting population shows the declared ones, and the reference days with
/// their growth have them as their mean.
fn rates(world: &World, cells: &[Cell]) -> Vec<Rates> {
    let growth = mean_growth(&world.program.reference, world.program.warmup);
    let cells = &cells[..usize::from(world.program.cells)];
    let of_source = |(_, source)| match source {
        &Source::Arrivals {
            rate_per_day,
            ref actor,
            ..
        } => Some(rates_of(world, cells, rate_per_day, actor.as_ref(), growth)),
        _ => None,
    };
    sources(world).filter_map(of_source).collect()
}

fn rates_of(
    world: &World,
    cells: &[Cell],
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
            .map(move |c| weight(world, actor, &c.population, part))
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
    let group = &population.groups[usize::from(actor.kind)];
    let kind = &world.program.kinds[usize::from(actor.kind)];
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
