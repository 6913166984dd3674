//! Plays scenarios, and answers questions about what came out.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::OnceLock;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::attribution::Impact;
use causeflow_engine::streams::play::{StreamResult, run};
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::sides::Side;
use causeflow_engine::streams::world::Settings;
use causeflow_models::SourceFile;
use causeflow_scenarios::{Activation, Clock, Library, Plan, Request};

use super::bars::Share;
use super::keep::{Counts, Keep, Row};
use crate::runs::{built_in, midnight};

/// What is to be played.
pub struct Play<'a> {
    /// As the command takes them; the first day of the run, `day1`, is the second of February.
    pub scenarios: &'a [&'a str],
    /// Texts of scenarios that are not built in.
    pub own: &'a [&'a str],
    pub timeline: bool,
    pub days: i64,
    pub scale: f64,
    /// Streams whose events are counted.
    pub counted: &'a [&'a str],
    /// Streams whose rows are kept, with the number among their fields that is looked at, if any.
    pub kept: &'a [(&'a str, &'a str)],
}

/// Nothing but the model, for a week at full size.
pub const BARE: Play<'_> = Play {
    scenarios: &[],
    own: &[],
    timeline: false,
    days: 7,
    scale: 1.0,
    counted: &[],
    kept: &[],
};

/// A run that has been played.
pub struct Run {
    pub program: Program,
    pub range: Window,
    pub streams: Vec<StreamResult>,
    hours: BTreeMap<String, BTreeMap<i64, Counts>>,
    rows: BTreeMap<String, Vec<Row>>,
    /// When what is kept took place, by identity.
    times: Vec<(u64, Time)>,
}

/// From one time to another.
pub type Window = Range<Time>;

/// A time of a run, as `day2T10:00` means it.
pub fn at(day: i64, hour: i64) -> Time {
    midnight("2026-02-02") + Span((day - 1) * Span::DAY.0 + hour * Span::HOUR.0)
}

/// From one time of a run to another: day and hour each.
pub fn window(from: (i64, i64), to: (i64, i64)) -> Window {
    at(from.0, from.1)..at(to.0, to.1)
}

impl Play<'_> {
    /// Plays it with the seed 42.
    pub fn play(&self) -> Run {
        let (mut program, range) = (built_in().0.clone(), at(1, 0)..at(1 + self.days, 0));
        let plan = self.plan(42);
        plan.apply(&mut program).expect("it is the plan's program");
        let stream = |name: &str| {
            let found = program.stream(name);
            found.unwrap_or_else(|| panic!("no stream `{name}`"))
        };
        let kept = self.kept.iter().map(|(name, _)| *name);
        let streams = self.counted.iter().copied().chain(kept).map(stream);
        let settings = Settings {
            seed: 42,
            start: range.start,
            end: range.end,
            open_end: false,
            scale: self.scale,
            streams: Some(streams.collect()),
        };
        let mut sink = Keep::new(&program, self.kept);
        let result = run(program.clone(), &settings, Some(&mut sink), &mut |_| {
            ControlFlow::Continue(())
        });
        let result = result.unwrap_or_else(|error| panic!("{error}"));
        let name = |table: usize| program.streams[table].name.clone();
        let hours = sink.hours.into_iter().map(|(at, hours)| (name(at), hours));
        let rows = sink.rows.into_iter().map(|(at, rows)| (name(at), rows));
        let rows: BTreeMap<String, Vec<Row>> = rows.collect();
        let all = rows.values().flatten();
        let mut times: Vec<(u64, Time)> = all.map(|row| (row.id, row.time)).collect();
        times.sort_unstable();
        Run {
            hours: hours.collect(),
            rows,
            times,
            range,
            streams: result.streams,
            program,
        }
    }

    /// What happens in a run of a seed.
    pub fn plan(&self, seed: u64) -> Plan {
        let (program, library) = built_in();
        let clock = Clock::new(program, at(1, 0));
        let activations = self.scenarios.iter().map(|text| {
            Activation::parse(text, &clock).unwrap_or_else(|errors| panic!("{errors}"))
        });
        let request = Request {
            activations: activations.collect(),
            without_timeline: !self.timeline,
            ..Request::default()
        };
        let own = self.own.iter().enumerate().map(|(at, text)| SourceFile {
            path: format!("own-{at}.yaml"),
            text: (*text).to_owned(),
        });
        let with_own;
        let library = if self.own.is_empty() {
            library
        } else {
            let built_in = causeflow_scenarios::built_in("tutoring");
            with_own = Library::from_files(program, built_in, own.collect());
            &with_own
        };
        let range = at(1, 0)..at(1 + self.days, 0);
        Plan::new(library, program, &request, range, seed)
            .unwrap_or_else(|errors| panic!("{errors}"))
    }
}

impl Run {
    /// The rows of a stream that are kept.
    pub fn rows(&self, stream: &str) -> &[Row] {
        self.rows.get(stream).map_or(&[], Vec::as_slice)
    }

    /// Rows of a stream that took place in a window.
    pub fn within(&self, stream: &str, window: &Window) -> impl Iterator<Item = &Row> {
        let rows = self.rows(stream).iter();
        rows.filter(|row| window.contains(&row.time))
    }

    /// When a row was decided on: when its cause took place, or it itself if nothing caused it. Nothing if the
    /// cause is not among the rows that are kept.
    pub fn decision(&self, row: &Row) -> Option<Time> {
        match row.cause {
            0 => Some(row.time),
            cause => {
                let at = self.times.partition_point(|&(id, _)| id < cause);
                let found = self.times.get(at).filter(|(id, _)| *id == cause);
                found.map(|(_, time)| *time)
            }
        }
    }

    /// Rows of a stream that were decided on in a window, up to some time of the run.
    pub fn decided(&self, stream: &str, window: &Window, until: Time) -> Vec<&Row> {
        let decided = |row: &&Row| {
            row.time < until
                && self
                    .decision(row)
                    .is_some_and(|time| window.contains(&time))
        };
        self.rows(stream).iter().filter(decided).collect()
    }

    /// How many events one stream brings in another: those that follow from one in a window, of all in it.
    pub fn share(&self, stream: &str, from: &str, window: &Window) -> Share {
        let mut causes: Vec<u64> = self.within(from, window).map(|row| row.id).collect();
        causes.sort_unstable();
        let rows = self.rows(stream).iter();
        let of_them = rows.filter(|row| causes.binary_search(&row.cause).is_ok());
        Share {
            of: causes.len() as f64,
            number: of_them.count() as f64,
        }
    }

    /// Events of an hour.
    pub fn hour(&self, stream: &str, hour: Time) -> Counts {
        let hours = self.hours.get(stream);
        let hour = hours.and_then(|hours| hours.get(&hour.index_of(Span::HOUR)));
        hour.copied().unwrap_or_default()
    }

    /// Events of whole hours.
    pub fn count(&self, stream: &str, window: &Window) -> Counts {
        let hours = self.hours.get(stream);
        let (from, to) = (
            window.start.index_of(Span::HOUR),
            window.end.index_of(Span::HOUR),
        );
        let inside = hours.into_iter().flat_map(|hours| hours.range(from..to));
        inside.fold(Counts::default(), |sum, (_, hour)| Counts {
            all: sum.all + hour.all,
            rooted: sum.rooted + hour.rooted,
        })
    }

    /// Who made or changed a row.
    pub fn by(&self, row: &Row) -> &str {
        &self.program.dictionary[usize::from(row.by)]
    }

    /// What interventions did to a stream.
    pub fn effects(&self, stream: &str) -> &Impact {
        let found = self.streams.iter().find(|result| result.name == stream);
        &found.expect("the stream is played").impact
    }

    /// What the run itself says to be different is what differs from a twin that was played by itself.
    pub fn assert_counts_of(&self, twin: &Run) {
        for stream in &self.streams {
            let mut untouched: BTreeMap<i64, i64> = BTreeMap::new();
            for (at, hour) in stream.series.hours() {
                *untouched.entry(at).or_default() += hour.factual.count as i64;
            }
            for (hour, [all, _]) in stream.impact.from_side(Side::UNTOUCHED) {
                *untouched.entry(hour).or_default() += all.removed as i64 - all.added as i64;
            }
            let (from, to) = (
                self.range.start.index_of(Span::HOUR),
                self.range.end.index_of(Span::HOUR),
            );
            for hour in from..to {
                let time = Time(hour * Span::HOUR.0);
                assert_eq!(
                    untouched.get(&hour).copied().unwrap_or_default(),
                    twin.hour(&stream.name, time).all as i64,
                    "{} at {time}",
                    stream.name
                );
            }
        }
    }
}

/// Three weeks without anything from outside.
pub fn twin() -> &'static Run {
    static PLAYED: OnceLock<Run> = OnceLock::new();
    PLAYED.get_or_init(|| {
        let twin = Play {
            days: 21,
            counted: &[
                "customer.tutor.search",
                "customer.message.sent",
                "booking.requested",
                "booking.confirmed",
                "booking.declined",
                "booking.expired",
                "payment.success",
                "payment.refund.issued",
                "session.started",
                "session.cancelled",
                "session.noshow.tutor",
                "tutor.application.rejected",
            ],
            kept: &[
                ("customer.account.registered", ""),
                ("customer.churn.detected", ""),
                ("customer.subscription.cancelled", ""),
                ("marketing.ad.click", ""),
                ("marketing.ad.spend", "amount_usd"),
                ("marketing.referral.sent", ""),
                ("payment.failure", "amount_usd"),
                ("rating.submitted", "stars"),
                ("session.technical.issue", ""),
                ("support.chat.started", ""),
                ("support.ticket.created", ""),
                ("support.ticket.responded", "first_response_min"),
                ("tutor.account.deactivated", ""),
                ("tutor.application.approved", ""),
                ("tutor.application.submitted", ""),
                ("tutor.availability.updated", ""),
            ],
            ..BARE
        };
        twin.play()
    })
}
