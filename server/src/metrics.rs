//! What the server counts about itself, in the text format of Prometheus.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clients::Lag;
use crate::feed::KEPT;
use crate::stage::Stage;

/// How many clients are behind by at most so many events, and so many seconds.
const LAG_EVENTS: [u64; 5] = [0, 100, 1000, 10_000, 100_000];
const LAG_SECONDS: [f64; 5] = [0.1, 1.0, 5.0, 20.0, 60.0];

/// Counters. None of them is about one client.
#[derive(Default)]
pub struct Metrics {
    requests: AtomicU64,
    too_many: AtomicU64,
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl Metrics {
    /// A request has come; its number since the server was started.
    pub fn request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A request or a message was one too many.
    pub fn too_many(&self) {
        self.too_many.fetch_add(1, Ordering::Relaxed);
    }

    /// A message with events or notices has been sent.
    pub fn sent(&self, bytes: usize) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The page.
    pub fn page(&self, stage: &Stage) -> String {
        let (mark, clock) = (stage.feed.mark(), stage.clock());
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        let (sockets, streams) = stage.feed.clients.count();
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
                "causeflow_too_many_total",
                "counter",
                "Requests that were refused and connections that were closed for asking too much at once",
                load(&self.too_many),
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
        let lags = stage.feed.clients.lag(&stage.feed);
        lag_rows(&lags, &mut page);
        page
    }
}

/// How far clients are behind, without saying who is.
fn lag_rows(lags: &[Lag], page: &mut String) {
    // What is not kept any more is farther behind than all that is.
    let seconds = |lag: &Lag| lag.time.map_or(f64::INFINITY, |time| time.as_secs_f64());
    let within = |fits: &dyn Fn(&Lag) -> bool| lags.iter().filter(|lag| fits(lag)).count();
    let most = lags.iter().map(|lag| lag.events).max().unwrap_or(0);
    let longest = lags.iter().map(|lag| lag.time.unwrap_or(KEPT)).max();
    let longest = longest.unwrap_or_default().as_secs_f64();
    let events = LAG_EVENTS.map(|bound| (bound.to_string(), within(&|lag| lag.events <= bound)));
    let times = LAG_SECONDS.map(|bound| (bound.to_string(), within(&|lag| seconds(lag) <= bound)));
    // Writing to a text cannot fail.
    let _ = write!(
        page,
        "# HELP causeflow_client_lag_events_max Events that the client farthest behind lacks\n\
         # TYPE causeflow_client_lag_events_max gauge\n\
         causeflow_client_lag_events_max {most}\n\
         # HELP causeflow_client_lag_seconds_max How long ago the first of the events that a client lacks was given out, at most\n\
         # TYPE causeflow_client_lag_seconds_max gauge\n\
         causeflow_client_lag_seconds_max {longest}\n"
    );
    for (unit, buckets) in [("events", events), ("seconds", times)] {
        let name = format!("causeflow_clients_by_lag_{unit}");
        let _ = writeln!(
            page,
            "# HELP {name} Clients that are behind by at most so many {unit}\n# TYPE {name} gauge"
        );
        let all = [("+Inf".to_owned(), lags.len())];
        for (bound, count) in buckets.into_iter().chain(all) {
            let _ = writeln!(page, "{name}{{le=\"{bound}\"}} {count}");
        }
    }
}
