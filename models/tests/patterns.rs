//! The page of patterns: each of its models is played and does what the page says, and what the page shows of them is
//! what they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use causeflow_models::load;

use crate::support::{Row, Value, play, settings};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Plays one of the models; its rows by stream.
pub fn played(name: &str, days: i64) -> BTreeMap<String, Vec<Row>> {
    let folder = root().join("examples/models").join(name);
    let model = load(folder.to_str().expect("UTF-8")).expect("the model is right");
    assert_eq!(model.compiled.program.name, name);
    assert_eq!(model.compiled.warnings.list, []);
    play(&model.compiled.program, &settings(11, 24 * days)).rows
}

/// An id; 0 for nobody.
fn id(row: &Row, field: &str) -> u64 {
    row.fields.get(field).map_or(0, Value::id)
}

fn number(row: &Row, field: &str) -> f64 {
    row.fields[field].number()
}

/// Rows by the value of a field, each group in order.
fn by<'a>(rows: &'a [Row], field: &str) -> BTreeMap<u64, Vec<&'a Row>> {
    let mut groups: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry(id(row, field)).or_default().push(row);
    }
    groups
}

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

#[test]
fn what_the_page_shows_is_what_runs() {
    let page = std::fs::read_to_string(root().join("docs/patterns.md")).expect("the page");
    let folders = std::fs::read_dir(root().join("examples/models")).expect("models");
    let mut models = BTreeMap::new();
    for folder in folders {
        let folder = folder.expect("an entry").path();
        let text = std::fs::read_to_string(folder.join("model.yaml")).expect("a model");
        let name = folder
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        assert!(
            page.contains(&format!("../examples/models/{name}/model.yaml")),
            "{name}"
        );
        models.insert(name, text);
    }
    let shown: Vec<&str> = page.split("```yaml\n").skip(1).collect();
    assert!(shown.len() > 10);
    for block in shown {
        let block = block.split("```").next().expect("a block");
        assert!(
            models.values().any(|text| text.contains(block)),
            "no model has\n{block}"
        );
    }
}

/// The anchors of a page's headings.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn each_line_of_how_do_i_stands_in_a_model_and_leads_somewhere() {
    let read =
        |page: &str| std::fs::read_to_string(root().join("docs").join(page)).expect("a page");
    let (models, patterns) = (read("models.md"), read("patterns.md"));
    let mut texts = Vec::new();
    let folders = std::fs::read_dir(root().join("examples/models")).expect("models");
    let folders = folders.map(|folder| folder.expect("an entry").path());
    for folder in folders.chain([root().join("models/tutoring")]) {
        for file in std::fs::read_dir(folder).expect("a folder") {
            let path = file.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                texts.push(std::fs::read_to_string(path).expect("a file"));
            }
        }
    }
    let index = models.split("## How do I ...").nth(1).expect("the index");
    let index = index.split("\n## ").next().expect("its end");
    let rows: Vec<&str> = index
        .lines()
        .filter(|line| line.contains("]("))
        .filter(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 30);
    for row in rows {
        let example = row.split('`').nth(1).expect("an example");
        assert!(
            texts.iter().any(|text| text.contains(example)),
            "no model has {example}"
        );
        let link = row
            .rsplit("](")
            .next()
            .and_then(|rest| rest.split(')').next())
            .expect("a link");
        let (page, anchor) = link.split_once('#').expect("an anchor");
        let page = if page.is_empty() { &models } else { &patterns };
        assert!(anchors(page).contains(anchor), "{link}");
    }
}

#[test]
fn retries_count_their_laps_and_end() {
    let rows = played("retries", 7);
    let attempts = by(&rows["job.attempted"], "job_id");
    assert!(attempts.len() > 1000);
    let failed = by(&rows["job.failed"], "job_id");
    let mut most = 0;
    for (job, attempts) in &attempts {
        let numbers: Vec<f64> = attempts.iter().map(|row| number(row, "attempt")).collect();
        let expected: Vec<f64> = (1..=attempts.len()).map(|n| n as f64).collect();
        assert_eq!(numbers, expected);
        most = most.max(attempts.len());
        let failures = failed.get(job).map_or(&[][..], |rows| rows);
        for (failure, next) in failures.iter().zip(&attempts[1..]) {
            assert_eq!(next.time - failure.time, 10 * MINUTE);
            assert_eq!(next.cause, Some(failure.id));
        }
    }
    assert_eq!(most, 4);
}

#[test]
fn renewals_go_on_week_after_week() {
    let rows = played("renewals", 70);
    let renewed = by(&rows["subscription.renewed"], "subscription_id");
    for rows in renewed.values() {
        for (before, after) in rows.iter().zip(&rows[1..]) {
            assert_eq!(after.time - before.time, 7 * DAY);
            assert_eq!(number(after, "renewals"), number(before, "renewals") + 1.0);
        }
    }
    assert!(renewed.values().any(|rows| rows.len() >= 8));
    // Nine of ten follow, where there is time for it.
    let early = |row: &&Row| row.time < crate::support::START.0 + 56 * DAY;
    let early: BTreeSet<u64> = rows["subscription.renewed"]
        .iter()
        .filter(early)
        .map(|row| row.id)
        .collect();
    let causes = rows["subscription.renewed"]
        .iter()
        .filter_map(|row| row.cause);
    let share = causes.filter(|cause| early.contains(cause)).count() as f64 / early.len() as f64;
    assert!((share - 0.9).abs() < 0.02, "{share}");
}

#[test]
fn reminders_come_in_pairs() {
    let rows = played("reminders", 28);
    let reminded = by(&rows["invoice.reminded"], "invoice_id");
    let sent = &rows["invoice.sent"];
    for large in [0.0, 1.0] {
        let of_kind = sent.iter().filter(|row| number(row, "is_large") == large);
        let early = of_kind.filter(|row| row.time < crate::support::START.0 + 14 * DAY);
        let (mut all, mut some) = (0.0f64, 0.0f64);
        for invoice in early {
            all += 1.0;
            let Some(reminders) = reminded.get(&id(invoice, "invoice_id")) else {
                continue;
            };
            some += 1.0;
            let spacing = if large == 1.0 { 2 } else { 7 } * DAY;
            let times: Vec<i64> = reminders
                .iter()
                .map(|row| row.time - invoice.time)
                .collect();
            assert_eq!(times, [spacing, 2 * spacing]);
            let numbers: Vec<f64> = reminders
                .iter()
                .map(|row| number(row, "reminder"))
                .collect();
            assert_eq!(numbers, [1.0, 2.0]);
        }
        let expected: f64 = if large == 1.0 { 0.5 } else { 0.1 };
        assert!((some / all - expected).abs() < 0.1, "{some} of {all}");
    }
}

#[test]
fn mails_follow_in_two_ways() {
    let rows = played("reminders", 28);
    let mailed = by(&rows["customer.mailed"], "invoice_id");
    let early = |row: &&Row| row.time < crate::support::START.0 + 24 * DAY;
    let (mut offers, mut small) = (0.0, 0.0);
    for invoice in rows["invoice.sent"].iter().filter(early) {
        let mails = &mailed[&id(invoice, "invoice_id")];
        let late: Vec<i64> = mails.iter().map(|row| row.time - invoice.time).collect();
        let copy = late[0];
        assert!((DAY / 1440..=DAY / 288).contains(&copy), "{copy}");
        assert!(late[1..].iter().all(|late| *late == 3 * DAY), "{late:?}");
        assert!(late.len() <= 2 - number(invoice, "is_large") as usize);
        small += 1.0 - number(invoice, "is_large");
        offers += late.len() as f64 - 1.0;
    }
    // Three standard deviations of 1,900 invoices are 0.03.
    let share: f64 = offers / small;
    assert!((share - 0.3).abs() < 0.03, "{offers} of {small}");
}

/// For each value of one field the values of another.
fn sets(rows: &[Row], of: &str, with: &str) -> BTreeMap<u64, BTreeSet<u64>> {
    let mut sets: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for row in rows {
        sets.entry(id(row, of)).or_default().insert(id(row, with));
    }
    sets
}

#[test]
fn references_are_followed_to_the_end() {
    let rows = &played("references", 28)["expense.filed"];
    for (of, with) in [("employee_id", "team_id"), ("team_id", "department_id")] {
        let sets = sets(rows, of, with);
        assert!(
            sets.len() > 20 && sets.values().all(|set| set.len() == 1),
            "{of}"
        );
    }
    let teams = sets(rows, "team_id", "employee_id");
    assert!(teams.values().all(|team| team.len() <= 20));
    let departments = sets(rows, "department_id", "team_id");
    assert!(departments.values().all(|teams| teams.len() <= 6));
    for rows in by(rows, "department_id").values() {
        assert!(
            rows.iter()
                .all(|row| row.fields["region"] == rows[0].fields["region"])
        );
    }
    assert!(rows.iter().all(|row| id(row, "department_id") != 0));
}

#[test]
fn connections_have_two_ends() {
    let rows = played("many_to_many", 14);
    let attended = &rows["lesson.attended"];
    for with in ["student_id", "course_id"] {
        let sets = sets(attended, "enrolment_id", with);
        assert!(sets.values().all(|set| set.len() == 1), "{with}");
    }
    let students = sets(attended, "student_id", "course_id");
    assert!(
        students
            .values()
            .filter(|courses| courses.len() > 1)
            .count()
            > 100
    );
    let courses = sets(attended, "course_id", "student_id");
    assert!(courses.values().all(|students| students.len() > 5));
    // Those that were made on the way attend lessons of their course.
    let made = by(&rows["enrolment.made"], "enrolment_id");
    let mut later = attended
        .iter()
        .filter(|row| made.contains_key(&id(row, "enrolment_id")))
        .peekable();
    assert!(later.peek().is_some());
    for row in later {
        let made = made[&id(row, "enrolment_id")][0];
        assert_eq!(row.fields["course_id"], made.fields["course_id"]);
        assert_eq!(row.fields["student_id"], made.fields["student_id"]);
    }
}

#[test]
fn registers_number_without_a_gap() {
    let rows = played("registers", 7);
    let branches = by(&rows["invoice.written"], "branch_id");
    assert_eq!(branches.len(), 8);
    for rows in branches.values() {
        let numbers: Vec<f64> = rows.iter().map(|row| number(row, "number")).collect();
        let expected: Vec<f64> = (1..=rows.len()).map(|n| n as f64).collect();
        assert_eq!(numbers, expected);
    }
}

#[test]
fn balances_are_what_has_been_booked() {
    let rows = played("balances", 14);
    for rows in by(&rows["booking.made"], "account_id").values() {
        let mut balance = 100.0;
        for row in rows {
            balance += number(row, "amount_usd");
            assert_eq!(number(row, "balance_usd"), balance);
            assert!(balance >= 0.0);
        }
    }
}

#[test]
fn what_needs_both_follows_from_the_later_one() {
    let rows = played("joins", 7);
    let [paid, packed, shipped] = ["payment.received", "goods.packed", "order.shipped"]
        .map(|stream| by(&rows[stream], "order_id"));
    let mut by_payment = 0;
    for (order, packed) in &packed {
        let shipped = shipped.get(order).map_or(&[][..], |rows| rows);
        let Some(paid) = paid.get(order) else {
            assert!(shipped.is_empty(), "nobody has paid");
            continue;
        };
        assert_eq!(shipped.len(), 1);
        let later = if paid[0].time > packed[0].time {
            paid[0]
        } else {
            packed[0]
        };
        assert_eq!(
            (shipped[0].time, shipped[0].cause),
            (later.time, Some(later.id))
        );
        by_payment += usize::from(later.id == paid[0].id);
    }
    assert!(
        (200..packed.len() - 200).contains(&by_payment),
        "either comes last"
    );
}

#[test]
fn alarms_come_once_each_way() {
    let rows = played("thresholds", 14);
    let readings = by(&rows["sensor.read"], "sensor_id");
    let mut alarms: BTreeMap<u64, Vec<(i64, bool)>> = BTreeMap::new();
    for (stream, raised) in [("alarm.raised", true), ("alarm.cleared", false)] {
        for row in &rows[stream] {
            alarms
                .entry(id(row, "sensor_id"))
                .or_default()
                .push((row.time, raised));
        }
    }
    let mut all = 0;
    for (sensor, readings) in &readings {
        let mut expected = Vec::new();
        let mut high = false;
        for reading in readings {
            let level = number(reading, "level");
            if (level > 80.0 && !high) || (level < 70.0 && high) {
                high = !high;
                expected.push((reading.time, high));
            }
        }
        let mut found = alarms.remove(sensor).unwrap_or_default();
        found.sort_unstable();
        assert_eq!(found, expected);
        all += found.len();
    }
    assert!(all > 100);
}

#[test]
fn a_bed_has_one_patient_at_a_time() {
    let rows = played("beds", 14);
    let left = by(&rows["patient.left"], "patient_id");
    let beds = by(&rows["patient.arrived"], "bed_id");
    for (bed, patients) in &beds {
        if *bed == 0 || patients[0].fields["has_bed"] == Value::Bool(false) {
            continue;
        }
        for (before, after) in patients.iter().zip(&patients[1..]) {
            let end = left[&id(before, "patient_id")][0].time;
            assert!(end <= after.time, "the bed was taken");
        }
    }
    let without = rows["patient.arrived"]
        .iter()
        .filter(|row| number(row, "has_bed") == 0.0);
    let without = without.count();
    assert!(without > 0);
    assert_eq!(rows["patient.sent_on"].len(), without);
}

#[test]
fn invoices_balance_to_the_cent() {
    let rows = played("invoices", 60);
    let cents = |row: &Row, field: &str| match &row.fields[field] {
        Value::Exact(text) => text.replace('.', "").parse::<i64>().expect("cents"),
        other => panic!("{field} is {other:?}"),
    };
    let paid = by(&rows["instalment.paid"], "invoice_id");
    let mut whole = 0;
    for invoice in &rows["invoice.issued"] {
        let gross = cents(invoice, "gross_eur");
        assert_eq!(gross, cents(invoice, "net_eur") + cents(invoice, "tax_eur"));
        let parts = paid
            .get(&id(invoice, "invoice_id"))
            .map_or(&[][..], |rows| rows);
        let sum: i64 = parts.iter().map(|part| cents(part, "amount_eur")).sum();
        if parts.len() as f64 == number(invoice, "instalments") {
            assert_eq!(sum, gross);
            whole += 1;
        }
    }
    assert!(whole > 10_000);
}

#[test]
fn money_goes_to_others_and_comes_back() {
    let rows = played("transfers", 9);
    let cents = |row: &Row, field: &str| match &row.fields[field] {
        Value::Exact(text) => text.replace('.', "").parse::<i64>().expect("cents"),
        other => panic!("{field} is {other:?}"),
    };
    // What has been taken is what was given, came back, and is under way.
    let under_way = |until: i64| -> i64 {
        let sum = |stream: &str, holds: &dyn Fn(&Row) -> bool| -> i64 {
            let all = rows[stream].iter().filter(|row| row.time <= until);
            let all = all.filter(|row| holds(row));
            all.map(|row| cents(row, "amount_eur")).sum()
        };
        let is =
            |field: &'static str, wanted| move |row: &Row| row.fields[field] == Value::Bool(wanted);
        sum("transfer.ordered", &is("covered", true))
            - sum("transfer.received", &is("accepted", true))
            - sum("transfer.decided", &is("granted", false))
            - sum("transfer.returned", &|_| true)
    };
    let hours = &rows["hour.closed"];
    for hour in hours {
        let moved = under_way(hour.time) - under_way(hours[0].time);
        let counted = cents(hour, "under_way_eur") - cents(&hours[0], "under_way_eur");
        assert_eq!(moved, counted, "{hour:?}");
    }
    let ordered = by(&rows["transfer.ordered"], "transfer_id");
    let elsewhere = |row: &&Row| {
        let order = ordered.get(&id(row, "transfer_id"));
        order.is_some_and(|order| order[0].cell != row.cell)
    };
    for stream in ["transfer.decided", "transfer.returned"] {
        assert!(rows[stream].len() > 100);
        assert_eq!(
            rows[stream].iter().find(elsewhere),
            None,
            "the payer lives where it was"
        );
    }
    let received = &rows["transfer.received"];
    let share = received.iter().filter(elsewhere).count() as f64 / received.len() as f64;
    assert!(
        (0.72..0.78).contains(&share),
        "three of four live elsewhere, found {share}"
    );
}

#[test]
fn stock_is_what_came_in_less_what_was_taken() {
    let rows = played("stock", 20);
    let flag = |row: &Row, field: &str| row.fields[field] == Value::Bool(true);
    let refilled = by(&rows["stock.refilled"], "product_id");
    let returned = by(&rows["order.returned"], "product_id");
    let asked = by(&rows["stock.asked"], "product_id");
    assert_eq!(asked.len(), 10);
    let (mut short, mut homes) = (0, BTreeSet::new());
    for (product, asked) in &asked {
        let cells: BTreeSet<u16> = asked.iter().map(|row| row.cell).collect();
        assert_eq!(cells.len(), 1, "a product lives in one cell");
        homes.extend(cells);
        let came = |row: &Row, after: &Row| -> f64 {
            let came =
                [&refilled, &returned].map(|all| all.get(product).map_or(&[][..], |all| all));
            let came = came.into_iter().flatten();
            let came = came.filter(|one| (after.time..row.time).contains(&one.time));
            came.map(|one| number(one, "pieces")).sum()
        };
        for pair in asked.windows(2) {
            let (before, row) = (pair[0], pair[1]);
            let there = number(before, "left") + came(row, before);
            let taken = flag(row, "is_taken");
            assert_eq!(taken, there >= number(row, "pieces"), "{row:?}");
            let left = there - if taken { number(row, "pieces") } else { 0.0 };
            assert_eq!(number(row, "left"), left, "{row:?}");
            assert!(left >= 0.0);
            short += usize::from(!taken);
        }
    }
    assert!(short > 50, "stock runs out now and then: {short}");
    assert_eq!(homes.len(), 4, "products live in all cells");
    let elsewhere = rows["order.shipped"].iter().filter(|row| {
        let orders = rows["stock.asked"].iter();
        let mut asked = orders.filter(|asked| Some(asked.id) == row.cause);
        asked.any(|asked| asked.cell != row.cell)
    });
    assert!(elsewhere.count() > 1000, "customers of all cells buy them");
}

#[test]
fn orders_are_what_their_lines_come_to() {
    let rows = played("orders", 20);
    let mut lines: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
    for line in &rows["order.line"] {
        let order = line.cause.expect("an order");
        lines.entry(order).or_default().push(line);
    }
    let cents = |row: &Row, field: &str| (number(row, field) * 100.0).round() as i64;
    let orders: BTreeMap<u64, &Row> = rows["order.placed"]
        .iter()
        .map(|row| (row.id, row))
        .collect();
    assert!(orders.len() > 4000);
    for (id, order) in &orders {
        let own = &lines[id];
        assert_eq!(number(order, "lines") as usize, own.len());
        let sum: i64 = own.iter().map(|line| cents(line, "amount_eur")).sum();
        assert_eq!(cents(order, "net_eur"), sum);
        assert_eq!(
            cents(order, "gross_eur"),
            sum + cents(order, "shipping_eur")
        );
        let dearest = own.iter().map(|line| cents(line, "amount_eur")).max();
        assert_eq!(Some(cents(order, "dearest_eur")), dearest);
    }
    assert_eq!(lines.len(), orders.len());
    // What is in stock is shipped together; what comes back was shipped.
    let mut parcels: BTreeMap<u64, BTreeSet<i64>> = BTreeMap::new();
    for shipped in &rows["line.shipped"] {
        if shipped.fields["is_first"] == Value::Bool(true) {
            parcels
                .entry(id(shipped, "order_id"))
                .or_default()
                .insert(shipped.time);
        }
    }
    assert!(parcels.len() > 3000 && parcels.values().all(|times| times.len() == 1));
    let shipped: BTreeMap<u64, &Row> = rows["line.shipped"]
        .iter()
        .map(|row| (row.id, row))
        .collect();
    assert!(rows["line.returned"].len() > 200);
    for returned in &rows["line.returned"] {
        let of = shipped[&returned.cause.expect("a shipment")];
        assert_eq!(id(returned, "order_id"), id(of, "order_id"));
        assert!(number(returned, "quantity") <= number(of, "quantity"));
    }
}

#[test]
fn customers_have_names_numbers_and_notes() {
    let rows = played("customers", 14);
    let text = |row: &Row, field: &str| match row.fields.get(field) {
        Some(Value::Text(text)) => text.clone(),
        None => String::new(),
        other => panic!("{field} is {other:?}"),
    };
    let sent = by(&rows["invoice.sent"], "customer_id");
    let mut accounts = BTreeSet::new();
    for invoices in sent.values() {
        let first = invoices[0];
        accounts.insert(text(first, "account"));
        for (at, invoice) in invoices.iter().enumerate() {
            assert_eq!(invoice.fields["account"], first.fields["account"]);
            let number = text(invoice, "invoice_no");
            assert!(number.ends_with(&format!("-{:03}", at + 1)), "{number}");
            let subject = format!("{{{number}}} {}: ", text(invoice, "billed_to"));
            assert!(text(invoice, "subject").starts_with(&subject));
        }
    }
    assert_eq!(accounts.len(), sent.len());
    let notes = &rows["note.taken"];
    let some = |part: &str| notes.iter().any(|row| text(row, "note").contains(part));
    assert!(
        [
            "\"call me back\"",
            "first line\nsecond line",
            "אין בעיה",
            "さくら"
        ]
        .into_iter()
        .all(some)
    );
    let missing = notes
        .iter()
        .filter(|row| text(row, "passed_on_to").is_empty());
    assert!(missing.count() > 0);
}

/// The rows of a stream by the visit that they are about.
fn of_visits(rows: &BTreeMap<String, Vec<Row>>, stream: &str) -> BTreeMap<u64, Vec<Row>> {
    let groups = by(&rows[stream], "visit_id").into_iter();
    groups
        .map(|(visit, rows)| (visit, rows.into_iter().cloned().collect()))
        .collect()
}

#[test]
fn patients_go_home_when_both_tests_are_there_in_time() {
    let rows = played("triage", 7);
    let [ordered, lab, imaging, home] = [
        "tests.ordered",
        "lab.result",
        "imaging.done",
        "patient.discharged",
    ]
    .map(|stream| of_visits(&rows, stream));
    let (mut by_lab, mut late) = (0, 0);
    for (visit, lab) in &lab {
        let home = home.get(visit).map_or(&[][..], |rows| rows);
        let Some(imaging) = imaging.get(visit) else {
            assert!(home.is_empty(), "nobody has seen the images");
            continue;
        };
        let last = if lab[0].time > imaging[0].time {
            &lab[0]
        } else {
            &imaging[0]
        };
        if last.time - ordered[visit][0].time > 240 * MINUTE {
            assert!(home.is_empty(), "it is too late");
            late += 1;
            continue;
        }
        // What is after the end is not there.
        let Some(home) = home.first() else {
            assert!(last.time + 40 * MINUTE >= settings(0, 24 * 7).end.0);
            continue;
        };
        assert_eq!(home.cause, Some(last.id));
        assert!((10 * MINUTE..=40 * MINUTE).contains(&(home.time - last.time)));
        by_lab += usize::from(last.id == lab[0].id);
    }
    assert!(by_lab > 300 && late > 20, "{by_lab} {late}");
}

#[test]
fn the_first_doctor_begins_and_two_agree() {
    let rows = played("triage", 7);
    let asked = of_visits(&rows, "consult.requested");
    let mut answers: BTreeMap<u64, Vec<(i64, u64)>> = BTreeMap::new();
    for doctor in [
        "cardiologist.answered",
        "internist.answered",
        "surgeon.answered",
    ] {
        for row in &rows[doctor] {
            let of = answers.entry(id(row, "visit_id")).or_default();
            of.push((row.time, row.id));
        }
    }
    let [begun, agreed] =
        ["consult.begun", "therapy.agreed"].map(|stream| of_visits(&rows, stream));
    for (visit, answers) in &mut answers {
        answers.sort_unstable();
        let row = |rows: &BTreeMap<u64, Vec<Row>>| -> Vec<(i64, u64)> {
            let rows = rows.get(visit).into_iter().flatten();
            rows.map(|row| (row.time, row.cause.expect("a cause")))
                .collect()
        };
        assert_eq!(row(&begun), answers[..1]);
        let in_time = |(time, _): &&(i64, u64)| time - asked[visit][0].time <= 120 * MINUTE;
        let second = answers.get(1).filter(in_time);
        assert_eq!(
            row(&agreed),
            second.copied().into_iter().collect::<Vec<_>>()
        );
    }
    assert!(agreed.len() > 400 && begun.len() > agreed.len());
}

#[test]
fn who_has_not_paid_in_two_days_is_reminded() {
    let rows = played("triage", 14);
    let [paid, reminded] =
        ["payment.received", "payment.reminded"].map(|stream| of_visits(&rows, stream));
    let end = settings(0, 24 * 14).end.0;
    for bill in &rows["bill.sent"] {
        let visit = id(bill, "visit_id");
        let deadline = bill.time + 2 * DAY;
        let paid = paid.get(&visit).map_or(&[][..], |rows| rows);
        assert!(paid.len() < 2, "nobody pays twice");
        let in_time = paid.iter().any(|row| row.time < deadline);
        let reminded = reminded.get(&visit).map_or(&[][..], |rows| rows);
        let expected = usize::from(!in_time && deadline < end);
        assert_eq!(reminded.len(), expected);
        for row in reminded {
            assert_eq!((row.time, row.cause), (deadline, Some(bill.id)));
        }
    }
    assert!(reminded.len() > 200);
}

#[test]
fn a_fault_reaches_each_service_of_its_database_and_goes_on() {
    let rows = played("services", 14);
    let text = |row: &Row, field: &str| match &row.fields[field] {
        Value::Text(text) => text.to_string(),
        other => panic!("{field} is {other:?}"),
    };
    let degraded = &rows["service.degraded"];
    let mut reached: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for row in degraded {
        let new = reached.entry(row.cause.unwrap_or(0)).or_default();
        assert!(new.insert(text(row, "system")), "once each");
    }
    let end = rows["database.failed"].last().expect("some").time - DAY / 24;
    for fault in rows["database.failed"].iter().filter(|row| row.time < end) {
        let services: &[&str] = match &text(fault, "store")[..] {
            "accounts" => &["login", "profile", "support_desk"],
            "orders" => &["billing", "checkout", "invoicing"],
            "catalogue" => &["newsletter", "recommender", "search"],
            _ => &["basket", "mobile_app", "shop_front"],
        };
        assert!(reached[&fault.id].iter().eq(services));
    }
    let causes: BTreeMap<u64, &Row> = degraded.iter().map(|row| (row.id, row)).collect();
    let slowed = &rows["service.slowed"];
    assert!(slowed.len() > 50);
    for row in slowed {
        let cause = causes.get(&row.cause.unwrap_or(0));
        assert!(cause.is_none_or(
            |cause| text(cause, "system") == text(row, "upstream") && cause.root == row.root
        ));
    }
}

#[test]
fn a_machine_is_worn_once_until_it_has_been_serviced() {
    let rows = played("machines", 28);
    // Between two crossings its wear has been set anew.
    let worn = by(&rows["machine.worn"], "machine_id");
    let mut again = 0;
    for (machine, worn) in worn {
        let renewed = ["machine.serviced", "machine.repaired"].map(|stream| &rows[stream]);
        for pair in worn.windows(2) {
            let mut renewed = renewed.into_iter().flatten();
            assert!(renewed.any(|row| id(row, "machine_id") == machine
                && (pair[0].time..pair[1].time).contains(&row.time)));
            again += 1;
        }
    }
    assert!(again > 50, "{again}");
    let (busy, calm) = (rows["workshop.busy"].len(), rows["workshop.calm"].len());
    assert!(busy > 1 && busy.abs_diff(calm) <= 1, "{busy} {calm}");
}

#[test]
fn every_order_finds_one_price_of_its_time() {
    let rows = played("price_list", 14);
    let mut held = by(&rows["product.history"], "product_id");
    let mut told = 0;
    for order in &rows["order.priced"] {
        let of = held.entry(id(order, "product_id")).or_default();
        let at = |row: &Row, name: &str| match row.fields[name] {
            Value::Time(time) => time,
            ref other => panic!("{other:?} is no time"),
        };
        let holds =
            |row: &&&Row| at(row, "valid_from") <= order.time && order.time < at(row, "valid_to");
        let found: Vec<&Row> = of.iter().filter(holds).copied().collect();
        assert!(found.len() < 2);
        // What still holds at the end is in the table of products.
        for row in found {
            assert_eq!(number(row, "price_eur"), number(order, "price_eur"));
            told += 1;
        }
    }
    assert!(told > 3000, "{told}");
}
