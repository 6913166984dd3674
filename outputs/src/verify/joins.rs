//! Events that follow from several others together: before each, all that it waits for has happened to the same entity, in its
//! time and since the one before, or nothing has by the deadline. What is about one entity meets in the part of its id.

use super::finding::Check;
use super::join::{Checking, Join};
use super::records::Record;
use super::rows::{FileCheck, Heads};
use super::rules::JoinRules;
use super::store::{Kind, Outbox};
use crate::arrow::array::{Array, AsArray, RecordBatch};
use crate::arrow::buffer::MutableBuffer;
use crate::arrow::datatypes::UInt64Type;
use crate::error::Error;

/// Words of a record: the entity's id, what it is about, and two more.
const WORDS: usize = 4;

/// The parts that events have in a join: of one that follows its cause and its id, its id and its time; of what begins it, and of what
/// is waited for, each its id and its time.
const CAUSE: u64 = 0;
const FOLLOWS: u64 = 1;
const BEGINS: u64 = 2;
const FIRST: u64 = 3;

/// A time as a word that is sorted as it is.
fn word_of(time: i64) -> u64 {
    time as u64 ^ 1 << 63
}

fn time_of(word: u64) -> i64 {
    (word ^ 1 << 63) as i64
}

impl FileCheck<'_> {
    /// Keeps what rows say of joins.
    pub(super) fn joins(
        &mut self,
        batch: &RecordBatch,
        heads: &Heads,
        outbox: &mut Outbox<'_>,
    ) -> Result<(), Error> {
        let Some((rules, _)) = self.rules else {
            return Ok(());
        };
        let left_out = self.columns.len() - batch.num_columns();
        for (rule, join) in (0u64..).zip(&rules.joins) {
            let parts = [
                (FOLLOWS, Some(&join.follows)),
                (BEGINS, join.since.as_ref()),
            ];
            let members = (FIRST..).zip(join.members.iter().map(Some));
            for (part, joined) in parts.into_iter().chain(members) {
                let Some(joined) = joined.filter(|joined| joined.stream == self.stream) else {
                    continue;
                };
                let entities = batch.column(joined.column - left_out);
                let entities = entities.as_primitive::<UInt64Type>();
                for row in (0..entities.len()).filter(|&row| entities.is_valid(row)) {
                    let (entity, id) = (entities.value(row), heads.ids[row]);
                    let mut push = |part, words: [u64; 2]| {
                        let words = [entity, rule << 32 | part, words[0], words[1]];
                        let length = WORDS;
                        outbox.push(Kind::Joins, Record { words, length })
                    };
                    push(part, [id, word_of(heads.times[row])])?;
                    if part == FOLLOWS {
                        push(CAUSE, [heads.causes.value(row), id])?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// What has happened to an entity.
#[derive(Clone, Copy)]
struct Happened {
    time: i64,
    id: u64,
    part: u64,
}

/// An event that followed.
struct Followed {
    /// The place of what completed it among what has happened, or of what began its deadline.
    place: usize,
    id: u64,
    time: i64,
}

/// What has happened to an entity, for one join.
struct History {
    happened: Vec<Happened>,
    followed: Vec<Followed>,
}

impl History {
    fn of(records: &[[u64; WORDS]]) -> History {
        let mut happened = Vec::new();
        let (mut causes, mut times, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for &[_, about, first, second] in records {
            match about & u64::from(u32::MAX) {
                CAUSE => causes.push((first, second)),
                FOLLOWS => times.push((first, time_of(second))),
                part => happened.push(Happened {
                    time: time_of(second),
                    id: first,
                    part,
                }),
            }
        }
        happened.sort_unstable_by_key(|event| (event.time, event.id));
        places.extend(
            (0..)
                .zip(&happened)
                .map(|(at, event): (usize, _)| (event.id, at)),
        );
        places.sort_unstable();
        times.sort_unstable();
        let found = |list: &[(u64, usize)], id| {
            let at = list.binary_search_by_key(&id, |(of, _)| *of).ok()?;
            Some(list[at].1)
        };
        let followed = causes.into_iter().filter_map(|(cause, id)| {
            let at = times.binary_search_by_key(&id, |(of, _)| *of).ok()?;
            Some(Followed {
                // Without it, a cause is missing, which is told as that.
                place: found(&places, cause)?,
                id,
                time: times[at].1,
            })
        });
        let mut followed: Vec<Followed> = followed.collect();
        followed.sort_unstable_by_key(|followed| followed.place);
        History { happened, followed }
    }

    /// What is wrong with an event that followed, in words. Of events at the same time it is not known which was the first, and of what lies
    /// before `known_from` not whether there was something.
    fn wrong(&self, at: usize, rules: &JoinRules, known_from: i64) -> Option<String> {
        let followed = &self.followed[at];
        let last = self.happened[followed.place];
        if rules.at_least == 0 {
            let meanwhile = self.between(last.time.saturating_add(1), followed.time);
            return meanwhile.first().map(|event| {
                let name = rules.name(event.part);
                format!("{} of {name} has come meanwhile", event.id)
            });
        }
        if rules.since.is_none() {
            return self.wrong_since(at, None, rules, known_from);
        }
        let (mut wrong, mut earlier) = (None, known_from == i64::MIN);
        for begun in self.begun(last.time) {
            wrong = Some(self.wrong_since(at, Some(begun), rules, known_from)?);
            earlier |= begun.time < last.time;
        }
        // Otherwise what lies before all that is known may have begun it.
        let wrong = wrong.or(Some("nothing has begun it".to_owned()));
        wrong.filter(|_| earlier)
    }

    /// What can have begun what followed from an event at a time: the last before it, and all that came with it.
    fn begun(&self, time: i64) -> impl Iterator<Item = Happened> {
        let begins = |event: &&Happened| event.part == BEGINS;
        let with_it = self.between(time, time.saturating_add(1)).iter();
        let last = self.between(i64::MIN, time).iter().rfind(begins);
        with_it.filter(begins).chain(last).copied()
    }

    /// What has happened from a time up to another one.
    fn between(&self, from: i64, to: i64) -> &[Happened] {
        let until = self.happened.partition_point(|event| event.time < to);
        let happened = &self.happened[..until];
        &happened[happened.partition_point(|event| event.time < from)..]
    }

    /// Likewise, if that has begun it.
    fn wrong_since(
        &self,
        at: usize,
        begun: Option<Happened>,
        rules: &JoinRules,
        known_from: i64,
    ) -> Option<String> {
        let last = self.happened[self.followed[at].place];
        let before = at.checked_sub(1);
        let before = before.map(|at| self.happened[self.followed[at].place]);
        let mut from = before.map_or(i64::MIN, |before| before.time);
        match (begun, rules.within) {
            (Some(begun), _) if before.is_some_and(|before| before.time > begun.time) => {
                return Some(format!("it followed already since {}", begun.id));
            }
            (Some(begun), Some(within)) if last.time - begun.time > within => {
                return Some("it came too late".to_owned());
            }
            (Some(begun), _) => from = from.max(begun.time),
            (None, Some(within)) => from = from.max(last.time.saturating_sub(within)),
            (None, None) => {}
        }
        let used = before.map(|before| before.id);
        let counted = self.between(from, last.time.saturating_add(1)).iter();
        let counted = counted.filter(|event| event.part >= FIRST && Some(event.id) != used);
        let mut parts: Vec<u64> = counted.map(|event| event.part).collect();
        parts.sort_unstable();
        parts.dedup();
        if parts.len() >= rules.at_least || from < known_from {
            return None;
        }
        let names: Vec<&str> = parts.iter().map(|part| rules.name(*part)).collect();
        Some(match names.is_empty() {
            true => "none of them has come".to_owned(),
            false => format!("only {} has come", names.join(" and ")),
        })
    }
}

impl Join<'_> {
    /// Checks the entities of a part.
    pub(super) fn joins(
        &self,
        part: usize,
        buffer: &mut MutableBuffer,
        checking: &mut Checking<'_>,
    ) -> Result<(), Error> {
        let Some(rules) = self
            .rules
            .filter(|rules| self.is_whole && !rules.joins.is_empty())
        else {
            return Ok(());
        };
        // Where nothing was played before the range, all that has happened is known.
        let known_from = match rules.begin.0 < self.range.start {
            true => self.range.start,
            false => i64::MIN,
        };
        let mut words = Vec::new();
        self.store.read(part, Kind::Joins, buffer, &mut words)?;
        let (records, _) = words.as_chunks_mut::<WORDS>();
        records.sort_unstable();
        for records in records.chunk_by(|a, b| (a[0], a[1] >> 32) == (b[0], b[1] >> 32)) {
            let join = &rules.joins[(records[0][1] >> 32) as usize];
            let history = History::of(records);
            for (at, followed) in history.followed.iter().enumerate() {
                let Some(found) = history.wrong(at, join, known_from) else {
                    continue;
                };
                let place = (join.follows.stream, followed.time, followed.id);
                checking.findings.add(Check::Join, place, || {
                    self.finding(place, "cause_id", found, join.expected())
                });
            }
        }
        Ok(())
    }
}

impl JoinRules {
    fn name(&self, part: u64) -> &str {
        let member = part.checked_sub(FIRST);
        let member = member.and_then(|at| self.names.get(at as usize));
        member.map_or("what begins it", String::as_str)
    }

    /// What is waited for, in words.
    fn expected(&self) -> String {
        let names = self.names.join(", ");
        match (self.at_least, self.names.len()) {
            (0, _) => format!("nothing of {names} until then"),
            (least, all) if least == all => format!("each of {names}, in its time"),
            (least, _) => format!("{least} of {names}, in its time"),
        }
    }
}
