//! Whatever a file holds, loading it ends, soon, with a model or with a report; it never panics. The
//! report can always be shown.

use std::time::Duration;

use causeflow_models::{SourceFile, from_files, template};
use proptest::prelude::*;

use crate::support::property;

/// What is put into a file at a random place: parts of the format, and what parsers trip over.
const PARTS: [&str; 60] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    ",",
    "'",
    "\"",
    "\n",
    "\r",
    "\t",
    "  ",
    "- ",
    "#",
    "|",
    ">",
    "&a ",
    "*a",
    "!!str ",
    "%",
    "@",
    "`",
    "?",
    "---\n",
    "...\n",
    "\u{feff}",
    "\u{0}",
    "\u{2028}",
    "é",
    "日本",
    "🦀",
    "\\",
    "<<: ",
    "null",
    "true",
    "-1",
    "1e308",
    "1e999",
    ".inf",
    ".nan",
    "0x10",
    "99999999999999999999",
    "0.00001",
    "..",
    "(",
    ")",
    "uniform(",
    " and not ",
    "customer.",
    "5m",
    "1 + ",
    "cell: any, ",
    "count: 9, ",
    "happens(order.placed)",
    "pick(customer)",
    "{by: cause, cases: {}}",
    "when: 'true', ",
    "at: time, ",
    "spacing: 1m, ",
];

/// One change of a text.
#[derive(Clone, Debug)]
enum Mutation {
    Insert(usize),
    Delete(u8),
    Replace(usize, u8),
    CopyLine,
    DropLine,
    SwapLines,
    Indent,
    Cut,
}

fn mutation() -> impl Strategy<Value = (bool, u32, Mutation)> {
    let part = 0..PARTS.len();
    let kind = prop_oneof![
        4 => part.clone().prop_map(Mutation::Insert),
        3 => (1..12u8).prop_map(Mutation::Delete),
        3 => (part, 1..12u8).prop_map(|(part, len)| Mutation::Replace(part, len)),
        1 => Just(Mutation::CopyLine),
        1 => Just(Mutation::DropLine),
        1 => Just(Mutation::SwapLines),
        1 => Just(Mutation::Indent),
        1 => Just(Mutation::Cut),
    ];
    (any::<bool>(), any::<u32>(), kind)
}

/// The char boundary at or before a place.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

fn mutate(text: &mut String, place: u32, mutation: &Mutation) {
    let at = boundary(text, place as usize % (text.len() + 1));
    let until = |len: u8| boundary(text, at + usize::from(len));
    match mutation {
        Mutation::Insert(part) => text.insert_str(at, PARTS[*part]),
        Mutation::Delete(len) => text.replace_range(at..until(*len), ""),
        Mutation::Replace(part, len) => text.replace_range(at..until(*len), PARTS[*part]),
        Mutation::Cut => text.truncate(at),
        Mutation::Indent => {
            let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
            text.insert_str(line, "  ");
        }
        Mutation::CopyLine | Mutation::DropLine | Mutation::SwapLines => {
            let mut lines: Vec<&str> = text.lines().collect();
            if lines.is_empty() {
                return;
            }
            let line = text[..at].matches('\n').count().min(lines.len() - 1);
            match mutation {
                Mutation::CopyLine => lines.insert(line, lines[line]),
                Mutation::DropLine => drop(lines.remove(line)),
                _ => lines.swap(line, (place as usize / 7) % text.lines().count()),
            }
            *text = lines.join("\n");
        }
    }
}

/// Loads files and shows what is wrong with them, on a thread of its own that must end in time.
/// Threads of tests have stacks of 2 MiB, a quarter of what the program has.
fn loads_or_says_why(files: Vec<SourceFile>, limit: Duration) -> Result<(), String> {
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let outcome = std::panic::catch_unwind(|| match from_files("fuzz", files) {
            Ok(model) => drop(model.compiled.warnings.render(false)),
            Err(wrong) => {
                assert!(wrong.has_errors());
                for one in &wrong.list {
                    wrong.position(one);
                    // What the structure lets pass, serde can read.
                    assert!(!one.message.contains("has the right shape"), "{one:?}");
                }
                drop((wrong.render(false), wrong.render(true)));
            }
        });
        let _ = done.send(outcome.map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            text.or(panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default()
        }));
    });
    match wait.recv_timeout(limit) {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("not loaded within {limit:?}")),
    }
}

/// Long enough for a busy machine; a load takes about a millisecond.
const LIMIT: Duration = Duration::from_secs(20);

proptest! {
    #![proptest_config(property(1500))]

    #[test]
    fn broken_templates_never_panic(mutations in prop::collection::vec(mutation(), 1..5)) {
        let mut files = template();
        for (second, place, kind) in &mutations {
            mutate(&mut files[usize::from(*second)].text, *place, kind);
        }
        let texts: Vec<String> = files.iter().map(|file| file.text.clone()).collect();
        if let Err(panic) = loads_or_says_why(files, LIMIT) {
            return Err(TestCaseError::fail(format!("{panic}\n{}", texts.join("\n=====\n"))));
        }
    }

    #[test]
    fn random_texts_never_panic(parts in prop::collection::vec(0..PARTS.len(), 0..40), tail in ".{0,20}") {
        let text = parts.iter().map(|&part| PARTS[part]).collect::<String>() + &tail;
        let files = vec![SourceFile { path: "a.yaml".into(), text: text.clone() }];
        if let Err(panic) = loads_or_says_why(files, LIMIT) {
            return Err(TestCaseError::fail(format!("{panic}\n{text:?}")));
        }
    }

    #[test]
    fn random_expressions_never_panic(parts in prop::collection::vec(0..PARTS.len(), 0..12)) {
        let text = parts.iter().map(|&part| PARTS[part]).collect::<String>().replace(['\'', '\n', '\r'], " ");
        let mut files = template();
        files[1].text = files[1].text.replacen("value: customer.id", &format!("value: '{text}'"), 1);
        if let Err(panic) = loads_or_says_why(files, LIMIT) {
            return Err(TestCaseError::fail(format!("{panic}\n{text:?}")));
        }
    }
}

/// Sizes that no person writes, but a program might.
#[test]
fn large_files_load_in_time() {
    let with_value = |value: String| {
        let mut files = template();
        files[1].text =
            files[1]
                .text
                .replacen("value: customer.id", &format!("value: '{value}'"), 1);
        files
    };
    let chain: String = (0..300)
        .map(|i| {
            format!(
                "  z.s{i}: {{causes: [{{on: {}, delay: 1m}}], fields: {{order_id: {{}}}}}}\n",
                parent(i)
            )
        })
        .collect();
    let mut long_chain = template();
    long_chain[1].text.push_str(&chain);
    let wide: String = (0..5000).map(|i| format!("t{i}: 1, ")).collect();
    let cases = [
        (
            "a sum of 100,000",
            with_value(format!("1{}", " + 1".repeat(100_000))),
        ),
        (
            "a minimum of 100,000",
            with_value(format!("min({}1)", "1, ".repeat(100_000))),
        ),
        ("negations", with_value("not ".repeat(50_000) + "true")),
        ("brackets", with_value("[".repeat(50_000))),
        ("a chain of 300 streams", long_chain),
        (
            "a choice of 5,000",
            edited(
                "choice: {DE: 60, FR: 25, NL: 15}",
                &format!("choice: {{{wide}last: 1}}"),
            ),
        ),
        (
            "a long word",
            edited("actor: customer", &format!("actor: {}", "x".repeat(50_000))),
        ),
    ];
    for (what, files) in cases {
        if let Err(wrong) = loads_or_says_why(files, LIMIT) {
            panic!("{what}: {wrong}");
        }
    }
}

fn parent(i: usize) -> String {
    if i == 0 {
        "order.placed".into()
    } else {
        format!("z.s{}", i - 1)
    }
}

fn edited(from: &str, to: &str) -> Vec<SourceFile> {
    let mut files = template();
    for file in &mut files {
        file.text = file.text.replacen(from, to, 1);
    }
    files
}
