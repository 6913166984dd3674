//! What can be told of a root by its key alone, where what it may cause is decided by marks: whether it causes anything.
//!
//! One that causes nothing and is not written need not be played; in the warm-up that are most. And one that is nobody's
//! doing and has no words of its own is then only a row, made of its key and its time: the API log of a
//! business is of this kind, and half of all its rows.
//!
//! This is a short cut and must never be more: what it says is what playing the root would come to, to the bit, so it holds
//! only where nothing but marks under known probabilities decides. Whether a stream is of this kind is asked once
//! ([`Marked::new`]), whether modifiers act once for each block of time, and only then each root by its key.

use super::Step;
use crate::base::draw::{Key, Purpose, purpose};
use crate::base::time::Time;
use crate::streams::layout::Layout;
use crate::streams::program::{Effect, Expr, Program, Source, Stream, StreamId};

/// A stream of whose roots the marks in its [`Step`]s decide all that they cause.
#[derive(Clone, Copy, Debug)]
pub struct Marked {
    stream: StreamId,
    /// Whether a root that causes nothing is only a row.
    bare: bool,
}

/// The mark of an effect.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    effect: Purpose,
    /// The probability under which it lies, without modifiers.
    probability: f64,
    /// The modifiers of the probability, as an index into the program's.
    modified: Option<u16>,
}

impl Mark {
    /// None where something else decides, too.
    pub(super) fn of(effect: &Effect) -> Option<Mark> {
        let (probability, modified) = match &effect.probability {
            Expr::Num(probability) => (*probability, None),
            Expr::Modified(at, base) => match **base {
                Expr::Num(probability) => (probability, Some(*at)),
                _ => return None,
            },
            _ => return None,
        };
        let plain = effect.when.is_none() && effect.each.is_none();
        plain.then_some(Mark {
            effect: effect.purpose,
            probability,
            modified,
        })
    }

    /// Whether no modifier acts on the probability at a time.
    #[inline(always)]
    pub(crate) fn is_quiet(&self, program: &Program, time: Time) -> bool {
        let quiet = |at: u16| program.modified[usize::from(at)].is_quiet(time);
        self.modified.is_none_or(quiet)
    }

    /// Whether the mark of this cause lies under the probability, where no modifier acts.
    #[inline(always)]
    pub(crate) fn is_under(&self, cause: Key) -> bool {
        probable(cause, self.effect, self.probability)
    }
}

impl Marked {
    /// None where something else decides, too, or where the roots of this stream do more than cause.
    pub fn new(id: StreamId, stream: &Stream, layout: Layout) -> Option<Marked> {
        let actor = match &stream.source {
            Some(Source::Arrivals { actor, .. }) => actor,
            Some(Source::Each { .. } | Source::Platform { .. }) | None => return None,
        };
        if stream.writes_state() || stream.requires.is_some() || !stream.outcomes.is_empty() {
            return None;
        }
        let wordless = layout.stride == layout.head();
        let mut marks = stream.effects.iter().map(Mark::of);
        marks.all(|mark| mark.is_some()).then_some(Marked {
            stream: id,
            bare: actor.is_none() && wordless && !layout.caused && !stream.stateful,
        })
    }

    /// The steps of its roots, each with its mark.
    #[inline(always)]
    fn marks(self, steps: &[Vec<Step>]) -> impl Iterator<Item = (&Step, &Mark)> {
        let steps = steps[self.stream].iter();
        steps.filter_map(|step| Some((step, step.mark.as_ref()?)))
    }

    /// Whether a root that causes nothing is only a row, and the marks alone tell for all of a stretch of time,
    /// because no modifier acts on a probability in it.
    pub(crate) fn is_bare_between(
        self,
        (program, steps): (&Program, &[Vec<Step>]),
        from: Time,
        to: Time,
    ) -> bool {
        let modified = |at: u16| &program.modified[usize::from(at)];
        let acts = |at| modified(at).acts_between(from, to);
        let mut marks = self.marks(steps).map(|(_, mark)| mark);
        self.bare && !marks.any(|mark| mark.modified.is_some_and(acts))
    }

    /// Whether a root causes nothing, at a time at which no modifier acts.
    #[inline(always)]
    pub(crate) fn causes_nothing(self, steps: &[Vec<Step>], root: Key) -> bool {
        !self.marks(steps).any(|(_, mark)| mark.is_under(root))
    }

    /// Whether a root causes nothing that matters to what is written, on either side.
    pub(crate) fn matters_nothing(
        self,
        (program, steps): (&Program, &[Vec<Step>]),
        root: Key,
        time: Time,
    ) -> bool {
        let matters = |(step, mark): (&Step, &Mark)| {
            time >= step.matters_from && (!mark.is_quiet(program, time) || mark.is_under(root))
        };
        !self.marks(steps).any(matters)
    }
}

/// Whether the mark of the first child of an effect lies under a probability.
#[inline(always)]
pub fn probable(cause: Key, effect: Purpose, probability: f64) -> bool {
    probability >= 1.0 || mark_of(cause, effect) < probability
}

/// The mark of the first child of an effect.
#[inline(always)]
pub fn mark_of(cause: Key, effect: Purpose) -> f64 {
    cause.child(effect, 0).uniform(MARK)
}

/// The purpose of the draw that decides whether something happens.
pub const MARK: Purpose = purpose("mark");
