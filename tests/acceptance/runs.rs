//! Plays the model as the command does, with its timeline of external events, and pools the tallies of
//! several seeds.

use std::ops::ControlFlow;
use std::sync::OnceLock;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::{StreamResult, run};
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::world::Settings;
use causeflow_scenarios::{Library, Plan, Request};

use crate::tally::Tally;

/// Days of a run at full size.
pub const DAYS: i64 = 30;
const SEEDS: [u64; 3] = [42, 43, 44];

/// What is left of a run.
pub struct Played {
    pub tally: Tally,
    /// Rows as the run itself counts them.
    pub rows: u64,
    /// Pairs of rows at the same place of the total order.
    pub ties: u64,
    /// What the external events of the timeline did, by stream.
    pub streams: Vec<StreamResult>,
    /// The external events, and the program as they bend it.
    pub plan: Plan,
    pub program: Program,
}

/// The built-in model and its scenarios.
pub fn built_in() -> &'static (Program, Library) {
    static LOADED: OnceLock<(Program, Library)> = OnceLock::new();
    LOADED.get_or_init(|| {
        let model = causeflow_models::load("tutoring")
            .unwrap_or_else(|errors| panic!("{}", errors.render(false)));
        let library = Library::load(&model, None).expect("nothing is read from the disk");
        (model.compiled.program, library)
    })
}

/// The built-in model without anything from outside.
pub fn model() -> Program {
    built_in().0.clone()
}

/// Plays the built-in model from midnight of a date on, with the external events that a run of it has unless
/// it is told otherwise.
pub fn play(seed: u64, start: &str, days: i64, scale: f64) -> Played {
    let (mut program, library) = (model(), &built_in().1);
    let start = midnight(start);
    let end = start + Span(days * Span::DAY.0);
    let plan = Plan::new(library, &program, &Request::default(), start..end, seed)
        .unwrap_or_else(|errors| panic!("{errors}"));
    plan.apply(&mut program).expect("it is the plan's program");
    let settings = Settings {
        seed,
        start,
        end,
        open_end: false,
        scale,
        streams: None,
    };
    let mut tally = Tally::new(&program, start, end);
    let result = run(program.clone(), &settings, Some(&mut tally), &mut |_| {
        ControlFlow::Continue(())
    })
    .expect("nothing stops it");
    tally.finish();
    Played {
        tally,
        rows: result.streams.iter().map(|stream| stream.rows).sum(),
        ties: result.ties,
        streams: result.streams,
        plan,
        program,
    }
}

/// Thirty days at full size from the model's reference date on, with several seeds; played once.
pub fn full_size() -> &'static [Played] {
    static PLAYED: OnceLock<Vec<Played>> = OnceLock::new();
    PLAYED.get_or_init(|| {
        SEEDS
            .iter()
            .map(|&seed| play(seed, "2026-02-02", DAYS, 1.0))
            .collect()
    })
}

/// Rows of a stream in all runs at full size.
pub fn pooled_rows(stream: &str) -> u64 {
    full_size()
        .iter()
        .map(|played| played.tally.rows[played.tally.stream(stream)])
        .sum()
}

/// Days since the epoch, by the civil calendar; in microseconds.
pub fn midnight(date: &str) -> Time {
    let parts: Vec<i64> = date
        .split('-')
        .map(|part| part.parse().expect("a date"))
        .collect();
    let [year, month, day] = parts[..] else {
        panic!("`{date}` is not a date")
    };
    // Years begin in March, so that a leap day comes last.
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let era_days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = era_days + (153 * month + 2) / 5 + day - 1 - 719_468;
    Time(days * Span::DAY.0)
}
