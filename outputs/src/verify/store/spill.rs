//! The temporary file for what does not fit the memory.

use crate::arrow::buffer::MutableBuffer;
use crate::arrow::datatypes::ToByteSlice;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// A file that is gone when it is closed.
pub(super) struct Spill {
    file: File,
    bytes: u64,
}

/// Where words lie in the file.
#[derive(Clone, Copy)]
pub(super) struct Spilled {
    offset: u64,
    bytes: usize,
}

impl Spilled {
    pub fn words(&self) -> usize {
        self.bytes / size_of::<u64>()
    }
}

impl Spill {
    pub fn new() -> io::Result<Spill> {
        Ok(Spill {
            file: tempfile::tempfile()?,
            bytes: 0,
        })
    }

    /// Writes words at the end.
    pub fn write(&mut self, chunks: &[Vec<u64>]) -> io::Result<Spilled> {
        let offset = self.bytes;
        self.file.seek(SeekFrom::Start(offset))?;
        for chunk in chunks {
            let bytes = chunk.as_slice().to_byte_slice();
            self.file.write_all(bytes)?;
            self.bytes += bytes.len() as u64;
        }
        let bytes = (self.bytes - offset) as usize;
        Ok(Spilled { offset, bytes })
    }

    /// Replaces what is in `buffer` by the words at a place.
    pub fn read(&mut self, place: Spilled, buffer: &mut MutableBuffer) -> io::Result<()> {
        buffer.resize(place.bytes, 0);
        self.file.seek(SeekFrom::Start(place.offset))?;
        self.file.read_exact(buffer.as_slice_mut())
    }
}
