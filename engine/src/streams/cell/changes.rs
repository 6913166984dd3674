//! What events change: states, variables and counters, and who joins.

use std::cell::Cell;

use super::sources::Opening;
use super::{LogicalProcess, Strands, Window, frame_of};
use crate::base::draw::{purpose, scale_bits};
use crate::base::time::{Span, Time};
use crate::streams::eval::{Frame, finite, number, ranges, take_undefined, word};
use crate::streams::event::Event;
use crate::streams::kept::Site;
use crate::streams::population::Booking;
use crate::streams::program::{Change, ChangeKind, KindId, SlotsChange};
use crate::streams::sides::{Label, Parting, Presence, Side, Sides};

/// A change as it comes out on some sides.
#[derive(PartialEq)]
enum Outcome {
    State {
        kind: KindId,
        entity: usize,
        state: u8,
    },
    Variable {
        kind: KindId,
        variable: u16,
        entity: usize,
        value: u64,
    },
    /// The same variable of several entities.
    Variables {
        kind: KindId,
        variable: u16,
        entities: Vec<usize>,
        value: u64,
    },
    Counter {
        counter: u16,
        value: f64,
    },
    Slots {
        kind: KindId,
        entity: usize,
        booking: Booking,
    },
}

/// How a change comes out, and on which sides. Mostly it is one for all.
#[derive(Default)]
struct Outcomes {
    first: Option<(Sides, Outcome)>,
    others: Vec<(Sides, Outcome)>,
}

impl Outcomes {
    fn add(&mut self, sides: Sides, outcome: Outcome) {
        if self.first.is_none() {
            self.first = Some((sides, outcome));
            return;
        }
        let mut known = self.first.iter_mut().chain(&mut self.others);
        match known.find(|(_, other)| *other == outcome) {
            Some((all, _)) => *all = *all | sides,
            None => self.others.push((sides, outcome)),
        }
    }
}

impl LogicalProcess {
    /// Brings a new entity, whose identity comes from the event's; returns its index.
    pub(super) fn create(&mut self, window: Window<'_>, kind: KindId, event: &Event) -> u64 {
        let definition = &window.world.program.kinds[kind];
        let id = event.key.child(definition.purpose, 0);
        let entity = self.population.join(
            window.world,
            kind,
            (id, event.time),
            definition.joins,
            event.presence,
            |_| None,
        );
        self.open_joiner(window, kind, entity, Opening::Joined, event.time);
        // Of what follows by the clock, nothing happens instead of something else.
        let presence = event.presence.made_by(Label::NONE);
        self.start_timers(window, kind, entity, event.time, presence);
        entity as u64
    }

    /// Makes the changes of an event on the sides on which it happens. A change that comes out the same is made once.
    pub(super) fn change(&mut self, window: Window<'_>, event: &Event, strands: &mut Strands) {
        let stream = &window.world.program.streams[event.stream];
        let noted = Cell::new(Parting::NONE);
        for (place, change) in (0..).zip(&stream.changes) {
            take_undefined();
            let mut undefined = None;
            let (mut parted, mut at) = (Parting::NONE, 0);
            let mut outcomes: Outcomes = Outcomes::default();
            while let Some(strand) = strands.each.get(at) {
                if strand.happens {
                    noted.set(Parting::NONE);
                    let sight = strand.sight(&noted);
                    let frame = frame_of(window, &self.population, event, &strand.words, sight);
                    let outcome = self.work_out(change, &frame);
                    let found = take_undefined();
                    undefined = undefined.max(found.filter(|_| sight.side == Side::FACTUAL));
                    parted = parted.and(&strands.split(at, noted.get()));
                    if let Some(outcome) = outcome {
                        outcomes.add(strands.each[at].sides, outcome);
                    }
                }
                at += 1;
            }
            let parting = strands.parting(&parted);
            for (sides, outcome) in outcomes.first.iter().chain(&outcomes.others) {
                let presence = event.presence.part(*sides, &parting);
                self.make(window, event, outcome, presence);
                let found = take_undefined();
                undefined = undefined.max(found.filter(|_| sides.on(Side::FACTUAL)));
            }
            if let Some(found) = undefined {
                let event = (event.stream, event.key, event.time);
                window
                    .world
                    .note_undefined(event, Site::Change(place), found);
            }
            strands.parted = strands.parted.and(&parted);
        }
    }

    /// How a change comes out on the side of the frame; none where its condition does not hold.
    fn work_out(&self, change: &Change, frame: &Frame<'_>) -> Option<Outcome> {
        if change
            .when
            .as_ref()
            .is_some_and(|e| number(e, frame) == 0.0)
        {
            return None;
        }
        let exists =
            |kind: KindId, entity: &u64| *entity < self.population.group(kind).ids.len() as u64;
        Some(match &change.what {
            ChangeKind::State {
                kind,
                entity,
                state,
            } => Outcome::State {
                kind: *kind,
                entity: Some(word(entity, frame)).filter(|e| exists(*kind, e))? as usize,
                state: *state,
            },
            ChangeKind::Set {
                kind,
                entity,
                variable,
                value,
            } => Outcome::Variable {
                kind: *kind,
                variable: *variable,
                entity: Some(word(entity, frame)).filter(|e| exists(*kind, e))? as usize,
                value: word(value, frame),
            },
            ChangeKind::Add {
                kind,
                entity,
                variable,
                value,
            } => {
                let entity = Some(word(entity, frame)).filter(|e| exists(*kind, e))?;
                let before = f64::from_bits(frame.variable(*kind, *variable, entity));
                Outcome::Variable {
                    kind: *kind,
                    variable: *variable,
                    entity: entity as usize,
                    value: finite(before + number(value, frame)).to_bits(),
                }
            }
            ChangeKind::Adopt {
                owner,
                kind,
                variable,
                count,
                purpose: what,
            } => {
                let founders = self.population.group(*kind).founders as u64;
                let adopted = |ordinal| {
                    let bits = frame.key.child(*what, ordinal).bits(purpose("adopt"));
                    scale_bits(bits, founders) as usize
                };
                let count = if founders == 0 { 0 } else { u64::from(*count) };
                Outcome::Variables {
                    kind: *kind,
                    variable: *variable,
                    entities: (0..count).map(adopted).collect(),
                    value: word(owner, frame),
                }
            }
            ChangeKind::Count { counter, value } => Outcome::Counter {
                counter: *counter,
                value: number(value, frame),
            },
            ChangeKind::Slots(change) => {
                let entity = word(&change.entity, frame);
                Outcome::Slots {
                    kind: change.kind,
                    entity: Some(entity).filter(|e| exists(change.kind, e))? as usize,
                    booking: booking(change, frame)?,
                }
            }
        })
    }

    /// Makes a change on the given sides.
    fn make(&mut self, window: Window<'_>, event: &Event, outcome: &Outcome, presence: Presence) {
        match outcome {
            Outcome::State {
                kind,
                entity,
                state,
            } => {
                let group = &mut self.population.groups[*kind];
                // Founders are not opened again.
                if *entity < group.founders {
                    group.set_state(*entity, presence, *state);
                    return;
                }
                let before = group.states_on_each(*entity);
                group.set_state(*entity, presence, *state);
                if before != group.states_on_each(*entity) {
                    self.open_joiner(window, *kind, *entity, Opening::Changed(before), event.time);
                }
            }
            Outcome::Variable {
                kind,
                variable,
                entity,
                value,
            } => {
                let group = &mut self.population.groups[*kind];
                group.set((*variable, *entity), presence, *value);
            }
            Outcome::Variables {
                kind,
                variable,
                entities,
                value,
            } => {
                let group = &mut self.population.groups[*kind];
                for &entity in entities {
                    group.set((*variable, entity), presence, *value);
                }
            }
            Outcome::Counter { counter, value } => {
                let digits = window.world.program.counters[usize::from(*counter)].digits;
                self.counters.add((*counter, digits), *value, presence);
            }
            Outcome::Slots {
                kind,
                entity,
                booking,
            } => {
                let table = &window.world.program.kinds[*kind].diary;
                let group = &mut self.population.groups[*kind];
                let now = window.world.program.zone.reading(event.time);
                let done = table
                    .as_ref()
                    .is_none_or(|table| group.book(table, *entity, booking, now, presence));
                self.refused += u64::from(!done);
            }
        }
    }
}

/// How a change comes out on the side of the frame; none where the kind has no diary.
fn booking(change: &SlotsChange, frame: &Frame<'_>) -> Option<Booking> {
    let kind = &frame.world.program.kinds[change.kind];
    let table = kind.diary.as_ref()?;
    let [from, span, every, times] =
        [&change.from, &change.span, &change.every, &change.times].map(|e| number(e, frame));
    let (from, span) = (
        frame.world.program.zone.reading(Time(from as i64)),
        Span(span as i64),
    );
    Some(Booking {
        action: change.action,
        ranges: ranges(table, from, span, every, times),
    })
}
