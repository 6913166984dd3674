//! From a model's files to a program. Everything that is wrong is found in one go: each part is
//! compiled as far as it can be, and what depends on a wrong part is passed over in silence.

mod arithmetic;
mod assemble;
mod bounds;
mod calendars;
mod changes;
mod checks;
mod children;
mod constants;
mod date_lists;
mod dates;
mod desks;
mod each;
mod effects;
mod entities;
mod exact;
mod expectations;
mod functions;
mod growth;
mod header;
mod joins;
mod laws;
mod layout;
mod lines;
mod lower;
mod means;
mod missing;
mod observed;
mod operators;
mod parameters;
mod parts;
mod picks;
mod relations;
mod report;
mod rings;
mod rows;
mod sources;
mod streams;
mod sums;
mod tables;
mod texts;
mod together;
mod types;
mod undefined;
mod watched;
mod workdays;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::Arc;

use causeflow_engine::base::draw::Purpose;
use causeflow_engine::base::exact::Digits;
use causeflow_engine::base::time::Span;
use causeflow_engine::base::zone::Zone;
use causeflow_engine::streams::profile::{Profile, Weekend};
use causeflow_engine::streams::program::{Counter, DatesKnown, Desk, KindId, Program, Workdays};

use crate::Checked;
use crate::definition::{
    DeskDef, EntityDef, ExpectDef, Expression, ModelBlock, ModelFile, ParameterDef, ProfileDef,
    RelationDef, StreamDef, TableDef, WorkdaysDef,
};
use crate::diagnostic::Diagnostics;
use assemble::Draft;
use date_lists::DateList;
pub use expectations::{Expectation, Expected, Figure, Measure, OverRows, RowsOf, TotalOf};
use joins::Joining;
use lower::{About, Scope};
pub use parameters::Parameter;
use relations::Relation;
pub(crate) use report::Flaws;
use report::{At, Reporter};
use rings::Rings;
use streams::{Restrict, Unit};
use tables::Rows;
use types::{KindNames, Texts16, Ty};
use watched::Watch;

/// What is known while a model is compiled.
pub struct Compiler {
    report: Reporter,
    texts: Texts16,
    kinds: Vec<KindNames>,
    /// The purposes of the choices that have `null`.
    with_null: BTreeSet<Purpose>,
    profiles: Vec<Profile>,
    counters: Vec<Counter>,
    parameters: Vec<Parameter>,
    /// Those with which something is wrong.
    spoilt_parameters: BTreeSet<String>,
    /// Reference data, by name.
    tables: Vec<(String, Rows)>,
    desks: Vec<Desk>,
    units: Vec<Unit>,
    /// Streams whose events follow from several others together.
    joins: Vec<Joining>,
    /// What is looked at of entities whenever it may have changed.
    watches: Vec<Watch>,
    relations: Vec<Relation>,
    /// The words of those with which something is wrong.
    spoilt_relations: BTreeSet<String>,
    rings: Rings,
    /// How many values are being worked out, each for the one before.
    depth: usize,
    window: Span,
    zone: Zone,
    /// The days that are no working days; what profiles show does not matter, so that no other profile moves a date.
    weekend: Weekend,
    /// The working days of places, by name.
    workdays: Vec<(String, Arc<Workdays>)>,
    /// Those where no place is named.
    usual_workdays: Arc<Workdays>,
    /// The lists of dates read so far, by their files.
    date_lists: BTreeMap<String, DateList>,
    /// The years that they know, and where they are named.
    dates_known: Vec<(DatesKnown, At)>,
    /// How far clocks are ahead of UTC on the first of the reference days.
    reference_offset: Span,
}

/// A compiled model, with the names that the program itself does not need.
#[derive(Debug)]
pub struct Compiled {
    /// What the engine plays.
    pub program: Program,
    /// One line on the model.
    pub description: String,
    /// The streams' definitions, in the order of the program's streams.
    pub definitions: Vec<StreamDef>,
    /// The parameters with their values, in the order of their names.
    pub parameters: Vec<Parameter>,
    /// What is expected of the rows, in the order of the names.
    pub expectations: Vec<Expectation>,
    /// Warnings.
    pub warnings: Diagnostics,
}

/// Blocks of all files, by name, with the file in which each stands.
#[derive(Default)]
struct Merged {
    model: Option<(usize, ModelBlock)>,
    calendars: BTreeMap<String, (usize, Vec<crate::definition::SeasonDef>)>,
    workdays: BTreeMap<String, (usize, WorkdaysDef)>,
    profiles: BTreeMap<String, (usize, ProfileDef)>,
    tables: BTreeMap<String, (usize, TableDef)>,
    entities: BTreeMap<String, (usize, EntityDef)>,
    relations: BTreeMap<String, (usize, RelationDef)>,
    desks: BTreeMap<String, (usize, DeskDef)>,
    streams: BTreeMap<String, (usize, StreamDef)>,
    counters: BTreeMap<String, Option<Digits>>,
    expect: BTreeMap<String, (usize, ExpectDef)>,
    parameters: BTreeMap<String, (usize, ParameterDef)>,
}

/// Compiles the files of one model.
///
/// # Errors
/// Everything that is wrong with it.
pub fn compile(given: Checked) -> Result<Compiled, Diagnostics> {
    let mut given = Some(given);
    let done = std::thread::scope(|scope| {
        let work = || given.take().map(compile_given);
        let thread = std::thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, work).ok()?;
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    });
    match (done, given) {
        (Some(done), _) => done,
        // No such thread is to be had: what there is of this one's stack is enough for most models.
        (None, Some(given)) => compile_given(given),
        (None, None) => unreachable!("what has been taken has been compiled"),
    }
}

/// Names are followed through causes and values as far as they go. The memory is taken up only where it is needed.
const STACK: usize = 1 << 30;

fn compile_given(given: Checked) -> Result<Compiled, Diagnostics> {
    let mut compiler = Compiler {
        report: Reporter::new(given.files, given.trees, given.flaws, given.errors),
        texts: Texts16::default(),
        kinds: Vec::new(),
        with_null: BTreeSet::new(),
        profiles: Vec::new(),
        counters: Vec::new(),
        parameters: Vec::new(),
        spoilt_parameters: BTreeSet::new(),
        tables: Vec::new(),
        desks: Vec::new(),
        units: Vec::new(),
        joins: Vec::new(),
        watches: Vec::new(),
        relations: Vec::new(),
        spoilt_relations: BTreeSet::new(),
        rings: Rings::default(),
        depth: 0,
        window: Span::HOUR,
        zone: Zone::utc(),
        weekend: Weekend::default(),
        workdays: Vec::new(),
        usual_workdays: Arc::new(Workdays::new(
            Weekend::default(),
            Default::default(),
            &[],
            &[],
        )),
        date_lists: BTreeMap::new(),
        dates_known: Vec::new(),
        reference_offset: Span(0),
    };
    let mut merged = compiler.merge(given.parsed);
    compiler.separate_lines(&mut merged);
    compiler.separate_relations(&mut merged);
    compiler.separate_joins(&mut merged);
    compiler.separate_watched(&mut merged);
    compiler.model_parameters(&merged, &given.given);
    let (file, block) = match merged.model.clone() {
        Some(model) => model,
        None => {
            if !compiler.report.is_lost("model") {
                let message = "no file of this folder has a `model` block";
                let help =
                    "add one: name, cells, window, reference; `causeflow init` writes an example";
                compiler.report.general(message, help);
            }
            // Everything else is looked at all the same.
            match serde_json::from_value(crate::structure::any_model()) {
                Ok(block) if !compiler.report.is_empty() => (0, block),
                _ => return Err(compiler.report.finish()),
            }
        }
    };
    let compiled = compiler.program(&At::new(file, &["model"]), &block, &merged);
    let failed = compiler.report.has_errors();
    let Compiler {
        report, parameters, ..
    } = compiler;
    let found = report.finish();
    match compiled {
        Some((program, definitions, expectations)) if !failed => Ok(Compiled {
            program,
            description: block.description.clone(),
            definitions,
            expectations,
            parameters,
            warnings: found,
        }),
        _ => Err(found),
    }
}

impl Compiler {
    /// Puts the files' blocks together; a name that stands twice is refused.
    fn merge(&mut self, parsed: Vec<ModelFile>) -> Merged {
        fn add<T>(
            report: &mut Reporter,
            all: &mut BTreeMap<String, (usize, T)>,
            what: &str,
            file: usize,
            entries: impl IntoIterator<Item = (String, T)>,
        ) {
            for (name, value) in entries {
                match all.entry(name) {
                    Entry::Vacant(entry) => {
                        entry.insert((file, value));
                    }
                    Entry::Occupied(entry) => {
                        let message =
                            format!("`{}` is already defined in another file", entry.key());
                        let at = At::new(file, &[what, entry.key()]);
                        report.error_at_key(&at, message, Some("remove or rename one".into()));
                    }
                }
            }
        }
        let mut merged = Merged::default();
        for (file, parsed) in parsed.into_iter().enumerate() {
            if let Some(block) = parsed.model {
                if merged.model.is_some() {
                    self.report.error_at_key(
                        &At::new(file, &["model"]),
                        "there is a second `model` block",
                        Some("keep one".into()),
                    );
                }
                merged.model = Some((file, block));
            }
            add(
                &mut self.report,
                &mut merged.calendars,
                "calendars",
                file,
                parsed.calendars,
            );
            add(
                &mut self.report,
                &mut merged.workdays,
                "workdays",
                file,
                parsed.workdays,
            );
            add(
                &mut self.report,
                &mut merged.profiles,
                "profiles",
                file,
                parsed.profiles,
            );
            add(
                &mut self.report,
                &mut merged.tables,
                "tables",
                file,
                parsed.tables,
            );
            add(
                &mut self.report,
                &mut merged.entities,
                "entities",
                file,
                parsed.entities,
            );
            add(
                &mut self.report,
                &mut merged.relations,
                "relations",
                file,
                parsed.relations,
            );
            add(
                &mut self.report,
                &mut merged.desks,
                "desks",
                file,
                parsed.desks,
            );
            add(
                &mut self.report,
                &mut merged.streams,
                "streams",
                file,
                parsed.streams,
            );
            add(
                &mut self.report,
                &mut merged.parameters,
                "parameters",
                file,
                parsed.parameters,
            );
            add(
                &mut self.report,
                &mut merged.expect,
                "expect",
                file,
                parsed.expect,
            );
            for (i, counter) in parsed.counters.into_iter().enumerate() {
                let at = At::new(file, &["counters"]).key(i);
                let digits = self.digits_of_counter(&counter, &at);
                let name = counter.name();
                self.check_name(name, &at);
                if merged.counters.contains_key(name) {
                    let message = format!("the counter `{name}` is already defined");
                    let help = Some("remove one of the two".into());
                    self.report.error(&at, message, help);
                }
                merged.counters.insert(name.to_owned(), digits);
            }
        }
        merged
    }

    fn program(
        &mut self,
        at: &At,
        block: &ModelBlock,
        merged: &Merged,
    ) -> Option<(Program, Vec<StreamDef>, Vec<Expectation>)> {
        self.window = self
            .duration(&block.window.0, &at.key("window"))
            .unwrap_or(Span::HOUR);
        if self.window.0 < Span::SECOND.0 || Span::DAY.0 % self.window.0 != 0 {
            let message = format!("found the window {}, expected a part of a day", self.window);
            self.report.error(
                &at.key("window"),
                message,
                Some("for example 1h or 15m".into()),
            );
            // What is measured in windows is looked at all the same.
            self.window = Span::HOUR;
        }
        let warmup = match &block.warmup {
            Some(text) => self
                .duration(&text.0, &at.key("warmup"))
                .unwrap_or_default(),
            None => Span(0),
        };
        let zone_name = block.time_zone.clone().unwrap_or_else(|| "UTC".into());
        let zone = Zone::named(&zone_name);
        if zone.is_none() {
            let message = format!("there is no time zone `{zone_name}`");
            self.report.error(
                &at.key("time_zone"),
                message,
                Some(header::zone_like(&zone_name)),
            );
        }
        self.weekend = header::stated_weekend(block).unwrap_or_default();
        self.zone = zone.clone().unwrap_or(Zone::utc());
        let reference = self.reference(at, block);
        let first = reference.as_ref();
        let first = first.and_then(|reference| self.zone.midnight(reference.start));
        self.reference_offset = self.zone.offset(first.unwrap_or_default());
        let spikes = self.spikes(at, block);
        let counters = merged.counters.iter();
        self.counters = counters
            .map(|(name, &digits)| Counter {
                name: name.clone(),
                digits,
            })
            .collect();
        self.workdays(merged);
        let seasons = self.calendars(merged);
        self.profiles = vec![Profile::flat()];
        for (name, (file, profile)) in &merged.profiles {
            let profile = self.profile(
                name,
                &At::new(*file, &["profiles", name]),
                profile,
                &seasons,
            );
            self.profiles.push(profile);
        }
        if let Some(reference) = &reference {
            self.check_dates_known(reference);
        }
        for (count, most, what) in [
            (merged.entities.len(), 250, "kinds of entities"),
            (merged.streams.len(), 10_000, "streams"),
            (merged.desks.len(), 1_000, "desks"),
            (merged.workdays.len(), 1_000, "places with workdays"),
            (merged.tables.len(), 10_000, "tables"),
        ] {
            if count > most {
                self.report.error(
                    at,
                    format!("the model has {count} {what}, at most {most} are possible"),
                    None,
                );
                return None;
            }
        }
        self.tables(merged);
        let mut kinds = self.entities(merged);
        self.watched_of_entities(&mut kinds);
        self.notes_of_entities(&mut kinds);
        self.desks = self.desks(merged);
        self.units(merged);
        self.find_changes();
        let drafts = self.drafts();
        self.check_held(&drafts);
        self.check_parameters(merged);
        if self.texts.overflows() && !self.report.has_errors() {
            self.report
                .error(at, "the model has more than 65,535 different texts", None);
        }
        if self.report.has_errors() {
            // Rings are looked at all the same, as far as their causes are right.
            let sketches = self.sketches(&drafts);
            self.check_graph(&sketches);
            self.expectations(merged);
            return None;
        }
        let mut streams = self.assemble(drafts);
        self.say_joins(&mut streams);
        missing::mark(&mut streams, &mut kinds, (&self.profiles, &self.with_null));
        self.check_lengths(&streams, merged);
        let program = Program {
            name: block.name.clone(),
            cells: block.cells,
            window: self.window,
            tick: self.tick(&streams),
            warmup,
            zone: self.zone.clone(),
            weekend: header::weekend(block, &self.profiles, &streams),
            reference: reference?,
            spikes,
            profiles: self.profiles.clone(),
            appointments: missing::appointments(&streams),
            kinds,
            counters: self.counters.clone(),
            desks: self.desks.clone(),
            streams,
            dates_known: self
                .dates_known
                .iter()
                .map(|(known, _)| known.clone())
                .collect(),
            dictionary: self.texts.dictionary(),
            interventions: Vec::new(),
            modified: Vec::new(),
            backlogs: Vec::new(),
        };
        self.check_graph(&program.streams);
        self.check_cells(&program, at);
        // Last, so that their texts have the codes after those of the dictionary: they are in no row.
        let expectations = self.expectations(merged);
        let definitions = self
            .units
            .iter()
            .map(|unit| unit.definition.clone())
            .collect();
        Some((program, definitions, expectations))
    }

    fn kind(&self, name: &str) -> Option<KindId> {
        self.kinds
            .iter()
            .position(|kind| kind.name == name)
            .map(KindId::at)
    }

    fn counter(&self, name: &str) -> Option<u16> {
        self.counters
            .iter()
            .position(|counter| counter.name == name)
            .map(|i| i as u16)
    }

    fn runs_on_platform(&self, stream: usize) -> bool {
        let definition = &self.units[stream].definition;
        definition
            .timer
            .as_ref()
            .is_some_and(|timer| timer.per.is_none())
            && definition.causes.is_empty()
    }

    /// Works out everything about each stream, except slots, as far as rings of causes are known.
    fn round(&mut self) -> Vec<Draft> {
        let mut drafts: Vec<Draft> = (0..self.units.len())
            .map(|s| {
                self.check_creates(s);
                for own in 0..self.units[s].own.len() {
                    // What is wrong has been told.
                    let _ = self.variable(s, own);
                }
                let requires =
                    self.units[s]
                        .definition
                        .requires
                        .clone()
                        .and_then(|Expression(text)| {
                            let about = About::Stream {
                                stream: s,
                                restrict: Restrict::Any,
                                inside: None,
                            };
                            let name = format!("{}/requires", self.units[s].name);
                            let mut scope =
                                Scope::new(about, self.units[s].at.key("requires"), &name);
                            self.expression_of(&text, &mut scope, &[Ty::Bool])
                                .map(|typed| typed.expr)
                        });
                let requires = self.still_waits(s, requires);
                let requires = self.has_changed(s, requires);
                let mut changes = self.changes(s);
                changes.extend(self.notes(s));
                changes.extend(self.watched(s));
                let source = self.source(s);
                let service = self.service(s);
                Draft {
                    source,
                    service,
                    requires,
                    changes,
                    effects: Vec::new(),
                    outcomes: Vec::new(),
                }
            })
            .collect();
        for (s, draft) in drafts.iter_mut().enumerate() {
            (draft.effects, draft.outcomes) = self.effects_of(s);
        }
        drafts
    }
}
