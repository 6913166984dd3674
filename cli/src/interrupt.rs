//! Ctrl-C: the first asks the run to end at its next barrier, the second ends the process at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::errors::Failure;

static ASKED: AtomicBool = AtomicBool::new(false);

/// Takes over Ctrl-C (and the termination signals) from here on.
pub fn listen() -> Result<(), Failure> {
    ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::SeqCst) {
            // What an unfinished run leaves is marked as such, and cleared by the next one.
            std::process::exit(130);
        }
    })
    .map_err(|error| Failure::machine(format!("cannot listen for Ctrl-C: {error}")))
}

/// Whether it has been pressed.
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}
