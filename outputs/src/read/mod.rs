//! Reading finished runs: their manifests, the rows of their streams, single events.

mod causes;
pub(crate) mod columns;
mod lookup;
mod reader;
mod rows;
mod run;
pub(crate) mod source;
pub(crate) mod text;

pub use causes::EventIds;
pub use lookup::EventRow;
pub(crate) use reader::Reader;
pub use rows::StreamRows;
pub use run::{FinishedRun, digest};
pub(crate) use run::{check_file, unreadable};
