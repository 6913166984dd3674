//! Who is to be named for what is not the same on the untouched side.
//!
//! Where the side without an intervention is played, the comparison with it says whether that has a part: whatever
//! decisions and state have led to something, it has one if and only if it would not be so without. The others are named as
//! the decisions tell.

use crate::base::time::Time;
use crate::streams::program::Program;
use crate::streams::sides::{Label, Side, Sides};

/// Who is to be named for a difference from the untouched side.
#[derive(Debug)]
pub struct Names {
    /// The interventions without which a side is played, each with that side.
    compared: Vec<(Label, Side)>,
    /// When the first of the others begins to act: before that they have no part in anything, whoever they will be.
    others_from: Time,
}

impl Names {
    /// Of a program's interventions.
    pub fn new(program: &Program) -> Names {
        let compared = program.sides_without_one();
        let is_other = |by| compared.iter().all(|&(known, _)| known != by);
        let modifiers = program.modified.iter().flat_map(|m| m.modifiers());
        let others = modifiers.filter(|modifier| is_other(modifier.by));
        let from = others.map(|modifier| modifier.envelope.start).min();
        Names {
            others_from: from.unwrap_or(Time::NEVER),
            compared,
        }
    }

    /// Whether the comparison with sides says all there is to say up to a time.
    pub fn are_compared(&self, until: Time) -> bool {
        until < self.others_from
    }

    /// Who is to be named for what is not the same on these sides at a time, the untouched one among them, if `by` is who has
    /// a part by the decisions that led to it.
    pub fn of(&self, differing: Sides, by: Label, time: Time) -> Label {
        let needed = self.compared.iter().filter(|(_, side)| differing.on(*side));
        let needed = needed.fold(Label::NONE, |all, (one, _)| all.and(*one));
        let is_compared =
            self.are_compared(time) || self.compared.iter().any(|(one, _)| *one == by);
        let by = if is_compared { Label::NONE } else { by };
        // Where none of them is needed, others would do as well.
        needed.and(by).or(Label::JOINT)
    }

    /// Whether what is not the same on some sides, on `scarcity` because something scarce was there for others, differs from a
    /// side because of that alone. From one that lacks several, it does so only if nobody who is needed has a part otherwise.
    pub fn by_scarcity(&self, differing: Sides, scarcity: Sides, side: Side) -> bool {
        if !scarcity.on(side) {
            return false;
        }
        let ones = || self.compared.iter().map(|(_, one)| *one);
        ones().any(|one| one == side) || ones().all(|one| !differing.on(one) || scarcity.on(one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two that are compared, on the sides 2 and 3, and others from 10 on.
    const NAMES: fn() -> Names = || Names {
        compared: vec![(Label(1), Side(2)), (Label(2), Side(3))],
        others_from: Time(10),
    };

    #[test]
    fn those_are_named_without_whom_it_is_not_the_same() {
        let without = |sides: &[u8]| -> Sides {
            let untouched = [Side::UNTOUCHED].into_iter();
            untouched.chain(sides.iter().map(|&s| Side(s))).collect()
        };
        let (a, b, other) = (Label(1), Label(2), Label(3));
        let said = |sides: &[u8], by, time| NAMES().of(without(sides), by, Time(time));
        // Whatever the decisions say of those who are compared.
        for by in [Label::NONE, a, b, Label::JOINT] {
            assert_eq!(said(&[2], by, 5), a);
            assert_eq!(said(&[3], by, 5), b);
            assert_eq!(said(&[2, 3], by, 5), Label::JOINT);
            assert_eq!(said(&[], by, 5), Label::JOINT);
        }
        // Others have the part that the decisions say, and may be among several.
        assert_eq!(said(&[], other, 10), other);
        assert_eq!(said(&[2], other, 10), Label::JOINT);
        assert_eq!(said(&[2], Label::JOINT, 10), Label::JOINT);
        assert_eq!(said(&[2], b, 10), a);
    }

    #[test]
    fn contention_is_what_nobody_has_a_part_in_otherwise() {
        let all: Sides = (1..4).map(Side).collect();
        let by = |differing, scarcity: &[u8], side| {
            let scarcity = scarcity.iter().map(|&side| Side(side)).collect();
            NAMES().by_scarcity(differing, scarcity, Side(side))
        };
        assert!(by(all, &[1, 2, 3], 1) && !by(all, &[2, 3], 1));
        // The one on side 3 is needed, and that is no contention; of the other one it is.
        assert!(!by(all, &[1, 2], 1) && by(all, &[1, 2], 2));
        assert!(by(all.without(Side(3).into()), &[1, 2], 1));
    }
}
