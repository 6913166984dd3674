//! From a table's schema to Arrow's: types, and units and descriptions as field metadata.

use crate::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use causeflow_engine::base::exact::Digits;
use causeflow_engine::base::table::{ColumnSpec, ColumnType, TableSchema};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The Arrow schema of a table; `unit` and `description` stand in the metadata of each field.
pub fn arrow_schema(table: &TableSchema) -> SchemaRef {
    let fields: Vec<Field> = table.columns.iter().map(field).collect();
    Arc::new(Schema::new(fields))
}

fn field(column: &ColumnSpec) -> Field {
    let known = [("unit", &column.unit), ("description", &column.description)];
    let mut metadata: BTreeMap<String, String> = known
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
        .collect();
    if column.kind == ColumnType::Exact(Digits::WHOLE) {
        metadata.insert(TYPE.to_owned(), Digits::WHOLE.to_string());
    }
    Field::new(&column.name, data_type(column.kind), column.nullable).with_metadata(metadata)
}

/// The key in a field's metadata that tells whole numbers from ids, which are 64-bit integers, too.
const TYPE: &str = "type";

/// Whether a field is one of whole numbers of 64 bits, and not of ids.
pub(crate) fn is_bigint(field: &Field) -> bool {
    field.metadata().contains_key(TYPE)
}

fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Id => DataType::Int64,
        ColumnType::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Float => DataType::Float64,
        ColumnType::Int => DataType::Int32,
        ColumnType::Exact(Digits::WHOLE) => DataType::Int64,
        ColumnType::Exact(digits) => {
            DataType::Decimal128(digits.precision(), digits.scale().cast_signed())
        }
        ColumnType::Small => DataType::UInt16,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Text => {
            DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Utf8))
        }
        ColumnType::String => DataType::Utf8,
    }
}
