//! Sources: where events without a cause come from.
//!
//! The starting entities of a cell share one process of arrivals a source, and each candidate picks
//! its actor by its own key. Who joins later brings a process of its own. So a candidate exists
//! or not whatever happens to others, and one that falls on an entity that does not take part then
//! is left out: traffic follows the population.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::forecast::{Forecast, Outlook};
use super::{LogicalProcess, Window};
use crate::base::draw::{Key, Purpose, purpose};
use crate::base::time::{Span, Time};
use crate::streams::arrivals::Candidate;
use crate::streams::eval::{Frame, Marks, Own, number, take_undefined};
use crate::streams::event::Event;
use crate::streams::kept::Site;
use crate::streams::program::{Actor, KindId, Modified, Source, StreamId, Timer};
use crate::streams::rates::Arrivals;
use crate::streams::sides::{Label, MOST_SIDES, Parting, Presence, Side, Sides, in_groups};
use crate::streams::world::World;

const ACTOR: Purpose = purpose("actor");
const CELL: Purpose = purpose("cell");
const JOINER: Purpose = purpose("joiner");
const TIMER: Purpose = purpose("timer");
const TAKES_PART: Purpose = purpose("takes part");
const PHASE: Purpose = purpose("phase");
const JITTER: Purpose = purpose("jitter");
const OCCURRENCE: Purpose = purpose("occurrence");
/// Who joins later opens candidates a day at a time.
pub(crate) const JOINER_BLOCK: Span = Span::DAY;

impl LogicalProcess {
    /// Opens the sources for the events from `start` up to the barrier.
    pub(super) fn open_sources(
        &mut self,
        window: Window<'_>,
        start: Time,
        forecast: &Forecast<'_>,
    ) {
        let (world, end) = (window.world, window.end);
        if start == world.begin {
            self.start_platform_timers(window);
            let since = Time(start.0 - 1);
            for kind in world.program.kind_ids() {
                for entity in 0..self.population.groups[kind].ids.len() {
                    self.start_timers(window, kind, entity, since, Presence::ALL);
                }
            }
        }
        if self.index >= world.program.platform() {
            return;
        }
        for outlook in forecast.outlooks() {
            self.open_pool(window, outlook);
        }
        // The days that begin in this window.
        let day = Time(start.0 - 1).floor_to(JOINER_BLOCK) + JOINER_BLOCK;
        if day < end {
            self.touched = true;
            self.left.clear();
            self.opened_in_part.clear();
            for (kind, definition) in KindId::each(&world.program.kinds) {
                let group = &mut self.population.groups[kind];
                let today = world.program.zone.reading(start).index_of(Span::DAY);
                group.rejoin(definition, today);
                group.forget_past(definition, today);
                let group = &self.population.groups[kind];
                for entity in group.founders..group.ids.len() {
                    let since = Time(day.0 - 1);
                    self.open_joiner(window, kind, entity, Opening::Day, since);
                }
            }
        }
    }

    /// Candidates of the cell's common process of one source in a block.
    fn open_pool(&mut self, window: Window<'_>, outlook: &Outlook) {
        let (world, start) = (window.world, outlook.start);
        let arrivals = &window.arrivals[outlook.source];
        let part = arrivals.rates.pool_per_hour[usize::from(self.index)];
        let ([low, high], bounds) = (outlook.spikes, outlook.factors);
        let (least, largest) = (part * low * bounds.least, part * high * bounds.most);
        let process = arrivals.key.child(CELL, u64::from(self.index));
        let profile = &world.profiles[arrivals.profile];
        let per_hour = part * low;
        let rate = |time| match low == high {
            true => per_hour * profile.factor(time),
            false => part * arrivals.spike(world, time) * profile.factor(time),
        };
        let (number, stream) = (outlook.number, arrivals.stream);
        let layers = &world.pool_layers;
        let bend = match outlook.is_bent {
            true => Bend::new(world, arrivals, part, (start, start + layers.block())),
            false => None,
        };
        let Some(bend) = bend else {
            layers.arrivals(
                process,
                number,
                (least, largest),
                rate,
                |key, time| match outlook.bare {
                    Some(marked) if marked.causes_nothing(&world.steps, key) => {
                        if world.needed(stream, time) {
                            self.rows.bare(world, stream, key, time);
                        }
                    }
                    _ => self.arrive(window, arrivals, key, time, Presence::ALL),
                },
            );
            return;
        };
        layers.candidates(process, number, bend.largest(largest), |candidate| {
            let rate = rate(candidate.time);
            let open = (Sides::ALL, Parting::NONE);
            arrives(world, &candidate, rate, Some(&bend), open, |presence| {
                self.arrive(window, arrivals, candidate.key, candidate.time, presence);
            });
        });
    }

    /// Lets in an arrival of the cell's common process of one source.
    fn arrive(
        &mut self,
        window: Window<'_>,
        arrivals: &Arrivals,
        key: Key,
        time: Time,
        presence: Presence,
    ) {
        let (world, stream) = (window.world, arrivals.stream);
        if !world.needed(stream, time) {
            return;
        }
        if !world.written(stream, time)
            && let Some(marked) = world.marked[stream]
            && marked.matters_nothing((&world.program, &world.steps), key, time)
        {
            return;
        }
        let actor = arrivals.actor.as_ref();
        let actor = actor.map(|actor| self.pick_actor(actor, key));
        match actor {
            Some(actor) if presence == Presence::ALL => {
                self.agenda.push_arrival(arrivals.stream, key, time, actor);
            }
            _ => self.enter(
                window,
                &Event::root(arrivals.stream, key, time, actor, presence),
            ),
        }
    }

    fn pick_actor(&self, actor: &Actor, key: Key) -> u64 {
        let bits = key.bits(ACTOR);
        if actor.equal {
            let founders = self.population.groups[actor.kind].founders;
            crate::base::draw::scale_bits(bits, founders as u64)
        } else {
            self.population.pick(actor.kind, bits)
        }
    }

    /// Candidates of an entity that joined later, after `since` and within its day: at the start of
    /// each day, when it joins, and for the sources in which a change of its state lets it take part
    /// for the first time that day. Who comes back finds those that were opened before.
    pub(super) fn open_joiner(
        &mut self,
        window: Window<'_>,
        kind: KindId,
        entity: usize,
        opening: Opening,
        since: Time,
    ) {
        let world = window.world;
        let group = &self.population.groups[kind];
        if entity < group.founders {
            return;
        }
        let parting = group.parting(entity);
        let now = group.states_on_each(entity);
        let joiner = self.joiner(world, kind, entity);
        let block = Time(since.0 + 1).index_of(JOINER_BLOCK);
        if opening != Opening::Day && Time(since.0).index_of(JOINER_BLOCK) != block {
            // At the very end of a day: the next one is opened when it begins.
            return;
        }
        let before = match opening {
            Opening::Changed(before) => before,
            Opening::Day | Opening::Joined => [None; MOST_SIDES],
        };
        for (source, arrivals) in window.arrivals.iter().enumerate() {
            let Some(actor) = arrivals.actor.as_ref().filter(|actor| actor.kind == kind) else {
                continue;
            };
            let part =
                |state: Option<u8>| state.is_some_and(|s| actor.states[usize::from(s)] > 0.0);
            for side in Side::first(world.sides()) {
                if part(before[side.index()]) && !part(now[side.index()]) {
                    self.left.insert(Left {
                        kind,
                        entity,
                        source,
                        side,
                    });
                }
            }
            let opens = Sides::those(world.sides(), |side| {
                let at = side.index();
                part(now[at])
                    && !part(before[at])
                    && !self.left.contains(&Left {
                        kind,
                        entity,
                        source,
                        side,
                    })
            });
            if opens.is_none() {
                continue;
            }
            if opens != Sides::ALL {
                let opened = self.opened_in_part.entry((kind, entity, source));
                opened.or_default().push((opens, parting));
            }
            self.open_process(window, &joiner, source, (opens, parting), since);
        }
    }

    /// Somebody who joined later.
    pub(super) fn joiner(&self, world: &World, kind: KindId, entity: usize) -> Joiner {
        let group = &self.population.groups[kind];
        Joiner {
            entity,
            id: Key(group.ids[entity]),
            activity: group.activity(&world.program.kinds[kind], entity),
        }
    }

    /// Candidates of the process of a source of somebody who joined later, after `since` and within its day, on some sides,
    /// which have come to differ like this.
    pub(super) fn open_process(
        &mut self,
        window: Window<'_>,
        joiner: &Joiner,
        source: usize,
        open: (Sides, Parting),
        since: Time,
    ) {
        let (world, arrivals) = (window.world, &window.arrivals[source]);
        let block = Time(since.0 + 1).index_of(JOINER_BLOCK);
        let (first, last) = (
            Time(block * JOINER_BLOCK.0),
            Time((block + 1) * JOINER_BLOCK.0),
        );
        if !world.needed_before(arrivals.stream, last) {
            return;
        }
        let equal = arrivals.actor.as_ref().is_some_and(|actor| actor.equal);
        let weight = if equal { 1.0 } else { joiner.activity };
        let per_hour = arrivals.rates.per_weight_per_hour * weight;
        let profile = &world.profiles[arrivals.profile];
        let largest = per_hour * profile.between(first, last).most * world.highest_spike();
        let bend = Bend::new(world, arrivals, per_hour, (first, last));
        let max = bend.as_ref().map_or(largest, |bend| bend.largest(largest));
        let process = arrivals.key.child(JOINER, joiner.id.0);
        world
            .joiner_layers
            .candidates(process, block, max, |candidate| {
                let Candidate { key, time, .. } = candidate;
                if time <= since || !world.needed(arrivals.stream, time) {
                    return;
                }
                let rate = per_hour * profile.factor(time) * arrivals.spike(world, time);
                arrives(world, &candidate, rate, bend.as_ref(), open, |presence| {
                    let actor = Some(joiner.entity as u64);
                    self.wait(
                        window,
                        &Event::root(arrivals.stream, key, time, actor, presence),
                    );
                });
            });
    }

    /// On which sides a candidate's actor takes part when its time comes; sets timers for the next
    /// time.
    pub(super) fn accept(&mut self, window: Window<'_>, event: &Event) -> Option<Presence> {
        debug_assert_eq!(event.from, StreamId::NONE);
        let world = window.world;
        let stream = event.stream;
        let actor = match &world.program.streams[stream].source {
            Some(Source::Arrivals {
                actor: Some(actor), ..
            }) => actor,
            Some(Source::Each { actor, .. }) => {
                let entity = event.carried[0] as usize;
                self.push_occurrence(window, stream, entity, event.time, event.presence);
                if !world.needed(event.stream, event.time) {
                    return None;
                }
                actor
            }
            Some(Source::Platform { .. }) => {
                self.push_platform(window, stream, event.carried[0], event.time);
                return world
                    .needed(event.stream, event.time)
                    .then_some(event.presence);
            }
            Some(Source::Arrivals { actor: None, .. }) | None => return Some(event.presence),
        };
        let marks = Marks::default();
        let (mut on, mut parted) = (Sides::NONE, Parting::NONE);
        in_groups(event.presence.sides, |side, among| {
            marks.noted.set(Parting::NONE);
            let takes_part = self.takes_part(window, event, actor, (side, among), &marks);
            let noted = marks.noted.get();
            if takes_part {
                on = on | among.without(noted.sides());
            }
            if side == Side::FACTUAL {
                parted = noted;
            }
            noted
        });
        (!on.is_none()).then(|| event.presence.part(on, &parted))
    }

    fn takes_part(
        &self,
        window: Window<'_>,
        event: &Event,
        actor: &Actor,
        (side, among): (Side, Sides),
        marks: &Marks,
    ) -> bool {
        let entity = event.carried[0];
        let frame = || {
            let own = Own::Entity(actor.kind, entity as usize);
            let about = (event.key, event.time);
            let (world, observed) = (window.world, window.observed);
            Frame {
                side,
                among,
                ..Frame::of_entity(world, &self.population, observed, about, own, marks)
            }
        };
        // Most entities are the same on all sides, which takes no frame to see.
        let group = self.population.group(actor.kind);
        let state = match group.twins(entity) {
            [] => group.state(entity),
            _ => frame().state(actor.kind, entity),
        };
        let Some(state) = state else {
            return false;
        };
        let share = actor.states[usize::from(state)];
        if share < 1.0 && event.key.uniform(TAKES_PART) >= share {
            return false;
        }
        take_undefined();
        let when = actor.when.as_ref();
        let takes_part = when.is_none_or(|when| number(when, &frame()) != 0.0);
        if let Some(found) = take_undefined().filter(|_| side == Side::FACTUAL) {
            let event = (event.stream, event.key, event.time);
            window.world.note_undefined(event, Site::Source, found);
        }
        takes_part
    }

    /// Sets the timers that an entity has, for their first time after `since`.
    pub(super) fn start_timers(
        &mut self,
        window: Window<'_>,
        kind: KindId,
        entity: usize,
        since: Time,
        presence: Presence,
    ) {
        for &stream in &window.world.timers {
            match &window.world.program.streams[stream].source {
                Some(Source::Each { actor, .. }) if actor.kind == kind => {
                    self.push_occurrence(window, stream, entity, since, presence);
                }
                Some(Source::Each { .. } | Source::Platform { .. } | Source::Arrivals { .. })
                | None => {}
            }
        }
    }

    fn push_occurrence(
        &mut self,
        window: Window<'_>,
        stream: StreamId,
        entity: usize,
        since: Time,
        presence: Presence,
    ) {
        let Some(Source::Each { timer, actor }) = &window.world.program.streams[stream].source
        else {
            return;
        };
        let id = self.population.groups[actor.kind].ids[entity];
        let own = window.world.source_keys[stream].child(TIMER, id);
        let (key, time) = next_occurrence(window.world, timer, own, since);
        let actor = Some(entity as u64);
        self.wait(window, &Event::root(stream, key, time, actor, presence));
    }

    fn start_platform_timers(&mut self, window: Window<'_>) {
        let world = window.world;
        if self.index != world.program.platform() {
            return;
        }
        for &stream in &world.timers {
            let instances: &[u64] = match &world.program.streams[stream].source {
                Some(Source::Platform { instances, .. }) if instances.is_empty() => &[0],
                Some(Source::Platform { instances, .. }) => instances,
                Some(Source::Each { .. } | Source::Arrivals { .. }) | None => continue,
            };
            for &instance in instances {
                self.push_platform(window, stream, instance, Time(world.begin.0 - 1));
            }
        }
    }

    fn push_platform(&mut self, window: Window<'_>, stream: StreamId, instance: u64, since: Time) {
        let world = window.world;
        let Some(Source::Platform { timer, .. }) = &world.program.streams[stream].source else {
            return;
        };
        // The instance is a code of the dictionary; its text, not its position, makes the key.
        let name = purpose(&world.program.dictionary[instance as usize]);
        let own = world.source_keys[stream].child(name, 0);
        let (key, time) = next_occurrence(world, timer, own, since);
        let timer = Event::root(stream, key, time, Some(instance), Presence::ALL);
        self.wait(window, &timer);
    }
}

/// Why the candidates of somebody who joined later are opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// A day begins.
    Day,
    /// They have joined.
    Joined,
    /// Their state has changed; it was this one, on each side.
    Changed([Option<u8>; MOST_SIDES]),
}

/// Somebody who has ceased to take part in a source, on a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Left {
    pub kind: KindId,
    pub entity: usize,
    pub source: usize,
    pub side: Side,
}

/// The processes of those who joined later that have been opened today on some sides only, by kind, entity and source, and
/// how those sides had come to differ then. They matter only to a run that goes on otherwise within the day.
pub(super) type OpenedInPart = BTreeMap<(KindId, usize, usize), Vec<(Sides, Parting)>>;

/// Somebody who joined later, as their processes of arrivals see them.
pub(super) struct Joiner {
    entity: usize,
    id: Key,
    activity: f64,
}

/// How modifiers bend the rate of a process of arrivals for some time.
struct Bend<'a> {
    modified: &'a Modified,
    /// Arrivals per hour of the process for one per hour of the whole business at scale 1.
    part: f64,
    from: Time,
    to: Time,
}

impl<'a> Bend<'a> {
    /// None if no modifier acts in this time; `per_hour` is the process's rate before the profile.
    fn new(
        world: &'a World,
        arrivals: &Arrivals,
        per_hour: f64,
        (from, to): (Time, Time),
    ) -> Option<Bend<'a>> {
        let modified = &world.program.modified[usize::from(arrivals.modified?)];
        modified.acts_between(from, to).then(|| Bend {
            modified,
            part: per_hour / arrivals.nominal_per_hour,
            from,
            to,
        })
    }

    /// The largest rate for rates up to this one.
    fn largest(&self, per_hour: f64) -> f64 {
        if self.part <= 0.0 {
            return per_hour;
        }
        self.part
            * self
                .modified
                .largest_between(self.from, self.to, per_hour / self.part)
    }
}

/// Hands out a candidate as it arrives, given its process's rate and on which sides that is open, and how those have come
/// to differ.
fn arrives(
    world: &World,
    candidate: &Candidate,
    per_hour: f64,
    bend: Option<&Bend<'_>>,
    (open, parting): (Sides, Parting),
    mut arrive: impl FnMut(Presence),
) {
    let (time, mark) = (candidate.time, candidate.mark_per_hour);
    let bend = bend.filter(|bend| bend.part > 0.0);
    let from_open = Presence::ALL.part(open, &parting);
    let Some(bend) = bend else {
        if mark < per_hour {
            arrive(from_open);
        }
        return;
    };
    let base = per_hour / bend.part;
    // The base itself stands for the rate without modifiers, exactly.
    let under = |value: f64| {
        mark < match value == base {
            true => per_hour,
            false => value * bend.part,
        }
    };
    let modified = bend.modified;
    let values = modified.values(time, base, world.sides());
    let came = Sides::those(world.sides(), |side| under(values[side.index()]));
    let anyway = under(base);
    // Mostly it is the same whoever bends the rate.
    if came.is_none() {
        return;
    }
    if anyway && came == Sides::ALL {
        return arrive(from_open);
    }
    // Who made it arrive, where it does: nobody where it would have anyway.
    let mut made = [None; MOST_SIDES];
    for side in came.each(world.sides()) {
        made[side.index()] = Some(match anyway {
            true => Label::NONE,
            false => modified.made_by(time, base, side, under),
        });
    }
    let like = |one: Side| {
        Sides::those(world.sides(), |side| {
            made[side.index()] == made[one.index()]
        })
    };
    let same = like(Side::FACTUAL);
    let by = match same.on(Side::UNTOUCHED) {
        true => Label::NONE,
        false => modified.by(time, base, under),
    };
    let bent = Parting::by_lineage(same.others(), by);
    in_groups(open.and(came), |side, among| {
        let sides = among.and(like(side));
        let presence = from_open.part(sides, &bent);
        arrive(presence.made_by(made[side.index()].unwrap_or_default()));
        Parting::by_lineage(among.without(sides), Label::NONE)
    });
}

/// The first occurrence of a timer after `since`, for the entity or value whose key `own` is.
fn next_occurrence(world: &World, timer: &Timer, own: Key, since: Time) -> (Key, Time) {
    let phase = timer.phase(own.uniform(PHASE));
    timer.next(&world.program.zone, phase, since, |number| {
        let key = own.child(OCCURRENCE, number as u64);
        (key, key.uniform(JITTER))
    })
}
