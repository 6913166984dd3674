//! Several sinks that take the same run.

use super::{Document, FilesSoFar, Heading, Opening, Sink, TableSink};
use crate::manifest::Manifest;
use causeflow_engine::base::table::{Chunk, RowSink, SinkError};

/// Several sinks as one: each gets all, in the order in which they are given. If one fails, all have failed: what can fail is
/// done by all of them before the first one makes anything visible.
pub struct Tee<'a> {
    sinks: Vec<&'a mut dyn Sink>,
}

impl<'a> Tee<'a> {
    /// These sinks as one.
    pub fn new(sinks: Vec<&'a mut dyn Sink>) -> Tee<'a> {
        Tee { sinks }
    }

    fn each(
        &mut self,
        mut call: impl FnMut(&mut dyn Sink) -> Result<(), SinkError>,
    ) -> Result<(), SinkError> {
        self.sinks.iter_mut().try_for_each(|sink| call(&mut **sink))
    }
}

impl RowSink for Tee<'_> {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        let Some((last, others)) = self.sinks.split_last_mut() else {
            return Ok(());
        };
        others
            .iter_mut()
            .try_for_each(|sink| sink.write(chunks.clone()))?;
        last.write(chunks)
    }

    fn in_parts(&self) -> bool {
        self.sinks.iter().all(|sink| sink.in_parts())
    }
}

impl Sink for Tee<'_> {
    fn begin(&mut self, run: &Opening<'_>) -> Result<(), SinkError> {
        self.each(|sink| sink.begin(run))
    }

    fn resume(&mut self, run: &Opening<'_>, checkpoint: &[u8]) -> Result<(), SinkError> {
        let checkpoints: Vec<Vec<u8>> = postcard::from_bytes(checkpoint)?;
        let (found, expected) = (checkpoints.len(), self.sinks.len());
        if found != expected {
            let message = format!("the run went to {found} sinks, and is to go on to {expected}");
            return Err(message.into());
        }
        let mut checkpoints = checkpoints.iter();
        self.each(|sink| match checkpoints.next() {
            Some(checkpoint) => sink.resume(run, checkpoint),
            None => Ok(()),
        })
    }

    fn checkpoint(&mut self) -> Result<Vec<u8>, SinkError> {
        let sinks = self.sinks.iter_mut();
        let checkpoints = sinks.map(|sink| sink.checkpoint());
        let checkpoints: Vec<Vec<u8>> = checkpoints.collect::<Result<_, SinkError>>()?;
        Ok(postcard::to_stdvec(&checkpoints)?)
    }

    fn close(&mut self) -> Result<(), SinkError> {
        self.each(|sink| sink.close())
    }

    fn table<'s>(&'s mut self, table: &Heading<'_>) -> Result<Box<dyn TableSink + 's>, SinkError> {
        let sinks = self.sinks.iter_mut();
        let tables = sinks.map(|sink| sink.table(table));
        Ok(Box::new(Tables(tables.collect::<Result<_, SinkError>>()?)))
    }

    fn document(&mut self, document: &Document<'_>) -> Result<(), SinkError> {
        self.each(|sink| sink.document(document))
    }

    fn prepare(&mut self, manifest: &Manifest) -> Result<(), SinkError> {
        // The files that a run has put into a folder are in that of the first sink with one.
        let mut beside = Some(manifest);
        let without = Manifest {
            files: Vec::new(),
            ..manifest.clone()
        };
        self.each(|sink| {
            let own = sink.files().and_then(|_| beside.take());
            sink.prepare(own.unwrap_or(&without))
        })
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.each(|sink| sink.finish())
    }

    fn abort(&mut self) {
        self.sinks.iter_mut().for_each(|sink| sink.abort());
    }

    fn files(&self) -> Option<FilesSoFar<'_>> {
        self.sinks.iter().find_map(|sink| sink.files())
    }
}

/// The same table in several sinks.
struct Tables<'s>(Vec<Box<dyn TableSink + 's>>);

impl TableSink for Tables<'_> {
    fn write(&mut self, chunk: &Chunk) -> Result<(), SinkError> {
        self.0.iter_mut().try_for_each(|table| table.write(chunk))
    }

    fn finish(self: Box<Self>) -> Result<(), SinkError> {
        self.0.into_iter().try_for_each(|table| table.finish())
    }
}
