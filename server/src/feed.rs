//! What has been given out of late: one ring of batches, in which each client has a place of its own.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use causeflow_engine::base::time::Time;
use causeflow_runs::live::{Encoder, Score, Window};
use tokio::sync::watch;

use crate::clients::{Clients, Lag};
use crate::cloud::{Happening, Origin};
use crate::topics::Filter;

/// Batches stay for so long at least, unless they take more room than there is for them.
pub const KEPT: Duration = Duration::from_secs(60);
/// So many bytes of events are kept at most.
const ROOM: usize = 256 << 20;
/// What an event takes there until it is written.
const EVENT_BYTES: usize = 400;

/// How far the feed is: a client is behind if it has seen less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Names the order of events.
    pub epoch: Arc<str>,
    /// Events that have been given out.
    pub events: u64,
    /// The time up to which they have been.
    pub time: Time,
    /// How many notices there have been.
    pub notices: u64,
    /// Whether the server is going down.
    pub closing: bool,
}

/// Events that were given out together.
pub struct Batch {
    /// Names the order of events.
    pub epoch: Arc<str>,
    /// The number of the first one; numbers begin with 1.
    pub first: u64,
    /// The time up to which all events have been given out with it.
    pub time: Time,
    /// How unusual the last whole hour of each stream was.
    scores: Arc<[Option<Score>]>,
    window: Arc<Window>,
    rows: Range<usize>,
    born: Instant,
    names: Arc<[String]>,
    text: OnceLock<Text>,
    /// What it is for those filters that have asked, from which number on.
    cut: Cut<Option<Utf8Bytes>>,
    /// The same as CloudEvents.
    cut_apart: Cut<Arc<[Apart]>>,
}

/// What has been written, for which filter and from which number on.
type Cut<T> = Mutex<Vec<(Filter, u64, T)>>;

/// A message with one event, and its number.
pub type Apart = (u64, Utf8Bytes);

/// The events of a batch as JSON, one after the other.
struct Text {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<u32>,
    /// Where its row begins, and ends.
    rows: Vec<(u32, u32)>,
}

impl Batch {
    /// How many events it has.
    pub fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of its last event.
    pub fn last(&self) -> u64 {
        self.first + self.len() - 1
    }

    /// Events of a window, as they are looked up.
    pub fn of(
        (epoch, names): (Arc<str>, Arc<[String]>),
        window: Arc<Window>,
        rows: Range<usize>,
        (time, born): (Time, Instant),
        scores: Arc<[Option<Score>]>,
    ) -> Batch {
        Batch {
            first: window.before + rows.start as u64 + 1,
            epoch,
            time,
            scores,
            window,
            rows,
            born,
            names,
            text: OnceLock::new(),
            cut: Mutex::default(),
            cut_apart: Mutex::default(),
        }
    }

    /// The stream of an event, given by its place in the batch.
    pub fn stream(&self, at: usize) -> usize {
        self.window.stream(self.rows.start + at)
    }

    /// An event as JSON.
    pub fn event(&self, at: usize) -> &[u8] {
        let text = self.text();
        let start = at.checked_sub(1).map_or(0, |before| text.ends[before]);
        &text.bytes[start as usize..text.ends[at] as usize]
    }

    fn text(&self) -> &Text {
        self.text.get_or_init(|| self.write())
    }

    fn write(&self) -> Text {
        let mut encoder = Encoder::new(&self.window.tables);
        let mut text = Text {
            bytes: Vec::with_capacity(self.rows.len() * EVENT_BYTES),
            ends: Vec::with_capacity(self.rows.len()),
            rows: Vec::with_capacity(self.rows.len()),
        };
        for (number, row) in (self.first..).zip(self.rows.clone()) {
            let stream = self.window.stream(row);
            let bytes = &mut text.bytes;
            bytes.extend_from_slice(b"{\"seq\":");
            bytes.extend_from_slice(number.to_string().as_bytes());
            bytes.extend_from_slice(b",\"stream\":\"");
            bytes.extend_from_slice(self.names[stream].as_bytes());
            bytes.extend_from_slice(b"\",\"timestamp\":\"");
            let time = causeflow_outputs::rfc3339(self.window.time(row).0);
            bytes.extend_from_slice(time.unwrap_or_default().as_bytes());
            bytes.extend_from_slice(b"\",\"data\":");
            let begin = bytes.len() as u32;
            // A time that RFC 3339 has no text for does not come from a session: its range is checked.
            let _ = encoder.append(&self.window, row, bytes);
            text.rows.push((begin, bytes.len() as u32));
            if let Some(Some(score)) = self.scores.get(stream) {
                bytes.extend_from_slice(b",\"normalizedValue\":");
                bytes.extend_from_slice(format!("{:.1}", score.score).as_bytes());
                bytes.extend_from_slice(b",\"anomalyFlag\":\"");
                bytes.extend_from_slice(score.flag.as_bytes());
                bytes.push(b'"');
            }
            bytes.push(b'}');
            text.ends.push(bytes.len() as u32);
        }
        text
    }

    /// The message with those of its events that a filter has, which says that everything from a number on is in it. Nothing
    /// if it has none of them.
    pub fn message(&self, filter: &Filter, from: u64) -> Option<Utf8Bytes> {
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., message)) = cut.iter().find(|(f, n, _)| f == filter && *n == from) {
            return message.clone();
        }
        let message = self.cut(filter, from);
        // So many kinds of clients share what is written; more than that write their own.
        if cut.len() < 64 {
            cut.push((filter.clone(), from, message.clone()));
        }
        message
    }

    /// Those of its events that a filter has, as CloudEvents: each says from which number on everything is told with it.
    pub fn apart(&self, filter: &Filter, from: u64, origin: &Origin) -> Arc<[Apart]> {
        let mut cut = self
            .cut_apart
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((.., apart)) = cut.iter().find(|(f, n, _)| f == filter && *n == from) {
            return apart.clone();
        }
        let begin = (from.max(self.first) - self.first) as usize;
        let mut from_now = from;
        let wanted = (begin..self.rows.len()).filter(|&at| filter.has(self.stream(at)));
        let apart = wanted.map(|at| {
            let seq = self.first + at as u64;
            let from = std::mem::replace(&mut from_now, seq + 1);
            (seq, self.happening(at, Some(from), origin).into())
        });
        let apart: Arc<[Apart]> = apart.collect();
        if cut.len() < 64 {
            cut.push((filter.clone(), from, apart.clone()));
        }
        apart
    }

    /// An event as a CloudEvent, given by its place in the batch.
    pub fn happening(&self, at: usize, from: Option<u64>, origin: &Origin) -> String {
        let (text, row) = (self.text(), self.rows.start + at);
        let (begin, end) = text.rows[at];
        let (window, stream) = (&self.window, self.stream(at));
        let score = self.scores.get(stream).copied().flatten();
        let time = causeflow_outputs::rfc3339(window.time(row).0);
        origin.event(&Happening {
            epoch: &self.epoch,
            seq: self.first + at as u64,
            from,
            stream: (stream, &self.names[stream]),
            time: &time.unwrap_or_default(),
            ids: (window.id(row), window.cause(row), window.root(row)),
            subject: origin
                .subject(stream)
                .and_then(|subject| window.id_in(row, subject.column)),
            score: score.map(|score| (score.score, score.flag)),
            data: &text.bytes[begin as usize..end as usize],
        })
    }

    fn cut(&self, filter: &Filter, from: u64) -> Option<Utf8Bytes> {
        let begin = (from.max(self.first) - self.first) as usize;
        let mut events = (begin..self.rows.len())
            .filter(|&at| filter.has(self.stream(at)))
            .peekable();
        events.peek()?;
        let time = causeflow_outputs::rfc3339(self.time.0).unwrap_or_default();
        let head = format!(
            "{{\"type\":\"events\",\"epoch\":\"{}\",\"from\":{from},\"to\":{},\"time\":\"{time}\",\"events\":[",
            self.epoch,
            self.last()
        );
        let mut bytes = head.into_bytes();
        for at in events {
            bytes.extend_from_slice(self.event(at));
            bytes.push(b',');
        }
        bytes.pop();
        bytes.extend_from_slice(b"]}");
        let text = String::from_utf8(bytes).unwrap_or_default();
        Some(text.into())
    }
}

/// A notice about the session.
#[derive(Clone)]
pub struct Told {
    /// Its number, from 1.
    pub number: u64,
    /// Which topic it is of.
    pub notice: crate::topics::Notice,
    /// The message.
    pub message: Utf8Bytes,
}

/// So many notices are kept.
const NOTICES: usize = 256;

struct Ring {
    batches: VecDeque<Arc<Batch>>,
    bytes: usize,
    notices: VecDeque<Told>,
}

/// What a client gets next.
pub enum Next {
    /// Batches that hold what comes after its place, without a gap.
    Batches(Vec<Arc<Batch>>),
    /// What comes after its place is not in the ring any more; from this number on it is.
    Before(u64),
}

/// The ring, and how far it is.
pub struct Feed {
    /// Who looks on.
    pub clients: Arc<Clients>,
    ring: RwLock<Ring>,
    mark: watch::Sender<Mark>,
}

impl Feed {
    /// One at a place.
    pub fn new(epoch: Arc<str>, events: u64, time: Time) -> Feed {
        let (mark, _) = watch::channel(Mark {
            epoch,
            events,
            time,
            notices: 0,
            closing: false,
        });
        Feed {
            clients: Arc::default(),
            ring: RwLock::new(Ring {
                batches: VecDeque::new(),
                bytes: 0,
                notices: VecDeque::new(),
            }),
            mark,
        }
    }

    /// How far it is, and to wait until it is farther.
    pub fn watch(&self) -> watch::Receiver<Mark> {
        self.mark.subscribe()
    }

    /// How far it is.
    pub fn mark(&self) -> Mark {
        self.mark.borrow().clone()
    }

    /// How many look on.
    pub fn watchers(&self) -> usize {
        self.mark.receiver_count()
    }

    /// Gives out a batch.
    pub fn push(&self, batch: Batch) {
        let (events, time, now) = (batch.last(), batch.time, batch.born);
        {
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            ring.bytes += batch.rows.len() * EVENT_BYTES;
            ring.batches.push_back(Arc::new(batch));
            while let Some(oldest) = ring.batches.front() {
                let old = now.saturating_duration_since(oldest.born) > KEPT;
                if !old && (ring.bytes <= ROOM || ring.batches.len() == 1) {
                    break;
                }
                ring.bytes -= oldest.rows.len() * EVENT_BYTES;
                ring.batches.pop_front();
            }
        }
        self.mark
            .send_modify(|mark| (mark.events, mark.time) = (events, time));
    }

    /// Says that time has passed without an event.
    pub fn pass(&self, time: Time) {
        self.mark.send_if_modified(|mark| {
            // Whoever waits for events need not be woken for that.
            mark.time = time;
            false
        });
    }

    /// Tells something.
    pub fn tell(&self, notice: crate::topics::Notice, message: String) {
        let number = {
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            let number = ring.notices.back().map_or(0, |told| told.number) + 1;
            ring.notices.push_back(Told {
                number,
                notice,
                message: message.into(),
            });
            if ring.notices.len() > NOTICES {
                ring.notices.pop_front();
            }
            number
        };
        self.mark.send_modify(|mark| mark.notices = number);
    }

    /// What has been told after a number.
    pub fn told(&self, after: u64) -> Vec<Told> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let told = ring.notices.iter().filter(|told| told.number > after);
        told.cloned().collect()
    }

    /// A new order of events begins: what has been given out is gone.
    pub fn reset(&self, epoch: Arc<str>, events: u64, time: Time) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.batches.clear();
        ring.bytes = 0;
        // Nobody must look between the two.
        self.mark.send_modify(|mark| {
            (mark.epoch, mark.events, mark.time) = (epoch, events, time);
        });
    }

    /// Tells all who look on that the server goes down.
    pub fn close(&self) {
        self.mark.send_modify(|mark| mark.closing = true);
    }

    /// What comes after a number of events of an epoch, at most so many batches; nothing if it is over.
    pub fn after(&self, epoch: &str, events: u64, most: usize) -> Next {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let Mark {
            epoch: now,
            events: given_out,
            ..
        } = self.mark();
        if events >= given_out || *now != *epoch {
            return Next::Batches(Vec::new());
        }
        let at = ring.batches.partition_point(|batch| batch.last() <= events);
        match ring.batches.get(at) {
            Some(batch) if batch.first <= events + 1 => {
                Next::Batches(ring.batches.range(at..).take(most).cloned().collect())
            }
            Some(batch) => Next::Before(batch.first),
            None => Next::Before(given_out + 1),
        }
    }
    /// How far each of some is behind, given by what it has seen of which epoch; nothing is lacked by who wants no events.
    pub fn lags<'a>(&self, places: impl Iterator<Item = Option<(&'a str, u64)>>) -> Vec<Lag> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let (mark, now) = (self.mark(), crate::stage::now());
        let lag = |place: Option<(&str, u64)>| {
            // Of another epoch nothing counts any more.
            let seen = place.map_or(mark.events, |(epoch, seen)| match *epoch == *mark.epoch {
                true => seen.min(mark.events),
                false => 0,
            });
            let next = ring.batches.partition_point(|batch| batch.last() <= seen);
            let next = ring
                .batches
                .get(next)
                .filter(|batch| batch.first <= seen + 1);
            Lag {
                events: mark.events - seen,
                time: match seen == mark.events {
                    true => Some(Duration::ZERO),
                    false => next.map(|batch| now.saturating_duration_since(batch.born)),
                },
            }
        };
        places.map(lag).collect()
    }
}
