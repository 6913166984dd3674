//! This example demonstrates history and scores: three seeds of an ordinary fortnight tell what is usual, and a day with a
//! support overload is scored against it.
//!
//! ```text
//! seeds 1, 2, 3 -> run -> Pool -> Statistics -> Baseline --+
//!                                                          +-> history: count, score 0 to 100, flag
//! seed 42, support-overload -> run -> series --------------+
//! ```
//!
//! 50 is the mean of the same half day on the same kind of day, 30 and 70 lie one sigma away, 0 and 100 three.
//!
//! Run it with `cargo run -p causeflow-examples --example scored_history`.

use std::error::Error;
use std::ops::ControlFlow;

use causeflow_baselines::{Baseline, Flag, Pool, Resolution, history, intervals};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::{RunResult, run};
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::sides::Side;
use causeflow_engine::streams::world::Settings;
use causeflow_scenarios::{Activation, Clock, Library, Plan, Request};

/// 2026-02-02T00:00:00Z, a Monday, in microseconds since the Unix epoch.
const START: Time = Time(1_769_990_400_000_000);
const DAYS: i64 = 14;
/// A fiftieth of the model's people and traffic.
const SCALE: f64 = 0.02;
const STREAM: &str = "support.chat.started";

fn play(program: Program, seed: u64) -> Result<RunResult, Box<dyn Error>> {
    let settings = Settings {
        seed,
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

fn main() -> Result<(), Box<dyn Error>> {
    let model = causeflow_models::load("tutoring")?;
    let library = Library::load(&model, None)?;
    let program = model.compiled.program;
    let range = START..START + Span(DAYS * Span::DAY.0);

    // What is usual. The order of the seeds does not matter: counts are whole numbers, and seeds stand in order.
    let names: Vec<&str> = program.streams.iter().map(|s| s.name.as_str()).collect();
    let mut pool = Pool::new(&program.zone, program.weekend, &range, &names);
    for seed in [3, 1, 2] {
        pool.add(seed, &play(program.clone(), seed)?.streams);
    }
    let baseline = Baseline::of(&pool.statistics());

    // A day on which four times as many people as usual open a chat.
    let overload = Activation::parse("support-overload@day9T00:00", &Clock::new(&program, START))?;
    let request = Request {
        activations: vec![overload],
        without_timeline: true,
        ..Request::default()
    };
    let plan = Plan::new(&library, &program, &request, range.clone(), 42)?;
    let mut bent = program.clone();
    plan.apply(&mut bent)?;
    let result = play(bent, 42)?;
    let found = result.streams.iter().find(|stream| stream.name == STREAM);
    let series = &found
        .ok_or_else(|| format!("the model has no stream {STREAM}"))?
        .series;

    let half_days = intervals(&program.zone, program.weekend, &range, Resolution::HalfDay);
    let scored = |side| {
        history(series, side, &half_days, |class| {
            baseline.expected(STREAM, Resolution::HalfDay, class)
        })
    };
    let (factual, untouched) = (scored(Side::FACTUAL), scored(Side::UNTOUCHED));

    println!("{STREAM}, seed 42: chats in half a day, and their score from 0 to 100");
    for (interval, point) in half_days.iter().zip(&factual) {
        let score = point.score.ok_or("a whole half day is scored")?;
        let mark = format!("{:>1$}", "*", 1 + (score / 2.5) as usize);
        println!(
            "{} {:>02}:00 {:>4} {score:>5.1} |{mark:<41}| {}",
            interval.date,
            interval.class.part * 12,
            point.tally.count,
            point.flag.map_or("", Flag::name)
        );
    }

    // Day 9 begins after sixteen half days. In both of its halves, everybody sees that something is wrong.
    assert!(
        factual[16..18]
            .iter()
            .all(|point| point.flag == Some(Flag::Critical))
    );
    // Before it, the run is what it would have been: it scores the same with and without the overload.
    assert_eq!(factual[..16], untouched[..16]);
    // Without the overload nobody would have been called in.
    assert!(
        untouched[16..18]
            .iter()
            .all(|point| point.flag != Some(Flag::Critical))
    );
    Ok(())
}
