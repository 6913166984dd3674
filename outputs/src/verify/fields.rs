//! The ids in the fields of a file's rows: whether they follow from the event, from its cause, or from an earlier event of its
//! chain, or are those of entities.

use super::finding::Check;
use super::records::Link;
use super::rows::{FileCheck, Heads, NO_EFFECT, UNKNOWN};
use super::rules::{Expected, Making, StreamRules};
use super::store::{Kind, Outbox};
use crate::arrow::array::{Array, AsArray, RecordBatch};
use crate::arrow::datatypes::UInt64Type;
use crate::error::Error;
use causeflow_engine::base::draw::Key;

impl FileCheck<'_> {
    /// Checks the ids in fields.
    pub(super) fn fields(
        &mut self,
        batch: &RecordBatch,
        heads: &Heads,
        of_stream: &StreamRules,
        effects: &[u16],
        outbox: &mut Outbox<'_>,
    ) -> Result<(), Error> {
        let left_out = self.columns.len() - batch.num_columns();
        for field in &of_stream.fields {
            let array = batch.column(field.column - left_out);
            let array = array.as_primitive::<UInt64Type>();
            for (row, &value) in array.values().iter().enumerate() {
                let by = match effects[row] {
                    UNKNOWN => continue,
                    NO_EFFECT => of_stream.incoming.len(),
                    effect => usize::from(effect),
                };
                let Some(expected) = &field.by_effect[by] else {
                    continue;
                };
                if array.is_null(row) && self.columns[field.column].nullable {
                    continue;
                }
                self.rows.links += 1;
                let keys = (Key(heads.ids[row]), heads.causes.value(row));
                if array.is_valid(row) && self.refers(value, expected, keys) {
                    continue;
                }
                let maker = expected
                    .earlier
                    .and_then(|(making, reference)| Some((making.maker_of(value)?, reference)));
                if let Some((maker, reference)) = maker.filter(|_| array.is_valid(row)) {
                    let link = Link::Reference {
                        maker,
                        id: heads.ids[row],
                        root: heads.roots[row],
                        reference,
                    };
                    outbox.push(Kind::Links, self.context.packing.link(link))?;
                    continue;
                }
                let expected = self.described(expected);
                self.add(Check::Reference, heads, row, Some(field.column), || {
                    (value.to_string(), expected)
                });
            }
        }
        Ok(())
    }

    /// Whether an id is one that follows from the event or its cause, or an entity's.
    #[inline]
    fn refers(&self, value: u64, expected: &Expected, (id, cause): (Key, u64)) -> bool {
        let made = |makings: &[Making], key: Key| {
            makings.iter().any(|making| making.made_by(key) == value)
        };
        let entities = self.context.entities;
        made(&expected.own, id)
            || made(&expected.of_cause, Key(cause))
            || expected
                .entities
                .iter()
                .any(|&kind| entities.has(kind, value))
    }

    fn described(&self, expected: &Expected) -> String {
        let entities = expected.entities.iter();
        let mut ways: Vec<String> = entities
            .map(|&kind| format!("the id of a {}", self.context.entities.name(kind)))
            .collect();
        if expected.own.iter().any(|making| *making != Making::Nothing) {
            ways.push("the id that follows from its own".to_owned());
        }
        if !expected.of_cause.is_empty() {
            ways.push("the id that follows from its cause's".to_owned());
        }
        match ways.is_empty() {
            true => "no id".to_owned(),
            false => ways.join(" or "),
        }
    }
}
