//! The head of a row: the columns that every stream has before its own, and how the last of them reads.

use crate::base::table::ColumnSpec;
use crate::base::table::ColumnType::{Id, Small, Text, Time};

/// Place of the event's key.
pub const EVENT_ID: usize = 0;
/// Place of its time.
pub const TIME: usize = 1;
/// Place of the key of its cause.
pub const CAUSE_ID: usize = 2;
/// Place of the key of the first event of its chain.
pub const ROOT_ID: usize = 3;
/// Place of its cell.
pub const CELL: usize = 4;
/// Place of what made or changed it.
pub const ATTRIBUTION: usize = 5;
/// Place of the first field of the stream's own, and so the number of columns before.
pub const FIELDS: usize = 6;

/// What rows are attributed to in which several interventions have a part.
pub const JOINTLY: &str = "joint";

/// How the attribution of a row ends that differs only because something scarce was there for others.
pub const BY_CONTENTION: &str = " (contention)";

/// The name in the text of an attribution, and whether it is by contention alone.
pub fn name_of(attribution: &str) -> (&str, bool) {
    match attribution.strip_suffix(BY_CONTENTION) {
        Some(name) => (name, true),
        None => (attribution, false),
    }
}

/// The columns, in their places.
pub fn columns() -> [ColumnSpec; FIELDS] {
    let column = |name: &str, kind, nullable, description: &str| ColumnSpec {
        name: name.to_owned(),
        kind,
        unit: None,
        description: Some(description.to_owned()),
        nullable,
    };
    let attribution = "The scenario or external event that made or changed it";
    [
        column(
            "event_id",
            Id,
            false,
            "The event's key, from its lineage alone",
        ),
        column("time", Time, false, "When it happened"),
        column("cause_id", Id, true, "event_id of the event that caused it"),
        column(
            "root_id",
            Id,
            false,
            "event_id of the first event of its chain",
        ),
        column(
            "cell",
            Small,
            false,
            "The part of the population; the platform comes last",
        ),
        column("attribution", Text, true, attribution),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_stand_in_their_places() {
        let columns = columns().map(|column| column.name);
        for (place, name) in [
            (EVENT_ID, "event_id"),
            (TIME, "time"),
            (CAUSE_ID, "cause_id"),
            (ROOT_ID, "root_id"),
            (CELL, "cell"),
            (ATTRIBUTION, "attribution"),
        ] {
            assert_eq!(columns[place], name);
        }
    }

    #[test]
    fn a_name_is_told_from_the_way_it_came() {
        assert_eq!(name_of("joint"), (JOINTLY, false));
        assert_eq!(
            name_of(&format!("outage@1{BY_CONTENTION}")),
            ("outage@1", true)
        );
    }
}
