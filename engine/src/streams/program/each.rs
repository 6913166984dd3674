//! Effects that reach each of several entities.

use super::{Effect, Expr, KindId, Slot};

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
    /// Which of them.
    pub whom: Whom,
    /// Where the event carries whom it is about, if it needs that.
    pub slot: Option<Slot>,
}

/// Which entities of a kind an effect reaches.
#[derive(Clone, Debug)]
pub enum Whom {
    /// All of the cell.
    All,
    /// Those whose variable refers to this entity.
    Of(u16, Expr),
    /// These, each once, as far as they are somebody.
    These(Vec<Expr>),
    /// Those with whom somebody is linked.
    Linked(Box<Linked>),
}

/// With whom an entity is linked.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The kind of the links, which count in their first state.
    pub by: KindId,
    /// Their variable that refers to this entity.
    pub of: (u16, Expr),
    /// Their variable that refers to the other one.
    pub to: u16,
}

impl Effect {
    /// Whether it reaches somebody who is named at most once, whatever else follows.
    pub(super) fn is_once(&self) -> bool {
        let each = self.each.as_ref();
        each.is_some_and(|each| matches!(each.whom, Whom::These(_)))
    }
}

impl Each {
    /// What tells whom it reaches.
    pub fn told_by(&self) -> &[Expr] {
        match &self.whom {
            Whom::All => &[],
            Whom::Of(_, owner) => std::slice::from_ref(owner),
            Whom::These(these) => these,
            Whom::Linked(linked) => std::slice::from_ref(&linked.of.1),
        }
    }

    /// Likewise, to be changed.
    pub fn told_by_mut(&mut self) -> &mut [Expr] {
        match &mut self.whom {
            Whom::All => &mut [],
            Whom::Of(_, owner) => std::slice::from_mut(owner),
            Whom::These(these) => these,
            Whom::Linked(linked) => std::slice::from_mut(&mut linked.of.1),
        }
    }
}
