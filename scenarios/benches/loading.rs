//! How long it takes to read and check all built-in scenarios and external events, and to plan a run:
//! `cargo bench -p causeflow-scenarios`. Loading is to take less than 50 ms.

#![allow(
    clippy::disallowed_methods,
    reason = "it measures elapsed time, on which no result depends"
)]

use std::hint::black_box;
use std::time::Instant;

use causeflow_engine::base::time::{Span, Time};
use causeflow_scenarios::{Library, Plan, Request};

const ROUNDS: u32 = 50;

fn main() {
    let model = causeflow_models::load("tutoring").expect("the built-in model is right");
    let program = &model.compiled.program;
    let load = || Library::load(&model, None).expect("nothing is read from the disk");
    let library = load();
    let start = Time(1_769_990_400_000_000);
    let plan = || {
        let range = start..start + Span(30 * Span::DAY.0);
        let plan = Plan::new(&library, program, &Request::default(), range, 42);
        plan.expect("the timeline alone is right")
    };
    measure("load and check all scenarios", || drop(black_box(load())));
    measure("plan thirty days", || drop(black_box(plan())));
    let plan = plan();
    measure("apply the plan to a copy of the program", || {
        let mut bent = program.clone();
        plan.apply(&mut bent).expect("it fits its program");
        black_box(bent);
    });
}

fn measure(what: &str, mut work: impl FnMut()) {
    let began = Instant::now();
    (0..ROUNDS).for_each(|_| work());
    println!("{what:<42} {:>9.2?}", began.elapsed() / ROUNDS);
}
