//! Effects that reach each of several entities.

use super::{Expr, KindId, Slot};

/// What those who belong to somebody come to: how many there are, or a sum over them.
#[derive(Clone, Debug)]
pub struct Children {
    /// Their kind.
    pub kind: KindId,
    /// Their variable that refers to somebody, and who that is.
    pub of: (u16, Expr),
    /// Who of them counts, asked of each as [`Expr::OwnEntity`].
    pub condition: Option<Expr>,
    /// What is added up, of each as [`Expr::OwnEntity`]; without it they are counted.
    pub value: Option<Expr>,
    /// Whether that is an exact number.
    pub exact: bool,
}

/// Whom an effect reaches: each of these entities of the cell has an event of its own, which follows from the same cause. It is
/// decided on for each by itself, by [`Expr::OwnEntity`] and its like, and at most [`MAX_COUNT`](super::MAX_COUNT) of them count.
#[derive(Clone, Debug)]
pub struct Each {
    /// Their kind.
    pub kind: KindId,
    /// Their variable that refers to somebody, and who that is; without it, all of the kind are meant.
    pub of: Option<(u16, Expr)>,
    /// Where the event carries whom it is about, if it needs that.
    pub slot: Option<Slot>,
}
