//! Who is in which state, so that whoever looks for somebody in one need not look at everybody.

use super::{Group, Twins};

/// The entities of a group by their states in what happens, those there from the start apart from those who joined.
/// Lists have no order that means anything.
#[derive(Clone, Debug, Default)]
pub struct Members {
    /// Founders and joiners in each state.
    lists: Vec<[Vec<u32>; 2]>,
    /// Where each entity stands in its list.
    place: Vec<u32>,
    founders: usize,
}

impl Members {
    /// Of entities in these states, of which so many were there from the start.
    pub(super) fn of(states: &[u8], founders: usize) -> Members {
        let mut members = Members {
            founders,
            ..Members::default()
        };
        states.iter().for_each(|&state| members.join(state));
        members
    }

    fn list(&mut self, state: u8, entity: usize) -> &mut Vec<u32> {
        let state = usize::from(state);
        if state >= self.lists.len() {
            self.lists.resize_with(state + 1, Default::default);
        }
        &mut self.lists[state][usize::from(entity >= self.founders)]
    }

    /// Takes up the next entity.
    pub(crate) fn join(&mut self, state: u8) {
        let entity = self.place.len();
        let list = self.list(state, entity);
        list.push(entity as u32);
        let place = list.len() as u32 - 1;
        self.place.push(place);
    }

    /// Notes that an entity is in another state.
    pub(super) fn moved(&mut self, entity: usize, from: u8, to: u8) {
        let place = self.place[entity] as usize;
        let list = self.list(from, entity);
        list.swap_remove(place);
        if let Some(&last) = list.get(place) {
            self.place[last as usize] = place as u32;
        }
        let list = self.list(to, entity);
        list.push(entity as u32);
        self.place[entity] = list.len() as u32 - 1;
    }

    fn in_state(&self, state: u8, joined: bool) -> &[u32] {
        let lists = self.lists.get(usize::from(state));
        lists.map_or(&[], |lists| &lists[usize::from(joined)])
    }
}

impl Group {
    /// Those there from the start who are in a state on some side; without one, all of them.
    pub fn founders_in(&self, state: Option<u8>) -> impl Iterator<Item = usize> + Clone {
        let all = match state {
            None => 0..self.founders,
            Some(_) => 0..0,
        };
        let factual = state.map_or(&[][..], |state| self.members.in_state(state, false));
        let twins = state.into_iter().flat_map(|state| self.apart_from(state));
        let twins = twins.filter(|&entity| entity < self.founders);
        all.chain(factual.iter().map(|&entity| entity as usize))
            .chain(twins)
    }

    /// Those who joined later and are in a state on some side; without one, all of them.
    pub fn joiners_in(&self, state: Option<u8>) -> impl Iterator<Item = usize> + Clone {
        let all = match state {
            None => self.founders..self.ids.len(),
            Some(_) => 0..0,
        };
        let factual = state.map_or(&[][..], |state| self.members.in_state(state, true));
        let twins = state.into_iter().flat_map(|state| self.apart_from(state));
        let twins = twins.filter(|&entity| entity >= self.founders);
        all.chain(factual.iter().map(|&entity| entity as usize))
            .chain(twins)
    }

    /// Those who are in a state on other sides than the factual one only.
    fn apart_from(&self, state: u8) -> impl Iterator<Item = usize> + Clone {
        let there = move |twins: &&Twins| {
            let mut each = twins.each.iter();
            self.states[twins.entity as usize] != state
                && each.any(|twin| twin.state() == Some(state))
        };
        let apart = self.twins.iter().filter(there);
        apart.map(|twins| twins.entity as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However entities join and change, the lists hold each once, where it belongs.
        #[test]
        fn everybody_is_listed_in_their_state(
            founders in prop::collection::vec(0..4u8, 0..6),
            steps in prop::collection::vec((0..12usize, 0..4u8, any::<bool>()), 0..40),
        ) {
            let mut states = founders.clone();
            let mut members = Members::of(&states, founders.len());
            for (entity, state, joins) in steps {
                if joins || states.is_empty() {
                    states.push(state);
                    members.join(state);
                } else {
                    let entity = entity % states.len();
                    members.moved(entity, states[entity], state);
                    states[entity] = state;
                }
            }
            for state in 0..4 {
                for joined in [false, true] {
                    let mut found = members.in_state(state, joined).to_vec();
                    found.sort_unstable();
                    let wanted = (0..states.len()).filter(|&e| {
                        states[e] == state && (e >= founders.len()) == joined
                    });
                    prop_assert_eq!(found, wanted.map(|e| e as u32).collect::<Vec<_>>());
                }
            }
        }
    }
}
