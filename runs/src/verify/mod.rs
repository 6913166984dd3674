//! Checks a finished run on the data itself.

use std::fs;
use std::path::Path;

use causeflow_outputs::sink::Files;
use causeflow_outputs::verify::{
    self, Check, Finding, Group, Known, Looked, Names, Rules, Verdict,
};
use causeflow_outputs::{MANIFEST_NAME, Manifest, Options, VERSIONS_NAME};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::control::Control;
use crate::error::{Advice, Error};
use crate::expected::{self, Again, Wrong};
use crate::finished::Finished;
use crate::run::{Run, Sources, folder_of};
use crate::tables::write_plan;

mod origins;
mod rules;

/// The tables that follow from what was asked for, without playing.
const PLAN_TABLES: [&str; 3] = ["external_events", "modifiers", "modifier_states"];

/// Those among them that say what rows may be attributed to.
const OF_NAMES: [&str; 2] = ["external_events", "modifiers"];

/// What needs the model.
const OF_MODEL: &str = "what the model says about columns, effects, delays, outcomes, cells and ids in fields, and what follows from the manifest";

/// How a run is checked.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// Only that the files are there and have the right size and number of rows.
    pub quick: bool,
    /// How many bytes may hold what is kept of events; what does not fit goes to a temporary file.
    pub memory: u64,
}

/// A run that has been checked.
pub struct Verification {
    /// What was found in its files.
    pub verdict: Verdict,
    /// Why the model could not be used, if it could not.
    pub without_model: Option<Error>,
    quick: bool,
}

/// What a verification came to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Verified {
    /// Whether nothing is wrong, and all was checked that was asked for.
    pub ok: bool,
    /// The folder.
    pub out: String,
    /// Files that were checked.
    pub files: usize,
    /// Their size.
    pub bytes: u64,
    /// Streams that were checked.
    pub streams: usize,
    /// Rows that were checked.
    pub rows: u64,
    /// Links between them.
    pub links: u64,
    /// Links to nobody.
    pub links_to_nobody: u64,
    /// Whole numbers at the bounds of 32 bits.
    pub whole_numbers_at_bounds: u64,
    /// Entities that were checked.
    pub entities: u64,
    /// What was not checked.
    pub not_checked: Vec<NotChecked>,
    /// What was found, by check.
    pub findings: Vec<Findings>,
}

/// Something that was not checked.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NotChecked {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What one check found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Findings {
    /// The check.
    pub check: String,
    /// How much it found.
    pub number: u64,
    /// What to do about it.
    pub help: String,
    /// The first of it.
    pub first: Vec<Found>,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Found {
    /// The file.
    pub file: Option<String>,
    /// The row in it, from 0.
    pub row: Option<u64>,
    /// The stream or table.
    pub table: Option<String>,
    /// The id of the event or entity.
    pub id: Option<String>,
    /// The column, or the place in the manifest.
    pub column: Option<String>,
    /// What is there.
    pub found: String,
    /// What should be there.
    pub expected: String,
    /// What can be asked for to look again, if something can.
    #[serde(skip)]
    pub advice: Option<Advice>,
}

/// Checks the run in a folder, or a version of a part of one, on the threads of the current rayon pool. Without the run's
/// model, what needs it is left out, unless a source was given that does not fit.
///
/// # Errors
/// When there is no run, when a source is not that of the run, and when it is cancelled.
pub fn check(
    place: &Path,
    sources: Sources<'_>,
    how: How,
    control: &dyn Control,
) -> Result<Verification, Error> {
    let folder = folder_of(place);
    let (manifest, _) = Manifest::read_as_it_is(place)?;
    let run = match Run::of_manifest(&manifest, sources) {
        Ok(run) => Ok(run),
        // What was given must fit; what was not is not needed for the other checks.
        Err(error) if sources.are_given() => return Err(error),
        Err(error) => Err(error),
    };
    let options = verify::Options {
        quick: how.quick,
        memory: how.memory,
    };
    let go_on = || !control.cancelled();
    let looked = verify::look(folder, options, &go_on)?.ok_or_else(Error::interrupted)?;
    let known = Known {
        rules: run.as_ref().ok().and_then(|run| rules_of(run, &manifest)),
        names: names(&looked)?,
    };
    let verdict = looked.rows(&known, &go_on)?;
    let mut verdict = verdict.ok_or_else(Error::interrupted)?;
    if !how.quick {
        let mut wrong = expected::of_statistics(folder, &manifest);
        if let Ok(run) = &run {
            wrong.extend(following(folder, &manifest, run)?);
        }
        for (check, finding) in wrong {
            verdict.findings.note(check, finding);
        }
    }
    Ok(Verification {
        verdict,
        without_model: run.err(),
        quick: how.quick,
    })
}

impl Verification {
    /// Whether nothing is wrong, and all was checked that was asked for.
    pub fn is_well(&self) -> bool {
        self.verdict.findings.is_empty() && (self.quick || self.left_out(Advice::words).is_empty())
    }

    /// Fails if it is not.
    ///
    /// # Errors
    /// Of the kind [`Difference`](crate::Kind::Difference).
    pub fn check(&self) -> Result<(), Error> {
        match (self.is_well(), self.verdict.findings.number()) {
            (true, _) => Ok(()),
            (false, 0) => Err(Error::difference("not all was checked")),
            (false, wrong) => Err(Error::difference(format!("{wrong} things are wrong"))),
        }
    }

    /// What was not checked, and why; with what can be asked for in the words of a front.
    pub fn left_out(&self, words: fn(Advice) -> &'static str) -> Vec<NotChecked> {
        let left_out = match (&self.verdict.left_out, &self.without_model) {
            (Some(why), _) => Some(("the rows", why.clone())),
            (None, Some(why)) => Some((OF_MODEL, why.in_words(words))),
            (None, None) => None,
        };
        let left_out = left_out.map(|(what, why)| NotChecked {
            what: what.to_owned(),
            why,
        });
        left_out.into_iter().collect()
    }

    /// What it came to, in the words of a front; `place` is the folder that was checked.
    pub fn outcome(&self, place: &Path, words: fn(Advice) -> &'static str) -> Verified {
        let verdict = &self.verdict;
        Verified {
            ok: self.is_well(),
            out: place.display().to_string(),
            files: verdict.files,
            bytes: verdict.bytes,
            streams: verdict.streams,
            rows: verdict.rows,
            links: verdict.links,
            links_to_nobody: verdict.nobody,
            whole_numbers_at_bounds: verdict.at_bounds,
            entities: verdict.entities,
            not_checked: self.left_out(words),
            findings: verdict.findings.groups().map(Findings::of).collect(),
        }
    }
}

impl Findings {
    fn of((check, group): (Check, &Group)) -> Findings {
        Findings {
            check: check.name().to_owned(),
            number: group.number,
            help: check.help().to_owned(),
            first: group.first().map(Found::of).collect(),
        }
    }
}

impl Found {
    /// What a check found.
    pub fn of(finding: &Finding) -> Found {
        Found {
            file: finding.file.clone(),
            row: finding.row,
            table: finding.table.clone(),
            id: finding.id.map(|id| id.to_string()),
            column: finding.column.clone(),
            found: finding.found.clone(),
            expected: finding.expected.clone(),
            advice: finding.advice,
        }
    }
}

/// What the model says about the rows of a run.
fn rules_of(run: &Run, manifest: &Manifest) -> Option<Rules> {
    let streams = manifest.streams.iter();
    let names: Vec<&str> = streams.map(|stream| stream.name.as_str()).collect();
    // A version of a part begins where its run does, and is written from later on.
    let begin = (run.settings.start, run.settings.scale);
    rules::of(&run.program, &names, begin)
}

/// What rows may be attributed to: the scenarios of the manifest, and the external events with an impact. Nothing where the
/// tables of these are damaged.
fn names(looked: &Looked) -> Result<Option<Names>, Error> {
    let Some(run) = looked.run() else {
        return Ok(None);
    };
    if !OF_NAMES.iter().all(|table| looked.is_whole(run, table)) {
        return Ok(None);
    }
    let run = Finished::from(run.clone());
    let mut names = Names::default();
    for scenario in &run.manifest().scenarios {
        if let Ok(start) = scenario.start.parse::<Timestamp>() {
            names.add(scenario.attribution.clone(), start.as_microsecond());
        }
    }
    for event in run.external_events()? {
        if let Some(attribution) = event.attribution {
            names.add(attribution, event.time.0);
        }
    }
    for modifier in run.modifiers()? {
        names.add(modifier.intervention, modifier.start.0);
    }
    Ok(Some(names))
}

/// What the manifest and the tables of what intervened say otherwise than what was asked for.
fn following(folder: &Path, manifest: &Manifest, run: &Run) -> Result<Vec<Wrong>, Error> {
    let mut wrong = expected::of_manifest(manifest, &run.sources(manifest))?;
    wrong.extend(version_name(folder, manifest));
    let place = expected::temporary()?;
    let options = Options::new(manifest.format, Some(manifest.compression))?;
    let mut files = Files::below(place.path(), options);
    write_plan(&mut files, &run.interventions)?;
    let again = Again {
        folder: place.path(),
        files: &files.into_files(),
        same_program: expected::is_of_this_program(manifest),
    };
    let ours = |path: &str| {
        PLAN_TABLES.iter().any(|name| {
            path.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('.'))
        })
    };
    wrong.extend(again.compare(folder, manifest, &ours)?);
    Ok(wrong)
}

/// A version lies in the folder that its name says.
fn version_name(folder: &Path, manifest: &Manifest) -> Option<Wrong> {
    let name = &manifest.version.as_ref()?.name;
    let folder = fs::canonicalize(folder).ok()?;
    let above = folder.parent()?.file_name()?;
    let found = folder.file_name()?.to_str()?;
    (above == VERSIONS_NAME && found != name).then(|| {
        let finding = Finding {
            file: Some(MANIFEST_NAME.to_owned()),
            column: Some("version.name".to_owned()),
            found: name.clone(),
            expected: format!("{found}, as its folder"),
            ..Finding::default()
        };
        (Check::Manifest, finding)
    })
}
