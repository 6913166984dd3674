//! Systems whose long-run means are known, and what to measure on them.

use super::formulas::*;
use super::network::{Class, Customer, Network, Node};
use causeflow_engine::base::time::Span;
use causeflow_engine::kernel::experiment::{Measures, ModelError, Replication};
use causeflow_engine::kernel::resource::station::{Discipline, Monitors, Preemption, Station};

/// A system: how to build it, and the true mean of each measure.
pub struct System {
    pub name: &'static str,
    classes: Vec<Class>,
    nodes: Vec<Node>,
    stations: Vec<Station<Customer>>,
    measure: fn(&Network, Span) -> Vec<f64>,
    pub truths: Vec<(&'static str, f64)>,
}

impl System {
    pub fn play(&self, replication: &Replication) -> Result<Measures, ModelError> {
        let network = Network::new(
            replication,
            &self.classes,
            &self.nodes,
            self.stations.clone(),
        );
        let network = network.played()?;
        let observed = replication.end() - replication.observe();
        let mut measures = Measures::new();
        for ((name, _), value) in self.truths.iter().zip((self.measure)(&network, observed)) {
            measures.add(*name, value);
        }
        Ok(measures)
    }
}

fn minutes(minutes: f64) -> Span {
    Span((minutes * Span::MINUTE.0 as f64 + 0.5) as i64)
}

fn class(station: usize, rate: f64) -> Class {
    Class {
        station,
        mean_gap: minutes(1.0 / rate),
        priority: 0,
        mean_patience: None,
    }
}

fn node(mean_service: f64) -> Node {
    Node {
        mean_service: minutes(mean_service),
        shape: 1.0,
        routing: Vec::new(),
    }
}

/// The mean over time of how many wait, up to the end of the observation.
fn queue(monitors: &Monitors, observed: Span) -> f64 {
    monitors.queue.mean(monitors.began() + observed)
}

fn busy(monitors: &Monitors, observed: Span) -> f64 {
    monitors.busy.mean(monitors.began() + observed)
}

fn mean_minutes(seconds: Option<f64>) -> f64 {
    seconds.unwrap_or(f64::NAN) / 60.0
}

/// The queue, the busy servers and the waiting time of the first station.
fn usual(network: &Network, observed: Span) -> Vec<f64> {
    let monitors = network.stations[0].monitors();
    vec![
        queue(monitors, observed),
        busy(monitors, observed),
        mean_minutes(monitors.waited.mean_seconds()),
    ]
}

fn usual_truths(queue: f64, rate: f64, mean_service: f64) -> Vec<(&'static str, f64)> {
    vec![
        ("queue length", queue),
        ("busy servers", rate * mean_service),
        ("waiting time / min", queue / rate),
    ]
}

pub fn mm1() -> System {
    System {
        name: "M/M/1",
        classes: vec![class(0, 0.6)],
        nodes: vec![node(1.0)],
        stations: vec![Station::new(1)],
        measure: usual,
        truths: usual_truths(mmc_queue(0.6, 1.0, 1), 0.6, 1.0),
    }
}

/// Who is served first changes who waits, but not how long on average.
pub fn mm1_lifo() -> System {
    System {
        name: "M/M/1, last come first served",
        stations: vec![Station::new(1).discipline(Discipline::Lifo)],
        ..mm1()
    }
}

pub fn mmc() -> System {
    System {
        name: "M/M/3",
        classes: vec![class(0, 2.1)],
        stations: vec![Station::new(3)],
        truths: usual_truths(mmc_queue(2.1, 1.0, 3), 2.1, 1.0),
        ..mm1()
    }
}

pub fn mmck_system() -> System {
    let (turned_away, queue_length) = mmck(1.8, 1.0, 2, 3);
    System {
        name: "M/M/2/5",
        classes: vec![class(0, 1.8)],
        stations: vec![Station::new(2).waiting_room(3)],
        measure: |network, observed| {
            let monitors = network.stations[0].monitors();
            let turned_away = monitors.balked as f64 / monitors.arrived as f64;
            vec![turned_away, queue(monitors, observed)]
        },
        truths: vec![
            ("share turned away", turned_away),
            ("queue length", queue_length),
        ],
        ..mm1()
    }
}

pub fn mg1() -> System {
    let mut node = node(1.0);
    // The squared coefficient of variation of a gamma distribution is 1 / shape.
    node.shape = 0.5;
    System {
        name: "M/G/1",
        classes: vec![class(0, 0.5)],
        nodes: vec![node],
        truths: usual_truths(mg1_queue(0.5, 1.0, 2.0), 0.5, 1.0),
        ..mm1()
    }
}

pub fn erlang_a() -> System {
    let (arrivals, impatience) = (4.2, 0.5);
    let queue_length = erlang_a_queue(arrivals, 1.0, 4, impatience);
    let given_up = impatience * queue_length / arrivals;
    let mut class = class(0, arrivals);
    class.mean_patience = Some(minutes(1.0 / impatience));
    System {
        name: "M/M/4+M",
        classes: vec![class],
        stations: vec![Station::new(4)],
        measure: |network, observed| {
            let monitors = network.stations[0].monitors();
            let given_up = monitors.reneged as f64 / monitors.arrived as f64;
            let (queue, busy) = (queue(monitors, observed), busy(monitors, observed));
            vec![queue, busy, given_up]
        },
        truths: vec![
            ("queue length", queue_length),
            ("busy servers", arrivals * (1.0 - given_up)),
            ("share that gives up", given_up),
        ],
        ..mm1()
    }
}

fn two_classes(name: &'static str, station: Station<Customer>, times: &[f64]) -> System {
    let (mut urgent, mut other) = (class(0, 0.2), class(0, 0.4));
    (urgent.priority, other.priority) = (1, 2);
    System {
        name,
        classes: vec![urgent, other],
        stations: vec![station],
        measure: |network, _| {
            let of = |class: usize| mean_minutes(network.in_network[class].mean_seconds());
            vec![of(0), of(1)]
        },
        truths: vec![
            ("time of the urgent / min", times[0]),
            ("time of the others / min", times[1]),
        ],
        ..mm1()
    }
}

pub fn preemptive() -> System {
    // An exponential service has a mean square of twice its squared mean.
    let times = preemptive_times(&[(0.2, 1.0, 2.0), (0.4, 1.0, 2.0)]);
    let station = Station::new(1).preempting(Preemption::Resume);
    two_classes("M/M/1 with preemptive priorities", station, &times)
}

pub fn nonpreemptive() -> System {
    let times = nonpreemptive_times(&[(0.2, 1.0, 2.0), (0.4, 1.0, 2.0)]);
    let station = Station::new(1).discipline(Discipline::Priority);
    two_classes("M/M/1 with priorities", station, &times)
}

pub fn jackson() -> System {
    let routing: [&[f64]; 3] = [&[0.0, 0.5, 0.3], &[0.2, 0.0, 0.6], &[0.1, 0.0, 0.0]];
    let services = [1.0, 0.8, 1.5];
    let servers = [1, 1, 2];
    let rates = traffic(&[0.4, 0.1, 0.2], &routing);
    let present = |at: usize| {
        let (rate, service) = (rates[at], services[at]);
        mmc_queue(rate, 1.0 / service, servers[at]) + rate * service
    };
    let nodes = routing
        .iter()
        .zip(services)
        .map(|(row, mean_service)| Node {
            routing: row.to_vec(),
            ..node(mean_service)
        });
    System {
        name: "Jackson network",
        classes: vec![class(0, 0.4), class(1, 0.1), class(2, 0.2)],
        nodes: nodes.collect(),
        stations: servers.map(|servers| Station::new(servers as u32)).to_vec(),
        measure: |network, observed| {
            let present = |station: &Station<Customer>| {
                let monitors = station.monitors();
                queue(monitors, observed) + busy(monitors, observed)
            };
            network.stations.iter().map(present).collect()
        },
        truths: vec![
            ("present at station 0", present(0)),
            ("present at station 1", present(1)),
            ("present at station 2", present(2)),
        ],
    }
}
