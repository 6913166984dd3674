//! Histories of entities: of each, what held meets in the part of its id. Spans follow one another without a gap, each with other values than the
//! one before, and what holds at the end is what the table of the entities says.

use super::finding::Check;
use super::hash::{self, TextHashes};
use super::join::{Checking, Join};
use super::records::{MOST_WORDS, Record};
use super::rows::{FileCheck, Heads};
use super::rules::HistoryRules;
use super::store::{Kind, Outbox};
use crate::arrow::array::{Array, AsArray, RecordBatch};
use crate::arrow::buffer::MutableBuffer;
use crate::arrow::datatypes::{TimestampMicrosecondType, UInt64Type};
use crate::error::Error;
use crate::time_text::shown;
use causeflow_engine::base::draw::mix;
use causeflow_engine::base::fingerprint::RowHashes;
use causeflow_engine::base::table::ColumnSpec;

/// The parts that rows have in a history: of a span its end and the event that tells of it, and its beginning with the digest of its
/// values; of the entity itself since when its values hold with their digest, and when it joined.
const ENDED: u64 = 0;
const BEGAN: u64 = 1;
const HOLDS: u64 = 2;
const JOINED: u64 = 3;

fn record(entity: u64, rule: u64, part: u64, words: [u64; 2]) -> Record {
    Record {
        words: [entity, rule << 32 | part, words[0], words[1]],
        length: MOST_WORDS,
    }
}

/// The digests of the values in some columns of each row.
fn digests(
    batch: &RecordBatch,
    columns: &[ColumnSpec],
    places: &[usize],
    left_out: usize,
) -> Vec<u64> {
    let mut digests = vec![0; batch.num_rows()];
    for &at in places {
        let (mut words, texts) = (RowHashes::new(digests.len()), &mut TextHashes::default());
        hash::add(
            &mut words,
            batch.column(at - left_out),
            columns[at].kind,
            texts,
        );
        let words = words.into_words();
        (digests.iter_mut().zip(words)).for_each(|(all, word)| *all = mix(*all ^ word));
    }
    digests
}

/// What the table of a kind says of what is tracked: the records of a batch.
pub(super) fn kept(
    batch: &RecordBatch,
    columns: &[ColumnSpec],
    (rule, history): (u64, &HistoryRules),
    (id, joined): (usize, usize),
) -> Vec<Record> {
    let ids = batch.column(id).as_primitive::<UInt64Type>();
    let times = |at: usize| batch.column(at).as_primitive::<TimestampMicrosecondType>();
    let (since, joined) = (times(history.kept_since), times(joined));
    let digests = digests(batch, columns, &history.kept, 0);
    let mut records = Vec::new();
    for (row, digest) in digests.into_iter().enumerate() {
        let (id, time) = (ids.value(row), since.value(row) as u64);
        records.push(record(id, rule, HOLDS, [time, digest]));
        if joined.is_valid(row) {
            records.push(record(id, rule, JOINED, [joined.value(row) as u64, 0]));
        }
    }
    records
}

impl FileCheck<'_> {
    /// Keeps what rows say of what held.
    pub(super) fn histories(
        &mut self,
        batch: &RecordBatch,
        heads: &Heads,
        outbox: &mut Outbox<'_>,
    ) -> Result<(), Error> {
        let Some((rules, _)) = self.rules else {
            return Ok(());
        };
        let left_out = self.columns.len() - batch.num_columns();
        let (all, stream) = ((0..).zip(&rules.histories), self.stream);
        for (rule, history) in all.filter(|(_, history)| history.stream == stream) {
            let ids = batch.column(history.entity - left_out);
            let ids = ids.as_primitive::<UInt64Type>();
            let times = |at: usize| {
                let column = batch.column(at - left_out);
                column.as_primitive::<TimestampMicrosecondType>()
            };
            let (since, until) = (times(history.since), times(history.until));
            let digests = digests(batch, &self.columns, &history.values, left_out);
            for (row, digest) in digests.into_iter().enumerate() {
                let (id, event) = (ids.value(row), heads.ids[row]);
                let (from, to) = (since.value(row), until.value(row));
                if to != heads.times[row] || from > to {
                    self.add(Check::History, heads, row, Some(history.until), || {
                        let expected = "until the time of the event, from one not later";
                        let found = format!("from {} to {}", shown(from), shown(to));
                        (found, expected.to_owned())
                    });
                }
                outbox.push(Kind::Histories, record(id, rule, ENDED, [to as u64, event]))?;
                outbox.push(
                    Kind::Histories,
                    record(id, rule, BEGAN, [from as u64, digest]),
                )?;
            }
        }
        Ok(())
    }
}

/// What is known of one entity.
#[derive(Default)]
struct History {
    /// The ends of what held, each with the event that tells of it.
    ended: Vec<(i64, u64)>,
    /// The beginnings, each with the digest of the values.
    began: Vec<(i64, u64)>,
    /// Since when it holds what it does at the end, and the digest of that.
    holds: Option<(i64, u64)>,
    joined: Option<i64>,
}

impl History {
    fn of(records: &[[u64; MOST_WORDS]]) -> History {
        let mut history = History::default();
        for &[_, about, time, word] in records {
            let time = time as i64;
            match about & u64::from(u32::MAX) {
                ENDED => history.ended.push((time, word)),
                BEGAN => history.began.push((time, word)),
                HOLDS => history.holds = Some((time, word)),
                _ => history.joined = Some(time),
            }
        }
        history.ended.sort_unstable();
        history.began.sort_unstable();
        history
    }

    /// What is wrong: with which of what held, or (behind them) with what holds, in words, and what would be right. It is known from
    /// `start` on.
    fn wrong(&self, start: i64) -> Option<(usize, String, String)> {
        let all: Vec<(i64, u64)> = self.began.iter().chain(&self.holds).copied().collect();
        // Of several that began at one time it is not known which was the last.
        let is_alone = |at: usize| {
            let near = all[at.saturating_sub(1)..].iter().take(3);
            near.filter(|(from, _)| *from == all[at].0).count() == 1
        };
        for (at, &(from, digest)) in all.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| self.ended[at].0);
            let follows = match (before, self.joined) {
                (Some(before), _) => before == from,
                (None, Some(joined)) => from == joined || from <= start,
                (None, None) => from <= start,
            };
            if !follows {
                let expected = match (before, self.joined) {
                    (Some(before), _) => {
                        format!("since {}, until when the one before held", shown(before))
                    }
                    (None, Some(joined)) => format!("since {}, when it joined", shown(joined)),
                    (None, None) => "something that held before".to_owned(),
                };
                return Some((at, format!("since {}", shown(from)), expected));
            }
            if at > 0 && is_alone(at) && is_alone(at - 1) && all[at - 1].1 == digest {
                let expected = "a change".to_owned();
                return Some((at, "the same as held before".to_owned(), expected));
            }
        }
        None
    }
}

impl Join<'_> {
    /// Checks the histories of the entities of a part.
    pub(super) fn histories(
        &self,
        part: usize,
        buffer: &mut MutableBuffer,
        checking: &mut Checking<'_>,
    ) -> Result<(), Error> {
        let Some(rules) = self
            .rules
            .filter(|rules| self.is_whole && !rules.histories.is_empty())
        else {
            return Ok(());
        };
        let mut words = Vec::new();
        self.store.read(part, Kind::Histories, buffer, &mut words)?;
        let (records, _) = words.as_chunks_mut::<MOST_WORDS>();
        records.sort_unstable();
        for records in records.chunk_by(|a, b| (a[0], a[1] >> 32) == (b[0], b[1] >> 32)) {
            let rule = &rules.histories[(records[0][1] >> 32) as usize];
            let history = History::of(records);
            let Some((at, found, expected)) = history.wrong(self.range.start) else {
                continue;
            };
            // What holds at the end has no event: the last one is told, after which it should hold.
            let told = history.ended.get(at).or(history.ended.last());
            let (time, id) = told.copied().unwrap_or((0, records[0][0]));
            let found = format!("{found}, of {} {}", rule.name, records[0][0]);
            let place = (rule.stream, time, id);
            checking.findings.add(Check::History, place, || {
                self.finding(place, "valid_from", found, expected)
            });
        }
        Ok(())
    }
}
