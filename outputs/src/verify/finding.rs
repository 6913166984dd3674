//! What a verification finds: by the check that failed, the first few in full and the number of all.

use crate::advice::Advice;
use std::collections::BTreeMap;

/// How many findings of one check are kept in full.
const SHOWN: usize = 5;

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The manifest is what was written, and says what follows from what it asks for.
    Manifest,
    /// A table holds what follows from the manifest.
    Table,
    /// A file that the manifest lists is not there.
    MissingFile,
    /// A file lies in the folder that the manifest does not list.
    ForeignFile,
    /// A file's size.
    Size,
    /// A file's digest.
    Digest,
    /// A file can be decoded.
    Unreadable,
    /// A file's or stream's number of rows.
    Rows,
    /// A file's columns.
    Schema,
    /// A stream's fingerprint.
    Fingerprint,
    /// The fingerprint of the whole run.
    RunFingerprint,
    /// Rows stand in total order.
    Order,
    /// Rows lie within the run's range.
    Range,
    /// Ids are positive numbers of 63 bits.
    Id,
    /// Numbers are finite.
    Number,
    /// No two events, and no two entities of a kind, have the same id.
    DuplicateId,
    /// What nothing caused is the first event of its chain, and its stream has a source.
    Root,
    /// An event is the child of its cause by an effect that the model declares.
    Cause,
    /// An event's cause exists.
    MissingCause,
    /// An event has its cause's `root_id`.
    Lineage,
    /// An event takes place in its cause's cell, or where its effect sends it.
    Cell,
    /// An event comes after its cause, within the bounds of the effect's delay.
    Delay,
    /// Exactly one event of an outcome group follows.
    Outcome,
    /// What always follows does.
    Effect,
    /// Lines are numbered without a gap, and come to what their document says.
    Lines,
    /// Before an event that follows from several others together, these have happened.
    Join,
    /// What is tracked of an entity held without gaps, and changed each time.
    History,
    /// An id in a field is that of an event or entity that exists.
    Reference,
    /// A row is attributed to something that happened before it.
    Attribution,
    /// Entities are such as the model has.
    Entity,
    /// No two entities of a kind have the same value where the model says that it is unique.
    Unique,
}

impl Check {
    /// A short name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Check::Manifest => "manifest",
            Check::Table => "table",
            Check::MissingFile => "missing_file",
            Check::ForeignFile => "foreign_file",
            Check::Size => "size",
            Check::Digest => "digest",
            Check::Unreadable => "unreadable",
            Check::Rows => "rows",
            Check::Schema => "schema",
            Check::Fingerprint => "fingerprint",
            Check::RunFingerprint => "run_fingerprint",
            Check::Order => "order",
            Check::Range => "range",
            Check::Id => "id",
            Check::Number => "number",
            Check::DuplicateId => "duplicate_id",
            Check::Root => "root",
            Check::Cause => "cause",
            Check::MissingCause => "missing_cause",
            Check::Lineage => "lineage",
            Check::Cell => "cell",
            Check::Delay => "delay",
            Check::Outcome => "outcome",
            Check::Effect => "effect",
            Check::Lines => "lines",
            Check::Join => "join",
            Check::History => "history",
            Check::Reference => "reference",
            Check::Attribution => "attribution",
            Check::Entity => "entity",
            Check::Unique => "unique",
        }
    }

    /// What is wrong, in a few words.
    pub fn what(self) -> &'static str {
        match self {
            Check::Manifest => "the manifest was changed",
            Check::Table => "tables do not hold what follows from the manifest",
            Check::MissingFile => "files are missing",
            Check::ForeignFile => "files are not listed in the manifest",
            Check::Size => "files have another size",
            Check::Digest => "files have another digest",
            Check::Unreadable => "files cannot be decoded",
            Check::Rows => "numbers of rows differ",
            Check::Schema => "columns differ",
            Check::Fingerprint => "streams have other rows than the manifest's fingerprint says",
            Check::RunFingerprint => "the fingerprint of the run does not follow from its streams",
            Check::Order => "rows do not stand in total order",
            Check::Range => "rows lie outside of the run's range",
            Check::Id => "ids are no positive numbers of 63 bits",
            Check::Number => "numbers are not finite",
            Check::DuplicateId => "ids stand more than once",
            Check::Root => "events without a cause are not first events",
            Check::Cause => "events do not follow from the cause that they name",
            Check::MissingCause => "causes are missing",
            Check::Lineage => "events have another root than their cause",
            Check::Cell => "events are in the wrong cell",
            Check::Delay => "events come too early or too late after their cause",
            Check::Outcome => "events do not have exactly one outcome",
            Check::Effect => "events that always follow are missing",
            Check::Join => {
                "events follow although not all that they wait for has happened, or although something has"
            }
            Check::History => "histories have gaps, or end with what does not hold",
            Check::Lines => "lines have gaps, or do not come to what their documents say",
            Check::Reference => "ids in fields refer to nothing",
            Check::Attribution => "rows are attributed to what did not happen, or not yet",
            Check::Entity => "entities are not such as the model has",
            Check::Unique => "values that are unique stand more than once",
        }
    }

    /// What to do about it.
    pub fn help(self) -> &'static str {
        match self {
            Check::ForeignFile => "move them out of the run's folder, or remove them",
            Check::Fingerprint | Check::RunFingerprint => {
                "a replay shows the first event that differs; restore the run from a copy, or play it again"
            }
            Check::DuplicateId => {
                "docs/design.md says how often that happens by chance; otherwise restore the run from a copy, or play it again"
            }
            Check::Unique => {
                "make them of a running number, or give the pattern of drawn digits more places; docs/models.md says how"
            }
            _ => "restore the run from a copy, or play it again",
        }
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// The file, relative to the manifest.
    pub file: Option<String>,
    /// The row's place in the file, from 0.
    pub row: Option<u64>,
    /// The stream, or the kind of entity.
    pub table: Option<String>,
    /// The event's or the entity's id.
    pub id: Option<u64>,
    /// The column.
    pub column: Option<String>,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: String,
    /// What can be asked for to look again, if something can.
    pub advice: Option<Advice>,
}

/// Where a finding stands among those of its check: table or file, time, id.
pub(super) type Rank = (usize, i64, u64);

/// The findings of one check.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// How many there are.
    pub number: u64,
    first: BTreeMap<(Rank, u64), Finding>,
}

impl Group {
    /// The first of them, in the order of tables, times and ids.
    pub fn first(&self) -> impl Iterator<Item = &Finding> {
        self.first.values()
    }

    fn keep(&mut self, place: Rank, make: impl FnOnce() -> Finding) {
        let last = self.first.last_key_value().map(|((last, _), _)| *last);
        if self.first.len() == SHOWN && last.is_some_and(|last| last <= place) {
            return;
        }
        // Findings at the same place are told apart by their number, which is small then.
        let same = self.first.range((place, 0)..=(place, u64::MAX)).count();
        self.first.insert((place, same as u64), make());
        if self.first.len() > SHOWN {
            self.first.pop_last();
        }
    }
}

/// All that was found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    groups: BTreeMap<Check, Group>,
}

impl Findings {
    /// The checks that failed, with what they found.
    pub fn groups(&self) -> impl Iterator<Item = (Check, &Group)> {
        self.groups.iter().map(|(check, group)| (*check, group))
    }

    /// How many findings there are.
    pub fn number(&self) -> u64 {
        self.groups.values().map(|group| group.number).sum()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Adds what somebody else has found, behind what was found before.
    pub fn note(&mut self, check: Check, finding: Finding) {
        let number = self.groups.get(&check).map_or(0, |group| group.number);
        self.add(check, (usize::MAX, 0, number), || finding);
    }

    pub(super) fn add(&mut self, check: Check, place: Rank, make: impl FnOnce() -> Finding) {
        let group = self.groups.entry(check).or_default();
        group.number += 1;
        group.keep(place, make);
    }

    /// Joins what different threads found; the order in which that is done does not show.
    pub(super) fn merge(&mut self, other: Findings) {
        for (check, theirs) in other.groups {
            let group = self.groups.entry(check).or_default();
            group.number += theirs.number;
            for ((place, _), finding) in theirs.first {
                group.keep(place, || finding);
            }
        }
    }

    /// Completes findings that name an event by its stream and id with the place of its row.
    pub(super) fn locate(&mut self, find: impl Fn(&str, u64) -> Option<(String, u64)>) {
        let groups = self.groups.values_mut();
        for finding in groups.flat_map(|group| group.first.values_mut()) {
            if let (None, Some(table), Some(id)) = (&finding.file, &finding.table, finding.id)
                && let Some((file, row)) = find(table, id)
            {
                (finding.file, finding.row) = (Some(file), Some(row));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn findings(places: &[(usize, i64)]) -> Findings {
        let mut findings = Findings::default();
        for &(table, time) in places {
            findings.add(Check::Delay, (table, time, 7), || Finding {
                found: format!("{table} {time}"),
                ..Finding::default()
            });
        }
        findings
    }

    fn shown(findings: &Findings) -> Vec<(Check, u64, Vec<String>)> {
        let groups = findings.groups().map(|(check, group)| {
            let first = group.first().map(|finding| finding.found.clone());
            (check, group.number, first.collect())
        });
        groups.collect()
    }

    proptest! {
        #[test]
        fn the_first_are_shown_and_all_are_counted_however_they_were_found(
            places in prop::collection::vec((0..4usize, 0..20i64), 0..30),
            cut in 0..30usize,
        ) {
            let (a, b) = places.split_at(cut.min(places.len()));
            let (mut one, mut other) = (findings(a), findings(b));
            one.merge(findings(b));
            other.merge(findings(a));
            let mut sorted = places.clone();
            sorted.sort_unstable();
            let first: Vec<String> = sorted.iter().take(SHOWN).map(|(a, b)| format!("{a} {b}")).collect();
            prop_assert_eq!(one.number(), places.len() as u64);
            prop_assert_eq!(shown(&one), shown(&other));
            prop_assert_eq!(shown(&one), shown(&findings(&places)));
            if let Some((_, number, found)) = shown(&one).first() {
                prop_assert_eq!(*number, places.len() as u64);
                prop_assert_eq!(found, &first);
            }
        }
    }
}
