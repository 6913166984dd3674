//! How everybody stood when a run's window began, of the kinds of which its model asks for it. With what the events of the
//! window changed that gives how they stand at its end.

use causeflow_engine::base::table::{Chunk, RowSink};
use causeflow_engine::base::time::Time;
use causeflow_engine::streams::entities;
use causeflow_engine::streams::play::Player;
use causeflow_engine::streams::program::{Kind, KindId, Program};
use causeflow_outputs::EntityEntry;
use causeflow_outputs::sink::{Heading, Sink};

use crate::error::{Error, Result};
use crate::session::Session;
use crate::tables::write_table;

/// The tables of entities as a manifest lists them.
#[derive(Default)]
pub struct Entities {
    /// How they stood at the end.
    pub at_end: Vec<EntityEntry>,
    /// How they stood when the window began.
    pub at_start: Vec<EntityEntry>,
}

/// The rows of each kind as they were when the window began. They are held until the tables are written, since those
/// follow the streams.
#[derive(Default)]
pub struct Opening(Vec<(KindId, Vec<Chunk>)>);

impl Opening {
    /// How everybody stands.
    pub fn of(player: &Player) -> Opening {
        let asked = asked(&player.world().program);
        let rows = asked.map(|(id, _)| (id, player.entities(id).collect()));
        Opening(rows.collect())
    }

    /// Plays up to the start, if anybody asks how all stand then.
    pub fn reach(session: &mut Session<'_>, sink: Option<&mut dyn RowSink>) -> Result<Opening> {
        let world = session.player().world();
        if !is_asked_for(&world.program) {
            return Ok(Opening::default());
        }
        let start = world.written_from();
        session.step(start, sink)?;
        Ok(Opening::of(session.player()))
    }

    /// Hands over the tables.
    pub fn write(&self, sink: &mut dyn Sink, program: &Program) -> Result<Vec<EntityEntry>> {
        let mut entries = Vec::new();
        for (id, chunks) in &self.0 {
            let kind = &program.kinds[*id];
            let heading = Heading {
                name: &format!("entities_start/{}", kind.name),
                schema: &entities::opening_schema(kind),
                dictionary: &program.dictionary,
            };
            entries.push(EntityEntry {
                kind: kind.name.clone(),
                rows: write_table(sink, &heading, chunks)?,
            });
        }
        Ok(entries)
    }
}

fn asked(program: &Program) -> impl Iterator<Item = (KindId, &Kind)> {
    KindId::each(&program.kinds).filter(|(_, kind)| kind.opening)
}

/// Whether a program asks how anybody stood at the start.
pub fn is_asked_for(program: &Program) -> bool {
    asked(program).next().is_some()
}

/// Whether a run is where it has to say how all stand.
pub fn begins_now(player: &Player) -> bool {
    player.time() == player.world().written_from() && is_asked_for(&player.world().program)
}

/// Refuses a start at which cells are within a window: only at its end is all done that happened before.
pub fn check(program: &Program, start: Time, field: &str) -> Result<()> {
    let (window, kind) = (program.window, asked(program).next());
    let Some((_, kind)) = kind.filter(|_| start.floor_to(window) != start) else {
        return Ok(());
    };
    let message = format!(
        "how each {} stands at the start (`opening`) is known at the ends of windows only, and {start} is none: windows of {window} are counted in UTC",
        kind.name
    );
    let help = "choose another time, or let the model have a shorter `window`";
    Err(Error::input(message, help).in_field(field))
}
