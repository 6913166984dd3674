//! The engine of causeflow: a deterministic discrete-event simulator for stream programs.
//!
//! The kernel is the clock ([`time`]), the future-event list ([`queue`]), keyed draws ([`draw`],
//! [`sample`]) and layered arrivals ([`arrivals`]). On it stands the stream program ([`program`]):
//! a compiled model that [`run::run`] plays, cell by cell and window by window ([`cell`]), into tables
//! ([`table`]) with a digest ([`fingerprint`]).
//!
//! Models can be written in plain Rust, too: as processes ([`kernel`]) that hold resources ([`resource`]) with their
//! monitors ([`monitor`]), and that are replicated and compared ([`experiment`]).
//!
//! The engine reads no file and no clock, and its results do not depend on the number of threads.

/// Version of the generated values: it changes whenever the same model, seed and range yield
/// other events than before.
pub const STREAM_STABILITY_VERSION: u32 = 6;

pub mod arrivals;
pub mod attribution;
pub mod calendar;
pub mod cell;
mod clockwork;
pub mod diary;
pub mod draw;
mod effects;
pub mod entities;
pub mod eval;
pub mod experiment;
pub mod fingerprint;
pub mod founding;
pub mod kept;
pub mod kernel;
pub mod monitor;
mod narrow;
pub mod program;
pub mod queue;
pub mod resource;
pub mod rows;
pub mod run;
pub mod sample;
mod scratch;
pub mod series;
pub mod sides;
pub mod simulation;
pub mod snapshot;
pub mod table;
pub mod tables;
pub mod time;
pub mod view;
pub mod world;
mod zone;
