//! What the server counts about itself, in the text format of Prometheus.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::stage::Stage;

/// Counters. None of them is about one client.
#[derive(Default)]
pub struct Metrics {
    requests: AtomicU64,
    messages: AtomicU64,
    bytes: AtomicU64,
    sockets: Arc<AtomicI64>,
    streams: Arc<AtomicI64>,
}

/// One more as long as it lives.
pub struct Counted(Arc<AtomicI64>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// A request has come.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// A message with events or notices has been sent.
    pub fn sent(&self, bytes: usize) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Somebody has connected by WebSocket.
    pub fn socket(&self) -> Counted {
        self.sockets.fetch_add(1, Ordering::Relaxed);
        Counted(self.sockets.clone())
    }

    /// Somebody listens to server-sent events.
    pub fn stream(&self) -> Counted {
        self.streams.fetch_add(1, Ordering::Relaxed);
        Counted(self.streams.clone())
    }

    /// How many are connected: by WebSocket, and by server-sent events.
    pub fn connected(&self) -> (i64, i64) {
        let load = |count: &AtomicI64| count.load(Ordering::Relaxed);
        (load(&self.sockets), load(&self.streams))
    }

    /// The page.
    pub fn page(&self, stage: &Stage) -> String {
        let (mark, clock) = (stage.feed.mark(), stage.clock());
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        let (sockets, streams) = self.connected();
        let healthy = f64::from(u8::from(stage.failed().is_none()));
        let rows = [
            (
                "causeflow_events_total",
                "counter",
                "Events given out in this epoch",
                mark.events as f64,
            ),
            (
                "causeflow_virtual_time_seconds",
                "gauge",
                "The virtual time, in seconds since 1970",
                mark.time.0 as f64 / 1e6,
            ),
            (
                "causeflow_clock_lag_seconds",
                "gauge",
                "How far events lie behind the clock",
                clock.lag_s,
            ),
            (
                "causeflow_clock_paused",
                "gauge",
                "Whether the clock stands still",
                f64::from(u8::from(clock.paused)),
            ),
            (
                "causeflow_healthy",
                "gauge",
                "Whether the session can be played on",
                healthy,
            ),
            (
                "causeflow_websockets",
                "gauge",
                "Clients connected by WebSocket",
                sockets as f64,
            ),
            (
                "causeflow_event_streams",
                "gauge",
                "Clients that listen to server-sent events",
                streams as f64,
            ),
            (
                "causeflow_http_requests_total",
                "counter",
                "Requests that have come",
                load(&self.requests),
            ),
            (
                "causeflow_messages_sent_total",
                "counter",
                "Messages sent to clients",
                load(&self.messages),
            ),
            (
                "causeflow_message_bytes_total",
                "counter",
                "Bytes of these messages",
                load(&self.bytes),
            ),
        ];
        let mut page = String::new();
        for (name, kind, about, value) in rows {
            // Writing to a text cannot fail.
            let _ = writeln!(
                page,
                "# HELP {name} {about}\n# TYPE {name} {kind}\n{name} {value}"
            );
        }
        page
    }
}
