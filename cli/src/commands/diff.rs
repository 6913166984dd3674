//! `causeflow diff`: what differs between two finished runs.

use std::collections::BTreeSet;
use std::path::Path;

use causeflow_models::suggestion;
use causeflow_outputs::diff::{Diff, FinishedRun};
use causeflow_outputs::{FileEntry, Format, Options, RunFolder};

use crate::args::DiffArgs;
use crate::errors::Failure;
use crate::interrupt;
use crate::interventions::reach::Reach;
use crate::recipe::instant;
use crate::settings::matches;
use crate::versions;

mod report;

use report::Report;

/// Runs the command.
pub fn run(args: &DiffArgs) -> Result<(), Failure> {
    let (a, b) = sides(args)?;
    check_patterns(&args.streams, &a, &b)?;
    // Before anything is compared: finding the place taken afterwards would waste the work.
    let folder = args.out.as_deref().map(reserve).transpose()?;
    interrupt::listen()?;
    let wanted = |stream: &str| {
        args.streams.is_empty() || args.streams.iter().any(|pattern| matches(pattern, stream))
    };
    let compared = Diff::compare_while(&a, &b, &wanted, &|| !interrupt::asked())?;
    let mut diff = compared.ok_or(Failure::Interrupted)?;
    let reach = Reach::only_in(&a, &b)?;
    diff.explain(&|name| reach.has(name), &|stream, time_us| {
        reach.at(stream, time_us)
    })?;
    interrupt::check()?;
    let mut files: Vec<FileEntry> = Vec::new();
    if let Some(folder) = folder {
        files = diff.write(folder.path(), "", Options::new(Format::Parquet, None)?)?;
        folder.place()?;
    }
    let report = Report {
        args,
        runs: [&a, &b],
        diff: &diff,
        files: &files,
    };
    if args.json {
        report.print_json()?;
    } else {
        report.print()?;
    }
    match diff.is_empty() {
        true => Ok(()),
        false => Err(Failure::Differ),
    }
}

/// The two runs, or a version and what the run has in its part.
fn sides(args: &DiffArgs) -> Result<(FinishedRun, FinishedRun), Failure> {
    let Some(name) = &args.version else {
        let b = args.b.as_deref().unwrap_or(&args.a);
        return Ok((FinishedRun::open(&args.a)?, FinishedRun::open(b)?));
    };
    let version = versions::find(&args.a, name)?;
    let run = FinishedRun::open(&args.a)?;
    if version.entry.of != run.manifest().fingerprint {
        return Err(Failure::input(
            format!(
                "`{name}` is a version of another run than the one that lies in {} now",
                args.a.display()
            ),
            "make it again with `causeflow regenerate`",
        ));
    }
    let (from, end) = (
        instant("start", &version.manifest.start)?,
        instant("end", &version.manifest.end)?,
    );
    Ok((
        FinishedRun::open(&version.folder)?,
        run.within(from.0..end.0),
    ))
}

/// Reserves the folder to write to, which must be empty or not there.
fn reserve(out: &Path) -> Result<RunFolder, Failure> {
    let taken = out
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        return Err(Failure::input(
            format!("--out {} is not empty", out.display()),
            "choose another folder, or remove what is there",
        ));
    }
    Ok(RunFolder::create(out, false)?)
}

/// Refuses a pattern that matches no stream of either run.
fn check_patterns(patterns: &[String], a: &FinishedRun, b: &FinishedRun) -> Result<(), Failure> {
    let streams = [a, b].into_iter().flat_map(|run| &run.manifest().streams);
    let names: BTreeSet<&str> = streams.map(|stream| stream.name.as_str()).collect();
    for pattern in patterns {
        if !names.iter().any(|name| matches(pattern, name)) {
            let message = format!(
                "--stream `{pattern}` matches none of the {} streams of the two runs",
                names.len()
            );
            return Err(Failure::Input(
                message,
                suggestion(pattern, names.iter().copied()),
            ));
        }
    }
    Ok(())
}
