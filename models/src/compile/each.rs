//! Causes that reach each of several entities (`each`): whom, and by which name their events know them.

use causeflow_engine::streams::program::{Each, KindId, Linked, Slot, Whom};

use super::Compiler;
use super::lower::Scope;
use super::report::At;
use super::types::{Ty, Typed};
use crate::definition::CauseDef;
use crate::diagnostic::suggestion;

/// What a cause with `each` reaches.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reached {
    /// Entities of this kind, known by its name to what follows.
    pub kind: KindId,
    whom: Wanted,
}

#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    All,
    /// Those whose reference of this name is to whom the cause knows by it.
    Of(String),
    /// Those links of a relation of which it is said who one end is: the name of the end, and who.
    LinksOf(String, String),
    /// Those with whom somebody is linked: the relation, whether it is told from its first end, and who.
    LinkedWith(usize, bool, String),
    /// Those whom the cause changes.
    These(Vec<Those>),
}

/// Somebody whom an event knows, and where that is said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Those {
    pub text: String,
    pub at: At,
}

impl Reached {
    /// These very entities.
    pub fn these(kind: KindId, these: Vec<Those>) -> Reached {
        let whom = Wanted::These(these);
        Reached { kind, whom }
    }

    /// Those of them who are named one by one.
    pub fn into_these(self) -> Vec<Those> {
        match self.whom {
            Wanted::These(these) => these,
            Wanted::All | Wanted::Of(_) | Wanted::LinksOf(..) | Wanted::LinkedWith(..) => {
                Vec::new()
            }
        }
    }
}

impl Compiler {
    /// Whom a cause reaches, if it says so.
    pub(super) fn reached_by(&mut self, cause: &CauseDef, at: &At) -> Option<Reached> {
        let named = cause.each.as_ref()?;
        if let Some((of, word)) = named.rsplit_once('.')
            && let Some((relation, forward)) = self.relation_called(word)
        {
            self.alone_with_each(cause, at);
            let known = &self.relations[relation];
            let [near, far] = known.ends_from(forward);
            return match &cause.links {
                Some(links) => Some(Reached {
                    kind: self.kind(links)?,
                    whom: Wanted::LinksOf(near.name.clone(), of.to_owned()),
                }),
                None => Some(Reached {
                    kind: self.kind(&far.kind)?,
                    whom: Wanted::LinkedWith(relation, forward, of.to_owned()),
                }),
            };
        }
        let mut words = named.rsplit('.');
        if words
            .next()
            .is_some_and(|word| named.contains('.') && self.is_spoilt_relation(word))
        {
            return None;
        }
        let (name, of) = match named.split_once('.') {
            Some((name, of)) => (name, Some(of.to_owned())),
            None => (&named[..], None),
        };
        let Some(kind) = self.kind(name) else {
            if !self.report.is_spoilt("entities", name) {
                let help = suggestion(name, self.kinds.iter().map(|kind| kind.name.as_str()));
                let message = format!("there is no kind of entity `{name}`");
                self.report.certain_error(at, message, help);
            }
            return None;
        };
        self.alone_with_each(cause, at);
        let names = &self.kinds[kind];
        if names.shared {
            let message = format!(
                "a {name} is shared, and lives in one cell: `each` reaches those who live with the cause"
            );
            let help = format!(
                "reach others who belong to the {name}, where it is gone to with `cell: {name}`, or let the {name} not be shared"
            );
            self.report.error(at, message, Some(help));
            return None;
        }
        let Some(of) = of else {
            let whom = Wanted::All;
            return Some(Reached { kind, whom });
        };
        let references = names.variables.iter();
        let references: Vec<(String, Ty)> = references
            .filter(|(_, ty, _)| matches!(ty, Ty::Entity(_) | Ty::Shared(_)))
            .map(|(name, ty, _)| (name.clone(), *ty))
            .collect();
        match references.iter().find(|(name, _)| *name == of) {
            Some((_, Ty::Shared(_))) => {
                let message = format!(
                    "a {of} is shared, and each {name} lives in a cell of its own: `each` reaches those who live with the cause"
                );
                let help = format!(
                    "let the {of} not be shared: it then lives with those who belong to it"
                );
                self.report.error(at, message, Some(help));
                None
            }
            Some(_) => Some(Reached {
                kind,
                whom: Wanted::Of(of),
            }),
            None if names.is_spoilt => None,
            None => {
                let message = format!("a {name} does not belong to a `{of}`");
                let help = match suggestion(&of, references.iter().map(|(name, _)| name.as_str())) {
                    Some(help) => help,
                    None => format!(
                        "add `belongs_to` to the {name}, or write `each: {name}` with a `when`"
                    ),
                };
                self.report.error(at, message, Some(help));
                None
            }
        }
    }

    fn alone_with_each(&mut self, cause: &CauseDef, at: &At) {
        for (key, stands) in [
            ("outcome", cause.outcome.is_some()),
            ("count", cause.count.is_some()),
            ("spacing", cause.spacing.is_some()),
        ] {
            if stands {
                let message = format!("`each` and `{key}` exclude each other");
                let help = "each of them has one event, on conditions of its own";
                self.report.error(at, message, Some(help.into()));
            }
        }
    }

    /// What a cause with `each` gives by a name: whom it is about.
    pub(super) fn reached(&self, child: usize, parent: usize, name: &str) -> Option<KindId> {
        let causes = self.units[child].causes.iter();
        let mut reached = causes.filter(|cause| cause.parent == parent);
        let kind = reached.find_map(|cause| Some(cause.each.as_ref()?.kind))?;
        (self.kinds[kind].name == name).then_some(kind)
    }

    /// How an effect finds whom it reaches. What the cause knows of whom they belong to is looked for on it.
    pub(super) fn each(&mut self, child: usize, cause: usize) -> Option<Each> {
        let (reached, parent) = {
            let cause = &self.units[child].causes[cause];
            (cause.each.clone()?, cause.parent)
        };
        let (_, mut scope) = self.cause_scope(child, cause, "each");
        // Only its `when` and the like are about each of them.
        scope.each = None;
        let names = &self.kinds[reached.kind];
        let (of, owner) = match reached.whom {
            Wanted::Of(of) => (of.clone(), of),
            Wanted::LinksOf(of, owner) => (of, owner),
            Wanted::LinkedWith(relation, forward, of) => {
                let [near, far] = self.relations[relation]
                    .ends_from(forward)
                    .map(Clone::clone);
                let by = self.kind(&self.relations[relation].name.clone())?;
                let wanted = Ty::Entity(self.kind(&near.kind)?);
                let owner = self.owner(&of, wanted, &mut scope)?;
                let [near, far] = [near, far].map(|end| self.variable_of(by, &end.name));
                return Some(Each {
                    kind: reached.kind,
                    whom: Whom::Linked(Box::new(Linked {
                        by,
                        of: (near?, owner.expr),
                        to: far?,
                    })),
                    slot: None,
                });
            }
            Wanted::These(these) => {
                let these = these.iter();
                let these = these.map(|those| self.changed_entity(parent, those));
                return Some(Each {
                    kind: reached.kind,
                    whom: Whom::These(these.collect::<Option<_>>()?),
                    slot: None,
                });
            }
            Wanted::All => {
                let name = names.name.clone();
                if let Some(away) = self.away_from_cells(parent) {
                    let message = format!("`each` reaches nobody: {away}, where no {name} lives");
                    self.report.error(&scope.at, message, None);
                }
                return Some(Each {
                    kind: reached.kind,
                    whom: Whom::All,
                    slot: None,
                });
            }
        };
        let mut variables = names.variables.iter();
        let variable = variables.position(|(name, ..)| *name == of)?;
        let (_, wanted, _) = names.variables[variable];
        let owner = self.owner(&owner, wanted, &mut scope)?;
        Some(Each {
            kind: reached.kind,
            whom: Whom::Of(variable as u16, owner.expr),
            slot: None,
        })
    }

    fn owner(&mut self, of: &str, wanted: Ty, scope: &mut Scope) -> Option<Typed> {
        let owner = self.expression(of, scope)?;
        if owner.ty == wanted {
            return Some(owner);
        }
        let message = format!("the cause knows `{of}` as {}", self.type_name(owner.ty));
        let help = match (owner.ty, wanted) {
            (Ty::Away(kind), _) => self.how_to_reach(kind, of),
            _ => format!("those are reached who belong to {}", self.type_name(wanted)),
        };
        self.report.error(&scope.at, message, Some(help));
        None
    }

    /// Where what follows carries whom it is about, if it does.
    pub(super) fn slot_of_reached(&self, child: usize, parent: usize) -> Option<Slot> {
        let inputs = self.units[child].inputs.iter();
        let mut inputs = inputs
            .enumerate()
            .filter(|(_, input)| input.given_by(parent));
        let found = inputs.find(|(_, input)| self.reached(child, parent, &input.name).is_some());
        found.map(|(at, _)| Slot::at(at))
    }
}
