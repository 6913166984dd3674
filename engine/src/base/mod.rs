//! What all of the engine stands on: times, keys and draws, samplers, the future-event list, tables of columns and their digests.
//!
//! Nothing here knows of processes or of programs.

pub mod draw;
pub mod exact;
pub mod fingerprint;
pub mod head;
pub(crate) mod ids;
pub(crate) mod narrow;
pub(crate) mod pages;
pub mod queue;
pub mod rounding;
pub mod sample;
pub(crate) mod scratch;
pub(crate) mod slots;
pub mod strings;
pub mod table;
pub mod tables;
pub mod time;
pub(crate) mod words;
pub mod zone;
