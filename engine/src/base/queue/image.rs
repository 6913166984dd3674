//! A queue as a plain value that any serde format stores, exact to the handles that it has given.

use super::slots::Slots;
use super::{FutureEvents, Handle, Order};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;

/// All of a [`FutureEvents`] that shows: a queue made of it gives the same events, and the same handles from then on.
///
/// Handles of the queue that it was taken of mean the same events in one that is made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image<T> {
    slots: Slots<T>,
    pending: Vec<(Order, Handle)>,
}

impl<T> FutureEvents<T> {
    /// The queue as a plain value. O(n log n).
    pub fn image(&self) -> Image<T>
    where
        T: Clone,
    {
        Image {
            slots: self.slots.clone(),
            pending: self
                .iter()
                .map(|(handle, order, _)| (order, handle))
                .collect(),
        }
    }

    /// The queue of an image, or `None` when the image cannot have come from one. O(n).
    pub fn from_image(image: Image<T>) -> Option<Self> {
        let Image { slots, pending } = image;
        let in_order =
            pending.is_sorted_by(|(a, first), (b, second)| (a, first.stamp) < (b, second.stamp));
        let mut named: Vec<u32> = pending.iter().map(|(_, handle)| handle.slot).collect();
        named.sort_unstable();
        named.dedup();
        let is_whole = slots.are_whole()
            && in_order
            && named.len() == slots.len()
            && pending.len() == slots.len()
            && pending.iter().all(|(_, handle)| slots.holds(*handle));
        if !is_whole {
            return None;
        }
        let mut queue = Self::new();
        queue.slots = slots;
        for (order, handle) in pending {
            queue.place(
                order.time_us,
                order.rank,
                order.key,
                handle.slot,
                handle.stamp,
            );
        }
        Some(queue)
    }
}

impl<T: Clone> Clone for FutureEvents<T> {
    fn clone(&self) -> Self {
        let copy = FutureEvents::from_image(self.image());
        copy.unwrap_or_else(|| unreachable!("an image of a queue makes a queue"))
    }
}

/// Equal queues hand out the same events and give the same handles from then on.
impl<T: Clone + PartialEq> PartialEq for FutureEvents<T> {
    fn eq(&self, other: &Self) -> bool {
        self.image() == other.image()
    }
}

impl<T: fmt::Debug> fmt::Debug for FutureEvents<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = self.iter().map(|(_, order, event)| (order, event));
        f.debug_list().entries(events).finish()
    }
}

/// As its [`Image`].
impl<T: Clone + Serialize> Serialize for FutureEvents<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.image().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for FutureEvents<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let queue = FutureEvents::from_image(Image::deserialize(deserializer)?);
        queue.ok_or_else(|| {
            D::Error::custom("events that do not fit together, expected those of one queue")
        })
    }
}
