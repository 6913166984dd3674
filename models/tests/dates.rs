//! Days, months and working days of the calendar, against a calendar of another make, through changes of clocks.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use crate::support::{Row, Value, play, program, settings};

fn rows(zone: &str, weekend: &str, days: i64) -> Vec<Row> {
    let text = format!(
        "model: {{name: dates, cells: 2, window: 6h, time_zone: {zone}, weekend: {weekend}, reference: {{start: 2026-02-02, days: 28}}}}\n\
         streams:\n  a:\n    source: {{rate: 20}}\n    fields:\n      \
         day: {{value: 'day(time)', type: int}}\n      month: {{value: 'month(time)', type: int}}\n      year: {{value: 'year(time)', type: int}}\n      \
         start: {{value: 'month_start(time)'}}\n      last: {{value: 'month_end(time) - 1d + 17h'}}\n      \
         monday: {{value: 'next(mon) + 9h'}}\n      due: {{value: 'workday(time, 3) + 9h'}}\n      \
         before: {{value: 'workday(time, -2)'}}\n      open: {{value: 'workday(time, 0)'}}\n      \
         k: {{value: 'integer(-20, 20)', type: int}}\n      rest: {{value: 'mod(k, 7)', type: int}}\n      \
         none: {{value: 'mod(k, k - k)'}}\n  \
         b:\n    causes: [{{on: a, at: 'workday(time, 1) + 9h'}}]\n    fields: {{due: {{}}}}\n"
    );
    let model = program(&[("a.yaml".into(), text)]);
    play(&model, &settings(9, 24 * days))
        .rows
        .remove("a")
        .expect("a stream")
}

fn time(row: &Row, field: &str) -> i64 {
    match row.fields[field] {
        Value::Time(us) => us,
        ref other => panic!("{other:?} is no time"),
    }
}

fn works(date: Date, off: &[Weekday]) -> bool {
    !off.contains(&date.weekday())
}

/// Counts working days one by one.
fn workday(mut date: Date, number: i32, off: &[Weekday]) -> Date {
    let step = if number < 0 { -1 } else { 1 };
    let mut left = match number {
        0 if works(date, off) => 0,
        0 => 1,
        number => number.abs(),
    };
    while left > 0 {
        date += step.days();
        left -= i32::from(works(date, off));
    }
    date
}

#[test]
fn dates_are_those_of_the_calendar() {
    let usual = [Weekday::Saturday, Weekday::Sunday];
    let other = [Weekday::Friday, Weekday::Saturday];
    for (zone, weekend, off) in [
        ("Europe/Berlin", "[sat, sun]", usual),
        ("America/New_York", "[fri, sat]", other),
    ] {
        let found = rows(zone, weekend, 90);
        assert!(found.len() > 1500);
        let zone = TimeZone::get(zone).expect("a zone");
        let at = |date: Date, hour: i8| {
            date.at(hour, 0, 0, 0)
                .to_zoned(zone.clone())
                .expect("a time")
        };
        let us = |time: Zoned| time.timestamp().as_microsecond();
        for row in &found {
            let moment = Timestamp::from_microsecond(row.time).expect("a time");
            let date = moment.to_zoned(zone.clone()).date();
            let number = |field: &str| row.fields[field].number();
            assert_eq!(number("day"), f64::from(date.day()));
            assert_eq!(number("month"), f64::from(date.month()));
            assert_eq!(number("year"), f64::from(date.year()));
            assert_eq!(time(row, "start"), us(at(date.first_of_month(), 0)));
            assert_eq!(time(row, "last"), us(at(date.last_of_month(), 17)));
            let monday = date.nth_weekday(1, Weekday::Monday).expect("a day");
            assert_eq!(time(row, "monday"), us(at(monday, 9)));
            assert_eq!(time(row, "due"), us(at(workday(date, 3, &off), 9)));
            assert_eq!(time(row, "before"), us(at(workday(date, -2, &off), 0)));
            assert_eq!(time(row, "open"), us(at(workday(date, 0, &off), 0)));
            assert_eq!(number("rest"), number("k").rem_euclid(7.0));
            assert_eq!(number("none"), 0.0);
        }
    }
}
