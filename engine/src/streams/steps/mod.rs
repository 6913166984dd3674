//! The steps in which an event causes others: each effect, then each outcome group. What every event asks of its steps
//! lies together here: most effects do not happen, and the description of one that does not need not be looked at.

mod marked;

pub use marked::{MARK, Mark, Marked, mark_of, probable};

use crate::base::time::Time;
use crate::streams::program::{Delay, Effect, Expr, Program, Slot, Stream};

/// What is asked of a step by each event.
#[derive(Clone, Debug)]
pub struct Step {
    /// Events before that cause nothing by it that matters to what is written.
    pub matters_from: Time,
    /// The mark that decides an effect, where nothing else does.
    pub mark: Option<Mark>,
    /// Whether it comes out the same on all sides of an event that carries the same.
    pub steady: bool,
    /// Whether something about it may have to be brought to the nearest that can be.
    pub loose: bool,
    /// Whether there may be more than one child.
    pub several: bool,
    /// Whether each of several entities has one of its own.
    pub each: bool,
}

/// The steps of each stream's events; `needed_from` tells from when on a stream's events matter.
pub fn steps(program: &Program, needed_from: &[Time]) -> Vec<Vec<Step>> {
    // Without interventions there is one side.
    let untouched = program.interventions.is_empty();
    let differs = |stream: &Stream, e: &Expr| {
        e.reads_state() || e.any(|e| matches!(e, Expr::Modified(..) | Expr::HeldBack(_)))
            // What is worked out on demand may ask for anything.
            || e.slots().iter().any(|slot| slot.index() >= stream.kept_words())
            || e.any(|e| matches!(e, Expr::Happens(_)))
    };
    let steady = |stream: &Stream, effect: &Effect| {
        let (Delay::After(delay) | Delay::At(delay)) = &effect.delay;
        let expressions = effect
            .when
            .iter()
            .chain(&effect.count)
            .chain(&effect.spacing);
        let demanded = |slot: &Option<Slot>| slot.is_some_and(|s| s.index() >= stream.kept_words());
        untouched
            || !expressions
                .chain([&effect.probability, delay])
                .any(|e| differs(stream, e))
                && !effect.pass.iter().any(demanded)
                && effect.handed.is_empty()
                && effect.each.is_none()
    };
    let of_effect = |stream: &Stream, effect: &Effect| Step {
        matters_from: effect.matters_from(needed_from),
        mark: Mark::of(effect),
        steady: steady(stream, effect),
        loose: effect.loose,
        several: effect.count.is_some() || effect.each.is_some(),
        each: effect.each.is_some(),
    };
    let of = |stream: &Stream| {
        let effects = stream
            .effects
            .iter()
            .map(|effect| of_effect(stream, effect));
        let groups = stream.outcomes.iter().map(|group| Step {
            // Its one draw decides between all members; each knows for itself whether it matters.
            matters_from: Time(i64::MIN),
            mark: None,
            steady: group.effects.iter().all(|effect| steady(stream, effect)),
            loose: group.loose,
            several: group.effects.iter().any(|effect| effect.count.is_some()),
            each: false,
        });
        effects.chain(groups).collect()
    };
    program.streams.iter().map(of).collect()
}
