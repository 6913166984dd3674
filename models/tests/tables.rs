//! Reference data: tables are read with their types, rows are drawn, found and made entities of, and edits of a table stay local.
//!
//! Statistical tests reject what is right with a probability below 1e-3 each over the choice of the seed, which is fixed.

use std::collections::{BTreeMap, BTreeSet};

use causeflow_models::load;
use proptest::prelude::*;

use crate::patterns::{played, root};
use crate::support::{Row, Value, compile, play, program, property, settings};

fn text(row: &Row, field: &str) -> String {
    match &row.fields[field] {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?} is no text"),
    }
}

/// A table of the example, by its first column.
fn table(name: &str) -> BTreeMap<String, Vec<String>> {
    let path = root().join("examples/models/branches").join(name);
    let text = std::fs::read_to_string(path).expect("the table");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().map(|record| {
        let cells: Vec<String> = record.expect("a row").iter().map(str::to_owned).collect();
        (cells[0].clone(), cells)
    });
    rows.collect()
}

#[test]
fn branches_and_customers_follow_their_tables() {
    let rows = &played("branches", 28)["purchase.made"];
    let (cities, countries, names) = (
        table("cities.csv"),
        table("countries.csv"),
        table("names.csv"),
    );
    let mut branches: BTreeMap<u64, String> = BTreeMap::new();
    let mut homes: BTreeMap<u64, String> = BTreeMap::new();
    for row in rows {
        let (home, city) = (text(row, "home"), text(row, "branch_city"));
        let country = &countries[&cities[&home][1]];
        assert_eq!(names[&text(row, "first_name")][1], country[1]);
        assert_eq!(
            row.fields["branch_lat"].number().to_string(),
            cities[&city][3]
        );
        assert_eq!(row.fields["is_at_home"], Value::Bool(home == city));
        let vat: f64 = country[2].parse().expect("a number");
        let gross = row.fields["net_eur"].number() * (1.0 + vat);
        assert!((row.fields["gross_eur"].number() - gross).abs() < 0.006);
        assert!((2.0..20.0).contains(&row.fields["years_open"].number()));
        branches.insert(row.fields["branch_id"].id(), city);
        homes.insert(row.fields["customer_id"].id(), home);
    }
    // One branch a city.
    let found: BTreeSet<&String> = branches.values().collect();
    assert_eq!(branches.len(), found.len());
    assert!(found.iter().all(|city| cities.contains_key(*city)));
    let people = |city: &String| cities[city][2].parse::<f64>().expect("a number");
    let all: f64 = cities.keys().map(people).sum();
    let mut statistic = 0.0;
    for city in cities.keys() {
        let expected = people(city) / all * homes.len() as f64;
        let seen = homes.values().filter(|home| *home == city).count() as f64;
        statistic += (seen - expected) * (seen - expected) / expected;
    }
    // Chi-square with nine degrees of freedom: 1 in 1000 lies above 27.9.
    assert!(statistic < 27.9, "{statistic}");
}

const MODEL: &str = "model: {name: places, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 7}}\n\
    tables: {place: places.csv}\n\
    entities:\n  shop: {rows: place, attributes: {luck: 'uniform(0, 1)'}}\n  \
      person: {count: 300, attributes: {home: {value: 'choose(place, weight: size)'}}}\n\
    streams:\n  a:\n    source: {rate: 900, actor: person}\n    fields:\n      person_id: {value: person.id}\n      \
      home: {value: person.home}\n      size: {value: person.home.size}\n  \
      b:\n    source: {rate: 900, actor: shop}\n    fields:\n      shop_id: {value: shop.id}\n      \
      place: {value: shop.place}\n      luck: {value: shop.luck}\n      at: {value: shop.place.at}\n";

fn files(places: &str) -> Vec<(String, String)> {
    vec![
        ("a.yaml".into(), MODEL.into()),
        ("places.csv".into(), places.into()),
    ]
}

fn of_ids(rows: &[Row], id: &str, field: &str) -> BTreeMap<u64, Value> {
    rows.iter()
        .map(|row| (row.fields[id].id(), row.fields[field].clone()))
        .collect()
}

#[test]
fn an_edit_of_a_table_stays_local() {
    let before = "name,size,at\nb,10,2020-01-01\nd,30,2021-01-01\nf,60,2022-01-01\n";
    let after = "name,size,at\nf,60,2022-01-01\nd,30,2021-01-01\ne,5,2023-01-01\nb,10,2020-01-01\n";
    let [before, after] =
        [before, after].map(|places| play(&program(&files(places)), &settings(3, 48)).rows);
    // Whoever is made from a row is the same, whichever rows there are besides, and in whatever order.
    let luck = |rows: &BTreeMap<String, Vec<Row>>| {
        let places = of_ids(&rows["b"], "shop_id", "place");
        let luck = of_ids(&rows["b"], "shop_id", "luck");
        places
            .into_iter()
            .map(|(id, place)| (format!("{place:?}"), (id, luck[&id].clone())))
            .collect::<BTreeMap<_, _>>()
    };
    let (shops, more) = (luck(&before), luck(&after));
    assert_eq!((shops.len(), more.len()), (3, 4));
    assert!(shops.iter().all(|(place, shop)| more[place] == *shop));
    // Of 100 and 5 weights, at most about the new share moves twice: to the new row, and across borders of shares.
    let (homes, moved) = (
        of_ids(&before["a"], "person_id", "home"),
        of_ids(&after["a"], "person_id", "home"),
    );
    let both: Vec<_> = homes
        .iter()
        .filter(|(id, _)| moved.contains_key(id))
        .collect();
    let others = both.iter().filter(|(id, home)| moved[id] != **home).count();
    assert!(
        both.len() > 200 && others * 100 < both.len() * 12,
        "{others} of {}",
        both.len()
    );
}

#[test]
fn all_rows_are_taken_as_often() {
    let places: String = (0..10).map(|i| format!("p{i},{i},2020-01-01\n")).collect();
    let model = program(&files(&format!("name,size,at\n{places}")));
    for (scale, least, most) in [(1.0, 1, 1), (2.0, 2, 2), (0.5, 0, 1), (1.5, 1, 2)] {
        let mut asked = settings(5, 96);
        asked.scale = scale;
        let rows = play(&model, &asked).rows;
        let mut shops: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for row in &rows["b"] {
            shops
                .entry(text(row, "place"))
                .or_default()
                .insert(row.fields["shop_id"].id());
        }
        let count: usize = shops.values().map(BTreeSet::len).sum();
        assert_eq!(count as f64, (10.0 * scale).round());
        assert!(
            shops
                .values()
                .all(|shops| (least..=most).contains(&shops.len())),
            "{scale}: {shops:?}"
        );
    }
}

#[test]
fn order_marks_and_line_ends_of_a_file_do_not_show() {
    let plain = "name,size,at\nb,10,2020-01-01\nd,30,2021-01-01\n\"x, y\",60,2022-01-01\n";
    let rows = |places: &str| play(&program(&files(places)), &settings(3, 24)).rows;
    let marked = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
    let turned = "size,at,name\n60,2022-01-01,\"x, y\"\n30,2021-01-01,\"d\"\n10,2020-01-01,b";
    let before = rows(plain);
    assert_eq!(before, rows(&marked));
    let mut other = files(turned);
    other[0].1 = MODEL.replace(
        "{place: places.csv}",
        "{place: {file: places.csv, key: name}}",
    );
    assert_eq!(before, play(&program(&other), &settings(3, 24)).rows);
}

#[test]
fn a_models_files_have_its_tables_among_them() {
    let folder = root().join("examples/models/branches");
    let model = load(folder.to_str().expect("UTF-8")).expect("the model is right");
    let names = model
        .files
        .iter()
        .map(|file| file.path.rsplit(['/', '\\']).next().unwrap_or_default());
    assert!(names.eq(["cities.csv", "countries.csv", "model.yaml", "names.csv"]));
}

proptest! {
    #![proptest_config(property(300))]

    /// Whatever stands in a table: it is read or refused, in words that can be shown.
    #[test]
    fn no_table_is_too_strange(places in "[a-c,\"\r\n0-9. -]{0,60}|name,size,at\n([ab\u{feff}é\"',-9.]{0,6},[-0-9e.]{0,4},2020-01-0[0-3]\r?\n){0,5}") {
        match compile(&files(&places)) {
            Ok(model) => prop_assert_eq!(model.compiled.warnings.list.len(), 0),
            Err(wrong) => prop_assert!(!wrong.render(false).is_empty() && wrong.has_errors()),
        }
    }
}
