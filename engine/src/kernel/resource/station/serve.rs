//! How jobs move between the queue and the servers.

use super::job::{Event, Job, Notice, Stay, Ticket, Visit};
use super::monitors::Exit;
use super::{Discipline, Preemption, Station};
use crate::base::time::{Span, Time};
use crate::kernel::processes::Agenda;
use crate::kernel::resource::line::Rank;

impl<C> Stay<C> {
    #[inline]
    pub(super) fn new(job: Job<C>, now: Time) -> Stay<C> {
        Stay {
            item: job.item,
            demand: job.demand,
            rest: job.demand.unwrap_or_default(),
            priority: job.priority,
            preemptions: 0,
            arrived: now,
            since: now,
            started: None,
            waited: Span(0),
            served: Span(0),
            server: None,
            pending: None,
        }
    }

    #[inline]
    fn into_visit(self, ticket: Ticket, left: Time) -> Visit<C> {
        Visit {
            item: self.item,
            ticket,
            priority: self.priority,
            arrived: self.arrived,
            started: self.started,
            left,
            waited: self.waited,
            served: self.served,
            server: self.server,
            preemptions: self.preemptions,
        }
    }
}

impl<C> Station<C> {
    /// A server that is free begins to serve a job that does not stand in the queue.
    #[inline(always)]
    pub(super) fn begin(&mut self, slot: u32, agenda: &mut impl Agenda<Event>) {
        let now = agenda.now();
        let server = self.servers.take(slot);
        let (number, stay) = self.jobs.at_mut(slot);
        if let Some(patience) = stay.pending.take() {
            agenda.cancel(patience);
        }
        stay.waited.0 += now.0 - stay.since.0;
        stay.since = now;
        stay.started = stay.started.or(Some(now));
        stay.server = Some(server);
        if self.announces {
            agenda.schedule_at(now, Event::Start { slot, number });
        }
        if stay.demand.is_some() {
            let finish = Event::Finish { slot, number };
            stay.pending = Some(agenda.schedule_at(now + stay.rest, finish));
        }
        self.monitors.started += 1;
        self.monitors.busy.add(now, 1);
    }

    /// A job that has come joins the queue.
    #[inline]
    pub(super) fn wait(
        &mut self,
        slot: u32,
        number: u64,
        patience: Option<Span>,
        agenda: &mut impl Agenda<Event>,
    ) {
        let now = agenda.now();
        let (_, stay) = self.jobs.at_mut(slot);
        let rank = Rank {
            priority: stay.priority,
            number,
        };
        stay.pending = patience
            .map(|patience| agenda.schedule_at(now + patience, Event::Renege { slot, number }));
        match self.discipline {
            Discipline::Lifo => self.line.push_front(slot, rank),
            Discipline::Fifo | Discipline::Priority => self.line.push_back(slot, rank),
        }
        self.monitors.queue.add(now, 1);
    }

    /// Those who wait begin to be served while there are servers.
    pub(super) fn serve_waiting(&mut self, agenda: &mut impl Agenda<Event>) {
        while self.servers.count() < self.capacity && self.line.len() > 0 {
            self.serve_next(agenda);
        }
    }

    /// Who is next begins to be served by a server that is free, if anybody waits.
    #[inline(always)]
    fn serve_next(&mut self, agenda: &mut impl Agenda<Event>) {
        if let Some(slot) = self.line.pop() {
            self.monitors.queue.add(agenda.now(), -1);
            self.begin(slot, agenda);
        }
    }

    /// A job in service leaves, and its server takes the next one.
    #[inline]
    pub(super) fn end_service(
        &mut self,
        slot: u32,
        exit: Exit,
        agenda: &mut impl Agenda<Event>,
    ) -> Visit<C> {
        let now = agenda.now();
        let (number, mut stay) = self.jobs.remove(slot);
        if let Some(server) = stay.server {
            self.servers.free(server);
        }
        self.monitors.busy.add(now, -1);
        stay.served.0 += now.0 - stay.since.0;
        self.monitors.leaves(&stay, exit, now);
        if self.servers.count() < self.capacity {
            // Nobody waited while another server was free, so one begins at most.
            self.serve_next(agenda);
        } else {
            // Work that the last shift left over is done, so urgent work may break off other work again.
            self.serve_urgent(agenda);
        }
        stay.into_visit(Ticket { number, slot }, now)
    }

    /// A job that waits leaves.
    pub(super) fn leave_queue(
        &mut self,
        slot: u32,
        exit: Exit,
        agenda: &mut impl Agenda<Event>,
    ) -> Visit<C> {
        let now = agenda.now();
        self.line.remove(slot);
        self.monitors.queue.add(now, -1);
        let (number, mut stay) = self.jobs.remove(slot);
        stay.waited.0 += now.0 - stay.since.0;
        self.monitors.leaves(&stay, exit, now);
        stay.into_visit(Ticket { number, slot }, now)
    }

    /// A job in service goes back into the queue, and its server is free.
    pub(super) fn break_off(
        &mut self,
        slot: u32,
        preemption: Preemption,
        agenda: &mut impl Agenda<Event>,
    ) {
        let now = agenda.now();
        let (number, stay) = self.jobs.at_mut(slot);
        if let Some(completion) = stay.pending.take() {
            agenda.cancel(completion);
        }
        if let Some(server) = stay.server.take() {
            self.servers.free(server);
        }
        let served = now - stay.since;
        stay.served = stay.served + served;
        stay.since = now;
        stay.preemptions += 1;
        if let Some(demand) = stay.demand {
            stay.rest = match preemption {
                Preemption::Resume => stay.rest - served,
                Preemption::Restart => {
                    // What earlier pieces achieved counts too, where the station also breaks off for resumption.
                    let before = demand - stay.rest;
                    self.monitors.lost_us += i128::from(before.0 + served.0);
                    demand
                }
            };
        }
        if self.announces {
            agenda.schedule_at(now, Event::Preempt { slot, number });
        }
        let rank = Rank {
            priority: stay.priority,
            number,
        };
        self.line.push_front(slot, rank);
        self.monitors.preempted += 1;
        self.monitors.busy.add(now, -1);
        self.monitors.queue.add(now, 1);
    }

    /// Who is broken off first: with priorities the least urgent, and of equals the latest request.
    pub(super) fn least_urgent(&self) -> Option<u32> {
        let ranked = self.servers.iter().map(|(_, slot)| {
            let (number, stay) = self.jobs.at(slot);
            let priority = match self.discipline {
                Discipline::Priority => stay.priority,
                Discipline::Fifo | Discipline::Lifo => 0,
            };
            (Rank { priority, number }, slot)
        });
        ranked.max().map(|(_, slot)| slot)
    }

    /// Who in service is broken off for a request of this priority, and how.
    #[inline]
    pub(super) fn victim(&self, priority: i32) -> Option<(u32, Preemption)> {
        let preemption = self.preemption?;
        if self.capacity == 0 || self.servers.count() != self.capacity {
            return None;
        }
        let victim = self.least_urgent()?;
        (self.jobs.at(victim).1.priority > priority).then_some((victim, preemption))
    }

    /// Who waits and is more urgent than somebody in service takes a server. That happens only after more servers were busy than
    /// the capacity: otherwise nobody so urgent waits.
    pub(super) fn serve_urgent(&mut self, agenda: &mut impl Agenda<Event>) {
        while let Some(urgent) = self.line.first() {
            let Some((victim, preemption)) = self.victim(self.jobs.at(urgent).1.priority) else {
                return;
            };
            self.break_off(victim, preemption, agenda);
            self.serve_waiting(agenda);
        }
    }

    pub(super) fn tell_start(&self, ticket: Ticket, now: Time) -> Option<Notice<C>> {
        let stay = self.jobs.get(ticket.slot, ticket.number)?;
        let server = stay.server.filter(|_| stay.since == now)?;
        Some(Notice::Started {
            ticket,
            server,
            waited: stay.waited,
        })
    }

    pub(super) fn tell_preemption(&self, ticket: Ticket) -> Option<Notice<C>> {
        let stay = self.jobs.get(ticket.slot, ticket.number)?;
        let rest = stay.demand.map(|_| stay.rest);
        stay.server
            .is_none()
            .then_some(Notice::Preempted { ticket, rest })
    }
}
