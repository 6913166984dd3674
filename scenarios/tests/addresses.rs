//! The table of addresses in docs/scenarios.md is complete, and what it says of each is so.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use causeflow_engine::streams::program::{Program, Stream, StreamId};
use causeflow_scenarios::{ADDRESSES, Target, addresses, addresses_of};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::{property, summary, tutoring, with};

/// The rows of the table: addresses, and what may be done to them.
fn rows() -> Vec<(String, String)> {
    let docs = include_str!("../../docs/scenarios.md");
    let (_, section) = docs.split_once("### Addresses").expect("the docs have it");
    let lines = section.lines().skip_while(|line| !line.starts_with("|---"));
    let table = lines.skip(1).take_while(|line| line.starts_with('|'));
    let cells = table.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    cells
        .map(|cells| (cells[1].to_owned(), cells[3].to_owned()))
        .collect()
}

fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// What the first scenario that aims so is told.
fn told(on: &str, operation: &str) -> Vec<String> {
    let text = format!(
        "id: own\nname: Own\ndescription: Own.\nduration: 1h\nmodifiers:\n  - {{on: '{on}', {operation}}}\n"
    );
    summary(&with(&[("own.yaml", &text)]).problems_of("own"))
}

#[test]
fn the_docs_have_every_address_and_no_other() {
    let rows = rows();
    let named: BTreeSet<&str> = rows.iter().flat_map(|(cell, _)| quoted(cell)).collect();
    assert_eq!(named, ADDRESSES.into_iter().collect());
}

#[test]
fn of_each_address_the_docs_tell_what_may_be_done_and_nothing_else_is_taken() {
    let program = &tutoring().0;
    let names = |truth: bool| {
        let streams = StreamId::each(&program.streams);
        streams.flat_map(move |(at, stream)| {
            let fields = program.modifiable_fields(at).into_iter();
            let fields = fields.filter(move |name| program.is_chance(at, name) == Ok(truth));
            fields.map(move |name| {
                let is_field = stream.fields.iter().any(|(column, _)| column.name == name);
                (format!("{}/{name}", stream.name), is_field)
            })
        })
    };
    let texts = StreamId::each(&program.streams).flat_map(|(at, stream)| {
        let choices = program.modifiable_choices(at).into_iter();
        choices.map(move |name| format!("{}/{name}/{}", stream.name, program.choices(at, &name)[0]))
    });
    let texts: Vec<String> = texts.collect();
    for (cell, operations) in rows() {
        let truth = cell.contains("true or false");
        for address in quoted(&cell) {
            let examples: Vec<String> = match address {
                "STREAM/rate" | "STREAM/volume" => {
                    vec![address.replace("STREAM", "customer.tutor.search")]
                }
                "STREAM/work" => vec!["support.ticket.responded/work".to_owned()],
                "DESK/staff" => vec!["agents/staff".to_owned()],
                "STREAM/count" => vec!["system.notification.sent/count".to_owned()],
                "STREAM/FIELD" | "STREAM/LET" => names(truth)
                    .filter(|(_, is_field)| *is_field == (address == "STREAM/FIELD"))
                    .map(|(name, _)| name)
                    .collect(),
                "STREAM/FIELD/TEXT" | "STREAM/LET/TEXT" => texts.clone(),
                other => vec![
                    other.replace("STREAM", "support.ticket.created"),
                    format!(
                        "{}/payment.failure",
                        other.replace("STREAM", "support.ticket.created")
                    ),
                ],
            };
            for example in examples.iter().take(5) {
                if told(example, "multiply: 2")
                    .iter()
                    .any(|told| told.contains("nothing causes"))
                {
                    continue;
                }
                for (name, otherwise) in [
                    ("multiply", "2"),
                    ("add", "1"),
                    ("override", "1"),
                    ("shift", "0.1"),
                ] {
                    let listed = quoted(&operations)
                        .into_iter()
                        .find(|op| op.split(':').next() == Some(name));
                    let operation = match listed {
                        Some(op) if op.contains(':') => op.to_owned(),
                        _ => format!("{name}: {otherwise}"),
                    };
                    let errors = told(example, &operation);
                    let taken = !errors.iter().any(|told| !told.contains("is 1 already"));
                    assert_eq!(taken, listed.is_some(), "{example} {operation}: {errors:?}");
                }
            }
        }
    }
}

#[test]
fn what_may_not_be_bent_says_why() {
    for (address, wanted) in [
        (
            "agents/work",
            "a desk has nothing that can be bent but `staff` / `agents` is a desk: aim at how many agents it has, `agents/staff`",
        ),
        (
            "agent/staff",
            "there is no desk `agent` / did you mean `agents`?",
        ),
        (
            "student/count",
            "is a kind of entity, and how many there are and what they are like cannot be bent",
        ),
        (
            "tutor/rating",
            "that is drawn before the run begins, for both of its sides",
        ),
        (
            "session.started/delay",
            "come at appointed times, not after a delay: what was agreed upon stands",
        ),
        (
            "payment.failure/failure_code",
            "write `payment.failure/failure_code/",
        ),
        (
            "payment.failure/failure_code/no_such",
            "is never the text that is named last / the texts that it may be: ",
        ),
        (
            "rating.submitted/stars/five",
            "is not chosen by weight among several texts / ",
        ),
    ] {
        let told = told(address, "multiply: 2").join("\n");
        assert!(told.contains(wanted), "{address}: {told}");
    }
}

/// The built-in model, and all that are shown as examples.
fn programs() -> Vec<Program> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models");
    let folders = std::fs::read_dir(folder).expect("models");
    let paths = folders.map(|folder| folder.expect("an entry").path());
    let mut paths: Vec<_> = paths.collect();
    paths.sort();
    let load = |path: &Path| {
        let name = path.to_str().expect("UTF-8");
        let model = causeflow_models::load(name).expect("the model is right");
        model.compiled.program
    };
    let examples = paths.iter().map(|path| load(path));
    std::iter::once(tutoring().0.clone())
        .chain(examples)
        .collect()
}

/// Words of models that are no names, some of them parameters and some not.
const WORDS: [&str; 16] = [
    "rate",
    "volume",
    "probability",
    "delay",
    "count",
    "work",
    "staff",
    "at",
    "every",
    "spacing",
    "jitter",
    "when",
    "requires",
    "state",
    "cell",
    "time",
];

/// What somebody could write before, behind and after the slash: names and words of all kinds.
fn parts(program: &Program) -> [Vec<String>; 3] {
    let streams = program.streams.iter();
    let of_streams = streams.clone().map(|stream| stream.name.clone());
    let of_streams: Vec<String> = of_streams.collect();
    let kinds = program.kinds.iter().map(|kind| kind.name.clone());
    let desks = program.desks.iter().map(|desk| desk.name.clone());
    let counters = program.counters.iter().map(|counter| counter.name.clone());
    let owners = of_streams.iter().cloned().chain(kinds).chain(desks);
    let fields = streams.clone().flat_map(|stream| &stream.fields);
    let fields = fields.map(|(column, _)| column.name.clone());
    let lets = streams.flat_map(|stream| &stream.variables);
    let lets = lets.map(|variable| variable.name.clone());
    let words = WORDS.map(str::to_owned).into_iter();
    let texts = program.dictionary.iter().map(|text| text.to_string());
    [
        owners.chain(counters).collect(),
        words.chain(fields).chain(lets).collect(),
        of_streams.iter().cloned().chain(texts).collect(),
    ]
}

#[test]
fn whatever_is_listed_can_be_aimed_at_and_whatever_can_be_aimed_at_is_listed() {
    let mut kinds = BTreeSet::new();
    for program in programs() {
        let listed = addresses(&program);
        let all: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
        assert_eq!(all.len(), listed.len(), "{}", program.name);
        for address in &listed {
            let target = Target::of(&program, address).expect(address);
            assert_eq!(target.address, *address);
            assert_eq!(program.takes(target.stream, &target.parameter), Ok(()));
        }
        let of_streams = StreamId::each(&program.streams);
        let of_streams = of_streams.flat_map(|(at, _)| addresses_of(&program, at));
        let of_desks = listed.iter().filter(|address| address.ends_with("/staff"));
        assert_eq!(of_streams.count() + of_desks.count(), listed.len());
        let [owners, words, texts] = parts(&program);
        let words: BTreeSet<String> = words.into_iter().collect();
        let third = |one: &str| one.match_indices('/').nth(1).map(|(at, _)| at);
        let longer = listed.iter().filter_map(|one| Some(&one[..third(one)?]));
        let longer: BTreeSet<&str> = longer.collect();
        // Of the large model, names of other streams are tried by the property below.
        let (is_small, step) = match owners.len() {
            0..20 => (true, 1),
            many => (false, many / 2),
        };
        let is_listed_if_it_is_one = |address: &str| {
            let is_one = Target::of(&program, address).is_ok();
            assert_eq!(is_one, all.contains(address), "{} {address}", program.name);
            is_one
        };
        for owner in &owners {
            let own = program.stream(owner).map(|stream| &program.streams[stream]);
            let is_own = |word: &str| {
                let of_fields =
                    |own: &Stream| own.fields.iter().any(|(column, _)| column.name == word);
                let of_lets = |own: &Stream| own.variables.iter().any(|let_| let_.name == word);
                own.is_some_and(|own| of_fields(own) || of_lets(own))
            };
            let is_tried =
                |word: &&String| is_small || WORDS.contains(&word.as_str()) || is_own(word);
            for word in words.iter().filter(is_tried) {
                let address = format!("{owner}/{word}");
                let is_one = is_listed_if_it_is_one(&address);
                if is_one && WORDS.contains(&word.as_str()) {
                    kinds.insert(word.clone());
                }
                // What comes third only counts for what could have a third part.
                let has_own = longer.contains(&*address);
                for text in texts.iter().step_by(step).filter(|_| has_own) {
                    is_listed_if_it_is_one(&format!("{address}/{text}"));
                }
            }
        }
    }
    // The models have all that there is.
    let named = ADDRESSES
        .iter()
        .map(|one| one.split('/').nth(1).expect("a parameter"));
    let named: BTreeSet<String> = named
        .filter(|one| one.to_lowercase() == *one)
        .map(str::to_owned)
        .collect();
    assert_eq!(kinds, named);
}

proptest! {
    #![proptest_config(property(3000))]

    #[test]
    fn of_all_that_could_be_written_only_what_is_listed_is_taken(owner in any::<Index>(), word in any::<Index>(), text in any::<Index>()) {
        static KNOWN: OnceLock<(BTreeSet<String>, [Vec<String>; 3])> = OnceLock::new();
        let program = &tutoring().0;
        let (listed, [owners, words, texts]) =
            KNOWN.get_or_init(|| (addresses(program).into_iter().collect(), parts(program)));
        let (owner, word, text) = (owner.get(owners), word.get(words), text.get(texts));
        for address in [format!("{owner}/{word}"), format!("{owner}/{word}/{text}")] {
            prop_assert_eq!(Target::of(program, &address).is_ok(), listed.contains(&address), "{}", address);
        }
    }
}

/// What is refused says what there is instead, and each address that it names is one.
#[test]
fn help_names_only_addresses_that_there_are() {
    let program = &tutoring().0;
    let timer = "system.platform.snapshot";
    for (address, message, wanted) in [
        (
            format!("{timer}/volume"),
            "nothing causes",
            "what can be bent of `system.platform.snapshot`: ",
        ),
        (
            format!("{timer}/every"),
            "no parameter or field `every`",
            "when timers go off",
        ),
        (
            format!("{timer}/at"),
            "no parameter or field `at`",
            "is not bent",
        ),
        (
            format!("{timer}/work"),
            "wait at no desk",
            "what can be bent of",
        ),
        (
            "session.started/spacing".into(),
            "no parameter or field `spacing`",
            "is not bent",
        ),
    ] {
        let (found, help) = Target::of(program, &address).expect_err(&address);
        let help = help.expect("there is help");
        assert!(found.contains(message), "{address}: {found}");
        assert!(help.contains(wanted), "{address}: {help}");
        assert!(
            !help.contains("/rate") && !help.contains("/delay"),
            "{address}: {help}"
        );
    }
    let counter = &program.counters[0].name;
    let (found, _) = Target::of(program, &format!("{counter}/value")).expect_err("no address");
    assert!(found.contains("is a counter"), "{found}");
    for (stream, definition) in StreamId::each(&program.streams) {
        let (_, help) =
            Target::of(program, &format!("{}/zzzzzzzz", definition.name)).expect_err("no address");
        let help = help.expect("there is help");
        let Some((_, list)) = help.split_once(": ") else {
            assert!(addresses_of(program, stream).is_empty(), "{help}");
            continue;
        };
        let list = list.split(';').next().expect("a list");
        for short in list.split(", ") {
            let address = format!("{}/{short}", definition.name);
            let listed = addresses_of(program, stream);
            let prefix = address.trim_end_matches("TEXT");
            assert!(
                listed
                    .iter()
                    .any(|one| *one == address || prefix != address && one.starts_with(prefix)),
                "{address}"
            );
        }
    }
}
