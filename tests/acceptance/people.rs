//! The people: who there is at the start, who joins, and the intervals in which sources run higher or lower.

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::cell::LogicalProcess;
use causeflow_engine::streams::population::Population;
use causeflow_engine::streams::program::{NO_ENTITY, Program};
use causeflow_engine::streams::rates::Arrivals;
use causeflow_engine::streams::world::{Settings, World};

use crate::runs::{DAYS, full_size, midnight, model};

/// The population as it is when a run begins, with what is fixed for the run.
fn founded(program: Program) -> (World, Vec<LogicalProcess>) {
    let start = midnight("2026-02-02");
    let settings = Settings {
        seed: 42,
        start,
        end: start + Span(DAYS * Span::DAY.0),
        open_end: false,
        scale: 1.0,
        streams: None,
    };
    let world = World::new(program, &settings);
    let cells = LogicalProcess::all(&world);
    (world, cells)
}

#[test]
fn thirty_thousand_students_have_seven_and_a_half_thousand_tutors() {
    let (world, cells) = founded(model());
    let kinds = &world.program.kinds;
    let kind = |name: &str| {
        kinds
            .iter()
            .position(|kind| kind.name == name)
            .expect("a kind")
    };
    let (student, tutor) = (kind("student"), kind("tutor"));
    let people = |kind: usize| {
        cells
            .iter()
            .map(|cell| cell.population.groups[kind].founders)
            .sum::<usize>()
    };
    assert_eq!((people(student), people(tutor)), (30_000, 7_500));
    assert_eq!(world.program.cells, 64);
    let belonging = &kinds[student].belongs_to[0];
    assert_eq!((belonging.min, belonging.max), (1, 8));
    let mut seen = [0_u32; 9];
    for cell in cells.iter().filter(|cell| cell.index < world.program.cells) {
        let mut students = vec![0_usize; cell.population.groups[tutor].founders];
        for &owner in &cell.population.groups[student].variables[usize::from(belonging.variable)] {
            assert_ne!(owner, NO_ENTITY, "a student without a tutor");
            students[owner as usize] += 1;
        }
        students.iter().for_each(|&n| seen[n] += 1);
    }
    assert_eq!(seen[0], 0, "every tutor has a student");
    assert!(
        seen[1..].iter().all(|&tutors| tutors > 100),
        "one to eight students are all common: {seen:?}"
    );
}

#[test]
fn five_to_ten_per_cent_of_the_intervals_run_higher_or_lower() {
    let (world, cells) = founded(model());
    let populations: Vec<&Population> = cells.iter().map(|cell| &cell.population).collect();
    let every = world.program.spikes.every;
    // Twelve hours, so that thirty days have sixty intervals.
    assert_eq!(every, Span(12 * Span::HOUR.0));
    let (mut spikes, mut intervals) = (0, 0);
    for arrivals in Arrivals::of_population(&world, &populations) {
        for interval in 0..2 * DAYS {
            let factor = arrivals.spike(&world, world.start + Span(interval * every.0));
            assert!(
                (0.8..=1.2).contains(&factor),
                "the variance is small: {factor}"
            );
            intervals += 1;
            spikes += i32::from(factor != 1.0);
        }
    }
    let share = f64::from(spikes) / intervals as f64;
    assert!((0.05..=0.10).contains(&share), "{spikes} of {intervals}");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn nobody_opens_a_calendar_before_the_approval() {
    for played in full_size() {
        let tally = &played.tally;
        assert!(
            tally.updates > 1000,
            "only {} updates by tutors who applied in the run",
            tally.updates
        );
        assert_eq!(tally.too_early, 0, "of {} updates", tally.updates);
    }
}
