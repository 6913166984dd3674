//! What events change: entities and counters.

use causeflow_engine::base::draw::purpose;
use causeflow_engine::streams::program::{
    Binary, Change, ChangeKind, ExactBinary, ExactUnary, Expr, KindId,
};

use super::Compiler;
use super::calendars::slots_defs;
use super::exact::within;
use super::lower::{About, Scope};
use super::report::At;
use super::streams::{Restrict, rounded, whole};
use super::types::{Rounded, Ty};
use crate::definition::{AddDef, ChangeDef, Expression};
use crate::diagnostic::suggestion;

impl Compiler {
    /// What a stream's events change.
    pub(super) fn changes(&mut self, stream: usize) -> Vec<Change> {
        let definitions = self.units[stream].definition.changes.clone();
        let at = self.units[stream].at.key("changes");
        definitions
            .iter()
            .enumerate()
            .flat_map(|(i, change)| self.change(stream, change, &at.key(i)))
            .collect()
    }

    pub(super) fn change(&mut self, stream: usize, change: &ChangeDef, at: &At) -> Vec<Change> {
        // The target is part of the draws' names: two changes draw for themselves.
        let target = change.counter.as_ref().or(change.entity.as_ref());
        let target = target.map_or("", String::as_str);
        let name = format!("{}/changes/{target}", self.units[stream].name);
        let about = About::Stream {
            stream,
            restrict: Restrict::Any,
            inside: None,
        };
        let scope = |key: &str| Scope::new(about.clone(), at.key(key), &format!("{name}/{key}"));
        let when = change
            .when
            .as_ref()
            .and_then(|text| self.expression_of(&text.0, &mut scope("when"), &[Ty::Bool]));
        let when = when.map(|typed| typed.expr);
        let mut kinds = Vec::new();
        if let Some(counter) = &change.counter {
            if let Some((key, _)) = slots_defs(change).next() {
                let message = format!("`{key}` is about the calendar of an entity, not a counter");
                let help = Some("write two changes".into());
                self.report.error_at_key(&at.key(key), message, help);
            }
            if change.entity.is_some() {
                self.report.error_at_key(
                    &at.key("entity"),
                    "a change is about an entity or a counter",
                    Some("write two changes".into()),
                );
            }
            let found = self.counter(counter);
            if found.is_none() && !self.report.is_spoilt("counters", counter) {
                let help = suggestion(
                    counter,
                    self.counters.iter().map(|counter| counter.name.as_str()),
                );
                self.report.certain_error(
                    &at.key("counter"),
                    format!("there is no counter `{counter}`"),
                    help,
                );
            }
            match &change.add {
                Some(AddDef::Counter(text)) => {
                    let digits =
                        found.and_then(|counter| self.counters[usize::from(counter)].digits);
                    let ty = digits.map_or(Ty::Number, |digits| Ty::Exact(digits.scale()));
                    let value = self.expression_of(&text.0, &mut scope("add"), &[ty]);
                    if let (Some(counter), Some(value)) = (found, value) {
                        let value = match digits {
                            // As a whole number of units, which a sum of floats keeps exact.
                            Some(digits) => Expr::ExactUnary(
                                ExactUnary::ToNumber(0),
                                Box::new(within(value.expr, digits)),
                            ),
                            None => value.expr,
                        };
                        kinds.push(ChangeKind::Count { counter, value });
                    }
                }
                _ => self.report.error(
                    at,
                    "a counter needs `add` with a number",
                    Some("for example `add: 1`".into()),
                ),
            }
        } else if let Some(text) = &change.entity {
            if let Some(typed) = self.expression(text, &mut scope("entity")) {
                match typed.ty {
                    Ty::Entity(kind) => {
                        self.entity_changes(kind, &typed.expr, change, at, &scope, &mut kinds)
                    }
                    ty => {
                        let message =
                            format!("`{text}` is {}, expected an entity", self.type_name(ty));
                        let help = match ty {
                            Ty::Away(kind) | Ty::Shared(kind) => {
                                Some(self.how_to_reach(kind, text))
                            }
                            _ => None,
                        };
                        self.report.error(&at.key("entity"), message, help);
                    }
                }
            }
        } else {
            self.report.error(
                at,
                "this change is about nothing",
                Some("add `entity` or `counter`".into()),
            );
        }
        kinds
            .into_iter()
            .map(|what| Change {
                when: when.clone(),
                what,
            })
            .collect()
    }

    /// Whether to whom one of a kind belongs may change.
    fn may_change_hands(&mut self, kind: KindId, at: &At) -> bool {
        let why = "whom it belongs to is known in all cells, and stays";
        self.not_shared(
            kind,
            at,
            why,
            "keep what changes in a variable of another kind",
        )
    }

    pub(super) fn entity_changes(
        &mut self,
        kind: KindId,
        entity: &Expr,
        change: &ChangeDef,
        at: &At,
        scope: &impl Fn(&str) -> Scope,
        kinds: &mut Vec<ChangeKind>,
    ) {
        let names = self.kinds[kind].clone();
        if let Some(state) = &change.state {
            match names.states.iter().position(|name| name == state) {
                Some(i) => kinds.push(ChangeKind::State {
                    kind,
                    entity: entity.clone(),
                    state: i as u8,
                }),
                None if names.is_spoilt => {}
                None => {
                    let is_name = state.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                    let help = match is_name {
                        true => suggestion(state, names.states.iter().map(String::as_str)),
                        false => Some(
                            "a state stands here by its name: write a change for each, with `when`"
                                .into(),
                        ),
                    };
                    self.report.certain_error(
                        &at.key("state"),
                        format!("a {} has no state `{state}`", names.name),
                        help,
                    );
                }
            }
        }
        let added = match &change.add {
            Some(AddDef::Variables(map)) => {
                map.iter().map(|(name, text)| ("add", name, text)).collect()
            }
            Some(AddDef::Counter(_)) => {
                self.report.error(
                    &at.key("add"),
                    "for an entity, `add` names its variables",
                    Some("for example `add: {balance_usd: 5}`".into()),
                );
                Vec::new()
            }
            None => Vec::new(),
        };
        let set = change.set.iter().map(|(name, text)| ("set", name, text));
        for (how, name, Expression(text)) in set.chain(added) {
            let place = at.key(how).key(name);
            let Some(variable) = names.variables.iter().position(|(n, ..)| n == name) else {
                if names.is_spoilt {
                    continue;
                }
                let help = suggestion(name, names.variables.iter().map(|(n, ..)| n.as_str()));
                self.report.certain_error_at_key(
                    &place,
                    format!("a {} has no variable `{name}`", names.name),
                    help,
                );
                continue;
            };
            if matches!(names.variables[variable].1, Ty::Shared(_) | Ty::Entity(_))
                && !self.may_change_hands(kind, &place)
            {
                continue;
            }
            let ty = names.variables[variable].1;
            let mut scope = scope(&format!("{how}/{name}"));
            scope.at = place;
            let Some(value) = self.expression_of(text, &mut scope, &[ty]) else {
                continue;
            };
            let (entity, variable, mut value) = (entity.clone(), variable as u16, value.expr);
            // What is rounded stays so, also as a sum of many.
            let decimals = names.rounded.get(name);
            if let Some(decimals) = decimals {
                if how == "add" {
                    let before = Box::new(Expr::Variable(kind, Box::new(entity.clone()), variable));
                    value = match decimals {
                        Rounded::Exact(_) => {
                            Expr::ExactBinary(ExactBinary::Add, before, Box::new(value))
                        }
                        Rounded::Decimals(_) | Rounded::Whole => {
                            Expr::Binary(Binary::Add, before, Box::new(value))
                        }
                    };
                }
                value = match *decimals {
                    Rounded::Decimals(decimals) => rounded(value, decimals),
                    Rounded::Whole => whole(rounded(value, 0)),
                    Rounded::Exact(digits) => within(value, digits),
                };
            }
            kinds.push(match how {
                _ if decimals.is_some() => ChangeKind::Set {
                    kind,
                    entity,
                    variable,
                    value,
                },
                "set" => ChangeKind::Set {
                    kind,
                    entity,
                    variable,
                    value,
                },
                _ => ChangeKind::Add {
                    kind,
                    entity,
                    variable,
                    value,
                },
            });
        }
        for (name, count) in &change.adopt {
            if *count > 1000 {
                let message = format!("found {count}, at most 1000 can be adopted at a time");
                self.report.error(&at.key("adopt").key(name), message, None);
            }
            let Some(adopted) = self.kind_named(name, &at.key("adopt")) else {
                continue;
            };
            if !self.may_change_hands(adopted, &at.key("adopt").key(name)) {
                continue;
            }
            let variables = &self.kinds[adopted].variables;
            match variables
                .iter()
                .position(|(_, ty, _)| *ty == self.referring(kind))
            {
                Some(variable) => kinds.push(ChangeKind::Adopt {
                    owner: entity.clone(),
                    kind: adopted,
                    variable: variable as u16,
                    count: *count,
                    purpose: purpose(&format!("adopt/{name}")),
                }),
                None if self.kinds[adopted].is_spoilt => {}
                None => {
                    let message = format!("a {name} does not belong to a {}", names.name);
                    self.report.error(
                        &at.key("adopt"),
                        message,
                        Some("add `belongs_to` to the kind".into()),
                    );
                }
            }
        }
        self.slots_changes(kind, entity, change, at, scope, kinds);
        self.links_changed(kind, change, at, scope);
        let links = !change.link.is_empty() || !change.unlink.is_empty();
        if kinds.is_empty() && !links && !self.report.has_errors() {
            self.report.error(
                at,
                "this change changes nothing",
                Some(
                    "add `state`, `set`, `add`, `adopt`, `link`, `unlink`, `reserve`, `release`, `open` or `block`"
                        .into(),
                ),
            );
        }
    }
}
