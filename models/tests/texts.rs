//! Texts that are put together: they say what their values say, wherever and whenever they are written; digits follow their patterns, and
//! what is unique stands once; whoever names a text of an entity reads what stands in its table; nobody has none.

use std::collections::{BTreeMap, BTreeSet};

use causeflow_engine::base::table::{Chunk, Validity, Values};
use causeflow_engine::streams::entities;
use causeflow_engine::streams::program::{KindId, Program};
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

use crate::support::{Played, Row, Value, compile, play, program, property, settings};

fn model(text: &str) -> Vec<(String, String)> {
    let head = "model:\n  name: test\n  cells: 2\n  window: 1h\n  time_zone: Europe/Berlin\n  \
                reference: {start: 2026-02-02, days: 28}\n";
    vec![("model.yaml".into(), format!("{head}{text}"))]
}

/// A piece of a template, as it is written and with the field that it shows.
#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    Field(&'static str, &'static str),
}

const FIELDS: &str = "      number: {value: 'normal(0, 1e4)'}\n      \
    whole: {value: 'integer(-2000, 2000)', type: int}\n      \
    exact: {value: 'normal(0, 1e3)', type: 'decimal(12, 2)'}\n      \
    big: {value: 'normal(0, 1e12)', type: bigint}\n      \
    flag: {value: bernoulli(0.5)}\n      \
    word: {choice: {\"it's\": 1, 'a \"b\"': 1, \"two\\nlines\": 1, 'שלום': 1, '': 1}}\n      \
    id: {value: new_id(it)}\n      \
    late: {value: time + 90d}\n";

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let field = prop::sample::select(vec![
        ("number", ""),
        ("number", ":.2"),
        ("number", ":.0"),
        ("number", ":012.3"),
        ("whole", ""),
        ("whole", ":06"),
        ("whole", ":.1"),
        ("exact", ""),
        ("exact", ":.1"),
        ("exact", ":010.4"),
        ("big", ""),
        ("big", ":020"),
        ("flag", ""),
        ("word", ""),
        ("id", ""),
        ("late", ""),
        ("late", ":%d.%m.%y %H:%M:%S.%f%%"),
        ("late", ":%Y/%j-%u %z"),
    ]);
    let piece = prop_oneof![
        "[ -~äß\u{5d0}-\u{5ea}\u{1f600}]{0,6}".prop_map(Piece::Literal),
        field.prop_map(|(name, format)| Piece::Field(name, format)),
    ];
    prop::collection::vec(piece, 1..7)
}

/// The template as it stands in a model, in double quotes.
fn template(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => {
            let text = text.replace('{', "{{").replace('}', "}}");
            text.replace('\\', "\\\\").replace('"', "\\\"")
        }
        Piece::Field(name, format) => format!("{{{name}{format}}}"),
    };
    pieces.iter().map(piece).collect()
}

/// Digits with zeros before them.
fn padded(text: &str, width: usize) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    format!(
        "{sign}{digits:0>fill$}",
        fill = width.saturating_sub(sign.len())
    )
}

/// Units of a decimal number at another number of decimals, of two the even one.
fn decimals(text: &str, wanted: usize) -> String {
    let negative = text.starts_with('-');
    let (whole, rest) = text
        .trim_start_matches('-')
        .split_once('.')
        .expect("decimals");
    let mut units: u128 = format!("{whole}{rest}").parse().expect("digits");
    match wanted.cmp(&rest.len()) {
        std::cmp::Ordering::Less => {
            let power = 10u128.pow((rest.len() - wanted) as u32);
            let (down, left) = (units / power, units % power);
            units = down + u128::from(left * 2 > power || left * 2 == power && down % 2 == 1);
        }
        _ => units *= 10u128.pow((wanted - rest.len()) as u32),
    }
    let digits = format!("{units:0>width$}", width = wanted + 1);
    let (whole, rest) = digits.split_at(digits.len() - wanted);
    let sign = if negative && units > 0 { "-" } else { "" };
    format!("{sign}{whole}.{rest}")
}

fn shown(row: &Row, name: &str, format: &str) -> String {
    let format = format.trim_start_matches(':');
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    match &row.fields[name] {
        Value::Float(bits) => {
            let x = f64::from_bits(*bits);
            let text = match format {
                "" => format!("{x}"),
                ".2" => format!("{x:.2}"),
                ".0" => format!("{x:.0}"),
                _ => padded(&format!("{x:.3}"), 12),
            };
            let is_zero = !text.contains(|c| matches!(c, '1'..='9'));
            if is_zero {
                text.trim_start_matches('-').to_owned()
            } else {
                text
            }
        }
        Value::Int(x) => match format {
            "" => x.to_string(),
            ".1" => format!("{x}.0"),
            _ => padded(&x.to_string(), 6),
        },
        Value::Exact(text) => match format {
            ".1" => decimals(text, 1),
            "010.4" => padded(&decimals(text, 4), 10),
            "020" => padded(text, 20),
            _ => text.clone(),
        },
        Value::Bool(flag) => flag.to_string(),
        Value::Text(text) => text.clone(),
        Value::Id(id) => id.to_string(),
        Value::Time(us) => {
            let at = Timestamp::from_microsecond(*us)
                .expect("a time")
                .to_zoned(zone);
            let format = match format {
                "" => "%Y-%m-%dT%H:%M:%S%:z".to_owned(),
                format => format.replace("%z", "%:z").replace("%f", "%6f"),
            };
            at.strftime(&format).to_string()
        }
    }
}

fn text(row: &Row, name: &str) -> Option<String> {
    row.fields.get(name).map(|value| match value {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?} is no text"),
    })
}

proptest! {
    #![proptest_config(property(120))]

    #[test]
    fn texts_say_what_their_values_say(pieces in pieces()) {
        let template = template(&pieces);
        let streams = |changes: &str| format!(
            "counters: [c]\nstreams:\n  a:\n    source: {{rate: 100}}\n    fields:\n{FIELDS}      text: {{text: \"{template}\"}}\n{changes}"
        );
        // Values of which a change is made are worked out one by one.
        let eager = "    changes: [{counter: c, add: \"if(number > 0 and whole > 0 and flag and word == '' and late > time, 1, 2)\"}]\n";
        let both = [streams(""), streams(eager)].map(|text| play(&program(&model(&text)), &settings(3, 24)).rows);
        prop_assert!(both[0] == both[1]);
        for row in &both[0]["a"] {
            let said: String = pieces.iter().map(|piece| match piece {
                Piece::Literal(text) => text.clone(),
                Piece::Field(name, format) => shown(row, name, format),
            }).collect();
            prop_assert_eq!(text(row, "text"), Some(said), "{} of {:?}", template, row);
        }
    }
}

const CUSTOMERS: &str = "counters: [c]\nentities:\n  customer:\n    count: 300\n    states: [active, left]\n    attributes:\n      \
    number: {running: 1001}\n      \
    first: {choice: {Ana: 1, 'Zoë': 1, 'רות': 1}}\n      \
    last: {choice: {\"O'Neill\": 1, 'Li': 1}}\n      \
    name: {text: \"{first} {last}\"}\n      \
    account: {value: \"digits('DE##-####', number)\", unique: true}\n      \
    phone: {digits: {'01## ######': 3, '+49 30 ####\\##': 1}}\n      \
    card: {text: \"{name}/{digits('################')}/{id}\", unique: true}\n    \
    variables:\n      invoices: {value: 0, type: int}\n\
streams:\n  \
  invoice:\n    source: {rate: 400, actor: customer}\n    let:\n      prefix: {text: \"INV-{year(time)}\"}\n    fields:\n      \
    customer_id: {value: customer.id}\n      \
    number: {text: \"{prefix}-{customer.number:06}-{customer.invoices + 1:03}\"}\n      \
    to: {value: customer.name}\n      account: {value: customer.account}\n      \
    all: {text: \"<{customer.card}> {customer.phone} {{{number}}}\"}\n      \
    code: {value: \"digits('??##')\"}\n    \
    changes: [{entity: customer, add: {invoices: 1}}]\n  \
  gift:\n    source: {rate: 300}\n    let: {whom: \"pick(customer, left)\"}\n    fields:\n      \
    to: {text: \"for {whom.name}\"}\n      whom_id: {value: whom.id}\n  \
  leaves:\n    source: {rate: 2, actor: customer}\n    changes: [{entity: customer, state: left}]\n";

/// The texts of a column of a kind's table, by the entity's id.
fn column(played: &Played, kind: &str, name: &str) -> BTreeMap<u64, String> {
    let program = &played.result.world.program;
    let found = KindId::each(&program.kinds).find(|(_, one)| one.name == kind);
    let (id, definition) = found.expect("the kind");
    let columns = entities::schema(definition).columns;
    let place = columns
        .iter()
        .position(|column| column.name == name)
        .expect("the column");
    let chunks: Vec<Chunk> =
        entities::rows(&played.result.world, &played.result.cells, id).collect();
    let rows = chunks.iter().flat_map(|chunk| {
        let Values::Id(ids) = &chunk.columns[0].values else {
            panic!("no ids");
        };
        let shown: Vec<String> = match &chunk.columns[place].values {
            Values::String(strings) => strings.iter().map(str::to_owned).collect(),
            Values::Text(codes) => (codes.iter())
                .map(|&code| program.dictionary[usize::from(code)].clone())
                .collect(),
            Values::Int(numbers) => numbers.iter().map(i32::to_string).collect(),
            other => panic!("{:?}", other.kind()),
        };
        assert_eq!(chunk.columns[place].validity, Validity::All);
        ids.iter().copied().zip(shown).collect::<Vec<_>>()
    });
    rows.collect()
}

#[test]
fn events_read_of_entities_what_their_table_says() {
    let played = play(&program(&model(CUSTOMERS)), &settings(5, 48));
    let of = |name: &str| column(&played, "customer", name);
    let [names, accounts, cards, phones, numbers, firsts] =
        ["name", "account", "card", "phone", "number", "first"].map(of);
    assert_eq!(names.len(), 300);
    let mut before: BTreeMap<u64, usize> = BTreeMap::new();
    let invoices = &played.rows["invoice"];
    assert!(invoices.len() > 500);
    for row in invoices {
        let id = row.fields["customer_id"].id();
        assert_eq!(text(row, "to").as_ref(), Some(&names[&id]));
        assert!(names[&id].starts_with(&format!("{} ", firsts[&id])));
        assert_eq!(text(row, "account").as_ref(), Some(&accounts[&id]));
        let nth = before.entry(id).or_default();
        *nth += 1;
        let number = format!("INV-2026-{:0>6}-{nth:03}", numbers[&id]);
        assert_eq!(text(row, "number"), Some(number.clone()));
        let all = format!("<{}> {} {{{number}}}", cards[&id], phones[&id]);
        assert_eq!(text(row, "all"), Some(all));
    }
    let numbers_found: BTreeSet<&String> = numbers.values().collect();
    assert_eq!(numbers_found.len(), 300);
    assert!((1001..=1300).all(|number| numbers_found.contains(&number.to_string())));
    for column in [&accounts, &cards] {
        assert_eq!(column.values().collect::<BTreeSet<_>>().len(), 300);
    }
    assert!(
        accounts
            .values()
            .all(|account| account.starts_with("DE") && account.len() == 9)
    );
    let mobile = phones
        .values()
        .filter(|phone| phone.starts_with("01"))
        .count();
    assert!((190..260).contains(&mobile), "{mobile}");
    assert!(
        phones
            .values()
            .all(|phone| phone.starts_with("01") || phone.contains('#'))
    );
}

#[test]
fn a_text_of_nobody_is_none() {
    let played = play(&program(&model(CUSTOMERS)), &settings(5, 48));
    let names = column(&played, "customer", "name");
    let gifts = &played.rows["gift"];
    let of_somebody = gifts
        .iter()
        .filter(|row| row.fields.contains_key("whom_id"))
        .count();
    assert!(0 < of_somebody && of_somebody < gifts.len());
    for row in gifts {
        let to = row
            .fields
            .get("whom_id")
            .map(|id| format!("for {}", names[&id.id()]));
        assert_eq!(text(row, "to"), to);
    }
}

/// All but the rows of some fields.
fn without(rows: &[Row], field: &str) -> Vec<Row> {
    let mut rows = rows.to_vec();
    rows.iter_mut().for_each(|row| {
        row.fields.remove(field);
    });
    rows
}

#[test]
fn what_is_drawn_for_a_text_moves_no_other_draw() {
    let program = |text: &str| program(&model(text));
    let before = play(&program(CUSTOMERS), &settings(5, 48));
    let edited = CUSTOMERS.replace("digits('??##')", "digits('??##-####')");
    let edited = edited.replace("{digits: {'01##", "{digits: {'02##");
    let after = play(&program(&edited), &settings(5, 48));
    let rows = |played: &Played| without(&without(&played.rows["invoice"], "code"), "all");
    assert_eq!(rows(&before), rows(&after));
    assert_ne!(before.rows["invoice"], after.rows["invoice"]);
    // The digits of another seed are others, and unique as well.
    let other = play(&program(CUSTOMERS), &settings(6, 1));
    let [one, two] = [&before, &other].map(|played| column(played, "customer", "account"));
    let (one, two): (BTreeSet<String>, BTreeSet<String>) =
        (one.into_values().collect(), two.into_values().collect());
    assert_eq!(two.len(), 300);
    assert!(one.intersection(&two).count() < 10);
}

#[test]
fn entities_take_no_memory_for_their_texts() {
    let kind = |program: &Program| program.kinds[0].attributes.len();
    let all = program(&model(CUSTOMERS));
    assert_eq!(kind(&all), 3, "the number, the first and the last name");
    assert_eq!(all.kinds[0].texts.len(), 4);
}

#[test]
fn texts_that_join_have_digits_of_their_own() {
    let text = "entities:\n  card:\n    count: 0\n    attributes:\n      \
        digits: {value: \"digits('################')\", unique: true}\n\
        streams:\n  issued:\n    source: {rate: 500}\n    creates: card\n    fields:\n      \
        card_id: {value: card.id}\n      digits: {value: card.digits}\n";
    let played = play(&program(&model(text)), &settings(5, 48));
    let table = column(&played, "card", "digits");
    assert!(table.len() > 800);
    assert_eq!(table.values().collect::<BTreeSet<_>>().len(), table.len());
    for row in &played.rows["issued"] {
        assert_eq!(text_of(row), table[&row.fields["card_id"].id()]);
    }
}

fn text_of(row: &Row) -> String {
    text(row, "digits").expect("a text")
}

#[test]
fn a_longer_model_refuses_what_texts_cannot_do() {
    let edits = [
        (
            "to: {value: customer.name}",
            "to: {value: \"if(hour > 3, customer.name, customer.phone)\"}",
            "one of two cannot be a text that is put together",
        ),
        (
            "to: {value: customer.name}",
            "to: {value: \"customer.name == 'Ana'\"}",
            "`==` does not go with a text that is put together and a text",
        ),
        (
            "to: {value: customer.name}",
            "to: {value: customer.name == customer.name}",
            "`==` does not go with a text that is put together",
        ),
        (
            "to: {value: customer.name}",
            "to: {value: customer.name + 1}",
            "`+` does not go with a text that is put together",
        ),
        (
            "to: {value: customer.name}",
            "to: {value: customer.name, decimals: 2}",
            "a text that is put together is no number",
        ),
        (
            "to: {value: customer.name}",
            "to: {by: customer.first, cases: {Ana: {text: 'a'}, else: {text: 'b'}}}",
            "a case cannot be a text that is put together",
        ),
        (
            "to: {value: customer.name}",
            "to: {text: 'a', value: 3}",
            "`to` has more than one kind of value",
        ),
        (
            "to: {value: customer.name}",
            "to: {text: 'a}b'}",
            "this brace closes nothing",
        ),
        (
            "to: {value: customer.name}",
            "to: {text: 'a {customer.name'}",
            "this brace is not closed",
        ),
        (
            "to: {value: customer.name}",
            "to: {text: 'a { } b'}",
            "nothing stands between these braces",
        ),
        (
            "to: {value: customer.name}",
            "to: {text: '{customer.nam}'}",
            "a customer has no `nam`",
        ),
        (
            "to: {value: customer.name}",
            "to: {text: '{customer}'}",
            "an entity is not written as it is",
        ),
        (
            "to: {value: customer.name}",
            "to: {text: '{customer.age}'}",
            "a duration is not written as it is",
        ),
        (
            "to: {value: customer.name}",
            "to: {text: '{hour:6}'}",
            "found `6`, which is no way to write a number",
        ),
        (
            "to: {value: customer.name}",
            "to: {text: '{hour:0999}'}",
            "found `0999`, which is no way to write a number",
        ),
        (
            "to: {value: customer.name}",
            "to: {text: '{time:%Q}'}",
            "found %Q, expected one of %Y",
        ),
        (
            "to: {value: customer.name}",
            "to: {text: '{customer.first:06}'}",
            "only numbers and times have a format",
        ),
        (
            "to: {value: customer.name}",
            "to: {value: \"digits('abc')\"}",
            "no digit and no letter of it is drawn",
        ),
        (
            "to: {value: customer.name}",
            "to: {value: \"digits(3)\"}",
            "a pattern is a text in quotes",
        ),
        (
            "to: {value: customer.name}",
            "to: {value: \"digits('####################', hour)\"}",
            "this pattern has more places than numbers fill",
        ),
        (
            "to: {value: customer.name}",
            "to: {running: 3}",
            "only attributes of entities are running numbers",
        ),
        (
            "to: {value: customer.name}",
            "to: {value: 3, unique: true}",
            "only attributes of entities are unique",
        ),
        (
            "invoices: {value: 0, type: int}",
            "note: {text: 'a {first}'}",
            "what an entity keeps cannot be a text that is put together",
        ),
        (
            "name: {text: \"{first} {last}\"}",
            "name: {text: \"{first} {uniform(0, 1)}\"}",
            "what is drawn for the text of an entity is an attribute of its own",
        ),
        (
            "'DE##-####', number)",
            "'##', number)",
            "100 different ones are too few for 300",
        ),
        (
            "'DE##-####', number)",
            "'#####')",
            "100000 different ones are too few for 300",
        ),
        (
            "phone: {digits: {'01## ######': 3",
            "phone: {digits: {'01## ######': -3",
            "found the weight -3",
        ),
        (
            "phone: {digits: {'01## ######': 3",
            "phone: {digits: {'a': 3",
            "no digit and no letter of it is drawn",
        ),
        (
            "first: {choice",
            "other: {running: 2}\n      first: {choice",
            "a kind has one running number",
        ),
        (
            "  leaves:\n    source: {rate: 2, actor: customer}\n",
            "  joins:\n    source: {rate: 1}\n    creates: customer\n  leaves:\n    source: {rate: 2, actor: customer}\n",
            "events bring more of customer, and those have no running number",
        ),
        (
            "  leaves:\n",
            "  sent:\n    causes: [{on: invoice}]\n    fields: {all: {}}\n  leaves:\n",
            "in invoice it is a text that is put together, which no event carries",
        ),
        (
            "  leaves:\n",
            "  sent:\n    causes: [{on: invoice, when: to == number}]\n  leaves:\n",
            "`==` does not go with a text that is put together",
        ),
        (
            "add: {invoices: 1}",
            "add: {invoices: number}",
            "this is a text that is put together, expected a number",
        ),
    ];
    for (from, to, message) in edits {
        assert!(CUSTOMERS.contains(from), "{from}");
        let wrong = compile(&model(&CUSTOMERS.replacen(from, to, 1)));
        let wrong = wrong
            .err()
            .unwrap_or_else(|| panic!("{to} is taken"))
            .to_string();
        assert!(wrong.contains(message), "{to}: {message}\n{wrong}");
    }
    // All of them at once.
    let several = CUSTOMERS
        .replacen(
            "to: {value: customer.name}",
            "to: {text: '{nobody} {time:%Q} {hour:6}'}",
            1,
        )
        .replacen("'DE##-####', number)", "'##', number)", 1);
    let wrong = compile(&model(&several))
        .expect_err("three errors")
        .to_string();
    for message in ["`nobody` is not known", "found %Q", "found `6`", "too few"] {
        assert!(wrong.contains(message), "{message}\n{wrong}");
    }
}

#[test]
fn texts_too_long_for_columns_are_refused() {
    let long = "x".repeat(9_000);
    let fields = format!(
        "word: {{choice: {{'{long}': 1, a: 1}}}}\n      to: {{text: '{{word}}{{word}}{{word}}{{word}}'}}"
    );
    let text = CUSTOMERS.replacen("to: {value: customer.name}", &fields, 1);
    let wrong = compile(&model(&text)).expect_err("too long").to_string();
    assert!(
        wrong.contains("this can become longer than 32000 bytes"),
        "{wrong}"
    );
}
