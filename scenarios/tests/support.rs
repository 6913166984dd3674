//! The built-in model with its scenarios, and small files to put mistakes into.

use std::sync::OnceLock;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::Program;
use causeflow_models::{Diagnostics, SourceFile};
use causeflow_scenarios::{Activation, Clock, EventRequest, Library, Plan, Request, built_in};
use proptest::test_runner::{Config as ProptestConfig, RngSeed};

/// 2026-02-02T00:00:00Z, a Monday.
pub const START: Time = Time(1_769_990_400_000_000);

/// A time some days and hours after [`START`].
pub fn day(days: i64, hours: i64) -> Time {
    START + Span(days * Span::DAY.0 + hours * Span::HOUR.0)
}

/// The program of the built-in model, and its scenarios.
pub fn tutoring() -> &'static (Program, Library) {
    static LOADED: OnceLock<(Program, Library)> = OnceLock::new();
    LOADED.get_or_init(|| {
        let model = causeflow_models::load("tutoring").expect("the built-in model is right");
        let library = Library::load(&model, None).expect("nothing is read from the disk");
        (model.compiled.program, library)
    })
}

/// How a property is tested: so many cases, always the same ones, so that a failure is the fault of a change.
pub fn property(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(42),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A file of a folder of one's own.
pub fn file(name: &str, text: &str) -> SourceFile {
    SourceFile {
        path: format!("own/{name}"),
        text: text.to_owned(),
    }
}

/// The built-in library with files of one's own.
pub fn with(files: &[(&str, &str)]) -> Library {
    let own = files.iter().map(|(name, text)| file(name, text)).collect();
    Library::from_files(&tutoring().0, built_in("tutoring"), own)
}

/// Scenarios `ID@TIME` and events `TEMPLATE@TIME`, with times from [`START`] on.
pub fn request(scenarios: &[&str], events: &[&str]) -> Request {
    let clock = Clock::new(&tutoring().0, START);
    let activations = scenarios.iter().map(|text| Activation::parse(text, &clock));
    let events = events.iter().map(|text| EventRequest::parse(text));
    Request {
        activations: activations
            .collect::<Result<_, _>>()
            .expect("the activations are right"),
        events: events
            .collect::<Result<_, _>>()
            .expect("the events are right"),
        without_timeline: false,
    }
}

/// A plan over thirty days from [`START`] on.
pub fn plan(library: &Library, request: &Request, seed: u64) -> Result<Plan, Diagnostics> {
    Plan::new(library, &tutoring().0, request, START..day(30, 0), seed)
}

/// What is wrong, as `file:line: message / help`.
pub fn summary(wrong: &Diagnostics) -> Vec<String> {
    let show = |d: &causeflow_models::Diagnostic| {
        let line = wrong.position(d).map_or(0, |(line, _)| line);
        let file = d.file.map_or("-", |file| &wrong.files[file].path);
        let help = d.help.as_deref().unwrap_or_default();
        format!("{file}:{line}: {} / {help}", d.message)
    };
    wrong.list.iter().map(show).collect()
}
