//! Scenarios that fit a program.

use std::collections::BTreeMap;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::{Backlog, ModifyError, Parameter, Settling, StreamId};
use causeflow_engine::streams::sides::Label;
use causeflow_models::share;

use crate::address::Addresses;
use crate::amount::signed_duration;
use crate::definition::{BacklogDef, EventSeverity, Impact, InjectionDef};
use crate::extends::Draft;
use crate::reader::among;
use crate::report::{Report, Sited};
use crate::rule::{Defaults, Kind, Rule, curve, rule, span};
use crate::template::Template;

/// A scenario, ready to be started.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The name by which it is started.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What happens in it.
    pub description: String,
    /// How long it is active.
    pub duration: Span,
    /// How its modifiers let go, if they do not say otherwise.
    pub settling: Settling,
    /// Its modifiers, those of its cascades included.
    pub rules: Vec<Rule>,
    /// What of that which it holds back is released after its end.
    pub backlog: Option<BacklogRule>,
    /// External events that it makes known.
    pub events: Vec<Injection>,
}

/// A share of what a scenario holds back is released after its end.
#[derive(Clone, Debug, PartialEq)]
pub struct BacklogRule {
    /// The stream of the events that happened instead.
    pub held: StreamId,
    /// The stream of the events that are released.
    pub released: StreamId,
    /// How many of those held back are released, 0 to 1.
    pub share: f64,
    /// How long it takes until all are.
    pub within: Span,
}

/// An external event of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Injection {
    /// The template's id.
    pub template: String,
    /// How long after the scenario's start; negative before it.
    pub at: Span,
    /// Another title than the template's.
    pub title: Option<String>,
    /// Another description than the template's.
    pub description: Option<String>,
    /// Another severity than the template's.
    pub severity: Option<EventSeverity>,
    /// Whether it has its template's impact, besides the scenario's.
    pub own_impact: bool,
}

/// What scenarios are compiled with.
pub(crate) struct Compiler<'a, 'p> {
    pub addresses: &'a Addresses<'p>,
    pub templates: &'a BTreeMap<String, Option<Template>>,
    pub report: &'a mut Report,
}

impl Compiler<'_, '_> {
    /// Makes a scenario of a draft; `None` when anything is wrong with it.
    pub fn scenario(&mut self, draft: &Draft) -> Option<Scenario> {
        let id = draft.file.def.id.clone();
        self.report.owner = Some(id.clone());
        let before = self.report.errors();
        let duration = self.duration(draft);
        self.required("name", draft.name.is_some(), draft);
        self.required("description", draft.description.is_some(), draft);
        let onset = match &draft.onset {
            Some(onset) => span(onset, self.report),
            None => Some(Span(0)),
        };
        let settling = match &draft.settling {
            Some(settling) => curve(settling, self.report),
            None => Some(Settling::Immediate),
        };
        // What is wrong with the header must not hide what is wrong with the modifiers.
        let defaults = Defaults {
            kind: Kind::Direct,
            after: Span(0),
            onset: onset.unwrap_or_default(),
            settling: settling.unwrap_or(Settling::Immediate),
        };
        let rules = self.rules(draft, defaults, duration);
        let backlog = draft.backlog.as_ref().map(|b| self.backlog(b, &rules));
        let events = draft
            .events
            .iter()
            .map(|event| self.injection(event))
            .collect::<Vec<_>>();
        (self.report.errors() == before).then_some(Scenario {
            id,
            name: draft.name.clone()?,
            description: draft.description.clone()?,
            duration: duration?,
            settling: settling?,
            rules,
            backlog: backlog.unwrap_or(None),
            events: events.into_iter().flatten().collect(),
        })
    }

    fn required(&mut self, key: &str, there: bool, draft: &Draft) {
        if !there {
            let message = format!("the key `{key}` is missing here");
            let help = "write it here, or extend a scenario that has it".to_owned();
            self.report.error(&draft.file, &["id"], message, help);
        }
    }

    fn duration(&mut self, draft: &Draft) -> Option<Span> {
        self.required("duration", draft.duration.is_some(), draft);
        let text = draft.duration.as_ref()?;
        let duration = span(text, self.report)?;
        if duration <= Span(0) {
            let help = "write how long it is active, such as `24h`".to_owned();
            self.report
                .error(text, &[], "a scenario takes some time", help);
            return None;
        }
        Some(duration)
    }

    fn rules(&mut self, draft: &Draft, defaults: Defaults, duration: Option<Span>) -> Vec<Rule> {
        let mut found: Vec<(Rule, usize)> = Vec::new();
        let mut sited = Vec::new();
        let mut lists = vec![(defaults, &draft.modifiers)];
        for cascade in &draft.cascades {
            let Some(after) = span(&cascade.after, self.report) else {
                lists.push((defaults, &cascade.modifiers));
                continue;
            };
            if let Some(duration) = duration.filter(|&duration| after >= duration) {
                let message =
                    format!("this cascade begins after {after}, when the scenario is over");
                let help = format!("begin it before {duration}, or make the scenario longer");
                self.report.error(&cascade.after, &[], message, help);
            }
            if after == Span(0) {
                let help =
                    "write it among the `modifiers`, or say how much later it begins".to_owned();
                self.report
                    .warning(&cascade.after, &[], "this cascade begins at once", help);
            }
            let kind = Kind::Cascade;
            lists.push((
                Defaults {
                    kind,
                    after,
                    ..defaults
                },
                &cascade.modifiers,
            ));
        }
        for (defaults, list) in lists {
            for modifier in list {
                if let Some(rule) = rule(modifier, defaults, self.addresses, self.report) {
                    found.push((rule, sited.len()));
                    sited.push(modifier);
                }
            }
        }
        for (at, (later, place)) in found.iter().enumerate() {
            let twice = |earlier: &&(Rule, usize)| earlier.0.target.overlaps(&later.target);
            let earlier = found[..at].iter().find(twice);
            // Whoever says which comes later has thought about it.
            if let Some((earlier, _)) = earlier.filter(|_| later.precedence.is_none()) {
                let message = format!(
                    "`{}` and `{}` of this scenario move one parameter",
                    earlier.target.address, later.target.address
                );
                let help = "both act, one after the other; a `precedence` says that this is meant"
                    .to_owned();
                self.report.warning(sited[*place], &["on"], message, help);
            }
        }
        found.into_iter().map(|(rule, _)| rule).collect()
    }

    fn backlog(&mut self, backlog: &Sited<BacklogDef>, rules: &[Rule]) -> Option<BacklogRule> {
        let def = &backlog.def;
        let mut stream = |key: &str, name: &str| match self.addresses.stream(name) {
            Ok(stream) => Some(stream),
            Err((message, help)) => {
                self.report.error(backlog, &[key], message, help);
                None
            }
        };
        let (held, released) = (stream("of", &def.of), stream("as", &def.r#as));
        let share = match share(&def.share.0) {
            Ok(share) if (0.0..=1.0).contains(&share) => Some(share),
            found => {
                let message = found
                    .err()
                    .unwrap_or_else(|| format!("found {}, expected 0 to 1", def.share.0));
                let help = "write a share such as `80%`".to_owned();
                self.report.error(backlog, &["share"], message, help);
                None
            }
        };
        let within = span(
            &backlog.part(&["within"], def.within.0.clone()),
            self.report,
        );
        let rule = BacklogRule {
            held: held?,
            released: released?,
            share: share?,
            within: within?,
        };
        let moved = |rule: &&Rule, stream| {
            let parameter = &rule.target.parameter;
            let probable = matches!(parameter, Parameter::Probability(_) | Parameter::Volume);
            rule.target.stream == stream && probable
        };
        if !rules
            .iter()
            .any(|r| moved(&r, rule.held) || moved(&r, rule.released))
        {
            let message = format!(
                "this scenario does not move the probability of `{}`, so it holds nothing back",
                def.of
            );
            let help = "aim a modifier at it, or leave the backlog out".to_owned();
            self.report.warning(backlog, &["of"], message, help);
        }
        let asked = Backlog {
            by: Label::NONE,
            held: rule.held,
            released: rule.released,
            share: rule.share,
            from: Time(0),
            within: rule.within,
        };
        match self.addresses.program.clone().release(&asked) {
            Err(ModifyError::Lacks(values)) => {
                let message = format!(
                    "events of `{}` cannot be made from those of `{}`, which do not have {}",
                    def.r#as,
                    def.of,
                    values.join(", ")
                );
                let help = "choose two streams with the same cause".to_owned();
                self.report.error(backlog, &["as"], message, help);
            }
            Err(ModifyError::Elsewhere) => {
                let message = format!(
                    "events of `{}` take entities along from one cell to another",
                    def.r#as
                );
                let help = "release what causes them".to_owned();
                self.report.error(backlog, &["as"], message, help);
            }
            Err(ModifyError::OfHistory) => {
                let message = format!("the events of `{}` are a history", def.r#as);
                let help = "release what makes the changes".to_owned();
                self.report.error(backlog, &["as"], message, help);
            }
            Err(ModifyError::OfDocument) => {
                let message = format!(
                    "the events of `{}` are lines: they come with their document",
                    def.r#as
                );
                let help = "release documents, or what follows from lines".to_owned();
                self.report.error(backlog, &["as"], message, help);
            }
            _ => {}
        }
        Some(rule)
    }

    fn injection(&mut self, event: &Sited<InjectionDef>) -> Option<Injection> {
        let def = &event.def;
        match self.templates.get(&def.template) {
            Some(Some(_)) => {}
            Some(None) => {
                let message = format!("the template `{}` is wrong itself", def.template);
                let help = format!("see the errors of `{}`", def.template);
                self.report.error(event, &["template"], message, help);
            }
            None => {
                let message = format!("there is no template `{}`", def.template);
                let help = among(&def.template, self.templates);
                self.report.error(event, &["template"], message, help);
            }
        }
        let at = match signed_duration(&def.at.0) {
            Ok(at) => at,
            Err(message) => {
                let help =
                    "write how long after the scenario's start, such as `2h` or `-1d`".to_owned();
                self.report.error(event, &["at"], message, help);
                return None;
            }
        };
        Some(Injection {
            template: def.template.clone(),
            at,
            title: def.title.clone(),
            description: def.description.clone(),
            severity: def.severity,
            own_impact: def.impact == Impact::Own,
        })
    }
}
