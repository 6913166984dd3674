//! The scenarios and event templates that fit a program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use causeflow_engine::streams::program::Program;
use causeflow_models::{Diagnostics, Model, Severity, SourceFile, read_folder};

use crate::address::Addresses;
use crate::builtin::built_in;
use crate::definition::ScenarioFile;
use crate::event::EventRequest;
use crate::extends::drafts;
use crate::reader::{Read, ReadEvents, Reader, among};
use crate::report::{Finding, Report, Sited};
use crate::scenario::{Compiler, Scenario};
use crate::template::{Template, Timing, template};
use crate::timeline::Candidate;

/// All scenarios and event templates of a model. One that is wrong leaves the others usable.
#[derive(Clone, Debug, Default)]
pub struct Library {
    files: Vec<SourceFile>,
    /// `None` for those that are wrong.
    scenarios: BTreeMap<String, Option<Scenario>>,
    /// `None` for those that are wrong.
    templates: BTreeMap<String, Option<Template>>,
    /// When those templates that are wrong would come.
    idle: BTreeMap<String, Timing>,
    /// How many of the files are built in; they come first.
    built_in_files: usize,
    findings: Vec<Finding>,
}

impl Library {
    /// Those of a model: the built-in ones of its name, and those of the folder `scenarios` within its own folder.
    /// `folder`, if given, takes the place of that folder.
    ///
    /// What is wrong with scenarios and templates is no error here, see [`Library::problems`].
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn load(model: &Model, folder: Option<&Path>) -> Result<Library, Diagnostics> {
        Library::load_with(model, folder, Vec::new())
    }

    /// Likewise, with more files, which take the place of what has the same id in those.
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn load_with(
        model: &Model,
        folder: Option<&Path>,
        more: Vec<SourceFile>,
    ) -> Result<Library, Diagnostics> {
        let program = &model.compiled.program;
        let beside = Path::new(&model.origin).join("scenarios");
        let has_folder = causeflow_models::built_in(&model.origin).is_none() && beside.is_dir();
        let folder = folder.or(has_folder.then_some(beside.as_path()));
        let own = folder.map_or(Ok(Vec::new()), read_folder)?;
        let layers = [built_in(&program.name), own, more];
        Ok(Library::of_layers(program, layers))
    }

    /// Those in texts. What stands in `own` takes the place of what has the same id in `built_in`.
    pub fn from_files(
        program: &Program,
        built_in: Vec<SourceFile>,
        own: Vec<SourceFile>,
    ) -> Library {
        Library::of_layers(program, [built_in, own, Vec::new()])
    }

    /// Those in the built-in files and two layers of others, each of which may replace what is in those before.
    fn of_layers(program: &Program, layers: [Vec<SourceFile>; 3]) -> Library {
        let mut report = Report::default();
        let mut sources = Sources::default();
        let mut files = Vec::new();
        let built_in_files = layers[0].len();
        for mut layer in layers {
            // The order in which a folder lists its files must not show.
            layer.sort_by(|a, b| a.path.cmp(&b.path));
            sources.read(files.len(), &layer, &mut report);
            files.append(&mut layer);
        }
        let addresses = Addresses::of(program);
        let mut library = Library {
            files,
            built_in_files,
            ..Library::default()
        };
        library.templates(&sources.events, &addresses, &mut report);
        let broken = sources.broken;
        library.scenarios = broken.iter().map(|id| (id.clone(), None)).collect();
        for (id, draft) in drafts(&sources.scenarios, &broken, &mut report) {
            let mut compiler = Compiler {
                addresses: &addresses,
                templates: &library.templates,
                report: &mut report,
            };
            let scenario = draft.and_then(|draft| compiler.scenario(&draft));
            let scenario = scenario.filter(|_| !report.is_wrong(&id));
            library.scenarios.insert(id, scenario);
        }
        library.findings = report.findings;
        library
    }

    fn templates(
        &mut self,
        sources: &[ReadEvents],
        addresses: &Addresses<'_>,
        report: &mut Report,
    ) {
        for ReadEvents { file, broken } in sources {
            self.templates
                .extend(broken.iter().map(|id| (id.clone(), None)));
            for (id, def) in &file.def.templates {
                let sited = file.part(&["templates", id], def.clone());
                let made = template(id, &sited, addresses, report);
                match &made {
                    Err(Some(timing)) => self.idle.insert(id.clone(), timing.clone()),
                    _ => self.idle.remove(id),
                };
                self.templates.insert(id.clone(), made.ok());
            }
        }
    }

    /// The files that it was made from.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The built-in scenarios and templates that do not fit the model, by id.
    pub fn unfit(&self) -> BTreeSet<&str> {
        let wrong = self.findings.iter().filter(|finding| {
            let severity = finding.diagnostic.severity;
            severity == Severity::Error && self.is_built_in(finding)
        });
        wrong
            .filter_map(|finding| finding.owner.as_deref())
            .collect()
    }

    fn is_built_in(&self, finding: &Finding) -> bool {
        let file = finding.diagnostic.file;
        file.is_some_and(|file| file < self.built_in_files)
    }

    /// The scenarios that can be started, by id.
    pub fn scenarios(&self) -> impl Iterator<Item = &Scenario> {
        self.scenarios.values().flatten()
    }

    /// The event templates, by id.
    pub fn event_templates(&self) -> impl Iterator<Item = &Template> {
        self.templates.values().flatten()
    }

    /// What has its turns in the timeline, by id: the templates with a timing, and those that are wrong, too.
    pub fn candidates(&self) -> impl Iterator<Item = Candidate<'_>> {
        self.templates.iter().filter_map(|(id, template)| {
            let timing = match template {
                Some(template) => template.timing.as_ref(),
                None => self.idle.get(id),
            };
            Some(Candidate {
                id,
                timing: timing?,
                template: template.as_ref(),
            })
        })
    }

    /// The scenario of this id.
    ///
    /// # Errors
    /// When there is none, with the nearest id, or when it is wrong, with all that is wrong with it.
    pub fn scenario(&self, id: &str) -> Result<&Scenario, Diagnostics> {
        find(id, "scenario", &self.scenarios, self)
    }

    /// The template of this id.
    ///
    /// # Errors
    /// When there is none, with the nearest id, or when it is wrong, with all that is wrong with it.
    pub fn template(&self, id: &str) -> Result<&Template, Diagnostics> {
        find(id, "event template", &self.templates, self)
    }

    /// Everything that is wrong, and all warnings.
    pub fn problems(&self) -> Diagnostics {
        self.diagnostics(|_| true)
    }

    /// What is wrong in files that are not built in, and their warnings.
    pub fn problems_of_own(&self) -> Diagnostics {
        self.diagnostics(|finding| !self.is_built_in(finding))
    }

    /// What is wrong with a scenario or template, and its warnings.
    pub fn problems_of(&self, id: &str) -> Diagnostics {
        self.diagnostics(|finding| finding.owner.as_deref() == Some(id))
    }

    fn diagnostics(&self, wanted: impl Fn(&&Finding) -> bool) -> Diagnostics {
        let mut list = Vec::new();
        for finding in self.findings.iter().filter(wanted) {
            // A variant has what is wrong with the scenario that it extends, too.
            if !list.contains(&finding.diagnostic) {
                list.push(finding.diagnostic.clone());
            }
        }
        Diagnostics {
            files: self.files.clone(),
            list,
        }
    }

    /// Adds a file of one's own: its templates, for [`Library::template`], and returns its events.
    ///
    /// # Errors
    /// Everything that is wrong with it; the library is then as it was.
    pub fn add_events(
        &mut self,
        program: &Program,
        source: SourceFile,
    ) -> Result<Vec<EventRequest>, Diagnostics> {
        let mut report = Report::default();
        let file = self.files.len();
        let events = Reader::new().events_text(file, &source, &mut report);
        let mut library = self.clone();
        library.files.push(source);
        let mut requests = Vec::new();
        if let Some(events) = &events {
            let addresses = Addresses::of(program);
            library.templates(std::slice::from_ref(events), &addresses, &mut report);
            let file = &events.file;
            for (at, event) in file.def.events.iter().enumerate() {
                let place = file.part(&["events", &at.to_string()], ());
                if !library.templates.contains_key(&event.template) {
                    let message = format!("there is no template `{}`", event.template);
                    let help = among(&event.template, &library.templates);
                    report.error(&place, &["template"], message, help);
                }
                requests.push(EventRequest::of(event));
            }
        }
        let failed = report.errors() > 0;
        library.findings.append(&mut report.findings.clone());
        if failed {
            let list = report.findings.into_iter().map(|f| f.diagnostic).collect();
            let files = library.files;
            return Err(Diagnostics { files, list });
        }
        *self = library;
        Ok(requests)
    }
}

fn find<'a, T>(
    id: &str,
    what: &str,
    all: &'a BTreeMap<String, Option<T>>,
    library: &Library,
) -> Result<&'a T, Diagnostics> {
    match all.get(id) {
        Some(Some(found)) => Ok(found),
        Some(None) => {
            let mut wrong = library.problems_of(id);
            wrong.list.retain(|d| d.severity == Severity::Error);
            Err(wrong)
        }
        None => {
            let message = format!("there is no {what} `{id}`");
            Err(Diagnostics::general(message, among(id, all)))
        }
    }
}

/// The definitions in files, before anything is compiled.
#[derive(Default)]
struct Sources {
    scenarios: BTreeMap<String, Sited<ScenarioFile>>,
    events: Vec<ReadEvents>,
    /// Ids of scenarios that cannot be read or stand twice.
    broken: BTreeSet<String>,
}

impl Sources {
    /// Adds files, which come after `before` others and replace what those say under the same ids.
    fn read(&mut self, before: usize, files: &[SourceFile], report: &mut Report) {
        let reader = Reader::new();
        for (at, file) in files.iter().enumerate() {
            match reader.read(before + at, file, report) {
                Some(Read::Events(events)) => self.events.push(events),
                Some(Read::Scenario(scenario)) => self.add(before, *scenario, report),
                None => {
                    let id = report.owner.clone().unwrap_or_default();
                    self.scenarios.remove(&id);
                    self.broken.insert(id);
                }
            }
        }
    }

    fn add(&mut self, before: usize, scenario: Sited<ScenarioFile>, report: &mut Report) {
        let id = scenario.def.id.clone();
        if id.is_empty() || id.contains(['@', '+', ' ']) {
            let message = format!("`{id}` is not an id");
            let help = "write one such as `payment-outage`, without `@`, `+` and spaces".to_owned();
            report.error(&scenario, &["id"], message, help);
            self.broken.insert(id);
            return;
        }
        let earlier = self.scenarios.get(&id);
        if earlier.is_some_and(|earlier| earlier.file >= before) {
            let message = format!("the scenario `{id}` stands in another file already");
            report.error(
                &scenario,
                &["id"],
                message,
                "rename one of the two".to_owned(),
            );
            self.scenarios.remove(&id);
            self.broken.insert(id);
            return;
        }
        self.broken.remove(&id);
        self.scenarios.insert(id, scenario);
    }
}
