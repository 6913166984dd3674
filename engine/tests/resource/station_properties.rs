//! Whatever is done to a station, nobody is lost or served twice, the capacity is kept, and Little's law holds to the microsecond.

use crate::clock::Clock;
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::Agenda;
use causeflow_engine::kernel::resource::Timetable;
use causeflow_engine::kernel::resource::station::{
    Discipline, Event, Job, Notice, Preemption, Station, Ticket, Visit,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    Request {
        service_us: Option<i64>,
        priority: i32,
        patience_us: Option<i64>,
    },
    Pass(i64),
    Release(usize),
    Withdraw(usize),
    SetCapacity(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let request = (
        proptest::option::weighted(0.9, 0i64..30),
        0i32..4,
        proptest::option::of(0i64..40),
    );
    let request = request.prop_map(|(service_us, priority, patience_us)| Step::Request {
        service_us,
        priority,
        patience_us,
    });
    prop_oneof![
        8 => request,
        8 => (0i64..20).prop_map(Step::Pass),
        2 => (0usize..40).prop_map(Step::Release),
        1 => (0usize..40).prop_map(Step::Withdraw),
        1 => (0u32..5).prop_map(Step::SetCapacity),
    ]
}

fn preemption() -> impl Strategy<Value = Option<Preemption>> {
    let modes = prop_oneof![Just(Preemption::Resume), Just(Preemption::Restart)];
    proptest::option::of(modes)
}

/// A customer is its own number.
fn station() -> impl Strategy<Value = (Station<usize>, bool)> {
    let discipline = prop_oneof![
        Just(Discipline::Fifo),
        Just(Discipline::Lifo),
        Just(Discipline::Priority),
    ];
    let shifts = proptest::option::of((0u32..4, 0u32..4));
    let room = proptest::option::of(0usize..6);
    let parts = (
        discipline,
        preemption(),
        preemption(),
        1u32..4,
        shifts,
        room,
    );
    parts.prop_map(
        |(discipline, by_priority, by_closing, capacity, shifts, room)| {
            let mut station = match shifts {
                Some((early, late)) => Station::with_timetable(
                    Timetable::new(Time(0), Span(100), &[(Span(10), early), (Span(60), late)])
                        .expect("a timetable"),
                ),
                None => Station::new(capacity),
            };
            station = station.discipline(discipline).announcing();
            if let Some(preemption) = by_priority {
                station = station.preempting(preemption);
            }
            if let Some(preemption) = by_closing {
                station = station.interrupting(preemption);
            }
            if let Some(places) = room {
                station = station.waiting_room(places);
            }
            (station, by_priority.is_some())
        },
    )
}

/// A station under test, and what its customers know.
struct Watched {
    station: Station<usize>,
    preempts: bool,
    /// By customer.
    priorities: Vec<i32>,
    clock: Clock<Event>,
    /// Everybody who was let in: the ticket, and the service asked for.
    let_in: BTreeMap<usize, (Ticket, Option<Span>)>,
    visits: BTreeMap<usize, (Visit<usize>, bool)>,
    customers: usize,
    balked: u64,
}

impl Watched {
    fn left(&mut self, visit: Visit<usize>, served: bool) {
        let before = self.visits.insert(visit.item, (visit, served));
        assert_eq!(before, None, "nobody leaves twice");
    }

    fn pass(&mut self, until: Time) {
        while let Some(event) = self.clock.next(until) {
            let started = self.station.monitors().started;
            let notice = self.station.handle(event, &mut self.clock);
            self.check(started);
            match notice {
                Some(Notice::Finished(visit)) => self.left(visit, true),
                Some(Notice::Reneged(visit)) => {
                    assert_eq!((visit.served, visit.started), (Span(0), None));
                    self.left(visit, false);
                }
                Some(Notice::Started { ticket, server, .. }) => {
                    assert_eq!(self.station.server(ticket), Some(server));
                }
                Some(Notice::Preempted { ticket, .. }) => {
                    assert!(self.station.position(ticket).is_some());
                }
                None => {}
            }
        }
    }

    /// `started` is how many services had begun before what was done last.
    fn check(&self, started: u64) {
        let station = &self.station;
        if station.monitors().started > started {
            assert!(
                station.busy() <= station.capacity(),
                "a start keeps the capacity"
            );
        }
        let idle = station.busy() < station.capacity();
        assert!(
            !idle || station.waiting() == 0,
            "no server idles while somebody waits"
        );
        assert_eq!(station.len(), station.waiting() + station.busy() as usize);
        if self.preempts && station.busy() <= station.capacity() {
            let priority = |(.., item): (_, _, &usize)| self.priorities[*item];
            let least = station.in_service().map(priority).max();
            let first = station
                .queue()
                .next()
                .map(|(_, item)| self.priorities[*item]);
            assert!(
                first >= least || first.is_none(),
                "nobody urgent waits for others"
            );
        }
        let servers: Vec<u32> = station.in_service().map(|(server, ..)| server).collect();
        assert_eq!(servers.len(), station.busy() as usize);
        assert!(servers.is_sorted_by(|a, b| a < b), "a server serves one");
    }

    fn apply(&mut self, step: Step) {
        let started = self.station.monitors().started;
        match step {
            Step::Request {
                service_us,
                priority,
                patience_us,
            } => {
                let item = self.customers;
                self.customers += 1;
                self.priorities.push(priority);
                let mut job = match service_us {
                    Some(service_us) => Job::taking(item, Span(service_us)),
                    None => Job::held(item),
                };
                job = job.priority(priority);
                if let Some(patience_us) = patience_us {
                    job = job.patience(Span(patience_us));
                }
                match self.station.request(job, &mut self.clock) {
                    Ok(ticket) => {
                        let known = (ticket, service_us.map(Span));
                        self.let_in.insert(item, known);
                    }
                    Err(_) => self.balked += 1,
                }
            }
            Step::Pass(span_us) => return self.pass(self.clock.now() + Span(span_us)),
            Step::Release(item) => {
                if let Some((ticket, _)) = self.let_in.get(&item) {
                    let visit = self.station.release(*ticket, &mut self.clock);
                    visit.into_iter().for_each(|visit| self.left(visit, true));
                }
            }
            Step::Withdraw(item) => {
                if let Some((ticket, _)) = self.let_in.get(&item) {
                    let visit = self.station.withdraw(*ticket, &mut self.clock);
                    visit.into_iter().for_each(|visit| self.left(visit, false));
                }
            }
            Step::SetCapacity(capacity) => {
                self.station.set_capacity(capacity, &mut self.clock);
            }
        }
        self.check(started);
    }

    fn check_sums(&self) {
        let (monitors, now) = (self.station.monitors(), self.clock.now());
        let left = monitors.finished + monitors.reneged + monitors.withdrawn;
        assert_eq!(left, self.visits.len() as u64);
        assert_eq!(monitors.balked, self.balked);
        assert_eq!(monitors.arrived, self.customers as u64);
        assert_eq!(self.let_in.len(), self.visits.len() + self.station.len());
        let waited = monitors.waited.sum_us() + monitors.waited_in_vain.sum_us();
        let served = monitors.served.sum_us() + monitors.served_in_vain_us;
        if self.station.is_empty() {
            assert_eq!(monitors.queue.integral(now), waited);
            assert_eq!(monitors.busy.integral(now), served);
            assert_eq!(monitors.started, monitors.preempted + self.left_a_server());
        }
        for (visit, _) in self.visits.values() {
            assert_eq!(visit.in_system(), visit.waited + visit.served);
        }
    }

    fn left_a_server(&self) -> u64 {
        let served = self
            .visits
            .values()
            .filter(|(visit, _)| visit.server.is_some());
        served.count() as u64
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_lost_and_littles_law_holds(
        (station, preempts) in station(),
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let mut watched = Watched {
            station,
            preempts,
            priorities: Vec::new(),
            clock: Clock::new(),
            let_in: BTreeMap::new(),
            visits: BTreeMap::new(),
            customers: 0,
            balked: 0,
        };
        watched.station.open(&mut watched.clock);
        for step in steps {
            watched.apply(step);
            watched.check_sums();
        }
        // Everybody goes: those who hold a server release it.
        watched.station.set_capacity(2, &mut watched.clock);
        let everybody: Vec<usize> = watched.let_in.keys().copied().collect();
        for item in everybody {
            watched.pass(watched.clock.now() + Span(10));
            watched.apply(Step::Release(item));
            watched.apply(Step::Withdraw(item));
        }
        prop_assert!(watched.station.is_empty());
        watched.check_sums();
    }

    /// Under resumption alone, whoever is finished was served exactly as long as asked for; under restarts the rest is `lost`.
    #[test]
    fn preempted_work_is_conserved(
        preemption in prop_oneof![Just(Preemption::Resume), Just(Preemption::Restart)],
        jobs in proptest::collection::vec((0i64..20, 0i64..30, 0i32..3), 1..40),
        capacity in 1u32..4,
    ) {
        let mut station = Station::new(capacity).preempting(preemption);
        let mut clock = Clock::new();
        let (mut asked, mut done) = (0, Vec::new());
        let mut pass = |station: &mut Station<Span>, clock: &mut Clock<Event>, until| {
            while let Some(event) = clock.next(until) {
                if let Some(Notice::Finished(visit)) = station.handle(event, clock) {
                    done.push(visit);
                }
            }
        };
        for (gap_us, service_us, priority) in jobs {
            let now = clock.now();
            pass(&mut station, &mut clock, now + Span(gap_us));
            let job = Job::taking(Span(service_us), Span(service_us)).priority(priority);
            prop_assert!(station.request(job, &mut clock).is_ok());
            asked += i128::from(service_us);
        }
        pass(&mut station, &mut clock, Time(1_000_000));
        let monitors = station.monitors();
        prop_assert_eq!(monitors.busy.integral(clock.now()), asked + monitors.lost_us);
        for visit in done {
            match preemption {
                Preemption::Resume => prop_assert_eq!(visit.served, visit.item),
                Preemption::Restart if visit.preemptions == 0 => {
                    prop_assert_eq!(visit.served, visit.item);
                }
                Preemption::Restart => prop_assert!(visit.served >= visit.item),
            }
        }
    }
}
