//! What can go wrong while a run's files are written or read, with the place and what to do about it.

use crate::advice::Advice;
use std::error::Error as StdError;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why files could not be written or read.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The machine refused: the disk is full, a permission is missing, a device failed.
    Io {
        /// What was being done, such as `writing`.
        doing: &'static str,
        /// The file or folder it was done to.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// An encoder refused rows that passed this crate's own checks.
    Encode {
        /// The file being encoded.
        path: PathBuf,
        /// What the encoder said.
        message: String,
    },
    /// Rows do not fit the schema of their table: the caller broke its contract.
    Rows {
        /// The table's name.
        table: String,
        /// What was found and what was expected.
        message: String,
    },
    /// The format and the compression do not go together.
    Options {
        /// What was asked for and what to ask for instead.
        message: &'static str,
    },
    /// The output folder cannot be used: it holds something, or another run writes to it.
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is there.
        message: String,
        /// What can be asked for instead.
        advice: Vec<Advice>,
    },
    /// A finished run cannot be read, or not in the way that was asked for.
    Input {
        /// The run's folder or the file in it.
        path: PathBuf,
        /// What was found, what was expected and what to do.
        message: String,
        /// What can be asked for instead.
        advice: Vec<Advice>,
    },
}

impl Error {
    /// True when the machine failed (disk, permissions): exit code 3. False when the request itself
    /// cannot be met (folder in use, options that do not go together): exit code 2.
    pub fn is_machine_failure(&self) -> bool {
        matches!(self, Error::Io { .. } | Error::Encode { .. })
    }

    pub(crate) fn rows(table: &str, message: impl Into<String>) -> Error {
        let (table, message) = (table.to_owned(), message.into());
        Error::Rows { table, message }
    }

    pub(crate) fn folder(path: &Path, message: impl Into<String>) -> Error {
        Error::Folder {
            path: path.to_owned(),
            message: message.into(),
            advice: Vec::new(),
        }
    }

    pub(crate) fn input(path: &Path, message: impl Into<String>) -> Error {
        Error::Input {
            path: path.to_owned(),
            message: message.into(),
            advice: Vec::new(),
        }
    }

    /// The same of a folder or of input with what can be asked for instead.
    pub(crate) fn advising(mut self, instead: &[Advice]) -> Error {
        if let Error::Folder { advice, .. } | Error::Input { advice, .. } = &mut self {
            advice.extend(instead);
        }
        self
    }

    /// What can be asked for instead, so that it works.
    pub fn advice(&self) -> &[Advice] {
        match self {
            Error::Folder { advice, .. } | Error::Input { advice, .. } => advice,
            Error::Io { source, .. } if !hint(source.kind()).is_empty() => &[Advice::OtherFolder],
            Error::Io { .. }
            | Error::Encode { .. }
            | Error::Rows { .. }
            | Error::Options { .. } => &[],
        }
    }

    /// What happened, without the advice.
    pub fn message(&self) -> String {
        match self {
            Error::Io {
                doing,
                path,
                source,
            } => {
                let hint = hint(source.kind());
                format!("{doing} {} failed: {source}{hint}", path.display())
            }
            Error::Encode { path, message } => {
                format!("encoding {} failed: {message}", path.display())
            }
            Error::Rows { table, message } => {
                format!("rows of table `{table}` do not fit its schema: {message}")
            }
            Error::Options { message } => (*message).to_owned(),
            Error::Folder { path, message, .. } | Error::Input { path, message, .. } => {
                format!("{}: {message}", path.display())
            }
        }
    }

    /// Finds the operating system's error under an encoder's, so that a full disk reads as one.
    pub(crate) fn encode(path: &Path, error: impl StdError + 'static) -> Error {
        let mut next: Option<&(dyn StdError + 'static)> = Some(&error);
        while let Some(cause) = next {
            if let Some(found) = cause.downcast_ref::<io::Error>() {
                let source = match found.raw_os_error() {
                    Some(code) => io::Error::from_raw_os_error(code),
                    None => io::Error::new(found.kind(), found.to_string()),
                };
                return io_error("writing", path)(source);
            }
            next = cause.source();
        }
        let message = error.to_string();
        let path = path.to_owned();
        Error::Encode { path, message }
    }
}

/// Gives an error of the operating system its place.
pub(crate) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io {
        doing,
        path,
        source,
    }
}

/// One sentence on what is the matter and what to do, where there is something to do besides writing elsewhere.
fn hint(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull => "\nThe disk is full: free some space.",
        ErrorKind::QuotaExceeded => "\nYour disk quota is used up: free some space.",
        ErrorKind::FileTooLarge => {
            "\nThe file size limit of this process or file system is reached: raise it (ulimit -f)."
        }
        ErrorKind::ReadOnlyFilesystem => "\nThe file system is read-only.",
        ErrorKind::PermissionDenied => "\nPermission is missing: have the owner allow it.",
        _ => "",
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())?;
        match Advice::listed(None, self.advice(), Advice::words) {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
