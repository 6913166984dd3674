//! Random networks of stations: nobody is lost, and Little's law is an identity.

use super::network::{Class, Customer, Network, Node};
use causeflow_engine::base::time::Span;
use causeflow_engine::kernel::experiment::Experiment;
use causeflow_engine::kernel::resource::Timetable;
use causeflow_engine::kernel::resource::station::{Discipline, Preemption, Station};
use proptest::prelude::*;

const MINUTE: i64 = Span::MINUTE.0;

fn station() -> impl Strategy<Value = Station<Customer>> {
    let discipline = prop_oneof![
        Just(Discipline::Fifo),
        Just(Discipline::Lifo),
        Just(Discipline::Priority),
    ];
    let mode = || {
        proptest::option::of(prop_oneof![
            Just(Preemption::Resume),
            Just(Preemption::Restart)
        ])
    };
    let room = proptest::option::of(0usize..5);
    let parts = (discipline, mode(), mode(), 1u32..4, 0u32..4, room);
    parts.prop_map(|(discipline, by_priority, by_closing, day, night, room)| {
        let shifts = [(Span(0), day), (Span(40 * MINUTE), night)];
        let shifts = Timetable::new(
            causeflow_engine::base::time::Time(0),
            Span(60 * MINUTE),
            &shifts,
        );
        let mut station =
            Station::with_timetable(shifts.expect("a timetable")).discipline(discipline);
        if let Some(preemption) = by_priority {
            station = station.preempting(preemption);
        }
        if let Some(preemption) = by_closing {
            station = station.interrupting(preemption);
        }
        match room {
            Some(places) => station.waiting_room(places),
            None => station,
        }
    })
}

fn node(stations: usize) -> impl Strategy<Value = Node> {
    let routing = proptest::collection::vec(0.0..0.9 / stations as f64, stations);
    (20i64..200, 0.5..3.0, routing).prop_map(|(percent, shape, routing)| Node {
        mean_service: Span(percent * MINUTE / 100),
        shape,
        routing,
    })
}

fn class(stations: usize) -> impl Strategy<Value = Class> {
    let patience = proptest::option::of(1i64..20);
    (0..stations, 50i64..300, 0i32..3, patience).prop_map(
        |(station, percent, priority, patience)| Class {
            station,
            mean_gap: Span(percent * MINUTE / 100),
            priority,
            mean_patience: patience.map(|minutes| Span(minutes * MINUTE)),
        },
    )
}

type Parts = (Vec<Station<Customer>>, Vec<Node>, Vec<Class>);

fn parts() -> impl Strategy<Value = Parts> {
    (1usize..5).prop_flat_map(|stations| {
        (
            proptest::collection::vec(station(), stations),
            proptest::collection::vec(node(stations), stations),
            proptest::collection::vec(class(stations), 1..4),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_lost_and_littles_law_holds_to_the_microsecond((stations, nodes, classes) in parts()) {
        let replication = Experiment::new(7, Span(0), Span(300 * MINUTE)).replication(0);
        let network = Network::new(&replication, &classes, &nodes, stations);
        let network = network.played().expect("nothing goes wrong");
        let end = replication.end();
        let came: u64 = network.came.iter().sum();
        let present: usize = network.stations.iter().map(Station::len).sum();
        prop_assert_eq!(came, network.gone.iter().sum::<u64>() + present as u64);
        for station in &network.stations {
            let monitors = station.monitors();
            let left = monitors.finished + monitors.reneged + monitors.withdrawn;
            prop_assert_eq!(monitors.arrived, monitors.balked + left + station.len() as u64);
            // What those present have waited and been served so far is in the integrals already.
            let (waiting, serving) = station.so_far(end);
            let waited = monitors.waited.sum_us() + monitors.waited_in_vain.sum_us();
            prop_assert_eq!(monitors.queue.integral(end), waited + waiting);
            let served = monitors.served.sum_us() + monitors.served_in_vain_us;
            prop_assert_eq!(monitors.busy.integral(end), served + serving);
        }
    }
}
