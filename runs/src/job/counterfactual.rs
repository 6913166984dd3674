//! `run --counterfactual`: the same run without what was asked for, and what differs.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use causeflow_engine::base::head::JOINTLY;
use causeflow_engine::streams::attribution::{Names, PartedRow, Versions};
use causeflow_engine::streams::play::Player;
use causeflow_engine::streams::play::RunResult;
use causeflow_engine::streams::program::Without;
use causeflow_engine::streams::sides::{Label, Side};
use causeflow_outputs::diff::{Counts, Diff, FinishedRun, StreamDiff, Via};
use causeflow_outputs::sink::{Files, Sink};
use causeflow_outputs::{Compression, FileEntry, Format, Manifest, Options};
use causeflow_scenarios::Plan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::manifest;
use crate::control::{Control, Part};
use crate::error::Error;
use crate::run::Run;
use crate::session::Session;
use crate::spec::Counterfactual;
use crate::tables::write_streams;

/// Where the twin is written to, in the folder of the run while that is not yet in place.
const TWIN: &str = ".twin";
/// Where the difference is written to.
pub const DIFFERENCE: &str = "counterfactual";

/// A run of which a twin is to be played.
pub struct Played<'a> {
    pub run: &'a Run,
    pub control: &'a dyn Control,
}

/// What differs between a run and its twin.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Difference {
    /// The streams in which events differ, those with the most first.
    pub streams: Vec<StreamDifference>,
    /// How many streams do not differ.
    #[serde(rename = "identical_streams")]
    pub identical: usize,
}

/// What differs in one stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StreamDifference {
    /// Its name.
    pub name: String,
    /// Its events.
    pub rows: u64,
    /// Those in the twin.
    pub twin_rows: u64,
    /// Events that differ.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Plays the twin and hands over what differs from the run whose streams the sink has written as files. The twin itself is
/// removed. Likewise, if it is asked for, with a twin without each of what was asked for.
pub fn write(
    of: &Played,
    sink: &mut dyn Sink,
    run: &RunResult,
    manifest: &Manifest,
    what: Counterfactual,
) -> Result<Difference, Error> {
    let why = Why::of(run);
    let twin = Twin {
        plan: of.run.interventions.plan.without_scenarios(),
        side: run.world.program.side_without(Without::AskedFor),
        place: DIFFERENCE.to_owned(),
        lacks: None,
    };
    let together = twin.compare(of, sink, manifest, &why)?;
    if what == Counterfactual::Each {
        for (label, one) in Label::each(&run.world.program.interventions) {
            if !one.asked_for {
                continue;
            }
            let twin = Twin {
                plan: of.run.interventions.plan.without(&one.name),
                side: run.world.program.side_without(Without::One(label)),
                // Colons are not for names of files.
                place: format!("{DIFFERENCE}/each/{}", one.name.replace(':', "")),
                lacks: Some(one.name.clone()),
            };
            twin.compare(of, sink, manifest, &why)?;
        }
    }
    Ok(together)
}

/// A run that lacks something of another one.
struct Twin {
    plan: Plan,
    /// The side of the other one that is the same, if that has been played.
    side: Option<Side>,
    /// Where the difference is written to.
    place: String,
    /// What it lacks, if that is one intervention.
    lacks: Option<String>,
}

impl Twin {
    fn compare(
        &self,
        of: &Played,
        sink: &mut dyn Sink,
        manifest: &Manifest,
        why: &Why<'_>,
    ) -> Result<Difference, Error> {
        let mut program = of.run.model.compiled.program.clone();
        self.plan.apply(&mut program)?;
        // It is read once and removed: compressing it would cost more than the room that it takes.
        let quick = Options::new(Format::Parquet, Some(Compression::None))?;
        let (folder, files) = files_of(sink)?;
        let place = folder.join(TWIN);
        let player = Player::new(program, &of.run.settings);
        let session = Session::new(player, Part::Twin, of.control);
        let mut written = Files::below(&place, quick);
        let (result, _) = write_streams(&mut written, session, manifest)?;
        let twin = Manifest {
            format: quick.format(),
            compression: quick.compression(),
            fingerprint: result.fingerprint.to_string(),
            streams: manifest::streams(&result.streams),
            files: written.into_files(),
            ..manifest.clone()
        };
        // What the twin's people have come to is of no use any more, and takes room.
        drop(result);
        let own = Manifest {
            files,
            ..manifest.clone()
        };
        let a = FinishedRun::written(&folder, own)?;
        let b = FinishedRun::written(&place, twin)?;
        let compared = Diff::compare_while(&a, &b, &|_| true, &|| !of.control.cancelled())?;
        let mut diff = compared.ok_or_else(Error::interrupted)?;
        diff.explain_by(&|stream, event| {
            let (needed, via) = why.at(self.side, stream, event);
            // The others are in both runs.
            (self.lacks.clone().unwrap_or(needed), via)
        })?;
        diff.write(sink, &self.place)?;
        fs::remove_dir_all(&place).map_err(|error| {
            Error::machine(format!("removing {} failed: {error}", place.display()))
        })?;
        Ok(difference(&diff))
    }
}

/// Where the files of the run are, and which.
///
/// # Errors
/// When the sink has none: without them there is nothing to compare a twin with.
pub fn files_of(sink: &dyn Sink) -> Result<(PathBuf, Vec<FileEntry>), Error> {
    let files = sink.files();
    let files = files.map(|so_far| (so_far.folder.to_owned(), so_far.files.to_vec()));
    files.ok_or_else(|| {
        Error::input(
            "a run is compared with its twin by its files, and this one writes none",
            "let it write files, too, or play it without a counterfactual",
        )
        .in_field("counterfactual")
    })
}

/// Why events of a run differ from those of its sides.
struct Why<'a> {
    names: &'a Names,
    streams: BTreeMap<&'a str, &'a [PartedRow]>,
    /// The sides that lack one of what was asked for, and which.
    lacking: Vec<(Side, String)>,
}

impl<'a> Why<'a> {
    fn of(run: &'a RunResult) -> Why<'a> {
        let program = &run.world.program;
        let asked_for = Label::each(&program.interventions).filter(|(_, it)| it.asked_for);
        let lacking = asked_for.filter_map(|(label, it)| {
            Some((program.side_without(Without::One(label))?, it.name.clone()))
        });
        let streams = run.streams.iter();
        let streams = streams.map(|stream| (stream.name.as_str(), stream.parted.as_slice()));
        Why {
            names: &run.world.names,
            streams: streams.collect(),
            lacking: lacking.collect(),
        }
    }

    /// Without which of what was asked for an event that differs from a side would not be as it is in the run, there or not;
    /// several with a plus between them. Where it takes none of them, since others would do as well, it is joint.
    fn at(&self, side: Option<Side>, stream: &str, event: u64) -> (String, Via) {
        let all = self.streams.get(stream).copied().unwrap_or_default();
        let versions = Versions::of(event, all);
        let same = versions.as_factual();
        let needed = self.lacking.iter().filter(|(side, _)| !same.on(*side));
        let needed: Vec<&str> = needed.map(|(_, name)| name.as_str()).collect();
        let why = match needed.is_empty() {
            true => JOINTLY.to_owned(),
            false => needed.join(" + "),
        };
        let via = match side.is_some_and(|side| versions.by_scarcity(self.names, side)) {
            true => Via::Contention,
            false => Via::Lineage,
        };
        (why, via)
    }
}

impl StreamDifference {
    pub(crate) fn of(stream: &StreamDiff) -> StreamDifference {
        StreamDifference {
            name: stream.name().to_owned(),
            rows: stream.rows(),
            twin_rows: stream.twin_rows(),
            counts: stream.counts(),
        }
    }
}

fn difference(diff: &Diff) -> Difference {
    let mut streams: Vec<StreamDifference> =
        diff.streams.iter().map(StreamDifference::of).collect();
    streams.sort_by(|x, y| {
        let most = y.counts.total().cmp(&x.counts.total());
        most.then_with(|| x.name.cmp(&y.name))
    });
    Difference {
        streams,
        identical: diff.identical.len(),
    }
}
