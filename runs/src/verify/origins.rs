//! Where the ids in a stream's fields come from, told from the model's expressions: made from the event's own key or
//! from that of an earlier event of its chain, or an entity's.

use causeflow_engine::streams::program::{Effect, Expr, KindId, Program, Slot, StreamId};
use causeflow_outputs::verify::Making;

/// How far back an id is followed; circles end here.
const FARTHEST: u32 = 12;

/// Where an id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// An event made it.
    Event {
        /// How it was made.
        making: Making,
        /// How many causes back.
        back: u32,
        /// The event's stream.
        stream: StreamId,
    },
    /// It is that of an entity of a kind.
    Entity(KindId),
}

/// The origins of what a slot of a stream can hold, for an event that came by an effect of a stream, or by none of
/// any. Nothing if the program does not say.
pub(super) fn origins(
    program: &Program,
    stream: StreamId,
    slot: Slot,
    by: Option<(StreamId, &Effect)>,
) -> Option<Vec<Origin>> {
    let mut search = Search {
        program,
        found: Vec::new(),
    };
    search.slot(stream, slot, By::This(by), 0)?;
    search.found.sort_unstable();
    search.found.dedup();
    Some(search.found)
}

/// By what an event came.
#[derive(Clone, Copy)]
enum By<'a> {
    /// By this effect of this stream, or without a cause.
    This(Option<(StreamId, &'a Effect)>),
    /// By any of those that there are.
    Any,
}

struct Search<'a> {
    program: &'a Program,
    found: Vec<Origin>,
}

impl Search<'_> {
    fn slot(&mut self, stream: StreamId, slot: Slot, by: By<'_>, back: u32) -> Option<()> {
        let program = self.program;
        let definition = &program.streams[stream];
        if slot.index() >= usize::from(definition.carried) {
            let mut variables = definition.variables.iter();
            let variable = variables.find(|variable| variable.slot == slot)?;
            return self.expression(stream, &variable.value, by, back);
        }
        if back > FARTHEST {
            return None;
        }
        match by {
            By::This(Some((from, effect))) => self.carried(from, effect, slot, back),
            By::This(None) => self.not_carried(stream, slot, back),
            By::Any => {
                if definition.source.is_some() {
                    self.not_carried(stream, slot, back)?;
                }
                for (from, cause) in StreamId::each(&program.streams) {
                    for effect in cause.all_effects().filter(|e| e.stream == stream) {
                        self.carried(from, effect, slot, back)?;
                    }
                }
                Some(())
            }
        }
    }

    fn carried(&mut self, from: StreamId, effect: &Effect, slot: Slot, back: u32) -> Option<()> {
        match effect.pass.get(slot.index()).copied().flatten() {
            Some(slot) => self.slot(from, slot, By::Any, back + 1),
            None => {
                self.add(from, Making::Nothing, back);
                Some(())
            }
        }
    }

    /// What nothing caused carries its actor, or a word of its timer, and otherwise nothing.
    fn not_carried(&mut self, stream: StreamId, slot: Slot, back: u32) -> Option<()> {
        (slot.index() > 0).then(|| self.add(stream, Making::Nothing, back))
    }

    fn expression(&mut self, stream: StreamId, e: &Expr, by: By<'_>, back: u32) -> Option<()> {
        let making = match e {
            Expr::Slot(slot) => return self.slot(stream, *slot, by, back),
            Expr::If(parts) => {
                self.expression(stream, &parts.1, by, back)?;
                return self.expression(stream, &parts.2, by, back);
            }
            Expr::Case(_, cases, otherwise) => {
                for (_, case) in cases {
                    self.expression(stream, case, by, back)?;
                }
                return self.expression(stream, otherwise, by, back);
            }
            Expr::EventId => Making::Key,
            Expr::NewId(purpose) => Making::New(*purpose),
            Expr::EntityId(kind, _) => {
                self.found.push(Origin::Entity(*kind));
                return Some(());
            }
            _ => return None,
        };
        self.add(stream, making, back);
        Some(())
    }

    fn add(&mut self, stream: StreamId, making: Making, back: u32) {
        self.found.push(Origin::Event {
            making,
            back,
            stream,
        });
    }
}
