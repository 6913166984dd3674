//! `causeflow serve`: a session on a clock, to look at and to steer.

use std::time::{SystemTime, UNIX_EPOCH};

use causeflow_engine::base::time::{Span, Time};
use causeflow_models::duration;
use causeflow_runs::live::{Header, Live, Written, made_from};
use causeflow_runs::{RunSpec, default_out};
#[cfg(feature = "otlp")]
use causeflow_server::Traces;
use causeflow_server::{Access, Limits, Options, serve};
#[cfg(feature = "otlp")]
use tracing_subscriber::Layer;

use crate::args::ServeArgs;
use crate::control::Front;
use crate::errors::Failure;
use crate::log::{self, LogLevel};
use crate::output::{instant, say};

/// Runs the command.
pub fn run(args: &ServeArgs) -> Result<(), Failure> {
    let level = match args.quiet {
        true => args.log_level.min(LogLevel::Warn),
        false => args.log_level,
    };
    #[cfg(feature = "otlp")]
    let traces = args.otlp.as_deref().map(Traces::to).transpose()?;
    #[cfg(feature = "otlp")]
    let spans = traces.as_ref().map(|traces| traces.layer().boxed());
    #[cfg(not(feature = "otlp"))]
    let spans = None;
    log::begin(args.log, level, spans);
    let front = Front { quiet: args.quiet };
    let plain = default_out(&args.model, args.seed);
    let name = plain
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let folder = plain.with_file_name(format!("live-{}", name.unwrap_or_default()));
    let folder = args.dir.clone().unwrap_or(folder);
    let options = Options {
        listen: args.listen,
        speed: args.speed,
        paused: args.paused,
        connections: args.connections,
        access: Access {
            read_token: token("CAUSEFLOW_READ_TOKEN"),
            steer_token: token("CAUSEFLOW_STEER_TOKEN"),
            hosts: args.host_name.clone(),
            origins: args.allow_origin.clone(),
        },
        limits: Limits {
            requests: args.limit_requests,
            commands: args.limit_commands,
            messages: args.limit_messages,
        },
    };
    options.check()?;
    let live = match &args.journal {
        Some(path) => Live::open_written(&folder, &Written::read(path)?, &front)?,
        None => Live::open(&folder, asked(args, &folder)?, &[], &front)?,
    };
    let live = match &args.baseline {
        Some(baseline) => live.scored_against(baseline)?,
        None => live,
    };
    let (at, quiet) = (live.given_out(), args.quiet);
    serve(live, options, |address| {
        if !quiet {
            say(&format!(
                "live at http://{address}/admin, from {} on; the session lies in {}",
                instant(at),
                folder.display()
            ));
        }
    })?;
    Ok(())
}

fn token(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|token| !token.is_empty())
}

/// What the session is made from.
fn asked(args: &ServeArgs, folder: &std::path::Path) -> Result<Header, Failure> {
    let there = made_from(folder)?;
    let spec = RunSpec {
        seed: args.seed,
        parameters: args.set.given(),
        start: args.start.clone(),
        scale: args.scale,
        timeline: !args.no_timeline,
        scenario_folder: args.scenarios.clone(),
        ..RunSpec::of(&args.model)
    };
    let mut header = Header::of(spec);
    match (&args.from, there) {
        // What "so long ago" meant was found out when the session began.
        (Some(_), Some(there)) => {
            header.spec.start = there.spec.start;
            header.live_from = there.live_from;
        }
        (Some(from), None) => {
            let now = now();
            let back = from.strip_prefix('-').unwrap_or(from);
            let back = duration(back)
                .ok()
                .filter(|back| *back > Span(0))
                .ok_or_else(|| {
                    Failure::input(
                        format!("--from {from} is no span before now"),
                        "write one such as -30d",
                    )
                })?;
            header.spec.start = instant((now - back).floor_to(Span::DAY));
            header.live_from = Some(instant(now));
        }
        (None, _) => {}
    }
    Ok(header)
}

/// What the clock on the wall shows, once: it is kept in the journal.
#[allow(
    clippy::disallowed_methods,
    reason = "the time at which a session begins is asked for, and written down"
)]
fn now() -> Time {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Time(since.as_micros() as i64).floor_to(Span::SECOND)
}
