//! This example demonstrates a session that goes on without an end: it is played window by window, an outage is put in from
//! outside while it runs, and its journal gives the same again.
//!
//! Run it with `cargo run -p causeflow-examples --example steer_a_session`.

use std::error::Error;

use causeflow_engine::base::time::Span;
use causeflow_runs::RunSpec;
use causeflow_runs::live::{Command, Entry, Header, Live};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut spec = RunSpec::of("tutoring");
    spec.scale = 0.01;
    let header = Header::of(spec);
    let mut live = Live::open(&folder.path().join("first"), header.clone(), &[], &())?;
    let end = live.start() + Span::DAY;
    while live.played() < end {
        println!("{} events up to {}", live.next(&())?.len(), live.played());
    }
    // Whoever looks on has seen the first half of the day.
    let noon = live.start() + Span(12 * Span::HOUR.0);
    live.give_out(noon)?;
    let outage = Command::Scenario {
        scenario: "payment-outage".to_owned(),
        duration: Some("3h".to_owned()),
    };
    live.command(Entry::new("day1T13:00", outage), &())?;
    while live.played() < end {
        println!("{} events up to {}", live.next(&())?.len(), live.played());
    }

    let (_, journal) = live.journal();
    let mut again = Live::open(&folder.path().join("again"), header, journal, &())?;
    while again.played() < end {
        again.next(&())?;
    }
    again.give_out(noon)?;
    let events = |live: &Live| -> usize { live.windows().iter().map(|window| window.len()).sum() };
    assert_eq!(events(&live), events(&again));
    Ok(())
}
