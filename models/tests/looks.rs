//! What timers see of the whole business: as it stood at their own times, whoever else looks, and wherever they ask.

use std::collections::BTreeMap;

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::program::Program;

use crate::support::{Played, Row, START, named_fingerprints, play, program, settings};

const HOUR: i64 = 3_600_000_000;

/// Visits that are counted, and kept in calendars; `{}` is for further streams.
const SHOP: &str = "
model: {name: shop, cells: 2, window: 6h, warmup: 1d, reference: {start: 2026-02-02, days: 28}}
counters: [visits]
entities:
  customer: {count: 100, calendar: {step: 30m, days: 7, open: always}}
streams:
  visited:
    source: {rate: 2000, actor: customer}
    changes:
      - {entity: customer, reserve: {from: time, for: 30m}}
      - {counter: visits, add: 1}
";

fn shop(streams: &str) -> Program {
    program(&[("shop.yaml".to_owned(), format!("{SHOP}{streams}"))])
}

fn played(streams: &str) -> Played {
    play(&shop(streams), &settings(7, 48))
}

#[test]
fn what_a_timer_sees_does_not_depend_on_who_else_looks() {
    let timers = "  late: {timer: {every: 1h, at: 0m, jitter: 50m}, fields: {n: {value: total(visits)}, more: {value: change(visits)}}}
  phased: {timer: {every: 1h}, fields: {n: {value: total(visits)}, open: {value: utilisation(customer)}}}
  odd: {timer: {every: 4h, at: 100m}, fields: {n: {value: total(visits)}}}
  short: {timer: {every: 90s, at: 0m}, fields: {n: {value: total(visits)}}}
  three: {timer: {every: 3h}, fields: {open: {value: utilisation(customer)}}}
";
    let alone = named_fingerprints(&played(timers).result);
    for further in [
        "  often: {timer: {every: 5m, at: 0m}, fields: {n: {value: total(visits)}}}\n",
        "  minutes: {timer: {every: 60s, at: 0m}, fields: {n: {value: total(visits)}}}\n",
        "  seldom: {timer: {every: 6h, at: 7m}, fields: {n: {value: utilisation(customer)}}}\n",
    ] {
        let with = named_fingerprints(&played(&format!("{timers}{further}")).result);
        for (name, fingerprint) in &alone {
            assert_eq!(&with[name], fingerprint, "{name} with {further}");
        }
    }
}

/// Also where the jitter leads into another window, and on the first rows of a run.
#[test]
fn a_timer_with_a_jitter_sees_what_there_was_at_its_nominal_time() {
    let fields = "fields: {n: {value: total(visits)}, more: {value: change(visits)}, open: {value: utilisation(customer)}}";
    for (every, jitter, window) in [
        (1, 50, "6h"),
        (4, 180, "1h"),
        (4, 239, "15m"),
        (12, 700, "1h"),
    ] {
        let text = format!(
            "{SHOP}  late: {{timer: {{every: {every}h, at: 0m, jitter: {jitter}m}}, {fields}}}
  sharp: {{timer: {{every: {every}h, at: 0m}}, {fields}}}
"
        );
        let text = text.replace("window: 6h", &format!("window: {window}"));
        let program = program(&[("shop.yaml".to_owned(), text)]);
        let mut settings = settings(7, 48);
        // The first late row is that of a nominal time before the run.
        settings.start = START + Span(HOUR / 2);
        let played = play(&program, &settings);
        let seen = |stream: &str| -> BTreeMap<i64, [f64; 3]> {
            let figures = |row: &Row| ["n", "more", "open"].map(|name| row.fields[name].number());
            let nominal = |row: &Row| (row.time - START.0).div_euclid(every * HOUR);
            let rows = played.rows[stream].iter();
            rows.map(|row| (nominal(row), figures(row))).collect()
        };
        let (late, sharp) = (seen("late"), seen("sharp"));
        for (nominal, figures) in &sharp {
            assert!(
                late.get(nominal).is_none_or(|late| late == figures),
                "{nominal}, {window}"
            );
        }
        let both = sharp.keys().filter(|nominal| late.contains_key(nominal));
        assert!(both.count() as i64 >= 48 / every - 2);
        assert!(late.values().all(|[_, _, open]| *open > 0.0), "{late:?}");
    }
}

/// A guard, a count and a delay ask the same as a field does.
#[test]
fn what_decides_on_effects_sees_as_much_as_fields() {
    let asks = "  asked: {timer: {every: 1h, at: 0m}, fields: {n: {value: total(visits)}, open: {value: utilisation(customer)}}}\n";
    let silent = "  asked: {timer: {every: 1h, at: 0m}}\n";
    let causes = "  busy: {causes: [{on: asked, when: utilisation(customer) > 0}]}
  counted: {causes: [{on: asked, count: 'floor(total(visits) / 100)'}]}
  delayed: {causes: [{on: asked, delay: total(visits) * 1s}]}
";
    let [with, without] = [asks, silent].map(|asked| played(&format!("{asked}{causes}")));
    for name in ["busy", "counted", "delayed"] {
        let times = |played: &Played| -> Vec<i64> {
            let rows = &played.rows[name];
            rows.iter().map(|row| row.time).collect()
        };
        assert_eq!(times(&with), times(&without), "{name}");
    }
    assert_eq!(with.rows["busy"].len(), 48);
    let by_hour = |hour: i64| {
        let rows = &with.rows["counted"];
        let at = START.0 + hour * Span::HOUR.0;
        rows.iter().filter(|row| row.time == at).count()
    };
    // Some 83 visits an hour, on top of 2,000 of the warm-up.
    assert!((0..47).all(|hour| by_hour(hour) <= by_hour(hour + 1)));
    assert!(
        (1..6).any(|hour| by_hour(hour) > by_hour(hour - 1)),
        "within a window"
    );
}

/// A timer sees what timers have counted before it, the last time itself among it, however long the window is.
#[test]
fn the_platform_sees_what_it_has_counted_itself() {
    for window in ["5m", "1h", "6h"] {
        let text = format!(
            "model: {{name: shop, cells: 2, window: {window}, warmup: 6h, reference: {{start: 2026-02-02, days: 28}}}}\n\
             counters: [ticks, level]\nentities: {{customer: {{count: 20}}}}\n\
             streams:\n  \
               tick: {{timer: {{every: 10m, at: 0m}}, fields: {{n: {{value: total(ticks)}}}}, changes: [{{counter: ticks, add: 1}}]}}\n  \
               late: {{timer: {{every: 10m, at: 5m}}, fields: {{n: {{value: total(ticks)}}, more: {{value: change(ticks)}}}}}}\n  \
               visited: {{source: {{rate: 2000, actor: customer}}, changes: [{{counter: level, add: 1}}]}}\n  \
               full:\n    timer: {{every: 10m, at: 2m}}\n    requires: total(level) > 40\n    fields: {{level: {{value: total(level)}}}}\n    \
                 changes: [{{counter: level, add: -40}}]\n"
        );
        let program = program(&[("shop.yaml".to_owned(), text)]);
        let played = play(&program, &settings(7, 48));
        let numbers = |stream: &str, field: &str| -> Vec<f64> {
            let rows = played.rows[stream].iter();
            rows.map(|row| row.fields[field].number()).collect()
        };
        // 36 of them lie in the warm-up.
        let counted = |from: f64| {
            (0..288)
                .map(move |n| from + f64::from(n))
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers("tick", "n"), counted(36.0), "{window}");
        assert_eq!(numbers("late", "n"), counted(37.0), "{window}");
        assert!(numbers("late", "more").iter().all(|more| *more == 1.0));
        // About 14 come in ten minutes, so once the level is taken down it stays below for a while.
        let levels = numbers("full", "level");
        assert!(
            levels.len() > 60 && levels.iter().all(|level| *level < 80.0),
            "{window}: {levels:?}"
        );
    }
}
