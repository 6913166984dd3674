//! What the rows of a file say about their causes: by which effect each event came, and what is to be checked on the
//! cause itself.

use super::finding::Check;
use super::records::{Child, Event, Link, Record};
use super::rows::{FileCheck, Heads, NO_EFFECT, UNKNOWN};
use super::rules::{EffectRules, Roots, Rules, StreamRules};
use super::store::{Kind, Outbox};
use crate::arrow::array::{Array, AsArray, RecordBatch};
use crate::arrow::datatypes::UInt64Type;
use crate::error::Error;
use crate::read::columns::{CAUSE_ID, CELL, ROOT_ID};
use causeflow_engine::base::draw::Key;

impl FileCheck<'_> {
    /// Finds the effect by which each event came, and notes what is to be checked on its cause.
    pub(super) fn follow(
        &mut self,
        batch: &RecordBatch,
        heads: &Heads,
        rules: &Rules,
        of_stream: &StreamRules,
        outbox: &mut Outbox<'_>,
    ) -> Result<Vec<u16>, Error> {
        let packing = self.context.packing;
        let unnamed = |effect: &&u16| rules.effects[usize::from(**effect)].each == Some(None);
        // Of two of these nothing tells which it was.
        let ambiguous = of_stream.incoming.iter().filter(unnamed).count() > 1;
        let mut effects = vec![NO_EFFECT; heads.ids.len()];
        for (row, taken) in effects.iter_mut().enumerate() {
            let (id, time, root, cell) = (
                heads.ids[row],
                heads.times[row],
                heads.roots[row],
                heads.cells[row],
            );
            if of_stream.is_referred_to {
                let event = Event {
                    id,
                    time,
                    root,
                    cell,
                    stream: self.stream as u16,
                };
                outbox.push(Kind::Events, packing.event(event))?;
            } else {
                outbox.push(Kind::Ids, Record::id(id))?;
            }
            if heads.causes.is_null(row) {
                self.root(heads, row, rules, of_stream);
                continue;
            }
            let cause = heads.causes.value(row);
            // The ids of those that reach each of several tell least of all, so they come last.
            let incoming = || (0..).zip(&of_stream.incoming);
            let effect_of = |effect: u16| &rules.effects[usize::from(effect)];
            let several = |(_, effect): &(usize, &u16)| effect_of(**effect).each.is_some();
            let plain = incoming().filter(|effect| !several(effect));
            let matching = plain
                .chain(incoming().filter(several))
                .find_map(|(at, &effect)| {
                    let of = effect_of(effect);
                    let ordinal = match of.each {
                        None => Key(id).ordinal(Key(cause), of.purpose),
                        Some(column) => {
                            let whom = column.map(|column| self.id_in(batch, row, column));
                            ordinal_of_one((Key(id), Key(cause)), of, whom)
                        }
                    };
                    (ordinal < of.most).then_some((at, effect, ordinal))
                });
            let Some((at, effect, ordinal)) = matching else {
                *taken = UNKNOWN;
                self.add(Check::Cause, heads, row, Some(CAUSE_ID), || {
                    let expected = match of_stream.incoming.is_empty() {
                        true => "no cause: nothing causes events of this stream".to_owned(),
                        false => "the id of an event of which this one's id follows".to_owned(),
                    };
                    (format!("cause {cause}"), expected)
                });
                continue;
            };
            if ambiguous && unnamed(&&effect) {
                *taken = UNKNOWN;
                continue;
            }
            *taken = at as u16;
            self.rows.links += 1;
            if rules.effects[usize::from(effect)].cause.is_some() {
                let child = Child {
                    cause,
                    time,
                    root,
                    cell,
                    effect,
                    ordinal: ordinal as u16,
                };
                outbox.push(Kind::Links, packing.link(Link::Cause(child)))?;
            }
        }
        Ok(effects)
    }

    /// The id in a field, 0 for nobody's.
    fn id_in(&self, batch: &RecordBatch, row: usize, column: usize) -> u64 {
        let left_out = self.columns.len() - batch.num_columns();
        let ids = batch.column(column - left_out).as_primitive::<UInt64Type>();
        if ids.is_null(row) { 0 } else { ids.value(row) }
    }

    /// Checks an event that nothing caused.
    fn root(&mut self, heads: &Heads, row: usize, rules: &Rules, of_stream: &StreamRules) {
        let (id, root, cell) = (heads.ids[row], heads.roots[row], heads.cells[row]);
        if of_stream.roots == Roots::None {
            self.add(Check::Root, heads, row, Some(CAUSE_ID), || {
                let expected = "a cause: the stream has no source of its own".to_owned();
                ("no cause".to_owned(), expected)
            });
        }
        if root != id {
            self.add(Check::Root, heads, row, Some(ROOT_ID), || {
                let expected = format!("root {id}, its own id: it has no cause");
                (format!("root {root}"), expected)
            });
        }
        let fits = match of_stream.roots {
            Roots::OnPlatform => cell == rules.cells,
            Roots::InCells | Roots::None => cell < rules.cells,
        };
        if !fits {
            self.add(Check::Cell, heads, row, Some(CELL), || {
                let expected = match of_stream.roots {
                    Roots::OnPlatform => format!("{}, the platform", rules.cells),
                    _ => format!("a cell below {}", rules.cells),
                };
                (format!("cell {cell}"), expected)
            });
        }
    }

    /// Without the model only what holds for all models can be checked.
    pub(super) fn follow_without_rules(
        &mut self,
        heads: &Heads,
        outbox: &mut Outbox<'_>,
    ) -> Result<(), Error> {
        let (packing, stream) = (self.context.packing, self.stream as u16);
        for row in 0..heads.ids.len() {
            let (id, time, root, cell) = (
                heads.ids[row],
                heads.times[row],
                heads.roots[row],
                heads.cells[row],
            );
            let event = Event {
                id,
                time,
                root,
                cell,
                stream,
            };
            outbox.push(Kind::Events, packing.event(event))?;
            if heads.causes.is_null(row) {
                if root != id {
                    self.add(Check::Root, heads, row, Some(ROOT_ID), || {
                        let expected = format!("root {id}, its own id: it has no cause");
                        (format!("root {root}"), expected)
                    });
                }
                continue;
            }
            let cause = heads.causes.value(row);
            self.rows.links += 1;
            let root = Link::Root {
                cause,
                id,
                root,
                stream,
            };
            let order = Link::Order {
                cause,
                id,
                time,
                stream,
            };
            outbox.push(Kind::Links, packing.link(root))?;
            outbox.push(Kind::Links, packing.link(order))?;
        }
        Ok(())
    }
}

/// Which of the events it is that reach one entity by an effect, where that is told in a field: modifiers may let more than one follow.
/// Where it is not, any entity may be meant.
fn ordinal_of_one((id, cause): (Key, Key), effect: &EffectRules, whom: Option<u64>) -> u64 {
    let Some(whom) = whom else {
        return 0;
    };
    let first = cause.child(effect.purpose, whom);
    match id == first {
        true => 0,
        false => id.ordinal(first, effect.purpose).max(1),
    }
}
