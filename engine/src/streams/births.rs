//! How entities come to be: those who are there from the start, and those who join.
//!
//! Attributes and first values are worked out here, once, from the entity's own key; from then on only events change it.

use crate::base::draw::{Key, Purpose, purpose};
use crate::base::sample::integer;
use crate::base::time::Time;
use crate::streams::eval::{Frame, Marks, Own, eval, take_undefined};
use crate::streams::kept::Site;
use crate::streams::population::{ABSENT, Group, Population};
use crate::streams::program::{Kind, KindId, Links, NO_ENTITY};
use crate::streams::sides::{Presence, Side, Sides};
use crate::streams::view::Observed;
use crate::streams::world::World;

impl Population {
    /// Makes the entities that a cell has from the start.
    pub fn founding(world: &World, cell: u16) -> Population {
        let kinds = &world.program.kinds;
        let mut population = Population::nobody(kinds, world.sides());
        for (k, kind) in KindId::each(kinds) {
            for (home, slot) in world.known(k, cell) {
                let row = world.row_of(k, home, slot);
                let id = match row {
                    None => Key::new(world.seed, kind.purpose)
                        .child(purpose("cell"), u64::from(home))
                        .child(purpose("slot"), u64::from(slot)),
                    // Whoever is made from a row keeps its draws, whichever rows there are besides.
                    Some((row, copy)) => {
                        Key::new(world.seed, kind.purpose).child(row.purpose, copy)
                    }
                };
                let joined = (id, world.begin);
                let row = row.map(|(row, _)| u64::from(row.code));
                let number = world.number_of(k, home, slot);
                let given = |attribute| match attribute {
                    0 if row.is_some() => row,
                    _ => number
                        .filter(|(at, _)| *at == attribute)
                        .map(|(_, number)| number),
                };
                let state = first_state(kind, id);
                let entity = population.join(world, k, joined, state, Presence::ALL, given);
                if home != cell {
                    population.groups[k].leave_out(entity);
                }
            }
            let group = &mut population.groups[k];
            group.founders = group.ids.len();
            group.weigh(kind);
        }
        for (k, kind) in KindId::each(kinds) {
            if let Some(links) = &kind.links {
                population.link(world, k, links);
                continue;
            }
            for belonging in &kind.belongs_to {
                let owner = &population.groups[belonging.owner];
                let is_shared = |kind: KindId| kinds[kind].shared;
                let founders = population.groups[k].founders;
                let (min, max) = (belonging.min, belonging.max);
                let owners = match is_shared(belonging.owner) && !is_shared(k) {
                    false => assign(owner, founders, min, max),
                    // They are dealt to those of all cells; here are those of this one.
                    true => {
                        let all = world.program.founders(k, world.scale) as usize;
                        let all = assign(owner, all, min, max);
                        let here = all.iter().skip(usize::from(cell));
                        here.step_by(usize::from(world.peopled))
                            .copied()
                            .take(founders)
                            .collect()
                    }
                };
                population.groups[k].variables[usize::from(belonging.variable)] = owners;
            }
        }
        population
    }

    /// Links those who are there from the start, as a table says it or by chance.
    fn link(&mut self, world: &World, by: KindId, links: &Links) {
        let ((of, of_kind), (to, to_kind)) = (links.of, links.to);
        let pairs = match links.rows.is_empty() {
            true => self.pairs_drawn(world, links),
            false => self.pairs_of_rows(links),
        };
        for (one, other) in pairs {
            let id = Key(self.groups[of_kind].ids[one])
                .child(links.purpose, 1)
                .child(links.purpose, self.groups[to_kind].ids[other]);
            let link = self.join(world, by, (id, world.begin), 0, Presence::ALL, |_| None);
            for (variable, end) in [(of, one), (to, other)] {
                self.groups[by].variables[usize::from(variable)][link] = end as u64;
            }
        }
        let group = &mut self.groups[by];
        group.founders = group.ids.len();
        group.weigh(&world.program.kinds[by]);
    }

    /// Each of those who are made of the rows, with one made of the other row.
    fn pairs_of_rows(&self, links: &Links) -> Vec<(usize, usize)> {
        let made_of = |kind: KindId, code: u16| -> Vec<usize> {
            let group = &self.groups[kind];
            let row = |&entity: &usize| group.attributes[0][entity] == u64::from(code);
            (0..group.founders).filter(row).collect()
        };
        let mut pairs = Vec::new();
        for &[of, to] in &links.rows {
            let others = made_of(links.to.1, to);
            for (copy, one) in made_of(links.of.1, of).into_iter().enumerate() {
                // Where a row is taken more often than the other one, several share the last of those.
                let other = others.get(copy).or(others.last());
                pairs.extend(other.map(|&other| (one, other)));
            }
        }
        pairs
    }

    /// Each of one kind with others, different ones, by their activity.
    fn pairs_drawn(&self, world: &World, links: &Links) -> Vec<(usize, usize)> {
        const WANTS: Purpose = purpose("wants");
        let (min, max) = links.starts;
        let (of_kind, to_kind) = (links.of.1, links.to.1);
        let (others, kind) = (&self.groups[to_kind], &world.program.kinds[to_kind]);
        let mut pairs = Vec::new();
        for one in 0..self.groups[of_kind].founders {
            let key = Key(self.groups[of_kind].ids[one]).child(links.purpose, 0);
            let wants = integer(key.uniform(WANTS), f64::from(min), f64::from(max)) as usize;
            let mut found: Vec<usize> = Vec::new();
            let may = |other: usize, found: &[usize]| {
                !found.contains(&other) && (of_kind != to_kind || other != one)
            };
            for proposal in 0..(8 * wants as u64 + 32) {
                if found.len() == wants {
                    break;
                }
                let bits = key.child(links.purpose, proposal).bits(WANTS);
                let other = self.pick(to_kind, bits);
                if other != NO_ENTITY && may(other as usize, &found) {
                    found.push(other as usize);
                }
            }
            // Where nearly all are wanted, those are left whom no proposal has named.
            for other in 0..others.founders {
                if found.len() == wants {
                    break;
                }
                if others.activity(kind, other) > 0.0 && may(other, &found) {
                    found.push(other);
                }
            }
            pairs.extend(found.into_iter().map(|other| (one, other)));
        }
        pairs
    }

    /// Adds an entity with this identity on the given sides; its attributes are drawn from it, except those that are given: the row of a
    /// table from which it is made, its number. Returns its index.
    pub fn join(
        &mut self,
        world: &World,
        kind: KindId,
        (id, time): (Key, Time),
        state: u8,
        presence: Presence,
        given: impl Fn(u16) -> Option<u64>,
    ) -> usize {
        let definition = &world.program.kinds[kind];
        let observed = Observed::default();
        let nobody = Population::default();
        let mut words = Vec::with_capacity(definition.attributes.len());
        let value = |e, words: &[u64], place| {
            let (own, marks) = (Own::Unborn(words), Marks::default());
            let frame = Frame::of_entity(world, &nobody, &observed, (id, time), own, &marks);
            take_undefined();
            let word = eval(e, &frame);
            if let Some(found) = take_undefined().filter(|_| presence.sides.on(Side::FACTUAL)) {
                world.note_entity((id, time), place, found);
            }
            word
        };
        for (at, attribute) in (0..).zip(&definition.attributes) {
            let word = match given(at) {
                Some(word) => word,
                None => value(&attribute.value, &words, Site::Attribute(kind, at)),
            };
            words.push(word);
        }
        let variables = (0..).zip(&definition.variables);
        let mut variables: Vec<u64> = variables
            .map(|(at, v)| value(&v.value, &words, Site::EntityVariable(kind, at)))
            .collect();
        if let Some(note) = definition.noted_state {
            variables[usize::from(note)] = u64::from(definition.state_codes[usize::from(state)]);
        }
        let group = &mut self.groups[kind];
        let entity = group.ids.len();
        group.ids.push(id.0);
        group.joined.push(time);
        group.states.push(state);
        group.twins_of.push(0);
        group.diaries.push(None);
        for (column, word) in group.attributes.iter_mut().zip(words) {
            column.push(word);
        }
        for (column, word) in group.variables.iter_mut().zip(variables) {
            column.push(word);
        }
        for (side, in_state) in (0..).map(Side).zip(&mut group.in_state) {
            in_state[usize::from(state)] += i64::from(presence.sides.on(side));
        }
        if presence.sides != Sides::ALL {
            group.part(entity, presence, false);
            for twin in group.twins_mut(entity) {
                if !presence.sides.on(twin.sides.first()) {
                    twin.state = ABSENT;
                }
            }
            if !presence.sides.on(Side::FACTUAL) {
                group.states[entity] = ABSENT;
            }
            let known = &mut group.in_state_parting[usize::from(state)];
            *known = known.and(&presence.parting());
        }
        group.members.join(group.states[entity]);
        entity
    }
}

/// The state of one that is there from the start.
fn first_state(kind: &Kind, id: Key) -> u8 {
    let Some((&(_, last), others)) = kind.starts.split_last() else {
        return 0;
    };
    if others.is_empty() {
        return last;
    }
    let u = id.uniform(purpose("starts"));
    let drawn = others.iter().find(|(share, _)| u < *share);
    drawn.map_or(last, |&(_, state)| state)
}

/// Gives each of `count` entities an owner. Owners want a number between `min` and `max` drawn from
/// their own identity; then, in turns, they give up or take one until all entities have an owner.
fn assign(owners: &Group, count: usize, min: u32, max: u32) -> Vec<u64> {
    const WANTS: Purpose = purpose("wants");
    let owners_count = owners.founders;
    if owners_count == 0 {
        return vec![NO_ENTITY; count];
    }
    let mut wants: Vec<u32> = (0..owners_count)
        .map(|owner| {
            let u = Key(owners.ids[owner]).uniform(WANTS);
            integer(u, f64::from(min), f64::from(max)) as u32
        })
        .collect();
    let mut total: i64 = wants.iter().map(|&w| i64::from(w)).sum();
    let target = count as i64;
    // At small scales there may be too many or too few for the bounds; they then give way.
    let (mut low, mut high) = (min, max);
    while total != target {
        let before = total;
        for want in &mut wants {
            if total < target && *want < high {
                *want += 1;
                total += 1;
            } else if total > target && *want > low {
                *want -= 1;
                total -= 1;
            }
        }
        if total == before {
            low = low.saturating_sub(1);
            high = high.saturating_add(1);
        }
    }
    wants
        .iter()
        .enumerate()
        .flat_map(|(owner, &want)| std::iter::repeat_n(owner as u64, want as usize))
        .collect()
}
