//! Desks: agents who are scarce, and streams whose events wait for one.

use super::{Expr, Program, Slot, StreamId};

/// A desk: agents who are shared by the whole business, with a queue before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// Its name.
    pub name: String,
    /// The dictionary's code of the name.
    pub code: u16,
    /// How many agents there are at scale 1, by hour of the week, from Monday's midnight in the model's time zone.
    pub agents: Vec<u32>,
    /// The modifiers of how many there are, as an index into [`Program::modified`](super::Program::modified).
    pub modified: Option<u16>,
}

/// How many hours a week has, and so how many entries [`Desk::agents`].
pub const HOURS_OF_WEEK: usize = 168;

/// A stream's events wait for an agent of a desk and take place when the agent is done.
#[derive(Clone, Debug)]
pub struct Service {
    /// The code of the desk's name. This and the others are worked out when the event arrives at the desk.
    pub desk: Expr,
    /// How long an agent works on it, in microseconds.
    pub work: Expr,
    /// A whole number; lower ones come first, equal ones in the order of their arrival.
    pub priority: Expr,
    /// The carried slot for the number of the agent, from 1.
    pub agent: Option<Slot>,
}

impl Service {
    /// All that is worked out when an event arrives.
    pub fn expressions(&self) -> [&Expr; 3] {
        [&self.desk, &self.work, &self.priority]
    }
}

impl Program {
    /// The streams whose events may wait at a desk, by its place: those that name it, or none in particular.
    pub fn served_at(&self, desk: u16) -> impl Iterator<Item = StreamId> {
        let code = self.desks[usize::from(desk)].code;
        let waits = move |service: &Service| {
            let text = |e: &Expr| matches!(e, Expr::Text(_));
            let named = |e: &Expr| matches!(e, Expr::Text(other) if *other == code);
            service.desk.any(named) || !service.desk.any(text)
        };
        let streams = StreamId::each(&self.streams);
        streams.filter_map(move |(at, stream)| {
            stream.service.as_ref().filter(|s| waits(s)).map(|_| at)
        })
    }
}
