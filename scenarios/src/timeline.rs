//! The timeline of external events that every run has: two to five a day, about two thirds of which move something.
//!
//! It is a function of the seed and the templates, day by day, whatever days a run plays:
//! - *Academic* events, and all others on a calendar, come on their dates.
//! - *Clustered* ones come with one another, within some hours of one or two days of the week.
//! - *Office* ones come in office hours, *random* ones at any time.
//!
//! Which template it is, is decided by a race: each draws a waiting time by its own name, the shortest wins. So a
//! further template changes only the events that become its own, and one that does not fit the model, so that it cannot
//! happen, leaves its turns empty to no other's profit.

use causeflow_engine::calendar::Zone;
use causeflow_engine::draw::{Key, Purpose, purpose};
use causeflow_engine::time::{Span, Time};
use jiff::civil::{Date, Weekday};

use crate::definition::Pattern;
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
    candidates: Vec<(Candidate<'t>, Purpose)>,
}

/// Fewest and most events a day.
const FEWEST: usize = 2;
const MOST: usize = 5;
/// How much likelier clustered events are on the days of a cluster, and on all others.
const IN_CLUSTER: f64 = 12.0;
const OUTSIDE: f64 = 0.15;
/// Days after which causes and red herrings are dealt anew.
const DEAL_DAYS: i64 = 30;
/// Events are dealt in hands of so many, of each of which one is a red herring: 13 of 20 are causal. The small hand
/// stands in the middle, which keeps any number of consecutive events within one of 65 %.
const HANDS: [u64; 7] = [3, 3, 3, 2, 3, 3, 3];

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
            candidates: candidates
                .map(|candidate| (candidate, purpose(candidate.id)))
                .collect(),
        }
    }

    /// The events from one time up to another, in order.
    pub fn between(&self, start: Time, end: Time) -> Vec<Occurrence<'t>> {
        let (first, last) = (
            day_number(self.zone.local(start).date()),
            day_number(self.zone.local(end).date()),
        );
        // The hands of a deal begin with its first day.
        let mut dealt = (first.div_euclid(DEAL_DAYS) * DEAL_DAYS..first)
            .map(|day| self.candidates_of(day).len() as u64)
            .sum();
        let mut events = Vec::new();
        for day in first..=last {
            if day.rem_euclid(DEAL_DAYS) == 0 {
                dealt = 0;
            }
            events.extend(self.day(day, dealt));
            dealt += self.candidates_of(day).len() as u64;
        }
        events.retain(|event| start <= event.time && event.time < end);
        events
    }

    fn day(&self, day: i64, dealt: u64) -> Vec<Occurrence<'t>> {
        let key = self.day_key(day);
        let turns = self.candidates_of(day).into_iter();
        let turns = turns.filter_map(|(candidate, purpose)| {
            let id = key.child(purpose, 0);
            Some((
                self.time(day, candidate.timing, id)?,
                id,
                candidate.template,
            ))
        });
        let mut turns: Vec<(Time, Key, Option<&Template>)> = turns.collect();
        turns.sort_by_key(|(time, id, _)| (*time, *id));
        let deal = self
            .key
            .child(purpose("deal"), day.div_euclid(DEAL_DAYS) as u64);
        let turns = (dealt..).zip(turns);
        let happens = turns.filter_map(|(number, (time, id, template))| {
            Some(Occurrence {
                id,
                time,
                template: template?,
                is_causal: is_causal(deal, number),
            })
        });
        happens.collect()
    }

    fn day_key(&self, day: i64) -> Key {
        self.key.child(purpose("day"), day as u64)
    }

    /// Whose turn it is on a day, each template's at most once.
    fn candidates_of(&self, day: i64) -> Vec<(Candidate<'t>, Purpose)> {
        let (key, cluster) = (self.day_key(day), self.cluster(day));
        let number = key.uniform(purpose("number"));
        // Where news cluster there are more of them.
        let number = match cluster {
            Some(_) => MOST - 1 + usize::from(number < 0.5),
            None => FEWEST + (number * 3.0) as usize,
        };
        let Some(date) = date_of(day) else {
            return Vec::new();
        };
        let mut chosen: Vec<(Candidate<'_>, Purpose)> = Vec::new();
        let on_calendar = |timing: &Timing| {
            timing.dates.contains(&(date.month(), date.day()))
                || timing.days_of_month.contains(&date.day())
        };
        let dated = self
            .candidates
            .iter()
            .filter(|(candidate, _)| on_calendar(candidate.timing));
        chosen.extend(dated.take(MOST).copied());
        let office = !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        while chosen.len() < number {
            let slot = key.child(purpose("slot"), chosen.len() as u64);
            let free = self
                .candidates
                .iter()
                .filter(|(one, _)| !chosen.iter().any(|(other, _)| other.id == one.id));
            let waits = free.filter_map(|&(candidate, purpose)| {
                let weight = weight(candidate.timing, cluster.is_some(), office);
                (weight > 0.0).then(|| {
                    (
                        -libm::log(slot.uniform(purpose)) / weight,
                        (candidate, purpose),
                    )
                })
            });
            let first = waits.min_by(|(a, _), (b, _)| a.total_cmp(b));
            match first {
                Some((_, winner)) => chosen.push(winner),
                // There are fewer templates than events.
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

fn weight(timing: &Timing, in_cluster: bool, office_day: bool) -> f64 {
    timing.weight
        * match timing.pattern {
            Pattern::Calendar => 0.0,
            Pattern::Clustered if in_cluster => IN_CLUSTER,
            Pattern::Clustered => OUTSIDE,
            Pattern::Office if office_day => 1.0,
            Pattern::Office => 0.3,
            Pattern::Random => 1.0,
        }
}

/// Whether the event of this number in a deal is causal: in each hand one event, whichever it is, moves nothing.
fn is_causal(deal: Key, number: u64) -> bool {
    let round: u64 = HANDS.iter().sum();
    let mut at = number % round;
    for (hand, size) in (0u64..).zip(HANDS) {
        if at < size {
            let hand = deal.child(purpose("hand"), number / round * HANDS.len() as u64 + hand);
            let herring = (hand.uniform(purpose("herring")) * size as f64) as u64;
            return at != herring;
        }
        at -= size;
    }
    unreachable!("a number below the sum of the hands lies in one of them")
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
