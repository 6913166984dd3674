//! Names that are handed round rings of causes. What they are is a fixed point.
//!
//! A name is looked for in a stream's causes, and theirs. Round a ring the search meets itself; what it gets there is
//! what the last round found, and nothing in the first one. Rounds follow one another until none finds more. So what a
//! name means does not depend on where a search begins, which follows from the names of streams.

use std::collections::{BTreeMap, BTreeSet};

use causeflow_engine::streams::program::Expr;

use super::Compiler;
use super::assemble::Draft;
use super::report::At;
use super::streams::{Progress, Restrict};
use super::types::{Texts, Ty, own_of_slot};
use crate::diagnostic::suggestion;

/// A search for a name on a stream's events: among what it carries, or (without a restriction) its own variable.
pub(super) type Search = (usize, String, Option<Restrict>);

/// What is known about searches.
#[derive(Default)]
pub(super) struct Rings {
    /// Those under way that have gone from an event to its causes.
    pub open: BTreeSet<Search>,
    /// How many steps a search under way has gone from a document to its lines, and so back to an event that follows.
    pub down: usize,
    /// What the rounds before this one have found.
    known: BTreeMap<Search, (Ty, Texts)>,
    /// What this round has found.
    found: BTreeMap<Search, (Ty, Texts)>,
    /// Those that have met themselves in this round.
    met: BTreeSet<Search>,
    /// Whether what is being worked out has a part that is not known so far.
    pub unknown: bool,
    /// The streams on which a name is wrong, which is told elsewhere.
    wrong: BTreeSet<(usize, String)>,
    /// Names that are not known, where they stand.
    missing: Vec<(usize, String, At)>,
}

impl Rings {
    /// How many causes away from the first search another one is that begins now. It may be below it.
    pub fn depth(&self) -> isize {
        self.open.len() as isize - self.down as isize
    }

    /// What a search that has met itself gets.
    pub fn meet(&mut self, search: Search) -> Option<(Ty, Texts)> {
        let known = self.known.get(&search).cloned();
        self.met.insert(search);
        known
    }

    /// Keeps what a search has found.
    pub fn keep(&mut self, search: Search, ty: Ty, texts: &Texts) {
        self.found.insert(search, (ty, texts.clone()));
    }

    /// Remembers that a name is wrong on a stream.
    pub fn refuse(&mut self, stream: usize, name: &str) {
        self.wrong.insert((stream, name.to_owned()));
    }

    /// Remembers that a name is not known.
    pub fn miss(&mut self, stream: usize, name: &str, at: &At) {
        self.unknown = true;
        self.missing.push((stream, name.to_owned(), at.clone()));
    }

    /// Ends a round: whether it has found more than the ones before. What is known never becomes less, so that rounds
    /// come to an end.
    pub(super) fn learn(&mut self) -> bool {
        let mut more = false;
        for search in std::mem::take(&mut self.met) {
            let Some((ty, texts)) = self.found.get(&search) else {
                continue;
            };
            match self.known.get_mut(&search) {
                None => {
                    self.known.insert(search, (*ty, texts.clone()));
                    more = true;
                }
                Some((_, known)) => {
                    let wider = match (&*known, texts) {
                        (None, _) => None,
                        (Some(_), None) => Some(None),
                        (Some(a), Some(b)) => {
                            (!b.is_subset(a)).then(|| Some(a.union(b).copied().collect()))
                        }
                    };
                    if let Some(wider) = wider {
                        *known = wider;
                        more = true;
                    }
                }
            }
        }
        self.found.clear();
        if more {
            self.wrong.clear();
            self.missing.clear();
        }
        more
    }
}

impl Rings {
    /// Forgets all that is not known for good: a search has been made for what it finds alone.
    pub(super) fn forget(&mut self) {
        self.found.clear();
        self.wrong.clear();
        self.missing.clear();
        self.unknown = false;
    }
}

impl Compiler {
    /// Works out everything about each stream, except slots.
    pub(super) fn drafts(&mut self) -> Vec<Draft> {
        let beginning = (self.units.clone(), self.texts.clone(), self.report.found());
        let drafts = loop {
            let drafts = self.round();
            if !self.rings.learn() {
                break drafts;
            }
            (self.units, self.texts) = (beginning.0.clone(), beginning.1.clone());
            self.report.forget_after(beginning.2);
        };
        self.tell_missing();
        for s in 0..self.units.len() {
            self.put_in_order(s);
        }
        drafts
    }

    /// Tells which names are handed round rings and never given a value: each once, where it is met first.
    fn tell_missing(&mut self) {
        let mut told: Vec<(usize, String)> = Vec::new();
        for (stream, name, at) in std::mem::take(&mut self.rings.missing) {
            let follows = self.descends(stream, |unit| {
                let of_unit = (unit, name.clone());
                self.rings.wrong.contains(&of_unit) || told.contains(&of_unit)
            });
            if !follows {
                let known = self.names_known(stream);
                let (message, help) = match known.contains(&name) {
                    true => (
                        format!(
                            "`{name}` is handed on in a ring of causes and never given a value"
                        ),
                        Some("give it a value where the ring begins".to_owned()),
                    ),
                    false => (
                        format!("`{name}` is not known here"),
                        suggestion(&name, known.iter().map(String::as_str)),
                    ),
                };
                self.report.error_at_key(&at, message, help);
                told.push((stream, name));
            }
        }
    }

    /// Puts a stream's variables in an order in which each comes after what it needs. What needs itself within one
    /// event is refused; a search round a ring may have met it in the wrong order.
    fn put_in_order(&mut self, s: usize) {
        let mut sorting = Sorting {
            caused: self.effects_without_outcome(s),
            state: vec![0; self.units[s].own.len()],
            of_effects: Vec::new(),
            order: Vec::new(),
            circle: None,
        };
        sorting.of_effects = vec![0; sorting.caused.len()];
        for own in self.units[s].order.clone() {
            self.sort(s, Node::Own(own), &mut sorting);
        }
        for effect in 0..sorting.caused.len() {
            self.sort(s, Node::Effect(effect), &mut sorting);
        }
        match sorting.circle {
            None => self.units[s].order = sorting.order,
            Some(Node::Own(own)) => self.depends_on_itself(s, own),
            Some(Node::Effect(effect)) => {
                let (unit, cause) = sorting.caused[effect];
                let unit = &self.units[unit];
                let at = unit.at.key("causes").key(unit.causes[cause].position);
                let message = format!("whether `{}` happens depends on itself", unit.name);
                self.report.error(&at, message, None);
            }
        }
    }

    fn sort(&self, s: usize, node: Node, sorting: &mut Sorting) {
        let state = sorting.state_of(node);
        match *state {
            0 => *state = 1,
            1 => {
                sorting.circle.get_or_insert(node);
                return;
            }
            _ => return,
        }
        for needed in self.needed(s, node, &sorting.caused) {
            self.sort(s, needed, sorting);
        }
        *sorting.state_of(node) = 2;
        if let Node::Own(own) = node
            && self.units[s].order.contains(&own)
        {
            sorting.order.push(own);
        }
    }

    /// What a variable needs, or what decides whether an effect happens.
    fn needed(&self, s: usize, node: Node, caused: &[(usize, usize)]) -> Vec<Node> {
        let mut exprs: Vec<&Expr> = Vec::new();
        match node {
            Node::Own(own) => {
                if let Progress::Done(Some(typed)) = &self.units[s].own[own].progress {
                    exprs.push(&typed.expr);
                }
            }
            Node::Effect(effect) => {
                let (unit, cause) = caused[effect];
                if let Some((when, probability)) = &self.units[unit].causes[cause].guard {
                    exprs.extend(when.iter().chain([probability]));
                }
            }
        }
        let mut needed = Vec::new();
        for expr in exprs {
            let own = expr.slots().into_iter().filter_map(own_of_slot);
            needed.extend(own.map(Node::Own));
            expr.visit(&mut |e| {
                if let Expr::Happens(effect) = e {
                    needed.push(Node::Effect(usize::from(*effect)));
                }
            });
        }
        needed
    }

    /// Refuses a variable that depends on itself within one event.
    pub(super) fn depends_on_itself(&mut self, stream: usize, own: usize) {
        let variable = &self.units[stream].own[own];
        let message = format!("`{}` depends on itself", variable.name);
        let at = variable.at.clone();
        let help = "break the circle with a draw or a constant";
        self.report.error_at_key(&at, message, Some(help.into()));
    }
}

/// What is sorted: a stream's own variable, or whether one of its effects happens.
#[derive(Clone, Copy)]
enum Node {
    Own(usize),
    Effect(usize),
}

/// How far a stream's variables are in order. States: 0 is not begun, 1 under way, 2 done.
struct Sorting {
    caused: Vec<(usize, usize)>,
    state: Vec<u8>,
    of_effects: Vec<u8>,
    order: Vec<usize>,
    circle: Option<Node>,
}

impl Sorting {
    fn state_of(&mut self, node: Node) -> &mut u8 {
        match node {
            Node::Own(own) => &mut self.state[own],
            Node::Effect(effect) => &mut self.of_effects[effect],
        }
    }
}
