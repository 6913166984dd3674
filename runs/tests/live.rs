//! A session is a run on a clock: the same events, whatever is asked when, and its journal gives them again.

use std::fs;
use std::path::Path;

use causeflow_engine::base::time::{Span, Time};
use causeflow_runs::live::{Command, Encoder, Entry, Header, Injection, Live, made_from, replay};
use causeflow_runs::{Control, Job, Kind, RunSpec};
use proptest::prelude::*;

use crate::support::temp;

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

    fn command(&mut self, command: Command) -> Result<(), causeflow_runs::Error> {
        let entry = Entry {
            at: self.live.given_out().to_string(),
            command,
            key: None,
        };
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
    let entry = Entry {
        at: after(90).to_string(),
        // Its impact begins two hours after it.
        command: inject("blog-viral"),
        key: None,
    };
    let past = played.live.past();
    let told = past.preview(&entry).expect("a preview");
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
    let entry = Entry {
        at: "day2".to_owned(),
        command: scenario("no-such-scenario", None),
        key: None,
    };
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
    Inject(&'static str),
    Reset,
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
        2 => prop_oneof![Just("blog-viral"), Just("aws-outage"), Just("podcast-sponsorship")].prop_map(Deed::Inject),
        1 => Just(Deed::Reset),
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
                    let _ = played.command(Command::Stop).map_err(|error| assert_eq!(error.kind(), Kind::Conflict, "{error}"));
                }
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
        let (_, entries) = played.live.journal();
        let other = temp();
        let reset = entries.iter().rposition(|entry| entry.command == Command::Reset);
        let entries = entries[reset.map_or(0, |at| at + 1)..].to_vec();
        let mut known = Played::open(other.path(), &entries);
        known.until(last);
        prop_assert_eq!(played.lines.len(), known.lines.len());
        for (was, is) in played.lines.iter().zip(&known.lines) {
            prop_assert_eq!(was, is);
        }
        drop(played);
        let verdict = replay(folder.path(), &()).expect("it is there");
        prop_assert_eq!(verdict.difference, None);
    }
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
    let outage = Entry {
        at: causeflow_runs::numbers::instant(first.to),
        command: Command::Scenario {
            scenario: "payment-outage".to_owned(),
            duration: None,
        },
        key: None,
    };
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
    let outage = |at: Time| Entry {
        at: causeflow_runs::numbers::instant(at),
        command: Command::Scenario {
            scenario: "payment-outage".to_owned(),
            duration: None,
        },
        key: None,
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
