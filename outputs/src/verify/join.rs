//! What events say about each other, checked part by part: each part holds the events whose ids begin alike, and all
//! that refers to them.

use super::finding::{Check, Finding, Findings};
use super::ids::Ids;
use super::links::{Event, Late, Link, event};
use super::rules::Rules;
use super::store::{Kind, Outbox, RECORD, Store};
use crate::error::Error;
use crate::time_text::rfc3339;
use causeflow_engine::cell::drawn_cell;
use causeflow_engine::draw::Key;
use causeflow_engine::time::Time;
use std::ops::Range;

/// What the parts of a run are checked against.
pub(super) struct Join<'a> {
    pub store: &'a Store,
    pub rules: Option<&'a Rules>,
    /// The run's streams.
    pub names: &'a [&'a str],
    pub range: Range<i64>,
    /// Whether all rows of all streams were read: only then something can be missing.
    pub is_whole: bool,
}

/// What a thread uses again for each part.
pub(super) struct Scratch<'a> {
    plain: Vec<u64>,
    events: Vec<u64>,
    links: Vec<u64>,
    checking: Checking<'a>,
}

/// What changes while a part is checked.
struct Checking<'a> {
    ids: Ids,
    /// For each event and group, how many events of the group have followed.
    followed: Vec<u8>,
    outbox: Outbox<'a>,
    findings: Findings,
}

impl<'a> Scratch<'a> {
    pub fn new(store: &'a Store) -> Scratch<'a> {
        Scratch {
            plain: Vec::new(),
            events: Vec::new(),
            links: Vec::new(),
            checking: Checking {
                ids: Ids::with_room(0),
                followed: Vec::new(),
                outbox: Outbox::new(store),
                findings: Findings::default(),
            },
        }
    }

    /// Hands over what is left, and returns what was found.
    pub fn finish(self) -> Result<Findings, Error> {
        self.checking.outbox.finish()?;
        Ok(self.checking.findings)
    }
}

impl Join<'_> {
    /// Checks one part. What it cannot tell goes to the parts of the roots concerned, for [`Join::check_late`].
    pub fn check(&self, part: usize, scratch: &mut Scratch<'_>) -> Result<(), Error> {
        let Scratch {
            plain,
            events: words,
            links,
            checking,
        } = scratch;
        self.store.read(part, Kind::Ids, plain)?;
        self.store.read(part, Kind::Events, words)?;
        self.store.read(part, Kind::Links, links)?;
        let events = Events(words);
        checking.ids.clear(plain.len() + events.number());
        for number in 0..events.number() {
            let event = events.get(number);
            if !checking.ids.insert(event.id, number as u32) {
                self.duplicate(event.id, Some(&event), checking);
            }
        }
        for &id in plain.iter() {
            if !checking.ids.insert(id, NO_EVENT) {
                self.duplicate(id, None, checking);
            }
        }
        let groups = self.most_groups();
        checking.followed.clear();
        checking.followed.resize(events.number() * groups, 0);
        for record in links.chunks_exact(RECORD) {
            let found = checking.ids.get(record[0]);
            let found = found.map(|number| events.find(number));
            let link = Link::of(record);
            if let (Link::Cause { effect, .. }, Some(Some((number, _))), Some(rules)) =
                (link, &found, self.rules)
                && let Some(group) = rules.effects[usize::from(effect)].group
            {
                let followed = &mut checking.followed[number * groups + group];
                *followed = followed.saturating_add(1);
            }
            let event = found
                .as_ref()
                .map(|found| found.as_ref().map(|(_, event)| event));
            self.link(link, event, checking)?;
        }
        for number in 0..events.number() {
            let event = events.get(number);
            // What follows from a duplicate was counted for the first of its id.
            if checking.ids.get(event.id) == Some(number as u32) {
                self.groups(&event, number * groups, checking);
            }
        }
        Ok(())
    }

    fn most_groups(&self) -> usize {
        let streams = self.rules.iter().flat_map(|rules| &rules.streams);
        streams.map(|stream| stream.groups.len()).max().unwrap_or(0)
    }

    /// Checks a reference; `event` is what it refers to: nothing if there is no such id, and an id alone if it is of
    /// an event that nothing may refer to.
    fn link(
        &self,
        link: Link,
        event: Option<Option<&Event>>,
        checking: &mut Checking<'_>,
    ) -> Result<(), Error> {
        match link {
            Link::Cause {
                cause,
                time,
                root,
                cell,
                effect,
                ordinal,
            } => {
                let Some(rules) = self.rules else {
                    return Ok(());
                };
                let of = &rules.effects[usize::from(effect)];
                let key = Key(cause).child(of.purpose, u64::from(ordinal));
                let child = Child {
                    id: key.0,
                    time,
                    root,
                    cell,
                    effect,
                };
                match event {
                    Some(event) => self.child(rules, child, (cause, event), checking),
                    None => return self.missing_cause(rules, child, cause, checking),
                }
            }
            Link::Reference {
                maker,
                id,
                root,
                reference,
            } => self.reference((maker, id, root, reference), event, checking)?,
            Link::Root {
                cause,
                id,
                root,
                stream,
            } => match event.flatten() {
                Some(event) if event.root != root => {
                    let place = (usize::from(stream), 0, id);
                    checking.findings.add(Check::Lineage, place, || {
                        let expected = format!("root {}, as its cause {cause} has", event.root);
                        self.finding(place, "root_id", format!("root {root}"), expected)
                    });
                }
                Some(_) => {}
                None => self.late(cause, id, root, (usize::from(stream), None), checking)?,
            },
            Link::Order {
                cause,
                id,
                time,
                stream,
            } => {
                if let Some(event) = event.flatten().filter(|event| event.time > time) {
                    let place = (usize::from(stream), time, id);
                    checking.findings.add(Check::Delay, place, || {
                        let expected = format!(
                            "a time from {} on, when its cause {cause} happened",
                            shown(event.time)
                        );
                        self.finding(place, "time", shown(time), expected)
                    });
                }
            }
        }
        Ok(())
    }

    /// Checks an event against its cause.
    fn child(
        &self,
        rules: &Rules,
        child: Child,
        (cause, event): (u64, Option<&Event>),
        checking: &mut Checking<'_>,
    ) {
        let of = &rules.effects[usize::from(child.effect)];
        let place = (self.stream_of(rules, child.effect), child.time, child.id);
        let findings = &mut checking.findings;
        let Some(event) = event.filter(|event| Some(event.stream) == of.cause) else {
            findings.add(Check::Cause, place, || {
                let found = match event {
                    Some(event) => format!("cause {cause} of {}", self.names[event.stream]),
                    None => format!("cause {cause} of another stream"),
                };
                self.finding(place, "cause_id", found, format!("a cause of {}", of.from))
            });
            return;
        };
        if event.root != child.root {
            findings.add(Check::Lineage, place, || {
                let expected = format!("root {}, as its cause {cause} has", event.root);
                self.finding(place, "root_id", format!("root {}", child.root), expected)
            });
        }
        let cell = match of.any_cell && child.time >= rules.barrier_after(Time(event.time)).0 {
            true => drawn_cell(Key(child.id), rules.cells),
            false => event.cell,
        };
        if child.cell != cell {
            findings.add(Check::Cell, place, || {
                let why = match of.any_cell {
                    true => "where its effect sends it",
                    false => "as its cause",
                };
                let found = format!("cell {}", child.cell);
                self.finding(place, "cell", found, format!("cell {cell}, {why}"))
            });
        }
        let delay = i128::from(child.time) - i128::from(event.time);
        let late = of
            .longest
            .is_some_and(|longest| delay > i128::from(longest));
        if delay < i128::from(of.shortest) || late {
            findings.add(Check::Delay, place, || {
                let longest = match of.longest {
                    Some(longest) => format!(" to {}", seconds(i128::from(longest))),
                    None => " on".to_owned(),
                };
                let shortest = seconds(i128::from(of.shortest));
                let found = format!("{} after its cause {cause} of {}", seconds(delay), of.from);
                self.finding(place, "time", found, format!("from {shortest}{longest}"))
            });
        }
    }

    /// A cause that is not there may lie before the start of the run, if the delay can be that long.
    fn missing_cause(
        &self,
        rules: &Rules,
        child: Child,
        cause: u64,
        checking: &mut Checking<'_>,
    ) -> Result<(), Error> {
        let of = &rules.effects[usize::from(child.effect)];
        let stream = self.stream_of(rules, child.effect);
        let before = of.longest.is_none_or(|longest| {
            i128::from(child.time) - i128::from(longest) < i128::from(self.range.start)
        });
        if before {
            let whose = (stream, None);
            return self.late(cause, child.id, child.root, whose, checking);
        }
        if self.is_whole {
            let place = (stream, child.time, child.id);
            checking.findings.add(Check::MissingCause, place, || {
                let expected = format!(
                    "an event of {}, at most {} earlier and so within the run",
                    of.from,
                    seconds(i128::from(of.longest.unwrap_or_default()))
                );
                self.finding(
                    place,
                    "cause_id",
                    format!("{cause}, which is not there"),
                    expected,
                )
            });
        }
        Ok(())
    }

    fn reference(
        &self,
        (maker, id, root, reference): (u64, u64, u64, u16),
        event: Option<Option<&Event>>,
        checking: &mut Checking<'_>,
    ) -> Result<(), Error> {
        let Some(of) = self
            .rules
            .map(|rules| &rules.references[usize::from(reference)])
        else {
            return Ok(());
        };
        let Some(event) = event else {
            return self.late(maker, id, root, (of.stream, Some(reference)), checking);
        };
        let fits = |event: &&Event| of.to.contains(&event.stream) && event.root == root;
        if event.filter(fits).is_none() {
            let place = (of.stream, 0, id);
            checking.findings.add(Check::Reference, place, || {
                let found = match event {
                    Some(event) if of.to.contains(&event.stream) => {
                        format!("an id made by event {maker}, which is of another chain")
                    }
                    _ => format!("an id made by event {maker}, which is of another stream"),
                };
                self.finding(place, &of.column, found, self.maker(&of.to))
            });
        }
        Ok(())
    }

    /// Puts off what is not there until it is known whether its root is.
    fn late(
        &self,
        missing: u64,
        id: u64,
        root: u64,
        (stream, reference): (usize, Option<u16>),
        checking: &mut Checking<'_>,
    ) -> Result<(), Error> {
        if !self.is_whole {
            return Ok(());
        }
        let late = Late {
            root,
            id,
            missing,
            stream,
            reference,
        };
        checking.outbox.push(Kind::Late, root, late.record())
    }

    /// Checks what was put off: a root within the run means that all of its chain lies within it.
    pub fn check_late(&self, part: usize, scratch: &mut Scratch<'_>) -> Result<(), Error> {
        if !self.store.has(part, Kind::Late) {
            return Ok(());
        }
        let Scratch {
            plain,
            events,
            links: late,
            checking,
        } = scratch;
        self.store.read(part, Kind::Late, late)?;
        self.store.read(part, Kind::Events, events)?;
        self.store.read(part, Kind::Ids, plain)?;
        checking.ids.clear(late.len() / RECORD);
        for record in late.chunks_exact(RECORD) {
            checking.ids.insert(record[0], 0);
        }
        let mut here = Ids::with_room(late.len() / RECORD);
        let events = events.chunks_exact(RECORD).map(|record| record[0]);
        for id in events.chain(plain.iter().copied()) {
            if checking.ids.get(id).is_some() {
                here.insert(id, 0);
            }
        }
        for record in late.chunks_exact(RECORD) {
            let late = Late::of(record);
            if here.get(late.root).is_some() {
                self.is_missing(late, checking);
            }
        }
        Ok(())
    }

    fn is_missing(&self, late: Late, checking: &mut Checking<'_>) {
        let place = (late.stream, 0, late.id);
        let reference = late.reference.zip(self.rules);
        let reference = reference.map(|(at, rules)| &rules.references[usize::from(at)]);
        let check = match reference {
            Some(_) => Check::Reference,
            None => Check::MissingCause,
        };
        checking.findings.add(check, place, || {
            let within = format!("as its root {} is in the run", late.root);
            match reference {
                Some(of) => {
                    let found = format!("an id made by event {}, which is not there", late.missing);
                    let expected = format!("{}, {within}", self.maker(&of.to));
                    self.finding(place, &of.column, found, expected)
                }
                None => {
                    let found = format!("{}, which is not there", late.missing);
                    self.finding(
                        place,
                        "cause_id",
                        found,
                        format!("an event of the run, {within}"),
                    )
                }
            }
        });
    }

    /// Checks that exactly one event of each group has followed.
    fn groups(&self, event: &Event, at: usize, checking: &mut Checking<'_>) {
        let Some(rules) = self.rules else { return };
        let groups = &rules.streams[event.stream].groups;
        for (group, &followed) in groups.iter().zip(&checking.followed[at..]) {
            let due = group.within.is_some_and(|within| {
                i128::from(event.time) + i128::from(within) < i128::from(self.range.end)
            });
            if followed > 1 || followed == 0 && due && self.is_whole {
                let place = (event.stream, event.time, event.id);
                let check = match group.outcome {
                    Some(_) => Check::Outcome,
                    None => Check::Effect,
                };
                checking.findings.add(check, place, || {
                    let streams = group.streams.join(", ");
                    let expected = match &group.outcome {
                        Some(outcome) => format!("one of the outcome `{outcome}`: {streams}"),
                        None => format!("one of {streams}"),
                    };
                    let found = match followed {
                        0 => "nothing follows from it".to_owned(),
                        more => format!("{more} events follow from it"),
                    };
                    self.finding(place, "event_id", found, expected)
                });
            }
        }
    }

    fn duplicate(&self, id: u64, event: Option<&Event>, checking: &mut Checking<'_>) {
        let place = event.map_or((usize::MAX, 0, id), |event| (event.stream, event.time, id));
        checking
            .findings
            .add(Check::DuplicateId, place, || Finding {
                table: event.map(|event| self.names[event.stream].to_owned()),
                id: Some(id),
                column: Some("event_id".to_owned()),
                found: "an id that another event has too".to_owned(),
                expected: "an id of its own".to_owned(),
                ..Finding::default()
            });
    }

    fn maker(&self, streams: &[usize]) -> String {
        let names: Vec<&str> = streams.iter().map(|&stream| self.names[stream]).collect();
        format!(
            "an id made by an earlier event of its chain, of {}",
            names.join(" or ")
        )
    }

    fn stream_of(&self, rules: &Rules, effect: u16) -> usize {
        rules.effects[usize::from(effect)].to
    }

    fn finding(
        &self,
        (stream, _, id): (usize, i64, u64),
        column: &str,
        found: String,
        expected: String,
    ) -> Finding {
        Finding {
            table: Some(self.names[stream].to_owned()),
            id: Some(id),
            column: Some(column.to_owned()),
            found,
            expected,
            ..Finding::default()
        }
    }
}

/// The events of a part, as records.
struct Events<'a>(&'a [u64]);

impl Events<'_> {
    fn number(&self) -> usize {
        self.0.len() / RECORD
    }

    fn get(&self, number: usize) -> Event {
        event(&self.0[number * RECORD..][..RECORD])
    }

    /// The event of this number and its place; nothing for [`NO_EVENT`].
    fn find(&self, number: u32) -> Option<(usize, Event)> {
        let number = number as usize;
        (number < self.number()).then(|| (number, self.get(number)))
    }
}

/// An event that a cause has.
#[derive(Clone, Copy)]
struct Child {
    id: u64,
    time: i64,
    root: u64,
    cell: u16,
    effect: u16,
}

/// Stands for an event of which only the id is known.
const NO_EVENT: u32 = u32::MAX - 1;

fn shown(time: i64) -> String {
    rfc3339(time).unwrap_or_else(|| format!("{time} µs"))
}

fn seconds(span: i128) -> String {
    format!("{:.6} s", span as f64 / 1e6)
}
