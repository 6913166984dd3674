//! A session is a run on a clock: the same events, whatever is asked when, and its journal gives them again.

use std::collections::BTreeMap;
use std::fs;
use std::ops::{ControlFlow, Range};
use std::path::Path;

use causeflow_baselines::Resolution;
use causeflow_engine::base::time::{Span, Time};
use causeflow_runs::diff::{Pair, compare};
use causeflow_runs::live::{
    Anomaly, Command, Encoder, Entry, Header, Injection, Live, Past, Twin, VersionShown, Written,
    made_from, replay,
};
use causeflow_runs::regenerate::{Amendment, Regeneration};
use causeflow_runs::{Control, Job, Kind, RunSpec, Sources};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{play, temp};

fn header() -> Header {
    Header {
        journal_version: 1,
        spec: RunSpec {
            days: 3.0,
            scale: 0.002,
            ..RunSpec::of("tutoring")
        },
        live_from: None,
        model_digest: None,
        stream_stability_version: None,
    }
}

/// A session, and what has been given out of it as lines.
struct Played {
    live: Live,
    epoch: String,
    lines: Vec<String>,
}

impl Played {
    fn open(folder: &Path, entries: &[Entry]) -> Played {
        let live = Live::open(folder, header(), entries, &()).expect("a session");
        Played::of(live)
    }

    fn of(live: Live) -> Played {
        Played {
            epoch: live.epoch(),
            lines: Vec::new(),
            live,
        }
    }

    /// Gives out all events before a time.
    fn until(&mut self, time: Time) {
        let mut encoder = Encoder::new(self.live.tables());
        while self.live.given_out() < time {
            let window = match self.live.windows().first() {
                Some(window) => window.clone(),
                None => self.live.next(&()).expect("the next window"),
            };
            let (from, to) = (self.live.given_out(), time.min(window.to));
            for at in window.until(from)..window.until(to) {
                let mut line = Vec::new();
                encoder.append(&window, at, &mut line).expect("JSON");
                let line = String::from_utf8(line).expect("text");
                let stream = &self.live.tables().streams[window.stream(at)].name;
                let number = window.before + at as u64;
                self.lines.push(format!("{number} {stream} {line}"));
            }
            self.live.give_out(to).expect("a disk");
        }
    }

    fn command(&mut self, command: Command) -> Result<Entry, causeflow_runs::Error> {
        self.command_at(self.live.given_out(), command)
    }

    /// Plays what versions there are to be played.
    fn make_versions(&self) -> Vec<VersionShown> {
        let (past, now) = (self.live.past(), self.live.given_out());
        while let Some(name) = past.version_to_make(now) {
            past.make_version(&name, &()).expect("it is one");
        }
        past.versions(now)
    }

    fn command_at(&mut self, at: Time, command: Command) -> Result<Entry, causeflow_runs::Error> {
        let entry = Entry::new(causeflow_runs::numbers::instant(at), command);
        self.live.command(entry, &())
    }
}

fn start() -> Time {
    Time(1_769_990_400_000_000)
}

fn after(minutes: i64) -> Time {
    start() + Span(minutes * Span::MINUTE.0)
}

fn scenario(id: &str, duration: Option<&str>) -> Command {
    Command::Scenario {
        scenario: id.to_owned(),
        duration: duration.map(str::to_owned),
    }
}

fn stop(intervention: Option<String>) -> Command {
    Command::Stop { intervention }
}

fn inject(template: &str) -> Command {
    Command::Inject {
        event: Injection {
            template: Some(template.to_owned()),
            causal: true,
            ..Injection::default()
        },
    }
}

#[test]
fn a_session_without_commands_is_a_run() {
    let folder = temp();
    let mut played = Played::open(folder.path(), &[]);
    played.until(after(3 * 24 * 60));
    let run = Job::of(header().spec, None, &()).expect("a run");
    let result = run.play(&()).expect("played");
    let rows: u64 = result.streams.iter().map(|stream| stream.rows).sum();
    assert_eq!(played.lines.len() as u64, rows);
    drop(played);
    let verdict = replay(folder.path(), &()).expect("it is there");
    assert_eq!(verdict.difference, None);
    assert_eq!((verdict.until, verdict.events), (after(3 * 24 * 60), rows));
    assert_eq!(verdict.fingerprint, result.fingerprint.to_string());
}

#[test]
fn a_scenario_that_is_defined_is_there_at_once() {
    let folder = temp();
    let mut played = Played::open(folder.path(), &[]);
    played.until(after(90));
    let known = |live: &Live| {
        let scenarios = live.past().scenarios();
        scenarios.into_iter().any(|scenario| scenario.id == "own")
    };
    assert!(!known(&played.live));
    let text = "{id: own, name: Own, description: Mine., duration: 1h, settling: immediate, modifiers: \
                [{on: customer.tutor.search/rate, multiply: 2}]}";
    played
        .command(Command::Define {
            text: text.to_owned(),
        })
        .expect("a scenario");
    assert!(known(&played.live));
    assert!(played.live.past().scenario_file("own").is_some());
    drop(played);
    let again = Live::resume(folder.path(), &()).expect("the session");
    assert!(known(&again));
}

#[test]
fn a_preview_tells_also_what_begins_later() {
    let folder = temp();
    let mut played = Played::open(folder.path(), &[]);
    played.until(after(90));
    let entry = Entry::new(
        after(90).to_string(), // Its impact begins two hours after it.
        inject("blog-viral"),
    );
    let past = played.live.past();
    let told = past.preview(&entry, after(90)).expect("a preview");
    let [one] = &told[..] else {
        panic!("one intervention: {told:?}")
    };
    assert_eq!((one.state, one.start), ("waiting", after(90 + 120)));
    assert!(!one.modifiers.is_empty());
    assert!(past.state(after(90)).interventions.is_empty());
}

/// What is wrong with a session that is asked for leaves no trace.
#[test]
fn what_cannot_be_begun_leaves_no_folder() {
    let folder = temp();
    let place = folder.path().join("session");
    let mut unknown = header();
    unknown.spec.model = "tutorin".to_owned();
    assert!(Live::open(&place, unknown, &[], &()).is_err());
    let entry = Entry::new("day2".to_owned(), scenario("no-such-scenario", None));
    assert!(Live::open(&place, header(), &[entry], &()).is_err());
    assert!(!place.exists());
}

/// A process may be killed while it writes a line: the command of that line was never acknowledged.
#[test]
fn a_line_that_was_cut_off_never_counted() {
    let folder = temp();
    let mut played = Played::open(folder.path(), &[]);
    played.until(after(30));
    played.command(inject("blog-viral")).expect("a template");
    drop(played);
    let path = folder.path().join("journal.jsonl");
    let whole = fs::read_to_string(&path).expect("a journal");
    fs::write(&path, format!("{whole}{{\"at\":\"2026-02-")).expect("a disk");
    let header = made_from(folder.path()).expect("it can be read");
    assert_eq!(header.map(|header| header.spec.seed), Some(42));
    let verdict = replay(folder.path(), &()).expect("it plays");
    assert_eq!(verdict.difference, None);
    let live = Live::resume(folder.path(), &()).expect("it goes on");
    assert_eq!(live.journal().1.len(), 1);
    let mut played = Played::of(live);
    played
        .command(scenario("payment-outage", None))
        .expect("a scenario");
    let text = fs::read_to_string(&path).expect("a journal");
    assert_eq!(text.lines().count(), 3);
    assert!(text.starts_with(&whole) && text.ends_with('\n'));
}

/// What is done to a session, one after the other.
#[derive(Clone, Debug)]
enum Deed {
    GiveOut(i64),
    Scenario(&'static str, Option<&'static str>),
    Stop,
    /// One of what acts lets go.
    StopOne(usize),
    Own,
    Inject(&'static str),
    Reset,
    /// Something is put into the past, so many minutes ago.
    PutIn(i64, Command),
    /// The first version is dropped.
    Drop,
    /// Versions are played.
    Make,
    /// The process ends without a word, and another one goes on.
    Kill,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => (1_i64..900).prop_map(Deed::GiveOut),
        2 => (prop_oneof![
            Just("exam-season-surge"), Just("payment-outage"), Just("supply-crisis"), Just("support-overload"),
        ], prop_oneof![Just(None), Just(Some("2h")), Just(Some("7h"))]).prop_map(|(id, d)| Deed::Scenario(id, d)),
        1 => Just(Deed::Stop),
        2 => (0_usize..5).prop_map(Deed::StopOne),
        1 => Just(Deed::Own),
        2 => prop_oneof![Just("blog-viral"), Just("aws-outage"), Just("podcast-sponsorship")].prop_map(Deed::Inject),
        1 => Just(Deed::Reset),
        3 => (1_i64..2000, prop_oneof![
            Just(scenario("payment-outage", Some("5h"))), Just(scenario("exam-season-surge", None)), Just(inject("blog-viral")),
            Just(inject("aws-outage")), Just(own_event()),
        ]).prop_map(|(back, command)| Deed::PutIn(back, command)),
        1 => Just(Deed::Drop),
        1 => Just(Deed::Make),
        2 => Just(Deed::Kill),
    ];
    prop::collection::vec(deed, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// However commands, kills and looking on are mixed: what has been given out in an epoch is what the journal gives
    /// when it is known from the start.
    #[test]
    fn a_journal_gives_the_session_again(deeds in deeds()) {
        let folder = temp();
        let mut played = Played::open(folder.path(), &[]);
        for deed in deeds {
            match deed {
                Deed::GiveOut(minutes) => {
                    let to = played.live.given_out() + Span(minutes * Span::MINUTE.0);
                    played.until(to);
                }
                Deed::Scenario(id, duration) => {
                    let _ = played.command(scenario(id, duration)).map_err(|error| assert_eq!(error.kind(), Kind::Conflict, "{error}"));
                }
                Deed::Stop => {
                    let _ = played.command(stop(None)).map_err(|error| assert_eq!(error.kind(), Kind::Conflict, "{error}"));
                }
                Deed::StopOne(number) => {
                    let now = played.live.given_out();
                    let acting = played.live.past().state(now).interventions;
                    let Some(one) = acting.get(number % acting.len().max(1)) else { continue };
                    let stopped = played.command(stop(Some(one.name.clone())));
                    prop_assert_eq!(stopped.is_ok(), one.state == "active", "{:?} {:?}", one, stopped.err());
                    let acting = played.live.past().state(now).interventions;
                    let left = acting.iter().find(|other| other.name == one.name);
                    prop_assert!(left.is_none_or(|left| left.state == "settling"));
                }
                Deed::Own => drop(played.command(own_event()).expect("it goes")),
                Deed::Inject(template) => {
                    let _ = played.command(inject(template)).map_err(|error| assert_eq!(error.kind(), Kind::Model, "{error}"));
                }
                Deed::Reset => {
                    let given_out = played.live.given_out();
                    played.command(Command::Reset).expect("it can always be reset");
                    prop_assert_ne!(&played.epoch, &played.live.epoch());
                    // In the new epoch everything is other, and counts from the beginning.
                    let again = Played::of(played.live);
                    played = again;
                    played.lines = past_lines(&played.live, given_out);
                }
                Deed::PutIn(back, command) => {
                    let at = played.live.given_out() - Span(back * Span::MINUTE.0);
                    let known = played.live.past().versions(at).len();
                    let refused = played.command_at(at, command).map(drop);
                    let refused = refused.map_err(|error| (error.kind(), error.to_string()));
                    let more = played.live.past().versions(at).len() - known;
                    match refused {
                        Ok(()) => prop_assert_eq!(more, 1),
                        Err((kind, _)) => prop_assert!(more == 0 && matches!(kind, Kind::Conflict | Kind::Model | Kind::Input)),
                    }
                    prop_assert!(at >= played.live.start() || more == 0);
                }
                Deed::Drop => {
                    let versions = played.live.past().versions(after(0));
                    let dropped = versions.first().map(|version| version.name.clone());
                    let done = played.command(Command::Drop { name: dropped.clone().unwrap_or("v1".to_owned()) });
                    prop_assert_eq!(done.is_ok(), dropped.is_some());
                    prop_assert_eq!(played.live.past().versions(after(0)).len(), versions.len().saturating_sub(1));
                }
                Deed::Make => drop(played.make_versions()),
                Deed::Kill => {
                    let (lines, epoch) = (played.lines, played.epoch);
                    let given_out = played.live.given_out();
                    drop(played.live);
                    let live = Live::resume(folder.path(), &()).expect("it can be gone on with");
                    prop_assert_eq!((live.epoch(), live.given_out()), (epoch.clone(), given_out));
                    played = Played { live, epoch, lines };
                }
            }
        }
        let last = played.live.given_out() + Span(400 * Span::MINUTE.0);
        played.until(last);
        let versions = played.make_versions();
        for version in &versions {
            is_what_differs(&played, version);
        }
        let (_, entries) = played.live.journal();
        let other = temp();
        let mut known = Played::open(other.path(), entries);
        known.until(last);
        prop_assert_eq!(played.lines.len(), known.lines.len());
        for (was, is) in played.lines.iter().zip(&known.lines) {
            prop_assert_eq!(was, is);
        }
        drop(played);
        let verdict = replay(folder.path(), &()).expect("it is there");
        prop_assert_eq!(verdict.difference, None);
        // What it was compared up to is a barrier, beyond which the last ones may end.
        let compared = versions.iter().filter(|version| version.to <= last).count();
        prop_assert_eq!(verdict.versions, compared);
    }
}

fn own_event() -> Command {
    let definition = serde_json::json!({
        "type": "operational", "title": "A change", "description": "By hand.", "severity": "info", "icon": "sliders",
        "expects": {"streams": ["customer.tutor.search"], "direction": "increase", "magnitude": "medium"},
        "duration": "3h", "modifiers": [{"on": "customer.tutor.search/rate", "multiply": 3}],
    });
    Command::Inject {
        event: Injection {
            definition: Some(definition),
            causal: true,
            ..Injection::default()
        },
    }
}

/// An event of a line without what it is attributed to: its stream and its row.
fn event(line: &str) -> (String, Value) {
    let mut parts = line.splitn(3, ' ').skip(1);
    let stream = parts.next().expect("a stream").to_owned();
    let mut row: Value = serde_json::from_str(parts.next().expect("a row")).expect("JSON");
    row.as_object_mut()
        .expect("an object")
        .remove("attribution");
    (stream, row)
}

/// Holds what a version says about itself against its rows, and those against what was given out.
fn is_what_differs(played: &Played, version: &VersionShown) {
    let outcome = version.outcome.as_ref().expect("it has been made");
    let past = played.live.past();
    let is = version_lines(&past, &version.name);
    let within = |row: &Value| {
        let time = row["time"]
            .as_str()
            .expect("a time")
            .parse::<jiff::Timestamp>()
            .expect("an instant");
        (version.from.0..version.to.0).contains(&time.as_microsecond())
    };
    let events = |lines: &[String]| -> BTreeMap<(String, String), Value> {
        let events = lines
            .iter()
            .map(|line| event(line))
            .filter(|(_, row)| within(row));
        events
            .map(|(stream, row)| ((stream, row["event_id"].to_string()), row))
            .collect()
    };
    let (was, is) = (events(&played.lines), events(&is));
    assert_eq!(
        (is.len() as u64, was.len() as u64),
        (outcome.events, outcome.given_out),
        "{version:?}"
    );
    let both = is.iter().filter_map(|(id, row)| Some((row, was.get(id)?)));
    let moved = both.clone().filter(|(a, b)| a["time"] != b["time"]).count() as u64;
    let changed = both
        .clone()
        .filter(|(a, b)| a["time"] == b["time"] && a != b)
        .count() as u64;
    let added = is.keys().filter(|id| !was.contains_key(*id)).count() as u64;
    let removed = was.keys().filter(|id| !is.contains_key(*id)).count() as u64;
    let counts = outcome.counts;
    assert_eq!(
        (counts.added, counts.removed, counts.moved, counts.changed),
        (added, removed, moved, changed),
        "{version:?}"
    );
    let told = past
        .version_difference(&version.name, None, version.to)
        .expect("it has been made");
    assert_eq!(told.events.len() as u64, counts.total().min(1000));
    for one in &told.events {
        let id = (one.stream.clone(), format!("\"{}\"", one.event_id));
        let (a, b) = (is.get(&id), was.get(&id));
        let change = match (a, b) {
            (Some(_), None) => "added",
            (None, Some(_)) => "removed",
            (Some(a), Some(b)) if a["time"] != b["time"] => "moved",
            (Some(a), Some(b)) if a != b => "changed",
            _ => "the same",
        };
        assert_eq!(one.change, change, "{one:?}");
    }
}

/// The events of a version, looked up in two parts.
fn version_lines(past: &Past, name: &str) -> Vec<String> {
    let [first, last] = past.events_of_version(name).expect("it has been made");
    let middle = first + (last - first) / 3;
    let mut lines = Vec::new();
    for (first, last) in [(first, middle), (middle, last)] {
        if first == last {
            continue;
        }
        let done = past.windows_of_version(name, first, &(), &mut |window| {
            let place = |number: u64| number.saturating_sub(window.before) as usize;
            for at in place(first)..place(last).min(window.len()) {
                let mut encoder = Encoder::new(&window.tables);
                let mut line = Vec::new();
                encoder.append(&window, at, &mut line).expect("JSON");
                let line = String::from_utf8(line).expect("text");
                let stream = &window.tables.streams[window.stream(at)].name;
                lines.push(format!("{} {stream} {line}", window.before + at as u64));
            }
            match window.before + window.len() as u64 >= last {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        done.expect("it is there");
    }
    let numbers = lines
        .iter()
        .map(|line| line.split(' ').next().expect("a number"));
    let numbers: Vec<u64> = numbers
        .map(|number| number.parse().expect("a number"))
        .collect();
    assert!(numbers.iter().copied().eq(first..last));
    lines
}

/// A session is a run, and its versions are those of the run.
#[test]
fn a_version_of_a_session_is_that_of_a_run() {
    let (folder, other) = (temp(), temp());
    let mut played = Played::open(folder.path(), &[]);
    let to = after(2 * 24 * 60 + 15 * 60);
    played.until(to);
    play(header().spec, other.path());
    let out = other.path().join("out");
    let given_out = played.lines.clone();
    for (name, command, back, put_in) in [
        ("v1", scenario("payment-outage", None), 12, "payment-outage"),
        ("v2", inject("blog-viral"), 30, "blog-viral"),
    ] {
        let at = to - Span(back * Span::HOUR.0);
        let entry = played.command_at(at, command).expect("it goes");
        let of = entry.version.expect("it makes a version");
        assert_eq!(
            (&*of.name, &*of.to),
            (name, &*causeflow_runs::numbers::instant(to))
        );
        let shown = played.live.past().version(name, to).expect("it is there");
        assert_eq!((shown.state, shown.from, shown.to), ("playing", at, to));
        let versions = played.make_versions();
        let shown = versions.last().expect("a version");
        assert_eq!(shown.state, "made");
        is_what_differs(&played, shown);
        let what = format!("{put_in}@{}", causeflow_runs::numbers::instant(at));
        let is_scenario = put_in == "payment-outage";
        let amendment = Amendment {
            out: out.clone(),
            from: causeflow_runs::numbers::instant(at),
            to: of.to,
            scenarios: if is_scenario {
                vec![what.clone()]
            } else {
                Vec::new()
            },
            events: if is_scenario { Vec::new() } else { vec![what] },
            ..Amendment::default()
        };
        let regeneration = Regeneration::of(&amendment, Sources::default(), &());
        let made = regeneration
            .and_then(|one| one.make(&()))
            .expect("a version");
        assert_eq!(made.version, name);
        let pair = Pair {
            a: out.clone(),
            version: Some(name.to_owned()),
            ..Pair::default()
        };
        let compared = compare(&pair, &())
            .expect("they can be")
            .outcome(1000, false);
        let told = played
            .live
            .past()
            .version_difference(name, None, to)
            .expect("it has been made");
        let outcome = shown.outcome.as_ref().expect("it has been made");
        assert_eq!(
            (outcome.events, outcome.counts),
            (made.rows, compared.counts)
        );
        assert!(
            outcome.counts.total() > 0
                && outcome.identical_streams == compared.identical_streams.len()
        );
        let differing = told
            .streams
            .into_iter()
            .filter(|one| one.counts.total() > 0);
        let differing: BTreeMap<String, _> = differing.map(|one| (one.name.clone(), one)).collect();
        let by_run = compared
            .streams
            .into_iter()
            .map(|one| (one.name.clone(), one));
        assert_eq!(differing, by_run.collect());
        let short = |events: &[causeflow_runs::diff::DifferingEvent]| -> Vec<_> {
            let events = events.iter();
            let mut all: Vec<_> = events
                .map(|one| {
                    (
                        one.event_id.clone(),
                        one.change.clone(),
                        one.time.clone(),
                        one.twin_time.clone(),
                    )
                })
                .collect();
            all.sort();
            all
        };
        if compared.counts.total() < 1000 {
            assert_eq!(short(&told.events), short(&compared.events));
        }
    }
    // What was given out stays, and goes on as if nothing had been put in.
    played.until(after(3 * 24 * 60));
    assert!(played.lines[..given_out.len()] == given_out);
    drop(played);
    let mut plain = Played::open(&folder.path().join("plain"), &[]);
    plain.until(after(3 * 24 * 60));
    let run = Job::of(header().spec, None, &()).expect("a run");
    let verdict = replay(folder.path(), &()).expect("it is there");
    assert_eq!((verdict.difference, verdict.versions), (None, 2));
    assert_eq!(
        verdict.fingerprint,
        run.play(&()).expect("played").fingerprint.to_string()
    );
}

#[test]
fn what_cannot_be_put_into_the_past_is_refused_and_leaves_nothing() {
    let folder = temp();
    let mut played = Played::open(folder.path(), &[]);
    played.until(after(60));
    played
        .command(scenario("payment-outage", Some("2h")))
        .expect("it begins");
    played.until(after(10 * 60));
    let journal = fs::read(folder.path().join("journal.jsonl")).expect("a journal");
    for (at, command, kind) in [
        (after(-1), inject("blog-viral"), Kind::Input),
        (after(90), scenario("supply-crisis", None), Kind::Conflict),
        (
            after(0),
            scenario("supply-crisis", Some("3h")),
            Kind::Conflict,
        ),
        (after(0), scenario("no-such", None), Kind::Model),
        (after(90), inject("no-such"), Kind::Model),
        (after(90), stop(None), Kind::Input),
        (
            after(600),
            Command::Drop {
                name: "v1".to_owned(),
            },
            Kind::Input,
        ),
    ] {
        let refused = played
            .command_at(at, command.clone())
            .expect_err("it does not go");
        assert_eq!(refused.kind(), kind, "{command:?}: {refused}");
    }
    assert_eq!(
        fs::read(folder.path().join("journal.jsonl")).expect("a journal"),
        journal
    );
    assert!(played.live.past().versions(after(600)).is_empty());
    // It may begin where another one ended, and end where it begins.
    played
        .command_at(after(180), scenario("supply-crisis", None))
        .expect("it goes");
    played
        .command_at(after(0), scenario("supply-crisis", Some("1h")))
        .expect("it goes");
    let versions = played.make_versions();
    let names: Vec<&str> = versions.iter().map(|version| &*version.name).collect();
    assert_eq!(names, ["v1", "v2"]);
    // A version comes back with the session, also when what it came to is lost; a name is not given twice.
    played
        .command(Command::Drop {
            name: "v1".to_owned(),
        })
        .expect("it is there");
    fs::remove_file(folder.path().join("versions/v2/made.json")).expect("it has been made");
    let outcome = |version: &VersionShown| {
        let outcome = version.outcome.as_ref().expect("it has been made");
        (outcome.events, outcome.counts, outcome.fingerprint.clone())
    };
    let was = outcome(&versions[1]);
    drop(played);
    assert!(!folder.path().join("versions/v1").exists());
    let mut played = Played::of(Live::resume(folder.path(), &()).expect("the session"));
    let versions = played.make_versions();
    assert_eq!((versions.len(), outcome(&versions[0])), (1, was));
    let entry = played
        .command_at(after(200), inject("blog-viral"))
        .expect("it goes");
    assert_eq!(entry.version.expect("a version").name, "v3");
    // What is past is another past after a reset.
    played.command(Command::Reset).expect("it can always be");
    assert!(played.live.past().versions(after(600)).is_empty());
    assert_eq!(
        fs::read_dir(folder.path().join("versions"))
            .expect("a folder")
            .count(),
        0
    );
}

/// What has been defined in the same instant can be put in, and what is defined anew later leaves that as it was.
#[test]
fn a_version_has_the_scenarios_that_there_were() {
    let folder = temp();
    let mut played = Played::open(folder.path(), &[]);
    played.until(after(10 * 60));
    let own = |by: u32| Command::Define {
        text: format!(
            "{{id: own, name: Own, description: Mine., duration: 1h, settling: immediate, modifiers: [{{on: \
             customer.tutor.search/rate, multiply: {by}}}]}}"
        ),
    };
    let at = after(7 * 60);
    for by in [3, 1] {
        played.command(own(by)).expect("a scenario");
        played
            .command_at(at, scenario("own", None))
            .expect("it is known");
    }
    let added = |played: &Played| -> Vec<bool> {
        let made = played.make_versions().into_iter();
        let made = made.map(|one| one.outcome.expect("it has been made"));
        made.map(|outcome| outcome.counts.added > 0).collect()
    };
    assert_eq!(added(&played), [true, false]);
    drop(played);
    fs::remove_dir_all(folder.path().join("versions")).expect("they have been made");
    let again = Live::resume(folder.path(), &()).expect("the session");
    assert_eq!(added(&Played::of(again)), [true, false]);
    assert_eq!(replay(folder.path(), &()).expect("it is there").versions, 2);
}

/// All events of a session before a time, from what is past.
fn past_lines(live: &Live, until: Time) -> Vec<String> {
    let (past, mut time) = (live.past(), live.start());
    let mut encoder = Encoder::new(live.tables());
    let mut lines = Vec::new();
    while time < until {
        let window = past.window_at(time, &()).expect("it has been played");
        for at in 0..window.until(until) {
            let mut line = Vec::new();
            encoder.append(&window, at, &mut line).expect("JSON");
            let line = String::from_utf8(line).expect("text");
            let stream = &live.tables().streams[window.stream(at)].name;
            lines.push(format!("{} {stream} {line}", window.before + at as u64));
        }
        time = window.to;
    }
    lines
}

#[test]
fn a_window_is_over_when_whoever_has_the_clock_has_come_to_its_end() {
    let folder = temp();
    let mut live = Live::open(&folder.path().join("s"), header(), &[], &()).expect("a session");
    let first = live.windows().first().expect("a window").clone();
    live.position().give_out(first.to).expect("written");
    assert!(live.windows().is_empty());
    let outage = Entry::new(
        causeflow_runs::numbers::instant(first.to),
        Command::Scenario {
            scenario: "payment-outage".to_owned(),
            duration: None,
        },
    );
    live.command(outage, &()).expect("it goes");
    // What a command leaves to be given out comes after its time.
    assert!(live.windows().iter().all(|window| window.to > first.to));
    assert_eq!(live.windows().first().expect("the next one").from, first.to);
}

struct Cancelled;

impl Control for Cancelled {
    fn cancelled(&self) -> bool {
        true
    }
}

#[test]
fn a_command_that_comes_while_a_window_is_played_bends_that_window() {
    let folder = temp();
    let outage = |at: Time| {
        Entry::new(
            causeflow_runs::numbers::instant(at),
            Command::Scenario {
                scenario: "payment-outage".to_owned(),
                duration: None,
            },
        )
    };
    let mut played = Played::open(&folder.path().join("s"), &[]);
    let barrier = played.live.played();
    played.until(barrier);
    // It takes time to play the next one, and the command does not wait for that.
    let cancelled = played.live.next(&Cancelled).expect_err("nothing");
    assert_eq!(cancelled.kind(), Kind::Interrupted);
    played.live.command(outage(barrier), &()).expect("it goes");
    played.until(barrier + Span(12 * Span::HOUR.0));
    let mut whole = Played::open(&folder.path().join("whole"), &[outage(barrier)]);
    whole.until(barrier + Span(12 * Span::HOUR.0));
    assert!(played.lines == whole.lines);
    assert!(
        played
            .lines
            .iter()
            .any(|line| line.contains("payment-outage@"))
    );
}

/// What the sides of the engine tell is what differs from a session without commands, row by row; and statistics are those of the run that
/// the session would be.
#[test]
fn what_differs_from_the_twin_is_what_differs_from_a_session_without_commands() {
    let (folder, other, run) = (temp(), temp(), temp());
    play(header().spec, run.path());
    let live = Live::open(folder.path(), header(), &[], &()).expect("a session");
    let live = live.scored_against(&run.path().join("out"));
    let mut played = Played::of(live.expect("it has statistics"));
    played.until(after(9 * 60));
    let duration = Some("20h");
    played
        .command(scenario("exam-season-surge", duration))
        .expect("it begins");
    played.until(after(30 * 60));
    played.command(own_event()).expect("it happens");
    played.until(after(60 * 60 + 25));
    let mut plain = Played::open(other.path(), &[]);
    plain.until(after(60 * 60 + 25));
    let (past, now) = (played.live.past(), played.live.given_out());
    for range in [after(0)..now, after(8 * 60 + 17)..after(31 * 60 + 5)] {
        let told = past
            .against(Twin::Commands, &range, Resolution::Hour, None, now)
            .expect("it is past");
        assert_eq!(told.from.0 % Span::HOUR.0, 0);
        assert!(range.start <= told.from && told.to <= range.end);
        let rows = |lines: &[String]| -> BTreeMap<(String, String, String), Value> {
            let events = lines.iter().map(|line| event(line));
            let named = events.map(|(stream, row)| {
                let time = row["time"].as_str().expect("a time").to_owned();
                ((stream, time, row["event_id"].to_string()), row)
            });
            let within = |time: &str| {
                let time: jiff::Timestamp = time.parse().expect("an instant");
                (told.from.0..told.to.0).contains(&time.as_microsecond())
            };
            named.filter(|((_, time, _), _)| within(time)).collect()
        };
        let (is, was) = (rows(&played.lines), rows(&plain.lines));
        let mut differing = 0;
        for one in &told.streams {
            let of = |rows: &BTreeMap<(String, String, String), Value>| {
                let of = rows
                    .iter()
                    .filter(|((stream, ..), _)| *stream == one.stream);
                of.map(|(name, row)| (name.clone(), row.clone()))
                    .collect::<BTreeMap<_, _>>()
            };
            let (is, was) = (of(&is), of(&was));
            let added = is.keys().filter(|name| !was.contains_key(*name)).count();
            let removed = was.keys().filter(|name| !is.contains_key(*name)).count();
            let changed = is
                .iter()
                .filter(|(name, row)| was.get(*name).is_some_and(|other| other != *row));
            assert_eq!(
                (
                    one.events,
                    one.twin_events,
                    one.added,
                    one.removed,
                    one.changed
                ),
                (
                    is.len() as u64,
                    was.len() as u64,
                    added as u64,
                    removed as u64,
                    changed.count() as u64
                ),
                "{}",
                one.stream
            );
            differing += one.added + one.removed + one.changed;
        }
        assert!(differing > 0);
        let untouched = past.against(Twin::Untouched, &range, Resolution::Hour, None, now);
        let hours = told.from..told.to;
        let history = past.history(&hours, Resolution::Hour, None, now);
        let history = history.expect("it is past");
        for (one, of) in untouched.expect("it is past").streams.iter().zip(&history) {
            let sum = |of: &dyn Fn(&causeflow_runs::live::PointShown) -> u64, all: &[_]| -> u64 {
                all.iter().map(of).sum()
            };
            assert_eq!(
                one.twin_events,
                sum(&|point| point.untouched.unwrap_or_default(), &of.points)
            );
            assert_eq!(one.events, sum(&|point| point.point.count, &of.points));
        }
    }
    // What was done in parts of the time adds up to all of it.
    let done = |ranges: &[Range<Time>]| {
        let mut done: BTreeMap<(String, String), [u64; 4]> = BTreeMap::new();
        for range in ranges {
            for one in past.effects(range, None, now).expect("it is past") {
                let sums = done.entry((one.cause, one.stream)).or_default();
                let counts = [one.added, one.removed, one.changed, one.contention];
                sums.iter_mut()
                    .zip(counts)
                    .for_each(|(sum, one)| *sum += one);
            }
        }
        done
    };
    let (whole, cut) = (after(0)..now, after(31 * 60 + 5));
    assert_eq!(
        done(std::slice::from_ref(&whole)),
        done(&[after(0)..cut, cut..now])
    );
    assert_ne!(done(&[after(0)..cut]), done(&[whole]));
    assert_eq!(done(&[after(0)..after(0)]), BTreeMap::new());
    // The baseline is this session's own run of three days.
    played.until(after(3 * 24 * 60));
    let (past, now) = (played.live.past(), played.live.given_out());
    for resolution in Resolution::ALL {
        let all = past.against(Twin::Untouched, &(after(0)..now), resolution, None, now);
        for one in &all.expect("it is past").streams {
            assert_eq!(one.statistics.untouched, one.statistics.baseline, "{one:?}");
            let expected = one
                .expected
                .expect("the baseline knows all hours of three days");
            let twin = one.twin_events as f64;
            assert!(
                (expected.events - twin).abs() <= 1e-6 * twin.max(1.0),
                "{one:?}"
            );
            assert!(one.statistics.session.is_some());
        }
    }
}

#[test]
fn what_was_unusual_is_the_same_whenever_it_is_asked() {
    let (folder, end) = (temp(), after(9 * 24 * 60));
    let mut played = Played::open(folder.path(), &[]);
    // As it is told: hour by hour, by what is known when the hour is over.
    let mut told: Vec<Anomaly> = Vec::new();
    while played.live.given_out() < end {
        let hour = played.live.given_out();
        played.until(hour + Span::HOUR);
        let streams = played.live.tables().streams.iter();
        let scored = streams.zip(played.live.past().scores(hour));
        told.extend(scored.filter_map(|(one, score)| Anomaly::of(&one.name, hour, score)));
    }
    let unusual = |live: &Live| live.past().anomalies(live.given_out(), usize::MAX);
    assert!(told.len() > 20, "{}", told.len());
    assert_eq!(unusual(&played.live), told);
    let last = played.live.past().anomalies(end, 5);
    assert_eq!(last, told[told.len() - 5..]);
    drop(played);
    let live = Live::resume(folder.path(), &()).expect("it is there");
    assert_eq!(unusual(&live), told, "after a restart");
    drop(live);

    let folder = temp();
    let with_history = Header {
        live_from: Some(causeflow_runs::numbers::instant(end)),
        ..header()
    };
    let live = Live::open(folder.path(), with_history, &[], &()).expect("a session");
    assert_eq!(unusual(&live), told, "what came before it was live");
    let mut played = Played::of(live);
    let begin = played.live.given_out();
    played
        .command(scenario("payment-outage", Some("6h")))
        .expect("nothing is active");
    played.until(begin + Span(6 * Span::HOUR.0));
    let bent = unusual(&played.live);
    assert!(bent.starts_with(&told) && bent.len() > told.len());
    played
        .command(Command::Reset)
        .expect("it can always be reset");
    let since = |all: Vec<Anomaly>| -> Vec<Anomaly> {
        let since = all.into_iter().filter(|one| one.interval_start >= begin);
        since.collect()
    };
    let reset = unusual(&played.live);
    assert!(reset.starts_with(&told), "after a reset");
    assert_ne!(since(reset.clone()), since(bent));
    drop(played);
    let live = Live::resume(folder.path(), &()).expect("it is there");
    assert_eq!(unusual(&live), reset);
}

const FIRST: &str = r#"{"journal_version": 1, "spec": {"spec_version": 1, "model": "tutoring", "days": 3, "scale": 0.002}}"#;

/// A journal as somebody has written it, of these lines after the first.
fn written(folder: &Path, lines: &[&str]) -> Result<Written, causeflow_runs::Error> {
    let path = folder.join("hand.jsonl");
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    fs::write(&path, format!("\n{FIRST}\n{lines}")).expect("a disk");
    Written::read(&path)
}

#[test]
fn what_is_wrong_with_a_written_journal_is_told_with_its_line() {
    let folder = temp();
    let outage = r#"{"at": "day2T10:00", "command": "scenario", "scenario": "payment-outage", "duration": "4h"}"#;
    let other = r#"{"at": "day2T11:00", "command": "scenario", "scenario": "quality-crisis"}"#;
    let cases: [(&[&str], usize, &str); 14] = [
        (
            &[r#"{"at": "2020-01-01T00:00:00Z", "command": "inject", "template": "blog-viral"}"#],
            3,
            "before the session begins at 2026-02-02",
        ),
        (
            &[r#"{"at": "day0T10:00", "command": "stop"}"#],
            3,
            "`day0T10:00` is not a time",
        ),
        (
            &[r#"{"at": "-1d", "command": "stop"}"#],
            3,
            "`-1d` is not a time",
        ),
        (
            &[r#"{"at": "day1T10:00", "command": "stop"}"#],
            3,
            "no scenario is active at 2026-02-02T10:00",
        ),
        (&[outage, other], 4, "only one scenario is active at a time"),
        // It is the later one that does not go, wherever it stands.
        (
            &[other, "", outage],
            3,
            "only one scenario is active at a time",
        ),
        (
            &[
                outage,
                r#"{"at": "day3", "command": "scenario", "scenario": "payment-outag"}"#,
            ],
            4,
            "payment-outag",
        ),
        (
            &[
                outage,
                r#"{"at": "day3", "command": "inject", "template": "blog-vira"}"#,
            ],
            4,
            "blog-vira",
        ),
        (
            &[
                outage,
                r#"{"at": "day3", "command": "stop", "intervention": "no-such"}"#,
            ],
            4,
            "nothing called `no-such`",
        ),
        (
            &[
                outage,
                r#"{"at": "day3", "command": "define", "text": "id: x\nduration: long\n"}"#,
            ],
            4,
            "long",
        ),
        (
            &[
                outage,
                r#"{"at": "day3", "command": "define", "text": "a: ["}"#,
            ],
            4,
            "YAML",
        ),
        (
            &[outage, r#"{"at": "day3", "command": "drop", "name": "v1"}"#],
            4,
            "no version `v1`",
        ),
        (
            &[
                r#"{"at": "day1", "command": "inject", "template": "blog-viral", "key": "a"}"#,
                r#"{"at": "day2", "command": "inject", "template": "blog-viral", "key": "a"}"#,
            ],
            4,
            "same `key`",
        ),
        (
            &[
                outage,
                r#"{"at": "day3", "command": "inject", "template": "blog-vi"#,
            ],
            4,
            "EOF",
        ),
    ];
    for (lines, line, words) in cases {
        let error = written(folder.path(), lines).and_then(|one| one.check(&()));
        let error = error.expect_err(words);
        let place = format!(
            "line {line} of {}",
            folder.path().join("hand.jsonl").display()
        );
        assert!(error.message().starts_with(&place), "{lines:?}: {error}");
        assert!(error.message().contains(words), "{lines:?}: {error}");
        assert!(error.help().is_some(), "{lines:?}: {error}");
        let session = folder.path().join("session");
        if let Ok(written) = written(folder.path(), lines) {
            let opened = Live::open_written(&session, &written, &());
            let opened = opened.map(drop).expect_err(words);
            assert_eq!(opened.message(), error.message());
        }
        assert!(!session.exists());
    }
}

#[test]
fn the_lines_of_a_written_journal_may_stand_in_any_order() {
    let mut lines = vec![
        r#"{"at": "day1T10:00", "command": "scenario", "scenario": "payment-outage"}"#,
        r#"{"at": "day1T10:01", "command": "stop"}"#,
        r#"{"at": "day1T10:02", "command": "scenario", "scenario": "short"}"#,
        r#"{"at": "2026-02-02T16:00:00Z", "command": "inject", "template": "blog-viral"}"#,
        r#"{"at": "day2", "command": "define", "text": "id: short\nextends: payment-outage\nduration: 5h\n"}"#,
    ];
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let folder = temp();
        let written = written(folder.path(), &lines).expect("it is one");
        written.check(&()).expect("it is right");
        let session = folder.path().join("session");
        let live = Live::open_written(&session, &written, &()).expect("a session");
        let mut played = Played::of(live);
        played.until(after(24 * 60));
        let past = played.live.past();
        let scheduled = past.interventions().scheduled().into_iter();
        let scheduled: Vec<String> = scheduled
            .map(|one| format!("{} until {}", one.activation, one.end))
            .collect();
        assert_eq!(
            scheduled,
            [
                "payment-outage@2026-02-02T10:00:00Z until 2026-02-02T10:01:00Z",
                "short@2026-02-02T10:02:00Z until 2026-02-02T15:02:00Z"
            ]
        );
        drop(played.live);
        assert!(replay(&session, &()).expect("a session").identical);
        sessions.push(played.lines);
        lines.reverse();
    }
    assert_eq!(sessions[0], sessions[1]);
}
