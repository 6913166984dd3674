//! Sources: where events without a cause come from.
//!
//! The starting entities of a cell share one process of arrivals a source, and each candidate picks
//! its actor by its own key. Who joins later brings a process of its own. So a candidate exists
//! or not whatever happens to others, and one that falls on an entity that does not take part then
//! is left out: traffic follows the population.

use super::{Cell, Event, root};
use crate::arrivals::Candidate;
use crate::draw::{Key, Purpose, purpose};
use crate::eval::{Frame, Own, number};
use crate::program::{Actor, KindId, NO_CAUSE, Source};
use crate::time::{Span, Time};
use crate::world::{Arrivals, Observed, World};

const ACTOR: Purpose = purpose("actor");
const CELL: Purpose = purpose("cell");
const JOINER: Purpose = purpose("joiner");
const TIMER: Purpose = purpose("timer");
const TAKES_PART: Purpose = purpose("takes part");
const PHASE: Purpose = purpose("phase");
const JITTER: Purpose = purpose("jitter");
const OCCURRENCE: Purpose = purpose("occurrence");
/// Who joins later opens candidates a day at a time.
const JOINER_BLOCK: Span = Span::DAY;

impl Cell {
    /// Opens the sources for the events between two barriers.
    pub(super) fn open_sources(
        &mut self,
        world: &World,
        observed: &Observed,
        start: Time,
        end: Time,
    ) {
        if start == world.begin {
            self.start_platform_timers(world, end);
            for kind in 0..world.program.kinds.len() {
                for entity in 0..self.population.groups[kind].ids.len() {
                    self.start_timers(world, kind as KindId, entity, Time(start.0 - 1), end);
                }
            }
        }
        if self.index == world.program.platform() {
            return;
        }
        let block = world.pool_layers.block();
        let mut from = start;
        while from < end {
            for arrivals in &world.arrivals {
                if world.needed_before(arrivals.stream, from + block) {
                    self.open_pool(world, observed, arrivals, from, end);
                }
            }
            from += block;
        }
        // The days that begin in this window.
        let day = Time(start.0 - 1).floor_to(JOINER_BLOCK) + JOINER_BLOCK;
        if day < end {
            for kind in 0..world.program.kinds.len() {
                let group = &self.population.groups[kind];
                for entity in group.founders..group.ids.len() {
                    self.open_joiner(world, kind as KindId, entity, None, Time(day.0 - 1), end);
                }
            }
        }
    }

    /// Candidates of the cell's common process of one source in the block that begins at `start`.
    fn open_pool(
        &mut self,
        world: &World,
        observed: &Observed,
        arrivals: &Arrivals,
        start: Time,
        end: Time,
    ) {
        let block = world.pool_layers.block();
        let per_hour =
            arrivals.pool_per_hour[usize::from(self.index)] * world.spike(arrivals, start);
        let profile = &world.profiles[arrivals.profile];
        let max = per_hour * profile.max_between(start, start + block);
        let process = arrivals.key.child(CELL, u64::from(self.index));
        let rate = |time| per_hour * profile.factor(time);
        world
            .pool_layers
            .arrivals(process, start.index_of(block), max, rate, |key, time| {
                if !world.needed(arrivals.stream as u16, time) {
                    return;
                }
                let actor = arrivals
                    .actor
                    .as_ref()
                    .map(|actor| self.pick_actor(actor, key));
                let event = root(
                    arrivals.stream,
                    key,
                    time,
                    actor.is_some(),
                    actor.unwrap_or(0),
                );
                self.enter(world, observed, event, end);
            });
    }

    fn pick_actor(&self, actor: &Actor, key: Key) -> u64 {
        let bits = key.bits(ACTOR);
        if actor.equal {
            let founders = self.population.groups[usize::from(actor.kind)].founders;
            crate::arrivals::scale_bits(bits, founders as u64)
        } else {
            self.population.pick(actor.kind, bits)
        }
    }

    /// Candidates of an entity that joined later, after `since` and within its day: at the start of
    /// each day, when it joins, and, for the sources in which it had no part in state `before`,
    /// when its state changes.
    pub(super) fn open_joiner(
        &mut self,
        world: &World,
        kind: KindId,
        entity: usize,
        before: Option<u8>,
        since: Time,
        end: Time,
    ) {
        let group = &self.population.groups[usize::from(kind)];
        if entity < group.founders {
            return;
        }
        let (id, state) = (Key(group.ids[entity]), usize::from(group.states[entity]));
        let activity = group.activity(&world.program.kinds[usize::from(kind)], entity);
        let block = Time(since.0 + 1).index_of(JOINER_BLOCK);
        let (first, last) = (
            Time(block * JOINER_BLOCK.0),
            Time((block + 1) * JOINER_BLOCK.0),
        );
        for arrivals in &world.arrivals {
            let Some(actor) = arrivals.actor.as_ref().filter(|actor| actor.kind == kind) else {
                continue;
            };
            let took_part = before.is_some_and(|state| actor.states[usize::from(state)] > 0.0);
            if took_part
                || actor.states[state] == 0.0
                || !world.needed_before(arrivals.stream, last)
            {
                continue;
            }
            let weight = if actor.equal { 1.0 } else { activity };
            let per_hour = arrivals.per_weight_per_hour * weight;
            let profile = &world.profiles[arrivals.profile];
            let max = per_hour * profile.max_between(first, last) * world.highest_spike();
            let process = arrivals.key.child(JOINER, id.0);
            world
                .joiner_layers
                .candidates(process, block, max, |candidate| {
                    let Candidate {
                        key,
                        time,
                        mark_per_hour,
                    } = candidate;
                    let rate = per_hour * profile.factor(time) * world.spike(arrivals, time);
                    if time > since
                        && mark_per_hour < rate
                        && world.needed(arrivals.stream as u16, time)
                    {
                        self.wait(
                            world,
                            root(arrivals.stream, key, time, true, entity as u64),
                            end,
                        );
                    }
                });
        }
    }

    /// Whether a candidate's actor takes part when its time comes; sets timers for the next time.
    pub(super) fn accept(
        &mut self,
        world: &World,
        observed: &Observed,
        event: &Event,
        end: Time,
    ) -> bool {
        debug_assert_eq!(event.from, NO_CAUSE);
        let stream = usize::from(event.stream);
        let actor = match &world.program.streams[stream].source {
            Some(Source::Arrivals {
                actor: Some(actor), ..
            }) => actor,
            Some(Source::Each { actor, .. }) => {
                self.push_occurrence(world, stream, event.carried[0] as usize, event.time, end);
                if !world.needed(event.stream, event.time) {
                    return false;
                }
                actor
            }
            Some(Source::Platform { .. }) => {
                self.push_platform(world, stream, event.carried[0], event.time, end);
                return world.needed(event.stream, event.time);
            }
            _ => return true,
        };
        let entity = event.carried[0];
        let Some(state) = self.population.state(actor.kind, entity) else {
            return false;
        };
        let share = actor.states[usize::from(state)];
        if share < 1.0 && event.key.uniform(TAKES_PART) >= share {
            return false;
        }
        let Some(when) = &actor.when else {
            return true;
        };
        let own = Own::Entity(actor.kind, entity as usize);
        number(
            when,
            &Frame {
                own,
                ..super::frame_of(
                    world,
                    observed,
                    &self.population,
                    event,
                    (&[], &std::cell::Cell::new(0)),
                )
            },
        ) != 0.0
    }

    /// Sets the timers that an entity has, for their first time after `since`.
    pub(super) fn start_timers(
        &mut self,
        world: &World,
        kind: KindId,
        entity: usize,
        since: Time,
        end: Time,
    ) {
        for &stream in &world.timers {
            if matches!(&world.program.streams[stream].source,
                Some(Source::Each { actor, .. }) if actor.kind == kind)
            {
                self.push_occurrence(world, stream, entity, since, end);
            }
        }
    }

    fn push_occurrence(
        &mut self,
        world: &World,
        stream: usize,
        entity: usize,
        since: Time,
        end: Time,
    ) {
        let Some(Source::Each {
            every,
            jitter,
            actor,
        }) = &world.program.streams[stream].source
        else {
            return;
        };
        let id = self.population.groups[usize::from(actor.kind)].ids[entity];
        let timer = world.source_keys[stream].child(TIMER, id);
        let phase = Span((timer.uniform(PHASE) * every.0 as f64) as i64);
        let (key, time) = next_occurrence(timer, phase, *every, *jitter, since);
        self.wait(world, root(stream, key, time, true, entity as u64), end);
    }

    fn start_platform_timers(&mut self, world: &World, end: Time) {
        if self.index != world.program.platform() {
            return;
        }
        for &stream in &world.timers {
            if let Some(Source::Platform { instances, .. }) = &world.program.streams[stream].source
            {
                let single = [0];
                let instances = if instances.is_empty() {
                    &single[..]
                } else {
                    instances
                };
                for &instance in instances {
                    self.push_platform(world, stream, instance, Time(world.begin.0 - 1), end);
                }
            }
        }
    }

    fn push_platform(
        &mut self,
        world: &World,
        stream: usize,
        instance: u64,
        since: Time,
        end: Time,
    ) {
        let Some(Source::Platform {
            every, at, jitter, ..
        }) = &world.program.streams[stream].source
        else {
            return;
        };
        // The instance is a code of the dictionary; its text, not its position, makes the key.
        let name = purpose(&world.program.dictionary[instance as usize]);
        let timer = world.source_keys[stream].child(name, 0);
        let phase = at.unwrap_or_else(|| Span((timer.uniform(PHASE) * every.0 as f64) as i64));
        let (key, time) = next_occurrence(timer, phase, *every, *jitter, since);
        self.wait(world, root(stream, key, time, true, instance), end);
    }
}

/// The first occurrence of a timer after `since`. Occurrences are counted from the epoch, so that
/// they do not depend on when a run starts; jitter is less than a period.
fn next_occurrence(timer: Key, phase: Span, every: Span, jitter: Span, since: Time) -> (Key, Time) {
    let mut number = (since - phase).index_of(every);
    loop {
        let key = timer.child(OCCURRENCE, number as u64);
        let late = (key.uniform(JITTER) * jitter.0 as f64) as i64;
        let time = Time(number * every.0 + phase.0 + late);
        if time > since {
            return (key, time);
        }
        number += 1;
    }
}
