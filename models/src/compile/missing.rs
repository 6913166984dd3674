//! Which values of events and entities may be missing, as far as the model tells: the id of nobody, the time of nothing, and a text
//! where a choice has `null`.

use std::collections::{BTreeMap, BTreeSet};

use causeflow_engine::base::draw::Purpose;
use causeflow_engine::base::table::ColumnType;
use causeflow_engine::base::time::Span;
use causeflow_engine::streams::profile::Profile;
use causeflow_engine::streams::program::{
    APPOINTMENTS, Binary, ChangeKind, Crossing, Destination, Expr, Format, Kind, NO_ENTITY,
    NO_TIME, Question, Slot, Stream, Working,
};

use super::bounds::bounds;

/// Marks the fields, attributes and variables whose values may be missing, in streams and kinds that are otherwise complete.
pub(super) fn mark(streams: &mut [Stream], kinds: &mut [Kind], around: Around<'_>) {
    let words = |stream: &Stream| vec![false; words_of(stream)];
    let texts = |kind: &Kind| Texts {
        attributes: vec![false; kind.attributes.len()],
        // What entities keep for others may be missing from the start.
        variables: (kind.variables.iter())
            .map(|variable| variable.column.nullable)
            .collect(),
    };
    let mut may = Missing {
        words: streams.iter().map(words).collect(),
        texts: kinds.iter().map(texts).collect(),
    };
    // What is handed on around circles settles: a value that may be missing never ceases to.
    while step(streams, kinds, around, &mut may) {}
    for (stream, may) in streams.iter_mut().zip(&may.words) {
        for (column, slot) in &mut stream.fields {
            column.nullable = column.kind.can_be_missing() && may[*slot];
        }
    }
    for (kind, may) in kinds.iter_mut().zip(&may.texts) {
        let attributes = kind.attributes.iter_mut().zip(&may.attributes);
        let variables = kind.variables.iter_mut().zip(&may.variables);
        for (attribute, &may) in attributes.chain(variables) {
            attribute.column.nullable |= may && attribute.column.kind == ColumnType::Text;
        }
    }
}

/// The profiles of a model, and the purposes of the choices that have `null`.
type Around<'a> = (&'a [Profile], &'a BTreeSet<Purpose>);

/// What may be missing, as far as is known so far.
struct Missing {
    /// The words of each stream.
    words: Vec<Vec<bool>>,
    /// Of each kind.
    texts: Vec<Texts>,
}

/// Which attributes and variables of a kind may be none of the texts that they may be.
struct Texts {
    attributes: Vec<bool>,
    variables: Vec<bool>,
}

fn words_of(stream: &Stream) -> usize {
    let own = stream.variables.iter().map(|variable| variable.slot);
    let created = stream.creates.map(|(_, slot)| slot);
    let last = own.chain(created).max();
    last.map_or(0, |last| last.index() + 1)
        .max(usize::from(stream.carried))
}

/// Follows what may be missing one step; whether anything was found.
fn step(streams: &[Stream], kinds: &[Kind], around: Around<'_>, may: &mut Missing) -> bool {
    let mut new = false;
    for (at, kind) in kinds.iter().enumerate() {
        let values = kind.attributes.iter().chain(&kind.variables);
        let misses: Vec<bool> = values
            .map(|value| text_misses(&value.value, &may.texts[at], around.1))
            .collect();
        let texts = &mut may.texts[at];
        let known = texts.attributes.iter_mut().chain(&mut texts.variables);
        for (known, misses) in known.zip(misses) {
            new |= misses && !std::mem::replace(known, *known || misses);
        }
    }
    let (mut found, mut set) = (Vec::new(), Vec::new());
    for (at, stream) in streams.iter().enumerate() {
        let words = Words {
            stream,
            around,
            may: &may.words[at],
            texts: &may.texts,
        };
        for change in &stream.changes {
            if let ChangeKind::Set {
                kind,
                variable,
                value,
                ..
            } = &change.what
                && words.misses(value)
            {
                set.push((kind.index(), usize::from(*variable)));
            }
        }
        for variable in &stream.variables {
            if words.misses(&variable.value) {
                found.push((at, variable.slot.index()));
            }
        }
        for effect in stream.all_effects() {
            for (slot, from) in Slot::each(&effect.pass) {
                let arrives = Crossing {
                    slot,
                    arrives: true,
                };
                let home = match &effect.destination {
                    Destination::CellOf(Expr::HomeOf(_, entity)) => Some(&**entity),
                    Destination::CellOf(entity) => Some(entity),
                    _ => None,
                };
                let may = match (from, home) {
                    // It does not take place where nobody lives.
                    (Some(from), Some(Expr::Slot(home))) if from == home => false,
                    // Whoever lives elsewhere is nobody there.
                    (Some(from), _) => may.words[at][*from] || effect.crossings.contains(&arrives),
                    (None, _) => false,
                };
                if may {
                    found.push((effect.stream.index(), slot.index()));
                }
            }
        }
    }
    for (stream, slot) in found {
        new |= !std::mem::replace(&mut may.words[stream][slot], true);
    }
    for (kind, variable) in set {
        new |= !std::mem::replace(&mut may.texts[kind].variables[variable], true);
    }
    new
}

/// Whether what an entity begins with may be none of the texts that it may be.
fn text_misses(e: &Expr, own: &Texts, with_null: &BTreeSet<Purpose>) -> bool {
    let misses = |e| text_misses(e, own, with_null);
    match e {
        Expr::Own(attribute) => own.attributes[usize::from(*attribute)],
        Expr::Choice(.., draw) => with_null.contains(draw),
        Expr::Modified(_, e) => misses(e),
        Expr::If(parts) => misses(&parts.1) || misses(&parts.2),
        Expr::Case(_, cases, otherwise) => {
            misses(otherwise) || cases.iter().any(|(_, e)| misses(e))
        }
        _ => false,
    }
}

/// What is known of the words of a stream's events.
struct Words<'a> {
    stream: &'a Stream,
    around: Around<'a>,
    /// Which of them may be missing.
    may: &'a [bool],
    /// Which texts of entities may be.
    texts: &'a [Texts],
}

impl Words<'_> {
    /// Whether a value may be missing.
    fn misses(&self, e: &Expr) -> bool {
        match e {
            Expr::Slot(slot) => self.may[*slot],
            Expr::Choice(.., draw) => self.around.1.contains(draw),
            Expr::Attribute(kind, _, at) => self.texts[*kind].attributes[usize::from(*at)],
            Expr::Variable(kind, _, at) => self.texts[*kind].variables[usize::from(*at)],
            Expr::Modified(_, e)
            | Expr::EntityId(_, e)
            | Expr::HomeOf(_, e)
            | Expr::DayStart(e)
            | Expr::OnClock(e) => self.misses(e),
            Expr::Midnight(_, parts) => self.misses(&parts.0),
            Expr::AtWork(at) if matches!(at.asked, Working::Day | Working::After) => {
                self.misses(&at.time)
            }
            // It has no value where one of its parts has none.
            Expr::Template(template) => template.values().any(|(e, format)| match format {
                Format::Id | Format::Somebody | Format::Time(_) | Format::Drawn(_) => {
                    self.misses(e)
                }
                Format::Number(_)
                | Format::Fixed(..)
                | Format::Exact(..)
                | Format::Bool
                | Format::Text
                | Format::Numbered(_) => false,
            }),
            Expr::If(parts) => self.misses(&parts.1) || self.misses(&parts.2),
            Expr::Case(_, cases, otherwise) => {
                self.misses(otherwise) || cases.iter().any(|(_, e)| self.misses(e))
            }
            Expr::Binary(Binary::Add | Binary::Subtract | Binary::Min | Binary::Max, a, b) => {
                self.misses(a) || self.misses(b)
            }
            // Where nothing is free it is the time that was wanted.
            Expr::Lookup(lookup) if lookup.question == Question::Nearest => {
                self.misses(&lookup.args[0])
            }
            Expr::Num(x) => x.to_bits() == NO_ENTITY || *x == NO_TIME,
            Expr::Pick(..) | Expr::PickWhere(_) | Expr::PickIf(..) | Expr::Reference(..) => true,
            Expr::Appointment(profile, parts, _) => {
                let always = always_open(&self.around.0[usize::from(*profile)]);
                !always || !self.has_room(parts)
            }
            _ => false,
        }
    }

    /// Whether a multiple of the step surely lies in the range of an appointment.
    fn has_room(&self, (earliest, latest, step): &(Expr, Expr, Expr)) -> bool {
        let [earliest, latest, step] =
            [earliest, latest, step].map(|e| from_now(&self.spelt_out(e)));
        let (earliest, latest) = (earliest.1.max(0.0), latest.0.min(APPOINTMENTS.0 as f64));
        step.0 > 0.0 && latest - earliest >= step.1
    }

    /// An expression with what its own event works out in the place of names.
    fn spelt_out(&self, e: &Expr) -> Expr {
        let mut e = e.clone();
        // Variables come in the order in which they are worked out.
        for variable in self.stream.variables.iter().rev() {
            if e.slots().contains(&variable.slot) {
                e.put(variable.slot, &variable.value);
            }
        }
        e
    }
}

/// The least and the greatest time from an event to a time worked out on it.
pub(super) fn from_now(e: &Expr) -> (f64, f64) {
    let mut e = e.clone();
    e.rewrite(&mut |e| {
        if matches!(e, Expr::Time) {
            *e = Expr::Num(0.0);
        }
    });
    bounds(&e)
}

/// Whether a profile is never 0.
fn always_open(profile: &Profile) -> bool {
    let weights = profile.hours.iter().chain(&profile.weekdays);
    let factors = profile.seasons.iter().map(|season| &season.factor);
    let dated = profile.dated.iter();
    let dated = dated.flat_map(|dated| dated.hours.iter().flatten().chain([&dated.factor]));
    weights
        .chain(factors)
        .chain(dated)
        .all(|&weight| weight > 0.0)
}

/// How far ahead the appointments of each profile lie, as far as the model tells.
pub(super) fn appointments(streams: &[Stream]) -> BTreeMap<u16, Span> {
    let mut ahead: BTreeMap<u16, Span> = BTreeMap::new();
    for stream in streams {
        let words = Words {
            stream,
            around: (&[], &BTreeSet::new()),
            may: &[],
            texts: &[],
        };
        for e in stream.expressions() {
            e.visit(&mut |e| {
                if let Expr::Appointment(profile, parts, _) = e {
                    let (_, latest) = from_now(&words.spelt_out(&parts.1));
                    let most = APPOINTMENTS.0 as f64;
                    let this = Span(latest.clamp(0.0, most) as i64);
                    let known = ahead.entry(*profile).or_default();
                    *known = (*known).max(this);
                }
            });
        }
    }
    ahead
}
