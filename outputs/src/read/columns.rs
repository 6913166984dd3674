//! The columns of a stream as its files have them.

use crate::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use crate::schema::is_bigint;
use causeflow_engine::base::exact::Digits;
use causeflow_engine::base::head;
use causeflow_engine::base::table::{ColumnSpec, ColumnType};

pub(crate) use causeflow_engine::base::head::{
    ATTRIBUTION, CAUSE_ID, CELL, EVENT_ID, FIELDS, ROOT_ID, TIME,
};

/// Checks that the columns of a stream begin with the six that every stream has.
pub(crate) fn check_common(found: &[ColumnSpec]) -> Result<(), String> {
    for (place, expected) in head::columns().into_iter().enumerate() {
        let ColumnSpec { name, kind, .. } = &expected;
        let fits = |column: &ColumnSpec| {
            column.name == *name && column.kind == *kind && (expected.nullable || !column.nullable)
        };
        if !found.get(place).is_some_and(fits) {
            return Err(format!(
                "has no column `{name}` of the type {kind:?} at place {place}, as every stream has"
            ));
        }
    }
    Ok(())
}

/// The columns of a table by its schema, if they are of types that tables have.
pub(crate) fn specs(schema: &Schema) -> Result<Vec<ColumnSpec>, String> {
    schema.fields().iter().map(|field| column(field)).collect()
}

fn column(field: &Field) -> Result<ColumnSpec, String> {
    let digits = |precision: u8, scale: i8| Digits::new(precision, u8::try_from(scale).ok()?);
    let kind = match field.data_type() {
        DataType::Decimal128(precision, scale) if let Some(digits) = digits(*precision, *scale) => {
            ColumnType::Exact(digits)
        }
        DataType::Int64 if is_bigint(field) => ColumnType::Exact(Digits::WHOLE),
        DataType::Int64 => ColumnType::Id,
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
        DataType::Utf8 => ColumnType::String,
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
