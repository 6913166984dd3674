//! A version of a part of a run, with something put into the past.

use std::ops::Range;
use std::path::{Path, PathBuf};

use causeflow_baselines::Baseline;
use causeflow_engine::base::time::Time;
use causeflow_engine::streams::play::Player;
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::world::Settings;
use causeflow_outputs::sink::{Files, Sink};
use causeflow_outputs::{MANIFEST_NAME, Manifest, Options, RunFolder, VersionEntry};
use causeflow_scenarios::{Clock, Request};
use schemars::JsonSchema;
use serde::Serialize;

use crate::control::{Control, Part, check};
use crate::error::{Advice, Error};
use crate::finished::{self, Finished};
use crate::history::Scoring;
use crate::interventions::{Interventions, gathered, parse, tell_doubts, warn, when};
use crate::job::stream_entries;
use crate::numbers::instant;
use crate::opening::{self, Entities};
use crate::run::{Run, Sources};
use crate::session::Session;
use crate::tables::{tell_what_was_kept, write_streams, write_tables};
use crate::{snapshots, versions};

/// What is to be put into the past of a finished run. Times are written as in a [`crate::RunSpec`], or `end`.
#[derive(Clone, Debug, Default)]
pub struct Amendment {
    /// The folder of the run.
    pub out: PathBuf,
    /// The beginning of the window.
    pub from: String,
    /// Its end.
    pub to: String,
    /// Until when to play on after it, to show what reaches across its end.
    pub until: Option<String>,
    /// Scenarios to be started in the window.
    pub scenarios: Vec<String>,
    /// External events that are to happen in it.
    pub events: Vec<String>,
    /// The version's name; v1, v2 and so on by default.
    pub name: Option<String>,
    /// Whether it may replace a version of that name.
    pub replace: bool,
}

/// A version that is to be made.
pub struct Regeneration<'a> {
    asked: &'a Amendment,
    /// That of the run.
    manifest: Manifest,
    /// Its name.
    name: String,
    /// The run's, but that it ends where the version does.
    settings: Settings,
    interventions: Interventions,
    program: Program,
    window: Range<Time>,
    /// From when on something acts that the run has not had.
    acts_from: Time,
    /// How many scenarios the run has had.
    scenarios: usize,
}

/// A version that has been made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Regenerated {
    /// Its name.
    pub version: String,
    /// Where it lies.
    pub folder: String,
    /// Its manifest.
    pub manifest: String,
    /// Its first instant, RFC 3339 in UTC.
    pub start: String,
    /// The first instant after it.
    pub end: String,
    /// The snapshot that it began at; missing if that was the beginning of the run.
    pub snapshot: Option<String>,
    /// Events that it has.
    pub rows: u64,
    /// Seconds of the wall clock that it took.
    pub elapsed_seconds: f64,
    /// A digest over its rows.
    pub fingerprint: String,
    /// Its streams.
    #[serde(skip)]
    pub streams: usize,
    /// Its files.
    #[serde(skip)]
    pub files: usize,
}

impl Regenerated {
    /// The same with how long it took, which only whoever looks at the clock knows.
    pub fn took(self, elapsed_seconds: f64) -> Regenerated {
        Regenerated {
            elapsed_seconds,
            ..self
        }
    }
}

impl<'a> Regeneration<'a> {
    /// Checks all that can be checked before anything is played.
    ///
    /// # Errors
    /// When something of what is asked for cannot be done, or the run is not what its manifest says.
    pub fn of(
        asked: &'a Amendment,
        sources: Sources<'_>,
        control: &dyn Control,
    ) -> Result<Regeneration<'a>, Error> {
        let manifest = Manifest::read(&asked.out)?;
        if let Some(version) = &manifest.version {
            return Err(Error::input(
                format!(
                    "{} holds the version `{}` of a run",
                    asked.out.display(),
                    version.name
                ),
                "give the folder of the run itself",
            ));
        }
        let name = asked.name.clone();
        let name = name.unwrap_or_else(|| versions::free_name(&asked.out));
        versions::check_name(&name)?;
        let recipe = Run::of_manifest(&manifest, sources)?;
        let clock = Clock::new(&recipe.program, recipe.settings.start);
        let (window, until) = times(asked, &recipe.settings, &clock)?;
        let request = request(asked, &clock)?;
        let (model, mut settings) = (recipe.model, recipe.settings);
        let (had, scenarios) = (
            recipe.interventions.plan.interventions().len(),
            recipe.interventions.activations.len(),
        );
        let base = &model.compiled.program;
        let (seed, interventions) = (settings.seed, recipe.interventions);
        let interventions = interventions.amended(base, seed, request, window.clone(), until)?;
        let times = [&asked.from, &asked.to].into_iter().chain(&asked.until);
        tell_doubts(&clock, times.map(String::as_str), control);
        tell_doubts(&clock, when(&asked.scenarios), control);
        let (library, plan) = (&interventions.library, &interventions.plan);
        warn(library, plan, &manifest.model.name, control);
        settings.end = until;
        opening::check(&model.compiled.program, window.start, "from")?;
        let new = interventions.plan.interventions()[had..].iter();
        let starts = new
            .flat_map(|one| &one.modifiers)
            .map(|(_, m)| m.envelope.start);
        Ok(Regeneration {
            acts_from: starts.min().unwrap_or(until),
            program: interventions.bend(base)?,
            asked,
            manifest,
            name,
            settings,
            interventions,
            window,
            scenarios,
        })
    }

    /// Plays the window into the version's folder. What goes wrong leaves nothing behind.
    ///
    /// # Errors
    /// When there is a version of that name already, when it is cancelled, and what playing and writing fail with.
    pub fn make(&self, control: &dyn Control) -> Result<Regenerated, Error> {
        let place = self.place();
        let folder = RunFolder::create(&place, self.asked.replace).map_err(|error| {
            // A version has its place by its name.
            Error::from(error).advising_instead(Advice::OtherFolder, Advice::OtherName)
        })?;
        let options = Options::new(self.manifest.format, Some(self.manifest.compression))?;
        let (player, began) = self.begin()?;
        let session = Session::new(player, Part::Run, control);
        let mut files = Files::staged(folder, options);
        let (mut result, opening) = write_streams(&mut files, session, &self.manifest)?;
        let own = self.baseline()?;
        let scoring = Scoring {
            baseline: own.as_ref(),
            of: &self.entries(Entities::default()),
        };
        let entities = write_tables(
            &mut files,
            (&mut result, &opening),
            &self.interventions,
            scoring,
        )?;
        let manifest = Manifest {
            fingerprint: result.fingerprint.to_string(),
            streams: stream_entries(&result.streams),
            ..self.entries(entities)
        };
        files.prepare(&manifest)?;
        check(control)?;
        files.finish()?;
        tell_what_was_kept(files.placed(), control);
        Ok(Regenerated {
            version: self.name.clone(),
            folder: place.display().to_string(),
            manifest: place.join(MANIFEST_NAME).display().to_string(),
            start: manifest.start,
            end: manifest.end,
            snapshot: began.map(instant),
            rows: manifest.streams.iter().map(|stream| stream.rows).sum(),
            elapsed_seconds: 0.0,
            fingerprint: manifest.fingerprint,
            streams: manifest.streams.len(),
            files: files.into_files().len(),
        })
    }

    fn place(&self) -> PathBuf {
        versions::place(self.out(), &self.name)
    }

    /// The folder of the run.
    fn out(&self) -> &Path {
        &self.asked.out
    }

    /// The run at the last snapshot before anything is new, or at its beginning.
    fn begin(&self) -> Result<(Player, Option<Time>), Error> {
        let fits = |&time: &Time| time <= self.window.start.min(self.acts_from);
        let snapshot = snapshots::times(&self.manifest)
            .into_iter()
            .rev()
            .find(fits);
        let program = self.program.clone();
        let player = match snapshot {
            None => Ok(Player::new(program, &self.settings)),
            Some(time) => {
                let snapshot = snapshots::read(&self.asked.out, time)?;
                Player::resume(program, &self.settings, &snapshot)
            }
        };
        let begun = player.and_then(|mut player| {
            player.write_from(self.window.start)?;
            Ok(player)
        });
        let begun = begun.map_err(|error| {
            Error::input(
                format!("{} cannot be gone on with: {error}", self.out().display()),
                "play the run again",
            )
        })?;
        Ok((begun, snapshot))
    }

    /// What was usual in the run: a window of it alone says little about that.
    fn baseline(&self) -> Result<Option<Baseline>, Error> {
        let statistics = Finished::open(self.out())?.statistics()?;
        Ok(statistics.map(|statistics| finished::baseline(&statistics)))
    }

    /// What the version says about itself, but for its streams.
    fn entries(&self, entities: Entities) -> Manifest {
        let scenarios = self.interventions.scenario_entries();
        let mut events = self.interventions.event_entries();
        events.retain(|event| !self.manifest.events.contains(event));
        Manifest {
            start: instant(self.window.start),
            end: instant(self.settings.end),
            version: Some(VersionEntry {
                name: self.name.clone(),
                of: self.manifest.fingerprint.clone(),
                run_start: self.manifest.start.clone(),
                run_end: self.manifest.end.clone(),
                from: instant(self.window.start),
                to: instant(self.window.end),
                scenarios: scenarios[self.scenarios..].to_vec(),
                events,
            }),
            // What was usual in the run, which is no baseline of its own.
            baseline: None,
            entities: entities.at_end,
            entities_start: entities.at_start,
            files: Vec::new(),
            ..self.manifest.clone()
        }
    }
}

/// The window, and how far the version goes.
fn times(
    asked: &Amendment,
    settings: &Settings,
    clock: &Clock,
) -> Result<(Range<Time>, Time), Error> {
    let (start, end) = (settings.start, settings.end);
    let time = |field: &str, text: &str| -> Result<Time, Error> {
        let time = match text {
            "end" => end,
            text => clock.time(text)?,
        };
        if (start..=end).contains(&time) {
            return Ok(time);
        }
        Err(Error::input(
            format!("{text} is {time}, and the run goes from {start} to {end}"),
            "choose a time of the run",
        )
        .in_field(field))
    };
    let (from, to) = (time("from", &asked.from)?, time("to", &asked.to)?);
    if from >= to {
        return Err(Error::input(
            format!("the window ends at {to}, and begins only at {from}"),
            "give it a later end",
        )
        .in_field("to"));
    }
    let until = asked.until.as_deref().map(|text| time("until", text));
    let until = until.transpose()?.unwrap_or(to);
    if until < to {
        return Err(Error::input(
            format!("{until} is before the end of the window at {to}"),
            "leave it out, or choose a later time",
        )
        .in_field("until"));
    }
    Ok((from..to, until))
}

/// What is to be put in.
fn request(asked: &Amendment, clock: &Clock) -> Result<Request, Error> {
    if asked.scenarios.is_empty() && asked.events.is_empty() {
        return Err(Error::advised(
            "nothing is put into the window, so the version would be what the run has already",
            &[Advice::Intervene],
        ));
    }
    let mut request = Request::default();
    let errors = parse(&mut request, (&asked.scenarios, &asked.events), clock);
    match errors.is_empty() {
        true => Ok(request),
        false => Err(gathered(errors).into()),
    }
}
