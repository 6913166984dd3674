//! What a session shows at a time: how it stands, its history up to then, and what has done what.

use std::collections::BTreeSet;
use std::ops::Range;

use causeflow_baselines::{
    Baseline, Interval, Ongoing, Point as Counted, Pool, Resolution, history, intervals,
};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::attribution::Difference;
use causeflow_engine::streams::play::StreamResult;
use causeflow_engine::streams::program::{Operation, Phase, Without};
use causeflow_engine::streams::sides::Side;
use causeflow_scenarios::effects::{Basis, causes};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::past::Past;
use crate::about::ScenarioShown;
use crate::error::{Error, Result};
use crate::finished::Point;
use crate::numbers::as_instant;
use crate::statistics_json;

/// How a session stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StateShown {
    /// `baseline` when nothing that was asked for acts, `running` while a scenario is active, `settling` when one, or an
    /// event that was put in, lets go.
    pub status: &'static str,
    /// The time up to which events have been given out, RFC 3339 in UTC.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub time: Time,
    /// The first instant of the session.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub start: Time,
    /// From when on it is live.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub live_from: Time,
    /// What names the order of events.
    pub epoch: String,
    /// How often it has been reset.
    pub resets: u32,
    /// How many commands it has been given, also those that lie ahead.
    pub commands: usize,
    /// Scenarios and events that were asked for and act now.
    pub interventions: Vec<InterventionShown>,
    /// External events whose impact is expected now.
    pub external_events: Vec<ExternalEventShown>,
}

/// A scenario or an external event that acts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct InterventionShown {
    /// The name that rows are attributed to.
    pub name: String,
    /// The scenario's id, if it is one.
    pub scenario: Option<String>,
    /// `active` or `settling`; `waiting` in what a command would do later.
    pub state: &'static str,
    /// When it began.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub start: Time,
    /// When it begins to let go.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub end: Time,
    /// From when on it does nothing any more.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub settled: Time,
    /// Virtual seconds until it begins to let go; 0 once it has.
    pub remaining_s: f64,
    /// Virtual seconds until it does nothing any more.
    pub settled_in_s: f64,
    /// What it does.
    pub modifiers: Vec<ModifierShown>,
    /// What of it and of others excludes each other, as a run warns of it.
    pub conflicts: Vec<String>,
}

/// A modifier, and how strongly it acts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ModifierShown {
    /// The parameter's address.
    pub address: String,
    /// The stream that it is about.
    pub stream: String,
    /// `direct`, `cascade` (later on in a scenario) or `event`.
    pub kind: &'static str,
    /// When it begins.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub start: Time,
    /// `multiply`, `add` or `override`.
    pub operation: &'static str,
    /// Its amount at full strength, in the engine's unit.
    pub amount: f64,
    /// `waiting`, `active`, `settling` or `settled`.
    pub state: &'static str,
    /// 0 to 1.
    pub strength: f64,
    /// When it does nothing any more.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub settled: Time,
}

/// An external event.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExternalEventShown {
    /// Its identity, as a decimal string.
    pub id: String,
    /// When it happens.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub time: Time,
    /// The template that it is of.
    pub template: String,
    /// Which part of the world it comes from.
    pub r#type: &'static str,
    /// A headline.
    pub title: String,
    /// What has happened.
    pub description: String,
    /// How serious it looks.
    pub severity: &'static str,
    /// The name of a symbol.
    pub icon: String,
    /// The streams that it is expected to move.
    pub expected_streams: Vec<String>,
    /// `increase`, `decrease` or `mixed`.
    pub expected_direction: &'static str,
    /// `low`, `medium` or `high`.
    pub expected_magnitude: &'static str,
    /// How long after it the impact is expected to begin.
    pub expected_delay: String,
    /// For how long.
    pub expected_duration: String,
    /// Whether it moves anything, itself or through the scenario that it is of.
    pub is_causal: bool,
    /// Whether it was put in, in contrast to what comes by itself.
    pub injected: bool,
    /// The scenario that made it known.
    pub injected_by: Option<String>,
    /// The name that rows are attributed to.
    pub attribution: Option<String>,
}

/// What a cause has done to a stream so far.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EffectShown {
    /// The name that rows are attributed to; `together` is all of them.
    pub cause: String,
    /// `scenario`, `external_event`, `joint` or `together`.
    pub kind: &'static str,
    /// The stream.
    pub stream: String,
    /// Events that would not be there, or not at this time.
    pub added: u64,
    /// Events that would be there.
    pub removed: u64,
    /// Events with other values.
    pub changed: u64,
    /// Those of all three that contention alone has made.
    pub contention: u64,
    /// Hours from the cause's start to the beginning of the first hour with a difference.
    pub first_after_h: Option<f64>,
    /// Hours from the cause's start to the end of the last one so far.
    pub last_after_h: Option<f64>,
}

/// How a stream counts in an interval, and without any intervention.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PointShown {
    /// The interval's beginning, and what came to be in it.
    #[serde(flatten)]
    pub point: Point,
    /// How many events there would be without any scenario and external event; null for an interval that is under way, of which
    /// that is known only up to the last whole hour.
    pub untouched: Option<u64>,
}

/// A stream's history.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HistoryShown {
    /// The stream.
    pub stream: String,
    /// In the order of time.
    pub points: Vec<PointShown>,
}

impl Past {
    /// How the session stands at a time.
    pub fn state(&self, now: Time) -> StateShown {
        let acting = self.interventions_at(now);
        let status = match acting.iter().map(|one| one.state).min() {
            Some("active") => "running",
            Some(_) => "settling",
            None => "baseline",
        };
        let events = self.external_events(now..now + Span(1));
        StateShown {
            status,
            time: now,
            start: self.start(),
            live_from: self.live_from(),
            epoch: self.epoch.clone(),
            resets: self.resets,
            commands: self.entries.len(),
            interventions: acting,
            external_events: events,
        }
    }

    /// What was asked for and acts at a time.
    pub(super) fn interventions_at(&self, now: Time) -> Vec<InterventionShown> {
        let mut all = self.interventions_from(now);
        all.retain(|one| one.start <= now);
        all
    }

    /// The same with what is to act later.
    pub(super) fn interventions_from(&self, now: Time) -> Vec<InterventionShown> {
        let plan = &self.interventions.plan;
        let acting = plan.interventions().iter().filter(|one| !one.of_timeline);
        let scheduled = self.interventions.scheduled();
        let conflicts = plan.conflicts();
        let shown = acting.filter_map(|one| {
            let scenario = scheduled
                .iter()
                .find(|s| s.activation.to_string() == one.name);
            let envelopes = one.modifiers.iter().map(|(_, m)| m.envelope);
            let start = scenario.map(|s| s.activation.start);
            let start = start.or(envelopes.clone().map(|e| e.start).min())?;
            let end = scenario
                .map(|s| s.end)
                .or(envelopes.clone().map(|e| e.end).max())?;
            let settled = scenario.map(|s| s.settled);
            let settled = settled.or(envelopes.map(|e| e.settled()).max())?;
            (now < settled).then(|| InterventionShown {
                name: one.name.clone(),
                scenario: scenario.map(|s| s.activation.scenario.clone()),
                state: match now {
                    _ if now < start => "waiting",
                    _ if now < end => "active",
                    _ => "settling",
                },
                start,
                end,
                settled,
                remaining_s: seconds(end - now),
                settled_in_s: seconds(settled - now),
                conflicts: conflicts
                    .iter()
                    .filter(|conflict| conflict.between.contains(&one.name))
                    .map(|conflict| conflict.message.clone())
                    .collect(),
                modifiers: one
                    .modifiers
                    .iter()
                    .map(|(rule, modifier)| {
                        let (operation, amount) = match modifier.operation {
                            Operation::Multiply(by) => ("multiply", by),
                            Operation::Add(by) => ("add", by),
                            Operation::Override(by) => ("override", by),
                        };
                        let envelope = &modifier.envelope;
                        ModifierShown {
                            address: rule.target.address.clone(),
                            stream: self.name_of(&rule.target.address),
                            kind: rule.kind.name(),
                            start: envelope.start,
                            operation,
                            amount,
                            state: phase(envelope.phase(now)),
                            strength: envelope.at(now),
                            settled: envelope.settled(),
                        }
                    })
                    .collect(),
            })
        });
        shown.collect()
    }

    /// What excludes each other in it that does not in what it was before.
    pub fn conflicts_since(&self, before: &Past) -> Vec<String> {
        let conflicts = self.interventions.plan.conflicts();
        if conflicts.is_empty() {
            return Vec::new();
        }
        let known = before.interventions.plan.conflicts();
        let new = conflicts.into_iter().filter(|one| !known.contains(one));
        new.map(|conflict| conflict.message).collect()
    }

    fn name_of(&self, address: &str) -> String {
        address.split('/').next().unwrap_or(address).to_owned()
    }

    /// External events that happen in a range, or whose impact is expected in it.
    pub fn external_events(&self, range: Range<Time>) -> Vec<ExternalEventShown> {
        let events = self.interventions.plan.external_events().iter();
        let meets = |event: &&causeflow_scenarios::ExternalEvent| {
            let begins = event.time.min(event.time + event.delay);
            let ends = event.time + event.delay + event.duration;
            begins < range.end && range.start < ends
        };
        let shown = events.filter(meets).map(|event| ExternalEventShown {
            id: event.id.0.to_string(),
            time: event.time,
            template: event.template.clone(),
            r#type: event.kind.name(),
            title: event.title.clone(),
            description: event.description.clone(),
            severity: event.severity.name(),
            icon: event.icon.clone(),
            expected_streams: event.streams.clone(),
            expected_direction: event.direction.name(),
            expected_magnitude: event.magnitude.name(),
            expected_delay: event.delay.to_string(),
            expected_duration: event.duration.to_string(),
            is_causal: event.is_causal,
            injected: !event.of_timeline,
            injected_by: event.injected_by.clone(),
            attribution: event.attribution.clone(),
        });
        shown.collect()
    }

    /// The scenarios that can be started.
    pub fn scenarios(&self) -> Vec<ScenarioShown> {
        let library = &self.interventions.library;
        library.scenarios().map(ScenarioShown::of).collect()
    }

    /// The streams' history of whole and begun intervals before `now` that lie in a range, of some streams or of all.
    ///
    /// # Errors
    /// When there is no such stream.
    pub fn history(
        &self,
        range: &Range<Time>,
        resolution: Resolution,
        streams: Option<&[String]>,
        now: Time,
    ) -> Result<Vec<HistoryShown>> {
        self.check_streams(streams)?;
        let program = self.program();
        let end = now.min(range.end.max(self.start()));
        let all = intervals(
            &program.zone,
            program.weekend,
            &(self.start()..end),
            resolution,
        );
        let first = all.partition_point(|interval| interval.end() <= range.start);
        let all = &all[first..];
        let (scenarios, events) = self.ongoing();
        let baseline = self.baseline_at(self.at);
        let expected = (&*baseline, resolution);
        let wanted = |name: &String| streams.is_none_or(|streams| streams.contains(name));
        let shown = self.streams.iter().filter(|stream| wanted(&stream.name));
        let shown = shown.map(|stream| {
            let factual = self.points(stream, Side::FACTUAL, all, expected, now);
            let untouched = self.points(stream, Side::UNTOUCHED, all, expected, now);
            let points = all.iter().zip(factual).zip(untouched);
            let points = points.map(|((interval, is), would)| {
                let mut point = shown_point(&stream.name, interval, &is);
                point.scenarios = Ongoing::names(&scenarios, interval);
                point.external_events = Ongoing::names(&events, interval);
                PointShown {
                    point,
                    untouched: (interval.end() <= now).then_some(would.tally.count),
                }
            });
            HistoryShown {
                stream: stream.name.clone(),
                points: points.collect(),
            }
        });
        Ok(shown.collect())
    }

    /// The points of one stream; the last interval is counted as far as it has been given out.
    fn points(
        &self,
        stream: &StreamResult,
        side: Side,
        all: &[Interval],
        (baseline, resolution): (&Baseline, Resolution),
        now: Time,
    ) -> Vec<Counted> {
        let mut points = history(&stream.series, side, all, |class| {
            baseline.expected(&stream.name, resolution, class)
        });
        let open = all.last().filter(|interval| interval.end() > now);
        if let (Some(interval), Some(point)) = (open, points.last_mut()) {
            // Its steps so far are whole hours and what the window holds of the one that is under way; of the untouched side
            // nothing finer than hours is known.
            let hour = now.floor_to(Span::HOUR).max(interval.start());
            point.tally = stream.series.between(interval.start()..hour).on(side);
            if side == Side::FACTUAL {
                point.tally.count += self.count_between(&stream.name, hour..now);
            }
            (point.score, point.flag, point.alarm) = (None, None, None);
        }
        points
    }

    /// Events of a stream in a part of the windows at hand.
    fn count_between(&self, stream: &str, range: Range<Time>) -> u64 {
        let table = self
            .tables
            .streams
            .iter()
            .position(|one| one.name == stream);
        let windows = self.windows.iter();
        let counts = windows.map(|window| {
            let rows = window.until(range.start)..window.until(range.end);
            rows.filter(|&at| Some(window.stream(at)) == table).count() as u64
        });
        counts.sum()
    }

    fn ongoing(&self) -> (Vec<Ongoing>, Vec<Ongoing>) {
        crate::history::ongoing(&self.interventions, &self.interventions.plan, &self.bent)
    }

    pub(super) fn pool(&self, until: Time) -> Pool {
        let program = self.program();
        let range = self.start()..until.max(self.start());
        Pool::of_run(
            &program.zone,
            program.weekend,
            &range,
            self.seed(),
            &self.streams,
        )
    }

    /// What is usual in the session so far, by stream: as in `statistics.json` of a run.
    pub fn statistics(&self, now: Time) -> Value {
        let until = now.floor_to(Span::HOUR);
        statistics_json::full(&self.pool(until).statistics())
    }

    /// What each cause has done to each stream in the whole hours before `now` that begin in a range: where it has done anything.
    ///
    /// # Errors
    /// When there is no such stream.
    pub fn effects(
        &self,
        range: &Range<Time>,
        streams: Option<&[String]>,
        now: Time,
    ) -> Result<Vec<EffectShown>> {
        self.check_streams(streams)?;
        let first_at_or_after = |time: Time| Time(time.0 - 1).index_of(Span::HOUR) + 1;
        let within = first_at_or_after(range.start)
            ..first_at_or_after(range.end).min(now.index_of(Span::HOUR));
        let causes = causes(&self.interventions.plan, &self.bent);
        let wanted = |name: &String| streams.is_none_or(|streams| streams.contains(name));
        let mut effects = Vec::new();
        for cause in &causes {
            for stream in self.streams.iter().filter(|stream| wanted(&stream.name)) {
                let hours = cause.basis.hours(stream);
                let hours = hours.filter(|(hour, _)| within.contains(hour));
                let (mut all, mut contention) = (Difference::default(), Difference::default());
                let (mut first, mut last) = (None, None);
                for (hour, [total, scarce]) in hours {
                    all.merge(&total);
                    contention.merge(&scarce);
                    first = first.or(Some(hour));
                    last = Some(hour);
                }
                let Some((first, last)) = first.zip(last) else {
                    continue;
                };
                let after = |hour: i64| seconds(Time(hour * Span::HOUR.0) - cause.start) / 3600.0;
                effects.push(EffectShown {
                    cause: cause.name.clone(),
                    kind: cause.kind,
                    stream: stream.name.clone(),
                    added: all.added,
                    removed: all.removed,
                    changed: all.changed,
                    contention: contention.added + contention.removed + contention.changed,
                    first_after_h: Some(after(first)),
                    last_after_h: Some(after(last + 1)),
                });
            }
        }
        Ok(effects)
    }

    /// What an hour has, stream by stream, that it would not have without what was asked for, and the other way round: a list, of
    /// those streams that differ.
    pub fn difference(&self, hour: Time) -> Value {
        let side = self.bent.side_without(Without::AskedFor);
        let Some(side) = side.filter(|side| *side != Side::FACTUAL) else {
            return Value::Array(Vec::new());
        };
        let number = hour.index_of(Span::HOUR);
        let differing = self.streams.iter().filter_map(|stream| {
            let mut hours = Basis::Without(side).hours(stream);
            let (_, [all, _]) = hours.find(|(hour, _)| *hour == number)?;
            Some(json!({
                "stream": stream.name,
                "added": all.added,
                "removed": all.removed,
                "changed": all.changed,
            }))
        });
        Value::Array(differing.collect())
    }

    pub(super) fn check_streams(&self, streams: Option<&[String]>) -> Result<()> {
        let names: BTreeSet<&str> = self.streams.iter().map(|stream| &*stream.name).collect();
        let mut unknown = streams
            .into_iter()
            .flatten()
            .filter(|name| !names.contains(&***name));
        match unknown.next() {
            None => Ok(()),
            Some(name) => {
                let near = causeflow_models::suggestion(name, names);
                let message = format!("there is no stream `{name}`");
                Err(Error::wrong(message, near).in_field("streams"))
            }
        }
    }
}

fn seconds(span: Span) -> f64 {
    (span.0.max(0)) as f64 / Span::SECOND.0 as f64
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Waiting => "waiting",
        Phase::Active => "active",
        Phase::Settling => "settling",
        Phase::Settled => "settled",
    }
}

fn shown_point(stream: &str, interval: &Interval, is: &Counted) -> Point {
    Point {
        stream: stream.to_owned(),
        interval_start: interval.start(),
        hours: interval.covered,
        count: is.tally.count,
        value_sum: (is.tally.value_millionths != 0).then(|| is.tally.value_sum()),
        value_mean: (is.tally.value_millionths != 0 && is.tally.count > 0)
            .then(|| is.tally.value_sum() / is.tally.count as f64),
        baseline_mean: is.expected.map(|e| e.mean),
        baseline_sigma: is.expected.map(|e| e.sigma),
        score: is.score,
        flag: is.flag.map(|flag| flag.name().to_owned()),
        alarm: is
            .alarm
            .map(|alarm| causeflow_baselines::Alarm::name(Some(alarm)).to_owned()),
        scenarios: None,
        external_events: None,
    }
}
