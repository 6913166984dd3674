//! Working out expressions: one event at a time while the simulation runs, and column by column
//! for what nobody needs before the rows are written. Both use the same primitives, so that a
//! value does not depend on which way it was worked out.

mod block;
mod branches;
mod choice;
mod draws;
mod operand;
mod pick;
mod primitive;
mod scalar;
mod slots;

pub use block::{Block, eval_block};
pub use primitive::{finite, round_even, take_undefined};
pub use scalar::{Frame, Marks, Own, decide, eval, number, number_by_key, probable, word};
pub use slots::ranges;
