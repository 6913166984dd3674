//! What can be asked of a station.

use super::job::Ticket;
use super::{Monitors, Station};
use crate::base::time::{Span, Time};

impl<C> Station<C> {
    /// How many servers there are now.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// How many servers serve now; more than the capacity while work is finished after it fell.
    pub fn busy(&self) -> u32 {
        self.servers.count()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.line.len()
    }

    /// How many are here, waiting or served.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether nobody is here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The monitors, which go on observing.
    pub fn monitors(&self) -> &Monitors {
        &self.monitors
    }

    /// The item of a job; none when it has left.
    pub fn item(&self, ticket: Ticket) -> Option<&C> {
        Some(&self.jobs.get(ticket.slot, ticket.number)?.item)
    }

    /// The item of a job, to be changed; none when it has left.
    pub fn item_mut(&mut self, ticket: Ticket) -> Option<&mut C> {
        Some(&mut self.jobs.get_mut(ticket.slot, ticket.number)?.item)
    }

    /// Who serves a job; none unless it is in service.
    pub fn server(&self, ticket: Ticket) -> Option<u32> {
        self.jobs.get(ticket.slot, ticket.number)?.server
    }

    /// When the service of a job began for the first time; none if it never did, or the job has left.
    pub fn started(&self, ticket: Ticket) -> Option<Time> {
        self.jobs.get(ticket.slot, ticket.number)?.started
    }

    /// How many are served before a job that waits, if nobody comes or gives up; none unless it waits. O(n).
    pub fn position(&self, ticket: Ticket) -> Option<usize> {
        let stay = self.jobs.get(ticket.slot, ticket.number)?;
        stay.server.is_none().then(|| self.line.before(ticket.slot))
    }

    /// When the service of a job will be over, unless it is broken off; none unless it is in service and its time is given.
    pub fn completion(&self, ticket: Ticket) -> Option<Time> {
        let stay = self.jobs.get(ticket.slot, ticket.number)?;
        stay.server?;
        stay.demand.map(|_| stay.since + stay.rest)
    }

    /// How much service a job still needs at `now`; none when it has left, or is held until it is released.
    pub fn rest(&self, ticket: Ticket, now: Time) -> Option<Span> {
        let stay = self.jobs.get(ticket.slot, ticket.number)?;
        let done = stay.server.map_or(Span(0), |_| now - stay.since);
        stay.demand.map(|_| stay.rest - done)
    }

    /// All that wait or are served, in no order.
    pub fn items_mut(&mut self) -> impl Iterator<Item = &mut C> {
        self.jobs.values_mut().map(|stay| &mut stay.item)
    }

    /// Those who wait, the next to be served first. O(n), with priorities O(n log n).
    pub fn queue(&self) -> impl Iterator<Item = (Ticket, &C)> {
        self.line.in_order().into_iter().map(|slot| {
            let (number, stay) = self.jobs.at(slot);
            (Ticket { number, slot }, &stay.item)
        })
    }

    /// Those who are served, by the number of their server.
    pub fn in_service(&self) -> impl Iterator<Item = (u32, Ticket, &C)> {
        self.servers.iter().map(|(server, slot)| {
            let (number, stay) = self.jobs.at(slot);
            (server, Ticket { number, slot }, &stay.item)
        })
    }

    /// How long those who are here have waited and been served so far, in microseconds summed up over all of them. O(n).
    ///
    /// With it, the identities of the [monitors](Monitors) hold at any time.
    pub fn so_far(&self, now: Time) -> (i128, i128) {
        let (mut waited, mut served) = (0, 0);
        let here = self.queue().map(|(ticket, _)| ticket);
        for ticket in here.chain(self.in_service().map(|(_, ticket, _)| ticket)) {
            let (_, stay) = self.jobs.at(ticket.slot);
            let current = i128::from((now - stay.since).0);
            waited += i128::from(stay.waited.0);
            served += i128::from(stay.served.0);
            *(if stay.server.is_some() {
                &mut served
            } else {
                &mut waited
            }) += current;
        }
        (waited, served)
    }
}
