//! Templates of external events that fit a program.

use causeflow_engine::base::time::Span;
use causeflow_models::{day_of_year, suggestion};
use jiff::civil::Date;

use crate::address::Addresses;
use crate::definition::{
    Direction, EventSeverity, EventType, Magnitude, Pattern, TemplateDef, TimingDef,
};
use crate::report::{Report, Sited};
use crate::rule::{Defaults, Kind, Rule, curve, rule, span};
use causeflow_engine::streams::program::Settling;

/// A kind of external event.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Its id, such as `tiktok-mention`.
    pub id: String,
    /// Which part of the world it comes from.
    pub kind: EventType,
    /// A headline.
    pub title: String,
    /// What has happened.
    pub description: String,
    /// How serious it looks.
    pub severity: EventSeverity,
    /// The name of a symbol.
    pub icon: String,
    /// When such events come by themselves, if they do.
    pub timing: Option<Timing>,
    /// The streams that it is expected to move.
    pub streams: Vec<String>,
    /// Which way.
    pub direction: Direction,
    /// How much.
    pub magnitude: Magnitude,
    /// How long after the event its impact begins.
    pub delay: Span,
    /// How long the impact lasts before it lets go.
    pub duration: Span,
    /// What the impact is.
    pub rules: Vec<Rule>,
}

/// When events of a template come by themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// By which pattern.
    pub pattern: Pattern,
    /// How often, relative to other templates that share the turns of a day; 0 with `every`.
    pub weight: f64,
    /// How long it is from one to the next on average, if that is given: such events come besides those by turns.
    pub every: Option<Span>,
    /// Days of every year, as (month, day).
    pub dates: Vec<(i8, i8)>,
    /// Days of every month.
    pub days_of_month: Vec<i8>,
    /// How long after midnight, on those days.
    pub at: Span,
}

impl Timing {
    /// Whether such events come on a date because the calendar says so.
    pub(crate) fn is_on(&self, date: Date) -> bool {
        self.dates.contains(&(date.month(), date.day())) || self.days_of_month.contains(&date.day())
    }
}

/// Makes a template of a definition. When anything is wrong with it there is only its timing, if that can be read.
pub(crate) fn template(
    id: &str,
    sited: &Sited<TemplateDef>,
    addresses: &Addresses<'_>,
    report: &mut Report,
) -> Result<Template, Option<Timing>> {
    report.owner = Some(id.to_owned());
    let before = report.errors();
    let def = &sited.def;
    let optional =
        |key: &str, text: &Option<causeflow_models::Duration>, report: &mut Report| match text {
            Some(text) => span(&sited.part(&[key], text.0.clone()), report),
            None => Some(Span(0)),
        };
    let delay = optional("delay", &def.delay, report);
    let onset = optional("onset", &def.onset, report);
    let duration = span(&sited.part(&["duration"], def.duration.0.clone()), report);
    if duration.is_some_and(|duration| duration <= Span(0)) {
        let help = "write how long the impact lasts, such as `6h`".to_owned();
        report.error(sited, &["duration"], "an impact takes some time", help);
    }
    let settling = match &def.settling {
        Some(settling) => curve(&sited.part(&["settling"], settling.clone()), report),
        None => Some(Settling::Immediate),
    };
    let defaults = Defaults {
        kind: Kind::Event,
        after: Span(0),
        onset: onset.unwrap_or_default(),
        settling: settling.unwrap_or(Settling::Immediate),
    };
    let mut rules = Vec::new();
    for (at, modifier) in def.modifiers.iter().enumerate() {
        let modifier = sited.part(&["modifiers", &at.to_string()], modifier.clone());
        rules.extend(rule(&modifier, defaults, addresses, report));
    }
    for (at, name) in def.expects.streams.iter().enumerate() {
        if let Err((message, help)) = addresses.stream(name) {
            report.error(
                sited,
                &["expects", "streams", &at.to_string()],
                message,
                help,
            );
        }
    }
    let timing = match &def.timing {
        Some(timing) => timing_of(&sited.part(&["timing"], timing.clone()), report).map(Some),
        None => Some(None),
    };
    let (Some(timing), Some(delay), Some(duration), true) =
        (timing.clone(), delay, duration, report.errors() == before)
    else {
        return Err(timing.flatten());
    };
    Ok(Template {
        id: id.to_owned(),
        kind: def.r#type,
        title: def.title.clone(),
        description: def.description.clone(),
        severity: def.severity,
        icon: def.icon.clone(),
        timing,
        streams: def.expects.streams.clone(),
        direction: def.expects.direction,
        magnitude: def.expects.magnitude,
        delay,
        duration,
        rules,
    })
}

fn timing_of(timing: &Sited<TimingDef>, report: &mut Report) -> Option<Timing> {
    let def = &timing.def;
    let mut dates = Vec::new();
    for (at, text) in def.dates.iter().enumerate() {
        match day_of_year(text) {
            Ok(date) => dates.push(date),
            Err(message) => {
                let help = "write month and day, such as `05-01`".to_owned();
                report.error(timing, &["dates", &at.to_string()], message, help);
            }
        }
    }
    let mut days_of_month = Vec::new();
    for (at, &day) in def.days_of_month.iter().enumerate() {
        if (1..=31).contains(&day) {
            days_of_month.push(day as i8);
        } else {
            let message = format!("found the day {day}, expected 1 to 31");
            report.error(timing, &["days_of_month", &at.to_string()], message, None);
        }
    }
    let on_calendar = def.pattern == Pattern::Calendar;
    let days = !def.dates.is_empty() || !def.days_of_month.is_empty();
    if on_calendar != days {
        let message = match on_calendar {
            true => "the pattern `calendar` needs days",
            false => "only the pattern `calendar` has days",
        };
        let patterns = ["calendar", "clustered", "office", "random"];
        let help = match on_calendar {
            true => Some("write `dates: [05-01]` or `days_of_month: [15]`".to_owned()),
            false => suggestion("calendar", patterns),
        };
        report.error(timing, &["pattern"], message, help);
    }
    let at = match &def.at {
        Some(text) => span(&timing.part(&["at"], text.0.clone()), report)?,
        None => Span(8 * Span::HOUR.0),
    };
    if at >= Span::DAY {
        let help = "write how long after midnight, such as `8h`".to_owned();
        report.error(
            timing,
            &["at"],
            format!("{at} after midnight is another day"),
            help,
        );
    }
    Some(Timing {
        pattern: def.pattern,
        weight: match def.every {
            Some(_) => 0.0,
            None => def.weight.unwrap_or(1.0),
        },
        every: every_of(timing, report),
        dates,
        days_of_month,
        at,
    })
}

/// How long it is from one event of a template to the next, if it says so.
fn every_of(timing: &Sited<TimingDef>, report: &mut Report) -> Option<Span> {
    let text = timing.def.every.as_ref()?;
    let every = span(&timing.part(&["every"], text.0.clone()), report)?;
    if timing.def.pattern == Pattern::Calendar {
        let help = "write other `dates` or `days_of_month`, or another pattern".to_owned();
        let message = "the pattern `calendar` comes on its days, and not every so often";
        report.error(timing, &["every"], message, help);
    } else if timing.def.weight.is_some() {
        let help =
            "leave `weight` out: `every` says how often it comes, whatever others do".to_owned();
        report.error(timing, &["weight"], "there is `every` already", help);
    } else if every < Span::HOUR {
        let help = "write `1h` or more, such as `30d`".to_owned();
        let message =
            format!("found {every} from one event to the next, expected at least an hour");
        report.error(timing, &["every"], message, help);
    }
    Some(every.max(Span::HOUR))
}
