//! How a run begins: all processes with their starting population, and the rates that follow from it.

use rayon::prelude::*;

use crate::calendar::mean_growth;
use crate::cell::{Cell, Population};
use crate::draw::Key;
use crate::eval::{Frame, Marks, Own, number};
use crate::program::{Actor, Source};
use crate::world::{Arrivals, Observed, World};

/// Makes all cells and the platform, and from them the rates of the sources.
pub fn found(world: &mut World) -> Vec<Cell> {
    let cells: Vec<Cell> = (0..=world.program.cells)
        .into_par_iter()
        .map(|index| Cell::new(world, index))
        .collect();
    world.arrivals = rates(world, &cells);
    cells
}

/// Rates such that the starting population shows the declared ones, and the reference days with
/// their growth have them as their mean.
fn rates(world: &World, cells: &[Cell]) -> Vec<Arrivals> {
    let growth = mean_growth(&world.program.reference, world.program.warmup);
    let cells = &cells[..usize::from(world.program.cells)];
    let mut all = Vec::new();
    for (stream, definition) in world.program.streams.iter().enumerate() {
        let Some(Source::Arrivals {
            rate_per_day,
            profile,
            actor,
            modified,
        }) = &definition.source
        else {
            continue;
        };
        let per_hour = rate_per_day * world.scale / 24.0;
        let (pool_per_hour, per_weight_per_hour) = match actor {
            None => (vec![per_hour / cells.len() as f64; cells.len()], 0.0),
            Some(actor) => {
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
                (all(false).map(|weight| each * weight).collect(), each)
            }
        };
        all.push(Arrivals {
            stream,
            key: world.source_keys[stream],
            profile: usize::from(*profile),
            actor: actor.clone(),
            pool_per_hour,
            per_weight_per_hour,
            nominal_per_hour: rate_per_day / 24.0,
            modified: *modified,
            spikes: world.spikes(world.source_keys[stream]),
        });
    }
    all
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
