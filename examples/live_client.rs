//! Looks on at a live session by server-sent events, and comes back to where it was:
//! `cargo run -p causeflow-examples --example live_client http://127.0.0.1:7777 'customer.*' [EVENTS]`
//!
//! Ends after so many events; without a number it goes on.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::time::Duration;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [url, topics, events @ ..] = &args[..] else {
        println!("give the address of `causeflow serve`, and topics");
        return;
    };
    let events = events.first().and_then(|events| events.parse().ok());
    let mut left = events.unwrap_or(usize::MAX);
    // The id of the last message, epoch:seq.
    let mut last = None;
    let address = format!("{url}/api/v1/events/stream?topics={topics}");
    while left > 0 {
        if let Err(broken) = listen(&address, &mut last, &mut left) {
            eprintln!("{broken}; coming back to {last:?}");
        }
        std::thread::sleep(Duration::from_secs(u64::from(left > 0)));
    }
}

fn listen(
    address: &str,
    last: &mut Option<String>,
    left: &mut usize,
) -> Result<(), Box<dyn Error>> {
    let mut request = ureq::get(address);
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last.as_str());
    }
    let body = request.call()?.into_body().into_reader();
    let (mut id, mut data) = (None, None);
    for line in BufReader::new(body).lines() {
        let line = line?;
        if let Some(text) = line.strip_prefix("id: ") {
            id = Some(text.to_owned());
        } else if let Some(text) = line.strip_prefix("data: ") {
            data = Some(serde_json::from_str::<serde_json::Value>(text)?);
        }
        // A message is whole where an empty line comes.
        let Some(message) = data.take_if(|_| line.is_empty()) else {
            continue;
        };
        for event in message["events"].as_array().into_iter().flatten() {
            println!(
                "{} {} {}",
                event["seq"], event["timestamp"], event["stream"]
            );
            *left = left.saturating_sub(1);
        }
        if message["type"] == "reset" {
            println!("reset: {}", message["reason"]);
        }
        *last = id.take().or(last.take());
        if *left == 0 {
            return Ok(());
        }
    }
    Ok(())
}
