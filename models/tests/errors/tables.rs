//! Tables that cannot be read or do not have what is asked of them: each mistake is told with its file, line and column.

use causeflow_models::SourceFile;

use super::{refused, summary};

const PLACES: &str = "name,size,land,at\nb,10,DE,2020-01-01\nd,30,FR,2021-01-01\n";
const MODEL: &str =
    "model: {name: places, cells: 1, window: 1h, reference: {start: 2026-02-02, days: 7}}
tables:
  place: places.csv
entities:
  shop: {rows: place}
streams:
  a:
    source: {rate: 9, actor: shop}
    let: {other: {value: 'choose(place, weight: size, land: shop.place.land)'}}
    fields: {size: {value: other.size}, found: {value: 'lookup(place, shop.place)'}}
";

/// What is told of the two files, one of them with an edit.
fn told(from: &str, to: &str) -> Vec<String> {
    assert!(MODEL.contains(from) || PLACES.contains(from), "{from}");
    let file = |path: &str, text: &str| SourceFile {
        path: path.into(),
        text: text.replacen(from, to, 1),
    };
    summary(&refused(vec![
        file("model.yaml", MODEL),
        file("places.csv", PLACES),
    ]))
}

#[test]
fn each_mistake_is_told_where_it_stands() {
    for (from, to, place, message, help) in [
        (
            "place: places.csv",
            "place: plaices.csv",
            "model.yaml:3:10",
            "there is no file `plaices.csv` in the model's folder",
            "places.csv",
        ),
        (
            "place: places.csv",
            "place: ../places.csv",
            "model.yaml:3:10",
            "`../places.csv` is not the name of a table's file",
            "in the model's folder itself",
        ),
        (
            "place: places.csv",
            "place: {file: places.csv, key: nme}",
            "model.yaml:3:34",
            "the table has no column `nme`",
            "did you mean `name`?",
        ),
        (
            "place: places.csv",
            "place: {file: places.csv, types: {siz: number}}",
            "model.yaml:3:37",
            "the table has no column `siz`",
            "did you mean `size`?",
        ),
        (
            "d,30,FR",
            "b,30,FR",
            "places.csv:3:1",
            "there is a second row with the name `b`",
            "its own key",
        ),
        (
            "d,30,FR",
            ",30,FR",
            "places.csv:3:1",
            "this row has no `name`",
            "its own key",
        ),
        (
            "d,30,FR",
            "d,30",
            "places.csv:3:1",
            "this row has 3 cells, the header has 4",
            "its comma",
        ),
        (
            "d,30,FR",
            "d,-30,FR",
            "places.csv:3:3",
            "found the weight -30, expected 0 or more",
            "",
        ),
        (
            "name,size",
            "name,Size",
            "places.csv:1:6",
            "`Size` cannot be the name of a column",
            "lower-case",
        ),
        (
            "name,size",
            "name,name",
            "places.csv:1:6",
            "there is a second column `name`",
            "rename",
        ),
        (
            PLACES,
            "",
            "places.csv:1:1",
            "this table has no rows",
            "the first line",
        ),
        (
            "rows: place",
            "rows: plaice",
            "model.yaml:5:16",
            "there is no table `plaice`",
            "did you mean `place`?",
        ),
        (
            "{rows: place}",
            "{rows: place, count: 3}",
            "model.yaml:5:23",
            "and no other `count`",
            "remove",
        ),
        (
            "{rows: place}",
            "{states: [open]}",
            "model.yaml:5:3",
            "`count` is missing here",
            "`rows`",
        ),
        (
            "weight: size",
            "weight: land",
            "model.yaml:9:49",
            "has no column `land` of numbers",
            "`DE` is no number",
        ),
        (
            "weight: size",
            "weight: siez",
            "model.yaml:9:49",
            "has no column `siez` of numbers",
            "size",
        ),
        (
            "land: shop.place.land",
            "size: shop.place.land",
            "model.yaml:9:55",
            "has no column `size` of texts",
            "there are",
        ),
        (
            "land: shop.place.land",
            "land: \"XX\"",
            "model.yaml:9:",
            "no row has any of the values that this can be as its `land`",
            "",
        ),
        (
            "choose(place,",
            "choose(plaice,",
            "model.yaml:9:",
            "there is no table `plaice`",
            "did you mean `place`?",
        ),
        (
            "other.size",
            "other.length",
            "model.yaml:10:",
            "the table place has no column `length`",
            "size",
        ),
        (
            "lookup(place, shop.place)",
            "lookup(place, 5)",
            "model.yaml:10:",
            "this is a number, expected a text",
            "",
        ),
        (
            "lookup(place, shop.place)",
            "lookup(place)",
            "model.yaml:10:",
            "`lookup` takes a table and a text, found 1",
            "",
        ),
        (
            "lookup(place, shop.place)",
            "max(1, weight: 2)",
            "model.yaml:10:",
            "`weight:` says something of a table",
            "",
        ),
    ] {
        let found = told(from, to);
        assert_eq!(found.len(), 1, "one mistake, one error, not {found:#?}");
        assert!(
            found[0].starts_with(place),
            "expected {place} in {}",
            found[0]
        );
        let (said, advice) = found[0].rsplit_once(" / ").expect("the summary has both");
        assert!(said.contains(message), "expected `{message}` in {said}");
        assert!(advice.contains(help), "expected `{help}` in {advice}");
    }
}

#[test]
fn a_cell_that_is_not_of_the_type_stated_is_told() {
    let types = |of: &str| format!("place: {{file: places.csv, types: {{land: {of}}}}}");
    for (of, expected) in [
        ("number", "a number"),
        ("time", "a date"),
        ("bool", "true or false"),
    ] {
        let found = told("place: places.csv", &types(of));
        assert!(
            found[0].starts_with("places.csv:2:6: found `DE`, expected"),
            "{found:#?}"
        );
        assert!(
            found[1].starts_with("places.csv:3:6: found `FR`, expected"),
            "{found:#?}"
        );
        assert!(found.iter().all(|error| error.contains(expected)) && found.len() == 2);
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let found = told(
        "b,10,DE,2020-01-01\nd,30,FR",
        "b,10\nb,30,FR,2021-01-01\nb,30,FR",
    );
    assert_eq!(found.len(), 2, "{found:#?}");
}

const LAWS: &str =
    "model: {name: laws, cells: 1, window: 1h, reference: {start: 2026-02-02, days: 7}}
tables: {waits: waits.csv, bins: bins.csv, ends: ends.csv}
streams:
  a:
    source: {rate: 9}
    fields:
      wait: {quantiles: waits.minutes}
      fee: {histogram: bins}
      left: {histogram: ends.n}
";
const WAITS: &str = "share,minutes\n0%,1\n50%,12\n100%,60\n";
const BINS: &str = "range,weight\n0,20\n5..20,30\n30..40,1\n";
const ENDS: &str = "from,to,n\n1h,2h,3\n3h,4h,1\n";

#[test]
fn what_was_observed_is_told_by_the_cell() {
    let mut wrong = Vec::new();
    for (from, to, place, message, help) in [
        (
            "waits.minutes",
            "wait.minutes",
            "model.yaml:7:25",
            "there is no table `wait`",
            "did you mean `waits`?",
        ),
        (
            "waits.minutes",
            "waits.minute",
            "model.yaml:7:25",
            "the table waits has no column `minute`",
            "did you mean `minutes`?",
        ),
        (
            "histogram: bins",
            "histogram: ends",
            "model.yaml:8:24",
            "the table ends has no column `weight`",
            "there are: from, n, to",
        ),
        (
            "50%,12",
            "50%,12m",
            "waits.csv:3:5",
            "found `12m`, expected a number or a duration",
            "all of them are numbers",
        ),
        (
            "50%,12",
            "150%,12",
            "waits.csv:3:1",
            "`150%` is not a share from 0% to 100%",
            "25%",
        ),
        (
            "50%,12",
            "50%,70",
            "model.yaml:7:25",
            "the value at 100% is 60, less than the 70 at 50%",
            "rise",
        ),
        (
            "0%,1\n",
            "1%,1\n",
            "model.yaml:7:25",
            "do not go from 0% to 100%",
            "`0%`",
        ),
        (
            "5..20",
            "20..5",
            "bins.csv:3:1",
            "found `20..5`, expected a range such as 0..10, or a number",
            "12.5",
        ),
        (
            "5..20",
            "few",
            "bins.csv:3:1",
            "found `few`, expected a range such as 0..10, or a number",
            "12.5",
        ),
        (
            "5..20",
            "5..31",
            "bins.csv:4:1",
            "`30..40` overlaps with `5..31`",
            "each range begins",
        ),
        (
            "0,20",
            "0,-20",
            "bins.csv:2:3",
            "found the weight -20, expected 0 or more",
            "counts",
        ),
        (
            "3h,4h",
            "3h,2.5h",
            "ends.csv:3:1",
            "this range goes from high to low",
            "lower bound",
        ),
        (
            "3h,4h",
            "1.5h,4h",
            "ends.csv:3:1",
            "`1.5h` overlaps with `1h`",
            "each range begins",
        ),
        (
            "3h,4h",
            "3h,4",
            "ends.csv:3:4",
            "found `4`, expected a number or a duration",
            "all are durations",
        ),
    ] {
        let texts = [
            ("model.yaml", LAWS),
            ("waits.csv", WAITS),
            ("bins.csv", BINS),
            ("ends.csv", ENDS),
        ];
        assert!(texts.iter().any(|(_, text)| text.contains(from)), "{from}");
        let file = |(path, text): (&str, &str)| SourceFile {
            path: path.into(),
            text: text.replacen(from, to, 1),
        };
        let found = summary(&refused(texts.map(file).into()));
        let place = format!("{place}: ");
        let told = |line: &String| {
            line.starts_with(&place) && line.contains(message) && line.contains(help)
        };
        if found.len() != 1 || !found.iter().all(told) {
            wrong.push(format!(
                "{from} -> {to}: {place}{message} / {help}\n{found:#?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
