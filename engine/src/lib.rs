//! The engine of causeflow: a deterministic discrete-event simulator for stream programs.
//!
//! It has three layers, each of which uses only what lies below it:
//!
//! - [`streams`] plays the stream program, a compiled model ([`streams::program`]), cell by cell and window by window, into
//!   tables of rows ([`streams::play`]).
//! - [`kernel`] is for models in plain Rust: processes ([`kernel::processes`]) that hold resources ([`kernel::resource`])
//!   with their monitors ([`kernel::monitor`]), and that are replicated and compared ([`kernel::experiment`]).
//! - [`base`] is the clock ([`base::time`]), the future-event list ([`base::queue`]), keyed draws ([`base::draw`],
//!   [`base::sample`]), and tables ([`base::table`]) with a digest ([`base::fingerprint`]).
//!
//! The engine reads no file and no clock, and its results do not depend on the number of threads.

/// Version of the generated values: it changes whenever the same model, seed and range yield
/// other events than before.
pub const STREAM_STABILITY_VERSION: u32 = 6;

pub mod base;
pub mod kernel;
pub mod streams;
