//! `run --counterfactual`: the same run without what was asked for, and what differs.

use std::fs;
use std::path::Path;

use causeflow_engine::program::Program;
use causeflow_engine::simulation::Simulation;
use causeflow_engine::world::Settings;
use causeflow_models::Model;
use causeflow_outputs::diff::{Counts, Diff, FinishedRun};
use causeflow_outputs::{Compression, Format, Manifest, Options};

use super::manifest;
use crate::errors::Failure;
use crate::folder::write_streams;
use crate::interrupt;
use crate::interventions::Interventions;
use crate::interventions::reach::Reach;
use crate::progress::Watch;

/// Where the twin is written to, in the folder of the run while that is not yet in place.
const TWIN: &str = ".twin";
/// Where the difference is written to.
pub const DIFFERENCE: &str = "counterfactual";

/// A run of which a twin is to be played.
pub struct Played<'a> {
    pub model: &'a Model,
    pub settings: &'a Settings,
    pub interventions: &'a Interventions,
    /// The model's program, bent by the interventions.
    pub program: &'a Program,
    pub options: Options,
    pub quiet: bool,
}

/// What differs between a run and its twin.
pub struct Difference {
    /// The streams in which events differ, those with the most first.
    pub streams: Vec<StreamDifference>,
    /// How many streams do not differ.
    pub identical: usize,
}

/// What differs in one stream.
pub struct StreamDifference {
    pub name: String,
    pub rows: u64,
    pub twin_rows: u64,
    pub counts: Counts,
}

/// Plays the twin, writes what differs, and adds the files to the manifest. The twin itself is removed.
pub fn write(of: &Played, folder: &Path, manifest: &mut Manifest) -> Result<Difference, Failure> {
    let program = of.interventions.bend_twin(&of.model.compiled.program)?;
    // It is read once and removed: compressing it would cost more than the room that it takes.
    let quick = Options::new(Format::Parquet, Some(Compression::None))?;
    let place = folder.join(TWIN);
    let (settings, warmup) = (of.settings, of.program.warmup);
    let watch = Watch::new("twin  ", settings.start, settings.end, warmup, of.quiet);
    let simulation = Simulation::new(program, settings);
    let (result, files) = write_streams(&place, simulation, quick, watch)?;
    let twin = Manifest {
        format: quick.format(),
        compression: quick.compression(),
        fingerprint: result.fingerprint.to_string(),
        streams: manifest::streams(&result.streams),
        files,
        ..manifest.clone()
    };
    // What the twin's people have come to is of no use any more, and takes room.
    drop(result);
    let a = FinishedRun::written(folder, manifest.clone())?;
    let b = FinishedRun::written(&place, twin)?;
    let compared = Diff::compare_while(&a, &b, &|_| true, &|| !interrupt::asked())?;
    let mut diff = compared.ok_or(Failure::Interrupted)?;
    let reach = Reach::asked_for(&of.interventions.plan, of.program);
    diff.explain(&|stream, time_us| reach.at(stream, time_us))?;
    let files = diff.write(folder, DIFFERENCE, of.options)?;
    manifest.files.extend(files);
    fs::remove_dir_all(&place).map_err(|error| {
        Failure::Machine(format!("removing {} failed: {error}", place.display()))
    })?;
    Ok(difference(&diff))
}

fn difference(diff: &Diff) -> Difference {
    let of_stream = |stream: &causeflow_outputs::diff::StreamDiff| StreamDifference {
        name: stream.name().to_owned(),
        rows: stream.rows(),
        twin_rows: stream.twin_rows(),
        counts: stream.counts(),
    };
    let mut streams: Vec<StreamDifference> = diff.streams.iter().map(of_stream).collect();
    streams.sort_by(|x, y| {
        let most = y.counts.total().cmp(&x.counts.total());
        most.then_with(|| x.name.cmp(&y.name))
    });
    Difference {
        streams,
        identical: diff.identical.len(),
    }
}
