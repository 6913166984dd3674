//! Files that are forced to the disk while others are written.

use crate::error::{Error, io_error};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

/// Where files are handed to a thread that follows, and what has become of it.
type UnderWay = (Sender<PathBuf>, JoinHandle<Result<(), Error>>);

/// Forces finished files to the disk, one after the other, on a thread of its own: who left all of them to the end of a
/// run would have to wait for the disk there, and who did it at once, each time.
#[derive(Debug)]
pub struct DiskFollower {
    folder: PathBuf,
    under_way: Option<UnderWay>,
}

impl DiskFollower {
    /// One for files below a folder.
    pub fn new(folder: &Path) -> DiskFollower {
        let (files, inbox) = channel::<PathBuf>();
        let follow = move || inbox.iter().try_for_each(|path| force(&path));
        // Where there is no thread to be had, files are forced to the disk in the end all the same.
        let thread = thread::Builder::new().spawn(follow).ok();
        DiskFollower {
            folder: folder.to_owned(),
            under_way: thread.map(|thread| (files, thread)),
        }
    }

    /// Has a file forced to the disk, when those before it have been.
    pub fn follow(&self, relative: &str) {
        if let Some((files, _)) = &self.under_way {
            // After an error nobody listens any more, and it is told in the end.
            let _ = files.send(self.folder.join(relative));
        }
    }

    /// Waits for all of them.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk fails, which the system may tell only once.
    pub fn finish(mut self) -> Result<(), Error> {
        self.wait()
    }

    fn wait(&mut self) -> Result<(), Error> {
        let Some((files, thread)) = self.under_way.take() else {
            return Ok(());
        };
        drop(files);
        match thread.join() {
            Ok(forced) => forced,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for DiskFollower {
    fn drop(&mut self) {
        // Some systems do not remove a file as long as somebody holds it. Whoever drops it unfinished has an error already.
        if let Some((files, thread)) = self.under_way.take() {
            drop(files);
            let _ = thread.join();
        }
    }
}

fn force(path: &Path) -> Result<(), Error> {
    let opened = OpenOptions::new().write(true).open(path);
    let forced = opened.and_then(|file| file.sync_all());
    forced.map_err(io_error("writing", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_disk_refuses_is_told_in_the_end() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("a"), "1").expect("room");
        let follower = DiskFollower::new(folder.path());
        follower.follow("a");
        follower.finish().expect("forced");
        let follower = DiskFollower::new(folder.path());
        for file in ["none", "a", "a"] {
            follower.follow(file);
        }
        let message = follower.finish().expect_err("not there").to_string();
        assert!(message.contains("none"), "{message}");
    }
}
