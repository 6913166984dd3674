//! State files: read back as they were, or refused with what is wrong; never lost by one that could not be written.

use crate::support::names;
use causeflow_outputs::{Advice, Error, StateKind, read_state, write_state};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

const KIND: StateKind = StateKind {
    name: "a test's state",
    version: 3,
    remedy: Advice::Anew,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    name: String,
    times: Vec<i64>,
    shares: Vec<f64>,
    inner: Option<Box<State>>,
}

fn states() -> impl Strategy<Value = State> {
    let leaf = (
        ".{0,40}",
        prop::collection::vec(any::<i64>(), 0..2000),
        prop::collection::vec(-1e9..1e9, 0..50),
    )
        .prop_map(|(name, times, shares)| State {
            name,
            times,
            shares,
            inner: None,
        });
    (leaf.clone(), leaf).prop_map(|(outer, inner)| State {
        inner: Some(Box::new(inner)),
        ..outer
    })
}

fn read(folder: &Path, kind: &StateKind) -> Result<State, Error> {
    read_state(&folder.join("state"), kind)
}

fn refusal(folder: &Path, kind: &StateKind) -> String {
    let error = read(folder, kind).expect_err("refused");
    assert!(matches!(error, Error::Input { .. }), "{error}");
    let message = error.to_string();
    assert!(message.ends_with("start the run anew"), "{message}");
    assert!(message.contains("state"), "{message}");
    message
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..Default::default() })]

    #[test]
    fn it_reads_back_and_every_change_is_noticed(
        state in states(), cut in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>(),
    ) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let entry = write_state(folder.path(), "state", &KIND, &state).expect("room");
        prop_assert_eq!(names(folder.path()), ["state"]);
        prop_assert_eq!(read(folder.path(), &KIND).expect("whole"), state);

        let path = folder.path().join("state");
        let whole = fs::read(&path).expect("written");
        let digest = format!("blake3:{}", blake3::hash(&whole));
        prop_assert_eq!((entry.path.as_str(), entry.bytes, entry.digest), ("state", whole.len() as u64, digest));
        fs::write(&path, &whole[..cut.index(whole.len())]).expect("room");
        refusal(folder.path(), &KIND);
        let mut changed = whole.clone();
        changed[flip.index(whole.len())] ^= 0x10;
        fs::write(&path, changed).expect("room");
        refusal(folder.path(), &KIND);
    }
}

fn small(name: &str) -> State {
    State {
        name: name.to_owned(),
        times: (0..1000).collect(),
        shares: vec![0.5],
        inner: None,
    }
}

#[test]
fn what_is_wrong_is_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert!(refusal(folder.path(), &KIND).contains("is missing"));
    write_state(folder.path(), "state", &KIND, &small("1")).expect("room");
    let path = folder.path().join("state");
    let whole = fs::read(&path).expect("written");
    let broken = |bytes: &[u8], expected: &str| {
        fs::write(&path, bytes).expect("room");
        let message = refusal(folder.path(), &KIND);
        assert!(message.contains(expected), "{message}");
    };
    broken(b"", "not a state file");
    broken(b"PAR1 and so on", "not a state file");
    broken(&whole[..30], "incomplete");
    broken(&whole[..whole.len() - 1], "incomplete");
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    broken(&changed, "changed or damaged");
    fs::write(&path, &whole).expect("room");
    let other = StateKind {
        name: "something else",
        ..KIND
    };
    assert!(refusal(folder.path(), &other).contains("is a test's state, not something else"));
    let newer = StateKind { version: 4, ..KIND };
    assert!(
        refusal(folder.path(), &newer)
            .contains("has layout 3, and this build of causeflow reads 4")
    );
    assert!(read(folder.path(), &KIND).is_ok());
}

#[test]
fn what_a_killed_process_left_is_no_hindrance() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_state(folder.path(), "state", &KIND, &small("1")).expect("room");
    fs::write(folder.path().join("state.new"), "half").expect("room");
    assert_eq!(read(folder.path(), &KIND).expect("whole").name, "1");
    write_state(folder.path(), "state", &KIND, &small("2")).expect("room");
    assert_eq!(read(folder.path(), &KIND).expect("whole").name, "2");
    assert_eq!(names(folder.path()), ["state"]);
}

#[test]
fn one_that_cannot_be_written_leaves_the_one_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_state(folder.path(), "state", &KIND, &small("1")).expect("room");
    // A state that fails half-way through.
    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut list = serializer.serialize_seq(Some(300_000))?;
            for number in 0..200_000_u64 {
                list.serialize_element(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15))?;
            }
            Err(serde::ser::Error::custom("no more"))
        }
    }
    let error = write_state(folder.path(), "state", &KIND, &Fails).expect_err("fails");
    assert!(matches!(error, Error::Encode { .. }), "{error}");
    assert_eq!(names(folder.path()), ["state"]);
    assert_eq!(read(folder.path(), &KIND).expect("whole").name, "1");
}
