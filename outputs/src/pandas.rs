//! What pandas has to know of a Parquet file: which of its own types have room for what is missing.
//!
//! Without it, pandas reads whole numbers of which some are missing as floats, and an id of 63 bits is another one then. It
//! stands in the metadata of Arrow's schema, where pyarrow looks for it; fastparquet needs none.

use crate::arrow::datatypes::{DataType, Field, Schema};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The schema with what pandas has to know, if there is anything.
pub(crate) fn described(schema: &Schema) -> Schema {
    let columns: Vec<Value> = schema.fields().iter().filter_map(|f| column(f)).collect();
    if columns.is_empty() {
        return schema.clone();
    }
    let about = json!({
        "index_columns": [],
        "column_indexes": [],
        "columns": columns,
        "pandas_version": "1.0.0",
    });
    let metadata = [("pandas".to_owned(), about.to_string())];
    schema.clone().with_metadata(BTreeMap::from(metadata))
}

/// A column that pandas would not read as it is.
fn column(field: &Field) -> Option<Value> {
    let (there, or_missing) = match field.data_type() {
        DataType::Int64 => ("int64", "Int64"),
        DataType::Int32 => ("int32", "Int32"),
        DataType::UInt16 => ("uint16", "UInt16"),
        DataType::Boolean => ("bool", "boolean"),
        _ => return None,
    };
    field.is_nullable().then(|| {
        json!({
            "name": field.name(),
            "field_name": field.name(),
            "pandas_type": there,
            "numpy_type": or_missing,
            "metadata": null,
        })
    })
}
