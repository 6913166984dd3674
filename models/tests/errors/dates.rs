//! Lists of dates and working days that cannot be: each mistake is told with its file, line and column.

use causeflow_models::SourceFile;

use super::{refused, summary};

const DATES: &str = "date,name,until,days\n2026-02-11,a,,\n2026-02-17,b,2026-02-19,\n12-24,c,,3\n";
const MODEL: &str =
    "model: {name: dates, cells: 1, window: 1h, reference: {start: 2026-02-02, days: 7}}
workdays:
  south: {weekend: [fri, sat], dates: feasts.csv, open: 9h..17h, dated: [{dates: feasts.csv, open: 9h..11h}]}
  north: {open: {mon: 9h..17h, tue: 9h..17h, wed: 9h..17h, thu: 9h..17h, fri: [9h..12h, 13h..15h]}}
calendars:
  year: [{name: feasts, dates: feasts.csv, factor: 2}]
profiles:
  busy: {calendar: year, dated: [{dates: [feasts.csv], hours: [1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}]}
streams:
  a:
    source: {rate: 9, profile: busy}
    fields: {where: {choice: {south: 1, north: 2}}, due: {value: 'workday(time, 3, where)'}, done: {value: 'work_time(time, 3h, south)'}, here: {value: 'is_workday(time, north)'}}
";

fn told(from: &str, to: &str) -> Vec<String> {
    assert!(MODEL.contains(from) || DATES.contains(from), "{from}");
    let file = |path: &str, text: &str| SourceFile {
        path: path.into(),
        text: text.replacen(from, to, 1),
    };
    summary(&refused(vec![
        file("model.yaml", MODEL),
        file("feasts.csv", DATES),
    ]))
}

#[test]
fn each_mistake_is_told_once_where_it_stands() {
    let mut wrong = Vec::new();
    for (from, to, place, message, help) in [
        (
            "date,name",
            "day,name",
            "feasts.csv:1:1",
            "a file with dates has no column `day`",
            "",
        ),
        (
            "days\n",
            "dais\n",
            "feasts.csv:1:17",
            "a file with dates has no column `dais`",
            "did you mean `days`?",
        ),
        (
            "2026-02-11",
            "11.2.2026",
            "feasts.csv:2:1",
            "`11.2.2026` is not a date",
            "year-month-day",
        ),
        (
            "2026-02-11",
            "02-30",
            "feasts.csv:2:1",
            "`02-30` is not a date",
            "year-month-day",
        ),
        (
            "b,2026-02-19",
            "b,2026-02-16",
            "feasts.csv:3:14",
            "`2026-02-16` lies before `2026-02-17`",
            "included",
        ),
        (
            "b,2026-02-19",
            "b,02-19",
            "feasts.csv:3:1",
            "one of these days has a year",
            "every year",
        ),
        (
            "2026-02-19,",
            "2026-02-19,2",
            "feasts.csv:3:25",
            "both `until` and `days`",
            "one of the two",
        ),
        (
            "c,,3",
            "c,,0",
            "feasts.csv:4:10",
            "found `0`, expected a number of days from 1 to 366",
            "",
        ),
        (
            "12-24,c,,3",
            "12-24,c,",
            "feasts.csv:4:1",
            "this row has 3 cells, the header has 4",
            "",
        ),
        (
            "dates: feasts.csv, open: 9h..17h",
            "dates: feests.csv, open: 9h..17h",
            "model.yaml:3:39",
            "there is no file `feests.csv`",
            "did you mean `feasts.csv`?",
        ),
        (
            "dates: feasts.csv, open: 9h..17h",
            "dates: ../feasts.csv, open: 9h..17h",
            "model.yaml:3:39",
            "`../feasts.csv` is not the name of a file with dates",
            "in the model's folder itself",
        ),
        (
            "[fri, sat]",
            "[mon, tue, wed, thu, fri, sat, sun]",
            "model.yaml:3:3",
            "nobody works here on any day",
            "`weekend`",
        ),
        (
            "open: 9h..17h",
            "open: 9h-17h",
            "model.yaml:3:57",
            "`9h-17h` are no hours of a day",
            "9h..17h",
        ),
        (
            "open: 9h..11h",
            "open: [9h..11h, 10h..12h]",
            "model.yaml:3:110",
            "`10h..12h` are no hours of a day",
            "in order",
        ),
        (
            "13h..15h",
            "13h..25h",
            "model.yaml:4:89",
            "`13h..25h` are no hours of a day",
            "up to 24h",
        ),
        (
            "mon: 9h",
            "mun: 9h",
            "model.yaml:4:18",
            "`mun` is no day of the week",
            "did you mean `mon`?",
        ),
        (
            "tue: 9h..17h, ",
            "",
            "model.yaml:4:11",
            "the working day `tue` has no hours here",
            "`tue: 9h..17h`",
        ),
        (
            "name: feasts, dates: feasts.csv",
            "name: feasts, from: 12-24",
            "model.yaml:6:10",
            "these are neither days of every year nor dates",
            "`from` and `to`",
        ),
        (
            "[1, 2, 1",
            "[1, -2, 1",
            "model.yaml:8:56",
            "weights are 0 or more",
            "",
        ),
        (
            "north: 2",
            "west: 2",
            "model.yaml:12:83",
            "this can be `west`, of which there are no `workdays`",
            "there are: north, south",
        ),
        (
            "3h, south)",
            "3h, soth)",
            "model.yaml:12:129",
            "there are no `workdays` of `soth`",
            "did you mean `south`?",
        ),
        (
            "3h, south)",
            "3h, \"east\")",
            "model.yaml:12:129",
            "there are no `workdays` of `east`",
            "there are: north, south",
        ),
        (
            "3h, south)",
            "-3h, south)",
            "model.yaml:12:125",
            "this length is negative",
            "",
        ),
        (
            "time, 3, where",
            "time, 2.5, where",
            "model.yaml:12:81",
            "found 2.5 working days, expected a whole number",
            "",
        ),
        (
            "time, 3, where",
            "time, 3, 4",
            "model.yaml:12:84",
            "this is a number, expected a text",
            "",
        ),
        (
            "is_workday(time, north)",
            "is_workday()",
            "model.yaml:12:154",
            "`is_workday` takes a time, and if wanted a place, found 0",
            "",
        ),
        (
            "work_time(time, 3h, south)",
            "work_time(time)",
            "model.yaml:12:109",
            "`work_time` takes a time and a duration, and if wanted a place, found 1",
            "",
        ),
    ] {
        let found = told(from, to);
        let told = found.iter().any(|line| {
            line.starts_with(&format!("{place}: ")) && line.contains(message) && line.contains(help)
        });
        // Without `date` there is nothing to go by, and a day that is misspelt is missing.
        let alone = found.len() == 1 || message.contains("`day`") || message.contains("`mun`");
        if !told || !alone {
            wrong.push(format!(
                "{from} -> {to}: {place}: {message} / {help}\n{found:#?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
