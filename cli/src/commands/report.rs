//! `causeflow report`: a finished run as one page.

use std::path::Path;

use causeflow_engine::calendar::Zone;
use causeflow_engine::time::Time;
use causeflow_outputs::{FinishedRun, Manifest};
use jiff::Timestamp;

use crate::args::ReportArgs;
use crate::errors::Failure;
use crate::output::{bytes, print, say};
use crate::recipe::model_of;
use crate::settings::instant_of;

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

/// Runs the command.
pub fn run(args: &ReportArgs) -> Result<(), Failure> {
    let from = args.from.as_ref();
    let from = from
        .map(|text| instant_of("--from", text, &Zone::utc()))
        .transpose()?;
    let run = FinishedRun::open(&args.out)?;
    let page = page::page(&gather(&run, args, from)?)?;
    if args.output == Path::new("-") {
        return print(&page);
    }
    file::write(&args.output, &args.out, &page, args.force)?;
    let size = bytes(page.len() as f64);
    say(&format!("{}: {size}", args.output.display()));
    Ok(())
}

fn gather<'a>(
    run: &'a FinishedRun,
    args: &ReportArgs,
    from: Option<Time>,
) -> Result<Report<'a>, Failure> {
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
    let window = Window::of(range, from, args.days, first)?;
    let streams = history::read(run, window)?;
    Ok(Report {
        manifest,
        range,
        window,
        twin: Twin::read(run, &streams)?,
        streams,
        interventions,
        graph: graph(run, args.model.as_deref())?,
    })
}

/// The causal graph. Without the model it is left out, unless a folder was named: then that is an error.
fn graph(run: &FinishedRun, model: Option<&str>) -> Result<Result<Graph, String>, Failure> {
    match model_of(run.manifest(), model) {
        Ok(model) => causes::measured(&model, run).map(Ok),
        Err(Failure::Input(message, help)) if model.is_none() => {
            let help = help.map(|help| format!("; {help}")).unwrap_or_default();
            Ok(Err(format!("{message}{help}")))
        }
        Err(failure) => Err(failure),
    }
}
