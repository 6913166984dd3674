//! The entities of a cell as they are stored in snapshots.

use serde::{Deserialize, Serialize};

use super::{Group, Members, Twin, Twins};
use crate::base::time::Time;
use crate::base::words::{Lists, StoredWords};
use crate::streams::program::Kind;
use crate::streams::sides::{Parting, Side, Sides};

/// The entities of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupState {
    ids: StoredWords,
    joined_us: StoredWords,
    states: Vec<u8>,
    attributes: Vec<StoredWords>,
    variables: Vec<StoredWords>,
    /// Who has a diary that is not empty, and these.
    diary_of: Vec<u32>,
    diaries: Lists,
    founders: usize,
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
    variables: StoredWords,
    diary: Option<StoredWords>,
}

impl GroupState {
    /// How a group stands.
    pub(crate) fn of(group: &Group) -> GroupState {
        let columns = |columns: &[Vec<u64>]| columns.iter().cloned().map(StoredWords).collect();
        let states = |each: &[Twin]| each.iter().map(TwinState::of).collect();
        let twins = group.twins.iter().map(|of| (of.entity, states(&of.each)));
        let (mut diary_of, mut diaries) = (Vec::new(), Lists::default());
        for (entity, diary) in (0..).zip(&group.diaries) {
            if let Some(words) = diary {
                diary_of.push(entity);
                diaries.push([&**words]);
            }
        }
        GroupState {
            ids: StoredWords(group.ids.clone()),
            joined_us: StoredWords(group.joined.iter().map(|time| time.0 as u64).collect()),
            states: group.states.clone(),
            attributes: columns(&group.attributes),
            variables: columns(&group.variables),
            diary_of,
            diaries,
            founders: group.founders,
            in_state: group.in_state.clone(),
            in_state_parting: group.in_state_parting.clone(),
            twins: twins.collect(),
        }
    }

    /// The group that stood so. Each side is what `origin` gives for it.
    pub(crate) fn group(self, kind: &Kind, origin: &[Side]) -> Group {
        let columns = |columns: Vec<StoredWords>| {
            columns
                .into_iter()
                .map(|StoredWords(column)| column)
                .collect()
        };
        let mut twins_of = vec![0; self.ids.0.len()];
        let mut twins = Vec::new();
        for (entity, each) in self.twins {
            let each = each.into_iter().map(|twin| twin.twin(origin));
            let each: Vec<Twin> = each.filter(|twin| !twin.sides.is_none()).collect();
            if !each.is_empty() {
                twins.push(Twins { entity, each });
                twins_of[entity as usize] = twins.len() as u32;
            }
        }
        let in_state = origin
            .iter()
            .map(|side| self.in_state[side.index()].clone());
        let partings = self.in_state_parting.iter();
        let mut diaries = vec![None; self.ids.0.len()];
        for (&entity, words) in self.diary_of.iter().zip(self.diaries.iter()) {
            diaries[entity as usize] = Some(words.into());
        }
        let joined = self.joined_us.0.into_iter();
        let mut group = Group {
            ids: self.ids.0,
            joined: joined.map(|time_us| Time(time_us as i64)).collect(),
            states: self.states,
            attributes: columns(self.attributes),
            variables: columns(self.variables),
            diaries,
            founders: self.founders,
            in_state: in_state.collect(),
            in_state_parting: partings.map(|one| one.of_origin(origin)).collect(),
            by_activity: None,
            founders_weight: 0.0,
            members: Members::default(),
            twins_of,
            twins,
        };
        group.weigh(kind);
        group
    }
}

impl TwinState {
    fn of(twin: &Twin) -> TwinState {
        TwinState {
            sides: twin.sides,
            parting: twin.parting,
            reserved: twin.reserved,
            state: twin.state,
            variables: StoredWords(twin.variables.to_vec()),
            diary: words_of(&twin.diary),
        }
    }

    fn twin(self, origin: &[Side]) -> Twin {
        Twin {
            sides: self.sides.of_origin(origin),
            parting: self.parting.of_origin(origin),
            reserved: self.reserved.of_origin(origin),
            variables: self.variables.0.into_boxed_slice(),
            diary: self.diary.map(|StoredWords(words)| words.into()),
            state: self.state,
        }
    }
}

/// A diary as it is stored; none for an empty one.
fn words_of(diary: &Option<Box<[u64]>>) -> Option<StoredWords> {
    diary.as_ref().map(|words| StoredWords(words.to_vec()))
}
