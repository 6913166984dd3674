//! Many clients at a live server, as one program: how long delivery takes, whether anything is missing, how long histories take meanwhile, how
//! long it takes until all have come back, and how long from a command to the first event that it has bent.
//!
//! `cargo run --release -p causeflow-server --example load -- http://127.0.0.1:7777 [CLIENTS] [SECONDS] [COMMANDS]`
//!
//! One in a hundred stops reading. Filters are mixed. At 1x the latency is that of a message behind the fastest one, since the clocks of the
//! session and of the wall then differ by a constant.
#![allow(clippy::disallowed_methods)] // It measures the wall clock.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use causeflow_server::client::Http;

use axum::http::{HeaderValue, header};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

const FILTERS: [&str; 5] = [
    "customer.*",
    "payment.*",
    "cadence:low",
    "system.*",
    "booking.requested",
];

#[derive(Default)]
struct Counts {
    messages: AtomicU64,
    events: AtomicU64,
    holes: AtomicU64,
    lost: AtomicU64,
    caught_up: AtomicU64,
}

type Delays = Arc<Mutex<Vec<i64>>>;

fn main() {
    let mut args = std::env::args().skip(1);
    let url = args
        .next()
        .unwrap_or_else(|| "http://127.0.0.1:7777".to_owned());
    let number =
        |text: Option<String>, usual: u64| text.and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (clients, seconds) = (number(args.next(), 1000), number(args.next(), 30));
    let commands = number(args.next(), 0);
    let authority = url
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    if clients > 0 {
        let length = Duration::from_secs(seconds);
        let asking = std::thread::spawn({
            let url = url.clone();
            move || histories(&url, length)
        });
        runtime.block_on(measure(&authority, clients, length));
        tell(
            "a stream of 30 days by hours",
            asking.join().expect("it asks"),
        );
    }
    if commands > 0 {
        let took = runtime.block_on(activations(&url, &authority, commands));
        tell(
            "from a command to the first bent event",
            took.expect("it answers"),
        );
    }
}

fn http(url: &str) -> Http {
    Http {
        url: url.to_owned(),
        token: None,
    }
}

fn tell(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    if !took.is_empty() {
        println!(
            "{what}, ms: {} times, p50 {:.0}, p90 {:.0}, p99 {:.0}, most {:.0}",
            took.len(),
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0)
        );
    }
}

/// How long histories take, asked for again and again while others look on.
fn histories(url: &str, length: Duration) -> Vec<Duration> {
    let path = "/api/v1/history?from=-30d&resolution=1h&streams=customer.tutor.search";
    let (http, begun) = (http(url), Instant::now());
    let mut took = Vec::new();
    while begun.elapsed() < length {
        let asked = Instant::now();
        if http.get(path).is_ok_and(|(status, _)| status == 200) {
            took.push(asked.elapsed());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    took
}

/// How long it takes from a command to the first event on a socket that it has bent, at times that are spread over the day.
async fn activations(url: &str, authority: &str, commands: u64) -> Option<Vec<Duration>> {
    let (http, mut took) = (http(url), Vec::new());
    let time = || {
        let (_, clock) = http.get("/api/v1/clock").ok()?;
        let clock: Value = serde_json::from_str(&clock).ok()?;
        Some(clock.get("time")?.as_str()?.to_owned())
    };
    for number in 0..commands {
        let step = format!("{}m", 137 + number * 211 % 600);
        let clock = serde_json::json!({"speed": 600, "paused": true, "step": step});
        http.post("/api/v1/clock", &clock).ok()?;
        let mut at = String::new();
        while at != time()? {
            at = time()?;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        http.post("/api/v1/clock", &serde_json::json!({"paused": false}))
            .ok()?;
        let mut socket = connect(authority, number).await?;
        let subscribe = r#"{"type":"subscribe","topics":["customer.*"]}"#;
        socket.send(Message::text(subscribe)).await.ok()?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let scenario = "exam-season-surge";
        let begun = Instant::now();
        let given = std::thread::spawn({
            let http = http.clone();
            let command =
                serde_json::json!({"command": "scenario", "scenario": scenario, "duration": "1h"});
            move || http.post("/api/v1/commands", &command)
        });
        let name = format!("{scenario}@{}", &at[..10]);
        loop {
            let Message::Text(text) = socket.next().await?.ok()? else {
                continue;
            };
            if text.contains(&name) {
                break;
            }
        }
        took.push(begun.elapsed());
        let _ = given.join();
        // What it has done so far must not be taken for what the next one does.
        http.post("/api/v1/commands", &serde_json::json!({"command": "reset"}))
            .ok()?;
    }
    Some(took)
}

async fn measure(authority: &str, clients: u64, length: Duration) {
    let (counts, delays) = (Arc::new(Counts::default()), Delays::default());
    let begun = Instant::now();
    let end = begun + length;
    let mut tasks = Vec::new();
    for number in 0..clients {
        let (counts, delays) = (counts.clone(), delays.clone());
        let authority = authority.to_owned();
        tasks.push(tokio::spawn(async move {
            client(&authority, number, (end, None), counts, delays).await
        }));
        if number % 50 == 49 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let mut positions = Vec::new();
    for task in tasks {
        positions.push(task.await.ok().flatten());
    }
    let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
    println!(
        "{clients} clients for {} s: {} messages, {} events, {} holes, {} lost",
        length.as_secs(),
        load(&counts.messages),
        load(&counts.events),
        load(&counts.holes),
        load(&counts.lost)
    );
    let mut all = std::mem::take(&mut *delays.lock().await);
    all.sort_unstable();
    if let Some(first) = all.first().copied() {
        let at = |share: f64| (all[((all.len() - 1) as f64 * share) as usize] - first) as f64 / 1e3;
        println!(
            "delivery behind the fastest, ms: p50 {:.1}, p90 {:.1}, p99 {:.1}, most {:.1}",
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0)
        );
    }
    // All come back at once, from where they were.
    let again = Instant::now();
    let end = again + Duration::from_secs(30);
    let tasks = positions
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(number, position)| {
            let (counts, authority) = (counts.clone(), authority.to_owned());
            tokio::spawn(async move {
                client(
                    &authority,
                    number as u64 + 1,
                    (end, Some(position)),
                    counts,
                    Delays::default(),
                )
                .await
            })
        });
    let tasks: Vec<_> = tasks.collect();
    let back = tasks.len();
    for task in tasks {
        let _ = task.await;
    }
    println!(
        "{} of {back} came back and caught up in {:.1} s",
        load(&counts.caught_up),
        again.elapsed().as_secs_f64()
    );
}

/// Connects from one of several addresses of the loopback: one has too few ports for tens of thousands.
async fn connect(
    authority: &str,
    number: u64,
) -> Option<tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>> {
    let to: SocketAddr = authority.parse().ok()?;
    let socket = TcpSocket::new_v4().ok()?;
    let from = Ipv4Addr::new(127, 0, 0, 2 + (number / 8000) as u8);
    socket.bind(SocketAddr::new(IpAddr::V4(from), 0)).ok()?;
    let stream = socket.connect(to).await.ok()?;
    let mut request = format!("ws://{authority}/api/v1/ws")
        .into_client_request()
        .ok()?;
    let protocol = HeaderValue::from_static("causeflow.v1.json");
    request
        .headers_mut()
        .insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    let config = WebSocketConfig::default().read_buffer_size(4096);
    let connected =
        tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
    Some(connected.ok()?.0)
}

/// One client; the position at which it ended.
async fn client(
    authority: &str,
    number: u64,
    (end, after): (Instant, Option<String>),
    counts: Arc<Counts>,
    delays: Delays,
) -> Option<String> {
    let Some(mut socket) = connect(authority, number).await else {
        counts.lost.fetch_add(1, Ordering::Relaxed);
        return None;
    };
    let topic = FILTERS[number as usize % FILTERS.len()];
    let subscribe = match &after {
        Some(after) => format!(r#"{{"type":"subscribe","topics":["{topic}"],"after":"{after}"}}"#),
        None => format!(r#"{{"type":"subscribe","topics":["{topic}"]}}"#),
    };
    socket.send(Message::text(subscribe)).await.ok()?;
    if number.is_multiple_of(100) && after.is_none() {
        // It is there and does not read.
        tokio::time::sleep_until(end.into()).await;
        return None;
    }
    let (mut last, mut epoch, mut target) = (None::<u64>, String::new(), None::<u64>);
    loop {
        let received = tokio::time::timeout_at(end.into(), socket.next()).await;
        let Ok(received) = received else { break };
        let Some(Ok(received)) = received else {
            counts.lost.fetch_add(1, Ordering::Relaxed);
            break;
        };
        let Message::Text(text) = received else {
            continue;
        };
        let message: Value = serde_json::from_str(&text).ok()?;
        let seq = |name: &str| message.get(name).and_then(Value::as_u64);
        match message.get("type").and_then(Value::as_str) {
            Some("hello") => {
                epoch = message
                    .get("epoch")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned();
                target = seq("seq");
            }
            Some("events") => {
                let (from, to) = (
                    seq("from").unwrap_or_default(),
                    seq("to").unwrap_or_default(),
                );
                if last.is_some_and(|last| from > last + 1) {
                    counts.holes.fetch_add(1, Ordering::Relaxed);
                }
                last = Some(to);
                let events = message
                    .get("events")
                    .and_then(Value::as_array)
                    .map_or(0, Vec::len);
                counts.messages.fetch_add(1, Ordering::Relaxed);
                counts.events.fetch_add(events as u64, Ordering::Relaxed);
                // A sample will do.
                if number % 20 == 1
                    && let Some(delay) = delay(&message)
                {
                    delays.lock().await.push(delay);
                }
            }
            Some("heartbeat") => last = seq("seq").or(last),
            Some("gap") => last = None,
            _ => {}
        }
        if after.is_some() && last >= target && last.is_some() {
            counts.caught_up.fetch_add(1, Ordering::Relaxed);
            break;
        }
    }
    last.map(|last| format!("{epoch}:{last}"))
}

/// How far the wall is ahead of the time that a message tells, in microseconds.
fn delay(message: &Value) -> Option<i64> {
    let time: jiff::Timestamp = message.get("time")?.as_str()?.parse().ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(now.as_micros() as i64 - time.as_microsecond())
}
