//! When which intervention acts on which streams.

use causeflow_engine::base::head::JOINTLY;

use crate::error::Error;
use crate::finished::{Finished, Modifier};

/// The holds of some interventions.
#[derive(Default)]
pub struct Reach(Vec<Modifier>);

impl Reach {
    /// Those of a finished run that another one does not have.
    pub fn only_in(run: &Finished, other: &Finished) -> Result<Reach, Error> {
        let (mut own, theirs) = (run.modifiers()?, other.modifiers()?);
        own.retain(|hold| {
            let mut theirs = theirs.iter();
            theirs.all(|other| other.intervention != hold.intervention)
        });
        Ok(Reach(own))
    }

    /// Whether it is one of these interventions, or several of which one is.
    pub fn has(&self, name: &str) -> bool {
        name == JOINTLY || self.0.iter().any(|hold| hold.intervention == name)
    }

    /// Who acts at a time, rather on this stream than on another.
    pub fn at(&self, stream: &str, time_us: i64) -> Option<&str> {
        let acts = |hold: &&Modifier| hold.start.0 <= time_us && time_us < hold.settled.0;
        let mut acting = self.0.iter().filter(acts);
        let on_it = acting.clone().find(|hold| hold.stream() == stream);
        on_it
            .or(acting.next())
            .map(|hold| hold.intervention.as_str())
    }
}
