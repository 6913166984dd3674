//! The files of the streams that are asked for; the others have none.

use std::path::Path;

use causeflow_engine::base::table::{Chunk, Sink, SinkError, TableSchema};
use causeflow_engine::streams::play::Simulation;
use causeflow_outputs::{Error, EventWriter, FileEntry, FrozenEvents, Options};

/// Writes the streams of a run that are asked for.
pub struct Events {
    writer: EventWriter,
    /// For each stream of the program, its place among the writer's.
    places: Vec<Option<usize>>,
}

impl Events {
    /// Prepares to write below a folder.
    pub fn new(folder: &Path, simulation: &Simulation, options: Options) -> Events {
        let (schemas, places) = selected(simulation);
        let dictionary = simulation.world().program.dictionary.clone();
        Events {
            writer: EventWriter::new(folder, schemas, dictionary, options),
            places,
        }
    }

    /// Goes on from where the files were left.
    pub fn resume(
        folder: &Path,
        simulation: &Simulation,
        frozen: &FrozenEvents,
    ) -> Result<Events, Error> {
        let (schemas, places) = selected(simulation);
        let dictionary = simulation.world().program.dictionary.clone();
        let writer = EventWriter::resume(folder, schemas, dictionary, frozen)?;
        Ok(Events { writer, places })
    }

    /// Where the files are left, to go on from.
    pub fn freeze(&mut self) -> Result<FrozenEvents, Error> {
        self.writer.freeze()
    }

    /// Closes the files.
    pub fn finish(self) -> Result<Vec<FileEntry>, Error> {
        self.writer.finish()
    }
}

/// The schemas of the streams that are written, and for each stream its place among them.
fn selected(simulation: &Simulation) -> (Vec<TableSchema>, Vec<Option<usize>>) {
    let (mut schemas, mut places) = (Vec::new(), Vec::new());
    let world = simulation.world();
    for (index, stream) in (0..).zip(&world.program.streams) {
        let wanted = world.is_written(index);
        places.push(wanted.then_some(schemas.len()));
        if wanted {
            schemas.push(stream.schema());
        }
    }
    (schemas, places)
}

impl Sink for Events {
    fn write(&mut self, mut chunks: Vec<Chunk>) -> Result<(), SinkError> {
        chunks.retain_mut(|chunk| match self.places[chunk.table] {
            Some(place) => {
                chunk.table = place;
                true
            }
            None => false,
        });
        self.writer.write(chunks)
    }

    fn in_parts(&self) -> bool {
        self.writer.in_parts()
    }
}
