//! PHOLD (Fujimoto: "Performance of time warp under synthetic workloads", 1990): every message makes its receiver
//! send one to a random process, some random time later.

use causeflow_engine::base::draw::{mix, purpose};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::{Context, Pause, Process, ProcessId, Simulation};

const LOOKAHEAD: Span = Span(100);

#[derive(Default)]
struct Node {
    trajectory: u64,
}

impl Process for Node {
    type Message = u64;

    fn start(&mut self, context: &mut Context<'_, u64>) {
        context.schedule(Span(0), 0);
    }

    fn handle(&mut self, hops: u64, context: &mut Context<'_, u64>) {
        self.trajectory = mix(self.trajectory ^ mix(context.now().0 as u64) ^ hops);
        let key = context.event_key();
        let to = key.bits(purpose("to")) % u64::from(context.processes());
        let delay = -libm::log(key.uniform(purpose("delay"))) * 100.0;
        let delay = LOOKAHEAD + Span(delay as i64);
        context.send(ProcessId(to as u32), delay, hops + 1);
    }
}

impl std::ops::Add for Node {
    type Output = Node;
    fn add(self, other: Node) -> Node {
        let trajectory = mix(self.trajectory).wrapping_add(other.trajectory);
        Node { trajectory }
    }
}

#[test]
fn phold_has_one_trajectory_on_1_to_8_threads() {
    let trajectories = (1..=8).map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads can be started").install(|| {
            let settings = Simulation::<Node>::builder().seed(3).lookahead(LOOKAHEAD);
            let nodes = (0..5000).map(|_| Node::default()).collect();
            let mut simulation = settings.build(nodes).unwrap();
            assert_eq!(simulation.run_until(Time(2000)), Ok(Pause::Reached));
            assert!(simulation.played() > 40_000);
            let nodes = simulation.into_processes().into_iter();
            nodes.reduce(|sum, node| sum + node).unwrap().trajectory
        })
    });
    let trajectories: Vec<u64> = trajectories.collect();
    assert_eq!(trajectories, vec![trajectories[0]; 8]);
}
