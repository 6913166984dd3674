//! The tables beside the streams that rows refer to: entities, and what intervened.

use super::finding::{Check, Finding, Findings};
use super::hash::{self, TextHashes};
use super::histories::kept;
use super::ids::Ids;
use super::opening::{OPENING, Opening};
use super::records::Record;
use super::rows::difference;
use super::rules::{HistoryRules, KindRules, Rules};
use crate::arrow::array::{Array, AsArray, RecordBatch};
use crate::arrow::datatypes::{TimestampMicrosecondType, UInt16Type, UInt64Type};
use crate::error::Error;
use crate::file::FileEntry;
use crate::read::FinishedRun;
use crate::read::source::Wanted;
use crate::time_text::shown;
use causeflow_engine::base::draw::mix;
use causeflow_engine::base::fingerprint::RowHashes;
use causeflow_engine::base::head::{JOINTLY, name_of};
use causeflow_engine::base::table::ColumnSpec;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The ids of the entities of each kind: 32 to 64 bytes an entity.
pub(super) struct Entities {
    kinds: Vec<(String, Option<Ids>)>,
    /// What holds of those that are tracked: 32 bytes an entity.
    pub kept: Vec<Record>,
    /// How many there are.
    pub number: u64,
}

/// Where the columns of entities stand that every kind has.
const ID: usize = 0;
const CELL: usize = 1;
const JOINED: usize = 2;
const STATE: usize = 3;

impl Entities {
    /// None.
    pub fn none() -> Entities {
        Entities {
            kinds: Vec::new(),
            kept: Vec::new(),
            number: 0,
        }
    }

    /// Reads and checks the tables of all kinds; those of `damaged` files are left out. Entities may join in
    /// the range and in the warm-up before it.
    pub fn read(
        run: &FinishedRun,
        rules: &Rules,
        range: &Range<i64>,
        damaged: &dyn Fn(&str) -> bool,
        findings: &mut Findings,
    ) -> Result<Entities, Error> {
        let mut entities = Entities::none();
        let joining = rules.begin.0..range.end;
        let histories = (0..).zip(&rules.histories);
        for (place, kind) in rules.kinds.iter().enumerate() {
            let ending = run.manifest().format.ending();
            let path = format!("entities/{}.{ending}", kind.name);
            let mut files = run.manifest().files.iter();
            let entry = files.find(|file| file.path == path && !damaged(&path));
            let before = rules.begin.0..range.start;
            let mut opening = Opening::new(range.start);
            let path = format!("{OPENING}/{}.{ending}", kind.name);
            let mut files = run.manifest().files.iter();
            let start = files.find(|file| file.path == path);
            if let (Some(entry), Some(columns)) = (start.filter(|_| !damaged(&path)), &kind.opening)
            {
                let read = Table {
                    kind,
                    columns,
                    place,
                    cells: rules.cells,
                    range: &before,
                    entry,
                    seen: vec![BTreeSet::new(); kind.unique.len()],
                    opening: Some(Side::Start(&mut opening)),
                    kept: None,
                    findings,
                }
                .read(run)?;
                opening.is_whole = read.is_some();
            }
            let ids = match entry {
                None => None,
                Some(entry) => Table {
                    kind,
                    columns: &kind.columns,
                    place,
                    cells: rules.cells,
                    range: &joining,
                    entry,
                    seen: vec![BTreeSet::new(); kind.unique.len()],
                    opening: opening.is_whole.then_some(Side::End(&mut opening)),
                    kept: (histories.clone())
                        .find(|(_, history)| history.kind == place)
                        .map(|(rule, history)| (rule, history, &mut entities.kept)),
                    findings,
                }
                .read(run)?,
            };
            if start.is_some() != kind.opening.is_some() {
                findings.add(Check::Entity, (usize::MAX - 1, place as i64, 0), || {
                    Finding {
                        file: Some(path.clone()),
                        table: Some(kind.name.clone()),
                        found: format!("{} table", if start.is_some() { "a" } else { "no" }),
                        expected: "what the model's `opening` says".to_owned(),
                        ..Finding::default()
                    }
                });
            }
            if ids.is_some() {
                opening.tell_missing((&path, &kind.name, place), findings);
            }
            entities.number += entry.map_or(0, |entry| entry.rows);
            entities.kinds.push((kind.name.clone(), ids));
        }
        Ok(entities)
    }

    /// Whether there is an entity of this kind and id. What was not read is believed.
    #[inline]
    pub fn has(&self, kind: usize, id: u64) -> bool {
        let ids = self.kinds.get(kind);
        let ids = ids.and_then(|(_, ids)| ids.as_ref());
        ids.is_none_or(|ids| ids.get(id).is_some())
    }

    /// The name of a kind.
    pub fn name(&self, kind: usize) -> &str {
        let kind = self.kinds.get(kind);
        kind.map_or("entity", |(name, _)| name)
    }
}

/// The table of a kind while it is read.
struct Table<'a> {
    kind: &'a KindRules,
    columns: &'a [ColumnSpec],
    place: usize,
    cells: u16,
    range: &'a Range<i64>,
    entry: &'a FileEntry,
    /// What stands in each of the columns whose values are unique.
    seen: Vec<BTreeSet<u64>>,
    /// What is compared between the start of the window and its end, if the run has both.
    opening: Option<Side<'a>>,
    /// Where what holds of it is kept, by which history.
    kept: Option<(u64, &'a HistoryRules, &'a mut Vec<Record>)>,
    findings: &'a mut Findings,
}

/// Which of the two tables of a kind is read.
enum Side<'a> {
    /// How they stood at the start, which is taken down.
    Start(&'a mut Opening),
    /// How they stood at the end, which is held against it.
    End(&'a mut Opening),
}

impl Table<'_> {
    fn read(mut self, run: &FinishedRun) -> Result<Option<Ids>, Error> {
        let mut source = match run.source(self.entry, Wanted::default()) {
            Ok(source) => source,
            Err(Error::Input { message, .. }) => return Ok(self.damaged(message)),
            Err(error) => return Err(error),
        };
        if let Some((found, expected)) = difference(source.columns(), self.columns) {
            self.add(Check::Schema, None, None, found, expected);
            return Ok(None);
        }
        let rows = usize::try_from(self.entry.rows).unwrap_or(0);
        let mut ids = Ids::with_room(rows);
        let mut number = 0;
        loop {
            match source.next() {
                Ok(Some(batch)) if number + batch.num_rows() <= rows => {
                    self.batch(&batch, &mut ids);
                    self.unique(&batch);
                    self.compare(&batch);
                    if let Some((rule, history, all)) = &mut self.kept {
                        all.extend(kept(&batch, self.columns, (*rule, history), (ID, JOINED)));
                    }
                    number += batch.num_rows();
                }
                Ok(None) if number == rows => return Ok(Some(ids)),
                Ok(_) => {
                    let expected = format!("{rows} rows, as the manifest says");
                    self.add(
                        Check::Rows,
                        None,
                        None,
                        "another number of rows".into(),
                        expected,
                    );
                    return Ok(None);
                }
                Err(message) => return Ok(self.damaged(message)),
            }
        }
    }

    fn batch(&mut self, batch: &RecordBatch, ids: &mut Ids) {
        let keys = batch.column(ID).as_primitive::<UInt64Type>();
        let cells = batch.column(CELL).as_primitive::<UInt16Type>();
        let joined = batch
            .column(JOINED)
            .as_primitive::<TimestampMicrosecondType>();
        let states = batch.column(STATE).as_dictionary::<UInt16Type>();
        let texts = states.values().as_string::<i32>();
        let range = self.range.clone();
        for (row, &id) in keys.values().iter().enumerate() {
            if !ids.insert(id, 0) {
                let expected = "an id of its own".to_owned();
                let found = "an id that another entity has too".to_owned();
                self.add(Check::DuplicateId, Some(id), Some(ID), found, expected);
            }
            let cell = cells.value(row);
            if cell >= self.cells {
                let expected = format!("a cell below {}", self.cells);
                self.add(
                    Check::Entity,
                    Some(id),
                    Some(CELL),
                    format!("cell {cell}"),
                    expected,
                );
            }
            if joined.is_valid(row) && !range.contains(&joined.value(row)) {
                let expected = format!(
                    "a time from {} to before {}",
                    shown(range.start),
                    shown(range.end)
                );
                let found = shown(joined.value(row));
                self.add(Check::Entity, Some(id), Some(JOINED), found, expected);
            }
            let state = usize::from(states.keys().value(row));
            let state = if state < texts.len() {
                texts.value(state)
            } else {
                ""
            };
            if !self.kind.states.iter().any(|known| known == state) {
                let expected = format!("one of {}", self.kind.states.join(", "));
                self.add(
                    Check::Entity,
                    Some(id),
                    Some(STATE),
                    format!("state `{state}`"),
                    expected,
                );
            }
        }
    }

    /// Holds the end against the start: nobody goes, nobody was there before who joined later, and what never changes has not.
    fn compare(&mut self, batch: &RecordBatch) {
        let Some(side) = self.opening.take() else {
            return;
        };
        let mut fixed = vec![0; batch.num_rows()];
        for &at in &self.kind.fixed {
            // Each column has a dictionary of its own.
            let (mut words, texts) = (RowHashes::new(fixed.len()), &mut TextHashes::default());
            hash::add(&mut words, batch.column(at), self.columns[at].kind, texts);
            let words = words.into_words();
            (fixed.iter_mut().zip(words)).for_each(|(fixed, word)| *fixed = mix(*fixed ^ word));
        }
        let keys = batch.column(ID).as_primitive::<UInt64Type>().values();
        let joined = batch.column(JOINED);
        let joined = joined.as_primitive::<TimestampMicrosecondType>();
        let rows = keys.iter().zip(fixed);
        match side {
            Side::Start(opening) => {
                rows.for_each(|(&id, word)| opening.add(id, word));
                self.opening = Some(Side::Start(opening));
            }
            Side::End(opening) => {
                for (row, (&id, word)) in rows.enumerate() {
                    let since = joined.is_valid(row).then(|| joined.value(row));
                    if let Some((found, expected)) = opening.compare(id, since, word) {
                        let (found, expected) = (found.to_owned(), expected.to_owned());
                        self.add(Check::Entity, Some(id), None, found, expected);
                    }
                }
                self.opening = Some(Side::End(opening));
            }
        }
    }

    /// Checks that values stand once that are unique; what is missing is none.
    fn unique(&mut self, batch: &RecordBatch) {
        let kind = self.kind;
        let keys = batch.column(ID).as_primitive::<UInt64Type>();
        for (at, &place) in kind.unique.iter().enumerate() {
            let array = batch.column(place);
            let mut words = RowHashes::new(batch.num_rows());
            let texts = &mut TextHashes::default();
            hash::add(&mut words, array, kind.columns[place].kind, texts);
            for (row, word) in words.into_words().into_iter().enumerate() {
                if array.is_valid(row) && !self.seen[at].insert(word) {
                    let expected = "a value of its own".to_owned();
                    let found = "a value that another entity has too".to_owned();
                    let id = Some(keys.value(row));
                    self.add(Check::Unique, id, Some(place), found, expected);
                }
            }
        }
    }

    fn damaged(&mut self, message: String) -> Option<Ids> {
        let expected = "a file of entities as it was written".to_owned();
        self.add(Check::Unreadable, None, None, message, expected);
        None
    }

    fn add(
        &mut self,
        check: Check,
        id: Option<u64>,
        column: Option<usize>,
        found: String,
        expected: String,
    ) {
        let column = column.map(|column| self.kind.columns[column].name.clone());
        let (file, table) = (self.entry.path.clone(), self.kind.name.clone());
        // After those of streams.
        let place = (usize::MAX - 1, self.place as i64, id.unwrap_or(0));
        self.findings.add(check, place, || Finding {
            file: Some(file),
            table: Some(table),
            id,
            column,
            found,
            expected,
            ..Finding::default()
        });
    }
}

/// What rows may be attributed to, and from when on.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeMap<String, i64>);

impl Names {
    /// Adds a name, and from when on, in microseconds since 1970, rows may be attributed to it; the first time counts.
    pub fn add(&mut self, name: String, start: i64) {
        let first = self.0.entry(name).or_insert(start);
        *first = start.min(*first);
    }

    /// From when on rows may be attributed to this name.
    pub(super) fn start(&self, attribution: &str) -> Option<i64> {
        match name_of(attribution).0 {
            // Several have a part, and the first of them may have had it first.
            JOINTLY if self.0.len() > 1 => self.0.values().min().copied(),
            name => self.0.get(name).copied(),
        }
    }
}
