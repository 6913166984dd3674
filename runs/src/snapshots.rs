//! Snapshots of the engine among the files of a run: where they lie, and which one to go on from.

use std::path::Path;

use causeflow_engine::base::time::Time;
use causeflow_engine::streams::play::snapshot::Snapshot;
use causeflow_outputs::{Advice, FileEntry, Manifest, StateKind, read_state, write_state};
use jiff::Timestamp;

use crate::error::Error;
use crate::numbers::instant;

/// Where they lie in a run's folder.
pub const SNAPSHOTS: &str = "snapshots";
const ENDING: &str = ".snapshot";

const KIND: StateKind = StateKind {
    name: "a snapshot of the engine",
    version: 7,
    remedy: Advice::PlayAgain,
};

/// Writes a snapshot into the folder of a run.
pub fn write(folder: &Path, snapshot: &Snapshot) -> Result<FileEntry, Error> {
    Ok(write_state(folder, &path(snapshot.time), &KIND, snapshot)?)
}

/// Reads the snapshot of a time.
pub fn read(folder: &Path, time: Time) -> Result<Snapshot, Error> {
    Ok(read_state(&folder.join(path(time)), &KIND)?)
}

/// The times of a run's snapshots, in order.
pub fn times(manifest: &Manifest) -> Vec<Time> {
    let files = manifest.files.iter();
    let mut times: Vec<Time> = files.filter_map(|file| time_of(&file.path)).collect();
    times.sort_unstable();
    times
}

/// Where the snapshot of a time lies: file systems do not agree on colons.
fn path(time: Time) -> String {
    let instant = instant(time).replace(".000000", "");
    format!("{SNAPSHOTS}/{}{ENDING}", instant.replace([':', '-'], ""))
}

fn time_of(path: &str) -> Option<Time> {
    let name = path.strip_prefix(SNAPSHOTS)?.strip_prefix('/')?;
    let instant: Timestamp = name.strip_suffix(ENDING)?.parse().ok()?;
    Some(Time(instant.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_snapshot_is_in_its_name() {
        for time in [
            0,
            1_771_027_200_000_000,
            1_771_027_200_250_000,
            -86_400_000_000,
        ] {
            assert_eq!(
                time_of(&path(Time(time))),
                Some(Time(time)),
                "{}",
                path(Time(time))
            );
        }
        assert_eq!(
            path(Time(1_771_027_200_000_000)),
            "snapshots/20260214T000000Z.snapshot"
        );
        assert_eq!(time_of("events/stream=a/part-0000.parquet"), None);
    }
}
