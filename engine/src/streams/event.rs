//! Events on their way: what one is before it takes place and becomes a row.

use serde::{Deserialize, Serialize};

use crate::base::draw::Key;
use crate::base::queue::Order;
use crate::base::time::Time;
use crate::streams::program::{MAX_CARRIED, StreamId};
use crate::streams::sides::Presence;

/// An event that is to take place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub time: Time,
    /// Its identity.
    pub key: Key,
    /// `event_id` of its cause; meaningless without one.
    pub cause: u64,
    /// `event_id` of the first event of its chain.
    pub root: u64,
    /// How many events came before it in its chain.
    pub generation: u32,
    /// Which of the events of its effect it is.
    pub index: u16,
    /// Its stream.
    pub stream: StreamId,
    /// The causing stream, or [`StreamId::NONE`].
    pub from: StreamId,
    /// Whether it still depends on its actor's state: a source's candidate.
    pub candidate: bool,
    /// On which sides it takes place, and because of whom.
    pub presence: Presence,
    /// The words it carries from its cause or source.
    pub carried: [u64; MAX_CARRIED],
}

impl Event {
    /// Where it stands in the total order.
    pub fn order(&self) -> Order {
        Order {
            time_us: self.time.0,
            rank: self.generation,
            key: self.key.0,
        }
    }

    /// One that nothing caused.
    pub fn root(
        stream: StreamId,
        key: Key,
        time: Time,
        actor: Option<u64>,
        presence: Presence,
    ) -> Event {
        let mut carried = [0; MAX_CARRIED];
        carried[0] = actor.unwrap_or(0);
        Event {
            time,
            key,
            cause: 0,
            root: key.0,
            generation: 0,
            index: 0,
            stream,
            from: StreamId::NONE,
            candidate: actor.is_some(),
            presence,
            carried,
        }
    }
}
