//! What can go wrong while a run's files are written or read, with the place and what to do about it.

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
        message: String,
    },
    /// The output folder cannot be used: it holds something, or another run writes to it.
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is there and what to do.
        message: String,
    },
    /// A finished run cannot be read, or not in the way that was asked for.
    Input {
        /// The run's folder or the file in it.
        path: PathBuf,
        /// What was found, what was expected and what to do.
        message: String,
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
        let (path, message) = (path.to_owned(), message.into());
        Error::Folder { path, message }
    }

    pub(crate) fn input(path: &Path, message: impl Into<String>) -> Error {
        let (path, message) = (path.to_owned(), message.into());
        Error::Input { path, message }
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

/// One sentence on what to do, where there is something to do.
fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull => {
            "\nThe disk is full: free some space, or write to another disk with --out."
        }
        ErrorKind::QuotaExceeded => {
            "\nYour disk quota is used up: free some space, or write elsewhere with --out."
        }
        ErrorKind::FileTooLarge => {
            "\nThe file size limit of this process or file system is reached: raise it (ulimit -f), or write elsewhere with --out."
        }
        ErrorKind::ReadOnlyFilesystem => {
            "\nThe file system is read-only: choose another folder with --out."
        }
        ErrorKind::PermissionDenied => {
            "\nPermission is missing: choose another folder with --out, or have its owner allow writing."
        }
        _ => "",
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io {
                doing,
                path,
                source,
            } => {
                let hint = advice(source.kind());
                write!(f, "{doing} {} failed: {source}{hint}", path.display())
            }
            Error::Encode { path, message } => {
                write!(f, "encoding {} failed: {message}", path.display())
            }
            Error::Rows { table, message } => {
                write!(
                    f,
                    "rows of table `{table}` do not fit its schema: {message}"
                )
            }
            Error::Options { message } => f.write_str(message),
            Error::Folder { path, message } | Error::Input { path, message } => {
                write!(f, "{}: {message}", path.display())
            }
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
