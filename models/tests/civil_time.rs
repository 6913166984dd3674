//! Days, weeks, months and hours of the day are those of the model's time zone, through changes of its clocks.

use std::collections::BTreeMap;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::world::Settings;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::support::{Played, Row, Value, compile, play, program};

/// Zones whose clocks change: at two, at midnight, by half an hour, never but a quarter off, and at two in the other week.
const ZONES: [&str; 6] = [
    "UTC",
    "America/New_York",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Europe/Berlin",
];

const HEADER: &str = "
model:
  {name: civil, cells: 2, window: 6h, warmup: 1d, time_zone: ZONE, reference: {start: 2026-01-05, days: 28}, spikes: SPIKES}
";

const TIMERS: &str = "
entities: {person: {count: 9}}
counters: [orders]
streams:
  order: {source: {rate: 40}, changes: [{counter: orders, add: 1}]}
  closing:
    timer: {every: 1d, at: 17h, jitter: 20m}
    fields: {all: {value: total(orders), type: int}, today: {value: change(orders), type: int}}
  night: {timer: {every: 1d, at: 135m}}
  early: {timer: {every: 2d, at: 30m}}
  weekly: {timer: {every: 1w, day: mon, at: 9h}}
  fortnight: {timer: {every: 2w, day: fri, at: 9h}}
  monthly: {timer: {every: month, day: 31, at: 23h}}
  hourly: {timer: {every: 1h, at: 0m}}
  quarterly: {timer: {every: 6h, at: 1h}}
  own: {timer: {every: 1w, per: person}, fields: {id: {value: person.id}}}
  own_day: {timer: {every: 1w, day: tue, per: person}, fields: {id: {value: person.id}}}
  own_month: {timer: {every: month, per: person}, fields: {id: {value: person.id}}}
";

fn model(zone: &str, spikes: &str, body: &str) -> Program {
    let header = HEADER.replace("ZONE", zone).replace("SPIKES", spikes);
    program(&[("civil.yaml".into(), header + body)])
}

const NO_SPIKES: &str = "{share: 0, size: 0, every: 1d}";

/// The year 2026, as far as UTC goes.
fn year() -> Settings {
    days(20_454, 365)
}

/// So many days from a day on, which is counted from the epoch.
fn days(first: i64, days: i64) -> Settings {
    let start = Time(first * Span::DAY.0);
    Settings {
        seed: 7,
        start,
        end: start + Span(days * Span::DAY.0),
        open_end: false,
        scale: 1.0,
        streams: None,
    }
}

fn local(zone: &str, time: i64) -> DateTime {
    let zone = TimeZone::get(zone).expect("there is this zone");
    zone.to_datetime(Timestamp::from_microsecond(time).expect("it is one"))
}

/// When clocks show this: later where it is skipped, first where it comes twice.
fn when(zone: &str, local: DateTime) -> i64 {
    let zone = TimeZone::get(zone).expect("there is this zone");
    let when = zone.to_ambiguous_zoned(local).compatible();
    when.expect("it is one").timestamp().as_microsecond()
}

fn times(played: &Played, stream: &str) -> Vec<i64> {
    played.rows[stream].iter().map(|row| row.time).collect()
}

fn time(row: &Row, field: &str) -> i64 {
    match row.fields[field] {
        Value::Time(time) => time,
        ref other => panic!("{field} is {other:?}"),
    }
}

/// All times from the first one on at which clocks show a time of the day, on days that pass a test.
fn on_days(zone: &str, found: &[i64], (hour, minute): (i8, i8), test: impl Fn(DateTime) -> bool) {
    let first = local(zone, found[0]).date();
    let days = (0..400).map(|day| {
        first
            .checked_add(day.days())
            .expect("it is one")
            .at(hour, minute, 0, 0)
    });
    let expected: Vec<i64> = days
        .filter(|day| test(*day))
        .map(|day| when(zone, day))
        .take(found.len())
        .collect();
    assert_eq!(found, expected, "{zone} {hour}:{minute:02}");
}

#[test]
fn timers_of_days_weeks_and_months_follow_the_calendar() {
    for zone in ZONES {
        let played = play(&model(zone, NO_SPIKES, TIMERS), &year());
        assert!(times(&played, "night").len() >= 364);
        on_days(zone, &times(&played, "night"), (2, 15), |_| true);
        let second =
            |day: DateTime| (day.date() - jiff::civil::date(1970, 1, 1)).get_days() % 2 == 0;
        on_days(zone, &times(&played, "early"), (0, 30), second);
        on_days(zone, &times(&played, "weekly"), (9, 0), |day| {
            day.weekday() == jiff::civil::Weekday::Monday
        });
        on_days(zone, &times(&played, "monthly"), (23, 0), |day| {
            day.date() == day.date().last_of_month()
        });
        assert_eq!(times(&played, "monthly").len(), 12, "{zone}");
        let fridays = times(&played, "fortnight");
        assert!((26..=27).contains(&fridays.len()), "{zone}");
        let apart =
            |pair: &[i64]| (local(zone, pair[1]).date() - local(zone, pair[0]).date()).get_days();
        assert!(fridays.windows(2).all(|pair| apart(pair) == 14), "{zone}");
        for time in fridays {
            let day = local(zone, time);
            assert_eq!(
                (day.weekday(), day.hour(), day.minute()),
                (jiff::civil::Weekday::Friday, 9, 0)
            );
        }
    }
}

#[test]
fn periods_below_a_day_are_even_and_begin_with_the_clocks() {
    for zone in ZONES {
        let played = play(&model(zone, NO_SPIKES, TIMERS), &year());
        for (stream, hours, at) in [("hourly", 1, 0), ("quarterly", 6, 1)] {
            let times = times(&played, stream);
            let period = hours * Span::HOUR.0;
            assert!(
                times.windows(2).all(|pair| pair[1] - pair[0] == period),
                "{zone} {stream}"
            );
            // As clocks show them on the first of the reference days.
            let reference = when(zone, jiff::civil::date(2026, 1, 5).at(at, 0, 0, 0));
            assert_eq!(
                (times[0] - reference).rem_euclid(period),
                0,
                "{zone} {stream}"
            );
        }
    }
}

#[test]
fn those_of_entities_keep_their_time_of_the_week_and_their_day() {
    for zone in ZONES {
        let played = play(&model(zone, NO_SPIKES, TIMERS), &year());
        for stream in ["own", "own_day", "own_month"] {
            let mut of: BTreeMap<u64, Vec<DateTime>> = BTreeMap::new();
            for row in &played.rows[stream] {
                of.entry(row.fields["id"].id())
                    .or_default()
                    .push(local(zone, row.time));
            }
            assert_eq!(of.len(), 9);
            let clocks = |time: &DateTime| (time.weekday(), time.time());
            let mut phases = Vec::new();
            for times in of.values() {
                // Two of a year may fall on an hour that is skipped or on one that comes twice.
                let usual = times[times.len() / 3];
                let odd = match stream {
                    "own_month" => times
                        .iter()
                        .filter(|time| time.time() != usual.time())
                        .count(),
                    _ => times
                        .iter()
                        .filter(|time| clocks(time) != clocks(&usual))
                        .count(),
                };
                assert!(odd <= 1, "{zone} {stream} {odd}");
                let expected = if stream == "own_month" {
                    11..=12
                } else {
                    52..=53
                };
                assert!(
                    expected.contains(&times.len()),
                    "{zone} {stream} {}",
                    times.len()
                );
                if stream == "own_day" {
                    assert_eq!(usual.weekday(), jiff::civil::Weekday::Tuesday);
                }
                if stream == "own_month" {
                    let day = times.iter().map(|time| time.day()).max();
                    let last = |time: &&DateTime| {
                        Some(time.day()) != day && time.date() != time.date().last_of_month()
                    };
                    assert_eq!(times.iter().filter(last).count(), 0, "{zone}");
                }
                phases.push(clocks(&usual));
            }
            phases.sort_by_key(|(day, time)| (day.to_monday_zero_offset(), *time));
            phases.dedup();
            assert_eq!(phases.len(), 9, "each has a phase of its own");
        }
    }
}

#[test]
fn what_a_daily_timer_sees_and_its_change_are_those_of_the_days() {
    for zone in ZONES {
        let played = play(&model(zone, NO_SPIKES, TIMERS), &year());
        let orders = times(&played, "order");
        let rows = &played.rows["closing"];
        let due = |row: &Row| {
            let local = local(zone, row.time);
            assert_eq!(local.hour(), 17, "{zone}");
            when(zone, local.date().at(17, 0, 0, 0))
        };
        for pair in rows.windows(2) {
            let (from, to) = (due(&pair[0]), due(&pair[1]));
            let between = orders
                .iter()
                .filter(|time| (from..to).contains(time))
                .count() as f64;
            let of = |row: &Row, field: &str| row.fields[field].number();
            assert_eq!(of(&pair[1], "today"), between, "{zone}");
            assert_eq!(of(&pair[1], "all") - of(&pair[0], "all"), between, "{zone}");
        }
        assert!(rows.len() >= 364);
    }
}

const SURGERY: &str = "
profiles: {visits: {hours: [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]}}
entities:
  doctor: {count: 6, calendar: {step: 30m, days: 40}}
  nurse: {count: 6, calendar: {step: 30m, days: 9, open: always}}
streams:
  opened:
    timer: {every: 4w, per: doctor}
    fields: {nine: {value: 'day_start(time) + 1d + 9h'}, night: {value: 'day_start(time) + 2h'}}
    changes: [{entity: doctor, open: {from: nine, for: 8h, every: 1d, times: 30}}]
  asked:
    source: {rate: 300}
    let: {doctor: {value: pick(doctor)}, nurse: {value: pick(nurse)}}
    fields:
      doctor_id: {value: doctor.id}
      nurse_id: {value: nurse.id}
      visit: {value: 'slot(doctor, time + uniform(0h, 60h), 1h, time, time + 10d)'}
      is_visit: {value: 'free(doctor, visit, 1h)'}
      watch: {value: 'slot(nurse, time + uniform(0h, 30h), 90m, time, time + 4d)'}
      is_watch: {value: 'free(nurse, watch, 90m)'}
      meeting: {value: 'appointment(visits, time + 1h, time + 60h, 1h)'}
    changes:
      - {entity: doctor, reserve: {from: visit, for: 1h}, when: is_visit}
      - {entity: nurse, reserve: {from: watch, for: 90m}, when: is_watch}
";

#[test]
fn opening_hours_stay_what_clocks_show() {
    for zone in ZONES {
        let played = play(&model(zone, NO_SPIKES, SURGERY), &year());
        assert_eq!(played.result.refused, 0, "{zone}");
        for row in &played.rows["opened"] {
            let next = local(zone, row.time)
                .date()
                .tomorrow()
                .expect("there is one");
            assert_eq!(time(row, "nine"), when(zone, next.at(9, 0, 0, 0)), "{zone}");
            let today = local(zone, row.time).date();
            assert_eq!(
                time(row, "night"),
                when(zone, today.at(2, 0, 0, 0)),
                "{zone}"
            );
        }
        let mut visits = 0;
        for row in &played.rows["asked"] {
            let meeting = local(zone, time(row, "meeting"));
            assert_eq!(meeting.minute(), 0, "{zone}");
            if row.fields["is_visit"] == Value::Bool(true) {
                let visit = local(zone, time(row, "visit"));
                assert!(
                    (9..17).contains(&visit.hour()) && visit.minute() % 30 == 0,
                    "{zone} {visit}"
                );
                visits += 1;
            }
        }
        assert!(visits > 10_000, "{zone} {visits}");
    }
}

#[test]
fn what_is_reserved_is_reserved_once_also_when_clocks_change() {
    // Nurses are there day and night, and so busy that what is free is always soon taken.
    let busy = SURGERY.replace("rate: 300", "rate: 400");
    for (zone, change) in [
        ("America/New_York", (2026, 3, 8)),
        ("America/New_York", (2026, 11, 1)),
        ("Africa/Cairo", (2026, 4, 24)),
        ("Africa/Cairo", (2026, 10, 29)),
        ("Australia/Lord_Howe", (2026, 10, 4)),
        ("Australia/Lord_Howe", (2026, 4, 5)),
        ("Europe/Berlin", (2026, 3, 29)),
        ("Europe/Berlin", (2026, 10, 25)),
    ] {
        let change = jiff::civil::date(change.0, change.1, change.2);
        let first = (change - jiff::civil::date(1970, 1, 1)).get_days() - 8;
        let played = play(&model(zone, NO_SPIKES, &busy), &days(first.into(), 12));
        assert_eq!(played.result.refused, 0, "{zone} {change}");
        let mut of: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
        let mut near = 0;
        for row in &played.rows["asked"] {
            if row.fields["is_watch"] == Value::Bool(true) {
                let begin = time(row, "watch");
                assert!(begin >= row.time, "{zone} {change}");
                of.entry(row.fields["nurse_id"].id())
                    .or_default()
                    .push(begin);
                near += i32::from((local(zone, begin).date() - change).get_days() == 0);
            }
        }
        assert!(near > 30, "{zone} {change} {near}");
        for mut begins in of.into_values() {
            begins.sort_unstable();
            // Clocks that are put back make watches longer, and those who come twice are one.
            let least = Span::MINUTE.0 * 90;
            assert!(
                begins.windows(2).all(|pair| pair[1] - pair[0] >= least),
                "{zone} {change}"
            );
        }
    }
}

#[test]
fn spikes_last_for_days_of_the_calendar() {
    let body = "streams: {visit: {source: {rate: 9600}}}";
    for zone in ["America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"] {
        let played = play(
            &model(zone, "{share: 1, size: 50%, every: 1d}", body),
            &days(20_514, 30),
        );
        let mut by_day: BTreeMap<jiff::civil::Date, [f64; 24]> = BTreeMap::new();
        for time in times(&played, "visit") {
            let local = local(zone, time);
            by_day.entry(local.date()).or_default()[local.hour() as usize] += 1.0;
        }
        for (day, hours) in by_day.iter().skip(1).take(28) {
            let level = |hours: &[f64]| hours.iter().sum::<f64>() / 4.0;
            let ratio = level(&hours[4..8]) / level(&hours[20..24]);
            // High or low all day: 600 or 200 an hour.
            assert!((0.8..1.25).contains(&ratio), "{zone} {day} {ratio}");
        }
    }
}

#[test]
fn weekly_and_monthly_timers_say_their_day() {
    for (timer, message) in [
        (
            "{every: 7d, at: 9h}",
            "does not say on which day of the week",
        ),
        (
            "{every: month, at: 9h}",
            "does not say on which day of the month",
        ),
        (
            "{every: 1d, day: mon}",
            "only periods of whole weeks have days of the week",
        ),
        ("{every: 1w, day: 3}", "only months have days with numbers"),
        (
            "{every: month, day: mon}",
            "only periods of whole weeks have days of the week",
        ),
        ("{every: 1w, day: mon, at: 24h}", "less than 24h"),
        ("{every: month, day: 32}", "31"),
        ("{every: monthly}", "is not a duration"),
    ] {
        let body = format!("streams: {{a: {{timer: {timer}}}}}");
        let header = HEADER.replace("ZONE", "UTC").replace("SPIKES", NO_SPIKES);
        let found = compile(&[("civil.yaml".into(), header + &body)]);
        let found = found
            .err()
            .map(|wrong| wrong.to_string())
            .unwrap_or_default();
        assert!(found.contains(message), "{timer}: {found}");
    }
}

#[test]
fn the_header_says_which_days_are_the_weekend() {
    let weekend = |said: &str| {
        let header = HEADER
            .replace("ZONE", &format!("UTC{said}"))
            .replace("SPIKES", NO_SPIKES);
        let body = "streams: {a: {source: {rate: 1}}}";
        compile(&[("civil.yaml".into(), header + body)])
            .map(|model| model.compiled.program.weekend.0)
    };
    let days = |set: &[usize]| std::array::from_fn(|day| set.contains(&day));
    for (said, expected) in [
        ("", days(&[5, 6])),
        (", weekend: [fri, sat]", days(&[4, 5])),
        (", weekend: [sun]", days(&[6])),
        (", weekend: []", days(&[])),
    ] {
        assert_eq!(weekend(said).ok(), Some(expected), "{said}");
    }
    let wrong = weekend(", weekend: [friday]")
        .expect_err("there is no such day")
        .to_string();
    assert!(wrong.contains("fri"), "{wrong}");
}

#[test]
fn a_rate_may_name_its_time() {
    let played = |rate: &str| {
        let body = format!("streams: {{a: {{source: {{rate: {rate}}}}}}}");
        times(
            &play(&model("UTC", NO_SPIKES, &body), &days(20_486, 3)),
            "a",
        )
    };
    let a_day = played("1440");
    assert_eq!(played("60/h"), a_day);
    assert_eq!(played("10080/w"), a_day);
    assert!((3_900..4_700).contains(&a_day.len()));
}

#[test]
fn nobody_comes_while_the_shop_is_closed() {
    let body = "
profiles: {shop: {hours: [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 0, 0, 1, 1, 1, 3, 0, 0, 0, 0, 0, 0]}}
streams: {visit: {source: {rate: 900, profile: shop}}}
";
    for zone in ZONES {
        let played = play(&model(zone, NO_SPIKES, body), &days(20_514, 14));
        let mut hours = [0; 24];
        for time in times(&played, "visit") {
            hours[local(zone, time).hour() as usize] += 1;
        }
        let open = |hour: usize| matches!(hour, 9..=11 | 14..=17);
        assert!(
            (0..24).all(|hour| (hours[hour] > 100) == open(hour)),
            "{zone} {hours:?}"
        );
        assert!(
            (0..24).all(|hour| open(hour) || hours[hour] == 0),
            "{zone} {hours:?}"
        );
    }
}

#[test]
fn half_days_are_counted_from_midnight_and_noon() {
    let body = "streams: {visit: {source: {rate: 300}, fields: {paid: {value: 'exponential(9)'}}, value: paid}}";
    // With a change of the clocks of New York, Cairo and Lord Howe in it.
    for (zone, first) in ZONES
        .into_iter()
        .chain(["Asia/Kolkata"])
        .zip([20_514, 20_517, 20_564, 20_546, 20_514, 20_537, 20_514])
    {
        let played = play(&model(zone, NO_SPIKES, body), &days(first, 4));
        let stream = &played.result.streams[0];
        let mut expected: BTreeMap<(jiff::civil::Date, bool), (u64, f64)> = BTreeMap::new();
        for row in &played.rows["visit"] {
            let at = local(zone, row.time);
            let (count, sum) = expected.entry((at.date(), at.hour() >= 12)).or_default();
            *count += 1;
            *sum += row.fields["paid"].number();
        }
        assert!(expected.len() >= 8, "{zone}");
        for ((date, afternoon), (count, sum)) in expected {
            let noon = when(zone, date.at(12, 0, 0, 0));
            let midnight = |date: jiff::civil::Date| when(zone, date.at(0, 0, 0, 0));
            let range = match afternoon {
                true => noon..midnight(date.tomorrow().expect("there is one")),
                false => midnight(date)..noon,
            };
            let found = stream
                .series
                .between(Time(range.start)..Time(range.end))
                .factual;
            assert_eq!(found.count, count, "{zone} {date} {afternoon}");
            assert!((found.value_sum() - sum).abs() < 1e-3, "{zone} {date}");
        }
    }
}

#[test]
fn profiles_say_which_days_are_the_weekend_where_the_header_does_not() {
    let weekend = |weekdays: &[&str]| {
        let profiles = weekdays.iter().enumerate();
        let profiles = profiles.map(|(at, days)| format!("  p{at}: {{weekdays: [{days}]}}\n"));
        let streams = (0..weekdays.len()).map(|at| {
            format!(
                "  s{at}: {{source: {{rate: {}, profile: p{at}}}}}\n",
                9 - at
            )
        });
        let (profiles, streams): (String, String) = (profiles.collect(), streams.collect());
        let body = format!(
            "profiles:\n{profiles}  unused: {{weekdays: [9, 1, 1, 1, 1, 1, 1]}}\nstreams:\n{streams}"
        );
        program(&[(
            "a.yaml".into(),
            HEADER.replace("ZONE", "UTC").replace("SPIKES", NO_SPIKES) + &body,
        )])
        .weekend
        .0
    };
    let days = |of: &[usize]| std::array::from_fn::<bool, 7, _>(|day| of.contains(&day));
    for (weekdays, expected) in [
        // As usual, and where nothing is said.
        (&["1, 1, 1, 1, 1, 0.3, 0.2"][..], days(&[5, 6])),
        (&["1, 1, 1, 1, 1, 1.8, 1.5"], days(&[5, 6])),
        (&["1, 1, 1, 1, 1, 1, 1"], days(&[5, 6])),
        // Friday and Saturday off; Sunday alone; three days.
        (&["1, 1.1, 1, 1, 0.3, 0.2, 1"], days(&[4, 5])),
        (&["1, 1, 1, 1, 1, 1, 0"], days(&[6])),
        (&["1, 1, 1, 1, 0.1, 0.1, 0.1"], days(&[4, 5, 6])),
        // What is slack for one stream may be busy for another.
        (
            &["1, 1, 1, 1, 0.3, 0.2, 1", "1, 1, 1, 1, 2.1, 2, 1"],
            days(&[4, 5]),
        ),
        // No clear case.
        (&["1, 1, 1, 1, 1, 0.6, 0"], days(&[5, 6])),
        (&["1.1, 0.95, 1, 1.05, 0.9, 1.2, 0.97"], days(&[5, 6])),
    ] {
        assert_eq!(weekend(weekdays), expected, "{weekdays:?}");
    }
    let built_in = causeflow_models::load("tutoring").expect("it is there");
    assert_eq!(built_in.compiled.program.weekend.0, days(&[5, 6]));
}
