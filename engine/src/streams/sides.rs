//! The sides of a run: the factual one, the one that no intervention touches, and those that lack some of what was
//! asked for.
//!
//! All are played at once. An event stands for all sides until something makes it differ (a modifier, or state that
//! differs); from there on each group of sides on which it is the same has its own. So every event knows on which
//! sides it would be there, the same, and what is the same on all, nearly all of it, is worked out once.
//!
//! [`Sides`] is a set of them. [`Parting`] says of a value how it has come to differ from the factual one: it is noted where
//! something is read, and adds up ([`Parting::and`]). [`Presence`] says of an event on which sides it takes place and who is
//! to be named for that; from the presence of a cause and the parting of what has been read follows that of an effect
//! ([`Presence::part`]). So the order is: read, note, part. Nothing here knows what it is that differs, and no draw may
//! depend on any of it: the same key draws the same on every side.

use std::ops::BitOr;

use serde::{Deserialize, Serialize};

/// Who made something differ: nobody, one of the interventions, or several of them. Serialised as the number in it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Label(pub u16);

impl Label {
    /// Nobody.
    pub const NONE: Label = Label(0);
    /// Several interventions that have a part in something.
    pub const JOINT: Label = Label(0x7FFF);

    /// That of the intervention at this place, of [which](crate::streams::program::MOST_INTERVENTIONS) there are few enough.
    pub fn of(place: usize) -> Label {
        debug_assert!(place + 1 < usize::from(Label::JOINT.0));
        Label(place as u16 + 1)
    }

    /// The interventions in their order, each with its label.
    pub fn each<T>(interventions: &[T]) -> impl Iterator<Item = (Label, &T)> {
        let all = interventions.iter().enumerate();
        all.map(|(place, intervention)| (Label::of(place), intervention))
    }

    /// The place of the intervention; there is none for nobody and for several.
    pub fn intervention(self) -> Option<usize> {
        match self {
            Label::JOINT => None,
            Label(number) => usize::from(number).checked_sub(1),
        }
    }

    /// Whether it is nobody.
    #[inline(always)]
    pub fn is_none(self) -> bool {
        self == Label::NONE
    }

    /// Who is to be named where both have a part in a difference.
    #[inline(always)]
    pub fn and(self, other: Label) -> Label {
        match (self, other) {
            (Label::NONE, one) | (one, Label::NONE) => one,
            (a, b) if a == b => a,
            _ => Label::JOINT,
        }
    }

    /// It, or another one where it is nobody.
    #[inline(always)]
    pub fn or(self, other: Label) -> Label {
        if self.is_none() { other } else { self }
    }
}

/// Most sides that are played at once.
pub const MOST_SIDES: usize = 8;

/// One of the sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Side(pub u8);

impl Side {
    /// What happens.
    pub const FACTUAL: Side = Side(0);
    /// What would have happened without any intervention.
    pub const UNTOUCHED: Side = Side(1);

    /// The first sides, so many.
    pub fn first(count: usize) -> impl DoubleEndedIterator<Item = Side> {
        (0..count.min(MOST_SIDES) as u8).map(Side)
    }

    /// Its place where there is something for each side.
    #[inline(always)]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A set of sides, a bit each. Those that a run does not play go along with the factual one, so that all sides are
/// [`Sides::ALL`] however many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sides(u8);

impl From<Side> for Sides {
    fn from(side: Side) -> Sides {
        Sides(1 << side.0)
    }
}

impl BitOr for Sides {
    type Output = Sides;

    #[inline(always)]
    fn bitor(self, other: Sides) -> Sides {
        Sides(self.0 | other.0)
    }
}

/// All that are in any of them.
impl<S: Into<Sides>> FromIterator<S> for Sides {
    #[inline(always)]
    fn from_iter<I: IntoIterator<Item = S>>(each: I) -> Sides {
        each.into_iter()
            .fold(Sides::NONE, |all, one| all | one.into())
    }
}

impl Default for Sides {
    fn default() -> Sides {
        Sides::ALL
    }
}

impl Sides {
    /// All of them.
    pub const ALL: Sides = Sides(u8::MAX);
    /// None.
    pub const NONE: Sides = Sides(0);

    /// Those of `count` sides for which this holds.
    pub fn those(count: usize, holds: impl Fn(Side) -> bool) -> Sides {
        if !holds(Side::FACTUAL) {
            let others = Side::first(count).filter(|&side| holds(side));
            return others.collect();
        }
        let lacking = Side::first(count).filter(|&side| !holds(side));
        Sides::ALL.without(lacking.collect())
    }

    /// Whether a side is among them.
    #[inline(always)]
    pub fn on(self, side: Side) -> bool {
        self.0 >> side.0 & 1 != 0
    }

    /// Whether it is none.
    #[inline(always)]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Those that are in both sets.
    #[inline(always)]
    pub fn and(self, other: Sides) -> Sides {
        Sides(self.0 & other.0)
    }

    /// Those that are not in the other set.
    #[inline(always)]
    pub fn without(self, other: Sides) -> Sides {
        Sides(self.0 & !other.0)
    }

    /// The others.
    #[inline(always)]
    pub fn others(self) -> Sides {
        Sides(!self.0)
    }

    /// The first of them, which must be there.
    #[inline(always)]
    pub fn first(self) -> Side {
        Side(self.0.trailing_zeros() as u8)
    }

    /// Each of the first `count` sides that is among them.
    pub fn each(self, count: usize) -> impl Iterator<Item = Side> {
        Side::first(count).filter(move |&side| self.on(side))
    }

    /// They in eight bits, of which none is set where it is all.
    #[inline(always)]
    pub fn bits(self) -> u64 {
        u64::from(!self.0)
    }

    /// The sides of eight bits.
    #[inline(always)]
    pub fn of_bits(bits: u64) -> Sides {
        Sides(!(bits as u8))
    }

    /// What it is where each side stands for the one that `origin` gives for it.
    pub fn of_origin(self, origin: &[Side]) -> Sides {
        Sides::those(origin.len(), |side| self.on(origin[side.index()]))
    }
}

/// How sides have come to differ from another one, mostly the factual one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parting {
    /// Those that differ because of what lies in the lineage: a modifier, or state that carries a difference.
    pub lineage: Sides,
    /// Those that differ because something scarce was there for others.
    pub scarcity: Sides,
    /// Whose interventions made the factual and the untouched side differ; nobody's where they do not.
    pub by: Label,
}

impl Default for Parting {
    fn default() -> Parting {
        Parting::NONE
    }
}

impl Parting {
    /// Nothing differs.
    pub const NONE: Parting = Parting {
        lineage: Sides::NONE,
        scarcity: Sides::NONE,
        by: Label::NONE,
    };

    /// Because of what lies in the lineage.
    #[inline(always)]
    pub fn by_lineage(sides: Sides, by: Label) -> Parting {
        let lineage = sides;
        Parting {
            lineage,
            by,
            ..Parting::NONE
        }
    }

    /// The sides that differ.
    #[inline(always)]
    pub fn sides(&self) -> Sides {
        self.lineage | self.scarcity
    }

    /// Both differences as one.
    pub fn and(&self, other: &Parting) -> Parting {
        Parting {
            lineage: self.lineage | other.lineage,
            scarcity: self.scarcity | other.scarcity,
            by: self.by.and(other.by),
        }
    }

    /// As far as it is about these sides.
    #[inline(always)]
    pub fn on(&self, sides: Sides) -> Parting {
        Parting {
            lineage: self.lineage.and(sides),
            scarcity: self.scarcity.and(sides),
            by: self.by,
        }
    }

    /// The same difference where it has only made something scarce for others.
    pub fn as_scarcity(&self) -> Parting {
        Parting {
            lineage: Sides::NONE,
            scarcity: self.sides(),
            by: self.by,
        }
    }

    /// What it is where each side stands for another one, see [`Sides::of_origin`].
    pub fn of_origin(&self, origin: &[Side]) -> Parting {
        Parting {
            lineage: self.lineage.of_origin(origin),
            scarcity: self.scarcity.of_origin(origin),
            by: self.by,
        }
    }
}

/// On which sides an event takes place, and how that has come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The sides on which it takes place, the same.
    pub sides: Sides,
    /// Of the sides that differ from the factual one, those that do so because something scarce was there for others.
    pub scarcity: Sides,
    /// Whose interventions have a part in that it is not the same on the factual and the untouched side; nobody's
    /// where it is.
    pub by: Label,
    /// Who made this very event happen instead of another or of none.
    pub made: Label,
}

impl Default for Presence {
    fn default() -> Presence {
        Presence::ALL
    }
}

impl Presence {
    /// On all sides.
    pub const ALL: Presence = Presence {
        sides: Sides::ALL,
        scarcity: Sides::NONE,
        by: Label::NONE,
        made: Label::NONE,
    };

    /// The sides that differ from the factual one.
    pub fn differing(&self) -> Sides {
        match self.sides.on(Side::FACTUAL) {
            true => self.sides.others(),
            false => self.sides,
        }
    }

    /// How the sides differ in what an event of this lineage changes.
    pub fn parting(&self) -> Parting {
        let differing = self.differing();
        Parting {
            lineage: differing.without(self.scarcity),
            scarcity: differing.and(self.scarcity),
            by: self.by,
        }
    }

    /// That of what takes place on some of the sides only, after `parting` from the others.
    #[inline(always)]
    pub fn part(self, sides: Sides, parting: &Parting) -> Presence {
        // As good as always.
        if sides == self.sides && parting.by.is_none() {
            return self;
        }
        self.parted(sides, parting)
    }

    fn parted(self, sides: Sides, parting: &Parting) -> Presence {
        let is_factual = sides.on(Side::FACTUAL);
        // Sides part from the factual one once; what parts them from each other later is not told.
        let parted = match (self.sides.on(Side::FACTUAL), is_factual) {
            (true, true) => self.sides.without(sides),
            (true, false) => sides,
            (false, _) => Sides::NONE,
        };
        let scarcity = parted.and(parting.scarcity).without(parting.lineage);
        let by = match is_factual == sides.on(Side::UNTOUCHED) {
            true => Label::NONE,
            // What others contribute to what is there counts; what is not there has one story.
            false if self.by.is_none() || is_factual => self.by.and(parting.by),
            false => self.by,
        };
        debug_assert!(
            is_factual == sides.on(Side::UNTOUCHED) || !by.is_none(),
            "{self:?} {sides:?} {parting:?}"
        );
        Presence {
            sides,
            scarcity: self.scarcity | scarcity,
            by,
            made: self.made,
        }
    }

    /// Likewise, made to happen by somebody.
    pub fn made_by(self, made: Label) -> Presence {
        Presence { made, ..self }
    }

    /// What it is where each side stands for another one, see [`Sides::of_origin`].
    pub fn of_origin(self, origin: &[Side]) -> Presence {
        Presence {
            sides: self.sides.of_origin(origin),
            scarcity: self.scarcity.of_origin(origin),
            ..self
        }
    }
}

/// Goes through sides in groups: `look` is told one side and all that are left, and says how others of them part
/// from that one; the rest of them goes with it.
pub fn in_groups(sides: Sides, mut look: impl FnMut(Side, Sides) -> Parting) {
    let mut left = sides;
    while !left.is_none() {
        let parted = look(left.first(), left).sides();
        left = left.and(parted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn label() -> impl Strategy<Value = Label> {
        prop_oneof![
            Just(Label::NONE),
            Just(Label::JOINT),
            (0..3usize).prop_map(Label::of)
        ]
    }

    proptest! {
        #[test]
        fn a_label_is_that_of_one_place(place in 0..1000usize) {
            let label = Label::of(place);
            prop_assert_eq!(label.intervention(), Some(place));
            prop_assert_eq!(postcard::to_allocvec(&label).unwrap(), postcard::to_allocvec(&label.0).unwrap());
        }

        /// Whoever is asked first: nobody adds nothing, and of several none is told apart any more.
        #[test]
        fn who_is_named_for_all_does_not_depend_on_their_order(a in label(), b in label(), c in label()) {
            prop_assert_eq!(a.and(b), b.and(a));
            prop_assert_eq!(a.and(b).and(c), a.and(b.and(c)));
            prop_assert_eq!((a.and(a), a.and(Label::NONE), a.or(Label::NONE)), (a, a, a));
            let several = !a.is_none() && !b.is_none() && a != b;
            prop_assert_eq!(several || a.max(b) == Label::JOINT, a.and(b) == Label::JOINT);
        }
    }
}
