//! What follows from what in a session: each relation of the model with the rate at which it was measured.

use std::collections::BTreeMap;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::Effect;
use schemars::JsonSchema;
use serde::Serialize;

use super::past::Past;
use crate::control::Control;
use crate::error::Result;
use crate::numbers::as_instant;
use crate::words::{constant_probability, short_arrow};

/// Events that are looked at, at most: a stretch with more is cut at its beginning.
const MOST: u64 = 2_000_000;

/// The relations between streams, measured over a stretch of time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RelationsShown {
    /// The beginning of the stretch.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub from: Time,
    /// Its end.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub to: Time,
    /// How many events there are in it.
    pub events: u64,
    /// By the cause and the effect, in the order of the model.
    pub relations: Vec<RelationShown>,
}

/// How often events of a stream cause events of another one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RelationShown {
    /// The stream of the cause.
    pub cause: String,
    /// The stream of the effect.
    pub effect: String,
    /// What the model says: how likely, and under which conditions.
    pub stated: String,
    /// The probability that it states, where it is a number.
    pub stated_probability: Option<f64>,
    /// Events of the cause in the stretch.
    pub causes: u64,
    /// Those of them that have had such an effect so far.
    pub with_effect: u64,
    /// Events of the effect that came of them.
    pub effects: u64,
    /// The share of the causes that have had it so far; nothing if there are none.
    pub rate_so_far: Option<f64>,
    /// Those of the causes whose time is over: had they had the effect, it would have come. None where the model does not bound how
    /// long it takes.
    pub over: u64,
    /// The share of these that had it; nothing if there are none.
    pub rate: Option<f64>,
    /// The median of the times from a cause to the first event that it caused, in seconds.
    pub median_delay_s: Option<f64>,
}

/// An event as a cause: its id, its stream, when it happened.
type Cause = (u64, usize, Time);
/// An event with what caused it: the cause's id, its own stream, when it happened.
type Caused = (u64, usize, Time);

/// What the model says about a stream and one that it causes.
struct Relation {
    stated: Vec<String>,
    probability: Option<f64>,
    /// How long the effect takes at most, if there is a bound.
    longest: Option<Span>,
}

impl Past {
    /// The relations between streams, of some streams or of all, measured over some time before `now`.
    ///
    /// # Errors
    /// When there is no such stream, or it is cancelled.
    pub fn relations(
        &self,
        streams: Option<&[String]>,
        within: Span,
        now: Time,
        control: &dyn Control,
    ) -> Result<RelationsShown> {
        self.check_streams(streams)?;
        let from = self.measured_from((now - within).max(self.start()), now);
        let (mut causes, mut caused): (Vec<Cause>, Vec<Caused>) = (Vec::new(), Vec::new());
        self.each_window(from..now, control, &mut |window| {
            for at in window.until(from)..window.until(now) {
                let (stream, time) = (window.stream(at), window.time(at));
                causes.push((window.id(at), stream, time));
                caused.extend(window.cause(at).map(|cause| (cause, stream, time)));
            }
            Ok(())
        })?;
        let names = &self.tables.streams;
        let is_wanted = |stream: usize| streams.is_none_or(|of| of.contains(&names[stream].name));
        let events = causes.len() as u64;
        let measured = Measured::of(causes, &caused);
        let mut relations = self.stated();
        for place in measured.found.keys() {
            // Such as what a scenario has held back, which follows from what stood in for it.
            relations.entry(*place).or_insert_with(|| Relation {
                stated: vec!["by an intervention alone".to_owned()],
                probability: None,
                longest: None,
            });
        }
        relations.retain(|(cause, effect), _| is_wanted(*cause) || is_wanted(*effect));
        let shown = relations.into_iter().map(|((cause, effect), relation)| {
            let until = relation.longest.map(|longest| now - longest);
            RelationShown {
                cause: names[cause].name.clone(),
                effect: names[effect].name.clone(),
                ..measured.shown((cause, effect), relation, until)
            }
        });
        Ok(RelationsShown {
            from,
            to: now,
            events,
            relations: shown.collect(),
        })
    }

    /// From when on is measured, so that there are not more events than can be looked at.
    fn measured_from(&self, from: Time, now: Time) -> Time {
        let before = |time: Time| {
            let at = self
                .barriers
                .partition_point(|barrier| barrier.time() <= time);
            at.checked_sub(1).map_or(0, |at| self.barriers[at].events)
        };
        let until = before(now);
        let barriers = self.barriers.iter();
        let enough = barriers.filter(|barrier| barrier.events + MOST >= until);
        let first = enough.map(|barrier| barrier.time()).next();
        match until - before(from) > MOST {
            true => first.unwrap_or(from).max(from),
            false => from,
        }
    }

    /// The relations of the model, by the places of both streams.
    fn stated(&self) -> BTreeMap<(usize, usize), Relation> {
        let compiled = &self.origin.model.compiled;
        let program = &self.bent;
        let mut all: BTreeMap<(usize, usize), Relation> = BTreeMap::new();
        for (effect, definition) in compiled.definitions.iter().enumerate() {
            for cause in &definition.causes {
                let Some(from) = program.stream(&cause.on) else {
                    continue;
                };
                let leads = |one: &&Effect| one.stream.index() == effect;
                let effects = program.streams[from].all_effects().filter(leads);
                // How long it waits at a desk, nobody can tell.
                let is_served = program.streams[effect].service.is_some();
                let longest = effects.map(|one| one.longest_under(&program.modified));
                let longest = longest.map(|longest| longest.filter(|_| !is_served));
                let longest = longest.min_by_key(|longest| longest.map(|span| -span.0));
                let said = short_arrow(cause, definition);
                let probability = constant_probability(cause);
                // Two ways from one stream to another cannot be told apart.
                all.entry((from.index(), effect))
                    .and_modify(|relation| {
                        relation.stated.push(said.clone());
                        relation.probability = None;
                    })
                    .or_insert_with(|| Relation {
                        stated: vec![said],
                        probability,
                        longest: longest.flatten(),
                    });
            }
        }
        all
    }
}

/// The causes with an effect, as when they happened and when the first effect did; and how many effects there are.
type With = (Vec<(Time, Time)>, u64);

/// What has been found.
struct Measured {
    /// By stream, when its events happened, in order.
    times: BTreeMap<usize, Vec<Time>>,
    /// By relation.
    found: BTreeMap<(usize, usize), With>,
}

impl Measured {
    fn of(mut causes: Vec<Cause>, caused: &[Caused]) -> Measured {
        let mut times: BTreeMap<usize, Vec<Time>> = BTreeMap::new();
        for &(_, stream, time) in &causes {
            times.entry(stream).or_default().push(time);
        }
        causes.sort_unstable();
        let mut pairs = Vec::with_capacity(caused.len());
        for &(id, effect, time) in caused {
            // A cause before the stretch is not counted, so its effects are not either.
            if let Ok(at) = causes.binary_search_by_key(&id, |(id, ..)| *id) {
                pairs.push((causes[at].1, effect, at, time));
            }
        }
        pairs.sort_unstable();
        let mut found: BTreeMap<(usize, usize), With> = BTreeMap::new();
        for of_one in pairs.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)) {
            let (cause, effect, at, first) = of_one[0];
            let (with, count) = found.entry((cause, effect)).or_default();
            with.push((causes[at].2, first));
            *count += of_one.len() as u64;
        }
        Measured { times, found }
    }

    /// A relation without its names; `until` is when causes happened whose time is over, if there is a bound.
    fn shown(
        &self,
        place: (usize, usize),
        relation: Relation,
        until: Option<Time>,
    ) -> RelationShown {
        let none = (Vec::new(), 0);
        let (with, effects) = self.found.get(&place).unwrap_or(&none);
        let times = self.times.get(&place.0).map_or(&[][..], Vec::as_slice);
        let is_over = |time: &Time| until.is_some_and(|until| *time < until);
        let share = |part: u64, all: u64| (all > 0).then(|| part as f64 / all as f64);
        let over = times.iter().filter(|time| is_over(time)).count() as u64;
        let had = with.iter().filter(|(time, _)| is_over(time)).count() as u64;
        let mut delays: Vec<i64> = with
            .iter()
            .map(|(cause, first)| (*first - *cause).0)
            .collect();
        delays.sort_unstable();
        RelationShown {
            cause: String::new(),
            effect: String::new(),
            stated: relation.stated.join(" or "),
            stated_probability: relation.probability,
            causes: times.len() as u64,
            with_effect: with.len() as u64,
            effects: *effects,
            over,
            rate_so_far: share(with.len() as u64, times.len() as u64),
            rate: share(had, over),
            median_delay_s: median(&delays).map(|us| us / Span::SECOND.0 as f64),
        }
    }
}

/// The median of numbers in order.
fn median(sorted: &[i64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    match sorted.len() % 2 {
        1 => Some(upper as f64),
        _ => Some((sorted[sorted.len() / 2 - 1] + upper) as f64 / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However events lie, what is measured is what comes of looking at each cause by itself.
        #[test]
        fn measured_is_what_each_cause_had(
            events in prop::collection::vec((0usize..3, 0i64..50, prop::option::of(0usize..40)), 0..60),
            now in 0i64..70, longest in prop::option::of(0i64..30),
        ) {
            let mut sorted = events;
            sorted.sort_by_key(|(_, time, _)| *time);
            let id = |at: usize| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let causes: Vec<Cause> = sorted.iter().enumerate().map(|(at, (stream, time, _))| (id(at), *stream, Time(*time))).collect();
            // One that nobody knows lies before the stretch.
            let of = |at: usize, cause: usize| if cause < at { id(cause) } else { 1 };
            let caused: Vec<Caused> = sorted.iter().enumerate()
                .filter_map(|(at, (stream, time, cause))| Some((of(at, (*cause)?), *stream, Time(*time)))).collect();
            let measured = Measured::of(causes.clone(), &caused);
            let until = longest.map(|longest| Time(now - longest));
            for place in (0..3).flat_map(|a| (0..3).map(move |b| (a, b))) {
                let relation = Relation { stated: Vec::new(), probability: None, longest: None };
                let shown = measured.shown(place, relation, until);
                let mine: Vec<&Cause> = causes.iter().filter(|(_, stream, _)| *stream == place.0).collect();
                let effects_of = |cause: &Cause| caused.iter().filter(|(of, stream, _)| *of == cause.0 && *stream == place.1).count() as u64;
                let over = |cause: &&&Cause| until.is_some_and(|until| cause.2 < until);
                prop_assert_eq!(shown.causes, mine.len() as u64);
                prop_assert_eq!(shown.with_effect, mine.iter().filter(|cause| effects_of(cause) > 0).count() as u64);
                prop_assert_eq!(shown.effects, mine.iter().map(|cause| effects_of(cause)).sum::<u64>());
                prop_assert_eq!(shown.over, mine.iter().filter(over).count() as u64);
                let had = mine.iter().filter(over).filter(|cause| effects_of(cause) > 0).count();
                prop_assert_eq!(shown.rate, (shown.over > 0).then(|| had as f64 / shown.over as f64));
                prop_assert_eq!(shown.median_delay_s.is_some(), shown.with_effect > 0);
            }
        }
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3]), Some(3.0));
        assert_eq!(median(&[1, 2, 9]), Some(2.0));
        assert_eq!(median(&[1, 2, 4, 9]), Some(3.0));
    }
}
