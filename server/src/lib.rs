//! A session live: REST, WebSocket, server-sent events and a page to steer it.
//!
//! The server is a door to [`causeflow_runs::live`], and thin: what happens in the session, when, and because of what, is decided
//! there. Here is when it is given out ([`pace`]), to whom ([`topics`], [`feed`]), how it is asked for and told, who may do so
//! ([`guard`]), and how often ([`limits`]). Nothing of it moves an event.
//!
//! - [`stage`]: three threads. One plays windows ahead and takes commands; another gives events out when their time has come, as
//!   batches, into the ring of the [`feed`]; the last one plays versions of what is past.
//! - [`socket`] and [`sse`]: each client has a place in the ring of its own, and a filter; what is written for a filter is written once.
//!   [`cloud`] writes the same as CloudEvents. `catch_up` gets what is not in the ring any more, and [`clients`] knows where each is.
//! - [`api`]: REST, and the document that describes it, from one table.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::exit)]

pub mod api;
mod asyncapi;
mod body;
mod catch_up;
pub mod check;
pub mod client;
pub mod clients;
pub mod cloud;
pub mod feed;
pub mod guard;
pub mod limits;
pub mod metrics;
mod observe;
mod openapi;
pub mod pace;
mod page;
mod patient;
pub mod problem;
pub mod server;
mod show;
pub mod socket;
pub mod sse;
pub mod stage;
pub mod topics;
#[cfg(feature = "otlp")]
mod traces;
mod versions;
mod viewer;

pub use guard::Access;
pub use limits::Limits;
pub use pace::Speed;
pub use server::{Options, serve};
#[cfg(feature = "otlp")]
pub use traces::Traces;
