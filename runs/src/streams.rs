//! The streams of a run on their way to a sink: those that are asked for; the sink knows no others.

use causeflow_engine::base::table::{Chunk, RowSink, SinkError, TableSchema};
use causeflow_engine::streams::play::Player;
use causeflow_engine::streams::program::StreamId;
use causeflow_outputs::Manifest;
use causeflow_outputs::sink::{Opening, Sink};

use crate::error::Error;

/// Hands the streams that are asked for to a sink.
pub struct Streams<'s> {
    sink: &'s mut dyn Sink,
    /// For each stream of the program, its place among the sink's.
    places: Vec<Option<usize>>,
    /// Rows handed over.
    rows: u64,
}

impl<'s> Streams<'s> {
    /// Those of a run at its beginning. The manifest says what it is made from.
    ///
    /// # Errors
    /// What the sink fails with.
    pub fn begin(
        sink: &'s mut dyn Sink,
        player: &Player,
        manifest: &Manifest,
    ) -> Result<Streams<'s>, Error> {
        Streams::open(sink, player, manifest, 0, |sink, run| sink.begin(run))
    }

    /// Those of a run that goes on from a checkpoint of the sink, before which it had this many rows.
    ///
    /// # Errors
    /// What the sink fails with.
    pub fn resume(
        sink: &'s mut dyn Sink,
        player: &Player,
        manifest: &Manifest,
        (checkpoint, rows): (&[u8], u64),
    ) -> Result<Streams<'s>, Error> {
        Streams::open(sink, player, manifest, rows, |sink, run| {
            sink.resume(run, checkpoint)
        })
    }

    fn open(
        sink: &'s mut dyn Sink,
        player: &Player,
        manifest: &Manifest,
        rows: u64,
        open: impl FnOnce(&mut dyn Sink, &Opening<'_>) -> Result<(), SinkError>,
    ) -> Result<Streams<'s>, Error> {
        let (mut schemas, mut places) = (Vec::<TableSchema>::new(), Vec::new());
        let world = player.world();
        for (id, stream) in StreamId::each(&world.program.streams) {
            let wanted = world.is_written(id);
            places.push(wanted.then_some(schemas.len()));
            if wanted {
                schemas.push(stream.schema());
            }
        }
        let opening = Opening {
            manifest,
            streams: &schemas,
            dictionary: &world.program.dictionary,
        };
        open(&mut *sink, &opening)?;
        Ok(Streams { sink, places, rows })
    }

    /// Has the sink make durable what has come, and returns what it needs to go on from here, and the rows so far.
    ///
    /// # Errors
    /// What the sink fails with.
    pub fn checkpoint(&mut self) -> Result<(Vec<u8>, u64), Error> {
        Ok((self.sink.checkpoint()?, self.rows))
    }

    /// There are no more rows.
    ///
    /// # Errors
    /// What the sink fails with.
    pub fn close(self) -> Result<(), Error> {
        Ok(self.sink.close()?)
    }
}

impl RowSink for Streams<'_> {
    fn write(&mut self, mut chunks: Vec<Chunk>) -> Result<(), SinkError> {
        chunks.retain_mut(|chunk| match self.places[chunk.table] {
            Some(place) => {
                chunk.table = place;
                self.rows += chunk.rows as u64;
                true
            }
            None => false,
        });
        self.sink.write(chunks)
    }

    fn in_parts(&self) -> bool {
        self.sink.in_parts()
    }
}
