//! Documents and their lines: events that follow from another one at once, and what they add up to.

use super::{Binary, ExactBinary, Slot, Stage, Stream};

/// What the lines of an event come to, worked out before they are there: their values follow from their keys and from the
/// event.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// The effect by which they follow, an index among those without outcome group.
    pub effect: u16,
    /// What is asked.
    pub gathered: Gathered,
    /// The value of a line that it is asked of, as a slot of the line.
    pub value: Slot,
    /// What that follows from among the words that a line carries: slots of the line and of the event.
    pub inputs: Vec<(Slot, Slot)>,
    /// The slots of the event from which follows how many lines there are.
    pub counted_by: Vec<Slot>,
    /// The variables of a line by which the value is worked out, in their order.
    pub steps: Vec<u16>,
}

impl Lines {
    /// The event's slots that it is worked out from.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        let inputs = self.inputs.iter().map(|(_, slot)| *slot);
        inputs.chain(self.counted_by.iter().copied())
    }

    /// Replaces them.
    pub(super) fn map_slots(&mut self, f: &impl Fn(Slot) -> Slot) {
        let inputs = self.inputs.iter_mut().map(|(_, slot)| slot);
        for slot in inputs.chain(&mut self.counted_by) {
            *slot = f(*slot);
        }
    }
}

/// What is asked of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathered {
    /// How many there are.
    Count,
    /// What an operation makes of a value of all of them, in their order; 0 of none.
    Numbers(Binary),
    /// Likewise of exact numbers.
    Exact(ExactBinary),
}

impl Stage {
    /// Whether it is worked out by the time that the event's row is kept, which then has it.
    pub fn is_kept(self) -> bool {
        matches!(self, Stage::Handed | Stage::Eager)
    }
}

impl Stream {
    /// How many of the words that its events carry come from their causes; those behind them are handed to lines.
    pub fn inputs(&self) -> usize {
        let handed = |stage| stage == Stage::Handed;
        let handed = self.variables.iter().filter(|v| handed(v.stage)).count();
        usize::from(self.carried) - handed
    }
}
