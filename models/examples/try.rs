use causeflow_engine::{run, world::Settings, time::*};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let model = match causeflow_models::load(&args[1]) { Ok(m) => m, Err(e) => { println!("{}", e.render(false)); std::process::exit(2) } };
    let scale: f64 = args[2].parse().unwrap();
    let days: i64 = args[3].parse().unwrap();
    let seeds: u64 = args[4].parse().unwrap();
    for s in &model.compiled.program.streams { if args.len() > 5 { println!("{} carried={} {:?} eager={} lazy={} stateful={}", s.name, s.carried, s.carried_names, s.eager, s.on_demand, s.stateful); } }
    let start = Time(1_769_990_400_000_000);
    let mut sums = std::collections::BTreeMap::new();
    for seed in 42..42+seeds {
        let settings = Settings { seed, start, end: start + Span(days * Span::DAY.0), scale, streams: None };
        let t = std::time::Instant::now();
        let r = run::run(model.compiled.program.clone(), &settings, None, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
        let rows: u64 = r.streams.iter().map(|s| s.rows).sum();
        let dt = t.elapsed().as_secs_f64();
        println!("seed {seed} rows {rows} played {} in {dt:.2}s  {:.2} M/s fp {}", r.played, rows as f64 / dt / 1e6, r.fingerprint);
        for s in &r.streams { *sums.entry(s.name.clone()).or_insert(0u64) += s.rows; }
    }
    let csv = std::fs::read_to_string("/work/shared/reference/streams50.csv").unwrap();
    for line in csv.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let want: f64 = f[6].parse().unwrap();
        let n = *sums.get(f[1]).unwrap_or(&0) as f64;
        let got = n / days as f64 / scale / seeds as f64;
        let se = 1.0 / n.max(1.0).sqrt();
        let rel = got / want - 1.0;
        println!("{:32} want {:>9} got {:>10.1}  {:+.2}%  ({:+.1} se)", f[1], want, got, rel * 100.0, rel / se);
    }
}
