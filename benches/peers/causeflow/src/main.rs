//! The models of the comparison on causeflow's kernel.
//!
//! `peer-causeflow <hold | phold> <processes> <horizon in microseconds> [threads]` prints one line of JSON, and so does
//! `peer-causeflow mm1 <customers>`.

mod hold;
mod mm1;
mod phold;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize| {
        arguments
            .get(at)
            .map(|text| text.parse::<u64>().expect("a whole number"))
    };
    if let (Some("mm1"), Some(customers)) = (arguments.get(1).map(String::as_str), number(2)) {
        let (events, seconds, mean_wait) = mm1::play(customers);
        println!("{{\"events\": {events}, \"seconds\": {seconds}, \"mean_wait\": {mean_wait}}}");
        return;
    }
    let (Some(model), Some(processes), Some(horizon_us)) = (arguments.get(1), number(2), number(3))
    else {
        panic!(
            "usage: peer-causeflow <hold | phold> <processes> <horizon in microseconds> [threads], or mm1 <customers>"
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
