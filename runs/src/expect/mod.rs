//! What a model expects of its rows, tested over several seeds that are played in memory.
//!
//! A figure has a value in each seed. These are independent, so their mean has a confidence interval (Student's t). An expectation about
//! a figure holds as long as this interval and the bounds have a value in common: where the true mean lies within its bounds, it fails by
//! chance in at most 5 % of all choices of the seeds. What is said of each row, and of two sums, holds or does not, seed by seed.

mod figures;
mod judged;
mod watcher;

use std::collections::BTreeSet;

use causeflow_engine::streams::play::run as play;
use causeflow_engine::streams::program::{Program, StreamId};
use causeflow_engine::streams::world::{Settings, World};
use causeflow_models::{Expectation, Expected, Figure, Given, suggestion};

use crate::control::{Control, Followed, Remark};
use crate::error::{Error, Result};
use crate::numbers::instant;
use crate::spec::Range;
use crate::{model, settings};
pub use judged::{Bounds, Break, Interval, Judged, OfSeed, Tested};
use watcher::{Seen, Watcher};

/// How probable it is that the interval around a mean has the true one in it.
pub const CONFIDENCE: f64 = 0.95;

/// A test as it is asked for.
#[derive(Clone, Debug)]
pub struct TestSpec {
    /// A built-in model's name or the path of a model's folder.
    pub model: String,
    /// Values for the model's parameters.
    pub parameters: Given,
    /// How many seeds to play, at least 2.
    pub seeds: u32,
    /// The first of them; the others follow it.
    pub seed: u64,
    /// The first day, as in [`crate::RunSpec::start`]; that of the model's reference days by default.
    pub start: Option<String>,
    /// How many days; the model's reference days by default.
    pub days: Option<f64>,
    /// The share of the model's population and traffic.
    pub scale: f64,
    /// Patterns of the names of those expectations that are tested; all without any.
    pub only: Vec<String>,
}

impl TestSpec {
    /// Five seeds of a model, over its reference days at full size.
    pub fn of(model: impl Into<String>) -> TestSpec {
        TestSpec {
            model: model.into(),
            parameters: Given::new(),
            seeds: 5,
            seed: 42,
            start: None,
            days: None,
            scale: 1.0,
            only: Vec::new(),
        }
    }

    /// All seeds.
    fn seeds(&self) -> Result<Vec<u64>> {
        if self.seeds < 2 {
            let message = "how much a figure varies is not to be seen in fewer than 2 seeds";
            return Err(Error::input(message, "choose 2 or more").in_field("seeds"));
        }
        let seeds: Option<Vec<u64>> = (0..u64::from(self.seeds))
            .map(|n| self.seed.checked_add(n))
            .collect();
        seeds.ok_or_else(|| {
            let (seeds, most) = (self.seeds, u64::MAX);
            let message =
                format!("with {seeds} of them the last one goes beyond the largest, {most}");
            Error::input(message, "choose a smaller one").in_field("seed")
        })
    }
}

/// Plays all seeds without interventions, on the threads of the current rayon pool, and judges what the model expects.
///
/// # Errors
/// When something of what is asked for cannot be done, the model expects nothing or is wrong, and when it is cancelled.
pub fn test(spec: &TestSpec, control: &dyn Control) -> Result<Tested> {
    let model = model::load_with(&spec.model, &spec.parameters, control)?;
    let program = &model.compiled.program;
    let seeds = spec.seeds()?;
    let expectations = chosen(&model.compiled.expectations, &spec.only)?;
    let reference = &program.reference;
    let range = Range {
        start: spec
            .start
            .clone()
            .unwrap_or_else(|| reference.start.to_string()),
        days: spec.days.unwrap_or(f64::from(reference.days)),
        scale: spec.scale,
    };
    let mut settings = settings::settings(spec.seed, &range, &[], program, control)?;
    settings.streams = looked_at(&expectations, program);
    let world = World::new(program.clone(), &settings);
    let mut seen = Vec::new();
    for &seed in &seeds {
        seen.push(played(&world, &expectations, &settings, seed, control)?);
        control.tell(Remark::Seed {
            seed,
            done: seen.len(),
            of: seeds.len(),
        });
    }
    let judged = (0..).zip(&expectations).map(|(place, expectation)| {
        let of_seeds = seeds.iter().copied();
        let of_seeds = of_seeds.zip(seen.iter().map(|seen: &Vec<Seen>| &seen[place]));
        judged::judged(expectation, program, &settings, of_seeds)
    });
    let expectations: Vec<Judged> = judged.collect();
    Ok(Tested {
        model: program.name.clone(),
        holds: expectations.iter().all(|judged| judged.holds),
        seeds: seeds.iter().map(u64::to_string).collect(),
        start: instant(settings.start),
        end: instant(settings.end),
        scale: settings.scale,
        confidence: CONFIDENCE,
        expectations,
    })
}

/// Those of the model's expectations that are asked for.
fn chosen<'e>(all: &'e [Expectation], patterns: &[String]) -> Result<Vec<&'e Expectation>> {
    if all.is_empty() {
        let message = "the model does not say what it expects of its rows";
        let help = "add a file expect.yaml to its folder, such as\n    expect:\n      cancelled: {share: order.cancelled, of: order.placed, between: 4%..6%}";
        return Err(Error::input(message, help).in_field("model"));
    }
    for pattern in patterns {
        if !all.iter().any(|one| settings::matches(pattern, &one.name)) {
            let message = format!("`{pattern}` matches none of the model's expectations");
            let help = suggestion(pattern, all.iter().map(|one| one.name.as_str()));
            return Err(Error::wrong(message, help).in_field("only"));
        }
    }
    let meant = |one: &&Expectation| {
        let mut patterns = patterns.iter();
        patterns.len() == 0 || patterns.any(|pattern| settings::matches(pattern, &one.name))
    };
    Ok(all.iter().filter(meant).collect())
}

/// The streams whose rows are needed; `None` for all. What comes before something is known only of chains of which the beginning
/// has been seen, and any stream may begin one.
fn looked_at(expectations: &[&Expectation], program: &Program) -> Option<Vec<StreamId>> {
    let mut streams: BTreeSet<StreamId> = BTreeSet::new();
    for expectation in expectations {
        match &expectation.expected {
            Expected::Between(Figure::Rate(rows), ..) | Expected::Holds(rows, _) => {
                streams.insert(rows.stream);
            }
            Expected::Between(Figure::Share(rows, of), ..) => {
                streams.extend([rows.stream, *of]);
            }
            Expected::Between(Figure::Mean(total) | Figure::Sum(total), ..) => {
                streams.insert(total.rows.stream);
            }
            Expected::Equal(totals, _) => {
                streams.extend(totals.iter().map(|total| total.rows.stream));
            }
            Expected::After(..) => return None,
        }
    }
    (streams.len() < program.streams.len()).then(|| streams.into_iter().collect())
}

/// What one seed shows of each expectation.
fn played(
    world: &World,
    expectations: &[&Expectation],
    settings: &Settings,
    seed: u64,
    control: &dyn Control,
) -> Result<Vec<Seen>> {
    let settings = Settings {
        seed,
        ..settings.clone()
    };
    let mut watcher = Watcher::new(world, expectations);
    let mut followed = Followed::silent(control);
    let mut note = |progress| followed.note(progress);
    play(
        world.program.clone(),
        &settings,
        Some(&mut watcher),
        &mut note,
    )?;
    Ok(watcher.finish())
}
