//! The tables of a difference: see the [module](super) for their columns.

use super::change::{Change, ChangeKind, Counts};
use super::store::Store;
use super::texts::Texts as Codes;
use super::{Diff, StreamDiff, Via};
use crate::error::Error;
use crate::read::columns::{ATTRIBUTION, CAUSE_ID, CELL, EVENT_ID, FIELDS, ROOT_ID, TIME};
use crate::rows::GROUP_ROWS;
use crate::sink::{Heading, Sink};
use causeflow_engine::base::table::{
    Chunk, Column, ColumnSpec, ColumnType, SinkError, TableSchema, Validity, Values,
};

impl Diff {
    /// Hands the tables to a sink, with names that begin with `under`, if that is not empty. They depend on the two runs alone.
    ///
    /// # Errors
    /// What the sink fails with; [`Error::Rows`] when a stream has more different texts than fit a column.
    pub fn write(&self, sink: &mut dyn Sink, under: &str) -> Result<(), SinkError> {
        let named = |table: &str| match under {
            "" => table.to_owned(),
            under => format!("{under}/{table}"),
        };
        for stream in &self.streams {
            stream.write(
                sink,
                &named(&format!("changes/stream={}/part-0000", stream.name)),
            )?;
        }
        self.write_summary(sink, &named("summary"))?;
        self.write_hours(sink, &named("hours"))
    }

    fn write_summary(&self, sink: &mut dyn Sink, name: &str) -> Result<(), SinkError> {
        let differ = self
            .streams
            .iter()
            .map(|s| (s.name.as_str(), s.rows, s.twin_rows, s.counts()));
        let equal = self.identical.iter();
        let equal = equal.map(|(name, rows)| (name.as_str(), *rows, *rows, Counts::default()));
        let mut all: Vec<(&str, u64, u64, Counts)> = differ.chain(equal).collect();
        all.sort_by_key(|stream| stream.0);
        let more = vec![
            ("rows", "Events in A.", id(all.iter().map(|s| s.1))),
            ("twin_rows", "Events in B.", id(all.iter().map(|s| s.2))),
        ];
        let names: Vec<&str> = all.iter().map(|s| s.0).collect();
        let counts: Vec<Counts> = all.iter().map(|s| s.3).collect();
        write_counts(sink, name, &names, more, &counts)
    }

    fn write_hours(&self, sink: &mut dyn Sink, name: &str) -> Result<(), SinkError> {
        let (mut names, mut hours, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        for stream in &self.streams {
            for (hour, found) in stream.by_hour() {
                names.push(stream.name.as_str());
                hours.push(hour);
                counts.push(found);
            }
        }
        let more = vec![(
            "hour",
            "The first instant of the hour.",
            all(Values::Time(hours)),
        )];
        write_counts(sink, name, &names, more, &counts)
    }
}

/// Writes a table of streams, some columns, and counts by kind.
fn write_counts(
    sink: &mut dyn Sink,
    name: &str,
    names: &[&str],
    more: Vec<(&str, &str, Column)>,
    counts: &[Counts],
) -> Result<(), SinkError> {
    let mut codes = Codes::new("stream");
    let names = names
        .iter()
        .map(|name| codes.code(name))
        .collect::<Result<Vec<u16>, Error>>()?;
    let mut columns = vec![("stream", "The stream's name.", all(Values::Text(names)))];
    columns.extend(more);
    let count = |get: fn(&Counts) -> u64| id(counts.iter().map(get));
    columns.extend([
        ("added", "Events that are only in A.", count(|c| c.added)),
        (
            "removed",
            "Events that are only in B.",
            count(|c| c.removed),
        ),
        ("moved", "Events at different times.", count(|c| c.moved)),
        ("changed", "Events with other values.", count(|c| c.changed)),
    ]);
    let specs = columns
        .iter()
        .map(|(name, description, column)| spec(name, column.values.kind(), false, description));
    let schema = TableSchema {
        name: name.to_owned(),
        columns: specs.collect(),
    };
    let chunk = Chunk {
        table: 0,
        rows: counts.len(),
        columns: columns.into_iter().map(|(_, _, column)| column).collect(),
    };
    let heading = Heading {
        name,
        schema: &schema,
        dictionary: &codes.dictionary(),
    };
    let mut table = sink.table(&heading)?;
    table.write(&chunk)?;
    table.finish()
}

impl StreamDiff {
    fn write(&self, sink: &mut dyn Sink, name: &str) -> Result<(), SinkError> {
        // The words of `change` stand behind the stream's own texts.
        let mut texts = self.texts.clone();
        let words = ChangeKind::ALL.map(|kind| texts.code(kind.name()));
        let [added, removed, moved, changed] = words;
        let words = [added?, removed?, moved?, changed?];
        let [lineage, contention] = Via::ALL.map(|via| texts.code(via.name()));
        let ways = [lineage?, contention?];
        let heading = Heading {
            name,
            schema: &self.schema(),
            dictionary: &texts.dictionary(),
        };
        let mut table = sink.table(&heading)?;
        for start in (0..self.changes.len()).step_by(GROUP_ROWS) {
            let end = self.changes.len().min(start + GROUP_ROWS);
            table.write(&Chunk {
                table: 0,
                rows: end - start,
                columns: self.columns(start, end, (words, ways)),
            })?;
        }
        table.finish()
    }

    fn schema(&self) -> TableSchema {
        let fixed = |place: usize| self.columns[place].name.as_str();
        let mut columns = vec![
            spec(
                fixed(EVENT_ID),
                ColumnType::Id,
                false,
                "The event's id, the same in both runs.",
            ),
            spec(
                "change",
                ColumnType::Text,
                false,
                "added, removed, moved or changed.",
            ),
            spec(
                fixed(TIME),
                ColumnType::Time,
                true,
                "When it happened in A.",
            ),
            spec(
                "twin_time",
                ColumnType::Time,
                true,
                "When it happened in B.",
            ),
            spec(
                fixed(CAUSE_ID),
                ColumnType::Id,
                true,
                "Its cause in A; in B if removed.",
            ),
            spec(
                fixed(ROOT_ID),
                ColumnType::Id,
                false,
                "Its root in A; in B if removed.",
            ),
            spec(
                fixed(CELL),
                ColumnType::Small,
                false,
                "Its cell in A; in B if removed.",
            ),
            spec(
                fixed(ATTRIBUTION),
                ColumnType::Text,
                true,
                "Its attribution in A.",
            ),
            spec(
                "why",
                ColumnType::Text,
                true,
                "What made it differ, if known.",
            ),
            spec(
                "via",
                ColumnType::Text,
                true,
                "Which way that came: lineage, or contention for something scarce.",
            ),
        ];
        for field in &self.columns[FIELDS..] {
            let mut name = field.name.clone();
            let taken = |name: &str| {
                let twin = format!("twin_{name}");
                columns
                    .iter()
                    .any(|column| column.name == *name || column.name == twin)
            };
            while taken(&name) {
                name.push('_');
            }
            let twin = format!("twin_{name}");
            columns.extend([name, twin].map(|name| ColumnSpec {
                name,
                nullable: true,
                ..field.clone()
            }));
        }
        TableSchema {
            name: self.name.clone(),
            columns,
        }
    }

    /// The changes from `start` to `end` as columns of the schema.
    fn columns(
        &self,
        start: usize,
        end: usize,
        (words, ways): ([u16; 4], [u16; 2]),
    ) -> Vec<Column> {
        let changes = &self.changes[start..end];
        let in_a = |column| self.a.gather(column, changes.iter().map(Change::a));
        let in_b = |column| self.b.gather(column, changes.iter().map(Change::b));
        let either = |get: &dyn Fn(&Store, usize) -> u64| {
            let value = |change: &Change| change.either(&self.a, &self.b, get).unwrap_or_default();
            changes.iter().map(value).collect::<Vec<u64>>()
        };
        let word = |column: usize| {
            either(&|store: &Store, row: usize| store.word(column, row).unwrap_or_default())
        };
        let has_cause =
            either(&|store: &Store, row: usize| u64::from(store.word(CAUSE_ID, row).is_some()));
        let why = (start..end).map(|place| self.why_at(place));
        let via = (start..end).map(|place| self.via_at(place).map(|via| ways[via as usize]));
        let kinds = changes.iter().map(|change| words[change.kind as usize]);
        let mut columns = vec![
            all(Values::Id(word(EVENT_ID))),
            all(Values::Text(kinds.collect())),
            in_a(TIME),
            in_b(TIME),
            Column {
                values: Values::Id(word(CAUSE_ID)),
                validity: Validity::Mask(has_cause.into_iter().map(|has| has == 1).collect()),
            },
            all(Values::Id(word(ROOT_ID))),
            all(Values::Small(
                word(CELL).into_iter().map(|cell| cell as u16).collect(),
            )),
            in_a(ATTRIBUTION),
            texts_where_known(why),
            texts_where_known(via),
        ];
        for field in FIELDS..self.columns.len() {
            columns.extend([in_a(field), in_b(field)]);
        }
        columns
    }
}

/// A column of codes, with nothing where none is known.
fn texts_where_known(codes: impl Iterator<Item = Option<u16>> + Clone) -> Column {
    Column {
        values: Values::Text(codes.clone().map(Option::unwrap_or_default).collect()),
        validity: Validity::Mask(codes.map(|code| code.is_some()).collect()),
    }
}

fn spec(name: &str, kind: ColumnType, nullable: bool, description: &str) -> ColumnSpec {
    ColumnSpec {
        name: name.to_owned(),
        kind,
        unit: None,
        description: Some(description.to_owned()),
        nullable,
    }
}

fn all(values: Values) -> Column {
    let validity = Validity::All;
    Column { values, validity }
}

fn id(values: impl Iterator<Item = u64>) -> Column {
    all(Values::Id(values.collect()))
}
