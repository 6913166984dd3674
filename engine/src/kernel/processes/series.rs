//! What is scheduled periodically: the message that every occurrence gets a copy of.

use crate::base::queue::Handle;
use crate::base::time::Span;
use serde::{Deserialize, Serialize};

/// Identifies what [`every`](super::Context::every) schedules, for the process that called it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Periodic {
    pub(super) place: u32,
    pub(super) stamp: u64,
}

/// One series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "M: Clone + Deserialize<'de>"))]
pub(super) struct Series<M> {
    pub(super) stamp: u64,
    pub(super) period: Span,
    pub(super) priority: super::Priority,
    /// The next occurrence.
    pub(super) next: Handle,
    pub(super) message: M,
    #[serde(skip)]
    pub(super) copier: Copier<M>,
}

/// How a message is copied: only those who schedule periodically need messages that can be.
#[derive(Clone, Debug)]
pub(super) struct Copier<M>(pub(super) fn(&M) -> M);

impl<M: Clone> Default for Copier<M> {
    fn default() -> Self {
        Self(M::clone)
    }
}

impl<M> PartialEq for Copier<M> {
    /// There is one for each type.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// All series of a partition. A place that has become free is taken again, under another stamp.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "M: Clone + Deserialize<'de>"))]
pub(super) struct AllSeries<M> {
    pub(super) places: Vec<Option<Series<M>>>,
    pub(super) free: Vec<u32>,
    pub(super) next_stamp: u64,
}

impl<M> AllSeries<M> {
    pub(super) const fn new() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
            next_stamp: 0,
        }
    }

    /// The place that the next series gets.
    pub(super) fn next_place(&self) -> u32 {
        let used = self.places.len() as u32;
        self.free.last().copied().unwrap_or(used)
    }

    /// Adds a series. O(1).
    pub(super) fn add(&mut self, series: Series<M>) {
        match self.free.pop() {
            Some(place) => self.places[place as usize] = Some(series),
            None => self.places.push(Some(series)),
        }
        self.next_stamp += 1;
    }

    pub(super) fn get(&self, periodic: Periodic) -> Option<&Series<M>> {
        let series = self.places.get(periodic.place as usize)?.as_ref()?;
        (series.stamp == periodic.stamp).then_some(series)
    }

    /// Whether there is a series at a place.
    pub(super) fn has(&self, place: u32) -> bool {
        matches!(self.places.get(place as usize), Some(Some(_)))
    }

    /// The series at a place that a pending occurrence names.
    pub(super) fn at(&mut self, place: u32) -> &mut Series<M> {
        let series = self.places[place as usize].as_mut();
        series.expect("the next occurrence is pending exactly as long as its series lives")
    }

    /// Takes a series out. O(1).
    pub(super) fn remove(&mut self, place: u32) {
        self.places[place as usize] = None;
        self.free.push(place);
    }
}
