//! Files in a binary form of our own, for what only this program reads: the state of a run on its way.
//!
//! A magic number, what kind of state it is with its version and that of the program, the state itself (`postcard`), a BLAKE3
//! digest over all of that, the length, and a mark at the end. It is not compressed: what is large in it packs itself. It is written
//! beside its place and renamed, so a process that is killed or finds the disk full leaves the state that was there
//! before. It is not forced to the disk, which takes longer than all else: what a power cut leaves half written is told
//! by its digest.

use crate::advice::Advice;
use crate::error::{Error, io_error};
use crate::file::{DigestFile, FileEntry};
use postcard::{take_from_bytes, to_io, to_stdvec};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

const MAGIC: &[u8; 16] = b"causeflow state\n";
const END: &[u8; 8] = b"\nthe end";
/// Digest, length and end.
const TRAILER_BYTES: usize = 32 + 8 + END.len();
/// What the name of a file that is being written ends in.
const UNFINISHED: &str = ".new";
/// A kind of state file.
#[derive(Clone, Copy, Debug)]
pub struct StateKind {
    /// What it holds, such as `a snapshot of the engine`.
    pub name: &'static str,
    /// Grows when its layout changes.
    pub version: u32,
    /// What somebody does whose file cannot be read.
    pub remedy: Advice,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Header {
    name: String,
    version: u32,
    program: String,
}

impl StateKind {
    fn header(&self) -> Header {
        Header {
            name: self.name.to_owned(),
            version: self.version,
            program: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Writes `state` to `folder/relative` in place of what is there, and describes the file.
///
/// # Errors
/// [`Error::Io`] when the disk fails, [`Error::Encode`] when the state cannot be serialised. What was there before is
/// still there.
pub fn write_state(
    folder: &Path,
    relative: &str,
    kind: &StateKind,
    state: &impl Serialize,
) -> Result<FileEntry, Error> {
    let unfinished = format!("{relative}{UNFINISHED}");
    let (beside, path) = (folder.join(&unfinished), folder.join(relative));
    // One that was left by a process that was killed.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(io_error("removing", &beside)(error));
        }
        _ => {}
    }
    let file = DigestFile::create(folder, unfinished)?;
    let written = write_contents(file, kind, state).and_then(|entry| {
        fs::rename(&beside, &path)
            .map_err(io_error("putting in place", &path))
            .map(|()| entry)
    });
    match written {
        Ok(entry) => Ok(FileEntry {
            path: relative.to_owned(),
            ..entry
        }),
        Err(error) => {
            // The room may be needed; what matters is the error that led here.
            let _ = fs::remove_file(&beside);
            Err(error)
        }
    }
}

fn write_contents(
    mut file: DigestFile,
    kind: &StateKind,
    state: &impl Serialize,
) -> Result<FileEntry, Error> {
    let path = file.path().to_owned();
    let header = to_stdvec(&kind.header()).map_err(|error| Error::encode(&path, error))?;
    let begin = [MAGIC.as_slice(), &header].concat();
    file.write_all(&begin).map_err(io_error("writing", &path))?;
    serialise(&mut file, state)?;
    let bytes = file.prefix()?.bytes + TRAILER_BYTES as u64;
    let digest = file.digest();
    let end = [digest.as_bytes().as_slice(), &bytes.to_le_bytes(), END].concat();
    file.write_all(&end).map_err(io_error("writing", &path))?;
    file.finish(0)
}

/// Keeps the error of a file: the serialiser does not pass on what the operating system says.
struct Told<'a> {
    file: &'a mut DigestFile,
    error: Option<io::Error>,
}

impl Write for Told<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|error| {
            let again = io::Error::from(error.kind());
            self.error = Some(error);
            again
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn serialise(file: &mut DigestFile, state: &impl Serialize) -> Result<(), Error> {
    let path = file.path().to_owned();
    let mut told = Told { file, error: None };
    let serialised = to_io(state, &mut told).map(drop);
    if let Some(error) = told.error {
        return Err(io_error("writing", &path)(error));
    }
    serialised.map_err(|error| Error::encode(&path, error))
}

/// Reads what [`write_state`] has written.
///
/// # Errors
/// [`Error::Input`] when the file is missing, is not of this kind and version, or is not whole any more; [`Error::Io`]
/// when the disk fails.
pub fn read_state<T: DeserializeOwned>(path: &Path, kind: &StateKind) -> Result<T, Error> {
    let wrong = |message: String| Error::input(path, message).advising(&[kind.remedy]);
    let file = match fs::read(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(wrong("is missing".to_owned()));
        }
        Err(error) => return Err(io_error("reading", path)(error)),
    };
    let contents = contents(&file).map_err(|message| wrong(message.to_owned()))?;
    let unreadable = |_| wrong("cannot be read, though it is whole".to_owned());
    let (found, state) = take_from_bytes::<Header>(contents).map_err(unreadable)?;
    let expected = kind.header();
    if found.name != expected.name {
        return Err(wrong(format!("is {}, not {}", found.name, expected.name)));
    }
    if found.program != expected.program {
        let (found, version) = (found.program, expected.program);
        let message = format!("was written by version {found} of causeflow, and this is {version}");
        return Err(wrong(message));
    }
    // Builds of one version of the program may differ in the layout, too.
    if found.version != expected.version {
        let (found, version) = (found.version, expected.version);
        let message = format!("has layout {found}, and this build of causeflow reads {version}");
        return Err(wrong(message));
    }
    match take_from_bytes(state).map_err(unreadable)? {
        (state, []) => Ok(state),
        _ => Err(wrong("holds more than it should".to_owned())),
    }
}

/// What stands between the magic number and the trailer, after checking both.
fn contents(file: &[u8]) -> Result<&[u8], &'static str> {
    const CUT: &str = "is incomplete: its end is missing";
    if !file.starts_with(MAGIC) {
        return Err("is not a state file of causeflow");
    }
    let Some((body, trailer)) = file
        .len()
        .checked_sub(TRAILER_BYTES)
        .and_then(|at| file.split_at_checked(at))
    else {
        return Err(CUT);
    };
    let (digest, end) = trailer.split_at(32);
    let (bytes, end) = end.split_at(8);
    if end != END || bytes != (file.len() as u64).to_le_bytes() {
        return Err(CUT);
    }
    if blake3::hash(body).as_bytes() != digest {
        return Err("was changed or damaged: its digest does not fit");
    }
    body.get(MAGIC.len()..).ok_or(CUT)
}
