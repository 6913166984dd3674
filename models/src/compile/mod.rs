//! From a model's files to a program. Everything that is wrong is found in one go: each part is
//! compiled as far as it can be, and what depends on a wrong part is passed over in silence.

mod assemble;
mod bounds;
mod checks;
mod effects;
mod lower;
mod report;
mod streams;
mod types;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use causeflow_engine::calendar::{Profile, Reference, Season, Zone};
use causeflow_engine::draw::purpose;
use causeflow_engine::program::{
    Attribute, Belonging, Expr, Kind, KindId, NO_ENTITY, Program, Source, Spikes, Stream,
};
use causeflow_engine::table::{ColumnSpec, ColumnType};
use causeflow_engine::time::Span;

use crate::definition::{
    EntityDef, Expression, FieldDef, ModelBlock, ModelFile, ProfileDef, StreamDef, ValueDef,
};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceFile, suggestion};
use crate::units;
use crate::yaml::Node;
use assemble::Draft;
use lower::{About, Scope};
use report::{At, Reporter};
use streams::{Cause, OwnVariable, Progress, Restrict, Unit};
use types::{KindNames, Texts16, Ty};

/// What is known while a model is compiled.
pub struct Compiler {
    report: Reporter,
    texts: Texts16,
    kinds: Vec<KindNames>,
    profiles: Vec<Profile>,
    counters: Vec<String>,
    units: Vec<Unit>,
    visiting: Vec<(usize, String)>,
    window: Span,
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
    /// Warnings.
    pub warnings: Diagnostics,
}

/// Blocks of all files, by name, with the file in which each stands.
#[derive(Default)]
struct Merged {
    model: Option<(usize, ModelBlock)>,
    calendars: BTreeMap<String, (usize, Vec<crate::definition::SeasonDef>)>,
    profiles: BTreeMap<String, (usize, ProfileDef)>,
    entities: BTreeMap<String, (usize, EntityDef)>,
    streams: BTreeMap<String, (usize, StreamDef)>,
    counters: BTreeMap<String, (usize, usize)>,
}

/// Compiles the files of one model. `found` has been found wrong already, in the streams `tainted`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn compile(
    files: Vec<SourceFile>,
    trees: Vec<Node>,
    parsed: Vec<ModelFile>,
    tainted: Vec<(usize, String)>,
    found: Vec<Diagnostic>,
) -> Result<Compiled, Diagnostics> {
    let mut compiler = Compiler {
        report: Reporter::new(files, trees, tainted, found),
        texts: Texts16::default(),
        kinds: Vec::new(),
        profiles: Vec::new(),
        counters: Vec::new(),
        units: Vec::new(),
        visiting: Vec::new(),
        window: Span::HOUR,
    };
    let merged = compiler.merge(parsed);
    let Some((file, block)) = merged.model.clone() else {
        let message = "no file of this folder has a `model` block";
        let help = "add one: name, cells, window, reference; `causeflow init` writes an example";
        let mut found = compiler.report.finish();
        found
            .list
            .extend(Diagnostics::general(message.into(), Some(help.into())).list);
        return Err(found);
    };
    let compiled = compiler.program(&At::new(file, &["model"]), &block, &merged);
    let failed = compiler.report.has_errors();
    let found = compiler.report.finish();
    match compiled {
        Some((program, definitions)) if !failed => Ok(Compiled {
            program,
            description: block.description.clone(),
            definitions,
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
                &mut merged.profiles,
                "profiles",
                file,
                parsed.profiles,
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
                &mut merged.streams,
                "streams",
                file,
                parsed.streams,
            );
            for (i, counter) in parsed.counters.into_iter().enumerate() {
                self.check_name(&counter, &At::new(file, &["counters"]).key(i));
                if merged.counters.contains_key(&counter) {
                    let message = format!("the counter `{counter}` is already defined");
                    let help = Some("remove one of the two".into());
                    self.report
                        .error(&At::new(file, &["counters"]).key(i), message, help);
                }
                merged.counters.insert(counter, (file, i));
            }
        }
        merged
    }

    fn program(
        &mut self,
        at: &At,
        block: &ModelBlock,
        merged: &Merged,
    ) -> Option<(Program, Vec<StreamDef>)> {
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
            let help = "write an IANA name such as UTC or Europe/Berlin";
            self.report.error(
                &at.key("time_zone"),
                format!("there is no time zone `{zone_name}`"),
                Some(help.into()),
            );
        }
        let reference = self.reference(at, block);
        let spikes = self.spikes(at, block);
        self.counters = merged.counters.keys().cloned().collect();
        self.profiles = vec![Profile::flat()];
        for (name, (file, profile)) in &merged.profiles {
            let profile = self.profile(name, &At::new(*file, &["profiles", name]), profile, merged);
            self.profiles.push(profile);
        }
        let kinds = self.entities(merged);
        self.units(merged);
        let drafts = self.drafts();
        if self.texts.overflows() {
            self.report
                .error(at, "the model has more than 65,535 different texts", None);
        }
        if self.report.has_errors() {
            return None;
        }
        let streams = self.assemble(drafts);
        let program = Program {
            name: block.name.clone(),
            cells: block.cells,
            window: self.window,
            tick: self.tick(&streams),
            warmup,
            zone: zone?,
            reference: reference?,
            spikes,
            profiles: self.profiles.clone(),
            kinds,
            counters: self.counters.clone(),
            streams,
            dictionary: self.texts.dictionary(),
        };
        self.check_graph(&program);
        let definitions = self
            .units
            .iter()
            .map(|unit| unit.definition.clone())
            .collect();
        Some((program, definitions))
    }

    /// How often the platform must see the business: at each time of a timer that looks.
    fn tick(&self, streams: &[Stream]) -> Span {
        fn common(a: i64, b: i64) -> i64 {
            if b == 0 { a } else { common(b, a % b) }
        }
        let looks =
            |e: &Expr| matches!(e, Expr::CountState(..) | Expr::Total(_) | Expr::ChangeOf(_));
        let tick = streams
            .iter()
            .fold(self.window.0, |tick, stream| match &stream.source {
                Some(Source::Platform { every, at, .. })
                    if stream.variables.iter().any(|v| v.value.any(looks)) =>
                {
                    common(common(tick, every.0), at.unwrap_or_default().0)
                }
                _ => tick,
            });
        // Looking more often than every minute is not worth its cost: such a timer sees the last minute.
        let minutes = self.window.0 % Span::MINUTE.0 == 0;
        if tick < Span::MINUTE.0 && minutes {
            Span::MINUTE
        } else {
            Span(tick)
        }
    }

    fn duration(&mut self, text: &str, at: &At) -> Option<Span> {
        match units::duration(text) {
            Ok(span) => Some(span),
            Err(message) => {
                self.report.error(
                    at,
                    message,
                    Some("write a number and a unit: 10s, 5m, 2h, 1d, 1w".into()),
                );
                None
            }
        }
    }

    fn share(&mut self, text: &str, at: &At, range: std::ops::RangeInclusive<f64>) -> f64 {
        let share = units::share(text);
        match share {
            Ok(share) if range.contains(&share) => share,
            Ok(share) => {
                let message = format!(
                    "found {share}, expected {} to {}",
                    range.start(),
                    range.end()
                );
                self.report.error(at, message, None);
                0.0
            }
            Err(message) => {
                self.report.error(at, message, None);
                0.0
            }
        }
    }

    fn reference(&mut self, at: &At, block: &ModelBlock) -> Option<Reference> {
        let at = at.key("reference");
        let growth = match &block.reference.growth_per_month {
            Some(Expression(text)) => self.share(text, &at.key("growth_per_month"), -0.9..=9.0),
            None => 0.0,
        };
        match block.reference.start.parse() {
            Ok(start) => Some(Reference {
                start,
                days: block.reference.days,
                growth_per_month: growth,
            }),
            Err(_) => {
                let message = format!("`{}` is not a date", block.reference.start);
                self.report.error(
                    &at.key("start"),
                    message,
                    Some("write year-month-day, such as 2026-02-02".into()),
                );
                None
            }
        }
    }

    fn spikes(&mut self, at: &At, block: &ModelBlock) -> Spikes {
        let none = Spikes {
            share: 0.0,
            size: 0.0,
            every: Span::DAY,
        };
        let Some(spikes) = &block.spikes else {
            return none;
        };
        let at = at.key("spikes");
        let every = self
            .duration(&spikes.every.0, &at.key("every"))
            .unwrap_or(Span::DAY);
        if every.0 <= 0 || every.0 % self.window.0 != 0 {
            let message = format!(
                "the interval {every} is not a multiple of the window, {}",
                self.window
            );
            self.report.error(&at.key("every"), message, None);
            return none;
        }
        Spikes {
            share: self.share(&spikes.share.0, &at.key("share"), 0.0..=1.0),
            size: self.share(&spikes.size.0, &at.key("size"), 0.0..=1.0),
            every,
        }
    }

    fn profile(
        &mut self,
        name: &str,
        at: &At,
        definition: &ProfileDef,
        merged: &Merged,
    ) -> Profile {
        let mut profile = Profile {
            name: name.to_owned(),
            growth: definition.growth,
            ..Profile::flat()
        };
        for (key, weights) in [
            ("hours", &definition.hours),
            ("weekdays", &definition.weekdays),
        ] {
            let Some(weights) = weights else {
                continue;
            };
            let wanted = if key == "hours" { 24 } else { 7 };
            if weights.len() != wanted {
                let message = format!("found {} weights, expected {wanted}", weights.len());
                self.report.error_at_key(&at.key(key), message, None);
            } else if weights.iter().any(|w| *w < 0.0 || !w.is_finite())
                || weights.iter().sum::<f64>() <= 0.0
            {
                self.report.error_at_key(
                    &at.key(key),
                    "weights are 0 or more, and not all of them 0",
                    None,
                );
            } else if key == "hours" {
                profile.hours.copy_from_slice(weights);
            } else {
                profile.weekdays.copy_from_slice(weights);
            }
        }
        if let Some(calendar) = &definition.calendar {
            match merged.calendars.get(calendar) {
                Some((file, seasons)) => {
                    let place = At::new(*file, &["calendars", calendar]);
                    for (i, season) in seasons.iter().enumerate() {
                        let day = |text: &str, key: &str, report: &mut Reporter| {
                            match units::day_of_year(text) {
                                Ok(day) => day,
                                Err(message) => {
                                    report.error(&place.key(i).key(key), message, None);
                                    (1, 1)
                                }
                            }
                        };
                        if season.factor < 0.0 {
                            let message =
                                format!("found the factor {}, expected 0 or more", season.factor);
                            self.report
                                .error(&place.key(i).key("factor"), message, None);
                        }
                        let from = day(&season.from, "from", &mut self.report);
                        let to = day(&season.to, "to", &mut self.report);
                        profile.seasons.push(Season {
                            name: season.name.clone(),
                            from,
                            to,
                            factor: season.factor,
                        });
                    }
                }
                None => {
                    let help = suggestion(calendar, merged.calendars.keys().map(String::as_str));
                    self.report.error(
                        &at.key("calendar"),
                        format!("there is no calendar `{calendar}`"),
                        help,
                    );
                }
            }
        }
        profile
    }

    fn kind(&self, name: &str) -> Option<KindId> {
        self.kinds
            .iter()
            .position(|kind| kind.name == name)
            .map(|i| i as KindId)
    }

    fn counter(&self, name: &str) -> Option<u16> {
        self.counters
            .iter()
            .position(|counter| counter == name)
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

    fn entities(&mut self, merged: &Merged) -> Vec<Kind> {
        for (name, (file, definition)) in &merged.entities {
            let at = At::new(*file, &["entities", name]);
            self.check_name(name, &at);
            for part in ["attributes", "variables"] {
                let names = if part == "attributes" {
                    &definition.attributes
                } else {
                    &definition.variables
                };
                names
                    .keys()
                    .for_each(|name| self.check_name(name, &at.key(part).key(name)));
            }
            for (i, state) in definition.states.iter().flatten().enumerate() {
                self.check_name(state, &at.key("states").key(i));
            }
            let states = definition
                .states
                .clone()
                .unwrap_or_else(|| vec!["active".into()]);
            self.kinds.push(KindNames {
                name: name.clone(),
                states,
                ..KindNames::default()
            });
        }
        merged
            .entities
            .iter()
            .enumerate()
            .map(|(k, (name, (file, definition)))| {
                self.entity(k, &At::new(*file, &["entities", name]), definition)
            })
            .collect()
    }

    fn entity(&mut self, k: usize, at: &At, definition: &EntityDef) -> Kind {
        let name = self.kinds[k].name.clone();
        let states = self.kinds[k].states.clone();
        if states.is_empty() || states.len() > 255 {
            self.report
                .error_at_key(&at.key("states"), "a kind has 1 to 255 states", None);
        }
        let state = |wanted: &Option<String>, key: &str, report: &mut Reporter| match wanted {
            None => 0,
            Some(wanted) => states
                .iter()
                .position(|state| state == wanted)
                .unwrap_or_else(|| {
                    let help = suggestion(wanted, states.iter().map(String::as_str));
                    report.error(
                        &at.key(key),
                        format!("a {name} has no state `{wanted}`"),
                        help,
                    );
                    0
                }) as u8,
        };
        let starts = state(&definition.starts, "starts", &mut self.report);
        let joins = state(&definition.joins, "joins", &mut self.report);
        let mut attributes = Vec::new();
        for (attribute, value) in &definition.attributes {
            let at = at.key("attributes").key(attribute);
            attributes.extend(self.attribute(k, &at, attribute, value, false));
        }
        let activity = definition.activity.as_ref().and_then(|text| {
            let at = at.key("activity");
            let value = ValueDef::Short(text.clone());
            let made = self.attribute(k, &at, "activity", &value, false)?;
            attributes.push(made);
            Some((attributes.len() - 1) as u16)
        });
        let mut variables = Vec::new();
        for (variable, value) in &definition.variables {
            let at = at.key("variables").key(variable);
            variables.extend(self.attribute(k, &at, variable, value, true));
        }
        let belongs_to = self.belongs(k, at, definition, &mut variables);
        Kind {
            purpose: purpose(&name),
            count: definition.count,
            state_codes: states.iter().map(|state| self.texts.code(state)).collect(),
            states,
            starts,
            joins,
            attributes,
            activity,
            variables,
            belongs_to,
            name,
        }
    }

    fn attribute(
        &mut self,
        k: usize,
        at: &At,
        name: &str,
        value: &ValueDef,
        variable: bool,
    ) -> Option<Attribute> {
        if ["id", "age", "state"].contains(&name) {
            self.report.error_at_key(
                at,
                format!("every entity already has `{name}`"),
                Some("choose another name".into()),
            );
        }
        let about = About::Entity {
            kind: k,
            variables: false,
        };
        let scope = Scope::new(about, at.clone(), &format!("{}/{name}", self.kinds[k].name));
        let typed = self.value(value, &scope, name)?;
        let long = match value {
            ValueDef::Long(long) => (**long).clone(),
            ValueDef::Short(_) => FieldDef::default(),
        };
        let Some(kind) = self.column_type(typed.ty, long.r#type) else {
            let message = format!("an entity cannot hold {}", self.type_name(typed.ty));
            self.report.error_at_key(
                at,
                message,
                Some("divide a duration by a unit, such as `/ 1d`".into()),
            );
            return None;
        };
        let entry = (name.to_owned(), typed.ty, typed.texts.clone());
        let names = &mut self.kinds[k];
        if variable {
            names.variables.push(entry);
        } else {
            names.attributes.push(entry);
        }
        let column = ColumnSpec {
            name: name.to_owned(),
            kind,
            unit: long.unit,
            description: long.description,
            nullable: false,
        };
        Some(Attribute {
            column,
            value: typed.expr,
        })
    }

    fn belongs(
        &mut self,
        k: usize,
        at: &At,
        definition: &EntityDef,
        variables: &mut Vec<Attribute>,
    ) -> Vec<Belonging> {
        let mut belongings = Vec::new();
        for (owner, bounds) in &definition.belongs_to {
            let at = at.key("belongs_to").key(owner);
            let Some(kind) = self.kind(owner) else {
                let help = suggestion(owner, self.kinds.iter().map(|kind| kind.name.as_str()));
                self.report.error_at_key(
                    &at,
                    format!("there is no kind of entity `{owner}`"),
                    help,
                );
                continue;
            };
            if bounds.min > bounds.max {
                self.report.error(&at, "`min` is more than `max`", None);
            }
            self.kinds[k]
                .variables
                .push((owner.clone(), Ty::Entity(kind), None));
            let column = ColumnSpec {
                name: format!("{owner}_id"),
                kind: ColumnType::Id,
                unit: None,
                description: Some(format!("The {owner} it belongs to at the end of the run")),
                nullable: true,
            };
            variables.push(Attribute {
                column,
                value: Expr::Num(f64::from_bits(NO_ENTITY)),
            });
            let variable = (variables.len() - 1) as u16;
            belongings.push(Belonging {
                variable,
                owner: kind,
                min: bounds.min,
                max: bounds.max,
            });
        }
        belongings
    }

    /// Lays out the streams, so that every name can be found from every other.
    fn units(&mut self, merged: &Merged) {
        for (name, (file, definition)) in &merged.streams {
            let at = At::new(*file, &["streams", name]);
            self.check_stream_name(name, &at);
            self.units.push(Unit {
                name: name.clone(),
                own: Vec::new(),
                given: None,
                inputs: Vec::new(),
                order: Vec::new(),
                causes: Vec::new(),
                definition: definition.clone(),
                at,
            });
        }
        for s in 0..self.units.len() {
            self.own_variables(s);
            self.given(s);
            self.causes(s);
        }
    }

    fn check_stream_name(&mut self, name: &str, at: &At) {
        let fine = !name.is_empty()
            && name.len() <= 100
            && name.split('.').all(|part| {
                part.starts_with(|c: char| c.is_ascii_lowercase())
                    && part
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            });
        if !fine || name == "source" {
            let help = "lower-case words, digits and _, joined by dots, such as booking.requested";
            self.report.error_at_key(
                at,
                format!("`{name}` cannot be the name of a stream"),
                Some(help.into()),
            );
        }
    }

    /// Names become columns and files, and parts of expressions: they are plain words.
    fn check_name(&mut self, name: &str, at: &At) {
        let fine = name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !fine {
            let help = "lower-case letters, digits and _, beginning with a letter";
            self.report.error_at_key(
                at,
                format!("`{name}` cannot be a name here"),
                Some(help.into()),
            );
        }
    }

    fn own_variables(&mut self, s: usize) {
        let unit = self.units[s].clone();
        let mut own = Vec::new();
        let variable = |name: &str, at: At, definition, is_field| OwnVariable {
            name: name.to_owned(),
            at,
            definition,
            is_field,
            progress: Progress::Todo,
        };
        if let Some(kind) = &unit.definition.creates
            && let Some(id) = self.kind_named(kind, &unit.at.key("creates"))
        {
            let mut created = variable(kind, unit.at.key("creates"), None, false);
            let typed = types::Typed::new(Expr::Num(0.0), Ty::Entity(id));
            created.progress = Progress::Done(Some(typed));
            own.push(created);
            if unit.definition.requires.is_some() {
                let help = "put the condition on the cause, as `when`";
                self.report.error_at_key(
                    &unit.at.key("requires"),
                    "a stream that creates has no `requires`",
                    Some(help.into()),
                );
            }
        }
        for (key, map, is_field) in [
            ("let", &unit.definition.r#let, false),
            ("fields", &unit.definition.fields, true),
        ] {
            for (name, definition) in map {
                let at = unit.at.key(key).key(name);
                self.check_name(name, &at);
                let taken = own
                    .iter()
                    .any(|variable: &OwnVariable| variable.name == *name);
                let common = is_field
                    && [
                        "event_id",
                        "time",
                        "cause_id",
                        "root_id",
                        "cell",
                        "attribution",
                    ]
                    .contains(&name.as_str());
                if taken || common {
                    let why = if taken {
                        "is defined twice in this stream"
                    } else {
                        "is a column that every event has"
                    };
                    self.report.error_at_key(
                        &at,
                        format!("`{name}` {why}"),
                        Some("choose another name".into()),
                    );
                    continue;
                }
                own.push(variable(name, at, Some(definition.clone()), is_field));
            }
        }
        self.units[s].own = own;
    }

    /// The word that a stream's source or timer gives: its actor, or one of `for_each`.
    fn given(&mut self, s: usize) {
        let unit = self.units[s].clone();
        let actor = match (&unit.definition.source, &unit.definition.timer) {
            (Some(_), Some(_)) => {
                self.report.error_at_key(
                    &unit.at.key("timer"),
                    "a stream has a `source` or a `timer`, not both",
                    None,
                );
                return;
            }
            (Some(source), None) => source.actor.clone(),
            (None, Some(timer)) => timer.per.clone(),
            (None, None) => {
                if unit.definition.causes.is_empty() {
                    let help = "add `source`, `timer` or `causes`";
                    self.report.error_at_key(
                        &unit.at,
                        format!("nothing ever makes an event of {}", unit.name),
                        Some(help.into()),
                    );
                }
                None
            }
        };
        let given = if let Some(actor) = actor {
            self.kind(&actor)
                .map(|kind| (actor, Ty::Entity(kind), None))
        } else {
            let for_each = unit
                .definition
                .timer
                .as_ref()
                .and_then(|timer| timer.for_each.as_ref());
            if for_each.is_some_and(|map| map.len() != 1 || map.values().any(Vec::is_empty)) {
                let at = unit.at.key("timer").key("for_each");
                self.report.error_at_key(
                    &at,
                    "`for_each` names one list of texts",
                    Some("for example {channel: [search, social]}".into()),
                );
            }
            let lists = for_each.into_iter().flat_map(|map| map.values());
            for (i, text, list) in lists.flat_map(|list| {
                list.iter()
                    .enumerate()
                    .map(move |(i, text)| (i, text, list))
            }) {
                // A timer is known by its text: two of one text would make every event twice.
                if list[..i].contains(text) {
                    let at = unit.at.key("timer").key("for_each");
                    let message = format!("`{text}` stands in `for_each` twice");
                    self.report
                        .error_at_key(&at, message, Some("remove one of the two".into()));
                }
            }
            for_each.and_then(|map| map.first()).map(|(name, list)| {
                let texts = list.iter().map(|text| self.texts.code(text)).collect();
                (name.clone(), Ty::Text, Some(texts))
            })
        };
        let unit = &mut self.units[s];
        unit.given = given;
        if let Some((name, ty, texts)) = &unit.given {
            let input = streams::Input {
                name: name.clone(),
                givers: vec![Restrict::Source],
                ty: *ty,
                texts: texts.clone(),
            };
            unit.inputs.push(input);
        }
        if unit.definition.timer.is_some() && !unit.definition.causes.is_empty() {
            let at = unit.at.key("timer");
            self.report.error_at_key(
                &at,
                "a stream with a timer has no causes",
                Some("make two streams".into()),
            );
        }
    }

    fn causes(&mut self, s: usize) {
        let unit = self.units[s].clone();
        let mut causes: Vec<Cause> = Vec::new();
        for (position, cause) in unit.definition.causes.iter().enumerate() {
            let at = unit.at.key("causes").key(position).key("on");
            let Some(parent) = self.units.iter().position(|unit| unit.name == cause.on) else {
                let help = suggestion(&cause.on, self.units.iter().map(|unit| unit.name.as_str()));
                self.report
                    .error(&at, format!("there is no stream `{}`", cause.on), help);
                continue;
            };
            if causes.iter().any(|other| other.parent == parent) {
                let message = format!("`{}` already causes this stream", cause.on);
                self.report.error(
                    &at,
                    message,
                    Some("put both into one cause, with a `probability` that depends on it".into()),
                );
                continue;
            }
            causes.push(Cause {
                parent,
                position,
                outcome: cause.outcome.clone(),
                guard: None,
                doing: false,
            });
        }
        self.units[s].causes = causes;
    }

    /// Works out everything about each stream, except slots.
    fn drafts(&mut self) -> Vec<Draft> {
        let mut drafts: Vec<Draft> = (0..self.units.len())
            .map(|s| {
                for own in 0..self.units[s].own.len() {
                    self.variable(s, own);
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
                let changes = self.changes(s);
                let source = self.source(s);
                Draft {
                    source,
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
