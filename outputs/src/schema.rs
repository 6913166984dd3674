//! From a table's schema to Arrow's: types, and units and descriptions as field metadata.

use crate::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
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
    let metadata: BTreeMap<String, String> = known
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
        .collect();
    Field::new(&column.name, data_type(column.kind), column.nullable).with_metadata(metadata)
}

fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Id => DataType::Int64,
        ColumnType::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Float => DataType::Float64,
        ColumnType::Int => DataType::Int32,
        ColumnType::Small => DataType::UInt16,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Text => {
            DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Utf8))
        }
    }
}
