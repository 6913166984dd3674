//! `columns.json`: the columns of the tables of a run in text, which says nothing about them itself.

use crate::error::Error;
use crate::file::FileEntry;
use crate::json_file::write_json;
use crate::read::unreadable;
use causeflow_engine::base::table::{ColumnSpec, ColumnType, TableSchema};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The file's name in the folder of a run.
pub(crate) const COLUMNS_NAME: &str = "columns.json";

/// The columns of tables, by their place in the folder without part and ending, such as `events/stream=payment.success`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns(BTreeMap<String, Vec<ColumnSpec>>);

impl Columns {
    /// The columns of the table that a file is of.
    pub fn of(&self, path: &str) -> Option<&[ColumnSpec]> {
        let table = match path.starts_with("events/") {
            true => path.rsplit_once('/'),
            false => path.rsplit_once('.'),
        };
        self.0.get(table?.0).map(Vec::as_slice)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    nullable: bool,
    unit: Option<String>,
    description: Option<String>,
}

/// Writes the columns of tables, of which each has a place such as `events/stream=payment.success` or
/// `entities/student`.
///
/// # Errors
/// [`Error::Io`] when the disk fails.
pub fn write_columns(folder: &Path, tables: &[(String, TableSchema)]) -> Result<FileEntry, Error> {
    let entry = |column: &ColumnSpec| Entry {
        name: column.name.clone(),
        kind: column.kind.name().into_owned(),
        nullable: column.nullable,
        unit: column.unit.clone(),
        description: column.description.clone(),
    };
    let columns: BTreeMap<&str, Vec<Entry>> = tables
        .iter()
        .map(|(place, table)| (place.as_str(), table.columns.iter().map(entry).collect()))
        .collect();
    let text = serde_json::to_string_pretty(&columns)
        .map_err(|error| Error::encode(&folder.join(COLUMNS_NAME), error))?;
    write_json(folder, COLUMNS_NAME, &(text + "\n"), tables.len() as u64)
}

/// Reads the columns of a run's tables.
pub(crate) fn read_columns(folder: &Path) -> Result<Columns, Error> {
    let path = folder.join(COLUMNS_NAME);
    let damaged = |message: String| {
        let message = format!("is damaged or was changed: {message}; play the run again");
        Error::input(&path, message)
    };
    let text = fs::read(&path).map_err(|error| unreadable(&path, error))?;
    let tables: BTreeMap<String, Vec<Entry>> =
        serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    let column = |entry: Entry| {
        let kind = ColumnType::named(&entry.kind);
        let unknown = || damaged(format!("`{}` is no type of a column", entry.kind));
        Ok(ColumnSpec {
            kind: kind.ok_or_else(unknown)?,
            name: entry.name,
            unit: entry.unit,
            description: entry.description,
            nullable: entry.nullable,
        })
    };
    let table = |(place, entries): (String, Vec<Entry>)| {
        let columns = entries.into_iter().map(column);
        Ok((place, columns.collect::<Result<Vec<_>, Error>>()?))
    };
    let tables = tables.into_iter().map(table);
    Ok(Columns(tables.collect::<Result<_, Error>>()?))
}
