//! The models of the comparison on causeflow's kernel.
//!
//! `peer-causeflow <hold | phold> <processes> <horizon in microseconds> [threads]` prints one line of JSON.

mod hold;
mod phold;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize| {
        arguments
            .get(at)
            .map(|text| text.parse::<u64>().expect("a whole number"))
    };
    let (Some(model), Some(processes), Some(horizon_us)) = (arguments.get(1), number(2), number(3))
    else {
        panic!(
            "usage: peer-causeflow <hold | phold> <processes> <horizon in microseconds> [threads]"
        );
    };
    let (processes, horizon_us) = (processes as u32, horizon_us as i64);
    let threads = number(4).unwrap_or(1) as usize;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("threads can be started");
    let (events, seconds, checksum) = pool.install(|| match model.as_str() {
        "hold" => hold::play(processes, horizon_us),
        "phold" => phold::play(processes, horizon_us),
        other => panic!("there is no model {other:?}, only hold and phold"),
    });
    println!("{{\"events\": {events}, \"seconds\": {seconds}, \"checksum\": \"{checksum}\"}}");
}
