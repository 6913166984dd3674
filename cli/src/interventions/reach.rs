//! When which intervention acts on which streams.

use causeflow_engine::program::JOINTLY;
use causeflow_engine::time::Time;
use causeflow_outputs::diff::FinishedRun;

use crate::errors::Failure;

/// An intervention's hold on one stream, for some time.
struct Hold {
    name: String,
    stream: String,
    from: Time,
    until: Time,
}

/// The holds of some interventions.
#[derive(Default)]
pub struct Reach(Vec<Hold>);

impl Reach {
    /// Those of a finished run that another one does not have.
    pub fn only_in(run: &FinishedRun, other: &FinishedRun) -> Result<Reach, Failure> {
        let (mut own, theirs) = (Reach::of(run)?, Reach::of(other)?);
        own.0
            .retain(|hold| theirs.0.iter().all(|other| other.name != hold.name));
        Ok(own)
    }

    fn of(run: &FinishedRun) -> Result<Reach, Failure> {
        let Some(table) = run.table("modifiers")? else {
            return Ok(Reach::default());
        };
        let names = table.texts("intervention")?.into_iter();
        let addresses = table.texts("address")?;
        let (from, until) = (table.times("start")?, table.times("settled")?);
        let rows = names.zip(addresses).zip(from).zip(until);
        let hold = |(((name, address), from), until): (((_, Option<String>), _), _)| {
            let address: String = address?;
            let stream = address.split('/').next().unwrap_or_default();
            Some(Hold {
                name: name?,
                stream: stream.to_owned(),
                from: Time(from?),
                until: Time(until?),
            })
        };
        Ok(Reach(rows.filter_map(hold).collect()))
    }

    /// Whether it is one of these interventions, or several of which one is.
    pub fn has(&self, name: &str) -> bool {
        name == JOINTLY || self.0.iter().any(|hold| hold.name == name)
    }

    /// Who acts at a time, rather on this stream than on another.
    pub fn at(&self, stream: &str, time_us: i64) -> Option<&str> {
        let acts = |hold: &&Hold| hold.from.0 <= time_us && time_us < hold.until.0;
        let mut acting = self.0.iter().filter(acts);
        let on_it = acting.clone().find(|hold| hold.stream == stream);
        on_it.or(acting.next()).map(|hold| hold.name.as_str())
    }
}
