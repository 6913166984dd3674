//! Variants: a scenario that extends another is that one with changes.
//!
//! What a variant does not say is as in the scenario that it extends. Of its lists, a modifier replaces those at
//! the same address, a cascade is merged with the one at the same time, an event replaces the one of the same
//! template at the same time; all others are added, and `remove: true` drops what it would replace.

use std::collections::{BTreeMap, BTreeSet};

use causeflow_models::duration;

use crate::definition::{BacklogDef, InjectionDef, ModifierDef, ScenarioFile, SettlingDef};
use crate::reader::among;
use crate::report::{Report, Sited};

/// A scenario with all that it has from those it extends.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// Its own file.
    pub file: Sited<ScenarioFile>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub duration: Option<Sited<String>>,
    pub onset: Option<Sited<String>>,
    pub settling: Option<Sited<SettlingDef>>,
    pub backlog: Option<Sited<BacklogDef>>,
    pub modifiers: Vec<Sited<ModifierDef>>,
    pub cascades: Vec<DraftCascade>,
    pub events: Vec<Sited<InjectionDef>>,
}

/// A cascade, whose modifiers may stand in several files.
#[derive(Clone, Debug)]
pub(crate) struct DraftCascade {
    pub after: Sited<String>,
    pub modifiers: Vec<Sited<ModifierDef>>,
    remove: bool,
}

/// Definitions of scenarios by id.
type Files = BTreeMap<String, Sited<ScenarioFile>>;

/// The drafts of all scenarios by id; `None` where what one extends is missing or wrong. `broken` are scenarios
/// that could not even be read.
pub(crate) fn drafts(
    files: &Files,
    broken: &BTreeSet<String>,
    report: &mut Report,
) -> BTreeMap<String, Option<Draft>> {
    let mut done: BTreeMap<String, Option<Draft>> = BTreeMap::new();
    for id in files.keys() {
        let (chain, circle) = chain(files, id, &done);
        for id in chain.into_iter().rev() {
            let file = &files[id];
            report.owner = Some(id.to_owned());
            let above = file.def.extends.as_deref();
            let wrong = |above: &str, report: &Report| {
                report.is_wrong(above)
                    || broken.contains(above)
                    || matches!(done.get(above), Some(None))
            };
            let draft = match above {
                None => Ok(draft(file, report)),
                Some(_) if circle.contains(&id) => Err((
                    format!(
                        "these extend one another in a circle: {}",
                        circle.join(", ")
                    ),
                    Some("one of them must stand on its own".to_owned()),
                )),
                Some(above) if wrong(above, report) => Err((
                    format!("`{id}` extends `{above}`, which is wrong itself"),
                    Some(format!("see the errors of `{above}`")),
                )),
                Some(above) => match done.get(above) {
                    Some(Some(above)) => Ok(merge(above.clone(), draft(file, report), report)),
                    _ => Err((
                        format!("there is no scenario `{above}`"),
                        among(above, files.iter().filter(|(name, _)| *name != id)),
                    )),
                },
            };
            let draft =
                draft.map_err(|(message, help)| report.error(file, &["extends"], message, help));
            done.insert(id.to_owned(), draft.ok());
        }
    }
    done
}

/// From a variant up to a scenario that extends none, or that is done already; and those of them that extend one
/// another in a circle. Without recursion, since chains may be long.
fn chain<'f>(
    files: &'f Files,
    id: &'f str,
    done: &BTreeMap<String, Option<Draft>>,
) -> (Vec<&'f str>, Vec<&'f str>) {
    let mut chain: Vec<&str> = Vec::new();
    let mut next = Some(id);
    while let Some(id) = next.filter(|id| !done.contains_key(*id)) {
        if let Some(start) = chain.iter().position(|other| *other == id) {
            let circle = chain[start..].to_vec();
            return (chain, circle);
        }
        let Some(file) = files.get(id) else { break };
        chain.push(id);
        next = file.def.extends.as_deref();
    }
    (chain, Vec::new())
}

/// What a file says itself. What is to be dropped is an error where there is nothing to drop it from.
fn draft(file: &Sited<ScenarioFile>, report: &mut Report) -> Draft {
    let def = &file.def;
    let list = |path: &[&str], defs: &[ModifierDef]| -> Vec<Sited<ModifierDef>> {
        let sited = |(at, def): (usize, &ModifierDef)| {
            file.part(&[path, &[at.to_string().as_str()]].concat(), def.clone())
        };
        defs.iter().enumerate().map(sited).collect()
    };
    let mut cascades = Vec::new();
    for (at, cascade) in def.cascades.iter().enumerate() {
        let at = at.to_string();
        cascades.push(DraftCascade {
            after: file.part(&["cascades", &at, "after"], cascade.after.0.clone()),
            modifiers: list(&["cascades", &at, "modifiers"], &cascade.modifiers),
            remove: cascade.remove,
        });
    }
    let event =
        |(at, def): (usize, &InjectionDef)| file.part(&["events", &at.to_string()], def.clone());
    let draft = Draft {
        file: file.clone(),
        name: def.name.clone(),
        description: def.description.clone(),
        duration: def
            .duration
            .as_ref()
            .map(|d| file.part(&["duration"], d.0.clone())),
        onset: def
            .onset
            .as_ref()
            .map(|d| file.part(&["onset"], d.0.clone())),
        settling: def
            .settling
            .as_ref()
            .map(|s| file.part(&["settling"], s.clone())),
        backlog: def
            .backlog
            .as_ref()
            .map(|b| file.part(&["backlog"], b.clone())),
        modifiers: list(&["modifiers"], &def.modifiers),
        cascades,
        events: def.events.iter().enumerate().map(event).collect(),
    };
    if def.extends.is_none() {
        let lists = draft
            .cascades
            .iter()
            .flat_map(|c| &c.modifiers)
            .chain(&draft.modifiers);
        let help = "`remove` belongs into a variant, which `extends` another scenario";
        for modifier in lists.filter(|m| m.def.remove) {
            report.error(
                modifier,
                &["remove"],
                "there is nothing to remove this from",
                help.to_owned(),
            );
        }
        for event in draft.events.iter().filter(|e| e.def.remove) {
            report.error(
                event,
                &["remove"],
                "there is nothing to remove this from",
                help.to_owned(),
            );
        }
        for cascade in draft.cascades.iter().filter(|c| c.remove) {
            report.error(
                &cascade.after,
                &[],
                "there is nothing to remove this from",
                help.to_owned(),
            );
        }
    }
    draft
}

fn merge(above: Draft, own: Draft, report: &mut Report) -> Draft {
    let mut cascades = above.cascades;
    for cascade in own.cascades {
        let same =
            |other: &DraftCascade| duration(&other.after.def) == duration(&cascade.after.def);
        let Some(at) = cascades.iter().position(same) else {
            if cascade.remove {
                nothing(&cascade.after, &[], report);
            } else {
                let modifiers = merge_modifiers(Vec::new(), cascade.modifiers, report);
                cascades.push(DraftCascade {
                    modifiers,
                    ..cascade
                });
            }
            continue;
        };
        if cascade.remove {
            cascades.remove(at);
        } else {
            let above = std::mem::take(&mut cascades[at].modifiers);
            cascades[at].modifiers = merge_modifiers(above, cascade.modifiers, report);
        }
    }
    Draft {
        name: own.name.or(above.name),
        description: own.description.or(above.description),
        duration: own.duration.or(above.duration),
        onset: own.onset.or(above.onset),
        settling: own.settling.or(above.settling),
        backlog: own.backlog.or(above.backlog),
        modifiers: merge_modifiers(above.modifiers, own.modifiers, report),
        cascades,
        events: merge_events(above.events, own.events, report),
        file: own.file,
    }
}

fn merge_modifiers(
    mut above: Vec<Sited<ModifierDef>>,
    own: Vec<Sited<ModifierDef>>,
    report: &mut Report,
) -> Vec<Sited<ModifierDef>> {
    for modifier in own.iter().filter(|m| m.def.remove) {
        if !above.iter().any(|other| other.def.on == modifier.def.on) {
            nothing(modifier, &["on"], report);
        }
    }
    above.retain(|other| !own.iter().any(|modifier| modifier.def.on == other.def.on));
    above.extend(own.into_iter().filter(|modifier| !modifier.def.remove));
    above
}

fn merge_events(
    mut above: Vec<Sited<InjectionDef>>,
    own: Vec<Sited<InjectionDef>>,
    report: &mut Report,
) -> Vec<Sited<InjectionDef>> {
    let same = |a: &InjectionDef, b: &InjectionDef| a.template == b.template && a.at == b.at;
    for event in own.iter().filter(|event| event.def.remove) {
        if !above.iter().any(|other| same(&other.def, &event.def)) {
            nothing(event, &["template"], report);
        }
    }
    above.retain(|other| !own.iter().any(|event| same(&event.def, &other.def)));
    above.extend(own.into_iter().filter(|event| !event.def.remove));
    above
}

fn nothing<T>(sited: &Sited<T>, path: &[&str], report: &mut Report) {
    let help = "remove this entry, or write what the extended scenario has".to_owned();
    report.error(
        sited,
        path,
        "the extended scenario has no such thing to remove",
        help,
    );
}
