//! `causeflow baseline`: plays several seeds without interventions and pools what is usual.

use causeflow_runs::baseline::{BaselineSpec, Usual, make};

use crate::args::{BaselineArgs, BaselineFormat};
use crate::control::{Clock, Front};
use crate::errors::Failure;
use crate::interrupt;
use crate::output::{bytes, print_as, some};

/// Runs the command.
pub fn run(args: &BaselineArgs) -> Result<(), Failure> {
    let front = Front { quiet: args.quiet };
    let spec = BaselineSpec {
        model: args.model.clone(),
        parameters: args.set.given(),
        seeds: args.seeds,
        seed: args.seed,
        range: args.range.range(),
        first_seed: args.format == BaselineFormat::Json,
        timeline: !args.no_events,
    };
    interrupt::listen()?;
    let clock = Clock::start();
    let (out, threads) = (args.out.clone(), args.range.threads);
    let usual = make(&spec, out, args.force, threads, &front)?.took(clock.seconds());
    print_as(args.json, &usual, || text(&usual))
}

fn text(usual: &Usual) -> String {
    let manifest = &usual.manifest;
    let size: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    format!(
        "what is usual for {} of {}, from {} and {} to {}\n{:.1} s; {} in {} in {}\n",
        some(manifest.streams.len(), "stream"),
        manifest.model.name,
        some(manifest.seeds.len(), "seed"),
        manifest.start,
        manifest.end,
        usual.elapsed_seconds,
        bytes(size as f64),
        some(manifest.files.len(), "file"),
        usual.out,
    )
}
