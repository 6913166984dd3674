//! `causeflow verify`: checks a finished run on the data itself.

use std::fs;
use std::path::Path;

use causeflow_outputs::verify::{self, Check, Finding, verify};
use causeflow_outputs::{MANIFEST_NAME, Manifest, Options, VERSIONS_NAME};

use crate::args::VerifyArgs;
use crate::errors::Failure;
use crate::expected::{self, Again, Wrong};
use crate::folder::write_plan;
use crate::interrupt;
use crate::progress::Clock;
use crate::recipe::{Recipe, folder_of};

use super::run::pool;

mod report;

use report::Report;
pub use report::{as_json, place};

/// The tables that follow from what was asked for, without playing.
const PLAN_TABLES: [&str; 3] = ["external_events", "modifiers", "modifier_states"];

const MEGABYTE: u64 = 1 << 20;

/// Runs the command.
pub fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let folder = folder_of(&args.out);
    let (manifest, _) = Manifest::read_as_it_is(&args.out)?;
    let sources = args.sources.sources();
    let recipe = match Recipe::of(&manifest, sources) {
        Ok(recipe) => Ok(recipe),
        // What was given must fit; what was not is not needed for the other checks.
        Err(failure) if sources.are_given() => return Err(failure),
        Err(failure) => Err(failure.reason()),
    };
    let pool = pool(args.threads)?;
    interrupt::listen()?;
    let clock = Clock::start();
    let options = verify::Options {
        quick: args.quick,
        memory: args.memory * MEGABYTE,
    };
    let program = recipe.as_ref().ok().map(|recipe| &recipe.program);
    let verdict = pool.install(|| verify(folder, program, options, &|| !interrupt::asked()))?;
    let mut verdict = verdict.ok_or(Failure::Interrupted)?;
    if let (Ok(recipe), false) = (&recipe, args.quick) {
        for (check, finding) in following(folder, &manifest, recipe)? {
            verdict.findings.note(check, finding);
        }
    }
    let report = Report {
        args,
        verdict: &verdict,
        without_model: recipe.as_ref().err(),
        clock,
    };
    match args.json {
        true => report.print_json()?,
        false => report.print()?,
    }
    match report.is_well() {
        true => Ok(()),
        false => Err(Failure::Differ),
    }
}

/// What the manifest and the tables of what intervened say otherwise than what was asked for.
fn following(folder: &Path, manifest: &Manifest, recipe: &Recipe) -> Result<Vec<Wrong>, Failure> {
    let mut wrong = expected::of_manifest(manifest, &recipe.sources(manifest))?;
    wrong.extend(version_name(folder, manifest));
    let place = expected::temporary()?;
    let options = Options::new(manifest.format, Some(manifest.compression))?;
    let mut files = Vec::new();
    write_plan(place.path(), &recipe.interventions, options, &mut files)?;
    let again = Again {
        folder: place.path(),
        files: &files,
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
