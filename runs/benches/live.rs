//! What a live session costs, in one process: playing it against a run without output, a command at random times of the day, coming back
//! after a kill, a history.
//!
//! `cargo bench -p causeflow-runs --bench live [-- COMMANDS]` plays the built-in model at its full size on two threads.
#![allow(clippy::disallowed_methods)] // A benchmark measures the wall clock.

use std::time::Instant;

use causeflow_baselines::Resolution;
use causeflow_engine::base::time::{Span, Time};
use causeflow_runs::live::{Command, Entry, Header, Live};
use causeflow_runs::{Job, RunSpec, pool};

/// Days that are played for the comparison.
const DAYS: i64 = 4;

fn main() {
    let commands = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .next()
        .unwrap_or(40);
    let pool = pool(Some(2)).expect("threads");
    pool.install(|| measure(commands));
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn spec() -> RunSpec {
    RunSpec {
        days: DAYS as f64,
        ..RunSpec::of("tutoring")
    }
}

/// Gives out everything up to a time.
fn until(live: &mut Live, time: Time) {
    while live.given_out() < time {
        let window = match live.windows().first() {
            Some(window) => window.clone(),
            None => live.next(&()).expect("it plays"),
        };
        live.give_out(time.min(window.to)).expect("a disk");
    }
}

fn measure(commands: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let header = Header::of(spec());
    let mut ratios = Vec::new();
    let mut opened = None;
    for round in 0..3 {
        let run = seconds(|| {
            let job = Job::of(spec(), None, &()).expect("a run");
            job.play(&()).expect("it plays");
        });
        let place = folder.path().join(round.to_string());
        let session = seconds(|| {
            let mut live = Live::open(&place, header.clone(), &[], &()).expect("a session");
            let end = live.start() + Span(DAYS * Span::DAY.0);
            live.hurry(true);
            until(&mut live, end);
            opened = Some(live);
        });
        ratios.push(session / run);
        println!(
            "{DAYS} days: run {run:.2} s, session {session:.2} s, {:.2} times",
            session / run
        );
    }
    let mut live = opened.expect("it was opened");
    live.hurry(false);
    let mut at = live.given_out();
    let mut took: Vec<[f64; 2]> = Vec::new();
    for number in 0..commands {
        // Minutes that are spread over the day.
        at += Span((137 + number as i64 * 211 % 600) * Span::MINUTE.0);
        until(&mut live, at);
        let command = |live: &mut Live, command: Command| {
            let entry = Entry::new(live.given_out().to_string(), command);
            seconds(|| live.command(entry, &()).map(drop).expect("it can be done"))
        };
        let begun = command(
            &mut live,
            Command::Scenario {
                scenario: ["exam-season-surge", "payment-outage", "supply-crisis"]
                    [number as usize % 3]
                    .to_owned(),
                duration: Some("2h".to_owned()),
            },
        );
        at += Span(20 * Span::MINUTE.0);
        until(&mut live, at);
        took.push([
            begun,
            command(&mut live, Command::Stop { intervention: None }),
        ]);
    }
    for (what, of) in [("scenario", 0), ("stop", 1)] {
        let mut all: Vec<f64> = took.iter().map(|pair| pair[of] * 1e3).collect();
        all.sort_by(f64::total_cmp);
        let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize];
        println!(
            "{what}: {} commands, ms: p50 {:.0}, p90 {:.0}, p99 {:.0}",
            all.len(),
            at(0.5),
            at(0.9),
            at(0.99)
        );
    }
    let past = live.past();
    let now = live.given_out();
    let history = seconds(|| {
        let streams = ["customer.tutor.search".to_owned()];
        past.history(&(live.start()..now), Resolution::Hour, Some(&streams), now)
            .expect("a history");
    });
    println!("a stream by hours: {:.2} ms", history * 1e3);
    let place = folder.path().join("2");
    drop((past, live));
    let back = seconds(|| drop(Live::resume(&place, &()).expect("it goes on")));
    println!("coming back: {back:.2} s");
}
