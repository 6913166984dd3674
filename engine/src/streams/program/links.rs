//! Relations: kinds of which each links two entities, as long as it is in its first state.

use super::KindId;
use crate::base::draw::Purpose;

/// Whom those of a kind link, and how many of them there are from the start.
#[derive(Clone, Debug)]
pub struct Links {
    /// The variable that refers to one end, and its kind.
    pub of: (u16, KindId),
    /// Likewise of the other end.
    pub to: (u16, KindId),
    /// The least and the most others with whom each of `of` is linked from the start.
    pub starts: (u32, u32),
    /// Instead, the rows from whose entities each two are made who are linked from the start, by the codes of their keys.
    pub rows: Vec<[u16; 2]>,
    /// The purpose of what is drawn for them.
    pub purpose: Purpose,
}
