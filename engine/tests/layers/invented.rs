//! The test of the test: invented sources with imports that are allowed, and with some that are not.

use crate::paths::named;
use crate::rules::{LAYERS, check, may_reach};

/// What is found in a source, as `line from to`.
fn found(file: &str, source: &str) -> Vec<String> {
    let found = check(file, source);
    let found = found.iter().map(|finding| {
        let to = finding.to.split(' ').next().unwrap_or_default();
        format!("{} {} {to}", finding.line, finding.from)
    });
    found.collect()
}

/// The ways in which what stands in one room can name something of another one.
fn ways((here, room): (&str, &str), (there, other): (&str, &str)) -> Vec<(String, String)> {
    let single = format!("engine/src/{here}/{room}.rs");
    let deep = format!("engine/src/{here}/{room}/deep.rs");
    let each = [
        (&single, format!("use crate::{there}::{other}::Thing;")),
        (&single, format!("use crate::{there}::{other};")),
        (
            &single,
            format!("use crate::{there}::{{{other}::{{self, Thing}}}};"),
        ),
        (
            &single,
            format!("use crate::{{\n{there}::{other}::Thing}};"),
        ),
        (&single, format!("use super::super::{there}::{other}::*;")),
        (
            &deep,
            format!("use super::super::super::{there}::{other}::Thing as It;"),
        ),
        (
            &single,
            format!("fn f() {{ crate::{there}::{other}::f::<u8>() }}"),
        ),
        (
            &single,
            format!("mod tests {{ use super::super::super::{there}::{other}::Thing; }}"),
        ),
        (
            &deep,
            format!("pub(crate) use self::super::super::super::{there}::{other}::Thing;"),
        ),
        (
            &single,
            format!("const C: char = '\"'; fn f(x: &'static crate::{there}::{other}::T) {{}}"),
        ),
    ];
    let mut each: Vec<(String, String)> = each.map(|(file, source)| (file.clone(), source)).into();
    if here == there {
        each.push((single, format!("use super::{other}::Thing;")));
        each.push((deep, format!("use super::super::{other}::Thing;")));
    }
    each
}

#[test]
fn each_way_to_name_a_room_is_found_if_it_is_forbidden_and_only_then() {
    let rooms = LAYERS
        .iter()
        .enumerate()
        .flat_map(|(layer, (name, rooms))| {
            let rooms = rooms.iter().enumerate();
            rooms.map(move |(room, room_name)| ((layer, room), (*name, *room_name)))
        });
    let rooms: Vec<_> = rooms.collect();
    let (mut allowed, mut forbidden) = (0, 0);
    for (here, from) in &rooms {
        for (there, to) in &rooms {
            for (file, source) in ways(*from, *to) {
                let found = check(&file, &source);
                if may_reach(*here, *there) {
                    allowed += 1;
                    assert!(found.is_empty(), "{file}: {source}: {found:?}");
                } else {
                    forbidden += 1;
                    assert!(!found.is_empty(), "{file}: {source}");
                    for finding in found {
                        let (from, to) = (
                            format!("{}::{}", from.0, from.1),
                            format!("{}::{}", to.0, to.1),
                        );
                        assert_eq!(
                            (finding.from, finding.to.split(' ').next()),
                            (from, Some(to.as_str()))
                        );
                    }
                }
            }
        }
    }
    assert!(
        allowed > 1000 && forbidden > 1000,
        "{allowed} and {forbidden}"
    );
}

#[test]
fn a_forbidden_import_is_told_with_both_ends() {
    let source =
        "//! A queue.\n\nuse crate::base::time::Time;\nuse crate::streams::program::Program;\n";
    let found = check("engine/src/base/queue/mod.rs", source);
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    let wanted = "engine/src/base/queue/mod.rs:4: base::queue uses streams::program (crate::streams::program::Program); it may use only ";
    assert!(told.len() == 1 && told[0].starts_with(wanted), "{told:?}");
}

#[test]
fn what_is_no_import_is_not_found() {
    let source = r##"
        //! See [`cell`](crate::streams::cell).
        /* crate::streams::cell /* crate::streams::cell */ crate::streams::cell */
        pub(in crate::streams) const TEXT: &str = "crate::streams::cell \" crate::streams::cell";
        const RAW: &str = r#"crate::streams::cell " crate::streams::cell"#;
        const BYTES: &[u8] = b"crate::streams::cell";
        const SIGN: char = '\'';
        fn own(&self) -> u32 { self.streams.cell + crate::STREAM_STABILITY_VERSION }
    "##;
    assert_eq!(
        found("engine/src/base/draw.rs", source),
        Vec::<String>::new()
    );
}

#[test]
fn who_names_all_names_too_much() {
    let file = "engine/src/base/draw.rs";
    for source in [
        "use crate::streams;",
        "use crate::*;",
        "use crate as engine;",
        "use super::*;",
        "use super::super::{self as engine};",
        "mod a { mod b { use super::super::super::*; } }",
    ] {
        assert_eq!(check(file, source).len(), 1, "{source}");
    }
    assert!(check(file, "mod tests { use super::*; }").is_empty());
    assert!(check("engine/src/base/sample/beta.rs", "use super::*;").is_empty());
    assert_eq!(
        check("engine/src/streams/mod.rs", "pub use program::Program;").len(),
        1
    );
    assert_eq!(
        check(
            "engine/src/streams/unheard.rs",
            "use crate::base::time::Time;"
        )
        .len(),
        1
    );
    assert_eq!(
        check(
            "engine/src/streams/cell/mod.rs",
            "use crate::base::unheard::Time;"
        )
        .len(),
        1
    );
}

#[test]
fn crates_that_may_not_be_used_are_found() {
    let use_runs = "fn main() {}\nuse ::causeflow_runs::Run;";
    assert_eq!(found("cli/src/args/mod.rs", use_runs), Vec::<String>::new());
    assert_eq!(
        found("examples/own_sink.rs", use_runs),
        Vec::<String>::new()
    );
    assert_eq!(
        found("models/src/lib.rs", use_runs),
        ["2 causeflow_models causeflow_runs"]
    );
    assert_eq!(
        found("engine/tests/queue.rs", use_runs),
        ["2 causeflow_engine causeflow_runs"]
    );
    let use_engine = "use causeflow_engine::{base::time::Time, streams::program::Program};";
    assert_eq!(
        found("outputs/src/verify/mod.rs", use_engine),
        ["1 causeflow_outputs causeflow_engine::streams::program::Program"]
    );
    assert_eq!(
        found("outputs/src/lib.rs", "use causeflow_engine as e;").len(),
        1
    );
    assert_eq!(
        found("outputs/tests/main.rs", use_engine),
        Vec::<String>::new()
    );
    assert_eq!(found("runs/src/run.rs", use_engine), Vec::<String>::new());
    let use_models = "use {std::fmt, causeflow_models::{load, syntax::*}};";
    assert_eq!(
        found("baselines/tests/pools.rs", use_models),
        Vec::<String>::new()
    );
    assert_eq!(found("baselines/src/pool.rs", use_models).len(), 2);
    assert_eq!(
        found(
            "engine/src/base/draw.rs",
            "type E = causeflow_engine::base::time::Time;"
        )
        .len(),
        1
    );
}

#[test]
fn braces_spell_out_what_they_hold() {
    let source = "use crate::{a::{self, b as c, d::*}, e};\nmod m { fn f() { super::g::<T>() } }";
    let paths = named(source);
    let each: Vec<(usize, String)> = paths
        .iter()
        .map(|p| (p.line, p.segments.join("::")))
        .collect();
    let wanted = [
        (1, "crate::a"),
        (1, "crate::a::b"),
        (1, "crate::a::d::*"),
        (1, "crate::e"),
        (2, "super::g"),
    ];
    assert_eq!(each, wanted.map(|(line, path)| (line, path.to_string())));
    assert_eq!(paths[4].within, ["m"]);
}
