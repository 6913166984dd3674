//! A sink that counts: rows, hours of the week, what follows from what. It keeps no rows.

use causeflow_engine::base::table::{Chunk, RowSink, SinkError, Values};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::{Program, Stream};

use crate::columns::{ATTRIBUTION, CAUSE, EVENT, has_value, identifiers, integers, moments, times};
use crate::links::{Link, Parents};
use crate::reference::wanted;

/// Exactly one stream of each group follows from the event.
const OUTCOMES: [(&str, &[&str]); 3] = [
    (
        "booking.requested",
        &["booking.confirmed", "booking.declined", "booking.expired"],
    ),
    ("booking.confirmed", &["payment.success", "payment.failure"]),
    (
        "booking.confirmed",
        &[
            "session.cancelled",
            "session.noshow.student",
            "session.noshow.tutor",
            "session.started",
        ],
    ),
];

/// What a run came to.
pub struct Tally {
    pub start: Time,
    pub end: Time,
    names: Vec<String>,
    /// Rows by stream, and by hour of the week from Monday's midnight on.
    pub rows: Vec<u64>,
    pub hours: Vec<[u64; 168]>,
    pub links: Vec<Link>,
    /// Events that name a cause that does not exist, or none where they need one.
    pub orphans: Vec<u64>,
    /// Whether a stream has events without a cause.
    rooted: Vec<bool>,
    parents: Vec<Option<Parents>>,
    streams: Vec<Stream>,
    /// Ratings by stars, 1 to 5.
    pub stars: [u64; 5],
    /// Active students and tutors as the hourly snapshots show them.
    pub snapshots: Vec<(i32, i32)>,
    /// Tutors who applied during the run, and those of them approved: (tutor, time), by tutor.
    applicants: std::collections::BTreeMap<u64, Option<i64>>,
    /// Updates of the calendar by such tutors, and those that came before the approval.
    pub updates: u64,
    pub too_early: u64,
}

impl Tally {
    pub fn new(program: &Program, start: Time, end: Time) -> Tally {
        let count = program.streams.len();
        let of = |name: &str| {
            program
                .stream(name)
                .unwrap_or_else(|| panic!("no stream `{name}`"))
                .index()
        };
        let mut links = Vec::new();
        for stream in wanted() {
            for cause in stream.causes {
                let group = group_of(&cause.on, &stream.stream);
                links.push(Link::new(of(&stream.stream), of(&cause.on), cause, group));
            }
        }
        let parents = (0..count).map(|s| {
            let from = links.iter().filter(|link| link.parent == s);
            let keep = from.map(|link| link.wanted.delay.longest()).max()?;
            let groups = OUTCOMES.iter().filter(|(on, _)| of(on) == s).count();
            Some(Parents::new(keep, groups, start))
        });
        Tally {
            start,
            end,
            names: program.streams.iter().map(|s| s.name.clone()).collect(),
            rows: vec![0; count],
            hours: vec![[0; 168]; count],
            orphans: vec![0; count],
            rooted: program.streams.iter().map(|s| s.source.is_some()).collect(),
            parents: parents.collect(),
            links,
            streams: program.streams.clone(),
            stars: [0; 5],
            snapshots: Vec::new(),
            applicants: std::collections::BTreeMap::new(),
            updates: 0,
            too_early: 0,
        }
    }

    /// The index of a stream.
    pub fn stream(&self, name: &str) -> usize {
        self.names
            .iter()
            .position(|n| n == name)
            .unwrap_or_else(|| panic!("no stream `{name}`"))
    }

    /// The name of a stream.
    pub fn name(&self, stream: usize) -> &str {
        &self.names[stream]
    }

    /// To be called when the run is over.
    pub fn finish(&mut self) {
        for parents in self.parents.iter_mut().flatten() {
            parents.finish(self.end);
        }
    }

    /// Events of a stream whose outcomes are known, and those that do not have exactly one of each group.
    pub fn outcomes(&self, stream: &str) -> (u64, u64) {
        let parents = self.parents[self.stream(stream)].as_ref();
        parents.map_or((0, 0), |parents| (parents.settled, parents.inexact))
    }

    fn column<'a>(&self, chunk: &'a Chunk, name: &str) -> &'a Values {
        let fields = &self.streams[chunk.table].fields;
        let at = fields.iter().position(|(column, _)| column.name == name);
        let at = at.unwrap_or_else(|| panic!("{} has no `{name}`", self.names[chunk.table]));
        // The fields come last.
        &chunk.columns[chunk.columns.len() - fields.len() + at].values
    }

    fn count(&mut self, chunk: &Chunk) {
        self.rows[chunk.table] += chunk.rows as u64;
        // The first of January 1970 was a Thursday.
        const MONDAY: i64 = 3 * 24;
        for &time in times(chunk) {
            let hour = (time.div_euclid(Span::HOUR.0) + MONDAY).rem_euclid(168);
            self.hours[chunk.table][hour as usize] += 1;
        }
        match self.names[chunk.table].as_str() {
            "rating.submitted" => {
                for &stars in integers(self.column(chunk, "stars")) {
                    self.stars[stars as usize - 1] += 1;
                }
            }
            "system.platform.snapshot" => {
                let students = integers(self.column(chunk, "active_students"));
                let tutors = integers(self.column(chunk, "active_tutors"));
                self.snapshots
                    .extend(students.iter().copied().zip(tutors.iter().copied()));
            }
            "tutor.application.submitted" => {
                let tutors = identifiers(self.column(chunk, "tutor_id"));
                self.applicants
                    .extend(tutors.iter().map(|&tutor| (tutor, None)));
            }
            _ => {}
        }
    }

    /// Remembers the events that may cause others.
    fn remember(&mut self, chunk: &Chunk) {
        if self.parents[chunk.table].is_none() {
            return;
        }
        let marks = self.marks(chunk);
        let parents = self.parents[chunk.table].as_mut().expect("it has children");
        for (row, (&id, &time)) in identifiers(&chunk.columns[EVENT].values)
            .iter()
            .zip(times(chunk))
            .enumerate()
        {
            parents.add(id, time, marks.get(row).copied().unwrap_or(0));
        }
        for link in self
            .links
            .iter_mut()
            .filter(|link| link.parent == chunk.table)
        {
            let complete = times(chunk)
                .iter()
                .filter(|&&time| link.complete(time, self.end));
            link.parents += complete.count() as u64;
        }
        if self.names[chunk.table] == "tutor.application.approved" {
            let tutors = identifiers(self.column(chunk, "tutor_id"));
            for (tutor, &time) in tutors.iter().zip(times(chunk)) {
                self.applicants
                    .entry(*tutor)
                    .and_modify(|approved| *approved = Some(time));
            }
        }
    }

    /// When the sessions of a portion of bookings are to begin.
    fn marks(&mut self, chunk: &Chunk) -> Vec<i64> {
        match self.names[chunk.table].as_str() {
            "booking.requested" => moments(self.column(chunk, "requested_start")).to_vec(),
            "booking.confirmed" => {
                let requested = self.stream("booking.requested");
                let requests = self.parents[requested].as_mut().expect("it has children");
                let causes = identifiers(&chunk.columns[CAUSE].values);
                causes
                    .iter()
                    .map(|&id| requests.get(id).map_or(0, |request| request.mark))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Finds the cause of each event.
    fn follow(&mut self, chunk: &Chunk) {
        let own: Vec<usize> = (0..self.links.len())
            .filter(|&l| self.links[l].child == chunk.table)
            .collect();
        let longest = own
            .iter()
            .map(|&l| self.links[l].wanted.delay.longest().0)
            .max();
        let column = &chunk.columns[CAUSE];
        for (row, &time) in times(chunk).iter().enumerate() {
            if !has_value(column, row) {
                self.orphans[chunk.table] += u64::from(!self.rooted[chunk.table]);
                continue;
            }
            let id = identifiers(&column.values)[row];
            let known = own.iter().any(|&l| {
                let link = &mut self.links[l];
                let cause = self.parents[link.parent]
                    .as_mut()
                    .and_then(|parents| parents.get(id));
                let Some(cause) = cause else { return false };
                let touched = has_value(&chunk.columns[ATTRIBUTION], row);
                link.follow(cause, time, self.end, touched);
                true
            });
            // What happened before the start is not written; its effects may come for a while.
            let may_be_unknown = longest.is_some_and(|longest| time <= self.start.0 + longest);
            self.orphans[chunk.table] += u64::from(!known && !may_be_unknown);
        }
        match self.names[chunk.table].as_str() {
            "session.rescheduled" => self.reschedule(chunk),
            "tutor.availability.updated" => self.check_approval(chunk),
            _ => {}
        }
    }

    fn reschedule(&mut self, chunk: &Chunk) {
        let starts = moments(self.column(chunk, "new_start"));
        let confirmed = self.stream("booking.confirmed");
        let bookings = self.parents[confirmed].as_mut().expect("it has children");
        for (&id, &start) in identifiers(&chunk.columns[CAUSE].values).iter().zip(starts) {
            if let Some(booking) = bookings.get(id) {
                booking.mark = start;
            }
        }
    }

    fn check_approval(&mut self, chunk: &Chunk) {
        for (tutor, &time) in identifiers(self.column(chunk, "tutor_id"))
            .iter()
            .zip(times(chunk))
        {
            if let Some(approved) = self.applicants.get(tutor) {
                self.updates += 1;
                self.too_early += u64::from(approved.is_none_or(|approved| approved > time));
            }
        }
    }
}

impl RowSink for Tally {
    fn write(&mut self, mut chunks: Vec<Chunk>) -> Result<(), SinkError> {
        // A confirmation looks its request up, and what happens to a session its new start. Sorting keeps
        // the order of each stream's own chunks.
        let first = [
            self.stream("booking.requested"),
            self.stream("session.rescheduled"),
        ];
        chunks.sort_by_key(|chunk| !first.contains(&chunk.table));
        for chunk in &chunks {
            self.count(chunk);
        }
        for chunk in &chunks {
            self.remember(chunk);
        }
        for chunk in &chunks {
            self.follow(chunk);
        }
        let last = chunks.iter().flat_map(|chunk| times(chunk).last()).max();
        if let Some(&now) = last {
            self.parents
                .iter_mut()
                .flatten()
                .for_each(|parents| parents.forget(Time(now)));
        }
        Ok(())
    }
}

fn group_of(cause: &str, stream: &str) -> Option<usize> {
    let groups = OUTCOMES.iter().filter(|(on, _)| *on == cause);
    groups
        .map(|(_, streams)| streams)
        .position(|streams| streams.contains(&stream))
}
