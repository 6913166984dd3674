//! Experiments: what a replication depends on, what intervals are of, when replicating stops, and that pairing pays.

use causeflow_engine::base::draw::purpose;
use causeflow_engine::base::time::Span;
use causeflow_engine::kernel::experiment::{
    Experiment, ExperimentError, Interval, Measures, ModelError, Outcomes, Precision, Replication,
    mser5, welch,
};
use causeflow_engine::kernel::monitor::Tally;

/// A single-server queue by Lindley's recursion: the mean waiting time in minutes of 500 customers who come every minute and are
/// served for so long, on average.
fn waiting(replication: &Replication, mean_service_s: i64) -> f64 {
    let (mut wait, mut sum) = (0i64, 0i64);
    for number in 0..500 {
        let customer = replication.draws().child(purpose("customer"), number);
        let gap = customer.exponential(purpose("gap"), Span::MINUTE);
        wait = (wait - gap.0).max(0);
        sum += wait;
        wait += customer
            .exponential(purpose("service"), Span(mean_service_s * 1_000_000))
            .0;
    }
    sum as f64 / 500.0 / Span::MINUTE.0 as f64
}

fn model(mean_service_s: i64) -> impl Fn(&Replication) -> Result<Measures, ModelError> + Sync {
    move |replication| {
        let wait = waiting(replication, mean_service_s);
        Ok(Measures::from([("waiting time / min", wait)]))
    }
}

fn experiment() -> Experiment {
    Experiment::new(42, Span(0), Span::DAY)
}

fn wait(outcomes: &Outcomes) -> Interval {
    outcomes
        .interval("waiting time / min")
        .expect("it is measured")
}

#[test]
fn outcomes_do_not_depend_on_the_number_of_threads() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("threads can be started");
        pool.install(|| experiment().run(30, model(40)).expect("it runs"))
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn a_replication_is_reproduced_alone_by_its_number() {
    let outcomes = experiment().run(30, model(40)).expect("it runs");
    let alone = model(40)(&experiment().replication(17)).expect("it runs");
    assert_eq!(outcomes.replication(17), Some(alone));
    assert_eq!(outcomes.replication(30), None);
}

#[test]
fn common_random_numbers_sharpen_a_comparison() {
    let compared = experiment()
        .compare(30, model(40), model(42))
        .expect("it runs");
    let difference = compared
        .difference("waiting time / min")
        .expect("it is measured");
    assert!(
        difference.low() > 0.0,
        "longer services mean longer waits: {difference}"
    );
    let reduction = compared.variance_reduction("waiting time / min");
    assert!(reduction > Some(10.0), "{reduction:?}");
}

#[test]
fn antithetic_pairs_sharpen_a_mean() {
    let service = |replication: &Replication| {
        let customer = |number| replication.draws().child(purpose("customer"), number);
        let served = |number| {
            customer(number)
                .exponential(purpose("service"), Span::MINUTE)
                .0
        };
        let sum: i64 = (0..50).map(served).sum();
        Ok(Measures::from([(
            "waiting time / min",
            sum as f64 / 50.0 / Span::MINUTE.0 as f64,
        )]))
    };
    let plain = experiment().run(400, service).expect("it runs");
    let paired = experiment()
        .antithetic()
        .run(400, service)
        .expect("it runs");
    // Two exponential draws that mirror each other have the correlation 1 - pi^2 / 6, so the width falls by the root of
    // 2 - pi^2 / 6 = 0.355: to 0.596.
    let ratio = wait(&paired).half_width / wait(&plain).half_width;
    assert!(
        (0.5..0.7).contains(&ratio),
        "the interval is {ratio:.2} times as wide"
    );
    assert_eq!(wait(&paired).count, 200);
    let (first, second) = (
        experiment().antithetic().replication(6),
        experiment().antithetic().replication(7),
    );
    assert_eq!(first.draws(), second.draws().mirrored());
    assert_eq!(first.seed(), second.seed());
}

#[test]
fn replicating_stops_at_the_first_number_that_is_precise() {
    let precision = Precision {
        measure: "waiting time / min".to_string(),
        relative_half_width: 0.06,
        at_least: 10,
        at_most: 500,
    };
    let stopped = experiment()
        .run_until(&precision, model(40))
        .expect("it runs");
    assert!(stopped.is_precise);
    let count = stopped.outcomes.count();
    assert!((11..500).contains(&count), "{count}");
    assert!(wait(&stopped.outcomes).relative_half_width() <= 0.06);
    for fewer in 10..count {
        let outcomes = experiment().run(fewer, model(40)).expect("it runs");
        assert!(
            wait(&outcomes).relative_half_width() > 0.06,
            "{fewer} were precise already"
        );
    }
    let at_most = 20;
    let precision = Precision {
        at_most,
        relative_half_width: 1e-6,
        ..precision
    };
    let stopped = experiment()
        .run_until(&precision, model(40))
        .expect("it runs");
    assert!(!stopped.is_precise && stopped.outcomes.count() == at_most);
}

#[test]
fn what_cannot_be_averaged_is_an_error_that_says_where() {
    let broken = |replication: &Replication| {
        let value = if replication.number() == 3 {
            f64::NAN
        } else {
            1.0
        };
        Ok(Measures::from([("waits", value)]))
    };
    let error = experiment()
        .run(10, broken)
        .expect_err("it is not a number");
    assert_eq!(
        error.to_string(),
        "`waits` is NaN in replication 3: measure something that every replication has, or run for longer"
    );
    let failing = |_: &Replication| Err::<Measures, ModelError>("out of beds".into());
    let error = experiment().run(10, failing).expect_err("it fails");
    assert_eq!(
        error.to_string(),
        "the model failed in replication 0: out of beds"
    );
    let other = |replication: &Replication| {
        let name = if replication.number() == 5 { "b" } else { "a" };
        Ok(Measures::from([(name, 1.0)]))
    };
    let error = experiment().run(10, other).expect_err("they differ");
    assert!(matches!(
        error,
        ExperimentError::OtherMeasures { replication: 5, .. }
    ));
    assert!(matches!(
        experiment().run(1, model(40)),
        Err(ExperimentError::TooFew { .. })
    ));
}

/// The interval of so few values is wide: t is 12.7 for two.
#[test]
fn intervals_are_students() {
    let values: Tally = [1.0, 3.0].into_iter().collect();
    let interval = Interval::of(&values, 0.95).expect("there are values");
    assert_eq!(interval.mean, 2.0);
    assert!((interval.half_width - 12.7062).abs() < 1e-3);
    let one: Tally = [1.0].into_iter().collect();
    assert_eq!(
        Interval::of(&one, 0.95).map(|interval| interval.half_width),
        Some(f64::INFINITY)
    );
    assert_eq!(Interval::of(&Tally::default(), 0.95), None);
}

#[test]
fn mser5_leaves_the_climb_out() {
    // It climbs for 200 values and then stays, with some noise.
    let noise = |at: u64| {
        let draws = experiment()
            .replication(0)
            .draws()
            .child(purpose("noise"), at);
        draws.uniform(purpose("value")) - 0.5
    };
    let series: Vec<f64> = (0..1000)
        .map(|at| noise(at) + (at as f64).min(200.0) / 20.0)
        .collect();
    let left_out = mser5(&series).expect("it settles");
    assert!((150..=260).contains(&left_out), "{left_out}");
    let climbing: Vec<f64> = (0..1000).map(|at| at as f64).collect();
    assert_eq!(mser5(&climbing), None, "what never settles has no warm-up");
}

#[test]
fn welchs_plot_is_a_mean_over_replications_and_neighbours() {
    let smoothed = welch(
        &[vec![0.0, 2.0, 4.0, 6.0], vec![2.0, 4.0, 6.0, 8.0, 9.0]],
        1,
    );
    assert_eq!(smoothed, [1.0, 3.0, 5.0]);
}
