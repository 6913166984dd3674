//! Arrow as this crate uses it and hands it on: its parts under the names that the `arrow` crate gives them, without the
//! kernels for computing, which would take longer to build than all the rest.

pub use arrow_ipc as ipc;

/// Arrays and batches of them.
pub mod array {
    pub use arrow_array::builder::*;
    pub use arrow_array::cast::*;
    pub use arrow_array::*;
}

/// The memory of arrays.
pub mod buffer {
    pub use arrow_buffer::buffer::*;
}

/// The little that is computed: batches joined.
pub mod compute {
    pub use arrow_select::concat::concat_batches;
}

/// Types and schemas.
pub mod datatypes {
    pub use arrow_array::types::*;
    pub use arrow_array::{ArrowNativeTypeOp, ArrowPrimitiveType};
    pub use arrow_buffer::{ArrowNativeType, ToByteSlice};
    pub use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
}

/// What can go wrong.
pub mod error {
    pub use arrow_schema::ArrowError;
}
