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

/// What events of a stream want at a desk.
#[derive(Clone, Debug)]
pub struct Service {
    /// The code of the desk's name. This and the others are worked out when the event arrives at the desk.
    pub desk: Expr,
    /// What they want there.
    pub duty: Duty,
    /// A whole number; lower ones come first, equal ones in the order of their arrival.
    pub priority: Expr,
    /// The carried slot for the number of the agent, from 1.
    pub agent: Option<Slot>,
    /// The carried slot for how long it has waited, in microseconds.
    pub waited: Option<Slot>,
    /// How long it waits at most, in microseconds; then it takes place without an agent, whose number is 0.
    pub give_up: Option<Expr>,
    /// How many may wait before it, at scale 1; where more do and nobody is free, it takes place at once, without an agent.
    pub room: Option<Expr>,
}

/// What an event wants at a desk.
#[derive(Clone, Debug)]
pub enum Duty {
    /// That an agent works on it so long, in microseconds. It takes place when that is over.
    Work(Expr),
    /// To hold an agent in the name of this id. It takes place as soon as it has one.
    Hold(Expr),
    /// That all who are held in the name of this id are free again, and nobody waits in it. It takes place at once.
    Release(Expr),
}

impl Duty {
    /// How long, or in whose name.
    pub fn expression(&self) -> &Expr {
        let (Duty::Work(e) | Duty::Hold(e) | Duty::Release(e)) = self;
        e
    }

    /// Likewise, to be changed.
    pub fn expression_mut(&mut self) -> &mut Expr {
        let (Duty::Work(e) | Duty::Hold(e) | Duty::Release(e)) = self;
        e
    }
}

impl Service {
    /// All that is worked out when an event arrives.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let always = [&self.desk, self.duty.expression(), &self.priority];
        let patience = self.give_up.iter().chain(&self.room);
        always.into_iter().chain(patience)
    }

    /// Likewise, to be changed.
    pub fn expressions_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let always = [
            &mut self.desk,
            self.duty.expression_mut(),
            &mut self.priority,
        ];
        let patience = self.give_up.iter_mut().chain(&mut self.room);
        always.into_iter().chain(patience)
    }

    /// Whether this slot is filled by the desk, and by no cause.
    pub fn fills(&self, slot: Slot) -> bool {
        [self.agent, self.waited].contains(&Some(slot))
    }
}

impl Program {
    /// Whether events hold agents of a desk.
    pub fn is_held(&self, desk: u16) -> bool {
        let services = self
            .served_at(desk)
            .filter_map(|stream| self.streams[stream].service.as_ref());
        let mut duties = services.map(|service| &service.duty);
        duties.any(|duty| matches!(duty, Duty::Hold(_)))
    }

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
