//! This example demonstrates a session that goes on without an end: it is played window by window, an outage is put in from
//! outside while it runs, and its journal gives the same again.
//!
//! Run it with `cargo run -p causeflow-examples --example steer_a_session`.

use std::error::Error;

use causeflow_engine::base::time::Span;
use causeflow_runs::RunSpec;
use causeflow_runs::live::{Command, Entry, Header, JOURNAL_VERSION, Live};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let header = Header {
        journal_version: JOURNAL_VERSION,
        spec: RunSpec {
            scale: 0.01,
            ..RunSpec::of("tutoring")
        },
        live_from: None,
        model_digest: None,
        stream_stability_version: None,
    };
    let mut live = Live::open(&folder.path().join("first"), header.clone(), &[], &())?;
    let start = live.start();
    while live.played() < start + Span::DAY {
        println!("{} events up to {}", live.next(&())?.len(), live.played());
    }
    // Whoever looks on has seen the first half of the day.
    let noon = start + Span(12 * Span::HOUR.0);
    live.give_out(noon)?;
    let outage = Entry {
        at: "day1T13:00".to_owned(),
        command: Command::Scenario {
            scenario: "payment-outage".to_owned(),
            duration: Some("3h".to_owned()),
        },
        key: None,
        version: None,
    };
    live.command(outage, &())?;
    while live.played() < start + Span::DAY {
        live.next(&())?;
    }

    let (_, journal) = live.journal();
    let mut again = Live::open(&folder.path().join("again"), header, journal, &())?;
    while again.played() < start + Span::DAY {
        again.next(&())?;
    }
    again.give_out(noon)?;
    let events = |live: &Live| -> Vec<usize> {
        let windows = live.windows().iter();
        windows.map(|window| window.len()).collect()
    };
    println!("with the outage: {:?} events", events(&live));
    assert_eq!(events(&live), events(&again));
    assert_eq!(live.epoch(), again.epoch());
    Ok(())
}
