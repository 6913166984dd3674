//! Working days and hours by place, against holidays that are counted one by one, through changes of clocks.

use std::collections::BTreeSet;

use causeflow_models::Diagnostics;
use jiff::civil::{Date, Time, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::support::{Row, Value, compile, play, program, settings};

const HOLIDAYS: &str = "date,name,until,days\n02-11,every year,,\n2026-02-17,eid,2026-02-19,\n2026-03-27,long,,3\n2026-02-18,within,,\n12-30,turn,01-02,\n";

fn files(zone: &str, fields: &str) -> Vec<(String, String)> {
    let text = format!(
        "model: {{name: places, cells: 2, window: 6h, time_zone: {zone}, weekend: [sun], reference: {{start: 2026-02-02, days: 28}}}}\n\
         workdays:\n  south: {{weekend: [fri, sat], dates: south.csv, open: [9h..12.5h, 13h..17h], dated: [{{dates: [long.csv, longer.csv], open: 10h..14h}}, {{dates: longer.csv, open: 1h..2h}}]}}\n  \
         north: {{weekend: [sat, sun], open: {{mon: 8h..16h, tue: 8h..16h, wed: 8h..16h, thu: 8h..20h, fri: 8h..24h}}}}\n  \
         anywhere: {{dates: south.csv}}\n\
         entities:\n  shop: {{count: 90, attributes: {{at: {{choice: {{south: 1, north: 1, anywhere: 1}}}}}}}}\n\
         streams:\n  a:\n    source: {{rate: 20, actor: shop}}\n    fields:\n      place: {{value: shop.at}}\n{fields}"
    );
    vec![
        ("a.yaml".into(), text),
        ("south.csv".into(), HOLIDAYS.into()),
        ("long.csv".into(), "date,days\n2026-02-20,14\n".into()),
        ("longer.csv".into(), "date\n2026-03-10\n".into()),
    ]
}

fn rows(zone: &str, fields: &str, days: i64) -> Vec<Row> {
    let played = play(&program(&files(zone, fields)), &settings(9, 24 * days));
    played.rows["a"].clone()
}

fn us(row: &Row, field: &str) -> i64 {
    match row.fields[field] {
        Value::Time(us) => us,
        ref other => panic!("{other:?} is no time"),
    }
}

fn truth(row: &Row, field: &str) -> bool {
    row.fields[field] == Value::Bool(true)
}

fn place_of(row: &Row) -> &str {
    match &row.fields["place"] {
        Value::Text(place) => place,
        other => panic!("{other:?} is no text"),
    }
}

/// Those of `south.csv`.
fn holidays() -> BTreeSet<Date> {
    let days = |from: Date, days: i32| (0..days).map(move |day| from + day.days());
    let all = days(date(2026, 2, 11), 1).chain(days(date(2026, 2, 17), 3));
    all.chain(days(date(2026, 3, 27), 3))
        .chain(days(date(2025, 12, 30), 4))
        .collect()
}

fn works(place: &str, day: Date, holidays: &BTreeSet<Date>) -> bool {
    let weekend: &[Weekday] = match place {
        "south" => &[Weekday::Friday, Weekday::Saturday],
        "north" => &[Weekday::Saturday, Weekday::Sunday],
        // That of the model.
        _ => &[Weekday::Sunday],
    };
    !weekend.contains(&day.weekday()) && (place == "north" || !holidays.contains(&day))
}

/// Counts working days one by one.
fn workday(place: &str, mut day: Date, number: i32, off: &BTreeSet<Date>) -> Date {
    let step = if number < 0 { -1 } else { 1 };
    let mut left = match number {
        0 => i32::from(!works(place, day, off)),
        number => number.abs(),
    };
    while left > 0 {
        day += step.days();
        left -= i32::from(works(place, day, off));
    }
    day
}

/// Whether work is done in the minute that begins with a time.
fn open(place: &str, day: Date, time: Time, off: &BTreeSet<Date>) -> bool {
    let long = (date(2026, 2, 20)..=date(2026, 3, 5)).contains(&day) || day == date(2026, 3, 10);
    let minute = i32::from(time.hour()) * 60 + i32::from(time.minute());
    let hours: &[(i32, i32)] = match (place, day.weekday()) {
        ("south", _) if long => &[(600, 840)],
        ("south", _) => &[(540, 750), (780, 1020)],
        ("north", Weekday::Thursday) => &[(480, 1200)],
        ("north", Weekday::Friday) => &[(480, 1440)],
        ("north", _) => &[(480, 960)],
        _ => &[(0, 1440)],
    };
    works(place, day, off)
        && hours
            .iter()
            .any(|(from, to)| (*from..*to).contains(&minute))
}

#[test]
fn due_dates_skip_the_holidays_of_a_place() {
    let fields = "      \
        n: {value: 'integer(-9, 15)', type: int}\n      due: {value: 'workday(time, n, shop.at)'}\n      \
        named: {value: 'workday(time, 4, south)'}\n      quoted: {value: \"workday(time, 4, 'south') + 9h\"}\n      \
        here: {value: 'is_workday(time, shop.at)'}\n      usual: {value: 'is_workday(time)'}\n      nowhere: {value: 'workday(time, n)'}\n";
    for zone in ["Europe/Berlin", "Africa/Cairo"] {
        let off = holidays();
        let found = rows(zone, fields, 75);
        assert!(found.len() > 1000);
        let zone = TimeZone::get(zone).expect("a zone");
        let at = |date: Date, hour: i8| {
            let time = date.at(hour, 0, 0, 0).to_zoned(zone.clone());
            time.expect("a time").timestamp().as_microsecond()
        };
        for row in &found {
            let moment = Timestamp::from_microsecond(row.time).expect("a time");
            let day = moment.to_zoned(zone.clone()).date();
            let (place, n) = (place_of(row), row.fields["n"].number() as i32);
            assert_eq!(
                us(row, "due"),
                at(workday(place, day, n, &off), 0),
                "{place} {day} {n}"
            );
            assert_eq!(us(row, "named"), at(workday("south", day, 4, &off), 0));
            assert_eq!(us(row, "quoted"), at(workday("south", day, 4, &off), 9));
            assert_eq!(truth(row, "here"), works(place, day, &off));
            assert_eq!(truth(row, "usual"), day.weekday() != Weekday::Sunday);
            assert_eq!(
                us(row, "nowhere"),
                at(workday("model", day, n, &BTreeSet::new()), 0)
            );
        }
    }
}

#[test]
fn working_hours_are_those_of_the_place() {
    let fields = "      \
        h: {value: 'integer(0, 40)', type: int}\n      done: {value: 'work_time(time, h * 1h, place)'}\n      \
        took_h: {value: 'worked(time, done, place) / 1h'}\n      back_h: {value: 'worked(done, time, shop.at) / 1h'}\n";
    let off = holidays();
    let found = rows("UTC", fields, 60);
    assert!(found.len() > 1000);
    for row in &found {
        let (place, h) = (place_of(row), row.fields["h"].number());
        let (mut at, done) = (row.time, us(row, "done"));
        // A minute after the other, of which the first and the last are parts.
        let (mut worked, mut last) = (0, false);
        while at < done {
            let end = (at - at.rem_euclid(60_000_000) + 60_000_000).min(done);
            let moment = Timestamp::from_microsecond(at).expect("a time");
            let moment = moment.to_zoned(TimeZone::UTC);
            last = open(place, moment.date(), moment.time(), &off);
            worked += i64::from(last) * (end - at);
            at = end;
        }
        assert_eq!(worked, (h * 3.6e9) as i64, "{place} {h}");
        assert!(last || h == 0.0);
        if h == 0.0 {
            let moment = Timestamp::from_microsecond(done).expect("a time");
            let moment = moment.to_zoned(TimeZone::UTC);
            assert!(open(place, moment.date(), moment.time(), &off));
        }
        assert_eq!(
            (row.fields["took_h"].number(), row.fields["back_h"].number()),
            (h, -h)
        );
    }
}

#[test]
fn what_is_no_time_has_no_working_day() {
    let fields = "      \
        maybe: {value: 'appointment(shut, time, time + 1h, 30m)'}\n      \
        after: {value: 'workday(maybe, 2, south)'}\n      plain: {value: 'workday(maybe, 2)'}\n      \
        long: {value: 'work_time(maybe, 2h, south)'}\n      \
        all_none: {value: 'after == none and plain == none and long == none'}\n      shows: {value: 'is_workday(maybe, south)'}\n      \
        took_h: {value: 'worked(maybe, time, south) / 1h + worked(time, maybe, south) / 1h'}\n\
        profiles: {shut: {steps: true, hours: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}\n";
    let found = rows("UTC", fields, 20);
    let none = |row: &&Row| !row.fields.contains_key("maybe");
    assert!(found.iter().filter(none).count() > 100);
    for row in found.iter().filter(none) {
        for field in ["after", "plain", "long"] {
            assert!(!row.fields.contains_key(field), "{field}");
        }
        assert!(truth(row, "all_none") && !truth(row, "shows"));
        assert_eq!(row.fields["took_h"].number(), 0.0);
    }
}

#[test]
fn the_lists_are_known_with_their_years() {
    let program = program(&files("UTC", "      x: {value: 1}\n"));
    let known: Vec<(&str, (i16, i16))> = program
        .dates_known
        .iter()
        .map(|known| (&known.file[..], known.years))
        .collect();
    let all = ["south.csv", "longer.csv", "long.csv"].map(|file| (file, (2026, 2026)));
    assert_eq!(known, all);
    let mut old = files("UTC", "      x: {value: 1}\n");
    old[3].1 = "date\n2024-03-10\n".into();
    let model = compile(&old).expect("a model");
    let warnings: &Diagnostics = &model.compiled.warnings;
    assert_eq!(warnings.list.len(), 1);
    assert!(
        warnings.list[0]
            .message
            .contains("`longer.csv` has dates of 2024 alone, and the reference days lie beyond")
    );
}
