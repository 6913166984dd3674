//! What a run is scored against.

use std::path::Path;

use causeflow_baselines::{Baseline, Class, Resolution, intervals};
use causeflow_engine::STREAM_STABILITY_VERSION;
use causeflow_engine::streams::program::{Program, StreamId};
use causeflow_engine::streams::world::Settings;
use causeflow_models::Model;
use causeflow_outputs::{BaselineEntry, BaselineManifest, FinishedBaseline};

use crate::error::{Advice, Error};
use crate::finished::{self, Statistic};
use crate::model::digest_of;

/// A baseline that was made before.
pub struct Reference {
    /// What it expects.
    pub baseline: Baseline,
    entry: BaselineEntry,
}

impl Reference {
    /// Opens the baseline that is asked for, if one is, and checks that it fits the run.
    pub(crate) fn asked_for(
        folder: Option<&Path>,
        model: &Model,
        settings: &Settings,
    ) -> Result<Option<Reference>, Error> {
        folder
            .map(|folder| Reference::open(folder, model, settings))
            .transpose()
    }

    fn open(folder: &Path, model: &Model, settings: &Settings) -> Result<Reference, Error> {
        let found = FinishedBaseline::open(folder)?;
        let program = &model.compiled.program;
        let misfit = misfit(found.manifest(), &digest_of(model), program, settings);
        let baseline = match misfit {
            None => finished::baseline(&Statistic::read(folder)?),
            Some(misfit) => return Err(refused(folder, &misfit)),
        };
        if let Some(unknown) = unknown(&baseline, program, settings) {
            return Err(refused(folder, &unknown));
        }
        let manifest = found.manifest();
        let mut files = manifest.files.iter();
        let statistics = files.find(|file| file.path == "statistics.parquet");
        Ok(Reference {
            baseline,
            entry: BaselineEntry {
                seeds: manifest.seeds.clone(),
                digest: statistics
                    .map(|file| file.digest.clone())
                    .unwrap_or_default(),
            },
        })
    }

    /// For the manifest of the run.
    pub fn entry(&self) -> BaselineEntry {
        self.entry.clone()
    }
}

fn refused(folder: &Path, misfit: &str) -> Error {
    Error::input(
        format!("{}: {misfit}", folder.display()),
        "give one of the same model, at the same scale, over at least a week",
    )
    .advising(&[Advice::MakeBaseline])
    .in_field("baseline")
}

/// Why a baseline says nothing about a run, if it does not.
fn misfit(
    baseline: &BaselineManifest,
    digest: &str,
    program: &Program,
    settings: &Settings,
) -> Option<String> {
    if baseline.stream_stability_version != STREAM_STABILITY_VERSION {
        return Some(format!(
            "it was made with version {} of generated values, and this program makes version {STREAM_STABILITY_VERSION}",
            baseline.stream_stability_version
        ));
    }
    if baseline.model.digest != digest {
        return Some(match baseline.model.name == program.name {
            true => format!(
                "the model {} has been changed since it was made, or has other values of its parameters",
                program.name
            ),
            false => format!(
                "it is of the model {}, and the run is of {}",
                baseline.model.name, program.name
            ),
        });
    }
    if baseline.scale != settings.scale {
        return Some(format!(
            "it was made at scale {}, and the run is at scale {}",
            baseline.scale, settings.scale
        ));
    }
    None
}

/// A class of the run's intervals that a baseline does not know, if there is one.
fn unknown(baseline: &Baseline, program: &Program, settings: &Settings) -> Option<String> {
    let wanted = |id: StreamId| {
        let list = settings.streams.as_ref();
        list.is_none_or(|list| list.contains(&id))
    };
    let range = settings.start..settings.end;
    for resolution in Resolution::ALL {
        let mut classes: Vec<Class> = intervals(&program.zone, program.weekend, &range, resolution)
            .iter()
            .filter(|interval| interval.whole)
            .map(|interval| interval.class)
            .collect();
        classes.sort_unstable();
        classes.dedup();
        let streams = StreamId::each(&program.streams);
        for (_, stream) in streams.filter(|(id, _)| wanted(*id)) {
            let known = |class: &Class| {
                baseline
                    .expected(&stream.name, resolution, *class)
                    .is_some()
            };
            if let Some(class) = classes.iter().find(|class| !known(class)) {
                return Some(format!(
                    "it says nothing about {} in intervals of the class `{}` ({})",
                    stream.name,
                    class.name(resolution),
                    resolution.name()
                ));
            }
        }
    }
    None
}
