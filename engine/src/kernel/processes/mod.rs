//! The kernel: models in plain Rust, as logical processes that schedule events and send messages.
//! What happens follows from the model and its seed alone. How many threads play it, and into how many
//! partitions its processes are cut, cannot show.
//!
//! ```
//! use causeflow_engine::base::draw::purpose;
//! use causeflow_engine::base::time::{Span, Time};
//! use causeflow_engine::kernel::processes::{Context, Pause, Process, ProcessId, Simulation};
//!
//! /// Two players return a ball within one to two seconds each.
//! struct Player {
//!     other: ProcessId,
//!     strokes: u32,
//! }
//!
//! impl Process for Player {
//!     type Message = &'static str;
//!
//!     fn start(&mut self, context: &mut Context<'_, Self::Message>) {
//!         if context.me() == ProcessId(0) {
//!             context.schedule(Span::SECOND, "serve");
//!         }
//!     }
//!
//!     fn handle(&mut self, _: Self::Message, context: &mut Context<'_, Self::Message>) {
//!         self.strokes += 1;
//!         let blur = context.event_key().uniform(purpose("stroke"));
//!         let delay = Span::SECOND.0 + (blur * Span::SECOND.0 as f64) as i64;
//!         context.send(self.other, Span(delay), "ball");
//!     }
//! }
//!
//! let player = |other| Player { other: ProcessId(other), strokes: 0 };
//! let settings = Simulation::<Player>::builder().seed(7).lookahead(Span::SECOND);
//! let mut match_ = settings.build(vec![player(1), player(0)])?;
//! assert_eq!(match_.run_until(Time(60_000_000))?, Pause::Reached);
//! let strokes: Vec<u32> = match_.processes().map(|player| player.strokes).collect();
//! assert!(strokes[0].abs_diff(strokes[1]) <= 1 && strokes[0] > 15);
//! # Ok::<(), causeflow_engine::kernel::processes::Error>(())
//! ```
//!
//! # Order
//! The events of a process are played one after the other, by time. Of those that share their time, the one with the
//! lower [`Priority`] value comes first; then the one from the process with the lower id, and what is injected
//! [from outside](ProcessId::OUTSIDE) last; then the one that its sender scheduled first. So what one process
//! schedules for one time comes first in, first out. An event that is scheduled while another is played comes after that
//! one, whatever its priority.
//!
//! A model that cares for more than that about ties is fragile: [`Builder::shuffle_ties`] breaks them at random.
//!
//! # Windows
//! Without a [lookahead](Builder::lookahead) a simulation is played by one thread. With one, time is cut into windows of
//! that length. No message from one process to another can arrive in the window in which it was sent, so
//! within a window all partitions play in parallel, each its own processes; then mail between partitions is handed over.
//! A message to another process always takes the lookahead, also within a partition. A message that takes less
//! is an [`Error`] which names both processes.

mod agenda;
mod builder;
mod causal;
mod check;
mod context;
mod core;
mod error;
mod event;
mod journal;
mod log;
mod mail;
mod paced;
mod partition;
mod process;
mod series;
mod simulation;
mod snapshot;
mod trace;

pub use agenda::Agenda;
pub use builder::Builder;
pub use causal::{CausalLog, History, Record};
pub use check::{Divergence, PlayedEvent, Trial, check};
pub use context::Context;
pub use error::Error;
pub use event::{EventId, Priority};
pub use journal::{Command, Journal, Position};
pub use log::{Log, Off, Played};
pub use paced::{Clock, Paced, PacedPause};
pub use process::{Process, ProcessId};
pub use series::Periodic;
pub use simulation::{Pause, Simulation};
pub use snapshot::SavedState;
pub use trace::TraceLog;

/// The code of the guide for users of the library, which is tested with that of the engine.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/engine.md")]
mod guide {}
