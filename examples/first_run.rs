//! This example demonstrates how to play a model from a program of one's own: load it, say what to play, read the
//! counts and the fingerprint, and see that a second run gives the same.
//!
//! ```text
//! models::load("tutoring") -> Program -+-> play::run -> RunResult { streams, fingerprint, ... }
//!                seed, range, scale ---+
//! ```
//!
//! Run it with `cargo run -p causeflow-examples --example first_run`.

use std::error::Error;
use std::ops::ControlFlow;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::{RunResult, run};
use causeflow_engine::streams::world::Settings;
use causeflow_models::Model;

/// 2026-02-02T00:00:00Z, a Monday, in microseconds since the Unix epoch.
const START: Time = Time(1_769_990_400_000_000);
/// A hundredth of the model's people and traffic.
const SCALE: f64 = 0.01;

fn play(model: &Model, seed: u64) -> Result<RunResult, Box<dyn Error>> {
    let settings = Settings {
        seed,
        start: START,
        end: START + Span::DAY,
        open_end: false,
        scale: SCALE,
        streams: None,
    };
    // No sink: the rows are worked out and digested, but not kept. `watch` is asked at barriers whether to go on.
    Ok(run(
        model.compiled.program.clone(),
        &settings,
        None,
        &mut |_| ControlFlow::Continue(()),
    )?)
}

fn rows(result: &RunResult, stream: &str) -> u64 {
    result
        .streams
        .iter()
        .find(|s| s.name == stream)
        .map_or(0, |s| s.rows)
}

fn main() -> Result<(), Box<dyn Error>> {
    let model = causeflow_models::load("tutoring")?;
    let first = play(&model, 42)?;

    let mut streams: Vec<_> = first.streams.iter().collect();
    streams.sort_by_key(|stream| std::cmp::Reverse(stream.rows));
    println!(
        "{} on {}, seed 42, scale {SCALE}: the largest streams",
        model.compiled.program.name, first.world.start
    );
    for stream in &streams[..8] {
        println!("{:>8} rows a day  {}", stream.rows, stream.name);
    }
    println!("fingerprint {}", first.fingerprint);

    // Every stream of the model is there, and the order of events is total.
    assert_eq!(first.streams.len(), model.compiled.program.streams.len());
    assert_eq!(first.ties, 0);
    // The API log is half of everything; most searches do not lead to a request.
    assert_eq!(streams[0].name, "system.api.request");
    assert!(rows(&first, "booking.requested") < rows(&first, "customer.tutor.search"));

    // The same seed gives the same rows, another seed gives others.
    assert_eq!(play(&model, 42)?.fingerprint, first.fingerprint);
    assert_ne!(play(&model, 43)?.fingerprint, first.fingerprint);
    println!("the same seed gives the same fingerprint, another seed another one");
    Ok(())
}
