//! The chain of causes of an event, looked up in the files of a run.

use std::collections::BTreeSet;

use causeflow_engine::program::Program;
use causeflow_outputs::{EventRow, FinishedRun};

use crate::errors::Failure;

/// An event's causes, its direct one first.
pub struct Lineage {
    pub causes: Vec<EventRow>,
    /// The cause at which the chain leaves the files; nothing if it reaches its first event.
    pub lost: Option<u64>,
}

impl Lineage {
    /// The causes of an event, of whose versions (in the files, played again) the second is believed if there is one.
    /// `runs` are where to look, in this order.
    pub fn of(
        program: &Program,
        runs: [&FinishedRun; 2],
        versions: &[Option<EventRow>; 2],
    ) -> Result<Lineage, Failure> {
        let mut lineage = Lineage {
            causes: Vec::new(),
            lost: None,
        };
        let [written, replayed] = versions;
        let mut seen = BTreeSet::new();
        let mut next = replayed.as_ref().or(written.as_ref()).cloned();
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
    runs: [&FinishedRun; 2],
    stream: &str,
    id: u64,
) -> Result<Option<EventRow>, Failure> {
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
