//! Labels of external events: causal or red herring. A share that holds over any thirty days, and nothing to learn from it.

use causeflow_engine::base::time::{Span, Time};
use causeflow_scenarios::{Library, Timeline};
use proptest::prelude::*;

use crate::support::{START, day, file, property, summary, tutoring};

/// The labels of each day of the built-in timeline, in the order of their time.
fn days(seed: u64, start: Time, days: i64) -> Vec<Vec<bool>> {
    let (program, library) = tutoring();
    let timeline = Timeline::new(seed, &program.zone, library.candidates());
    let mut labels = vec![Vec::new(); days as usize];
    for event in timeline.between(start, start + Span(days * Span::DAY.0)) {
        labels[(event.time - start).0.div_euclid(Span::DAY.0) as usize].push(event.is_causal);
    }
    labels
}

fn causal(labels: &[bool]) -> usize {
    labels.iter().filter(|&&label| label).count()
}

proptest! {
    #![proptest_config(property(100))]

    #[test]
    fn of_any_thirty_days_sixty_to_seventy_per_cent_are_causal(seed: u64, first in -40_000i64..40_000) {
        let days = days(seed, START + Span(first * Span::DAY.0), 200);
        for window in days.windows(30) {
            let (causal, all) = (causal(&window.concat()), window.concat().len());
            prop_assert!(6 * all <= 10 * causal && 10 * causal <= 7 * all, "{causal} of {all}");
        }
    }
}

#[test]
fn the_share_holds_where_the_days_before_and_after_the_fixed_one_meet() {
    for seed in 0..40 {
        let days = days(
            seed,
            Time(10_957 * Span::DAY.0) - Span(100 * Span::DAY.0),
            250,
        );
        for window in days.windows(30) {
            let share = causal(&window.concat()) as f64 / window.concat().len() as f64;
            assert!((0.6..=0.7).contains(&share), "{share} with the seed {seed}");
        }
    }
}

/// How well scores tell the labels apart: how often that of a causal event is above that of a red herring.
fn auc(mut scored: Vec<(f64, bool)>) -> f64 {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut herrings, mut right) = (0.0, 0.0);
    for tied in scored.chunk_by(|a, b| a.0 == b.0) {
        let causal = tied.iter().filter(|(_, label)| *label).count() as f64;
        let others = tied.len() as f64 - causal;
        right += causal * (herrings + others / 2.0);
        herrings += others;
    }
    right / herrings / (scored.len() as f64 - herrings)
}

/// The likeliest a detector can be right: it knows how labels are drawn, all of them so far, and how many events each day
/// has and will have; all but the seed. Scores of the events of a day, given the days before and the sizes of those after.
fn informed(days: &[Vec<bool>], at: usize) -> Vec<f64> {
    let size = |day: usize| days[day].len() as i64;
    let causal_in = |from: usize, to: usize| causal(&days[from..to].concat()) as i64;
    // From the last of the windows that the day is in to the first: what the day must leave to those after it.
    let (mut least, mut most) = (i64::MIN / 2, i64::MAX / 2);
    for end in (at + 1..=at + 30).rev() {
        let all: i64 = (end - 30..end).map(size).sum();
        let known = causal_in(end - 30, at);
        let next = if end < at + 30 { size(end) } else { 0 };
        least = (least - next).max((3 * all + 4) / 5 - known);
        most = most.min(7 * all / 10 - known);
    }
    let labels = &days[at];
    let number = labels.len();
    // The ways to continue: a chance for each set of labels of the day that the bounds allow.
    let chance = |causal: usize| {
        let factor = |at: usize| if at < causal { 0.65 } else { 0.35 };
        (0..number).map(factor).product::<f64>()
    };
    let allowed: Vec<u32> = (0..1u32 << number)
        .filter(|set| (least..=most).contains(&i64::from(set.count_ones())))
        .collect();
    let mut known = 0u32;
    let mut scores = Vec::new();
    for (place, &label) in labels.iter().enumerate() {
        let so_far = (1u32 << place) - 1;
        let fits = allowed.iter().filter(|&&set| set & so_far == known);
        let (mut all, mut yes) = (0.0, 0.0);
        for &set in fits {
            let chance = chance(set.count_ones() as usize);
            all += chance;
            yes += if set >> place & 1 == 1 { chance } else { 0.0 };
        }
        scores.push(yes / all);
        known |= u32::from(label) << place;
    }
    scores
}

/// Its mean over seeds, and the standard error of that.
fn over_seeds(seeds: u64, of: impl Fn(u64) -> f64) -> (f64, f64) {
    let found: Vec<f64> = (0..seeds).map(of).collect();
    let n = seeds as f64;
    let mean = found.iter().sum::<f64>() / n;
    let variance = found.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// With 40 seeds, a mean lies 3.3 standard errors below the truth once in a thousand times.
const SEEDS: u64 = 40;
const ONE_IN_A_THOUSAND: f64 = 3.3;

#[test]
fn who_knows_all_labels_so_far_cannot_tell_the_next() {
    let length = 2_000;
    let (mean, error) = over_seeds(SEEDS, |seed| {
        let days = days(seed, START, length);
        let scored = (30..days.len() - 30).flat_map(|at| {
            let scores = informed(&days, at);
            scores.into_iter().zip(days[at].iter().copied())
        });
        auc(scored.collect())
    });
    // Were it 0.55 or more, this would pass once in a thousand times. It has to be more than a guess, too, or this detector
    // would not know how labels are drawn.
    assert!(
        mean + ONE_IN_A_THOUSAND * error < 0.55,
        "{mean} with an error of {error}"
    );
    assert!(
        mean - ONE_IN_A_THOUSAND * error > 0.53,
        "{mean} with an error of {error}"
    );
}

#[test]
fn counting_labels_does_not_tell_the_next() {
    for last in [1, 2, 3, 5, 10, 30, 100] {
        let (mean, error) = over_seeds(SEEDS, |seed| {
            let labels = days(seed, START, 1_000).concat();
            // Many causal ones should be followed by red herrings.
            let scored = labels.windows(last + 1);
            let scored = scored.map(|w| (-(causal(&w[..last]) as f64), w[last]));
            auc(scored.collect())
        });
        assert!(
            mean + ONE_IN_A_THOUSAND * error < 0.55,
            "{mean} with an error of {error} from the last {last}"
        );
    }
}

const TEMPLATE: &str = "    type: operational\n    title: T\n    description: D.\n    severity: info\n    icon: i\n    \
    expects: {streams: [system.auth.login], direction: increase, magnitude: low}\n    duration: 1h\n    \
    modifiers:\n      - {on: system.auth.login/rate, multiply: 1.1}\n";

/// A library of one's own templates only, by their timings.
fn own(timings: &[&str]) -> Library {
    let templates = timings.iter().enumerate();
    let templates =
        templates.map(|(at, timing)| format!("  own-{at}:\n    timing: {{{timing}}}\n{TEMPLATE}"));
    let text = format!("templates:\n{}", templates.collect::<String>());
    Library::from_files(&tutoring().0, vec![], vec![file("events.yaml", &text)])
}

#[test]
fn a_template_states_how_often_it_comes() {
    let zone = &tutoring().0.zone;
    for pattern in ["random", "office", "clustered"] {
        for (every, expected) in [("30d", 1.0 / 30.0), ("7d", 1.0 / 7.0), ("8h", 3.0)] {
            let library = own(&[&format!("pattern: {pattern}, every: {every}")]);
            assert_eq!(library.problems().list, []);
            let (mean, error) = over_seeds(SEEDS, |seed| {
                let timeline = Timeline::new(seed, zone, library.candidates());
                timeline.between(START, day(700, 0)).len() as f64 / 700.0
            });
            assert!(
                (mean - expected).abs() < 4.0 * error + 1e-9,
                "{pattern}, {every}: {mean} a day"
            );
        }
    }
    // What they come to does not depend on one another.
    let both = own(&["pattern: random, every: 30d", "pattern: office, every: 30d"]);
    let found = Timeline::new(1, zone, both.candidates()).between(START, day(45, 0));
    assert!(found.len() < 10, "{}", found.len());
}

#[test]
fn how_often_a_template_comes_is_said_in_one_way() {
    for (timing, wanted) in [
        (
            "pattern: random, every: 30d, weight: 2",
            "there is `every` already / leave `weight` out",
        ),
        (
            "pattern: calendar, dates: [05-01], every: 30d",
            "the pattern `calendar` comes on its days",
        ),
        (
            "pattern: random, every: 10m",
            "found 10m from one event to the next, expected at least an hour",
        ),
        ("pattern: random, every: 30", "has no unit"),
    ] {
        let told = summary(&own(&[timing]).problems()).join("\n");
        assert!(
            told.starts_with("own/events.yaml:3: ") && told.contains(wanted),
            "{timing}: {told}"
        );
    }
}

#[test]
fn a_template_that_comes_every_so_often_leaves_all_others_as_they_were() {
    let zone = &tutoring().0.zone;
    let what = |library: &Library| {
        let events = Timeline::new(9, zone, library.candidates()).between(START, day(200, 0));
        let events = events
            .iter()
            .map(|e| (e.template.id.clone(), e.id, e.time, e.is_causal));
        events.collect::<Vec<_>>()
    };
    let plain = what(&own(&["pattern: random", "pattern: office"]));
    let mut more = what(&own(&[
        "pattern: random",
        "pattern: office",
        "pattern: clustered, every: 5d",
    ]));
    more.retain(|(id, ..)| id != "own-2");
    assert_eq!(plain, more);
}

#[test]
fn few_templates_keep_the_share_as_well_and_rare_ones_are_drawn_one_by_one() {
    let zone = &tutoring().0.zone;
    let labels = |library: &Library, seed| {
        let events = Timeline::new(seed, zone, library.candidates()).between(START, day(600, 0));
        let labels = events.iter().map(|e| e.is_causal);
        labels.collect::<Vec<bool>>()
    };
    // Two a day, sixty in any thirty days.
    let two = own(&["pattern: random", "pattern: random"]);
    for seed in 0..20 {
        for window in labels(&two, seed)
            .chunks_exact(2)
            .collect::<Vec<_>>()
            .windows(30)
        {
            assert!((36..=42).contains(&causal(&window.concat())));
        }
    }
    let rare = own(&["pattern: random, every: 10d"]);
    let (mean, error) = over_seeds(SEEDS, |seed| {
        let labels = labels(&rare, seed);
        causal(&labels) as f64 / labels.len() as f64
    });
    assert!((mean - 0.65).abs() < 4.0 * error, "{mean}");
}
