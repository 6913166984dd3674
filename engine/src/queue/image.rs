//! A queue as a plain value that any serde format stores, exact to the handles that it has given.

use super::slots::Slots;
use super::{FutureEvents, Handle, Order};
use serde::{Deserialize, Serialize};

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
