//! Playing a program: from its beginning to its end ([`run`]), or step by step ([`Player`]).
//!
//! The player has a clockwork, which has the processes; what comes of a run is plain data (`outcome`), and so are
//! [snapshots](snapshot).

mod clockwork;
mod outcome;
mod player;
pub mod snapshot;

use std::ops::ControlFlow;

use crate::base::table::RowSink;
use crate::streams::program::Program;
use crate::streams::world::Settings;

pub use outcome::{Growing, Progress, RunError, RunResult, StreamResult, TooLarge};
pub use player::Player;

/// Plays a program on the threads of the current rayon pool.
///
/// `watch` is called at barriers; when it breaks, the run ends with [`RunError::Interrupted`].
///
/// # Errors
/// When interrupted, when a ring of causes grows without end, and when the sink cannot store rows.
pub fn run(
    program: Program,
    settings: &Settings,
    sink: Option<&mut dyn RowSink>,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<RunResult, RunError> {
    let mut player = Player::new(program, settings);
    player.play(settings.end, sink, watch)?;
    Ok(player.finish())
}
