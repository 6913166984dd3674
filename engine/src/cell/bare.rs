//! Roots that hardly ever are more than a row: nobody's doing, without words of their own, and what they may cause
//! is decided by a mark alone. The API log of a business is of this kind, and half of all its rows.
//!
//! Such an event needs no more than its key and its time, unless one of its marks lies under its probability: then
//! it takes place like any other.

use super::RowBuffers;
use crate::draw::{Key, Purpose};
use crate::eval::probable;
use crate::program::{Expr, Program, Source, Stream};
use crate::rows::layout::{Layout, place_word};
use crate::sides::Lineage;
use crate::time::Time;
use crate::world::World;

/// What decides whether a root is more than a row.
#[derive(Clone, Debug)]
pub struct Bare(Vec<Mark>);

/// The mark of an effect.
#[derive(Clone, Copy, Debug)]
struct Mark {
    effect: Purpose,
    /// The probability under which it lies, without modifiers.
    probability: f64,
    /// The modifiers of the probability, as an index into the program's.
    modified: Option<u16>,
}

impl Mark {
    fn of(effect: &crate::program::Effect) -> Option<Mark> {
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
}

impl Bare {
    /// Whether a stream's events are of this kind.
    pub fn new(stream: &Stream, layout: Layout) -> Option<Bare> {
        let nobodys = matches!(stream.source, Some(Source::Arrivals { actor: None, .. }));
        let wordless = layout.stride == layout.head();
        let plain = !layout.caused
            && !stream.stateful
            && !stream.writes_state()
            && stream.requires.is_none()
            && stream.outcomes.is_empty();
        let marks = stream.effects.iter().map(Mark::of);
        (nobodys && wordless && plain).then(|| marks.collect::<Option<_>>().map(Bare))?
    }

    /// The same for a stretch of time; none where a modifier acts on a probability in it.
    pub(super) fn between(&self, program: &Program, from: Time, to: Time) -> Option<&Bare> {
        let acts = |at: u16| program.modified[usize::from(at)].acts_between(from, to);
        let bent = self.0.iter().filter_map(|mark| mark.modified).any(acts);
        (!bent).then_some(self)
    }

    /// Whether an event causes nothing.
    #[inline(always)]
    pub(super) fn is_only_a_row(&self, key: Key) -> bool {
        let causes = |mark: &Mark| probable(key, mark.effect, mark.probability);
        !self.0.iter().any(causes)
    }
}

impl RowBuffers {
    /// Counts an event that is only a row, on both sides, and keeps it if it is to be written.
    #[inline(always)]
    pub(super) fn bare(&mut self, world: &World, stream: usize, key: Key, time: Time) {
        self.played += 1;
        if world.written(stream as u16, time) {
            let place = place_word(Lineage::BOTH, self.cell, 0);
            self.by_stream[stream].extend_from_slice(&[time.0 as u64, key.0, place]);
        }
    }
}
