//! Turns tables into files: streams of events, tables of entities, and the manifest of a run.
//!
//! A run is written into a staging folder and takes its final name in one step at the end, so a
//! folder with a manifest is whole, and a run that is killed or fails costs nobody an earlier one
//! ([`RunFolder`]). The bytes of every file depend on its rows alone: not on threads, nor on how
//! the rows arrived ([`EventWriter`]). A run can be left half-way and gone on with, to the same bytes:
//! [`EventWriter::freeze`], [`write_state`], [`RunFolder::resume`].
//!
//! ```
//! use causeflow_engine::base::table::*;
//! use causeflow_outputs::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let parent = tempfile::tempdir()?;
//! # let out = parent.path().join("out");
//! let column = |name: &str, kind| ColumnSpec {
//!     name: name.to_owned(),
//!     kind,
//!     unit: None,
//!     description: None,
//!     nullable: false,
//! };
//! let schema = TableSchema {
//!     name: "booking.requested".to_owned(),
//!     columns: vec![column("event_id", ColumnType::Id), column("time", ColumnType::Time)],
//! };
//! let all = |values| Column { values, validity: Validity::All };
//! let chunk = Chunk {
//!     table: 0,
//!     rows: 2,
//!     columns: vec![all(Values::Id(vec![7, 9])), all(Values::Time(vec![1_000, 2_000]))],
//! };
//!
//! let folder = RunFolder::create(&out, false)?;
//! let options = Options::new(Format::Parquet, Some(Compression::Zstd))?;
//! let mut writer = EventWriter::new(folder.path(), vec![schema], [].into(), options);
//! writer.write_chunks(vec![chunk])?;
//! let files = writer.finish()?;
//! assert_eq!(files[0].path, "events/stream=booking.requested/part-0000.parquet");
//!
//! let manifest = Manifest {
//!     manifest_version: MANIFEST_VERSION,
//!     generator: Generator { name: GENERATOR_NAME.to_owned(), version: "0.1.0".to_owned() },
//!     stream_stability_version: 1,
//!     model: ModelEntry { name: "tutoring".to_owned(), digest: "blake3:00".to_owned(), parameters: Default::default() },
//!     seed: 42,
//!     start: rfc3339(0).ok_or("out of range")?,
//!     end: rfc3339(86_400_000_000).ok_or("out of range")?,
//!     time_zone: "UTC".to_owned(),
//!     scale: 1.0,
//!     cells: 64,
//!     scenarios: vec![],
//!     events: vec![],
//!     external_events: ExternalEventsEntry::default(),
//!     version: None,
//!     baseline: None,
//!     format: options.format(),
//!     compression: options.compression(),
//!     fingerprint: "00".to_owned(),
//!     streams: vec![],
//!     left_out: vec![],
//!     entities_start: vec![],
//!     entities: vec![],
//!     files,
//!     digest: String::new(),
//! };
//! let placed = folder.commit(&manifest)?;
//! assert!(placed.path.join("manifest.json").exists());
//! # Ok(())
//! # }
//! ```

mod advice;
mod arrays;
pub mod arrow;
mod arrow_file;
mod baseline;
mod columns_file;
pub mod diff;
mod error;
mod events;
mod file;
mod follower;
mod json_file;
mod manifest;
mod options;
mod pandas;
mod parquet_file;
mod read;
mod row_text;
mod rows;
mod run_folder;
mod schema;
pub mod sink;
mod state_file;
mod table_file;
mod table_reader;
mod text_file;
mod time_text;
pub mod verify;

pub use advice::Advice;
pub use baseline::{
    BASELINE_NAME, BASELINE_VERSION, BaselineManifest, FinishedBaseline, baseline_schema,
};
pub use columns_file::write_columns;
pub use error::Error;
pub use events::{EventWriter, FrozenEvents, PART_ROWS};
pub use file::FileEntry;
pub use follower::DiskFollower;
pub use json_file::write_json;
pub use manifest::{
    BaselineEntry, EntityEntry, EventEntry, ExternalEventsEntry, GENERATOR_NAME, Generator,
    MANIFEST_NAME, MANIFEST_VERSION, Manifest, ModelEntry, ScenarioEntry, StreamEntry,
    VersionEntry, manifest_schema,
};
pub use options::{Compression, Format, Options};
pub use read::{EventIds, EventRow, FinishedRun, StreamRows, digest as file_digest};
pub use row_text::{RowEncoder, TextFormat};
pub use run_folder::{Placed, RESUME_NAME, RunFolder, VERSIONS_NAME};
pub use schema::arrow_schema;
pub use state_file::{StateKind, read_state, write_state};
pub use table_file::write_table;
pub use table_reader::{SmallTable, TableDifference};
pub use time_text::rfc3339;
