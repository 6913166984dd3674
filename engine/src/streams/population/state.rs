//! The entities of a cell as they are stored in snapshots.
//!
//! What those from the start are never changes and follows from the program, so only what has become of them is stored;
//! of those who joined later, all is. Words lie in lists that the cell has for all its kinds.

use serde::{Deserialize, Serialize};

use super::{Group, Twin, Twins};
use crate::base::time::Time;
use crate::base::words::Packer;
use crate::streams::program::Kind;
use crate::streams::sides::{Parting, Side, Sides};

/// The entities of one kind, without their words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupState {
    states: Vec<u8>,
    /// Who has a diary that is not empty.
    diary_of: Vec<u32>,
    in_state: Vec<Vec<i64>>,
    in_state_parting: Vec<Parting>,
    twins: Vec<(u32, Vec<TwinState>)>,
}

/// An entity on sides other than the factual one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct TwinState {
    sides: Sides,
    parting: Parting,
    reserved: Parting,
    state: u8,
    has_diary: bool,
}

impl Group {
    /// About how many words are stored of it.
    pub(crate) fn stored_words(&self) -> usize {
        let joined = self.ids.len() - self.founders;
        let diaries = self.diaries.iter().flatten();
        joined * (2 + self.attributes.len())
            + self.ids.len() * self.variables.len()
            + diaries.map(|words| words.len()).sum::<usize>()
    }

    /// How it stands. Its words are added to the lists.
    pub(crate) fn store(&self, words: &mut Packer) -> GroupState {
        words.push([&self.ids[self.founders..]]);
        let joined = self.joined[self.founders..].iter();
        let joined: Vec<u64> = joined.map(|time| time.0.cast_unsigned()).collect();
        words.push([&joined[..]]);
        for column in &self.attributes {
            words.push([&column[self.founders..]]);
        }
        for column in &self.variables {
            words.push([&column[..]]);
        }
        let mut diary_of = Vec::new();
        for (entity, diary) in (0..).zip(&self.diaries) {
            if let Some(diary) = diary {
                diary_of.push(entity);
                words.push([&**diary]);
            }
        }
        let mut twins = Vec::with_capacity(self.twins.len());
        for Twins { entity, each } in &self.twins {
            twins.push((*entity, each.iter().map(|twin| twin.store(words)).collect()));
        }
        GroupState {
            states: self.states.clone(),
            diary_of,
            in_state: self.in_state.clone(),
            in_state_parting: self.in_state_parting.clone(),
            twins,
        }
    }

    /// The group that stood so, of this one, which has those from the start alone. Each side is what `origin` gives for it.
    pub(crate) fn restored(
        mut self,
        state: &GroupState,
        words: &mut impl Iterator<Item = Vec<u64>>,
        (kind, origin): (&Kind, &[Side]),
    ) -> Group {
        let mut next = || words.next().unwrap_or_default();
        self.ids.extend(next());
        let joined = next().into_iter();
        self.joined
            .extend(joined.map(|time_us| Time(time_us.cast_signed())));
        for column in &mut self.attributes {
            column.extend(next());
        }
        for column in &mut self.variables {
            *column = next();
        }
        self.diaries = vec![None; self.ids.len()];
        for &entity in &state.diary_of {
            self.diaries[entity as usize] = Some(next().into());
        }
        self.twins_of = vec![0; self.ids.len()];
        self.twins = Vec::new();
        for &(entity, ref each) in &state.twins {
            let each = each.iter().map(|twin| twin.twin(&mut next, origin));
            let each: Vec<Twin> = each.filter(|twin| !twin.sides.is_none()).collect();
            if !each.is_empty() {
                self.twins.push(Twins { entity, each });
                self.twins_of[entity as usize] = self.twins.len() as u32;
            }
        }
        self.states.clone_from(&state.states);
        let in_state = origin.iter().map(|side| &state.in_state[side.index()]);
        self.in_state = in_state.cloned().collect();
        let partings = state.in_state_parting.iter();
        self.in_state_parting = partings.map(|one| one.of_origin(origin)).collect();
        self.weigh(kind);
        self
    }
}

impl Twin {
    fn store(&self, words: &mut Packer) -> TwinState {
        words.push([&*self.variables]);
        words.push(self.diary.as_deref());
        TwinState {
            sides: self.sides,
            parting: self.parting,
            reserved: self.reserved,
            state: self.state,
            has_diary: self.diary.is_some(),
        }
    }
}

impl TwinState {
    fn twin(&self, next: &mut impl FnMut() -> Vec<u64>, origin: &[Side]) -> Twin {
        let (variables, diary) = (next(), next());
        Twin {
            sides: self.sides.of_origin(origin),
            parting: self.parting.of_origin(origin),
            reserved: self.reserved.of_origin(origin),
            variables: variables.into(),
            diary: self.has_diary.then(|| diary.into()),
            state: self.state,
        }
    }
}
