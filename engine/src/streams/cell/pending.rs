//! Events after the next barrier, in one bucket a window.
//!
//! A cell pushes into hundreds of future windows and reads one at a time. Buckets of plain words are
//! written and read in sequence, which is what caches and prefetchers are made for; order within
//! a window is made when it opens, and only for events that need it.

use std::collections::VecDeque;

use super::Onwards;
use crate::base::draw::Key;
use crate::base::time::{Span, Time};
use crate::base::words::Packer;
use crate::streams::event::Event;
use crate::streams::program::{MAX_CARRIED, StreamId};
use crate::streams::sides::{Label, Presence, Sides};
use crate::streams::world::World;

/// StoredWords of an event before those it carries.
const WORDS: usize = 6;
/// The bits of a label: there is one less of them than of its type.
const MOST_MADE: u16 = 0x7FFF;
/// StoredWords of a page. Buckets grow page by page and give their pages back, so that memory follows what
/// is pending; a growing vector would keep the size of the fullest window for every future one.
const PAGE: usize = 128;
/// Emptied pages that a cell keeps: what the fullest window had would add up over the cells.
const MOST_SPARE: usize = 32;
/// So many windows ahead have a bucket each: of quarters of an hour six weeks, of six hours nearly three years.
const MOST_BUCKETS: usize = 1 << 12;
/// After so many windows it is looked which of the events further away have a bucket by now: twice before they are due.
const NEARER: i64 = MOST_BUCKETS as i64 / 2;

/// The buckets of a cell.
pub(super) struct Pending {
    window: Span,
    /// Number of the first bucket's window, from the epoch.
    first: i64,
    buckets: VecDeque<Vec<Page>>,
    /// The events of windows further away than there are buckets.
    far: Vec<Page>,
    /// Emptied pages, to be used again.
    spare: Vec<Page>,
}

type Page = Vec<u64>;

/// The events of one window, in the order in which they were pushed.
#[derive(Default)]
pub(super) struct Due(Vec<Page>);

/// Where an event of a window lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Locator {
    pub page: u32,
    pub word: u32,
}

/// An event as it lies, of which not all need be read.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a> {
    head: &'a [u64; WORDS],
    carried: &'a [u64],
}

impl Pending {
    /// Nothing pending from the beginning of the warm-up.
    pub fn new(world: &World) -> Pending {
        let window = world.program.window;
        Pending {
            window,
            first: world.begin.index_of(window),
            buckets: VecDeque::new(),
            far: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Adds an event; one after the end of the run is dropped.
    pub fn push(&mut self, world: &World, event: &Event) {
        if event.time >= world.kept_until {
            return;
        }
        let at = event.time.index_of(self.window) - self.first;
        debug_assert!(at >= 0, "an event comes after its window has been played");
        let at = at.max(0) as usize;
        let bucket = match at < MOST_BUCKETS {
            true => {
                while self.buckets.len() <= at {
                    self.buckets.push_back(Vec::new());
                }
                &mut self.buckets[at]
            }
            false => &mut self.far,
        };
        let carried = usize::from(world.traits(event.stream).carried);
        if bucket
            .last()
            .is_none_or(|page| page.len() + WORDS + carried > PAGE)
        {
            bucket.push(self.spare.pop().unwrap_or_else(|| Vec::with_capacity(PAGE)));
        }
        let Some(page) = bucket.last_mut() else {
            return;
        };
        let presence = event.presence;
        page.extend_from_slice(&[
            event.time.0 as u64,
            event.key.0,
            event.cause,
            event.root,
            u64::from(event.generation) << 32
                | u64::from(event.stream.0) << 16
                | u64::from(event.from.0),
            presence.sides.bits() << 56
                | presence.scarcity.others().bits() << 48
                | u64::from(event.candidate) << 47
                | u64::from(presence.made.0) << 32
                | u64::from(presence.by.0) << 16
                | u64::from(event.index),
        ]);
        page.extend_from_slice(&event.carried[..carried]);
    }

    fn pages(&self) -> impl Iterator<Item = &Page> {
        self.buckets.iter().flatten().chain(&self.far)
    }

    /// How many words they take.
    pub fn words(&self) -> usize {
        self.pages().map(Vec::len).sum()
    }

    /// Adds the words of each bucket, from that of the next window on, and of what lies further away.
    pub fn store(&self, lists: &mut Packer) {
        for pages in self.buckets.iter().chain([&self.far]) {
            lists.push(pages.iter().map(Vec::as_slice));
        }
    }

    /// The stream of each event.
    pub fn streams<'a>(&'a self, world: &'a World) -> impl Iterator<Item = StreamId> + 'a {
        self.pages()
            .flat_map(|page| Stored::all(world, page).map(|(_, stored)| stored.stream()))
    }

    /// Buckets with these words. Events after the end of the run are
    /// dropped, and those that are made anew.
    pub fn of_lists(
        world: &World,
        buckets: impl Iterator<Item = Vec<u64>>,
        onwards: &Onwards<'_>,
    ) -> Pending {
        let mut pending = Pending::new(world);
        pending.first = onwards.now.index_of(pending.window);
        for words in buckets {
            for (_, stored) in Stored::all(world, &words) {
                if let Some(event) = onwards.event(&stored.event()) {
                    pending.push(world, &event);
                }
            }
        }
        pending
    }

    /// Takes the events of the window that begins at `start`, the next one.
    pub fn open(&mut self, world: &World, start: Time) -> Due {
        debug_assert_eq!(
            self.first,
            start.index_of(self.window),
            "windows open one after the other"
        );
        if self.first % NEARER == 0 {
            for page in std::mem::take(&mut self.far) {
                for (_, stored) in Stored::all(world, &page) {
                    self.push(world, &stored.event());
                }
            }
        }
        self.first += 1;
        Due(self.buckets.pop_front().unwrap_or_default())
    }

    /// Gives back the pages of a bucket that has been read.
    pub fn recycle(&mut self, due: Due) {
        let kept = MOST_SPARE.saturating_sub(self.spare.len());
        self.spare
            .extend(due.0.into_iter().take(kept).map(|mut page| {
                page.clear();
                page
            }));
    }
}

impl Due {
    /// The events and their places.
    pub fn events<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = (Locator, Stored<'a>)> + 'a {
        (0..).zip(&self.0).flat_map(|(page, words)| {
            let stored = Stored::all(world, words);
            stored.map(move |(word, stored)| (Locator { page, word }, stored))
        })
    }

    /// The event at a place.
    #[inline]
    pub fn event(&self, world: &World, place: Locator) -> Event {
        let words = &self.0[place.page as usize][place.word as usize..];
        match Stored::first(world, words) {
            Some(stored) => stored.event(),
            None => unreachable!("an event lies at each place that was handed out"),
        }
    }
}

impl<'a> Stored<'a> {
    /// The event with which these words begin; none if there are none.
    #[inline]
    fn first(world: &World, words: &'a [u64]) -> Option<Stored<'a>> {
        let (head, rest) = words.split_first_chunk::<WORDS>()?;
        let stream = StreamId((head[4] >> 16) as u16);
        let carried = usize::from(world.traits(stream).carried);
        Some(Stored {
            head,
            carried: &rest[..carried],
        })
    }

    /// All events of a page, with the words at which they begin.
    fn all(world: &'a World, page: &'a [u64]) -> impl Iterator<Item = (u32, Stored<'a>)> + 'a {
        let mut at = 0;
        std::iter::from_fn(move || {
            let stored = Stored::first(world, &page[at..])?;
            let begin = at as u32;
            at += WORDS + stored.carried.len();
            Some((begin, stored))
        })
    }

    /// When it takes place.
    pub fn time(&self) -> Time {
        Time(self.head[0] as i64)
    }

    /// Its key.
    pub fn key(&self) -> Key {
        Key(self.head[1])
    }

    /// Its generation.
    pub fn generation(&self) -> u32 {
        (self.head[4] >> 32) as u32
    }

    /// Its stream.
    pub fn stream(&self) -> StreamId {
        StreamId((self.head[4] >> 16) as u16)
    }

    /// All of it.
    #[inline]
    pub fn event(&self) -> Event {
        let mut carried = [0; MAX_CARRIED];
        carried[..self.carried.len()].copy_from_slice(self.carried);
        let &[_, _, cause, root, packed, sides] = self.head;
        Event {
            time: self.time(),
            key: self.key(),
            cause,
            root,
            generation: self.generation(),
            index: sides as u16,
            stream: self.stream(),
            from: StreamId(packed as u16),
            candidate: (sides >> 47) & 1 != 0,
            presence: Presence {
                sides: Sides::of_bits(sides >> 56),
                scarcity: Sides::of_bits(sides >> 48).others(),
                by: Label((sides >> 16) as u16),
                made: Label((sides >> 32) as u16 & MOST_MADE),
            },
            carried,
        }
    }
}
