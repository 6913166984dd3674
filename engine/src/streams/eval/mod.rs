//! Working out expressions: one event at a time while a program is played ([`eval()`]), and column by column for what nobody
//! needs before the rows are written ([`eval_block`]). Both use the same primitives, so that a value does not depend on which
//! way it was worked out.
//!
//! An expression is worked out on a [`Frame`]: an event or an entity with what is around it, on one side and for several
//! others. Whoever makes the frame takes from it, when all has been read, how those others would differ
//! ([`Frame::noted`]), and then asks [`take_undefined`] whether something had no value. Nothing else comes out
//! but the value:
//!
//! - It cannot fail. What has no value is 0, and is noted.
//! - It changes neither entities nor world, and draws only by the event's own key, so it may be worked out at any time, again,
//!   or not at all. (The words that a frame works out on demand are remembered in it, since their values cannot change.)
//! - What it reads of an entity or of the business it reads through the frame, never from the columns: only so the other
//!   sides are noted.

mod block;
mod branches;
mod choice;
mod draws;
mod each;
mod exact;
mod lines;
mod operand;
mod pick;
mod primitive;
mod scalar;
mod slots;
mod template;

pub use block::{Block, eval_block};
pub use each::reached;
pub use lines::{each_handed, hand};
pub use primitive::{finite, set_undefined, take_undefined};
pub use scalar::{Frame, Marks, Own, decide, eval, how_many, number, number_by_key, word};
pub use slots::ranges;
pub use template::{write_block, write_frames};
