//! A network of stations: customers come from outside in classes, are served, and go on to other stations or leave.
//!
//! ```text
//! class 0 ---> [ station 0 ] --routing--> [ station 1 ] ---> out
//!                    ^                          |
//!                    +--------------------------+
//! ```
//!
//! Everything random is drawn from the customer's own key. It is one process, whose parts are the stations.

use causeflow_engine::base::draw::{Purpose, purpose};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::experiment::{Draws, ModelError, Replication};
use causeflow_engine::kernel::monitor::SpanTally;
use causeflow_engine::kernel::processes::{Context, Pause, Process, Simulation};
use causeflow_engine::kernel::resource::station::{Event, Job, Notice, Station, Visit};
use serde::{Deserialize, Serialize};

const SERVICE: Purpose = purpose("service");
const ROUTE: Purpose = purpose("route");

/// Customers who come to one station from outside, as a Poisson process.
#[derive(Clone, Debug)]
pub struct Class {
    pub station: usize,
    pub mean_gap: Span,
    pub priority: i32,
    /// The mean of an exponential patience, at every station.
    pub mean_patience: Option<Span>,
}

/// How a station serves, and where its customers go.
#[derive(Clone, Debug)]
pub struct Node {
    pub mean_service: Span,
    /// Services are gamma distributed: shape 1 is exponential.
    pub shape: f64,
    /// The probabilities of going on to each station; what is missing to 1 leaves.
    pub routing: Vec<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    pub draws: Draws,
    pub class: usize,
    /// How many stations it has been at before this one.
    pub hop: u64,
    pub came: Time,
}

pub struct Network {
    replication: Replication,
    classes: Vec<Class>,
    nodes: Vec<Node>,
    pub stations: Vec<Station<Customer>>,
    /// By class: the times from coming to leaving of those who left served, of observed time.
    pub in_network: Vec<SpanTally>,
    /// By class: how many came, over all time.
    pub came: Vec<u64>,
    /// Customers who left: served at their last station, turned away, out of patience.
    pub gone: [u64; 3],
}

#[derive(Clone, Debug)]
pub enum Message {
    Comes { class: usize, number: u64 },
    At { station: usize, event: Event },
    WarmedUp,
}

impl Network {
    pub fn new(
        replication: &Replication,
        classes: &[Class],
        nodes: &[Node],
        stations: Vec<Station<Customer>>,
    ) -> Network {
        Network {
            replication: *replication,
            classes: classes.to_vec(),
            nodes: nodes.to_vec(),
            stations,
            in_network: vec![SpanTally::default(); classes.len()],
            came: vec![0; classes.len()],
            gone: [0; 3],
        }
    }

    /// The network at the end of its replication.
    pub fn played(self) -> Result<Network, ModelError> {
        let (begin, end) = (self.replication.begin(), self.replication.end());
        let mut simulation = Simulation::<Network>::builder()
            .start(begin)
            .build(vec![self])?;
        assert_eq!(simulation.run_until(end)?, Pause::Reached);
        Ok(simulation.into_processes().remove(0))
    }

    fn expect(&self, class: usize, number: u64, context: &mut Context<'_, Message>) {
        let gap = self
            .customer(class, number)
            .exponential(purpose("gap"), self.classes[class].mean_gap);
        context.schedule(gap, Message::Comes { class, number });
    }

    fn customer(&self, class: usize, number: u64) -> Draws {
        let of_class = self
            .replication
            .draws()
            .child(purpose("class"), class as u64);
        of_class.child(purpose("customer"), number)
    }

    fn ask(&mut self, station: usize, customer: Customer, context: &mut Context<'_, Message>) {
        let (class, node) = (&self.classes[customer.class], &self.nodes[station]);
        let draws = customer.draws.child(purpose("hop"), customer.hop);
        let service = if node.shape == 1.0 {
            draws.exponential(SERVICE, node.mean_service)
        } else {
            draws.gamma(SERVICE, node.mean_service, node.shape)
        };
        let mut job = Job::taking(customer, service).priority(class.priority);
        if let Some(mean) = class.mean_patience {
            job = job.patience(draws.exponential(purpose("patience"), mean));
        }
        let mut agenda = context.part(|event| Message::At { station, event });
        if self.stations[station].request(job, &mut agenda).is_err() {
            self.gone[1] += 1;
        }
    }

    fn go_on(
        &mut self,
        station: usize,
        visit: Visit<Customer>,
        context: &mut Context<'_, Message>,
    ) {
        let mut customer = visit.item;
        let mut mark = customer
            .draws
            .child(purpose("hop"), customer.hop)
            .uniform(ROUTE);
        customer.hop += 1;
        for (to, probability) in self.nodes[station].routing.iter().enumerate() {
            if mark < *probability {
                return self.ask(to, customer, context);
            }
            mark -= probability;
        }
        self.gone[0] += 1;
        if context.now() >= self.replication.observe() {
            self.in_network[customer.class].record(context.now() - customer.came);
        }
    }
}

impl Process for Network {
    type Message = Message;

    fn start(&mut self, context: &mut Context<'_, Message>) {
        for (at, station) in self.stations.iter_mut().enumerate() {
            station.open(&mut context.part(|event| Message::At { station: at, event }));
        }
        context.schedule_at(self.replication.observe(), Message::WarmedUp);
        for class in 0..self.classes.len() {
            self.expect(class, 0, context);
        }
    }

    fn handle(&mut self, message: Message, context: &mut Context<'_, Message>) {
        match message {
            Message::Comes { class, number } => {
                self.expect(class, number + 1, context);
                self.came[class] += 1;
                let customer = Customer {
                    draws: self.customer(class, number),
                    class,
                    hop: 0,
                    came: context.now(),
                };
                self.ask(self.classes[class].station, customer, context);
            }
            Message::At { station, event } => {
                let mut agenda = context.part(|event| Message::At { station, event });
                let notice = self.stations[station].handle(event, &mut agenda);
                drop(agenda);
                match notice {
                    Some(Notice::Finished(visit)) => self.go_on(station, visit, context),
                    Some(Notice::Reneged(_)) => self.gone[2] += 1,
                    Some(Notice::Started { .. } | Notice::Preempted { .. }) | None => {}
                }
            }
            Message::WarmedUp => {
                for station in &mut self.stations {
                    station.reset_monitors(context.now());
                }
            }
        }
    }
}
