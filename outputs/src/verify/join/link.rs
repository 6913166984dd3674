//! A reference of one event to another, checked on that other one.

use super::super::finding::Check;
use super::super::records::{Child, Event, Late, Link};
use super::super::rules::{EffectRules, InCell, Rules};
use super::{Checking, Join};
use crate::error::Error;
use crate::time_text::shown;
use causeflow_engine::base::draw::{Key, drawn_cell};
use causeflow_engine::base::time::Time;

/// A child whose effect is known.
struct ByEffect<'a> {
    child: Child,
    of: &'a EffectRules,
}

impl ByEffect<'_> {
    fn id(&self) -> u64 {
        let Child { cause, ordinal, .. } = self.child;
        Key(cause).child(self.of.purpose, u64::from(ordinal)).0
    }

    fn place(&self) -> (usize, i64, u64) {
        (self.of.to, self.child.time, self.id())
    }
}

impl Join<'_> {
    /// Checks a reference; `event` is what it refers to: nothing if there is no such id, and an id alone if it is of
    /// an event that nothing may refer to.
    pub(super) fn link(
        &self,
        link: Link,
        event: Option<Option<&Event>>,
        checking: &mut Checking<'_>,
    ) -> Result<(), Error> {
        match link {
            Link::Cause(child) => {
                let Some(rules) = self.rules else {
                    return Ok(());
                };
                let of = &rules.effects[usize::from(child.effect)];
                let one = ByEffect { child, of };
                match event {
                    Some(event) => self.child(rules, &one, event, checking),
                    None => return self.missing_cause(&one, checking),
                }
            }
            Link::Reference {
                maker,
                id,
                root,
                reference,
            } => {
                let one = ToMaker {
                    maker,
                    id,
                    root,
                    reference,
                };
                self.reference(&one, event, checking)?;
            }
            Link::Root {
                cause,
                id,
                root,
                stream,
            } => match event.flatten() {
                Some(event) => {
                    let place = (usize::from(stream), 0, id);
                    self.lineage(event, (cause, root), || place, checking);
                }
                None => {
                    let late = Late {
                        root,
                        id,
                        missing: cause,
                        stream,
                        reference: None,
                    };
                    self.late(late, checking)?;
                }
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
        one: &ByEffect<'_>,
        event: Option<&Event>,
        checking: &mut Checking<'_>,
    ) {
        let (of, Child { cause, root, .. }) = (one.of, one.child);
        let Some(event) = event.filter(|event| Some(usize::from(event.stream)) == of.cause) else {
            let place = one.place();
            checking.findings.add(Check::Cause, place, || {
                let found = match event {
                    Some(event) => {
                        let stream = self.names[usize::from(event.stream)];
                        format!("cause {cause} of {stream}")
                    }
                    None => format!("cause {cause} of another stream"),
                };
                self.finding(place, "cause_id", found, format!("a cause of {}", of.from))
            });
            return;
        };
        self.lineage(event, (cause, root), || one.place(), checking);
        self.cell(rules, one, event, checking);
        self.delay(one, event, checking);
    }

    /// Checks that an event has its cause's root.
    fn lineage(
        &self,
        event: &Event,
        (cause, root): (u64, u64),
        place: impl FnOnce() -> (usize, i64, u64),
        checking: &mut Checking<'_>,
    ) {
        if event.root == root {
            return;
        }
        let place = place();
        checking.findings.add(Check::Lineage, place, || {
            let expected = format!("root {}, as its cause {cause} has", event.root);
            self.finding(place, "root_id", format!("root {root}"), expected)
        });
    }

    fn cell(&self, rules: &Rules, one: &ByEffect<'_>, event: &Event, checking: &mut Checking<'_>) {
        let (wanted, child) = (one.of.cell, &one.child);
        let far = child.time >= rules.barrier_after(Time(event.time)).0;
        let cell = match (wanted, rules.desks) {
            (InCell::Drawn, _) if far => drawn_cell(Key(one.id()), rules.peopled),
            (InCell::OfDesks, Some(desks)) => desks,
            // Which one, its entity tells.
            (InCell::OfEntity, _) if child.cell < rules.peopled => child.cell,
            _ => event.cell,
        };
        if child.cell == cell {
            return;
        }
        let place = one.place();
        checking.findings.add(Check::Cell, place, || {
            let why = match wanted {
                InCell::OfCause => "as its cause",
                InCell::Drawn => "where its effect sends it",
                InCell::OfDesks => "that of the desks",
                InCell::OfEntity => "or where somebody lives",
            };
            let found = format!("cell {}", child.cell);
            self.finding(place, "cell", found, format!("cell {cell}, {why}"))
        });
    }

    fn delay(&self, one: &ByEffect<'_>, event: &Event, checking: &mut Checking<'_>) {
        let (of, child) = (one.of, &one.child);
        let delay = i128::from(child.time) - i128::from(event.time);
        let late = of
            .longest
            .is_some_and(|longest| delay > i128::from(longest));
        if delay >= i128::from(of.shortest) && !late {
            return;
        }
        let place = one.place();
        checking.findings.add(Check::Delay, place, || {
            let longest = match of.longest {
                Some(longest) => format!(" to {}", seconds(i128::from(longest))),
                None => " on".to_owned(),
            };
            let shortest = seconds(i128::from(of.shortest));
            let (cause, from) = (child.cause, &of.from);
            let found = format!("{} after its cause {cause} of {from}", seconds(delay));
            self.finding(place, "time", found, format!("from {shortest}{longest}"))
        });
    }

    /// A cause that is not there may lie before the start of the run, if the delay can be that long.
    fn missing_cause(&self, one: &ByEffect<'_>, checking: &mut Checking<'_>) -> Result<(), Error> {
        let (of, child) = (one.of, &one.child);
        let before = of.longest.is_none_or(|longest| {
            i128::from(child.time) - i128::from(longest) < i128::from(self.range.start)
        });
        if before {
            let late = Late {
                root: child.root,
                id: one.id(),
                missing: child.cause,
                stream: of.to as u16,
                reference: None,
            };
            return self.late(late, checking);
        }
        if self.is_whole {
            let place = one.place();
            checking.findings.add(Check::MissingCause, place, || {
                let expected = format!(
                    "an event of {}, at most {} earlier and so within the run",
                    of.from,
                    seconds(i128::from(of.longest.unwrap_or_default()))
                );
                let found = format!("{}, which is not there", child.cause);
                self.finding(place, "cause_id", found, expected)
            });
        }
        Ok(())
    }

    fn reference(
        &self,
        one: &ToMaker,
        event: Option<Option<&Event>>,
        checking: &mut Checking<'_>,
    ) -> Result<(), Error> {
        let &ToMaker {
            maker,
            id,
            root,
            reference,
        } = one;
        let Some(of) = self
            .rules
            .map(|rules| &rules.references[usize::from(reference)])
        else {
            return Ok(());
        };
        let Some(event) = event else {
            let late = Late {
                root,
                id,
                missing: maker,
                stream: of.stream as u16,
                reference: Some(reference),
            };
            return self.late(late, checking);
        };
        let is_of = |event: &Event| of.to.contains(&usize::from(event.stream));
        if event.is_none_or(|event| !is_of(event) || event.root != root) {
            let place = (of.stream, 0, id);
            checking.findings.add(Check::Reference, place, || {
                let found = match event.is_some_and(is_of) {
                    true => format!("an id made by event {maker}, which is of another chain"),
                    false => format!("an id made by event {maker}, which is of another stream"),
                };
                self.finding(place, &of.column, found, self.maker(&of.to))
            });
        }
        Ok(())
    }
}

/// An id in a field of an event, and the event that made it.
struct ToMaker {
    maker: u64,
    /// The event with the field.
    id: u64,
    root: u64,
    /// The place of the field's rule.
    reference: u16,
}

fn seconds(span: i128) -> String {
    format!("{:.6} s", span as f64 / 1e6)
}
