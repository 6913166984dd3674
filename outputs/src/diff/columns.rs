//! The columns of a stream as its files have them, and whether two runs agree on them.

use super::run::FinishedRun;
use crate::error::Error;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use causeflow_engine::table::{ColumnSpec, ColumnType};

/// Places of the columns that every stream has; its own fields follow.
pub(super) const EVENT_ID: usize = 0;
pub(super) const TIME: usize = 1;
pub(super) const CAUSE_ID: usize = 2;
pub(super) const ROOT_ID: usize = 3;
pub(super) const CELL: usize = 4;
pub(super) const ATTRIBUTION: usize = 5;
pub(super) const FIELDS: usize = 6;

/// Their names, types, and whether values may be missing.
const FIXED: [(&str, ColumnType, bool); FIELDS] = [
    ("event_id", ColumnType::Id, false),
    ("time", ColumnType::Time, false),
    ("cause_id", ColumnType::Id, true),
    ("root_id", ColumnType::Id, false),
    ("cell", ColumnType::Small, false),
    ("attribution", ColumnType::Text, true),
];

/// The columns of a stream by its schema: the six that every stream has, then its fields.
pub(super) fn columns(schema: &Schema) -> Result<Vec<ColumnSpec>, String> {
    let found: Result<Vec<ColumnSpec>, String> =
        schema.fields().iter().map(|field| column(field)).collect();
    let found = found?;
    for (place, (name, kind, nullable)) in FIXED.into_iter().enumerate() {
        let fits = |column: &ColumnSpec| {
            column.name == name && column.kind == kind && (nullable || !column.nullable)
        };
        if !found.get(place).is_some_and(fits) {
            return Err(format!(
                "has no column `{name}` of the type {kind:?} at place {place}, as every stream has"
            ));
        }
    }
    Ok(found)
}

fn column(field: &Field) -> Result<ColumnSpec, String> {
    let kind = match field.data_type() {
        DataType::UInt64 => ColumnType::Id,
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => ColumnType::Time,
        DataType::Float64 => ColumnType::Float,
        DataType::Int32 => ColumnType::Int,
        DataType::UInt16 => ColumnType::Small,
        DataType::Boolean => ColumnType::Bool,
        DataType::Dictionary(key, value)
            if (&**key, &**value) == (&DataType::UInt16, &DataType::Utf8) =>
        {
            ColumnType::Text
        }
        other => {
            let name = field.name();
            return Err(format!(
                "has a column `{name}` of the type {other}, which no stream has"
            ));
        }
    };
    let metadata = |key: &str| field.metadata().get(key).cloned();
    Ok(ColumnSpec {
        name: field.name().clone(),
        kind,
        unit: metadata("unit"),
        description: metadata("description"),
        nullable: field.is_nullable(),
    })
}

/// Whether both sides have the same columns of the same types, in whatever order.
pub(super) fn agree(
    stream: &str,
    a: &[ColumnSpec],
    b: &[ColumnSpec],
    runs: (&FinishedRun, &FinishedRun),
) -> Result<(), Error> {
    let missing = |from: &[ColumnSpec], of: &[ColumnSpec]| {
        let lacks = |column: &&ColumnSpec| {
            !from
                .iter()
                .any(|other| (&other.name, other.kind) == (&column.name, column.kind))
        };
        let columns = of.iter().filter(lacks);
        let names: Vec<String> = columns
            .map(|column| format!("`{}` ({:?})", column.name, column.kind))
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let only = [(missing(b, a), runs.0), (missing(a, b), runs.1)];
    let only = only
        .into_iter()
        .filter_map(|(names, run)| Some(format!("only {} has {}", run.folder().display(), names?)));
    let only: Vec<String> = only.collect();
    if only.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the stream `{stream}` has other columns than in {}: {}; compare runs whose models give it the same fields, or leave it out with --stream",
        runs.1.folder().display(),
        only.join(", ")
    );
    Err(Error::input(runs.0.folder(), message))
}
