//! A finished run as one page of HTML, which any front can serve.

use causeflow_engine::base::time::Time;
use causeflow_outputs::Manifest;
use jiff::Timestamp;

use crate::error::{Error, Kind};
use crate::finished::Finished;
use crate::run::model_of;

mod causes;
mod charts;
mod drawing;
mod file;
mod history;
mod interventions;
mod layout;
mod page;
mod times;
mod twin;
mod window;

pub use file::write;

use causes::Graph;
use history::StreamHistory;
use interventions::Intervention;
use twin::Twin;
use window::Window;

/// All that the page tells.
struct Report<'a> {
    manifest: &'a Manifest,
    /// The whole run.
    range: Window,
    window: Window,
    streams: Vec<StreamHistory>,
    interventions: Vec<Intervention>,
    /// The causal graph, or why there is none.
    graph: Result<Graph, String>,
    twin: Twin,
}

/// What the page shows.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// From when on charts show the run; by default two days before the first scenario, or the end of the run if it has
    /// none.
    pub from: Option<Time>,
    /// How many days charts show.
    pub days: i64,
    /// The folder of the run's model, for the causal graph; a built-in model needs none.
    pub model: Option<&'a str>,
}

/// The page: one file that needs neither a network nor scripts. The same run gives the same page.
///
/// # Errors
/// When a table of the run is missing or damaged, when nothing of the run lies there, or the model that is named is not
/// the run's.
pub fn page(run: &Finished, options: Options<'_>) -> Result<String, Error> {
    page::page(&gather(run, options)?)
}

fn gather<'a>(run: &'a Finished, options: Options<'_>) -> Result<Report<'a>, Error> {
    let manifest = run.manifest();
    let time = |text: &str| {
        text.parse::<Timestamp>()
            .map_or(0, Timestamp::as_microsecond)
    };
    let range = Window {
        from: Time(time(&manifest.start)),
        to: Time(time(&manifest.end)),
    };
    let interventions = interventions::read(run)?;
    let first = interventions.iter().find(|i| i.scenario).map(|i| i.start);
    let window = Window::of(range, options.from, options.days, first)?;
    let streams = history::read(run, window)?;
    Ok(Report {
        manifest,
        range,
        window,
        twin: Twin::read(run, &streams)?,
        streams,
        interventions,
        graph: graph(run, options.model)?,
    })
}

/// The causal graph. Without the model it is left out, unless a folder was named: then that is an error.
fn graph(run: &Finished, model: Option<&str>) -> Result<Result<Graph, String>, Error> {
    match model_of(run.manifest(), model) {
        Ok(model) => causes::measured(&model, run).map(Ok),
        Err(error) if error.kind() == Kind::Input && model.is_none() => {
            let help = error.help().map(|help| format!("; {help}"));
            Ok(Err(format!(
                "{}{}",
                error.message(),
                help.unwrap_or_default()
            )))
        }
        Err(failure) => Err(failure),
    }
}
