//! Who caused what: events are matched with their causes while a run goes on, in little memory.

use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use causeflow_engine::base::time::{Span, Time};

use crate::reference::{Delay, WantedCause};

/// Events by their identifier. The order of a hash map never shows here: it is only asked for
/// single events, and for how many of them break a rule.
#[expect(
    clippy::disallowed_types,
    reason = "only looked up and counted, so its order cannot show"
)]
type Events = std::collections::HashMap<u64, Caused, BuildHasherDefault<AsItIs>>;

/// Identifiers are as good as random, so they are their own hash.
#[derive(Default)]
pub struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only identifiers are hashed");
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id;
    }
}

/// What has followed from an event so far.
#[derive(Clone, Copy, Default)]
pub struct Caused {
    pub time: i64,
    /// Bookings: when the session begins. Sessions and chats: when the last of a series came.
    pub mark: i64,
    /// How many events have come of each outcome group.
    pub outcomes: [u8; 2],
    /// How many events have come of a series.
    pub series: u32,
}

/// The events of one stream that may still cause something, and what became of the others.
pub struct Parents {
    keep: Span,
    /// How many outcome groups its events have.
    pub groups: usize,
    young: Events,
    old: Events,
    turned: Time,
    /// Events whose outcomes are all known.
    pub settled: u64,
    /// Those of them that did not have exactly one event of each outcome group.
    pub inexact: u64,
}

impl Parents {
    pub fn new(keep: Span, groups: usize, start: Time) -> Parents {
        // Hours at least, since rows arrive in portions of about an hour.
        let keep = Span(keep.0.max(Span::HOUR.0));
        let (young, old) = (Events::default(), Events::default());
        Parents {
            keep,
            groups,
            young,
            old,
            turned: start,
            settled: 0,
            inexact: 0,
        }
    }

    pub fn add(&mut self, id: u64, time: i64, mark: i64) {
        let event = Caused {
            time,
            mark,
            ..Caused::default()
        };
        match self.young.entry(id) {
            Entry::Vacant(free) => _ = free.insert(event),
            Entry::Occupied(_) => panic!("two events are called {id}"),
        }
    }

    pub fn get(&mut self, id: u64) -> Option<&mut Caused> {
        self.young.get_mut(&id).or_else(|| self.old.get_mut(&id))
    }

    /// Forgets events that are too long ago to cause anything from `now` on.
    pub fn forget(&mut self, now: Time) {
        if now - self.turned >= self.keep {
            self.turned = now;
            let gone = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
            self.settle(gone.values());
        }
    }

    /// The run is over: what was early enough must have had its outcome.
    pub fn finish(&mut self, end: Time) {
        let limit = end.0 - self.keep.0;
        let (young, old) = (
            std::mem::take(&mut self.young),
            std::mem::take(&mut self.old),
        );
        self.settle(
            young
                .values()
                .chain(old.values())
                .filter(|event| event.time < limit),
        );
    }

    fn settle<'a>(&mut self, events: impl Iterator<Item = &'a Caused>) {
        for event in events {
            self.settled += 1;
            self.inexact += u64::from(event.outcomes[..self.groups].iter().any(|&n| n != 1));
        }
    }
}

/// What a run shows of one cause of one stream.
#[derive(Clone)]
pub struct Link {
    pub child: usize,
    pub parent: usize,
    pub wanted: WantedCause,
    /// The outcome group of the cause to which the stream belongs.
    pub group: Option<usize>,
    /// Causes so early that all that follows from them is in the run, and what followed.
    pub parents: u64,
    pub children: u64,
    /// Events at a time at which they may not come, and the shortest and longest delay; of those events that no
    /// external event has touched, since one may well make an answer come sooner than it otherwise could.
    pub misplaced: u64,
    pub shortest: i64,
    pub longest: i64,
}

impl Link {
    pub fn new(child: usize, parent: usize, wanted: WantedCause, group: Option<usize>) -> Link {
        let (shortest, longest) = (i64::MAX, i64::MIN);
        Link {
            child,
            parent,
            wanted,
            group,
            parents: 0,
            children: 0,
            misplaced: 0,
            shortest,
            longest,
        }
    }

    /// Whether all that follows from an event at this time comes before the end.
    pub fn complete(&self, time: i64, end: Time) -> bool {
        time < end.0 - self.wanted.delay.longest().0
    }

    /// Takes note of an event and of what it does to its cause.
    pub fn follow(&mut self, cause: &mut Caused, time: i64, end: Time, touched: bool) {
        self.children += u64::from(self.complete(cause.time, end));
        if let Some(group) = self.group {
            cause.outcomes[group] = cause.outcomes[group].saturating_add(1);
        }
        if cause.mark == 0 && matches!(self.wanted.delay, Delay::AfterStart(..)) {
            return; // the request was before the run, so it is not known when the session was to begin
        }
        let since = match self.wanted.delay {
            Delay::After(..) => time - cause.time,
            Delay::AfterStart(..) => time - cause.mark,
            Delay::Every(_) | Delay::Apart(..) => {
                time - if cause.series == 0 {
                    cause.time
                } else {
                    cause.mark
                }
            }
        };
        let (from, to) = match self.wanted.delay {
            Delay::After(from, to) | Delay::AfterStart(from, to) | Delay::Apart(from, to) => {
                (from, to)
            }
            Delay::Every(span) => (span, span),
        };
        if matches!(self.wanted.delay, Delay::Every(_) | Delay::Apart(..)) {
            cause.series += 1;
            cause.mark = time;
        }
        if touched {
            return;
        }
        self.misplaced += u64::from(since < from.0 || since > to.0);
        self.shortest = self.shortest.min(since);
        self.longest = self.longest.max(since);
    }
}
