//! What a run is scored against, and statistics as JSON.

use std::path::Path;

use causeflow_baselines::{Baseline, Class, Expected, Resolution, intervals};
use causeflow_engine::STREAM_STABILITY_VERSION;
use causeflow_engine::program::Program;
use causeflow_engine::world::Settings;
use causeflow_models::Model;
use causeflow_outputs::{BaselineEntry, BaselineManifest, FinishedBaseline, SmallTable};

use crate::errors::Failure;
use crate::model::digest;

pub mod statistics_json;

/// A baseline that was made before.
pub struct Reference {
    pub baseline: Baseline,
    entry: BaselineEntry,
}

impl Reference {
    /// Opens the baseline that is asked for, if one is, and checks that it fits the run.
    pub fn asked_for(
        folder: Option<&Path>,
        model: &Model,
        settings: &Settings,
    ) -> Result<Option<Reference>, Failure> {
        folder
            .map(|folder| Reference::open(folder, model, settings))
            .transpose()
    }

    fn open(folder: &Path, model: &Model, settings: &Settings) -> Result<Reference, Failure> {
        let found = FinishedBaseline::open(folder)?;
        let program = &model.compiled.program;
        let misfit = misfit(found.manifest(), &digest(&model.files), program, settings);
        let baseline = match misfit {
            None => read(&found.table("statistics")?)?,
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

fn refused(folder: &Path, misfit: &str) -> Failure {
    Failure::input(
        format!("--baseline {}: {misfit}", folder.display()),
        "make one with `causeflow baseline` from the same model, at the same scale, over at least a week",
    )
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
                "the model {} has been changed since it was made",
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
    let wanted = |index: u16| {
        settings
            .streams
            .as_ref()
            .is_none_or(|list| list.contains(&index))
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
        for (_, stream) in (0..)
            .zip(&program.streams)
            .filter(|(index, _)| wanted(*index))
        {
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

/// Reads what a table of statistics expects.
pub fn read(table: &SmallTable) -> Result<Baseline, Failure> {
    let (streams, resolutions) = (table.texts("stream")?, table.texts("resolution")?);
    let (classes, means) = (table.texts("class")?, table.numbers("mean")?);
    let sigmas = table.numbers("sigma")?;
    let named: Vec<(Resolution, Class, String)> = Resolution::ALL
        .into_iter()
        .flat_map(|r| Class::all(r).map(move |class| (r, class, class.name(r))))
        .collect();
    let mut baseline = Baseline::default();
    for row in 0..table.rows() {
        let (Some(stream), Some(mean), Some(sigma)) = (&streams[row], means[row], sigmas[row])
        else {
            continue;
        };
        let of = |(resolution, _, name): &&(Resolution, Class, String)| {
            resolutions[row].as_deref() == Some(resolution.name())
                && classes[row].as_ref() == Some(name)
        };
        if let Some((resolution, class, _)) = named.iter().find(of) {
            baseline.insert(stream, *resolution, *class, Expected { mean, sigma });
        }
    }
    Ok(baseline)
}
