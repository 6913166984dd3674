//! Rows of one table on their way to a file: chunks of any size are gathered into groups of a fixed
//! size, so that what is encoded depends on the sequence of rows and not on how it was cut.

mod records;
mod spool;

use crate::error::Error;
use causeflow_engine::base::table::{Chunk, Column, ColumnType, TableSchema, Validity, Values};
pub(crate) use spool::{Segment, Spool, WAITING_NAME};
use std::ops::Range;

/// Rows that are encoded at once: a row group in Parquet, a record batch in Arrow.
///
/// 65,536 rows of ten columns take 3.5 MB.
pub(crate) const GROUP_ROWS: usize = 65_536;

/// A chunk with as many rows is kept as it is; the rows of smaller ones are copied together. Pieces have a few
/// thousand rows, so that memory follows what waits, and an allocator can use theirs for the next ones: vectors that
/// grow to a whole group would take up to twice of it, of a size that nothing else has.
const PIECE_ROWS: usize = 1024;

/// Consecutive rows whose validity is in its simplest form (a mask holds both kinds of rows).
pub(crate) struct Rows {
    pub rows: usize,
    pub columns: Vec<Column>,
}

/// Collects rows until a group is full.
pub(crate) struct RowBuffer {
    schema: TableSchema,
    dictionary_len: usize,
    /// How many rows wait.
    rows: usize,
    /// The first of them, where they stand on the disk.
    spooled: Vec<Segment>,
    /// The last of them, in order: those that are not on the disk, and maybe others.
    pieces: Vec<Rows>,
    /// How many those are.
    in_memory: usize,
    /// How many bytes their strings have.
    in_strings: usize,
}

impl RowBuffer {
    pub fn new(schema: TableSchema, dictionary_len: usize) -> RowBuffer {
        RowBuffer {
            schema,
            dictionary_len,
            rows: 0,
            spooled: Vec::new(),
            pieces: Vec::new(),
            in_memory: 0,
            in_strings: 0,
        }
    }

    /// Takes a chunk in without copying it, or gives it back: it is small, or does not fit the group.
    /// The chunk must have passed [`check`](Self::check).
    pub fn keep(&mut self, chunk: Chunk) -> Option<Chunk> {
        let Chunk { rows, columns, .. } = chunk;
        if rows < PIECE_ROWS || rows > GROUP_ROWS - self.rows {
            return Some(Chunk { columns, ..chunk });
        }
        self.in_strings += strings_of(&columns, 0..rows);
        self.begin_piece(Rows { rows, columns });
        self.count(rows);
        None
    }

    /// Copies as many rows as fit, from `start` on, and returns how many those were.
    /// The chunk must have passed [`check`](Self::check).
    pub fn append(&mut self, chunk: &Chunk, start: usize) -> usize {
        let count = (chunk.rows - start).min(GROUP_ROWS - self.rows);
        if self
            .pieces
            .last()
            .is_none_or(|last| last.rows >= PIECE_ROWS)
        {
            let columns = empty_columns(&self.schema);
            self.begin_piece(Rows { rows: 0, columns });
        }
        if let Some(last) = self.pieces.last_mut() {
            last.append(&chunk.columns, start..start + count);
        }
        self.in_strings += strings_of(&chunk.columns, start..start + count);
        self.count(count);
        count
    }

    fn begin_piece(&mut self, piece: Rows) {
        if let Some(last) = self.pieces.last_mut() {
            last.columns.iter_mut().for_each(shrink);
        }
        self.pieces.push(piece);
    }

    fn count(&mut self, rows: usize) {
        self.rows += rows;
        self.in_memory += rows;
    }

    pub fn is_full(&self) -> bool {
        self.rows == GROUP_ROWS
    }

    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// How many rows are missing in the group.
    pub fn room(&self) -> usize {
        GROUP_ROWS - self.rows
    }

    /// About how many bytes the rows take in memory.
    pub fn bytes(&self) -> usize {
        self.in_memory * self.width() + self.in_strings
    }

    /// Bytes of a row.
    fn width(&self) -> usize {
        let width = |kind| match kind {
            ColumnType::Id | ColumnType::Time | ColumnType::Float | ColumnType::Exact(_) => 8,
            ColumnType::Int => 4,
            ColumnType::Small | ColumnType::Text => 2,
            ColumnType::Bool => 1,
            // Besides what is in them, which is counted by itself.
            ColumnType::String => 4,
        };
        let columns = self.schema.columns.iter();
        columns.map(|column| width(column.kind)).sum()
    }

    /// Takes what is in memory to the disk, until the group is taken.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk fails.
    pub fn put_aside(&mut self, spool: &mut Spool) -> Result<(), Error> {
        let (records, rows) = self.unspooled();
        self.spool(&records, rows, spool)?;
        self.pieces.clear();
        (self.in_memory, self.in_strings) = (0, 0);
        Ok(())
    }

    /// The rows that are in memory alone, as records for the disk, and how many those are.
    pub fn unspooled(&self) -> (Vec<u8>, usize) {
        let rows = self.rows - self.rows_spooled();
        let mut known = self.in_memory - rows;
        let mut records = Vec::with_capacity(rows * (self.width() + 1));
        for piece in &self.pieces {
            let from = known.min(piece.rows);
            known -= from;
            if from < piece.rows {
                records::encode(piece, from..piece.rows, &mut records);
            }
        }
        (records, rows)
    }

    /// Takes [those](Self::unspooled) to the disk. They stay in memory, too.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk fails.
    pub fn spool(&mut self, records: &[u8], rows: usize, spool: &mut Spool) -> Result<(), Error> {
        if rows > 0 {
            self.spooled.push(spool.put(records, rows as u64)?);
        }
        Ok(())
    }

    /// Copies what stands in one file into another.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk fails.
    pub fn move_spooled(&mut self, from: &Spool, to: &mut Spool) -> Result<(), Error> {
        let rows = self.rows_spooled();
        let read: Result<Vec<Vec<u8>>, Error> = self.spooled.iter().map(|s| from.read(s)).collect();
        let records = read?.concat();
        self.spooled.clear();
        self.spool(&records, rows, to)
    }

    /// Where the rows stand that are on the disk.
    pub fn spooled(&self) -> &[Segment] {
        &self.spooled
    }

    fn rows_spooled(&self) -> usize {
        let rows = self.spooled.iter().map(|segment| segment.rows);
        rows.sum::<u64>() as usize
    }

    /// Takes rows in that are on the disk, before any others.
    ///
    /// # Errors
    /// [`Error::Rows`] when they are not rows of this table, [`Error::Io`] when the disk fails.
    pub fn resume(&mut self, spooled: &[Segment], spool: &Spool) -> Result<(), Error> {
        self.spooled = spooled.to_vec();
        self.rows = self.rows_spooled();
        let pieces = self.read_spooled(spool)?;
        if pieces.iter().map(|piece| piece.rows).sum::<usize>() != self.rows {
            return Err(self.unreadable());
        }
        pieces.into_iter().try_for_each(|Rows { rows, columns }| {
            let table = 0;
            self.check(&Chunk {
                table,
                rows,
                columns,
            })
        })
    }

    /// Takes the rows out.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk fails on which some of them are.
    pub fn take(&mut self, spool: &Spool) -> Result<Rows, Error> {
        let mut pieces = self.read_spooled(spool)?;
        pieces.append(&mut self.pieces);
        self.spooled.clear();
        (self.rows, self.in_memory, self.in_strings) = (0, 0, 0);
        let mut rows = Rows::joined(&self.schema, pieces);
        rows.columns.iter_mut().for_each(simplify);
        Ok(rows)
    }

    /// The rows that are on the disk alone. What is in memory begins where a record ends.
    fn read_spooled(&self, spool: &Spool) -> Result<Vec<Rows>, Error> {
        let (mut pieces, mut wanted) = (Vec::new(), self.rows - self.in_memory);
        for segment in &self.spooled {
            if wanted == 0 {
                break;
            }
            let records = spool.read(segment)?;
            let read = records::decode(&self.schema, &records).ok_or_else(|| self.unreadable())?;
            for piece in read {
                if wanted > 0 {
                    wanted = wanted.saturating_sub(piece.rows);
                    pieces.push(piece);
                }
            }
        }
        Ok(pieces)
    }

    fn unreadable(&self) -> Error {
        Error::rows(&self.schema.name, "the rows that were kept cannot be read")
    }

    /// Checks that a chunk has the columns, types and lengths that the schema promises.
    pub fn check(&self, chunk: &Chunk) -> Result<(), Error> {
        let wrong = |message: String| Err(Error::rows(&self.schema.name, message));
        let (found, expected) = (chunk.columns.len(), self.schema.columns.len());
        if found != expected {
            return wrong(format!("{found} columns, expected {expected}"));
        }
        for (column, spec) in chunk.columns.iter().zip(&self.schema.columns) {
            let name = &spec.name;
            let kind = column.values.kind();
            if kind != spec.kind {
                let expected = spec.kind;
                return wrong(format!(
                    "column `{name}` holds {kind:?}, expected {expected:?}"
                ));
            }
            let (values, nulls) = match &column.validity {
                Validity::All => (chunk.rows, false),
                Validity::None => (0, chunk.rows > 0),
                Validity::Mask(mask) if mask.len() == chunk.rows => {
                    (chunk.rows, mask.contains(&false))
                }
                Validity::Mask(mask) => {
                    let (found, rows) = (mask.len(), chunk.rows);
                    return wrong(format!("column `{name}` has {found} flags for {rows} rows"));
                }
            };
            let found = len(&column.values);
            if found != values {
                return wrong(format!(
                    "column `{name}` has {found} values, expected {values}"
                ));
            }
            if nulls && !spec.nullable {
                return wrong(format!("column `{name}` is not nullable and misses values"));
            }
            self.check_codes(name, column)?;
            self.check_ids(name, column)?;
            self.check_digits(name, column)?;
        }
        Ok(())
    }

    /// Refuses an id of more than 63 bits, which would have a sign in some formats.
    fn check_ids(&self, name: &str, column: &Column) -> Result<(), Error> {
        const MOST: u64 = i64::MAX.cast_unsigned();
        let wrong = |&(row, id): &(usize, &u64)| *id > MOST && counts(column, row);
        if let Values::Id(ids) = &column.values
            && ids.iter().fold(0, |all, id| all | id) > MOST
            && let Some((row, id)) = ids.iter().enumerate().find(wrong)
        {
            let message = format!("column `{name}`, row {row}: the id {id} has more than 63 bits");
            return Err(Error::rows(&self.schema.name, message));
        }
        Ok(())
    }

    /// Refuses an exact number of more digits than its column says, which formats have no room for.
    fn check_digits(&self, name: &str, column: &Column) -> Result<(), Error> {
        let Values::Exact(numbers, digits) = &column.values else {
            return Ok(());
        };
        let wrong = |&(row, units): &(usize, &i64)| !digits.hold(*units) && counts(column, row);
        if !numbers
            .iter()
            .fold(true, |all, &units| all & digits.hold(units))
            && let Some((row, _)) = numbers.iter().enumerate().find(wrong)
        {
            let message = format!("column `{name}`, row {row}: the number is no {digits}");
            return Err(Error::rows(&self.schema.name, message));
        }
        Ok(())
    }

    fn check_codes(&self, name: &str, column: &Column) -> Result<(), Error> {
        let Values::Text(codes) = &column.values else {
            return Ok(());
        };
        let known = self.dictionary_len;
        let bad = |&(row, code): &(usize, &u16)| counts(column, row) && usize::from(*code) >= known;
        // The fold over all codes is vectorised; the exact search only runs when it finds one.
        if codes.iter().fold(0, |max, &code| code.max(max)) as usize >= known
            && let Some((row, code)) = codes.iter().enumerate().find(bad)
        {
            let message = format!(
                "column `{name}`, row {row}: code {code} is not in the dictionary of {known} strings"
            );
            return Err(Error::rows(&self.schema.name, message));
        }
        Ok(())
    }
}

/// Whether what stands in a row is its value, where it stands for one at all.
fn counts(column: &Column, row: usize) -> bool {
    match &column.validity {
        Validity::Mask(mask) => mask[row],
        Validity::All | Validity::None => true,
    }
}

impl Rows {
    /// Pieces as one. Each column of the pieces is gone as soon as it has been copied.
    fn joined(schema: &TableSchema, mut pieces: Vec<Rows>) -> Rows {
        if pieces.len() == 1
            && let Some(piece) = pieces.pop()
        {
            return piece;
        }
        let mut columns = empty_columns(schema);
        let total = pieces.iter().map(|piece| piece.rows).sum();
        for (index, into) in columns.iter_mut().enumerate() {
            let missing = |piece: &Rows| matches!(piece.columns[index].validity, Validity::None);
            if !pieces.iter().all(missing) {
                reserve(&mut into.values, total);
            }
            let mut rows = 0;
            for piece in &mut pieces {
                let nothing = Column {
                    values: Values::Bool(Vec::new()),
                    validity: Validity::None,
                };
                let column = std::mem::replace(&mut piece.columns[index], nothing);
                append_column(into, rows, &column, 0..piece.rows);
                rows += piece.rows;
            }
        }
        let rows = total;
        Rows { rows, columns }
    }

    fn append(&mut self, columns: &[Column], range: Range<usize>) {
        for (into, from) in self.columns.iter_mut().zip(columns) {
            append_column(into, self.rows, from, range.clone());
        }
        self.rows += range.len();
    }
}

/// How many bytes the strings of some rows have.
fn strings_of(columns: &[Column], rows: Range<usize>) -> usize {
    let bytes = columns.iter().map(|column| match &column.values {
        Values::String(strings) if !strings.is_empty() => strings.bytes_of(rows.clone()),
        _ => 0,
    });
    bytes.sum()
}

fn empty_columns(schema: &TableSchema) -> Vec<Column> {
    let column = |spec: &causeflow_engine::base::table::ColumnSpec| Column {
        values: Values::empty(spec.kind),
        validity: Validity::All,
    };
    schema.columns.iter().map(column).collect()
}

pub(crate) fn len(values: &Values) -> usize {
    match values {
        Values::Id(v) => v.len(),
        Values::Time(v) => v.len(),
        Values::Float(v) => v.len(),
        Values::Int(v) => v.len(),
        Values::Exact(v, _) => v.len(),
        Values::Small(v) | Values::Text(v) => v.len(),
        Values::Bool(v) => v.len(),
        Values::String(v) => v.len(),
    }
}

/// Appends the rows `range` of `from` to `into`, which holds `rows` rows.
fn append_column(into: &mut Column, rows: usize, from: &Column, range: Range<usize>) {
    if range.is_empty() {
        return;
    }
    if rows == 0 {
        into.validity = match &from.validity {
            Validity::Mask(_) => Validity::Mask(Vec::new()),
            simple => simple.clone(),
        };
    }
    match (&into.validity, &from.validity) {
        (Validity::All, Validity::All) | (Validity::None, Validity::None) => {}
        (_, added) => append_validity(&mut into.validity, rows, added, range.clone()),
    }
    if matches!(into.validity, Validity::None) {
        return;
    }
    // Rows that were missing all along have no values yet.
    resize(&mut into.values, rows);
    if matches!(from.validity, Validity::None) {
        resize(&mut into.values, rows + range.len());
    } else {
        extend(&mut into.values, &from.values, range);
    }
}

fn append_validity(into: &mut Validity, rows: usize, from: &Validity, range: Range<usize>) {
    let mut mask = match std::mem::replace(into, Validity::All) {
        Validity::Mask(mask) => mask,
        Validity::All => vec![true; rows],
        Validity::None => vec![false; rows],
    };
    match from {
        Validity::All => mask.resize(rows + range.len(), true),
        Validity::None => mask.resize(rows + range.len(), false),
        Validity::Mask(flags) => mask.extend_from_slice(&flags[range]),
    }
    *into = Validity::Mask(mask);
}

fn resize(values: &mut Values, rows: usize) {
    match values {
        Values::Id(v) => v.resize(rows, 0),
        Values::Time(v) => v.resize(rows, 0),
        Values::Float(v) => v.resize(rows, 0.0),
        Values::Int(v) => v.resize(rows, 0),
        Values::Exact(v, _) => v.resize(rows, 0),
        Values::Small(v) | Values::Text(v) => v.resize(rows, 0),
        Values::Bool(v) => v.resize(rows, false),
        Values::String(v) => v.resize(rows),
    }
}

fn reserve(values: &mut Values, rows: usize) {
    match values {
        Values::Id(v) => v.reserve_exact(rows),
        Values::Time(v) => v.reserve_exact(rows),
        Values::Float(v) => v.reserve_exact(rows),
        Values::Int(v) => v.reserve_exact(rows),
        Values::Exact(v, _) => v.reserve_exact(rows),
        Values::Small(v) | Values::Text(v) => v.reserve_exact(rows),
        Values::Bool(v) => v.reserve_exact(rows),
        Values::String(v) => v.reserve(rows),
    }
}

/// Gives back what a column has too much.
fn shrink(column: &mut Column) {
    match &mut column.values {
        Values::Id(v) => v.shrink_to_fit(),
        Values::Time(v) => v.shrink_to_fit(),
        Values::Float(v) => v.shrink_to_fit(),
        Values::Int(v) => v.shrink_to_fit(),
        Values::Exact(v, _) => v.shrink_to_fit(),
        Values::Small(v) | Values::Text(v) => v.shrink_to_fit(),
        Values::Bool(v) => v.shrink_to_fit(),
        Values::String(v) => v.shrink_to_fit(),
    }
}

fn extend(into: &mut Values, from: &Values, range: Range<usize>) {
    match (into, from) {
        (Values::Id(a), Values::Id(b)) => a.extend_from_slice(&b[range]),
        (Values::Time(a), Values::Time(b)) => a.extend_from_slice(&b[range]),
        (Values::Float(a), Values::Float(b)) => a.extend_from_slice(&b[range]),
        (Values::Int(a), Values::Int(b)) => a.extend_from_slice(&b[range]),
        (Values::Exact(a, _), Values::Exact(b, _)) => a.extend_from_slice(&b[range]),
        (Values::Small(a), Values::Small(b)) => a.extend_from_slice(&b[range]),
        (Values::Bool(a), Values::Bool(b)) => a.extend_from_slice(&b[range]),
        (Values::Text(a), Values::Text(b)) => a.extend_from_slice(&b[range]),
        (Values::String(a), Values::String(b)) => a.extend(b, range),
        (
            Values::Id(_)
            | Values::Time(_)
            | Values::Float(_)
            | Values::Int(_)
            | Values::Exact(..)
            | Values::Small(_)
            | Values::Bool(_)
            | Values::Text(_)
            | Values::String(_),
            _,
        ) => unreachable!("`check` compared the types before any row was taken"),
    }
}

/// Two masks that mean the same may not lead to different bytes.
pub(crate) fn simplify(column: &mut Column) {
    if let Validity::Mask(mask) = &column.validity {
        if !mask.contains(&false) {
            column.validity = Validity::All;
        } else if !mask.contains(&true) {
            column.validity = Validity::None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use causeflow_engine::base::table::ColumnSpec;
    use proptest::prelude::*;

    fn schema() -> TableSchema {
        let column = |kind, nullable| ColumnSpec {
            name: format!("{kind:?}"),
            kind,
            unit: None,
            description: None,
            nullable,
        };
        TableSchema {
            name: "a".into(),
            columns: vec![column(ColumnType::Id, false), column(ColumnType::Int, true)],
        }
    }

    /// Rows with these numbers; those in the second column miss where `missing` says so.
    fn chunk(numbers: Range<usize>, missing: &Validity) -> Chunk {
        let ints = numbers.clone().map(|number| number as i32);
        let values = match missing {
            Validity::None => Values::Int(Vec::new()),
            _ => Values::Int(ints.collect()),
        };
        let validity = match missing {
            Validity::Mask(_) => Validity::Mask(numbers.clone().map(|n| n % 3 > 0).collect()),
            simple => simple.clone(),
        };
        let ids = Values::Id(numbers.clone().map(|number| number as u64).collect());
        let ids = Column {
            values: ids,
            validity: Validity::All,
        };
        Chunk {
            table: 0,
            rows: numbers.len(),
            columns: vec![ids, Column { values, validity }],
        }
    }

    fn fill(buffer: &mut RowBuffer, chunk: Chunk, spool: &Spool, groups: &mut Vec<Rows>) {
        buffer.check(&chunk).expect("a chunk of the table");
        if let Some(chunk) = buffer.keep(chunk) {
            let mut done = 0;
            while done < chunk.rows {
                done += buffer.append(&chunk, done);
                if buffer.is_full() {
                    groups.push(buffer.take(spool).expect("a group"));
                }
            }
        } else if buffer.is_full() {
            groups.push(buffer.take(spool).expect("a group"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Groups do not tell how rows came, nor whether they have waited on the disk, nor whether another process goes on.
        #[test]
        fn rows_are_the_same_wherever_they_wait(
            steps in prop::collection::vec((1..9000usize, 0..3usize, 0..5usize), 1..40),
        ) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let validity = [Validity::All, Validity::None, Validity::Mask(Vec::new())];
            let mut spool = Spool::new(folder.path());
            let mut buffers = [0, 1].map(|_| RowBuffer::new(schema(), 0));
            let mut groups = [Vec::new(), Vec::new()];
            let mut number = 0;
            for &(rows, missing, then) in &steps {
                let numbers = number..number + rows;
                number = numbers.end;
                let whole = chunk(numbers.clone(), &validity[missing]);
                fill(&mut buffers[0], whole, &spool, &mut groups[0]);
                // The other one gets them in handfuls, and has no memory.
                for start in numbers.clone().step_by(700) {
                    let part = start..numbers.end.min(start + 700);
                    let part = chunk(part, &validity[missing]);
                    fill(&mut buffers[1], part, &spool, &mut groups[1]);
                }
                let one = &mut buffers[1];
                if then == 1 {
                    one.put_aside(&mut spool).expect("the disk has room");
                    prop_assert_eq!(one.bytes(), 0);
                }
                if then == 2 {
                    let before = spool.renew(number % 2 == 0).expect("the disk has room");
                    one.move_spooled(&before, &mut spool).expect("readable");
                }
                if then >= 3 {
                    let (records, rows) = one.unspooled();
                    one.spool(&records, rows, &mut spool).expect("the disk has room");
                }
                if then == 4 && let Some(prefix) = spool.prefix() {
                    spool = Spool::reopen(folder.path(), &prefix).expect("as it was");
                    let left = one.spooled().to_vec();
                    *one = RowBuffer::new(schema(), 0);
                    one.resume(&left, &spool).expect("as they were");
                }
                prop_assert_eq!(buffers[0].rows, buffers[1].rows);
            }
            let [mut one, mut other] = buffers;
            groups[0].push(one.take(&spool).expect("a group"));
            groups[1].push(other.take(&spool).expect("a group"));
            let rows = groups.each_ref().map(|groups| -> usize { groups.iter().map(|g| g.rows).sum() });
            prop_assert_eq!(rows, [number, number]);
            prop_assert_eq!(groups[0].len(), groups[1].len());
            for (a, b) in groups[0].iter().zip(&groups[1]) {
                prop_assert_eq!(&a.columns, &b.columns);
            }
        }
    }
}
