//! This example demonstrates what a scenario does, exactly: a payment outage is played, and the same seed without it.
//! Every draw belongs to an event and its purpose, so the two differ only in what the outage touches.
//!
//! ```text
//!                    +-> plan                     -> run -> with the outage      --+
//! program, seed 42 --+                                                             +-> difference = effect
//!                    +-> plan.without_scenarios() -> run -> the twin, without it --+
//! ```
//!
//! The twin is not even needed: the engine plays the untouched side along with every run, and tells by lineage which
//! events would not be there without the outage. Both ways give the same numbers.
//!
//! Run it with `cargo run -p causeflow-examples --example scenario_twin`.

use std::error::Error;
use std::ops::ControlFlow;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::{RunResult, StreamResult, run};
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::sides::Side;
use causeflow_engine::streams::world::Settings;
use causeflow_scenarios::{Activation, Clock, Library, Plan, Request};

/// 2026-02-02T00:00:00Z, a Monday, in microseconds since the Unix epoch.
const START: Time = Time(1_769_990_400_000_000);
const DAYS: i64 = 3;
const SEED: u64 = 42;
/// A twentieth of the model's people and traffic.
const SCALE: f64 = 0.05;
/// The outage lasts four hours, and what was held back is paid within two more.
const FIRST_HOUR: i64 = 24 + 10;
const LAST_HOUR: i64 = FIRST_HOUR + 6;

fn play(program: &Program, plan: &Plan) -> Result<RunResult, Box<dyn Error>> {
    let mut program = program.clone();
    plan.apply(&mut program)?;
    let settings = Settings {
        seed: SEED,
        start: START,
        end: START + Span(DAYS * Span::DAY.0),
        open_end: false,
        scale: SCALE,
        streams: None,
    };
    Ok(run(program, &settings, None, &mut |_| {
        ControlFlow::Continue(())
    })?)
}

fn stream<'a>(result: &'a RunResult, name: &str) -> Result<&'a StreamResult, String> {
    let found = result.streams.iter().find(|stream| stream.name == name);
    found.ok_or_else(|| format!("the model has no stream {name}"))
}

/// Events of a stream in an hour of the run.
fn events(stream: &StreamResult, hour: i64) -> u64 {
    let hour = START.index_of(Span::HOUR) + hour;
    stream.series.count(hour, Side::FACTUAL)
}

fn main() -> Result<(), Box<dyn Error>> {
    let model = causeflow_models::load("tutoring")?;
    let library = Library::load(&model, None)?;
    let program = model.compiled.program;

    let outage = Activation::parse("payment-outage@day2T10:00", &Clock::new(&program, START))?;
    let request = Request {
        activations: vec![outage],
        // External events would come by themselves, to both sides; the outage is to be alone here.
        without_timeline: true,
        ..Request::default()
    };
    let range = START..START + Span(DAYS * Span::DAY.0);
    let plan = Plan::new(&library, &program, &request, range, SEED)?;
    let with = play(&program, &plan)?;
    let without = play(&program, &plan.without_scenarios())?;

    println!(
        "payment.failure on the second day, events an hour: o in both, # because of the outage"
    );
    let failures = (
        stream(&with, "payment.failure")?,
        stream(&without, "payment.failure")?,
    );
    for hour in FIRST_HOUR - 2..LAST_HOUR {
        let (now, usual) = (events(failures.0, hour), events(failures.1, hour));
        let more = now.saturating_sub(usual);
        let bar = "o".repeat(usual.min(now) as usize) + &"#".repeat(more as usize);
        println!("{:>02}:00 {now:>4}  {bar}", hour - 24);
        // Before the outage the two sides are the same.
        assert!(hour >= FIRST_HOUR || now == usual);
    }

    println!(
        "\n{:<28} {:>8} {:>8} {:>8}",
        "stream", "with", "without", "effect"
    );
    let mut untouched = 0;
    for (one, other) in with.streams.iter().zip(&without.streams) {
        let effect = one.rows as i64 - other.rows as i64;
        if one.fingerprint == other.fingerprint {
            // Not only as many events: the same rows, to the byte.
            assert_eq!(effect, 0);
            assert!(one.impact.is_empty());
            untouched += 1;
            continue;
        }
        println!(
            "{:<28} {:>8} {:>8} {effect:>+8}",
            one.name, one.rows, other.rows
        );
        // The engine knew it without the twin, from the lineage of the events of the one run.
        let by_lineage: i64 = one
            .impact
            .differences()
            .map(|(_, d)| d.added as i64 - d.removed as i64)
            .sum();
        assert_eq!(effect, by_lineage, "{}", one.name);
    }
    println!("and {untouched} streams that are the same, to the byte");

    let effect = |name: &str| -> Result<i64, String> {
        Ok(stream(&with, name)?.rows as i64 - stream(&without, name)?.rows as i64)
    };
    // Each failure takes the place of a payment, and 80 % of them are paid after all.
    let (failed, paid) = (effect("payment.failure")?, effect("payment.success")?);
    assert!(failed > 100 && paid < 0 && -paid < failed / 2);
    // Those whose payment failed write to support; nobody searches less because of it.
    assert!(effect("support.ticket.created")? > failed / 4);
    assert_eq!(effect("customer.tutor.search")?, 0);
    Ok(())
}
