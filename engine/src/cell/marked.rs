//! What can be told of a root by its key alone, where what it may cause is decided by marks: whether it causes anything.
//!
//! One that causes nothing and is not written need not be played; in the warm-up that are most. And one that is nobody's
//! doing and has no words of its own is then only a row, made of its key and its time: the API log of a
//! business is of this kind, and half of all its rows.

use super::RowBuffers;
use crate::draw::{Key, Purpose};
use crate::eval::probable;
use crate::program::{Effect, Expr, Program, Source, Stream};
use crate::rows::layout::{Layout, place_word, push_root_head};
use crate::sides::Lineage;
use crate::time::Time;
use crate::world::World;

/// The marks that decide what the roots of a stream cause, an effect each.
#[derive(Clone, Debug)]
pub struct Marked {
    marks: Vec<Mark>,
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
        effect.when.is_none().then_some(Mark {
            effect: effect.purpose,
            probability,
            modified,
        })
    }

    /// Whether no modifier acts on the probability at a time.
    #[inline(always)]
    pub(super) fn is_quiet(&self, program: &Program, time: Time) -> bool {
        let quiet = |at: u16| program.modified[usize::from(at)].is_quiet(time);
        self.modified.is_none_or(quiet)
    }

    /// Whether the mark of this cause lies under the probability, where no modifier acts.
    #[inline(always)]
    pub(super) fn is_under(&self, cause: Key) -> bool {
        probable(cause, self.effect, self.probability)
    }
}

impl Marked {
    /// The marks of a stream's roots; none where something else decides, too, or where they do more than cause.
    pub fn new(stream: &Stream, layout: Layout) -> Option<Marked> {
        let Some(Source::Arrivals { actor, .. }) = &stream.source else {
            return None;
        };
        if stream.writes_state() || stream.requires.is_some() || !stream.outcomes.is_empty() {
            return None;
        }
        let wordless = layout.stride == layout.head();
        Some(Marked {
            marks: stream.effects.iter().map(Mark::of).collect::<Option<_>>()?,
            bare: actor.is_none() && wordless && !layout.caused && !stream.stateful,
        })
    }

    /// Whether a root that causes nothing is only a row, and the marks alone tell for all of a stretch of time,
    /// because no modifier acts on a probability in it.
    pub(super) fn is_bare_between(&self, program: &Program, from: Time, to: Time) -> bool {
        let acts = |at: u16| program.modified[usize::from(at)].acts_between(from, to);
        self.bare && !self.marks.iter().filter_map(|mark| mark.modified).any(acts)
    }

    /// Whether a root causes nothing, at a time at which no modifier acts.
    #[inline(always)]
    pub(super) fn causes_nothing(&self, root: Key) -> bool {
        !self.marks.iter().any(|mark| mark.is_under(root))
    }

    /// Whether a root of a stream causes nothing that matters to what is written, on either side.
    pub(super) fn matters_nothing(
        &self,
        world: &World,
        stream: &Stream,
        root: Key,
        time: Time,
    ) -> bool {
        let matters = |(mark, effect): (&Mark, &Effect)| {
            world.matters(effect, time)
                && (!mark.is_quiet(&world.program, time) || mark.is_under(root))
        };
        !self.marks.iter().zip(&stream.effects).any(matters)
    }
}

impl RowBuffers {
    /// Counts an event that is only a row, on both sides, and keeps it if it is to be written.
    #[inline(always)]
    pub(super) fn bare(&mut self, world: &World, stream: usize, key: Key, time: Time) {
        self.played += 1;
        if world.written(stream as u16, time) {
            let place = place_word(Lineage::BOTH, self.cell, 0);
            let rows = self.by_stream[stream].next(world.layouts[stream].stride);
            push_root_head(rows, key, time, place);
        }
    }
}
