//! The two sides of a run: the factual one, and the one that no intervention touches.
//!
//! Both are played at once. An event stands for both sides until something makes it differ (a
//! modifier, or state that differs); from there on each side has its own. So every event knows
//! whether it would be there, the same, without interventions, and who is to be named if not; and what
//! is the same on both sides, nearly all of it, is worked out once.

use serde::{Deserialize, Serialize};

use crate::program::Label;

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Side {
    /// What happens.
    Factual,
    /// What would have happened without any intervention.
    Untouched,
}

impl Side {
    /// Both, in the order in which pairs of them are kept.
    pub const BOTH: [Side; 2] = [Side::Factual, Side::Untouched];

    /// The other one.
    pub fn other(self) -> Side {
        match self {
            Side::Factual => Side::Untouched,
            Side::Untouched => Side::Factual,
        }
    }
}

/// On which sides an event takes place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sides {
    /// On both, the same.
    #[default]
    Both,
    /// On one of them. The other may have one of the same key that differs.
    Only(Side),
}

impl Sides {
    /// Whether it takes place on a side.
    #[inline(always)]
    pub fn on(self, side: Side) -> bool {
        match self {
            Sides::Both => true,
            Sides::Only(only) => only == side,
        }
    }

    /// The sides in two bits.
    #[inline(always)]
    pub fn bits(self) -> u64 {
        match self {
            Sides::Both => 0,
            Sides::Only(Side::Factual) => 1,
            Sides::Only(Side::Untouched) => 2,
        }
    }

    /// The sides of two bits.
    #[inline(always)]
    pub fn of_bits(bits: u64) -> Sides {
        match bits & 3 {
            1 => Sides::Only(Side::Factual),
            2 => Sides::Only(Side::Untouched),
            _ => Sides::Both,
        }
    }
}

/// On which sides an event takes place, and who made it so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// The sides.
    pub sides: Sides,
    /// Who made the chain differ first; 0 on both sides.
    pub label: Label,
    /// Who made this very event happen instead of another or of none; 0 if nobody did.
    pub made: Label,
}

impl Lineage {
    /// On both sides.
    pub const BOTH: Lineage = Lineage {
        sides: Sides::Both,
        label: 0,
        made: 0,
    };

    /// On one side only, because of someone.
    pub fn only(side: Side, label: Label) -> Lineage {
        Lineage {
            sides: Sides::Only(side),
            label,
            made: 0,
        }
    }

    /// Where something takes place that is decided on each side for itself; nowhere gives none.
    pub fn of(factual: bool, untouched: bool, label: Label) -> Option<Lineage> {
        match (factual, untouched) {
            (true, true) => Some(Lineage::BOTH),
            (true, false) => Some(Lineage::only(Side::Factual, label)),
            (false, true) => Some(Lineage::only(Side::Untouched, label)),
            (false, false) => None,
        }
    }
}
