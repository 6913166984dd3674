//! Where all goes that leaves a run: one protocol for files, databases, sockets and whatever else takes a run in.
//!
//! Whoever plays a run calls a sink in this order, and [`abort`](Sink::abort) instead of the next call once anything has
//! failed, in the sink or elsewhere:
//!
//! 1. [`begin`](Sink::begin), or [`resume`](Sink::resume) with a checkpoint of an earlier process;
//! 2. [`write`](RowSink::write) with the rows of the streams as they come, and in between
//!    [`checkpoint`](Sink::checkpoint), where the run keeps what it takes to go on;
//! 3. [`close`](Sink::close): no more rows come;
//! 4. [`table`](Sink::table) and [`document`](Sink::document), one after the other: entities, what intervened and what that
//!    did, history, statistics, the comparison with a twin;
//! 5. [`prepare`](Sink::prepare), which does all that can fail, and [`finish`](Sink::finish), which makes it visible.
//!
//! So nothing that failed looks whole, also where [several](Tee) sinks take the same run.
//!
//! A sink says how it [begins](Sink::begin), takes [rows](RowSink::write), is [shown](Sink::finish) and [given up](Sink::abort). The
//! rest is its own choice: without it, it takes the events alone, and a run that keeps snapshots tells that it cannot go on from them.

mod files;
mod tee;

use crate::file::FileEntry;
use crate::manifest::Manifest;
use crate::run_folder::RunFolder;
use causeflow_engine::base::table::{Chunk, Dictionary, RowSink, SinkError, TableSchema};
use std::path::Path;

pub use files::Files;
pub use tee::Tee;

/// What a sink is told before the first rows.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// What the run is made from; what comes of it is still empty.
    pub manifest: &'a Manifest,
    /// The streams that come: a chunk's `table` is the place in this list.
    pub streams: &'a [TableSchema],
    /// What the codes of their texts stand for.
    pub dictionary: &'a Dictionary,
}

/// A table that follows the streams, before its rows.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'a> {
    /// Its name, with a slash where it belongs to others: `entities/student`, `history`, `counterfactual/summary`.
    pub name: &'a str,
    /// Its columns.
    pub schema: &'a TableSchema,
    /// What the codes of its texts stand for.
    pub dictionary: &'a Dictionary,
}

/// A text that follows the streams.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Its name as a file: `statistics.json`.
    pub name: &'a str,
    /// What it says.
    pub text: &'a str,
    /// How many things it lists.
    pub rows: u64,
}

/// The files that a sink has written so far.
#[derive(Clone, Copy, Debug)]
pub struct FilesSoFar<'a> {
    /// The folder that their paths begin in.
    pub folder: &'a Path,
    /// The folder of the run that this is, if it takes its place in the end. A run keeps what it takes to go on in it.
    pub run_folder: Option<&'a RunFolder>,
    /// Those that are finished: of the streams once these are closed.
    pub files: &'a [FileEntry],
}

/// Takes the rows of one table. A function of a chunk does, if nothing is left to do after the last one.
pub trait TableSink {
    /// Takes the next rows.
    ///
    /// # Errors
    /// Whatever keeps the sink from storing them.
    fn write(&mut self, chunk: &Chunk) -> Result<(), SinkError>;

    /// There are no more.
    ///
    /// # Errors
    /// Whatever keeps the sink from storing the table.
    fn finish(self: Box<Self>) -> Result<(), SinkError>;
}

impl<F: FnMut(&Chunk) -> Result<(), SinkError>> TableSink for F {
    fn write(&mut self, chunk: &Chunk) -> Result<(), SinkError> {
        self(chunk)
    }

    fn finish(self: Box<Self>) -> Result<(), SinkError> {
        Ok(())
    }
}

/// What a sink answers that keeps nothing to go on from.
const NO_CHECKPOINTS: &str =
    "this sink keeps nothing that a run could go on from: play the run without snapshots";

/// Takes a whole run. The [module](self) says in which order it is called.
///
/// After an error nothing but [`abort`](Sink::abort) is called.
pub trait Sink: RowSink {
    /// The run begins.
    ///
    /// # Errors
    /// Whatever keeps the sink from taking it.
    fn begin(&mut self, run: &Opening<'_>) -> Result<(), SinkError>;

    /// The run goes on from where a sink gave this checkpoint. Whatever came later is forgotten, and comes again.
    ///
    /// # Errors
    /// When the checkpoint is of another run or its rows are gone, or whatever else keeps the sink from going on. A sink that
    /// does not say how cannot.
    fn resume(&mut self, run: &Opening<'_>, checkpoint: &[u8]) -> Result<(), SinkError> {
        let _ = (run, checkpoint);
        Err(NO_CHECKPOINTS.into())
    }

    /// Makes what has come so far durable, as far as an end of this process goes, and tells what
    /// [`resume`](Sink::resume) needs to go on from here. The sink itself goes on, too; the checkpoint before the last one
    /// is of no use any more.
    ///
    /// # Errors
    /// Whatever keeps the sink from storing what has come. A sink that does not say how cannot.
    fn checkpoint(&mut self) -> Result<Vec<u8>, SinkError> {
        Err(NO_CHECKPOINTS.into())
    }

    /// No more rows of streams come.
    ///
    /// # Errors
    /// Whatever keeps the sink from storing what has come.
    fn close(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// A table comes. It ends before the next call. It is passed over by a sink that does not take it.
    ///
    /// # Errors
    /// Whatever keeps the sink from taking it.
    fn table<'s>(&'s mut self, table: &Heading<'_>) -> Result<Box<dyn TableSink + 's>, SinkError> {
        let _ = table;
        Ok(Box::new(|_: &Chunk| Ok(())))
    }

    /// A text comes. It is passed over by a sink that does not take it.
    ///
    /// # Errors
    /// Whatever keeps the sink from storing it.
    fn document(&mut self, document: &Document<'_>) -> Result<(), SinkError> {
        let _ = document;
        Ok(())
    }

    /// All has come, and this is what the run says about itself; `files` are those that it has put into the
    /// [folder](FilesSoFar) of the sink itself. Does all of the rest that can fail, so that what is left for
    /// [`finish`](Sink::finish) hardly can, and still shows nothing.
    ///
    /// # Errors
    /// Whatever keeps the sink from storing what has come.
    fn prepare(&mut self, manifest: &Manifest) -> Result<(), SinkError> {
        let _ = manifest;
        Ok(())
    }

    /// Makes the run visible, in one step.
    ///
    /// # Errors
    /// Whatever keeps the sink from doing so: nothing of the run is then visible.
    fn finish(&mut self) -> Result<(), SinkError>;

    /// The run has failed or was given up, at any moment. Nothing of it stays that looks whole; what was there before the
    /// run is there again.
    fn abort(&mut self);

    /// The files that it writes, if that is what it does.
    fn files(&self) -> Option<FilesSoFar<'_>> {
        None
    }
}
