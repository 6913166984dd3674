//! What events say about each other, checked part by part: each part holds the events whose ids begin alike, and all
//! that refers to them.

mod late;
mod link;

use super::finding::{Check, Finding, Findings};
use super::ids::Ids;
use super::records::{Event, Link, Packing, Records};
use super::rules::Rules;
use super::store::{Kind, Outbox, Store};
use crate::arrow::buffer::MutableBuffer;
use crate::error::Error;
use std::ops::Range;

/// What the parts of a run are checked against.
pub(super) struct Join<'a> {
    pub store: &'a Store,
    pub packing: &'a Packing,
    pub rules: Option<&'a Rules>,
    /// The run's streams.
    pub names: &'a [&'a str],
    pub range: Range<i64>,
    /// Whether all rows of all streams were read: only then something can be missing.
    pub is_whole: bool,
}

/// What a thread uses again for each part.
pub(super) struct Scratch<'a> {
    events: Vec<u64>,
    buffer: MutableBuffer,
    checking: Checking<'a>,
}

/// What changes while a part is checked.
pub(super) struct Checking<'a> {
    ids: Ids,
    /// For each event and group, how many events of the group have followed.
    followed: Vec<u8>,
    outbox: Outbox<'a>,
    pub findings: Findings,
}

impl<'a> Scratch<'a> {
    pub fn new(store: &'a Store) -> Scratch<'a> {
        Scratch {
            events: Vec::new(),
            buffer: MutableBuffer::new(0),
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
            events,
            buffer,
            checking,
        } = scratch;
        self.store.read(part, Kind::Events, buffer, events)?;
        let events = Events {
            words: events,
            packing: self.packing,
        };
        self.ids(part, &events, buffer, checking)?;
        let groups = self.most_groups();
        checking.followed.clear();
        checking.followed.resize(events.most() * groups, 0);
        self.store.visit(part, Kind::Links, buffer, |words| {
            for record in Records(words) {
                let found = checking.ids.get(record[0]);
                let found = found.map(|place| events.at(place));
                let link = self.packing.link_of(record);
                if let (Link::Cause(child), Some(Some((number, _))), Some(rules)) =
                    (link, &found, self.rules)
                    && let Some(group) = rules.effects[usize::from(child.effect)].group
                {
                    let followed = &mut checking.followed[number * groups + group];
                    *followed = followed.saturating_add(1);
                }
                let event = found
                    .as_ref()
                    .map(|found| found.as_ref().map(|(_, event)| event));
                self.link(link, event, checking)?;
            }
            Ok(())
        })?;
        self.all_groups(&events, groups, checking);
        self.lines(part, buffer, checking)?;
        self.joins(part, buffer, checking)?;
        self.histories(part, buffer, checking)
    }

    /// Takes up the ids of a part with the places of their events, and finds those that stand there twice.
    fn ids(
        &self,
        part: usize,
        events: &Events<'_>,
        buffer: &mut MutableBuffer,
        checking: &mut Checking<'_>,
    ) -> Result<(), Error> {
        let most = events.most() + self.store.words(part, Kind::Ids);
        checking.ids.clear(most);
        for (place, record) in events.places() {
            if !checking.ids.insert(record[0], place) {
                let event = self.packing.event_of(record);
                self.duplicate(event.id, Some(&event), checking);
            }
        }
        self.store.visit(part, Kind::Ids, buffer, |ids| {
            for &id in ids {
                if !checking.ids.insert(id, NO_EVENT) {
                    self.duplicate(id, None, checking);
                }
            }
            Ok(())
        })
    }

    fn most_groups(&self) -> usize {
        let streams = self.rules.iter().flat_map(|rules| &rules.streams);
        streams.map(|stream| stream.groups.len()).max().unwrap_or(0)
    }

    /// Checks the groups of all events of a part.
    fn all_groups(&self, events: &Events<'_>, groups: usize, checking: &mut Checking<'_>) {
        let Some(rules) = self.rules.filter(|_| groups > 0) else {
            return;
        };
        for (place, record) in events.places() {
            let event = self.packing.event_of(record);
            if rules.streams[usize::from(event.stream)].groups.is_empty() {
                continue;
            }
            // What follows from a duplicate was counted for the first of its id.
            if checking.ids.get(event.id) == Some(place) {
                let at = Events::number(place) * groups;
                self.groups(rules, &event, at, checking);
            }
        }
    }

    /// Checks that exactly one event of each group has followed.
    fn groups(&self, rules: &Rules, event: &Event, at: usize, checking: &mut Checking<'_>) {
        let stream = usize::from(event.stream);
        let groups = &rules.streams[stream].groups;
        for (group, &followed) in groups.iter().zip(&checking.followed[at..]) {
            let due = group.within.is_some_and(|within| {
                i128::from(event.time) + i128::from(within) < i128::from(self.range.end)
            });
            if followed > 1 || followed == 0 && due && self.is_whole {
                let place = (stream, event.time, event.id);
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
        let stream = |event: &Event| usize::from(event.stream);
        let place = event.map_or((usize::MAX, 0, id), |event| (stream(event), event.time, id));
        checking
            .findings
            .add(Check::DuplicateId, place, || Finding {
                table: event.map(|event| self.names[stream(event)].to_owned()),
                id: Some(id),
                column: Some("event_id".to_owned()),
                found: "an id that another event has too".to_owned(),
                expected: "an id of its own".to_owned(),
                ..Finding::default()
            });
    }

    pub(super) fn finding(
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

/// The events of a part, as records. An event is known by the place of its first word.
struct Events<'a> {
    words: &'a [u64],
    packing: &'a Packing,
}

impl<'a> Events<'a> {
    /// How many there are at most: each has two words at least.
    fn most(&self) -> usize {
        self.words.len().div_ceil(2)
    }

    /// A number below [`Events::most`] that no other event has.
    fn number(place: u32) -> usize {
        place as usize / 2
    }

    fn places(&self) -> impl Iterator<Item = (u32, &'a [u64])> {
        let mut records = Records(self.words);
        let all = self.words.len();
        std::iter::from_fn(move || {
            let place = all - records.0.len();
            Some((place as u32, records.next()?))
        })
    }

    /// The event at a place, with its number; nothing for [`NO_EVENT`].
    fn at(&self, place: u32) -> Option<(usize, Event)> {
        let record = Records(self.words.get(place as usize..)?).next()?;
        Some((Events::number(place), self.packing.event_of(record)))
    }
}

/// Stands for an event of which only the id is known.
const NO_EVENT: u32 = u32::MAX - 1;
