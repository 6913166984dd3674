//! What events change: states, variables and counters, and who joins.

use std::cell::Cell as Slot;

use super::slots::Booking;
use super::sources::Opening;
use super::{Cell, Event, Sight, Window, Words, frame_of};
use crate::arrivals::scale_bits;
use crate::draw::purpose;
use crate::eval::{Frame, number, word};
use crate::program::{Change, ChangeKind, KindId, Label};
use crate::sides::{Lineage, Side};

/// A change as it comes out on one side.
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

impl Cell {
    /// Brings a new entity, whose identity comes from the event's; returns its index.
    pub(super) fn create(&mut self, window: Window<'_>, kind: KindId, event: &Event) -> u64 {
        let definition = &window.world.program.kinds[usize::from(kind)];
        let id = event.key.child(definition.purpose, 0);
        let entity = self.population.join(
            window.world,
            kind,
            (id, event.time),
            definition.joins,
            event.lineage,
        );
        self.open_joiner(window, kind, entity, Opening::Joined, event.time);
        // Of what follows by the clock, nothing happens instead of something else.
        let lineage = Lineage {
            made: 0,
            ..event.lineage
        };
        self.start_timers(window, kind, entity, event.time, lineage);
        entity as u64
    }

    /// Makes the changes of an event that takes place on one side only.
    pub(super) fn changes_alone(
        &mut self,
        window: Window<'_>,
        event: &Event,
        words: &Words,
        sight: Sight<'_>,
    ) {
        let stream = &window.world.program.streams[usize::from(event.stream)];
        for change in &stream.changes {
            let frame = frame_of(window, &self.population, event, words, sight);
            if let Some(outcome) = self.work_out(change, &frame) {
                self.make(window, event, &outcome, event.lineage);
            }
        }
    }

    /// Makes the changes of an event on the sides on which it happens, each with its words. A
    /// change that comes out the same is made once.
    pub(super) fn changes_on_both(
        &mut self,
        window: Window<'_>,
        event: &Event,
        words: [&Words; 2],
        on: [bool; 2],
        label: Label,
    ) {
        let stream = &window.world.program.streams[usize::from(event.stream)];
        let noted = Slot::new(0);
        let [factual, untouched] = [Side::Factual, Side::Untouched].map(|side| Sight {
            side,
            noted: &noted,
        });
        // Words worked out on demand for one side must not be taken for those of the other.
        let one = on == [true, true] && std::ptr::eq(words[0], words[1]);
        for change in &stream.changes {
            noted.set(0);
            let frame = |words, sight| frame_of(window, &self.population, event, words, sight);
            let first = on[0].then(|| self.work_out(change, &frame(words[0], factual)));
            let second = if one && noted.get() == 0 {
                None
            } else {
                let words = words[1].again();
                Some(
                    on[1]
                        .then(|| self.work_out(change, &frame(&words, untouched)))
                        .flatten(),
                )
            };
            let label = if noted.get() == 0 { label } else { noted.get() };
            let first = first.flatten();
            match second {
                None => self.make_if(window, event, first, Lineage::BOTH),
                Some(second) if first == second => {
                    self.make_if(window, event, first, Lineage::BOTH);
                }
                Some(second) => {
                    self.make_if(window, event, first, Lineage::only(Side::Factual, label));
                    self.make_if(window, event, second, Lineage::only(Side::Untouched, label));
                }
            }
        }
    }

    fn make_if(
        &mut self,
        window: Window<'_>,
        event: &Event,
        outcome: Option<Outcome>,
        lineage: Lineage,
    ) {
        if let Some(outcome) = outcome {
            self.make(window, event, &outcome, lineage);
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
                    value: (before + number(value, frame)).to_bits(),
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
                    booking: Booking::of(change, frame)?,
                }
            }
        })
    }

    /// Makes a change on the given sides.
    fn make(&mut self, window: Window<'_>, event: &Event, outcome: &Outcome, lineage: Lineage) {
        match outcome {
            Outcome::State {
                kind,
                entity,
                state,
            } => {
                let group = &mut self.population.groups[usize::from(*kind)];
                let before = [Side::Factual, Side::Untouched].map(|s| group.state_on(s, *entity));
                group.set_state(*entity, lineage, *state);
                let after = [Side::Factual, Side::Untouched].map(|s| group.state_on(s, *entity));
                if before != after {
                    self.open_joiner(window, *kind, *entity, Opening::Changed(before), event.time);
                }
            }
            Outcome::Variable {
                kind,
                variable,
                entity,
                value,
            } => {
                let group = &mut self.population.groups[usize::from(*kind)];
                group.set((*variable, *entity), lineage, *value);
            }
            Outcome::Variables {
                kind,
                variable,
                entities,
                value,
            } => {
                let group = &mut self.population.groups[usize::from(*kind)];
                for &entity in entities {
                    group.set((*variable, entity), lineage, *value);
                }
            }
            Outcome::Counter { counter, value } => self.counters.add(*counter, *value, lineage),
            Outcome::Slots {
                kind,
                entity,
                booking,
            } => {
                let table = &window.world.program.kinds[usize::from(*kind)].diary;
                let group = &mut self.population.groups[usize::from(*kind)];
                let done = table
                    .as_ref()
                    .is_none_or(|table| group.book(table, *entity, booking, event.time, lineage));
                self.refused += u64::from(!done);
            }
        }
    }
}
