//! The chain of causes of an event, looked up in the files of a run.

use std::collections::BTreeSet;

use causeflow_engine::streams::program::Program;
use causeflow_outputs::EventRow;

use super::Finished;
use crate::error::Error;

/// An event's causes, its direct one first.
#[derive(Clone, Debug)]
pub struct Lineage {
    /// The causes.
    pub causes: Vec<EventRow>,
    /// The cause at which the chain leaves the files; nothing if it reaches its first event.
    pub lost: Option<u64>,
}

impl Finished {
    /// The causes of an event; `program` says which streams cause which, as [`crate::Run::of_manifest`] gives it.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn lineage(&self, program: &Program, event: &EventRow) -> Result<Lineage, Error> {
        Lineage::of(program, &[self], Some(event))
    }
}

impl Lineage {
    /// The causes of an event; `runs` are where to look, in this order.
    pub(crate) fn of(
        program: &Program,
        runs: &[&Finished],
        event: Option<&EventRow>,
    ) -> Result<Lineage, Error> {
        let mut lineage = Lineage {
            causes: Vec::new(),
            lost: None,
        };
        let mut seen = BTreeSet::new();
        let mut next = event.cloned();
        while let Some(event) = next.take() {
            let Some(cause) = event.cause_id else { break };
            // What was changed may name itself as a cause of its causes.
            let found = match seen.insert(cause) {
                true => find(program, runs, &event.stream, cause)?,
                false => None,
            };
            match found {
                Some(found) => {
                    lineage.causes.push(found.clone());
                    next = Some(found);
                }
                None => lineage.lost = Some(cause),
            }
        }
        Ok(lineage)
    }
}

/// Looks for a cause in the streams that can cause an event of this one.
fn find(
    program: &Program,
    runs: &[&Finished],
    stream: &str,
    id: u64,
) -> Result<Option<EventRow>, Error> {
    let Some(effect) = program.stream(stream) else {
        return Ok(None);
    };
    let causes = program.streams.iter();
    let causes = causes.filter(|cause| cause.all_effects().any(|one| one.stream == effect));
    for cause in causes {
        for run in runs {
            if let Some(found) = run.event(&cause.name, id)? {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}
