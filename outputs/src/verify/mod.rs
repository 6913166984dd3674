//! Checks a finished run on the data itself.
//!
//! Three layers, each on the one before it: the **files** (they are there, and have the size, the digest and the number
//! of rows that the manifest says), the **rows** (columns, fingerprints, order, range, attribution), and what rows
//! **say about each other** (unique ids, causes, roots, cells, delays, outcomes, ids in fields).
//!
//! ```no_run
//! use causeflow_outputs::verify::{Known, Options, look};
//! use std::path::Path;
//!
//! # fn main() -> Result<(), causeflow_outputs::Error> {
//! if let Some(looked) = look(Path::new("out/tutoring-42"), Options::default(), &|| true)?
//!     && let Some(verdict) = looked.rows(&Known::default(), &|| true)?
//! {
//!     for (check, group) in verdict.findings.groups() {
//!         println!("{}: {}", check.what(), group.number);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Causes that are not in the files
//! Ids follow from lineage: an event's id mixes its cause's with the effect's name and an ordinal. Mixing can be taken
//! back, so each row alone tells by which effect it came, whether or not its cause was written. Where the cause's
//! stream was written, the cause must be in the run, unless it lies before the start. It can only do so if the delay
//! can be that long, and if the root of the chain is not in the run either.
//!
//! # Memory
//! Events and references are parted by the id that they are about, and each part is checked alone. What does not fit
//! [`Options::memory`] goes to a temporary file. Besides that come, for each thread, a batch of rows, a part (some
//! megabytes) and a handful of records for each part (a megabyte for each 256); the unfilled ends of what each part
//! keeps; and up to 64 bytes for each entity. None of that grows with the run up to 130 million events; beyond, the
//! parts do.

mod fields;
mod files;
mod finding;
mod follow;
mod hash;
mod histories;
mod ids;
mod join;
mod joins;
mod lines;
mod opening;
mod order;
mod records;
mod rows;
mod rules;
mod store;
mod streams;
mod tables;

pub use finding::{Check, Finding, Findings, Group};
pub use rules::{
    EffectRules, Expected, FieldRules, Gathering, GroupRules, HistoryRules, InCell, JoinRules,
    JoinedRules, KindRules, LinesRules, Making, ReferenceRules, Roots, Rules, StreamRules,
    SumRules,
};
pub use tables::Names;

use crate::error::Error;
use crate::manifest::{MANIFEST_NAME, Manifest};
use crate::read::FinishedRun;
use files::Files;
use std::collections::BTreeMap;
use std::path::Path;
use streams::Streams;

/// How a run is checked.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Only whether the files are there and have the right size and number of rows.
    pub quick: bool,
    /// Bytes of memory for what is kept of events; what does not fit goes to a temporary file.
    pub memory: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            quick: false,
            memory: 512 << 20,
        }
    }
}

/// What a verification came to.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// All that is not as it should be.
    pub findings: Findings,
    /// Number of files that the manifest lists.
    pub files: usize,
    /// Their bytes, as far as they are there.
    pub bytes: u64,
    /// Number of streams.
    pub streams: usize,
    /// Rows that were read.
    pub rows: u64,
    /// References from rows to other rows that were followed.
    pub links: u64,
    /// Ids in the fields of rows that are missing: what they would refer to is nobody.
    pub nobody: u64,
    /// Whole numbers in fields that are the least or the greatest that 32 bits hold, mostly since what was worked out lay beyond.
    pub at_bounds: u64,
    /// Entities that rows may refer to.
    pub entities: u64,
    /// Why rows were not read; nothing if they were.
    pub left_out: Option<String>,
}

/// What is known about a run besides what its files say; nothing at all is fine, too.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What its model says, bent by its interventions.
    pub rules: Option<Rules>,
    /// What its rows may be attributed to.
    pub names: Option<Names>,
}

/// A run whose files have been looked at, and whose rows may be.
pub struct Looked {
    verdict: Verdict,
    /// Nothing where its rows are not to be read, or cannot be.
    run: Option<FinishedRun>,
    /// Rows by path, of the files that are as the manifest says.
    readable: BTreeMap<String, u64>,
    memory: u64,
}

/// Looks at the files of the run in a folder on the current rayon pool. Gives up once `go_on` is false; nothing is returned
/// then.
///
/// # Errors
/// [`Error::Input`] when the folder holds no finished run that this version can read; [`Error::Io`] when the disk
/// fails. What is wrong with the run is no error: it is among the [`Verdict::findings`].
pub fn look(
    folder: &Path,
    options: Options,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Looked>, Error> {
    let (manifest, is_as_written) = Manifest::read_as_it_is(folder)?;
    let Some(Files {
        findings,
        rows,
        bytes,
    }) = files::look_at(folder, &manifest, !options.quick, go_on)?
    else {
        return Ok(None);
    };
    let mut verdict = Verdict {
        findings,
        files: manifest.files.len(),
        bytes,
        streams: manifest.streams.len(),
        rows: 0,
        links: 0,
        nobody: 0,
        at_bounds: 0,
        entities: 0,
        left_out: None,
    };
    if !is_as_written {
        verdict
            .findings
            .add(Check::Manifest, (0, 0, 0), || Finding {
                file: Some(MANIFEST_NAME.to_owned()),
                column: Some("digest".to_owned()),
                found: manifest.digest.clone(),
                expected: "the digest of the file as it is".to_owned(),
                ..Finding::default()
            });
    }
    let run = match options.quick {
        true => Err("only the files were to be looked at".to_owned()),
        false => match FinishedRun::written(folder, manifest) {
            Ok(run) => Ok(run),
            Err(Error::Input { message, .. }) => {
                Err(format!("what says which columns they have {message}"))
            }
            Err(error) => return Err(error),
        },
    };
    verdict.left_out = run.as_ref().err().cloned();
    Ok(Some(Looked {
        verdict,
        run: run.ok(),
        readable: rows,
        memory: options.memory,
    }))
}

impl Looked {
    /// The run, if its rows are to be read and can be.
    pub fn run(&self) -> Option<&FinishedRun> {
        self.run.as_ref()
    }

    /// Whether the file of a table beside the manifest is such as it says, or not there because it says so.
    pub fn is_whole(&self, run: &FinishedRun, table: &str) -> bool {
        let path = format!("{table}.{}", run.manifest().format.ending());
        let listed = run.manifest().files.iter().any(|file| file.path == path);
        !listed || self.readable.contains_key(&path)
    }

    /// Checks the rows, on the current rayon pool: with the rules of the run also against what the model says. Gives up once
    /// `go_on` is false; nothing is returned then.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk fails.
    pub fn rows(
        mut self,
        known: &Known,
        go_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Verdict>, Error> {
        let Some(run) = &self.run else {
            return Ok(Some(self.verdict));
        };
        let checked = Streams {
            run,
            known,
            memory: self.memory,
            readable: &self.readable,
            go_on,
        }
        .check(&mut self.verdict)?;
        Ok(checked.then_some(self.verdict))
    }
}
