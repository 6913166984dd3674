//! What differs between two ways in which a session went: window by window, so that rows that are the same are forgotten at once.

use std::collections::BTreeMap;
use std::ops::Range;

use causeflow_engine::base::head;
use causeflow_engine::base::time::Time;
use causeflow_outputs::diff::{ChangeKind, Counts};
use rayon::prelude::*;

use super::{Tables, Window};
use crate::diff::DifferingEvent;
use crate::job::StreamDifference;
use crate::numbers::instant;

/// So many of the events that differ are told, the first by time.
const TOLD: usize = 1000;

/// A stream, and the id of an event in it.
type Name = (usize, u64);

/// What differs so far. What one of the two has is called A, the other one is its twin.
pub(super) struct Differing {
    streams: Vec<StreamDifference>,
    /// When events happen that only one of the two has had so far.
    only: [BTreeMap<Name, Time>; 2],
    /// By their time, that of the twin where A does not have it.
    told: BTreeMap<(Time, Name), DifferingEvent>,
}

impl Differing {
    /// Nothing yet.
    pub fn new(tables: &Tables) -> Differing {
        let stream = |name: &String| StreamDifference {
            name: name.clone(),
            rows: 0,
            twin_rows: 0,
            counts: Counts::default(),
        };
        Differing {
            streams: tables.streams.iter().map(|one| stream(&one.name)).collect(),
            only: Default::default(),
            told: BTreeMap::new(),
        }
    }

    /// Compares what two windows of the same stretch of time have in a range.
    pub fn add(&mut self, a: &Window, twin: &Window, range: &Range<Time>) {
        let rows = |window: &Window| window.until(range.start)..window.until(range.end);
        let (of_a, of_twin) = (named(a, rows(a)), named(twin, rows(twin)));
        for ((stream, _), _) in &of_a {
            self.streams[*stream].rows += 1;
        }
        for ((stream, _), _) in &of_twin {
            self.streams[*stream].twin_rows += 1;
        }
        let (mut left, mut right) = (of_a.into_iter().peekable(), of_twin.into_iter().peekable());
        loop {
            let next = match (left.peek(), right.peek()) {
                (None, None) => return,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((a, _)), Some((twin, _))) => a.cmp(twin),
            };
            if next.is_ne() {
                let (side, window) = if next.is_lt() { (0, a) } else { (1, twin) };
                let found = if next.is_lt() {
                    left.next()
                } else {
                    right.next()
                };
                if let Some((name, row)) = found {
                    self.alone(side, name, window.time(row));
                }
            } else if let (Some((name, row)), Some((_, twin_row))) = (left.next(), right.next()) {
                self.compare(name, (a, row), (twin, twin_row));
            }
        }
    }

    /// An event that only one of the two windows has: the other one has had it before, or may have it later.
    fn alone(&mut self, side: usize, name: Name, time: Time) {
        match self.only[1 - side].remove(&name) {
            None => {
                self.only[side].insert(name, time);
            }
            Some(other) => {
                let times = if side == 0 {
                    [time, other]
                } else {
                    [other, time]
                };
                self.tell(ChangeKind::Moved, name, times.map(Some), Vec::new());
            }
        }
    }

    fn compare(
        &mut self,
        name: Name,
        (a, row): (&Window, usize),
        (twin, twin_row): (&Window, usize),
    ) {
        let times = [a.time(row), twin.time(twin_row)];
        let mut columns = a.differing_columns(row, twin, twin_row);
        // What moved it is not a part of what it is.
        columns.retain(|column| *column != head::ATTRIBUTION);
        let kind = match times[0] == times[1] {
            _ if columns.is_empty() => return,
            true => ChangeKind::Changed,
            false => ChangeKind::Moved,
        };
        self.tell(kind, name, times.map(Some), a.names_of(row, &columns));
    }

    fn tell(
        &mut self,
        kind: ChangeKind,
        name: Name,
        [time, twin]: [Option<Time>; 2],
        columns: Vec<String>,
    ) {
        let (stream, id) = name;
        self.streams[stream].counts.count(kind);
        let Some(at) = time.or(twin) else { return };
        let place = (at, name);
        if self.told.len() == TOLD {
            match self.told.last_key_value() {
                Some((last, _)) if *last < place => return,
                _ => self.told.pop_last(),
            };
        }
        let event = DifferingEvent {
            stream: self.streams[stream].name.clone(),
            event_id: id.to_string(),
            change: kind.name().to_owned(),
            time: time.map(instant),
            twin_time: twin.map(instant),
            differs_in: columns,
            why: None,
            via: None,
        };
        self.told.insert(place, event);
    }

    /// What it came to: stream by stream, and the first events that differ.
    pub fn finish(mut self) -> (Vec<StreamDifference>, Vec<DifferingEvent>) {
        let [added, removed] = std::mem::take(&mut self.only);
        for (name, time) in added {
            self.tell(ChangeKind::Added, name, [Some(time), None], Vec::new());
        }
        for (name, time) in removed {
            self.tell(ChangeKind::Removed, name, [None, Some(time)], Vec::new());
        }
        (self.streams, self.told.into_values().collect())
    }
}

/// The events of some rows by stream and id.
fn named(window: &Window, rows: Range<usize>) -> Vec<(Name, usize)> {
    let mut named: Vec<(Name, usize)> = rows
        .into_par_iter()
        .map(|row| ((window.stream(row), window.id(row)), row))
        .collect();
    named.par_sort_unstable();
    named
}
