//! What the sides of a run lack: which of a program's interventions act on which side.

use super::{Intervention, Program};
use crate::streams::sides::{Label, MOST_SIDES, Side, Sides};

/// What a side lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// Nothing: that is the factual side.
    Nothing,
    /// All interventions.
    All,
    /// All that was asked for.
    AskedFor,
    /// This one.
    One(Label),
}

impl Without {
    fn acts(self, label: Label, intervention: &Intervention) -> bool {
        match self {
            Without::Nothing => true,
            Without::All => false,
            Without::AskedFor => !intervention.asked_for,
            Without::One(lacking) => label != lacking,
        }
    }

    /// Whether the same of these interventions act.
    fn is_like(self, other: Without, interventions: &[Intervention]) -> bool {
        let mut labels = Label::each(interventions);
        labels.all(|(label, it)| self.acts(label, it) == other.acts(label, it))
    }
}

fn find(sides: &[Without], without: Without, interventions: &[Intervention]) -> Option<Side> {
    let at = (sides.iter()).position(|side| side.is_like(without, interventions));
    at.map(|at| Side(at as u8))
}

fn sides_of(interventions: &[Intervention]) -> Vec<Without> {
    let asked_for = Label::each(interventions).filter(|(_, it)| it.asked_for);
    let ones = asked_for.map(|(label, _)| Without::One(label));
    let all = [Without::Nothing, Without::All, Without::AskedFor];
    let mut sides: Vec<Without> = Vec::new();
    for without in all.into_iter().chain(ones) {
        if sides.len() < MOST_SIDES && find(&sides, without, interventions).is_none() {
            sides.push(without);
        }
    }
    sides
}

impl Program {
    /// What each side of a run lacks: the factual one, the untouched one if anything intervenes, one without all that
    /// was asked for, and one without each of that, as far as there is room and they differ from those before them.
    pub fn sides(&self) -> Vec<Without> {
        sides_of(&self.interventions)
    }

    /// The side that lacks this; none if it is not played.
    pub fn side_without(&self, without: Without) -> Option<Side> {
        find(&self.sides(), without, &self.interventions)
    }

    /// The interventions without each of which alone a side is played, and that side.
    pub(crate) fn sides_without_one(&self) -> Vec<(Label, Side)> {
        let (sides, all) = (self.sides(), &self.interventions);
        // One of the timeline is only held against a run without it if there is nothing else.
        let labels = Label::each(all).filter(|(_, it)| it.asked_for || all.len() == 1);
        let side = |label| find(&sides, Without::One(label), all);
        labels
            .filter_map(|(label, _)| Some((label, side(label)?)))
            .collect()
    }

    /// On which sides each intervention acts, in order.
    pub(crate) fn acts_on(&self) -> Vec<Sides> {
        let sides = self.sides();
        let acts = |(label, it): (Label, &Intervention)| {
            Sides::those(sides.len(), |side| sides[side.index()].acts(label, it))
        };
        Label::each(&self.interventions).map(acts).collect()
    }

    /// For each side the one that it was when only the first interventions were known, so many. None if one was not
    /// played then.
    pub(crate) fn origin(&self, known: usize) -> Option<Vec<Side>> {
        let interventions = self.interventions.get(..known)?;
        let then = sides_of(interventions);
        let was = |&without: &Without| find(&then, without, interventions);
        self.sides().iter().map(was).collect()
    }

    /// The dictionary's code of what a row is attributed to.
    pub(crate) fn attribution_code(&self, by: Label, scarcity: bool) -> u16 {
        let code = |it: &Intervention| if scarcity { it.scarcity_code } else { it.code };
        match by.intervention() {
            Some(at) => code(&self.interventions[at]),
            None => code(&self.interventions[0]) - 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interventions(asked_for: &[bool]) -> Vec<Intervention> {
        let one = |&asked_for| Intervention {
            name: String::new(),
            code: 0,
            scarcity_code: 0,
            asked_for,
        };
        asked_for.iter().map(one).collect()
    }

    #[test]
    fn no_two_sides_are_the_same() {
        use Without::{All, AskedFor, Nothing, One};
        let sides = |asked_for: &[bool]| sides_of(&interventions(asked_for));
        assert_eq!(sides(&[]), [Nothing]);
        assert_eq!(sides(&[false, false]), [Nothing, All]);
        assert_eq!(sides(&[true]), [Nothing, All]);
        assert_eq!(sides(&[false, true]), [Nothing, All, AskedFor]);
        assert_eq!(
            sides(&[true, true]),
            [Nothing, All, One(Label(1)), One(Label(2))]
        );
        let many = sides(&[&[false][..], &[true; 9]].concat());
        assert_eq!(many[..4], [Nothing, All, AskedFor, One(Label(2))]);
        assert_eq!(many.len(), MOST_SIDES);
    }
}
