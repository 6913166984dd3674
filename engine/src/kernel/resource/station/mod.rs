//! Servers with a queue: customers are served by the lowest free server, or wait in the order of the discipline.
//! A station schedules its own [`Event`]s; the process that holds it hands each back to [`Station::handle`], which answers with a
//! [`Notice`] when a customer has left.
//!
//! ```
//! use causeflow_engine::base::draw::purpose;
//! use causeflow_engine::base::time::{Span, Time};
//! use causeflow_engine::kernel::processes::{Context, Pause, Process, Simulation};
//! use causeflow_engine::kernel::resource::station::{Event, Job, Notice, Station};
//!
//! /// A branch with two tellers, to which a customer comes every minute.
//! struct Branch {
//!     tellers: Station<u64>,
//!     served: u64,
//! }
//!
//! #[derive(Clone)]
//! enum Message {
//!     Arrives,
//!     Tellers(Event),
//! }
//!
//! impl From<Event> for Message {
//!     fn from(event: Event) -> Message {
//!         Message::Tellers(event)
//!     }
//! }
//!
//! impl Process for Branch {
//!     type Message = Message;
//!
//!     fn start(&mut self, context: &mut Context<'_, Message>) {
//!         context.every(Span::MINUTE, Message::Arrives);
//!     }
//!
//!     fn handle(&mut self, message: Message, context: &mut Context<'_, Message>) {
//!         match message {
//!             Message::Arrives => {
//!                 let customer = self.tellers.monitors().arrived;
//!                 let service = Span(90 * Span::SECOND.0);
//!                 let joined = self.tellers.request(Job::taking(customer, service), context);
//!                 joined.expect("there is room for all");
//!             }
//!             Message::Tellers(event) => {
//!                 if let Some(Notice::Finished(visit)) = self.tellers.handle(event, context) {
//!                     assert_eq!((visit.item, visit.waited), (self.served, Span(0)));
//!                     self.served += 1;
//!                 }
//!             }
//!         }
//!     }
//! }
//!
//! let branch = Branch { tellers: Station::new(2), served: 0 };
//! let mut simulation = Simulation::<Branch>::builder().build(vec![branch])?;
//! let closing = Time(0) + Span::HOUR;
//! assert_eq!(simulation.run_until(closing)?, Pause::Reached);
//! let [branch] = &simulation.into_processes()[..] else { panic!("there is one branch") };
//! assert_eq!((branch.served, branch.tellers.busy()), (58, 1));
//! assert_eq!(branch.tellers.monitors().busy.most(closing), 2);
//! # Ok::<(), causeflow_engine::kernel::processes::Error>(())
//! ```
//!
//! # Order
//! - FIFO serves in the order of requests, LIFO the last request first. Priority serves the lowest number first, and equal priorities
//!   in the order of requests. A job that was broken off keeps its place: before those who came later.
//! - A free server never idles while somebody waits. A job begins only while fewer servers are busy than the capacity.
//! - What happens at one time happens in the order of the agenda. A server that is freed takes its next job before
//!   [`Station::handle`] returns, so an arrival at the same time comes too late for it.
//!
//! # Capacity
//! - It is the number given, or follows a [`Timetable`], or is [set](Station::set_capacity) at any time.
//! - When it falls below the number of busy servers, their work is finished first, whatever their numbers; only then do they go. A
//!   station that is [`interrupting`](Station::interrupting) breaks work off instead, as a breakdown does.
//! - Servers are numbered from 0. The numbers in use lie below the greatest capacity that the station has had.
//!
//! # Patience, balking, withdrawal
//! - Patience counts from the request and ends when service begins; a job that was broken off does not renege any more.
//! - A request balks when all servers are busy and the [waiting room](Station::waiting_room) is full, or when the caller's own rule
//!   says so ([`Station::request_unless`]). A job that was broken off gets into a full waiting room all the same.
//!
//! # Cost
//! A request, a start and an exit cost O(1) each with FIFO and LIFO and O(log n) with priorities, beside the future-event list;
//! choosing whom to break off costs O(servers). In a steady state nothing is allocated.

mod inspect;
mod job;
mod monitors;
mod serve;
mod servers;

pub use job::{Event, Job, Notice, Ticket, Visit};
pub use monitors::Monitors;

use super::Timetable;
use super::line::Line;
use super::slab::Slab;
use crate::base::queue::Handle;
use crate::base::time::Time;
use crate::kernel::monitor::{SpanQuantiles, TimeWeighted};
use crate::kernel::processes::Agenda;
use job::Stay;
use monitors::Exit;
use serde::{Deserialize, Serialize};
use servers::Servers;

/// In which order those who wait are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Discipline {
    /// First come, first served.
    #[default]
    Fifo,
    /// Last come, first served.
    Lifo,
    /// The lowest priority number first; equal ones in the order in which they came.
    Priority,
}

/// What becomes of a service that is broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preemption {
    /// It goes on later where it stopped.
    Resume,
    /// It begins anew later, and takes as long as if it had never begun.
    Restart,
}

/// Servers with a queue. See the [module](self).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Station<C> {
    discipline: Discipline,
    /// Whether more urgent jobs break off less urgent ones.
    preemption: Option<Preemption>,
    /// Whether a falling capacity breaks off work.
    interruption: Option<Preemption>,
    places: Option<usize>,
    announces: bool,
    timetable: Option<Timetable>,
    /// The next change of the timetable.
    shift: Option<Handle>,
    open: bool,
    capacity: u32,
    jobs: Slab<Stay<C>>,
    line: Line,
    servers: Servers,
    monitors: Monitors,
}

impl<C> Station<C> {
    /// A station with so many servers, FIFO, without preemption, with room for all who wait.
    pub fn new(capacity: u32) -> Station<C> {
        Station {
            discipline: Discipline::Fifo,
            preemption: None,
            interruption: None,
            places: None,
            announces: false,
            timetable: None,
            shift: None,
            open: false,
            capacity,
            jobs: Slab::new(),
            line: Line::list(),
            servers: Servers::default(),
            monitors: Monitors::new(Time(0), capacity),
        }
    }

    /// A station whose number of servers follows a timetable.
    pub fn with_timetable(timetable: Timetable) -> Station<C> {
        let mut station = Station::new(0);
        station.timetable = Some(timetable);
        station
    }

    /// In which order those who wait are served. It is given before the first request.
    pub fn discipline(mut self, discipline: Discipline) -> Station<C> {
        self.discipline = discipline;
        self.line = match discipline {
            Discipline::Fifo | Discipline::Lifo => Line::list(),
            Discipline::Priority => Line::heap(),
        };
        self
    }

    /// A request that finds all servers busy breaks off the least urgent job in service, if that is less urgent than itself; of
    /// equal ones the latest request. While more servers are busy than the capacity, it waits until they no longer are. The
    /// discipline becomes [`Discipline::Priority`].
    pub fn preempting(mut self, preemption: Preemption) -> Station<C> {
        self = self.discipline(Discipline::Priority);
        self.preemption = Some(preemption);
        self
    }

    /// When the capacity falls below the number of busy servers, work is broken off: with priorities the least urgent, else the
    /// latest request.
    pub fn interrupting(mut self, interruption: Preemption) -> Station<C> {
        self.interruption = Some(interruption);
        self
    }

    /// How many can wait, beside those in service. With c servers, the K of M/M/c/K is c plus this.
    pub fn waiting_room(mut self, places: usize) -> Station<C> {
        self.places = Some(places);
        self
    }

    /// Tells when a service begins or is broken off, through [`Station::handle`]: by an event of its own at the same time, which
    /// comes after those that are already scheduled for that time. What has left or been broken off meanwhile is not told of.
    pub fn announcing(mut self) -> Station<C> {
        self.announces = true;
        self
    }

    /// Keeps the distribution of waiting times, for quantiles.
    pub fn keeping_quantiles(mut self) -> Station<C> {
        self.monitors.waited_quantiles = Some(SpanQuantiles::default());
        self
    }

    /// Begins to follow the timetable and to observe. The first request does it too; a process that wants the time before it
    /// observed opens its stations at the start.
    #[inline]
    pub fn open(&mut self, agenda: &mut impl Agenda<Event>) {
        if !self.open {
            self.begin_shifts(agenda);
        }
    }

    #[cold]
    fn begin_shifts(&mut self, agenda: &mut impl Agenda<Event>) {
        self.open = true;
        if let Some(timetable) = &self.timetable {
            self.capacity = timetable.at(agenda.now());
            self.await_shift(agenda);
        }
        let capacity = i64::from(self.capacity);
        self.monitors.capacity = TimeWeighted::new(agenda.now(), capacity);
        self.monitors.reset(agenda.now());
    }

    fn await_shift(&mut self, agenda: &mut impl Agenda<Event>) {
        let next = self.timetable.as_ref();
        let next = next.and_then(|timetable| timetable.next_change(agenda.now()));
        self.shift = next.map(|(time, _)| agenda.schedule_at(time, Event::Shift));
    }

    /// Asks for service. It begins at once if a server is free, or can be made free; else the job waits.
    ///
    /// A request that balks is an error, which gives the item back.
    #[inline]
    pub fn request(&mut self, job: Job<C>, agenda: &mut impl Agenda<Event>) -> Result<Ticket, C> {
        self.request_unless(job, |_| false, agenda)
    }

    /// As [`request`](Station::request), but balks too when the caller's rule says so. The rule sees the station as the
    /// customer does, for instance how many wait; what is random in it is drawn from the customer's key.
    #[inline]
    pub fn request_unless(
        &mut self,
        job: Job<C>,
        balks: impl FnOnce(&Station<C>) -> bool,
        agenda: &mut impl Agenda<Event>,
    ) -> Result<Ticket, C> {
        self.open(agenda);
        self.monitors.arrived += 1;
        let is_free = self.servers.count() < self.capacity;
        let victim = self.victim(job.priority);
        let is_full = self.places.is_some_and(|places| self.line.len() >= places);
        if (is_full && !is_free && victim.is_none()) || balks(self) {
            self.monitors.balked += 1;
            return Err(job.item);
        }
        let patience = job.patience;
        let (slot, number) = self.jobs.insert(Stay::new(job, agenda.now()));
        if let Some((victim, preemption)) = victim {
            self.break_off(victim, preemption, agenda);
            self.begin(slot, agenda);
        } else if is_free {
            self.begin(slot, agenda);
        } else {
            self.wait(slot, number, patience, agenda);
        }
        Ok(Ticket { number, slot })
    }

    /// Does what is due. Answers with what is to be told, if anything.
    ///
    /// An event that the station has given and that is not due any more, or has been handled already, does nothing.
    #[inline]
    pub fn handle(&mut self, event: Event, agenda: &mut impl Agenda<Event>) -> Option<Notice<C>> {
        match event {
            Event::Finish { slot, number } => {
                self.jobs.get(slot, number)?.server?;
                let visit = self.end_service(slot, Exit::Finished, agenda);
                Some(Notice::Finished(visit))
            }
            Event::Renege { slot, number } => {
                let waits = self.jobs.get(slot, number)?.server.is_none();
                waits.then(|| Notice::Reneged(self.leave_queue(slot, Exit::Reneged, agenda)))
            }
            Event::Start { slot, number } => self.tell_start(Ticket { number, slot }, agenda.now()),
            Event::Preempt { slot, number } => self.tell_preemption(Ticket { number, slot }),
            Event::Shift => {
                let capacity = self.timetable.as_ref()?.at(agenda.now());
                self.await_shift(agenda);
                self.set_capacity(capacity, agenda);
                None
            }
        }
    }

    /// Ends a service now, as done: that of a job held until released, or of one whose time is not over. None unless the job is in
    /// service.
    pub fn release(&mut self, ticket: Ticket, agenda: &mut impl Agenda<Event>) -> Option<Visit<C>> {
        let stay = self.jobs.get_mut(ticket.slot, ticket.number)?;
        stay.server?;
        if let Some(completion) = stay.pending.take() {
            agenda.cancel(completion);
        }
        Some(self.end_service(ticket.slot, Exit::Finished, agenda))
    }

    /// Takes a job back, unfinished, whether it waits or is served. None when it has left.
    pub fn withdraw(
        &mut self,
        ticket: Ticket,
        agenda: &mut impl Agenda<Event>,
    ) -> Option<Visit<C>> {
        let stay = self.jobs.get_mut(ticket.slot, ticket.number)?;
        if let Some(pending) = stay.pending.take() {
            agenda.cancel(pending);
        }
        Some(if stay.server.is_some() {
            self.end_service(ticket.slot, Exit::Withdrawn, agenda)
        } else {
            self.leave_queue(ticket.slot, Exit::Withdrawn, agenda)
        })
    }

    /// Gives the station so many servers from now on, up to the next change of its timetable, if it has one. What becomes of work in
    /// service when that is fewer than are busy, the [module](self) says.
    pub fn set_capacity(&mut self, capacity: u32, agenda: &mut impl Agenda<Event>) {
        self.open(agenda);
        self.capacity = capacity;
        self.monitors
            .capacity
            .set(agenda.now(), i64::from(capacity));
        if let Some(interruption) = self.interruption {
            while self.servers.count() > capacity {
                let Some(victim) = self.least_urgent() else {
                    break;
                };
                self.break_off(victim, interruption, agenda);
            }
        }
        self.serve_waiting(agenda);
        self.serve_urgent(agenda);
    }

    /// Forgets what was observed up to now, as at the end of a warm-up. Who is present stays; when they leave, their whole times
    /// are recorded.
    pub fn reset_monitors(&mut self, now: Time) {
        self.monitors.reset(now);
    }
}
