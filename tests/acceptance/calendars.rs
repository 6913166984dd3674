//! Calendars: nobody is in two sessions at once, and nothing is booked that no tutor has opened. All of it is read
//! off the rows, of a run without warm-up, so that every opening is among them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::OnceLock;

use causeflow_engine::base::table::{Chunk, RowSink, SinkError, Values};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::run;
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::world::Settings;
use causeflow_scenarios::{Activation, Clock, Library, Plan, Request};

use crate::columns::{CAUSE, EVENT, identifiers, integers, moments, times};
use crate::runs::{built_in, midnight};

const SLOT: i64 = 30 * Span::MINUTE.0;

/// A session, from its beginning to its end, as far as the rows tell it.
struct Session {
    student: u64,
    tutor: u64,
    begin: i64,
    end: i64,
}

/// An update of a calendar.
struct Update {
    time: i64,
    tutor: u64,
    week: i64,
    closes: bool,
}

/// A request for a session.
struct Asked {
    time: i64,
    tutor: u64,
    start: i64,
}

/// What the rows say about calendars.
#[derive(Default)]
struct Diary {
    program: Option<Program>,
    sessions: BTreeMap<u64, Session>,
    updates: Vec<Update>,
    asked: BTreeMap<u64, Asked>,
    confirmed: BTreeSet<u64>,
    rescheduled: usize,
    used: Vec<f64>,
    /// Hours at which tutors teach: from, and how many.
    hours: BTreeMap<u64, (i64, i64)>,
    refused: u64,
}

impl RowSink for Diary {
    fn write(&mut self, mut chunks: Vec<Chunk>) -> Result<(), SinkError> {
        let program = self.program.take().expect("it is there between two calls");
        let name = |chunk: &Chunk| program.streams[chunk.table].name.clone();
        // The end of a session needs its beginning.
        chunks.sort_by_key(|chunk| name(chunk) != "session.started");
        for chunk in &chunks {
            let fields = &program.streams[chunk.table].fields;
            let column = |name: &str| -> &Values {
                let at = fields.iter().position(|(column, _)| column.name == name);
                let at = at.unwrap_or_else(|| panic!("no field `{name}`"));
                &chunk.columns[chunk.columns.len() - fields.len() + at].values
            };
            self.read(&name(chunk), chunk, column);
        }
        self.program = Some(program);
        Ok(())
    }
}

impl Diary {
    fn read<'a>(&mut self, stream: &str, chunk: &'a Chunk, column: impl Fn(&str) -> &'a Values) {
        let ids = |name: &str| identifiers(column(name));
        let events = || identifiers(&chunk.columns[EVENT].values);
        for (row, &time) in times(chunk).iter().enumerate() {
            match stream {
                "session.started" => {
                    let (student, tutor) = (ids("student_id")[row], ids("tutor_id")[row]);
                    // One that breaks off has no end that is written; it is over at some time after this.
                    let session = Session {
                        student,
                        tutor,
                        begin: time,
                        end: time,
                    };
                    self.sessions.insert(ids("session_id")[row], session);
                }
                "session.completed" => {
                    if let Some(session) = self.sessions.get_mut(&ids("session_id")[row]) {
                        session.end = time;
                    }
                }
                "tutor.availability.updated" => {
                    let Values::Bool(closes) = column("closes") else {
                        panic!("`closes` is a truth value")
                    };
                    self.updates.push(Update {
                        time,
                        tutor: ids("tutor_id")[row],
                        week: i64::from(integers(column("week"))[row]),
                        closes: closes[row],
                    });
                }
                "booking.requested" => {
                    let (tutor, start) = (
                        ids("tutor_id")[row],
                        moments(column("requested_start"))[row],
                    );
                    self.asked
                        .insert(events()[row], Asked { time, tutor, start });
                }
                "booking.confirmed" => {
                    self.confirmed
                        .insert(identifiers(&chunk.columns[CAUSE].values)[row]);
                }
                "session.rescheduled" => self.rescheduled += 1,
                "system.platform.snapshot" => {
                    let Values::Float(used) = column("slot_utilisation") else {
                        panic!("`slot_utilisation` is a number")
                    };
                    self.used.push(used[row]);
                }
                _ => {}
            }
        }
    }
}

/// Six weeks at a fifth of the size, with a crisis of supply in the fourth.
fn played() -> &'static Diary {
    static PLAYED: OnceLock<Diary> = OnceLock::new();
    PLAYED.get_or_init(|| {
        let (mut program, library): (Program, &Library) = (built_in().0.clone(), &built_in().1);
        let start = midnight("2026-02-02");
        let range = start..start + Span(42 * Span::DAY.0);
        let clock = Clock::new(&program, start);
        let activation = Activation::parse("supply-crisis@day22", &clock);
        let request = Request {
            activations: vec![activation.unwrap_or_else(|errors| panic!("{errors}"))],
            ..Request::default()
        };
        let plan = Plan::new(library, &program, &request, range.clone(), 7)
            .unwrap_or_else(|errors| panic!("{errors}"));
        plan.apply(&mut program).expect("it is the plan's program");
        program.warmup = Span(0);
        let names = [
            "session.started",
            "session.completed",
            "session.rescheduled",
            "tutor.availability.updated",
            "booking.requested",
            "booking.confirmed",
            "system.platform.snapshot",
        ];
        let streams = names.map(|name| program.stream(name).expect("the model has it"));
        let settings = Settings {
            seed: 7,
            start: range.start,
            end: range.end,
            open_end: false,
            scale: 0.2,
            streams: Some(streams.to_vec()),
        };
        let mut diary = Diary {
            program: Some(program.clone()),
            ..Diary::default()
        };
        let result = run(program, &settings, Some(&mut diary), &mut |_| {
            ControlFlow::Continue(())
        });
        let result = result.unwrap_or_else(|error| panic!("{error}"));
        let kinds = &result.world.program.kinds;
        let tutor = kinds
            .iter()
            .position(|kind| kind.name == "tutor")
            .expect("a kind");
        let attribute = |name: &str| {
            let found = kinds[tutor]
                .attributes
                .iter()
                .position(|a| a.column.name == name);
            found.expect("an attribute")
        };
        let (from, hours) = (attribute("works_from"), attribute("works_hours"));
        for group in result
            .cells
            .iter()
            .map(|cell| &cell.population.groups[tutor])
        {
            for (entity, &id) in group.ids.iter().enumerate() {
                let number = |at: usize| f64::from_bits(group.attributes[at][entity]) as i64;
                diary.hours.insert(id, (number(from), number(hours)));
            }
        }
        diary.refused = result.refused;
        diary
    })
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn no_tutor_and_no_student_is_in_two_sessions_at_once() {
    let diary = played();
    for (who, of) in [
        ("tutor", (|session| session.tutor) as fn(&Session) -> u64),
        ("student", |session| session.student),
    ] {
        let mut by: Vec<(u64, i64, i64)> = diary
            .sessions
            .values()
            .map(|s| (of(s), s.begin, s.end))
            .collect();
        by.sort_unstable();
        assert!(by.len() > 150_000, "{}", by.len());
        for pair in by.windows(2) {
            let [(one, _, end), (other, begin, _)] = [pair[0], pair[1]];
            assert!(
                one != other || end <= begin,
                "{who} {one} is in two sessions at {}",
                Time(begin)
            );
        }
    }
    assert!(diary.rescheduled > 5_000, "{}", diary.rescheduled);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn what_is_confirmed_has_been_opened_and_what_is_not_open_is_never_confirmed() {
    let diary = played();
    assert_eq!(diary.refused, 0, "reservations of what was not free");
    let mut open: BTreeMap<u64, BTreeSet<i64>> = BTreeMap::new();
    let mut updates = diary.updates.iter().peekable();
    let mut asked: Vec<(&u64, &Asked)> = diary.asked.iter().collect();
    asked.sort_by_key(|(_, asked)| asked.time);
    let (mut closed, mut shut_out) = (0, 0);
    for (id, asked) in asked {
        while let Some(update) = updates.next_if(|update| update.time < asked.time) {
            apply(
                update,
                diary.hours[&update.tutor],
                open.entry(update.tutor).or_default(),
            );
            closed += u64::from(update.closes);
        }
        let slots = open.get(&asked.tutor);
        // The shortest lesson takes half an hour, and half an hour more is kept free.
        let offered =
            (0..2).all(|slot| slots.is_some_and(|s| s.contains(&(asked.start / SLOT + slot))));
        assert!(
            offered || !diary.confirmed.contains(id),
            "{} is confirmed and was not open",
            asked.start
        );
        shut_out += u64::from(!offered);
    }
    println!(
        "{} requests, {closed} closings, {shut_out} found nothing open",
        diary.asked.len()
    );
    assert!(closed > 2_000 && shut_out > 10_000 && diary.confirmed.len() > 150_000);
}

/// Opens the working hours of the week that an update is about and of the next, or closes them.
fn apply(update: &Update, (from, hours): (i64, i64), open: &mut BTreeSet<i64>) {
    // The first of January 1970 was a Thursday.
    let today = update.time.div_euclid(Span::DAY.0);
    let weekday = (today + 3).rem_euclid(7);
    let first = if update.week == 0 {
        today
    } else {
        today + 7 * update.week - weekday
    };
    let days = if update.week == 0 { 14 - weekday } else { 14 };
    for day in first..first + days {
        let slots = day * 48 + 2 * from..day * 48 + 2 * (from + hours);
        if update.closes {
            open.retain(|slot| !slots.contains(slot));
        } else {
            open.extend(slots);
        }
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn between_a_third_and_two_thirds_of_what_is_offered_is_reserved() {
    // By the third week calendars are as open as they get.
    let used = &played().used[20 * 24..];
    let mean = used.iter().sum::<f64>() / used.len() as f64;
    println!("mean utilisation {mean:.3}");
    assert!((0.33..0.67).contains(&mean), "{mean}");
    assert!(used.iter().all(|share| (0.0..=1.0).contains(share)));
}
