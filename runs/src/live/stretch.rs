//! A stretch of what is past, window by window.

use std::ops::Range;
use std::sync::Arc;

use causeflow_engine::base::time::Time;

use super::past::Past;
use super::{Track, Window};
use crate::control::Control;
use crate::error::Result;

impl Past {
    /// Hands over the windows that hold a range, in their order. Those that are not at hand are played again, one after the
    /// other.
    ///
    /// # Errors
    /// When a part of it has not been played, or it is cancelled.
    pub(super) fn each_window(
        &self,
        range: Range<Time>,
        control: &dyn Control,
        each: &mut dyn FnMut(&Window) -> Result<()>,
    ) -> Result<()> {
        let mut time = range.start.max(self.start());
        let mut track: Option<Track> = None;
        while time < range.end {
            let window = self.next_window(time, &mut track, control)?;
            time = window.to;
            each(&window)?;
        }
        Ok(())
    }

    /// The window that holds a time; `track` is at the one before it, if it is anywhere.
    fn next_window(
        &self,
        time: Time,
        track: &mut Option<Track>,
        control: &dyn Control,
    ) -> Result<Arc<Window>> {
        let is_at_hand = self.windows.iter().any(|window| window.from <= time);
        let is_played = self.barriers.last().is_some_and(|last| time < last.time());
        if is_at_hand || !is_played {
            return self.window_at(time, control);
        }
        let (origin, commands) = (&self.origin, &self.commands[..]);
        match track {
            Some(track) => {
                track.play_window(origin, commands, time, None, control)?;
                track.last()
            }
            None => {
                let known = (commands, self.kept.clone(), Vec::new());
                let at = Track::at(origin, known, time, None, control)?;
                track.insert(at).last()
            }
        }
    }
}
