//! What intervened in a run, and what it did to which stream.

use std::collections::BTreeMap;

use causeflow_engine::base::time::Time;
use causeflow_outputs::Manifest;
use jiff::Timestamp;

use causeflow_scenarios::effects::EVERYTHING;

use crate::error::Error;
use crate::finished::{Finished, HourlyImpact, id};

/// What one intervention did to one stream, in events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
}

impl Impact {
    /// Events that differ.
    pub fn touched(&self) -> u64 {
        self.added + self.removed + self.changed
    }

    /// Added less removed.
    pub fn net(&self) -> i64 {
        self.added as i64 - self.removed as i64
    }

    fn merge(&mut self, other: Impact) {
        self.added += other.added;
        self.removed += other.removed;
        self.changed += other.changed;
    }
}

/// A scenario or an external event.
#[derive(Clone, Debug)]
pub struct Intervention {
    /// The name that rows are attributed to, such as `payment-outage@2026-02-04T10:00:00Z`.
    pub name: String,
    pub scenario: bool,
    /// The headline of an external event.
    pub title: Option<String>,
    /// What kind of external event it is, and how serious it looks.
    pub about: Option<String>,
    pub start: Time,
    /// When it begins to let go, or an external event's expected impact ends.
    pub end: Time,
    /// From when on a scenario has no effect.
    pub settled: Time,
    /// Streams that an external event was expected to move.
    pub expected: Vec<String>,
    /// By stream; only those that it changed.
    pub effects: BTreeMap<String, Impact>,
    /// The scenario that made an external event known, if one did.
    pub news_of: Option<String>,
}

impl Intervention {
    /// The name without the time.
    pub fn id(&self) -> &str {
        id(&self.name)
    }

    /// What it did to all streams together.
    pub fn total(&self) -> Impact {
        let mut total = Impact::default();
        self.effects
            .values()
            .for_each(|effect| total.merge(*effect));
        total
    }

    /// The stream that it changed the most.
    pub fn most(&self) -> Option<&str> {
        let mut effects: Vec<_> = self.effects.iter().collect();
        effects.sort_by_key(|(_, effect)| std::cmp::Reverse(effect.touched()));
        effects.first().map(|(stream, _)| stream.as_str())
    }
}

/// Reads all of them, in the order of their start.
pub fn read(run: &Finished) -> Result<Vec<Intervention>, Error> {
    let mut all = scenarios(run.manifest());
    all.extend(external_events(run)?);
    for row in run.effects()? {
        let effect = Impact {
            added: row.added,
            removed: row.removed,
            changed: row.changed,
        };
        if effect.touched() == 0 {
            continue;
        }
        if let Some(intervention) = all.iter_mut().find(|known| known.name == row.cause) {
            intervention.effects.insert(row.stream, effect);
        }
    }
    all.sort_by(|a, b| (a.start, !a.scenario, &a.name).cmp(&(b.start, !b.scenario, &b.name)));
    Ok(all)
}

fn scenarios(manifest: &Manifest) -> Vec<Intervention> {
    let version = manifest
        .version
        .iter()
        .flat_map(|version| &version.scenarios);
    let entries = manifest.scenarios.iter().chain(version);
    let read = |text: &str| {
        text.parse::<Timestamp>()
            .map_or(0, Timestamp::as_microsecond)
    };
    let all = entries.map(|entry| Intervention {
        name: entry.attribution.clone(),
        scenario: true,
        title: None,
        about: None,
        start: Time(read(&entry.start)),
        end: Time(read(&entry.end)),
        settled: Time(read(&entry.settled)),
        expected: Vec::new(),
        effects: BTreeMap::new(),
        news_of: None,
    });
    all.collect()
}

fn external_events(run: &Finished) -> Result<Vec<Intervention>, Error> {
    let all = run.external_events()?.into_iter().map(|event| {
        let start = event.time;
        let end = start + event.expected_delay + event.expected_duration;
        // What is attributed to an announcement of a scenario was done by the scenario.
        let own = event.attribution.filter(|_| event.injected_by.is_none());
        let name = own.unwrap_or_else(|| format!("{}@{start}", event.template));
        Intervention {
            name,
            scenario: false,
            title: event.title,
            about: Some(format!("{}, {}", event.kind, event.severity)),
            start,
            end,
            settled: end,
            expected: event.expected_streams,
            effects: BTreeMap::new(),
            news_of: event.injected_by,
        }
    });
    Ok(all.collect())
}

/// What an intervention did to a stream.
pub struct Numbered<'a> {
    /// The number that the intervention has on the page.
    pub number: usize,
    /// The intervention.
    pub intervention: &'a Intervention,
    /// The stream.
    pub stream: &'a str,
    /// What it did.
    pub effect: Impact,
}

/// All effects, the largest first.
pub fn by_size(interventions: &[Intervention]) -> Vec<Numbered<'_>> {
    let mut effects = Vec::new();
    for (number, intervention) in (1..).zip(interventions) {
        let of_one = intervention.effects.iter();
        effects.extend(of_one.map(|(stream, &effect)| Numbered {
            number,
            intervention,
            stream,
            effect,
        }));
    }
    effects.sort_by_key(|one| std::cmp::Reverse(one.effect.touched()));
    effects
}

/// Added less removed events by stream and hour.
pub type NetByHour = BTreeMap<String, BTreeMap<Time, i64>>;

/// How many events each hour of each stream has more than without all interventions.
pub fn net_by_hour(run: &Finished) -> Result<NetByHour, Error> {
    let mut net = NetByHour::new();
    let effects = run.hourly_effects()?;
    // A single intervention is all of them.
    let all = effects.iter().any(|effect| effect.cause == EVERYTHING);
    let counts = |effect: &&HourlyImpact| !all || effect.cause == EVERYTHING;
    for effect in effects.iter().filter(counts) {
        let hours = net.entry(effect.stream.clone()).or_default();
        *hours.entry(effect.hour).or_default() += effect.added as i64 - effect.removed as i64;
    }
    Ok(net)
}
