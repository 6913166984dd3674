//! The timeline of external events that every run has: two to five a day, about two thirds of which move something.
//!
//! It is a function of the seed and the templates, day by day, whatever days a run plays:
//! - *Academic* events, and all others on a calendar, come on their dates.
//! - *Clustered* ones come with one another, within some hours of one or two days of the week.
//! - *Office* ones come in office hours, *random* ones at any time.
//!
//! A template may say how often it comes by itself. All others share two to five turns a day.
//! Which template it is, is decided by a race: each draws a waiting time by its own name, the shortest wins. So a
//! further template changes only the events that become its own, and one that does not fit the model, so that it cannot
//! happen, leaves its turns empty to no other's profit.

use causeflow_engine::base::draw::{Key, Purpose, purpose};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::base::zone::Zone;
use causeflow_engine::streams::profile::Weekend;
use jiff::civil::Date;

use crate::definition::Pattern;
use crate::labels;
use crate::template::{Template, Timing};

/// An event of the timeline.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence<'t> {
    /// Its identity.
    pub id: Key,
    /// When it happens; a whole minute.
    pub time: Time,
    /// What it is.
    pub template: &'t Template,
    /// Whether it moves anything; the others only look as if they did.
    pub is_causal: bool,
}

/// A template as the timeline sees it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'t> {
    /// Its id, by which it draws.
    pub id: &'t str,
    /// When its events come.
    pub timing: &'t Timing,
    /// The template, if it fits the model: otherwise nothing happens when it is its turn.
    pub template: Option<&'t Template>,
}

/// The timeline of a seed.
#[derive(Clone, Debug)]
pub struct Timeline<'t> {
    key: Key,
    zone: Zone,
    weekend: Weekend,
    candidates: Vec<(Candidate<'t>, Purpose)>,
}

/// Fewest and most events a day.
const FEWEST: usize = 2;
const MOST: usize = 5;
/// How much likelier clustered events are on the days of a cluster, and on all others.
const IN_CLUSTER: f64 = 12.0;
const OUTSIDE: f64 = 0.15;
/// How much less likely office events are on weekends.
const WEEKEND: f64 = 0.3;

impl<'t> Timeline<'t> {
    /// The timeline of a seed, of those templates that have a timing.
    pub fn new(
        seed: u64,
        zone: &Zone,
        candidates: impl IntoIterator<Item = Candidate<'t>>,
    ) -> Timeline<'t> {
        let candidates = candidates.into_iter();
        Timeline {
            key: Key::new(seed, purpose("external events")),
            zone: zone.clone(),
            weekend: Weekend::default(),
            candidates: candidates
                .map(|candidate| (candidate, purpose(candidate.id)))
                .collect(),
        }
    }

    /// The timeline of a business with other days off than Saturday and Sunday.
    pub fn with_weekend(self, weekend: Weekend) -> Timeline<'t> {
        Timeline { weekend, ..self }
    }

    /// The events from one time up to another, in order.
    pub fn between(&self, start: Time, end: Time) -> Vec<Occurrence<'t>> {
        let (first, last) = (
            day_number(self.zone.local(start).date()),
            day_number(self.zone.local(end).date()),
        );
        let draw = |day| self.day_key(day).uniform(purpose("causal"));
        let causal = labels::causal(first..=last, |day| self.turns(day), draw);
        let mut events: Vec<Occurrence<'_>> = (first..=last)
            .zip(causal)
            .flat_map(|(day, causal)| self.day(day, causal))
            .collect();
        events.retain(|event| start <= event.time && event.time < end);
        events
    }

    /// The events of a day, so many of which by turns are causal.
    fn day(&self, day: i64, causal: usize) -> Vec<Occurrence<'t>> {
        let key = self.day_key(day);
        let turns = self.candidates_of(day);
        // Which of them are causal has nothing to do with when they come.
        let mut lots: Vec<usize> = (0..turns.len()).collect();
        lots.sort_by_key(|&slot| key.child(purpose("lot"), slot as u64));
        let by_turns = turns.into_iter().zip(lots);
        let by_turns = by_turns.map(|((candidate, purpose), lot)| {
            let id = key.child(purpose, 0);
            (candidate, id, lot < causal)
        });
        let happens = by_turns.chain(self.regular(day));
        let happens = happens.filter_map(|(candidate, id, is_causal)| {
            Some(Occurrence {
                id,
                time: self.time(day, candidate.timing, id)?,
                template: candidate.template?,
                is_causal,
            })
        });
        let mut happens: Vec<Occurrence<'_>> = happens.collect();
        happens.sort_by_key(|event| (event.time, event.id));
        happens
    }

    /// The events of a day whose templates say how often they come: besides the others, and each with a label of its own.
    fn regular(&self, day: i64) -> impl Iterator<Item = (Candidate<'t>, Key, bool)> {
        let (key, in_cluster) = (self.day_key(day), self.cluster(day).is_some());
        let office = date_of(day).is_some_and(|date| !self.weekend.has(date));
        self.candidates.iter().flat_map(move |&(candidate, name)| {
            let timing = candidate.timing;
            let expected = timing.every.map_or(0.0, |every| {
                let a_day = Span::DAY.0 as f64 / every.0 as f64;
                a_day * liveliness(timing.pattern, in_cluster, office)
                    / mean_liveliness(timing.pattern)
            });
            let number = expected as u64 + u64::from(key.uniform(name) < expected.fract());
            (0..number).map(move |at| {
                let id = key.child(name, at);
                (candidate, id, id.uniform(purpose("causal")) < labels::SHARE)
            })
        })
    }

    fn day_key(&self, day: i64) -> Key {
        self.key.child(purpose("day"), day as u64)
    }

    /// How many turns a day has.
    fn turns(&self, day: i64) -> usize {
        let number = self.day_key(day).uniform(purpose("number"));
        // Where news cluster there are more of them. On other days full ones are likelier, too: the more events thirty days
        // have, the less the band for their share says about each.
        let number = match self.cluster(day) {
            Some(_) => MOST - usize::from(number < 0.25),
            None => FEWEST + (4.0 * libm::sqrt(number)) as usize,
        };
        let Some(date) = date_of(day) else {
            return 0;
        };
        let candidates = self
            .candidates
            .iter()
            .map(|(candidate, _)| candidate.timing);
        let (dated, others) = candidates.fold((0, 0), |(dated, others), timing| {
            match (timing.is_on(date), timing.weight > 0.0) {
                (true, _) => (dated + 1, others),
                (false, true) if timing.pattern != Pattern::Calendar => (dated, others + 1),
                _ => (dated, others),
            }
        });
        // There may be fewer templates than events.
        let dated = MOST.min(dated);
        dated.max(number.min(dated + others))
    }

    /// Whose turn it is on a day, each template's at most once.
    fn candidates_of(&self, day: i64) -> Vec<(Candidate<'t>, Purpose)> {
        let (key, cluster, turns) = (self.day_key(day), self.cluster(day), self.turns(day));
        let Some(date) = date_of(day) else {
            return Vec::new();
        };
        let mut chosen: Vec<(Candidate<'_>, Purpose)> = Vec::new();
        let dated = self.candidates.iter();
        let dated = dated.filter(|(candidate, _)| candidate.timing.is_on(date));
        chosen.extend(dated.take(MOST).copied());
        while chosen.len() < turns {
            let slot = key.child(purpose("slot"), chosen.len() as u64);
            let free = self.candidates.iter().filter(|(one, _)| {
                !one.timing.is_on(date) && !chosen.iter().any(|(other, _)| other.id == one.id)
            });
            let waits = free.filter_map(|&(candidate, purpose)| {
                let timing = candidate.timing;
                let weight = timing.weight
                    * liveliness(timing.pattern, cluster.is_some(), !self.weekend.has(date));
                (weight > 0.0).then(|| {
                    (
                        -libm::log(slot.uniform(purpose)) / weight,
                        (candidate, purpose),
                    )
                })
            });
            match waits.min_by(|(a, _), (b, _)| a.total_cmp(b)) {
                Some((_, winner)) => chosen.push(winner),
                None => break,
            }
        }
        chosen
    }

    /// When in its day an event happens.
    fn time(&self, day: i64, timing: &Timing, id: Key) -> Option<Time> {
        let u = id.uniform(purpose("time"));
        let hour = match timing.pattern {
            Pattern::Calendar => timing.at.0 as f64 / Span::HOUR.0 as f64,
            Pattern::Office => 8.0 + 10.0 * u,
            Pattern::Random => 24.0 * u,
            Pattern::Clustered => match self.cluster(day) {
                Some(hour) => hour - 2.0 + 4.0 * u,
                None => 7.0 + 15.0 * u,
            },
        };
        let minutes = ((hour * 60.0) as i64).clamp(0, 24 * 60 - 1);
        let time = jiff::civil::Time::new((minutes / 60) as i8, (minutes % 60) as i8, 0, 0).ok()?;
        self.zone.instant(date_of(day)?.to_datetime(time))
    }

    /// The hour around which news come, if the day is of the week's cluster.
    fn cluster(&self, day: i64) -> Option<f64> {
        let week = self.key.child(purpose("week"), day.div_euclid(7) as u64);
        let begins = (week.uniform(purpose("day")) * 6.0) as i64;
        let inside = (begins..begins + 2).contains(&day.rem_euclid(7));
        inside.then(|| 9.0 + 10.0 * week.uniform(purpose("hour")))
    }
}

/// How likely events of a pattern are on a day, relative to other days.
fn liveliness(pattern: Pattern, in_cluster: bool, office_day: bool) -> f64 {
    match pattern {
        Pattern::Calendar => 0.0,
        Pattern::Clustered if in_cluster => IN_CLUSTER,
        Pattern::Clustered => OUTSIDE,
        Pattern::Office if office_day => 1.0,
        Pattern::Office => WEEKEND,
        Pattern::Random => 1.0,
    }
}

/// Its mean over a week.
fn mean_liveliness(pattern: Pattern) -> f64 {
    let (many, few) = (
        liveliness(pattern, true, true),
        liveliness(pattern, false, false),
    );
    let lively = match pattern {
        Pattern::Office => 5.0,
        _ => 2.0,
    };
    (lively * many + (7.0 - lively) * few) / 7.0
}

/// Days since 1970-01-01.
fn day_number(date: Date) -> i64 {
    let epoch = Date::constant(1970, 1, 1);
    (date - epoch).get_days().into()
}

fn date_of(day: i64) -> Option<Date> {
    let span = jiff::Span::new().try_days(day).ok()?;
    Date::constant(1970, 1, 1).checked_add(span).ok()
}
