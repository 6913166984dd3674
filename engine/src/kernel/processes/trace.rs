//! Events as spans of the `tracing` crate, for its subscribers to filter, show or store.

use super::log::{Log, Played};
use std::fmt::Debug;
use std::ops::Range;
use tracing::field::Empty;
use tracing::{Span, dispatcher, trace_span};

/// Opens a span at the level TRACE around every event that is played, so that what a handler traces lies within it.
///
/// The spans are called `event` and have the fields `id` (sender and count), `time_us`, `process`, `message` and, at
/// their end, `scheduled`: how many events the process has scheduled meanwhile. They are opened on the thread
/// that plays the event.
#[derive(Debug, Default)]
pub struct TraceLog {
    span: Option<Span>,
}

impl<M: Debug> Log<M> for TraceLog {
    fn begin(&mut self, event: Played, message: Option<&M>) {
        let span = trace_span!(
            "event",
            id = %event.id,
            time_us = event.time.0,
            process = event.process.0,
            message = message.map(tracing::field::debug),
            scheduled = Empty
        );
        // A guard of the span could not be kept here: it must not move between threads, as partitions do between events.
        if let Some(id) = span.id() {
            dispatcher::get_default(|dispatch| dispatch.enter(&id));
        }
        self.span = Some(span);
    }

    fn end(&mut self, _: Played, scheduled: Range<u64>) {
        let Some(span) = self.span.take() else { return };
        span.record("scheduled", scheduled.end - scheduled.start);
        if let Some(id) = span.id() {
            dispatcher::get_default(|dispatch| dispatch.exit(&id));
        }
    }
}
