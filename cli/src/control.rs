//! What people hear while something is done, on stderr: how far it is (a bar on a terminal, a line every tenth otherwise),
//! warnings, and that Ctrl-C was pressed goes the other way.
//!
//! This is the one place that reads the wall clock.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::Progress;
use causeflow_runs::{Control, Part, Phase, Remark, Watch};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use crate::errors::colour;
use crate::interrupt;
use crate::output::{count, say, short, some};

/// Elapsed time.
#[derive(Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    /// Starts now.
    #[allow(
        clippy::disallowed_methods,
        reason = "elapsed time is shown, and changes nothing that is generated"
    )]
    pub fn start() -> Clock {
        Clock(Instant::now())
    }

    /// Seconds since the start.
    pub fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }

    /// How many a second.
    pub fn rate(self, number: u64) -> f64 {
        number as f64 / self.seconds().max(1e-6)
    }
}

enum Display {
    Bar(ProgressBar),
    Lines { tenths_told: i64 },
}

/// Somebody at a terminal, or a script.
pub struct Front {
    /// Neither progress nor warnings.
    pub quiet: bool,
}

impl Control for Front {
    fn cancelled(&self) -> bool {
        interrupt::asked()
    }

    fn begin(&self, phase: &Phase) -> Box<dyn Watch + '_> {
        match self.quiet {
            true => Box::new(()),
            false => Box::new(Shown::new(phase)),
        }
    }

    fn tell(&self, remark: Remark<'_>) {
        match remark {
            // Something of theirs has another place now, which they should hear in any case.
            Remark::Kept(place) => say(&format!(
                "warning: somebody has put something into the run that was replaced, while that happened: it is in {} now\n  \
                 help: take from it what you need, and remove it",
                place.display()
            )),
            _ if self.quiet => {}
            Remark::Warnings(diagnostics) => say(&diagnostics.render(colour())),
            Remark::Warning { message, help } => {
                say(&format!("warning: {message}\n  help: {help}"));
            }
            Remark::Seed { seed, done, of } => {
                say(&format!("{done} of {}: seed {seed}", some(of, "seed")));
            }
        }
    }
}

/// Shows how far a phase is.
struct Shown {
    display: Display,
    /// Stands before all that is said.
    what: &'static str,
    clock: Clock,
    begin: Time,
    start: Time,
    end: Time,
    /// How far the run was when this process took it over.
    taken_over: Progress,
}

impl Shown {
    fn new(phase: &Phase) -> Shown {
        let begin = phase.start - phase.warmup;
        let display = match io::stderr().is_terminal() {
            true => Display::Bar(bar(minutes(phase.end - begin))),
            false => Display::Lines { tenths_told: 0 },
        };
        let beginning = Progress {
            time: begin,
            rows: 0,
        };
        let shown = Shown {
            display,
            what: match phase.part {
                Part::Run => "",
                Part::Factual => "run   ",
                Part::Twin => "twin  ",
                Part::Differing => "what differs  ",
                Part::Original => "the run itself  ",
            },
            clock: Clock::start(),
            begin,
            start: phase.start,
            end: phase.end,
            taken_over: phase.going_on.unwrap_or(beginning),
        };
        if let Some(from) = phase.going_on {
            shown.say_going_on(from);
        }
        shown
    }

    fn say_going_on(&self, from: Progress) {
        let (time, rows) = (minute(from.time), count(from.rows));
        let text = format!("{}going on from {time} with {rows} rows", self.what);
        match &self.display {
            Display::Bar(bar) => bar.println(text),
            Display::Lines { .. } => say(&text),
        }
    }

    fn what(&self, progress: Progress) -> String {
        if progress.time < self.start {
            return format!("{}warming up", self.what);
        }
        let date = minute(progress.time);
        let new = progress.rows.saturating_sub(self.taken_over.rows);
        let rate = short(self.clock.rate(new));
        let rows = count(progress.rows);
        format!("{}{date}  {rows} rows  {rate} rows/s", self.what)
    }
}

impl Watch for Shown {
    fn note(&mut self, progress: Progress) {
        let what = self.what(progress);
        match &mut self.display {
            Display::Bar(bar) => {
                bar.set_position(minutes(progress.time - self.begin));
                let from = self.taken_over.time;
                let (done, all) = (minutes(progress.time - from), minutes(self.end - from));
                bar.set_message(what + &left(self.clock, done, all));
            }
            Display::Lines { tenths_told } => {
                let (done, all) = (
                    (progress.time - self.start).0.max(0),
                    (self.end - self.start).0.max(1),
                );
                let tenths = (i128::from(done) * 10 / i128::from(all)) as i64;
                if tenths > *tenths_told {
                    *tenths_told = tenths;
                    say(&format!("{:>3} %  {what}", tenths * 10));
                }
            }
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Display::Bar(bar) = &self.display {
            bar.finish_and_clear();
        }
    }
}

fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{percent:>3} % {bar:30} {msg}") {
        bar.set_style(style);
    }
    bar.set_message("warming up");
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// The time that is left, once there is something to tell it from.
fn left(clock: Clock, done: u64, all: u64) -> String {
    const TOO_EARLY_SECONDS: f64 = 2.0;
    if done == 0 || clock.seconds() < TOO_EARLY_SECONDS {
        return String::new();
    }
    let seconds = clock.seconds() * all.saturating_sub(done) as f64 / done as f64;
    format!("  {} left", HumanDuration(Duration::from_secs_f64(seconds)))
}

/// A time to the minute, such as `2026-02-03 06:00`.
fn minute(time: Time) -> String {
    let text = time.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

fn minutes(span: Span) -> u64 {
    (span.0 / Span::MINUTE.0).max(0) as u64
}
